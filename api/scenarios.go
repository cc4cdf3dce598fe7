package api

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

func (s *server) scenarios(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	q := desk.ScenarioQuery{Resource: c.QueryParam("resource"), Cursor: cursor, Limit: limit}
	if err := echo.QueryParamsBinder(c).Bool("retired", &q.Retired).BindError(); err != nil {
		return malformed("retired", "type", "")
	}
	found, err := s.desk.Scenarios(c.Request().Context(), who, q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewScenario))
}

func (s *server) scenario(c echo.Context, who sharing.User) error {
	found, err := s.desk.Scenario(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	setETag(c, found.Version)
	return c.JSON(http.StatusOK, viewScenario(found))
}

func (s *server) registerScenario(c echo.Context, who sharing.User) error {
	var text sharing.ScenarioText
	if err := decode(c, &text); err != nil {
		return err
	}
	kept, err := s.desk.SaveScenario(c.Request().Context(), who, keyOf(c), "", 0, text)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, Base+"/scenarios/"+url.PathEscape(kept.ID))
	setETag(c, kept.Version)
	return c.JSON(http.StatusCreated, viewScenario(kept))
}

func (s *server) changeScenario(c echo.Context, who sharing.User) error {
	var text sharing.ScenarioText
	if err := decode(c, &text); err != nil {
		return err
	}
	version, err := expected(c)
	if err != nil {
		return err
	}
	kept, err := s.desk.SaveScenario(c.Request().Context(), who, keyOf(c), c.Param("id"), version, text)
	if err != nil {
		return err
	}
	setETag(c, kept.Version)
	return c.JSON(http.StatusOK, viewScenario(kept))
}

func (s *server) retireScenario(c echo.Context, who sharing.User) error {
	version, err := expected(c)
	if err != nil {
		return err
	}
	kept, err := s.desk.RetireScenario(c.Request().Context(), who, keyOf(c), c.Param("id"), version)
	if err != nil {
		return err
	}
	setETag(c, kept.Version)
	return c.JSON(http.StatusOK, viewScenario(kept))
}

type scenarioView struct {
	ID           string                 `json:"id"`
	RegionID     string                 `json:"region_id"`
	Name         string                 `json:"name"`
	Description  string                 `json:"description"`
	Resources    []sharing.ScenarioItem `json:"resources"`
	Modes        []sharing.Mode         `json:"modes"`
	Duties       []string               `json:"duties"`
	ValidFrom    sharing.Date           `json:"valid_from"`
	ValidUntil   *sharing.Date          `json:"valid_until,omitempty"`
	Version      int                    `json:"version"`
	RegulationID string                 `json:"regulation_id"`
	UpdatedAt    time.Time              `json:"updated_at"`
	RetiredAt    *time.Time             `json:"retired_at,omitempty"`
	MayKeep      bool                   `json:"may_keep"`
}

func viewScenario(s desk.ScenarioView) scenarioView {
	view := scenarioView{
		ID: s.ID, RegionID: s.RegionID, Name: s.Name, Description: s.Description, Resources: some(s.Resources), Modes: some(s.Modes), Duties: some(s.Duties),
		ValidFrom: s.ValidFrom, Version: s.Version, RegulationID: s.RegulationID, UpdatedAt: local(s.UpdatedAt), RetiredAt: localOrNil(s.RetiredAt),
		MayKeep: s.MayKeep,
	}
	if !s.ValidUntil.IsZero() {
		view.ValidUntil = &s.ScenarioText.ValidUntil
	}
	return view
}
