package desk_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

const (
	supervisor = "shuozhou-supervisor-officer"
	peer       = "shuozhou-shichang-approver"
)

// outsiders may not so much as know of a case between others: other departments,
// a requester of the provider, other regions, and those without cases.
var outsiders = []string{peer, stranger, "shuozhou-gongan-requester", "city-gongan-approver", "shuozhou-finance-officer", "shuozhou-shenji-auditor",
	"shuozhou-authority-operator", "shuozhou-authority-gateway"}

// asOwner opens a plain connection to the rig's database as the owner of its tables.
func asOwner(t *testing.T, r *desktest.Rig) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.Database.OwnerURL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return conn
}

// seenBy is a case as a user sees it.
func seenBy(t *testing.T, r *desktest.Rig, user, id string) desk.CaseView {
	t.Helper()
	view, err := r.Case(t.Context(), r.User(user), id)
	require.NoError(t, err)
	return view
}

func TestWhatGoesOnBesideACaseIsForThoseWhoMayReadIt(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	say := sharing.NewComment{Text: "材料已寄出"}
	soon := sharing.NewSupervision{Note: "请说明", ReplyBy: sharing.DateOf(c.CreatedAt) + 3}
	for _, user := range outsiders {
		who := r.User(user)
		for name, do := range map[string]func() error{
			"comment":   func() error { _, err := r.Comment(ctx, who, "", c.ID, say); return err },
			"comments":  func() error { _, err := r.Comments(ctx, who, c.ID, "", 0); return err },
			"follow":    func() error { return r.Follow(ctx, who, "", c.ID, true) },
			"unfollow":  func() error { return r.Follow(ctx, who, "", c.ID, false) },
			"urge":      func() error { _, err := r.Urge(ctx, who, "", c.ID); return err },
			"supervise": func() error { _, err := r.Supervise(ctx, who, "", c.ID, soon); return err },
			"link":      func() error { return r.Link(ctx, who, "", c.ID, sharing.NewLink{Case: c.ID, Reason: "同一事项"}) },
		} {
			require.Equal(t, sharing.CodeNotFound, code(t, do()), "%s by %s", name, user)
		}
		results, err := r.UrgeAll(ctx, who, "", []string{c.ID})
		require.NoError(t, err)
		require.Equal(t, sharing.CodeNotFound, code(t, results[0].Err), user)
	}
	// Who reads the case may speak and follow; who urges and who supervises is the
	// policy's to say.
	for user, may := range map[string][3]sharing.Code{ // comment, urge, supervise
		requester:  {"", "", sharing.CodeForbidden},
		approver:   {"", sharing.CodeForbidden, sharing.CodeForbidden},
		specialist: {"", sharing.CodeForbidden, sharing.CodeForbidden},
		officer:    {"", "", ""},
		supervisor: {"", sharing.CodeForbidden, sharing.CodeForbidden},
	} {
		who := r.User(user)
		_, err := r.Comment(ctx, who, "", c.ID, say)
		require.Equal(t, may[0], sharing.CodeOf(err), user)
		require.NoError(t, r.Follow(ctx, who, "", c.ID, true))
		_, err = r.Urge(ctx, who, "", c.ID)
		require.Equal(t, may[1], sharing.CodeOf(err), user)
		_, err = r.Supervise(ctx, who, "", c.ID, soon)
		require.Equal(t, may[2], sharing.CodeOf(err), user)
	}
	for _, user := range outsiders {
		told, err := r.Messages(ctx, r.User(user), desk.MessageQuery{})
		require.NoError(t, err)
		require.Zero(t, told.Total, user)
		following, err := r.Cases(ctx, r.User(user), desk.CaseQuery{Following: true})
		require.NoError(t, err)
		require.Zero(t, following.Total, user)
	}
	require.Equal(t, 1, seenBy(t, r, requester, c.ID).Version, "nothing of it is a step")
	_, err := r.Owner.VerifyTrail(ctx)
	require.NoError(t, err)
}

