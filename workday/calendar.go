// Package workday counts the working days of mainland China. A calendar is made
// from the published notices; every question about it takes constant time.
//
// A day is worked when the notice of its year lists it as a make-up day, or when
// it is Monday to Friday and not listed as a day off. The make-up list comes
// first: asking for the weekday first makes overdue cases look punctual.
package workday

import (
	"fmt"
	"slices"

	"gongshu/sharing"
)

// Years that a calendar can cover at most: the statutory holidays have been as
// they are, with the changes of 2014 and 2025, since 2008, and the table of
// festivals by the lunar calendar ends in 2050.
const (
	firstYear = 2008
	lastYear  = 2050
)

// Calendar knows which days are worked, under which notice. It does not change
// once made, and may be used by many goroutines at once. Make one with [New].
//
// It covers the days from 1 January of the first national notice's year to the
// end of 2050. Years without a notice are provisional.
type Calendar struct {
	notices   []Notice
	regions   []string
	first     sharing.Date
	days      []day
	before    []int32      // before[i]: working days among days[:i]
	worked    []int32      // indices of the working days
	published sharing.Date // the last day covered by a notice
}

type day struct {
	kind        sharing.DayKind
	provisional bool
	source      string
}

// RangeError says that a day lies outside what the calendar covers.
type RangeError struct {
	Date        sharing.Date // the day asked for; zero when the count ran out
	First, Last sharing.Date
}

func (e *RangeError) Error() string {
	if e.Date == 0 {
		return fmt.Sprintf("the count runs out of the days that the calendar covers, %s to %s", e.First, e.Last)
	}
	return fmt.Sprintf("%s is outside the days that the calendar covers, %s to %s", e.Date, e.First, e.Last)
}

// New makes a calendar from notices. Of several national notices for one year
// the latest issued wins; earlier ones are kept for [Calendar.AsKnownOn]. The
// additions of the named regions are laid over it in the order given; of
// several additions of one region for one year the latest issued wins.
// Notices of other regions are kept and not applied.
// Of two issued on the same day the one later in the list wins, so that an
// operator's file replaces a shipped one.
//
// The error names a notice that breaks a rule, or an unknown region.
func New(notices []Notice, regions ...string) (*Calendar, error) {
	return build(notices, regions, sharing.NewDate(lastYear, 12, 31))
}

// AsKnownOn makes the calendar as it was known at the end of the given day:
// from the notices issued and the orders published by then.
func (c *Calendar) AsKnownOn(d sharing.Date) (*Calendar, error) {
	known := slices.DeleteFunc(slices.Clone(c.notices), func(n Notice) bool { return n.Issued > d })
	regions := slices.DeleteFunc(slices.Clone(c.regions), func(region string) bool {
		return !slices.ContainsFunc(known, func(n Notice) bool { return n.Region == region })
	})
	return build(known, regions, d)
}

// With makes a calendar from the notices of c and more: to import a notice, or
// to rehearse its import.
func (c *Calendar) With(notices ...Notice) (*Calendar, error) {
	return New(append(slices.Clone(c.notices), notices...), c.regions...)
}

// ForRegion makes a calendar from the notices of c with the additions of the
// named regions instead of its own.
func (c *Calendar) ForRegion(regions ...string) (*Calendar, error) {
	return New(c.notices, regions...)
}

// Notices returns all notices c was made from, by day of issue.
func (c *Calendar) Notices() []Notice { return slices.Clone(c.notices) }

func build(notices []Notice, regions []string, known sharing.Date) (*Calendar, error) {
	c := &Calendar{notices: slices.Clone(notices), regions: slices.Clone(regions)}
	for _, n := range c.notices {
		if err := n.check(); err != nil {
			return nil, fmt.Errorf("notice %s for %d: %w", n.Source, n.Year, err)
		}
	}
	slices.SortStableFunc(c.notices, func(a, b Notice) int { return int(a.Issued - b.Issued) })

	versions := map[int][]Notice{}
	first := lastYear + 1
	for _, n := range c.notices {
		if n.Region == "" {
			versions[n.Year] = append(versions[n.Year], n)
			first = min(first, n.Year)
		}
	}
	if len(versions) == 0 {
		return nil, fmt.Errorf("no national notice to make a calendar from")
	}
	c.first = sharing.NewDate(first, 1, 1)
	c.days = make([]day, sharing.NewDate(lastYear+1, 1, 1)-c.first)
	for year := first; year <= lastYear; year++ {
		if published, ok := versions[year]; ok {
			c.publish(year, published)
		} else {
			c.foresee(year, known)
		}
	}
	for year := first + 1; year <= lastYear; year++ {
		if published := versions[year]; len(published) > 0 {
			c.december(year-1, published)
		}
	}
	if err := c.addRegions(); err != nil {
		return nil, err
	}
	c.index()
	return c, nil
}

// publish fills in a year from its notices, the latest last. A day cites the
// notice that made it what it is: one that an amendment left alone goes on
// citing the notice before.
func (c *Calendar) publish(year int, versions []Notice) {
	for i, n := range versions {
		listed := n.listed()
		for d := sharing.NewDate(year, 1, 1); d.Year() == year; d++ {
			kind, named := listed[d]
			if !named {
				kind = ordinary(d)
			}
			at := &c.days[d-c.first]
			if i == 0 && named || i > 0 && at.kind != kind {
				at.source = n.Source
			}
			at.kind = kind
		}
	}
}

