package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
		Procedure:   sharing.Procedure(c.QueryParam("procedure")),
		Parent:      c.QueryParam("parent"),
		As:          sharing.Relation(c.QueryParam("as")),
		State:       sharing.State(c.QueryParam("state")),
		Application: c.QueryParam("application"),
		Number:      c.QueryParam("number"),
		Department:  c.QueryParam("department"),
		Text:        c.QueryParam("q"),
		Light:       desk.Light(c.QueryParam("light")),
		Order:       desk.Order(c.QueryParam("sort")),
		Cursor:      cursor,
		Limit:       limit,
	}
	if err := echo.QueryParamsBinder(c).Bool("mine", &q.Mine).BindError(); err != nil {
		return malformed("mine", "type", "")
	}
	if err := echo.QueryParamsBinder(c).Bool("following", &q.Following).BindError(); err != nil {
		return malformed("following", "type", "")
	}
	if err := echo.QueryParamsBinder(c).Bool("open", &q.UnderWay).BindError(); err != nil {
		return malformed("open", "type", "")
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

// open opens a case of a procedure. The body is what the case is about.
func (s *server) open(p sharing.Procedure) handler {
	return func(c echo.Context, who sharing.User) error {
		content, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return fmt.Errorf("read the checked body: %w", err)
		}
		outcome, err := s.desk.Open(c.Request().Context(), who, keyOf(c), p, content)
		if err != nil {
			return err
		}
		c.Response().Header().Set(echo.HeaderLocation, Base+"/cases/"+outcome.CaseID)
		setETag(c, outcome.Version)
		return c.JSON(http.StatusCreated, outcome)
	}
}

// take takes a step on a case. The body is the message of the step, by the
// machine of the case's procedure.
func (s *server) take(action sharing.Action) handler {
	return func(c echo.Context, who sharing.User) error {
		message, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return fmt.Errorf("read the checked body: %w", err)
		}
		act, err := actOn(c)
		if err != nil {
			return err
		}
		outcome, err := s.desk.Step(c.Request().Context(), who, act, action, message)
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
	ID            string            `json:"id"`
	Number        string            `json:"number"`
	Procedure     sharing.Procedure `json:"procedure"`
	Title         string            `json:"title"`
	ParentID      string            `json:"parent_id,omitempty"`
	ApplicationID string            `json:"application_id,omitempty"`
	RegionID      string            `json:"region_id"`
	RegulationID  string            `json:"regulation_id"`
	Resource      *resourceRef      `json:"resource,omitempty"`
	Class         sharing.Class     `json:"class"`
	Grade         sharing.Grade     `json:"grade"`
	Provider      departmentView    `json:"provider"`
	Applicant     departmentView    `json:"applicant"`
	ApplicantID   string            `json:"applicant_id"`
	State         sharing.State     `json:"state"`
	Version       int               `json:"version"`
	Request       *sharing.Request  `json:"request,omitempty"`
	Content       json.RawMessage   `json:"content,omitempty"`
	Fields        []string          `json:"fields"`
	Paper         bool              `json:"paper"`
	ReceivedAt    time.Time         `json:"received_at"`
	CreatedAt     time.Time         `json:"created_at"`
	UpdatedAt     time.Time         `json:"updated_at"`
	ClosedAt      *time.Time        `json:"closed_at,omitempty"`
}

func viewCase(c sharing.Case) caseView {
	view := caseView{
		ID:            c.ID,
		Number:        c.Number,
		Procedure:     c.Procedure,
		Title:         c.Title,
		ParentID:      c.ParentID,
		ApplicationID: c.ApplicationID,
		RegionID:      c.RegionID,
		RegulationID:  c.RegulationID,
		Class:         c.Class,
		Grade:         c.Grade,
		Provider:      viewDepartment(c.Provider),
		Applicant:     viewDepartment(c.Applicant),
		ApplicantID:   c.ApplicantID,
		State:         c.State,
		Version:       c.Version,
		Content:       c.Content,
		Fields:        some(c.Fields),
		Paper:         c.Paper,
		ReceivedAt:    local(c.ReceivedAt),
		CreatedAt:     local(c.CreatedAt),
		UpdatedAt:     local(c.UpdatedAt),
		ClosedAt:      localOrNil(c.ClosedAt),
	}
	if c.Resource.ID != "" {
		resource := resourceRef(c.Resource)
		view.Resource = &resource
	}
	if c.Procedure == sharing.ShareApplication {
		request := viewRequest(c.Request)
		view.Request = &request
	}
	return view
}

// caseRef names another case.
type caseRef struct {
	ID        string            `json:"id"`
	Number    string            `json:"number"`
	Procedure sharing.Procedure `json:"procedure"`
	Title     string            `json:"title"`
	State     sharing.State     `json:"state"`
}

func refCase(c sharing.Case) caseRef {
	return caseRef{ID: c.ID, Number: c.Number, Procedure: c.Procedure, Title: c.Title, State: c.State}
}

// actView is a step that was taken, as it was decided.
type actView struct {
	Version        int             `json:"version"`
	Action         sharing.Action  `json:"action"`
	By             string          `json:"by"`
	ByName         string          `json:"by_name,omitempty"`
	Department     string          `json:"department,omitempty"`
	DepartmentName string          `json:"department_name,omitempty"`
	At             time.Time       `json:"at"`
	Body           json.RawMessage `json:"body,omitempty"`
	OnBehalfOf     string          `json:"on_behalf_of,omitempty"`
	OnBehalfOfName string          `json:"on_behalf_of_name,omitempty"`
}

func viewAct(a sharing.Act) actView {
	return actView{Version: a.Version, Action: a.Action, By: a.By, ByName: a.ByName, Department: a.Department, DepartmentName: a.DepartmentName, At: local(a.At), Body: a.Body,
		OnBehalfOf: a.OnBehalfOf, OnBehalfOfName: a.OnBehalfOfName}
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
	Acts         []actView           `json:"acts"`
	Parent       *caseRef            `json:"parent,omitempty"`
	Children     []caseRef           `json:"children"`
	Completion   *sharing.Completion `json:"completion,omitempty"`
	Decision     *sharing.Decision   `json:"decision,omitempty"`
	Provision    *sharing.Provision  `json:"provision,omitempty"`
	Consent      *sharing.Ruling     `json:"consent,omitempty"`
	Grant        *grantView          `json:"grant,omitempty"`
	Attachments  []attachmentView    `json:"attachments"`
	Task         *caseTaskView       `json:"task,omitempty"`
	Can          []sharing.Action    `json:"can"`
	Aside        asideView           `json:"aside"`
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
		Acts:         each(c.Acts, viewAct),
		Children:     each(c.Children, refCase),
		Completion:   c.Completion,
		Decision:     c.Decision,
		Provision:    c.Provision,
		Consent:      c.Consent,
		Attachments:  each(c.Attachments, viewAttachment),
		Can:          some(c.Can),
		Aside:        viewAside(c.Aside),
		Refusal:      refusalView(c.Refusal),
		ExtensionCap: c.ExtensionCap,
		Coordination: c.Coordination,
	}
	if c.Parent != nil {
		parent := refCase(*c.Parent)
		detail.Parent = &parent
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
	OnBehalfOf   string            `json:"on_behalf_of,omitempty"`
	OnBehalfName string            `json:"on_behalf_of_name,omitempty"`
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
		OnBehalfOf:   e.OnBehalfOf,
		OnBehalfName: e.OnBehalfOfName,
	}
}
