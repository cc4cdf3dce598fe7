package web

import (
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// obstacle is a step that the reader cannot take now, and why.
type obstacle struct{ Step, Why string }

// cannot puts into words what the reader cannot do to a case now. A policy that
// does not answer leaves the reasons out and not the page.
func (v *visit) cannot(view desk.CaseView) []obstacle {
	found, err := v.site.desk.Obstacles(v.user, view)
	if err != nil {
		v.site.log.WarnContext(v.ctx(), "the reasons why steps are not possible are missing", "error", err)
	}
	list := make([]obstacle, len(found))
	for i, o := range found {
		list[i] = obstacle{v.words.Of("do", view.Procedure, o.Action), v.words.why(view, o)}
	}
	return list
}

// why says in one sentence why a step is not possible.
func (w words) why(view desk.CaseView, o desk.Obstacle) string {
	switch {
	case o.Why == desk.TooEarly:
		names := make([]string, len(o.From))
		for i, s := range o.From {
			names[i] = w.Code("state", s)
		}
		return w.T("cannot.early", w.Code("state", view.State), strings.Join(names, w.T("comma")))
	case o.Why == desk.ForOthers && len(o.Doers) > 0:
		names := make([]string, len(o.Doers))
		for i, doer := range o.Doers {
			roles := make([]string, len(doer.Roles))
			for j, role := range doer.Roles {
				roles[j] = w.Code("role", role)
			}
			names[i] = w.party(view, doer.Relation)
			if len(roles) > 0 {
				names[i] = w.T("cannot.doer", names[i], strings.Join(roles, w.T("comma")))
			}
		}
		return w.T("cannot.others", strings.Join(names, w.T("cannot.or")))
	}
	return w.Code("cannot", o.Why)
}

// party names who stands in a relation to a case.
func (w words) party(view desk.CaseView, r sharing.Relation) string {
	switch {
	case r == sharing.AsProvider && view.Provider.ID != "":
		return w.pick(view.Provider.Name, view.Provider.NameEN)
	case r == sharing.AsApplicant && view.Applicant.ID != "":
		return w.pick(view.Applicant.Name, view.Applicant.NameEN)
	}
	return w.Code("side", r)
}
