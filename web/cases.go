package web

import (
	"slices"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// casesPage lists cases.
type casesPage struct {
	Tabs   []tab
	As     string
	State  sharing.State
	States []sharing.State // of the procedure
	// Procedure is the one listed; "" lists all.
	Procedure  sharing.Procedure
	Procedures []sharing.Procedure
	Number     string
	Query      desk.CaseQuery
	Narrowed   string // what else narrows the list, in words
	Found      desk.Page[desk.CaseSummary]
	More       more
	Export     export // the list as a spreadsheet
	Most       int    // rows of it at most
}

// caseQuery reads which cases are asked for from the address, and how it names those
// of one side.
func (v *visit) caseQuery() (q desk.CaseQuery, as string) {
	q = desk.CaseQuery{Number: strings.TrimSpace(v.QueryParam("number")), Provider: v.QueryParam("provider"), Regulation: v.QueryParam("regulation"),
		Open: v.QueryParam("open") == "yes", Late: v.QueryParam("late") == "yes", Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	as = v.QueryParam("as")
	if relation := sharing.Relation(as); relation == sharing.AsApplicant || relation == sharing.AsProvider {
		q.As = relation
	}
	states := sharing.States
	if p := sharing.Procedure(v.QueryParam("procedure")); slices.Contains(sharing.Procedures, p) {
		q.Procedure, states = p, p.Machine().States()
	}
	if state := sharing.State(v.QueryParam("state")); slices.Contains(states, state) {
		q.State = state
	}
	for name, to := range map[string]*sharing.Date{"received_from": &q.Received.From, "received_to": &q.Received.To, "closed_from": &q.Closed.From, "closed_to": &q.Closed.To} {
		if day, err := sharing.ParseDate(v.QueryParam(name)); err == nil {
			*to = day
		}
	}
	return q, as
}

// cases lists the cases one may see, as applicant, as provider, or all of them.
func (v *visit) cases() error {
	tabs, as := v.tabs("/cases", "as", []string{"all", string(sharing.AsApplicant), string(sharing.AsProvider)},
		func(value string) string { return v.words.T("cases.tab." + value) })
	q, _ := v.caseQuery()
	states := sharing.States
	if q.Procedure != "" {
		states = q.Procedure.Machine().States()
	}
	found, err := v.site.desk.Cases(v.ctx(), v.user, q)
	if err != nil {
		return err
	}
	if q.Number != "" && q.Cursor == "" && len(found.Items) == 1 && found.Items[0].Number == q.Number {
		return v.redirect("/cases/" + segment(found.Items[0].ID))
	}
	page := casesPage{Tabs: tabs, As: as, State: q.State, States: states, Procedure: q.Procedure, Procedures: sharing.Procedures, Number: q.Number, Query: q,
		Found: found, More: v.more(found.Total, found.Next), Most: desk.MaxExport}
	values := v.QueryParams()
	values.Del("cursor")
	page.Export = newExport("/cases/export", values)
	if page.Narrowed, err = v.casesNarrowed(q); err != nil {
		return err
	}
	return v.ok("cases", "cases", page)
}

// casesNarrowed says what narrows a list of cases besides what its form shows.
func (v *visit) casesNarrowed(q desk.CaseQuery) (string, error) {
	w := v.words
	var said []string
	days := func(key string, d desk.Days) {
		if !d.Zero() {
			said = append(said, w.T(key, w.Day(d.From), w.Day(d.To)))
		}
	}
	days("cases.received", q.Received)
	days("cases.closed", q.Closed)
	if q.Late {
		said = append(said, w.T("cases.late"))
	}
	if q.Open {
		said = append(said, w.T("cases.open"))
	}
	if q.Regulation != "" {
		name := q.Regulation
		if law, ok := v.site.desk.Law().ByID(q.Regulation); ok {
			name = w.law(law)
		}
		said = append(said, name)
	}
	if q.Provider != "" {
		departments, err := v.site.desk.AllDepartments(v.ctx(), v.user)
		if err != nil {
			return "", err
		}
		name := q.Provider
		for _, d := range departments {
			if d.ID == q.Provider {
				name = w.department(d)
			}
		}
		said = append(said, w.T("cases.provider", name))
	}
	return strings.Join(said, " · "), nil
}
