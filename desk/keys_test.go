package desk_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/postgres"
	"gongshu/sharing"
)

// owning is the desk as the owner of the tables, who alone makes keys.
func owning(r *desktest.Rig) *desk.Desk { return desk.New(desk.Options{Store: r.Owner}) }

// alter runs SQL as the owner of the tables.
func alter(t *testing.T, r *desktest.Rig, sql string, args ...any) {
	t.Helper()
	_, err := asOwner(t, r).Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

const keyUser = "shuozhou-minzheng-head"

func soundKey() desk.NewKey {
	return desk.NewKey{Department: "shuozhou-minzheng", User: keyUser, Name: "低保系统", Roles: []sharing.Role{sharing.DepartmentHead},
		Scopes: []string{desk.ScopeRead}, Days: 30}
}

func TestKeyIsMadeSound(t *testing.T) {
	r := desktest.New(t)
	require.Equal(t, []sharing.Role{sharing.DepartmentHead}, r.User(keyUser).Roles)
	for field, broken := range map[string]func(n *desk.NewKey){
		"/name":        func(n *desk.NewKey) { n.Name = " " },
		"/department":  func(n *desk.NewKey) { n.Department = "" },
		"/user":        func(n *desk.NewKey) { n.User = "shuozhou-gongan-approver" }, // of another department
		"/roles":       func(n *desk.NewKey) { n.Roles = nil },
		"/roles/0":     func(n *desk.NewKey) { n.Roles = []sharing.Role{sharing.AuthorityHead} },
		"/scopes":      func(n *desk.NewKey) { n.Scopes = nil },
		"/scopes/0":    func(n *desk.NewKey) { n.Scopes = []string{"write"} },
		"/days":        func(n *desk.NewKey) { n.Days = 366 },
		"/addresses/0": func(n *desk.NewKey) { n.Addresses = []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8")} },
	} {
		n := soundKey()
		broken(&n)
		_, _, err := owning(r).CreateKey(t.Context(), sharing.System, n)
		require.Equal(t, sharing.CodeInvalid, sharing.CodeOf(err), field)
		require.Contains(t, err.Error(), field+":")
	}
	_, secret, err := owning(r).CreateKey(t.Context(), sharing.System, soundKey())
	require.NoError(t, err)
	_, err = r.Authenticate(t.Context(), secret)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err), "a key is no access token")
	_, err = r.SignIn(t.Context(), desk.Browser{}, secret)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err), "a key opens no session")
}

