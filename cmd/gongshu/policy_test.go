package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

// policyCommand runs `gongshu policy` on the rig's database.
func policyCommand(t *testing.T, r *desktest.Rig, args ...string) (string, error) {
	t.Helper()
	t.Setenv("GONGSHU_DATABASE_URL", r.Database.AppURL)
	t.Setenv("GONGSHU_OWNER_DATABASE_URL", r.Database.OwnerURL)
	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs(append([]string{"policy"}, args...))
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	err := root.ExecuteContext(t.Context())
	return strings.Join(strings.Fields(out.String()), " "), err
}

// answered decodes what a policy command answers in JSON.
func answered[T any](t *testing.T, r *desktest.Rig, args ...string) T {
	t.Helper()
	var answer T
	out, err := policyCommand(t, r, append(args, "--json")...)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	return answer
}

func rulesFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "rules.csv")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

// stricter keeps requesters of a region from conditional entries.
const stricter = `# version: sz-1

# Requesters see nothing conditional here.
# basis: shuozhou-2021 art. 16; house rule
p, requester, peer, resource, conditional, 1, 3, read, deny
p, requester, peer, resource, conditional, 1, 3, apply, deny
`

const (
	asking = "shuozhou-gongan-requester"
	asked  = "SZ-MZ-002"
)

func conditionalEntry(t *testing.T, r *desktest.Rig) sharing.Resource {
	t.Helper()
	entry := r.Resource("shuozhou", asked)
	require.Equal(t, sharing.Conditional, entry.Class)
	return entry
}

func TestPolicyExplain(t *testing.T) {
	r := desktest.New(t)
	conditionalEntry(t, r)
	submitted := r.Apply(asking, r.Request("shuozhou", asked), nil)
	c, err := r.Store.CaseByID(t.Context(), submitted.Cases[0].CaseID)
	require.NoError(t, err)

	x := answered[explained](t, r, "explain", "--user", asking, "--on", c.Number, "--action", "answer")
	require.False(t, x.Allowed)
	require.Equal(t, []sharing.Relation{sharing.AsApplicant}, x.Relations)
	require.NotEmpty(t, x.Never)
	require.Equal(t, sharing.AsProvider, x.Ways[0].Relation)
	require.Equal(t, []sharing.Role{sharing.Approver, sharing.DepartmentHead}, x.Ways[0].Roles)
	require.Contains(t, x.Ways[0].Lacks, policies.LacksRelation)
	require.Contains(t, x.Ways[0].Basis, "shuozhou-2021 art. 16")
	require.Equal(t, policies.Shipped().Hash(), x.Hash)

	out, err := policyCommand(t, r, "explain", "--user", asking, "--on", c.Number, "--action", "answer")
	require.NoError(t, err)
	require.Contains(t, out, "不允许 · denied")
	require.Contains(t, out, "提供部门的审批人或部门负责人可以 · an approver or department head of the department that provides the data could")
	require.Contains(t, out, "任何规则都不能允许 · no rules can allow it")

	x = answered[explained](t, r, "explain", "--role", "approver", "--department", c.Provider.ID, "--on", c.ID, "--action", "answer")
	require.True(t, x.Allowed)
	require.True(t, x.Hypothetical)
	require.Len(t, x.Votes, 1)
	require.NotZero(t, x.Votes[0].Line)
	require.Contains(t, x.Votes[0].Text, "p, decider, provider, case")
	require.Contains(t, x.Votes[0].Comment, "to agree or refuse is for those who decide")
	require.False(t, x.OutOfState)
	x = answered[explained](t, r, "explain", "--role", "approver", "--department", c.Provider.ID, "--on", c.ID, "--action", "provide")
	require.True(t, x.Allowed)
	require.True(t, x.OutOfState, "the case is not agreed yet")
	require.Equal(t, []sharing.State{sharing.Agreed}, x.States)

	x = answered[explained](t, r, "explain", "--user", "shuozhou-gongan-approver", "--role", "auditor", "--role", "approver", "--on", c.ID)
	require.False(t, x.Allowed)
	require.Contains(t, x.Ways[0].Lacks, policies.HoldsDenied)

	who := answered[whoMay](t, r, "who", "--on", c.Number, "--action", "answer")
	require.NotEmpty(t, who.People)
	for _, p := range who.People {
		require.Equal(t, c.Provider.ID, p.Department)
		require.Subset(t, []string{"approver", "department_head"}, []string{string(p.Roles[0])})
		require.NotEmpty(t, p.As)
	}
	out, err = policyCommand(t, r, "who", "--on", "trail:shuozhou", "--action", "read")
	require.NoError(t, err)
	require.Contains(t, out, "安全审计员 · an auditor")

	for _, tt := range []struct{ args, reason string }{
		{"explain --on " + asked, "--user is missing"},
		{"explain --user " + asking, "--on is missing"},
		{"explain --user nobody --on " + asked, "--user nobody"},
		{"explain --user " + asking + " --on nothing", "nothing is called"},
		{"explain --user " + asking + " --on " + asked + " --action eat", "there are read, apply"},
		{"explain --user " + asking + " --on " + asked + " --role wizard", "--role: there is no"},
		{"explain --user " + asking + " --on " + asked + " --department nowhere", "--department: there is no"},
		{"who --on nothing", "nothing is called"},
	} {
		_, err := policyCommand(t, r, strings.Fields(tt.args)...)
		require.ErrorContains(t, err, tt.reason, tt.args)
	}
}

