package web

import "gongshu/sharing"

// confirm says that the data has arrived.
func (v *visit) confirm() error {
	f := v.form()
	outcome, err := v.site.desk.Confirm(v.ctx(), v.user, v.act(f), sharing.Remark{Note: f.Value("note")})
	return v.stepped(sharing.Confirm, f, outcome, err)
}

// reportFailure says that the data cannot be had as provided, and why.
func (v *visit) reportFailure() error {
	f := v.form()
	outcome, err := v.site.desk.ReportFailure(v.ctx(), v.user, v.act(f), sharing.Remark{Note: f.Value("note")})
	return v.stepped(sharing.ReportFailure, f, outcome, err)
}
