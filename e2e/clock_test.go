//go:build e2e

package e2e

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"golang.org/x/sync/errgroup"

	"gongshu/sharing"
	"gongshu/workflows"
)

// clockworkLimit is the district's target for an answer.
const clockworkLimit = 8 * time.Second

// It runs alone, before the parallel tests: the lag it asserts is that of a healthy
// system.
func TestATimerFiresTheRung(t *testing.T) {
	s := sharedSystem(t)
	id := s.as(t, clockworkAsks).apply(t, application(clockworkResource)).Cases[0].CaseID
	due := s.dueOfAnswer(t, id)

	// Temporal holds a timer for that instant, in the history and in its queue.
	eventually(t, 3*time.Second, func() error {
		timers := s.timers(t, id)
		if len(timers) != 1 || timers[0].Sub(due).Abs() > time.Second {
			return fmt.Errorf("pending timers: %v, want one for %v", timers, due)
		}
		if n := s.timerTasks(t, id, due); n != 1 {
			return fmt.Errorf("%d timers in the queue for %v", n, due)
		}
		return nil
	})
	require.Nil(t, s.rung(t, id, sharing.DutyAnswer, sharing.LimitReached).Fired, "it is not due yet")

	fired := s.awaitFired(t, id, clockworkLimit+time.Minute)
	t.Logf("fired %.1f s after it was due", fired.Sub(due).Seconds())
	s.requireFiredOnce(t, id)
	require.Len(t, events(s.history(t, id), enumspb.EVENT_TYPE_TIMER_FIRED), 1, "the timer did it")

	// Looking again fires nothing again, and the next timer is armed for the next rung.
	require.NoError(t, s.engine.Nudge(t.Context(), id))
	s.requireOneWorkflow(t, id, 1)
	s.requireFiredOnce(t, id)
	urged := s.rung(t, id, sharing.DutyAnswer, sharing.Urged)
	eventually(t, 5*time.Second, func() error {
		if timers := s.timers(t, id); len(timers) != 1 || timers[0].Sub(urged.Due).Abs() > time.Second {
			return fmt.Errorf("pending timers: %v, the next rung is for %v", timers, urged.Due)
		}
		return nil
	})

	seen := s.as(t, clockworkWatches).read(t, id)
	require.Equal(t, "red", seen.Clocks[0].Light)
	last := seen.Timeline[len(seen.Timeline)-1]
	require.Equal(t, sharing.RungFired, last.Action)
	require.Equal(t, sharing.System, last.Actor)
	s.as(t, clockworkDecides).step(t, id, 1, "answer", refuse) // late, and still an answer
	s.requireNoWorkflow(t, id)
	s.requireFiredOnce(t, id)
}

func TestARungFiresAfterTemporalWasDown(t *testing.T) {
	t.Parallel()
	s := ownSystem(t)
	letStart := holdStarts(t)
	id := s.as(t, clockworkAsks).apply(t, application(clockworkResource)).Cases[0].CaseID
	due := s.dueOfAnswer(t, id)
	// Down from before the instant until after it.
	release := s.holdRestarts(t)
	s.kill(t, "temporal")
	require.Less(t, time.Since(due), time.Duration(0), "Temporal was to be down before the limit")
	time.Sleep(time.Until(due.Add(2 * time.Second)))
	require.Nil(t, s.rung(t, id, sharing.DutyAnswer, sharing.LimitReached).Fired)
	// What is overdue is known all the same.
	watching := s.as(t, clockworkWatches)
	board := decode[struct {
		Overdue int
		Items   []struct{ Case struct{ ID string } }
	}](t, watching.do(t, call{Method: "GET", Path: "/overdue?light=red"}).is(t, 200))
	require.Equal(t, 1, board.Overdue)
	require.Equal(t, id, board.Items[0].Case.ID)
	release()
	s.awaitReady(t, time.Minute)
	letStart()
	// The worker's own connection and its polls come back within two times 10 s, the
	// longest pauses of gRPC and of the SDK; the promise is a minute.
	back := time.Now()
	fired := s.awaitFired(t, id, time.Minute)
	t.Logf("fired %.1f s after Temporal was back", fired.Sub(back).Seconds())
	s.requireOneWorkflow(t, id, 1)
	time.Sleep(20 * time.Second) // a sweep later
	s.requireFiredOnce(t, id)
}

