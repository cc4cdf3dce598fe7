package desk_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

func TestSessionsEnd(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	open := func() string {
		t.Helper()
		id, err := r.SignIn(ctx, desk.Browser{Address: "192.0.2.1", Agent: "x"}, r.Token(approver))
		require.NoError(t, err)
		return id
	}
	is := func(id string, want sharing.Code) {
		t.Helper()
		u, _, err := r.Session(ctx, id)
		require.Equal(t, want, sharing.CodeOf(err))
		if want == "" {
			require.NoError(t, err)
			require.Equal(t, approver, u.ID)
		}
	}
	first, second := open(), open()
	require.NotEqual(t, first, second)
	is(first, "")
	require.Equal(t, 30*time.Minute, r.SessionIdle)

	// Unused for the idle limit, by the database's clock; used, it lasts.
	alter(t, r, `UPDATE sessions SET seen_at = clock_timestamp() - interval '29 minutes'`)
	is(first, "")
	alter(t, r, `UPDATE sessions SET seen_at = seen_at - interval '2 minutes'`)
	is(first, "")
	is(second, sharing.CodeUnauthenticated)
	found, err := r.Sessions(ctx, r.User(approver), desk.Session{ID: first})
	require.NoError(t, err)
	require.Len(t, found, 1)

	// The absolute limit, however much it is used.
	alter(t, r, `UPDATE sessions SET expires_at = expires_at - interval '11 hours 59 minutes'`)
	is(first, "")
	alter(t, r, `UPDATE sessions SET expires_at = expires_at - interval '1 minute'`)
	is(first, sharing.CodeUnauthenticated)

	// Both are settings.
	d := desk.New(desk.Options{Store: r.Store, Policy: r.Policy, SessionIdle: time.Minute, SessionMax: time.Hour})
	id, err := d.SignIn(ctx, desk.Browser{}, r.Token(approver))
	require.NoError(t, err)
	alter(t, r, `UPDATE sessions SET seen_at = clock_timestamp() - interval '2 minutes'`)
	is(id, "") // by the other desk's limit
	alter(t, r, `UPDATE sessions SET seen_at = clock_timestamp() - interval '2 minutes'`)
	_, _, err = d.Session(ctx, id)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	alter(t, r, `UPDATE sessions SET seen_at = clock_timestamp(), expires_at = expires_at - interval '1 hour'`)
	is(id, sharing.CodeUnauthenticated)
}

// TestUnattendedKeepsNothingAlive: what a page asks on its own is no use of a session.
func TestUnattendedKeepsNothingAlive(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	session, err := r.SignIn(ctx, desk.Browser{}, r.Token(approver))
	require.NoError(t, err)
	for range 2 {
		alter(t, r, `UPDATE sessions SET seen_at = seen_at - interval '11 minutes'`)
		u, _, err := r.Unattended(ctx, session)
		require.NoError(t, err)
		require.Equal(t, approver, u.ID)
	}
	alter(t, r, `UPDATE sessions SET seen_at = seen_at - interval '11 minutes'`)
	_, _, err = r.Unattended(ctx, session)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	_, _, err = r.Unattended(ctx, "")
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
}

// TestRolesCountFromTheNextRequest, and so does being disabled.
func TestRolesCountFromTheNextRequest(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	token := r.Token(approver)
	session, err := r.SignIn(ctx, desk.Browser{}, token)
	require.NoError(t, err)
	has := func(want ...sharing.Role) {
		t.Helper()
		u, _, err := r.Session(ctx, session)
		require.NoError(t, err)
		require.Equal(t, want, u.Roles)
		u, err = r.Authenticate(ctx, token)
		require.NoError(t, err)
		require.Equal(t, want, u.Roles)
	}
	has(sharing.Approver)
	alter(t, r, `UPDATE users SET roles = '{requester}' WHERE id = $1`, approver)
	has(sharing.Requester)
	alter(t, r, `UPDATE users SET disabled = true WHERE id = $1`, approver)
	_, _, err = r.Session(ctx, session)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	_, err = r.Authenticate(ctx, token)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
}

func TestSessionsAreTheirOwners(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	const agent = "Firefox\x00/1\n\xff" + "面"
	var ids []string
	for range 3 {
		id, err := r.SignIn(ctx, desk.Browser{Address: "192.0.2.7", Agent: agent + strings.Repeat("a", 400)}, r.Token(approver))
		require.NoError(t, err)
		ids = append(ids, id)
	}
	who, other := r.User(approver), r.User(requester)
	otherID, err := r.SignInDemo(ctx, desk.Browser{}, other.ID)
	require.NoError(t, err)
	found, err := r.Sessions(ctx, who, desk.Session{ID: ids[1]})
	require.NoError(t, err)
	require.Len(t, found, 3)
	require.True(t, found[0].Current)
	require.False(t, found[1].Current)
	require.Equal(t, "192.0.2.7", found[0].Address)
	require.Equal(t, "Firefox/1面", found[0].Agent[:len("Firefox/1面")])
	require.Len(t, []rune(found[0].Agent), 300)
	for _, s := range found {
		require.NotContains(t, ids, s.ID, "the list does not tell the secret")
		_, _, err := r.Session(ctx, s.ID)
		require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	}

	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(r.EndSession(ctx, other, found[1].ID)))
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(r.EndSession(ctx, who, "none")))
	require.NoError(t, r.EndSession(ctx, who, found[1].ID))
	require.NoError(t, r.EndOtherSessions(ctx, who, desk.Session{ID: ids[1]}))
	found, err = r.Sessions(ctx, who, desk.Session{ID: ids[1]})
	require.NoError(t, err)
	require.Len(t, found, 1)
	_, _, err = r.Session(ctx, ids[0])
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	_, _, err = r.Session(ctx, ids[1])
	require.NoError(t, err)
	_, _, err = r.Session(ctx, otherID)
	require.NoError(t, err)
}

// TestGuessingIsLockedOut: ten wrong tokens, also at once, shut an address out, and
// no other.
func TestGuessingIsLockedOut(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	token := r.Token(approver)
	try := func(address, token string) error {
		_, err := r.SignIn(ctx, desk.Browser{Address: address}, token)
		return err
	}
	for range 25 { // who knows a token is not counted
		require.NoError(t, try("192.0.2.1", token))
	}
	// Each ten minutes begin anew: stay clear of their end.
	now, err := r.Now(ctx)
	require.NoError(t, err)
	if left := 600 - now.Unix()%600; left < 5 {
		time.Sleep(time.Duration(left) * time.Second)
	}
	var group sync.WaitGroup
	codes := make([]sharing.Code, 16)
	for i := range codes {
		group.Go(func() { codes[i] = sharing.CodeOf(try("192.0.2.1", "wrong")) })
	}
	group.Wait()
	counted := map[sharing.Code]int{}
	for _, c := range codes {
		counted[c]++
	}
	require.Equal(t, map[sharing.Code]int{sharing.CodeUnauthenticated: 10, sharing.CodeTooMany: 6}, counted)
	err = try("192.0.2.1", token)
	require.Equal(t, sharing.CodeTooMany, sharing.CodeOf(err), "not even with a token")
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	require.Positive(t, e.RetryAfter)
	require.LessOrEqual(t, e.RetryAfter, 10*time.Minute)
	require.NoError(t, try("192.0.2.2", token))
}
