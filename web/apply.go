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
	if into == "" {
		if err := v.knownOf(&draft); err != nil {
			return err
		}
	}
	draft.Items = append(draft.Items, sharing.Item{ResourceID: id})
	a, err := v.site.desk.SaveDraft(v.ctx(), v.user, f.Key, into, expected, draft)
	if err != nil {
		return err
	}
	if into == "" && draft.Duty != "" {
		v.leave("added_known", "")
	} else {
		v.leave("added", "")
	}
	return v.redirect("/applications/" + segment(a.ID) + "/edit")
}

// knownOf fills a new draft with what the reader's own last application said of the
// department's duty, the term and the way of having data. What it is for is written anew.
func (v *visit) knownOf(draft *desk.Draft) error {
	found, err := v.site.desk.Applications(v.ctx(), v.user, sharing.Submitted, "", maxEarlierApplications)
	if err != nil {
		return err
	}
	for _, a := range found.Items {
		if a.ApplicantID == v.user.ID && a.Applicant.ID == v.user.Department.ID {
			draft.Duty, draft.TermMonths, draft.Mode = a.Request.Duty, a.Request.TermMonths, a.Request.Mode
			return nil
		}
	}
	return nil
}

// draftOf is what an application holds, as it can be saved again.
func draftOf(a desk.ApplicationView) desk.Draft {
	d := desk.Draft{Request: a.Request}
	if a.Paper {
		d.For = a.Applicant.ID
	}
	return d
}
