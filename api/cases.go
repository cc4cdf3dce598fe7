package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

func (s *server) cases(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	q := desk.CaseQuery{
		As:          sharing.Relation(c.QueryParam("as")),
		State:       sharing.State(c.QueryParam("state")),
		Application: c.QueryParam("application"),
		Number:      c.QueryParam("number"),
		Cursor:      cursor,
		Limit:       limit,
	}
	if err := echo.QueryParamsBinder(c).Bool("mine", &q.Mine).BindError(); err != nil {
		return malformed("mine", "type", "")
	}
	found, err := s.desk.Cases(c.Request().Context(), who, q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewCaseSummary))
}

func (s *server) oneCase(c echo.Context, who sharing.User) error {
	found, err := s.desk.Case(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	setETag(c, found.Version)
	return c.JSON(http.StatusOK, viewCaseDetail(found))
}

// step handles one step of a case: what differs is the body and the desk's method.
func step[B any](s *server, take func(context.Context, sharing.User, desk.Act, B) (desk.Outcome, error)) handler {
	return func(c echo.Context, who sharing.User) error {
		var body B
		if err := decode(c, &body); err != nil {
			return err
		}
		act, err := actOn(c)
		if err != nil {
			return err
		}
		outcome, err := take(c.Request().Context(), who, act, body)
		if err != nil {
			return s.withCase(c, who, act.CaseID, err)
		}
		setETag(c, outcome.Version)
		return c.JSON(http.StatusOK, outcome)
	}
}

// withCase adds to a conflict what became of the case meanwhile, as far as the
// user may see it.
func (s *server) withCase(c echo.Context, who sharing.User, id string, err error) error {
	if !conflicts(err) {
		return err
	}
	found, unread := s.desk.Case(c.Request().Context(), who, id)
	if unread != nil {
		return err // the conflict says enough without it
	}
	now := current{State: string(found.State), Version: found.Version}
	if n := len(found.Timeline); n > 0 {
		last := viewEntry(found.Timeline[n-1])
		now.Last = &last
	}
	return &meanwhile{err, now}
}

type caseView struct {
	ID            string          `json:"id"`
	Number        string          `json:"number"`
	ApplicationID string          `json:"application_id"`
	RegionID      string          `json:"region_id"`
	RegulationID  string          `json:"regulation_id"`
	Resource      resourceRef     `json:"resource"`
	Class         sharing.Class   `json:"class"`
	Grade         sharing.Grade   `json:"grade"`
	Provider      departmentView  `json:"provider"`
	Applicant     departmentView  `json:"applicant"`
	ApplicantID   string          `json:"applicant_id"`
	State         sharing.State   `json:"state"`
	Version       int             `json:"version"`
	Request       sharing.Request `json:"request"`
	Fields        []string        `json:"fields"`
	Paper         bool            `json:"paper"`
	ReceivedAt    time.Time       `json:"received_at"`
	CreatedAt     time.Time       `json:"created_at"`
	UpdatedAt     time.Time       `json:"updated_at"`
	ClosedAt      *time.Time      `json:"closed_at,omitempty"`
}

func viewCase(c sharing.Case) caseView {
	return caseView{
		ID:            c.ID,
		Number:        c.Number,
		ApplicationID: c.ApplicationID,
		RegionID:      c.RegionID,
		RegulationID:  c.RegulationID,
		Resource:      resourceRef(c.Resource),
		Class:         c.Class,
		Grade:         c.Grade,
		Provider:      viewDepartment(c.Provider),
		Applicant:     viewDepartment(c.Applicant),
		ApplicantID:   c.ApplicantID,
		State:         c.State,
		Version:       c.Version,
		Request:       viewRequest(c.Request),
		Fields:        some(c.Fields),
		Paper:         c.Paper,
		ReceivedAt:    local(c.ReceivedAt),
		CreatedAt:     local(c.CreatedAt),
		UpdatedAt:     local(c.UpdatedAt),
		ClosedAt:      localOrNil(c.ClosedAt),
	}
}

type caseSummaryView struct {
	caseView
	Clock *clockView `json:"clock,omitempty"`
}

func viewCaseSummary(c desk.CaseSummary) caseSummaryView {
	return caseSummaryView{viewCase(c.Case), viewClockOrNil(c.Clock)}
}

type caseDetail struct {
	caseView
	Regulation   regulationRefView   `json:"regulation"`
	Clocks       []clockView         `json:"clocks"`
	Timeline     []entryView         `json:"timeline"`
	Completion   *sharing.Completion `json:"completion,omitempty"`
	Decision     *sharing.Decision   `json:"decision,omitempty"`
	Provision    *sharing.Provision  `json:"provision,omitempty"`
	Grant        *grantView          `json:"grant,omitempty"`
	Attachments  []attachmentView    `json:"attachments"`
	Task         *caseTaskView       `json:"task,omitempty"`
	Can          []sharing.Action    `json:"can"`
	Refusal      refusalView         `json:"refusal"`
	ExtensionCap int                 `json:"extension_cap,omitempty"`
	Coordination string              `json:"coordination,omitempty"`
}

func viewCaseDetail(c desk.CaseView) caseDetail {
	detail := caseDetail{
		caseView:     viewCase(c.Case),
		Regulation:   viewRegulationRef(c.Regulation),
		Clocks:       each(c.Clocks, viewClock),
		Timeline:     each(c.Timeline, viewEntry),
		Completion:   c.Completion,
		Decision:     c.Decision,
		Provision:    c.Provision,
		Attachments:  each(c.Attachments, viewAttachment),
		Can:          some(c.Can),
		Refusal:      refusalView(c.Refusal),
		ExtensionCap: c.ExtensionCap,
		Coordination: c.Coordination,
	}
	if c.Grant != nil {
		grant := viewGrant(*c.Grant)
		detail.Grant = &grant
	}
	if c.Task != nil {
		task := viewCaseTask(*c.Task)
		detail.Task = &task
	}
	return detail
}

// entryView is one line of a case's story.
type entryView struct {
	Seq          int64             `json:"seq"`
	At           time.Time         `json:"at"`
	Actor        string            `json:"actor"`
	ActorName    string            `json:"actor_name,omitempty"`
	DepartmentID string            `json:"department_id,omitempty"`
	Department   string            `json:"department,omitempty"`
	Action       sharing.Action    `json:"action"`
	From         sharing.State     `json:"from,omitempty"`
	To           sharing.State     `json:"to,omitempty"`
	Version      int               `json:"version"`
	Article      string            `json:"article,omitempty"`
	Note         string            `json:"note,omitempty"`
	Data         map[string]string `json:"data,omitempty"`
}

func viewEntry(e sharing.Entry) entryView {
	return entryView{
		Seq:          e.Seq,
		At:           local(e.At),
		Actor:        e.Actor,
		ActorName:    e.ActorName,
		DepartmentID: e.DepartmentID,
		Department:   e.DepartmentName,
		Action:       e.Action,
		From:         e.From,
		To:           e.To,
		Version:      e.Version,
		Article:      e.Article,
		Note:         e.Note,
		Data:         e.Data,
	}
}
