package policies

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gongshu/sharing"
)

// with returns the shipped rules and one more block of lines.
func with(lines ...string) []byte {
	return []byte(string(shippedRules) + "\n# basis: house rule\n" + strings.Join(lines, "\n") + "\n")
}

// replaced returns the shipped rules with one line changed.
func replaced(t *testing.T, line, by string) []byte {
	t.Helper()
	if strings.Count(string(shippedRules), line+"\n") != 1 {
		t.Fatalf("%q does not stand once in the rules", line)
	}
	return []byte(strings.Replace(string(shippedRules), line+"\n", by+"\n", 1))
}

func lineOf(t *testing.T, line string) int {
	t.Helper()
	at := slices.Index(strings.Split(string(shippedRules), "\n"), line)
	if at < 0 {
		t.Fatalf("%q is not in the rules", line)
	}
	return at + 1
}

// added is the number of the first line that with adds.
func added() int { return strings.Count(string(shippedRules), "\n") + 3 }

func TestShipped(t *testing.T) {
	p := Shipped()
	if p.Version() == "" || len(p.Hash()) != 64 {
		t.Errorf("version %q, hash %q", p.Version(), p.Hash())
	}
	other, err := Load(shippedModel, append(slices.Clone(shippedRules), '\n'))
	if err != nil {
		t.Fatal(err)
	}
	if other.Hash() == p.Hash() {
		t.Error("another file has the same hash")
	}
	if got := len(cells); got > 128 {
		t.Errorf("a row has %d squares and no longer fits 128 bits", got)
	}
}

