package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

const gonganHead = "shuozhou-gongan-head"

// lend has the approver lend the specialist their roles from today on.
func lend(t *testing.T, r *desktest.Rig, from, to string) sharing.Delegation {
	t.Helper()
	now, err := r.Now(t.Context())
	require.NoError(t, err)
	today := sharing.DateOf(now)
	g, err := r.Delegate(t.Context(), r.User(from), "", sharing.NewDelegation{To: to, From: today, Until: today + 2, Reason: "出差"})
	require.NoError(t, err)
	return g
}

func TestStandingIn(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	agree := sharing.Decision{Agree: true}
	act := desk.Act{CaseID: c.ID, Expected: 1}
	_, err := r.Answer(ctx, r.User(specialist), act, agree)
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	g := lend(t, r, approver, specialist)
	require.Equal(t, []sharing.Role{sharing.Approver}, g.Roles)
	require.Equal(t, (g.Begins + 3).Start(), g.EndsAt.In(sharing.Shanghai), "to the end of the last day")
	who := r.User(specialist)
	require.Equal(t, []sharing.Role{sharing.DataSpecialist}, who.Roles, "their own stay their own")
	require.True(t, who.Subject().Has(sharing.Approver))
	token := r.Token(specialist)
	signedIn, err := r.Authenticate(ctx, token)
	require.NoError(t, err)
	require.Equal(t, approver, signedIn.StandsIn[0].For)
	inbox, err := r.Tasks(ctx, who, desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, inbox.Total)

	// What one's own role allows is one's own; what only the lent one does is on the
	// other's behalf.
	require.NoError(t, r.Claim(ctx, who, "", inbox.Items[0].ID))
	_, err = r.Answer(ctx, who, act, agree)
	require.NoError(t, err)
	behalf := map[sharing.Action]string{}
	for _, e := range seenBy(t, r, officer, c.ID).Timeline {
		if e.Actor == specialist {
			behalf[e.Action] = e.OnBehalfOf
			require.Equal(t, e.OnBehalfOf != "", e.OnBehalfOfName != "")
		}
	}
	require.Equal(t, map[sharing.Action]string{sharing.Claim: "", sharing.Answer: approver}, behalf)
	var staged string
	require.NoError(t, asOwner(t, r).QueryRow(ctx, `SELECT subject ->> 'OnBehalfOf' FROM commands WHERE action = 'answer'`).Scan(&staged))
	require.Equal(t, approver, staged)
	_, err = r.Owner.VerifyTrail(ctx)
	require.NoError(t, err, "entries with and without the field are one chain")

	// Of other departments' cases the delegate sees no more than before.
	elsewhere := r.Apply(requester, r.Request("shuozhou", "SZ-RS-001"), nil).Cases[0].CaseID
	_, err = r.Case(ctx, who, elsewhere)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
}

func TestADelegationEndsByTheDatabasesClock(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	lend(t, r, approver, specialist)
	before := r.User(specialist) // as a request saw them that is still under way
	require.NotEmpty(t, before.StandsIn)
	_, err := asOwner(t, r).Exec(ctx, `UPDATE delegations SET starts_at = starts_at - interval '3 days', ends_at = clock_timestamp() + interval '300 milliseconds'`)
	require.NoError(t, err)
	require.NotEmpty(t, r.User(specialist).StandsIn, "to the last moment")
	time.Sleep(400 * time.Millisecond)
	require.Empty(t, r.User(specialist).StandsIn)
	_, err = r.Answer(ctx, before, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Decision{Agree: true})
	require.Equal(t, sharing.CodeForbidden, code(t, err), "asked again when it is carried out")
	require.Equal(t, 1, seenBy(t, r, requester, c.ID).Version)

	// It has not begun before its first day either.
	now, err := r.Now(ctx)
	require.NoError(t, err)
	tomorrow := sharing.DateOf(now) + 1
	_, err = r.Delegate(ctx, r.User(approver), "", sharing.NewDelegation{To: specialist, From: tomorrow, Until: tomorrow, Reason: "请假"})
	require.NoError(t, err)
	require.Empty(t, r.User(specialist).StandsIn)
}

func TestRevokingADelegation(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	g := lend(t, r, approver, specialist)
	before := r.User(specialist)
	require.Equal(t, sharing.CodeForbidden, code(t, r.RevokeDelegation(ctx, before, "", g.ID)))
	require.Equal(t, sharing.CodeNotFound, code(t, r.RevokeDelegation(ctx, r.User("shuozhou-gongan-requester"), "", g.ID)))
	require.Equal(t, sharing.CodeNotFound, code(t, r.RevokeDelegation(ctx, r.User("shuozhou-renshe-head"), "", g.ID)))
	require.NoError(t, r.RevokeDelegation(ctx, r.User(approver), "k", g.ID))
	require.NoError(t, r.RevokeDelegation(ctx, r.User(approver), "k", g.ID), "the same request")
	require.Equal(t, sharing.CodeWrongState, code(t, r.RevokeDelegation(ctx, r.User(approver), "", g.ID)))
	require.Empty(t, r.User(specialist).StandsIn)
	_, err := r.Answer(ctx, before, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Decision{Agree: true})
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	second := lend(t, r, approver, specialist)
	require.NoError(t, r.RevokeDelegation(ctx, r.User(gonganHead), "", second.ID), "the head of the department may")
	for _, user := range []string{approver, specialist} {
		page, err := r.Delegations(ctx, r.User(user), "", 0)
		require.NoError(t, err)
		require.Equal(t, 2, page.Total)
		require.Equal(t, user == approver, page.Items[0].Given)
		require.False(t, page.Items[0].Running)
		require.Equal(t, gonganHead, page.Items[0].RevokedBy)
	}
	page, err := r.Delegations(ctx, r.User(peer), "", 0)
	require.NoError(t, err)
	require.Zero(t, page.Total)
}

