package desk

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"gongshu/activities"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workflows"
)

// scheduler is an [Engine] that keeps the schedule of the standing duties.
type scheduler interface {
	StandingRuns(ctx context.Context) (workflows.StandingRuns, error)
	RunStanding(ctx context.Context) error
}

// StandingRun is the act of having the standing duties looked at besides their
// schedule.
const StandingRun sharing.Action = "standing_run"

// Schedules is what the system does by itself.
type Schedules struct {
	Regulation *regulation.Regulation // in force in the region; nil when none is
	Duties     []StandingLine
	Runs       workflows.StandingRuns
	Reachable  bool // the server that keeps the schedule answers
	MayRun     bool
	Turns      []postgres.Turn // of the workers' loops
	Waiting    postgres.Waiting
	Behind     int // limits of the region that do not follow the calendar yet
	Running    int // limits of the region that run
	// Imports of catalogs that run in the region: of so many rows so many are done.
	ImportRows, ImportDone int
}

// StandingLine is a standing duty (常年职责) of the regulation in force.
type StandingLine struct {
	regulation.Duty
	Owner, OwnerEN string        // in the regulation's words
	ByCycle        bool          // opened when data is past its update cycle, else once a year
	DueThisYear    *sharing.Date // of what was, or would have been, opened this year
	Opens          *sharing.Date // when the next is opened; nil: with the next run
	Last           *postgres.Opened
}

// Schedules returns it for the user's region.
func (d *Desk) Schedules(ctx context.Context, who sharing.User) (Schedules, error) {
	var s Schedules
	if !d.MaySeeSettings(who) {
		return s, forbidden
	}
	now, err := d.Now(ctx)
	if err != nil {
		return s, err
	}
	opened, err := d.Store.LastOpened(ctx, who.Region.ID)
	if err != nil {
		return s, err
	}
	today := sharing.DateOf(now)
	if s.Regulation, err = d.Law().InForce(who.Region.ID, today); err == nil {
		for _, duty := range s.Regulation.Duties {
			if activities.OfTheYear(duty) || duty.Name == sharing.DutyUpdate && duty.Frequency == "by_cycle" {
				s.Duties = append(s.Duties, d.standingLine(who, s.Regulation, duty, now, opened))
			}
		}
	}
	if s.Turns, err = d.Store.Turns(ctx); err != nil {
		return s, err
	}
	if s.Waiting, err = d.Store.Waiting(ctx); err != nil {
		return s, err
	}
	if s.Behind, s.Running, err = d.Store.BehindIn(ctx, who.Region.ID, d.Almanac.Now().ID()); err != nil {
		return s, err
	}
	if s.ImportDone, s.ImportRows, err = d.Store.RunningImports(ctx, who.Region.ID); err != nil {
		return s, err
	}
	if engine, ok := d.Engine.(scheduler); ok {
		asking, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		s.Runs, err = engine.StandingRuns(asking)
		s.Reachable = err == nil
		s.MayRun = s.Reachable && d.MayKeepSettings(who)
	}
	return s, nil
}

// Followed is how many limits of the region follow the calendar.
func (s Schedules) Followed() int { return s.Running - s.Behind }

func (d *Desk) standingLine(who sharing.User, law *regulation.Regulation, duty regulation.Duty, now time.Time, opened []postgres.Opened) StandingLine {
	line := StandingLine{Duty: duty, ByCycle: !activities.OfTheYear(duty)}
	if p, ok := law.Roles[duty.Owes]; ok {
		line.Owner, line.OwnerEN = p.Name, p.NameEn
	}
	for _, o := range opened {
		if o.Duty == duty.Name {
			line.Last = &o
		}
	}
	if line.ByCycle {
		return line
	}
	year := sharing.DateOf(now).Year()
	passed := false
	if budget, _, ok := duty.Budget(nil); ok {
		begun := sharing.NewDate(year, time.January, 1).Start()
		if p, err := d.CalendarOf(who.Region.ID).Project(sharing.Clock{Budget: budget, Start: begun}); err == nil && p.Due() {
			line.DueThisYear, passed = &p.DueDate, !now.Before(p.DueAt)
		}
	}
	if passed || line.Last != nil && sharing.DateOf(line.Last.At).Year() == year {
		next := sharing.NewDate(year+1, time.January, 1)
		line.Opens = &next
	}
	return line
}

// RunStanding has the standing duties looked at now, besides their schedule. It opens
// nothing twice.
func (d *Desk) RunStanding(ctx context.Context, who sharing.User, key string) error {
	if !d.MayKeepSettings(who) {
		return forbidden
	}
	engine, ok := d.Engine.(scheduler)
	if !ok {
		return &sharing.Error{Code: sharing.CodeUnavailable}
	}
	command, err := d.stage(ctx, who, key, StandingRun, workflows.StandingSchedule, 0, struct{}{})
	if err != nil {
		return err
	}
	var done struct{}
	return d.carry(ctx, command, &done, func(ctx context.Context) error {
		// Asked for before it is written down: asked for twice it runs once.
		if err := engine.RunStanding(ctx); err != nil {
			return err
		}
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			if err := tx.FinishCommand(ctx, command.ID, json.RawMessage(`{}`)); err != nil {
				return err
			}
			return tx.Append(ctx, sharing.Entry{At: now, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: who.Region.ID,
				Action: StandingRun, SubjectID: workflows.StandingSchedule, Policy: command.Policy})
		})
	})
}

// Delivers reports whether some worker hands messages out of the system.
func (s Schedules) Delivers() bool {
	return slices.ContainsFunc(s.Turns, func(t postgres.Turn) bool { return t.Loop == "outbox" })
}