func TestRulesRefused(t *testing.T) {
	const read = "p, reader, peer, resource, conditional, 1, 3, read, allow"
	for _, tt := range []struct {
		name   string
		rules  []byte
		line   int
		reason string
	}{
		{"empty file", nil, 0, "is empty"},
		{"only comments", []byte("# version: 1\n# nothing\n"), 0, "no rule allows anything"},
		{"only denies", []byte("# version: 1\n# basis: house rule\np, operator, *, case, *, 1, 4, *, deny\n"), 0, "no rule allows anything"},
		{"no version", shippedRules[1:], 1, "first line"},
		{"cut short", shippedRules[:len(shippedRules)-1], 0, "cut short"},
		{"too long", append(slices.Clone(shippedRules), []byte(strings.Repeat("#\n", maxFile/2))...), 0, "longer than"},
		{"not UTF-8", with("p, requester, peer, resource, \xff, 1, 3, read, allow"), added(), "not UTF-8"},
		{"byte order mark", append([]byte("\ufeff"), shippedRules...), 1, "byte order mark"},
		{"NUL", with("p, requester\x00, peer, resource, conditional, 1, 3, read, allow"), added(), "control character"},
		{"trailing garbage", with("and so on"), added(), "neither p, g nor #"},
		{"another kind of line", with("g2, finance, onlooker"), added(), "neither p, g nor #"},

		{"missing column", with("p, finance, provider, grant, 1, 4, read, allow"), added(), "has 8 fields instead of 9"},
		{"missing effect", with("p, finance, provider, grant, *, 1, 4, read"), added(), "has 8 fields"},
		{"one column more", with("p, finance, provider, grant, *, 1, 4, read, allow, 1"), added(), "has 10 fields"},
		{"comment behind", with("p, finance, provider, grant, *, 1, 4, read, allow # why"), added(), "neither \"allow\" nor \"deny\""},
		{"Deny", with("p, finance, provider, case, *, 1, 4, read, Deny"), added(), `effect "Deny"`},
		{"no effect", with("p, finance, provider, case, *, 1, 4, read,"), added(), `effect ""`},
		{"unknown role", with("p, wizard, provider, grant, *, 1, 4, read, allow"), added(), `unknown role "wizard"`},
		{"every role", with("p, *, provider, grant, *, 1, 4, read, allow"), added(), `unknown role "*"`},
		{"no role", with("p, , provider, grant, *, 1, 4, read, allow"), added(), `unknown role ""`},
		{"unknown relation", with("p, finance, friend, grant, *, 1, 4, read, allow"), added(), `unknown relation "friend"`},
		{"allow in every relation", with("p, finance, *, grant, *, 1, 4, read, allow"), added(), "names its relation"},
		{"unknown kind", with("p, finance, provider, letter, *, 1, 4, read, allow"), added(), `unknown kind "letter"`},
		{"every kind", with("p, finance, provider, *, *, 1, 4, read, deny"), added(), `unknown kind "*"`},
		{"unknown class", with("p, finance, provider, grant, secret, 1, 4, read, allow"), added(), `unknown class "secret"`},
		{"unknown action", with("p, finance, provider, grant, *, 1, 4, eat, allow"), added(), `unknown action "eat"`},
		{"allow every action", with("p, finance, provider, grant, *, 1, 4, *, allow"), added(), "names its action"},
		{"grade 0", with("p, finance, provider, grant, *, 0, 4, read, allow"), added(), "not within 1 to 4"},
		{"grade 5", with("p, finance, provider, grant, *, 1, 5, read, allow"), added(), "not within 1 to 4"},
		{"grade 04", with("p, finance, provider, grant, *, 1, 04, read, allow"), added(), "not within 1 to 4"},
		{"grades backwards", with("p, finance, provider, grant, *, 3, 2, read, allow"), added(), "not within 1 to 4"},
		{"no basis", []byte(string(shippedRules) + "\np, finance, provider, grant, *, 1, 4, read, allow\n"), added() - 1, "what it rests on"},
		{"vague basis", []byte(string(shippedRules) + "\n# basis: the law\np, finance, provider, grant, *, 1, 4, read, allow\n"), added() - 1, `"the law"`},

		{"group within itself", with("g, reader, staff"), added(), "grows after"},
		{"group that is a role", with("g, finance, requester"), added(), "cannot name a group"},
		{"member that is not there", with("g, wizard, wizards"), added(), "neither a role nor a group"},
		{"group that nothing uses", with("g, finance, accountants"), added(), "no rule uses group"},
		{"group line with a domain", with("g, finance, onlooker, north"), added(), "has 4 fields"},

		{"the same rule again", with(read), added(), "repeats line"},
		{"the same rule spaced", with("p,reader,  peer,resource,conditional,1,3,read,allow"), added(), "repeats line"},
		{"within another rule", with("p, finance, peer, resource, conditional, 2, 2, read, allow"), added(), "other rules do not say"},
		{"within a deny", with("p, operator, applicant, grant, *, 1, 4, read, allow"), added(), "only what is denied"},
		{"a deny that matters only to who holds two roles", with("p, citizen, *, trail, unconditional, 1, 1, read, deny"), 0, ""},
		{"deny what nobody may", with("p, finance, peer, grant, *, 1, 4, read, deny"), added(), "nobody is allowed"},
		{"applicant of a catalog entry", with("p, requester, applicant, resource, conditional, 1, 3, read, allow"), added(), "nobody stands as applicant to a resource"},
		{"provider of the trail", with("p, auditor, provider, trail, *, 1, 4, read, allow"), added(), "nobody stands as provider to a trail"},
		{"requester as authority", with("p, requester, authority, case, *, 1, 4, read, allow"), added(), "requester never stands as authority"},
		{"group as overseer", with("p, staff, overseer, case, *, 1, 4, read, allow"), added(), "never stands as overseer"},
		{"answering a grant", with("p, approver, provider, grant, *, 1, 4, answer, allow"), added(), "answer is never done to a grant"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(shippedModel, tt.rules)
			if tt.reason == "" {
				if err != nil {
					t.Fatalf("sound rules refused: %v", err)
				}
				return
			}
			requireFault(t, err, rulesFile, tt.line, tt.reason)
		})
	}
}

