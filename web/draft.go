package web

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// draftPage is an application while it is written.
type draftPage struct {
	ID          string // empty until it is saved for the first time
	Form        *form
	Items       []draftItem
	Modes       []sharing.Mode
	Departments []sharing.Department // for which a paper application can be registered
	MaxTerm     int
	// Stored lists what somebody else saved meanwhile, where it differs from what
	// is typed here.
	Stored []difference
	// Scenarios of the authority's register that can be named, and whether the region
	// has such a register.
	Scenarios    []desk.ScenarioView
	HasScenarios bool
	// Asked are elements that the regulation asks of applications besides.
	Analysis bool // 核心业务梳理
	// Earlier are applications whose texts can be used again.
	Earlier []choice
	Endings []ending // what keeps an application from being accepted today
}

// draftItem is one resource of a draft.
type draftItem struct {
	ID       string
	Index    int
	Resource *sharing.Resource // nil when it is not, or no longer, to be seen
	Chosen   []string          // names of the fields chosen; all when empty
}

// Picks reports whether the field is asked for.
func (i draftItem) Picks(name string) bool {
	return len(i.Chosen) == 0 || slices.Contains(i.Chosen, name)
}

// Unlisted reports whether the catalog shares one of the resources in other ways.
func (p draftPage) Unlisted(m sharing.Mode) bool {
	return slices.ContainsFunc(p.Items, func(i draftItem) bool { return i.Resource != nil && unlisted(m, i.Resource.Modes) })
}

// difference is one field in which two versions differ.
type difference struct{ Label, Stored string }

// newDraft begins an application, with the resource that the address names and,
// where it says like which, the texts of an earlier one.
func (v *visit) newDraft() error {
	f := newForm(0)
	if id := v.QueryParam("resource"); id != "" {
		f.Typed["item"] = []string{id}
	}
	if id := v.QueryParam("like"); id != "" {
		if err := v.fillFrom(f, id); err != nil {
			return err
		}
	}
	return v.showDraft(http.StatusOK, "", f, nil)
}

