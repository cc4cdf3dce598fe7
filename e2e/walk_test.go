//go:build e2e

package e2e

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/sharing"
)

// People of the demo.
const (
	asks     = "shuozhou-minzheng-requester"
	decides  = "shuozhou-gongan-approver"
	heads    = "shuozhou-gongan-head"
	provides = "shuozhou-gongan-specialist"
)

func TestFromApplicationToUse(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester, approver, specialist := s.as(t, asks), s.as(t, decides), s.as(t, provides)
	submitted := requester.apply(t, application(requester.find(t, "SZ-GA-001")))
	require.Len(t, submitted.Cases, 1)
	id := submitted.Cases[0].CaseID
	require.Equal(t, desk.Outcome{CaseID: id, State: sharing.Answering, Version: 1}, submitted.Cases[0])

	out := specialist.step(t, id, 1, "completion-request", sharing.Completion{Gaps: []string{"请写明法定职责的条款"}})
	require.Equal(t, desk.Outcome{CaseID: id, State: sharing.Completing, Version: 2}, out)
	approver.do(t, onCase(id, 2, "answer", agree)).is(t, 409, sharing.CodeWrongState)
	requester.step(t, id, 2, "completion", sharing.Completed{Note: "《社会救助暂行办法》第五十八条"})
	specialist.do(t, onCase(id, 3, "completion-request", sharing.Completion{Gaps: []string{"再来一次"}})).is(t, 409, sharing.CodeCompletionUsed)
	approver.step(t, id, 3, "answer", sharing.Decision{Agree: true, Conditions: "逐笔查询"})
	specialist.step(t, id, 4, "provision", provision)
	out = requester.step(t, id, 5, "confirmation", remark)
	require.Equal(t, desk.Outcome{CaseID: id, State: sharing.InUse, Version: 6}, out)

	seen := requester.read(t, id)
	require.NotNil(t, seen.Grant)
	require.Equal(t, provision.Locator, seen.Grant.Locator)
	var actions []sharing.Action
	for i, e := range seen.Timeline {
		actions = append(actions, e.Action)
		require.Equal(t, i+1, e.Version)
	}
	require.Equal(t, []sharing.Action{sharing.Submit, sharing.RequestCompletion, sharing.Complete, sharing.Answer, sharing.Provide, sharing.Confirm}, actions)
	s.requireOneWorkflow(t, id, 6)
}

func TestARefusalCitesItsBasis(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester, approver := s.as(t, asks), s.as(t, decides)
	id := requester.apply(t, application(requester.find(t, "SZ-GA-001"))).Cases[0].CaseID
	approver.do(t, onCase(id, 1, "answer", sharing.Decision{Reasons: "不便提供"})).is(t, 422, sharing.CodeBasisRequired)
	approver.do(t, onCase(id, 1, "answer", sharing.Decision{Basis: refuse.Basis})).is(t, 422, sharing.CodeBasisRequired)
	require.Equal(t, 1, requester.read(t, id).Version, "neither was an answer")
	require.Equal(t, sharing.Refused, approver.step(t, id, 1, "answer", refuse).State)
	approver.do(t, onCase(id, 1, "answer", agree)).is(t, 409, sharing.CodeAlreadyDecided)
	require.Equal(t, sharing.Refused, requester.read(t, id).State)
	s.requireNoWorkflow(t, id)
}

func TestSeveralDepartmentsAnswerEachForItself(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester, approver := s.as(t, asks), s.as(t, decides)
	// Two conditional resources of two departments, and one shared unconditionally.
	submitted := requester.apply(t, application(requester.find(t, "SZ-GA-001"), requester.find(t, "SZ-RS-002"), requester.find(t, "SZ-NY-003")))
	require.Len(t, submitted.Cases, 3)
	require.Equal(t, []sharing.State{sharing.Answering, sharing.Answering, sharing.InUse},
		[]sharing.State{submitted.Cases[0].State, submitted.Cases[1].State, submitted.Cases[2].State})
	for _, c := range submitted.Cases {
		s.requireOneWorkflow(t, c.CaseID, 1)
	}
	approver.step(t, submitted.Cases[0].CaseID, 1, "answer", refuse)
	approver.do(t, onCase(submitted.Cases[1].CaseID, 1, "answer", agree)).is(t, 404)
	require.Equal(t, sharing.Answering, s.as(t, "shuozhou-renshe-approver").read(t, submitted.Cases[1].CaseID).State)
	s.as(t, "shuozhou-renshe-approver").step(t, submitted.Cases[1].CaseID, 1, "answer", agree)
	s.requireNoWorkflow(t, submitted.Cases[0].CaseID)
	s.requireOneWorkflow(t, submitted.Cases[1].CaseID, 2)
	s.requireOneWorkflow(t, submitted.Cases[2].CaseID, 1)
}

func TestUnconditionalIsGrantedAtOnce(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester := s.as(t, asks)
	out := requester.apply(t, application(requester.find(t, "SZ-NY-001"))).Cases[0]
	require.Equal(t, sharing.InUse, out.State)
	require.NotNil(t, requester.read(t, out.CaseID).Grant)
	s.requireOneWorkflow(t, out.CaseID, 1)
}

func TestTheSameKeyIsTheSameRequest(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester, approver := s.as(t, asks), s.as(t, decides)
	key := uuid.NewString()
	write := call{Method: "POST", Path: "/applications", Body: application(requester.find(t, "SZ-GA-001")), Key: key}
	first := decode[struct{ ID string }](t, requester.do(t, write).is(t, 201))
	require.Equal(t, first, decode[struct{ ID string }](t, requester.do(t, write).is(t, 201)))

	submit := call{Method: "POST", Path: "/applications/" + first.ID + "/submit", Version: 1, Key: key + "-submit"}
	submitted := requester.do(t, submit).is(t, 200)
	require.JSONEq(t, string(submitted.Body), string(requester.do(t, submit).is(t, 200).Body))
	id := decode[desk.Submitted](t, submitted).Cases[0].CaseID

	answer := onCase(id, 1, "answer", agree)
	answer.Key = key
	answered := approver.do(t, answer).is(t, 200)
	again := approver.do(t, answer).is(t, 200)
	assert.JSONEq(t, string(answered.Body), string(again.Body))
	assert.Equal(t, answered.ETag, again.ETag)
	answer.Body = refuse
	approver.do(t, answer).is(t, 409, sharing.CodeKeyReused)
	require.Equal(t, 2, requester.read(t, id).Version)
}

func TestDecidingOnWhatHasChangedMeanwhile(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	requester, approver, specialist := s.as(t, asks), s.as(t, decides), s.as(t, provides)
	id := requester.apply(t, application(requester.find(t, "SZ-GA-001"))).Cases[0].CaseID
	specialist.step(t, id, 1, "completion-request", sharing.Completion{Gaps: []string{"用途"}})
	requester.step(t, id, 2, "completion", sharing.Completed{Note: "已补充"})
	problem := decode[struct {
		Current struct {
			State   sharing.State
			Version int
		}
	}](t, approver.do(t, onCase(id, 1, "answer", agree)).is(t, 412, sharing.CodeStale))
	require.Equal(t, 3, problem.Current.Version)
	require.Equal(t, sharing.Answering, problem.Current.State)
	approver.do(t, onCase(id, 0, "answer", agree)).is(t, 428)
	approver.step(t, id, 3, "answer", agree)
	requester.do(t, onCase(id, 3, "withdrawal", remark)).is(t, 409)
	require.Equal(t, 4, requester.read(t, id).Version)
}
