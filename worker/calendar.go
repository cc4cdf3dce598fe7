package worker

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"gongshu/activities"
)

// followCalendar moves the running limits that were derived on an earlier edition
// of the calendar than is known now, and wakes the workflows of those that moved
// forward: their timers would ring too late. One that moved back needs none; its
// timer rings, nothing is due, and the next is set.
func (w *Worker) followCalendar(ctx context.Context) error {
	days := w.Activities.Almanac
	if err := days.Refresh(ctx, w.Store); err != nil {
		return err
	}
	edition := days.Now()
	behind, err := w.Store.Behind(ctx, edition.ID())
	if err != nil {
		return err
	}
	if behind > 0 {
		moved := 0
		err := activities.Reprojection{Store: w.Store, Law: w.Activities.Law, Edition: edition}.
			Run(ctx, func(_ int, some []activities.Moved) { moved += len(some) })
		if moved > 0 {
			w.Log.Info("the calendar moved", "edition", edition.ID(), "limits", behind, "moved", moved)
		}
		if err != nil {
			return errors.Join(err, w.nudge(ctx))
		}
	}
	return w.nudge(ctx)
}

// nudge wakes the workflows that are to look at their cases again.
func (w *Worker) nudge(ctx context.Context) error {
	for {
		waiting, err := w.Store.Nudges(ctx, sweepBatch)
		if err != nil || len(waiting) == 0 {
			return err
		}
		group, nudging := errgroup.WithContext(ctx)
		group.SetLimit(16)
		for _, n := range waiting {
			group.Go(func() error {
				if err := w.Engine.Nudge(nudging, n.CaseID); err != nil {
					return err
				}
				return w.Store.Nudged(nudging, n.ID)
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
}
