package policies

import (
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"gongshu/policies/monitor"
	"gongshu/sharing"
)

// TestPermissions is what the rules are for, said in cases. Where a line says
// "all", every class and grade is meant; "shared" is unconditional and
// conditional up to grade 3; "kept" is the rest.
func TestPermissions(t *testing.T) {
	const yes, no = true, false
	type line struct {
		role     sharing.Role
		relation sharing.Relation
		action   sharing.Action
		kind     sharing.Kind
		which    string
		want     bool
	}
	for _, l := range []line{
		// The catalog.
		{"requester", "provider", "read", "resource", "all", yes},
		{"data_specialist", "provider", "read", "resource", "all", yes},
		{"approver", "provider", "read", "resource", "all", yes},
		{"department_head", "provider", "read", "resource", "all", yes},
		{"requester", "peer", "read", "resource", "shared", yes},
		{"requester", "peer", "read", "resource", "kept", no},
		{"data_specialist", "peer", "read", "resource", "kept", no},
		{"approver", "peer", "read", "resource", "kept", no},
		{"department_head", "peer", "read", "resource", "shared", yes},
		{"department_head", "peer", "read", "resource", "kept", no},
		{"finance", "peer", "read", "resource", "shared", yes},
		{"finance", "peer", "read", "resource", "kept", no},
		{"finance", "provider", "read", "resource", "kept", no},
		{"operator", "peer", "read", "resource", "shared", yes},
		{"operator", "peer", "read", "resource", "kept", no},
		{"operator", "provider", "read", "resource", "kept", no},
		{"authority_officer", "authority", "read", "resource", "all", yes},
		{"authority_head", "authority", "read", "resource", "all", yes},
		{"supervisor", "overseer", "read", "resource", "all", yes},
		{"auditor", "overseer", "read", "resource", "all", no},
		{"auditor", "peer", "read", "resource", "all", no},
		{"auditor", "provider", "read", "resource", "all", no},
		{"citizen", "peer", "read", "resource", "all", no},
		{"gateway", "peer", "read", "resource", "all", no},

		// Applying.
		{"requester", "peer", "apply", "resource", "shared", yes},
		{"requester", "peer", "apply", "resource", "kept", no},
		{"requester", "provider", "apply", "resource", "all", no},
		{"department_head", "peer", "apply", "resource", "shared", yes},
		{"department_head", "provider", "apply", "resource", "all", no},
		{"data_specialist", "peer", "apply", "resource", "all", no},
		{"approver", "peer", "apply", "resource", "all", no},
		{"authority_officer", "authority", "apply", "resource", "all", no},
		{"finance", "peer", "apply", "resource", "all", no},
		{"authority_officer", "authority", "register_paper", "resource", "shared", yes},
		{"authority_officer", "authority", "register_paper", "resource", "kept", no},
		{"authority_head", "authority", "register_paper", "resource", "all", no},
		{"data_specialist", "provider", "register_paper", "resource", "shared", yes},
		{"data_specialist", "peer", "register_paper", "resource", "all", no},
		{"requester", "peer", "register_paper", "resource", "all", no},
		{"authority_officer", "authority", "register_paper", "application", "all", yes},
		{"data_specialist", "provider", "register_paper", "application", "all", yes},
		{"requester", "applicant", "register_paper", "application", "all", no},

		// Applications.
		{"requester", "applicant", "read", "application", "all", yes},
		{"approver", "applicant", "read", "application", "all", yes},
		{"requester", "applicant", "submit", "application", "all", yes},
		{"department_head", "applicant", "submit", "application", "all", yes},
		{"data_specialist", "applicant", "submit", "application", "all", no},
		{"authority_officer", "authority", "submit", "application", "all", no},
		{"requester", "peer", "read", "application", "all", no},
		{"approver", "provider", "read", "application", "all", no},
		{"authority_officer", "authority", "read", "application", "all", yes},
		{"supervisor", "overseer", "read", "application", "all", yes},

		// Cases.
		{"requester", "applicant", "read", "case", "all", yes},
		{"data_specialist", "applicant", "read", "case", "all", yes},
		{"requester", "provider", "read", "case", "all", no},
		{"data_specialist", "provider", "read", "case", "all", yes},
		{"approver", "provider", "read", "case", "all", yes},
		{"department_head", "provider", "read", "case", "all", yes},
		{"department_head", "peer", "read", "case", "all", no},
		{"authority_officer", "authority", "read", "case", "all", yes},
		{"authority_head", "authority", "read", "case", "all", yes},
		{"supervisor", "overseer", "read", "case", "all", yes},
		{"auditor", "overseer", "read", "case", "all", no},
		{"operator", "peer", "read", "case", "all", no},
		{"finance", "applicant", "read", "case", "all", no},
		{"gateway", "applicant", "read", "case", "all", no},

		// Steps.
		{"data_specialist", "provider", "request_completion", "case", "all", yes},
		{"approver", "provider", "request_completion", "case", "all", yes},
		{"data_specialist", "provider", "answer", "case", "all", no},
		{"approver", "provider", "answer", "case", "all", yes},
		{"department_head", "provider", "answer", "case", "all", yes},
		{"approver", "applicant", "answer", "case", "all", no},
		{"department_head", "applicant", "answer", "case", "all", no},
		{"authority_head", "authority", "answer", "case", "all", no},
		{"supervisor", "overseer", "answer", "case", "all", no},
		{"data_specialist", "provider", "provide", "case", "all", yes},
		{"requester", "provider", "provide", "case", "all", no},
		{"requester", "applicant", "complete", "case", "all", yes},
		{"requester", "applicant", "withdraw", "case", "all", yes},
		{"requester", "applicant", "confirm", "case", "all", yes},
		{"requester", "applicant", "report_failure", "case", "all", yes},
		{"approver", "applicant", "confirm", "case", "all", no},
		{"department_head", "provider", "withdraw", "case", "all", no},
		{"data_specialist", "provider", "claim", "case", "all", yes},
		{"requester", "applicant", "claim", "case", "all", yes},
		{"requester", "provider", "claim", "case", "all", no},
		{"authority_officer", "authority", "claim", "case", "all", yes},
		{"supervisor", "overseer", "claim", "case", "all", no},
		{"authority_officer", "authority", "pass", "case", "all", yes},
		{"authority_head", "authority", "send_back", "case", "all", yes},
		{"authority_officer", "authority", "reassign", "case", "all", yes},
		{"department_head", "provider", "reassign", "case", "all", no},
		{"approver", "provider", "pass", "case", "all", no},
		{"requester", "applicant", "send_back", "case", "all", no},
		{"authority_officer", "authority", "extend", "case", "all", yes},
		{"approver", "provider", "extend", "case", "all", yes},
		{"data_specialist", "provider", "extend", "case", "all", no},
		{"requester", "applicant", "extend", "case", "all", no},

		// The board.
		{"authority_officer", "authority", "watch", "case", "all", yes},
		{"authority_head", "authority", "watch", "case", "all", yes},
		{"supervisor", "overseer", "watch", "case", "all", yes},
		{"department_head", "provider", "watch", "case", "all", no},
		{"authority_officer", "authority", "urge", "case", "all", yes},
		{"authority_head", "authority", "urge", "case", "all", yes},
		{"supervisor", "overseer", "urge", "case", "all", no},

		// Everybody whom a case concerns.
		{"approver", "applicant", "comment", "case", "all", yes},
		{"data_specialist", "provider", "follow", "case", "all", yes},
		{"supervisor", "overseer", "comment", "case", "all", yes},
		{"department_head", "peer", "comment", "case", "all", no},
		{"auditor", "overseer", "comment", "case", "all", no},
		{"requester", "applicant", "urge", "case", "all", yes},
		{"approver", "provider", "urge", "case", "all", no},
		{"authority_head", "authority", "supervise", "case", "all", yes},
		{"supervisor", "overseer", "supervise", "case", "all", no},
		{"authority_officer", "authority", "consent", "case", "all", yes},
		{"approver", "provider", "consent", "case", "all", no},
		{"approver", "provider", "revoke", "case", "all", yes},
		{"data_specialist", "provider", "revoke", "case", "all", no},
		{"authority_head", "authority", "suspend", "case", "all", yes},
		{"department_head", "applicant", "resume", "case", "all", no},

		// Coordination and requests upward.
		{"requester", "applicant", "submit", "coordination", "all", yes},
		{"approver", "applicant", "submit", "coordination", "all", no},
		{"approver", "applicant", "read", "coordination", "all", yes},
		{"data_specialist", "provider", "opine", "coordination", "all", yes},
		{"requester", "provider", "read", "coordination", "all", no},
		{"department_head", "peer", "read", "coordination", "all", no},
		{"authority_officer", "authority", "rule", "coordination", "all", yes},
		{"department_head", "provider", "rule", "coordination", "all", no},
		{"supervisor", "overseer", "rule", "coordination", "all", no},
		{"department_head", "applicant", "submit", "need", "all", yes},
		{"authority_officer", "authority", "read", "need", "all", yes},
		{"authority_officer", "authority", "send_up", "upward", "all", yes},
		{"department_head", "applicant", "read", "upward", "all", no},
		{"supervisor", "overseer", "relay_reply", "upward", "all", no},

		// Disputes and catalog changes.
		{"data_specialist", "applicant", "submit", "dispute", "all", yes},
		{"data_specialist", "provider", "verify", "dispute", "all", yes},
		{"data_specialist", "applicant", "verify", "dispute", "all", no},
		{"department_head", "peer", "read", "dispute", "all", no},
		{"requester", "applicant", "acknowledge", "grant", "all", yes},
		{"approver", "provider", "acknowledge", "grant", "all", no},
		{"data_specialist", "provider", "submit", "change", "all", yes},
		{"data_specialist", "provider", "review_change", "change", "all", no},
		{"approver", "provider", "clear_secrecy", "change", "all", yes},
		{"department_head", "provider", "check_change", "change", "all", no},
		{"authority_officer", "authority", "check_change", "change", "all", yes},
		{"authority_head", "authority", "approve_above", "change", "all", no},
		{"supervisor", "overseer", "approve_above", "change", "all", yes},
		{"requester", "peer", "read", "change", "all", no},

		// Projects and rectification.
		{"data_specialist", "applicant", "ask_acceptance", "project", "all", yes},
		{"department_head", "applicant", "accept", "project", "all", no},
		{"authority_officer", "authority", "accept", "project", "all", yes},
		{"supervisor", "overseer", "accept", "project", "all", no},
		{"finance", "overseer", "read", "project", "all", yes},
		{"finance", "overseer", "comment", "project", "all", no},
		{"finance", "overseer", "accept", "project", "all", no},
		{"finance", "overseer", "read", "rectification", "all", yes},
		{"finance", "overseer", "escalate", "rectification", "all", no},
		{"finance", "overseer", "read", "dispute", "all", no},
		{"finance", "overseer", "watch", "project", "all", no},
		{"data_specialist", "provider", "hand_in_evidence", "rectification", "all", yes},
		{"department_head", "provider", "judge_evidence", "rectification", "all", no},
		{"authority_officer", "authority", "judge_evidence", "rectification", "all", yes},
		{"supervisor", "overseer", "escalate", "rectification", "all", yes},
		{"supervisor", "overseer", "cancel", "rectification", "all", yes},

		// Open data and standing duties.
		{"citizen", "applicant", "read", "opening", "all", yes},
		{"citizen", "applicant", "sign_agreement", "opening", "all", yes},
		{"citizen", "peer", "read", "opening", "all", no},
		{"citizen", "applicant", "read", "case", "all", no},
		{"citizen", "applicant", "read", "dispute", "all", no},
		{"requester", "applicant", "submit", "opening", "all", no},
		{"approver", "provider", "answer_opening", "opening", "all", yes},
		{"data_specialist", "provider", "screen", "opening", "all", no},
		{"data_specialist", "provider", "fulfil", "standing", "all", yes},
		{"department_head", "provider", "waive", "standing", "all", no},
		{"authority_head", "authority", "waive", "standing", "all", yes},

		// Grants and the trail.
		{"requester", "applicant", "read", "grant", "all", yes},
		{"data_specialist", "provider", "read", "grant", "all", yes},
		{"requester", "provider", "read", "grant", "all", no},
		{"requester", "peer", "read", "grant", "all", no},
		{"authority_officer", "authority", "read", "grant", "all", yes},
		{"supervisor", "overseer", "read", "grant", "all", yes},
		{"auditor", "overseer", "read", "trail", "all", yes},
		{"supervisor", "overseer", "read", "trail", "all", no},
		{"authority_head", "authority", "read", "trail", "all", no},
		{"operator", "peer", "read", "trail", "all", no},

		// Administration.
		{"operator", "overseer", "read", "account", "all", yes},
		{"operator", "overseer", "manage", "account", "all", yes},
		{"operator", "overseer", "appoint", "account", "all", no},
		{"operator", "overseer", "manage", "key", "all", yes},
		{"operator", "overseer", "manage", "setting", "all", yes},
		{"operator", "overseer", "read", "policy", "all", yes},
		{"operator", "overseer", "manage", "policy", "all", no},
		{"security_officer", "overseer", "read", "account", "all", yes},
		{"security_officer", "overseer", "manage", "account", "all", no},
		{"security_officer", "overseer", "appoint", "account", "all", yes},
		{"security_officer", "overseer", "read", "key", "all", yes},
		{"security_officer", "overseer", "manage", "key", "all", no},
		{"security_officer", "overseer", "read", "setting", "all", no},
		{"security_officer", "overseer", "manage", "policy", "all", yes},
		{"security_officer", "overseer", "read", "trail", "all", no},
		{"security_officer", "peer", "read", "resource", "all", no},
		{"security_officer", "applicant", "read", "case", "all", no},
		{"auditor", "overseer", "read", "account", "all", no},
		{"auditor", "overseer", "read", "policy", "all", no},
		{"authority_head", "authority", "appoint", "account", "all", no},
		{"authority_head", "authority", "read", "policy", "all", no},
		{"supervisor", "overseer", "manage", "policy", "all", no},
	} {
		for _, class := range sharing.Classes {
			for grade := sharing.LowestGrade; grade <= sharing.HighestGrade; grade++ {
				kept := class == sharing.NotShared || grade == sharing.HighestGrade
				if l.which == "shared" && kept || l.which == "kept" && !kept {
					continue
				}
				s, thing, ok := cast(question{l.role, l.relation, l.kind, class, grade, l.action})
				if !ok {
					t.Fatalf("%v: nobody stands so", l)
				}
				if got := Shipped().May(s, l.action, thing); got != l.want {
					t.Errorf("%s as %s, %s %s of class %s and grade %d: %t, want %t", l.role, l.relation, l.action, l.kind, class, grade, got, l.want)
				}
			}
		}
	}
}

