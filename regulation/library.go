package regulation

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"gongshu/policies/regulations"
	"gongshu/sharing"
)

// Library is every regulation that was loaded, in all versions. It does not change.
type Library struct {
	all []*Regulation // by region, first day, id, version
}

// Shipped returns the regulations that come with the program.
var Shipped = sync.OnceValue(func() *Library {
	library, err := Load(regulations.Files)
	if err != nil {
		panic("regulation: the shipped files are unsound: " + err.Error()) // held by a test
	}
	return library
})

// Load reads every *.yaml file of the given folders: the shipped ones, then the
// operator's. A file that begins with "overlay:" adds a prolongation, a
// successor or targets to a regulation of another file. Errors are [Problems],
// all of them at once.
func Load(folders ...fs.FS) (*Library, error) {
	var regs []*Regulation
	var overlays []overlay
	var problems Problems
	for _, folder := range folders {
		names, err := fs.Glob(folder, "*.yaml")
		if err != nil {
			return nil, fmt.Errorf("list regulation files: %w", err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(folder, name)
			if err != nil {
				return nil, fmt.Errorf("read regulation file: %w", err)
			}
			reg, over, err := parse(name, data)
			var found Problems
			switch {
			case errors.As(err, &found):
				problems = append(problems, found...)
			case err != nil:
				return nil, err
			case reg != nil:
				regs = append(regs, reg)
			default:
				overlays = append(overlays, *over)
			}
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return assemble(regs, overlays)
}

func assemble(regs []*Regulation, overlays []overlay) (*Library, error) {
	var problems Problems
	seen := map[string]string{}
	for _, r := range regs {
		if other, twice := seen[r.Ref()]; twice {
			problems = append(problems, Problem{File: r.File, Key: "id", Rule: fmt.Sprintf("%s version %d is already in %s: count the version up", r.ID, r.Version, other)})
		}
		seen[r.Ref()] = r.File
	}
	l := &Library{all: slices.Clone(regs)}
	for _, o := range overlays {
		problems = append(problems, o.apply(l)...)
	}
	slices.SortFunc(l.all, func(a, b *Regulation) int {
		return firstOrder(strings.Compare(a.Region, b.Region), int(a.From-b.From), strings.Compare(a.ID, b.ID), a.Version-b.Version)
	})
	problems = append(problems, l.rivals()...)
	if len(problems) > 0 {
		return nil, problems
	}
	return l, nil
}

func firstOrder(orders ...int) int {
	for _, o := range orders {
		if o != 0 {
			return o
		}
	}
	return 0
}

// rivals finds two regulations that claim the same region on the same day
// without either following the other, and followers that begin too early.
func (l *Library) rivals() Problems {
	var problems Problems
	for i, a := range l.all { // by region and first day
		for _, b := range l.all[i+1:] {
			if a.Region != b.Region {
				continue
			}
			last := a.LastDay()
			switch {
			case l.follows(a, b) || a.ID != b.ID && l.follows(b, a) && a.From == b.From:
				problems = append(problems, Problem{File: b.File, Key: "from",
					Rule: fmt.Sprintf("%s begins on %s, and one of %s and %s follows the other: the one that follows must begin later", b.Ref(), b.From, a.Ref(), b.Ref())})
			case !l.follows(b, a) && (last == nil || *last >= b.From):
				problems = append(problems, Problem{File: b.File, Key: "replaces",
					Rule: fmt.Sprintf("%s and %s would both be in force in %s from %s: name the one that is replaced", a.Ref(), b.Ref(), b.Region, b.From)})
			}
		}
	}
	return problems
}

// follows reports whether next takes the place of before from its first day on:
// as a later version, or as a successor that either of the two names.
func (l *Library) follows(next, before *Regulation) bool {
	if next.Region != before.Region {
		return false
	}
	if next.ID == before.ID {
		return next.Version > before.Version
	}
	return slices.Contains(next.Replaces, before.ID) || before.Successor == next.ID
}

// All returns every regulation in every version, by region and first day.
func (l *Library) All() []*Regulation { return slices.Clone(l.all) }

// ByID returns a regulation by its id, in its latest version, or by id and
// version as in "shuozhou-2021@1".
func (l *Library) ByID(id string) (*Regulation, bool) {
	var found *Regulation
	for _, r := range l.all {
		if r.Ref() == id {
			return r, true
		}
		if r.ID == id && (found == nil || r.Version > found.Version) {
			found = r
		}
	}
	return found, found != nil
}

// NoneError says that no regulation of the region was ever loaded.
type NoneError struct{ Region string }

func (e *NoneError) Error() string {
	return fmt.Sprintf("no regulation is known for the region %q", e.Region)
}

// NotYetError says that the region's first regulation begins later.
type NotYetError struct {
	On         sharing.Date
	Regulation *Regulation
}

func (e *NotYetError) Error() string {
	return fmt.Sprintf("on %s no regulation is in force in %s yet: %s begins on %s", e.On, e.Regulation.Region, e.Regulation.ID, e.Regulation.From)
}

// ExpiredError says that the region's last regulation ended before the day.
type ExpiredError struct {
	On         sharing.Date
	Regulation *Regulation
	LastDay    sharing.Date
	// Successor that is recorded but not loaded or not yet in force; "" when none is.
	Successor string
}

func (e *ExpiredError) Error() string {
	s := fmt.Sprintf("%s (%s) ended on %s: nothing can be opened under it on %s", e.Regulation.ID, e.Regulation.Title, e.LastDay, e.On)
	if e.Successor != "" {
		return s + "; its successor " + e.Successor + " is not in force"
	}
	return s + "; no successor or prolongation is recorded"
}

// InForce returns the regulation under which a case received in the region on
// that day is opened. A successor or later version takes the place of what it
// follows from its first day on, and for good. The error is
// a *[NoneError], *[NotYetError] or *[ExpiredError].
func (l *Library) InForce(region string, on sharing.Date) (*Regulation, error) {
	var current, first, last *Regulation
	for _, r := range l.all {
		if r.Region != region {
			continue
		}
		if first == nil {
			first = r
		}
		if r.From > on {
			continue
		}
		if last == nil || r.From > last.From || r.From == last.From && r.Version > last.Version {
			last = r
		}
		if r.InForce(on) && !l.replacedBy(r, on) {
			current = r
		}
	}
	switch {
	case current != nil:
		return current, nil
	case first == nil:
		return nil, &NoneError{Region: region}
	case last == nil:
		return nil, &NotYetError{On: on, Regulation: first}
	}
	return nil, &ExpiredError{On: on, Regulation: last, LastDay: *last.LastDay(), Successor: l.successor(last)}
}

// replacedBy reports whether a successor or a later version of r has begun by
// the day: r does not come back when that ends.
func (l *Library) replacedBy(r *Regulation, on sharing.Date) bool {
	return slices.ContainsFunc(l.all, func(next *Regulation) bool {
		return next.From <= on && l.follows(next, r)
	})
}

func (l *Library) successor(r *Regulation) string {
	for _, next := range l.all {
		if slices.Contains(next.Replaces, r.ID) {
			return next.ID
		}
	}
	return r.Successor
}

// Expiry is a regulation that ends soon or has ended.
type Expiry struct {
	Regulation *Regulation
	LastDay    sharing.Date
	DaysLeft   int    // calendar days from the day asked about; negative: it has ended
	Successor  string // recorded or loaded; "" when none is
	// Covered: a loaded regulation is in force in the region on the day after.
	Covered bool
}

// Expiring returns the regulations whose last day lies at most so many calendar
// days after the given day or before it, soonest first. One that is covered by
// a successor is listed too, and says so.
func (l *Library) Expiring(on sharing.Date, within int) []Expiry {
	var list []Expiry
	for _, r := range l.all {
		last := r.LastDay()
		if last == nil || r.From > on || int(*last-on) > within {
			continue
		}
		next, err := l.InForce(r.Region, *last+1)
		list = append(list, Expiry{Regulation: r, LastDay: *last, DaysLeft: int(*last - on), Successor: l.successor(r), Covered: err == nil && next != r})
	}
	slices.SortStableFunc(list, func(a, b Expiry) int { return int(a.LastDay - b.LastDay) })
	return list
}
