package sharing

import (
	"time"
)

// Unit is what a limit is counted in.
type Unit string

const (
	// WorkingDays are the days the State Council's notice says are worked.
	WorkingDays Unit = "working_days"
	// CalendarDays are all days.
	CalendarDays Unit = "calendar_days"
	// Months end on the same day of a later month, or its last day.
	Months Unit = "months"
	// UpdateCycles are the update cycles of the resource concerned.
	UpdateCycles Unit = "update_cycles"
	// Immediately means the text asks for it at once and sets no number: there is
	// no due date, and none may be shown as law.
	Immediately Unit = "at_once"
	// Yearly is a fixed day of the year, such as 30 June.
	Yearly Unit = "yearly"
	// Elapsed is plain time, used for operators' targets only.
	Elapsed Unit = "elapsed"
)

// Budget is how long a duty may take: "5 working days". Law states budgets, never
// dates; a date follows from a budget, a start and a calendar.
type Budget struct {
	N    int  `json:"n,omitempty"`
	Unit Unit `json:"unit"`
	// Rolling, for Months: an end that falls on a day off moves to the next working
	// day. A notice "at least one month ahead" does not roll.
	Rolling bool `json:"rolling,omitempty"`
	// Month and Day, for Yearly: the last day on which the duty is in time.
	Month time.Month `json:"month,omitempty"`
	Day   int        `json:"day,omitempty"`
	// For, for Elapsed: the duration.
	For time.Duration `json:"for,omitempty"`
}

// Cycle is how often a resource is updated, as its catalog entry says.
type Cycle string

const (
	RealTime    Cycle = "real_time"
	Daily       Cycle = "daily"
	Weekly      Cycle = "weekly"
	Monthly     Cycle = "monthly"
	Quarterly   Cycle = "quarterly"
	HalfYearly  Cycle = "half_yearly"
	EveryYear   Cycle = "yearly"
	Irregularly Cycle = "irregular"
)

// Suspension is a stretch of time that does not count against a budget. It is
// open while Until is nil.
type Suspension struct {
	From   time.Time  `json:"from"`
	Until  *time.Time `json:"until,omitempty"`
	Reason string     `json:"reason"`
}

// Extension lengthens a budget once, where the regulation allows one.
type Extension struct {
	At     time.Time `json:"at"`
	N      int       `json:"n"` // in the budget's unit
	Reason string    `json:"reason"`
}

// Clock is everything a due date follows from, besides the calendar. It holds
// no date that anyone could set.
type Clock struct {
	Budget Budget `json:"budget"`
	// Start is the event from which the limit runs: receipt, answer, report.
	// The day of the event itself does not count (Civil Code art. 201).
	Start time.Time `json:"start"`
	Cycle Cycle     `json:"cycle,omitempty"`
	// DeemNextDay: a start on a day off is deemed to happen on the next working
	// day, which then is not counted. An operator's setting; off by default.
	DeemNextDay bool         `json:"deem_next_day,omitempty"`
	Suspensions []Suspension `json:"suspensions,omitempty"`
	Extensions  []Extension  `json:"extensions,omitempty"`
}

// DayKind says why a day counted against a limit or did not.
type DayKind string

const (
	StartDay     DayKind = "start"     // the day of the event: not counted
	Worked       DayKind = "worked"    // an ordinary working day: counted
	MakeUp       DayKind = "make_up"   // a weekend day worked by notice: counted
	Weekend      DayKind = "weekend"   // not counted
	Holiday      DayKind = "holiday"   // a day off by notice or statute: not counted
	Suspended    DayKind = "suspended" // would have counted, but the clock stood still
	Counted      DayKind = "counted"   // counted whatever kind of day (calendar days)
	MovedForward DayKind = "moved"     // the end fell here, a day off, and moved on
)

// Day is one line of the answer to "why this date?".
type Day struct {
	Date Date    `json:"date"`
	Kind DayKind `json:"kind"`
	// N is the number of the day within the limit, 0 when it did not count.
	N int `json:"n,omitempty"`
	// Source is the notice or order that says so; empty for plain weekdays.
	Source string `json:"source,omitempty"`
	// Provisional: no notice for that year had been published.
	Provisional bool `json:"provisional,omitempty"`
}

// Projection is what a clock comes to on a calendar.
type Projection struct {
	// DueAt is the first instant at which the limit has passed, 24:00 of DueDate.
	// It is zero when the duty has no due date (at once, or suspended).
	DueAt       time.Time `json:"due_at"`
	DueDate     Date      `json:"due_date"`
	Provisional bool      `json:"provisional"`
	// Suspended: the clock stands still, and no due date can be told.
	Suspended bool  `json:"suspended,omitempty"`
	Days      []Day `json:"days,omitempty"`
}

// Due reports whether there is a due date.
func (p Projection) Due() bool { return !p.DueAt.IsZero() }