// TestSeveralRoles shows how roles and relations of one person add up.
func TestSeveralRoles(t *testing.T) {
	const north, health, housing = "north", "health", "housing"
	subject := func(roles ...sharing.Role) sharing.Subject {
		return sharing.Subject{UserID: "user", DepartmentID: health, RegionID: north, Roles: roles}
	}
	own := sharing.Thing{Kind: sharing.KindCase, RegionID: north, ProviderID: health, ApplicantID: housing, Class: sharing.Conditional, Grade: 2}
	trail := Trail(north)
	accounts := Administered(sharing.KindAccount, north)
	for _, tt := range []struct {
		name   string
		s      sharing.Subject
		action sharing.Action
		thing  sharing.Thing
		want   bool
	}{
		{"an approver answers", subject(sharing.Approver), sharing.Answer, own, true},
		{"a second role does not hinder", subject(sharing.Requester, sharing.Approver), sharing.Answer, own, true},
		{"nor does its order", subject(sharing.Approver, sharing.Requester), sharing.Answer, own, true},
		{"an officer who also approves for the provider", subject(sharing.AuthorityOfficer, sharing.Approver), sharing.Answer, own, true},
		{"an auditor who is also appointed approver", subject(sharing.Approver, sharing.Auditor), sharing.Answer, own, false},
		{"an auditor who is also an officer sees no case", subject(sharing.AuthorityOfficer, sharing.Auditor), sharing.Read, own, false},
		{"and still reads the trail", subject(sharing.AuthorityOfficer, sharing.Auditor), sharing.Read, trail, true},
		{"an operator who is also an auditor does not", subject(sharing.Auditor, sharing.Operator), sharing.Read, trail, false},
		{"an operator who is also appointed head", subject(sharing.DepartmentHead, sharing.Operator), sharing.Read, own, false},
		{"an operator who is also in charge of security does not manage accounts", subject(sharing.Operator, sharing.SecurityOfficer), sharing.Manage, accounts, false},
		{"nor appoint", subject(sharing.SecurityOfficer, sharing.Operator), sharing.Appoint, accounts, false},
		{"nor an auditor", subject(sharing.SecurityOfficer, sharing.Auditor), sharing.Appoint, accounts, false},
		{"an approver in charge of security answers nothing", subject(sharing.Approver, sharing.SecurityOfficer), sharing.Answer, own, false},
		{"a role nobody knows spoils the rest", subject(sharing.Approver, "wizard"), sharing.Answer, own, false},
		{"an empty role too", subject(sharing.Approver, ""), sharing.Answer, own, false},
		{"a group is not a role", subject("decider"), sharing.Answer, own, false},
		{"no role", subject(), sharing.Answer, own, false},
		{"another region", sharing.Subject{UserID: "user", DepartmentID: health, RegionID: "south", Roles: []sharing.Role{sharing.Approver}}, sharing.Answer, own, false},
		{"no region", sharing.Subject{UserID: "user", DepartmentID: health, Roles: []sharing.Role{sharing.Approver}}, sharing.Answer, own, false},
		{"no kind", subject(sharing.Approver), sharing.Answer, without(own, func(t *sharing.Thing) { t.Kind = "" }), false},
		{"no class", subject(sharing.Approver), sharing.Answer, without(own, func(t *sharing.Thing) { t.Class = "" }), false},
		{"an unknown class", subject(sharing.Approver), sharing.Answer, without(own, func(t *sharing.Thing) { t.Class = "*" }), false},
		{"no grade", subject(sharing.Approver), sharing.Answer, without(own, func(t *sharing.Thing) { t.Grade = 0 }), false},
		{"a grade beyond the highest", subject(sharing.Approver), sharing.Answer, without(own, func(t *sharing.Thing) { t.Grade = 5 }), false},
		{"a thing without a region", subject(sharing.Approver), sharing.Answer, without(own, func(t *sharing.Thing) { t.RegionID = "" }), false},
		{"no action", subject(sharing.Approver), "", own, false},
		{"any action", subject(sharing.Approver), "*", own, false},
	} {
		if got := Shipped().May(tt.s, tt.action, tt.thing); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}

// TestDenyInOneRelation holds the rule that a deny takes away the squares it
// names and no others: denied as provider is not denied as applicant.
func TestDenyInOneRelation(t *testing.T) {
	p, err := Load(shippedModel, with("p, approver, provider, grant, conditional, 3, 3, read, deny"))
	if err != nil {
		t.Fatal(err)
	}
	s := sharing.Subject{UserID: "user", DepartmentID: "health", RegionID: "north", Roles: []sharing.Role{sharing.Approver, sharing.DataSpecialist}}
	grant := sharing.Thing{Kind: sharing.KindGrant, RegionID: "north", ProviderID: "health", ApplicantID: "housing", Class: sharing.Conditional, Grade: 3}
	if p.May(s, sharing.Read, grant) {
		t.Error("the other role's allow outweighs the deny")
	}
	grant.ApplicantID = "health"
	if !p.May(s, sharing.Read, grant) {
		t.Error("a deny as provider also denies as applicant")
	}
	grant.ApplicantID, grant.Grade = "housing", 2
	if !p.May(s, sharing.Read, grant) {
		t.Error("a deny of grade 3 also denies grade 2")
	}
}

func TestLabelsOfThingsWithoutClass(t *testing.T) {
	application := sharing.Application{RegionID: "north", Applicant: sharing.Department{ID: "health"}}
	at := func(department string, role sharing.Role) sharing.Subject {
		return sharing.Subject{UserID: "user", DepartmentID: department, RegionID: "north", Roles: []sharing.Role{role}}
	}
	p := Shipped()
	for _, tt := range []struct {
		s         sharing.Subject
		registrar string
		want      bool
	}{
		{at("health", sharing.Requester), "", true},
		{at("housing", sharing.DataSpecialist), "", false},
		{at("housing", sharing.DataSpecialist), "housing", true},
		{at("transport", sharing.DataSpecialist), "housing", false},
		{at("center", sharing.AuthorityOfficer), "", true},
	} {
		if got := p.May(tt.s, sharing.Read, Application(application, tt.registrar)); got != tt.want {
			t.Errorf("%v of %s, registered by %q: %t, want %t", tt.s.Roles, tt.s.DepartmentID, tt.registrar, got, tt.want)
		}
	}
	if !p.May(at("audit", sharing.Auditor), sharing.Read, Trail("north")) || p.May(at("audit", sharing.Auditor), sharing.Read, Trail("south")) {
		t.Error("an auditor reads the trail of the own region and no other")
	}
}

func without(t sharing.Thing, change func(*sharing.Thing)) sharing.Thing {
	change(&t)
	return t
}

// subjects draws people with up to three roles, some of them not known.
func subjects(region, department *rapid.Generator[string]) *rapid.Generator[sharing.Subject] {
	return rapid.Custom(func(t *rapid.T) sharing.Subject {
		role := rapid.SampledFrom(append([]sharing.Role{"wizard", ""}, slices.Repeat(sharing.Roles, 5)...))
		return sharing.Subject{
			UserID:       "user",
			DepartmentID: department.Draw(t, "department"),
			RegionID:     region.Draw(t, "region"),
			Roles:        rapid.SliceOfN(role, 0, 3).Draw(t, "roles"),
		}
	})
}

// everyThing visits all things of a small world, badly labelled ones among them,
// with all that could be done to them.
func everyThing(departments []string, visit func(sharing.Thing, sharing.Action)) {
	for _, kind := range append([]sharing.Kind{""}, kinds...) {
		for _, region := range []string{"north", "south", ""} {
			for _, provider := range departments {
				for _, applicant := range append([]string{""}, departments...) {
					if (applicant != "") == (kind == sharing.KindResource || kind == sharing.KindScenario || kind == sharing.KindRegister || kind == sharing.KindTrail) {
						continue
					}
					for _, class := range append([]sharing.Class{"", "*"}, sharing.Classes...) {
						for grade := sharing.Grade(0); grade <= sharing.HighestGrade+1; grade++ {
							thing := sharing.Thing{Kind: kind, RegionID: region, ProviderID: provider, ApplicantID: applicant, Class: class, Grade: grade}
							for _, action := range append([]sharing.Action{"", "*", sharing.Expire}, actionsOn[kind]...) {
								visit(thing, action)
							}
						}
					}
				}
			}
		}
	}
}

// TestListIsCheck: what a list would show is what a single check allows, and
// the other way round, whoever asks and however badly things are labelled.
func TestListIsCheck(t *testing.T) {
	p := Shipped()
	compared, allowed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := subjects(rapid.SampledFrom([]string{"north", "north", "north", ""}), rapid.SampledFrom([]string{"health", "housing", "center", ""})).Draw(t, "subject")
		everyThing([]string{"health", "housing", ""}, func(thing sharing.Thing, action sharing.Action) {
			scope, may := p.Scope(s, thing.Kind, action), p.May(s, action, thing)
			if scope.Allows(thing) != may {
				t.Fatalf("%s of %+v: scope %t, may %t", action, thing, scope.Allows(thing), may)
			}
			if compared++; may {
				allowed++
			}
		})
	})
	t.Logf("%d decisions compared, %d of them allowed", compared, allowed)
	if allowed == 0 {
		t.Error("nothing was allowed: the comparison is empty")
	}
}

