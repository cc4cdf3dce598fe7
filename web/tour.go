package web

import (
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// tourRegion is a region of the demo with the people through whom one sees a case
// from end to end.
type tourRegion struct {
	Region sharing.Region
	Law    string // the regulation in force today; empty when there is none
	Stops  []tourStop
}

// tourStop is one demo user to step into.
type tourStop struct {
	sharing.User
	Role sharing.Role
	Sees string // what there is to see for them now
}

// tourRoles are the roles of the tour, in its order.
var tourRoles = []sharing.Role{sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.AuthorityOfficer, sharing.Supervisor}

// tourBegins is the region that the tour begins with: the one in which the demo
// has most under way.
const tourBegins = "shuozhou"

// tour picks, in each region, the people who take part in its most urgent case.
func (v *visit) tour() (regions []tourRegion, users int, err error) {
	all, err := v.demoUsers()
	if err != nil || len(all) == 0 {
		return nil, 0, err
	}
	now, err := v.site.desk.Now(v.ctx())
	if err != nil {
		return nil, 0, err
	}
	var inOrder []sharing.Region
	byRegion := map[string][]sharing.User{}
	for _, u := range all {
		if !slices.Contains(inOrder, u.Region) {
			inOrder = append(inOrder, u.Region)
		}
		byRegion[u.Region.ID] = append(byRegion[u.Region.ID], u)
	}
	slices.SortStableFunc(inOrder, func(a, b sharing.Region) int {
		switch tourBegins {
		case a.ID:
			return -1
		case b.ID:
			return 1
		}
		return 0
	})
	for _, r := range inOrder {
		stops, err := v.tourOf(byRegion[r.ID])
		if err != nil {
			return nil, 0, err
		}
		line := tourRegion{Region: r, Stops: stops}
		if law, err := v.site.desk.Law().InForce(r.ID, sharing.DateOf(now)); err == nil {
			line.Law = v.words.law(law)
		}
		regions = append(regions, line)
	}
	return regions, len(all), nil
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
	return ""
}
