package policies

import (
	"slices"
	"testing"

	"gongshu/policies/monitor"
	"gongshu/sharing"
)

// TestMeaningIsWhole: the table above has every kind of case, and nothing that is
// never done to one.
func TestMeaningIsWhole(t *testing.T) {
	for _, kind := range sharing.CaseKinds {
		if len(monitor.Steps(kind)) == 0 {
			t.Errorf("nobody has said who is meant to do what to a %s", kind)
		}
		for _, a := range monitor.Steps(kind) {
			if !slices.Contains(actionsOn[kind], a) {
				t.Errorf("%s is never done to a %s", a, kind)
			}
		}
		for _, a := range actionsOn[kind] {
			if !monitor.Someone(kind, a) {
				t.Errorf("nobody is meant to %s a %s", a, kind)
			}
		}
	}
	if len(monitor.Kinds()) != len(sharing.CaseKinds) {
		t.Errorf("%d kinds of cases, want %d", len(monitor.Kinds()), len(sharing.CaseKinds))
	}
}

// cast returns a subject of the role and a thing to which it stands in the
// relation, and in no other of the three between departments. ok is false where
// nobody of that role alone stands so.
func cast(q question) (s sharing.Subject, t sharing.Thing, ok bool) {
	s = sharing.Subject{UserID: "user", DepartmentID: "health", RegionID: "north", Roles: []sharing.Role{q.role}}
	t = sharing.Thing{Kind: q.kind, RegionID: "north", ProviderID: "housing", Class: q.class, Grade: q.grade}
	if q.kind != sharing.KindFormer && q.kind != sharing.KindOpenEntry && q.kind != sharing.KindOpenField && q.kind != sharing.KindReadLog &&
		q.kind != sharing.KindResource && q.kind != sharing.KindScenario && q.kind != sharing.KindRegister && q.kind != sharing.KindTrail {
		t.ApplicantID = "transport"
	}
	switch q.relation {
	case sharing.AsProvider:
		t.ProviderID = s.DepartmentID
	case sharing.AsApplicant:
		t.ApplicantID = s.DepartmentID
	case sharing.AsPeer:
	case sharing.AsAuthority:
		ok = s.Has(sharing.AuthorityOfficer, sharing.AuthorityHead)
		return s, t, ok
	case sharing.AsOverseer:
		ok = s.Has(sharing.Supervisor, sharing.Finance, sharing.Auditor, sharing.Gateway, sharing.Operator, sharing.SecurityOfficer)
		return s, t, ok
	case sharing.AsPublic:
		ok = s.Has(sharing.Citizen) && (q.kind == sharing.KindOpenEntry || q.kind == sharing.KindOpenField)
		return s, t, ok
	}
	return s, t, true
}

func everyAction() []sharing.Action {
	seen := map[sharing.Action]bool{}
	var all []sharing.Action
	for _, k := range kinds {
		for _, a := range actionsOn[k] {
			if !seen[a] {
				seen[a] = true
				all = append(all, a)
			}
		}
	}
	return all
}

func everyQuestion(yield func(question) bool) {
	for _, role := range sharing.Roles {
		for _, kind := range kinds {
			for _, action := range everyAction() {
				for _, c := range cells {
					if !yield(question{role, c.Relation, kind, c.Class, c.Grade, action}) {
						return
					}
				}
			}
		}
	}
}

// TestGridAgreesWithMonitor compares May with the monitor over the whole grid,
// each square asked about by somebody who stands there. One square of each row
// and relation is also asked of Casbin anew.
func TestGridAgreesWithMonitor(t *testing.T) {
	p := Shipped()
	var compared, allowed, asked int
	for q := range everyQuestion {
		s, thing, possible := cast(q)
		if possible {
			want := monitor.May(s, q.action, thing)
			if compared++; want {
				allowed++
			}
			if got := p.May(s, q.action, thing); got != want {
				t.Errorf("May(%v): %t, want %t", q, got, want)
			}
		}
		if q.class != sharing.Conditional || q.grade != 2 {
			continue
		}
		asked++
		a, err := p.enforcer.ask(q)
		if err != nil {
			t.Fatalf("%v: %v", q, err)
		}
		if kept := p.squares(s.Roles, q.kind, q.action); !kept.and(square(q.relation, q.class, q.grade)).empty() != (a.effect == allow) {
			t.Errorf("%v: Casbin says %q now and said otherwise before", q, a.effect)
		}
		if a.effect == allow && !possible {
			t.Errorf("%v: allowed, though nobody stands so", q)
		}
	}
	t.Logf("%d squares compared, %d of them allowed; %d asked anew", compared, allowed, asked)
	if allowed < 100 {
		t.Errorf("only %d squares allowed: the comparison is empty", allowed)
	}
}

// differences counts the squares of a rules file, read without any of the
// loader's later checks, on which it and the monitor differ.
func differences(t *testing.T, rules []byte) int {
	t.Helper()
	book, err := parseRules(rules)
	if err != nil {
		t.Fatalf("the variant must parse: %v", err)
	}
	granted := book.said(allow).minus(book.said(deny))
	n := 0
	for q := range everyQuestion {
		if !slices.Contains(actionsOn[q.kind], q.action) {
			continue // no rule that parses allows it
		}
		s, thing, possible := cast(q)
		if !possible {
			continue
		}
		got := false
		for _, r := range s.RelationsTo(thing) {
			got = got || !granted[row{q.role, q.kind, q.action}].and(square(r, q.class, q.grade)).empty()
		}
		if got != monitor.May(s, q.action, thing) {
			n++
		}
	}
	return n
}