func TestDelegationsThatAreRefused(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	now, err := r.Now(ctx)
	require.NoError(t, err)
	today := sharing.DateOf(now)
	sound := sharing.NewDelegation{To: specialist, From: today, Until: today, Reason: "请假"}
	for rule, change := range map[string]func(*sharing.NewDelegation){
		"/to: required":       func(n *sharing.NewDelegation) { n.To = "" },
		"/to: colleague":      func(n *sharing.NewDelegation) { n.To = peer },
		"/reason: required":   func(n *sharing.NewDelegation) { n.Reason = "" },
		"/from: not_in_past":  func(n *sharing.NewDelegation) { n.From-- },
		"/until: not_earlier": func(n *sharing.NewDelegation) { n.From++ },
		"/until: range":       func(n *sharing.NewDelegation) { n.Until += sharing.MaxDelegationDays },
		"/until: required":    func(n *sharing.NewDelegation) { n.Until = 0 },
	} {
		n := sound
		change(&n)
		_, err := r.Delegate(ctx, r.User(approver), "", n)
		require.Equal(t, sharing.CodeInvalid, code(t, err), rule)
		require.ErrorContains(t, err, rule)
	}
	n := sound
	n.To = approver
	_, err = r.Delegate(ctx, r.User(approver), "", n)
	require.ErrorContains(t, err, "/to: colleague", "to oneself")
	n.To = "nobody"
	_, err = r.Delegate(ctx, r.User(approver), "", n)
	require.ErrorContains(t, err, "/to: colleague")
	n.To = "shuozhou-authority-operator"
	_, err = r.Delegate(ctx, r.User(officer), "", n)
	require.ErrorContains(t, err, "/to: incompatible")
	n.To = officer
	_, err = r.Delegate(ctx, r.User("shuozhou-authority-operator"), "", n)
	require.ErrorContains(t, err, "/to: nothing_to_lend")

	// Nobody is made the reviewer of what they made, in either direction.
	_, err = asOwner(t, r).Exec(ctx, `
		INSERT INTO cases (id, number, region_id, regulation_id, class, grade, provider_id, applicant_id, applicant_user, state, version, request, fields, paper,
			received_at, created_at, updated_at, procedure, title, content)
		SELECT gen_random_uuid(), 'M-1', region_id, regulation_id, class, grade, provider_id, provider_id, $2, $3, 1, '{}', '{}', false, now(), now(), now(), 'change', '目录变更', '{}'
		FROM cases WHERE id = $1`, c.ID, specialist, sharing.CatalogChange.Machine().Starts[0])
	require.NoError(t, err)
	_, err = r.Delegate(ctx, r.User(approver), "", sound)
	require.ErrorContains(t, err, "/to: own_change")
	n.To = approver
	_, err = r.Delegate(ctx, r.User(specialist), "", n)
	require.ErrorContains(t, err, "/to: own_change")
	// A colleague with no change of their own can stand in.
	n.To = "shuozhou-gongan-requester"
	_, err = r.Delegate(ctx, r.User(approver), "", n)
	require.NoError(t, err)

	// No chains, and no two at a time.
	n.To = gonganHead
	_, err = r.Delegate(ctx, r.User(approver), "", n)
	require.Equal(t, sharing.CodeWrongState, code(t, err), "one who stands in at a time")
	_, err = r.Delegate(ctx, r.User("shuozhou-gongan-requester"), "", n)
	require.Equal(t, sharing.CodeWrongState, code(t, err), "what is lent is not lent on")
	n.To = approver
	_, err = r.Delegate(ctx, r.User(gonganHead), "", n)
	require.Error(t, err, "one who is away stands in for nobody")
	require.False(t, r.User(gonganHead).Subject().Has(sharing.Requester))
}

// A draft written for a department is its own member's, or on somebody's behalf.
func TestApplyingOnBehalf(t *testing.T) {
	r := desktest.New(t)
	lend(t, r, requester, "shuozhou-minzheng-specialist")
	who := "shuozhou-minzheng-specialist"
	c := r.Apply(who, r.Request("shuozhou", conditional), nil).Cases[0]
	view := seenBy(t, r, officer, c.CaseID)
	require.Equal(t, who, view.ApplicantID)
	require.Equal(t, requester, view.Timeline[0].OnBehalfOf)
	behalf := map[string]int{}
	rows, err := asOwner(t, r).Query(t.Context(), `SELECT convert_from(entry, 'UTF8')::jsonb ->> 'on_behalf_of' FROM trail WHERE actor = $1 AND action IN ('save_draft', 'submit')`, who)
	require.NoError(t, err)
	for rows.Next() {
		var name *string
		require.NoError(t, rows.Scan(&name))
		require.NotNil(t, name)
		behalf[*name]++
	}
	require.NoError(t, rows.Err())
	require.Equal(t, map[string]int{requester: 3}, behalf)
}
