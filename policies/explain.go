package policies

import (
	"cmp"
	"fmt"
	"slices"

	"gongshu/sharing"
)

// Explanation says why [Policy.May] answers as it does. It is for operators and
// auditors: it tells of things that the subject may not see.
type Explanation struct {
	Allowed bool `json:"allowed"`
	// Missing says what no rule could be asked without, such as a relation between
	// subject and thing; empty when rules were asked.
	Missing string `json:"missing,omitempty"`
	// Relations are those in which the subject stands to the thing.
	Relations []sharing.Relation `json:"relations"`
	// Votes are what the rules say to each role and relation; those of which no
	// rule speaks are left out.
	Votes []Vote `json:"votes"`
	// Ways are the rules by which others may do it, those nearest to the subject
	// first. None means that nobody may.
	Ways []Way `json:"ways"`
	// Never are the bounds because of which no rules file can allow it to the
	// subject in the relations it stands in.
	Never []Bound `json:"never"`
	// Version and Hash name the policy.
	Version string `json:"version"`
	Hash    string `json:"hash"`
}

// Rule is one line of a rules file.
type Rule struct {
	File    string   `json:"file"` // rules.csv, or REGION.csv for what a region adds
	Line    int      `json:"line"`
	Text    string   `json:"text"`
	Comment string   `json:"comment"` // what its block says
	Basis   []string `json:"basis"`   // articles, or "house rule"
}

// Vote is the rule that decided for one role in one relation: the first that
// denies, or else the first that allows.
type Vote struct {
	Role     sharing.Role     `json:"role"`
	Relation sharing.Relation `json:"relation"`
	Allows   bool             `json:"allows"`
	Rule
}

// Way is a rule by which somebody may do something: whoever stands in the relation
// and holds one of the roles.
type Way struct {
	Relation sharing.Relation `json:"relation"`
	Roles    []sharing.Role   `json:"roles"`
	// Lacks says what the subject would need that it has not.
	Lacks []Lack `json:"lacks"`
	Rule
}

// Lack is a part of what allows something that a subject does not have.
type Lack string

const (
	LacksRole     Lack = "role"     // one of the roles
	LacksRelation Lack = "relation" // the place of the department, or of the office
	// HoldsDenied: a role of the subject takes it away, whatever the others allow.
	HoldsDenied Lack = "denied_role"
)

// Bound is something that no rules file may allow, in words.
type Bound struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

// Explain asks Casbin again what it says to each role and relation of s. The
// error is Casbin's own and has denied the question.
func (p *Policy) Explain(s sharing.Subject, a sharing.Action, t sharing.Thing) (Explanation, error) {
	if p == nil || p.enforcer == nil {
		return Explanation{}, errNoPolicy
	}
	x := Explanation{
		Allowed: p.May(s, a, t), Missing: missing(s, a, t), Relations: append([]sharing.Relation{}, s.RelationsTo(t)...),
		Votes: []Vote{}, Ways: []Way{}, Never: []Bound{}, Version: p.version, Hash: p.Hash(),
	}
	own := p.in(s.RegionID)
	if x.Missing == "" {
		for _, relation := range x.Relations {
			for _, role := range s.Roles {
				got, err := own.enforcer.ask(question{role, relation, t.Kind, t.Class, t.Grade, a})
				if err != nil {
					return Explanation{}, err
				}
				if got.effect == "" {
					continue
				}
				x.Votes = append(x.Votes, Vote{role, relation, got.effect == allow, got.rule.say()})
			}
		}
	}
	ways, err := p.Ways(a, t)
	if err != nil {
		return Explanation{}, err
	}
	if !x.Allowed {
		x.Never = never(s, a, t, x.Relations)
	}
	denied := slices.ContainsFunc(x.Votes, func(v Vote) bool { return !v.Allows })
	for _, w := range ways {
		w.Lacks = []Lack{}
		if !s.Has(w.Roles...) {
			w.Lacks = append(w.Lacks, LacksRole)
		}
		if !slices.Contains(x.Relations, w.Relation) {
			w.Lacks = append(w.Lacks, LacksRelation)
		}
		if denied {
			w.Lacks = append(w.Lacks, HoldsDenied)
		}
		x.Ways = append(x.Ways, w)
	}
	slices.SortStableFunc(x.Ways, func(v, w Way) int { return cmp.Compare(v.distance(), w.distance()) })
	return x, nil
}

// distance orders ways by what would have to change: nothing, an appointment, the
// department, both.
func (w Way) distance() int {
	d := 0
	if slices.Contains(w.Lacks, LacksRole) {
		d++
	}
	if slices.Contains(w.Lacks, LacksRelation) {
		d += 2
	}
	return d
}

// Ways lists the rules by which a may be done to t, by relation and line: who may,
// as far as roles tell. Roles that a rule allows and another denies are left out.
// The error is Casbin's own.
func (p *Policy) Ways(a sharing.Action, t sharing.Thing) ([]Way, error) {
	if p == nil || p.enforcer == nil {
		return nil, errNoPolicy
	}
	own := p.in(t.RegionID)
	var ways []Way
	for _, relation := range relationsTo(t.Kind) {
		if !holdable(relation, t) {
			continue
		}
		for _, role := range sharing.Roles {
			allowed, denied, ok := own.row(row{role, t.Kind, a})
			if !ok || !canHold(role, relation) || allowed.without(denied).and(square(relation, t.Class, t.Grade)).empty() {
				continue
			}
			got, err := own.enforcer.ask(question{role, relation, t.Kind, t.Class, t.Grade, a})
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(ways, func(w Way) bool {
				return w.Relation == relation && w.File == got.rule.file && w.Line == got.rule.line
			})
			if i < 0 {
				i = len(ways)
				ways = append(ways, Way{Relation: relation, Rule: got.rule.say()})
			}
			ways[i].Roles = append(ways[i].Roles, role)
		}
	}
	return ways, nil
}

// holdable reports whether anybody can stand in the relation to t.
func holdable(relation sharing.Relation, t sharing.Thing) bool {
	switch relation {
	case sharing.AsProvider, sharing.AsPeer:
		return t.ProviderID != ""
	case sharing.AsApplicant:
		return t.ApplicantID != ""
	case sharing.AsAuthority, sharing.AsOverseer, sharing.AsPublic:
	}
	return true
}

// never lists the bounds that stand in the way of every role in every relation in
// which s stands to t. There are none where some rules file could allow it.
func never(s sharing.Subject, a sharing.Action, t sharing.Thing, relations []sharing.Relation) []Bound {
	reasons := []Bound{}
	for _, relation := range relations {
		for _, role := range s.Roles {
			q, broken := question{role, relation, t.Kind, t.Class, t.Grade, a}, false
			for _, b := range bounds {
				if !b.breaks(q) {
					continue
				}
				broken = true
				if !slices.Contains(reasons, b.Bound) {
					reasons = append(reasons, b.Bound)
				}
			}
			if !broken {
				return []Bound{}
			}
		}
	}
	return reasons
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

// Actions lists what can be done to things of a kind; none when there is no such
// kind.
func Actions(k sharing.Kind) []sharing.Action { return slices.Clone(actionsOn[k]) }

// Kinds lists the kinds of things in the order documents show them.
func Kinds() []sharing.Kind { return slices.Clone(kinds) }
