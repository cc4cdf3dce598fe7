package web

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

// caseSteps are the steps that are taken on the page of a share application, in the
// order in which the page offers them, beside those that have a form in its face.
// Each has its form at /cases/{id}/{step}.
var caseSteps = []sharing.Action{sharing.Pass, sharing.SendBack, sharing.Answer, sharing.RequestCompletion, sharing.Complete,
	sharing.Provide, sharing.Confirm, sharing.ReportFailure, sharing.Extend, sharing.Reassign, sharing.Withdraw}

// shareSteps are what takes the steps on a share application whose forms are the
// page's own.
var shareSteps = map[sharing.Action]handler{
	sharing.Pass: (*visit).pass, sharing.SendBack: (*visit).sendBack, sharing.Extend: (*visit).extend, sharing.Reassign: (*visit).reassign,
	sharing.RequestCompletion: (*visit).requestCompletion, sharing.Complete: (*visit).complete, sharing.Answer: (*visit).answer,
	sharing.Provide: (*visit).provide, sharing.Confirm: (*visit).confirm, sharing.ReportFailure: (*visit).reportFailure,
	sharing.Withdraw: (*visit).withdraw,
}

// asideSteps are steps that are not what a case waits for: their forms are closed
// until they are wanted.
var asideSteps = []sharing.Action{sharing.Extend, sharing.Reassign, sharing.Withdraw}

// casePage is one case: what is asked, of whom and why, its story, its clocks,
// and what the reader can do now.
type casePage struct {
	desk.CaseView
	Titles map[string]string        // titles of the resource's fields by their names
	Grades map[string]sharing.Grade // of those fields, likewise
	// Condition is what the catalog shares the resource on, and Offered in which ways;
	// empty where the entry may not be seen.
	Condition string
	Offered   []sharing.Mode
	// Replies are what was answered to the request for completion.
	Replies []storyLine
	// Again is where the same can be applied for once more, empty where it cannot.
	Again string
	// Claimable: the open task is the reader's to take.
	Claimable bool
	ClaimKey  string // under which it is taken
	Steps     []caseStep
	Modes     []sharing.Mode
	Laws      []string // offered when a legal basis is typed
	Aids      answerAids
	// Departments are those that the case can be handed over to.
	Departments []sharing.Department
	Story       []storyLine
	// Failed is what went wrong with the step just tried, when its form is no longer there.
	Failed string
	// Typed is what stood in that form.
	Typed []string
	// Meanwhile is what happened since the page was opened on which the step was decided.
	Meanwhile []storyLine
	// Acts are what was said with the steps that have a form in the face.
	Acts []actLine
	Ways []way // to further cases
	// Sections are what faces add, and Beside is what stands beside every case.
	Sections, Beside []template.HTML
	// Cannot is what the reader cannot do now, and why.
	Cannot []obstacle
}

// caseStep is one thing the reader can do now.
type caseStep struct {
	Action sharing.Action
	Case   *casePage
	Form   *form
	Open   bool
	// Controls and Lead are of a step whose form is in the face.
	Controls []control
	Lead     string
}

// Unlisted reports whether the catalog shares the resource in other ways than this.
func (p *casePage) Unlisted(m sharing.Mode) bool { return unlisted(m, p.Offered) }

// Title names a field of the resource.
func (p *casePage) Title(name string) string {
	if title := p.Titles[name]; title != "" {
		return title
	}
	return name
}

