// Package policies decides who may see and do what. Everything that shows,
// lists, counts or changes anything asks here: [Policy.May] about one thing,
// [Policy.Scope] about all things of a kind at once.
//
// The rules stand in rules.csv, the way they are matched in model.conf; Casbin
// applies them. docs/visibility.md shows what they come to.
package policies

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"math/bits"
	"slices"
	"sync"

	"gongshu/sharing"
)

//go:embed model.conf
var shippedModel []byte

//go:embed rules.csv
var shippedRules []byte

// Policy is a loaded and tested set of rules. It never changes, and may be used
// by many goroutines at once. The zero value and nil deny everything.
type Policy struct {
	version  string
	hash     string
	enforcer *enforcer
	rows     map[row]*asked
	basis    map[int][]string // of the rules, by line
}

// asked is one row of the grid, asked of Casbin when it is first needed. There
// are a few thousand rows at most, whoever asks, and rules speak of few of them.
type asked struct {
	once    sync.Once
	covered squares // of which any rule speaks
	allowed squares
	denied  squares
}

// Load reads a model and a rules file. It refuses, naming lines, files that are
// not whole, names it does not know, rules that can never matter, rules beyond
// the bounds that hold for every region, and a matcher that does not tell the
// rules apart. The error joins a [*Fault] for everything found.
func Load(model, rules []byte) (*Policy, error) {
	book, err := parseRules(rules)
	if err != nil {
		return nil, err
	}
	if err := book.check(); err != nil {
		return nil, err
	}
	e, err := newEnforcer(model, book)
	if err != nil {
		return nil, err
	}
	if err := e.test(book); err != nil {
		return nil, err
	}
	p := &Policy{version: book.version, hash: hash(model, rules), enforcer: e, rows: map[row]*asked{}, basis: map[int][]string{}}
	covered := book.said(allow)
	covered.add(book.said(deny))
	for _, role := range sharing.Roles {
		for kind, actions := range actionsOn {
			for _, action := range actions {
				r := row{role, kind, action}
				p.rows[r] = &asked{covered: covered[r]}
			}
		}
	}
	for _, r := range book.rules {
		p.basis[r.line] = r.basis
	}
	return p, nil
}

// Shipped returns the policy that comes with the program. It panics when that
// does not load, which a test rules out.
var Shipped = sync.OnceValue(func() *Policy {
	p, err := Load(shippedModel, shippedRules)
	if err != nil {
		panic("policies: the shipped rules do not load: " + err.Error())
	}
	return p
})

// Version returns what the rules file calls its version.
func (p *Policy) Version() string { return p.version }

// Hash returns the SHA-256 of both files in hexadecimal. Two policies with the
// same hash decide alike.
func (p *Policy) Hash() string { return p.hash }

// hash takes the model's own hash first, so that nothing can move from the end
// of one file to the beginning of the other.
func hash(model, rules []byte) string {
	m := sha256.Sum256(model)
	sum := sha256.Sum256(append(m[:], rules...))
	return hex.EncodeToString(sum[:])
}

// squares returns what all the roles together may do: what one of them is
// allowed and none is denied. A role that is not known denies everything.
func (p *Policy) squares(roles []sharing.Role, k sharing.Kind, a sharing.Action) squares {
	if p == nil {
		return 0
	}
	var allowed, denied squares
	for _, role := range roles {
		one, none, ok := p.row(row{role, k, a})
		if !ok {
			return 0
		}
		allowed |= one
		denied |= none
	}
	return allowed &^ denied
}

// row returns what the rules allow and deny in one row; ok is false where there
// is no such row.
func (p *Policy) row(r row) (allowed, denied squares, ok bool) {
	kept, ok := p.rows[r]
	if !ok {
		return 0, 0, false
	}
	kept.once.Do(func() { kept.allowed, kept.denied = p.enforcer.askRow(r, kept.covered) })
	return kept.allowed, kept.denied, true
}

// askRow asks about the squares of a row of which any rule speaks: the others
// nobody is allowed. An error denies all of them.
func (e *enforcer) askRow(r row, covered squares) (allowed, denied squares) {
	var failed bool
	covered.each(func(c sharing.Cell) {
		a, err := e.ask(r.question(c))
		switch {
		case err != nil:
			failed = true
		case a.effect == allow:
			allowed |= square(c.Relation, c.Class, c.Grade)
		case a.effect == deny:
			denied |= square(c.Relation, c.Class, c.Grade)
		}
	})
	if failed {
		return 0, everySquare
	}
	return allowed, denied
}

// May reports whether s may do a to t: whether, in one of the relations in which
// s stands to t, a role of s is allowed and none is denied. A deny counts for
// the relation it names and leaves the others as they are; one that names "*"
// counts for all. May and [Policy.Scope] never differ.
func (p *Policy) May(s sharing.Subject, a sharing.Action, t sharing.Thing) bool {
	set := p.squares(s.Roles, t.Kind, a)
	if set == 0 {
		return false
	}
	return slices.ContainsFunc(s.RelationsTo(t), func(r sharing.Relation) bool {
		return set&square(r, t.Class, t.Grade) != 0
	})
}

// Scope returns all that s may do a to, of kind k, for lists to make their SQL
// condition from. Without cells nothing is allowed, and a menu entry that leads
// there need not be shown.
func (p *Policy) Scope(s sharing.Subject, k sharing.Kind, a sharing.Action) sharing.Scope {
	scope := sharing.Scope{Subject: s, Kind: k, Action: a}
	set := p.squares(s.Roles, k, a)
	if set == 0 {
		return scope
	}
	scope.Cells = make([]sharing.Cell, 0, bits.OnesCount64(uint64(set)))
	set.each(func(c sharing.Cell) { scope.Cells = append(scope.Cells, c) })
	return scope
}

// Application returns what decides who may see an application. It may ask for
// several resources of several providers, so it has neither a provider nor a
// class of its own and is labelled with the strictest: only a rule for every
// class and grade reaches it. registrar is the department that registered it
// from paper, or "".
func Application(a sharing.Application, registrar string) sharing.Thing {
	return sharing.Thing{Kind: sharing.KindApplication, RegionID: a.RegionID, ProviderID: registrar,
		ApplicantID: a.Applicant.ID, Class: sharing.NotShared, Grade: sharing.HighestGrade}
}

// Trail returns what decides who may read a region's audit trail. It is labelled
// with the strictest class and grade, since it speaks of everything.
func Trail(regionID string) sharing.Thing {
	return sharing.Thing{Kind: sharing.KindTrail, RegionID: regionID, Class: sharing.NotShared, Grade: sharing.HighestGrade}
}
