package web

import (
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// grantsPage lists standing permissions.
type grantsPage struct {
	Tabs   []tab
	As     string
	State  sharing.GrantState
	States []sharing.GrantState
	Found  desk.Page[sharing.Grant]
	More   more
}

// grants lists the grants one's department holds or has given.
func (v *visit) grants() error {
	tabs, as := v.tabs("/grants", "as", []string{"all", string(sharing.AsApplicant), string(sharing.AsProvider)},
		func(value string) string { return v.words.T("grants.tab." + value) })
	states := []sharing.GrantState{sharing.GrantActive, sharing.GrantEnded}
	q := desk.GrantQuery{Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	if as != "all" {
		q.As = sharing.Relation(as)
	}
	if state := sharing.GrantState(v.QueryParam("state")); slices.Contains(states, state) {
		q.State = state
	}
	found, err := v.site.desk.Grants(v.ctx(), v.user, q)
	if err != nil {
		return err
	}
	return v.ok("grants", "grants", grantsPage{Tabs: tabs, As: as, State: q.State, States: states, Found: found, More: v.more(found.Total, found.Next)})
}
