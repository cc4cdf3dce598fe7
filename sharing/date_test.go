package sharing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"gongshu/sharing"
)

func TestDateOfIsTheDayInShanghai(t *testing.T) {
	for instant, want := range map[string]string{
		"2026-02-28T15:59:59.999Z": "2026-02-28",
		"2026-02-28T16:00:00Z":     "2026-03-01",
		"1969-12-31T16:00:00Z":     "1970-01-01",
		"1969-12-31T15:59:59Z":     "1969-12-31",
	} {
		at, err := time.Parse(time.RFC3339Nano, instant)
		require.NoError(t, err)
		require.Equal(t, want, sharing.DateOf(at).String())
	}
}

func TestAddMonthsEndsOnTheLastDay(t *testing.T) {
	for _, row := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-01-31", 1, "2026-02-28"}, {"2024-01-31", 1, "2024-02-29"}, {"2026-08-31", 1, "2026-09-30"}, {"2026-11-30", 3, "2027-02-28"},
		{"2026-03-31", -1, "2026-02-28"}, {"2026-12-15", 1, "2027-01-15"}, {"2026-02-28", 1, "2026-03-28"}, {"2026-05-31", 12, "2027-05-31"},
	} {
		from, err := sharing.ParseDate(row.from)
		require.NoError(t, err)
		require.Equal(t, row.want, from.AddMonths(row.n).String(), "%s plus %d", row.from, row.n)
	}
}

func TestDatesAgreeWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := sharing.Date(rapid.Int32Range(-100000, 100000).Draw(t, "days"))
		year, month, day := d.Civil()
		std := time.Date(year, month, day, 0, 0, 0, 0, sharing.Shanghai)
		require.Equal(t, d, sharing.NewDate(year, month, day))
		require.Equal(t, std.Weekday(), d.Weekday())
		require.True(t, std.Equal(d.Start()))
		require.Equal(t, d, sharing.DateOf(d.Start()))
		require.Equal(t, d, sharing.DateOf(d.End().Add(-time.Nanosecond)))
		parsed, err := sharing.ParseDate(d.String())
		require.NoError(t, err)
		require.Equal(t, d, parsed)
	})
}
