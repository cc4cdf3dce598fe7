//go:build bench

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
	"gongshu/workflows"
)

// People of the demo who are measured at work.
const (
	asks     = "shuozhou-minzheng-requester"
	decides  = "shuozhou-gongan-approver"
	provides = "shuozhou-gongan-specialist"
)

// A measurement takes so many operations, or as many as this long allows.
const (
	alone    = 150
	crowd    = 32
	many     = 20 * crowd
	stageMax = 6 * time.Second
)

// TestFigures measures one running system and prints what it found. It fails when
// something does not work, never because something is slow.
func TestFigures(t *testing.T) {
	s, cold, err := timedStart(t)
	require.NoError(t, err)
	require.NoError(t, s.stop(true))
	begin := time.Now()
	require.NoError(t, s.boot(t.Context()))
	warm := s.firstPage(t, begin)
	t.Cleanup(func() { require.NoError(t, s.stop(t.Failed())) })

	idle := s.memory(t)
	events := s.eventsOfWholeCases(t)
	bare := newBare(t, s)
	requester, approver := s.as(t, asks), s.as(t, decides)
	resource := requester.find(t, "SZ-GA-001")

	var out bytes.Buffer
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...any) {
		for _, c := range cells {
			if f, ok := c.(float64); ok {
				c = fmt.Sprintf("%.1f", f)
			}
			fmt.Fprintf(table, "%v\t", c)
		}
		fmt.Fprintln(table)
	}
	row("", "at once", "operations", "p50 ms", "p99 ms", "per second", "p50, bare = 1", "per second, bare = 1")
	compare := func(name, bareName string, atOnce int, theirs, ours figures) {
		row(bareName, atOnce, theirs.n, theirs.p50, theirs.p99, theirs.perSecond, "1", "1")
		row(name, atOnce, ours.n, ours.p50, ours.p99, ours.perSecond, fmt.Sprintf("%.2f", ours.p50/theirs.p50), fmt.Sprintf("%.2f", ours.perSecond/theirs.perSecond))
	}
	for _, load := range []struct{ atOnce, n int }{{1, alone}, {crowd, many}} {
		ids := make([]string, load.n)
		for i := range ids {
			ids[i] = "bare/" + uuid.NewString()
		}
		drafts := make([]string, load.n)
		written := measure(t, 8, load.n, 2*stageMax, func(i int) error {
			drafts[i] = requester.draft(t, application(resource))
			return nil
		})
		drafts = drafts[:written.n]
		cases := make([]string, load.n)

		theirs := measure(t, load.atOnce, load.n, stageMax, func(i int) error { return bare.start(t.Context(), ids[i]) })
		ours := measure(t, load.atOnce, len(drafts), stageMax, func(i int) error {
			r, err := requester.try(t.Context(), call{Method: "POST", Path: "/applications/" + drafts[i] + "/submit", Version: 1})
			if err != nil || r.Status != 200 {
				return fmt.Errorf("submit: %w, %d %s", err, r.Status, r.Body)
			}
			var submitted struct {
				Cases []struct {
					CaseID string `json:"case_id"`
				}
			}
			err = json.Unmarshal(r.Body, &submitted)
			if err == nil {
				cases[i] = submitted.Cases[0].CaseID
			}
			return err
		})
		compare("submit over REST", "bare update-with-start", load.atOnce, theirs, ours)

		ids, cases = ids[:theirs.n], cases[:ours.n]
		theirs = measure(t, load.atOnce, len(ids), stageMax, func(i int) error { return bare.update(t.Context(), ids[i]) })
		ours = measure(t, load.atOnce, len(cases), stageMax, func(i int) error {
			r, err := approver.try(t.Context(), onCase(cases[i], 1, "answer", agree))
			if err == nil && r.Status != 200 {
				err = fmt.Errorf("answer: %d %s", r.Status, r.Body)
			}
			return err
		})
		compare("answer over REST", "bare update", load.atOnce, theirs, ours)
	}
	require.NoError(t, table.Flush())

	fmt.Printf("\nOn %d processors. Bare: the same server, an update whose local activity inserts one row, worker and client in one process.\n\n%s\n", runtime.NumCPU(), &out)
	fmt.Printf("start to first page: %.1f s in an empty home, %.1f s again\n", cold.Seconds(), warm.Seconds())
	fmt.Printf("history events, answering to in use: %d; with completion: %d\n", events[0], events[1])
	fmt.Println("memory, MB resident (PostgreSQL: all its processes, shared pages counted once), idle → after the load:")
	after := s.memory(t)
	for _, name := range []string{"api", "worker", "temporal", "postgres", "dev"} {
		fmt.Printf("  %-8s %4d → %4d\n", name, idle[name]>>20, after[name]>>20)
	}
	s.run(t, "trail", "verify")
}

// timedStart starts a system in an empty home and returns how long it took until
// the first page came.
func timedStart(t *testing.T) (*system, time.Duration, error) {
	if _, err := findPrograms(); err != nil { // building them is not measured
		return nil, 0, err
	}
	begin := time.Now()
	s, err := start(t.Context())
	if err != nil {
		return nil, 0, err
	}
	return s, s.firstPage(t, begin), nil
}

func (s *system) firstPage(t *testing.T, since time.Time) time.Duration {
	t.Helper()
	response, err := s.http.Get(s.state(t).Address + "/")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, 200, response.StatusCode)
	return time.Since(since)
}

// figures are what one measurement came to.
type figures struct {
	n                   int // operations, the first ones of those asked for
	p50, p99, perSecond float64
}

