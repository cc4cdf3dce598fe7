package web

import (
	"gongshu/desk"
	"gongshu/sharing"
)

// homePage says what this is, and in a demo lets one step into each role.
type homePage struct {
	Tour *tourPage // nil unless this is a demo
}

// workbenchPage is what somebody signed in starts from.
type workbenchPage struct {
	Tasks    desk.Page[desk.TaskView]
	Drafts   desk.Page[sharing.Application]
	Cases    desk.Page[desk.CaseSummary]
	Board    *desk.Board // nil where the board is not the reader's
	Endings  []ending
	MayPaper bool
	Holds    bool // the list of what waits is the reader's to see
	Notices  bool // so are public criticisms
}

// home is the first page.
func (v *visit) home() error {
	if v.signedIn() {
		return v.workbench()
	}
	tour, err := v.tour()
	if err != nil {
		return err
	}
	return v.ok("home", "", homePage{tour})
}

func (v *visit) workbench() error {
	const few = 6
	d, ctx, me := v.site.desk, v.ctx(), v.user
	page := workbenchPage{MayPaper: d.MayRegisterPaper(me), Holds: d.MaySeeHolds(me), Notices: d.MaySeeCriticisms(me)}
	var err error
	if page.Endings, err = v.endings(); err != nil {
		return err
	}
	if page.Tasks, err = d.Tasks(ctx, me, desk.TaskQuery{Tab: desk.TabOpen, Limit: few}); err != nil {
		return err
	}
	if page.Drafts, err = d.Applications(ctx, me, sharing.Draft, "", few); err != nil {
		return err
	}
	if page.Cases, err = d.Cases(ctx, me, desk.CaseQuery{As: sharing.AsApplicant, Limit: few}); err != nil {
		return err
	}
	if d.MayWatch(me) {
		board, err := d.Overdue(ctx, me, desk.OverdueQuery{Limit: few})
		if err != nil {
			return err
		}
		page.Board = &board
	}
	return v.ok("workbench", "home", page)
}
