//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"gongshu/demo"
	"gongshu/desk"
	"gongshu/sharing"
	"gongshu/workflows"
)

var update = flag.Bool("update", false, "write the recorded histories to workflows/testdata")

// TestHistories lets a real server write the histories of cases of every kind and
// replays each under the present code. With -update they are kept, and later code
// is held to them by the tests of package workflows.
func TestHistories(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester, approver, specialist := s.as(t, asks), s.as(t, decides), s.as(t, provides)
	resource := requester.find(t, "SZ-GA-001")
	apply := func() string { return requester.apply(t, application(resource)).Cases[0].CaseID }
	for name, live := range map[string]func(t *testing.T) string{
		"in-use": func(t *testing.T) string {
			id := apply()
			approver.step(t, id, 1, "answer", agree)
			specialist.step(t, id, 2, "provision", provision)
			requester.step(t, id, 3, "failure", sharing.Remark{Note: "连接失败"})
			specialist.step(t, id, 4, "provision", provision)
			requester.step(t, id, 5, "confirmation", remark)
			return id
		},
		"refused": func(t *testing.T) string {
			id := apply()
			approver.step(t, id, 1, "answer", refuse)
			return id
		},
		"withdrawn-after-completion": func(t *testing.T) string {
			id := apply()
			specialist.step(t, id, 1, "completion-request", sharing.Completion{Gaps: []string{"用途"}})
			requester.step(t, id, 2, "completion", sharing.Completed{Note: "已补充"})
			requester.step(t, id, 3, "withdrawal", remark)
			return id
		},
		"overdue": func(t *testing.T) string {
			id := s.as(t, clockworkAsks).apply(t, application(clockworkResource)).Cases[0].CaseID
			s.awaitFired(t, id, clockworkLimit+30*time.Second)
			s.requireOneWorkflow(t, id, 1)
			s.as(t, clockworkDecides).step(t, id, 1, "answer", refuse)
			return id
		},
		"siblings": func(t *testing.T) string {
			out := s.as(t, clockworkAsks).apply(t, application(clockworkOpen, clockworkResource))
			require.Equal(t, sharing.InUse, out.Cases[0].State)
			s.requireOneWorkflow(t, out.Cases[1].CaseID, 1)
			return out.Cases[0].CaseID
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := live(t)
			eventually(t, 10*time.Second, func() error { // the last task is written after the answer
				h := s.history(t, id)
				last := h.GetEvents()[len(h.GetEvents())-1].GetEventType()
				if last != enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED && len(events(h, enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)) != len(events(h, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)) {
					return fmt.Errorf("it ends with %s", last)
				}
				return nil
			})
			s.record(t, name+".json", s.history(t, id))
		})
	}
	world, err := demo.Load()
	require.NoError(t, err)
	for _, m := range world.Matters {
		name := string(m.Procedure) + "-" + m.ID
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := desk.OpenedID(m.By, m.Key(0))
			if m.Procedure == sharing.OpeningRequest {
				id = rows[string](t, s, `SELECT id::text FROM cases WHERE procedure = 'opening' ORDER BY created_at`)[0]
			}
			s.recordCase(t, name, id)
		})
	}
	// Cases that another case's step opened, or the schedule.
	require.NoError(t, s.engine.RunStanding(t.Context()))
	for _, p := range []sharing.Procedure{sharing.UpwardNeed, sharing.StandingDuty} {
		t.Run("opened-"+string(p), func(t *testing.T) {
			t.Parallel()
			var ids []string
			eventually(t, 30*time.Second, func() error {
				if ids = rows[string](t, s, `SELECT id::text FROM cases WHERE procedure = '`+string(p)+`' AND applicant_user IS NULL OR parent_id IN
					(SELECT id FROM cases WHERE procedure = 'coordination') AND procedure = '`+string(p)+`' ORDER BY created_at`); len(ids) == 0 {
					return fmt.Errorf("no case of %s", p)
				}
				return nil
			})
			s.requireOneWorkflow(t, ids[0], 1)
			s.recordCase(t, "opened-"+string(p), ids[0])
		})
	}
	t.Run("continued", func(t *testing.T) {
		t.Parallel()
		id := apply()
		first, second := s.wearOut(t, id)
		s.requireOneWorkflow(t, id, 1)
		approver.step(t, id, 1, "answer", agree)
		s.requireOneWorkflow(t, id, 2)
		s.record(t, "continued-1.json.gz", s.runHistory(t, id, first))
		s.record(t, "continued-2.json", s.runHistory(t, id, second))
	})
}

// recordCase records the history of a case, and says how long it is.
func (s *system) recordCase(t *testing.T, name, caseID string) {
	t.Helper()
	h := s.history(t, caseID)
	t.Logf("%d events", len(h.GetEvents()))
	s.record(t, name+".json", h)
}

// wearOut nudges the workflow of a case until its history has grown large and it
// continues as new, and returns both runs. The nudges carry ballast, which nobody
// reads: a history of 4 MB is as long as one of 4096 events, and there sooner.
func (s *system) wearOut(t *testing.T, caseID string) (first, second string) {
	t.Helper()
	ballast := strings.Repeat("x", 200_000)
	current := func() string {
		description, err := s.engine.Client.DescribeWorkflowExecution(t.Context(), workflows.CaseWorkflowID(caseID), "")
		require.NoError(t, err)
		return description.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	}
	first = current()
	second = first
	for sent := 0; second == first; sent++ {
		require.Less(t, sent, 200, "it does not continue as new")
		err := s.engine.Client.SignalWorkflow(t.Context(), workflows.CaseWorkflowID(caseID), first, workflows.NudgeSignal, ballast)
		if second = current(); err != nil && second == first {
			t.Fatal(err) // other than that the run is over
		}
	}
	return first, second
}

func (s *system) runHistory(t testing.TB, caseID, runID string) *historypb.History {
	t.Helper()
	h, err := readHistory(t.Context(), s.engine.Client, workflows.CaseWorkflowID(caseID), runID)
	require.NoError(t, err)
	return h
}

// record replays a history and, with -update, keeps it.
func (s *system) record(t *testing.T, name string, h *historypb.History) {
	t.Helper()
	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer)
	require.NoError(t, replayer.ReplayWorkflowHistory(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), h))
	if !*update {
		return
	}
	// The queue of one worker has the name of its machine.
	for _, e := range events(h, enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED) {
		if queue := e.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue(); queue.GetKind() == enumspb.TASK_QUEUE_KIND_STICKY {
			queue.Name = "sticky"
		}
	}
	options := temporalproto.CustomJSONMarshalOptions{}
	if filepath.Ext(name) == ".json" {
		options.Indent = " "
	}
	text, err := options.Marshal(h)
	require.NoError(t, err)
	if filepath.Ext(name) == ".gz" {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(text)
		require.NoError(t, errors.Join(err, w.Close()))
		text = packed.Bytes()
	}
	require.NoError(t, os.WriteFile(filepath.Join("../workflows/testdata", name), text, 0o644))
}