func TestADiscussion(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	pdf := []byte("%PDF-1.7\n依据")
	file, err := r.Upload(ctx, r.User(requester), "", "说明.pdf", "", bytes.NewReader(pdf))
	require.NoError(t, err)

	first, err := r.Comment(ctx, r.User(requester), "k1", c.ID, sharing.NewComment{Text: "补充说明见附件", Attachments: []string{file.ID}})
	require.NoError(t, err)
	again, err := r.Comment(ctx, r.User(requester), "k1", c.ID, sharing.NewComment{Text: "补充说明见附件", Attachments: []string{file.ID}})
	require.NoError(t, err)
	require.Equal(t, first, again)
	_, err = r.Comment(ctx, r.User(requester), "k1", c.ID, sharing.NewComment{Text: "别的话"})
	require.Equal(t, sharing.CodeKeyReused, code(t, err))
	_, err = r.Comment(ctx, r.User(approver), "", c.ID, sharing.NewComment{Text: "涉密部分先问法制科", Internal: true})
	require.NoError(t, err)

	// All see what was said to all; an internal remark is its department's, its very
	// existence too.
	texts := func(user string) (all []string) {
		view := seenBy(t, r, user, c.ID)
		for _, s := range view.Aside.Comments {
			all = append(all, s.Text)
		}
		require.Len(t, all, view.Aside.Said)
		inTrail := 0
		for _, e := range view.Timeline {
			if e.Action == sharing.Comment {
				inTrail++
				require.NotContains(t, fmt.Sprint(e), "说明", "the trail proves the text and does not repeat it")
			}
		}
		require.Equal(t, len(all), inTrail, user)
		return all
	}
	require.Equal(t, []string{"补充说明见附件", "涉密部分先问法制科"}, texts(specialist))
	for _, user := range []string{requester, officer, supervisor} {
		require.Equal(t, []string{"补充说明见附件"}, texts(user), user)
	}
	require.Equal(t, "说明.pdf", seenBy(t, r, officer, c.ID).Aside.Comments[0].Files[0].Name)
	_, body, err := r.File(ctx, r.User(supervisor), file.ID)
	require.NoError(t, err, "the file has become the case's")
	require.NoError(t, body.Close())
	_, _, err = r.File(ctx, r.User(peer), file.ID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))

	// The provider is told once, the author's own department and the internal remark's
	// readers are not.
	told := func(user string, topic sharing.Action) int {
		page, err := r.Messages(ctx, r.User(user), desk.MessageQuery{Limit: 100})
		require.NoError(t, err)
		n := 0
		for _, m := range page.Items {
			if m.Topic == string(topic) {
				n++
			}
		}
		return n
	}
	require.Equal(t, 1, told(approver, sharing.Comment))
	require.Zero(t, told(requester, sharing.Comment))

	for field, bad := range map[string]sharing.NewComment{
		"/text":        {Text: " \n"},
		"/kind":        {Text: "好", Kind: "shout"},
		"/internal":    {Text: "好", Kind: sharing.ReplyComment, Internal: true},
		"/attachments": {Text: "好", Internal: true, Attachments: []string{file.ID}},
	} {
		_, err := r.Comment(ctx, r.User(requester), "", c.ID, bad)
		require.Equal(t, sharing.CodeInvalid, code(t, err))
		require.ErrorContains(t, err, field)
	}
	_, err = r.Comment(ctx, r.User(approver), "", c.ID, sharing.NewComment{Text: "好", Attachments: []string{file.ID}})
	require.Equal(t, sharing.CodeInvalid, code(t, err), "another department's file")

	// Append-only, whoever asks the database under the application's role.
	conn, err := pgx.Connect(ctx, r.Database.AppURL)
	require.NoError(t, err)
	for _, sql := range []string{`UPDATE comments SET text = 'x'`, `DELETE FROM comments`} {
		_, err := conn.Exec(ctx, sql)
		require.ErrorContains(t, err, "permission denied")
	}
	require.NoError(t, conn.Close(ctx))

	for i := range desk.DefaultLimit + 3 {
		_, err := r.Comment(ctx, r.User(officer), "", c.ID, sharing.NewComment{Text: fmt.Sprint("第", i, "次")})
		require.NoError(t, err)
	}
	page, err := r.Comments(ctx, r.User(requester), c.ID, "", desk.DefaultLimit)
	require.NoError(t, err)
	rest, err := r.Comments(ctx, r.User(requester), c.ID, page.Next, desk.DefaultLimit)
	require.NoError(t, err)
	require.Equal(t, desk.DefaultLimit+4, page.Total)
	require.Len(t, rest.Items, 4)
	require.Equal(t, "补充说明见附件", rest.Items[3].Text)
}