// TestMayAgreesWithMonitor compares whole decisions, over people with several
// roles who stand in several relations to a thing.
func TestMayAgreesWithMonitor(t *testing.T) {
	p := Shipped()
	compared, allowed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := subjects(rapid.SampledFrom([]string{"north", "north", "north", ""}), rapid.SampledFrom([]string{"health", "housing", "center"})).Draw(t, "subject")
		everyThing([]string{"health", "housing"}, func(thing sharing.Thing, action sharing.Action) {
			got, want := p.May(s, action, thing), monitor.May(s, action, thing)
			if got != want {
				t.Fatalf("%s of %+v: %t, want %t", action, thing, got, want)
			}
			if compared++; got {
				allowed++
			}
		})
	})
	t.Logf("%d decisions compared, %d of them allowed", compared, allowed)
	if allowed == 0 {
		t.Error("nothing was allowed: the comparison is empty")
	}
}

// TestExplanationsAgree: the votes alone lead to the decision they explain.
func TestExplanationsAgree(t *testing.T) {
	p := Shipped()
	allowed := 0
	rapid.Check(t, func(t *rapid.T) {
		department := rapid.SampledFrom([]string{"health", "housing"})
		s := subjects(rapid.Just("north"), department).Draw(t, "subject")
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		action := rapid.SampledFrom(actionsOn[kind]).Draw(t, "action")
		thing := sharing.Thing{Kind: kind, RegionID: "north", ProviderID: department.Draw(t, "provider"), ApplicantID: department.Draw(t, "applicant"),
			Class: rapid.SampledFrom(sharing.Classes).Draw(t, "class"), Grade: sharing.Grade(rapid.IntRange(0, 4).Draw(t, "grade"))}
		x, err := p.Explain(s, action, thing)
		if err != nil {
			t.Fatal(err)
		}
		if may := p.May(s, action, thing); x.Allowed != may || explained(x) != may {
			t.Fatalf("may %t, explained as %+v", may, x)
		}
		if x.Allowed {
			allowed++
		}
	})
	if allowed == 0 {
		t.Error("nothing was allowed: the comparison is empty")
	}
}

