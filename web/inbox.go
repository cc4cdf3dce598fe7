package web

import (
	"gongshu/desk"
	"gongshu/sharing"
)

// inboxPage is what waits for one's department, what was done, what one started
// oneself, and what one follows.
type inboxPage struct {
	Tabs  []tab
	Tab   string
	Tasks desk.Page[desk.TaskView]
	Cases desk.Page[desk.CaseSummary] // of the tabs "mine" and "following"
	More  more
	Key   string
}

// inbox lists tasks, the most urgent first.
func (v *visit) inbox() error {
	tabs, current := v.tabs("/inbox", "tab", []string{string(desk.TabOpen), string(desk.TabDone), "mine", "following"},
		func(value string) string { return v.words.T("inbox.tab." + value) })
	page := inboxPage{Tabs: tabs, Tab: current, Key: newForm(0).Key}
	var err error
	cursor := v.QueryParam("cursor")
	if current == "mine" || current == "following" {
		page.Cases, err = v.site.desk.Cases(v.ctx(), v.user, desk.CaseQuery{Mine: current == "mine", Following: current == "following", Cursor: cursor, Limit: desk.DefaultLimit})
		page.More = v.more(page.Cases.Total, page.Cases.Next)
	} else {
		page.Tasks, err = v.site.desk.Tasks(v.ctx(), v.user, desk.TaskQuery{Tab: desk.TaskTab(current), Cursor: cursor, Limit: desk.DefaultLimit})
		page.More = v.more(page.Tasks.Total, page.Tasks.Next)
	}
	if err != nil {
		return err
	}
	return v.ok("inbox", "inbox", page)
}

// claim takes a task on oneself.
func (v *visit) claim() error {
	f := v.form()
	return v.claimed("claimed", v.site.desk.Claim(v.ctx(), v.user, f.Key, v.Param("id")))
}

// release gives a task back.
func (v *visit) release() error {
	f := v.form()
	return v.claimed("released", v.site.desk.Release(v.ctx(), v.user, f.Key, v.Param("id")))
}

func (v *visit) claimed(key string, err error) error {
	switch sharing.CodeOf(err) {
	case sharing.CodeWrongState, sharing.CodeAlreadyDecided, sharing.CodeStale, sharing.CodeInProgress:
		key = "claim_late"
	default:
		if err != nil {
			return err
		}
	}
	v.leave(key, "")
	return v.redirect(localPath(v.form().Value("next")))
}