// editDraft opens a draft to go on writing.
func (v *visit) editDraft() error {
	a, err := v.site.desk.Application(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	if a.State != sharing.Draft {
		return v.redirect("/applications/" + segment(a.ID))
	}
	return v.showDraft(http.StatusOK, a.ID, formOf(a), nil)
}

// formOf fills a form with what a draft holds.
func formOf(a desk.ApplicationView) *form {
	f := newForm(a.Version)
	d := draftOf(a)
	for _, item := range d.Items {
		f.Typed.Add("item", item.ResourceID)
		f.Typed["field."+item.ResourceID] = item.Fields
	}
	f.Typed.Set("purpose", d.Purpose)
	f.Typed.Set("duty", d.Duty)
	f.Typed.Set("scenario", d.Scenario)
	f.Typed.Set("scenario_id", d.ScenarioID)
	f.Typed.Set("business_analysis", d.BusinessAnalysis)
	f.Typed.Set("renews", d.Renews)
	f.Typed.Set("mode", string(d.Mode))
	f.Typed.Set("for", d.For)
	if d.TermMonths > 0 {
		f.Typed.Set("term_months", strconv.Itoa(d.TermMonths))
	}
	f.Typed["attachment"] = d.Attachments
	return f
}

// showDraft shows the form of a draft with what stands in f.
func (v *visit) showDraft(status int, id string, f *form, stored []difference) error {
	modes, err := v.modes()
	if err != nil {
		return err
	}
	f.order = []string{"/items", "/for", "/purpose", "/duty", "/mode", "/term_months", "/scenario_id", "/business_analysis", "/scenario", "/attachments"}
	page := draftPage{ID: id, Form: f, Modes: modes, MaxTerm: sharing.MaxTermMonths, Stored: stored}
	if page.Endings, err = v.ended(); err != nil {
		return err
	}
	if err := v.askedOf(&page); err != nil {
		return err
	}
	for i, item := range f.Typed["item"] {
		line := draftItem{ID: item, Index: i, Chosen: f.Typed["field."+item]}
		r, err := v.site.desk.Resource(v.ctx(), v.user, item)
		switch {
		case err == nil:
			line.Resource = &r
		case sharing.CodeOf(err) != sharing.CodeNotFound:
			return err
		}
		page.Items = append(page.Items, line)
	}
	if v.site.desk.MayRegisterPaper(v.user) {
		departments, err := v.site.desk.Departments(v.ctx(), v.user)
		if err != nil {
			return err
		}
		page.Departments = departments
	}
	if err := v.nameFiles(f); err != nil {
		return err
	}
	if page.Earlier, err = v.earlierApplications(id); err != nil {
		return err
	}
	return v.show(status, "draft", "applications", page)
}

// askedOf adds to the form what the regulation in force asks of applications
// besides, and what of the register of scenarios can be chosen.
func (v *visit) askedOf(page *draftPage) error {
	now, err := v.site.desk.Now(v.ctx())
	if err != nil {
		return err
	}
	if law, err := v.site.desk.Law().InForce(v.user.Region.ID, sharing.DateOf(now)); err == nil {
		_, page.Analysis = law.Requires(string(sharing.ElementAnalysis))
	}
	if page.HasScenarios, err = v.site.desk.OffersScenarios(v.ctx(), v.user); err != nil || !page.HasScenarios {
		return err
	}
	found, err := v.site.desk.Scenarios(v.ctx(), v.user, desk.ScenarioQuery{Limit: desk.MaxLimit})
	page.Scenarios = found.Items
	return err
}

// modes lists the ways of having data that can be asked for under the regulation
// in force today; all of them where none is.
func (v *visit) modes() ([]sharing.Mode, error) {
	now, err := v.site.desk.Now(v.ctx())
	if err != nil {
		return nil, err
	}
	law, err := v.site.desk.Law().InForce(v.user.Region.ID, sharing.DateOf(now))
	if err != nil {
		// That none is in force is said when the application is checked.
		return sharing.Modes, nil
	}
	return allowedModes(law), nil
}

// saveNewDraft saves an application for the first time.
func (v *visit) saveNewDraft() error { return v.storeDraft("") }

// saveDraft saves what is typed and goes where the button pressed leads.
func (v *visit) saveDraft() error { return v.storeDraft(v.Param("id")) }

func (v *visit) storeDraft(id string) error {
	f := v.form()
	if f.Value("then") == "reuse" {
		return v.reuse(id, f)
	}
	if f.Value("then") == "auto" {
		return v.autosave(id, f)
	}
	draft, err := v.readDraft(f)
	if err != nil {
		return err
	}
	if f.Wrong() {
		f.Message = v.words.T("error.invalid")
		return v.showDraft(http.StatusUnprocessableEntity, id, f, nil)
	}
	a, err := v.site.desk.SaveDraft(v.ctx(), v.user, f.Key, id, f.Version, draft)
	if err != nil {
		return v.draftFailed(id, f, draft, err)
	}
	path := "/applications/" + segment(a.ID)
	switch f.Value("then") {
	case "preview":
		return v.redirect(path + "/preview")
	case "more":
		return v.redirect("/catalog?draft=" + segment(a.ID))
	}
	if f.Value("remove") == "" && f.Value("detach") == "" {
		v.leave("saved", "")
	}
	return v.redirect(path + "/edit")
}

// autosaved answers the script that saves a draft by itself.
type autosaved struct {
	Said    string `json:"said"` // for the reader
	Key     string `json:"key"`  // of what is saved next
	Version int    `json:"version,omitempty"`
	Action  string `json:"action,omitempty"` // where it is saved next
}

// autosave saves a draft while it is written. It answers a script, in short.
func (v *visit) autosave(id string, f *form) error {
	failed := func(status int, text string) error {
		return v.JSON(status, autosaved{Said: text, Key: rand.Text()})
	}
	draft, err := v.readDraft(f)
	if err != nil {
		return err
	}
	if f.Wrong() {
		return failed(http.StatusUnprocessableEntity, v.words.T("autosave.wrong"))
	}
	a, err := v.site.desk.SaveDraft(v.ctx(), v.user, f.Key, id, f.Version, draft)
	switch code := sharing.CodeOf(err); {
	case err == nil:
		return v.JSON(http.StatusOK, autosaved{Said: v.words.T("autosave.done", a.UpdatedAt.In(sharing.Shanghai).Format("15:04:05")),
			Key: rand.Text(), Version: a.Version, Action: "/applications/" + segment(a.ID) + "/edit"})
	case code == sharing.CodeStale, code == sharing.CodeWrongState:
		return failed(http.StatusConflict, v.words.T("autosave.stale"))
	case code != "":
		return failed(statusOf(code), v.words.T("autosave.wrong"))
	}
	return err
}

// maxEarlierApplications is how many earlier applications are offered to be used again.
const maxEarlierApplications = 10

// earlierApplications offers the department's earlier applications, the last first.
func (v *visit) earlierApplications(except string) ([]choice, error) {
	found, err := v.site.desk.Applications(v.ctx(), v.user, sharing.Submitted, "", maxEarlierApplications)
	var list []choice
	for _, a := range found.Items {
		if a.ID != except {
			list = append(list, choice{Value: a.ID, Label: a.Number + " · " + clip(a.Request.Purpose, 40)})
		}
	}
	return list, err
}

// clip shortens a text to so many characters.
func clip(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most]) + "…"
}

// reuse fills in, where nothing was typed yet, what an earlier application said.
func (v *visit) reuse(id string, f *form) error {
	if _, err := v.readDraft(f); err != nil { // keeps what is uploaded
		return err
	}
	f.Problems = map[string][]string{}
	if from := f.Value("reuse"); from != "" {
		if err := v.fillFrom(f, from); err != nil {
			return err
		}
	}
	return v.showDraft(http.StatusOK, id, f, nil)
}

