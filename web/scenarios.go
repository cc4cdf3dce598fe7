package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// scenarioProcedure stands for the register of scenarios in the keys of texts.
const scenarioProcedure sharing.Procedure = "scenario"

// scenarioInputs are what the authority writes of a scenario.
var scenarioInputs = []input{
	{Name: "name", As: asLine, Required: true},
	{Name: "description", As: asText, Required: true},
	{Name: "resources", As: asRows, Columns: []input{
		{Name: "resource_id", As: asSelect, From: conditionalEntries, Required: true},
		{Name: "fields", As: asLines},
	}},
	{Name: "modes", As: asTicks, From: modeChoices, Required: true},
	{Name: "duties", As: asLines},
	{Name: "valid_from", As: asDate, Required: true},
	{Name: "valid_until", As: asDate},
}

// conditionalEntries are the entries of the catalog that a scenario can have.
func conditionalEntries(s *scene) ([]choice, error) {
	var choices []choice
	q := desk.CatalogQuery{Class: sharing.Conditional, Limit: desk.MaxLimit}
	for {
		found, err := s.site.desk.Catalog(s.ctx(), s.user, q)
		if err != nil {
			return nil, err
		}
		for _, r := range found.Items {
			choices = append(choices, choice{Value: r.ID, Label: r.Title + " · " + s.words.pick(r.Provider.Name, r.Provider.NameEN) + " · " + r.Code})
		}
		if q.Cursor = found.Next; q.Cursor == "" {
			return choices, nil
		}
	}
}

// scenariosPage is the register of scenarios.
type scenariosPage struct {
	Found   desk.Page[desk.ScenarioView]
	Retired bool
	MayKeep bool
	More    more
}

// scenarios shows the register of scenarios.
func (v *visit) scenarios() error {
	page := scenariosPage{Retired: v.QueryParam("retired") == "yes", MayKeep: v.site.desk.MayKeepScenarios(v.user)}
	var err error
	if page.Found, err = v.site.desk.Scenarios(v.ctx(), v.user, desk.ScenarioQuery{Retired: page.Retired, Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}); err != nil {
		return err
	}
	page.More = v.more(page.Found.Total, page.Found.Next)
	return v.ok("scenarios", "scenarios", page)
}

// scenarioPage is one scenario.
type scenarioPage struct {
	desk.ScenarioView
	Form *form
}

func (v *visit) scenario() error {
	view, err := v.site.desk.Scenario(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	return v.ok("scenario", "scenarios", scenarioPage{view, newForm(view.Version)})
}

// scenarioFormPage is the form that registers a scenario or changes one.
type scenarioFormPage struct {
	ID, Name string // of the scenario that is changed; empty for a new one
	Form     *form
	Controls []control
}

// keeping is where the form of a scenario stands.
func (v *visit) keeping() *scene {
	return &scene{visit: v, Procedure: scenarioProcedure, Action: sharing.Keep}
}

func (v *visit) showScenarioForm(status int, page scenarioFormPage) error {
	if !v.site.desk.MayKeepScenarios(v.user) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	var err error
	if page.Controls, err = v.keeping().lay(page.Form, scenarioInputs); err != nil {
		return err
	}
	return v.show(status, "scenario_form", "scenarios", page)
}

func (v *visit) newScenario() error {
	return v.showScenarioForm(http.StatusOK, scenarioFormPage{Form: newForm(0)})
}

func (v *visit) registerScenario() error { return v.keepScenario(scenarioFormPage{Form: v.form()}) }

func (v *visit) editScenario() error {
	view, err := v.site.desk.Scenario(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	if !view.MayKeep {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	page := scenarioFormPage{ID: view.ID, Name: view.Name, Form: newForm(view.Version)}
	page.Form.typeScenario(view.ScenarioText)
	return v.showScenarioForm(http.StatusOK, page)
}

// typeScenario types a scenario into its form.
func (f *form) typeScenario(s sharing.ScenarioText) {
	for name, value := range map[string]string{
		"name": s.Name, "description": s.Description, "duties": strings.Join(s.Duties, "\n"), "valid_from": s.ValidFrom.String(),
		"resources.rows": strconv.Itoa(len(s.Resources)),
	} {
		f.Typed.Set(name, value)
	}
	if !s.ValidUntil.IsZero() {
		f.Typed.Set("valid_until", s.ValidUntil.String())
	}
	for _, m := range s.Modes {
		f.Typed.Add("modes", string(m))
	}
	for i, item := range s.Resources {
		row := "resources." + strconv.Itoa(i) + "."
		f.Typed.Set(row+"resource_id", item.ResourceID)
		f.Typed.Set(row+"fields", strings.Join(item.Fields, "\n"))
	}
}

// backToScenario and backToGrant lead from the address of a form to its page.
func (v *visit) backToScenario() error { return v.redirect("/scenarios/" + segment(v.Param("id"))) }
func (v *visit) backToGrant() error    { return v.redirect("/grants/" + segment(v.Param("id"))) }

func (v *visit) changeScenario() error {
	view, err := v.site.desk.Scenario(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	return v.keepScenario(scenarioFormPage{ID: view.ID, Name: view.Name, Form: v.form()})
}

func (v *visit) keepScenario(page scenarioFormPage) error {
	body, err := v.keeping().read(page.Form, scenarioInputs)
	if err != nil {
		return err
	}
	if page.Form.editing() {
		page.Form.Problems = map[string][]string{}
		return v.showScenarioForm(http.StatusOK, page)
	}
	if page.Form.Wrong() {
		page.Form.Message = v.words.T("error.invalid")
		return v.showScenarioForm(http.StatusUnprocessableEntity, page)
	}
	var text sharing.ScenarioText
	if err := json.Unmarshal(body, &text); err != nil {
		return &sharing.Error{Code: sharing.CodeInvalid, Cause: err}
	}
	kept, err := v.site.desk.SaveScenario(v.ctx(), v.user, page.Form.Key, page.ID, page.Form.Version, text)
	if err != nil {
		if other := page.Form.explain(v, err); other != nil {
			return other
		}
		return v.showScenarioForm(statusOf(sharing.CodeOf(err)), page)
	}
	v.leave("scenario_kept", "")
	return v.redirect("/scenarios/" + segment(kept.ID))
}

func (v *visit) retireScenario() error {
	f := v.form()
	id := v.Param("id")
	_, err := v.site.desk.RetireScenario(v.ctx(), v.user, f.Key, id, f.Version)
	switch code := sharing.CodeOf(err); {
	case err == nil:
		v.leave("scenario_retired", "")
	case slices.Contains([]sharing.Code{sharing.CodeStale, sharing.CodeWrongState}, code):
		v.leave("scenario_changed", "")
	default:
		return err
	}
	return v.redirect("/scenarios/" + segment(id))
}
