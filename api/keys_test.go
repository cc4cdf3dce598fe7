package api

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// withKey makes a key of a user with all their roles, by which the caller is then
// known under its name.
func (c *caller) withKey(name, user string, scopes []string, addresses ...string) desk.Key {
	c.t.Helper()
	who := c.rig.User(user)
	n := desk.NewKey{Department: who.Department.ID, User: user, Name: name, Roles: who.Roles, Scopes: scopes, Days: 30}
	for _, a := range addresses {
		n.Addresses = append(n.Addresses, netip.MustParsePrefix(a))
	}
	key, secret, err := desk.New(desk.Options{Store: c.rig.Owner}).CreateKey(c.t.Context(), sharing.System, n)
	require.NoError(c.t, err)
	c.tokens[name] = secret
	return key
}

// TestKeysKeepToTheirScopes asks every operation with a key of each scope: outside of
// it the answer is 403 key_scope, before anything else is looked at, and inside never.
func TestKeysKeepToTheirScopes(t *testing.T) {
	c := newCaller(t)
	const user = "shuozhou-minzheng-head"
	for _, scope := range desk.Scopes {
		c.withKey(scope, user, []string{scope})
	}
	want := map[string][]string{
		"me": {"read"}, "cases": {"read"}, "verification": {"read"}, "grantUse": {"read"}, "checkGrant": {"use"}, "reportUse": {"use"},
		"submitApplication": {"apply"}, "confirm": {"apply"}, "answer": {"answer"}, "provide": {"answer"}, "reportDispute": {"disputes"},
		"upload": {"answer", "apply", "disputes"}, "delegate": {}, "comment": {}, "revoke": {}, "keys": {}, "revokeKey": {},
	}
	asked := 0
	for _, op := range operations() {
		if op.public {
			continue
		}
		var may []string
		for _, scope := range desk.Scopes {
			body := ""
			if op.body != nil {
				body = "{"
			}
			got := c.as(scope, op.method, strings.NewReplacer("{id}", "none", "{file}", "none").Replace(op.template), body)
			if got.Status == 403 && strings.Contains(got.Body, `"key_scope"`) {
				continue
			}
			may = append(may, scope)
		}
		asked++
		if strings.Contains(op.template, "/keys") {
			assert.Empty(t, may, "no key manages keys: %s", op.ID)
			continue
		}
		assert.Contains(t, may, "*", op.ID)
		assert.Equal(t, op.method == "GET" && op.ID != "checkGrant", slices.Contains(may, "read"), op.ID)
		if w, ok := want[op.ID]; ok {
			assert.ElementsMatch(t, append(w, "*"), may, op.ID)
		}
	}
	assert.Greater(t, asked, 90)
	for id := range operationScopes {
		assert.True(t, slices.ContainsFunc(operations(), func(op *operation) bool { return op.ID == id && !op.public }), "%s is no operation", id)
	}
	c.as("apply", "GET", "/me", "").is(403, `"code":"key_scope"`, `"detail":"read, *"`)
	c.as("read", "DELETE", "/keys/none", "").is(403, `"code":"key_scope"`)
}

