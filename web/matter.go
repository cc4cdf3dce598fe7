package web

import (
	"html/template"
	"net/http"
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// matterPage is one case of any procedure but a share application: what it is
// about, what was decided, its story, its clocks, and what the reader can do now.
type matterPage struct {
	desk.CaseView
	Facts    []fact
	Sections []template.HTML // what faces add
	Beside   []template.HTML // what stands beside every case
	Ways     []way           // to further cases
	Steps    []matterStep
	Acts     []actLine
	Story    []storyLine
	// Failed is what went wrong with the step just tried, when its form is no longer
	// there, and Typed what stood in it.
	Failed string
	Typed  []string
	// Meanwhile is what happened since the page was opened on which the step was decided.
	Meanwhile []storyLine
	// Cannot is what the reader cannot do now, and why.
	Cannot []obstacle
}

// matterStep is one thing the reader can do now.
type matterStep struct {
	Action   sharing.Action
	Form     *form
	Controls []control
	Open     bool
	Lead     string
}

// actLine is a step that was taken, with what was said.
type actLine struct {
	sharing.Act
	Title      string
	Department string
	Facts      []fact
}

// scene is where a form of a case, or its record, stands.
func (v *visit) scene(c *desk.CaseView, action sharing.Action) *scene {
	return &scene{visit: v, Procedure: c.Procedure, Action: action, Case: c}
}

// showMatter is [visit.showCase] for the procedures that have no page of their own.
func (v *visit) showMatter(status int, view desk.CaseView, tried sharing.Action, f *form, meanwhile []sharing.Entry) error {
	look := faces[view.Procedure]
	view.Clocks = runningFirst(view.Clocks)
	page := &matterPage{CaseView: view, Ways: v.waysFrom(view), Cannot: v.cannot(view)}
	story, err := v.storyteller()
	if err != nil {
		return err
	}
	story = story.about(view.Case, v.site.desk.Law())
	page.Story, page.Meanwhile = story.tell(view.Timeline), story.tell(meanwhile)
	if page.Facts, err = v.scene(&view, sharing.Submit).facts(view.Content, look.about(), view.Attachments); err != nil {
		return err
	}
	if look.Facts != nil {
		more, err := look.Facts(v, view)
		if err != nil {
			return err
		}
		page.Facts = append(page.Facts, more...)
	}
	if page.Sections, page.Beside, err = v.sectionsOf(view); err != nil {
		return err
	}
	if page.Acts, err = v.acts(view, story); err != nil {
		return err
	}
	if page.Steps, err = v.matterSteps(view, tried, f); err != nil {
		return err
	}
	if f != nil && !slices.ContainsFunc(page.Steps, func(s matterStep) bool { return s.Action == tried }) {
		page.Failed, page.Typed = f.Message, typedTexts(f)
	}
	return v.show(status, "matter", "cases", page)
}

// acts puts the steps that were taken into words, as far as anything was said
// with them.
func (v *visit) acts(view desk.CaseView, story storyteller) ([]actLine, error) {
	look := faces[view.Procedure]
	var lines []actLine
	for _, act := range view.Acts {
		inputs, known := look.Steps[act.Action]
		if !known {
			continue
		}
		line := actLine{Act: act, Title: v.words.Of("did", view.Procedure, act.Action), Department: act.DepartmentName}
		if name := story.department(act.Department); name != "" {
			line.Department = name
		}
		var err error
		if line.Facts, err = v.scene(&view, act.Action).facts(act.Body, inputs, view.Attachments); err != nil {
			return nil, err
		}
		if len(line.Facts) > 0 {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// matterSteps lays out the forms of what the reader can do now.
func (v *visit) matterSteps(view desk.CaseView, tried sharing.Action, f *form) ([]matterStep, error) {
	look := faces[view.Procedure]
	var steps []matterStep
	for _, action := range look.steps(view.Procedure) {
		if !slices.Contains(view.Can, action) || look.Offers != nil && !look.Offers(view, action) {
			continue
		}
		aside := slices.Contains(look.Aside, action) || slices.Contains(asideSteps, action)
		step := matterStep{Action: action, Form: newForm(view.Version), Open: tried == "" && len(steps) == 0 && !aside}
		if action == tried {
			step.Form, step.Open = f, true
		} else if look.Given != nil {
			if err := look.Given(v.scene(&view, action), step.Form); err != nil {
				return nil, err
			}
		}
		step.Form.Prefix = "-" + string(action)
		if key := v.words.first("lead."+string(view.Procedure)+"."+string(action), "lead."+string(action)); v.words.Knows(key) {
			step.Lead = v.words.T(key)
		}
		var err error
		if step.Controls, err = v.scene(&view, action).lay(step.Form, look.Steps[action]); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// takeStep takes a step on a case with what was typed into its form.
func (v *visit) takeStep() error {
	view, err := v.site.desk.Case(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	action := sharing.Action(v.Param("action"))
	if take := shareSteps[action]; view.Procedure == sharing.ShareApplication && take != nil {
		return take(v)
	}
	inputs, known := faces[view.Procedure].Steps[action]
	if !known {
		return &sharing.Error{Code: sharing.CodeNotFound}
	}
	f := v.form()
	body, err := v.scene(&view, action).read(f, inputs)
	if err != nil {
		return err
	}
	if f.editing() {
		f.Problems = map[string][]string{}
		return v.again(http.StatusOK, action, f)
	}
	if f.Wrong() {
		return v.refuseForm(action, f)
	}
	outcome, err := v.site.desk.Step(v.ctx(), v.user, v.act(f), action, body)
	if err == nil {
		p := string(view.Procedure)
		v.leave(v.words.known(noticePrefix, "done."+p+"."+string(action)+"."+string(outcome.State), "done."+p+"."+string(action),
			"done."+string(action)+"."+string(outcome.State), "done."+string(action), "done"), "")
		return v.redirect("/cases/" + segment(view.ID))
	}
	return v.stepped(action, f, outcome, err)
}

// known returns the first of the keys that has a text under the prefix, or the last.
func (w words) known(prefix string, keys ...string) string {
	for _, key := range keys {
		if w.Knows(prefix + key) {
			return key
		}
	}
	return keys[len(keys)-1]
}
