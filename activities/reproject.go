package activities

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gongshu/almanac"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Reprojection brings the running limits in line with an edition of the calendar.
// A limit that stands still has no date, and gets one when it runs again.
type Reprojection struct {
	Store   *postgres.Store
	Law     *regulation.Library
	Edition *almanac.Edition
	// Actor is who moved the calendar; [sharing.System] when empty.
	Actor string
	// Region is the only one whose limits are rehearsed; "" stands for all.
	Region string
}

// Moved is what the calendar did to one limit.
type Moved struct {
	CaseID      string       `json:"case_id"`
	CaseNumber  string       `json:"case"`
	RegionID    string       `json:"-"`
	Duty        string       `json:"duty"`
	Owes        string       `json:"owes"` // department
	Old         sharing.Date `json:"old_date"`
	New         sharing.Date `json:"new_date"`
	Provisional bool         `json:"provisional"` // the new date
	// Shortened: it now ends earlier, and whoever owes it is told.
	Shortened bool `json:"shortened"`
	// Confirmed: the date stays and has become definite.
	Confirmed bool `json:"confirmed"`
	// Notices are the numbers of those that moved it.
	Notices []string `json:"notices"`
}

// Keys of what trail and messages say of a moved limit. The last three are there
// only where they are "true".
const (
	dataDuty        = "duty"
	dataOwes        = "owes"
	dataOldDate     = "old_date"
	dataNewDate     = "new_date"
	dataNotice      = "notice"
	dataProvisional = "provisional"
	dataShortened   = "shortened"
	dataConfirmed   = "confirmed"
)

// noticeSeparator stands between the numbers of several notices.
const noticeSeparator = "、"

// data is m in the words of trail and messages.
func (m Moved) data() map[string]string {
	data := map[string]string{
		dataDuty: m.Duty, dataOwes: m.Owes, dataOldDate: m.Old.String(), dataNewDate: m.New.String(), dataNotice: strings.Join(m.Notices, noticeSeparator),
	}
	for key, is := range map[string]bool{dataProvisional: m.Provisional, dataShortened: m.Shortened, dataConfirmed: m.Confirmed} {
		if is {
			data[key] = strconv.FormatBool(is)
		}
	}
	return data
}

// MovedSince returns what the audit trail has of moved limits after its line seq,
// whoever moved them.
func MovedSince(ctx context.Context, store *postgres.Store, seq int64) ([]Moved, error) {
	entries, err := store.EntriesAfter(ctx, seq, sharing.CalendarMoved)
	if err != nil {
		return nil, err
	}
	all := make([]Moved, len(entries))
	for i, e := range entries {
		m := Moved{
			CaseID: e.SubjectID, CaseNumber: e.CaseNumber, RegionID: e.RegionID, Duty: e.Data[dataDuty], Owes: e.Data[dataOwes],
			Provisional: e.Data[dataProvisional] != "", Shortened: e.Data[dataShortened] != "", Confirmed: e.Data[dataConfirmed] != "",
		}
		if e.Data[dataNotice] != "" {
			m.Notices = strings.Split(e.Data[dataNotice], noticeSeparator)
		}
		if m.Old, err = sharing.ParseDate(e.Data[dataOldDate]); err != nil {
			return nil, err
		}
		if m.New, err = sharing.ParseDate(e.Data[dataNewDate]); err != nil {
			return nil, err
		}
		all[i] = m
	}
	return all, nil
}

// ReprojectionBatch is how many cases are moved in one transaction: few enough
// that a decision on one of them hardly waits.
const ReprojectionBatch = 100

// Run moves every running limit that was derived on an earlier edition, a batch of
// cases in each transaction, and journals each that moves. After every batch it
// calls report, if there is one, with how many limits it has looked at so far and
// what has moved in that batch. Broken off, it goes on where it stopped; several
// may run at once.
//
// A limit that cannot be projected keeps its date, is named by the error, and does
// not keep the others from moving.
func (r Reprojection) Run(ctx context.Context, report func(seen int, moved []Moved)) error {
	var (
		last   string
		seen   int
		failed []error
	)
	for {
		var (
			clocks []postgres.Measured
			next   string
			moved  []Moved
			broken []error
		)
		err := r.Store.InTx(ctx, func(tx *postgres.Tx) error {
			var err error
			if clocks, next, err = tx.LockBehind(ctx, r.Edition.ID(), last, ReprojectionBatch); err != nil {
				return err
			}
			moved, broken, err = r.move(ctx, tx, clocks)
			return err
		})
		if err != nil {
			return err
		}
		if next == "" {
			return errors.Join(failed...)
		}
		seen, last, failed = seen+len(clocks), next, append(failed, broken...)
		if report != nil {
			report(seen, moved)
		}
	}
}

