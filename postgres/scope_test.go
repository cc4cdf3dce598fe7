package postgres_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

// What a list shows is exactly what a check allows, in both directions: for every
// user of the demo, against every resource, and for random grids that no policy
// would write.
func TestListEqualsCheck(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	everything := r.World.Resources
	check := func(scope sharing.Scope) {
		t.Helper()
		shown := map[string]bool{}
		cursor := ""
		total := -1
		for {
			page, next, n, err := r.Store.Resources(ctx, sharing.Scopes{scope}, postgres.ResourceFilter{Limit: 100, Cursor: cursor})
			require.NoError(t, err)
			for _, resource := range page {
				require.False(t, shown[resource.ID()], "shown twice")
				shown[resource.ID()] = true
			}
			total = n
			if cursor = next; cursor == "" {
				break
			}
		}
		allowed := 0
		for _, resource := range everything {
			if scope.Allows(resource.Thing()) {
				allowed++
			}
			require.Equal(t, scope.Allows(resource.Thing()), shown[resource.ID], "%s for %v", resource.Code, scope.Subject)
		}
		require.Equal(t, allowed, total, "the count counts what is shown")
		require.Len(t, shown, allowed)
	}
	policy := policies.Shipped()
	for _, u := range r.World.Users {
		check(policy.Scope(u.Subject(), sharing.KindResource, sharing.Read))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		u := r.World.Users[random.IntN(len(r.World.Users))]
		scope := sharing.Scope{Subject: u.Subject(), Kind: sharing.KindResource, Action: sharing.Read}
		if random.IntN(20) == 0 {
			scope.Subject.DepartmentID = ""
		}
		for range random.IntN(12) {
			scope.Cells = append(scope.Cells, sharing.Cell{
				Relation: sharing.Relations[random.IntN(len(sharing.Relations))],
				Class:    sharing.Classes[random.IntN(3)],
				Grade:    sharing.Grade(1 + random.IntN(4)),
			})
		}
		check(scope)
	}
}

// An entry is seen by state and by eye as a check says, in both directions: in the
// catalog, taken out of it, and as the public sees it.
func TestListEqualsCheckInEveryState(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	random := rand.New(rand.NewPCG(3, 4))
	everything := slices.Clone(r.World.Resources)
	for i := range everything { // every mixture of labels, and a third withdrawn
		x := &everything[i]
		x.Class = sharing.Classes[random.IntN(3)]
		x.OpenClass = sharing.OpenClasses[random.IntN(3)]
		x.Grade = sharing.Grade(1 + random.IntN(4))
		x.Basis, x.Condition = "《保密法》第一条", "按需"
		r.Put(*x)
	}
	require.NoError(t, r.Owner.InTx(ctx, func(tx *postgres.Tx) error {
		for i := range everything {
			if random.IntN(3) > 0 {
				continue
			}
			old, err := tx.LockResource(ctx, everything[i].ID)
			if err != nil {
				return err
			}
			withdrawn := old
			withdrawn.Withdrawn = true
			if err := tx.ReplaceResource(ctx, old, withdrawn); err != nil {
				return err
			}
			everything[i].Withdrawn = true
		}
		return nil
	}))
	ids := make([]string, len(everything))
	for i, x := range everything {
		ids[i] = x.ID
	}
	compare := func(scopes sharing.Scopes, thing func(sharing.Resource) sharing.Thing) (seen int) {
		t.Helper()
		found, err := r.Store.ResourcesByID(ctx, scopes, ids)
		require.NoError(t, err)
		shown := map[string]bool{}
		for _, x := range found {
			shown[x.ID()] = true
		}
		for _, x := range everything {
			require.Equal(t, scopes.Allows(thing(x)), shown[x.ID], "%s (withdrawn %t, %s, %s, %d) for %v", x.Code, x.Withdrawn, x.Class, x.OpenClass, x.Grade, scopes)
		}
		return len(shown)
	}
	policy := policies.Shipped()
	some := 0
	for _, u := range r.World.Users {
		some += compare(sharing.Scopes{policy.Scope(u.Subject(), sharing.KindResource, sharing.Read), policy.Scope(u.Subject(), sharing.KindFormer, sharing.Read)},
			sharing.Resource.Thing)
	}
	require.Positive(t, some)
	var public sharing.Scopes
	for _, region := range r.World.Regions {
		public = append(public, policy.Scope(sharing.TheCitizen(region).Subject(), sharing.KindOpenEntry, sharing.Read))
	}
	require.Positive(t, compare(public, sharing.Resource.OpenThing))
	for range 100 { // grids that no policy would write, each region its own
		scopes := slices.Clone(public)
		for i := range scopes {
			scopes[i].Cells = nil
			for range random.IntN(6) {
				scopes[i].Cells = append(scopes[i].Cells, sharing.Cell{
					Relation: sharing.AsPublic, Class: sharing.Classes[random.IntN(3)], Grade: sharing.Grade(1 + random.IntN(4)),
				})
			}
			if random.IntN(10) == 0 {
				scopes[i].Subject.Roles = []sharing.Role{sharing.Requester}
			}
		}
		only := slices.DeleteFunc(scopes, func(sharing.Scope) bool { return random.IntN(3) == 0 })
		compare(only, sharing.Resource.OpenThing)
	}
}

// Cases, tasks, grants and the board have the same condition.
func TestCasesAreSeenByThoseConcerned(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	submitted := r.Apply("shuozhou-minzheng-requester", r.Request("shuozhou", "SZ-GA-001"), nil)
	id := submitted.Cases[0].CaseID
	c, err := r.Store.CaseByID(ctx, id)
	require.NoError(t, err)
	policy := policies.Shipped()
	var seen []string
	for _, u := range r.World.Users {
		scope := sharing.Scopes{policy.Scope(u.Subject(), sharing.KindCase, sharing.Read)}
		page, _, total, err := r.Store.Cases(ctx, scope, postgres.CaseFilter{Limit: 10})
		require.NoError(t, err)
		require.Equal(t, scope.Allows(c.Thing()), len(page) == 1, u.ID)
		require.Equal(t, len(page), total)
		_, err = r.Store.Case(ctx, scope, id)
		require.Equal(t, scope.Allows(c.Thing()), err == nil, u.ID)
		if err == nil {
			seen = append(seen, u.ID)
		} else {
			require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err))
		}
	}
	slices.Sort(seen)
	require.Contains(t, seen, "shuozhou-gongan-approver")
	require.Contains(t, seen, "shuozhou-authority-officer")
	require.NotContains(t, seen, "shuozhou-gongan-requester", "those who only apply do not see what is asked of their department")
	require.NotContains(t, seen, "shuozhou-renshe-approver")
	require.NotContains(t, seen, "city-authority-officer")
}

func TestBadCursors(t *testing.T) {
	r := desktest.New(t)
	scope := sharing.Scopes{policies.Shipped().Scope(r.User("shuozhou-authority-officer").Subject(), sharing.KindCase, sharing.Read)}
	for _, cursor := range []string{"x", "!!!", "W10", "WyJhIiwiYiJd", "WyIiLCIiXQ", "WyJcdTAwMDAiLCJiIl0", "W1siYSJdLCJiIl0"} {
		_, _, _, err := r.Store.Cases(t.Context(), scope, postgres.CaseFilter{Limit: 10, Cursor: cursor})
		require.Equal(t, sharing.CodeInvalid, sharing.CodeOf(err), cursor)
	}
}