func requireFault(t *testing.T, err error, file string, line int, reason string) {
	t.Helper()
	if err == nil {
		t.Fatalf("loaded; want %s:%d: %s", file, line, reason)
	}
	for _, f := range faults(err) {
		if f.File == file && f.Line == line && strings.Contains(f.Reason, reason) {
			return
		}
	}
	t.Fatalf("refused with %v; want %s:%d: %s", err, file, line, reason)
}

func faults(err error) []*Fault {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Fault
		for _, e := range joined.Unwrap() {
			all = append(all, faults(e)...)
		}
		return all
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return []*Fault{f}
	}
	return nil
}

// TestLeaks plants one leak each. The loader must refuse the file for what it
// would allow, and the monitor, which knows nothing of the loader's bounds, must
// see the difference as well.
func TestLeaks(t *testing.T) {
	const (
		step   = "a step of a case is for those whom its procedure names"
		unseen = "must not see applications, cases or grants"
		noPart = "has no part"
		begins = "only who begins a procedure submits"
		funds  = "finance reads"
		public = "citizens and gateways"
	)
	for _, tt := range []struct {
		name   string
		rule   string
		reason string
	}{
		{"a peer reads what is not shared", "p, requester, peer, resource, not_shared, 1, 1, read, allow", "must not see or apply for what is not shared"},
		{"a peer reads grade 4", "p, reader, peer, resource, conditional, 4, 4, read, allow", "highest grade"},
		{"a peer reads cases", "p, department_head, peer, case, *, 1, 4, read, allow", unseen},
		{"a peer reads grants", "p, finance, peer, grant, unconditional, 1, 1, read, allow", unseen},
		{"a requester of the provider reads cases", "p, requester, provider, case, conditional, 2, 2, read, allow", noPart},
		{"staff of the provider reads cases", "p, staff, provider, case, *, 1, 4, read, allow", noPart},
		{"a department applies for its own data", "p, requester, provider, resource, conditional, 1, 3, apply, allow", "own data"},
		{"a paper application for what is not shared", "p, data_specialist, provider, resource, not_shared, 1, 3, register_paper, allow", "cannot be applied for"},
		{"the provider withdraws an application", "p, data_specialist, provider, application, *, 1, 4, withdraw, allow", "only the applicant withdraws"},
		{"the applicant answers itself", "p, approver, applicant, case, *, 1, 4, answer, allow", step},
		{"the authority answers", "p, authority_head, authority, case, *, 1, 4, answer, allow", step},
		{"the provider withdraws", "p, approver, provider, case, *, 1, 4, withdraw, allow", step},
		{"the provider consents in the authority's place", "p, decider, provider, case, *, 1, 4, consent, allow", step},
		{"the holder resumes its own grant", "p, department_head, applicant, case, *, 1, 4, resume, allow", step},
		{"departments watch the board", "p, department_head, provider, case, *, 1, 4, watch, allow", "overdue board"},
		{"the provider urges", "p, approver, provider, case, *, 1, 4, urge, allow", "urging is for"},
		{"the supervisor urges", "p, supervisor, overseer, case, *, 1, 4, urge, allow", "urging is for"},
		{"the supervisor supervises cases in the authority's place", "p, supervisor, overseer, case, *, 1, 4, supervise, allow", "only the authority supervises"},
		{"the authority reads the trail", "p, authority_head, authority, trail, *, 1, 4, read, allow", "trail is for auditors"},
		{"a citizen reads what is not shared", "p, citizen, provider, resource, not_shared, 1, 1, read, allow", public},
		{"a gateway reads grants", "p, gateway, applicant, grant, *, 1, 4, read, allow", public},

		{"a peer reads a dispute", "p, data_specialist, peer, dispute, *, 1, 4, read, allow", unseen},
		{"a peer follows a rectification", "p, department_head, peer, rectification, *, 1, 4, follow, allow", unseen},
		{"a citizen reads what another asked to be opened", "p, citizen, peer, opening, *, 1, 4, read, allow", unseen},
		{"a requester of the owner reads a coordination", "p, staff, provider, coordination, *, 1, 4, read, allow", noPart},
		{"the provider rules on its own coordination", "p, decider, provider, coordination, *, 1, 4, rule, allow", step},
		{"the requester rules on its own coordination", "p, department_head, applicant, coordination, *, 1, 4, rule, allow", step},
		{"the provider begins a coordination", "p, decider, provider, coordination, *, 1, 4, submit, allow", begins},
		{"a department sends up by itself", "p, applicant_staff, applicant, upward, *, 1, 4, send_up, allow", step},
		{"who doubts verifies", "p, staff, applicant, dispute, *, 1, 4, verify, allow", step},
		{"the author's own department checks as authority", "p, decider, provider, change, *, 1, 4, check_change, allow", step},
		{"the authority approves in the place of the office above it", "p, center, authority, change, *, 1, 4, approve_above, allow", step},
		{"the authority changes another's catalog", "p, center, authority, change, *, 1, 4, submit, allow", begins},
		{"the builder accepts its own project", "p, department_head, applicant, project, *, 1, 4, accept, allow", step},
		{"the supervisor accepts a project", "p, supervisor, overseer, project, *, 1, 4, accept, allow", step},
		{"finance comments on a project", "p, finance, overseer, project, *, 1, 4, comment, allow", funds},
		{"finance decides on a rectification", "p, finance, overseer, rectification, *, 1, 4, escalate, allow", funds},
		{"finance reads what is not shared", "p, finance, overseer, resource, not_shared, 1, 1, read, allow", funds},
		{"finance reads cases", "p, finance, overseer, case, *, 1, 4, read, allow", funds},
		{"a citizen reads cases", "p, citizen, applicant, case, *, 1, 4, read, allow", public},
		{"a citizen answers openings", "p, citizen, provider, opening, *, 1, 4, answer_opening, allow", public},
		{"a department asks for an opening as its provider", "p, decider, provider, opening, *, 1, 4, submit, allow", begins},
		{"who is to rectify judges the evidence", "p, decider, provider, rectification, *, 1, 4, judge_evidence, allow", step},
		{"who owes a duty waives it", "p, decider, provider, standing, *, 1, 4, waive, allow", step},
		{"the authority appoints", "p, authority_head, authority, account, *, 1, 4, appoint, allow", "for operators and security officers alone"},
		{"a supervisor reads keys", "p, supervisor, overseer, key, *, 1, 4, read, allow", "for operators and security officers alone"},
		{"a department knows of another's items of the highest grade", "p, staff, peer, field, conditional, 4, 4, read, allow", "the highest grade"},
		{"a department knows of items of what is not shared", "p, staff, peer, field, not_shared, 1, 1, read, allow", "what is not shared"},
		{"finance knows of items of grade 3", "p, finance, peer, field, conditional, 3, 3, read, allow", "data items of the highest grade"},
		{"a department sees what was taken out of the catalog", "p, staff, peer, former, conditional, 1, 1, read, allow", "taken out of the catalog"},
		{"the public sees the highest grade", "p, citizen, public, open_entry, unconditional, 4, 4, read, allow", "opened to all or on conditions"},
		{"the public sees what is not opened", "p, citizen, public, open_entry, not_shared, 1, 1, read, allow", "opened to all or on conditions"},
		{"the public knows of items of grade 3", "p, citizen, public, open_field, conditional, 3, 3, read, allow", "opened to all or on conditions"},
		{"the authority reads who read what", "p, center, authority, read_log, *, 1, 4, read, allow", "trail is for auditors"},
		{"the provider acknowledges in the holder's place", "p, data_specialist, provider, grant, *, 1, 4, acknowledge, allow", "only who holds a grant"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leaking := with(tt.rule)
			_, err := Load(shippedModel, leaking)
			requireFault(t, err, rulesFile, added(), tt.reason)
			if differences(t, leaking) == 0 {
				t.Error("the monitor does not see it")
			}
		})
	}
	if n := differences(t, shippedRules); n != 0 {
		t.Errorf("the shipped rules differ from the monitor on %d squares", n)
	}
}

