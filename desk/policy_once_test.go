package desk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies"
	"gongshu/sharing"
)

// One policy decides a request and stands in its audit entries, whatever is put in
// force while it runs; the next request has the new one.
func TestOnePolicyDecidesARequest(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	const user = "shuozhou-gongan-requester"
	token := r.Token(user)
	came := func() sharing.User {
		who, _, err := r.AuthenticateBearer(ctx, "127.0.0.1", token)
		require.NoError(t, err)
		return who
	}
	was := policies.Shipped()
	narrow, err := was.With("shuozhou", []byte(narrower))
	require.NoError(t, err)
	entry := r.Resource("shuozhou", "SZ-MZ-002")

	before := came()
	require.NoError(t, r.Policy.Swap(narrow))
	after := came()
	// Came before the swap: allowed, and so it is recorded.
	shown, err := r.Desk.Resource(ctx, before, entry.ID)
	require.NoError(t, err)
	require.True(t, r.MayApply(before, shown))
	drafted, err := r.SaveDraft(ctx, before, "", "", 0, r.Request("shuozhou", "SZ-MZ-002"))
	require.NoError(t, err)
	_, err = r.Submit(ctx, before, "", drafted.ID, 1, nil)
	require.NoError(t, err)
	story, err := r.Store.Timeline(ctx, drafted.ID)
	require.NoError(t, err)
	require.Len(t, story, 2)
	for _, e := range story {
		require.Equal(t, was.Name(), e.Policy, e.Action)
	}
	// Came after it: refused, and what is allowed is recorded under the new one.
	_, err = r.Desk.Resource(ctx, after, entry.ID)
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err))
	_, err = r.SaveDraft(ctx, after, "", "", 0, r.Request("shuozhou", "SZ-MZ-002"))
	require.Error(t, err)
	drafted, err = r.SaveDraft(ctx, after, "", "", 0, desk.Draft{})
	require.NoError(t, err)
	story, err = r.Store.Timeline(ctx, drafted.ID)
	require.NoError(t, err)
	require.Equal(t, narrow.Name(), story[0].Policy)

	// A session's request has one, too, and another way of asking for it.
	id, err := r.SignIn(ctx, desk.Browser{}, token)
	require.NoError(t, err)
	who, _, err := r.Session(ctx, id)
	require.NoError(t, err)
	require.NoError(t, r.Policy.Swap(was))
	require.False(t, r.MayApply(who, shown))
	who, _, err = r.Unattended(ctx, id)
	require.NoError(t, err)
	require.True(t, r.MayApply(who, shown))
}
