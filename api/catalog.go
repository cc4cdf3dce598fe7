package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

func (s *server) catalog(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	var grade int
	if err := echo.QueryParamsBinder(c).Int("grade", &grade).BindError(); err != nil {
		return malformed("grade", "type", "")
	}
	found, err := s.desk.Catalog(c.Request().Context(), who, desk.CatalogQuery{
		Text:     c.QueryParam("q"),
		Class:    sharing.Class(c.QueryParam("class")),
		Provider: c.QueryParam("provider"),
		Base:     sharing.BaseCategory(c.QueryParam("base")),
		Grade:    sharing.Grade(grade),
		Cycle:    sharing.Cycle(c.QueryParam("cycle")),
		Format:   c.QueryParam("format"),
		Mode:     sharing.Mode(c.QueryParam("mode")),
		Order:    desk.CatalogOrder(c.QueryParam("sort")),
		Cursor:   cursor,
		Limit:    limit,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, s.viewResource(who)))
}

func (s *server) resource(c echo.Context, who sharing.User) error {
	r, err := s.desk.Resource(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s.viewResource(who)(r))
}

func (s *server) departments(c echo.Context, who sharing.User) error {
	all, err := s.desk.Departments(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[departmentView]{each(all, viewDepartment)})
}

type departmentView struct {
	ID       string                 `json:"id"`
	RegionID string                 `json:"region_id"`
	Name     string                 `json:"name"`
	NameEN   string                 `json:"name_en,omitempty"`
	Kind     sharing.DepartmentKind `json:"kind"`
}

func viewDepartment(d sharing.Department) departmentView { return departmentView(d) }

type resourceView struct {
	ID          string               `json:"id"`
	Code        string               `json:"code"`
	RegionID    string               `json:"region_id"`
	Provider    departmentView       `json:"provider"`
	Title       string               `json:"title"`
	Description string               `json:"description,omitempty"`
	Class       sharing.Class        `json:"class"`
	OpenClass   sharing.OpenClass    `json:"open_class,omitempty"`
	Grade       sharing.Grade        `json:"grade"`
	Basis       string               `json:"basis,omitempty"`
	Condition   string               `json:"condition,omitempty"`
	Cycle       sharing.Cycle        `json:"cycle,omitempty"`
	Format      string               `json:"format,omitempty"`
	Modes       []sharing.Mode       `json:"modes"`
	Base        sharing.BaseCategory `json:"base,omitempty"`
	Fields      []sharing.Field      `json:"fields"`
	Facts       map[string]bool      `json:"facts,omitempty"`
	Version     int                  `json:"version"`
	UpdatedAt   time.Time            `json:"updated_at"`
	Withdrawn   bool                 `json:"withdrawn,omitempty"`
	MayApply    bool                 `json:"may_apply"`
}

// viewResource returns how the user sees a catalog entry.
func (s *server) viewResource(who sharing.User) func(sharing.Resource) resourceView {
	return func(r sharing.Resource) resourceView {
		return resourceView{
			ID:          r.ID,
			Code:        r.Code,
			RegionID:    r.RegionID,
			Provider:    viewDepartment(r.Provider),
			Title:       r.Title,
			Description: r.Description,
			Class:       r.Class,
			OpenClass:   r.OpenClass,
			Grade:       r.Grade,
			Basis:       r.Basis,
			Condition:   r.Condition,
			Cycle:       r.Cycle,
			Format:      r.Format,
			Modes:       some(r.Modes),
			Base:        r.Base,
			Fields:      some(r.Fields),
			Facts:       r.Facts,
			Version:     r.Version,
			UpdatedAt:   local(r.UpdatedAt),
			Withdrawn:   r.Withdrawn,
			MayApply:    s.desk.MayApply(who, r),
		}
	}
}

// resourceRef names a catalog entry in one version.
type resourceRef struct {
	ID      string `json:"id"`
	Code    string `json:"code"`
	Title   string `json:"title"`
	Version int    `json:"version"`
}
