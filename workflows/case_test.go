package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
	"gongshu/workflows"
)

// Every procedure, in every state in which a case goes on, continues as new with
// all that it knows: the timer of the first run rings in the second, and the
// second ends when the case does.
func TestEveryProcedureContinuesAsNew(t *testing.T) {
	for _, p := range sharing.Procedures {
		machine := p.Machine()
		final := slices.DeleteFunc(machine.States(), machine.Open)
		for _, state := range slices.DeleteFunc(machine.States(), func(s sharing.State) bool { return !machine.Open(s) }) {
			t.Run(string(p)+"/"+string(state), func(t *testing.T) {
				limit := received.Add(10 * day)
				env, b := setup(t)
				b.at.State, b.at.Version, b.due = state, 3, []time.Time{limit}
				env.RegisterDelayedCallback(func() {
					env.SetContinueAsNewSuggested(true)
					env.SignalWorkflow(workflows.NudgeSignal, nil)
				}, day)
				env.ExecuteWorkflow(workflows.Of(p), workflows.CaseInput{CaseID: caseID, Filed: true})
				var next *workflow.ContinueAsNewError
				require.ErrorAs(t, env.GetWorkflowError(), &next)

				second, b2 := setup(t)
				second.SetStartTime(received.Add(day))
				b2.at.State, b2.at.Version, b2.due = state, 3, []time.Time{limit}
				second.RegisterDelayedCallback(func() {
					b2.change(func() { b2.at.State, b2.at.Version = final[0], 4 })
					second.SignalWorkflow(workflows.NudgeSignal, nil)
				}, 12*day)
				in := decodeInput(t, next)
				require.True(t, in.Filed)
				second.ExecuteWorkflow(workflows.Of(p), in)
				require.Contains(t, b2.seen(), limit)
				require.Equal(t, workflows.CaseResult{State: final[0], Version: 4}, result(t, second))
			})
		}
	}
}
