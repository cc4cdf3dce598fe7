package workflows_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"gongshu/activities"
	"gongshu/sharing"
	"gongshu/workflows"
)

// calendarOf stands for the database of one change: on its day, and not before,
// time takes it from one state to another.
type calendarOf struct {
	mu     sync.Mutex
	env    *testsuite.TestWorkflowEnvironment
	at     sharing.Snapshot
	on     time.Time // the day
	to     sharing.State
	passed []time.Time
}

func (c *calendarOf) advance(context.Context, string) (sharing.Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.Wake != nil && !c.env.Now().Before(*c.at.Wake) {
		c.passed = append(c.passed, c.env.Now().UTC())
		c.at.State, c.at.Wake = c.to, nil
		c.at.Version++
	}
	return c.at, nil
}

func (c *calendarOf) step(to sharing.State) func(context.Context, string) (sharing.Snapshot, error) {
	return func(context.Context, string) (sharing.Snapshot, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.at.State, c.at.Wake = to, nil
		c.at.Version++
		if to == sharing.Warning || to == sharing.Temporary {
			c.at.Wake = &c.on
		}
		return c.at, nil
	}
}

func changing(t *testing.T, on time.Time, to sharing.State) (*testsuite.TestWorkflowEnvironment, *calendarOf) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(received)
	env.SetTestTimeout(20 * time.Second)
	var a *activities.Activities
	env.RegisterActivity(a)
	c := &calendarOf{env: env, at: sharing.Snapshot{CaseID: caseID}, on: on, to: to}
	env.OnActivity(a.Advance, mock.Anything, caseID).Return(c.advance).Maybe()
	return env, c
}

// A change that holders were warned of takes effect by itself at the end of the
// notice, to the instant, and however often it was returned before.
func TestAChangeTakesEffectOnItsDay(t *testing.T) {
	notice := sharing.NewDate(2026, time.December, 20).End().UTC()
	env, c := changing(t, notice, sharing.Published)
	var a *activities.Activities
	env.OnActivity(a.SubmitChange, mock.Anything, "c-submit").Return(c.step(sharing.DepartmentReview)).Once()
	env.OnActivity(a.ReviewChange, mock.Anything, "c-return").Return(c.step(sharing.Revising)).Once()
	env.OnActivity(a.ReviseChange, mock.Anything, "c-revise").Return(c.step(sharing.DepartmentReview)).Once()
	env.OnActivity(a.ReviewChange, mock.Anything, "c-review").Return(c.step(sharing.AuthorityReview)).Once()
	env.OnActivity(a.CheckChange, mock.Anything, "c-check").Return(c.step(sharing.Warning)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	send(t, env, day, workflows.Step{CommandID: "c-return", Action: sharing.ReviewChange, Expected: 1})
	send(t, env, 2*day, workflows.Step{CommandID: "c-revise", Action: sharing.Revise, Expected: 2})
	send(t, env, 3*day, workflows.Step{CommandID: "c-review", Action: sharing.ReviewChange, Expected: 3})
	send(t, env, 18*day, workflows.Step{CommandID: "c-check", Action: sharing.CheckChange, Expected: 4})
	late := send(t, env, 20*day, workflows.Step{CommandID: "c-again", Action: sharing.CheckChange, Expected: 4})

	env.ExecuteWorkflow(workflows.Change, workflows.CaseInput{CaseID: caseID})

	require.Equal(t, workflows.CaseResult{State: sharing.Published, Version: 6}, result(t, env))
	require.Equal(t, []time.Time{notice}, c.passed)
	require.Error(t, late.rejected, "the announced change was checked again")
}

// A temporary change reverts by itself when its last day has passed.
func TestATemporaryChangeReverts(t *testing.T) {
	last := sharing.NewDate(2026, time.November, 30).End().UTC()
	env, c := changing(t, last, sharing.Reverted)
	var a *activities.Activities
	env.OnActivity(a.SubmitChange, mock.Anything, "c-submit").Return(c.step(sharing.DepartmentReview)).Once()
	env.OnActivity(a.ReviewChange, mock.Anything, "c-review").Return(c.step(sharing.Temporary)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	send(t, env, time.Hour, workflows.Step{CommandID: "c-review", Action: sharing.ReviewChange, Expected: 1})

	env.ExecuteWorkflow(workflows.Change, workflows.CaseInput{CaseID: caseID})

	require.Equal(t, workflows.CaseResult{State: sharing.Reverted, Version: 3}, result(t, env))
	require.Equal(t, []time.Time{last}, c.passed)
}

// Ended before its last day, it waits for that day no more.
func TestATemporaryChangeEndsEarly(t *testing.T) {
	env, c := changing(t, received.Add(30*day), sharing.Reverted)
	var a *activities.Activities
	env.OnActivity(a.SubmitChange, mock.Anything, "c-submit").Return(c.step(sharing.DepartmentReview)).Once()
	env.OnActivity(a.ReviewChange, mock.Anything, "c-review").Return(c.step(sharing.Temporary)).Once()
	env.OnActivity(a.EndEarly, mock.Anything, "c-end").Return(c.step(sharing.Reverted)).Once()
	send(t, env, 0, workflows.Step{CommandID: "c-submit", Action: sharing.Submit})
	send(t, env, time.Hour, workflows.Step{CommandID: "c-review", Action: sharing.ReviewChange, Expected: 1})
	ended := send(t, env, 5*day, workflows.Step{CommandID: "c-end", Action: sharing.EndEarly, Expected: 2})

	env.ExecuteWorkflow(workflows.Change, workflows.CaseInput{CaseID: caseID})

	require.Equal(t, sharing.Reverted, result(t, env).State)
	require.Equal(t, received.Add(5*day), ended.at.UTC())
	require.Empty(t, c.passed)
}

// A change that was owed after a coordination has its case before anybody drafted it.
func TestAnOwedEntryWaitsForItsDraft(t *testing.T) {
	env, c := changing(t, time.Time{}, "")
	c.at.State, c.at.Version = sharing.Revising, 1
	var a *activities.Activities
	env.OnActivity(a.ReviseChange, mock.Anything, "c-revise").Return(c.step(sharing.DepartmentReview)).Once()
	env.OnActivity(a.ReviewChange, mock.Anything, "c-review").Return(c.step(sharing.SecrecyReview)).Once()
	env.OnActivity(a.ClearSecrecy, mock.Anything, "c-clear").Return(c.step(sharing.Published)).Once()
	send(t, env, 3*day, workflows.Step{CommandID: "c-revise", Action: sharing.Revise, Expected: 1})
	send(t, env, 4*day, workflows.Step{CommandID: "c-review", Action: sharing.ReviewChange, Expected: 2})
	send(t, env, 5*day, workflows.Step{CommandID: "c-clear", Action: sharing.ClearSecrecy, Expected: 3})

	env.ExecuteWorkflow(workflows.Change, workflows.CaseInput{CaseID: caseID, Filed: true})

	require.Equal(t, workflows.CaseResult{State: sharing.Published, Version: 4}, result(t, env))
}
