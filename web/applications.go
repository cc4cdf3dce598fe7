package web

import (
	"net/url"

	"gongshu/desk"
	"gongshu/sharing"
)

// applicationsPage lists the applications of one's department.
type applicationsPage struct {
	Tabs     []tab
	State    sharing.ApplicationState
	Found    desk.Page[sharing.Application]
	Titles   map[string]string // of the resources, by id
	More     more
	MayPaper bool
}

// Named lists the titles of the resources of an application that may be seen.
func (p applicationsPage) Named(a sharing.Application) []string {
	var titles []string
	for _, item := range a.Request.Items {
		if title := p.Titles[item.ResourceID]; title != "" {
			titles = append(titles, title)
		}
	}
	return titles
}

// applications lists drafts, or what was sent. Who has no draft is led to what was sent.
func (v *visit) applications() error {
	states := []string{string(sharing.Draft), string(sharing.Submitted)}
	tabs, state := v.tabs("/applications", "state", states, func(s string) string { return v.words.T("applications.tab." + s) })
	tabs[0].Address = address("/applications", url.Values{"state": {string(sharing.Draft)}})
	found, err := v.site.desk.Applications(v.ctx(), v.user, sharing.ApplicationState(state), v.QueryParam("cursor"), desk.DefaultLimit)
	if err != nil {
		return err
	}
	if v.QueryParam("state") == "" && len(found.Items) == 0 && v.QueryParam("cursor") == "" {
		sent, err := v.site.desk.Applications(v.ctx(), v.user, sharing.Submitted, "", 1)
		if err != nil {
			return err
		}
		if len(sent.Items) > 0 {
			return v.redirect("/applications?state=" + string(sharing.Submitted))
		}
	}
	var ids []string
	for _, a := range found.Items {
		for _, item := range a.Request.Items {
			ids = append(ids, item.ResourceID)
		}
	}
	titles, err := v.site.desk.Titles(v.ctx(), v.user, ids)
	if err != nil {
		return err
	}
	return v.ok("applications", "applications", applicationsPage{Tabs: tabs, State: sharing.ApplicationState(state), Found: found, Titles: titles,
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
