package workday

import (
	"errors"
	"fmt"
	"time"

	"gongshu/sharing"
)

// ErrNoDueDate says that a projection has no due date to count from: the limit
// is "at once", or its clock is suspended.
var ErrNoDueDate = errors.New("there is no due date")

// RungAt returns the instant of a rung of a ladder, offset working days from the
// limit of p: 0 is the instant at which the limit has passed, -n is 00:00 of the
// n-th working day before the due date, n is 00:00 of the n-th working day over.
// A rung before the limit may lie before the start of the clock.
//
// The error is [ErrNoDueDate] or a *[RangeError].
func (c *Calendar) RungAt(p sharing.Projection, offset int) (time.Time, error) {
	if !p.Due() {
		return time.Time{}, ErrNoDueDate
	}
	i, err := c.at(p.DueDate)
	if err != nil {
		return time.Time{}, err
	}
	var d sharing.Date
	switch {
	case offset == 0:
		return p.DueAt, nil
	case offset < 0:
		d, err = c.nth(int(c.before[i]), offset)
	default:
		d, err = c.nth(int(c.before[i+1]), offset-1)
	}
	if err != nil {
		return time.Time{}, err
	}
	return d.Start(), nil
}

// Remaining is how much of a limit is left, or by how much it is over.
type Remaining struct {
	// WorkingDays after today up to the due date, or since it when Overdue.
	WorkingDays int `json:"working_days"`
	// Overdue from 24:00 of the due date on. Until the next working day begins it
	// is overdue by 0 working days.
	Overdue bool `json:"overdue,omitempty"`
	// Today is the due date.
	Today bool `json:"today,omitempty"`
}

// Remaining tells how much of the limit of p is left at now. The error is
// [ErrNoDueDate] or a *[RangeError].
func (c *Calendar) Remaining(p sharing.Projection, now time.Time) (Remaining, error) {
	if !p.Due() {
		return Remaining{}, ErrNoDueDate
	}
	today := sharing.DateOf(now)
	left, err := c.Between(today, p.DueDate)
	if err != nil {
		return Remaining{}, err
	}
	if !now.Before(p.DueAt) {
		return Remaining{WorkingDays: -left, Overdue: true}, nil
	}
	return Remaining{WorkingDays: left, Today: today == p.DueDate}, nil
}

// Zh tells it in Chinese: 剩余 2 个工作日.
func (r Remaining) Zh() string {
	switch {
	case r.Overdue && r.WorkingDays == 0:
		return "已超期"
	case r.Overdue:
		return fmt.Sprintf("超期 %d 个工作日", r.WorkingDays)
	case r.Today:
		return "今日到期"
	}
	return fmt.Sprintf("剩余 %d 个工作日", r.WorkingDays)
}

// En tells it in English: "2 working days left".
func (r Remaining) En() string {
	days := fmt.Sprintf("%d working days", r.WorkingDays)
	if r.WorkingDays == 1 {
		days = "1 working day"
	}
	switch {
	case r.Overdue && r.WorkingDays == 0:
		return "overdue"
	case r.Overdue:
		return days + " overdue"
	case r.Today:
		return "due today"
	}
	return days + " left"
}
