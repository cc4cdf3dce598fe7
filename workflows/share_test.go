package workflows_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"gongshu/activities"
	"gongshu/sharing"
	"gongshu/workflows"
)

// book stands for the database: it remembers where the one case stands and when
// it was looked at, on the workflow's own time.
type book struct {
	mu    sync.Mutex // steps and looks run beside the workflow
	env   *testsuite.TestWorkflowEnvironment
	at    sharing.Snapshot
	looks []time.Time
	// due are instants at which time changes something, ascending; end is when the
	// grant runs out.
	due []time.Time
	end time.Time
	// away makes every look fail while it is true.
	away bool
}

// change lets a test alter what the database holds while the workflow runs.
func (b *book) change(how func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	how()
}

func (b *book) snapshot() sharing.Snapshot {
	b.at.Wake = nil
	if len(b.due) > 0 {
		b.at.Wake = &b.due[0]
	}
	return b.at
}

// seen returns when the case was looked at so far. A look that was given up may
// still be under way when the workflow has ended.
func (b *book) seen() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.looks)
}

// waiting returns what time has not yet brought.
func (b *book) waiting() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.due)
}

func (b *book) advance(context.Context, string) (sharing.Snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks = append(b.looks, b.env.Now().UTC())
	if b.away {
		return sharing.Snapshot{}, temporal.NewApplicationError("away", "unavailable")
	}
	for len(b.due) > 0 && !b.due[0].After(b.env.Now()) {
		if b.due[0].Equal(b.end) {
			b.at.State, b.at.Version = sharing.Ended, b.at.Version+1
		}
		b.due = b.due[1:]
	}
	return b.snapshot(), nil
}

func (b *book) step(to sharing.State, due ...time.Time) func(context.Context, string) (sharing.Snapshot, error) {
	return func(context.Context, string) (sharing.Snapshot, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.at.State, b.at.Version, b.due = to, b.at.Version+1, due
		return b.snapshot(), nil
	}
}

const caseID = "0b5ff1ae-6f0c-4c4e-9a83-9d3e8b1d5a10"

var received = time.Date(2026, 11, 2, 1, 30, 0, 0, time.UTC)

func setup(t *testing.T) (*testsuite.TestWorkflowEnvironment, *book) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(received)
	env.SetTestTimeout(20 * time.Second)
	var a *activities.Activities
	env.RegisterActivity(a)
	b := &book{env: env, at: sharing.Snapshot{CaseID: caseID}}
	env.OnActivity(a.Advance, mock.Anything, caseID).Return(b.advance).Maybe()
	return env, b
}

// reply remembers what became of an update.
type reply struct {
	accepted bool
	rejected error
	err      error
	snapshot sharing.Snapshot
	at       time.Time
}

// send sends a step after a while.
func send(t *testing.T, env *testsuite.TestWorkflowEnvironment, after time.Duration, s workflows.Step) *reply {
	t.Helper()
	var r reply
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow(workflows.StepUpdate, string(s.Action)+after.String(), &testsuite.TestUpdateCallback{
			OnAccept: func() { r.accepted = true },
			OnReject: func(err error) { r.rejected = err },
			OnComplete: func(v any, err error) {
				r.at, r.err = env.Now(), err
				if snapshot, ok := v.(sharing.Snapshot); ok {
					r.snapshot = snapshot
				}
			},
		}, s)
	}, after)
	return &r
}

func result(t *testing.T, env *testsuite.TestWorkflowEnvironment) workflows.CaseResult {
	t.Helper()
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	var got workflows.CaseResult
	require.NoError(t, env.GetWorkflowResult(&got))
	return got
}

const day = 24 * time.Hour

func TestFromReceiptToTheEndOfTheGrant(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	limit := received.Add(7 * day)
	reminder := received.Add(5 * day)
	b.end = received.Add(30 * day)
	env.OnActivity(a.Submit, mock.Anything, "c-submit").Return(b.step(sharing.Answering, reminder, limit)).Once()
	env.OnActivity(a.Answer, mock.Anything, "c-answer").Return(b.step(sharing.Agreed, received.Add(13*day))).Once()
	env.OnActivity(a.Provide, mock.Anything, "c-provide").Return(b.step(sharing.Provided, b.end)).Once()
	env.OnActivity(a.Confirm, mock.Anything, "c-confirm").Return(b.step(sharing.InUse, b.end)).Once()

	submitted := send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	answered := send(t, env, 6*day, workflows.Step{CommandID: "c-answer", Action: sharing.Answer, Expected: 1})
	send(t, env, 8*day, workflows.Step{CommandID: "c-provide", Action: sharing.Provide, Expected: 2})
	send(t, env, 9*day, workflows.Step{CommandID: "c-confirm", Action: sharing.Confirm, Expected: 3})

	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID})

	require.True(t, submitted.accepted)
	require.NoError(t, answered.err)
	require.Equal(t, sharing.Agreed, answered.snapshot.State)
	require.Equal(t, workflows.CaseResult{State: sharing.Ended, Version: 5}, result(t, env))
	// It looked exactly when the reminder was due and when the grant ended: the limit
	// itself had been met before, and its timer was cancelled.
	require.Equal(t, []time.Time{reminder, b.end}, b.seen())
}