// foresee fills in a year without a notice from weekends and the order on
// statutory holidays that was known on the day.
func (c *Calendar) foresee(year int, known sharing.Date) {
	holidays, source := statutory(year, known)
	for d := sharing.NewDate(year, 1, 1); d.Year() == year; d++ {
		c.days[d-c.first] = day{kind: ordinary(d), provisional: true}
	}
	for _, d := range holidays {
		c.days[d-c.first] = day{kind: sharing.Holiday, provisional: true, source: source}
	}
}

// december lays over a year the days of its December that the next year's latest
// notice names. A day cites the earliest version that named it the same.
func (c *Calendar) december(year int, next []Notice) {
	latest := len(next) - 1
	for d, kind := range next[latest].listed() {
		if d.Year() != year {
			continue
		}
		first := latest
		for first > 0 && next[first-1].listed()[d] == kind {
			first--
		}
		c.days[d-c.first] = day{kind: kind, source: next[first].Source}
	}
}

func (c *Calendar) addRegions() error {
	for _, region := range c.regions {
		latest := map[int]Notice{}
		for _, n := range c.notices {
			if n.Region == region {
				latest[n.Year] = n
			}
		}
		if region == "" || len(latest) == 0 {
			return fmt.Errorf("no notice of a region %q", region)
		}
		for _, n := range latest {
			for d, kind := range n.listed() {
				if d >= c.first {
					c.days[d-c.first] = day{kind: kind, source: n.Source}
				}
			}
		}
	}
	return nil
}

// index sums up, so that every question is a look-up.
func (c *Calendar) index() {
	c.before = make([]int32, len(c.days)+1)
	for i, d := range c.days {
		c.before[i+1] = c.before[i]
		if isWorked(d.kind) {
			c.worked = append(c.worked, int32(i))
			c.before[i+1]++
		}
		if !d.provisional {
			c.published = c.first + sharing.Date(i)
		}
	}
}

func ordinary(d sharing.Date) sharing.DayKind {
	if isWeekend(d) {
		return sharing.Weekend
	}
	return sharing.Worked
}

func isWorked(kind sharing.DayKind) bool { return kind == sharing.Worked || kind == sharing.MakeUp }

// First returns the first day that c covers.
func (c *Calendar) First() sharing.Date { return c.first }

// Last returns the last day that c covers, provisionally or not.
func (c *Calendar) Last() sharing.Date { return c.first + sharing.Date(len(c.days)) - 1 }

// LastPublished returns the last day that a notice covers.
func (c *Calendar) LastPublished() sharing.Date { return c.published }

func (c *Calendar) at(d sharing.Date) (int, error) {
	i := int(d) - int(c.first)
	if i < 0 || i >= len(c.days) {
		return 0, &RangeError{Date: d, First: c.First(), Last: c.Last()}
	}
	return i, nil
}

// Day returns what kind of day d is and under which notice or order. The error
// is a *[RangeError].
func (c *Calendar) Day(d sharing.Date) (sharing.Day, error) {
	i, err := c.at(d)
	if err != nil {
		return sharing.Day{}, err
	}
	known := c.days[i]
	return sharing.Day{Date: d, Kind: known.kind, Source: known.source, Provisional: known.provisional}, nil
}

// IsWorkday reports whether d is worked. The error is a *[RangeError].
func (c *Calendar) IsWorkday(d sharing.Date) (bool, error) {
	i, err := c.at(d)
	if err != nil {
		return false, err
	}
	return isWorked(c.days[i].kind), nil
}

// Provisional reports whether no notice covers d. Days outside the calendar are
// provisional.
func (c *Calendar) Provisional(d sharing.Date) bool {
	i, err := c.at(d)
	return err != nil || c.days[i].provisional
}

// Due returns the n-th working day after start, whatever kind of day start is:
// start itself does not count (Civil Code art. 201). n is at least 1. The error
// is a *[RangeError] when start or the end is not covered.
func (c *Calendar) Due(start sharing.Date, n int) (sharing.Date, error) {
	i, err := c.at(start)
	if err != nil {
		return 0, err
	}
	if n < 1 {
		return 0, fmt.Errorf("a limit of %d working days: must be at least 1", n)
	}
	return c.nth(int(c.before[i+1]), n-1)
}

// Next returns the first working day after d.
func (c *Calendar) Next(d sharing.Date) (sharing.Date, error) { return c.Due(d, 1) }

// Prev returns the last working day before d.
func (c *Calendar) Prev(d sharing.Date) (sharing.Date, error) {
	i, err := c.at(d)
	if err != nil {
		return 0, err
	}
	return c.nth(int(c.before[i]), -1)
}

// nth returns the working day that lies move further than the one of that index.
func (c *Calendar) nth(index, move int) (sharing.Date, error) {
	if move >= len(c.worked)-index || index+move < 0 {
		return 0, &RangeError{First: c.First(), Last: c.Last()}
	}
	return c.first + sharing.Date(c.worked[index+move]), nil
}

// Between counts the working days after a up to and including b. It is negative
// when b lies before a, so that Between(a, b) = -Between(b, a).
func (c *Calendar) Between(a, b sharing.Date) (int, error) {
	i, err := c.at(a)
	if err != nil {
		return 0, err
	}
	j, err := c.at(b)
	if err != nil {
		return 0, err
	}
	return int(c.before[j+1] - c.before[i+1]), nil
}
