package workday

import (
	"slices"
	"time"

	"gongshu/sharing"
)

// order is one version of the State Council's order on statutory holidays
// (全国年节及纪念日放假办法).
type order struct {
	number      string
	issued      sharing.Date
	from        int // first year
	springFrom  int // days of Spring Festival, counted from New Year's Day of the lunar calendar
	springTo    int
	secondOfMay bool
}

// orders since 2008, the latest last. The first had Spring Festival from its eve
// for three days, the second from New Year's Day for three, the third has four
// days from the eve and two in May.
var orders = []order{
	{number: "国务院令第513号", issued: sharing.NewDate(2007, 12, 14), from: 2008, springFrom: -1, springTo: 1},
	{number: "国务院令第644号", issued: sharing.NewDate(2013, 12, 11), from: 2014, springFrom: 0, springTo: 2},
	{number: "国务院令第795号", issued: sharing.NewDate(2024, 11, 10), from: 2025, springFrom: -1, springTo: 2, secondOfMay: true},
}

// statutory returns the days off that the order known on the given day sets for
// the year, and the order's number. A holiday that falls on a weekend is made up
// on a working day by the order, which does not say which: the next one that is
// not itself off is taken, as the notices have done but twice since 2008 (Dragon
// Boat 2012 was made up on the Friday before, Mid-Autumn 2015 not at all).
func statutory(year int, known sharing.Date) ([]sharing.Date, string) {
	current := orders[0]
	for _, o := range orders {
		if o.issued <= known && o.from <= year {
			current = o
		}
	}
	f := festivals[year]
	spring := f[0].in(year)
	days := []sharing.Date{sharing.NewDate(year, 1, 1)}
	for i := current.springFrom; i <= current.springTo; i++ {
		days = append(days, spring+sharing.Date(i))
	}
	days = append(days, f[1].in(year), sharing.NewDate(year, 5, 1))
	if current.secondOfMay {
		days = append(days, sharing.NewDate(year, 5, 2))
	}
	days = append(days, f[2].in(year), f[3].in(year))
	for i := range 3 {
		days = append(days, sharing.NewDate(year, 10, 1+i))
	}
	slices.Sort(days)
	days = slices.Compact(days) // Mid-Autumn may be a day of the National Day holiday
	for _, d := range slices.Clone(days) {
		if !isWeekend(d) {
			continue
		}
		for isWeekend(d) || slices.Contains(days, d) {
			d++
		}
		days = append(days, d)
	}
	return days, current.number
}

type monthDay struct {
	month time.Month
	day   int
}

func (m monthDay) in(year int) sharing.Date { return sharing.NewDate(year, m.month, m.day) }

// festivals gives the civil days of the holidays that follow the lunar calendar
// and the sun: New Year's Day (正月初一), Qingming (the sun at 15°), Dragon Boat
// (五月初五) and Mid-Autumn (八月十五), by the national standard GB/T 33661-2017. A
// test computes them again from the moon and the sun.
//
//	year: {New Year, Qingming, Dragon Boat, Mid-Autumn}
var festivals = map[int][4]monthDay{
	2008: {{2, 7}, {4, 4}, {6, 8}, {9, 14}},
	2009: {{1, 26}, {4, 4}, {5, 28}, {10, 3}},
	2010: {{2, 14}, {4, 5}, {6, 16}, {9, 22}},
	2011: {{2, 3}, {4, 5}, {6, 6}, {9, 12}},
	2012: {{1, 23}, {4, 4}, {6, 23}, {9, 30}},
	2013: {{2, 10}, {4, 4}, {6, 12}, {9, 19}},
	2014: {{1, 31}, {4, 5}, {6, 2}, {9, 8}},
	2015: {{2, 19}, {4, 5}, {6, 20}, {9, 27}},
	2016: {{2, 8}, {4, 4}, {6, 9}, {9, 15}},
	2017: {{1, 28}, {4, 4}, {5, 30}, {10, 4}},
	2018: {{2, 16}, {4, 5}, {6, 18}, {9, 24}},
	2019: {{2, 5}, {4, 5}, {6, 7}, {9, 13}},
	2020: {{1, 25}, {4, 4}, {6, 25}, {10, 1}},
	2021: {{2, 12}, {4, 4}, {6, 14}, {9, 21}},
	2022: {{2, 1}, {4, 5}, {6, 3}, {9, 10}},
	2023: {{1, 22}, {4, 5}, {6, 22}, {9, 29}},
	2024: {{2, 10}, {4, 4}, {6, 10}, {9, 17}},
	2025: {{1, 29}, {4, 4}, {5, 31}, {10, 6}},
	2026: {{2, 17}, {4, 5}, {6, 19}, {9, 25}},
	2027: {{2, 6}, {4, 5}, {6, 9}, {9, 15}},
	2028: {{1, 26}, {4, 4}, {5, 28}, {10, 3}},
	2029: {{2, 13}, {4, 4}, {6, 16}, {9, 22}},
	2030: {{2, 3}, {4, 5}, {6, 5}, {9, 12}},
	2031: {{1, 23}, {4, 5}, {6, 24}, {10, 1}},
	2032: {{2, 11}, {4, 4}, {6, 12}, {9, 19}},
	2033: {{1, 31}, {4, 4}, {6, 1}, {9, 8}},
	2034: {{2, 19}, {4, 5}, {6, 20}, {9, 27}},
	2035: {{2, 8}, {4, 5}, {6, 10}, {9, 16}},
	2036: {{1, 28}, {4, 4}, {5, 30}, {10, 4}},
	2037: {{2, 15}, {4, 4}, {6, 18}, {9, 24}},
	2038: {{2, 4}, {4, 5}, {6, 7}, {9, 13}},
	2039: {{1, 24}, {4, 5}, {5, 27}, {10, 2}},
	2040: {{2, 12}, {4, 4}, {6, 14}, {9, 20}},
	2041: {{2, 1}, {4, 4}, {6, 3}, {9, 10}},
	2042: {{1, 22}, {4, 4}, {6, 22}, {9, 28}},
	2043: {{2, 10}, {4, 5}, {6, 11}, {9, 17}},
	2044: {{1, 30}, {4, 4}, {5, 31}, {10, 5}},
	2045: {{2, 17}, {4, 4}, {6, 19}, {9, 25}},
	2046: {{2, 6}, {4, 4}, {6, 8}, {9, 15}},
	2047: {{1, 26}, {4, 5}, {5, 29}, {10, 4}},
	2048: {{2, 14}, {4, 4}, {6, 15}, {9, 22}},
	2049: {{2, 2}, {4, 4}, {6, 4}, {9, 11}},
	2050: {{1, 23}, {4, 4}, {6, 23}, {9, 30}},
}