func TestEveryRungWakesItOnTime(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	rungs := []time.Time{received.Add(3 * day), received.Add(5 * day), received.Add(6 * day), received.Add(8 * day)}
	env.OnActivity(a.Submit, mock.Anything, "c-submit").Return(b.step(sharing.Answering, rungs...)).Once()
	env.OnActivity(a.Answer, mock.Anything, "c-late").Return(b.step(sharing.Refused)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	send(t, env, 20*day, workflows.Step{CommandID: "c-late", Action: sharing.Answer, Expected: 1})

	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID})

	require.Equal(t, rungs, b.seen())
	require.Equal(t, sharing.Refused, result(t, env).State, "a late answer is still an answer")
}

func TestARefusedSubmissionLeavesNoCase(t *testing.T) {
	env, _ := setup(t)
	var a *activities.Activities
	refusal := activities.ToTemporal(sharing.Invalid("/mode", "allowed_mode", ""))
	env.OnActivity(a.Submit, mock.Anything, "c-submit").Return(sharing.Snapshot{}, refusal).Once()
	r := send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})

	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID})

	require.Equal(t, sharing.CodeInvalid, sharing.CodeOf(activities.FromTemporal(r.err)))
	require.Equal(t, workflows.CaseResult{}, result(t, env))
}

func TestWithoutASubmissionItDoesNotStay(t *testing.T) {
	env, b := setup(t)
	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID})
	require.Equal(t, workflows.CaseResult{}, result(t, env))
	require.Equal(t, []time.Time{received.Add(time.Minute)}, b.seen())
}

func TestStaleAndSecondDecisionsAreRefusedBeforeTheyAreWritten(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	env.OnActivity(a.Submit, mock.Anything, "c-submit").Return(b.step(sharing.Answering)).Once()
	env.OnActivity(a.RequestCompletion, mock.Anything, "c-gaps").Return(b.step(sharing.Completing)).Once()
	env.OnActivity(a.Withdraw, mock.Anything, "c-withdraw").Return(b.step(sharing.Withdrawn)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	send(t, env, time.Hour, workflows.Step{CommandID: "c-gaps", Action: sharing.RequestCompletion, Expected: 1})
	stale := send(t, env, 2*time.Hour, workflows.Step{CommandID: "c-stale", Action: sharing.Withdraw, Expected: 1})
	wrong := send(t, env, 3*time.Hour, workflows.Step{CommandID: "c-wrong", Action: sharing.Answer, Expected: 2})
	send(t, env, 4*time.Hour, workflows.Step{CommandID: "c-withdraw", Action: sharing.Withdraw, Expected: 2})

	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID})

	require.Equal(t, sharing.CodeStale, sharing.CodeOf(activities.FromTemporal(stale.rejected)))
	require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(activities.FromTemporal(wrong.rejected)))
	require.Equal(t, sharing.Withdrawn, result(t, env).State)
}

func TestWhenTheDatabaseKnowsMoreItLooksAgain(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	env.OnActivity(a.Submit, mock.Anything, "c-submit").Return(b.step(sharing.Answering)).Once()
	// Another process refused the case; this workflow was not told.
	env.OnActivity(a.Answer, mock.Anything, "c-answer").Return(func(context.Context, string) (sharing.Snapshot, error) {
		b.change(func() { b.at.State, b.at.Version = sharing.Refused, 2 })
		return sharing.Snapshot{}, activities.ToTemporal(sharing.Errorf(sharing.CodeAlreadyDecided, "refused"))
	}).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	r := send(t, env, time.Hour, workflows.Step{CommandID: "c-answer", Action: sharing.Answer, Expected: 1})

	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID})

	require.Equal(t, sharing.CodeAlreadyDecided, sharing.CodeOf(activities.FromTemporal(r.err)))
	require.Equal(t, workflows.CaseResult{State: sharing.Refused, Version: 2}, result(t, env))
}

