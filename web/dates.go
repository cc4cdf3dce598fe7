package web

import (
	"fmt"
	"slices"
	"time"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

var chineseWeekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

// Day writes a day: 2026年11月24日（周二）, or Tue 24 Nov 2026.
func (w words) Day(d sharing.Date) string {
	if d.IsZero() {
		return "—"
	}
	year, month, day := d.Civil()
	if w.locale == English {
		return d.Start().Format("Mon 2 Jan 2006")
	}
	return fmt.Sprintf("%d年%d月%d日（%s）", year, int(month), day, chineseWeekdays[d.Weekday()])
}

// splitDay is a day with its year apart.
type splitDay struct{ Before, Day, After string }

// Split writes a day in parts, the year before or after the rest.
func (w words) Split(d sharing.Date) splitDay {
	year, month, day := d.Civil()
	if w.locale == English {
		return splitDay{Day: d.Start().Format("Mon 2 Jan"), After: fmt.Sprintf(" %d", year)}
	}
	return splitDay{Before: fmt.Sprintf("%d年", year), Day: fmt.Sprintf("%d月%d日 %s", int(month), day, chineseWeekdays[d.Weekday()])}
}

// Limit writes the last day of a limit, which ends at its 24:00.
func (w words) Limit(d sharing.Date) string {
	if d.IsZero() {
		return "—"
	}
	if w.locale == English {
		return w.Day(d) + ", 24:00"
	}
	return w.Day(d) + "24:00"
}

// Instant writes an instant to the minute, by the clock in Shanghai. A day's first
// instant stands for a day known without a time, as of a paper application.
func (w words) Instant(t time.Time) string {
	switch {
	case t.IsZero():
		return "—"
	case t.Equal(sharing.DateOf(t).Start()):
		return w.Day(sharing.DateOf(t))
	}
	clock := t.In(sharing.Shanghai).Format("15:04")
	if w.locale == English {
		return w.Day(sharing.DateOf(t)) + " " + clock
	}
	return w.Day(sharing.DateOf(t)) + clock
}

// Until writes the last day of something that no longer holds at t.
func (w words) Until(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return w.Day(sharing.DateOf(t.Add(-time.Nanosecond)))
}

// Short writes an instant for narrow columns: 2026-11-24 09:05.
func (w words) Short(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(sharing.Shanghai).Format("2006-01-02 15:04")
}

// Stamp writes an instant for a time element.
func (w words) Stamp(t time.Time) string { return t.In(sharing.Shanghai).Format(time.RFC3339) }

// Term writes how long something holds.
func (w words) Term(months int) string { return w.N("term", months) }

// Article cites an article of a regulation: 第十六条, art. 16.
func (w words) Article(s string) string {
	if w.locale == English {
		return regulation.ArticleEn(s)
	}
	return regulation.ArticleZh(s)
}

// Budget writes a limit as the law states it: 5 个工作日.
func (w words) Budget(b sharing.Budget) string {
	switch b.Unit {
	case sharing.WorkingDays, sharing.CalendarDays, sharing.Months, sharing.UpdateCycles:
		return w.N("budget."+string(b.Unit), b.N)
	case sharing.Yearly:
		last := sharing.NewDate(2000, b.Month, b.Day).Start()
		if w.locale == English {
			return w.T("budget.yearly", last.Format("2 January"))
		}
		return w.T("budget.yearly", fmt.Sprintf("%d月%d日", int(b.Month), b.Day))
	case sharing.Elapsed:
		return w.N("budget.elapsed", int(b.For.Hours()))
	case sharing.Immediately:
		return w.T("budget.at_once")
	}
	return "—"
}

// over reports whether a clock no longer runs: what it measured is done, or is no
// longer owed.
func over(c desk.Clock) bool {
	return c.MetAt != nil || c.State == sharing.Met || c.State == sharing.Void
}

// runningFirst puts the clocks that run before those that are over, which say only
// how the case came to stand where it does.
func runningFirst(clocks []desk.Clock) []desk.Clock {
	sorted := slices.Clone(clocks)
	slices.SortStableFunc(sorted, func(a, b desk.Clock) int {
		switch {
		case over(a) == over(b):
			return 0
		case over(b):
			return -1
		}
		return 1
	})
	return sorted
}

// Left says how a clock stands, in words: 剩余 2 个工作日, 超期 3 个工作日.
func (w words) Left(c *desk.Clock) string {
	switch {
	case c == nil:
		return w.T("left.none")
	case c.State == sharing.Void:
		return w.T("left.void")
	case c.MetAt != nil && !c.DueAt.IsZero() && !c.MetAt.Before(c.DueAt):
		return w.T("left.met_late")
	case c.MetAt != nil || c.State == sharing.Met:
		return w.T("left.met")
	case c.State == sharing.Halted:
		return w.T("left.halted")
	case c.DueAt.IsZero() && c.Clock.Budget.Unit == sharing.Immediately:
		return w.T("left.at_once")
	case c.DueAt.IsZero() || c.Left == nil:
		return w.T("left.no_limit")
	case c.Notice && *c.Left >= 0:
		return w.T("left.notice")
	case *c.Left < 0:
		return w.N("left.over", -*c.Left)
	case c.Light == desk.Red:
		return w.T("left.just_over")
	case *c.Left == 0:
		return w.T("left.today")
	}
	return w.N("left.days", *c.Left)
}

// Light returns how urgent a clock is; no clock is grey.
func (w words) Light(c *desk.Clock) desk.Light {
	if c == nil || c.Light == "" {
		return desk.Grey
	}
	return c.Light
}

// Shape is the mark beside what is said of a clock, so that nothing hangs on
// colour alone.
func (w words) Shape(c *desk.Clock) string {
	switch {
	case c != nil && (c.MetAt != nil || c.State == sharing.Met):
		return "✓"
	case c != nil && c.State == sharing.Halted:
		return "‖"
	}
	return w.Code("light.shape", w.Light(c))
}

// Duty names what a clock runs for.
func (w words) Duty(c *desk.Clock) string {
	if c == nil {
		return "—"
	}
	return w.pick(c.Title, c.TitleEN)
}
