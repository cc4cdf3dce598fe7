package desk_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// Of two who act on the same version of a case at the same time, exactly one
// succeeds; the other is told so.
func TestRaces(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	refuse := sharing.Decision{Reasons: "涉及个人隐私", Basis: []sharing.Basis{{Law: "个人信息保护法", Article: "第十三条"}}}
	head := r.User("shuozhou-gongan-head")
	for name, rivals := range map[string][2]func(desk.Act) error{
		"two approvers": {
			func(a desk.Act) error {
				_, err := r.Answer(ctx, r.User(approver), a, sharing.Decision{Agree: true})
				return err
			},
			func(a desk.Act) error { _, err := r.Answer(ctx, head, a, refuse); return err },
		},
		"answer and withdrawal": {
			func(a desk.Act) error { _, err := r.Answer(ctx, r.User(approver), a, refuse); return err },
			func(a desk.Act) error {
				_, err := r.Withdraw(ctx, r.User(requester), a, sharing.Remark{})
				return err
			},
		},
		"completion and answer": {
			func(a desk.Act) error {
				_, err := r.RequestCompletion(ctx, r.User(specialist), a, sharing.Completion{Gaps: []string{"缺少依据"}})
				return err
			},
			func(a desk.Act) error {
				_, err := r.Answer(ctx, r.User(approver), a, sharing.Decision{Agree: true})
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for round := range 30 {
				c := r.Apply(requester, r.Request("shuozhou", conditional), nil).Cases[0]
				act := desk.Act{CaseID: c.CaseID, Expected: 1}
				var (
					wait sync.WaitGroup
					errs [2]error
				)
				for i, rival := range rivals {
					wait.Go(func() { errs[i] = rival(act) })
				}
				wait.Wait()
				won := 0
				for _, err := range errs {
					if err == nil {
						won++
						continue
					}
					require.Contains(t, []sharing.Code{sharing.CodeStale, sharing.CodeAlreadyDecided, sharing.CodeWrongState}, sharing.CodeOf(err), "round %d: %v", round, err)
				}
				require.Equal(t, 1, won, "round %d: %v", round, errs)
				view, err := r.Case(ctx, r.User(officer), c.CaseID)
				require.NoError(t, err)
				require.Equal(t, 2, view.Version)
				require.Len(t, view.Timeline, 2)
			}
		})
	}
	_, err := r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
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
