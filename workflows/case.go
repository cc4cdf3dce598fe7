// Package workflows runs the procedures: one file each, which reads from top to
// bottom like the regulation. A workflow decides what happens next and when; what
// happened stands in PostgreSQL, written by the activities it calls. It carries
// ids, codes and instants, nothing else.
package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"gongshu/activities"
	"gongshu/sharing"
)

// procedures are the workflows that run the cases of each procedure.
var procedures = map[sharing.Procedure]func(workflow.Context, CaseInput) (CaseResult, error){}

func init() { // a workflow names itself to continue as new, so the table comes after
	procedures[sharing.ShareApplication] = Share
	procedures[sharing.CatalogChange] = Change
	procedures[sharing.UpwardNeed] = Need
	procedures[sharing.UpwardRequest] = Upward
	procedures[sharing.CorrectionDispute] = Dispute
	procedures[sharing.ProjectAcceptance] = Project
	procedures[sharing.RectificationOrder] = Rectify
	procedures[sharing.Coordination] = Coordinate
	procedures[sharing.OpeningRequest] = Opening
	procedures[sharing.StandingDuty] = Duty
}

// Of returns the workflow that runs the cases of a procedure; nil for none.
func Of(p sharing.Procedure) func(workflow.Context, CaseInput) (CaseResult, error) {
	return procedures[p]
}

// Register makes a worker run the cases of every procedure.
func Register(w worker.WorkflowRegistry) {
	for _, p := range sharing.Procedures {
		if run := Of(p); run != nil {
			w.RegisterWorkflow(run)
		}
	}
	w.RegisterWorkflow(Standing)
}

// begin is how every procedure's workflow begins: it can be asked where it stands,
// takes steps, and hears nudges.
func begin(ctx workflow.Context, p sharing.Procedure, in CaseInput) (*caseRun, error) {
	run := &caseRun{position: in.State, procedure: p, caseID: in.CaseID}
	if err := workflow.SetQueryHandler(ctx, SnapshotQuery, func() (sharing.Snapshot, error) { return run.Snapshot, nil }); err != nil {
		return run, err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, StepUpdate, run.step, workflow.UpdateHandlerOptions{Validator: run.validate}); err != nil {
		return run, err
	}
	run.listen(ctx)
	return run, nil
}

// end is how every procedure's workflow ends: its handlers are done, and the case
// is closed; or it goes on in a new run, since the history has grown long enough.
func (run *caseRun) end(ctx workflow.Context, itself any) (CaseResult, error) {
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return run.result(), err
	}
	if run.procedure.Machine().Open(run.State) {
		return run.result(), workflow.NewContinueAsNewError(ctx, itself, CaseInput{CaseID: run.caseID, Filed: true, State: run.position})
	}
	return run.result(), nil
}

// position is all that a run knows, and all that the next run is told.
type position struct {
	sharing.Snapshot
	// Changed counts what happened to the snapshot, so that a wait sees it.
	Changed int `json:"changed,omitempty"`
}

type caseRun struct {
	position
	procedure sharing.Procedure
	caseID    string
	nudged    bool
	failed    bool // the submission was refused: there is no case
}

// known reports whether the case exists.
func (run *caseRun) known() bool { return run.State != "" }

func (run *caseRun) result() CaseResult {
	return CaseResult{State: run.State, Version: run.Version}
}

// validate refuses, before anything is written to the history, a step that the
// state does not allow or that was decided on an older version. The database
// holds the same rule; this only spares it the work.
func (run *caseRun) validate(s Step) error {
	if s.Action == sharing.Submit {
		return nil // carrying it out tells whether it was submitted before
	}
	if !run.known() || s.Expected > run.Version {
		return nil // the database knows better
	}
	if s.Expected == run.Version && run.procedure.Machine().CanFollow(run.State, s.Action) {
		return nil
	}
	if machine := run.procedure.Machine(); !machine.CanFollow(run.State, s.Action) {
		_, err := machine.Next(run.State, s.Action, "")
		return activities.ToTemporal(err)
	}
	return activities.ToTemporal(sharing.Errorf(sharing.CodeStale, "decided on version %d, the case is at version %d", s.Expected, run.Version))
}

// step carries out a person's decision and answers when it has been committed.
func (run *caseRun) step(ctx workflow.Context, s Step) (sharing.Snapshot, error) {
	perform := activities.Steps(nil, run.procedure)[s.Action]
	if perform == nil {
		return run.Snapshot, activities.ToTemporal(sharing.Errorf(sharing.CodeWrongState, "%s is not a step of %s", s.Action, run.procedure))
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
func (run *caseRun) see(next sharing.Snapshot) {
	if next.Version < run.Version {
		return
	}
	run.Snapshot = next
	run.Changed++
}

// listen turns every nudge into a look at the case.
func (run *caseRun) listen(ctx workflow.Context) {
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
func (run *caseRun) receive(ctx workflow.Context, filed bool) error {
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
func (run *caseRun) startSiblings(ctx workflow.Context) {
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
func (run *caseRun) while(ctx workflow.Context, states ...sharing.State) {
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
func (run *caseRun) look(ctx workflow.Context) error {
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