func TestKeyActsAsItsUserUntilItEnds(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	n := soundKey()
	n.Addresses = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
	key, first, err := owning(r).CreateKey(ctx, "shuozhou-authority-operator", n)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(first, "gsk_"+key.ID+"_"))
	is := func(want sharing.Code, secret, address string) desk.Key {
		t.Helper()
		who, used, err := r.AuthenticateKey(ctx, address, secret)
		require.Equal(t, want, sharing.CodeOf(err))
		if want == "" {
			require.NoError(t, err)
			require.Equal(t, keyUser, who.ID)
			require.Equal(t, []sharing.Role{sharing.DepartmentHead}, who.Roles)
		} else {
			require.Empty(t, who.ID)
		}
		return used
	}
	is("", first, "10.1.2.3")
	is("", first, "::ffff:10.1.2.3")
	is("", first, "2001:db8::1")
	require.Equal(t, key.ID, is(desk.CodeKeyAddress, first, "10.2.0.1").ID)
	is(desk.CodeKeyAddress, first, "")
	is(sharing.CodeUnauthenticated, first+"x", "10.1.2.3")
	is(sharing.CodeUnauthenticated, "gsk_"+key.ID, "10.1.2.3")
	is(sharing.CodeUnauthenticated, strings.Replace(first, key.ID, strings.Repeat("a", 12), 1), "10.1.2.3")

	// When it was last used is kept, once a minute.
	keys, err := r.Store.Keys(ctx, "shuozhou-minzheng")
	require.NoError(t, err)
	require.NotNil(t, keys[0].LastUsedAt)
	is("", first, "10.1.2.3")
	again, err := r.Store.Keys(ctx, "shuozhou-minzheng")
	require.NoError(t, err)
	require.Equal(t, keys[0].LastUsedAt, again[0].LastUsedAt)

	// A rotation leaves the secret before it for a while, and not the one before that.
	_, _, err = owning(r).RotateKey(ctx, sharing.System, key.ID, 8*24*time.Hour)
	require.Equal(t, sharing.CodeInvalid, sharing.CodeOf(err))
	_, second, err := owning(r).RotateKey(ctx, sharing.System, key.ID, time.Hour)
	require.NoError(t, err)
	is("", first, "10.1.2.3")
	is("", second, "10.1.2.3")
	_, third, err := owning(r).RotateKey(ctx, sharing.System, key.ID, time.Hour)
	require.NoError(t, err)
	is(sharing.CodeUnauthenticated, first, "10.1.2.3")
	alter(t, r, `UPDATE api_keys SET old_until = clock_timestamp()`)
	is(desk.CodeKeyExpired, second, "10.1.2.3")
	_, fourth, err := owning(r).RotateKey(ctx, sharing.System, key.ID, 0)
	require.NoError(t, err)
	is(sharing.CodeUnauthenticated, third, "10.1.2.3")
	is("", fourth, "10.1.2.3")

	// What the user loses, the key loses with the next request.
	alter(t, r, `UPDATE users SET roles = '{requester}' WHERE id = $1`, keyUser)
	is(sharing.CodeUnauthenticated, fourth, "10.1.2.3")
	alter(t, r, `UPDATE users SET roles = '{requester,department_head}', disabled = true WHERE id = $1`, keyUser)
	is(sharing.CodeUnauthenticated, fourth, "10.1.2.3")
	alter(t, r, `UPDATE users SET disabled = false, department_id = 'shuozhou-gongan' WHERE id = $1`, keyUser)
	is(sharing.CodeUnauthenticated, fourth, "10.1.2.3")
	alter(t, r, `UPDATE users SET department_id = 'shuozhou-minzheng' WHERE id = $1`, keyUser)
	is("", fourth, "10.1.2.3") // and has no more than it was given

	alter(t, r, `UPDATE api_keys SET created_at = created_at - interval '40 days', expires_at = clock_timestamp()`)
	is(desk.CodeKeyExpired, fourth, "10.1.2.3")
	require.NoError(t, owning(r).EndKey(ctx, sharing.System, key.ID))
	is(desk.CodeKeyRevoked, fourth, "10.1.2.3")
	require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(owning(r).EndKey(ctx, sharing.System, key.ID)))
	_, _, err = owning(r).RotateKey(ctx, sharing.System, key.ID, 0)
	require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(err))

	story, err := r.Store.Timeline(ctx, "key-"+key.ID)
	require.NoError(t, err)
	var told []string
	for _, e := range story {
		told = append(told, string(e.Action)+" "+e.Actor)
		for _, secret := range []string{first, second, third, fourth} {
			for _, v := range e.Data {
				require.NotContains(t, v, secret[len("gsk_")+13:])
			}
		}
	}
	require.Equal(t, []string{"key_created shuozhou-authority-operator", "key_rotated system", "key_rotated system", "key_rotated system", "key_revoked system"}, told)
	require.Equal(t, "10.1.0.0/16 2001:db8::/32", story[0].Data["addresses"])
	require.Equal(t, "shuozhou", story[0].RegionID)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// TestKeyStandsInForNobody: what is lent to its user, the key does not get.
func TestKeyStandsInForNobody(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	now, err := r.Now(ctx)
	require.NoError(t, err)
	const lender, user = "shuozhou-gongan-approver", "shuozhou-gongan-specialist"
	_, err = r.Delegate(ctx, r.User(lender), "", sharing.NewDelegation{To: user, From: sharing.DateOf(now), Until: sharing.DateOf(now), Reason: "出差"})
	require.NoError(t, err)
	require.NotEmpty(t, r.User(user).StandsIn)
	_, secret, err := owning(r).CreateKey(ctx, sharing.System, desk.NewKey{Department: "shuozhou-gongan", User: user, Name: "x", Roles: r.User(user).Roles, Scopes: []string{"*"}, Days: 1})
	require.NoError(t, err)
	who, _, err := r.AuthenticateKey(ctx, "192.0.2.1", secret)
	require.NoError(t, err)
	require.Empty(t, who.StandsIn)
}

// TestRevokedKeyStays: not even the application brings it back.
func TestRevokedKeyStays(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	key, _, err := owning(r).CreateKey(ctx, sharing.System, soundKey())
	require.NoError(t, err)
	require.NoError(t, r.RevokeKey(ctx, r.User(keyUser), "k1", key.ID))
	require.NoError(t, r.RevokeKey(ctx, r.User(keyUser), "k1", key.ID), "the same request again")
	require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(r.RevokeKey(ctx, r.User(keyUser), "k2", key.ID)))
	for _, store := range []string{r.Database.AppURL, r.Database.OwnerURL} {
		conn, err := pgx.Connect(ctx, store)
		require.NoError(t, err)
		_, err = conn.Exec(ctx, `UPDATE api_keys SET revoked_at = NULL, revoked_by = NULL`)
		require.ErrorContains(t, err, "stays as it is")
		_, err = conn.Exec(ctx, `UPDATE api_keys SET roles = '{authority_head}'`)
		require.Error(t, err)
		require.NoError(t, conn.Close(ctx))
	}
	require.NoError(t, r.Store.InTx(ctx, func(tx *postgres.Tx) error { _, err := tx.LockKey(ctx, key.ID); return err }))
}