func TestTheSweepFiresWhatATimerMissed(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	id := s.as(t, clockworkAsks).apply(t, application(clockworkResource)).Cases[0].CaseID
	due := s.dueOfAnswer(t, id)
	eventually(t, 5*time.Second, func() error {
		tag, err := s.temporalDB.Exec(t.Context(), `DELETE FROM timer_tasks WHERE position($1::bytea IN data) > 0 AND visibility_timestamp BETWEEN $2 AND $3`,
			[]byte(workflows.CaseWorkflowID(id)), due.Add(-time.Second).UTC(), due.Add(time.Second).UTC())
		if err == nil && tag.RowsAffected() != 1 {
			err = fmt.Errorf("%d timers removed", tag.RowsAffected())
		}
		return err
	})
	fired := s.awaitFired(t, id, clockworkLimit+time.Minute)
	require.Less(t, fired.Sub(due), time.Minute)
	history := s.history(t, id)
	require.Empty(t, events(history, enumspb.EVENT_TYPE_TIMER_FIRED), "the timer was lost")
	require.NotEmpty(t, events(history, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED), "the sweep nudged it")
	s.requireOneWorkflow(t, id, 1)
	s.requireFiredOnce(t, id)
}

func TestALostWorkflowIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester := s.as(t, asks)
	resource := requester.find(t, "SZ-GA-001")
	// One is lost at once, the other after the sweep has seen that all was well.
	young, old := requester.apply(t, application(resource)).Cases[0].CaseID, requester.apply(t, application(resource)).Cases[0].CaseID
	lose := func(id string) {
		require.NoError(t, s.engine.Client.TerminateWorkflow(t.Context(), workflows.CaseWorkflowID(id), "", "lost"))
		running, _, err := s.engine.Position(t.Context(), id)
		require.NoError(t, err)
		require.False(t, running)
	}
	lose(young)
	eventually(t, time.Minute, func() error {
		var checked bool
		err := s.gongshuDB.QueryRow(t.Context(), `SELECT checked_version = version FROM cases WHERE id = $1`, old).Scan(&checked)
		if err == nil && !checked {
			err = fmt.Errorf("the sweep has not been there")
		}
		return err
	})
	lose(old)
	s.requireWorkflows(t, young, 1, 1, time.Minute)
	s.requireWorkflows(t, old, 1, 1, time.Minute)
	// They go on as if nothing had happened.
	for _, id := range []string{young, old} {
		require.Equal(t, sharing.Agreed, s.as(t, decides).step(t, id, 1, "answer", agree).State)
		s.requireOneWorkflow(t, id, 2)
	}
}

func TestAWorkerPausedPastEveryTimeoutChangesNothing(t *testing.T) {
	t.Parallel()
	s := ownSystem(t)
	id := s.as(t, asks).apply(t, application(s.as(t, asks).find(t, "SZ-GA-001"))).Cases[0].CaseID
	// Its transaction is held up in the middle of the answer, and the worker with it.
	hold, err := s.gongshuDB.Begin(t.Context())
	require.NoError(t, err)
	_, err = hold.Exec(t.Context(), `SELECT FROM cases WHERE id = $1 FOR UPDATE`, id)
	require.NoError(t, err)
	approver := s.as(t, decides)
	answer := onCase(id, 1, "answer", agree)
	answer.Key = "the-one-answer"
	var answering errgroup.Group
	var answered reply
	answering.Go(func() (err error) {
		answered, err = approver.insist(t, answer, 3*time.Minute)
		return err
	})
	eventually(t, 5*time.Second, func() error {
		var waiting int
		err := s.gongshuDB.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE usename = 'gongshu_app' AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err == nil && waiting == 0 {
			err = fmt.Errorf("nobody waits for the case")
		}
		return err
	})
	paused := s.state(t).Children["worker"].PID
	require.NoError(t, syscall.Kill(paused, syscall.SIGSTOP))
	began := time.Now()
	// The lock goes to the worker that stands still, in a transaction that stays open
	// until the database gives up on it.
	require.NoError(t, hold.Rollback(t.Context()))
	s.extraWorker(t)
	require.NoError(t, answering.Wait())
	answered.is(t, 200)
	took := time.Since(began)
	require.Equal(t, 2, s.as(t, decides).read(t, id).Version)
	// Past every timeout there is: of the step, of its task, of the idle transaction.
	time.Sleep(time.Until(began.Add(65 * time.Second)))
	require.NoError(t, syscall.Kill(paused, syscall.SIGCONT))
	time.Sleep(5 * time.Second)
	s.requireOneWorkflow(t, id, 2)
	l := s.readLedger(t)
	l.claims = []claim{{Key: answer.Key, Actor: decides, Reply: answered}}
	require.Empty(t, l.faults())
	s.run(t, "trail", "verify")
	t.Logf("the second worker had it done %.1f s after the first stood still", took.Seconds())
}

