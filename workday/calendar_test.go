package workday_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
	"gongshu/workday"
)

func date(t testing.TB, s string) sharing.Date {
	t.Helper()
	d, err := sharing.ParseDate(s)
	require.NoError(t, err)
	return d
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	instant, err := time.ParseInLocation("2006-01-02 15:04", s, sharing.Shanghai)
	require.NoError(t, err)
	return instant
}

func workingDays(n int) sharing.Budget { return sharing.Budget{N: n, Unit: sharing.WorkingDays} }

// The examples that the notices' keepers give: receipt to five working days.
func TestDueOnPublishedExamples(t *testing.T) {
	c := workday.ShippedCalendar()
	for _, row := range []struct{ received, due string }{
		{"2024-02-08", "2024-02-21"},
		{"2025-01-24", "2025-02-07"}, // Sunday 26 January is worked
		{"2025-09-26", "2025-10-10"},
		{"2026-02-13", "2026-02-27"},
		{"2020-01-22", "2020-02-06"},
	} {
		due, err := c.Due(date(t, row.received), 5)
		require.NoError(t, err)
		require.Equal(t, row.due, due.String(), "received %s", row.received)
	}
}

func TestAmendmentIsKnownFromItsDayOn(t *testing.T) {
	c := workday.ShippedCalendar()
	for _, row := range []struct{ known, received, due string }{
		{"2020-01-25", "2020-01-22", "2020-02-04"}, // as first published
		{"2020-01-26", "2020-01-22", "2020-02-06"},
		{"2019-03-21", "2019-04-29", "2019-05-07"},
		{"2019-03-22", "2019-04-29", "2019-05-08"},
		{"2015-05-12", "2015-08-31", "2015-09-07"},
		{"2015-05-13", "2015-08-31", "2015-09-08"},
	} {
		then, err := c.AsKnownOn(date(t, row.known))
		require.NoError(t, err)
		due, err := then.Due(date(t, row.received), 5)
		require.NoError(t, err)
		require.Equal(t, row.due, due.String(), "received %s, as known on %s", row.received, row.known)
	}
}

func TestDayCitesTheNoticeThatMadeItSo(t *testing.T) {
	c := workday.ShippedCalendar()
	for _, row := range []struct {
		date, source string
		kind         sharing.DayKind
	}{
		{"2020-01-25", "国办发明电〔2019〕16号", sharing.Holiday},
		{"2020-01-31", "国办发明电〔2020〕1号", sharing.Holiday},
		{"2020-02-01", "国办发明电〔2020〕1号", sharing.Holiday}, // was a make-up day
		{"2020-04-26", "国办发明电〔2019〕16号", sharing.MakeUp},
		{"2020-03-03", "", sharing.Worked},
		{"2018-12-31", "国办发明电〔2018〕15号", sharing.Holiday}, // named by the next year's notice
		{"2018-12-29", "国办发明电〔2018〕15号", sharing.MakeUp},
	} {
		d, err := c.Day(date(t, row.date))
		require.NoError(t, err)
		require.Equal(t, row.kind, d.Kind, row.date)
		require.Equal(t, row.source, d.Source, row.date)
	}
}

func TestDecemberIsAsKnownBeforeTheNextNotice(t *testing.T) {
	before, err := workday.ShippedCalendar().AsKnownOn(date(t, "2018-12-03"))
	require.NoError(t, err)
	worked, err := before.IsWorkday(date(t, "2018-12-31"))
	require.NoError(t, err)
	require.True(t, worked)
	require.True(t, before.Provisional(date(t, "2019-01-02")))
}

func TestRegionLiesOverTheNation(t *testing.T) {
	nation := workday.ShippedCalendar()
	hubei, err := nation.ForRegion("hubei")
	require.NoError(t, err)
	for _, row := range []struct {
		c   *workday.Calendar
		due string
	}{{nation, "2020-02-06"}, {hubei, "2020-02-19"}} {
		due, err := row.c.Due(date(t, "2020-01-22"), 5)
		require.NoError(t, err)
		require.Equal(t, row.due, due.String())
	}
	d, err := hubei.Day(date(t, "2020-02-13"))
	require.NoError(t, err)
	require.Contains(t, d.Source, "湖北省")

	_, err = nation.ForRegion("atlantis")
	require.ErrorContains(t, err, "atlantis")

	earlier, err := hubei.AsKnownOn(date(t, "2020-01-31"))
	require.NoError(t, err, "the region's notice was not out yet")
	due, err := earlier.Due(date(t, "2020-01-22"), 5)
	require.NoError(t, err)
	require.Equal(t, "2020-02-06", due.String())
}