func TestFollowersAreTold(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	for _, user := range []string{requester, officer, "shuozhou-minzheng-head"} {
		require.NoError(t, r.Follow(ctx, r.User(user), "", c.ID, true))
		require.NoError(t, r.Follow(ctx, r.User(user), "", c.ID, true), "twice is once")
		require.True(t, seenBy(t, r, user, c.ID).Aside.Following)
	}
	require.NoError(t, r.Follow(ctx, r.User("shuozhou-minzheng-head"), "", c.ID, false))
	following, err := r.Cases(ctx, r.User(officer), desk.CaseQuery{Following: true})
	require.NoError(t, err)
	require.Equal(t, 1, following.Total)

	_, err = r.Answer(ctx, r.User(approver), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Decision{Agree: true})
	require.NoError(t, err)
	mine := func(user string) (actions []string) {
		page, err := r.Messages(ctx, r.User(user), desk.MessageQuery{Limit: 100})
		require.NoError(t, err)
		for _, m := range page.Items {
			if m.Mine {
				require.Equal(t, "followed", m.Topic)
				actions = append(actions, m.Data["action"])
			}
		}
		return actions
	}
	require.Equal(t, []string{"answer"}, mine(officer))
	require.Equal(t, []string{"answer"}, mine(requester))
	require.Empty(t, mine("shuozhou-minzheng-head"), "who no longer follows")
	require.Empty(t, mine("shuozhou-authority-head"), "a message to one user is not the department's")
	_, err = r.Comment(ctx, r.User(officer), "", c.ID, sharing.NewComment{Text: "请尽快提供"})
	require.NoError(t, err)
	require.Equal(t, []string{"answer"}, mine(officer), "not of what one did oneself")
	require.Equal(t, []string{"comment", "answer"}, mine(requester))
	_, err = r.Comment(ctx, r.User(approver), "", c.ID, sharing.NewComment{Text: "内部", Internal: true})
	require.NoError(t, err)
	require.Len(t, mine(requester), 2, "nor of what others keep to themselves")

	// Who follows is nobody else's business.
	for _, e := range seenBy(t, r, approver, c.ID).Timeline {
		require.NotContains(t, []sharing.Action{sharing.Follow, sharing.Unfollow}, e.Action)
	}
	require.True(t, slices.ContainsFunc(seenBy(t, r, officer, c.ID).Timeline, func(e sharing.Entry) bool { return e.Action == sharing.Follow }))
}