// measure does up to n operations, so many at once, and begins no more after the
// given time.
func measure(t *testing.T, atOnce, n int, longest time.Duration, do func(i int) error) figures {
	t.Helper()
	var (
		mu    sync.Mutex
		next  int
		took  []float64
		wrong error
		busy  sync.WaitGroup
	)
	begin := time.Now()
	for range atOnce {
		busy.Go(func() {
			for {
				mu.Lock()
				i := next
				if i == n || wrong != nil || time.Since(begin) > longest {
					mu.Unlock()
					return
				}
				next++
				mu.Unlock()
				one := time.Now()
				err := do(i)
				ms := float64(time.Since(one).Microseconds()) / 1000
				mu.Lock()
				took = append(took, ms)
				wrong = errors.Join(wrong, err)
				mu.Unlock()
			}
		})
	}
	busy.Wait()
	elapsed := time.Since(begin)
	require.NoError(t, wrong)
	slices.Sort(took)
	return figures{n: len(took), p50: took[len(took)/2], p99: took[len(took)*99/100], perSecond: float64(len(took)) / elapsed.Seconds()}
}

// bare is the least that a step could be: a workflow with an update whose local
// activity inserts one row.
type bare struct {
	client client.Client
	rows   *pgxpool.Pool
}

const bareQueue = "bare"

func newBare(t *testing.T, s *system) *bare {
	t.Helper()
	config := s.gongshuDB.Config()
	config.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	_, err = pool.Exec(t.Context(), `CREATE TABLE bare (id uuid PRIMARY KEY, workflow text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())`)
	require.NoError(t, err)
	b := &bare{client: s.engine.Client, rows: pool}
	w := worker.New(b.client, bareQueue, worker.Options{MaxConcurrentLocalActivityExecutionSize: 64, MaxConcurrentWorkflowTaskPollers: 4})
	w.RegisterWorkflowWithOptions(b.workflow, workflow.RegisterOptions{Name: "Bare"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return b
}

// workflow ends after two updates.
func (b *bare) workflow(ctx workflow.Context) error {
	done := 0
	err := workflow.SetUpdateHandler(ctx, "insert", func(ctx workflow.Context) error {
		ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: 10 * time.Second})
		err := workflow.ExecuteLocalActivity(ctx, b.insert, workflow.GetInfo(ctx).WorkflowExecution.ID).Get(ctx, nil)
		done++
		return err
	})
	if err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return done == 2 && workflow.AllHandlersFinished(ctx) })
}

func (b *bare) insert(ctx context.Context, workflowID string) error {
	_, err := b.rows.Exec(ctx, `INSERT INTO bare (id, workflow) VALUES ($1, $2)`, uuid.NewString(), workflowID)
	return err
}

func (b *bare) start(ctx context.Context, id string) error {
	begin := b.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: bareQueue, WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, "Bare")
	handle, err := b.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{StartWorkflowOperation: begin, UpdateOptions: insertInto(id)})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

func (b *bare) update(ctx context.Context, id string) error {
	handle, err := b.client.UpdateWorkflow(ctx, insertInto(id))
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

func insertInto(id string) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{WorkflowID: id, UpdateName: "insert", WaitForStage: client.WorkflowUpdateStageCompleted}
}

// eventsOfWholeCases walks two cases to in use, the second with a completion, and
// returns the lengths of their histories.
func (s *system) eventsOfWholeCases(t *testing.T) [2]int64 {
	t.Helper()
	requester, approver, specialist := s.as(t, asks), s.as(t, decides), s.as(t, provides)
	resource := requester.find(t, "SZ-GA-001")
	var lengths [2]int64
	for i := range lengths {
		id, version := requester.apply(t, application(resource)).Cases[0].CaseID, 1
		if i == 1 {
			specialist.step(t, id, 1, "completion-request", sharing.Completion{Gaps: []string{"用途"}})
			version = requester.step(t, id, 2, "completion", sharing.Completed{Note: "已补充"}).Version
		}
		approver.step(t, id, version, "answer", agree)
		specialist.step(t, id, version+1, "provision", provision)
		requester.step(t, id, version+2, "confirmation", remark)
		description, err := s.engine.Client.DescribeWorkflowExecution(t.Context(), workflows.CaseWorkflowID(id), "")
		require.NoError(t, err)
		lengths[i] = description.GetWorkflowExecutionInfo().GetHistoryLength()
	}
	return lengths
}

// memory returns what each process has in memory, in bytes.
func (s *system) memory(t *testing.T) map[string]int64 {
	t.Helper()
	now := s.state(t)
	found := map[string]int64{"dev": resident(t, now.PID, "status", "VmRSS:")}
	for name, child := range now.Children {
		found[name] = resident(t, child.PID, "status", "VmRSS:")
	}
	// PostgreSQL's processes share most of their memory.
	found["postgres"] = 0
	for _, pid := range family(t, now.Children["postgres"].PID) {
		found["postgres"] += resident(t, pid, "smaps_rollup", "Pss:")
	}
	return found
}

// resident reads one line, in kB, of a file about a process; 0 when it has ended.
func resident(t *testing.T, pid int, file, line string) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	require.NoError(t, err)
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, line); ok {
			kB, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			require.NoError(t, err)
			return kB << 10
		}
	}
	return 0
}

// family returns a process and its children.
func family(t *testing.T, pid int) []int {
	t.Helper()
	all := []int{pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent; the name may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			require.NoError(t, err)
			all = append(all, child)
		}
	}
	return all
}
