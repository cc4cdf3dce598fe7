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

// A project that is live is looked at on the day of each inspection, until it is
// retired.
func TestALiveProjectIsInspectedOnItsDays(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	first, second := received.Add(200*day), received.Add(380*day)
	env.OnActivity(a.RegisterProject, mock.Anything, "c-submit").Return(b.step(sharing.Initiating)).Once()
	env.OnActivity(a.InitiateProject, mock.Anything, "c-initiate").Return(b.step(sharing.Building)).Once()
	env.OnActivity(a.AskProjectAcceptance, mock.Anything, "c-ask").Return(b.step(sharing.Accepting)).Once()
	env.OnActivity(a.AcceptProject, mock.Anything, "c-no").Return(b.step(sharing.Rectifying)).Once()
	env.OnActivity(a.ReportProjectGaps, mock.Anything, "c-mended").Return(b.step(sharing.Accepting)).Once()
	env.OnActivity(a.AcceptProject, mock.Anything, "c-yes").Return(b.step(sharing.Accepted, first, second)).Once()
	env.OnActivity(a.RetireProject, mock.Anything, "c-retire").Return(b.step(sharing.Retired)).Once()

	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	send(t, env, day, workflows.Step{CommandID: "c-initiate", Action: sharing.Initiate, Expected: 1})
	early := send(t, env, 2*day, workflows.Step{CommandID: "c-early", Action: sharing.Accept, Expected: 2})
	send(t, env, 10*day, workflows.Step{CommandID: "c-ask", Action: sharing.AskAcceptance, Expected: 2})
	send(t, env, 11*day, workflows.Step{CommandID: "c-no", Action: sharing.Accept, Expected: 3})
	send(t, env, 12*day, workflows.Step{CommandID: "c-mended", Action: sharing.ReportGaps, Expected: 4})
	send(t, env, 13*day, workflows.Step{CommandID: "c-yes", Action: sharing.Accept, Expected: 5})
	send(t, env, 500*day, workflows.Step{CommandID: "c-retire", Action: sharing.Retire, Expected: 6})

	env.ExecuteWorkflow(workflows.Project, workflows.CaseInput{CaseID: caseID})

	require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(activities.FromTemporal(early.rejected)), "nothing has been built")
	require.Equal(t, []time.Time{first, second}, b.seen())
	require.Equal(t, workflows.CaseResult{State: sharing.Retired, Version: 7}, result(t, env))
}

// A rectification that was filed when a ladder ended starts by itself, wakes on
// its rungs, and goes on in a second run.
func TestARectificationThatFollowed(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	reminder, limit := received.Add(8*day), received.Add(10*day)
	b.at = sharing.Snapshot{CaseID: caseID, State: sharing.Notified, Version: 1}
	b.due = []time.Time{reminder, limit}
	env.OnActivity(a.EscalateRectification, mock.Anything, "c-report").Return(b.step(sharing.Reported)).Once()
	send(t, env, 12*day, workflows.Step{CommandID: "c-report", Action: sharing.Escalate, Expected: 1})
	env.RegisterDelayedCallback(func() {
		env.SetContinueAsNewSuggested(true)
		env.SignalWorkflow(workflows.NudgeSignal, nil)
	}, 13*day)

	env.ExecuteWorkflow(workflows.Rectify, workflows.CaseInput{CaseID: caseID, Filed: true})

	require.Contains(t, b.seen(), reminder)
	require.Contains(t, b.seen(), limit)
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)

	again, b2 := setup(t)
	again.SetStartTime(received.Add(13 * day))
	b.change(func() { b2.at = b.at })
	again.OnActivity(a.EscalateRectification, mock.Anything, "c-order").Return(b2.step(sharing.Ordered)).Once()
	again.OnActivity(a.HandInEvidence, mock.Anything, "c-evidence").Return(b2.step(sharing.Reviewing)).Once()
	again.OnActivity(a.JudgeEvidence, mock.Anything, "c-judge").Return(b2.step(sharing.Rectified)).Once()
	send(t, again, day, workflows.Step{CommandID: "c-order", Action: sharing.Escalate, Expected: 2})
	send(t, again, 2*day, workflows.Step{CommandID: "c-evidence", Action: sharing.HandInEvidence, Expected: 3})
	send(t, again, 3*day, workflows.Step{CommandID: "c-judge", Action: sharing.JudgeEvidence, Expected: 4})

	again.ExecuteWorkflow(workflows.Rectify, decodeInput(t, next))
	require.Equal(t, workflows.CaseResult{State: sharing.Rectified, Version: 5}, result(t, again))
}
