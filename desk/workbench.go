package desk

import (
	"context"
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
type TaskFigures struct {
	Open               int
	Mine, Free, Others int // by who has taken them
	Overdue            int
	Today, Week        int // whose limit ends in the rest of today, of this week
}

// add counts what one person has taken, or nobody.
func (f *TaskFigures) add(s postgres.TaskShare, reader string) {
	switch s.UserID {
	case reader:
		f.Mine += s.Open
	case "":
		f.Free += s.Open
	default:
		f.Others += s.Open
	}
	f.Open, f.Overdue, f.Today, f.Week = f.Open+s.Open, f.Overdue+s.Overdue, f.Today+s.Today, f.Week+s.Week
}

// TaskHolder is one person's share of a department's open tasks; nobody has an empty
// id.
type TaskHolder struct {
	UserID, Name  string
	Open, Overdue int
}

// Workload is what waits for a reader and for the reader's department.
type Workload struct {
	Mine       TaskFigures // of what the reader may do
	Department TaskFigures // of all that waits for it on cases that the reader may see
	// Holders says who of the department has taken how much, by name, what nobody has
	// taken first; nil unless the reader heads it.
	Holders []TaskHolder
}

// Workload counts what waits.
func (d *Desk) Workload(ctx context.Context, who sharing.User) (Workload, error) {
	var load Workload
	now, err := d.Now(ctx)
	if err != nil {
		return load, err
	}
	day, week := ends(now)
	shares, err := d.Store.TaskShares(ctx, d.caseScopes(who, sharing.Read), who.Department.ID, d.taskKinds(who), day, week)
	if err != nil {
		return load, err
	}
	heads := who.Subject().Has(sharing.DepartmentHead, sharing.AuthorityHead)
	for i, s := range shares {
		load.Department.add(s, who.ID)
		if s.Allowed {
			load.Mine.add(s, who.ID)
		}
		if !heads {
			continue
		}
		if i == 0 || shares[i-1].UserID != s.UserID {
			load.Holders = append(load.Holders, TaskHolder{UserID: s.UserID, Name: s.Name})
		}
		holder := &load.Holders[len(load.Holders)-1]
		holder.Open, holder.Overdue = holder.Open+s.Open, holder.Overdue+s.Overdue
	}
	return load, nil
}

// Plenty is up to where the rows of the inbox's tabs are counted.
const Plenty = postgres.Plenty

// InboxCounts is how many rows each tab of the inbox has: of what is open all, of the
// others up to Plenty.
type InboxCounts struct{ Open, Done, Mine, Following int }

// InboxCounts counts what the tabs of the inbox hold, unless they are narrowed.
func (d *Desk) InboxCounts(ctx context.Context, who sharing.User) (InboxCounts, error) {
	var n InboxCounts
	now, err := d.Now(ctx)
	if err != nil {
		return n, err
	}
	done, err := d.taskFilter(who, TaskQuery{Tab: TabDone}, now)
	if err != nil {
		return n, err
	}
	scopes := d.caseScopes(who, sharing.Read)
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		n.Open, err = d.Store.CountTasks(reading, scopes, who.Department.ID, d.taskKinds(who))
		return err
	})
	group.Go(func() (err error) {
		n.Done, err = d.Store.TaskCount(reading, scopes, done)
		return err
	})
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