func TestPolicyTest(t *testing.T) {
	r := desktest.New(t)
	out, err := policyCommand(t, r, "test")
	require.NoError(t, err)
	require.Contains(t, out, "expectations, 0 not met")
	table := rulesFile(t, `
expectations:
  - {name: approvers rest, roles: [approver], department: [provider], kinds: [case], actions: [answer], want: deny}
`)
	out, err = policyCommand(t, r, "test", table)
	require.ErrorIs(t, err, errUnmet)
	require.Contains(t, out, "✗ approvers rest: 12/12")
	require.Contains(t, out, "p, decider, provider, case, *, 1, 4, answer, allow")
	_, err = policyCommand(t, r, "test", table, "--region", "shuozhou", "--addition",
		rulesFile(t, "# version: 1\n\n# basis: house rule\np, approver, provider, case, *, 1, 4, answer, deny\n"))
	require.NoError(t, err)
}

func TestPolicyRehearse(t *testing.T) {
	r := desktest.New(t)
	entry := conditionalEntry(t, r)
	file := rulesFile(t, stricter)
	report := answered[rehearsal](t, r, "rehearse", file, "--region", "shuozhou")
	require.Empty(t, report.Unmet)
	require.NotEmpty(t, report.Differences)
	// The sums are those of asking about each person and entry.
	next, err := policies.Shipped().With("shuozhou", []byte(stricter))
	require.NoError(t, err)
	want, got := 0, 0
	for _, u := range r.World.Users {
		for _, resource := range r.World.Resources {
			if policies.Shipped().May(u.Subject(), sharing.Read, resource.Thing()) && !next.May(u.Subject(), sharing.Read, resource.Thing()) {
				want++
			}
		}
	}
	for _, d := range report.Differences {
		require.Equal(t, "shuozhou", d.Region)
		require.False(t, d.Gains)
		if d.Action == sharing.Read {
			got += d.Pairs
			require.LessOrEqual(t, d.Pairs, len(d.People)*d.Things)
		}
	}
	require.Positive(t, want)
	require.Equal(t, want, got)
	require.Len(t, report.Differences, 2, "sight and applying, each told once")

	out, err := policyCommand(t, r, "rehearse", file, "--region", "shuozhou")
	require.NoError(t, err)
	require.Contains(t, out, "would lose sight of these")
	require.Contains(t, out, "人将看不到这")
	rows, err := r.Store.PolicyRules(t.Context(), 0)
	require.NoError(t, err)
	require.Empty(t, rows, "a rehearsal publishes nothing")
	require.True(t, policies.Shipped().May(r.User(asking).Subject(), sharing.Read, entry.Thing()))
	_, err = policyCommand(t, r, "rehearse", rulesFile(t, "# version: 1\n\n# basis: house rule\np, requester, peer, resource, not_shared, 1, 1, read, allow\n"), "--region", "shuozhou")
	require.ErrorContains(t, err, "shuozhou.csv:4: another department must not see")
	_, err = policyCommand(t, r, "rehearse", file, "--region", "nowhere")
	require.ErrorContains(t, err, "--region: there is no")
}

