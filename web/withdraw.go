package web

import "gongshu/sharing"

// withdraw takes an application back before it is answered.
func (v *visit) withdraw() error {
	f := v.form()
	outcome, err := v.site.desk.Withdraw(v.ctx(), v.user, v.act(f), sharing.Remark{Note: f.Value("note")})
	return v.stepped(sharing.Withdraw, f, outcome, err)
}
