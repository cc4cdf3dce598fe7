package activities

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// standingSteps are the steps of a standing duty.
func (a *Activities) standingSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Fulfil: a.FulfilDuty,
		sharing.Waive:  a.WaiveDuty,
	}
}

// FulfilDuty says that a standing duty was fulfilled, and how. Data past its cycle
// counts as updated from now.
func (a *Activities) FulfilDuty(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		done, err := checked[sharing.Fulfilment](s.command)
		if err != nil {
			return err
		}
		about, err := content[sharing.Obligation](s.c)
		if err != nil {
			return err
		}
		if about.Resource != "" {
			if err := s.tx.TouchResource(s.ctx, about.Resource, s.now); err != nil {
				return err
			}
		}
		if err := s.meet(about.Duty); err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article(about.Duty), done.Note
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	})
}

// WaiveDuty says, by the authority and with a reason, that a duty is not owed after
// all. What the authority itself owes it cannot waive.
func (a *Activities) WaiveDuty(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		remark, err := checked[sharing.Remark](s.command)
		if err != nil {
			return err
		}
		about, err := content[sharing.Obligation](s.c)
		if err != nil {
			return err
		}
		if s.c.Provider.ID == s.command.Actor.DepartmentID {
			return sharing.Errorf(sharing.CodeForbidden, "who owes a duty does not waive it")
		}
		if err := s.void(); err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article(about.Duty), remark.Note
		s.tell(s.c.Provider, string(sharing.Waive), nil)
		return s.tx.CloseTask(s.ctx, s.c.ID, "", s.now)
	})
}

// Swept is what one run of the standing duties did.
type Swept struct {
	Opened  int `json:"opened"`  // cases of a duty of the year
	Past    int `json:"past"`    // cases of data past its update cycle
	Renewed int `json:"renewed"` // such cases closed, since the data was updated
	// Failed counts what could not be opened or closed and is tried again at the next
	// run.
	Failed int `json:"failed"`
}

// standingBatch bounds what one query of the standing duties returns.
const standingBatch = 200

// SweepStanding opens what is owed by the calendar and is not open yet: for every
// region with a regulation in force, the duties of the year, for each department
// that owes one, and one case for each entry of the catalog whose data is past its
// update cycle. It closes the latter when the data has been updated. Run as often as
// one likes, it opens nothing twice. The cases' workflows are started by the worker.
//
// A duty of the year whose day has passed before its case could be opened is left
// alone: the system was not there in time to remind anybody of it.
func (a *Activities) SweepStanding(ctx context.Context) (Swept, error) {
	var swept Swept
	now, err := a.Store.Now(ctx)
	if err != nil {
		return swept, err
	}
	if err := a.Store.InTx(ctx, func(tx *postgres.Tx) error { return tx.ForgetContacts(ctx) }); err != nil {
		return swept, err
	}
	var failures []error
	count := func(n *int, done bool, err error) {
		switch {
		case err != nil:
			swept.Failed++
			failures = append(failures, err)
		case done:
			*n++
		}
	}
	if err := a.renew(ctx, func(done bool, err error) { count(&swept.Renewed, done, err) }); err != nil {
		return swept, err
	}
	regions, err := a.Store.Regions(ctx)
	if err != nil {
		return swept, err
	}
	for _, region := range regions {
		law, err := a.Law.InForce(region.ID, sharing.DateOf(now))
		if err != nil {
			continue // none is in force: nothing is owed there
		}
		for _, duty := range law.Duties {
			if !OfTheYear(duty) {
				continue
			}
			if err := a.openYear(ctx, region.ID, duty, now, func(done bool, err error) { count(&swept.Opened, done, err) }); err != nil {
				return swept, err
			}
		}
		if duty, ok := law.Duty(sharing.DutyUpdate); ok && duty.Frequency == "by_cycle" {
			if err := a.openPast(ctx, region.ID, duty, now, func(done bool, err error) { count(&swept.Past, done, err) }); err != nil {
				return swept, err
			}
		}
	}
	if len(failures) > 0 && swept.Opened+swept.Past+swept.Renewed == 0 {
		return swept, errors.Join(failures...) // nothing went well: try the whole again
	}
	return swept, nil
}

// OfTheYear reports whether a duty is owed once a year without anything happening
// first: yearly, or from time to time where the text says no more.
func OfTheYear(d regulation.Duty) bool {
	return d.Start == regulation.YearBegun && (d.Frequency == "yearly" || d.Frequency == "periodic")
}

// openYear opens the cases of a duty for the year that runs.
func (a *Activities) openYear(ctx context.Context, regionID string, duty regulation.Duty, now time.Time, count func(bool, error)) error {
	year := sharing.DateOf(now).Year()
	begun := sharing.NewDate(year, time.January, 1).Start()
	if budget, _, ok := duty.Budget(nil); ok {
		p, err := a.Almanac.Now().Of(regionID).Project(sharing.Clock{Budget: budget, Start: begun})
		if err != nil {
			return beyondCalendar(err)
		}
		if p.Due() && !now.Before(p.DueAt) {
			return nil
		}
	}
	var owing []sharing.Department
	err := a.Store.InTx(ctx, func(tx *postgres.Tx) (err error) {
		s := &step{Activities: a, ctx: ctx, tx: tx, c: sharing.Case{RegionID: regionID}}
		if duty.Owes == regulation.Provider {
			owing, err = tx.Owing(ctx, regionID)
			return err
		}
		owing, err = s.holders(duty.Owes)
		return err
	})
	if err != nil {
		return err
	}
	for _, department := range owing {
		count(a.openObligation(ctx, department, duty, sharing.Obligation{Duty: duty.Name, Year: year}, sharing.Resource{}, begun))
	}
	return nil
}

