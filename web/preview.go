package web

import (
	"net/http"
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// previewPage says, before an application is sent, who will answer it, by when
// and under which article.
type previewPage struct {
	View     desk.ApplicationView
	Lines    []desk.PreviewLine
	Received string // the day a paper application came in, as typed
	Form     *form
	Blocked  bool // it cannot be sent as it stands
}

// Asked lists the fields of a resource that are applied for: those chosen, or all.
func (p previewPage) Asked(r sharing.Resource) []sharing.Field {
	for _, item := range p.View.Request.Items {
		if item.ResourceID == r.ID && len(item.Fields) > 0 {
			return slices.DeleteFunc(slices.Clone(r.Fields), func(f sharing.Field) bool { return !slices.Contains(item.Fields, f.Name) })
		}
	}
	return r.Fields
}

// Unlisted reports whether the catalog shares the resource in other ways than the
// one applied for.
func (p previewPage) Unlisted(r sharing.Resource) bool { return unlisted(p.View.Request.Mode, r.Modes) }

// unlisted reports whether m is none of the ways that the catalog names; where it
// names none, none is amiss.
func unlisted(m sharing.Mode, listed []sharing.Mode) bool {
	return m != "" && len(listed) > 0 && !slices.Contains(listed, m)
}

// preview shows what will become of a draft.
func (v *visit) preview() error {
	a, err := v.site.desk.Application(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	if a.State != sharing.Draft {
		return v.redirect("/applications/" + segment(a.ID))
	}
	f := newForm(a.Version)
	f.Typed.Set("received", v.QueryParam("received"))
	return v.showPreview(http.StatusOK, a, f)
}

// showPreview asks the desk what will become of the draft and shows it. A draft
// that is not complete is shown to be completed instead.
func (v *visit) showPreview(status int, a desk.ApplicationView, f *form) error {
	page := previewPage{View: a, Form: f, Received: f.Value("received")}
	day, ok := v.receivedOn(f)
	if !ok {
		page.Blocked = true
		return v.show(http.StatusUnprocessableEntity, "preview", "applications", page)
	}
	if a.Paper && day == nil {
		page.Blocked = true
	}
	if err := a.Request.Check(); err != nil {
		return v.previewFailed(a, f, err)
	}
	lines, err := v.site.desk.Preview(v.ctx(), v.user, a.ID, day)
	if err != nil {
		return v.previewFailed(a, f, err)
	}
	page.Lines = lines
	return v.show(status, "preview", "applications", page)
}

// previewFailed leads back to the form where that helps, and otherwise says why
// the application cannot be sent.
func (v *visit) previewFailed(a desk.ApplicationView, f *form, err error) error {
	if sharing.CodeOf(err) == sharing.CodeInvalid {
		g := formOf(a)
		if other := g.explain(v, err); other != nil {
			return other
		}
		if g.At("/received_on") == nil {
			return v.showDraft(http.StatusUnprocessableEntity, a.ID, g, nil)
		}
	}
	if other := f.explain(v, err); other != nil {
		return other
	}
	return v.show(statusOf(sharing.CodeOf(err)), "preview", "applications",
		previewPage{View: a, Form: f, Received: f.Value("received"), Blocked: true})
}

// receivedOn reads the day of receipt; nil when none was given.
func (v *visit) receivedOn(f *form) (day *sharing.Date, ok bool) {
	text := f.Value("received")
	if text == "" {
		return nil, true
	}
	d, err := sharing.ParseDate(text)
	if err != nil {
		f.add("/received_on", v.words.T("rule.date"))
		f.Message = v.words.T("error.invalid")
		return nil, false
	}
	return &d, true
}

// submit sends an application.
func (v *visit) submit() error {
	f := v.form()
	id := v.Param("id")
	day, ok := v.receivedOn(f)
	if ok {
		done, err := v.site.desk.Submit(v.ctx(), v.user, f.Key, id, f.Version, day)
		if err == nil {
			v.leave("submitted", done.Number)
			if len(done.Cases) == 1 {
				return v.redirect("/cases/" + segment(done.Cases[0].CaseID))
			}
			return v.redirect("/applications/" + segment(id))
		}
		return v.submitFailed(id, f, err)
	}
	a, err := v.site.desk.Application(v.ctx(), v.user, id)
	if err != nil {
		return err
	}
	return v.showPreview(http.StatusUnprocessableEntity, a, f)
}

func (v *visit) submitFailed(id string, f *form, failure error) error {
	a, err := v.site.desk.Application(v.ctx(), v.user, id)
	if err != nil {
		return err
	}
	if a.State != sharing.Draft {
		v.leave("no_draft", "")
		return v.redirect("/applications/" + segment(id))
	}
	if sharing.CodeOf(failure) == sharing.CodeInvalid {
		return v.previewFailed(a, f, failure)
	}
	if other := f.explain(v, failure); other != nil {
		return other
	}
	f.Version = a.Version
	return v.showPreview(statusOf(sharing.CodeOf(failure)), a, f)
}
