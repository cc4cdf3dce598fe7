package api

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// draft is the body of an application that is written or replaced.
type draft struct {
	sharing.Request
	For string `json:"for,omitempty"`
}

// submission is the body of a submit request.
type submission struct {
	ReceivedOn *sharing.Date `json:"received_on,omitempty"`
}

func (s *server) createApplication(c echo.Context, who sharing.User) error {
	var body draft
	if err := decode(c, &body); err != nil {
		return err
	}
	a, err := s.desk.SaveDraft(c.Request().Context(), who, keyOf(c), "", 0, desk.Draft(body))
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, Base+"/applications/"+url.PathEscape(a.ID))
	setETag(c, a.Version)
	return c.JSON(http.StatusCreated, s.viewApplicationDetail(who, a))
}

func (s *server) saveApplication(c echo.Context, who sharing.User) error {
	var body draft
	if err := decode(c, &body); err != nil {
		return err
	}
	version, err := expected(c)
	if err != nil {
		return err
	}
	a, err := s.desk.SaveDraft(c.Request().Context(), who, keyOf(c), c.Param("id"), version, desk.Draft(body))
	if err != nil {
		return s.withApplication(c, who, err)
	}
	setETag(c, a.Version)
	return c.JSON(http.StatusOK, s.viewApplicationDetail(who, a))
}

func (s *server) discardApplication(c echo.Context, who sharing.User) error {
	version, err := expected(c)
	if err != nil {
		return err
	}
	if err := s.desk.DiscardDraft(c.Request().Context(), who, keyOf(c), c.Param("id"), version); err != nil {
		return s.withApplication(c, who, err)
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *server) applications(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Applications(c.Request().Context(), who, sharing.ApplicationState(c.QueryParam("state")), cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewApplication))
}

func (s *server) application(c echo.Context, who sharing.User) error {
	a, err := s.desk.Application(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	setETag(c, a.Version)
	return c.JSON(http.StatusOK, s.viewApplicationDetail(who, a))
}

func (s *server) previewApplication(c echo.Context, who sharing.User) error {
	receivedOn, err := day(c, "received_on")
	if err != nil {
		return err
	}
	lines, err := s.desk.Preview(c.Request().Context(), who, c.Param("id"), receivedOn)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[previewLineView]{each(lines, func(l desk.PreviewLine) previewLineView {
		line := previewLineView{
			Resource:   s.viewResource(who)(l.Resource),
			AtOnce:     l.AtOnce,
			Duty:       l.Duty,
			DutyEN:     l.DutyEN,
			Article:    l.Article,
			Statutory:  l.Statutory,
			Regulation: viewRegulationRef(l.Regulation),
			Scenario:   l.Scenario,
			Misfit:     l.Misfit,
			Undecided:  each(l.Undecided, refCase),
		}
		if l.Due != nil {
			due := viewProjection(*l.Due)
			line.Due = &due
		}
		return line
	})})
}

func (s *server) submitApplication(c echo.Context, who sharing.User) error {
	var body submission
	if err := decode(c, &body); err != nil {
		return err
	}
	version, err := expected(c)
	if err != nil {
		return err
	}
	done, err := s.desk.Submit(c.Request().Context(), who, keyOf(c), c.Param("id"), version, body.ReceivedOn)
	if err != nil {
		return s.withApplication(c, who, err)
	}
	done.Cases = some(done.Cases)
	setETag(c, done.Version)
	return c.JSON(http.StatusOK, done)
}

// withApplication adds to a conflict what became of the application meanwhile.
func (s *server) withApplication(c echo.Context, who sharing.User, err error) error {
	if !conflicts(err) {
		return err
	}
	a, unread := s.desk.Application(c.Request().Context(), who, c.Param("id"))
	if unread != nil {
		return err // the conflict says enough without it
	}
	return &meanwhile{err, current{State: string(a.State), Version: a.Version}}
}

type applicationView struct {
	ID           string                   `json:"id"`
	Number       string                   `json:"number,omitempty"`
	RegionID     string                   `json:"region_id"`
	Applicant    departmentView           `json:"applicant"`
	ApplicantID  string                   `json:"applicant_id"`
	State        sharing.ApplicationState `json:"state"`
	Version      int                      `json:"version"`
	Request      sharing.Request          `json:"request"`
	Paper        bool                     `json:"paper"`
	RegisteredBy string                   `json:"registered_by,omitempty"`
	ReceivedAt   time.Time                `json:"received_at,omitzero"`
	CreatedAt    time.Time                `json:"created_at"`
	UpdatedAt    time.Time                `json:"updated_at"`
}

func viewApplication(a sharing.Application) applicationView {
	return applicationView{
		ID:           a.ID,
		Number:       a.Number,
		RegionID:     a.RegionID,
		Applicant:    viewDepartment(a.Applicant),
		ApplicantID:  a.ApplicantID,
		State:        a.State,
		Version:      a.Version,
		Request:      viewRequest(a.Request),
		Paper:        a.Paper,
		RegisteredBy: a.RegisteredBy,
		ReceivedAt:   local(a.ReceivedAt),
		CreatedAt:    local(a.CreatedAt),
		UpdatedAt:    local(a.UpdatedAt),
	}
}

// viewRequest shows items as [] where there are none.
func viewRequest(r sharing.Request) sharing.Request {
	r.Items = some(r.Items)
	return r
}

type applicationDetail struct {
	applicationView
	Resources   []resourceView    `json:"resources"`
	Cases       []caseSummaryView `json:"cases"`
	Attachments []attachmentView  `json:"attachments"`
}

func (s *server) viewApplicationDetail(who sharing.User, a desk.ApplicationView) applicationDetail {
	return applicationDetail{
		applicationView: viewApplication(a.Application),
		Resources:       each(a.Resources, s.viewResource(who)),
		Cases:           each(a.Cases, viewCaseSummary),
		Attachments:     each(a.Attachments, viewAttachment),
	}
}

type previewLineView struct {
	Resource   resourceView      `json:"resource"`
	AtOnce     bool              `json:"at_once"`
	Duty       string            `json:"duty,omitempty"`
	DutyEN     string            `json:"duty_en,omitempty"`
	Article    string            `json:"article,omitempty"`
	Statutory  bool              `json:"statutory"`
	Due        *projectionView   `json:"due,omitempty"`
	Regulation regulationRefView `json:"regulation"`
	Scenario   string            `json:"scenario,omitempty"`
	Misfit     sharing.Misfit    `json:"misfit,omitempty"`
	Undecided  []caseRef         `json:"undecided"`
}
