package desk_test

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// both lets two act at the same time.
func both(first, second func() error) (errs [2]error) {
	var wait sync.WaitGroup
	for i, act := range []func() error{first, second} {
		wait.Go(func() { errs[i] = act() })
	}
	wait.Wait()
	return errs
}

// requireOneWinner: exactly one succeeded, and the other was told of a conflict.
func requireOneWinner(t *testing.T, round int, errs [2]error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.Contains(t, []sharing.Code{sharing.CodeStale, sharing.CodeAlreadyDecided, sharing.CodeWrongState}, sharing.CodeOf(err), "round %d: %v", round, err)
	}
	require.Equal(t, 1, won, "round %d: %v", round, errs)
}

// atOnce is an unconditionally shared resource: its grant is in use at once.
const atOnce = "SZ-NY-001"

// rounds is how often each race is run; `make races` runs every one a thousand
// times.
var rounds = flag.Int("rounds", 50, "how often each race is run")

// races runs the rounds of a race and says how often each side won.
func races(t *testing.T, run func(round int) [2]error) {
	t.Helper()
	n := *rounds
	first := 0
	for round := range n {
		if errs := run(round); errs[0] == nil {
			first++
		}
	}
	t.Logf("%d rounds: the first won %d, the second %d", n, first, n-first)
}

// Of two who act on the same version of a case at the same time, exactly one
// succeeds; the other is told so.
func TestRaces(t *testing.T) {
	refuse := sharing.Decision{Reasons: "涉及个人隐私", Basis: []sharing.Basis{{Law: "个人信息保护法", Article: "第十三条"}}}
	type rival func(r *desktest.Rig, a desk.Act) error
	step := func(user string, action sharing.Action, message string) rival {
		return func(r *desktest.Rig, a desk.Act) error {
			_, err := r.Step(context.Background(), r.User(user), a, action, []byte(message))
			return err
		}
	}
	answer := func(user string, d sharing.Decision) rival {
		return func(r *desktest.Rig, a desk.Act) error {
			_, err := r.Answer(context.Background(), r.User(user), a, d)
			return err
		}
	}
	withdraw := func(r *desktest.Rig, a desk.Act) error {
		_, err := r.Withdraw(context.Background(), r.User(requester), a, sharing.Remark{})
		return err
	}
	confirm := func(r *desktest.Rig, a desk.Act) error {
		_, err := r.Confirm(context.Background(), r.User(requester), a, sharing.Remark{})
		return err
	}
	complete := func(r *desktest.Rig, a desk.Act) error {
		_, err := r.RequestCompletion(context.Background(), r.User(specialist), a, sharing.Completion{Gaps: []string{"缺少依据"}})
		return err
	}
	for name, race := range map[string]struct {
		resource string
		version  int // of the case that both act on
		rivals   [2]rival
	}{
		"two approvers":          {conditional, 1, [2]rival{answer(approver, sharing.Decision{Agree: true}), answer("shuozhou-gongan-head", refuse)}},
		"answer and withdrawal":  {conditional, 1, [2]rival{answer(approver, refuse), withdraw}},
		"completion and answer":  {conditional, 1, [2]rival{complete, answer(approver, sharing.Decision{Agree: true})}},
		"revocation and receipt": {conditional, 3, [2]rival{step(officer, sharing.Revoke, `{"reasons":"数据提供给第三方"}`), confirm}},
		"two measures":           {atOnce, 1, [2]rival{step(officer, sharing.Revoke, `{"reasons":"数据提供给第三方"}`), step("shuozhou-authority-head", sharing.Suspend, `{"reasons":"核查"}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			r := desktest.New(t)
			ctx := t.Context()
			races(t, func(round int) [2]error {
				c := r.Apply(requester, r.Request("shuozhou", race.resource), nil).Cases[0]
				act := desk.Act{CaseID: c.CaseID, Expected: 1}
				for ; act.Expected < race.version; act.Expected++ {
					require.NoError(t, []rival{nil, answer(approver, sharing.Decision{Agree: true}), provide, confirm}[act.Expected](r, act))
				}
				errs := both(func() error { return race.rivals[0](r, act) }, func() error { return race.rivals[1](r, act) })
				requireOneWinner(t, round, errs)
				now, err := r.Store.CaseByID(ctx, c.CaseID)
				require.NoError(t, err)
				require.Equal(t, race.version+1, now.Version)
				return errs
			})
			_, err := r.Store.VerifyTrail(ctx)
			require.NoError(t, err)
		})
	}
}

func provide(r *desktest.Rig, a desk.Act) error {
	_, err := r.Provide(context.Background(), r.User(specialist), a, sharing.Provision{Mode: sharing.QueryAPI, Locator: "https://exchange.example/household"})
	return err
}

// atTheLimit files a case whose limit for the answer passes in a moment.
func atTheLimit(t *testing.T, r *desktest.Rig, owner *pgx.Conn) (caseID string, due time.Time) {
	t.Helper()
	c := r.Apply(requester, r.Request("shuozhou", conditional), nil).Cases[0].CaseID
	err := owner.QueryRow(t.Context(), `
		WITH moved AS (UPDATE deadlines SET due_at = clock_timestamp() + interval '4 milliseconds' WHERE case_id = $1 RETURNING due_at)
		UPDATE rungs g SET due_at = m.due_at FROM moved m WHERE g.case_id = $1 AND g.kind = 'due' RETURNING g.due_at`, c).Scan(&due)
	require.NoError(t, err)
	return c, due
}

// Completion is asked for before the limit has passed or not at all: either the
// clock stands still and the limit never passes, or it passes and completion is
// refused.
func TestCompletionAgainstTheLimit(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	owner := asOwner(t, r)
	who := r.User(specialist)
	races(t, func(round int) [2]error {
		id, due := atTheLimit(t, r, owner)
		errs := both(func() error {
			time.Sleep(time.Until(due) - time.Duration(round%8)*time.Millisecond/2)
			_, err := r.RequestCompletion(ctx, who, desk.Act{CaseID: id, Expected: 1}, sharing.Completion{Gaps: []string{"缺少依据"}})
			return err
		}, func() error {
			time.Sleep(time.Until(due))
			_, err := r.Activities.Advance(ctx, id)
			return err
		})
		require.NoError(t, errs[1])
		time.Sleep(time.Until(due.Add(time.Millisecond)))
		r.Advance(id)
		var fired bool
		require.NoError(t, owner.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rungs WHERE case_id = $1 AND kind = 'due' AND fired_at IS NOT NULL)`, id).Scan(&fired))
		require.Equal(t, errs[0] != nil, fired, "round %d: %v", round, errs[0])
		if errs[0] != nil {
			require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(errs[0]))
		}
		return errs
	})
}

