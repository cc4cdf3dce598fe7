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
	Found      desk.Page[desk.CaseSummary]
	More       more
}

// cases lists the cases one may see, as applicant, as provider, or all of them.
func (v *visit) cases() error {
	tabs, as := v.tabs("/cases", "as", []string{"all", string(sharing.AsApplicant), string(sharing.AsProvider)},
		func(value string) string { return v.words.T("cases.tab." + value) })
	q := desk.CaseQuery{Number: strings.TrimSpace(v.QueryParam("number")), Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	if as != "all" {
		q.As = sharing.Relation(as)
	}
	states := sharing.States
	if p := sharing.Procedure(v.QueryParam("procedure")); slices.Contains(sharing.Procedures, p) {
		q.Procedure, states = p, p.Machine().States()
	}
	if state := sharing.State(v.QueryParam("state")); slices.Contains(states, state) {
		q.State = state
	}
	found, err := v.site.desk.Cases(v.ctx(), v.user, q)
	if err != nil {
		return err
	}
	if q.Number != "" && q.Cursor == "" && len(found.Items) == 1 && found.Items[0].Number == q.Number {
		return v.redirect("/cases/" + segment(found.Items[0].ID))
	}
	return v.ok("cases", "cases", casesPage{Tabs: tabs, As: as, State: q.State, States: states, Procedure: q.Procedure, Procedures: sharing.Procedures, Number: q.Number,
		Found: found, More: v.more(found.Total, found.Next)})
}