// explained decides from the votes alone.
func explained(x Explanation) bool {
	return slices.ContainsFunc(x.Votes, func(v Vote) bool {
		denied := slices.ContainsFunc(x.Votes, func(o Vote) bool { return o.Relation == v.Relation && !o.Allows })
		return v.Allows && !denied
	})
}

func TestScopeHoldsOnlyWhatIsAllowed(t *testing.T) {
	s := sharing.Subject{UserID: "user", DepartmentID: "health", RegionID: "north", Roles: []sharing.Role{sharing.Requester}}
	scope := Shipped().Scope(s, sharing.KindResource, sharing.Read)
	peers := 0
	for _, c := range scope.Cells {
		switch c.Relation {
		case sharing.AsProvider:
		case sharing.AsPeer:
			peers++
			if c.Class == sharing.NotShared || c.Grade == sharing.HighestGrade {
				t.Errorf("a requester sees %v of other departments", c)
			}
		default:
			t.Errorf("a requester reads the catalog as %s", c.Relation)
		}
	}
	if peers != 6 || len(scope.Cells) != 18 {
		t.Errorf("%d squares, %d of them as peer; want 18 and 6", len(scope.Cells), peers)
	}
	scope.Cells[0] = sharing.Cell{Relation: sharing.AsPeer, Class: sharing.NotShared, Grade: 4}
	if again := Shipped().Scope(s, sharing.KindResource, sharing.Read); slices.Contains(again.Cells, scope.Cells[0]) {
		t.Error("changing one scope changes the policy")
	}
	if got := Shipped().Scope(s, sharing.KindCase, sharing.Watch); len(got.Cells) != 0 {
		t.Errorf("a requester may watch: %v", got.Cells)
	}
}

