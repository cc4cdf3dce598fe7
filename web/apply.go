package web

import (
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// apply puts a resource into a draft: a new one, or one begun before.
func (v *visit) apply() error {
	f := v.form()
	id, into := v.Param("id"), f.Value("draft")
	draft, expected := desk.Draft{}, 0
	if into != "" {
		a, err := v.site.desk.Application(v.ctx(), v.user, into)
		if err != nil {
			return err
		}
		draft, expected = draftOf(a), a.Version
		if slices.ContainsFunc(draft.Items, func(i sharing.Item) bool { return i.ResourceID == id }) {
			return v.redirect("/applications/" + segment(into) + "/edit")
		}
	}
	draft.Items = append(draft.Items, sharing.Item{ResourceID: id})
	a, err := v.site.desk.SaveDraft(v.ctx(), v.user, f.Key, into, expected, draft)
	if err != nil {
		return err
	}
	v.leave("added", "")
	return v.redirect("/applications/" + segment(a.ID) + "/edit")
}

// draftOf is what an application holds, as it can be saved again.
func draftOf(a desk.ApplicationView) desk.Draft {
	d := desk.Draft{Request: a.Request}
	if a.Paper {
		d.For = a.Applicant.ID
	}
	return d
}
