package web

import "gongshu/sharing"

// provide says how the data agreed to is had.
func (v *visit) provide() error {
	f := v.form()
	outcome, err := v.site.desk.Provide(v.ctx(), v.user, v.act(f), sharing.Provision{
		Mode: sharing.Mode(f.Value("mode")), Locator: f.Value("locator"), Note: f.Value("note"),
	})
	return v.stepped(sharing.Provide, f, outcome, err)
}
