// Package workflows runs the procedures: one file each, which reads from top to
// bottom like the regulation. A workflow decides what happens next and when; what
// happened stands in PostgreSQL, written by the activities it calls. It carries
// ids, codes and instants, nothing else.
package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"gongshu/activities"
	"gongshu/sharing"
)

// Share is a share application for one resource (共享申请), from receipt to the
// end of its grant: yanzhou-2024 arts. 3, 18–22, city-2023 arts. 18–22,
// jinan-startup-2023 arts. 15–19, lishui-2020 arts. 16–19, shuozhou-2021
// arts. 14–20.
func Share(ctx workflow.Context, in ShareInput) (ShareResult, error) {
	run := shareRun{share: in.State, caseID: in.CaseID}

	if err := workflow.SetQueryHandler(ctx, SnapshotQuery, func() (sharing.Snapshot, error) { return run.Snapshot, nil }); err != nil {
		return ShareResult{}, err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, StepUpdate, run.step, workflow.UpdateHandlerOptions{Validator: run.validate}); err != nil {
		return ShareResult{}, err
	}
	run.listen(ctx)

	// Received: by the update that submits it, or filed before together with others.
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}
	run.startSiblings(ctx)

	// Where the regulation has it, the authority checks first, within its own limit.
	run.while(ctx, sharing.Checking)

	// The provider answers within its limit (city 21: 5 working days; jinan-startup
	// 16: 10; shuozhou 16: 5), after at most one request for completion (补正).
	run.while(ctx, sharing.Answering, sharing.Completing)

	// Agreed: it provides the data (city 21: 5 working days from the answer), and the
	// applicant confirms receipt or reports failure.
	run.while(ctx, sharing.Agreed, sharing.Provided)

	// In use for the stated purpose until the term ends (yanzhou 22, city 30,
	// jinan-startup 18, lishui 19(2), shuozhou 29). Unconditionally shared resources
	// begin here (yanzhou 18, city 21, jinan-startup 16, lishui 18, shuozhou 16).
	run.while(ctx, sharing.InUse)

	// Refused, withdrawn or ended; or the history has grown long enough.
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return run.result(), err
	}
	if run.State.Open() {
		return run.result(), workflow.NewContinueAsNewError(ctx, Share, ShareInput{CaseID: run.caseID, Filed: true, State: run.share})
	}
	return run.result(), nil
}

// share is all that a run knows, and all that the next run is told.
type share struct {
	sharing.Snapshot
	// Changed counts what happened to the snapshot, so that a wait sees it.
	Changed int `json:"changed,omitempty"`
}

type shareRun struct {
	share
	caseID string
	nudged bool
	failed bool // the submission was refused: there is no case
}

// known reports whether the case exists.
func (run *shareRun) known() bool { return run.State != "" }

func (run *shareRun) result() ShareResult {
	return ShareResult{State: run.State, Version: run.Version}
}

// validate refuses, before anything is written to the history, a step that the
// state does not allow or that was decided on an older version. The database
// holds the same rule; this only spares it the work.
func (run *shareRun) validate(s Step) error {
	if s.Action == sharing.Submit {
		return nil // carrying it out tells whether it was submitted before
	}
	if !run.known() || s.Expected > run.Version {
		return nil // the database knows better
	}
	if s.Expected == run.Version && sharing.CanFollow(run.State, s.Action) {
		return nil
	}
	if _, err := sharing.Next(run.State, s.Action, true); err != nil {
		return activities.ToTemporal(err)
	}
	return activities.ToTemporal(sharing.Errorf(sharing.CodeStale, "decided on version %d, the case is at version %d", s.Expected, run.Version))
}