// Rehearse tells what of the running limits would move, and writes nothing.
func (r Reprojection) Rehearse(ctx context.Context, report func(seen int, moved []Moved)) error {
	var (
		last   string
		seen   int
		failed []error
	)
	for {
		clocks, err := r.Store.RunningClocks(ctx, last, ReprojectionBatch)
		if err != nil {
			return err
		}
		if len(clocks) == 0 {
			return errors.Join(failed...)
		}
		var moved []Moved
		for _, clock := range clocks {
			if r.Region != "" && clock.RegionID != r.Region {
				continue
			}
			_, m, err := r.derive(clock)
			switch {
			case err != nil:
				failed = append(failed, err)
			case m != nil:
				moved = append(moved, *m)
			}
		}
		seen, last = seen+len(clocks), clocks[len(clocks)-1].CaseID
		report(seen, moved)
	}
}

// move writes what the edition makes of clocks whose cases are locked.
func (r Reprojection) move(ctx context.Context, tx *postgres.Tx, clocks []postgres.Measured) (moved []Moved, broken []error, err error) {
	if len(clocks) == 0 {
		return nil, nil, nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, nil, err
	}
	var (
		unmoved, nudges []string
		derived         []postgres.Derived
		messages        []sharing.Message
		entries         []sharing.Entry
	)
	for _, clock := range clocks {
		d, m, err := r.derive(clock)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		if m == nil {
			unmoved = append(unmoved, clock.ID)
			continue
		}
		moved, derived = append(moved, *m), append(derived, d)
		entry := r.entry(clock, *m)
		entry.At = now
		entries = append(entries, entry)
		if m.Old != m.New {
			messages = append(messages, sharing.Message{Topic: string(sharing.CalendarMoved), CaseID: m.CaseID, DepartmentID: m.Owes, Data: entry.Data})
		}
		if m.Shortened {
			nudges = append(nudges, m.CaseID)
		}
	}
	if len(derived) > 0 {
		if err := tx.Derive(ctx, r.Edition.ID(), derived); err != nil {
			return nil, nil, err
		}
	}
	if err := tx.Settle(ctx, r.Edition.ID(), unmoved); err != nil {
		return nil, nil, err
	}
	if len(nudges) > 0 {
		if err := tx.Nudge(ctx, nudges); err != nil {
			return nil, nil, err
		}
	}
	if err := tx.Send(ctx, now, messages...); err != nil {
		return nil, nil, err
	}
	return moved, broken, tx.Append(ctx, entries...)
}

// derive projects a clock on the edition. Nothing has moved when m is nil.
func (r Reprojection) derive(clock postgres.Measured) (derived postgres.Derived, m *Moved, err error) {
	refuse := func(err error) (postgres.Derived, *Moved, error) {
		return postgres.Derived{}, nil, fmt.Errorf("case %s, %s: %w", clock.CaseNumber, clock.Duty, err)
	}
	calendar := r.Edition.Of(clock.RegionID)
	p, err := calendar.Project(clock.Clock)
	if err != nil {
		return refuse(beyondCalendar(err))
	}
	if p.DueAt.Equal(clock.DueAt) && p.Provisional == clock.Provisional {
		return postgres.Derived{}, nil, nil
	}
	law, ok := r.Law.ByID(clock.RegulationID)
	if !ok {
		return refuse(fmt.Errorf("regulation %s is not loaded", clock.RegulationID))
	}
	duty, ok := law.Duty(clock.Duty)
	if !ok {
		return refuse(fmt.Errorf("regulation %s has no such duty", law.Ref()))
	}
	d := clock.Deadline
	d.DueAt, d.DueDate, d.Provisional, d.Edition = p.DueAt, p.DueDate, p.Provisional, r.Edition.ID()
	ladder, err := rungs(calendar, p, d, law.LadderFor(duty, d.Statutory))
	if err != nil {
		return refuse(err)
	}
	last := max(clock.DueDate, d.DueDate)
	return postgres.Derived{Deadline: d, Rungs: ladder}, &Moved{
		CaseID: clock.CaseID, CaseNumber: clock.CaseNumber, RegionID: clock.RegionID, Duty: clock.Duty, Owes: clock.Owes.ID,
		Old: clock.DueDate, New: d.DueDate, Provisional: d.Provisional,
		Shortened: d.DueAt.Before(clock.DueAt),
		Confirmed: d.DueAt.Equal(clock.DueAt) && !d.Provisional,
		Notices:   r.Edition.Sources(clock.Edition, clock.RegionID, sharing.DateOf(clock.Clock.Start), last),
	}, nil
}

// entry is the line of the audit trail on a limit that moved. The version of the
// case stays what it was: nobody took a step.
func (r Reprojection) entry(clock postgres.Measured, m Moved) sharing.Entry {
	actor := r.Actor
	if actor == "" {
		actor = sharing.System
	}
	return sharing.Entry{
		Actor: actor, RegionID: clock.RegionID, Action: sharing.CalendarMoved, SubjectID: clock.CaseID, From: clock.State, To: clock.State,
		Version: clock.Version, Article: clock.Article, Data: m.data(),
	}
}
