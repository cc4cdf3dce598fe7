package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gongshu/postgres"
	"gongshu/sharing"
)

// Period is what a trend is told by.
type Period string

const (
	ByWeek  Period = "week" // from Monday to Sunday
	ByMonth Period = "month"
)

// Stretches is how many weeks or months a trend tells, the current one the last.
const Stretches = 12

// TrendQuery asks for a trend.
type TrendQuery struct {
	By       Period // ByWeek when empty
	Provider string // only cases for which this department answers; "" for all
}

// Stretch are the figures of a week or month.
type Stretch struct {
	From, To   sharing.Date // both within; To is today in the last one
	Received   int          // cases
	Closed     int          // cases
	ClosedLate int          // of those closed, with a limit or target that was met late
	Overdue    int          // limits and targets that were overdue when it ended, or are now
}

// OnTime is which share of the cases closed met every limit; false when none was
// closed.
func (s Stretch) OnTime() (share float64, ok bool) {
	if s.Closed == 0 {
		return 0, false
	}
	return float64(s.Closed-s.ClosedLate) / float64(s.Closed), true
}

// Answering is how long a department takes to answer.
type Answering struct {
	Department sharing.Department
	Answers    int
	Late       int
	Median     float64 // working days
}

// Trend is how a region's cases went in the last weeks or months.
type Trend struct {
	By          Period
	At          time.Time
	Stretches   []Stretch   // the earliest first
	Departments []Answering // the slowest first
	All         Answering   // over all departments
}

// Trend tells the last [Stretches] weeks or months of what the reader watches;
// CodeForbidden unless the reader may watch.
func (d *Desk) Trend(ctx context.Context, who sharing.User, q TrendQuery) (Trend, error) {
	scopes := d.caseScopes(who, sharing.Watch)
	if len(scopes) == 0 || !d.MayWatch(who) {
		return Trend{}, forbidden
	}
	if q.By == "" {
		q.By = ByWeek
	}
	now, err := d.Now(ctx)
	if err != nil {
		return Trend{}, err
	}
	starts, err := stretchStarts(q.By, sharing.DateOf(now))
	if err != nil {
		return Trend{}, err
	}
	edges := make([]time.Time, 0, len(starts)+1)
	for _, start := range starts {
		edges = append(edges, start.Start())
	}
	edges = append(edges, now)
	t := Trend{By: q.By, At: now}
	var (
		counts  []postgres.Stretch
		answers []postgres.Answered
	)
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		counts, err = d.Store.Trend(reading, scopes, q.Provider, edges)
		return err
	})
	group.Go(func() (err error) {
		answers, err = d.Store.Answers(reading, who.Region.ID, edges[0], now)
		return err
	})
	if err := group.Wait(); err != nil {
		return Trend{}, err
	}
	for i, n := range counts {
		s := Stretch{From: starts[i], To: sharing.DateOf(now), Received: n.Received, Closed: n.Closed, ClosedLate: n.ClosedLate, Overdue: n.Overdue}
		if i+1 < len(starts) {
			s.To = starts[i+1] - 1
		}
		t.Stretches = append(t.Stretches, s)
	}
	return t, d.answering(who, q.Provider, &t, answers)
}

// stretchStarts returns the first days of the weeks or months up to that of today.
func stretchStarts(by Period, today sharing.Date) ([]sharing.Date, error) {
	starts := make([]sharing.Date, Stretches)
	for i := range starts {
		back := Stretches - 1 - i
		switch by {
		case ByWeek:
			monday := today - sharing.Date((int(today.Weekday())+6)%7)
			starts[i] = monday - sharing.Date(7*back)
		case ByMonth:
			year, month, _ := today.Civil()
			first := time.Date(year, month-time.Month(back), 1, 0, 0, 0, 0, sharing.Shanghai)
			starts[i] = sharing.DateOf(first)
		default:
			return nil, sharing.Invalid("by", "one_of", "week or month")
		}
	}
	return starts, nil
}

// answering adds how long departments took for their answers.
func (d *Desk) answering(who sharing.User, provider string, t *Trend, answers []postgres.Answered) error {
	calendar := d.CalendarOf(who.Region.ID)
	type taken struct {
		Answering
		days []int
	}
	lines, all := map[string]*taken{}, &taken{}
	for _, a := range answers {
		if provider != "" && a.Department.ID != provider {
			continue
		}
		days, err := daysTaken(calendar, a)
		if err != nil {
			return err
		}
		for _, l := range []*taken{at(lines, a.Department.ID, func(l *taken) { l.Department = a.Department }), all} {
			l.Answers += a.N
			l.days = append(l.days, slices.Repeat([]int{days}, a.N)...)
			if a.Late {
				l.Late += a.N
			}
		}
	}
	all.Median = median(all.days)
	t.All = all.Answering
	for _, l := range lines {
		l.Median = median(l.days)
		t.Departments = append(t.Departments, l.Answering)
	}
	slices.SortFunc(t.Departments, func(a, b Answering) int {
		return cmp.Or(cmp.Compare(b.Median, a.Median), cmp.Compare(b.Answers, a.Answers), cmp.Compare(a.Department.Name, b.Department.Name), cmp.Compare(a.Department.ID, b.Department.ID))
	})
	return nil
}

// median returns the middle of numbers, which it sorts; 0 of none.
func median(numbers []int) float64 {
	if len(numbers) == 0 {
		return 0
	}
	slices.Sort(numbers)
	half := len(numbers) / 2
	if len(numbers)%2 == 1 {
		return float64(numbers[half])
	}
	return float64(numbers[half-1]+numbers[half]) / 2
}
