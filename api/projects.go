package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

func (s *server) projectHolds(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.FundsHeld(c.Request().Context(), who, cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewHeldProject))
}

type heldProjectView struct {
	ID         string            `json:"id"`
	Number     string            `json:"number"`
	Title      string            `json:"title"`
	Department departmentView    `json:"department"`
	State      sharing.State     `json:"state"`
	Budget     string            `json:"budget"`
	Regulation regulationRefView `json:"regulation"`
	Holds      []sharing.Hold    `json:"holds"`
}

func viewHeldProject(p desk.HeldProject) heldProjectView {
	return heldProjectView{
		ID: p.ID, Number: p.Number, Title: p.Title, Department: viewDepartment(p.Applicant), State: p.State, Budget: p.Record.Budget,
		Regulation: viewRegulationRef(p.Regulation), Holds: p.Record.Holds,
	}
}

func (s *server) criticisms(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Criticisms(c.Request().Context(), who, cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewCriticism))
}

type criticismView struct {
	Department    departmentView    `json:"department"`
	Ground        string            `json:"ground"`
	GroundTitle   string            `json:"ground_title"`
	GroundTitleEN string            `json:"ground_title_en"`
	Article       string            `json:"article"`
	Regulation    regulationRefView `json:"regulation"`
	On            sharing.Date      `json:"on"`
}

func viewCriticism(n desk.Criticism) criticismView {
	return criticismView{
		Department: viewDepartment(n.Department), Ground: n.Ground, GroundTitle: n.GroundTitle, GroundTitleEN: n.GroundTitleEN,
		Article: n.Article, Regulation: viewRegulationRef(n.Regulation), On: n.On,
	}
}