// fillFrom is [fillIn] with what an earlier application said, if it may be seen.
func (v *visit) fillFrom(f *form, id string) error {
	a, err := v.site.desk.Application(v.ctx(), v.user, id)
	switch {
	case err == nil:
		fillIn(f, a.Request)
		for _, item := range a.Request.Items {
			if name := "field." + item.ResourceID; f.Has("item", item.ResourceID) && len(f.Typed[name]) == 0 {
				f.Typed[name] = item.Fields
			}
		}
	case sharing.CodeOf(err) != sharing.CodeNotFound:
		return err
	}
	return nil
}

// fillIn writes a request into the fields of a form that are empty.
func fillIn(f *form, r sharing.Request) {
	term := ""
	if r.TermMonths > 0 {
		term = strconv.Itoa(r.TermMonths)
	}
	for name, value := range map[string]string{"purpose": r.Purpose, "duty": r.Duty, "mode": string(r.Mode), "term_months": term,
		"scenario": r.Scenario, "scenario_id": r.ScenarioID, "business_analysis": r.BusinessAnalysis} {
		if strings.TrimSpace(f.Value(name)) == "" {
			f.Typed.Set(name, value)
		}
	}
}

// readDraft makes a draft of what was typed.
func (v *visit) readDraft(f *form) (desk.Draft, error) {
	f.Typed["item"] = slices.DeleteFunc(f.Typed["item"], func(id string) bool { return id == "" || id == f.Value("remove") })
	var d desk.Draft
	for i, id := range f.Typed["item"] {
		item := sharing.Item{ResourceID: id, Fields: f.Typed["field."+id]}
		all, err := strconv.Atoi(f.Value("fields." + id)) // how many fields there were to choose from
		if err == nil && all > 0 && len(item.Fields) == 0 {
			f.add("/items/"+strconv.Itoa(i)+"/fields", v.words.T("rule.required.fields"))
		}
		if len(item.Fields) == all {
			item.Fields = nil
		}
		d.Items = append(d.Items, item)
	}
	d.Purpose, d.Duty, d.Scenario = f.Value("purpose"), f.Value("duty"), f.Value("scenario")
	d.ScenarioID, d.BusinessAnalysis, d.Renews = f.Value("scenario_id"), f.Value("business_analysis"), f.Value("renews")
	d.Mode = sharing.Mode(f.Value("mode"))
	d.TermMonths = f.number(v, "term_months", "/term_months")
	d.For = f.Value("for")
	ids, err := v.attach(f)
	if err != nil {
		return desk.Draft{}, err
	}
	d.Attachments = ids
	return d, nil
}

// draftFailed shows the form again with what was typed and what went wrong. When
// somebody else saved meanwhile it says what differs, and saving again overwrites.
func (v *visit) draftFailed(id string, f *form, typed desk.Draft, err error) error {
	if other := f.explain(v, err); other != nil {
		return other
	}
	code := sharing.CodeOf(err)
	changed := code == sharing.CodeStale || code == sharing.CodeWrongState || code == sharing.CodeKeyReused
	if id == "" || !changed {
		return v.showDraft(statusOf(code), id, f, nil)
	}
	a, err := v.site.desk.Application(v.ctx(), v.user, id)
	if err != nil {
		return err
	}
	if a.State != sharing.Draft {
		v.leave("no_draft", "")
		return v.redirect("/applications/" + segment(id))
	}
	f.Version = a.Version
	return v.showDraft(statusOf(code), id, f, v.words.differences(draftOf(a), typed))
}

// differences lists where the stored draft says something else than the typed one.
func (w words) differences(stored, typed desk.Draft) []difference {
	var list []difference
	note := func(key, was, is string) {
		if was != is {
			list = append(list, difference{w.T(key), was})
		}
	}
	note("apply.purpose", stored.Purpose, typed.Purpose)
	note("apply.duty", stored.Duty, typed.Duty)
	note("apply.scenario", stored.Scenario, typed.Scenario)
	note("apply.analysis", stored.BusinessAnalysis, typed.BusinessAnalysis)
	if stored.Mode != typed.Mode {
		list = append(list, difference{w.T("apply.mode"), w.Code("mode", stored.Mode)})
	}
	if stored.TermMonths != typed.TermMonths {
		list = append(list, difference{w.T("apply.term"), w.Term(stored.TermMonths)})
	}
	same := slices.EqualFunc(stored.Items, typed.Items, func(a, b sharing.Item) bool {
		return a.ResourceID == b.ResourceID && slices.Equal(a.Fields, b.Fields)
	})
	if !same {
		list = append(list, difference{w.T("apply.resources"), w.N("apply.count", len(stored.Items))})
	}
	if !slices.Equal(stored.Attachments, typed.Attachments) {
		list = append(list, difference{w.T("apply.files"), w.N("apply.files.count", len(stored.Attachments))})
	}
	return list
}

// discardDraft throws a draft away.
func (v *visit) discardDraft() error {
	f := v.form()
	id := v.Param("id")
	if err := v.site.desk.DiscardDraft(v.ctx(), v.user, f.Key, id, f.Version); err != nil {
		if sharing.CodeOf(err) == sharing.CodeStale {
			v.leave("stale_draft", "")
			return v.redirect("/applications/" + segment(id) + "/edit")
		}
		return err
	}
	v.leave("discarded", "")
	return v.redirect("/applications")
}
