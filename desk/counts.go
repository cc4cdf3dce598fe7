package desk

import (
	"context"

	"gongshu/sharing"
)

// Counts are the numbers that a reader has in sight on every page.
type Counts struct {
	Tasks   int // that wait for the reader's department and that the reader may do
	Overdue int // limits that have passed on cases the reader watches over; 0 for who watches none
}

// Counts counts what waits for the reader, and what is late among what the reader
// watches over: the figures of [Desk.Tasks] and [Desk.Overdue], without their rows.
func (d *Desk) Counts(ctx context.Context, who sharing.User) (Counts, error) {
	var (
		c   Counts
		err error
	)
	if kinds := d.taskKinds(who); len(kinds) > 0 {
		if c.Tasks, err = d.Store.CountTasks(ctx, d.caseScopes(who, sharing.Read), who.Department.ID, kinds); err != nil {
			return Counts{}, err
		}
	}
	if watched := d.caseScopes(who, sharing.Watch); len(watched) > 0 {
		if c.Overdue, err = d.Store.CountOverdue(ctx, watched); err != nil {
			return Counts{}, err
		}
	}
	return c, nil
}