// openCase shows one case.
func (v *visit) openCase() error {
	view, err := v.site.desk.Case(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	return v.showCase(http.StatusOK, view, "", nil, nil)
}

// showCase shows a case. After a step that failed, tried is its action, f its
// form, and meanwhile what happened in between.
func (v *visit) showCase(status int, view desk.CaseView, tried sharing.Action, f *form, meanwhile []sharing.Entry) error {
	if view.Procedure != sharing.ShareApplication {
		return v.showMatter(status, view, tried, f, meanwhile)
	}
	view.Clocks = runningFirst(view.Clocks)
	page := &casePage{CaseView: view, Ways: v.waysFrom(view), Titles: map[string]string{}, Grades: map[string]sharing.Grade{}, Cannot: v.cannot(view)}
	r, err := v.site.desk.Resource(v.ctx(), v.user, view.Resource.ID)
	switch {
	case err == nil:
		for _, field := range r.Fields {
			page.Titles[field.Name], page.Grades[field.Name] = field.Title, field.Grade
		}
		page.Condition, page.Offered = r.Condition, r.Modes
	case sharing.CodeOf(err) != sharing.CodeNotFound:
		return err
	}
	story, err := v.storyteller()
	if err != nil {
		return err
	}
	story = story.about(view.Case, v.site.desk.Law())
	page.Story, page.Meanwhile = story.tell(view.Timeline), story.tell(meanwhile)
	for _, line := range page.Story {
		if line.Action == sharing.Complete && line.Note != "" {
			page.Replies = append(page.Replies, line)
		}
	}
	page.Again, page.Claimable = v.applyAgain(view.Case, r), v.site.desk.MayClaim(v.user, view)
	standing, err := v.site.desk.Departments(v.ctx(), v.user)
	if err != nil {
		return err
	}
	page.Departments = slices.DeleteFunc(standing, func(d sharing.Department) bool {
		return d.ID == view.Provider.ID || d.ID == view.Applicant.ID
	})
	page.Laws = citable(view, r)
	if page.Aids, err = v.answerAids(view, r); err != nil {
		return err
	}
	page.Modes = sharing.Modes
	if law, ok := v.site.desk.Law().ByID(view.RegulationID); ok {
		page.Modes = allowedModes(law)
	}
	if page.Claimable {
		page.ClaimKey = rand.Text()
	}
	for _, action := range caseSteps {
		if !slices.Contains(view.Can, action) {
			continue
		}
		step := caseStep{Action: action, Case: page, Form: newForm(view.Version), Open: tried == "" && len(page.Steps) == 0 && !slices.Contains(asideSteps, action)}
		if action == tried {
			step.Form, step.Open = f, true
			if err := v.nameFiles(f); err != nil {
				return err
			}
		}
		step.Form.Prefix = "-" + string(action)
		page.Steps = append(page.Steps, step)
	}
	further, err := v.matterSteps(view, tried, f)
	if err != nil {
		return err
	}
	for _, m := range further {
		page.Steps = append(page.Steps, caseStep{Action: m.Action, Case: page, Form: m.Form, Open: m.Open && (len(page.Steps) == 0 || m.Action == tried), Controls: m.Controls, Lead: m.Lead})
	}
	if page.Acts, err = v.acts(view, story); err != nil {
		return err
	}
	if page.Sections, page.Beside, err = v.sectionsOf(view); err != nil {
		return err
	}
	if f != nil && !slices.Contains(view.Can, tried) {
		page.Failed, page.Typed = f.Message, typedTexts(f)
	}
	return v.show(status, "case", "cases", page)
}

// applyAgain leads to an application for the same resource that says what this one
// said, for the applicant to correct; empty unless this one came to nothing.
func (v *visit) applyAgain(c sharing.Case, r sharing.Resource) string {
	if c.State != sharing.Refused && c.State != sharing.Withdrawn || c.Applicant.ID != v.user.Department.ID ||
		r.ID == "" || !v.site.desk.MayApply(v.user, r) {
		return ""
	}
	return address("/applications/new", url.Values{"resource": {r.ID}, "like": {c.ApplicationID}})
}

// citable lists laws that a refusal may rest on: the regulation of the case and
// what the catalog entry names as its basis.
func citable(view desk.CaseView, r sharing.Resource) []string {
	var laws []string
	for _, law := range []string{r.Basis, view.Regulation.Title} {
		if law != "" && !slices.Contains(laws, law) {
			laws = append(laws, law)
		}
	}
	return laws
}

// typedTexts lists what was written into a form, so that it is not lost.
func typedTexts(f *form) []string {
	var names []string
	for name := range f.Typed {
		switch name {
		case "csrf", "key", "version", "decision", "field", "fields", "rows", "row", "attachment", "mode", "department", "desensitise", "send", "detach":
		default:
			if !slices.ContainsFunc([]string{".attachment", ".rows", ".shown"}, func(end string) bool { return strings.HasSuffix(name, end) }) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var texts []string
	for _, name := range names {
		for _, text := range f.Typed[name] {
			if strings.TrimSpace(text) != "" {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// act says on which version of the case the form was decided, and under which key.
func (v *visit) act(f *form) desk.Act {
	return desk.Act{CaseID: v.Param("id"), Expected: f.Version, Key: f.Key}
}

// stepped ends a step: it leads back to the case, or shows the form again with
// what was typed, what is wrong, and what happened meanwhile.
func (v *visit) stepped(action sharing.Action, f *form, outcome desk.Outcome, failure error) error {
	if failure == nil {
		key := "done." + string(action)
		if action == sharing.Answer {
			key += "." + string(outcome.State)
		}
		v.leave(key, "")
		return v.redirect("/cases/" + segment(v.Param("id")))
	}
	if other := f.explain(v, failure); other != nil {
		return other
	}
	if action == sharing.Complete {
		f.labelled(v.words, "/note", v.words.T("complete.note"))
	}
	return v.again(statusOf(sharing.CodeOf(failure)), action, f)
}

// again shows the case with the form of a step as it was sent.
func (v *visit) again(status int, action sharing.Action, f *form) error {
	view, err := v.site.desk.Case(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	var meanwhile []sharing.Entry
	if f.Version > 0 && f.Version < view.Version {
		for _, e := range view.Timeline {
			if e.Version > f.Version {
				meanwhile = append(meanwhile, e)
			}
		}
		// What is sent next is decided on what the page says now.
		f.Version = view.Version
	}
	return v.showCase(status, view, action, f, meanwhile)
}

// refuseForm shows the form again because of what the page itself found wrong.
func (v *visit) refuseForm(action sharing.Action, f *form) error {
	f.Message = v.words.T("error.invalid")
	return v.again(http.StatusUnprocessableEntity, action, f)
}

// wantsRow reports whether the button for one more row was pressed.
func (f *form) wantsRow() bool { return f.Value("row") == "add" }

// allowedModes lists the ways of having data that a regulation provides for.
func allowedModes(law *regulation.Regulation) []sharing.Mode {
	return slices.DeleteFunc(slices.Clone(sharing.Modes), func(m sharing.Mode) bool {
		_, allowed := law.Mode(m)
		return !allowed
	})
}
