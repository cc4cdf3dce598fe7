package workday

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

// Every statutory day of every year since 2008 is off in that year's notice, and
// so is, with two exceptions, the working day on which a holiday on a weekend is
// taken to be made up.
func TestEveryNoticeHasTheStatutoryDaysOff(t *testing.T) {
	c := ShippedCalendar()
	var worked []string
	for year := 2008; year <= 2026; year++ {
		days, source := statutory(year, sharing.NewDate(2050, 1, 1))
		for _, d := range days {
			known, err := c.Day(d)
			require.NoError(t, err)
			if isWorked(known.Kind) {
				worked = append(worked, d.String()+" by "+source)
			}
		}
	}
	require.Equal(t, []string{"2012-06-25 by 国务院令第513号", "2015-09-28 by 国务院令第644号"}, worked)
}

func TestStatutoryDaysFollowTheOrderOfTheYear(t *testing.T) {
	for _, row := range []struct {
		year   int
		known  sharing.Date
		number string
		days   int // on working days and weekends, without those made up
	}{
		{2013, sharing.NewDate(2050, 1, 1), "国务院令第513号", 11},
		{2014, sharing.NewDate(2050, 1, 1), "国务院令第644号", 11},
		{2024, sharing.NewDate(2050, 1, 1), "国务院令第644号", 11},
		{2025, sharing.NewDate(2050, 1, 1), "国务院令第795号", 13},
		{2025, sharing.NewDate(2024, 11, 9), "国务院令第644号", 11}, // not published yet
		{2027, sharing.NewDate(2050, 1, 1), "国务院令第795号", 13},
	} {
		days, number := statutory(row.year, row.known)
		require.Equal(t, row.number, number)
		madeUp := 0
		for _, d := range days {
			if isWeekend(d) {
				madeUp++
			}
		}
		require.Len(t, days, row.days+madeUp, "%d", row.year)
	}
	days, _ := statutory(2027, sharing.NewDate(2050, 1, 1))
	for _, d := range []string{"2027-01-01", "2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10", "2027-04-05", "2027-05-03", "2027-05-04", "2027-06-09", "2027-09-15", "2027-10-04", "2027-10-05"} {
		day, err := sharing.ParseDate(d)
		require.NoError(t, err)
		require.Contains(t, days, day)
	}
}

// The table of festivals is computed again from the moon and the sun, after
// J. Meeus, Astronomical Algorithms, 2nd ed., chapters 25 and 49: months begin on
// the day of the new moon in China, and the month of the winter solstice is the
// eleventh; in a year of thirteen months the first without a principal term is a leap month.
func TestFestivalsEqualMoonAndSun(t *testing.T) {
	for year := firstYear; year <= lastYear; year++ {
		table := festivals[year]
		require.Equal(t, table[1].in(year), solarTerm(year, time.April, 15), "Qingming %d", year)
		months := lunarMonths(year)
		require.Equal(t, table[0].in(year), months[1], "New Year %d", year)
		require.Equal(t, table[2].in(year), months[5]+4, "Dragon Boat %d", year)
		require.Equal(t, table[3].in(year), months[8]+14, "Mid-Autumn %d", year)
	}
}

// lunarMonths returns the first days of months 1 to 10 of the lunar year that
// begins in the civil year; leap months are left out.
func lunarMonths(year int) map[int]sharing.Date {
	solstice, next := solarTerm(year-1, time.December, 270), solarTerm(year, time.December, 270)
	var moons []sharing.Date // first days of months, from the one of the solstice on
	k := math.Floor((float64(year-1)-2000)*12.3685) + 8
	for ; len(moons) == 0 || moons[len(moons)-1] <= next; k++ {
		day := chinaDay(newMoon(k))
		if len(moons) == 1 && day <= solstice {
			moons = moons[:0]
		}
		moons = append(moons, day)
	}
	moons = moons[:len(moons)-1] // the last one is the month after the next solstice's
	leapYear := len(moons) == 14 // twelve months between two eleventh months, or thirteen
	months, number, leapDone := map[int]sharing.Date{}, 11, false
	for i, first := range moons[:len(moons)-1] {
		if i > 0 {
			if leapYear && !leapDone && !hasPrincipalTerm(first, moons[i+1]) {
				leapDone = true
				continue
			}
			number = number%12 + 1
		}
		if number <= 10 {
			months[number] = first
		}
	}
	return months
}

// hasPrincipalTerm reports whether the sun enters a multiple of 30° in the days
// from first up to before next.
func hasPrincipalTerm(first, next sharing.Date) bool {
	sector := func(d sharing.Date) float64 { return math.Floor(sunLongitude(julian(d)) / 30) }
	return sector(first) != sector(next)
}