// rung is one rung as the database has it.
type rung struct {
	Due   time.Time
	Fired *time.Time
}

func (s *system) rung(t testing.TB, caseID, duty string, kind sharing.RungKind) rung {
	t.Helper()
	rows, err := s.gongshuDB.Query(t.Context(), `
		SELECT g.due_at, g.fired_at FROM rungs g JOIN deadlines l ON l.id = g.deadline_id WHERE g.case_id = $1 AND l.duty = $2 AND g.kind = $3`,
		caseID, duty, kind)
	require.NoError(t, err)
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[rung])
	require.NoError(t, err)
	return r
}

func (s *system) dueOfAnswer(t testing.TB, caseID string) time.Time {
	t.Helper()
	due := s.rung(t, caseID, sharing.DutyAnswer, sharing.LimitReached).Due
	require.WithinDuration(t, time.Now().Add(clockworkLimit), due, 3*time.Second)
	return due
}

// awaitFired waits until the limit of an answer has passed in the database's books,
// and returns when that was by its clock.
func (s *system) awaitFired(t testing.TB, caseID string, patience time.Duration) time.Time {
	t.Helper()
	var r rung
	eventually(t, patience, func() error {
		if r = s.rung(t, caseID, sharing.DutyAnswer, sharing.LimitReached); r.Fired == nil {
			return fmt.Errorf("the rung due at %v has not fired", r.Due)
		}
		return nil
	})
	require.False(t, r.Fired.Before(r.Due), "it fired early")
	return *r.Fired
}

// requireFiredOnce checks that the limit of an answer is once in the story and once
// in the inbox of each of the two departments it is for.
func (s *system) requireFiredOnce(t testing.TB, caseID string) {
	t.Helper()
	told := 0
	for _, e := range s.as(t, clockworkWatches).read(t, caseID).Timeline {
		if e.Action == sharing.RungFired && e.Data["duty"] == sharing.DutyAnswer && e.Data["rung"] == string(sharing.LimitReached) {
			told++
		}
	}
	require.Equal(t, 1, told, "times in the story")
	rows, err := s.gongshuDB.Query(t.Context(), `SELECT department_id FROM outbox WHERE case_id = $1 AND topic = $2 ORDER BY 1`, caseID, sharing.LimitReached)
	require.NoError(t, err)
	departments, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"clockwork-authority", "clockwork-gives"}, departments)
}

func events(h *historypb.History, kind enumspb.EventType) []*historypb.HistoryEvent {
	var found []*historypb.HistoryEvent
	for _, e := range h.GetEvents() {
		if e.GetEventType() == kind {
			found = append(found, e)
		}
	}
	return found
}

// timers returns the instants for which a case's workflow has timers pending.
func (s *system) timers(t testing.TB, caseID string) []time.Time {
	t.Helper()
	h := s.history(t, caseID)
	settled := map[int64]bool{} // by the event that started them
	for _, e := range h.GetEvents() {
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_TIMER_CANCELED:
			settled[e.GetTimerCanceledEventAttributes().GetStartedEventId()] = true
		case enumspb.EVENT_TYPE_TIMER_FIRED:
			settled[e.GetTimerFiredEventAttributes().GetStartedEventId()] = true
		}
	}
	var pending []time.Time
	for _, e := range events(h, enumspb.EVENT_TYPE_TIMER_STARTED) {
		if !settled[e.GetEventId()] {
			pending = append(pending, e.GetEventTime().AsTime().Add(e.GetTimerStartedEventAttributes().GetStartToFireTimeout().AsDuration()))
		}
	}
	return pending
}

// timerTasks counts the timers around an instant that wait for a case's workflow in
// Temporal's queue.
func (s *system) timerTasks(t testing.TB, caseID string, at time.Time) int {
	t.Helper()
	var n int
	err := s.temporalDB.QueryRow(t.Context(), `
		SELECT count(*) FROM timer_tasks WHERE position($1::bytea IN data) > 0 AND visibility_timestamp BETWEEN $2 AND $3`,
		[]byte(workflows.CaseWorkflowID(caseID)), at.Add(-time.Second).UTC(), at.Add(time.Second).UTC()).Scan(&n)
	require.NoError(t, err)
	return n
}
