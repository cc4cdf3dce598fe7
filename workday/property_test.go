package workday_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongshu/sharing"
	"gongshu/workday"
)

func drawDate(t *rapid.T, name string) sharing.Date {
	first, last := sharing.NewDate(2008, 2, 1), sharing.NewDate(2045, 12, 31)
	return sharing.Date(rapid.Int32Range(int32(first), int32(last)).Draw(t, name))
}

func must[T any](t *rapid.T, value T, err error) T {
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestDueIsWorkedAndCountsBack(t *testing.T) {
	c := workday.ShippedCalendar()
	rapid.Check(t, func(t *rapid.T) {
		start, n := drawDate(t, "start"), rapid.IntRange(1, 400).Draw(t, "n")
		due, err := c.Due(start, n)
		must(t, due, err)
		worked, err := c.IsWorkday(due)
		if !must(t, worked, err) {
			t.Fatalf("%s is not worked", due)
		}
		count, err := c.Between(start, due)
		if must(t, count, err) != n {
			t.Fatalf("%d working days from %s to %s, want %d", count, start, due, n)
		}
	})
}

func TestDueIsMonotone(t *testing.T) {
	c := workday.ShippedCalendar()
	rapid.Check(t, func(t *rapid.T) {
		start, n := drawDate(t, "start"), rapid.IntRange(1, 400).Draw(t, "n")
		later, more := sharing.Date(rapid.IntRange(0, 60).Draw(t, "later")), rapid.IntRange(0, 60).Draw(t, "more")
		due, err := c.Due(start, n)
		must(t, due, err)
		if moved, err := c.Due(start+later, n); must(t, moved, err) < due {
			t.Fatalf("a start %d days later is due earlier: %s before %s", later, moved, due)
		}
		longer, err := c.Due(start, n+more)
		if must(t, longer, err); more > 0 && longer <= due {
			t.Fatalf("%d more days are due on %s, not after %s", more, longer, due)
		}
	})
}

func TestNextAndPrevAreInverse(t *testing.T) {
	c := workday.ShippedCalendar()
	rapid.Check(t, func(t *rapid.T) {
		d := drawDate(t, "day")
		next, err := c.Next(d)
		must(t, next, err)
		prev, err := c.Prev(next)
		must(t, prev, err)
		worked, err := c.IsWorkday(d)
		if must(t, worked, err) && prev != d || prev > d || next <= d {
			t.Fatalf("%s: next %s, and before that %s", d, next, prev)
		}
	})
}

// A clock with suspensions and extensions never ends earlier than without, and
// more of either never brings the end forward.
func TestProjectIsMonotone(t *testing.T) {
	c := workday.ShippedCalendar()
	units := []sharing.Budget{{Unit: sharing.WorkingDays}, {Unit: sharing.CalendarDays}, {Unit: sharing.CalendarDays, Rolling: true},
		{Unit: sharing.Months}, {Unit: sharing.Months, Rolling: true}, {Unit: sharing.UpdateCycles, Rolling: true}}
	rapid.Check(t, func(t *rapid.T) {
		clock := sharing.Clock{
			Start:  drawDate(t, "start").Start().Add(time.Duration(rapid.IntRange(0, 24*60-1).Draw(t, "minute")) * time.Minute),
			Budget: rapid.SampledFrom(units).Draw(t, "unit"),
			Cycle:  sharing.Weekly,
		}
		clock.Budget.N = rapid.IntRange(1, 20).Draw(t, "n")
		before, err := c.Project(clock)
		must(t, before, err)
		for range rapid.IntRange(1, 3).Draw(t, "suspensions") {
			from := clock.Start.Add(time.Duration(rapid.IntRange(-1000, 60*24*60).Draw(t, "from")) * time.Minute)
			until := from.Add(time.Duration(rapid.IntRange(0, 20*24*60).Draw(t, "for")) * time.Minute)
			clock.Suspensions = append(clock.Suspensions, sharing.Suspension{From: from, Until: &until})
			after, err := c.Project(clock)
			if must(t, after, err); after.DueAt.Before(before.DueAt) {
				t.Fatalf("a suspension brought %s forward to %s", before.DueDate, after.DueDate)
			}
			before = after
		}
		clock.Extensions = []sharing.Extension{{N: 1}}
		after, err := c.Project(clock)
		if must(t, after, err); after.DueAt.Before(before.DueAt) {
			t.Fatalf("an extension brought %s forward to %s", before.DueDate, after.DueDate)
		}
	})
}

// Without suspensions the day-by-day projection ends where the constant-time
// question says.
func TestProjectEqualsDue(t *testing.T) {
	c := workday.ShippedCalendar()
	rapid.Check(t, func(t *rapid.T) {
		start, n := drawDate(t, "start"), rapid.IntRange(1, 100).Draw(t, "n")
		p, err := c.Project(sharing.Clock{Start: start.Start().Add(13 * time.Hour), Budget: workingDays(n)})
		must(t, p, err)
		due, err := c.Due(start, n)
		if must(t, due, err) != p.DueDate {
			t.Fatalf("projected %s, due %s", p.DueDate, due)
		}
	})
}
