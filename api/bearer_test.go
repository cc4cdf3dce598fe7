package api

import (
	"context"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// TestProviderTokens: access tokens of the provider open what their user may, and no
// other token of the provider opens anything.
func TestProviderTokens(t *testing.T) {
	c := newCaller(t)
	const person = "shuozhou-gongan-head"
	world := c.rig.World
	world.Users = slices.Clone(world.Users)
	user := c.rig.User(person)
	p := c.rig.SignInWith("http://127.0.0.1", world, desktest.ProviderClaims)
	token := func(typ string, change func(claims map[string]any)) string {
		claims := p.AccessClaims(user)
		if change != nil {
			change(claims)
		}
		token, err := p.Sign(typ, claims)
		require.NoError(t, err)
		return token
	}
	ask := func(token string) answer {
		c.tokens["jwt"] = token
		return c.as("jwt", "GET", "/me", "")
	}
	ask(token("at+jwt", nil)).is(200, `"id":"`+person+`"`, `"roles":["department_head"]`)

	for name, bad := range map[string]string{
		"an ID token":      token("JWT", nil),
		"another audience": token("at+jwt", func(c map[string]any) { c["aud"] = "gongshu" }),
		"expired":          token("at+jwt", func(c map[string]any) { c["exp"] = time.Now().Add(-2 * time.Minute).Unix() }),
		"another issuer":   token("at+jwt", func(c map[string]any) { c["iss"] = "https://elsewhere.example" }),
		"changed":          token("at+jwt", nil) + "x",
	} {
		got := ask(bad).is(401, `"code":"unauthenticated"`)
		assert.NotContains(t, got.Body, "audience", name)
		assert.Equal(t, `Bearer realm="gongshu"`, got.Header.Get("WWW-Authenticate"), name)
	}
	ask(token("at+jwt", func(c map[string]any) { c["preferred_username"] = "zhao.liu" })).is(403, "signin_unknown", "zhao.liu")
	ask(token("at+jwt", func(c map[string]any) { c["department"] = "shuozhou-minzheng" })).is(403, "signin_department")
	ask(token("at+jwt", func(c map[string]any) { c["groups"] = []string{"nothing"} })).is(403, "signin_roles")
	// A token gives no roles that the user has not, and takes none for good.
	ask(token("at+jwt", func(c map[string]any) { c["groups"] = []string{"operator"} })).is(403, "signin_roles")
	ask(token("at+jwt", func(c map[string]any) { c["groups"] = []string{"department_head", "requester"} })).is(200, `"roles":["department_head"]`)
	assert.Equal(t, []sharing.Role{sharing.DepartmentHead}, c.rig.User(person).Roles)

	// A token does not outlive its user, and the keys of one system are not the other's.
	_, err := owner(c).Exec(t.Context(), `UPDATE users SET disabled = true WHERE id = $1`, person)
	require.NoError(t, err)
	ask(token("at+jwt", nil)).is(403, "signin_unknown")
	c.rig.Ways = nil
	ask(token("at+jwt", nil)).is(401)
}

// TestFailedTriesAreBounded: an address and a key that are tried in vain wait, and
// nobody else does.
func TestFailedTriesAreBounded(t *testing.T) {
	c := newCaller(t)
	const user = "shuozhou-minzheng-head"
	from := func(address, token string) answer {
		r := httptest.NewRequest("GET", Base+"/me", nil)
		r.RemoteAddr = address
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		c.e.ServeHTTP(w, r)
		return answer{t, w.Code, w.Header(), w.Body.String()}
	}
	sound := c.rig.Token(user)
	desktest.BeforeTurn(30 * time.Second)
	// The same token again and again, by a system that has not noticed, counts once.
	for range 150 {
		from("198.51.100.1:1", "stale").is(401)
	}
	from("198.51.100.1:1", sound).is(200)
	for i := range 99 {
		from("198.51.100.1:1", "guess-"+strconv.Itoa(i)).is(401)
	}
	settle(c)
	got := from("198.51.100.1:1", "guess-100").is(429, `"code":"too_many"`)
	seconds, err := strconv.Atoi(got.Header.Get("Retry-After"))
	require.NoError(t, err)
	assert.LessOrEqual(t, seconds, 601)
	assert.Positive(t, seconds)
	from("198.51.100.1:1", sound).is(429)
	from("198.51.100.2:1", sound).is(200)
	var rows int
	require.NoError(t, owner(c).QueryRow(t.Context(), `SELECT count(*) FROM throttles`).Scan(&rows))
	for i := range 50 {
		from("198.51.100.1:1", "more-"+strconv.Itoa(i)).is(429)
	}
	var after int
	require.NoError(t, owner(c).QueryRow(t.Context(), `SELECT count(*) FROM throttles`).Scan(&after))
	assert.Equal(t, rows, after, "whoever waits costs nothing")

	// Of IPv6, one host has a whole /64.
	for i := range 100 {
		from("[2001:db8::"+strconv.Itoa(i+1)+"]:1", "six-"+strconv.Itoa(i)).is(401)
	}
	settle(c)
	from("[2001:db8::ffff:1]:1", sound).is(429)
	from("[2001:db8:0:1::1]:1", sound).is(200)

	// A key that is guessed at from many addresses.
	key := c.withKey("key", user, []string{"read"})
	for i := range 100 {
		from("203.0.113."+strconv.Itoa(i)+":1", "gsk_"+key.ID+"_"+strings.Repeat("x", 3)+strconv.Itoa(i)).is(401)
	}
	settle(c)
	from("203.0.113.200:1", c.tokens["key"]).is(429)
	from("203.0.113.200:1", sound).is(200)
}

func owner(c *caller) *pgx.Conn {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.rig.Database.OwnerURL)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { require.NoError(c.t, conn.Close(context.Background())) })
	return conn
}

// settle lets what the desk knows of failed tries grow old.
func settle(c *caller) {
	c.t.Helper()
	time.Sleep(1100 * time.Millisecond)
}
