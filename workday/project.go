package workday

import (
	"errors"
	"fmt"
	"math"
	"time"

	"gongshu/sharing"
)

// Project turns a clock and the calendar into a due date and its derivation,
// day by day. It is pure: the same clock on the same calendar comes to the same.
//
// How a limit is counted (Civil Code arts. 201 to 203):
//
//   - The day of the event does not count. A start on a day off begins the count
//     on the next working day, or with DeemNextDay on the one after.
//   - Working days end at 24:00 of the last of them. Months end on the same day of
//     the later month or its last day. An update cycle is a day, a week, a month, a
//     quarter, a half-year or a year; real time is the same day. With Rolling, an
//     end on a day off moves to the next working day.
//   - A suspension takes away each day that the clock did not run at both ends of,
//     00:00 and 24:00: the day on which it was stopped, because the limit ends at
//     24:00 of its last day, and the day on which it resumed, because the day of
//     an event does not count. A pause within one day changes nothing.
//   - An extension adds to the budget in its unit.
//   - A fixed day of the year is the first one on or after the start (29 February
//     stands for the month's last day). Nothing but Rolling moves it.
//   - Plain elapsed time stands still while suspended.
//
// A limit "at once" and an irregular cycle have no due date, nor has a clock that
// was stopped before its limit passed and not resumed; the latter is Suspended.
// A projection is Provisional when its date hangs on a day without a notice.
//
// The error names what is wrong with the clock, or is a *[RangeError].
func (c *Calendar) Project(clock sharing.Clock) (sharing.Projection, error) {
	if err := checkClock(clock); err != nil {
		return sharing.Projection{}, err
	}
	b := clock.Budget
	n := b.N
	for _, e := range clock.Extensions {
		n += e.N
	}
	switch b.Unit {
	case sharing.Elapsed:
		return elapsed(clock), nil
	case sharing.Immediately:
		return c.without(clock)
	case sharing.Yearly:
		return c.yearly(clock)
	case sharing.UpdateCycles:
		if clock.Cycle == sharing.Irregularly {
			return c.without(clock)
		}
	case sharing.WorkingDays, sharing.CalendarDays, sharing.Months:
	}
	if n > len(c.days) {
		return sharing.Projection{}, &RangeError{First: c.First(), Last: c.Last()}
	}
	run, err := c.begin(clock)
	if err != nil {
		return sharing.Projection{}, err
	}
	days := n // to count
	switch b.Unit {
	case sharing.WorkingDays:
		run.workedOnly = true
	case sharing.CalendarDays:
	case sharing.Months:
		days = int(run.start.AddMonths(n) - run.start)
	case sharing.UpdateCycles:
		days = cycleDays(run.start, clock.Cycle, n)
	case sharing.Yearly, sharing.Immediately, sharing.Elapsed:
		return sharing.Projection{}, fmt.Errorf("budget.unit: %q does not count days", b.Unit)
	}
	sameDay := b.Unit == sharing.UpdateCycles && clock.Cycle == sharing.RealTime
	return run.count(days, b.Rolling && !sameDay)
}

func checkClock(clock sharing.Clock) error {
	if clock.Start.IsZero() {
		return errors.New("start: missing")
	}
	b := clock.Budget
	switch b.Unit {
	case sharing.WorkingDays, sharing.CalendarDays, sharing.Months, sharing.UpdateCycles:
		if b.N < 1 {
			return fmt.Errorf("budget.n: %d %s; must be at least 1", b.N, b.Unit)
		}
	case sharing.Yearly:
		if last := sharing.NewDate(2024, b.Month+1, 0); b.Month < time.January || b.Month > time.December || b.Day < 1 || sharing.NewDate(2024, b.Month, b.Day) > last {
			return fmt.Errorf("budget: month %d, day %d is no day of the year", b.Month, b.Day)
		}
	case sharing.Elapsed:
		if b.For <= 0 {
			return fmt.Errorf("budget.for: %s; must be longer than nothing", b.For)
		}
	case sharing.Immediately:
	default:
		return fmt.Errorf("budget.unit: %q is no unit", b.Unit)
	}
	if b.Unit == sharing.UpdateCycles {
		switch clock.Cycle {
		case sharing.RealTime, sharing.Daily, sharing.Weekly, sharing.Monthly, sharing.Quarterly, sharing.HalfYearly, sharing.EveryYear, sharing.Irregularly:
		default:
			return fmt.Errorf("cycle: %q is no update cycle", clock.Cycle)
		}
	}
	for i, s := range clock.Suspensions {
		if s.Until != nil && s.Until.Before(s.From) {
			return fmt.Errorf("suspensions[%d].until: lies before its beginning", i)
		}
	}
	for i, e := range clock.Extensions {
		if e.N < 1 || e.N > math.MaxInt32 {
			return fmt.Errorf("extensions[%d].n: %d; must be at least 1", i, e.N)
		}
		switch b.Unit {
		case sharing.WorkingDays, sharing.CalendarDays, sharing.Months, sharing.UpdateCycles:
		case sharing.Immediately, sharing.Yearly, sharing.Elapsed:
			return fmt.Errorf("extensions[%d]: a limit in %q cannot be extended", i, b.Unit)
		}
	}
	return nil
}

