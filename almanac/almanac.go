// Package almanac keeps the calendar of working days as it is known now. The
// notices that come with the program are its base; those recorded in the database
// lie over them, and every process learns of a further one within a second.
//
// The calendars it hands out belong to an [Edition], which does not change.
// Deadlines remember the edition on which they were derived, so that those of an
// older one are found whoever wrote them.
package almanac

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/workday"
)

// Almanac is the calendar that everything in one process counts on. Make one with
// [New]; it may be used by many goroutines at once.
type Almanac struct {
	base    []workday.Notice
	current atomic.Pointer[Edition]
}

// New returns an almanac that knows the notices of base, and none of the database
// until it is refreshed.
func New(base *workday.Calendar) (*Almanac, error) {
	a := &Almanac{base: base.Notices()}
	regions, err := regional(base)
	if err != nil {
		return nil, err
	}
	a.current.Store(&Edition{national: base, regions: regions})
	return a, nil
}

// Now returns the edition that is known now.
func (a *Almanac) Now() *Edition { return a.current.Load() }

// Refresh takes over what has been recorded since.
func (a *Almanac) Refresh(ctx context.Context, store *postgres.Store) error {
	latest, err := store.CalendarEdition(ctx)
	if err != nil || latest == a.Now().id {
		return err
	}
	recorded, err := store.Notices(ctx)
	if err != nil {
		return err
	}
	edition, err := a.edition(recorded)
	if err != nil {
		return err
	}
	a.current.Store(edition)
	return nil
}

// Every is how often [Almanac.Follow] looks for a further notice.
const Every = time.Second

// Follow refreshes a again and again until ctx is done.
func (a *Almanac) Follow(ctx context.Context, store *postgres.Store, log *slog.Logger) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	failing := false
	for {
		err := a.Refresh(ctx, store)
		if err != nil && !failing && ctx.Err() == nil {
			log.Warn("the calendar could not be refreshed; trying again", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// edition makes the edition that ends with the last of the recorded notices.
func (a *Almanac) edition(recorded []postgres.RecordedNotice) (*Edition, error) {
	e := &Edition{}
	replaced := map[key]bool{}
	for _, r := range recorded {
		n, err := workday.ParseNotice(bytes.NewReader(r.Notice))
		if err != nil {
			return nil, fmt.Errorf("recorded notice %d, %s: %w", r.ID, r.Source, err)
		}
		e.id = max(e.id, r.ID)
		replaced[keyOf(n)] = true
		e.recorded = append(e.recorded, Recorded{Notice: n, ID: r.ID, Revision: r.Revision, ImportedAt: r.ImportedAt})
	}
	notices := slices.DeleteFunc(slices.Clone(a.base), func(n workday.Notice) bool { return replaced[keyOf(n)] })
	for i, r := range e.recorded {
		corrected := slices.ContainsFunc(e.recorded[i+1:], func(later Recorded) bool { return keyOf(later.Notice) == keyOf(r.Notice) })
		if !corrected {
			notices = append(notices, r.Notice)
		}
	}
	var err error
	if e.national, err = workday.New(notices); err != nil {
		return nil, err
	}
	e.regions, err = regional(e.national)
	return e, err
}

// regional makes the calendars of the regions that have additions of their own.
func regional(national *workday.Calendar) (map[string]*workday.Calendar, error) {
	regions := map[string]*workday.Calendar{}
	for _, n := range national.Notices() {
		if n.Region == "" || regions[n.Region] != nil {
			continue
		}
		var err error
		if regions[n.Region], err = national.ForRegion(n.Region); err != nil {
			return nil, err
		}
	}
	return regions, nil
}

// key is what tells one notice from another.
type key struct {
	region string
	year   int
	source string
}

func keyOf(n workday.Notice) key { return key{n.Region, n.Year, n.Source} }

// Edition is the calendar as it was known between one notice and the next.
type Edition struct {
	id       int64
	national *workday.Calendar
	regions  map[string]*workday.Calendar // with their additions
	recorded []Recorded
}

// Recorded is a notice that the database holds.
type Recorded struct {
	workday.Notice
	ID         int64
	Revision   int
	ImportedAt time.Time
}

// ID counts the notices recorded in the database; 0 means that it holds none. A
// greater one is a later edition.
func (e *Edition) ID() int64 { return e.id }

// National returns the calendar without any region's additions.
func (e *Edition) National() *workday.Calendar { return e.national }

// Of returns the calendar of a region: with its additions, where it has any.
func (e *Edition) Of(regionID string) *workday.Calendar {
	if c := e.regions[regionID]; c != nil {
		return c
	}
	return e.national
}

// Recorded returns the notices that the database holds, in the order in which
// they were recorded.
func (e *Edition) Recorded() []Recorded { return slices.Clone(e.recorded) }

// Sources names the notices recorded after an edition that bear on the days
// between two in a region: those about the years of these days, and those that
// list one of them.
func (e *Edition) Sources(after int64, regionID string, from, to sharing.Date) []string {
	var sources []string
	for _, r := range e.recorded {
		if r.ID <= after || r.Region != "" && r.Region != regionID || slices.Contains(sources, r.Source) {
			continue
		}
		within := func(d sharing.Date) bool { return from <= d && d <= to }
		if from.Year() <= r.Year && r.Year <= to.Year() || slices.ContainsFunc(r.Off, within) || slices.ContainsFunc(r.Work, within) {
			sources = append(sources, r.Source)
		}
	}
	return sources
}
