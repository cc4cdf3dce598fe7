package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

func (s *server) changeNotices(c echo.Context, who sharing.User) error {
	found, err := s.desk.ChangeNotices(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[changeNoticeView]{each(found, viewChangeNotice)})
}

func (s *server) acknowledgeChange(c echo.Context, who sharing.User) error {
	if err := s.desk.AcknowledgeChange(c.Request().Context(), who, keyOf(c), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *server) changeHolders(c echo.Context, who sharing.User) error {
	found, err := s.desk.ChangeHolders(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[changeHolderView]{each(found, viewChangeHolder)})
}

func (s *server) resourceVersions(c echo.Context, who sharing.User) error {
	found, err := s.desk.Versions(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	view := s.viewResource(who)
	return c.JSON(http.StatusOK, list[resourceVersionView]{each(found, func(v desk.VersionView) resourceVersionView {
		return resourceVersionView{Resource: view(v.Resource), ReplacedAt: localOrNil(v.ReplacedAt), Diff: some(v.Diff)}
	})})
}

// changeNoticeView is a change ahead as a holder of a grant is told.
type changeNoticeView struct {
	ID             string               `json:"id"`
	Number         string               `json:"number"`
	State          sharing.State        `json:"state"`
	Kind           sharing.ChangeKind   `json:"kind"`
	Resource       resourceRef          `json:"resource"`
	Provider       departmentView       `json:"provider"`
	Why            string               `json:"why"`
	Diff           []sharing.Difference `json:"diff"`
	TakesEffectOn  sharing.Date         `json:"takes_effect_on"`
	LastDay        sharing.Date         `json:"last_day,omitempty"`
	Article        string               `json:"article,omitempty"`
	Acknowledged   *time.Time           `json:"acknowledged_at,omitempty"`
	AcknowledgedBy string               `json:"acknowledged_by,omitempty"`
	MayAcknowledge bool                 `json:"may_acknowledge"`
}

func viewChangeNotice(n desk.ChangeNotice) changeNoticeView {
	return changeNoticeView{
		ID:             n.CaseID,
		Number:         n.Number,
		State:          n.State,
		Kind:           n.Kind,
		Resource:       resourceRef(n.Resource),
		Provider:       viewDepartment(n.Provider),
		Why:            n.Why,
		Diff:           some(n.Diff),
		TakesEffectOn:  n.TakesEffectOn,
		LastDay:        n.LastDay,
		Article:        n.Article,
		Acknowledged:   localOrNil(n.Acknowledged),
		AcknowledgedBy: n.AcknowledgedBy,
		MayAcknowledge: n.MayAcknowledge,
	}
}

// changeHolderView is a department that is told of a change.
type changeHolderView struct {
	Department     departmentView `json:"department"`
	Acknowledged   *time.Time     `json:"acknowledged_at,omitempty"`
	AcknowledgedBy string         `json:"acknowledged_by,omitempty"`
}

func viewChangeHolder(h desk.ChangeHolder) changeHolderView {
	return changeHolderView{Department: viewDepartment(h.Department), Acknowledged: localOrNil(h.Acknowledged), AcknowledgedBy: h.AcknowledgedBy}
}

// resourceVersionView is a catalog entry in one version.
type resourceVersionView struct {
	Resource   resourceView         `json:"resource"`
	ReplacedAt *time.Time           `json:"replaced_at,omitempty"`
	Diff       []sharing.Difference `json:"diff"`
}