func TestOperatorsNoticeReplacesAShippedOne(t *testing.T) {
	n, err := workday.ParseNotice(strings.NewReader(`{"year":2027,"source":"测试〔2026〕1号","issued":"2026-11-25",
		"off":["2027-01-01","2027-01-04"],"work":["2026-12-27"]}`))
	require.NoError(t, err)
	c, err := workday.ShippedCalendar().With(n)
	require.NoError(t, err)
	for day, worked := range map[string]bool{"2027-01-04": false, "2026-12-27": true, "2027-02-08": true} {
		got, err := c.IsWorkday(date(t, day))
		require.NoError(t, err)
		require.Equal(t, worked, got, day)
	}
	require.False(t, c.Provisional(date(t, "2027-06-01")))
	require.True(t, workday.ShippedCalendar().Provisional(date(t, "2027-06-01")), "the shipped calendar did not change")
	require.Equal(t, "2027-12-31", c.LastPublished().String())

	n.Off = n.Off[:1] // issued the same day: the later in the list wins
	c, err = c.With(n)
	require.NoError(t, err)
	got, err := c.IsWorkday(date(t, "2027-01-04"))
	require.NoError(t, err)
	require.True(t, got)
}

func TestBeyondTheNotices(t *testing.T) {
	c := workday.ShippedCalendar()
	require.Equal(t, "2026-12-31", c.LastPublished().String())
	p, err := c.Project(sharing.Clock{Start: at(t, "2026-12-29 10:00"), Budget: workingDays(5)})
	require.NoError(t, err)
	require.True(t, p.Provisional)
	require.Equal(t, "2027-01-06", p.DueDate.String())

	p, err = c.Project(sharing.Clock{Start: at(t, "2026-12-21 10:00"), Budget: workingDays(5)})
	require.NoError(t, err)
	require.False(t, p.Provisional)

	spring, err := c.Day(date(t, "2027-02-08"))
	require.NoError(t, err)
	require.Equal(t, sharing.Day{Date: date(t, "2027-02-08"), Kind: sharing.Holiday, Source: "国务院令第795号", Provisional: true}, spring)

	var outside *workday.RangeError
	for name, ask := range map[string]func() error{
		"before the first notice": func() error { _, err := c.IsWorkday(date(t, "2007-12-31")); return err },
		"after the last year":     func() error { _, err := c.Due(date(t, "2051-01-01"), 1); return err },
		"running out": func() error {
			_, err := c.Project(sharing.Clock{Start: at(t, "2050-12-20 10:00"), Budget: workingDays(50)})
			return err
		},
		"a huge limit": func() error {
			_, err := c.Project(sharing.Clock{Start: at(t, "2024-12-20 10:00"), Budget: workingDays(1 << 40)})
			return err
		},
		"the day before the first": func() error { _, err := c.Prev(c.First()); return err },
	} {
		require.ErrorAs(t, ask(), &outside, name)
	}
}

func TestBetweenIsSigned(t *testing.T) {
	c := workday.ShippedCalendar()
	for _, row := range []struct {
		a, b string
		n    int
	}{
		{"2024-02-08", "2024-02-21", 5},
		{"2024-02-21", "2024-02-08", -5},
		{"2024-02-08", "2024-02-08", 0},
		{"2024-02-09", "2024-02-17", 0},
	} {
		n, err := c.Between(date(t, row.a), date(t, row.b))
		require.NoError(t, err)
		require.Equal(t, row.n, n, "%s to %s", row.a, row.b)
	}
}

func TestDueRefusesNoDays(t *testing.T) {
	for _, n := range []int{0, -1} {
		_, err := workday.ShippedCalendar().Due(date(t, "2024-02-08"), n)
		require.Error(t, err)
		require.False(t, errors.As(err, new(*workday.RangeError)))
	}
}

func TestNewNeedsANationalNotice(t *testing.T) {
	_, err := workday.New(nil)
	require.Error(t, err)
	_, err = workday.ShippedCalendar().AsKnownOn(date(t, "2007-01-01"))
	require.Error(t, err)
}
