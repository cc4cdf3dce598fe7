package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// mattersPage lists what the reader can bring before somebody.
type mattersPage struct{ Procedures []sharing.Procedure }

// openPage is the form that opens a case.
type openPage struct {
	Procedure sharing.Procedure
	Lead      string
	Form      *form
	Controls  []control
}

// openable lists the procedures of which the reader can open a case here.
func (v *visit) openable() []sharing.Procedure {
	return slices.DeleteFunc(slices.Clone(sharing.Procedures), func(p sharing.Procedure) bool {
		return faces[p].Open == nil || !v.site.desk.MayOpen(v.user, p)
	})
}

// way leads to the form that opens a case.
type way struct {
	Procedure sharing.Procedure
	Href      string
}

// ways lists the forms that a page leads to, with what they are to be about.
func (v *visit) ways(leads func(look face) bool, about url.Values) []way {
	var all []way
	for _, p := range v.openable() {
		if leads(faces[p]) {
			all = append(all, way{p, address("/matters/new/"+segment(string(p)), about)})
		}
	}
	return all
}

// waysFrom lists those from the page of a case.
func (v *visit) waysFrom(c desk.CaseView) []way {
	return v.ways(func(look face) bool { return look.FromCase != nil && look.FromCase(v, c) }, url.Values{"parent": {c.ID}, "resource": {c.Resource.ID}})
}

// matters lists what can be brought before somebody.
func (v *visit) matters() error {
	return v.ok("matters", "matters", mattersPage{Procedures: v.openable()})
}

// newMatter shows the form that opens a case, with what its address gives: the
// values of inputs by their names, and a resource or a parent for the input of
// that kind.
func (v *visit) newMatter() error {
	p := sharing.Procedure(v.Param("procedure"))
	if !slices.Contains(v.openable(), p) {
		return &sharing.Error{Code: sharing.CodeNotFound}
	}
	f := newForm(0)
	for _, in := range faces[p].Open {
		given := v.Request().URL.Query()[in.Name]
		switch {
		case len(given) > 0:
		case in.As == asResource:
			given = v.Request().URL.Query()["resource"]
		case in.As == asCase:
			given = v.Request().URL.Query()["parent"]
		}
		if len(given) > 0 {
			f.Typed[in.Name] = given
		}
	}
	if look := faces[p]; look.Given != nil {
		if err := look.Given(v.opening(p), f); err != nil {
			return err
		}
	}
	return v.showOpen(http.StatusOK, p, f)
}

func (v *visit) showOpen(status int, p sharing.Procedure, f *form) error {
	look, page := faces[p], openPage{Procedure: p, Form: f}
	if look.Lead != nil {
		lead, err := look.Lead(v)
		if err != nil {
			return err
		}
		page.Lead = lead
	} else {
		page.Lead = v.words.Code("lead", p)
	}
	var err error
	if page.Controls, err = v.opening(p).lay(f, look.Open); err != nil {
		return err
	}
	return v.show(status, "open", "matters", page)
}

// opening is where the form that opens a case stands.
func (v *visit) opening(p sharing.Procedure) *scene {
	return &scene{visit: v, Procedure: p, Action: sharing.Submit}
}

// openMatter opens a case with what was typed.
func (v *visit) openMatter() error {
	p := sharing.Procedure(v.Param("procedure"))
	if !slices.Contains(v.openable(), p) {
		return &sharing.Error{Code: sharing.CodeNotFound}
	}
	f := v.form()
	body, err := v.opening(p).read(f, faces[p].Open)
	if err != nil {
		return err
	}
	if f.editing() {
		f.Problems = map[string][]string{}
		if look := faces[p]; look.Given != nil && strings.HasSuffix(f.Value("row"), ".fill") {
			maps.DeleteFunc(f.Typed, func(name string, _ []string) bool { return strings.HasPrefix(name, "entry.") })
			if err := look.Given(v.opening(p), f); err != nil {
				return err
			}
		}
		return v.showOpen(http.StatusOK, p, f)
	}
	if f.Wrong() {
		f.Message = v.words.T("error.invalid")
		return v.showOpen(http.StatusUnprocessableEntity, p, f)
	}
	outcome, err := v.site.desk.Open(v.ctx(), v.user, f.Key, p, body)
	if err != nil {
		if other := f.explain(v, err); other != nil {
			return other
		}
		return v.showOpen(statusOf(sharing.CodeOf(err)), p, f)
	}
	v.leave(v.words.known(noticePrefix, "opened."+string(p), "opened"), "")
	return v.redirect("/cases/" + segment(outcome.CaseID))
}
