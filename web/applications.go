package web

import (
	"gongshu/desk"
	"gongshu/sharing"
)

// applicationsPage lists the applications of one's department.
type applicationsPage struct {
	Tabs     []tab
	State    sharing.ApplicationState
	Found    desk.Page[sharing.Application]
	More     more
	MayPaper bool
}

// applications lists drafts, or what was sent.
func (v *visit) applications() error {
	states := []string{string(sharing.Draft), string(sharing.Submitted)}
	tabs, state := v.tabs("/applications", "state", states, func(s string) string { return v.words.T("applications.tab." + s) })
	found, err := v.site.desk.Applications(v.ctx(), v.user, sharing.ApplicationState(state), v.QueryParam("cursor"), desk.DefaultLimit)
	if err != nil {
		return err
	}
	return v.ok("applications", "applications", applicationsPage{Tabs: tabs, State: sharing.ApplicationState(state), Found: found,
		More: v.more(found.Total, found.Next), MayPaper: v.site.desk.MayRegisterPaper(v.user)})
}

// applicationPage is one application that was sent, with the cases it became.
type applicationPage struct{ View desk.ApplicationView }

// application shows one application. A draft is opened to be written on.
func (v *visit) application() error {
	a, err := v.site.desk.Application(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	if a.State == sharing.Draft {
		return v.redirect("/applications/" + segment(a.ID) + "/edit")
	}
	return v.ok("application", "applications", applicationPage{View: a})
}