// TestLeaksWithoutDeny plants leaks that a deny would take away again, in the
// place of that deny.
func TestLeaksWithoutDeny(t *testing.T) {
	for _, tt := range []struct{ name, deny, rule, reason string }{
		{"an auditor comments", "p, auditor, *, case, *, 1, 4, *, deny", "p, auditor, overseer, case, *, 1, 4, comment, allow", "auditors have nothing but the trail"},
		{"an auditor reads disputes", "p, auditor, *, dispute, *, 1, 4, *, deny", "p, auditor, overseer, dispute, *, 1, 4, read, allow", "auditors have nothing but the trail"},
		{"an operator reads rectifications", "p, operator, *, rectification, *, 1, 4, *, deny", "p, operator, provider, rectification, *, 1, 4, read, allow", "an operator has no"},
		{"an operator appoints", "p, operator, *, account, *, 1, 4, appoint, deny", "p, operator, overseer, account, *, 1, 4, appoint, allow", "neither appoints nor changes the policy"},
		{"an operator changes the policy", "p, operator, *, policy, *, 1, 4, manage, deny", "p, operator, overseer, policy, *, 1, 4, manage, allow", "neither appoints nor changes the policy"},
		{"a security officer manages keys", "p, security_officer, *, key, *, 1, 4, manage, deny", "p, security_officer, overseer, key, *, 1, 4, manage, allow", "and has nothing else"},
		{"a security officer reads cases", "p, security_officer, *, case, *, 1, 4, *, deny", "p, security_officer, applicant, case, *, 1, 4, read, allow", "and has nothing else"},
		{"a security officer reads the trail", "p, security_officer, *, trail, *, 1, 4, *, deny", "p, security_officer, overseer, trail, *, 1, 4, read, allow", "and has nothing else"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leaking := replaced(t, tt.deny, tt.rule)
			_, err := Load(shippedModel, leaking)
			requireFault(t, err, rulesFile, lineOf(t, tt.deny), tt.reason)
			if differences(t, leaking) == 0 {
				t.Error("the monitor does not see it")
			}
		})
	}
}

