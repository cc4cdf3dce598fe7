package web

import (
	"net/http"

	"gongshu/desk"
	"gongshu/sharing"
)

// delegationsPage lists who stands in for the reader and for whom the reader
// stands in.
type delegationsPage struct {
	Found      desk.Page[desk.DelegationView]
	More       more
	Form       *form
	Colleagues []sharing.User
}

// Listed is one page of them.
func (p delegationsPage) Listed() []desk.DelegationView { return p.Found.Items }

// delegations shows them, with the form for one more.
func (v *visit) delegations() error { return v.showDelegations(http.StatusOK, newForm(0)) }

func (v *visit) showDelegations(status int, f *form) error {
	cursor := ""
	if !v.posted() {
		cursor = v.QueryParam("cursor")
	}
	found, err := v.site.desk.Delegations(v.ctx(), v.user, cursor, desk.DefaultLimit)
	if err != nil {
		return err
	}
	colleagues, err := v.site.desk.Colleagues(v.ctx(), v.user)
	if err != nil {
		return err
	}
	for _, name := range []string{"to", "from", "until", "reason"} {
		f.labelled(v.words, "/"+name, v.words.T("delegations."+name))
	}
	page := delegationsPage{Found: found, More: v.more(found.Total, found.Next), Form: f, Colleagues: colleagues}
	return v.show(status, "delegations", "delegations", page)
}

// delegate lends the reader's roles to a colleague.
func (v *visit) delegate() error {
	f := v.form()
	n := sharing.NewDelegation{To: f.Value("to"), From: v.typedDay(f, "from", "/from"), Until: v.typedDay(f, "until", "/until"), Reason: f.Value("reason")}
	err := error(&sharing.Error{Code: sharing.CodeInvalid})
	if len(f.Problems) == 0 {
		_, err = v.site.desk.Delegate(v.ctx(), v.user, f.Key, n)
	}
	if err == nil {
		v.leave("delegated", "")
		return v.redirect("/delegations")
	}
	return v.refuseDelegation(f, err)
}

// revokeDelegation ends one.
func (v *visit) revokeDelegation() error {
	f := v.form()
	if err := v.site.desk.RevokeDelegation(v.ctx(), v.user, f.Key, v.Param("id")); err != nil {
		return v.refuseDelegation(f, err)
	}
	v.leave("delegation_revoked", "")
	return v.redirect("/delegations")
}

func (v *visit) refuseDelegation(f *form, err error) error {
	code := sharing.CodeOf(err)
	if other := f.explain(v, err); other != nil {
		return other
	}
	if code == sharing.CodeWrongState {
		f.Message = v.words.T("delegations.overlap")
	}
	return v.showDelegations(statusOf(code), f)
}

func (v *visit) backToDelegations() error { return v.redirect("/delegations") }
