package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// keying runs `gongshu key` as the owner of the tables.
func keying(t *testing.T, r *desktest.Rig, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs(append(append([]string{"key"}, args...), "--owner-database-url", r.Database.OwnerURL))
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	err := root.ExecuteContext(t.Context())
	return strings.TrimSpace(out.String()), err
}

func TestKeyCommands(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	create := []string{"create", "--department", "shuozhou-authority", "--user", "shuozhou-authority-gateway", "--name", "网关", "--role", "gateway",
		"--scope", "use,read", "--address", "10.20.0.0/16,192.0.2.7", "--days", "180", "--by", "shuozhou-authority-operator"}
	secret, err := keying(t, r, create...)
	require.NoError(t, err)
	who, key, err := r.AuthenticateKey(ctx, "192.0.2.7", secret)
	require.NoError(t, err)
	require.Equal(t, "shuozhou-authority-gateway", who.ID)
	require.Equal(t, []string{"use", "read"}, key.Scopes)
	require.Equal(t, "shuozhou-authority-operator", key.CreatedBy)

	for flag, args := range map[string][]string{
		"--address": {"--address", "10.20.0.1/16"}, "--days": {"--days", "400"}, "--role": {"--role", "approver"}, "--scope": {"--scope", "all"},
		"--by": {"--by", "nobody"}, "--user": {"--user", "city-gongan-approver"}, "--name": {"--name", ""},
	} {
		_, err := keying(t, r, append(create, args...)...)
		require.ErrorContains(t, err, flag)
	}

	out, err := keying(t, r, "list", "--department", "shuozhou-authority", "--json")
	require.NoError(t, err)
	var listed []told
	require.NoError(t, json.Unmarshal([]byte(out), &listed))
	require.Len(t, listed, 1)
	require.Equal(t, key.ID, listed[0].ID)
	require.Empty(t, listed[0].Secret)
	require.NotNil(t, listed[0].LastUsedAt)
	out, err = keying(t, r, "list")
	require.NoError(t, err)
	require.Contains(t, out, "[10.20.0.0/16 192.0.2.7/32]  active")
	require.NotContains(t, out, secret)

	next, err := keying(t, r, "rotate", key.ID, "--overlap", "1h")
	require.NoError(t, err)
	require.NotEqual(t, secret, next)
	for _, s := range []string{secret, next} {
		_, _, err = r.AuthenticateKey(ctx, "192.0.2.7", s)
		require.NoError(t, err)
	}
	_, err = keying(t, r, "rotate", key.ID, "--overlap", "169h")
	require.ErrorContains(t, err, "--overlap")
	_, err = keying(t, r, "revoke", key.ID)
	require.NoError(t, err)
	_, _, err = r.AuthenticateKey(ctx, "192.0.2.7", next)
	require.Equal(t, desk.CodeKeyRevoked, sharing.CodeOf(err))
	_, err = keying(t, r, "revoke", "none")
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err))
}

func TestTrustedProxies(t *testing.T) {
	ranges, err := settings{proxies: " 10.0.0.1, 2001:db8::/32,"}.trusted()
	require.NoError(t, err)
	require.Len(t, ranges, 2)
	require.Equal(t, "10.0.0.1/32", ranges[0].String())
	for _, wrong := range []string{"proxy", "10.0.0.0/33", "10.0.0.1;10.0.0.2"} {
		_, err := settings{proxies: wrong}.trusted()
		require.ErrorContains(t, err, "--trusted-proxies", wrong)
	}
}
