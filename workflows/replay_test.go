package workflows_test

import (
	"compress/gzip"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"gongshu/activities"
	"gongshu/sharing"
	"gongshu/workflows"
)

// histories were written by a real server; `go test -tags e2e ./e2e -run TestHistories
// -update` records them anew. Code that has run somewhere is never recorded over:
// its histories stay, and further ones are added.
func histories(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("testdata/*.json*")
	require.NoError(t, err)
	for i, name := range found {
		found[i] = filepath.Base(name)
	}
	return found
}

func TestRecordedHistoriesReplay(t *testing.T) {
	for _, name := range histories(t) {
		t.Run(name, func(t *testing.T) {
			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer)
			require.NoError(t, replayer.ReplayWorkflowHistory(quiet, recorded(t, name)))
		})
	}
}

// TestEveryProcedureHasAHistory: none can be changed unseen.
func TestEveryProcedureHasAHistory(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range histories(t) {
		seen[workflowType(recorded(t, name))] = true
	}
	for _, p := range sharing.Procedures {
		run := runtime.FuncForPC(reflect.ValueOf(workflows.Of(p)).Pointer()).Name()
		require.True(t, seen[run[strings.LastIndexByte(run, '.')+1:]], "no history of %s", p)
	}
}

func workflowType(h *historypb.History) string {
	return h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
}

var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// TestABrokenWorkflowDoesNotReplay shows that the histories hold the code to
// anything: with a timer more, or a look before the receipt, none replays.
func TestABrokenWorkflowDoesNotReplay(t *testing.T) {
	broken := map[string]any{
		"a timer more": func(ctx workflow.Context, in workflows.CaseInput) (workflows.CaseResult, error) {
			if err := workflow.Sleep(ctx, time.Second); err != nil {
				return workflows.CaseResult{}, err
			}
			return workflows.Share(ctx, in)
		},
		"another order": func(ctx workflow.Context, in workflows.CaseInput) (workflows.CaseResult, error) {
			var a *activities.Activities
			var seen sharing.Snapshot
			looking := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Second})
			if err := workflow.ExecuteLocalActivity(looking, a.Advance, in.CaseID).Get(ctx, &seen); err != nil {
				return workflows.CaseResult{}, err
			}
			return workflows.Share(ctx, in)
		},
	}
	for what, share := range broken {
		for _, name := range histories(t) {
			if workflowType(recorded(t, name)) != "Share" {
				continue
			}
			t.Run(what+"/"+name, func(t *testing.T) {
				require.ErrorContains(t, replay(share, recorded(t, name)), "TMPRL1100") // not deterministic
			})
		}
	}
}

func replay(share any, h *historypb.History) error {
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(share, workflow.RegisterOptions{Name: "Share"})
	return replayer.ReplayWorkflowHistory(quiet, h)
}

func recorded(t *testing.T, name string) *historypb.History {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer file.Close() // only read
	var r io.Reader = file
	if filepath.Ext(name) == ".gz" {
		r, err = gzip.NewReader(file)
		require.NoError(t, err)
	}
	h, err := client.HistoryFromJSON(r, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return h
}