func TestUrgingOnceADay(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	urged, err := r.Urge(ctx, r.User(requester), "u1", c.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"shuozhou-gongan"}, urged.Owes)
	again, err := r.Urge(ctx, r.User(requester), "u1", c.ID)
	require.NoError(t, err)
	require.Equal(t, urged, again, "the same request")
	_, err = r.Urge(ctx, r.User("shuozhou-minzheng-head"), "", c.ID)
	require.Equal(t, sharing.CodeUrged, code(t, err), "once for the department")
	require.ErrorContains(t, err, urged.Next.String())
	require.NotContains(t, seenBy(t, r, requester, c.ID).Aside.Can, sharing.Urge)
	_, err = r.Urge(ctx, r.User(officer), "", c.ID)
	require.NoError(t, err, "the authority urges for itself")

	view := seenBy(t, r, approver, c.ID)
	i := slices.IndexFunc(view.Timeline, func(e sharing.Entry) bool { return e.Action == sharing.Urge })
	require.Equal(t, sharing.DutyAnswer, view.Timeline[i].Data["duty"])
	require.Equal(t, fmt.Sprint(*view.Clocks[0].Left), view.Timeline[i].Data["left"])
	page, err := r.Messages(ctx, r.User(approver), desk.MessageQuery{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, []string{"urge", "urge"}, []string{page.Items[0].Topic, page.Items[1].Topic})

	// On the next day it can be urged again.
	_, err = asOwner(t, r).Exec(ctx, `UPDATE urges SET day = day - 1`)
	require.NoError(t, err)
	_, err = r.Urge(ctx, r.User(requester), "", c.ID)
	require.NoError(t, err)

	// While the applicant completes the application it waits for nobody else.
	_, err = r.RequestCompletion(ctx, r.User(specialist), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Completion{Gaps: []string{"缺少依据"}})
	require.NoError(t, err)
	_, err = asOwner(t, r).Exec(ctx, `UPDATE urges SET day = day - 10`)
	require.NoError(t, err)
	_, err = r.Urge(ctx, r.User(requester), "", c.ID)
	require.Equal(t, sharing.CodeWrongState, code(t, err))
	require.NotContains(t, seenBy(t, r, requester, c.ID).Aside.Can, sharing.Urge, "what would be refused is not offered")
	require.Contains(t, seenBy(t, r, officer, c.ID).Aside.Can, sharing.Urge)
	urged, err = r.Urge(ctx, r.User(officer), "", c.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"shuozhou-minzheng"}, urged.Owes)
}

// Of many who urge for one department at the same time, one does.
func TestUrgingAtTheSameTime(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	who := r.User(requester)
	const many = 12
	errs := make([]error, many)
	var wait sync.WaitGroup
	for i := range many {
		wait.Go(func() { _, errs[i] = r.Urge(ctx, who, "", c.ID) })
	}
	wait.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else {
			require.Equal(t, sharing.CodeUrged, sharing.CodeOf(err))
		}
	}
	require.Equal(t, 1, done)
}

func TestUrgingManyAtOnce(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	other := r.Apply(requester, r.Request("shuozhou", "SZ-RS-001"), nil).Cases[0].CaseID
	_, err := r.Urge(ctx, r.User(officer), "", other)
	require.NoError(t, err)
	absent := "00000000-0000-4000-8000-000000000000"
	results, err := r.UrgeAll(ctx, r.User(officer), "all", []string{c.ID, other, absent, c.ID})
	require.NoError(t, err)
	codes := map[string]sharing.Code{}
	for _, one := range results {
		codes[one.CaseID] = sharing.CodeOf(one.Err)
	}
	require.Equal(t, map[string]sharing.Code{c.ID: "", other: sharing.CodeUrged, absent: sharing.CodeNotFound}, codes)
	_, err = r.UrgeAll(ctx, r.User(officer), "", nil)
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	_, err = r.UrgeAll(ctx, r.User(officer), "", slices.Collect(func(yield func(string) bool) {
		for i := range desk.MaxUrged + 1 {
			if !yield(fmt.Sprint(i)) {
				return
			}
		}
	}))
	require.Equal(t, sharing.CodeInvalid, code(t, err))
}