// Two processes on one database have published rules at once; a request
// after that is decided by them, and a bad row changes nothing.
func TestPolicyPublish(t *testing.T) {
	r := desktest.New(t)
	entry := conditionalEntry(t, r)
	who := r.User(asking)
	ctx, stop := context.WithCancel(t.Context())
	var (
		processes [2]*policies.Current
		following sync.WaitGroup
	)
	defer following.Wait()
	defer stop()
	for i := range processes {
		store, err := postgres.Open(ctx, r.Database.AppURL)
		require.NoError(t, err)
		defer store.Close()
		current := r.Policy // the desk's own
		if i > 0 {
			current, err = policies.NewCurrent(policies.Shipped())
			require.NoError(t, err)
		}
		processes[i] = current
		following.Go(func() { current.Follow(ctx, desk.Publications{Store: store}, slog.New(slog.DiscardHandler)) })
	}
	time.Sleep(300 * time.Millisecond) // let both listen
	within := func(hash string) {
		t.Helper()
		began := time.Now()
		require.Eventually(t, func() bool {
			return processes[0].Policy().Hash() == hash && processes[1].Policy().Hash() == hash
		}, policies.Every*4/5, time.Millisecond, "sooner than by looking regularly")
		t.Logf("in force in both after %v", time.Since(began))
	}
	_, err := r.Desk.Resource(ctx, who, entry.ID)
	require.NoError(t, err)

	file := rulesFile(t, stricter)
	for _, tt := range []struct{ args, reason string }{
		{"publish " + file + " --region shuozhou", "--note is missing"},
		{"publish --note x", "either a file or --withdraw"},
		{"publish " + file + " --note x --region nowhere", "--region: there is no"},
		{"publish " + file + " --note x --by nobody", "--by nobody"},
		{"publish " + file + " --note x", "no rule allows anything"},
		{"publish --withdraw --note x", "in force already"},
		{"publish --region shuozhou --note x " + rulesFile(t, "# version: 1\n\n# basis: house rule\np, data_specialist, *, case, *, 1, 4, request_completion, deny\np, approver, *, case, *, 1, 4, request_completion, deny\np, department_head, *, case, *, 1, 4, request_completion, deny\n"), "breaks an expectation"},
	} {
		_, err := policyCommand(t, r, strings.Fields(tt.args)...)
		require.ErrorContains(t, err, tt.reason, tt.args)
	}
	dry := answered[publishedReport](t, r, "publish", file, "--region", "shuozhou", "--note", "tried", "--dry-run")
	require.Zero(t, dry.ID)
	done := answered[publishedReport](t, r, "publish", file, "--region", "shuozhou", "--note", "stricter here", "--by", asking)
	require.Equal(t, dry.Hash, done.Hash)
	within(done.Hash)
	_, err = r.Desk.Resource(ctx, who, entry.ID)
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err), "a revocation counts from the next request")

	shown := answered[policyReport](t, r, "show")
	require.Equal(t, done.Hash, shown.Hash)
	require.Equal(t, map[string]string{"shuozhou": "sz-1"}, shown.Regions)
	require.Len(t, shown.Rows, 1)
	require.Equal(t, asking, shown.Rows[0].By)
	out, err := policyCommand(t, r, "show", "--file", "--region", "shuozhou")
	require.NoError(t, err)
	require.Contains(t, out, "sz-1")

	entries, err := r.Store.Timeline(ctx, "policy:1")
	require.NoError(t, err)
	require.Len(t, entries, 1, "the region's trail and no other")
	require.Equal(t, "shuozhou", entries[0].RegionID)
	require.Equal(t, "1+shuozhou.sz-1 "+done.Hash, entries[0].Policy)

	// A row that nobody checked.
	bad, err := putUnchecked(t, r, "", "# version: 2\nnot rules\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return processes[0].Standing().Last == bad && processes[1].Standing().Last == bad }, policies.Every, time.Millisecond)
	for _, p := range processes {
		require.Equal(t, done.Hash, p.Policy().Hash())
		require.ErrorContains(t, p.Standing().Err, "rules.csv:2")
	}
	out, err = policyCommand(t, r, "show")
	require.NoError(t, err)
	require.Contains(t, out, "publication 2 does not load and is not in force")
	_, err = policyCommand(t, r, "publish", "--withdraw", "--note", "the bad row")
	require.NoError(t, err)
	back := answered[publishedReport](t, r, "publish", "--withdraw", "--region", "shuozhou", "--note", "as before")
	require.Equal(t, policies.Shipped().Hash(), back.Hash)
	within(back.Hash)
	_, err = r.Desk.Resource(ctx, who, entry.ID)
	require.NoError(t, err)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// putUnchecked writes a row past all checks, as only who owns the tables can.
func putUnchecked(t *testing.T, r *desktest.Rig, region, text string) (id int64, err error) {
	t.Helper()
	err = r.Owner.InTx(t.Context(), func(tx *postgres.Tx) error {
		row, err := tx.PutPolicyRules(t.Context(), postgres.PolicyRules{Region: region, Text: text, Hash: strings.Repeat("0", 64), By: sharing.System, Note: "unchecked"})
		id = row.ID
		return err
	})
	return id, err
}

// Whatever a policy speaks of has its Chinese word.
func TestPolicyWords(t *testing.T) {
	for _, role := range sharing.Roles {
		require.NotEmpty(t, roleWords[role], role)
	}
	for _, relation := range sharing.Relations {
		require.NotEmpty(t, relationWords[relation], relation)
		require.NotEmpty(t, relationPhrases[relation], relation)
	}
	for _, kind := range policies.Kinds() {
		require.NotEmpty(t, kindWords[kind], kind)
	}
	for _, class := range sharing.Classes {
		require.NotEmpty(t, classWords[class], class)
	}
}