func TestANudgeMakesItLook(t *testing.T) {
	env, b := setup(t)
	b.at = sharing.Snapshot{CaseID: caseID, State: sharing.Answering, Version: 3}
	env.RegisterDelayedCallback(func() {
		b.change(func() { b.at.State, b.at.Version = sharing.Withdrawn, 4 })
		env.SignalWorkflow(workflows.NudgeSignal, nil)
	}, day)
	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID, Filed: true})
	require.Equal(t, []time.Time{received, received.Add(day)}, b.seen())
	require.Equal(t, workflows.CaseResult{State: sharing.Withdrawn, Version: 4}, result(t, env))
}

func TestTheDatabaseMayBeAwayWhenALimitPasses(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	limit := received.Add(day)
	env.OnActivity(a.Submit, mock.Anything, "c-submit").Return(b.step(sharing.Answering, limit)).Once()
	env.OnActivity(a.Withdraw, mock.Anything, "c-withdraw").Return(b.step(sharing.Withdrawn)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	env.RegisterDelayedCallback(func() { b.change(func() { b.away = true }) }, time.Hour)
	env.RegisterDelayedCallback(func() { b.change(func() { b.away = false }) }, day+5*time.Minute)
	send(t, env, 2*day, workflows.Step{CommandID: "c-withdraw", Action: sharing.Withdraw, Expected: 1})

	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID})

	require.Empty(t, b.waiting(), "the rung fired once the database was back")
	looks := b.seen()
	require.Equal(t, limit, looks[0], "not before the limit")
	again := slices.IndexFunc(looks, func(at time.Time) bool { return !at.Before(limit.Add(5 * time.Minute)) })
	require.Greater(t, again, 1, "asked again and again while the database was away")
	require.Equal(t, sharing.Withdrawn, result(t, env).State)
}

func TestItContinuesAsNewWithAllItKnows(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	wake := received.Add(10 * day)
	env.OnActivity(a.Submit, mock.Anything, "c-submit").Return(b.step(sharing.Answering, wake)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	env.RegisterDelayedCallback(func() {
		env.SetContinueAsNewSuggested(true)
		env.SignalWorkflow(workflows.NudgeSignal, nil)
	}, day)
	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID})

	require.True(t, env.IsWorkflowCompleted())
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)

	// The second run, from what the first handed over.
	second, b2 := setup(t)
	second.SetStartTime(received.Add(day))
	b.change(func() { b2.at, b2.due = b.at, b.due })
	second.OnActivity(a.Answer, mock.Anything, "c-answer").Return(b2.step(sharing.Refused)).Once()
	r := send(t, second, 12*day, workflows.Step{CommandID: "c-answer", Action: sharing.Answer, Expected: 1})
	second.ExecuteWorkflow(workflows.Share, decodeInput(t, next))
	require.NoError(t, r.err)
	require.Contains(t, b2.seen(), wake, "the timer of the first run rings in the second")
	require.Equal(t, workflows.CaseResult{State: sharing.Refused, Version: 2}, result(t, second))
}

func TestSiblingsAreStarted(t *testing.T) {
	env, b := setup(t)
	var a *activities.Activities
	siblings := []string{"8f6f9b4e-0000-4000-8000-000000000001", "8f6f9b4e-0000-4000-8000-000000000002"}
	env.OnActivity(a.Submit, mock.Anything, "c-submit").Return(func(context.Context, string) (sharing.Snapshot, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.at = sharing.Snapshot{CaseID: caseID, State: sharing.Answering, Version: 1}
		s := b.at
		s.Siblings = siblings
		return s, nil
	}).Once()
	env.OnActivity(a.StartCases, mock.Anything, siblings).Return(nil).Once()
	env.OnActivity(a.Withdraw, mock.Anything, "c-withdraw").Return(b.step(sharing.Withdrawn)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	send(t, env, day, workflows.Step{CommandID: "c-withdraw", Action: sharing.Withdraw, Expected: 1})
	env.ExecuteWorkflow(workflows.Share, workflows.CaseInput{CaseID: caseID})
	require.Equal(t, sharing.Withdrawn, result(t, env).State)
	env.AssertExpectations(t)
}

func decodeInput(t *testing.T, e *workflow.ContinueAsNewError) workflows.CaseInput {
	t.Helper()
	var in workflows.CaseInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(e.Input, &in))
	require.True(t, in.Filed)
	return in
}
