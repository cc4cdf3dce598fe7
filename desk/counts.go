package desk

import (
	"context"

	"golang.org/x/sync/errgroup"

	"gongshu/sharing"
)

// Counts are the numbers that a reader has in sight on every page.
type Counts struct {
	Tasks   int // that wait for the reader's department and that the reader may do
	Overdue int // limits that have passed on cases the reader watches over; 0 for who watches none
	Unread  int // messages, up to [MaxUnread]
	Keys    int // of systems, that wait for the reader to confirm them
}

// Known are those of the [Counts] that the asker has already; nil ones are counted.
type Known struct{ Tasks, Overdue *int }

// Counts counts what waits for the reader, what is late among what the reader
// watches over, and what the reader was told and has not read: the figures of
// [Desk.Tasks], [Desk.Overdue], [Desk.Messages] and [Desk.Keys], without their rows.
func (d *Desk) Counts(ctx context.Context, who sharing.User, known Known) (Counts, error) {
	var c Counts
	group, reading := errgroup.WithContext(ctx)
	if known.Tasks != nil {
		c.Tasks = *known.Tasks
	} else if kinds := d.taskKinds(who); len(kinds) > 0 {
		group.Go(func() (err error) {
			c.Tasks, err = d.Store.CountTasks(reading, d.caseScopes(who, sharing.Read), who.Department.ID, kinds)
			return err
		})
	}
	if known.Overdue != nil {
		c.Overdue = *known.Overdue
	} else if watched := d.caseScopes(who, sharing.Watch); len(watched) > 0 {
		group.Go(func() (err error) {
			c.Overdue, err = d.Store.CountOverdue(reading, watched)
			return err
		})
	}
	group.Go(func() (err error) {
		c.Unread, err = d.Store.CountUnread(reading, d.caseScopes(who, sharing.Read), who.Department.ID, who.ID, MaxUnread)
		return err
	})
	if who.Key == "" && d.HasKeys(who) {
		group.Go(func() (err error) {
			c.Keys, err = d.Store.CountKeysToConfirm(reading, who.Department.ID, who.ID, headsKeys(who))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Counts{}, err
	}
	return c, nil
}