// julian returns the Julian day, in dynamical time, of 00:00 in China.
func julian(d sharing.Date) float64 { return float64(d) + 2440587.5 - 8.0/24 + deltaT }

// deltaT is dynamical less universal time in days; 60 to 90 s in these years.
const deltaT = 72.0 / 86400

func chinaDay(jde float64) sharing.Date {
	return sharing.Date(math.Floor(jde - deltaT + 8.0/24 - 2440587.5))
}

// solarTerm returns the day in China on which the sun reaches the longitude, in
// or near the month.
func solarTerm(year int, month time.Month, longitude float64) sharing.Date {
	low := julian(sharing.NewDate(year, month, 1))
	high := low + 31
	for range 60 {
		middle := (low + high) / 2
		if math.Mod(sunLongitude(middle)-longitude+540, 360) < 180 {
			low = middle
		} else {
			high = middle
		}
	}
	return chinaDay(low)
}

func degrees(x float64) float64 { return x * math.Pi / 180 }

// sunLongitude is the apparent longitude of the sun in degrees, within 0.01°.
func sunLongitude(jde float64) float64 {
	t := (jde - 2451545) / 36525
	m := degrees(357.52911 + 35999.05029*t - 0.0001537*t*t)
	center := (1.914602-0.004817*t-0.000014*t*t)*math.Sin(m) + (0.019993-0.000101*t)*math.Sin(2*m) + 0.000289*math.Sin(3*m)
	node := degrees(125.04 - 1934.136*t)
	l := 280.46646 + 36000.76983*t + 0.0003032*t*t + center - 0.00569 - 0.00478*math.Sin(node)
	return math.Mod(math.Mod(l, 360)+360, 360)
}

// newMoon returns the instant of the k-th new moon after January 2000.
func newMoon(k float64) float64 {
	t := k / 1236.85
	e := 1 - 0.002516*t - 0.0000074*t*t
	sun := degrees(2.5534 + 29.10535670*k - 0.0000014*t*t - 0.00000011*t*t*t)
	moon := degrees(201.5643 + 385.81693528*k + 0.0107582*t*t + 0.00001238*t*t*t - 0.000000058*t*t*t*t)
	f := degrees(160.7108 + 390.67050284*k - 0.0016118*t*t - 0.00000227*t*t*t + 0.000000011*t*t*t*t)
	node := degrees(124.7746 - 1.56375588*k + 0.0020672*t*t + 0.00000215*t*t*t)
	jde := 2451550.09766 + 29.530588861*k + 0.00015437*t*t - 0.000000150*t*t*t + 0.00000000073*t*t*t*t
	for _, term := range []struct{ amplitude, argument float64 }{
		{-0.40720, moon}, {0.17241 * e, sun}, {0.01608, 2 * moon}, {0.01039, 2 * f}, {0.00739 * e, moon - sun},
		{-0.00514 * e, moon + sun}, {0.00208 * e * e, 2 * sun}, {-0.00111, moon - 2*f}, {-0.00057, moon + 2*f},
		{0.00056 * e, 2*moon + sun}, {-0.00042, 3 * moon}, {0.00042 * e, sun + 2*f}, {0.00038 * e, sun - 2*f},
		{-0.00024 * e, 2*moon - sun}, {-0.00017, node}, {-0.00007, moon + 2*sun}, {0.00004, 2*moon - 2*f},
		{0.00004, 3 * sun}, {0.00003, moon + sun - 2*f}, {0.00003, 2*moon + 2*f}, {-0.00003, moon + sun + 2*f},
		{0.00003, moon - sun + 2*f}, {-0.00002, moon - sun - 2*f}, {-0.00002, 3*moon + sun}, {0.00002, 4 * moon},
		{0.000325, degrees(299.77 + 0.107408*k - 0.009173*t*t)}, {0.000165, degrees(251.88 + 0.016321*k)},
		{0.000164, degrees(251.83 + 26.651886*k)}, {0.000126, degrees(349.42 + 36.412478*k)}, {0.000110, degrees(84.66 + 18.206239*k)},
	} {
		jde += term.amplitude * math.Sin(term.argument)
	}
	return jde
}

func TestShippedNoticesAreSound(t *testing.T) {
	notices := Shipped()
	require.Len(t, notices, 23)
	years := map[int]int{}
	for _, n := range notices {
		years[n.Year]++
	}
	require.Equal(t, 2, years[2015])
	require.Equal(t, 2, years[2019])
	require.Equal(t, 3, years[2020], "before and after the amendment, and Hubei")
	require.True(t, slices.IsSortedFunc(notices, func(a, b Notice) int { return int(a.Issued - b.Issued) }))
}