// step carries out a person's decision and answers when it has been committed.
func (run *shareRun) step(ctx workflow.Context, s Step) (sharing.Snapshot, error) {
	var a *activities.Activities
	perform := map[sharing.Action]any{
		sharing.Submit:            a.Submit,
		sharing.Pass:              a.Pass,
		sharing.SendBack:          a.SendBack,
		sharing.Extend:            a.Extend,
		sharing.Reassign:          a.Reassign,
		sharing.RequestCompletion: a.RequestCompletion,
		sharing.Complete:          a.Complete,
		sharing.Answer:            a.Answer,
		sharing.Provide:           a.Provide,
		sharing.Confirm:           a.Confirm,
		sharing.ReportFailure:     a.ReportFailure,
		sharing.Withdraw:          a.Withdraw,
	}[s.Action]
	if perform == nil {
		return run.Snapshot, activities.ToTemporal(sharing.Errorf(sharing.CodeWrongState, "%s is not a step of a case", s.Action))
	}
	var next sharing.Snapshot
	err := workflow.ExecuteLocalActivity(oneStep(ctx), perform, s.CommandID).Get(ctx, &next)
	switch {
	case err == nil:
		run.see(next)
	case s.Action == sharing.Submit && !run.known():
		run.failed = true
	default:
		// Somebody was faster, or the database knows more than this run: look again.
		run.nudged = true
	}
	return next, err
}

// see takes over where the case stands, unless something newer is known.
func (run *shareRun) see(next sharing.Snapshot) {
	if next.Version < run.Version {
		return
	}
	run.Snapshot = next
	run.Changed++
}

// listen turns every nudge into a look at the case.
func (run *shareRun) listen(ctx workflow.Context) {
	nudges := workflow.GetSignalChannel(ctx, NudgeSignal)
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			nudges.Receive(ctx, nil)
			run.nudged = true
		}
	})
}

// receive waits until the case exists. A submission that is refused, or never
// comes, leaves none.
func (run *shareRun) receive(ctx workflow.Context, filed bool) error {
	if run.known() {
		run.nudged = true // continued as new: a nudge may have been lost on the way
		return nil
	}
	if !filed {
		enough := workflow.Now(ctx).Add(patience)
		_, err := awaitUntil(ctx, &enough, func() bool { return run.known() || run.failed || run.nudged })
		if err != nil || run.known() || run.failed {
			return err
		}
	}
	return run.look(ctx)
}

// startSiblings starts the workflows of the cases filed together with this one.
func (run *shareRun) startSiblings(ctx workflow.Context) {
	if len(run.Siblings) == 0 {
		return
	}
	var a *activities.Activities
	siblings := run.Siblings
	run.Siblings = nil
	// This case waits meanwhile, so not for long: a worker that dies here is missed
	// after ten seconds.
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second, ScheduleToCloseTimeout: 30 * time.Second})
	if err := workflow.ExecuteActivity(ctx, a.StartCases, siblings).Get(ctx, nil); err != nil {
		// The sweep starts what was not started here.
		workflow.GetLogger(ctx).Warn("siblings not started", "error", err)
	}
}

// while stays as long as the case is in one of the states, and lets time do its
// part: at each rung of the ladder, and at the end of the grant, it looks at the
// case and waits for what comes next. It returns early, with the case as it is,
// when the history has grown long enough to continue as new.
func (run *shareRun) while(ctx workflow.Context, states ...sharing.State) {
	in := func() bool {
		for _, s := range states {
			if run.State == s {
				return true
			}
		}
		return false
	}
	for in() && !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		seen := run.Changed
		woken := func() bool { return run.nudged || run.Changed != seen }
		due, err := awaitUntil(ctx, run.Wake, woken)
		if err != nil {
			return
		}
		if !due && !run.nudged {
			continue
		}
		run.nudged = false
		err = run.look(ctx)
		pause := time.Duration(0)
		switch {
		case err != nil: // the database is away; the rungs are still there when it is back
			run.nudged, pause = true, 10*time.Second
		case run.Wake != nil && !run.Wake.After(workflow.Now(ctx)): // not yet due by its clock, which is behind
			pause = time.Second
		}
		if pause > 0 && workflow.Sleep(ctx, pause) != nil {
			return
		}
	}
}

// look asks the database where the case stands, after letting time do what is due
// by the database's clock.
func (run *shareRun) look(ctx workflow.Context) error {
	var a *activities.Activities
	var next sharing.Snapshot
	if err := workflow.ExecuteLocalActivity(oneStep(ctx), a.Advance, run.caseID).Get(ctx, &next); err != nil {
		return err
	}
	run.see(next)
	return nil
}

// oneStep are the options of one transaction: tried again for as long as whoever
// asked would wait.
func oneStep(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    10 * time.Second,
		ScheduleToCloseTimeout: 20 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 2 * time.Second},
	})
}
