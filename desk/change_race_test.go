package desk_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// Each round a change of class is published while the entry is applied for: the
// case is about one version of the entry and has the class of that version, and
// nobody waits for anybody for ever. Two reviewers at once: one of them publishes.
func TestPublicationAgainstSubmission(t *testing.T) {
	r := room{desktest.New(t)}
	ctx := t.Context()
	who := r.of("yanzhou")
	applicant := r.User("yanzhou-minzheng-requester")
	entry := r.conditionalOf("yanzhou", "gongan")
	draft := r.Request("yanzhou", entry.Code)
	author, reviewer, rival := r.User(who.author), r.User(who.reviewer), r.User(who.secrecy)
	agree, err := json.Marshal(sharing.Ruling{Agree: true})
	require.NoError(t, err)
	version := entry.Version
	class := map[int]sharing.Class{version: entry.Class}
	before, after := 0, 0
	for round := range *rounds {
		next := sharing.ChangeProposal{Kind: sharing.ChangedClass, ResourceID: entry.ID, Trigger: sharing.OtherTrigger, Why: "调整",
			Entry: sharing.EntryDraft{Class: sharing.Unconditional}}
		if class[version] == sharing.Unconditional {
			next.Entry = sharing.EntryDraft{Class: sharing.Conditional, Basis: []sharing.LegalGround{{Source: sharing.SourceLaw, Law: "个人信息保护法", Article: "第六条"}}}
		}
		body, err := json.Marshal(next)
		require.NoError(t, err)
		c, err := r.Open(ctx, author, "", sharing.CatalogChange, body)
		require.NoError(t, err)
		c, err = r.Step(ctx, reviewer, desk.Act{CaseID: c.CaseID, Expected: c.Version}, sharing.ReviewChange, agree)
		require.NoError(t, err)
		a, err := r.SaveDraft(ctx, applicant, "", "", 0, draft)
		require.NoError(t, err)

		var (
			wait      sync.WaitGroup
			submitted desk.Submitted
			failed    error
			reviews   [2]error
		)
		wait.Go(func() { submitted, failed = r.Submit(ctx, applicant, "", a.ID, a.Version, nil) })
		for i, by := range []sharing.User{reviewer, rival} {
			wait.Go(func() {
				_, reviews[i] = r.Step(ctx, by, desk.Act{CaseID: c.CaseID, Expected: c.Version}, sharing.ClearSecrecy, agree)
			})
		}
		wait.Wait()
		require.NoError(t, failed, "round %d", round)
		won := 0
		for _, err := range reviews {
			if err == nil {
				won++
				continue
			}
			require.Contains(t, []sharing.Code{sharing.CodeStale, sharing.CodeWrongState}, sharing.CodeOf(err), "round %d: %v", round, err)
		}
		require.Equal(t, 1, won, "round %d: %v", round, reviews)
		version++
		class[version] = next.Entry.Class

		share, err := r.Case(ctx, applicant, submitted.Cases[0].CaseID)
		require.NoError(t, err)
		require.Contains(t, []int{version - 1, version}, share.Resource.Version, "round %d", round)
		require.Equal(t, class[share.Resource.Version], share.Class, "round %d: version %d", round, share.Resource.Version)
		require.Equal(t, share.Class == sharing.Unconditional, share.State == sharing.InUse, "round %d", round)
		if share.Resource.Version == version {
			after++
		} else {
			before++
		}
		if share.State == sharing.Answering {
			_, err = r.Withdraw(ctx, applicant, desk.Act{CaseID: share.ID, Expected: 1}, sharing.Remark{})
			require.NoError(t, err)
		}
	}
	t.Logf("%d rounds: %d applications came before the publication, %d after", *rounds, before, after)
	now, err := r.Desk.Resource(ctx, author, entry.ID)
	require.NoError(t, err)
	require.Equal(t, version, now.Version)
	require.Equal(t, class[version], now.Class)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// Each round a change is published while an application for the same entry is
// answered: both succeed, and the case keeps version and class of its receipt.
func TestPublicationAgainstAnswer(t *testing.T) {
	r := room{desktest.New(t)}
	ctx := t.Context()
	who := r.of("yanzhou")
	applicant := r.User("yanzhou-minzheng-requester")
	entry := r.conditionalOf("yanzhou", "gongan")
	draft := r.Request("yanzhou", entry.Code)
	author, reviewer, rival := r.User(who.author), r.User(who.reviewer), r.User(who.secrecy)
	agree, err := json.Marshal(sharing.Ruling{Agree: true})
	require.NoError(t, err)
	for round := range *rounds {
		p := sharing.ChangeProposal{Kind: sharing.ChangedElements, ResourceID: entry.ID, Trigger: sharing.OtherTrigger, Why: "调整",
			Entry: sharing.EntryDraft{Description: fmt.Sprintf("第%d版", round)}}
		body, err := json.Marshal(p)
		require.NoError(t, err)
		c, err := r.Open(ctx, author, "", sharing.CatalogChange, body)
		require.NoError(t, err)
		c, err = r.Step(ctx, reviewer, desk.Act{CaseID: c.CaseID, Expected: c.Version}, sharing.ReviewChange, agree)
		require.NoError(t, err)
		a, err := r.SaveDraft(ctx, applicant, "", "", 0, draft)
		require.NoError(t, err)
		submitted, err := r.Submit(ctx, applicant, "", a.ID, a.Version, nil)
		require.NoError(t, err)

		var (
			wait                sync.WaitGroup
			answered, published error
		)
		wait.Go(func() {
			_, answered = r.Answer(ctx, reviewer, desk.Act{CaseID: submitted.Cases[0].CaseID, Expected: 1}, sharing.Decision{Agree: true})
		})
		wait.Go(func() {
			_, published = r.Step(ctx, rival, desk.Act{CaseID: c.CaseID, Expected: c.Version}, sharing.ClearSecrecy, agree)
		})
		wait.Wait()
		require.NoError(t, answered, "round %d", round)
		require.NoError(t, published, "round %d", round)
		share, err := r.Case(ctx, applicant, submitted.Cases[0].CaseID)
		require.NoError(t, err)
		require.Equal(t, entry.Version+round, share.Resource.Version)
		require.Equal(t, sharing.Conditional, share.Class)
		require.Equal(t, sharing.Agreed, share.State)
	}
	now, err := r.Desk.Resource(ctx, author, entry.ID)
	require.NoError(t, err)
	require.Equal(t, entry.Version+*rounds, now.Version)
}
