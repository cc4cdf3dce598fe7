package api

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

func (s *server) regulations(c echo.Context, _ sharing.User) error {
	return c.JSON(http.StatusOK, list[regulationView]{each(s.desk.Law().All(), viewRegulation)})
}

func (s *server) regulation(c echo.Context, _ sharing.User) error {
	r, ok := s.desk.Law().ByID(c.Param("id"))
	if !ok {
		return &sharing.Error{Code: sharing.CodeNotFound}
	}
	detail := regulationDetail{
		regulationView: viewRegulation(r),
		Classes:        map[sharing.Class]namedRule{},
		Refusal:        refusalView(r.Refusal.Rule()),
		Duties:         each(r.Duties, viewDuty),
	}
	for class, rule := range r.Classes {
		detail.Classes[class] = namedRule(rule)
	}
	return c.JSON(http.StatusOK, detail)
}

// due counts a limit as a case would: from the day received, by working days or
// as a duty of a regulation says.
func (s *server) due(c echo.Context, _ sharing.User) error {
	received, err := day(c, "received")
	if err != nil {
		return err
	}
	days, err := count(c, "days", 0)
	if err != nil {
		return err
	}
	id, name := c.QueryParam("regulation"), c.QueryParam("duty")
	if (days == 0) != (id != "" && name != "") || days != 0 && id+name != "" {
		return malformed("days", "either", "")
	}
	budget := sharing.Budget{N: days, Unit: sharing.WorkingDays}
	out := dueView{Received: *received, Budget: viewBudget(budget)}
	if days == 0 {
		r, ok := s.desk.Law().ByID(id)
		if !ok {
			return &sharing.Error{Code: sharing.CodeNotFound}
		}
		duty, ok := r.Duty(name)
		if !ok {
			return &sharing.Error{Code: sharing.CodeNotFound}
		}
		budget, out.Statutory, ok = duty.Budget(nil)
		if !ok {
			return sharing.Invalid("duty", "no_limit", "")
		}
		out.Budget, out.Article, out.Regulation, out.Duty = viewBudget(budget), duty.ArticleFor(nil), r.Ref(), duty.Name
	}
	clock := sharing.Clock{Budget: budget, Start: received.Start()}
	projection, err := s.desk.Calendar().Project(clock)
	var outside *workday.RangeError
	switch {
	case errors.As(err, &outside):
		return sharing.Errorf(sharing.CodeBeyondCalendar, "calendars cover %s to %s", outside.First, outside.Last)
	case err != nil && budget.Unit == sharing.UpdateCycles:
		return sharing.Invalid("duty", "needs_resource", "")
	case err != nil:
		return err
	}
	out.projectionView = viewProjection(projection)
	return c.JSON(http.StatusOK, out)
}

type dueView struct {
	Received   sharing.Date `json:"received"`
	Budget     budgetView   `json:"budget"`
	Statutory  bool         `json:"statutory"`
	Article    string       `json:"article,omitempty"`
	Regulation string       `json:"regulation,omitempty"`
	Duty       string       `json:"duty,omitempty"`
	projectionView
}

type regulationRefView struct {
	ID         string                   `json:"id"`
	Title      string                   `json:"title"`
	Number     string                   `json:"number,omitempty"`
	Authority  string                   `json:"authority"`
	ClassNames map[sharing.Class]string `json:"class_names,omitempty"`
}

func viewRegulationRef(r desk.RegulationRef) regulationRefView { return regulationRefView(r) }

// refusalView is what a refusal must carry.
type refusalView struct {
	Reasons    bool   `json:"reasons"`
	LegalBasis bool   `json:"legal_basis"`
	Proof      bool   `json:"proof"`
	Article    string `json:"article,omitempty"`
}

type namedRule struct {
	Name    string `json:"name"`
	NameEn  string `json:"name_en"`
	Article string `json:"article,omitempty"`
}

type regulationView struct {
	ID           string        `json:"id"`
	Version      int           `json:"version"`
	Title        string        `json:"title"`
	TitleEN      string        `json:"title_en"`
	Number       string        `json:"number,omitempty"`
	Issuer       string        `json:"issuer,omitempty"`
	Region       string        `json:"region"`
	RegionName   string        `json:"region_name"`
	RegionNameEN string        `json:"region_name_en"`
	From         sharing.Date  `json:"from"`
	Until        *sharing.Date `json:"until,omitempty"`
}

func viewRegulation(r *regulation.Regulation) regulationView {
	return regulationView{
		ID:           r.ID,
		Version:      r.Version,
		Title:        r.Title,
		TitleEN:      r.TitleEn,
		Number:       r.Number,
		Issuer:       r.Issuer,
		Region:       r.Region,
		RegionName:   r.RegionName,
		RegionNameEN: r.RegionNameEn,
		From:         r.From,
		Until:        r.LastDay(),
	}
}

type regulationDetail struct {
	regulationView
	Classes map[sharing.Class]namedRule `json:"classes"`
	Refusal refusalView                 `json:"refusal"`
	Duties  []dutyView                  `json:"duties"`
}

type dutyView struct {
	Name      string            `json:"name"`
	Title     string            `json:"title"`
	TitleEN   string            `json:"title_en"`
	Article   string            `json:"article,omitempty"`
	Statutory bool              `json:"statutory"`
	Source    regulation.Source `json:"source"`
	Start     string            `json:"start"`
	Owes      regulation.Role   `json:"owes"`
	Limit     *budgetView       `json:"limit,omitempty"`
	Target    *budgetView       `json:"target,omitempty"`
	Wording   string            `json:"wording,omitempty"`
}

func viewDuty(d regulation.Duty) dutyView {
	_, statutory, _ := d.Budget(nil)
	return dutyView{
		Name:      d.Name,
		Title:     d.Title,
		TitleEN:   d.TitleEn,
		Article:   d.Article,
		Statutory: statutory,
		Source:    d.Source,
		Start:     d.Start,
		Owes:      d.Owes,
		Limit:     viewBudgetOrNil(d.Limit),
		Target:    viewBudgetOrNil(d.Target),
		Wording:   d.Wording,
	}
}
