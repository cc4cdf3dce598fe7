package web

import "gongshu/sharing"

// reassign hands a case over to the department that has taken over its data.
func (v *visit) reassign() error {
	f := v.form()
	outcome, err := v.site.desk.Reassign(v.ctx(), v.user, v.act(f), sharing.Reassignment{Department: f.Value("department"), Reason: f.Value("reason")})
	return v.stepped(sharing.Reassign, f, outcome, err)
}