// openPast opens a case for each entry of a region whose data is past its cycle.
func (a *Activities) openPast(ctx context.Context, regionID string, duty regulation.Duty, now time.Time, count func(bool, error)) error {
	budget, _, ok := duty.Budget(nil)
	if !ok {
		return nil
	}
	calendar := a.Almanac.Now().Of(regionID)
	after := ""
	for {
		some, err := a.Store.PastCycle(ctx, regionID, after, standingBatch)
		if err != nil {
			return err
		}
		for _, r := range some {
			after = r.ID
			p, err := calendar.Project(sharing.Clock{Budget: budget, Start: r.UpdatedAt, Cycle: r.Cycle, DeemNextDay: a.DeemNextDay})
			if err != nil || !p.Due() || now.Before(p.DueAt) {
				if err != nil {
					count(false, beyondCalendar(err))
				}
				continue
			}
			about := sharing.Obligation{Duty: duty.Name, Resource: r.ID, Since: r.UpdatedAt}
			count(a.openObligation(ctx, r.Provider, duty, about, r, r.UpdatedAt))
		}
		if len(some) < standingBatch {
			return nil
		}
	}
}

// openObligation opens one case of a standing duty, unless what it is about is open
// or was settled before.
func (a *Activities) openObligation(ctx context.Context, owes sharing.Department, duty regulation.Duty, about sharing.Obligation, r sharing.Resource, from time.Time) (opened bool, err error) {
	id := uuid.NewString()
	err = a.Store.InTx(ctx, func(tx *postgres.Tx) error {
		claimed, err := tx.ClaimPeriod(ctx, duty.Name, owes.ID, about.Period(), id)
		opened = claimed
		if err != nil || !claimed {
			return err
		}
		if about.Resource != "" {
			if later, err := tx.UpdatedSince(ctx, about.Resource, about.Since); err != nil || later {
				opened = false
				return errors.Join(err, tx.ReleasePeriod(ctx, id))
			}
		}
		s := &step{Activities: a, ctx: ctx, tx: tx}
		if s.now, err = tx.Now(ctx); err != nil {
			return err
		}
		centers, err := tx.Offices(ctx, owes.RegionID, sharing.AuthorityDepartment)
		if err != nil {
			return err
		}
		watches := owes // where a region has no authority
		if len(centers) > 0 {
			watches = centers[0]
		}
		title := duty.Title
		if r.ID != "" {
			title = r.Title
		}
		o, err := s.file(filing{
			ID: id, Procedure: sharing.StandingDuty, State: sharing.Owed, Title: title, Resource: r, Provider: owes, Applicant: watches,
			Content: about, Article: duty.ArticleFor(r.Facts),
		})
		if err != nil {
			return err
		}
		deadline, err := o.start(duty, owes, from, r.Cycle)
		if err != nil {
			return err
		}
		o.tell(owes, string(sharing.Owed), map[string]string{"duty": duty.Name})
		if err := o.openTask(sharing.TaskKind(sharing.Fulfil), owes, deadline); err != nil {
			return err
		}
		if err := tx.Nudge(ctx, []string{id}); err != nil { // its workflow is started by the worker
			return err
		}
		return o.finish()
	})
	return opened && err == nil, err
}

// renew closes the cases of data that has been updated.
func (a *Activities) renew(ctx context.Context, count func(bool, error)) error {
	for {
		ids, err := a.Store.Renewed(ctx, standingBatch)
		if err != nil {
			return err
		}
		failed := false
		for _, id := range ids {
			done, err := a.renewOne(ctx, id)
			count(done, err)
			failed = failed || err != nil
		}
		if len(ids) < standingBatch || failed {
			return nil
		}
	}
}

func (a *Activities) renewOne(ctx context.Context, caseID string) (done bool, err error) {
	err = a.Store.InTx(ctx, func(tx *postgres.Tx) error {
		done = false
		c, err := tx.LockCase(ctx, caseID)
		if err != nil || c.State != sharing.Owed {
			return err
		}
		s := &step{Activities: a, ctx: ctx, tx: tx, c: c}
		if s.now, err = tx.Now(ctx); err != nil {
			return err
		}
		about, err := content[sharing.Obligation](c)
		if err != nil {
			return err
		}
		if later, err := tx.UpdatedSince(ctx, about.Resource, about.Since); err != nil || !later {
			return err
		}
		if err := s.begin(sharing.Renew); err != nil {
			return err
		}
		s.entry.Article = s.law.Article(about.Duty)
		if err := s.meet(about.Duty); err != nil {
			return err
		}
		if err := tx.CloseTask(ctx, c.ID, "", s.now); err != nil {
			return err
		}
		if err := tx.Nudge(ctx, []string{c.ID}); err != nil {
			return err
		}
		done = true
		return s.finish()
	})
	return done && err == nil, err
}
