package web

import "gongshu/sharing"

// extend gives the provider longer to answer, where the regulation allows it.
func (v *visit) extend() error {
	f := v.form()
	n := f.number(v, "n", "/n")
	if f.Wrong() {
		return v.refuseForm(sharing.Extend, f)
	}
	outcome, err := v.site.desk.Extend(v.ctx(), v.user, v.act(f), sharing.Prolonging{N: n, Reason: f.Value("reason")})
	return v.stepped(sharing.Extend, f, outcome, err)
}
