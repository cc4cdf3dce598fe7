package policies

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"gongshu/sharing"
)

//go:embed expectations.yaml
var shippedExpectations []byte

// Place is where the department of a person stands to a thing.
type Place string

const (
	InProvider  Place = "provider"  // it provides the data
	InApplicant Place = "applicant" // it asks for the data, or holds the grant
	InOther     Place = "other"     // it is neither, of the same region
	Elsewhere   Place = "elsewhere" // it is of another region
)

// Places lists every place.
var Places = []Place{InProvider, InApplicant, InOther, Elsewhere}

// Want is what an expectation asks of its questions.
type Want string

const (
	// WantAllow: each of the people may, on each square.
	WantAllow Want = "allow"
	// WantDeny: none of the people may, on any square.
	WantDeny Want = "deny"
	// WantSomeone: on each square at least one of the people may, so that the work
	// can be done at all.
	WantSomeone Want = "someone"
)

// Expectation is one line of a table of questions and expected answers. It stands
// for every question that its lists combine to; a list left out is every name, as
// far as it makes sense of the kind.
type Expectation struct {
	Name string `yaml:"name" json:"name"`
	// Roles are of one person each, and each of these persons also holds Also.
	Roles      []sharing.Role   `yaml:"roles" json:"roles"`
	Also       []sharing.Role   `yaml:"also" json:"also,omitempty"`
	Department []Place          `yaml:"department" json:"department"` // left out: every place in the region
	Kinds      []sharing.Kind   `yaml:"kinds" json:"kinds"`
	Classes    []sharing.Class  `yaml:"classes" json:"classes"`
	Grades     []sharing.Grade  `yaml:"grades" json:"grades"`
	Actions    []sharing.Action `yaml:"actions" json:"actions"`
	// Except are roles, kinds and actions taken out of lists that are left out.
	Except []string `yaml:"except" json:"except,omitempty"`
	Want   Want     `yaml:"want" json:"want"`
}

// Question is one question of an expectation, with the answer of a policy.
type Question struct {
	Roles      []sharing.Role `json:"roles"`
	Department Place          `json:"department"`
	Kind       sharing.Kind   `json:"kind"`
	Class      sharing.Class  `json:"class"`
	Grade      sharing.Grade  `json:"grade"`
	Action     sharing.Action `json:"action"`
	Allowed    bool           `json:"allowed"`
	// Rules are those that decided, where any spoke.
	Rules []Rule `json:"rules,omitempty"`
}

func (q Question) String() string {
	roles := make([]string, len(q.Roles))
	for i, r := range q.Roles {
		roles[i] = string(r)
	}
	return fmt.Sprintf("%s of the department %q: %s of a %s, %s, grade %d", strings.Join(roles, "+"), q.Department, q.Action, q.Kind, q.Class, q.Grade)
}

// Outcome is what became of one expectation.
type Outcome struct {
	Name      string     `json:"name"`
	Want      Want       `json:"want"`
	Questions int        `json:"questions"`
	Wrong     []Question `json:"wrong"` // answered otherwise than wanted
}

// Met reports whether every question was answered as wanted.
func (o Outcome) Met() bool { return len(o.Wrong) == 0 }

// ShippedExpectations are what every policy must meet to be published, whatever
// its region: the promises that departments share data on. It panics when the
// file does not load, which a test rules out.
func ShippedExpectations() []Expectation {
	all, err := ReadExpectations("expectations.yaml", shippedExpectations)
	if err != nil {
		panic("policies: the shipped expectations do not load: " + err.Error())
	}
	return all
}

