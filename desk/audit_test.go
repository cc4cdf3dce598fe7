package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

const auditor = "shuozhou-shenji-auditor"

// checked waits for a verification to end.
func checked(t *testing.T, r *desktest.Rig, earlier desk.EarlierHead) desk.TrailCheck {
	t.Helper()
	id, err := r.VerifyTrail(t.Context(), r.User(auditor), "", earlier)
	require.NoError(t, err)
	for range 200 {
		k, err := r.TrailCheck(t.Context(), r.User(auditor), id)
		require.NoError(t, err)
		if !k.Running() {
			return k
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the verification does not end")
	return desk.TrailCheck{}
}

func TestTheTrailIsForAuditors(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	submitted := r.Apply(requester, r.Request("shuozhou", conditional), nil)
	for _, who := range []string{requester, approver, "shuozhou-authority-head", "shuozhou-authority-operator", "shuozhou-supervisor-officer"} {
		_, err := r.Audit(ctx, r.User(who), desk.AuditQuery{}, "", 10)
		require.Equal(t, sharing.CodeForbidden, code(t, err), who)
		_, err = r.ExportAudit(ctx, r.User(who), desk.AuditQuery{}, func([]desk.AuditLine) error { t.Error(who); return nil })
		require.Equal(t, sharing.CodeForbidden, code(t, err), who)
		_, err = r.VerifyTrail(ctx, r.User(who), "", desk.EarlierHead{})
		require.Equal(t, sharing.CodeForbidden, code(t, err), who)
		_, err = r.TrailChecks(ctx, r.User(who))
		require.Equal(t, sharing.CodeForbidden, code(t, err), who)
		_, err = r.AuditActions(ctx, r.User(who))
		require.Equal(t, sharing.CodeForbidden, code(t, err), who)
	}
	view, err := r.Case(ctx, r.User(requester), submitted.Cases[0].CaseID)
	require.NoError(t, err)
	all, err := r.Audit(ctx, r.User(auditor), desk.AuditQuery{}, "", 50)
	require.NoError(t, err)
	require.NotZero(t, all.Total)
	for name, row := range map[string]struct {
		q     desk.AuditQuery
		finds bool
	}{
		"the case":        {desk.AuditQuery{Number: view.Number}, true},
		"another":         {desk.AuditQuery{Number: "G20200101-AAAAAAAA"}, false},
		"the actor":       {desk.AuditQuery{Actor: requester}, true},
		"a part":          {desk.AuditQuery{Actor: "民政局"}, true},
		"nobody":          {desk.AuditQuery{Actor: "nobody"}, false},
		"wildcards":       {desk.AuditQuery{Actor: "%"}, false},
		"the act":         {desk.AuditQuery{Action: sharing.Submit}, true},
		"another act":     {desk.AuditQuery{Action: sharing.Withdraw}, false},
		"before":          {desk.AuditQuery{Until: sharing.DateOf(view.ReceivedAt) - 1}, false},
		"that day":        {desk.AuditQuery{From: sharing.DateOf(view.ReceivedAt), Until: sharing.DateOf(view.ReceivedAt)}, true},
		"all of it":       {desk.AuditQuery{Action: sharing.Submit, Actor: requester, Number: view.Number, From: sharing.DateOf(view.ReceivedAt)}, true},
		"nothing of what": {desk.AuditQuery{Action: sharing.Submit, Actor: approver, Number: view.Number}, false},
	} {
		found, err := r.Audit(ctx, r.User(auditor), row.q, "", 50)
		require.NoError(t, err, name)
		require.Equal(t, row.finds, found.Total > 0, name)
		require.Len(t, found.Items, found.Total, name)
	}
	_, err = r.Audit(ctx, r.User(auditor), desk.AuditQuery{From: 20000, Until: 19999}, "", 50)
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	_, err = r.Audit(ctx, r.User(auditor), desk.AuditQuery{Actor: "a\x00"}, "", 50)
	require.Equal(t, sharing.CodeInvalid, code(t, err))

	elsewhere, err := r.Audit(ctx, r.User("city-shenji-auditor"), desk.AuditQuery{}, "", 50)
	require.NoError(t, err)
	require.Zero(t, elsewhere.Total, "another region's trail, and nothing has been done here")
}

// Reading the trail stands in the trail, and is not for the reader to audit.
func TestNobodyAuditsTheirOwnActs(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	_, err := r.Audit(ctx, r.User(auditor), desk.AuditQuery{Actor: "看了谁"}, "", 10)
	require.NoError(t, err)
	_, err = r.ExportAudit(ctx, r.User(auditor), desk.AuditQuery{Number: "看了什么"}, func([]desk.AuditLine) error { return nil })
	require.NoError(t, err)
	require.True(t, checked(t, r, desk.EarlierHead{}).Whole())

	own, err := r.Audit(ctx, r.User(auditor), desk.AuditQuery{}, "", 10)
	require.NoError(t, err)
	require.Len(t, own.Items, 3)
	for _, l := range own.Items {
		require.True(t, l.Own)
		require.NotZero(t, l.Seq)
		require.Empty(t, l.Data)
		require.Empty(t, l.Action)
		require.Empty(t, l.SubjectID)
		require.Empty(t, l.Policy)
	}

	// Another auditor of the region reads them.
	colleague := r.User(auditor)
	colleague.ID = "shuozhou-authority-head" // any other account
	other, err := r.Audit(ctx, colleague, desk.AuditQuery{Actor: auditor}, "", 10)
	require.NoError(t, err)
	require.Len(t, other.Items, 4)
	require.Equal(t, []sharing.Action{desk.TrailRead, desk.TrailVerified, desk.TrailExported, desk.TrailRead},
		[]sharing.Action{other.Items[0].Action, other.Items[1].Action, other.Items[2].Action, other.Items[3].Action})
	require.Equal(t, "看了谁", other.Items[3].Data["actor"])
	require.Equal(t, "whole", other.Items[1].Data["result"])
}

// A verification finds what was changed behind the application's back, and a trail
// that is not the one whose head was written down.
func TestAVerificationFindsWhatWasChanged(t *testing.T) {
	r := desktest.New(t)
	r.Apply(requester, r.Request("shuozhou", conditional), nil)
	whole := checked(t, r, desk.EarlierHead{})
	require.True(t, whole.Whole())
	require.Equal(t, whole.Total, whole.Seen)
	require.Equal(t, whole.Head.Seq, whole.Seen)
	require.NotZero(t, whole.Took())
	require.True(t, checked(t, r, desk.EarlierHead{Seq: whole.Head.Seq, Hash: strings.ToUpper(whole.Head.Hash)}).Whole())

	other := checked(t, r, desk.EarlierHead{Seq: 1, Hash: strings.Repeat("0", 64)})
	require.True(t, other.Broken())
	require.Equal(t, "foreign", other.Rule)
	require.EqualValues(t, 1, other.At)
	cut := checked(t, r, desk.EarlierHead{Seq: 1000, Hash: strings.Repeat("0", 64)})
	require.Equal(t, "cut", cut.Rule)
	for _, wrong := range []desk.EarlierHead{{Seq: 1}, {Hash: strings.Repeat("0", 64)}, {Seq: 1, Hash: "zz"}, {Seq: -1, Hash: strings.Repeat("0", 64)}} {
		_, err := r.VerifyTrail(t.Context(), r.User(auditor), "", wrong)
		require.Equal(t, sharing.CodeInvalid, code(t, err))
	}

	owner, err := pgx.Connect(t.Context(), r.Database.OwnerURL)
	require.NoError(t, err)
	defer owner.Close(t.Context())
	_, err = owner.Exec(t.Context(), `UPDATE trail SET entry = convert_to(replace(convert_from(entry, 'UTF8'), '"action":"submit"', '"action":"answer"'), 'UTF8') WHERE seq = 2`)
	require.NoError(t, err)
	broken := checked(t, r, desk.EarlierHead{})
	require.True(t, broken.Broken())
	require.Equal(t, "unlinked", broken.Rule)
	require.EqualValues(t, 2, broken.At)

	once, err := r.VerifyTrail(t.Context(), r.User(auditor), "verify-it-once", desk.EarlierHead{})
	require.NoError(t, err)
	again, err := r.VerifyTrail(t.Context(), r.User(auditor), "verify-it-once", desk.EarlierHead{})
	require.NoError(t, err)
	require.Equal(t, once, again)
	for range 200 {
		if k, err := r.TrailCheck(t.Context(), r.User(auditor), once); err != nil || !k.Running() {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}

	last, err := r.TrailChecks(t.Context(), r.User(auditor))
	require.NoError(t, err)
	require.Len(t, last, 6)
	require.True(t, last[0].Broken())
	none, err := r.TrailChecks(t.Context(), r.User("city-shenji-auditor"))
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = r.TrailCheck(t.Context(), r.User("city-shenji-auditor"), last[0].ID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
}