// An answer at the instant of the limit is in time or late by the instant at which
// it was decided, and the record says the same everywhere.
func TestAnswerAtTheLimit(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	owner := asOwner(t, r)
	who := r.User(approver)
	late := 0
	// How long before the limit the answer is given: earlier after one that was late,
	// later after one in time, so that it keeps to the boundary on any machine.
	var ahead time.Duration
	races(t, func(round int) [2]error {
		id, due := atTheLimit(t, r, owner)
		errs := both(func() error {
			time.Sleep(time.Until(due) - ahead)
			_, err := r.Answer(ctx, who, desk.Act{CaseID: id, Expected: 1}, sharing.Decision{Agree: true})
			return err
		}, func() error {
			time.Sleep(time.Until(due))
			_, err := r.Activities.Advance(ctx, id)
			return err
		})
		require.NoError(t, errs[0])
		require.NoError(t, errs[1])
		var (
			met   time.Time
			fired *time.Time
		)
		require.NoError(t, owner.QueryRow(ctx, `
			SELECT l.met_at, (SELECT g.fired_at FROM rungs g WHERE g.deadline_id = l.id AND g.kind = 'due')
			FROM deadlines l WHERE l.case_id = $1 AND l.duty = 'share.answer'`, id).Scan(&met, &fired))
		if fired != nil {
			require.False(t, met.Before(due), "round %d: answered in time, and said to be late", round)
		}
		timeline, err := r.Store.Timeline(ctx, id)
		require.NoError(t, err)
		for _, e := range timeline {
			if e.Action == sharing.Answer {
				require.Equal(t, !met.Before(due), e.Data["late"] != "", "round %d: met %s, due %s", round, met, due)
			}
		}
		if !met.Before(due) {
			late++
			ahead += 8 * time.Millisecond
		} else {
			ahead = max(0, ahead-2*time.Millisecond)
		}
		return errs
	})
	t.Logf("%d were late", late)
	require.NotZero(t, late)
	require.Less(t, late, *rounds)
}

