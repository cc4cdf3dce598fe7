package web

import (
	"net/url"
	"slices"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// inboxPage is what waits for one's department, what was done, what one started
// oneself, and what one follows.
type inboxPage struct {
	Tabs       []inboxTab
	Tab        string
	Text       string
	Procedures []choice
	Kinds      []choice // of tasks
	Lights     []choice
	Taken      []choice
	Orders     []choice
	// Departments are the applicants of tasks, or the other sides of cases.
	Departments []choice
	Due         desk.Due
	Chips       []chip
	Clear       string // address without what narrows the list
	Tasks       desk.Page[desk.TaskView]
	Cases       desk.Page[desk.CaseSummary] // of the tabs "mine" and "following"
	More        more
	Key         string
}

// inboxTab is a tab with the number of rows it has.
type inboxTab struct {
	tab
	Count int
}

// Many reports whether there are too many to count.
func (t inboxTab) Many() bool { return t.Count >= desk.Plenty }

// OfCases reports whether the tab lists cases instead of tasks.
func (p inboxPage) OfCases() bool { return p.Tab == "mine" || p.Tab == "following" }

// Further reports whether one of the filters is set that are not always open.
func (p inboxPage) Further() bool {
	return chosenLabel(p.Procedures) != "" || chosenLabel(p.Kinds) != "" || chosenLabel(p.Departments) != "" || chosenLabel(p.Orders) != ""
}

// inbox lists tasks, the most urgent first.
func (v *visit) inbox() error {
	tabs, current := v.tabs("/inbox", "tab", []string{string(desk.TabOpen), string(desk.TabDone), "mine", "following"},
		func(value string) string { return v.words.T("inbox.tab." + value) })
	page := inboxPage{Tab: current, Key: newForm(0).Key, Text: strings.TrimSpace(v.QueryParam("q"))}
	counts, err := v.site.desk.InboxCounts(v.ctx(), v.user)
	if err != nil {
		return err
	}
	v.counted.Tasks = &counts.Open
	for i, n := range []int{counts.Open, counts.Done, counts.Mine, counts.Following} {
		page.Tabs = append(page.Tabs, inboxTab{tabs[i], n})
	}
	departments, err := v.site.desk.AllDepartments(v.ctx(), v.user)
	if err != nil {
		return err
	}
	procedure, order := oneOf(v, "procedure", sharing.Procedures), oneOf(v, "sort", desk.Orders)
	page.Procedures, page.Orders = v.procedureOptions(procedure), v.orderOptions(order)
	page.Departments = v.departmentOptions(departments, v.QueryParam("department"))
	department := ""
	if chosenLabel(page.Departments) != "" {
		department = v.QueryParam("department")
	}
	c := chips{visit: v, base: []string{"tab"}}
	c.chip("q", v.words.T("inbox.q"), page.Text)
	c.chip("procedure", v.words.T("case.procedure"), chosenLabel(page.Procedures))
	if page.OfCases() {
		light := oneOf(v, "light", desk.Lights)
		page.Lights = v.lightOptions(light)
		page.Cases, err = v.site.desk.Cases(v.ctx(), v.user, desk.CaseQuery{Mine: current == "mine", Following: current == "following", Procedure: procedure,
			Department: department, Text: page.Text, Light: light, Order: order, Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit})
		page.More = v.more(page.Cases.Total, page.Cases.Next)
	} else {
		kinds := v.kinds()
		q := desk.TaskQuery{Tab: desk.TaskTab(current), Procedure: procedure, Applicant: department, Text: page.Text, Order: order,
			Kind: oneOf(v, "kind", kinds), Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
		if current == string(desk.TabOpen) {
			q.Light, q.Taken, q.Due = oneOf(v, "light", desk.Lights), oneOf(v, "taken", desk.TakenBy), oneOf(v, "due", []desk.Due{desk.DueToday, desk.DueWeek})
			page.Lights, page.Due = v.lightOptions(q.Light), q.Due
			page.Taken = options(desk.TakenBy, q.Taken, func(t desk.Taken) string { return v.words.Code("taken", t) })
		}
		page.Kinds = options(kinds, q.Kind, func(k sharing.TaskKind) string { return v.words.Code("task", k) })
		c.chip("kind", v.words.T("task"), chosenLabel(page.Kinds))
		if !q.Narrowed() && current == string(desk.TabOpen) {
			q.Known = counts.Open
		} else if !q.Narrowed() && counts.Done < desk.Plenty {
			q.Known = counts.Done
		}
		page.Tasks, err = v.site.desk.Tasks(v.ctx(), v.user, q)
		page.More = v.more(page.Tasks.Total, page.Tasks.Next)
	}
	if err != nil {
		return err
	}
	c.chip("light", v.words.T("case.left"), chosenLabel(page.Lights))
	if page.Due != "" {
		c.chip("due", v.words.T("case.left"), v.words.Code("due", page.Due))
	}
	c.chip("taken", v.words.T("task.who"), chosenLabel(page.Taken))
	c.chip("department", v.words.T("inbox.department"), chosenLabel(page.Departments))
	page.Chips, page.Clear = c.list, c.clear()
	return v.ok("inbox", "inbox", page)
}

// kinds are the kinds of tasks that can be waiting for the reader: of what the
// reader may do, that for which a case waits.
func (v *visit) kinds() []sharing.TaskKind {
	return slices.DeleteFunc(v.site.desk.TaskKinds(v.user), func(k sharing.TaskKind) bool { return !v.words.Knows("task." + string(k)) })
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

// bulkPage tells what became of each of several things done at once.
type bulkPage struct {
	Title string
	Lines []bulkLine
	Done  int // how many were carried out
	Back  string
}

// bulkLine is one of them. Failed says why it was not done.
type bulkLine struct{ Number, Title, Address, Failed string }

// maxBulk is how many things can be done at once.
const maxBulk = desk.MaxLimit

// bulk does one thing after the other and shows what became of each. What could
// not be done for one does not keep the others from being done.
func (v *visit) bulk(title, section string, f *form, ids []string, line func(id string) bulkLine, do func(key, id string) error) error {
	if len(ids) == 0 {
		v.leave("none_chosen", "")
		return v.redirect(localPath(f.Value("next")))
	}
	page := bulkPage{Title: title, Back: localPath(f.Value("next"))}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids[:min(len(ids), maxBulk)]))) {
		l := line(id)
		switch err := do(f.Key+"."+id, id); {
		case err == nil:
			page.Done++
		case sharing.CodeOf(err) == "":
			return err
		default:
			l.Failed = v.words.Code("error", sharing.CodeOf(err))
		}
		page.Lines = append(page.Lines, l)
	}
	return v.ok("bulk", section, page)
}

