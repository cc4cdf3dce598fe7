package workday_test

import (
	"testing"
	"time"

	"github.com/rickar/cal/v2"

	"gongshu/sharing"
	"gongshu/workday"
)

// peer is rickar/cal with the same days: each day off as a holiday of its year,
// and a function that knows the make-up days.
func peer() *cal.BusinessCalendar {
	c := cal.NewBusinessCalendar()
	c.Cacheable = true
	worked := map[[3]int]bool{}
	for _, n := range latestNational() {
		for _, d := range n.Off {
			year, month, day := d.Civil()
			c.AddHoliday(&cal.Holiday{Name: d.String(), Month: month, Day: day, StartYear: year, EndYear: year, Func: cal.CalcDayOfMonth})
		}
		for _, d := range n.Work {
			year, month, day := d.Civil()
			worked[[3]int{year, int(month), day}] = true
		}
	}
	c.WorkdayFunc = func(t time.Time) bool {
		year, month, day := t.Date()
		return worked[[3]int{year, int(month), day}] || t.Weekday() != time.Saturday && t.Weekday() != time.Sunday
	}
	return c
}

func latestNational() map[int]workday.Notice {
	latest := map[int]workday.Notice{}
	for _, n := range workday.Shipped() {
		if n.Region == "" {
			latest[n.Year] = n
		}
	}
	return latest
}

// The peer so configured gives the same answers, so that the times compare.
func TestPeerAgrees(t *testing.T) {
	p, c := peer(), workday.ShippedCalendar()
	for d := sharing.NewDate(2024, 1, 1); d <= sharing.NewDate(2025, 11, 30); d++ {
		due, err := c.Due(d, 5)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.WorkdaysFrom(d.Start(), 5); sharing.DateOf(got) != due {
			t.Fatalf("from %s: peer %s, here %s", d, got, due)
		}
	}
}

func BenchmarkIsWorkday(b *testing.B) {
	start := sharing.NewDate(2024, 2, 8)
	b.Run("gongshu", func(b *testing.B) {
		c := workday.ShippedCalendar()
		for i := 0; b.Loop(); i++ {
			if _, err := c.IsWorkday(start + sharing.Date(i&255)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rickar", func(b *testing.B) {
		p, day := peer(), start.Start()
		for i := 0; b.Loop(); i++ {
			p.IsWorkday(day.Add(time.Duration(i&255) * 24 * time.Hour))
		}
	})
}

func BenchmarkDue(b *testing.B) {
	start := sharing.NewDate(2024, 2, 8)
	for _, n := range []struct {
		name string
		days int
	}{{"5", 5}, {"30", 30}} {
		b.Run(n.name+"/gongshu", func(b *testing.B) {
			c := workday.ShippedCalendar()
			for i := 0; b.Loop(); i++ {
				if _, err := c.Due(start+sharing.Date(i&255), n.days); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(n.name+"/rickar", func(b *testing.B) {
			p, day := peer(), start.Start()
			for i := 0; b.Loop(); i++ {
				p.WorkdaysFrom(day.Add(time.Duration(i&255)*24*time.Hour), n.days)
			}
		})
	}
}

func BenchmarkBetween(b *testing.B) {
	start := sharing.NewDate(2024, 2, 8)
	b.Run("gongshu", func(b *testing.B) {
		c := workday.ShippedCalendar()
		for i := 0; b.Loop(); i++ {
			if _, err := c.Between(start, start+sharing.Date(i&255)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rickar", func(b *testing.B) {
		p, day := peer(), start.Start()
		for i := 0; b.Loop(); i++ {
			p.WorkdaysInRange(day, day.Add(time.Duration(i&255)*24*time.Hour))
		}
	})
}

func BenchmarkNext(b *testing.B) {
	start := sharing.NewDate(2024, 2, 8)
	b.Run("gongshu", func(b *testing.B) {
		c := workday.ShippedCalendar()
		for i := 0; b.Loop(); i++ {
			if _, err := c.Next(start + sharing.Date(i&255)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rickar", func(b *testing.B) {
		p, day := peer(), start.Start()
		for i := 0; b.Loop(); i++ {
			p.WorkdaysFrom(day.Add(time.Duration(i&255)*24*time.Hour), 1)
		}
	})
}

func BenchmarkProject(b *testing.B) {
	c := workday.ShippedCalendar()
	clock := sharing.Clock{Start: time.Date(2024, 2, 8, 15, 30, 0, 0, sharing.Shanghai), Budget: workingDays(5)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Project(clock); err != nil {
			b.Fatal(err)
		}
	}
}
