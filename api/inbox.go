package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

func (s *server) tasks(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	tab := desk.TaskTab(c.QueryParam("tab"))
	if tab == "" {
		tab = desk.TabOpen
	}
	found, err := s.desk.Tasks(c.Request().Context(), who, desk.TaskQuery{
		Tab:       tab,
		Kind:      sharing.TaskKind(c.QueryParam("kind")),
		Procedure: sharing.Procedure(c.QueryParam("procedure")),
		Applicant: c.QueryParam("applicant"),
		Text:      c.QueryParam("q"),
		Taken:     desk.Taken(c.QueryParam("taken")),
		Light:     desk.Light(c.QueryParam("light")),
		Due:       desk.Due(c.QueryParam("due")),
		Order:     desk.Order(c.QueryParam("sort")),
		Cursor:    cursor,
		Limit:     limit,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewTask))
}

func (s *server) claim(c echo.Context, who sharing.User) error {
	if err := s.desk.Claim(c.Request().Context(), who, keyOf(c), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *server) release(c echo.Context, who sharing.User) error {
	if err := s.desk.Release(c.Request().Context(), who, keyOf(c), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *server) messages(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Messages(c.Request().Context(), who, desk.MessageQuery{Cursor: cursor, Limit: limit})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewMessage))
}

func (s *server) readMessages(c echo.Context, who sharing.User) error {
	var read struct {
		UpTo int64 `json:"up_to"`
	}
	if err := decode(c, &read); err != nil {
		return err
	}
	return done(c, s.desk.ReadMessages(c.Request().Context(), who, read.UpTo))
}

