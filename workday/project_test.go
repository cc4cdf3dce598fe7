package workday_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
	"gongshu/workday"
)

func suspended(t *testing.T, from, until string) sharing.Suspension {
	s := sharing.Suspension{From: at(t, from)}
	if until != "" {
		end := at(t, until)
		s.Until = &end
	}
	return s
}

func TestProject(t *testing.T) {
	months := func(n int, rolling bool) sharing.Budget {
		return sharing.Budget{N: n, Unit: sharing.Months, Rolling: rolling}
	}
	cycle := func(rolling bool) sharing.Budget {
		return sharing.Budget{N: 1, Unit: sharing.UpdateCycles, Rolling: rolling}
	}
	for _, row := range []struct {
		name  string
		clock sharing.Clock
		due   string // "" for none
	}{
		{"received late in the evening", sharing.Clock{Start: at(t, "2024-03-04 23:59"), Budget: workingDays(5)}, "2024-03-11"},
		{"received on a Saturday: Monday is day 1", sharing.Clock{Start: at(t, "2024-03-09 10:00"), Budget: workingDays(5)}, "2024-03-15"},
		{"received on a Saturday, deemed on Monday", sharing.Clock{Start: at(t, "2024-03-09 10:00"), Budget: workingDays(5), DeemNextDay: true}, "2024-03-18"},
		{"deeming does not touch a working day", sharing.Clock{Start: at(t, "2024-03-08 10:00"), Budget: workingDays(5), DeemNextDay: true}, "2024-03-15"},

		{"stopped overnight: neither day counts", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Suspensions: []sharing.Suspension{suspended(t, "2024-03-06 10:00", "2024-03-07 15:00")}}, "2024-03-13"},
		{"a pause within one day changes nothing", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Suspensions: []sharing.Suspension{suspended(t, "2024-03-06 10:00", "2024-03-06 23:00")}}, "2024-03-11"},
		{"stopped on the last day", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Suspensions: []sharing.Suspension{suspended(t, "2024-03-11 16:00", "2024-03-13 09:00")}}, "2024-03-14"},
		{"stopped exactly at midnight: the day before counts", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Suspensions: []sharing.Suspension{suspended(t, "2024-03-07 00:00", "2024-03-08 00:00")}}, "2024-03-12"},
		{"stopped over a weekend only", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Suspensions: []sharing.Suspension{suspended(t, "2024-03-09 00:00", "2024-03-10 12:00")}}, "2024-03-11"},
		{"two that overlap", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Suspensions: []sharing.Suspension{suspended(t, "2024-03-05 10:00", "2024-03-06 10:00"), suspended(t, "2024-03-06 09:00", "2024-03-07 10:00")}}, "2024-03-14"},
		{"stopped after the limit had passed", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Suspensions: []sharing.Suspension{suspended(t, "2024-03-12 00:00", "")}}, "2024-03-11"},
		{"stopped and over before the start", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Suspensions: []sharing.Suspension{suspended(t, "2024-03-01 10:00", "2024-03-02 10:00")}}, "2024-03-11"},

		{"extended by three", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Extensions: []sharing.Extension{{At: at(t, "2024-03-08 10:00"), N: 3}}}, "2024-03-14"},

		{"calendar days end where they end", sharing.Clock{Start: at(t, "2024-03-01 10:00"), Budget: sharing.Budget{N: 15, Unit: sharing.CalendarDays}}, "2024-03-16"},
		{"calendar days, rolling", sharing.Clock{Start: at(t, "2024-03-01 10:00"), Budget: sharing.Budget{N: 15, Unit: sharing.CalendarDays, Rolling: true}}, "2024-03-18"},

		{"a month from the 31st", sharing.Clock{Start: at(t, "2023-01-31 10:00"), Budget: months(1, false)}, "2023-02-28"},
		{"a month from the 31st in a leap year", sharing.Clock{Start: at(t, "2024-01-31 10:00"), Budget: months(1, false)}, "2024-02-29"},
		{"a notice of a month does not move", sharing.Clock{Start: at(t, "2024-02-10 10:00"), Budget: months(1, false)}, "2024-03-10"},
		{"within a month moves off a Sunday", sharing.Clock{Start: at(t, "2024-02-10 10:00"), Budget: months(1, true)}, "2024-03-11"},
		{"within a month moves past a holiday onto a make-up Sunday", sharing.Clock{Start: at(t, "2024-01-12 10:00"), Budget: months(1, true)}, "2024-02-18"},
		{"a month with two days stood still", sharing.Clock{Start: at(t, "2024-03-01 10:00"), Budget: months(1, false),
			Suspensions: []sharing.Suspension{suspended(t, "2024-03-05 10:00", "2024-03-06 10:00")}}, "2024-04-03"},

		{"real time is the same day", sharing.Clock{Start: at(t, "2024-03-09 10:00"), Cycle: sharing.RealTime, Budget: cycle(true)}, "2024-03-09"},
		{"daily", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Cycle: sharing.Daily, Budget: cycle(true)}, "2024-03-05"},
		{"weekly", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Cycle: sharing.Weekly, Budget: cycle(false)}, "2024-03-11"},
		{"monthly", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Cycle: sharing.Monthly, Budget: cycle(false)}, "2024-04-04"},
		{"monthly, rolling past Qingming onto a make-up Sunday", sharing.Clock{Start: at(t, "2024-03-04 10:00"), Cycle: sharing.Monthly, Budget: cycle(true)}, "2024-04-07"},
		{"quarterly", sharing.Clock{Start: at(t, "2024-11-30 10:00"), Cycle: sharing.Quarterly, Budget: cycle(false)}, "2025-02-28"},
		{"half-yearly", sharing.Clock{Start: at(t, "2024-08-31 10:00"), Cycle: sharing.HalfYearly, Budget: cycle(false)}, "2025-02-28"},
		{"yearly cycle", sharing.Clock{Start: at(t, "2024-02-29 10:00"), Cycle: sharing.EveryYear, Budget: cycle(false)}, "2025-02-28"},
		{"irregular has no date", sharing.Clock{Start: at(t, "2024-02-29 10:00"), Cycle: sharing.Irregularly, Budget: cycle(false)}, ""},

		{"at once has no date", sharing.Clock{Start: at(t, "2024-02-29 10:00"), Budget: sharing.Budget{Unit: sharing.Immediately}}, ""},
		{"end of June", sharing.Clock{Start: at(t, "2024-01-02 10:00"), Budget: sharing.Budget{Unit: sharing.Yearly, Month: time.June, Day: 30}}, "2024-06-30"},
		{"end of June is in time on the day", sharing.Clock{Start: at(t, "2024-06-30 10:00"), Budget: sharing.Budget{Unit: sharing.Yearly, Month: time.June, Day: 30}}, "2024-06-30"},
		{"next year's after it", sharing.Clock{Start: at(t, "2024-07-01 10:00"), Budget: sharing.Budget{Unit: sharing.Yearly, Month: time.June, Day: 30}}, "2025-06-30"},
		{"end of February", sharing.Clock{Start: at(t, "2025-01-02 10:00"), Budget: sharing.Budget{Unit: sharing.Yearly, Month: time.February, Day: 29}}, "2025-02-28"},
		{"end of February in a leap year", sharing.Clock{Start: at(t, "2024-01-02 10:00"), Budget: sharing.Budget{Unit: sharing.Yearly, Month: time.February, Day: 29}}, "2024-02-29"},
		{"a fixed day that rolls", sharing.Clock{Start: at(t, "2024-01-02 10:00"), Budget: sharing.Budget{Unit: sharing.Yearly, Month: time.June, Day: 30, Rolling: true}}, "2024-07-01"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := workday.ShippedCalendar().Project(row.clock)
			require.NoError(t, err)
			if row.due == "" {
				require.False(t, p.Due())
				return
			}
			require.Equal(t, row.due, p.DueDate.String())
			require.True(t, p.DueAt.Equal(p.DueDate.End()), "the limit ends at 24:00")
			require.Equal(t, p.DueDate, p.Days[len(p.Days)-1].Date, "the derivation ends where the limit does")
		})
	}
}

