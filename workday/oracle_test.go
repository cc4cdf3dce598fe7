package workday_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
	"gongshu/workday"
)

// oracle answers by walking from day to day over the year files as their keepers
// publish them, testdata/years. It shares neither code nor data form with the
// package: its days are time.Time, its table maps written days, and it counts.
type oracle struct {
	off, work  map[string]bool
	lastYear   int
	weekendsIn bool // planted: test the weekday before the make-up list
}

func newOracle(t testing.TB) *oracle {
	t.Helper()
	o := &oracle{off: map[string]bool{}, work: map[string]bool{}}
	names, err := filepath.Glob("testdata/years/cn-*.json")
	require.NoError(t, err)
	require.Len(t, names, 19)
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		var year struct {
			Year      int
			Off, Work []string
		}
		require.NoError(t, json.Unmarshal(data, &year))
		for _, d := range year.Off {
			o.off[d] = true
		}
		for _, d := range year.Work {
			o.work[d] = true
		}
		o.lastYear = max(o.lastYear, year.Year)
	}
	return o
}

func (o *oracle) worked(day time.Time) bool {
	written := day.Format("2006-01-02")
	weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
	if o.weekendsIn && weekend {
		return false
	}
	switch {
	case o.work[written]:
		return true
	case weekend:
		return false
	}
	return !o.off[written]
}

// due walks n working days on from the day.
func (o *oracle) due(day time.Time, n int) time.Time {
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if o.worked(day) {
			n--
		}
	}
	return day
}

// dueSuspended walks on, passing over the days that a suspension touches
// overnight. The suspensions begin and end at odd minutes, never at midnight.
func (o *oracle) dueSuspended(start time.Time, n int, suspensions []sharing.Suspension) time.Time {
	day := time.Date(start.Year(), start.Month(), start.Day(), 12, 0, 0, 0, sharing.Shanghai)
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		still := false
		for _, s := range suspensions {
			from, until := s.From.Format("20060102"), s.Until.Format("20060102")
			today := day.Format("20060102")
			still = still || from != until && from <= today && today <= until
		}
		if !still && o.worked(day) {
			n--
		}
	}
	return day
}

func civil(t time.Time) sharing.Date { return sharing.NewDate(t.Date()) }

// compare runs every vector of the years 2008 to 2026 through both: each day as
// start, limits of 1 to 30 working days. It returns how many there were and how
// many differed.
func compare(t testing.TB, c *workday.Calendar, o *oracle) (vectors, differ int) {
	t.Helper()
	for day := time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC); ; day = day.AddDate(0, 0, 1) {
		end := day
		for n := 1; n <= 30; n++ {
			end = o.due(end, 1)
			if end.Year() > o.lastYear {
				return vectors, differ
			}
			got, err := c.Due(civil(day), n)
			require.NoError(t, err)
			vectors++
			if got != civil(end) {
				differ++
			}
		}
	}
}

func TestEveryLimitEqualsTheOracle(t *testing.T) {
	o := newOracle(t)
	vectors, differ := compare(t, workday.ShippedCalendar(), o)
	require.Zero(t, differ, "of %d", vectors)
	require.Greater(t, vectors, 200_000)
	t.Logf("%d limits of 1 to 30 working days, received on every day of 2008 to 2026", vectors)
}

func TestOracleFindsAPlantedBug(t *testing.T) {
	planted := newOracle(t)
	planted.weekendsIn = true
	vectors, differ := compare(t, workday.ShippedCalendar(), planted)
	require.Greater(t, differ, vectors/20, "asking for the weekday before the make-up list must show")
	t.Logf("asking for the weekday first: %d of %d limits wrong (%.1f %%)", differ, vectors, 100*float64(differ)/float64(vectors))
}

func TestEveryDayEqualsTheOracle(t *testing.T) {
	o, c := newOracle(t), workday.ShippedCalendar()
	days := 0
	for day := time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() <= o.lastYear; day = day.AddDate(0, 0, 1) {
		got, err := c.IsWorkday(civil(day))
		require.NoError(t, err)
		require.Equal(t, o.worked(day), got, "%s", day)
		days++
	}
	require.Equal(t, 6940, days)
}

func TestSuspendedLimitsEqualTheOracle(t *testing.T) {
	o, c := newOracle(t), workday.ShippedCalendar()
	random := rand.New(rand.NewPCG(1, 2))
	const vectors = 100_000
	for range vectors {
		start := time.Date(2008, 1, 1, 9, 1, 0, 0, sharing.Shanghai).Add(time.Duration(random.IntN(17*365*24)) * time.Hour)
		clock := sharing.Clock{Start: start, Budget: workingDays(1 + random.IntN(20))}
		for range random.IntN(4) {
			from := start.Add(time.Duration(1+random.IntN(20*24)) * time.Hour)
			until := from.Add(time.Duration(random.IntN(10*24)) * time.Hour)
			clock.Suspensions = append(clock.Suspensions, sharing.Suspension{From: from, Until: &until})
		}
		p, err := c.Project(clock)
		require.NoError(t, err)
		require.Equal(t, civil(o.dueSuspended(start, clock.Budget.N, clock.Suspensions)), p.DueDate, "%+v", clock)
	}
}