// claimSeveral takes several tasks on oneself or gives them back.
func (v *visit) claimSeveral() error {
	f := v.form()
	do, title := v.site.desk.Claim, "bulk.claim"
	if f.Value("do") == "release" {
		do, title = v.site.desk.Release, "bulk.release"
	}
	// The tasks are named by what their page said of them.
	line := func(id string) bulkLine {
		return bulkLine{Number: f.Value("number." + id), Title: f.Value("title." + id), Address: "/cases/" + segment(f.Value("number."+id))}
	}
	return v.bulk(v.words.T(title), "inbox", f, f.Typed["task"], line, func(key, id string) error { return do(v.ctx(), v.user, key, id) })
}

// acknowledgeSeveral notes that several changes ahead were read.
func (v *visit) acknowledgeSeveral() error {
	f := v.form()
	notices, err := v.site.desk.ChangeNotices(v.ctx(), v.user)
	if err != nil {
		return err
	}
	line := func(id string) bulkLine {
		for _, n := range notices {
			if n.CaseID == id {
				return bulkLine{Number: n.Number, Title: n.Resource.Title, Address: "/changes/notices"}
			}
		}
		return bulkLine{Number: "—", Address: "/changes/notices"}
	}
	return v.bulk(v.words.T("bulk.acknowledge"), "home", f, f.Typed["notice"], line, func(key, id string) error {
		return v.site.desk.AcknowledgeChange(v.ctx(), v.user, key, id)
	})
}

// inboxAddress is the address of the inbox narrowed by parameters and values.
func inboxAddress(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return address("/inbox", q)
}
