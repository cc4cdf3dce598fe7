package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"gongshu/activities"
	"gongshu/sharing"
	"gongshu/workflows"
)

// A duty is opened by the schedule; its ladder wakes it, and it ends when it is
// fulfilled, or when the data has been updated, of which a nudge tells.
func TestADutyUntilItIsFulfilled(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	reminder, limit := received.Add(30*day), received.Add(60*day)
	b.at = sharing.Snapshot{CaseID: caseID, State: sharing.Owed, Version: 1}
	b.due = []time.Time{reminder, limit}
	env.OnActivity(a.FulfilDuty, mock.Anything, "c-fulfil").Return(b.step(sharing.Fulfilled)).Once()
	r := send(t, env, 61*day, workflows.Step{CommandID: "c-fulfil", Action: sharing.Fulfil, Expected: 1})
	env.ExecuteWorkflow(workflows.Duty, workflows.CaseInput{CaseID: caseID, Filed: true})
	require.NoError(t, r.err)
	require.Equal(t, []time.Time{received, reminder, limit}, b.seen())
	require.Equal(t, workflows.CaseResult{State: sharing.Fulfilled, Version: 2}, result(t, env))
}

func TestADutyThatTimeSettled(t *testing.T) {
	env, b := setup(t)
	b.at = sharing.Snapshot{CaseID: caseID, State: sharing.Owed, Version: 1}
	env.RegisterDelayedCallback(func() {
		b.change(func() { b.at.State, b.at.Version = sharing.Fulfilled, 2 })
		env.SignalWorkflow(workflows.NudgeSignal, nil)
	}, 5*day)
	env.ExecuteWorkflow(workflows.Duty, workflows.CaseInput{CaseID: caseID, Filed: true})
	require.Equal(t, workflows.CaseResult{State: sharing.Fulfilled, Version: 2}, result(t, env))
}

// One run of the schedule is one sweep, tried again while the database is away.
func TestOneRunOfTheSchedule(t *testing.T) {
	env, _ := setup(t)
	var a *activities.Activities
	tries := 0
	env.OnActivity(a.SweepStanding, mock.Anything).Return(func(context.Context) (activities.Swept, error) {
		if tries++; tries < 4 {
			return activities.Swept{}, errors.New("the database is away")
		}
		return activities.Swept{Opened: 12, Past: 3}, nil
	})
	env.ExecuteWorkflow(workflows.Standing)
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	var swept activities.Swept
	require.NoError(t, env.GetWorkflowResult(&swept))
	require.Equal(t, activities.Swept{Opened: 12, Past: 3}, swept)
	require.Equal(t, 4, tries)
}

// A sweep that never comes through is given up before the next day's.
func TestARunThatFailsEndsBeforeTheNext(t *testing.T) {
	env, _ := setup(t)
	var a *activities.Activities
	env.OnActivity(a.SweepStanding, mock.Anything).Return(activities.Swept{}, temporal.NewApplicationError("away", "unavailable"))
	env.ExecuteWorkflow(workflows.Standing)
	require.Error(t, env.GetWorkflowError())
	require.Less(t, env.Now().Sub(received), 24*time.Hour)
}

// An open-data request from receipt over the secrecy review to the signature.
func TestAnOpeningRequest(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	limit := received.Add(14 * day)
	env.OnActivity(a.RequestOpening, mock.Anything, "c-submit").Return(b.step(sharing.Screening, limit)).Once()
	env.OnActivity(a.ScreenOpening, mock.Anything, "c-screen").Return(b.step(sharing.Deciding, limit)).Once()
	env.OnActivity(a.AnswerOpening, mock.Anything, "c-answer").Return(b.step(sharing.Signing)).Once()
	env.OnActivity(a.SignAgreement, mock.Anything, "c-sign").Return(b.step(sharing.Opened)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	early := send(t, env, day, workflows.Step{CommandID: "c-early", Action: sharing.AnswerOpening, Expected: 1})
	send(t, env, 2*day, workflows.Step{CommandID: "c-screen", Action: sharing.Screen, Expected: 1})
	send(t, env, 15*day, workflows.Step{CommandID: "c-answer", Action: sharing.AnswerOpening, Expected: 2})
	second := send(t, env, 16*day, workflows.Step{CommandID: "c-second", Action: sharing.AnswerOpening, Expected: 2})
	send(t, env, 20*day, workflows.Step{CommandID: "c-sign", Action: sharing.SignAgreement, Expected: 3})
	env.ExecuteWorkflow(workflows.Opening, workflows.CaseInput{CaseID: caseID})
	require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(activities.FromTemporal(early.rejected)), "the secrecy review comes first")
	require.Equal(t, sharing.CodeAlreadyDecided, sharing.CodeOf(activities.FromTemporal(second.rejected)))
	require.Equal(t, []time.Time{limit}, b.seen())
	require.Equal(t, workflows.CaseResult{State: sharing.Opened, Version: 4}, result(t, env))
	env.AssertExpectations(t)
}
