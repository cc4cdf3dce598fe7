package web

import (
	"gongshu/desk"
	"gongshu/sharing"
)

// menuGroup is a part of the menu: entries that belong together, under one name.
type menuGroup struct {
	Name    string // its text is "menu.group."+Name
	Entries []menuEntry
}

// menuEntry leads to a page. Its text is "menu."+Section.
type menuEntry struct {
	Section string
	Path    string
	// shown reports whether the page is the reader's to open; nil stands for anyone
	// signed in.
	shown func(v *visit) bool
	// open marks what is there without signing in too.
	open bool
}

// may makes a condition for the menu of a question to the desk.
func may(ask func(*desk.Desk, sharing.User) bool) func(*visit) bool {
	return func(v *visit) bool { return ask(v.site.desk, v.user) }
}

// administers makes a condition for the menu of what is administered.
func administers(kind sharing.Kind, action sharing.Action) func(*visit) bool {
	return func(v *visit) bool { return v.site.desk.MayAdminister(v.user, kind, action) }
}

// applies reports whether applications are the reader's to make.
func (v *visit) applies() bool {
	return v.signedIn() && (v.site.desk.MayApplyAtAll(v.user) || v.site.desk.MayRegisterPaper(v.user))
}

// paysOut reports whether the projects on hold are the reader's to mind, who has no
// board that leads to them.
func (v *visit) paysOut() bool {
	return v.site.desk.MaySeeHolds(v.user) && !v.site.desk.MayWatch(v.user)
}

// menu is the site's menu in the order shown.
var menu = []menuGroup{
	{"work", []menuEntry{
		{Section: "home", Path: "/"},
		{Section: "inbox", Path: "/inbox", shown: may((*desk.Desk).MaySeeCases)},
		{Section: "messages", Path: "/messages"},
		{Section: "cases", Path: "/cases", shown: may((*desk.Desk).MaySeeCases)},
	}},
	{"data", []menuEntry{
		{Section: "catalog", Path: "/catalog", shown: may((*desk.Desk).MaySeeCatalog)},
		{Section: "applications", Path: "/applications", shown: (*visit).applies},
		{Section: "grants", Path: "/grants", shown: may((*desk.Desk).MaySeeGrants)},
		{Section: "keys", Path: "/keys", shown: may((*desk.Desk).HasKeys)},
		{Section: "scenarios", Path: "/scenarios", shown: may((*desk.Desk).HasScenarios)},
		{Section: "open", Path: "/open", open: true},
		{Section: "follow", Path: "/open/requests", shown: func(*visit) bool { return false }, open: true},
	}},
	{"matters", []menuEntry{
		{Section: "matters", Path: "/matters/new", shown: func(v *visit) bool { return len(v.openable()) > 0 }},
		{Section: "records", Path: "/records/verification", shown: may((*desk.Desk).MayCheckRecords)},
		{Section: "registers", Path: "/registers", shown: may((*desk.Desk).MaySeeRegisters)},
		{Section: "due", Path: "/due", open: true},
	}},
	{"watch", []menuEntry{
		{Section: "board", Path: "/board", shown: may((*desk.Desk).MayWatch)},
		{Section: "bulletin", Path: "/bulletin", shown: may((*desk.Desk).MayWatch)},
		{Section: "holds", Path: "/projects/holds", shown: (*visit).paysOut},
	}},
	{"manage", []menuEntry{
		{Section: "admin", Path: "/admin", shown: may((*desk.Desk).Administrates)},
		{Section: "policy", Path: "/admin/policy", shown: administers(sharing.KindPolicy, sharing.Read)},
		{Section: "calendars", Path: "/admin/calendars", shown: may((*desk.Desk).MaySeeSettings)},
		{Section: "regulations", Path: "/admin/regulations", shown: may((*desk.Desk).MaySeeSettings)},
		{Section: "schedules", Path: "/admin/schedules", shown: may((*desk.Desk).MaySeeSettings)},
		{Section: "wordings", Path: "/wordings", shown: may((*desk.Desk).MayKeepWordings)},
		{Section: "audit", Path: "/audit", shown: may((*desk.Desk).MayAudit)},
		{Section: "reads", Path: "/audit/reads", shown: may((*desk.Desk).MayReadLog)},
	}},
}

// menuOf returns the part of the menu that is the reader's.
func (v *visit) menuOf() []menuGroup {
	var groups []menuGroup
	for _, g := range menu {
		var entries []menuEntry
		for _, e := range g.Entries {
			if v.signedIn() && (e.shown == nil || e.shown(v)) || !v.signedIn() && e.open {
				entries = append(entries, e)
			}
		}
		if entries != nil {
			groups = append(groups, menuGroup{g.Name, entries})
		}
	}
	return groups
}
