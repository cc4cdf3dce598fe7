package policies

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/constant"
	"github.com/casbin/casbin/v2/model"

	"gongshu/sharing"
)

// enforcer asks Casbin, one question at a time. Answers are kept by [Policy], so
// the lock is taken once for each square that a rule speaks of and by
// explanations.
type enforcer struct {
	mu sync.Mutex
	// casbin holds the rules of each kind of thing apart: a rule names one kind, and
	// Casbin reads every rule that it has for every question.
	casbin map[sharing.Kind]*casbin.Enforcer
	rules  map[string]*rule // by their columns
}

// answer is what the rules say to one question about one role.
type answer struct {
	effect effect // "" when no rule speaks of it
	rule   *rule  // that decided; nil when none did
}

var (
	modelSections = []string{"[request_definition]", "[policy_definition]", "[role_definition]", "[policy_effect]", "[matchers]"}
	definition    = regexp.MustCompile(`^([rpgem]) = \S.*[^\\]$`)

	requestFields = []string{"r_role", "r_relation", "r_kind", "r_class", "r_grade", "r_action"}
	ruleFields    = []string{"p_role", "p_relation", "p_kind", "p_class", "p_lowest", "p_highest", "p_action", "p_eft"}
)

// newEnforcer builds Casbin enforcers that nothing can change afterwards.
func newEnforcer(modelText []byte, b *rulebook) (*enforcer, error) {
	m, err := readModel(modelText)
	if err != nil {
		return nil, err
	}
	e := &enforcer{casbin: map[sharing.Kind]*casbin.Enforcer{}, rules: map[string]*rule{}}
	for i := range b.rules {
		r := &b.rules[i]
		c, ok := e.casbin[r.kind]
		if !ok {
			if c, err = withGroups(m.Copy(), b.members); err != nil {
				return nil, err
			}
			e.casbin[r.kind] = c
		}
		if ok, err := c.AddPolicy(r.columns); err != nil || !ok {
			return nil, &Fault{r.file, r.line, refused(err)}
		}
		e.rules[strings.Join(r.columns, ",")] = r
	}
	return e, nil
}

// withGroups returns an enforcer that knows the groups and no rule yet.
func withGroups(m model.Model, members []member) (*casbin.Enforcer, error) {
	c, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, &Fault{modelFile, 0, err.Error()}
	}
	for _, g := range members {
		if ok, err := c.AddGroupingPolicy(g.name, g.group); err != nil || !ok {
			return nil, &Fault{g.file, g.line, refused(err)}
		}
	}
	return c, nil
}

func refused(err error) string {
	if err != nil {
		return "Casbin refuses it: " + err.Error()
	}
	return "Casbin has it already"
}

// readModel reads a model file. Casbin passes over lines and sections that it
// does not know; here each must be known and stand once.
func readModel(text []byte) (model.Model, error) {
	if err := checkText(modelFile, text); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key := line
		if d := definition.FindStringSubmatch(line); d != nil {
			key = d[1]
		} else if !slices.Contains(modelSections, line) {
			return nil, &Fault{modelFile, i + 1, "is neither a section nor a definition of r, p, g, e or m on one line"}
		}
		if seen[key] {
			return nil, &Fault{modelFile, i + 1, fmt.Sprintf("%s stands twice", key)}
		}
		seen[key] = true
	}
	m, err := model.NewModelFromString(string(text))
	if err != nil {
		return nil, &Fault{modelFile, 0, err.Error()}
	}
	if _, err := m.GetAssertion("g", "g"); err != nil {
		return nil, &Fault{modelFile, 0, err.Error()}
	}
	if got := m["r"]["r"].Tokens; !slices.Equal(got, requestFields) {
		return nil, &Fault{modelFile, 0, fmt.Sprintf("the request is %v instead of %v", got, requestFields)}
	}
	if got := m["p"]["p"].Tokens; !slices.Equal(got, ruleFields) {
		return nil, &Fault{modelFile, 0, fmt.Sprintf("a rule is %v instead of %v", got, ruleFields)}
	}
	if got := m["e"]["e"].Value; got != constant.AllowAndDenyEffect {
		return nil, &Fault{modelFile, 0, fmt.Sprintf("the effect is %q: something must allow and nothing deny", got)}
	}
	return m, nil
}

