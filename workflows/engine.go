package workflows

import (
	"context"
	"errors"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"gongshu/activities"
	"gongshu/sharing"
)

// Engine addresses the workflows of cases through a Temporal client.
type Engine struct {
	Client client.Client
	// ProcedureOf tells the procedure of a case that is in the database.
	ProcedureOf func(ctx context.Context, caseID string) (sharing.Procedure, error)
}

// Submit starts the workflow of a case and submits it in one call. It returns
// when the submission has been committed, or a *sharing.Error.
func (e Engine) Submit(ctx context.Context, p sharing.Procedure, caseID string, s Step) error {
	return e.updateWithStart(ctx, p, CaseInput{CaseID: caseID}, s)
}

// Step asks the workflow of a case for one step, and returns when it has been
// committed, or a *sharing.Error.
func (e Engine) Step(ctx context.Context, caseID string, s Step) error {
	handle, err := e.Client.UpdateWorkflow(ctx, update(caseID, s))
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		// The case is closed, or its workflow was lost: a new run looks it up.
		p, err := e.ProcedureOf(ctx, caseID)
		if err != nil {
			return err
		}
		return e.updateWithStart(ctx, p, CaseInput{CaseID: caseID, Filed: true}, s)
	}
	return fromEngine(err)
}

func update(caseID string, s Step) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{
		WorkflowID: CaseWorkflowID(caseID), UpdateName: StepUpdate, Args: []any{s}, WaitForStage: client.WorkflowUpdateStageCompleted,
	}
}

func (e Engine) updateWithStart(ctx context.Context, p sharing.Procedure, in CaseInput, s Step) error {
	start := e.Client.NewWithStartWorkflowOperation(startOptions(in.CaseID), Of(p), in)
	handle, err := e.Client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start, UpdateOptions: update(in.CaseID, s),
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	return fromEngine(err)
}

func startOptions(caseID string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: CaseWorkflowID(caseID), TaskQueue: TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowTaskTimeout:      10 * time.Second,
	}
}

// Start starts the workflow of a case that is in the database already, unless it
// runs.
func (e Engine) Start(ctx context.Context, caseID string) error {
	p, err := e.ProcedureOf(ctx, caseID)
	if err != nil {
		return err
	}
	_, err = e.Client.ExecuteWorkflow(ctx, startOptions(caseID), Of(p), CaseInput{CaseID: caseID, Filed: true})
	return fromEngine(err)
}

// Nudge makes the workflow of a case look at it again, starting it if it does
// not run.
func (e Engine) Nudge(ctx context.Context, caseID string) error {
	p, err := e.ProcedureOf(ctx, caseID)
	if err != nil {
		return err
	}
	_, err = e.Client.SignalWithStartWorkflow(ctx, CaseWorkflowID(caseID), NudgeSignal, nil, startOptions(caseID), Of(p),
		CaseInput{CaseID: caseID, Filed: true})
	return fromEngine(err)
}

// Position returns whether the workflow of a case runs, and in which version it
// thinks the case is.
func (e Engine) Position(ctx context.Context, caseID string) (running bool, version int, err error) {
	description, err := e.Client.DescribeWorkflowExecution(ctx, CaseWorkflowID(caseID), "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return false, 0, nil
	}
	if err != nil {
		return false, 0, fromEngine(err)
	}
	if description.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return false, 0, nil
	}
	value, err := e.Client.QueryWorkflow(ctx, CaseWorkflowID(caseID), "", SnapshotQuery)
	if err != nil {
		return true, 0, fromEngine(err)
	}
	var snapshot sharing.Snapshot
	if err := value.Get(&snapshot); err != nil {
		return true, 0, err
	}
	return true, snapshot.Version, nil
}

// Running returns the ids of all cases whose workflows run, as the server's
// visibility store knows it: a moment late.
func (e Engine) Running(ctx context.Context) (map[string]bool, error) {
	running := map[string]bool{}
	var page []byte
	for {
		listed, err := e.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: "WorkflowId STARTS_WITH '" + CaseWorkflowID("") + "' AND ExecutionStatus = 'Running'", PageSize: 1000, NextPageToken: page,
		})
		if err != nil {
			return nil, fromEngine(err)
		}
		for _, execution := range listed.GetExecutions() {
			running[strings.TrimPrefix(execution.GetExecution().GetWorkflowId(), CaseWorkflowID(""))] = true
		}
		if page = listed.GetNextPageToken(); len(page) == 0 {
			return running, nil
		}
	}
}

// Ping reports whether the Temporal server answers.
func (e Engine) Ping(ctx context.Context) error {
	_, err := e.Client.CheckHealth(ctx, &client.CheckHealthRequest{})
	return fromEngine(err)
}

// fromEngine turns what a step refused into its *sharing.Error, and everything
// that the server or the network did into CodeUnavailable: the step may or may
// not have happened, and asking again with the same key tells.
func fromEngine(err error) error {
	if err == nil {
		return nil
	}
	var known *sharing.Error
	if back := activities.FromTemporal(err); errors.As(back, &known) {
		return known
	}
	return &sharing.Error{Code: sharing.CodeUnavailable, Cause: err}
}