func TestWithoutPolicyEverythingIsDenied(t *testing.T) {
	s, thing, _ := cast(question{sharing.Requester, sharing.AsProvider, sharing.KindResource, sharing.Unconditional, 1, sharing.Read})
	if !Shipped().May(s, sharing.Read, thing) {
		t.Fatal("the question must be one that is allowed")
	}
	var none *Policy
	var c Current
	for _, p := range []*Policy{none, {}, c.Policy()} {
		if p.May(s, sharing.Read, thing) || len(p.Scope(s, thing.Kind, sharing.Read).Cells) != 0 {
			t.Error("allowed without a policy")
		}
		if _, err := p.Explain(s, sharing.Read, thing); err == nil {
			t.Error("explained without a policy")
		}
		if err := c.Swap(p); err == nil {
			t.Error("a policy that was never loaded came into force")
		}
	}
}

func TestErrorDenies(t *testing.T) {
	p, err := Load(shippedModel, shippedRules)
	if err != nil {
		t.Fatal(err)
	}
	broken := p.enforcer.casbin[sharing.KindResource]
	broken.GetModel()["m"]["m"].Value = "r_role == "
	broken.ClearPolicy() // also drops the compiled matcher
	broken.GetModel()["p"]["p"].Policy = [][]string{{"requester"}}
	s, thing, _ := cast(question{sharing.Requester, sharing.AsProvider, sharing.KindResource, sharing.Unconditional, 1, sharing.Read})
	if p.May(s, sharing.Read, thing) {
		t.Error("allowed though Casbin failed")
	}
	if _, err := p.Explain(s, sharing.Read, thing); err == nil {
		t.Error("Casbin's failure was not told")
	}
}

