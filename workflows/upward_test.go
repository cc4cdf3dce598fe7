package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"gongshu/activities"
	"gongshu/sharing"
	"gongshu/workflows"
)

// A need waits for the steps of its request, of which it hears by a nudge.
func TestANeedMovesWithItsRequest(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	env.OnActivity(a.StateNeed, mock.Anything, "c-submit").Return(b.step(sharing.Collected)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	for i, state := range []sharing.State{sharing.Bundled, sharing.SentUp, sharing.GrantedAbove} {
		env.RegisterDelayedCallback(func() {
			b.change(func() { b.at.State, b.at.Version = state, b.at.Version+1 })
			env.SignalWorkflow(workflows.NudgeSignal, nil)
		}, 30*day*time.Duration(1+i))
	}
	late := send(t, env, 40*day, workflows.Step{CommandID: "c-withdraw", Action: sharing.Withdraw, Expected: 2})

	env.ExecuteWorkflow(workflows.Need, workflows.CaseInput{CaseID: caseID})

	require.Error(t, late.rejected, "it is part of a request")
	require.Equal(t, workflows.CaseResult{State: sharing.GrantedAbove, Version: 4}, result(t, env))
	require.Len(t, b.seen(), 3)
}

func TestARequestUpwardFromBundlingToTheReply(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	env.OnActivity(a.OpenUpward, mock.Anything, "c-submit").Return(b.step(sharing.Preparing)).Once()
	env.OnActivity(a.BundleNeeds, mock.Anything, "c-bundle").Return(b.step(sharing.Preparing)).Once()
	env.OnActivity(a.SendUpward, mock.Anything, "c-send").Return(b.step(sharing.SentUp)).Once()
	env.OnActivity(a.RelayReply, mock.Anything, "c-reply").Return(b.step(sharing.RefusedAbove)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	send(t, env, day, workflows.Step{CommandID: "c-bundle", Action: sharing.Bundle, Expected: 1})
	send(t, env, 2*day, workflows.Step{CommandID: "c-send", Action: sharing.SendUp, Expected: 2})
	wrong := send(t, env, 3*day, workflows.Step{CommandID: "c-abandon", Action: sharing.Abandon, Expected: 3})
	send(t, env, 90*day, workflows.Step{CommandID: "c-reply", Action: sharing.RelayReply, Expected: 3})

	env.ExecuteWorkflow(workflows.Upward, workflows.CaseInput{CaseID: caseID})

	require.Error(t, wrong.rejected)
	require.Equal(t, workflows.CaseResult{State: sharing.RefusedAbove, Version: 4}, result(t, env))
	require.Empty(t, b.seen(), "no time passes for it")
}
