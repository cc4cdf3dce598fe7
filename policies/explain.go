package policies

import (
	"fmt"
	"slices"

	"gongshu/sharing"
)

// Explanation says why [Policy.May] answers as it does. It is for operators and
// auditors: it tells of things that the subject may not see.
type Explanation struct {
	Allowed bool
	// Missing says what no rule could be asked without, such as a relation between
	// subject and thing; empty when rules were asked.
	Missing string
	// Votes are what the rules say to each role and relation; those of which no
	// rule speaks are left out.
	Votes []Vote
	// Version and Hash name the policy.
	Version, Hash string
}

// Vote is the rule that decided for one role in one relation: the first that
// denies, or else the first that allows.
type Vote struct {
	Role     sharing.Role
	Relation sharing.Relation
	Allows   bool
	Line     int      // of rules.csv
	Basis    []string // articles, or "house rule"
}

// Explain asks Casbin again what it says to each role and relation of s. The
// error is Casbin's own and has denied the question.
func (p *Policy) Explain(s sharing.Subject, a sharing.Action, t sharing.Thing) (Explanation, error) {
	if p == nil || p.enforcer == nil {
		return Explanation{}, errNoPolicy
	}
	x := Explanation{Allowed: p.May(s, a, t), Missing: missing(s, a, t), Version: p.version, Hash: p.hash}
	if x.Missing != "" {
		return x, nil
	}
	for _, relation := range s.RelationsTo(t) {
		for _, role := range s.Roles {
			got, err := p.enforcer.ask(question{role, relation, t.Kind, t.Class, t.Grade, a})
			if err != nil {
				return Explanation{}, err
			}
			if got.effect == "" {
				continue
			}
			x.Votes = append(x.Votes, Vote{role, relation, got.effect == allow, got.line, p.basis[got.line]})
		}
	}
	return x, nil
}

// missing names what keeps any rule from being asked, or returns "".
func missing(s sharing.Subject, a sharing.Action, t sharing.Thing) string {
	if len(s.Roles) == 0 {
		return "the subject has no role"
	}
	for _, r := range s.Roles {
		if !slices.Contains(sharing.Roles, r) {
			return fmt.Sprintf("role %q is not known", r)
		}
	}
	switch {
	case !slices.Contains(kinds, t.Kind):
		return fmt.Sprintf("kind %q is not known", t.Kind)
	case !slices.Contains(actionsOn[t.Kind], a):
		return fmt.Sprintf("%q is never done to a %s", a, t.Kind)
	case !slices.Contains(sharing.Classes, t.Class):
		return fmt.Sprintf("class %q is not known", t.Class)
	case t.Grade < sharing.LowestGrade || t.Grade > sharing.HighestGrade:
		return fmt.Sprintf("grade %d is out of range", t.Grade)
	case len(s.RelationsTo(t)) == 0:
		return "the subject stands in no relation to the thing"
	}
	return ""
}
