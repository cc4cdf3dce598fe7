package policies

import (
	"slices"
	"strings"
	"testing"

	"gongshu/sharing"
)

func wrong(t *testing.T, p *Policy, region string, expectations []Expectation) []Outcome {
	t.Helper()
	outcomes, err := p.Check(region, expectations)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(outcomes, Outcome.Met)
}

// TestShippedExpectations holds the shipped rules to the promises.
func TestShippedExpectations(t *testing.T) {
	outcomes, err := Shipped().Check("", ShippedExpectations())
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, o := range outcomes {
		asked += o.Questions
		for _, q := range o.Wrong {
			t.Errorf("%s: %s: allowed is %t", o.Name, q, q.Allowed)
		}
	}
	t.Logf("%d expectations, %d questions", len(outcomes), asked)
	if asked < 10000 {
		t.Errorf("only %d questions: the table has lost its reach", asked)
	}
}

// TestExpectationsCatch breaks promises that the bounds alone would let pass.
func TestExpectationsCatch(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rules []byte
		want  string // part of the name of the expectation
	}{
		{"nobody answers any more", replaced(t, "p, decider, provider, case, *, 1, 4, answer, allow", "# none"), "can answer and provide"},
		{"auditors without their trail", replaced(t, "p, auditor, overseer, trail, *, 1, 4, read, allow", "p, auditor, overseer, trail, *, 1, 3, read, allow"), "auditors can read the trail"},
		{"an operator who is also an approver", replaced(t, "p, operator, *, case, *, 1, 4, *, deny", "# none"), "operators have no matters"},
		{"an auditor who is also an approver", replaced(t, "p, auditor, *, case, *, 1, 4, *, deny", "# none"), "whatever else they are appointed to"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := LoadRules(tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			broken := wrong(t, p, "", ShippedExpectations())
			if !slices.ContainsFunc(broken, func(o Outcome) bool { return strings.Contains(o.Name, tt.want) }) {
				t.Errorf("not caught by %q: %v", tt.want, broken)
			}
		})
	}
}

func TestReadExpectations(t *testing.T) {
	const head = "expectations:\n  - name: x\n    want: allow\n"
	for _, tt := range []struct{ name, text, reason string }{
		{"empty", "", "EOF"},
		{"none", "expectations: []\n", "there are none"},
		{"unknown key", head + "    who: [requester]\n", "who"},
		{"unknown role", head + "    roles: [wizard]\n", `roles: "wizard" is not known`},
		{"unknown kind", head + "    kinds: [letter]\n", `kinds: "letter"`},
		{"unknown place", head + "    department: [north]\n", `department: "north"`},
		{"action of another kind", head + "    kinds: [grant]\n    actions: [answer]\n", `actions: "answer"`},
		{"grade 5", head + "    grades: [5]\n", "5 is not within 1 to 4"},
		{"an exception that takes nothing out", head + "    kinds: [grant]\n    except: [case]\n", `except: "case"`},
		{"no want", "expectations:\n  - name: x\n", `want: ""`},
		{"no name", "expectations:\n  - want: deny\n", "name is missing"},
		{"a name twice", head + "  - name: x\n    want: deny\n", "another is named"},
		{"nothing asked", head + "    kinds: [resource]\n    department: [applicant]\n", "asks nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadExpectations("file.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("got %v, want %q", err, tt.reason)
			}
		})
	}
}

// TestWrongAnswersAreTold holds the report to naming question and rule.
func TestWrongAnswersAreTold(t *testing.T) {
	all, err := ReadExpectations("file.yaml", []byte(`
expectations:
  - {name: no, roles: [approver], department: [provider], kinds: [case], classes: [conditional], grades: [2], actions: [answer], want: deny}
`))
	if err != nil {
		t.Fatal(err)
	}
	o := wrong(t, Shipped(), "", all)
	if len(o) != 1 || o[0].Questions != 1 || len(o[0].Wrong) != 1 {
		t.Fatalf("%+v", o)
	}
	q := o[0].Wrong[0]
	if !q.Allowed || q.Action != sharing.Answer || len(q.Rules) != 1 || q.Rules[0].Text != "p, decider, provider, case, *, 1, 4, answer, allow" ||
		!strings.Contains(q.Rules[0].Comment, "to agree or refuse is for those who decide") {
		t.Errorf("%+v", q)
	}
}
