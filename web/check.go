package web

import "gongshu/sharing"

// pass lets an application through the authority's first check.
func (v *visit) pass() error {
	f := v.form()
	outcome, err := v.site.desk.Pass(v.ctx(), v.user, v.act(f), sharing.Remark{Note: f.Value("note")})
	return v.stepped(sharing.Pass, f, outcome, err)
}

// sendBack returns an application at the authority's first check, with reasons.
func (v *visit) sendBack() error {
	f := v.form()
	outcome, err := v.site.desk.SendBack(v.ctx(), v.user, v.act(f), sharing.Remark{Note: f.Value("note")})
	return v.stepped(sharing.SendBack, f, outcome, err)
}
