package desk

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/workday"
)

// Bulletin are the figures of a region's departments for a stretch of days (简报):
// yanzhou-2024 art. 38, city-2023 art. 31, jinan-startup-2023 art. 42,
// lishui-2020 art. 28, shuozhou-2021 art. 32.
type Bulletin struct {
	From, To    sharing.Date // both within
	At          time.Time    // when it was compiled
	Departments []BulletinLine
	Total       BulletinLine // over all of them, without a department
}

// BulletinLine are the figures of one department.
type BulletinLine struct {
	Department sharing.Department
	Answered   int // applications, open-data requests and disputes decided
	InTime     int // of those, within their limit or target, or without one
	Late       int
	Refused    int // applications and open-data requests refused
	Overturned int // refusals that coordination overturned
	Overdue    int // owed and not done when the days ended
	Disputes   int // doubts received about its data
	Corrected  int // data that was found wrong and corrected
	Cycled     int // entries of the catalog with an update cycle
	Fresh      int // of those, not past it: as of now
	// Days is how many working days the answers took in all, by the calendar and
	// without the time that the applicant took to complete an application.
	Days int
	// Median is how many of them an answer took that stands in the middle of all; 0
	// without any.
	Median float64
}

// Average is how many working days an answer took; 0 without any.
func (l BulletinLine) Average() float64 {
	if l.Answered == 0 {
		return 0
	}
	return float64(l.Days) / float64(l.Answered)
}

// MaxBulletin is the longest stretch of days of one bulletin.
const MaxBulletin = 366 * 2

// Bulletin compiles the figures of the reader's region; CodeForbidden unless the
// reader is of the authority or the office above it.
func (d *Desk) Bulletin(ctx context.Context, who sharing.User, from, to sharing.Date) (Bulletin, error) {
	if !d.MayWatch(who) {
		return Bulletin{}, forbidden
	}
	if to < from {
		return Bulletin{}, sharing.Invalid("to", "not_before", "not before the first day")
	}
	calendar := d.CalendarOf(who.Region.ID)
	if to-from >= MaxBulletin || from < calendar.First() || to > calendar.Last() {
		return Bulletin{}, sharing.Invalid("from", "range", "at most two years, within the calendar")
	}
	b := Bulletin{From: from, To: to}
	var err error
	if b.At, err = d.Now(ctx); err != nil {
		return b, err
	}
	var (
		figures []postgres.Standing
		answers []postgres.Answered
	)
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		figures, err = d.Store.StandingFigures(reading, who.Region.ID, from.Start(), to.End())
		return err
	})
	group.Go(func() (err error) {
		answers, err = d.Store.Answers(reading, who.Region.ID, from.Start(), to.End())
		return err
	})
	if err := group.Wait(); err != nil {
		return b, err
	}
	lines := make(map[string]*BulletinLine, len(figures))
	taken, all := make(map[string][]int, len(figures)), []int(nil)
	b.Departments = make([]BulletinLine, len(figures))
	for i, f := range figures {
		b.Departments[i] = BulletinLine{Department: f.Department, Overdue: f.Overdue, Overturned: f.Overturned, Disputes: f.Disputes,
			Corrected: f.Corrected, Cycled: f.Cycled, Fresh: f.Fresh}
		lines[f.Department.ID] = &b.Departments[i]
	}
	for _, a := range answers {
		l, ok := lines[a.Department.ID]
		if !ok {
			continue
		}
		l.Answered += a.N
		if a.Late {
			l.Late += a.N
		} else {
			l.InTime += a.N
		}
		if a.Counts && !a.Agree {
			l.Refused += a.N
		}
		days, err := daysTaken(calendar, a)
		if err != nil {
			return b, err
		}
		l.Days += days * a.N
		each := slices.Repeat([]int{days}, a.N)
		taken[a.Department.ID], all = append(taken[a.Department.ID], each...), append(all, each...)
	}
	for id, l := range lines {
		l.Median = median(taken[id])
	}
	b.Total.Median = median(all)
	for _, l := range b.Departments {
		t := &b.Total
		t.Answered, t.InTime, t.Late, t.Refused = t.Answered+l.Answered, t.InTime+l.InTime, t.Late+l.Late, t.Refused+l.Refused
		t.Overturned, t.Overdue, t.Disputes, t.Corrected = t.Overturned+l.Overturned, t.Overdue+l.Overdue, t.Disputes+l.Disputes, t.Corrected+l.Corrected
		t.Cycled, t.Fresh, t.Days = t.Cycled+l.Cycled, t.Fresh+l.Fresh, t.Days+l.Days
	}
	return b, nil
}

// daysTaken is how many working days an answer took: from the day its limit ran
// from, which does not count, to the day it was given, without those on which the
// clock stood still.
func daysTaken(calendar *workday.Calendar, a postgres.Answered) (int, error) {
	days, err := workedBetween(calendar, a.Since, a.Day)
	if err != nil {
		return 0, err
	}
	for _, p := range a.Pauses {
		until := a.Day
		if p.Until != nil {
			until = min(until, sharing.DateOf(*p.Until))
		}
		still, err := workedBetween(calendar, sharing.DateOf(p.From), until)
		if err != nil {
			return 0, err
		}
		days -= still
	}
	return max(days, 0), nil
}

// workedBetween counts the working days after one day up to another; 0 when that is
// not later.
func workedBetween(calendar *workday.Calendar, from, to sharing.Date) (int, error) {
	if to <= from {
		return 0, nil
	}
	return calendar.Between(from, to)
}
