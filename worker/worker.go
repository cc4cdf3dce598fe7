// Package worker runs workflows and activities, and beside them what must happen
// whatever Temporal does: the sweep that finds what a timer missed, the delivery
// of messages, and the export of the audit trail's heads. It keeps no state; any
// number of workers may run.
package worker

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"gongshu/activities"
	"gongshu/files"
	"gongshu/postgres"
	"gongshu/workflows"
)

// Worker does the work of every region.
type Worker struct {
	Engine     workflows.Engine
	Activities *activities.Activities
	Store      *postgres.Store
	Log        *slog.Logger
	// Files keeps the contents of files; nil leaves them alone.
	Files files.Store
	// Deliver hands a message to whoever it is for. Nil: messages stay in the
	// departments' inboxes only.
	Deliver func(context.Context, postgres.Parcel) error
	// Heads is the file to which the trail's heads are appended; "" for none.
	Heads string
	// SweepEvery is how often the sweep looks; [SweepEvery] when zero.
	SweepEvery time.Duration
}

// SweepEvery is how often the sweep looks unless told otherwise.
const SweepEvery = 15 * time.Second

// Run works until ctx is done, then lets what is under way finish.
func (w *Worker) Run(ctx context.Context) error {
	w.Activities.Start = w.Engine.Start
	tw := worker.New(w.Engine.Client, workflows.TaskQueue, worker.Options{
		WorkerStopTimeout:                       10 * time.Second,
		MaxConcurrentLocalActivityExecutionSize: 64,
		MaxConcurrentWorkflowTaskPollers:        4,
	})
	workflows.Register(tw)
	tw.RegisterActivity(w.Activities)
	if err := tw.Start(); err != nil {
		return err
	}
	defer tw.Stop()
	every := w.SweepEvery
	if every == 0 {
		every = SweepEvery
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.repeat(ctx, "sweep", every, w.Sweep) })
	group.Go(func() error { return w.repeat(ctx, "calendar", time.Second, w.followCalendar) })
	group.Go(func() error { return w.repeat(ctx, "census", 2*every, w.census) })
	group.Go(func() error { return w.repeat(ctx, "outbox", time.Second, w.deliver) })
	group.Go(func() error { return w.repeat(ctx, "imports", time.Second, w.carryImports) })
	group.Go(func() error { return w.repeat(ctx, "files", time.Hour, w.tidyFiles) })
	group.Go(func() error { return w.repeat(ctx, "trail heads", time.Minute, w.exportHead) })
	// The server keeps the schedule; that it is there is looked after once in a while.
	group.Go(func() error { return w.repeat(ctx, "schedule", 10*time.Minute, w.Engine.ScheduleStanding) })
	return group.Wait()
}

// repeat does something again and again until ctx is done. A failure is logged
// and tried again at the next turn: what these loops look after outlives them.
func (w *Worker) repeat(ctx context.Context, name string, every time.Duration, do func(context.Context) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	var told time.Time
	for {
		err := do(ctx)
		if failing != (err != nil) || time.Since(told) > tellEvery {
			told = time.Now()
			w.turned(ctx, name, err)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failing:
			w.Log.Warn(name+" failed; trying again", "error", err)
		case err == nil && failing:
			w.Log.Info(name + " works again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// tellEvery is how often a loop that turns faster says that it does.
const tellEvery = 10 * time.Second

// turned writes down, for whoever runs the system, that a loop came round. Where that
// fails the loop itself has more to say.
func (w *Worker) turned(ctx context.Context, name string, err error) {
	if name == "outbox" && w.Deliver == nil {
		return // nothing is handed out here
	}
	failing := ""
	if err != nil {
		failing = err.Error()
	}
	_ = w.Store.Turned(ctx, name, failing)
}

// deliver hands out waiting messages until none is left.
func (w *Worker) deliver(ctx context.Context) error {
	if w.Deliver == nil {
		return nil
	}
	const batch = 50
	for {
		n, err := w.Store.Deliver(ctx, batch, w.Deliver)
		if err != nil || n < batch {
			return err
		}
	}
}
