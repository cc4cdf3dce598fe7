package web

import (
	"html/template"
	"net/http"
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// sidePart is what goes on beside the steps of a case: what is said, who is waited
// for, which cases belong to it.
type sidePart struct {
	desk.Aside
	Case sharing.Case
	CSRF string
	// Forms by action; the one that was just tried has its problems, and is open.
	Forms map[sharing.Action]*form
	Tried sharing.Action
	Older bool // there are more comments than are shown
}

// Offers reports whether the reader can do it now.
func (p sidePart) Offers(action sharing.Action) bool { return slices.Contains(p.Can, action) }

// Form returns the form of an action.
func (p sidePart) Form(action string) *form { return p.Forms[sharing.Action(action)] }

// sideForms are the actions beside the steps that have a form or a button.
var sideForms = []sharing.Action{sharing.Comment, sharing.Follow, sharing.Unfollow, sharing.Urge, sharing.Supervise, sharing.LinkCases, sharing.UnlinkCases}

// everyone makes the part of a case's page that every case has; none for those
// whom the discussion does not concern.
func (v *visit) everyone(c desk.CaseView) ([]template.HTML, error) {
	if len(c.Aside.Can) == 0 && len(c.Aside.Comments) == 0 {
		return nil, nil
	}
	part := sidePart{Aside: c.Aside, Case: c.Case, CSRF: v.mark(), Forms: map[sharing.Action]*form{}, Older: c.Aside.Said > len(c.Aside.Comments)}
	for _, action := range sideForms {
		part.Forms[action] = newForm(0)
		if v.tried == action {
			part.Tried, part.Forms[action] = action, v.triedForm
			if err := v.nameFiles(v.triedForm); err != nil {
				return nil, err
			}
		}
		part.Forms[action].Prefix = "-" + string(action)
	}
	html, err := v.part("everyone", part)
	return []template.HTML{html}, err
}

// beside ends something done beside the steps of a case: it leads back to where it
// was done, or shows the case again with the form and what is wrong with it.
func (v *visit) beside(action sharing.Action, f *form, failure error) error {
	if failure == nil {
		v.leave("aside."+string(action), "")
		return v.redirect("/cases/" + segment(v.Param("id")) + "#c-aside")
	}
	if other := f.explain(v, failure); other != nil {
		return other
	}
	view, err := v.site.desk.Case(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	v.tried, v.triedForm = action, f
	return v.showCase(statusOf(sharing.CodeOf(failure)), view, "", nil, nil)
}

// comment says something to a case.
func (v *visit) comment() error {
	f := v.form()
	n := sharing.NewComment{Text: f.Value("text"), Internal: f.Has("internal", "yes")}
	if f.Has("kind", string(sharing.ReplyComment)) {
		n.Kind = sharing.ReplyComment
	}
	var err error
	if n.Attachments, err = v.attach(f); err != nil {
		return err
	}
	if f.Value("detach") == "" && len(f.Problems) == 0 {
		_, err = v.site.desk.Comment(v.ctx(), v.user, f.Key, v.Param("id"), n)
		return v.beside(sharing.Comment, f, err)
	}
	view, err := v.site.desk.Case(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	v.tried, v.triedForm = sharing.Comment, f
	return v.showCase(http.StatusUnprocessableEntity, view, "", nil, nil)
}

// followCase has the reader told what becomes of a case.
func (v *visit) followCase() error {
	f := v.form()
	return v.beside(sharing.Follow, f, v.site.desk.Follow(v.ctx(), v.user, f.Key, v.Param("id"), true))
}

// unfollowCase ends that.
func (v *visit) unfollowCase() error {
	f := v.form()
	return v.beside(sharing.Unfollow, f, v.site.desk.Follow(v.ctx(), v.user, f.Key, v.Param("id"), false))
}

// urge tells whoever owes the next step that it is waited for.
func (v *visit) urge() error {
	f := v.form()
	_, err := v.site.desk.Urge(v.ctx(), v.user, f.Key, v.Param("id"))
	return v.beside(sharing.Urge, f, err)
}

// supervise takes a case under supervision.
func (v *visit) supervise() error {
	f := v.form()
	n := sharing.NewSupervision{Note: f.Value("note"), ReplyBy: v.typedDay(f, "reply_by", "/reply_by")}
	if len(f.Problems) > 0 {
		return v.beside(sharing.Supervise, f, &sharing.Error{Code: sharing.CodeInvalid})
	}
	_, err := v.site.desk.Supervise(v.ctx(), v.user, f.Key, v.Param("id"), n)
	return v.beside(sharing.Supervise, f, err)
}

// typedDay reads a day typed into a field; what is no day becomes a problem.
func (v *visit) typedDay(f *form, name, pointer string) sharing.Date {
	text := f.Value(name)
	if text == "" {
		return 0
	}
	day, err := sharing.ParseDate(text)
	if err != nil {
		f.add(pointer, v.words.T("rule.date"))
	}
	return day
}

// linkCase says that another case belongs to this one.
func (v *visit) linkCase() error {
	f := v.form()
	return v.beside(sharing.LinkCases, f, v.site.desk.Link(v.ctx(), v.user, f.Key, v.Param("id"), sharing.NewLink{Case: f.Value("case"), Reason: f.Value("reason")}))
}

// unlinkCase takes that back.
func (v *visit) unlinkCase() error {
	f := v.form()
	return v.beside(sharing.UnlinkCases, f, v.site.desk.Unlink(v.ctx(), v.user, f.Key, v.Param("id"), f.Value("case")))
}

// backBeside leads from the address of a form beside the steps to its case.
func (v *visit) backBeside() error { return v.redirect("/cases/" + segment(v.Param("id"))) }