func TestSupervision(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	today := sharing.DateOf(c.CreatedAt)
	for field, bad := range map[string]sharing.NewSupervision{
		"/note":     {ReplyBy: today},
		"/reply_by": {Note: "请说明"},
		"past":      {Note: "请说明", ReplyBy: today - 1},
		"range":     {Note: "请说明", ReplyBy: today + sharing.MaxReplyDays + 1},
	} {
		_, err := r.Supervise(ctx, r.User(officer), "", c.ID, bad)
		require.Equal(t, sharing.CodeInvalid, code(t, err))
		require.ErrorContains(t, err, field)
	}
	done, err := r.Supervise(ctx, r.User(officer), "s1", c.ID, sharing.NewSupervision{Note: "请说明迟延原因", ReplyBy: today + 3})
	require.NoError(t, err)
	require.Equal(t, []string{"shuozhou-gongan"}, done.Owes)
	waiting, err := r.AwaitedReplies(ctx, r.User(supervisor), "", 0)
	require.NoError(t, err)
	require.Equal(t, 1, waiting.Total)
	require.Equal(t, today+3, waiting.Items[0].ReplyBy)
	_, err = r.AwaitedReplies(ctx, r.User(approver), "", 0)
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	view := seenBy(t, r, approver, c.ID)
	require.True(t, view.Aside.MayReply)
	require.Equal(t, "请说明迟延原因", view.Aside.Supervisions[0].Note)
	require.False(t, seenBy(t, r, requester, c.ID).Aside.MayReply)

	reply := sharing.NewComment{Kind: sharing.ReplyComment, Text: "系统升级，后天答复"}
	_, err = r.Comment(ctx, r.User(requester), "", c.ID, reply)
	require.Equal(t, sharing.CodeWrongState, code(t, err), "nobody asked the applicant")
	_, err = r.Comment(ctx, r.User(specialist), "", c.ID, sharing.NewComment{Text: "在办"})
	require.NoError(t, err)
	require.True(t, seenBy(t, r, approver, c.ID).Aside.MayReply, "a remark is no reply")
	said, err := r.Comment(ctx, r.User(specialist), "", c.ID, reply)
	require.NoError(t, err)
	view = seenBy(t, r, officer, c.ID)
	require.NotNil(t, view.Aside.Supervisions[0].RepliedAt)
	require.Equal(t, said.ID, view.Aside.Supervisions[0].Reply)
	waiting, err = r.AwaitedReplies(ctx, r.User(officer), "", 0)
	require.NoError(t, err)
	require.Zero(t, waiting.Total)
	_, err = r.Comment(ctx, r.User(approver), "", c.ID, reply)
	require.Equal(t, sharing.CodeWrongState, code(t, err), "it has been answered")
	told, err := r.Messages(ctx, r.User(officer), desk.MessageQuery{})
	require.NoError(t, err)
	require.Equal(t, "comment", told.Items[0].Topic, "who asked is told of the reply")
}

func TestLinkedCases(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	other := seenBy(t, r, requester, r.Apply(requester, r.Request("shuozhou", "SZ-RS-001"), nil).Cases[0].CaseID)
	link := sharing.NewLink{Case: other.Number, Reason: "同一救助事项"}
	_, err := r.Case(ctx, r.User(approver), other.ID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	err = r.Link(ctx, r.User(approver), "", c.ID, link)
	require.ErrorContains(t, err, "/case", "a case one may not read does not exist")
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	require.Equal(t, sharing.CodeInvalid, code(t, r.Link(ctx, r.User(requester), "", c.ID, sharing.NewLink{Case: c.ID, Reason: "自己"})))
	require.Equal(t, sharing.CodeInvalid, code(t, r.Link(ctx, r.User(requester), "", c.ID, sharing.NewLink{Case: other.ID})))

	require.NoError(t, r.Link(ctx, r.User(requester), "", c.ID, link))
	require.NoError(t, r.Link(ctx, r.User(requester), "", other.ID, sharing.NewLink{Case: c.ID, Reason: "再次"}), "twice is once")
	linked := func(user, id string) int {
		view := seenBy(t, r, user, id)
		inStory := 0
		for _, e := range view.Timeline {
			if e.Action == sharing.LinkCases {
				inStory++
			}
		}
		require.Equal(t, len(view.Aside.Links), inStory, user)
		require.False(t, user == approver && strings.Contains(fmt.Sprint(view), other.ID), "nothing of the other case")
		return inStory
	}
	for _, id := range []string{c.ID, other.ID} {
		require.Equal(t, 1, linked(requester, id))
		require.Equal(t, 1, linked(officer, id))
	}
	require.Zero(t, linked(approver, c.ID))
	require.Equal(t, "同一救助事项", seenBy(t, r, officer, other.ID).Aside.Links[0].Reason)

	require.NoError(t, r.Unlink(ctx, r.User(officer), "", other.ID, c.ID))
	require.Empty(t, seenBy(t, r, requester, c.ID).Aside.Links)
	require.Equal(t, sharing.CodeWrongState, code(t, r.Unlink(ctx, r.User(officer), "", c.ID, other.ID)))
	_, err = r.Owner.VerifyTrail(ctx)
	require.NoError(t, err)
}