func TestExplain(t *testing.T) {
	s := sharing.Subject{UserID: "user", DepartmentID: "health", RegionID: "north", Roles: []sharing.Role{sharing.Approver, sharing.Operator}}
	thing := sharing.Thing{Kind: sharing.KindCase, RegionID: "north", ProviderID: "health", ApplicantID: "housing", Class: sharing.Conditional, Grade: 2}
	x, err := Shipped().Explain(s, sharing.Answer, thing)
	if err != nil {
		t.Fatal(err)
	}
	if x.Allowed || len(x.Votes) != 3 || !x.Votes[0].Allows || x.Votes[1].Allows || x.Votes[2].Allows {
		t.Fatalf("an approver who runs the system: %+v", x)
	}
	if want := lineOf(t, "p, decider, provider, case, *, 1, 4, answer, allow"); x.Votes[0].Line != want {
		t.Errorf("allowed by line %d, want %d", x.Votes[0].Line, want)
	}
	if !slices.Contains(x.Votes[0].Basis, "shuozhou-2021 art. 16") {
		t.Errorf("basis %v does not name the article on answering", x.Votes[0].Basis)
	}
	if x.Hash != Shipped().Hash() || x.Version != Shipped().Version() || x.Version == "" {
		t.Errorf("policy %q %q", x.Version, x.Hash)
	}
	thing.Grade = 0
	if x, err = Shipped().Explain(s, sharing.Answer, thing); err != nil || x.Missing == "" || x.Allowed {
		t.Errorf("an ungraded thing: %+v, %v", x, err)
	}
}

