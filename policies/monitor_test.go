package policies

import (
	"testing"

	"gongshu/sharing"
)

// monitor says in plain Go, from subject and thing, what the rules are meant to
// come to. It knows neither rules.csv nor Casbin nor the relations of package
// sharing, so that a mistake there shows as a difference.
func monitor(s sharing.Subject, a sharing.Action, t sharing.Thing) bool {
	is := func(roles ...sharing.Role) bool { return s.Has(roles...) }
	labelled := t.Class == sharing.Unconditional || t.Class == sharing.Conditional || t.Class == sharing.NotShared
	if !labelled || t.Grade < 1 || t.Grade > 4 || s.RegionID == "" || s.RegionID != t.RegionID {
		return false
	}
	for _, r := range s.Roles {
		switch r {
		case sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead, sharing.AuthorityOfficer,
			sharing.AuthorityHead, sharing.Supervisor, sharing.Finance, sharing.Auditor, sharing.Operator, sharing.Citizen, sharing.Gateway:
		default:
			return false
		}
	}
	provides := s.DepartmentID == t.ProviderID
	applies := s.DepartmentID == t.ApplicantID
	elsewhere := !provides && !applies
	center := is(sharing.AuthorityOfficer, sharing.AuthorityHead)
	staff := is(sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead)
	handles := is(sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead)
	asks := is(sharing.Requester, sharing.DepartmentHead)
	above := center || is(sharing.Supervisor)
	moderate := t.Class != sharing.NotShared && t.Grade < 4

	if is(sharing.Auditor) && t.Kind != sharing.KindTrail {
		return false
	}
	if is(sharing.Operator) && (t.Kind != sharing.KindResource || a != sharing.Read || !moderate) {
		return false
	}
	switch t.Kind {
	case sharing.KindResource:
		switch a {
		case sharing.Read:
			return above || provides && staff ||
				moderate && (provides || elsewhere) && (staff || is(sharing.Finance, sharing.Operator))
		case sharing.Apply:
			return moderate && elsewhere && asks
		case sharing.RegisterPaper:
			return moderate && (is(sharing.AuthorityOfficer) || provides && is(sharing.DataSpecialist))
		}
	case sharing.KindApplication:
		switch a {
		case sharing.Read:
			return above || applies && staff || provides && is(sharing.DataSpecialist)
		case sharing.RegisterPaper:
			return is(sharing.AuthorityOfficer) || provides && is(sharing.DataSpecialist)
		case sharing.Submit, sharing.Withdraw:
			return applies && asks
		}
	case sharing.KindCase:
		switch a {
		case sharing.Read:
			return above || applies && staff || provides && handles
		case sharing.Watch:
			return above
		case sharing.Urge:
			return center
		case sharing.Pass, sharing.SendBack, sharing.Reassign:
			return center
		case sharing.Extend:
			return center || provides && is(sharing.Approver, sharing.DepartmentHead)
		case sharing.Answer:
			return provides && is(sharing.Approver, sharing.DepartmentHead)
		case sharing.RequestCompletion, sharing.Provide:
			return provides && handles
		case sharing.Complete, sharing.Withdraw, sharing.Confirm, sharing.ReportFailure:
			return applies && asks
		case sharing.Claim:
			return center || provides && handles || applies && asks
		}
	case sharing.KindGrant:
		return a == sharing.Read && (above || applies && staff || provides && handles)
	case sharing.KindTrail:
		return a == sharing.Read && is(sharing.Auditor)
	}
	return false
}

// cast returns a subject of the role and a thing to which it stands in the
// relation, and in no other of the three between departments. ok is false where
// nobody of that role alone stands so.
func cast(q question) (s sharing.Subject, t sharing.Thing, ok bool) {
	s = sharing.Subject{UserID: "user", DepartmentID: "health", RegionID: "north", Roles: []sharing.Role{q.role}}
	t = sharing.Thing{Kind: q.kind, RegionID: "north", ProviderID: "housing", Class: q.class, Grade: q.grade}
	if q.kind != sharing.KindResource && q.kind != sharing.KindTrail {
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
		ok = s.Has(sharing.Supervisor, sharing.Auditor)
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
			want := monitor(s, q.action, thing)
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
		if kept := p.squares(s.Roles, q.kind, q.action); (kept&square(q.relation, q.class, q.grade) != 0) != (a.effect == allow) {
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
		s, thing, possible := cast(q)
		if !possible {
			continue
		}
		got := false
		for _, r := range s.RelationsTo(thing) {
			got = got || granted[row{q.role, q.kind, q.action}]&square(r, q.class, q.grade) != 0
		}
		if got != monitor(s, q.action, thing) {
			n++
		}
	}
	return n
}
