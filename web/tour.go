package web

import (
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// tourPage is what a demo shows of itself on the first page: the regions to choose
// from, and the people of the chosen one.
type tourPage struct {
	Regions []sharing.Region
	Region  sharing.Region // chosen
	Law     string         // the regulation in force there today; empty when there is none
	Stops   []tourStop
	Users   int  // how many demo users there are in all
	Guided  bool // there is a case to be led through
}

// tourStop is one demo user to step into.
type tourStop struct {
	sharing.User
	Role sharing.Role
	Sees string // what there is to see for them now
}

// tourRoles are the roles of the tour, in its order.
var tourRoles = []sharing.Role{sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead,
	sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor, sharing.Finance, sharing.Operator, sharing.SecurityOfficer, sharing.Auditor}

// tourBegins is the region that the tour begins with: the one in which the demo
// has most under way.
const tourBegins = "shuozhou"

// tour picks, in the region asked for, the people who take part in its most urgent
// case and those who watch over it; nil outside a demo.
func (v *visit) tour() (*tourPage, error) {
	all, err := v.demoUsers()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	page := &tourPage{Users: len(all)}
	for _, u := range all {
		if !slices.Contains(page.Regions, u.Region) {
			page.Regions = append(page.Regions, u.Region)
		}
	}
	slices.SortStableFunc(page.Regions, func(a, b sharing.Region) int {
		switch tourBegins {
		case a.ID:
			return -1
		case b.ID:
			return 1
		}
		return 0
	})
	page.Region = page.Regions[0]
	for _, r := range page.Regions {
		if r.ID == v.QueryParam("region") {
			page.Region = r
		}
	}
	users := slices.DeleteFunc(all, func(u sharing.User) bool { return u.Region.ID != page.Region.ID })
	if page.Stops, err = v.tourOf(users); err != nil {
		return nil, err
	}
	if _, page.Guided, err = v.guidedCase(users); err != nil {
		return nil, err
	}
	now, err := v.site.desk.Now(v.ctx())
	if err != nil {
		return nil, err
	}
	if law, err := v.site.desk.Law().InForce(page.Region.ID, sharing.DateOf(now)); err == nil {
		page.Law = v.words.law(law)
	}
	return page, nil
}

// tourOf picks the people of one region.
func (v *visit) tourOf(users []sharing.User) ([]tourStop, error) {
	var (
		board desk.Board
		story *desk.CaseSummary
		err   error
	)
	if i := slices.IndexFunc(users, func(u sharing.User) bool { return leads(u, sharing.AuthorityOfficer) }); i >= 0 {
		if board, story, err = v.urgent(users[i]); err != nil {
			return nil, err
		}
	}
	var stops []tourStop
	for _, role := range tourRoles {
		var of string // department
		if story != nil && role == sharing.Requester {
			of = story.Applicant.ID
		} else if story != nil {
			of = story.Provider.ID
		}
		if u := pickUser(users, role, of); u != nil {
			stops = append(stops, tourStop{User: *u, Role: role, Sees: v.words.sees(*u, role, board, story)})
		}
	}
	return stops, nil
}

// urgent returns the board of a region, and the most urgent case on it; where no
// limit is near, a case that waits for its answer.
func (v *visit) urgent(officer sharing.User) (desk.Board, *desk.CaseSummary, error) {
	d, ctx := v.site.desk, v.ctx()
	board, err := d.Overdue(ctx, officer, desk.OverdueQuery{Limit: 1})
	if err != nil {
		return board, nil, err
	}
	if len(board.Items.Items) > 0 {
		first := board.Items.Items[0]
		return board, &desk.CaseSummary{Case: first.Case, Clock: &first.Clock}, nil
	}
	waiting, err := d.Cases(ctx, officer, desk.CaseQuery{State: sharing.Answering, Limit: 1})
	if err != nil || len(waiting.Items) == 0 {
		return board, nil, err
	}
	return board, &waiting.Items[0], nil
}

// leads reports whether the role is the first of a user's.
func leads(u sharing.User, r sharing.Role) bool { return len(u.Roles) > 0 && u.Roles[0] == r }

// pickUser returns who has the role in the department, or else anybody who has it.
func pickUser(users []sharing.User, role sharing.Role, department string) *sharing.User {
	var other *sharing.User
	for i, u := range users {
		switch {
		case u.Department.ID == department && u.Subject().Has(role):
			return &users[i]
		case other == nil && leads(u, role):
			other = &users[i]
		}
	}
	return other
}

// sees says in one sentence what there is to see for a user of the tour.
func (w words) sees(u sharing.User, role sharing.Role, board desk.Board, story *desk.CaseSummary) string {
	key := "tour." + string(role)
	switch role {
	case sharing.AuthorityOfficer, sharing.Supervisor:
		return w.T(key, w.Number(board.Open), w.Number(board.Overdue), w.Number(board.DueSoon))
	case sharing.Requester, sharing.Approver, sharing.DataSpecialist:
		if story == nil || u.Department.ID != story.Applicant.ID && u.Department.ID != story.Provider.ID {
			return w.T(key)
		}
		return w.T(key+".case", story.Resource.Title, w.Left(story.Clock))
	}
	return w.T(key)
}
