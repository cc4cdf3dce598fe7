package demo

import (
	"fmt"
	"slices"

	"gongshu/sharing"
)

// rolesOf are the posts a department of each kind may have.
var rolesOf = map[sharing.DepartmentKind][]sharing.Role{
	sharing.OrdinaryDepartment: {sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead,
		sharing.Auditor, sharing.Operator},
	sharing.AuthorityDepartment:  {sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Operator, sharing.SecurityOfficer, sharing.Gateway},
	sharing.SupervisorDepartment: {sharing.Supervisor},
	sharing.FinanceDepartment:    {sharing.Finance},
}

var (
	cycles = []sharing.Cycle{sharing.RealTime, sharing.Daily, sharing.Weekly, sharing.Monthly, sharing.Quarterly,
		sharing.HalfYearly, sharing.EveryYear, sharing.Irregularly}
	openClasses = []sharing.OpenClass{sharing.Open, sharing.OpenConditionally, sharing.NotOpen}
	bases       = []sharing.BaseCategory{sharing.BasePopulation, sharing.BaseLegalPerson, sharing.BaseCredit,
		sharing.BaseGeography, sharing.BaseLicence}
)

// check calls wrong for everything in the world that contradicts itself or the rules
// of the domain.
func check(w World, wrong func(string, ...any)) {
	for _, d := range w.Departments {
		if d.Name == "" || d.NameEN == "" || rolesOf[d.Kind] == nil {
			wrong("department %s: name, English name or kind %q", d.ID, d.Kind)
		}
	}
	users := map[string]bool{}
	for _, u := range w.Users {
		if users[u.ID] {
			wrong("user %s occurs twice", u.ID)
		}
		users[u.ID] = true
		for _, role := range u.Roles {
			if !slices.Contains(rolesOf[u.Department.Kind], role) {
				wrong("user %s: a %s office has no %s", u.ID, u.Department.Kind, role)
			}
		}
	}
	ids, titles := map[string]bool{}, map[[2]string]bool{}
	for _, r := range w.Resources {
		if ids[r.ID] {
			wrong("%s: code %s occurs twice", r.RegionID, r.Code)
		}
		ids[r.ID] = true
		if key := [2]string{r.RegionID, r.Title}; titles[key] {
			wrong("%s: title %s occurs twice", r.RegionID, r.Title)
		} else {
			titles[key] = true
		}
		checkResource(r, wrong)
	}
	checkRegions(w, wrong)
	stories := map[string]bool{}
	for _, s := range w.Stories {
		if stories[s.ID] {
			wrong("story %s occurs twice", s.ID)
		}
		stories[s.ID] = true
		checkStory(w, s, wrong)
	}
	checkMatters(w, wrong)
}

func checkResource(r sharing.Resource, wrong func(string, ...any)) {
	where := r.RegionID + " " + r.Code
	if r.Code == "" || r.Title == "" || r.Description == "" || r.Format == "" || len(r.Fields) == 0 || len(r.Modes) == 0 {
		wrong("%s: code, title, description, format, fields and modes are required", where)
	}
	if !slices.Contains(sharing.Classes, r.Class) || !slices.Contains(openClasses, r.OpenClass) || !slices.Contains(cycles, r.Cycle) {
		wrong("%s: class %q, open %q, cycle %q", where, r.Class, r.OpenClass, r.Cycle)
	}
	if r.Base != "" && !slices.Contains(bases, r.Base) {
		wrong("%s: base %q", where, r.Base)
	}
	for _, m := range r.Modes {
		if !slices.Contains(sharing.Modes, m) {
			wrong("%s: mode %q", where, m)
		}
	}
	// Conditional and not-shared entries cite their legal basis (city-2023 art. 19 and
	// the like); unconditional ones have nothing to justify.
	if limited := r.Class != sharing.Unconditional; limited != (r.Basis != "") || limited != (r.Condition != "") {
		wrong("%s: class %s with basis %q and condition %q", where, r.Class, r.Basis, r.Condition)
	}
	if r.Class == sharing.NotShared && r.OpenClass != sharing.NotOpen {
		wrong("%s: not shared, but open", where)
	}
	names := map[string]bool{}
	for _, f := range r.Fields {
		if names[f.Name] || f.Title == "" || f.Type == "" || f.Grade < sharing.LowestGrade || f.Grade > sharing.HighestGrade {
			wrong("%s: field %+v", where, f)
		}
		names[f.Name] = true
	}
}

// checkRegions looks whether each region has what a walk through it needs.
func checkRegions(w World, wrong func(string, ...any)) {
	for _, region := range w.Regions {
		kinds, roles, posts := map[sharing.DepartmentKind]int{}, map[sharing.Role]int{}, map[string][]sharing.Role{}
		for _, d := range w.Departments {
			if d.RegionID == region.ID {
				kinds[d.Kind]++
			}
		}
		for _, u := range w.Users {
			if u.Region.ID == region.ID {
				posts[u.Department.ID] = append(posts[u.Department.ID], u.Roles...)
				for _, role := range u.Roles {
					roles[role]++
				}
			}
		}
		if kinds[sharing.AuthorityDepartment] != 1 || kinds[sharing.SupervisorDepartment] != 1 ||
			kinds[sharing.FinanceDepartment] != 1 || kinds[sharing.OrdinaryDepartment] < 6 {
			wrong("%s: offices %v", region.ID, kinds)
		}
		for _, role := range sharing.Roles {
			if role != sharing.Citizen && roles[role] == 0 {
				wrong("%s: nobody is %s", region.ID, role)
			}
		}
		n := 0
		base := map[sharing.BaseCategory]int{}
		for _, r := range w.Resources {
			if r.RegionID != region.ID {
				continue
			}
			n++
			base[r.Base]++
			if !slices.Contains(posts[r.Provider.ID], sharing.Approver) || !slices.Contains(posts[r.Provider.ID], sharing.DataSpecialist) {
				wrong("%s %s: nobody at %s can answer or provide", region.ID, r.Code, r.Provider.ID)
			}
		}
		if n < 25 || n > 40 {
			wrong("%s: %d entries", region.ID, n)
		}
		for _, b := range bases {
			if base[b] == 0 {
				wrong("%s: no base data on %s", region.ID, b)
			}
		}
	}
}

