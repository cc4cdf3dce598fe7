package sharing

import (
	"fmt"
	"time"
)

// Date is a civil calendar day, counted in days since 1970-01-01. The law
// counts days, not instants: a Date has no time zone and no time of day. The
// zero value is 1970-01-01; use [Date.IsZero] where "no date" is meant.
type Date int32

// Shanghai is the time zone in which every limit of Chinese law is counted.
// The offset has been fixed at UTC+8 without summer time since 1992, before the
// first year for which working days are known.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// NewDate returns the Date of the given civil day; values outside their usual
// ranges are normalised as in [time.Date].
func NewDate(year int, month time.Month, day int) Date {
	seconds := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()
	return Date(floorDiv(seconds, 24*60*60))
}

// DateOf returns the civil day in Shanghai on which the instant t falls.
func DateOf(t time.Time) Date {
	return Date(floorDiv(t.Unix()+8*60*60, 24*60*60))
}

// ParseDate reads a day written as YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a day written as YYYY-MM-DD", s)
	}
	return NewDate(t.Year(), t.Month(), t.Day()), nil
}

// IsZero reports whether d stands for "no date".
func (d Date) IsZero() bool { return d == 0 }

// Civil returns the year, month and day of d.
func (d Date) Civil() (year int, month time.Month, day int) {
	return d.utc().Date()
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Weekday(((int64(d)+4)%7 + 7) % 7)
}

// Year returns the civil year.
func (d Date) Year() int { return d.utc().Year() }

// Start returns the first instant of d, 00:00 in Shanghai.
func (d Date) Start() time.Time {
	return time.Unix(int64(d)*24*60*60-8*60*60, 0).In(Shanghai)
}

// End returns the first instant after d: 24:00 in Shanghai, at which a limit
// that ends on d has passed (Civil Code art. 203).
func (d Date) End() time.Time { return (d + 1).Start() }

// AddMonths returns the same day of the month n months later, or that month's
// last day where there is none (31 January plus one month is 28 February).
func (d Date) AddMonths(n int) Date {
	year, month, day := d.Civil()
	last := NewDate(year, month+time.Month(n)+1, 0)
	if same := NewDate(year, month+time.Month(n), day); same < last {
		return same
	}
	return last
}

// String returns d as YYYY-MM-DD.
func (d Date) String() string { return d.utc().Format(time.DateOnly) }

// MarshalText writes d as YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a day written as YYYY-MM-DD.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func (d Date) utc() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
