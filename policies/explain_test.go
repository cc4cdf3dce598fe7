package policies

import (
	"slices"
	"testing"

	"gongshu/sharing"
)

// TestWaysAreThoseWhoMay holds the list of who could to the answers themselves, in
// both directions.
func TestWaysAreThoseWhoMay(t *testing.T) {
	p := Shipped()
	type about struct {
		sharing.Thing
		sharing.Action
	}
	known := map[about][]Way{}
	told, allowed := 0, 0
	for q := range everyQuestion {
		if q.grade != 2 || q.class == sharing.Unconditional {
			continue
		}
		s, thing, ok := cast(q)
		if !ok {
			continue
		}
		at := about{thing, q.action}
		ways, ok := known[at]
		if !ok {
			var err error
			if ways, err = p.Ways(q.action, thing); err != nil {
				t.Fatal(err)
			}
			known[at] = ways
		}
		way := slices.ContainsFunc(ways, func(w Way) bool {
			return slices.Contains(w.Roles, q.role) && slices.Contains(s.RelationsTo(thing), w.Relation)
		})
		may := p.May(s, q.action, thing)
		if way != may {
			t.Errorf("%v: may is %t, told among those who could %t", q, may, way)
		}
		told++
		if may {
			allowed++
		}
	}
	if allowed < 100 || told == allowed {
		t.Errorf("%d questions of which %d are allowed prove little", told, allowed)
	}
}

func TestNeeds(t *testing.T) {
	owner := sharing.Thing{Kind: sharing.KindCase, RegionID: "north", ProviderID: "health", ApplicantID: "housing", Class: sharing.Conditional, Grade: 2}
	for _, tt := range []struct {
		name       string
		department string
		roles      []sharing.Role
		action     sharing.Action
		lacks      []Lack
		never      bool
	}{
		{"an appointment", "health", []sharing.Role{sharing.DataSpecialist}, sharing.Answer, []Lack{LacksRole}, false},
		{"the department", "housing", []sharing.Role{sharing.Approver}, sharing.Answer, []Lack{LacksRelation}, true},
		{"both", "housing", []sharing.Role{sharing.Requester}, sharing.Answer, []Lack{LacksRole, LacksRelation}, true},
		{"less", "health", []sharing.Role{sharing.Approver, sharing.Auditor}, sharing.Answer, []Lack{HoldsDenied}, false},
		{"nothing", "health", []sharing.Role{sharing.Approver}, sharing.Answer, []Lack{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := sharing.Subject{UserID: "user", DepartmentID: tt.department, RegionID: "north", Roles: tt.roles}
			x, err := Shipped().Explain(s, tt.action, owner)
			if err != nil {
				t.Fatal(err)
			}
			if len(x.Ways) == 0 || !slices.Equal(x.Ways[0].Lacks, tt.lacks) || (len(x.Never) > 0) != tt.never {
				t.Errorf("%+v", x)
			}
			if x.Allowed != (len(tt.lacks) == 0) {
				t.Errorf("allowed is %t", x.Allowed)
			}
		})
	}
}