// TestLosses plants changes that the bounds allow: only the monitor knows that
// they are not meant.
func TestLosses(t *testing.T) {
	for _, tt := range []struct{ name, line, by string }{
		{"data specialists answer", "p, decider, provider, case, *, 1, 4, answer, allow", "p, provider_staff, provider, case, *, 1, 4, answer, allow"},
		{"the authority cannot urge", "p, center, authority, case, *, 1, 4, urge, allow", "# lost"},
		{"peers lose grade 3", "p, reader, peer, resource, conditional, 1, 3, read, allow", "p, reader, peer, resource, conditional, 1, 2, read, allow"},
		{"a rule is lost", "p, staff, applicant, grant, *, 1, 4, read, allow", "# lost"},
		{"a role leaves its group", "g, data_specialist, provider_staff", "# lost"},
		{"whoever serves in a department asks for coordination", "p, applicant_staff, applicant, coordination, *, 1, 4, submit, allow", "p, staff, applicant, coordination, *, 1, 4, submit, allow"},
		{"data specialists review changes", "p, decider, provider, change, *, 1, 4, review_change, allow", "p, provider_staff, provider, change, *, 1, 4, review_change, allow"},
		{"finance does not see projects", "p, finance, overseer, project, *, 1, 4, read, allow", "# lost"},
		{"citizens do not see what became of their request", "p, citizen, applicant, opening, *, 1, 4, read, allow", "# lost"},
		{"only the heads of the authority judge evidence", "p, center, authority, rectification, *, 1, 4, judge_evidence, allow", "p, authority_head, authority, rectification, *, 1, 4, judge_evidence, allow"},
		{"disputes of grade 4 are not verified", "p, provider_staff, provider, dispute, *, 1, 4, verify, allow", "p, provider_staff, provider, dispute, *, 1, 3, verify, allow"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if differences(t, replaced(t, tt.line, tt.by)) == 0 {
				t.Error("the monitor does not see it")
			}
		})
	}
}