func TestSuspendedHasNoDate(t *testing.T) {
	for _, from := range []string{"2024-03-04 11:00", "2024-03-06 10:00", "2024-03-11 23:59"} {
		p, err := workday.ShippedCalendar().Project(sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(5),
			Suspensions: []sharing.Suspension{suspended(t, from, "")}})
		require.NoError(t, err)
		require.True(t, p.Suspended, from)
		require.False(t, p.Due(), from)
	}
	p, err := workday.ShippedCalendar().Project(sharing.Clock{Start: at(t, "2024-03-04 10:00"),
		Budget:      sharing.Budget{Unit: sharing.Elapsed, For: time.Hour},
		Suspensions: []sharing.Suspension{suspended(t, "2024-03-04 10:59", "")}})
	require.NoError(t, err)
	require.True(t, p.Suspended)
}

func TestElapsedStandsStillWhileSuspended(t *testing.T) {
	clock := sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: sharing.Budget{Unit: sharing.Elapsed, For: 2 * time.Hour},
		Suspensions: []sharing.Suspension{
			suspended(t, "2024-03-04 09:00", "2024-03-04 10:10"),
			suspended(t, "2024-03-04 11:00", "2024-03-04 11:30"),
			suspended(t, "2024-03-04 11:15", "2024-03-04 12:00"),
			suspended(t, "2024-03-04 12:30", "2024-03-04 12:40"),
			suspended(t, "2024-03-04 18:00", "2024-03-04 19:00"),
		}}
	p, err := workday.ShippedCalendar().Project(clock)
	require.NoError(t, err)
	require.Equal(t, "2024-03-04 13:20", p.DueAt.Format("2006-01-02 15:04"))
}

