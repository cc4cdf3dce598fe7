package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gongshu/postgres"
	"gongshu/sharing"
)

// moment is the least time that the database tells apart.
const moment = time.Microsecond

// taskFilter is what a query asks for of the reader's inbox.
func (d *Desk) taskFilter(who sharing.User, q TaskQuery, now time.Time) (postgres.TaskFilter, error) {
	f := postgres.TaskFilter{Department: who.Department.ID, Kinds: d.taskKinds(who), Kind: q.Kind, Procedure: q.Procedure, Applicant: q.Applicant,
		Text: q.Text, Reader: who.ID, Taken: q.Taken, Order: q.Order, Cursor: q.Cursor, Limit: bound(q.Limit)}
	if f.Kinds == nil {
		f.Kinds = []sharing.TaskKind{}
	}
	switch q.Tab {
	case TabOpen, "":
	case TabDone:
		f.DoneBy = who.ID
	default:
		return f, sharing.Invalid("tab", "one_of", "open or done")
	}
	if q.Taken != "" && !slices.Contains(TakenBy, q.Taken) {
		return f, sharing.Invalid("taken", "one_of", "me, nobody or others")
	}
	if q.Order != "" && !slices.Contains(Orders, q.Order) {
		return f, sharing.Invalid("sort", "one_of", "left, received or number")
	}
	var err error
	f.Due, f.NoLimit, err = d.span(who, q.Light, q.Due, now)
	return f, err
}

// span is when limits end whose light is that, and which end then; none is true
// where no limit is to run.
func (d *Desk) span(who sharing.User, light Light, due Due, now time.Time) (s postgres.Span, none bool, err error) {
	if light == Yellow || light == Green {
		horizon, err := d.horizon(who.Region.ID, now)
		if err != nil {
			return s, false, err
		}
		if s.From = horizon.Add(moment); light == Yellow {
			s.From, s.Before = now.Add(moment), horizon.Add(moment)
		}
	}
	switch light {
	case "", Yellow, Green:
	case Red:
		s.Before = now.Add(moment)
	case Grey:
		none = true
	default:
		return s, false, sharing.Invalid("light", "one_of", "red, yellow, green or grey")
	}
	switch due {
	case "":
	case DueToday, DueWeek:
		end, week := ends(now)
		if due == DueWeek {
			end = week
		}
		if s.From.IsZero() {
			s.From = now.Add(moment)
		}
		if s.Before.IsZero() || end.Before(s.Before) {
			s.Before = end
		}
	default:
		return s, false, sharing.Invalid("due", "one_of", "today or week")
	}
	return s, none, nil
}

// ends are the first instants after the day and after the week, which ends on
// Sunday.
func ends(now time.Time) (day, week time.Time) {
	today := sharing.DateOf(now)
	sunday := today + sharing.Date((7-int(today.Weekday()))%7)
	return today.End().Add(moment), sunday.End().Add(moment)
}

// TaskFigures counts open tasks.
type TaskFigures = postgres.TaskFigures

// TaskHolder is one person's share of a department's open tasks.
type TaskHolder = postgres.TaskHolder

// Workload is what waits for a reader and for the reader's department.
type Workload struct {
	Mine       TaskFigures // of what the reader may do
	Department TaskFigures // of all that waits for it on cases that the reader may see
	// Holders says who of the department has taken how much; nil unless the reader
	// heads it.
	Holders []TaskHolder
}

// Workload counts what waits.
func (d *Desk) Workload(ctx context.Context, who sharing.User) (Workload, error) {
	var load Workload
	now, err := d.Now(ctx)
	if err != nil {
		return load, err
	}
	f, err := d.taskFilter(who, TaskQuery{}, now)
	if err != nil {
		return load, err
	}
	scopes := d.caseScopes(who, sharing.Read)
	day, week := ends(now)
	all := f
	all.Kinds = nil
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		load.Mine, err = d.Store.TaskFigures(reading, scopes, f, day, week)
		return err
	})
	group.Go(func() (err error) {
		load.Department, err = d.Store.TaskFigures(reading, scopes, all, day, week)
		return err
	})
	if who.Subject().Has(sharing.DepartmentHead, sharing.AuthorityHead) {
		group.Go(func() (err error) {
			load.Holders, err = d.Store.TaskHolders(reading, scopes, all)
			return err
		})
	}
	err = group.Wait()
	return load, err
}

// Plenty is up to where the rows of the inbox's tabs are counted.
const Plenty = postgres.Plenty

// InboxCounts is how many rows each tab of the inbox has, up to Plenty.
type InboxCounts struct{ Open, Done, Mine, Following int }

// InboxCounts counts what the tabs of the inbox hold, unless they are narrowed.
func (d *Desk) InboxCounts(ctx context.Context, who sharing.User) (InboxCounts, error) {
	var n InboxCounts
	now, err := d.Now(ctx)
	if err != nil {
		return n, err
	}
	scopes := d.caseScopes(who, sharing.Read)
	group, reading := errgroup.WithContext(ctx)
	for tab, count := range map[TaskTab]*int{TabOpen: &n.Open, TabDone: &n.Done} {
		f, err := d.taskFilter(who, TaskQuery{Tab: tab}, now)
		if err != nil {
			return n, errors.Join(err, group.Wait())
		}
		group.Go(func() (err error) {
			*count, err = d.Store.TaskCount(reading, scopes, f)
			return err
		})
	}
	group.Go(func() (err error) {
		n.Mine, err = d.Store.CaseCount(reading, scopes, postgres.CaseFilter{StartedBy: who.ID})
		return err
	})
	group.Go(func() (err error) {
		n.Following, err = d.Store.CaseCount(reading, scopes, postgres.CaseFilter{FollowedBy: who.ID})
		return err
	})
	err = group.Wait()
	return n, err
}

// TaskKinds lists what the reader can be given to do.
func (d *Desk) TaskKinds(who sharing.User) []sharing.TaskKind { return d.taskKinds(who) }

// EarlierAnswer is how the reader's department answered another application.
type EarlierAnswer = postgres.EarlierAnswer

// maxEarlier is how many earlier answers are offered.
const maxEarlier = 8

// EarlierAnswers returns how the department that answers a case answered like
// matters, as far as the reader may see them: those about the same entry first,
// then what it refused else. None where the reader is of another department.
func (d *Desk) EarlierAnswers(ctx context.Context, who sharing.User, c sharing.Case) ([]EarlierAnswer, error) {
	if who.Department.ID != c.Provider.ID {
		return nil, nil
	}
	found, err := d.Store.EarlierAnswers(ctx, d.caseScopes(who, sharing.Read), c.Provider.ID, c.Resource.ID, c.ID, maxEarlier)
	if err != nil {
		return nil, err
	}
	read := make([]sharing.Case, len(found))
	for i, a := range found {
		read[i] = sharing.Case{ID: a.CaseID, Number: a.Number, Procedure: sharing.ShareApplication, RegionID: c.RegionID, Provider: c.Provider,
			Applicant: a.Applicant, Class: a.Class, Grade: a.Grade, Fields: a.Decision.Fields}
	}
	return handOut(found, d.recordCases(ctx, who, read...))
}