// without is a projection that has a start and no due date.
func (c *Calendar) without(clock sharing.Clock) (sharing.Projection, error) {
	start, err := c.startLine(sharing.DateOf(clock.Start))
	return sharing.Projection{Days: []sharing.Day{start}}, err
}

func (c *Calendar) startLine(d sharing.Date) (sharing.Day, error) {
	line, err := c.Day(d)
	line.Kind, line.Provisional = sharing.StartDay, false
	return line, err
}

// elapsed projects an operator's target in plain time.
func elapsed(clock sharing.Clock) sharing.Projection {
	due := clock.Start.Add(clock.Budget.For)
	for moved := true; moved; {
		moved = false
		stopped, open := stoppedTime(clock, due)
		if open {
			return sharing.Projection{Suspended: true}
		}
		if later := clock.Start.Add(clock.Budget.For + stopped); later.After(due) {
			due, moved = later, true
		}
	}
	return sharing.Projection{DueAt: due.In(sharing.Shanghai), DueDate: sharing.DateOf(due)}
}

// stoppedTime sums up for how long the clock stood still from its start to the
// given instant, and whether it is still stopped then for good.
func stoppedTime(clock sharing.Clock, until time.Time) (stopped time.Duration, open bool) {
	at := clock.Start
	for at.Before(until) {
		next := until
		var held bool
		for _, s := range clock.Suspensions {
			switch {
			case s.From.After(at): // begins later
				if s.From.Before(next) && !held {
					next = s.From
				}
			case s.Until == nil:
				return stopped, true
			case s.Until.After(at):
				if !held || s.Until.After(next) {
					next = *s.Until
				}
				held = true
			}
		}
		if held {
			stopped += next.Sub(at)
		}
		at = next
	}
	return stopped, false
}

// yearly projects a fixed day of the year.
func (c *Calendar) yearly(clock sharing.Clock) (sharing.Projection, error) {
	start := sharing.DateOf(clock.Start)
	due := fixedDay(start.Year(), clock.Budget)
	if due < start {
		due = fixedDay(start.Year()+1, clock.Budget)
	}
	line, err := c.startLine(start)
	if err != nil {
		return sharing.Projection{}, err
	}
	if _, err := c.at(due); err != nil {
		return sharing.Projection{}, err
	}
	run := counting{c: c, clock: sharing.Clock{Start: clock.Start}, start: start, end: due, lines: []sharing.Day{line}}
	run.lines = append(run.lines, sharing.Day{Date: due, Kind: sharing.Counted, N: 1})
	return run.finish(clock.Budget.Rolling)
}

func fixedDay(year int, b sharing.Budget) sharing.Date {
	return min(sharing.NewDate(year, b.Month, b.Day), sharing.NewDate(year, b.Month+1, 0))
}

// cycleDays returns how many calendar days n update cycles from the day last.
func cycleDays(start sharing.Date, cycle sharing.Cycle, n int) int {
	months := 0
	switch cycle {
	case sharing.Daily:
		return n
	case sharing.Weekly:
		return 7 * n
	case sharing.Monthly:
		months = 1
	case sharing.Quarterly:
		months = 3
	case sharing.HalfYearly:
		months = 6
	case sharing.EveryYear:
		months = 12
	case sharing.RealTime, sharing.Irregularly:
		return 0
	}
	return int(start.AddMonths(months*n) - start)
}