// TestRefusedKeysAreTold why, and nothing of their secret is logged.
func TestRefusedKeysAreTold(t *testing.T) {
	var logged bytes.Buffer
	rig := desktest.New(t)
	c := &caller{t, rig, New(rig.Desk, Options{Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))}), map[string]string{}}
	const head, peer = "shuozhou-minzheng-head", "shuozhou-authority-head"
	key := c.withKey("k", head, []string{"read"}, "192.0.2.0/24") // where httptest's requests come from
	c.withKey("far", head, []string{"read"}, "10.0.0.0/8")
	c.as("k", "GET", "/me", "").is(200, head)
	c.as("far", "GET", "/me", "").is(403, `"code":"key_address"`)
	c.tokens["wrong"] = c.tokens["k"] + "x"
	c.as("wrong", "GET", "/me", "").is(401, `"code":"unauthenticated"`)
	old := c.tokens["k"]
	_, next, err := desk.New(desk.Options{Store: rig.Owner}).RotateKey(t.Context(), sharing.System, key.ID, 0)
	require.NoError(t, err)
	c.as("k", "GET", "/me", "").is(401, `"code":"unauthenticated"`)
	c.tokens["k"] = next

	// Its department's head sees and revokes it, and no other department's.
	listed := decoded[list[keyView]](c.as(head, "GET", "/keys", "").is(200)).Items
	require.Len(t, listed, 2)
	require.Equal(t, keyActive, listed[1].State)
	require.Equal(t, []string{"192.0.2.0/24"}, listed[1].Addresses)
	require.NotNil(t, listed[1].LastUsedAt)
	require.NotNil(t, listed[1].RotatedAt)
	require.Nil(t, listed[1].OverlapUntil)
	c.as(peer, "GET", "/keys", "").is(200, `"items":[]`)
	absent := c.as(peer, "DELETE", "/keys/none", "", "X-Request-Id", "r").is(404)
	require.Equal(t, absent.Body, c.as(peer, "DELETE", "/keys/"+key.ID, "", "X-Request-Id", "r").is(404).Body)
	c.as("k", "GET", "/me", "").is(200)
	c.as(head, "DELETE", "/keys/"+key.ID, "", idempotencyKey, "r1").is(204)
	c.as(head, "DELETE", "/keys/"+key.ID, "", idempotencyKey, "r1").is(204)
	c.as(head, "DELETE", "/keys/"+key.ID, "").is(409, "wrong_state")
	refused := c.as("k", "GET", "/me", "").is(401, `"code":"key_revoked"`)
	require.NotEmpty(t, refused.Header.Get("WWW-Authenticate"))
	c.as(head, "GET", "/keys", "").is(200, `"state":"revoked"`, `"revoked_by":"`+head)

	require.Contains(t, logged.String(), "key="+key.ID)
	for _, secret := range []string{old, next, c.tokens["far"]} {
		require.NotContains(t, logged.String(), secret[len(secret)-43:])
	}
}

// TestKeysActWithinTheirRoles: a key with one of its user's roles does what that role
// may, and cookies or a second header lend it nothing.
func TestKeysActWithinTheirRoles(t *testing.T) {
	c := newCaller(t)
	key := c.withKey("all", "shuozhou-minzheng-requester", []string{"*"})
	me := decoded[meView](c.as("all", "GET", "/me", "").is(200))
	require.Equal(t, key.Roles, me.Roles)
	draft := decoded[applicationDetail](c.as("all", "POST", "/applications", text2json(t, c.rig.Request("shuozhou", "SZ-GA-001").Request)).is(201))
	c.as("all", "POST", "/applications/"+draft.ID+"/submit", "", "If-Match", `"1"`).is(200)
	c.as("all", "GET", "/overdue", "").is(403, `"code":"forbidden"`)
	r := httptest.NewRequest("GET", Base+"/me", nil)
	r.Header.Add("Authorization", "Bearer "+c.tokens["all"])
	c.send("all", r).is(200) // set once
	r = httptest.NewRequest("GET", Base+"/me", nil)
	r.Header["Authorization"] = []string{"Bearer " + c.tokens["all"], "Bearer " + c.tokens["all"]}
	c.send("", r).is(401)
}

// TestProxiesAreTrustedByName: a header says where a request comes from only when a
// trusted proxy wrote it.
func TestProxiesAreTrustedByName(t *testing.T) {
	rig := desktest.New(t)
	quiet := slog.New(slog.DiscardHandler)
	behind := New(rig.Desk, Options{Logger: quiet, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("10.0.0.9/32")}})
	direct := New(rig.Desk, Options{Logger: quiet})
	c := &caller{t, rig, behind, map[string]string{}}
	c.withKey("k", "shuozhou-minzheng-head", []string{"read"}, "203.0.113.7/32")
	const want = "203.0.113.7"
	for _, row := range []struct {
		peer, forwarded string
		behind          int // 200: from the address that the key allows
	}{
		{"192.0.2.1:1", want, 200},
		{"192.0.2.1:1", "198.51.100.1, " + want, 200}, // what the caller wrote stands before
		{"192.0.2.1:1", want + ", 198.51.100.1", 403},
		{"192.0.2.1:1", want + ", 10.0.0.9", 200}, // by way of two proxies
		{"192.0.2.1:1", want + ", 10.0.0.8", 403},
		{"192.0.2.1:1", "", 403},
		{"127.0.0.1:1", want, 403}, // not trusted for being near
		{"198.51.100.1:1", want, 403},
	} {
		for e, status := range map[*echo.Echo]int{behind: row.behind, direct: 403} {
			r := httptest.NewRequest("GET", Base+"/me", nil)
			r.RemoteAddr = row.peer
			if row.forwarded != "" {
				r.Header.Set("X-Forwarded-For", row.forwarded)
			}
			r.Header.Set("X-Real-Ip", want)
			c.e = e
			assert.Equal(t, status, c.send("k", r).Status, "%s for %s", row.peer, row.forwarded)
		}
	}
}
