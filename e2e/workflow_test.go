//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"gongshu/workflows"
)

// runningCases returns the ids of all cases whose workflow runs, as often as one
// runs.
func (s *system) runningCases(ctx context.Context) (map[string]int, error) {
	found := map[string]int{}
	var page []byte
	for {
		list, err := s.engine.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: "WorkflowId STARTS_WITH '" + workflows.CaseWorkflowID("") + "' AND ExecutionStatus = 'Running'", PageSize: 1000, NextPageToken: page,
		})
		if err != nil {
			return nil, err
		}
		for _, e := range list.GetExecutions() {
			found[e.GetExecution().GetWorkflowId()[len(workflows.CaseWorkflowID("")):]]++
		}
		if page = list.GetNextPageToken(); len(page) == 0 {
			return found, nil
		}
	}
}

// requireOneWorkflow waits a moment until exactly one workflow runs for a case, in
// the version of the case.
func (s *system) requireOneWorkflow(t testing.TB, caseID string, version int) {
	t.Helper()
	s.requireWorkflows(t, caseID, 1, version, 10*time.Second)
}

// requireNoWorkflow waits a moment until no workflow runs for a case.
func (s *system) requireNoWorkflow(t testing.TB, caseID string) {
	t.Helper()
	s.requireWorkflows(t, caseID, 0, 0, 10*time.Second)
}

func (s *system) requireWorkflows(t testing.TB, caseID string, count, version int, patience time.Duration) {
	t.Helper()
	eventually(t, patience, func() error {
		running, err := s.runningCases(t.Context())
		if err != nil {
			return err
		}
		position := 0
		if running[caseID] > 0 {
			if _, position, err = s.engine.Position(t.Context(), caseID); err != nil {
				return err
			}
		}
		if running[caseID] != count || count > 0 && position != version {
			return fmt.Errorf("case %s: %d workflows, at version %d; want %d at version %d", caseID, running[caseID], position, count, version)
		}
		return nil
	})
}

// history returns the whole history of the current run of a case's workflow.
func (s *system) history(t testing.TB, caseID string) *historypb.History {
	t.Helper()
	all, err := readHistory(t.Context(), s.engine.Client, workflows.CaseWorkflowID(caseID), "")
	require.NoError(t, err)
	return all
}

func readHistory(ctx context.Context, c client.Client, workflowID, runID string) (*historypb.History, error) {
	var all historypb.History
	events := c.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return nil, err
		}
		all.Events = append(all.Events, e)
	}
	return &all, nil
}