// TestSwapUnderLoad replaces the policy while many ask: every answer is that of
// one policy or the other.
func TestSwapUnderLoad(t *testing.T) {
	stricter, err := Load(shippedModel, with("p, requester, provider, resource, *, 4, 4, read, deny"))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := Load(shippedModel, shippedRules)
	if err != nil {
		t.Fatal(err)
	}
	current, err := NewCurrent(fresh)
	if err != nil {
		t.Fatal(err)
	}
	s, thing, _ := cast(question{sharing.Requester, sharing.AsProvider, sharing.KindResource, sharing.NotShared, 4, sharing.Read})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 300 {
				p := current.Policy()
				may := p.May(s, sharing.Read, thing)
				if may != (p == fresh) || p.Scope(s, thing.Kind, sharing.Read).Allows(thing) != may {
					t.Error("an answer of neither policy")
				}
				if i%20 == 0 {
					if x, err := p.Explain(s, sharing.Read, thing); err != nil || x.Allowed != may {
						t.Errorf("%+v, %v", x, err)
					}
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 300 {
			next := fresh
			if i%2 == 0 {
				next = stricter
			}
			if err := current.Swap(next); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}

func benchmarkSubject() (sharing.Subject, sharing.Thing) {
	s := sharing.Subject{UserID: "user", DepartmentID: "health", RegionID: "north", Roles: []sharing.Role{sharing.Requester, sharing.Approver}}
	return s, sharing.Thing{Kind: sharing.KindResource, RegionID: "north", ProviderID: "housing", Class: sharing.Conditional, Grade: 2}
}

func BenchmarkMay(b *testing.B) {
	p := Shipped()
	s, thing := benchmarkSubject()
	b.ReportAllocs()
	for b.Loop() {
		if !p.May(s, sharing.Read, thing) {
			b.Fatal("denied")
		}
	}
}

func BenchmarkScope(b *testing.B) {
	p := Shipped()
	s, _ := benchmarkSubject()
	b.ReportAllocs()
	for b.Loop() {
		if len(p.Scope(s, sharing.KindResource, sharing.Read).Cells) == 0 {
			b.Fatal("nothing allowed")
		}
	}
}

// BenchmarkScopeCold is the first question of a process about one role.
func BenchmarkScopeCold(b *testing.B) {
	p := Shipped()
	for b.Loop() {
		r := row{sharing.Requester, sharing.KindResource, sharing.Read}
		p.enforcer.askRow(r, p.rows[r].covered)
	}
}

func BenchmarkCasbin(b *testing.B) {
	p := Shipped()
	q := question{sharing.Requester, sharing.AsPeer, sharing.KindResource, sharing.Conditional, 2, sharing.Read}
	for b.Loop() {
		if _, err := p.enforcer.ask(q); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(shippedModel, shippedRules); err != nil {
			b.Fatal(err)
		}
	}
}
