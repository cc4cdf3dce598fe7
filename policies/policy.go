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
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"gongshu/sharing"
)

//go:embed model.conf
var shippedModel []byte

//go:embed rules.csv
var shippedRules []byte

// Policy is a loaded and tested set of rules: those of every region, and what
// regions add to them. It never changes, and may be used by many goroutines at
// once. The zero value and nil deny everything.
type Policy struct {
	version  string
	hash     string // of model and rules
	whole    string // of that and what regions add; "" when none does
	model    []byte
	book     *rulebook
	enforcer *enforcer
	rows     map[row]*asked
	// regions holds the whole policy of each region that adds to the rules; a subject
	// of another is decided about by the rules of every region.
	regions map[string]*Policy
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
	return build(model, book, rules)
}

// LoadRules is [Load] with the model that comes with the program.
func LoadRules(rules []byte) (*Policy, error) { return Load(shippedModel, rules) }

// build checks and tests a rulebook made from the text.
func build(model []byte, book *rulebook, text []byte) (*Policy, error) {
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
	p := &Policy{version: book.version, hash: hash(model, text), model: model, book: book, enforcer: e, rows: map[row]*asked{}}
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
	return p, nil
}

// With returns p with what a region adds to its rules, in place of what it added
// before; with an empty text it adds nothing. The text is a rules file that may
// use the groups of p: its allows widen and its denies narrow what subjects of
// that region may do, within the same bounds and nowhere else. It is refused as
// by [Load]. p stays as it is.
func (p *Policy) With(region string, text []byte) (*Policy, error) {
	if p == nil || p.enforcer == nil {
		return nil, errNoPolicy
	}
	if !regionName.MatchString(region) {
		return nil, fmt.Errorf("policies: %q cannot name a region", region)
	}
	whole := *p
	whole.regions = maps.Clone(p.regions)
	if whole.regions == nil {
		whole.regions = map[string]*Policy{}
	}
	delete(whole.regions, region)
	if len(text) > 0 {
		book, err := parseAddition(p.book, region, text)
		if err != nil {
			return nil, err
		}
		if whole.regions[region], err = build(p.model, book, text); err != nil {
			return nil, err
		}
	}
	whole.whole = whole.hashWithRegions()
	return &whole, nil
}

var regionName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// in returns what decides about subjects of a region.
func (p *Policy) in(region string) *Policy {
	if p == nil {
		return nil
	}
	if own, ok := p.regions[region]; ok {
		return own
	}
	return p
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

// Version returns what the rules file of every region calls its version.
func (p *Policy) Version() string { return p.version }

// Regions returns by region what the files of those that add to the rules call
// their versions.
func (p *Policy) Regions() map[string]string {
	versions := map[string]string{}
	for region, own := range p.regions {
		versions[region] = own.version
	}
	return versions
}

// Hash returns the SHA-256 of all files in hexadecimal: of model and rules where
// no region adds anything, and otherwise of that and of every region's name and
// addition. Two policies with the same hash decide alike. nil has "".
func (p *Policy) Hash() string {
	switch {
	case p == nil:
		return ""
	case p.whole != "":
		return p.whole
	}
	return p.hash
}

// Name returns what entries of the audit trail and of the log of reads name the
// policy by: the versions of its files and its hash, as "1 9f86…" or, where a region
// adds to the rules, "1+shuozhou.2 60303a…". nil has "".
func (p *Policy) Name() string {
	if p == nil {
		return ""
	}
	versions := p.version
	for _, region := range slices.Sorted(maps.Keys(p.regions)) {
		versions += "+" + region + "." + p.regions[region].version
	}
	return versions + " " + p.Hash()
}

func (p *Policy) hashWithRegions() string {
	if len(p.regions) == 0 {
		return ""
	}
	h := sha256.New()
	fmt.Fprintln(h, p.hash)
	for _, region := range slices.Sorted(maps.Keys(p.regions)) {
		fmt.Fprintln(h, region, p.regions[region].hash)
	}
	return hex.EncodeToString(h.Sum(nil))
}

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
		return squares{}
	}
	var allowed, denied squares
	for _, role := range roles {
		one, none, ok := p.row(row{role, k, a})
		if !ok {
			return squares{}
		}
		allowed, denied = allowed.or(one), denied.or(none)
	}
	return allowed.without(denied)
}

// row returns what the rules allow and deny in one row; ok is false where there
// is no such row.
func (p *Policy) row(r row) (allowed, denied squares, ok bool) {
	kept, ok := p.rows[r]
	if !ok {
		return squares{}, squares{}, false
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
			allowed = allowed.or(square(c.Relation, c.Class, c.Grade))
		case a.effect == deny:
			denied = denied.or(square(c.Relation, c.Class, c.Grade))
		}
	})
	if failed {
		return squares{}, everySquare
	}
	return allowed, denied
}

// May reports whether s may do a to t: whether, in one of the relations in which
// s stands to t, a role of s is allowed and none is denied. A deny counts for
// the relation it names and leaves the others as they are; one that names "*"
// counts for all. May and [Policy.Scope] never differ.
func (p *Policy) May(s sharing.Subject, a sharing.Action, t sharing.Thing) bool {
	set := p.in(s.RegionID).squares(s.Roles, t.Kind, a)
	if set.empty() {
		return false
	}
	return slices.ContainsFunc(s.RelationsTo(t), func(r sharing.Relation) bool {
		return !set.and(square(r, t.Class, t.Grade)).empty()
	})
}

// Scope returns all that s may do a to, of kind k, for lists to make their SQL
// condition from. Without cells nothing is allowed, and a menu entry that leads
// there need not be shown.
func (p *Policy) Scope(s sharing.Subject, k sharing.Kind, a sharing.Action) sharing.Scope {
	scope := sharing.Scope{Subject: s, Kind: k, Action: a}
	set := p.in(s.RegionID).squares(s.Roles, k, a)
	if set.empty() {
		return scope
	}
	scope.Cells = make([]sharing.Cell, 0, set.size())
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

// Administered returns what decides who may see to a kind of what is administered
// in a region: accounts, keys, settings or the policy. It is labelled as a trail is.
func Administered(kind sharing.Kind, regionID string) sharing.Thing {
	return sharing.Thing{Kind: kind, RegionID: regionID, Class: sharing.NotShared, Grade: sharing.HighestGrade}
}

// ReadLog returns what decides who may read a region's log of reads. It is labelled
// with the strictest class and grade, since it speaks of everything.
func ReadLog(regionID string) sharing.Thing {
	return sharing.Thing{Kind: sharing.KindReadLog, RegionID: regionID, Class: sharing.NotShared, Grade: sharing.HighestGrade}
}

// ShippedRules returns the rules file that comes with the program, to begin
// another one from.
func ShippedRules() []byte { return slices.Clone(shippedRules) }