// counting is one limit being counted day by day.
type counting struct {
	c          *Calendar
	clock      sharing.Clock
	workedOnly bool
	start      sharing.Date // the day of the event, or the day it is deemed to have happened
	end        sharing.Date // the last day counted so far
	lines      []sharing.Day
}

// begin writes the line of the start day, and with DeemNextDay the days off
// between it and the day on which the event is deemed to have happened.
func (c *Calendar) begin(clock sharing.Clock) (*counting, error) {
	run := &counting{c: c, clock: clock, start: sharing.DateOf(clock.Start)}
	for clock.DeemNextDay {
		line, err := c.Day(run.start)
		if err != nil {
			return nil, err
		}
		if isWorked(line.Kind) {
			break
		}
		run.lines = append(run.lines, line)
		run.start++
	}
	line, err := c.startLine(run.start)
	if err != nil {
		return nil, err
	}
	run.lines = append(run.lines, line)
	run.end = run.start
	return run, nil
}

// count goes on until so many days are counted. None at all means the start day
// itself, or the first day after it on which the clock runs.
func (r *counting) count(days int, rolling bool) (sharing.Projection, error) {
	if days == 0 {
		if stopped, _ := r.stoppedAtEnd(r.start); !stopped {
			return r.finish(rolling)
		}
		days = 1
	}
	for n := 0; n < days; {
		if stopped, open := r.stoppedAtEnd(r.end); stopped && open {
			return sharing.Projection{Suspended: true, Days: r.lines}, nil
		}
		r.end++
		line, err := r.c.Day(r.end)
		if err != nil {
			return sharing.Projection{}, &RangeError{First: r.c.First(), Last: r.c.Last()}
		}
		switch {
		case r.workedOnly && !isWorked(line.Kind):
		case !r.ran(r.end):
			line.Kind = sharing.Suspended
		default:
			n++
			line.N = n
			if !r.workedOnly {
				line.Kind, line.Source, line.Provisional = sharing.Counted, "", false
			}
		}
		if !r.workedOnly {
			line.Provisional = false // the end does not hang on which days are worked
		}
		r.lines = append(r.lines, line)
	}
	return r.finish(rolling)
}

// finish rolls the end on where it must, and sums up.
func (r *counting) finish(rolling bool) (sharing.Projection, error) {
	for rolling {
		today, err := r.c.Day(r.end)
		if err != nil {
			return sharing.Projection{}, &RangeError{First: r.c.First(), Last: r.c.Last()}
		}
		last := &r.lines[len(r.lines)-1]
		last.Provisional = today.Provisional
		if last.Date > r.start && last.N > 0 && !isWorked(today.Kind) {
			last.Kind, last.Source = sharing.MovedForward, today.Source
		}
		if isWorked(today.Kind) && (last.N > 0 || r.ran(r.end)) {
			break
		}
		if stopped, open := r.stoppedAtEnd(r.end); stopped && open {
			return sharing.Projection{Suspended: true, Days: r.lines}, nil
		}
		r.end++
		next, err := r.c.Day(r.end)
		if err != nil {
			return sharing.Projection{}, &RangeError{First: r.c.First(), Last: r.c.Last()}
		}
		if isWorked(next.Kind) && !r.ran(r.end) {
			next.Kind = sharing.Suspended
		}
		r.lines = append(r.lines, next)
	}
	p := sharing.Projection{DueDate: r.end, DueAt: r.end.End(), Days: r.lines}
	for _, line := range r.lines {
		p.Provisional = p.Provisional || line.Provisional
	}
	return p, nil
}

// ran reports whether the clock ran at both ends of the day.
func (r *counting) ran(d sharing.Date) bool {
	stopped, _ := r.stoppedAtEnd(d)
	if stopped {
		return false
	}
	begins := d.Start()
	for _, s := range r.clock.Suspensions {
		if !s.From.After(begins) && (s.Until == nil || s.Until.After(begins)) {
			return false
		}
	}
	return true
}

// stoppedAtEnd reports whether the clock stood still at 24:00 of the day, and
// whether for good.
func (r *counting) stoppedAtEnd(d sharing.Date) (stopped, open bool) {
	ends := d.End()
	for _, s := range r.clock.Suspensions {
		if s.From.Before(ends) && (s.Until == nil || !s.Until.Before(ends)) {
			stopped = true
			open = open || s.Until == nil
		}
	}
	return stopped, open
}
