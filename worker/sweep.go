package worker

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

// A rung is late when it should have fired this long ago: timers get that much
// time to do it themselves.
const lateAfter = 5 * time.Second

// A step should have reached its workflow after this long.
const settleAfter = 10 * time.Second

// sweepBatch bounds what one query of the sweep returns.
const sweepBatch = 500

// Sweep looks once for what a timer or a workflow missed, and nudges the workflow
// of each case concerned, starting it where it is lost. A lost timer so costs a
// moment and not a case.
func (w *Worker) Sweep(ctx context.Context) error {
	late, err := w.Store.LateCases(ctx, lateAfter, sweepBatch)
	if err != nil {
		return err
	}
	var group errgroup.Group // one case that fails does not keep the others waiting
	group.SetLimit(16)
	for _, id := range late {
		group.Go(func() error { return w.Engine.Nudge(ctx, id) })
	}
	err = group.Wait()
	if err == nil && len(late) > 0 {
		w.Log.Info("sweep nudged cases whose time had come", "cases", len(late))
	}
	return errors.Join(err, w.reconcile(ctx))
}

// reconcile compares cases that changed lately with their workflows: an open case
// has exactly one running workflow in the same version, a closed one none.
func (w *Worker) reconcile(ctx context.Context) error {
	unchecked, err := w.Store.UncheckedCases(ctx, settleAfter, sweepBatch)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(8)
	for _, c := range unchecked {
		group.Go(func() error {
			running, version, err := w.Engine.Position(ctx, c.ID)
			if err != nil && !running {
				return err
			}
			// One that runs and does not say where it stands is nudged, too.
			if err == nil && running == c.Procedure.Machine().Open(c.State) && (!running || version >= c.Version) {
				return w.Store.MarkChecked(ctx, c.ID, c.Version)
			}
			w.Log.Info("sweep found a workflow behind its case", "case", c.ID, "version", c.Version, "workflow", version, "running", running)
			return w.Engine.Nudge(ctx, c.ID)
		})
	}
	return group.Wait()
}

// census compares all open cases with all running workflows, and starts those
// that are missing: terminated by hand, or lost with the server's database.
func (w *Worker) census(ctx context.Context) error {
	open, err := w.Store.OpenCases(ctx, settleAfter)
	if err != nil || len(open) == 0 {
		return err
	}
	running, err := w.Engine.Running(ctx)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(16)
	for _, id := range open {
		if running[id] {
			continue
		}
		group.Go(func() error {
			// What the list does not know yet may run all the same.
			if runs, _, err := w.Engine.Position(ctx, id); err != nil || runs {
				return err
			}
			w.Log.Info("census found an open case without a workflow", "case", id)
			return w.Engine.Nudge(ctx, id)
		})
	}
	return group.Wait()
}
