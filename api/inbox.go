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

func (s *server) overdue(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	board, err := s.desk.Overdue(c.Request().Context(), who, desk.OverdueQuery{
		Provider: c.QueryParam("provider"),
		Light:    desk.Light(c.QueryParam("light")),
		Cursor:   cursor,
		Limit:    limit,
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
	ID    int64             `json:"id"`
	Topic string            `json:"topic"`
	Mine  bool              `json:"mine"`
	At    time.Time         `json:"at"`
	Data  map[string]string `json:"data,omitempty"`
	Case  caseView          `json:"case"`
}

func viewMessage(m desk.MessageView) messageView {
	return messageView{ID: m.ID, Topic: m.Topic, Mine: m.Mine, At: local(m.At), Data: m.Data, Case: viewCase(m.Case)}
}

type boardView struct {
	At          time.Time     `json:"at"`
	Open        int           `json:"open"`
	DueSoon     int           `json:"due_soon"`
	Overdue     int           `json:"overdue"`
	Departments []figuresView `json:"departments"`
	page[overdueItemView]
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
	Case  caseView  `json:"case"`
	Clock clockView `json:"clock"`
}

func viewOverdueItem(i desk.OverdueItem) overdueItemView {
	return overdueItemView{viewCase(i.Case), viewClock(i.Clock)}
}