func (s *server) overdue(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	board, err := s.desk.Overdue(c.Request().Context(), who, desk.OverdueQuery{
		Provider:  c.QueryParam("provider"),
		Procedure: sharing.Procedure(c.QueryParam("procedure")),
		Duty:      c.QueryParam("duty"),
		Light:     desk.Light(c.QueryParam("light")),
		Cursor:    cursor,
		Limit:     limit,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, boardView{
		At:          local(board.At),
		Open:        board.Open,
		DueSoon:     board.DueSoon,
		Overdue:     board.Overdue,
		Departments: each(board.Departments, viewFigures),
		Procedures:  each(board.Procedures, viewProcedureFigures),
		Duties:      each(board.Duties, viewDutyFigures),
		page:        viewPage(board.Items, viewOverdueItem),
	})
}

// caseTaskView is a task where its case is known already.
type caseTaskView struct {
	ID         string            `json:"id"`
	Kind       sharing.TaskKind  `json:"kind"`
	Department departmentView    `json:"department"`
	State      sharing.TaskState `json:"state"`
	ClaimedBy  string            `json:"claimed_by,omitempty"`
	DoneBy     string            `json:"done_by,omitempty"`
	CreatedAt  time.Time         `json:"created_at"`
	DoneAt     *time.Time        `json:"done_at,omitempty"`
}

func viewCaseTask(t sharing.Task) caseTaskView {
	return caseTaskView{
		ID:         t.ID,
		Kind:       t.Kind,
		Department: viewDepartment(t.Department),
		State:      t.State,
		ClaimedBy:  t.ClaimedBy,
		DoneBy:     t.DoneBy,
		CreatedAt:  local(t.CreatedAt),
		DoneAt:     localOrNil(t.DoneAt),
	}
}

type taskView struct {
	caseTaskView
	Case  caseView   `json:"case"`
	Clock *clockView `json:"clock,omitempty"`
}

func viewTask(t desk.TaskView) taskView {
	return taskView{viewCaseTask(t.Task), viewCase(t.Case), viewClockOrNil(t.Clock)}
}

type messageView struct {
	ID     int64             `json:"id"`
	Topic  string            `json:"topic"`
	Mine   bool              `json:"mine"`
	Unread bool              `json:"unread"`
	At     time.Time         `json:"at"`
	Data   map[string]string `json:"data,omitempty"`
	Case   caseView          `json:"case"`
}

func viewMessage(m desk.MessageView) messageView {
	return messageView{ID: m.ID, Topic: m.Topic, Mine: m.Mine, Unread: m.Unread, At: local(m.At), Data: m.Data, Case: viewCase(m.Case)}
}

type boardView struct {
	At          time.Time              `json:"at"`
	Open        int                    `json:"open"`
	DueSoon     int                    `json:"due_soon"`
	Overdue     int                    `json:"overdue"`
	Departments []figuresView          `json:"departments"`
	Procedures  []procedureFiguresView `json:"procedures"`
	Duties      []dutyFiguresView      `json:"duties"`
	page[overdueItemView]
}

type procedureFiguresView struct {
	Procedure sharing.Procedure `json:"procedure"`
	Open      int               `json:"open"`
	DueSoon   int               `json:"due_soon"`
	Overdue   int               `json:"overdue"`
}

func viewProcedureFigures(f desk.ProcedureFigures) procedureFiguresView {
	return procedureFiguresView{f.Procedure, f.Open, f.DueSoon, f.Overdue}
}

type dutyFiguresView struct {
	Duty    string `json:"duty"`
	Title   string `json:"title"`
	TitleEN string `json:"title_en"`
	Open    int    `json:"open"`
	DueSoon int    `json:"due_soon"`
	Overdue int    `json:"overdue"`
}

func viewDutyFigures(f desk.DutyFigures) dutyFiguresView {
	return dutyFiguresView{f.Duty, f.Title, f.TitleEN, f.Open, f.DueSoon, f.Overdue}
}

type figuresView struct {
	Department departmentView `json:"department"`
	Open       int            `json:"open"`
	DueSoon    int            `json:"due_soon"`
	Overdue    int            `json:"overdue"`
}

func viewFigures(f desk.DepartmentFigures) figuresView {
	return figuresView{viewDepartment(f.Department), f.Open, f.DueSoon, f.Overdue}
}

type overdueItemView struct {
	Case  caseView         `json:"case"`
	Clock clockView        `json:"clock"`
	Chase chaseView        `json:"chase"`
	Can   []sharing.Action `json:"can"`
}

func viewOverdueItem(i desk.OverdueItem) overdueItemView {
	return overdueItemView{viewCase(i.Case), viewClock(i.Clock), viewChase(i.Chase), append([]sharing.Action{}, i.Can...)}
}

type chaseView struct {
	Holder       string           `json:"holder,omitempty"`
	TakenBy      string           `json:"taken_by,omitempty"`
	Rung         sharing.RungKind `json:"rung,omitempty"`
	UrgedAt      *time.Time       `json:"urged_at,omitempty"`
	UrgedBy      string           `json:"urged_by,omitempty"`
	UrgedToday   bool             `json:"urged_today"`
	SupervisedAt *time.Time       `json:"supervised_at,omitempty"`
	SupervisedBy string           `json:"supervised_by,omitempty"`
	ReplyBy      *sharing.Date    `json:"reply_by,omitempty"`
	RepliedAt    *time.Time       `json:"replied_at,omitempty"`
}

func viewChase(c desk.Chase) chaseView {
	v := chaseView{Holder: c.Holder.ID, TakenBy: c.TakenBy, Rung: c.Rung, UrgedAt: localOrNil(c.Urged), UrgedBy: c.UrgedBy.ID, UrgedToday: c.UrgedToday,
		SupervisedAt: localOrNil(c.Supervised), SupervisedBy: c.SupervisedBy.ID, RepliedAt: localOrNil(c.Replied)}
	if !c.ReplyBy.IsZero() {
		v.ReplyBy = &c.ReplyBy
	}
	return v
}

func (s *server) trend(c echo.Context, who sharing.User) error {
	t, err := s.desk.Trend(c.Request().Context(), who, desk.TrendQuery{By: desk.Period(c.QueryParam("by")), Provider: c.QueryParam("provider")})
	if err != nil {
		return err
	}
	all := viewAnswering(t.All)
	all.Department = nil
	return c.JSON(http.StatusOK, trendView{By: t.By, At: local(t.At), Stretches: each(t.Stretches, viewStretch), Departments: each(t.Departments, viewAnswering), All: all})
}

type trendView struct {
	By          desk.Period     `json:"by"`
	At          time.Time       `json:"at"`
	Stretches   []stretchView   `json:"stretches"`
	Departments []answeringView `json:"departments"`
	All         answeringView   `json:"all"`
}

type stretchView struct {
	From       sharing.Date `json:"from"`
	To         sharing.Date `json:"to"`
	Received   int          `json:"received"`
	Closed     int          `json:"closed"`
	ClosedLate int          `json:"closed_late"`
	Overdue    int          `json:"overdue"`
}

func viewStretch(s desk.Stretch) stretchView {
	return stretchView{s.From, s.To, s.Received, s.Closed, s.ClosedLate, s.Overdue}
}

type answeringView struct {
	Department *departmentView `json:"department,omitempty"`
	Answers    int             `json:"answers"`
	Late       int             `json:"late"`
	Median     float64         `json:"median"`
}

func viewAnswering(a desk.Answering) answeringView {
	department := viewDepartment(a.Department)
	return answeringView{&department, a.Answers, a.Late, a.Median}
}

func (s *server) moves(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Moves(c.Request().Context(), who, c.QueryParam("notice"), cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewMove))
}

type moveView struct {
	Case        caseView       `json:"case"`
	At          time.Time      `json:"at"`
	Duty        string         `json:"duty"`
	Owes        departmentView `json:"owes"`
	From        sharing.Date   `json:"from"`
	To          sharing.Date   `json:"to"`
	Notice      string         `json:"notice"`
	Provisional bool           `json:"provisional"`
	Shortened   bool           `json:"shortened"`
	Confirmed   bool           `json:"confirmed"`
}

func viewMove(m desk.Move) moveView {
	return moveView{viewCase(m.Case), local(m.At), m.Duty, viewDepartment(m.Owes), m.From, m.To, m.Notice, m.Provisional, m.Shortened, m.Confirmed}
}
