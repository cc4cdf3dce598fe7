package web

import (
	"cmp"
	"errors"
	"net/http"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

// regulationsPage lists the regulations of the reader's region, with the form that
// checks a further file.
type regulationsPage struct {
	Listed  []desk.RegulationView
	Endings []ending
	Form    *form
}

// lang is the language of a regulation's tables.
func (w words) lang() regulation.Lang {
	if w.locale == English {
		return regulation.En
	}
	return regulation.Zh
}

// regulations shows them.
func (v *visit) regulations() error { return v.showRegulations(http.StatusOK, newForm(0)) }

func (v *visit) showRegulations(status int, f *form) error {
	page := regulationsPage{Form: f}
	var err error
	if page.Listed, err = v.site.desk.Regulations(v.ctx(), v.user); err != nil {
		return err
	}
	if page.Endings, err = v.endings(); err != nil {
		return err
	}
	return v.show(status, "regulations", "regulations", page)
}

// regulationPage is a regulation in tables.
type regulationPage struct {
	desk.RegulationView
	Tables []regulation.Table
}

// regulation shows one.
func (v *visit) regulation() error {
	r, err := v.site.desk.Regulation(v.ctx(), v.user, v.Param("ref"))
	if err != nil {
		return err
	}
	return v.ok("regulation", "regulations", regulationPage{r, r.Tables(v.words.lang())})
}

// trialPage is what a further file would change.
type trialPage struct {
	regulation.Trial
	File    string
	Changes []regulation.Change
	Tables  []regulation.Table // of a regulation that is new
}

// tryRegulation checks a file and shows what it would change. Nothing is kept.
func (v *visit) tryRegulation() error {
	f := v.form()
	text, err := v.fileOrText(f, "file", "regulation")
	if err != nil {
		return err
	}
	f.Typed.Set("regulation", text)
	uploaded := ""
	if m := v.Request().MultipartForm; m != nil && len(m.File["file"]) > 0 {
		uploaded = m.File["file"][0].Filename
	}
	trial, err := v.site.desk.TryRegulation(v.user, cmp.Or(uploaded, "file.yaml"), text)
	if problems, ok := errors.AsType[regulation.Problems](err); ok {
		f.Message = v.words.T("regulations.refused")
		for _, p := range problems {
			f.add("/regulation", v.fault(p.Line, p.Key, p.Rule))
		}
		return v.showRegulations(http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		code := sharing.CodeOf(err)
		if other := f.explain(v, err); other != nil {
			return other
		}
		return v.showRegulations(statusOf(code), f)
	}
	page := trialPage{Trial: trial, File: uploaded, Changes: trial.Changes(v.words.lang())}
	if trial.Regulation != nil {
		page.Tables = trial.Regulation.Tables(v.words.lang())
	}
	return v.ok("regulation_trial", "regulations", page)
}

func (v *visit) backToRegulations() error { return v.redirect("/admin/regulations") }