func TestDerivationTellsWhatMovedIt(t *testing.T) {
	p, err := workday.ShippedCalendar().Project(sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(2),
		Suspensions: []sharing.Suspension{suspended(t, "2024-03-05 10:00", "2024-03-06 10:00")}})
	require.NoError(t, err)
	var kinds []sharing.DayKind
	for _, d := range p.Days {
		kinds = append(kinds, d.Kind)
	}
	require.Equal(t, []sharing.DayKind{sharing.StartDay, sharing.Suspended, sharing.Suspended, sharing.Worked, sharing.Worked}, kinds)

	p, err = workday.ShippedCalendar().Project(sharing.Clock{Start: at(t, "2024-02-10 10:00"), Budget: sharing.Budget{N: 1, Unit: sharing.Months, Rolling: true}})
	require.NoError(t, err)
	last := p.Days[len(p.Days)-2:]
	require.Equal(t, sharing.MovedForward, last[0].Kind)
	require.Equal(t, 29, last[0].N)
	require.Equal(t, sharing.Day{Date: date(t, "2024-03-11"), Kind: sharing.Worked}, last[1])
}

func TestProjectRefusesWhatIsNoClock(t *testing.T) {
	start := at(t, "2024-03-04 10:00")
	for name, clock := range map[string]sharing.Clock{
		"start":             {Budget: workingDays(5)},
		"budget.n":          {Start: start, Budget: workingDays(0)},
		"budget.unit":       {Start: start, Budget: sharing.Budget{N: 5, Unit: "fortnights"}},
		"budget.for":        {Start: start, Budget: sharing.Budget{Unit: sharing.Elapsed}},
		"budget: month 2":   {Start: start, Budget: sharing.Budget{Unit: sharing.Yearly, Month: 2, Day: 30}},
		"cycle":             {Start: start, Budget: sharing.Budget{N: 1, Unit: sharing.UpdateCycles}},
		"suspensions[0]":    {Start: start, Budget: workingDays(5), Suspensions: []sharing.Suspension{suspended(t, "2024-03-06 10:00", "2024-03-05 10:00")}},
		"extensions[0].n":   {Start: start, Budget: workingDays(5), Extensions: []sharing.Extension{{N: -3}}},
		"extensions[0]: a ": {Start: start, Budget: sharing.Budget{Unit: sharing.Immediately}, Extensions: []sharing.Extension{{N: 3}}},
	} {
		_, err := workday.ShippedCalendar().Project(clock)
		require.ErrorContains(t, err, name)
	}
}