// ask puts one question to Casbin.
func (e *enforcer) ask(q question) (answer, error) { return e.askRules(q.kind, q) }

// askRules puts one question to the rules about a kind, be it about that kind or
// not.
func (e *enforcer) askRules(kind sharing.Kind, q question) (answer, error) {
	c, ok := e.casbin[kind]
	if !ok {
		return answer{}, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	ok, decided, err := c.EnforceEx(string(q.role), string(q.relation), string(q.kind), string(q.class), gradeText(q.grade), string(q.action))
	if err != nil {
		return answer{}, fmt.Errorf("asking Casbin: %w", err)
	}
	if len(decided) == 0 {
		if ok {
			return answer{}, errors.New("asking Casbin: allowed by no rule")
		}
		return answer{}, nil
	}
	a := answer{effect(decided[len(decided)-1]), e.rules[strings.Join(decided, ",")]}
	if a.rule == nil || ok != (a.effect == allow) {
		return answer{}, fmt.Errorf("asking Casbin: %v is not what decided", decided)
	}
	return a, nil
}

// test asks about a square of every rule, and about the squares that differ from
// it in one name: the matcher must tell them apart as the rules do. Of rules that
// differ in their kind and action alone, the neighbours of the first stand for
// all. Questions with an empty name or about another kind of thing must not be
// answered by any rule.
func (e *enforcer) test(b *rulebook) error {
	type asking struct {
		rules sharing.Kind
		question
	}
	allowed, denied := b.said(allow), b.said(deny)
	asked, seen := map[asking]bool{}, map[shape]bool{}
	for _, r := range b.rules {
		own := r.covers.first()
		questions := []question{own}
		if !seen[r.shape()] {
			seen[r.shape()] = true
			questions = append(questions, neighbours(own)...)
		}
		for _, q := range questions {
			if asked[asking{r.kind, q}] {
				continue
			}
			asked[asking{r.kind, q}] = true
			var want effect
			at, set := row{q.role, q.kind, q.action}, square(q.relation, q.class, q.grade)
			switch {
			case q.kind != r.kind:
			case !denied[at].and(set).empty():
				want = deny
			case !allowed[at].and(set).empty():
				want = allow
			}
			got, err := e.askRules(r.kind, q)
			if err != nil {
				return &Fault{modelFile, 0, err.Error()}
			}
			if got.effect != want {
				return &Fault{modelFile, 0, fmt.Sprintf("answers %q instead of %q to %v (rule on line %d of %s)", got.effect, want, q, r.line, r.file)}
			}
		}
	}
	return nil
}

// neighbours returns every question that differs from q in one place.
func neighbours(q question) []question {
	var all []question
	with := func(change func(*question)) {
		n := q
		change(&n)
		all = append(all, n)
	}
	for _, v := range append([]sharing.Role{""}, sharing.Roles...) {
		with(func(n *question) { n.role = v })
	}
	for _, v := range append([]sharing.Relation{""}, sharing.Relations...) {
		with(func(n *question) { n.relation = v })
	}
	for _, v := range append([]sharing.Class{""}, sharing.Classes...) {
		with(func(n *question) { n.class = v })
	}
	for v := sharing.Grade(0); v <= sharing.HighestGrade+1; v++ {
		with(func(n *question) { n.grade = v })
	}
	for _, v := range append([]sharing.Action{""}, actionsOn[q.kind]...) {
		with(func(n *question) { n.action = v })
	}
	for _, v := range append([]sharing.Kind{""}, kinds...) {
		if v == "" || slices.Contains(actionsOn[v], q.action) {
			with(func(n *question) { n.kind = v })
		}
	}
	return all
}
