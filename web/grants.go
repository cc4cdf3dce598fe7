package web

import (
	"net/http"
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
	// Marks counts the records of each resource that are under verification, of what
	// the reader's department holds.
	Marks map[string]int
}

// grants lists the grants one's department holds or has given.
func (v *visit) grants() error {
	tabs, as := v.tabs("/grants", "as", []string{"all", string(sharing.AsApplicant), string(sharing.AsProvider)},
		func(value string) string { return v.words.T("grants.tab." + value) })
	states := sharing.GrantStates
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
	var held []string
	for _, g := range found.Items {
		if g.Grantee.ID == v.user.Department.ID {
			held = append(held, g.Resource.ID)
		}
	}
	marks, err := v.site.desk.MarkCounts(v.ctx(), v.user, held)
	if err != nil {
		return err
	}
	return v.ok("grants", "grants", grantsPage{Tabs: tabs, As: as, State: q.State, States: states, Found: found, More: v.more(found.Total, found.Next), Marks: marks})
}

// grantPage is one grant: what it covers, how it is used, and what can be done to it.
type grantPage struct {
	desk.GrantView
	Titles map[string]string // of the fields by their names
	Use    desk.Page[sharing.DayOfUse]
	More   more
	Form   *form
}

// Title names a field of the resource.
func (p *grantPage) Title(name string) string {
	if title := p.Titles[name]; title != "" {
		return title
	}
	return name
}

// grant shows one grant.
func (v *visit) grant() error { return v.showGrant(http.StatusOK, newForm(0)) }

func (v *visit) showGrant(status int, f *form) error {
	view, err := v.site.desk.Grant(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	page := &grantPage{GrantView: view, Titles: map[string]string{}, Form: f}
	r, err := v.site.desk.Resource(v.ctx(), v.user, view.Resource.ID)
	switch {
	case err == nil:
		for _, field := range r.Fields {
			page.Titles[field.Name] = field.Title
		}
	case sharing.CodeOf(err) != sharing.CodeNotFound:
		return err
	}
	if page.Use, err = v.site.desk.Use(v.ctx(), v.user, view.ID, v.QueryParam("cursor"), desk.DefaultLimit); err != nil {
		return err
	}
	page.More = v.more(page.Use.Total, page.Use.Next)
	return v.show(status, "grant", "grants", page)
}

// renewGrant drafts an application that prolongs a grant, and opens it.
func (v *visit) renewGrant() error {
	f := v.form()
	a, err := v.site.desk.Renew(v.ctx(), v.user, f.Key, v.Param("id"))
	if err != nil {
		if other := f.explain(v, err); other != nil {
			return other
		}
		return v.showGrant(statusOf(sharing.CodeOf(err)), f)
	}
	v.leave("renewal_drafted", "")
	return v.redirect("/applications/" + segment(a.ID) + "/edit")
}
