package web

import (
	"gongshu/desk"
	"gongshu/sharing"
)

// schedulesPage is what the system does by itself.
type schedulesPage struct {
	desk.Schedules
	Form *form
}

// schedules shows it.
func (v *visit) schedules() error {
	s, err := v.site.desk.Schedules(v.ctx(), v.user)
	if err != nil {
		return err
	}
	return v.ok("schedules", "schedules", schedulesPage{s, newForm(0)})
}

// runStanding has the standing duties looked at now.
func (v *visit) runStanding() error {
	f := v.form()
	err := v.site.desk.RunStanding(v.ctx(), v.user, f.Key)
	if sharing.CodeOf(err) == sharing.CodeUnavailable {
		v.leave("standing_away", "")
		return v.redirect("/admin/schedules")
	}
	if err != nil {
		return err
	}
	v.leave("standing_runs", "")
	return v.redirect("/admin/schedules")
}

func (v *visit) backToSchedules() error { return v.redirect("/admin/schedules") }