// Use is recorded before the grant is revoked, or after it and doubted.
func TestRevocationAgainstUse(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	owner := asOwner(t, r)
	center, gate := r.User(officer), r.User(gateway)
	asking := r.User(requester).Department.ID
	doubted := 0
	races(t, func(round int) [2]error {
		id := r.Apply(requester, r.Request("shuozhou", atOnce), nil).Cases[0].CaseID
		view, err := r.Store.Paperwork(ctx, sharing.Case{ID: id})
		require.NoError(t, err)
		grant := view.Grant.ID
		var results []desk.UseResult
		errs := both(func() error {
			_, err := r.Step(ctx, center, desk.Act{CaseID: id, Expected: 1}, sharing.Revoke, []byte(`{"reasons":"数据提供给第三方"}`))
			return err
		}, func() (err error) {
			results, err = r.ReportUse(ctx, gate, "", []sharing.UseReport{{GrantID: grant, Day: today(t, r), Calls: 1}})
			return err
		})
		require.NoError(t, errs[0])
		require.NoError(t, errs[1])
		var after bool
		require.NoError(t, owner.QueryRow(ctx, `SELECT u.reported_at > g.revoked_at FROM grant_use u JOIN grants g ON g.id = u.grant_id WHERE g.id = $1`, grant).Scan(&after))
		require.Equal(t, after, len(results[0].Doubts) == 1, "round %d: %v", round, results)
		if after {
			doubted++
		}
		answer, err := r.CheckGrant(ctx, gate, desk.HeldQuery{Grantee: asking, Resource: atOnce, Mode: sharing.QueryAPI})
		require.NoError(t, err)
		require.False(t, answer.Holds)
		return errs
	})
	t.Logf("%d reports came after the revocation", doubted)
}

// Of two who submit the same, or renew the same grant, at the same time, one does.
func TestRepetitionAgainstItself(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who := r.User(requester)
	races(t, func(round int) [2]error {
		var drafts [2]desk.ApplicationView
		for i := range drafts {
			draft := r.Request("shuozhou", conditional)
			draft.Purpose = fmt.Sprintf("第%d次", round)
			var err error
			drafts[i], err = r.SaveDraft(ctx, who, "", "", 0, draft)
			require.NoError(t, err)
		}
		submit := func(i int) func() error {
			return func() error { _, err := r.Submit(ctx, who, "", drafts[i].ID, 1, nil); return err }
		}
		errs := both(submit(0), submit(1))
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			requireRule(t, err, "/items/0/resource_id", "not_repeated")
		}
		require.Equal(t, 1, won, "round %d: %v", round, errs)
		return errs
	})
}

// The same request sent many times at once has one effect, and all senders get
// the same answer.
func TestOneKeyManySenders(t *testing.T) {
	r := desktest.New(t)
	for round := range 10 {
		c := r.Apply(requester, r.Request("shuozhou", conditional), nil).Cases[0]
		act := desk.Act{CaseID: c.CaseID, Expected: 1, Key: fmt.Sprintf("round-%d", round)}
		var (
			wait     sync.WaitGroup
			outcomes [6]desk.Outcome
			errs     [6]error
		)
		for i := range outcomes {
			wait.Go(func() {
				outcomes[i], errs[i] = r.Answer(t.Context(), r.User(approver), act, sharing.Decision{Agree: true})
			})
		}
		wait.Wait()
		for i := range outcomes {
			require.NoError(t, errs[i])
			require.Equal(t, desk.Outcome{CaseID: c.CaseID, State: sharing.Agreed, Version: 2}, outcomes[i])
		}
	}
}

// A draft saved under one key by many senders at once is one draft.
func TestOneKeyOneDraft(t *testing.T) {
	r := desktest.New(t)
	var (
		wait sync.WaitGroup
		ids  [6]string
		errs [6]error
	)
	for i := range ids {
		wait.Go(func() {
			var a desk.ApplicationView
			a, errs[i] = r.SaveDraft(t.Context(), r.User(requester), "one", "", 0, r.Request("shuozhou", conditional))
			ids[i] = a.ID
		})
	}
	wait.Wait()
	for i := range ids {
		require.NoError(t, errs[i])
		require.Equal(t, ids[0], ids[i])
	}
	drafts, err := r.Applications(t.Context(), r.User(requester), sharing.Draft, "", 0)
	require.NoError(t, err)
	require.Equal(t, 1, drafts.Total)
}
