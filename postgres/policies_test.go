package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

func putRules(t *testing.T, store *postgres.Store, region, text string) (row postgres.PolicyRules, err error) {
	t.Helper()
	err = store.InTx(t.Context(), func(tx *postgres.Tx) (err error) {
		row, err = tx.PutPolicyRules(t.Context(), postgres.PolicyRules{
			Region: region, Text: text, Hash: strings.Repeat("0", 64), By: sharing.System, Note: "a test",
		})
		return err
	})
	return row, err
}

// Rules stay as they were published, whoever asks.
func TestPolicyRulesAreOnlyAdded(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	_, err := putRules(t, r.Store, "nowhere", "# version: 2\n")
	require.ErrorContains(t, err, "policy_rules_region_id_fkey")
	first, err := putRules(t, r.Store, "shuozhou", "# version: 1\n")
	require.NoError(t, err)
	second, err := putRules(t, r.Owner, "", "")
	require.NoError(t, err)

	rows, err := r.Store.PolicyRules(ctx, 0)
	require.NoError(t, err)
	require.Equal(t, []postgres.PolicyRules{first, second}, rows)
	rows, err = r.Store.PolicyRules(ctx, first.ID)
	require.NoError(t, err)
	require.Equal(t, []postgres.PolicyRules{second}, rows)
	owner, err := pgx.Connect(ctx, r.Database.OwnerURL)
	require.NoError(t, err)
	defer owner.Close(ctx)
	for _, sql := range []string{`UPDATE policy_rules SET note = 'other'`, `DELETE FROM policy_rules`, `TRUNCATE policy_rules`} {
		_, err := owner.Exec(ctx, sql)
		require.ErrorContains(t, err, "never changed or removed")
	}
}

// Whoever listens hears at the beginning, and of rules within a moment.
func TestPolicyRulesAreHeard(t *testing.T) {
	r := desktest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	heard := make(chan struct{}, 10)
	done := make(chan error, 1)
	go func() { done <- r.Store.ListenPolicyRules(ctx, func() { heard <- struct{}{} }) }()
	wait := func() time.Duration {
		t.Helper()
		began := time.Now()
		select {
		case <-heard:
		case <-time.After(10 * time.Second):
			t.Fatal("not heard")
		}
		return time.Since(began)
	}
	wait() // it listens
	_, err := putRules(t, r.Owner, "", "")
	require.NoError(t, err)
	t.Logf("heard after %v", wait())
	stop()
	require.Error(t, <-done)
}

// What the database says of a thing's labels is what the domain says: explanations
// and rehearsals are about the same things as checks.
func TestLabelsAreThoseOfTheDomain(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	want := map[sharing.Thing]int{}
	for _, resource := range r.World.Resources {
		want[resource.Thing()]++
	}
	for _, region := range r.World.Regions {
		want[policies.Trail(region.ID)]++
		for _, kind := range sharing.AdministeredKinds {
			want[policies.Administered(kind, region.ID)]++
		}
	}
	for _, code := range []string{"SZ-MZ-001", "SZ-MZ-002"} {
		submitted := r.Apply("shuozhou-gongan-requester", r.Request("shuozhou", code), nil)
		a, err := r.Store.Application(ctx, r.User("shuozhou-gongan-requester").Subject(), submitted.ApplicationID)
		require.NoError(t, err)
		want[policies.Application(a, "")]++
		for _, c := range submitted.Cases {
			kept, err := r.Store.CaseByID(ctx, c.CaseID)
			require.NoError(t, err)
			if kept.ClosedAt == nil {
				want[kept.Thing()]++
			}
			named, err := r.Store.LabelledAs(ctx, kept.Number)
			require.NoError(t, err)
			require.Len(t, named, 1)
			require.Equal(t, kept.Thing(), named[0].Thing)
			require.Equal(t, kept.State, named[0].State)
			require.Equal(t, kept.ID, named[0].ID)
		}
	}
	counts, err := r.Store.LabelCounts(ctx)
	require.NoError(t, err)
	got := map[sharing.Thing]int{}
	for _, l := range counts {
		if l.Kind == sharing.KindGrant {
			continue // of unconditional entries, at once
		}
		got[l.Thing] += l.Count
		require.NotEmpty(t, l.Names)
		require.LessOrEqual(t, len(l.Names), 5)
	}
	require.Equal(t, want, got)
	named, err := r.Store.LabelledAs(ctx, "trail:shuozhou")
	require.NoError(t, err)
	require.Len(t, named, 1)
	require.Equal(t, policies.Trail("shuozhou"), named[0].Thing)
	named, err = r.Store.LabelledAs(ctx, "")
	require.NoError(t, err)
	require.Empty(t, named)
}