// ReadExpectations reads a table of expectations. It refuses keys, names and
// combinations that it does not know; the error joins all it finds.
func ReadExpectations(name string, text []byte) ([]Expectation, error) {
	var file struct {
		Expectations []Expectation `yaml:"expectations"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(file.Expectations) == 0 {
		return nil, fmt.Errorf("%s: expectations: there are none", name)
	}
	var faults []error
	seen := map[string]bool{}
	for i := range file.Expectations {
		e := &file.Expectations[i]
		for _, reason := range e.complete() {
			faults = append(faults, fmt.Errorf("%s: expectation %d (%s): %s", name, i+1, e.Name, reason))
		}
		if seen[e.Name] {
			faults = append(faults, fmt.Errorf("%s: expectation %d: another is named %q", name, i+1, e.Name))
		}
		seen[e.Name] = true
	}
	return file.Expectations, errors.Join(faults...)
}

// complete puts lists that are left out in full, and lists what is wrong.
func (e *Expectation) complete() (reasons []string) {
	wrong := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if e.Name == "" {
		wrong("name is missing")
	}
	if e.Want != WantAllow && e.Want != WantDeny && e.Want != WantSomeone {
		wrong("want: %q is none of allow, deny, someone", e.Want)
	}
	used := map[string]bool{}
	e.Roles = fill(wrong, "roles", e.Roles, sharing.Roles, e.Except, used)
	fill(wrong, "also", e.Also, sharing.Roles, nil, used)
	e.Kinds = fill(wrong, "kinds", e.Kinds, kinds, e.Except, used)
	e.Department = fill(wrong, "department", e.Department, Places, []string{string(Elsewhere)}, used)
	e.Classes = fill(wrong, "classes", e.Classes, sharing.Classes, nil, used)
	var actions []sharing.Action
	for _, k := range e.Kinds {
		for _, a := range actionsOn[k] {
			if !slices.Contains(actions, a) {
				actions = append(actions, a)
			}
		}
	}
	e.Actions = fill(wrong, "actions", e.Actions, actions, e.Except, used)
	for _, name := range e.Except {
		if !used[name] {
			wrong("except: %q is in none of the lists that are left out", name)
		}
	}
	if len(e.Grades) == 0 {
		for g := sharing.LowestGrade; g <= sharing.HighestGrade; g++ {
			e.Grades = append(e.Grades, g)
		}
	}
	for _, g := range e.Grades {
		if g < sharing.LowestGrade || g > sharing.HighestGrade {
			wrong("grades: %d is not within 1 to 4", g)
		}
	}
	if len(reasons) == 0 && !slices.ContainsFunc(slices.Collect(e.questions), func(Question) bool { return true }) {
		wrong("asks nothing")
	}
	return reasons
}

// fill returns the list, or all names but those excepted where it is left out, and
// tells which names are not known. Exceptions that take something out are marked used.
func fill[T ~string](wrong func(string, ...any), key string, list, all []T, except []string, used map[string]bool) []T {
	for _, name := range list {
		if !slices.Contains(all, name) {
			wrong("%s: %q is not known", key, name)
		}
	}
	if len(list) > 0 {
		return list
	}
	var left []T
	for _, name := range all {
		if slices.Contains(except, string(name)) {
			used[string(name)] = true
			continue
		}
		left = append(left, name)
	}
	return left
}

// questions visits every question that the lists combine to: actions that are
// never done to a kind, and places that a thing of it does not have, are left out.
func (e Expectation) questions(yield func(Question) bool) {
	for _, k := range e.Kinds {
		for _, a := range e.Actions {
			if !slices.Contains(actionsOn[k], a) {
				continue
			}
			for _, place := range e.Department {
				if place == InProvider && !slices.Contains(relationsTo(k), sharing.AsProvider) ||
					place == InApplicant && !slices.Contains(relationsTo(k), sharing.AsApplicant) {
					continue
				}
				for _, c := range e.Classes {
					for _, g := range e.Grades {
						for _, role := range e.Roles {
							q := Question{Roles: append([]sharing.Role{role}, e.Also...), Department: place, Kind: k, Class: c, Grade: g, Action: a}
							if !yield(q) {
								return
							}
						}
					}
				}
			}
		}
	}
}

// pose returns a person and a thing that stand as the question says.
func (q Question) pose(region string) (sharing.Subject, sharing.Thing) {
	const provider, applicant, other = "provider", "applicant", "other"
	s := sharing.Subject{UserID: "somebody", DepartmentID: other, RegionID: region, Roles: q.Roles}
	t := sharing.Thing{Kind: q.Kind, RegionID: region, Class: q.Class, Grade: q.Grade}
	if slices.Contains(relationsTo(q.Kind), sharing.AsProvider) {
		t.ProviderID = provider
	}
	if slices.Contains(relationsTo(q.Kind), sharing.AsApplicant) {
		t.ApplicantID = applicant
	}
	switch q.Department {
	case InProvider:
		s.DepartmentID = provider
	case InApplicant:
		s.DepartmentID = applicant
	case Elsewhere:
		t.RegionID += "-other"
	case InOther:
	}
	return s, t
}

// Check asks p, as it decides about a region, every question of the expectations.
// With an empty region it is asked about one that adds nothing to the rules. The
// error is Casbin's own.
func (p *Policy) Check(region string, expectations []Expectation) ([]Outcome, error) {
	if region == "" {
		region = "region"
		for p != nil && p.regions[region] != nil {
			region += "-x"
		}
	}
	outcomes := make([]Outcome, 0, len(expectations))
	for _, e := range expectations {
		o := Outcome{Name: e.Name, Want: e.Want, Wrong: []Question{}}
		type square struct {
			Place
			sharing.Kind
			sharing.Class
			sharing.Grade
			sharing.Action
		}
		someone := map[square]bool{}
		var asked []Question
		for q := range e.questions {
			s, t := q.pose(region)
			q.Allowed = p.May(s, q.Action, t)
			asked = append(asked, q)
			if q.Allowed {
				someone[square{q.Department, q.Kind, q.Class, q.Grade, q.Action}] = true
			}
		}
		o.Questions = len(asked)
		for _, q := range asked {
			met := q.Allowed == (e.Want == WantAllow)
			if e.Want == WantSomeone {
				met = someone[square{q.Department, q.Kind, q.Class, q.Grade, q.Action}]
			}
			if met {
				continue
			}
			s, t := q.pose(region)
			x, err := p.Explain(s, q.Action, t)
			if err != nil {
				return nil, err
			}
			for _, v := range x.Votes {
				q.Rules = append(q.Rules, v.Rule)
			}
			o.Wrong = append(o.Wrong, q)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}