// TestModelRefused plants one mistake in the model each.
func TestModelRefused(t *testing.T) {
	for _, tt := range []struct{ name, old, by, reason string }{
		{"allowed unless denied", "some(where (p.eft == allow)) && !some", "!some", "something must allow"},
		{"denies do not count", " && !some(where (p.eft == deny))", "", "something must allow"},
		{"Deny", "p.eft == deny", "p.eft == Deny", "something must allow"},
		{"columns swapped", "kind, class, lowest", "class, kind, lowest", "a rule is"},
		{"a column less", "class, grade, action", "class, action", "the request is"},
		{"everything matches", "m = ", "m = true || ", "answers"},
		{"nothing matches", "m = ", "m = false && ", "answers"},
		{"class does not count", ` && (p.class == r.class || p.class == "*" && r.class != "")`, "", "answers"},
		{"no label is a label", ` && r.class != ""`, "", "answers"},
		{"grade does not count", " && r.grade <= p.highest", "", "answers"},
		{"lowest grade does not count", "p.lowest <= r.grade && ", "", "answers"},
		{"relation does not count", ` && (p.relation == r.relation || p.relation == "*" && r.relation != "")`, "", "answers"},
		{"kind does not count", "p.kind == r.kind && ", "", "answers"},
		{"action does not count", `(p.action == r.action || p.action == "*" && r.action != "") && `, "", "answers"},
		{"role does not count", " && g(r.role, p.role)", "", "answers"},
		{"groups do not count", "g(r.role, p.role)", "r.role == p.role", "answers"},
		{"any action allows", `p.action == r.action ||`, `p.action == r.action || p.action == "read" ||`, "answers"},
		{"not an expression", "g(r.role, p.role)", "g(r.role", "asking Casbin"},
		{"two matchers", "\nm = ", "\nm = true\nm = ", "stands twice"},
		{"an unknown section", "[matchers]", "[matcher]", "neither a section"},
		{"no groups", "[role_definition]\ng = _, _\n", "", "section g"},
		{"trailing garbage", "[matchers]", "garbage\n[matchers]", "neither a section"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Count(string(shippedModel), tt.old) != 1 {
				t.Fatalf("%q does not stand once in the model", tt.old)
			}
			_, err := Load([]byte(strings.Replace(string(shippedModel), tt.old, tt.by, 1)), shippedRules)
			if err == nil {
				t.Fatal("loaded")
			}
			if !strings.Contains(err.Error(), tt.reason) {
				t.Fatalf("refused with %v; want %q", err, tt.reason)
			}
		})
	}
	for name, model := range map[string][]byte{"empty": nil, "cut short": shippedModel[:len(shippedModel)-1], "not UTF-8": append(slices.Clone(shippedModel), "# \xff\n"...)} {
		if _, err := Load(model, shippedRules); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

// FuzzLoad: whatever the file holds, loading ends in a policy within the bounds
// or in faults, never in a panic.
func FuzzLoad(f *testing.F) {
	f.Add(shippedRules)
	f.Add(with("p, requester, peer, resource, not_shared, 1, 1, read, allow"))
	f.Add([]byte("# version: 1\n# basis: house rule\ng, finance, f\np, f, provider, grant, *, 1, 4, read, allow\n"))
	f.Add([]byte("# version: 1\ng, a, a\np\n,\n"))
	f.Fuzz(func(t *testing.T, rules []byte) {
		p, err := Load(shippedModel, rules)
		if err != nil {
			if len(faults(err)) == 0 {
				t.Fatalf("%v names no fault", err)
			}
			return
		}
		for _, role := range sharing.Roles {
			s, thing, _ := cast(question{role, sharing.AsPeer, sharing.KindResource, sharing.NotShared, 1, sharing.Read})
			if !s.Has(sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor, sharing.Auditor) && p.May(s, sharing.Read, thing) {
				t.Fatalf("%s reads what is not shared", role)
			}
		}
	})
}