func TestRungs(t *testing.T) {
	c := workday.ShippedCalendar()
	p, err := c.Project(sharing.Clock{Start: at(t, "2024-02-02 10:00"), Budget: workingDays(5)})
	require.NoError(t, err)
	require.Equal(t, "2024-02-08", p.DueDate.String(), "Sunday 4 February is worked")
	for offset, want := range map[int]string{
		-2: "2024-02-06 00:00", -1: "2024-02-07 00:00", 0: "2024-02-09 00:00", 1: "2024-02-09 00:00", 2: "2024-02-18 00:00", 3: "2024-02-19 00:00",
	} {
		got, err := c.RungAt(p, offset)
		require.NoError(t, err)
		require.Equal(t, want, got.Format("2006-01-02 15:04"), "offset %d", offset)
	}
	_, err = c.RungAt(sharing.Projection{}, 0)
	require.ErrorIs(t, err, workday.ErrNoDueDate)
}

func TestRemaining(t *testing.T) {
	c := workday.ShippedCalendar()
	p, err := c.Project(sharing.Clock{Start: at(t, "2024-03-04 10:00"), Budget: workingDays(4)})
	require.NoError(t, err)
	require.Equal(t, "2024-03-08", p.DueDate.String())
	for _, row := range []struct{ now, zh, en string }{
		{"2024-03-04 10:00", "剩余 4 个工作日", "4 working days left"},
		{"2024-03-07 23:59", "剩余 1 个工作日", "1 working day left"},
		{"2024-03-08 00:00", "今日到期", "due today"},
		{"2024-03-08 23:59", "今日到期", "due today"},
		{"2024-03-09 00:00", "已超期", "overdue"},
		{"2024-03-10 12:00", "已超期", "overdue"},
		{"2024-03-11 00:00", "超期 1 个工作日", "1 working day overdue"},
		{"2024-03-13 08:00", "超期 3 个工作日", "3 working days overdue"},
	} {
		r, err := c.Remaining(p, at(t, row.now))
		require.NoError(t, err)
		require.Equal(t, row.zh, r.Zh(), row.now)
		require.Equal(t, row.en, r.En(), row.now)
	}
}

func TestCompareNamesTheNoticeThatMovedIt(t *testing.T) {
	after := workday.ShippedCalendar()
	before, err := after.AsKnownOn(date(t, "2020-01-25"))
	require.NoError(t, err)
	m, err := workday.Compare(sharing.Clock{Start: at(t, "2020-01-22 09:00"), Budget: workingDays(5)}, before, after)
	require.NoError(t, err)
	require.True(t, m.Moved())
	require.False(t, m.Shortened())
	require.Equal(t, []string{"国办发明电〔2020〕1号"}, m.Notices)
	require.Equal(t, "到期日由 2020-02-04 变更为 2020-02-06（依据 国办发明电〔2020〕1号）", m.Zh())

	m, err = workday.Compare(sharing.Clock{Start: at(t, "2020-01-22 09:00"), Budget: workingDays(5)}, after, before)
	require.NoError(t, err)
	require.True(t, m.Shortened())

	m, err = workday.Compare(sharing.Clock{Start: at(t, "2020-03-02 09:00"), Budget: workingDays(5)}, before, after)
	require.NoError(t, err)
	require.False(t, m.Moved())
	require.Empty(t, m.Zh())

	foreseen, err := after.AsKnownOn(date(t, "2025-06-01"))
	require.NoError(t, err)
	m, err = workday.Compare(sharing.Clock{Start: at(t, "2026-03-02 09:00"), Budget: workingDays(5)}, foreseen, after)
	require.NoError(t, err)
	require.True(t, m.Confirmed())
	require.Equal(t, []string{"国办发明电〔2025〕7号"}, m.Notices)
}
