package api

import (
	"net/http"
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

type grantView struct {
	ID         string             `json:"id"`
	CaseID     string             `json:"case_id"`
	CaseNumber string             `json:"case_number"`
	RegionID   string             `json:"region_id"`
	Resource   resourceRef        `json:"resource"`
	Class      sharing.Class      `json:"class"`
	Grade      sharing.Grade      `json:"grade"`
	Provider   departmentView     `json:"provider"`
	Grantee    departmentView     `json:"grantee"`
	Fields     []string           `json:"fields"`
	Mode       sharing.Mode       `json:"mode"`
	Purpose    string             `json:"purpose,omitempty"`
	Conditions string             `json:"conditions,omitempty"`
	Locator    string             `json:"locator,omitempty"`
	State      sharing.GrantState `json:"state"`
	ValidFrom  time.Time          `json:"valid_from"`
	ValidUntil time.Time          `json:"valid_until"`
}

func viewGrant(g sharing.Grant) grantView {
	return grantView{
		ID:         g.ID,
		CaseID:     g.CaseID,
		CaseNumber: g.CaseNumber,
		RegionID:   g.RegionID,
		Resource:   resourceRef(g.Resource),
		Class:      g.Class,
		Grade:      g.Grade,
		Provider:   viewDepartment(g.Provider),
		Grantee:    viewDepartment(g.Grantee),
		Fields:     some(g.Fields),
		Mode:       g.Mode,
		Purpose:    g.Purpose,
		Conditions: g.Conditions,
		Locator:    g.Locator,
		State:      g.State,
		ValidFrom:  local(g.ValidFrom),
		ValidUntil: local(g.ValidUntil),
	}
}
