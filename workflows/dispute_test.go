package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"gongshu/activities"
	"gongshu/sharing"
	"gongshu/workflows"
)

func TestADisputeFromReportToCorrection(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	reminder, limit, urged := received.Add(10*day), received.Add(14*day), received.Add(15*day)
	env.OnActivity(a.ReportDispute, mock.Anything, "c-report").Return(b.step(sharing.Verifying, reminder, limit, urged)).Once()
	env.OnActivity(a.Reassign, mock.Anything, "c-reassign").Return(b.step(sharing.Verifying, limit, urged)).Once()
	env.OnActivity(a.VerifyDispute, mock.Anything, "c-verify").Return(b.step(sharing.Corrected)).Once()
	reported := send(t, env, 0, workflows.Step{CommandID: "c-report", Action: sharing.Submit})
	send(t, env, 11*day, workflows.Step{CommandID: "c-reassign", Action: sharing.Reassign, Expected: 1})
	stale := send(t, env, 12*day, workflows.Step{CommandID: "c-stale", Action: sharing.Verify, Expected: 1})
	odd := send(t, env, 12*day, workflows.Step{CommandID: "c-odd", Action: sharing.Answer, Expected: 2})
	verified := send(t, env, 16*day, workflows.Step{CommandID: "c-verify", Action: sharing.Verify, Expected: 2})

	env.ExecuteWorkflow(workflows.Dispute, workflows.CaseInput{CaseID: caseID})

	require.NoError(t, reported.err)
	require.Equal(t, sharing.CodeStale, sharing.CodeOf(activities.FromTemporal(stale.rejected)))
	require.Error(t, odd.rejected)
	require.Equal(t, sharing.Corrected, verified.snapshot.State, "late, and still verified")
	require.Equal(t, workflows.CaseResult{State: sharing.Corrected, Version: 3}, result(t, env))
	require.Equal(t, []time.Time{reminder, limit, urged}, b.seen())
}

// A dispute that the authority's ruling ordered was filed with it: the workflow
// finds it there.
func TestADisputeThatWasFiledBefore(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	b.at = sharing.Snapshot{CaseID: caseID, State: sharing.Verifying, Version: 1}
	env.OnActivity(a.WithdrawDispute, mock.Anything, "c-withdraw").Return(b.step(sharing.Withdrawn)).Once()
	send(t, env, day, workflows.Step{CommandID: "c-withdraw", Action: sharing.Withdraw, Expected: 1})

	env.ExecuteWorkflow(workflows.Dispute, workflows.CaseInput{CaseID: caseID, Filed: true})

	require.Equal(t, workflows.CaseResult{State: sharing.Withdrawn, Version: 2}, result(t, env))
	require.Equal(t, []time.Time{received}, b.seen())
}

func TestCoordinationFromRequestToRuling(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	target := received.Add(14 * day)
	env.OnActivity(a.AskCoordination, mock.Anything, "c-ask").Return(b.step(sharing.UnderCoordination, target)).Once()
	env.OnActivity(a.NameOwner, mock.Anything, "c-name").Return(b.step(sharing.UnderCoordination, target)).Once()
	env.OnActivity(a.Opine, mock.Anything, "c-opine").Return(b.step(sharing.UnderCoordination, target)).Once()
	env.OnActivity(a.Rule, mock.Anything, "c-rule").Return(b.step(sharing.Catalogued)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-ask", Action: sharing.Submit})
	send(t, env, 2*day, workflows.Step{CommandID: "c-name", Action: sharing.NameOwner, Expected: 1})
	send(t, env, 4*day, workflows.Step{CommandID: "c-opine", Action: sharing.Opine, Expected: 2})
	ruled := send(t, env, 15*day, workflows.Step{CommandID: "c-rule", Action: sharing.Rule, Expected: 3})
	late := send(t, env, 15*day, workflows.Step{CommandID: "c-late", Action: sharing.Withdraw, Expected: 3})

	env.ExecuteWorkflow(workflows.Coordinate, workflows.CaseInput{CaseID: caseID})

	require.Equal(t, sharing.Catalogued, ruled.snapshot.State)
	require.False(t, late.accepted && late.err == nil, "nothing is withdrawn once it is ruled")
	require.Equal(t, workflows.CaseResult{State: sharing.Catalogued, Version: 4}, result(t, env))
	require.Equal(t, []time.Time{target}, b.seen())
}

// A long history continues as new, with all that it knows.
func TestDisputesAndCoordinationContinueAsNew(t *testing.T) {
	var a *activities.Activities
	for name, row := range map[string]struct {
		run    func(workflow.Context, workflows.CaseInput) (workflows.CaseResult, error)
		open   any
		in     sharing.State
		last   any
		action sharing.Action
		end    sharing.State
	}{
		"dispute":      {workflows.Dispute, a.ReportDispute, sharing.Verifying, a.VerifyDispute, sharing.Verify, sharing.Explained},
		"coordination": {workflows.Coordinate, a.AskCoordination, sharing.UnderCoordination, a.Rule, sharing.Rule, sharing.Upheld},
	} {
		t.Run(name, func(t *testing.T) {
			env, b := setup(t)
			limit := received.Add(10 * day)
			env.OnActivity(row.open, mock.Anything, "c-open").Return(b.step(row.in, limit)).Once()
			send(t, env, 0, workflows.Step{CommandID: "c-open", Action: sharing.Submit})
			env.RegisterDelayedCallback(func() {
				env.SetContinueAsNewSuggested(true)
				env.SignalWorkflow(workflows.NudgeSignal, nil)
			}, day)
			env.ExecuteWorkflow(row.run, workflows.CaseInput{CaseID: caseID})
			var next *workflow.ContinueAsNewError
			require.ErrorAs(t, env.GetWorkflowError(), &next)

			second, b2 := setup(t)
			second.SetStartTime(received.Add(day))
			b.change(func() { b2.at, b2.due = b.at, b.due })
			second.OnActivity(row.last, mock.Anything, "c-last").Return(b2.step(row.end)).Once()
			r := send(t, second, 12*day, workflows.Step{CommandID: "c-last", Action: row.action, Expected: 1})
			second.ExecuteWorkflow(row.run, decodeInput(t, next))
			require.NoError(t, r.err)
			require.Contains(t, b2.seen(), limit, "the timer of the first run rings in the second")
			require.Equal(t, workflows.CaseResult{State: row.end, Version: 2}, result(t, second))
		})
	}
}
