package activities

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// startClock starts the clock of a duty that the case's regulation knows, from an
// event. It returns nil where the regulation sets neither a limit nor, by its
// operator, a target: then nothing runs.
func (s *step) startClock(name string, owes sharing.Department, from time.Time) (*sharing.Deadline, error) {
	duty, ok := s.law.Duty(name)
	if !ok {
		return nil, nil
	}
	return s.start(duty, owes, from, "")
}

// start starts the clock of a duty, which may be measured by an update cycle.
func (s *step) start(duty regulation.Duty, owes sharing.Department, from time.Time, cycle sharing.Cycle) (*sharing.Deadline, error) {
	budget, statutory, ok := duty.Budget(s.c.Facts)
	if !ok {
		return nil, nil
	}
	d := sharing.Deadline{
		ID: uuid.NewString(), CaseID: s.c.ID, Duty: duty.Name, Article: duty.ArticleFor(s.c.Facts), Statutory: statutory, Owes: owes,
		Clock: sharing.Clock{Budget: budget, Start: from, Cycle: cycle, DeemNextDay: s.DeemNextDay}, State: sharing.Running,
	}
	if err := s.project(&d, duty); err != nil {
		return nil, err
	}
	if d.DueDate != 0 {
		s.entry.Data[duty.Name] = d.DueDate.String()
	}
	return &d, nil
}

// project derives the due date and the rungs of a deadline from its clock and
// the calendar, and writes them.
func (s *step) project(d *sharing.Deadline, duty regulation.Duty) error {
	edition := s.Almanac.Now()
	calendar := edition.Of(s.c.RegionID)
	p, err := calendar.Project(d.Clock)
	if err != nil {
		return beyondCalendar(err)
	}
	d.DueAt, d.DueDate, d.Provisional, d.Edition = p.DueAt, p.DueDate, p.Provisional, edition.ID()
	if err := s.tx.PutDeadline(s.ctx, *d, s.now); err != nil {
		return err
	}
	rungs, err := rungs(calendar, p, *d, s.law.LadderFor(duty, d.Statutory))
	if err != nil {
		return err
	}
	return s.tx.PutRungs(s.ctx, *d, rungs)
}

// rungs places a ladder in time. A reminder that would fall before the clock even
// started reminds of nothing and is left out.
func rungs(calendar *workday.Calendar, p sharing.Projection, d sharing.Deadline, ladder []regulation.Rung) ([]sharing.Rung, error) {
	if !p.Due() || d.State != sharing.Running {
		return nil, nil
	}
	var all []sharing.Rung
	for _, r := range ladder {
		at, err := calendar.RungAt(p, r.Offset)
		if err != nil {
			return nil, beyondCalendar(err)
		}
		if r.Offset < 0 && !at.After(d.Clock.Start) {
			continue
		}
		to := make([]string, len(r.To))
		for i, role := range r.To {
			to[i] = string(role)
		}
		all = append(all, sharing.Rung{ID: uuid.NewString(), DeadlineID: d.ID, Kind: r.Kind, Offset: r.Offset, To: to, At: at})
	}
	return all, nil
}

// meet ends the clocks that run on the case because what they asked for is done.
func (s *step) meet(duty string) error {
	return s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
		if d.Duty != duty {
			return false, nil
		}
		d.State, d.MetAt = sharing.Met, &s.now
		if d.Overdue(s.now) {
			s.entry.Data["late"] = duty
		}
		return true, nil
	})
}

// void ends all clocks that run on the case because nothing is owed any more.
func (s *step) void() error {
	return s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
		d.State = sharing.Void
		return true, nil
	})
}

// eachClock lets change have a look at every clock that runs on the case, and
// writes those it changed.
func (s *step) eachClock(change func(*sharing.Deadline) (changed bool, err error)) error {
	running, err := s.tx.RunningDeadlines(s.ctx, s.c.ID)
	if err != nil {
		return err
	}
	for _, d := range running {
		changed, err := change(&d)
		if err != nil {
			return err
		}
		if !changed {
			continue
		}
		if d.State == sharing.Met || d.State == sharing.Void {
			// Its due date stays for the record; nothing more fires.
			if err := s.tx.PutDeadline(s.ctx, d, s.now); err != nil {
				return err
			}
			if err := s.tx.PutRungs(s.ctx, d, nil); err != nil {
				return err
			}
			continue
		}
		duty, ok := s.law.Duty(d.Duty)
		if !ok {
			return fmt.Errorf("regulation %s has no duty %s", s.law.Ref(), d.Duty)
		}
		if err := s.project(&d, duty); err != nil {
			return err
		}
	}
	return nil
}

// halt stops the clock of an answer while the applicant completes the
// application.
func (s *step) halt() error {
	return s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
		if d.Overdue(s.now) {
			return false, sharing.Errorf(sharing.CodeWrongState, "the limit for the answer passed on %s; the application can only be answered", d.DueDate)
		}
		d.State = sharing.Halted
		d.Clock.Suspensions = append(d.Clock.Suspensions, sharing.Suspension{From: s.now, Reason: string(sharing.RequestCompletion)})
		return true, nil
	})
}

// goOn lets the clock of an answer run again once the application is complete: on
// from where it stood, or anew from receipt of the completed application, as the
// regulation says. It returns the clock that runs, if one does.
func (s *step) goOn() (*sharing.Deadline, error) {
	if s.law.Completion.Effect == regulation.Restarts {
		if err := s.void(); err != nil {
			return nil, err
		}
		return s.startClock(sharing.DutyAnswer, s.c.Provider, s.now)
	}
	var running *sharing.Deadline
	err := s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
		d.State = sharing.Running
		last := &d.Clock.Suspensions[len(d.Clock.Suspensions)-1]
		last.Until = &s.now
		running = d
		return true, nil
	})
	return running, err
}

// beyondCalendar tells a date that no calendar covers from a defect.
func beyondCalendar(err error) error {
	var out *workday.RangeError
	if errors.As(err, &out) {
		return &sharing.Error{Code: sharing.CodeBeyondCalendar, Detail: err.Error(), Cause: err}
	}
	return err
}
