package api

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

func (s *server) grants(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Grants(c.Request().Context(), who, desk.GrantQuery{
		As:     sharing.Relation(c.QueryParam("as")),
		State:  sharing.GrantState(c.QueryParam("state")),
		Cursor: cursor,
		Limit:  limit,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewGrant))
}

func (s *server) oneGrant(c echo.Context, who sharing.User) error {
	found, err := s.desk.Grant(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, grantDetail{
		grantView: viewGrant(found.Grant), CaseState: found.CaseState, CaseVersion: found.CaseVersion, Can: some(found.Can), MayRenew: found.MayRenew,
		Renewals: each(found.Renewals, refCase), Calls: found.Calls, Rows: found.Rows, DoubtedDays: found.DoubtedDays, Usage: found.Usage,
	})
}

func (s *server) grantUse(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Use(c.Request().Context(), who, c.Param("id"), cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, func(u sharing.DayOfUse) useView {
		return useView{Day: u.Day, Calls: u.Calls, Rows: u.Rows, Fields: some(u.Fields), Doubts: some(u.Doubts), ReportedAt: local(u.ReportedAt)}
	}))
}

func (s *server) renewGrant(c echo.Context, who sharing.User) error {
	a, err := s.desk.Renew(c.Request().Context(), who, keyOf(c), c.Param("id"))
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, Base+"/applications/"+url.PathEscape(a.ID))
	setETag(c, a.Version)
	return c.JSON(http.StatusCreated, s.viewApplicationDetail(who, a))
}

// useBatch is the body of a batch of reports of use.
type useBatch struct {
	Reports []sharing.UseReport `json:"reports"`
}

func (s *server) reportUse(c echo.Context, who sharing.User) error {
	var batch useBatch
	if err := decode(c, &batch); err != nil {
		return err
	}
	results, err := s.desk.ReportUse(c.Request().Context(), who, keyOf(c), batch.Reports)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[useResultView]{each(results, func(r desk.UseResult) useResultView {
		return useResultView{Recorded: r.Recorded, Doubts: some(r.Doubts), Fields: some(r.Fields)}
	})})
}

func (s *server) checkGrant(c echo.Context, who sharing.User) error {
	q := desk.HeldQuery{Grantee: c.QueryParam("grantee"), Resource: c.QueryParam("resource"), Mode: sharing.Mode(c.QueryParam("mode"))}
	if fields := c.QueryParam("fields"); fields != "" {
		q.Fields = strings.Split(fields, ",")
	}
	answer, err := s.desk.CheckGrant(c.Request().Context(), who, q)
	if err != nil {
		return err
	}
	view := heldView{Holds: answer.Holds, Grant: answer.GrantID}
	if answer.Holds {
		until := local(answer.Until)
		view.Until = &until
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, view)
}

// heldView is the answer to a gateway; a no is nothing but a no.
type heldView struct {
	Holds bool       `json:"holds"`
	Until *time.Time `json:"until,omitempty"`
	Grant string     `json:"grant,omitempty"`
}

// useView is one day's use of a grant.
type useView struct {
	Day        sharing.Date    `json:"day"`
	Calls      int             `json:"calls"`
	Rows       int             `json:"rows"`
	Fields     []string        `json:"fields"`
	Doubts     []sharing.Doubt `json:"doubts"`
	ReportedAt time.Time       `json:"reported_at"`
}

// useResultView is what became of one report of a batch.
type useResultView struct {
	Recorded bool                 `json:"recorded"`
	Doubts   []sharing.Doubt      `json:"doubts"`
	Fields   []sharing.FieldError `json:"fields"`
}

// pauseView is a time in which a grant did not hold.
type pauseView struct {
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until,omitempty"`
}

type grantDetail struct {
	grantView
	CaseState   sharing.State    `json:"case_state,omitempty"`
	CaseVersion int              `json:"case_version,omitempty"`
	Can         []sharing.Action `json:"can"`
	MayRenew    bool             `json:"may_renew"`
	Renewals    []caseRef        `json:"renewals"`
	Calls       int              `json:"calls"`
	Rows        int              `json:"rows"`
	DoubtedDays int              `json:"doubted_days"`
	Usage       string           `json:"usage_article,omitempty"`
}

type grantView struct {
	ID           string             `json:"id"`
	CaseID       string             `json:"case_id"`
	CaseNumber   string             `json:"case_number"`
	RegionID     string             `json:"region_id"`
	Resource     resourceRef        `json:"resource"`
	EntryVersion int                `json:"entry_version"`
	Class        sharing.Class      `json:"class"`
	Grade        sharing.Grade      `json:"grade"`
	Provider     departmentView     `json:"provider"`
	Grantee      departmentView     `json:"grantee"`
	Fields       []string           `json:"fields"`
	Mode         sharing.Mode       `json:"mode"`
	Purpose      string             `json:"purpose,omitempty"`
	Conditions   string             `json:"conditions,omitempty"`
	Locator      string             `json:"locator,omitempty"`
	State        sharing.GrantState `json:"state"`
	ValidFrom    time.Time          `json:"valid_from"`
	ValidUntil   time.Time          `json:"valid_until"`
	EndedAt      *time.Time         `json:"ended_at,omitempty"`
	Suspensions  []pauseView        `json:"suspensions"`
	Renews       string             `json:"renews,omitempty"`
}

func viewGrant(g sharing.Grant) grantView {
	return grantView{
		ID:           g.ID,
		CaseID:       g.CaseID,
		CaseNumber:   g.CaseNumber,
		RegionID:     g.RegionID,
		Resource:     resourceRef(g.Resource),
		EntryVersion: g.EntryVersion,
		Class:        g.Class,
		Grade:        g.Grade,
		Provider:     viewDepartment(g.Provider),
		Grantee:      viewDepartment(g.Grantee),
		Fields:       some(g.Fields),
		Mode:         g.Mode,
		Purpose:      g.Purpose,
		Conditions:   g.Conditions,
		Locator:      g.Locator,
		State:        g.State,
		ValidFrom:    local(g.ValidFrom),
		ValidUntil:   local(g.ValidUntil),
		EndedAt:      localOrNil(g.EndedAt),
		Suspensions: each(g.Suspensions, func(p sharing.Pause) pauseView {
			return pauseView{From: local(p.From), Until: localOrNil(p.Until)}
		}),
		Renews: g.Renews,
	}
}