// mayStep are the posts that take each step of a story, and whether they are on the
// applicant's side.
var mayStep = map[sharing.Action]struct {
	applicant bool
	roles     []sharing.Role
}{
	sharing.RequestCompletion: {false, []sharing.Role{sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead}},
	sharing.Complete:          {true, []sharing.Role{sharing.Requester, sharing.DepartmentHead}},
	sharing.Answer:            {false, []sharing.Role{sharing.Approver, sharing.DepartmentHead}},
	sharing.Provide:           {false, []sharing.Role{sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead}},
	sharing.Confirm:           {true, []sharing.Role{sharing.Requester, sharing.DepartmentHead}},
	sharing.ReportFailure:     {true, []sharing.Role{sharing.Requester, sharing.DepartmentHead}},
	sharing.Withdraw:          {true, []sharing.Role{sharing.Requester, sharing.DepartmentHead}},
}

// highestApplied is the highest grade of an entry that another department applies for:
// the one above it is not shown to peers.
const highestApplied = sharing.HighestGrade - 1

func checkStory(w World, s Story, wrong func(string, ...any)) {
	applicant, ok := w.User(s.Applicant)
	if !ok || applicant.Region.ID != s.RegionID || !applicant.Subject().Has(sharing.Requester) {
		wrong("story %s: applicant %q", s.ID, s.Applicant)
	}
	if s.Received.Paper() != (s.Registrar != "") {
		wrong("story %s: paper is registered by somebody, and only paper", s.ID)
	}
	if s.Received.Paper() && s.Received.Duty != sharing.DutyAnswer {
		wrong("story %s: the day of receipt follows from %s, not from %q", s.ID, sharing.DutyAnswer, s.Received.Duty)
	}
	if s.Registrar != "" {
		if u, ok := w.User(s.Registrar); !ok || u.Region.ID != s.RegionID || !u.Subject().Has(sharing.AuthorityOfficer) {
			wrong("story %s: registrar %q", s.ID, s.Registrar)
		}
	}
	if err := s.Request.Check(); err != nil {
		wrong("story %s: %w", s.ID, err)
	}
	cases := map[string]*sharing.Case{} // by resource id
	for _, item := range s.Request.Items {
		r, ok := w.Resource(item.ResourceID)
		if !ok || r.RegionID != s.RegionID {
			wrong("story %s: no such resource", s.ID)
			continue
		}
		if r.Class == sharing.NotShared || r.Grade > highestApplied || r.Provider.ID == applicant.Department.ID {
			wrong("story %s: %s cannot apply for %s", s.ID, s.Applicant, r.Code)
		}
		if !slices.Contains(r.Modes, s.Request.Mode) {
			wrong("story %s: %s is not had by %q", s.ID, r.Code, s.Request.Mode)
		}
		for _, f := range item.Fields {
			if !r.HasField(f) {
				wrong("story %s: %s has no field %q", s.ID, r.Code, f)
			}
		}
		if len(item.Fields) == 0 {
			wrong("story %s: no fields of %s", s.ID, r.Code)
		}
		state := sharing.Answering
		if r.Class == sharing.Unconditional {
			state = sharing.InUse // granted at once
		}
		cases[r.ID] = &sharing.Case{Provider: r.Provider, Applicant: applicant.Department, State: state, Request: s.Request, Fields: item.Fields}
	}
	for i, step := range s.Steps {
		c, ok := cases[step.ResourceID]
		if !ok {
			wrong("story %s step %d: no case of that resource", s.ID, i)
			continue
		}
		if err := take(w, step, c); err != nil {
			wrong("story %s step %d: %w", s.ID, i, err)
		}
	}
}

// take moves the case by the step, or says why nobody could take it.
func take(w World, step Step, c *sharing.Case) error {
	by, ok := w.User(step.By)
	may := mayStep[step.Action]
	side := c.Provider.ID
	if may.applicant {
		side = c.Applicant.ID
	}
	if !ok || !by.Subject().Has(may.roles...) || by.Department.ID != side {
		return fmt.Errorf("%s is not for %q", step.Action, step.By)
	}
	var err error
	switch {
	case step.Completion != nil:
		err = step.Completion.Check()
	case step.Completed != nil:
		err = step.Completed.Check()
	case step.Decision != nil:
		// The strictest rule of the five, save the file that proves the basis.
		err = step.Decision.Check(*c, sharing.RefusalRule{Reasons: true, LegalBasis: true})
	case step.Provision != nil:
		err = step.Provision.Check()
	case step.Remark != nil:
		err = step.Remark.Check()
	}
	if err != nil {
		return err
	}
	want := sharing.State("")
	if step.Decision != nil {
		want = sharing.Refused
		if step.Decision.Agree {
			want = sharing.Agreed
		}
	}
	next, err := sharing.ShareApplication.Machine().Next(c.State, step.Action, want)
	if err != nil {
		return err
	}
	c.State = next
	return nil
}
