//go:build e2e

package e2e

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gongshu/desk"
	"gongshu/sharing"
)

// rounds is how often each race is run.
const rounds = 100

// race sends calls at the same moment and returns the replies in their order.
func race(t *testing.T, who []person, calls []call) ([]reply, error) {
	replies := make([]reply, len(calls))
	var group errgroup.Group
	var gate sync.WaitGroup
	gate.Add(1)
	for i := range calls {
		group.Go(func() (err error) {
			gate.Wait()
			replies[i], err = who[i].try(t.Context(), calls[i])
			return err
		})
	}
	gate.Done()
	err := group.Wait()
	return replies, err
}

// eachRound runs the rounds of a race, some at once.
func eachRound(t *testing.T, round func(t *testing.T)) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(4)
	for range rounds {
		group.Go(func() error {
			round(t)
			return nil
		})
	}
	require.NoError(t, group.Wait())
}

// requireOneWinner checks that exactly one of two rivals was heard, the other told
// so, and that the books say the same.
func (s *system) requireOneWinner(t *testing.T, caseID string, replies []reply) {
	won, lost := replies[0], replies[1]
	if won.Status != 200 {
		won, lost = lost, won
	}
	if !assert.Equal(t, 200, won.Status, "%s", won.Body) {
		return
	}
	assert.Contains(t, []int{409, 412}, lost.Status, "%s", lost.Body)
	var out desk.Outcome
	assert.NoError(t, json.Unmarshal(won.Body, &out))
	var (
		state   sharing.State
		version int
		entries int
	)
	err := s.gongshuDB.QueryRow(t.Context(), `
		SELECT state, version, (SELECT count(*) FROM trail WHERE subject_id = c.id::text AND version = 2) FROM cases c WHERE id = $1`, caseID).
		Scan(&state, &version, &entries)
	assert.NoError(t, err)
	assert.Equal(t, out, desk.Outcome{CaseID: caseID, State: state, Version: version})
	assert.Equal(t, 2, version)
	assert.Equal(t, 1, entries, "steps to version 2")
}

func TestAnswerOrWithdrawal(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester, approver := s.as(t, asks), s.as(t, decides)
	resource := requester.find(t, "SZ-GA-001")
	eachRound(t, func(t *testing.T) {
		id := requester.apply(t, application(resource)).Cases[0].CaseID
		replies, err := race(t, []person{approver, requester}, []call{onCase(id, 1, "answer", agree), onCase(id, 1, "withdrawal", remark)})
		assert.NoError(t, err)
		s.requireOneWinner(t, id, replies)
	})
}

func TestTwoApprovers(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester, approver, head := s.as(t, asks), s.as(t, decides), s.as(t, heads)
	resource := requester.find(t, "SZ-GA-001")
	eachRound(t, func(t *testing.T) {
		id := requester.apply(t, application(resource)).Cases[0].CaseID
		replies, err := race(t, []person{approver, head}, []call{onCase(id, 1, "answer", agree), onCase(id, 1, "answer", refuse)})
		assert.NoError(t, err)
		s.requireOneWinner(t, id, replies)
	})
}

func TestTheSameKeyAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester, approver := s.as(t, asks), s.as(t, decides)
	resource := requester.find(t, "SZ-GA-001")
	// Each request is sent twice at once; both are told the same, and it is done once.
	twice := func(t *testing.T, who person, c call) reply {
		replies, err := race(t, []person{who, who}, []call{c, c})
		assert.NoError(t, err)
		for _, r := range replies {
			assert.Contains(t, []int{200, 201}, r.Status, "%s %s: %s", c.Method, c.Path, r.Body)
		}
		if replies[0].Status/100 == 2 && replies[1].Status/100 == 2 {
			assert.JSONEq(t, string(replies[0].Body), string(replies[1].Body))
		}
		if replies[0].Status/100 != 2 {
			return replies[1]
		}
		return replies[0]
	}
	eachRound(t, func(t *testing.T) {
		key := uuid.NewString()
		var draft struct{ ID string }
		r := application(resource)
		r.Scenario = key
		if json.Unmarshal(twice(t, requester, call{Method: "POST", Path: "/applications", Body: r, Key: key + "/draft"}).Body, &draft) != nil {
			return // told above
		}
		var submitted desk.Submitted
		submit := call{Method: "POST", Path: "/applications/" + draft.ID + "/submit", Version: 1, Key: key + "/submit"}
		if json.Unmarshal(twice(t, requester, submit).Body, &submitted) != nil || len(submitted.Cases) != 1 {
			return
		}
		id := submitted.Cases[0].CaseID
		answer := onCase(id, 1, "answer", agree)
		answer.Key = key + "/answer"
		twice(t, approver, answer)
		var drafts, cases, entries int
		err := s.gongshuDB.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM applications WHERE request ->> 'scenario' = $2),
				(SELECT count(*) FROM cases WHERE request ->> 'scenario' = $2),
				(SELECT count(*) FROM trail WHERE subject_id = $1 AND version = 2)`, id, key).Scan(&drafts, &cases, &entries)
		assert.NoError(t, err)
		assert.Equal(t, []int{1, 1, 1}, []int{drafts, cases, entries}, "drafts, cases and answers")
	})
}
