package desk_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

const (
	system   = "shuozhou-authority-operator"
	security = "shuozhou-authority-security"
	audit    = "shuozhou-shenji-auditor"
)

// acts of administration, each as whoever tries it.
func acts(t *testing.T, r *desktest.Rig) map[string]func(sharing.User) error {
	t.Helper()
	ctx := t.Context()
	stranger := func() sharing.Account {
		a, err := r.Store.Account(ctx, "shuozhou", "shuozhou-gongan-approver")
		require.NoError(t, err)
		return a
	}
	return map[string]func(sharing.User) error{
		"list people":      func(u sharing.User) error { _, err := r.Accounts(ctx, u, desk.AccountQuery{}); return err },
		"see a person":     func(u sharing.User) error { _, err := r.Account(ctx, u, stranger().ID); return err },
		"list departments": func(u sharing.User) error { _, err := r.Offices(ctx, u); return err },
		"list keys":        func(u sharing.User) error { _, err := r.AdministeredKeys(ctx, u); return err },
		"read the policy":  func(u sharing.User) error { _, err := r.PolicyStanding(ctx, u); return err },
		"explain": func(u sharing.User) error {
			_, err := r.ExplainPolicy(ctx, u, desk.PolicyQuestion{User: system, On: "policy:shuozhou", Action: sharing.Manage})
			return err
		},
		"ask who may": func(u sharing.User) error {
			_, err := r.WhoMay(ctx, u, desk.PolicyQuestion{On: "policy:shuozhou", Action: sharing.Manage})
			return err
		},
		"add a person": func(u sharing.User) error {
			return r.AddAccount(ctx, u, "", sharing.AccountText{ID: "new-" + u.ID, Name: "新人", Department: "shuozhou-gongan"})
		},
		"rename a person": func(u sharing.User) error {
			a := stranger()
			return r.ChangeAccount(ctx, u, "", a.ID, a.Version, sharing.AccountText{Name: a.Name + "改", Department: a.Department.ID})
		},
		"disable a person": func(u sharing.User) error {
			a := stranger()
			if err := r.DisableAccount(ctx, u, "", a.ID, a.Version, "离岗"); err != nil {
				return err
			}
			return r.EnableAccount(ctx, u, "", a.ID, a.Version+1)
		},
		"sign a person out": func(u sharing.User) error { return r.SignOutAccount(ctx, u, "", stranger().ID) },
		"add a department": func(u sharing.User) error {
			return r.AddDepartment(ctx, u, "", sharing.DepartmentText{ID: "shuozhou-new", Name: "市新设局"})
		},
		"rename the region": func(u sharing.User) error {
			return r.RenameRegion(ctx, u, "", sharing.RegionText{Name: "朔州市", NameEN: "Shuozhou"})
		},
		"register a key": func(u sharing.User) error { return r.RegisterKey(ctx, u, "", soundKey()) },
		"appoint": func(u sharing.User) error {
			a := stranger()
			return r.Appoint(ctx, u, "", a.ID, a.Version, sharing.Appointment{Roles: a.Roles, Reason: "续任"})
		},
		"rehearse rules": func(u sharing.User) error { _, err := r.RehearsePolicy(ctx, u, narrower); return err },
		"publish rules": func(u sharing.User) error {
			p, err := r.RehearsePolicy(ctx, u, narrower)
			if err == nil {
				_, err = r.PublishPolicy(ctx, u, "", desk.PolicyChange{Text: narrower, Reason: "收紧", Rehearsed: p.Mark})
			}
			return err
		},
	}
}

// narrower keeps requesters of a region from conditional entries.
const narrower = `# version: sz-1

# Requesters see nothing conditional here.
# basis: shuozhou-2021 art. 16; house rule
p, requester, peer, resource, conditional, 1, 3, read, deny
p, requester, peer, resource, conditional, 1, 3, apply, deny
`

// Each act is of one administration and of nobody else, whatever their office.
func TestAdministrationsAreApart(t *testing.T) {
	r := desktest.New(t)
	reads := []string{"list people", "see a person", "list departments", "list keys", "read the policy", "explain", "ask who may"}
	may := map[string][]string{
		system:   append([]string{"add a person", "rename a person", "disable a person", "sign a person out", "add a department", "rename the region", "register a key"}, reads...),
		security: append([]string{"appoint", "rehearse rules", "publish rules"}, reads...),
	}
	for _, id := range []string{audit, "shuozhou-authority-head", "shuozhou-supervisor-officer", "shuozhou-gongan-head", "shuozhou-finance-officer", "shuozhou-authority-gateway", system, security} {
		for name, act := range acts(t, r) {
			err := act(r.User(id))
			allowed := false
			for _, n := range may[id] {
				allowed = allowed || n == name
			}
			if allowed {
				require.NoError(t, err, "%s: %s", id, name)
			} else {
				require.Equal(t, sharing.CodeForbidden, sharing.CodeOf(err), "%s: %s: %v", id, name, err)
			}
		}
	}
	// With two of the roles, the work of neither.
	both := r.User(system)
	both.Roles = []sharing.Role{sharing.Operator, sharing.SecurityOfficer}
	for name, act := range acts(t, r) {
		readable := false
		for _, n := range reads {
			readable = readable || n == name
		}
		if !readable {
			require.Equal(t, sharing.CodeForbidden, sharing.CodeOf(act(both)), name)
		}
	}
	_, err := r.Store.VerifyTrail(t.Context())
	require.NoError(t, err)
}

func TestAppointing(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	officer := r.User(security)
	account := func(id string) sharing.Account {
		a, err := r.Account(ctx, officer, id)
		require.NoError(t, err)
		return a
	}
	appoint := func(id string, roles ...sharing.Role) error {
		return r.Appoint(ctx, officer, "", id, account(id).Version, sharing.Appointment{Roles: roles, Reason: "任命"})
	}
	refused := func(rule string, err error) {
		t.Helper()
		require.Equal(t, sharing.CodeInvalid, sharing.CodeOf(err))
		require.Contains(t, err.Error(), rule)
	}
	refused("oneself", appoint(security, sharing.SecurityOfficer, sharing.Requester))
	refused("apart", appoint(system, sharing.Operator, sharing.Auditor))
	refused("apart", appoint("shuozhou-gongan-approver", sharing.SecurityOfficer, sharing.Operator))
	refused("office", appoint("shuozhou-gongan-approver", sharing.AuthorityHead))
	refused("one_of", appoint("shuozhou-gongan-approver", "wizard"))
	refused("unique", appoint("shuozhou-gongan-approver", sharing.Approver, sharing.Approver))
	a := account("shuozhou-gongan-approver")
	refused("required", r.Appoint(ctx, officer, "", a.ID, a.Version, sharing.Appointment{Roles: a.Roles}))
	require.Equal(t, sharing.CodeStale, sharing.CodeOf(r.Appoint(ctx, officer, "", a.ID, a.Version+1, sharing.Appointment{Roles: a.Roles, Reason: "x"})))
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(r.Appoint(ctx, officer, "", "city-gongan-approver", 1, sharing.Appointment{Reason: "x"})), "of another region")

	// Who takes over is appointed first; the last one stays.
	operator := r.User(system)
	last := account(security)
	refused("last_security_officer", r.DisableAccount(ctx, operator, "", last.ID, last.Version, "离岗"))
	refused("last_security_officer", r.ChangeAccount(ctx, operator, "", last.ID, last.Version, sharing.AccountText{Name: last.Name, Department: "shuozhou-gongan"}))
	require.NoError(t, appoint("shuozhou-authority-officer", sharing.SecurityOfficer))
	second := r.User("shuozhou-authority-officer")
	require.NoError(t, r.Appoint(ctx, second, "", security, last.Version, sharing.Appointment{Roles: []sharing.Role{sharing.AuthorityOfficer}, Reason: "轮岗"}))
	_, err := r.Accounts(ctx, r.User(security), desk.AccountQuery{})
	require.Equal(t, sharing.CodeForbidden, sharing.CodeOf(err), "a role that was taken counts from the next request")
	story, err := r.Store.Timeline(ctx, security)
	require.NoError(t, err)
	require.Len(t, story, 1)
	require.Equal(t, "轮岗", story[0].Note)
	require.Equal(t, map[string]string{"was": "security_officer", "roles": "authority_officer"}, story[0].Data)
	require.NotEmpty(t, story[0].Policy)

	// The database holds to it too, whoever asks.
	_, err = asOwner(t, r).Exec(ctx, `UPDATE users SET roles = '{operator,auditor}' WHERE id = $1`, system)
	require.ErrorContains(t, err, "two of operator")
}

func TestAccounts(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	operator := r.User(system)
	refused := func(place string, err error) {
		t.Helper()
		require.Equal(t, sharing.CodeInvalid, sharing.CodeOf(err))
		require.Contains(t, err.Error(), place)
	}
	sound := sharing.AccountText{ID: "wang.wu", Name: "王五", Department: "shuozhou-gongan"}
	for place, broken := range map[string]func(a *sharing.AccountText){
		"/id: id":             func(a *sharing.AccountText) { a.ID = "王五" },
		"/id: taken":          func(a *sharing.AccountText) { a.ID = system },
		"/name: required":     func(a *sharing.AccountText) { a.Name = " " },
		"/name: characters":   func(a *sharing.AccountText) { a.Name = "a\x00b" },
		"/department: exists": func(a *sharing.AccountText) { a.Department = "city-gongan" },
		"/department: choose": func(a *sharing.AccountText) { a.Department = "" },
	} {
		a := sound
		broken(&a)
		refused(place, r.AddAccount(ctx, operator, "", a))
	}
	require.NoError(t, r.AddAccount(ctx, operator, "the-same-request-1", sound))
	require.NoError(t, r.AddAccount(ctx, operator, "the-same-request-1", sound), "a repeated request adds nobody")
	a, err := r.Account(ctx, operator, sound.ID)
	require.NoError(t, err)
	require.Empty(t, a.Roles)
	_, err = r.Catalog(ctx, a.User, desk.CatalogQuery{})
	require.NoError(t, err)

	found, err := r.Accounts(ctx, operator, desk.AccountQuery{Text: "王五"})
	require.NoError(t, err)
	require.Equal(t, 1, found.Total)
	found, err = r.Accounts(ctx, operator, desk.AccountQuery{Role: sharing.SecurityOfficer})
	require.NoError(t, err)
	require.Equal(t, 1, found.Total)
	seen := map[string]bool{}
	for q := (desk.AccountQuery{Limit: 7}); ; {
		page, err := r.Accounts(ctx, operator, q)
		require.NoError(t, err)
		for _, a := range page.Items {
			require.Equal(t, "shuozhou", a.Region.ID)
			require.False(t, seen[a.ID])
			seen[a.ID] = true
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			require.Len(t, seen, page.Total)
			break
		}
	}

	// Disabling ends sessions at once; enabling does not bring them back.
	const who = "shuozhou-gongan-approver"
	session, err := r.SignInDemo(ctx, desk.Browser{}, who)
	require.NoError(t, err)
	token := r.Token(who)
	a, err = r.Account(ctx, operator, who)
	require.NoError(t, err)
	require.Equal(t, 1, a.SignedIn)
	refused("oneself", r.DisableAccount(ctx, operator, "", system, 1, "x"))
	refused("/note: required", r.DisableAccount(ctx, operator, "", who, a.Version, " "))
	require.NoError(t, r.DisableAccount(ctx, operator, "", who, a.Version, "离岗"))
	_, _, err = r.Session(ctx, session)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	require.Equal(t, sharing.CodeStale, sharing.CodeOf(r.EnableAccount(ctx, operator, "", who, a.Version)))
	require.NoError(t, r.EnableAccount(ctx, operator, "", who, a.Version+1))
	_, _, err = r.Session(ctx, session)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	_, err = r.Authenticate(ctx, token)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))

	// Who moves holds no role there until appointed.
	require.NoError(t, r.ChangeAccount(ctx, operator, "", who, a.Version+2, sharing.AccountText{Name: a.Name, Department: "shuozhou-minzheng"}))
	a, err = r.Account(ctx, operator, who)
	require.NoError(t, err)
	require.Empty(t, a.Roles)
	require.Equal(t, "shuozhou-minzheng", a.Department.ID)
}

func TestAdministeredDepartments(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	operator := r.User(system)
	add := func(d sharing.DepartmentText) error { return r.AddDepartment(ctx, operator, "", d) }
	require.ErrorContains(t, add(sharing.DepartmentText{ID: "UPPER", Name: "x"}), "/id: department_id")
	require.ErrorContains(t, add(sharing.DepartmentText{ID: "shuozhou-gongan", Name: "x"}), "/id: taken")
	require.ErrorContains(t, add(sharing.DepartmentText{ID: "sz-x", Name: r.User(system).Department.Name}), "/name: taken")
	require.ErrorContains(t, add(sharing.DepartmentText{ID: "sz-x", Name: "x", Kind: "public"}), "/kind: one_of")
	require.NoError(t, add(sharing.DepartmentText{ID: "sz-x", Name: "市新设局", NameEN: "New Bureau"}))
	change := func(id string, version int, d sharing.DepartmentText) error {
		return r.ChangeDepartment(ctx, operator, "", id, version, d)
	}
	require.ErrorContains(t, change("sz-x", 1, sharing.DepartmentText{Name: "市新设局", MergedInto: "sz-x"}), "/merged_into: itself")
	require.ErrorContains(t, change("sz-x", 1, sharing.DepartmentText{Name: "市新设局", MergedInto: "city-gongan"}), "/merged_into: exists")
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(change("city-gongan", 1, sharing.DepartmentText{Name: "x"})))
	require.NoError(t, change("sz-x", 1, sharing.DepartmentText{Name: "市新设局", MergedInto: "shuozhou-gongan"}))
	require.ErrorContains(t, change("shuozhou-gongan", 1, sharing.DepartmentText{Name: "市公安局", MergedInto: "shuozhou-minzheng"}), "/merged_into: successor")
	require.Equal(t, sharing.CodeStale, sharing.CodeOf(change("sz-x", 1, sharing.DepartmentText{Name: "y"})))
	o, err := r.Office(ctx, operator, "sz-x")
	require.NoError(t, err)
	require.Equal(t, "shuozhou-gongan", o.MergedInto)
	require.ErrorContains(t, r.AddAccount(ctx, operator, "", sharing.AccountText{ID: "a.b", Name: "x", Department: "sz-x"}), "/department: merged")
}

func TestAdministeredKeys(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	operator := r.User(system)
	n := soundKey()
	n.Department, n.User, n.Roles = "shuozhou-authority", security, []sharing.Role{sharing.SecurityOfficer}
	require.ErrorContains(t, r.RegisterKey(ctx, operator, "", n), "/roles/0: not_for_keys", "a key does no administration")
	n = soundKey()
	n.Department = "city-gongan"
	require.ErrorContains(t, r.RegisterKey(ctx, operator, "", n), "/department: exists")
	require.NoError(t, r.RegisterKey(ctx, operator, "the-same-request-2", soundKey()))
	require.NoError(t, r.RegisterKey(ctx, operator, "the-same-request-2", soundKey()))
	waiting := func(user string) int {
		t.Helper()
		counts, err := r.Counts(ctx, r.User(user), desk.Known{})
		require.NoError(t, err)
		return counts.Keys
	}
	require.Equal(t, 1, waiting(soundKey().User), "who is to confirm it has it in sight on every page")
	require.Zero(t, waiting(operator.ID), "and nobody else")
	keys, err := r.AdministeredKeys(ctx, operator)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	id := keys[0].ID
	require.Nil(t, keys[0].ConfirmedAt)

	// Until the department confirms it, nothing opens with it, and nobody else confirms.
	db := asOwner(t, r)
	var secrets int
	require.NoError(t, db.QueryRow(ctx, `SELECT count(*) FROM api_keys WHERE hash IS NOT NULL OR old_hash IS NOT NULL`).Scan(&secrets))
	require.Zero(t, secrets)
	_, _, err = r.AuthenticateKey(ctx, "127.0.0.1", "gsk_"+id+"_")
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	person := r.User(keyUser)
	_, err = r.RenewKey(ctx, person, "", id, 24)
	require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(err), "there is nothing to rotate yet")
	for _, other := range []string{system, security, "shuozhou-minzheng-requester", "shuozhou-gongan-head", "shuozhou-authority-head"} {
		for _, err := range []error{
			func() error { _, err := r.ConfirmKey(ctx, r.User(other), "", id); return err }(),
			func() error { _, err := r.RenewKey(ctx, r.User(other), "", id, 0); return err }(),
			r.RevokeKey(ctx, r.User(other), "", id),
		} {
			require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err), other)
		}
	}
	under := person
	under.Key = "abcdefghijkl"
	_, err = r.ConfirmKey(ctx, under, "", id)
	require.Equal(t, sharing.CodeForbidden, sharing.CodeOf(err), "a key confirms no key")

	secret, err := r.ConfirmKey(ctx, person, "the-same-request-3", id)
	require.NoError(t, err)
	again, err := r.ConfirmKey(ctx, person, "the-same-request-3", id)
	require.NoError(t, err)
	require.Empty(t, again, "a secret is told once")
	_, err = r.ConfirmKey(ctx, person, "", id)
	require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(err))
	who, key, err := r.AuthenticateKey(ctx, "127.0.0.1", secret)
	require.NoError(t, err)
	require.Equal(t, keyUser, who.ID)
	require.Equal(t, keyUser, key.ConfirmedBy)
	// What a system does under a key names the key in the trail.
	who.Roles = r.User(keyUser).Roles
	draft, err := r.SaveDraft(ctx, who, "", "", 0, r.Request("shuozhou", "SZ-GA-001"))
	require.NoError(t, err)
	done, err := r.Store.Timeline(ctx, draft.ID)
	require.NoError(t, err)
	require.Equal(t, key.ID, done[0].Key)
	_, err = r.RenewKey(ctx, person, "", key.ID, 169)
	require.ErrorContains(t, err, "/overlap: range")
	next, err := r.RenewKey(ctx, person, "", key.ID, 24)
	require.NoError(t, err)
	for _, s := range []string{secret, next} {
		_, _, err = r.AuthenticateKey(ctx, "127.0.0.1", s)
		require.NoError(t, err)
	}
	other := r.User("city-xinxi-operator")
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(r.CancelKey(ctx, other, "", key.ID)), "of another region")
	require.NoError(t, r.CancelKey(ctx, operator, "", key.ID))
	_, _, err = r.AuthenticateKey(ctx, "127.0.0.1", next)
	require.Equal(t, desk.CodeKeyRevoked, sharing.CodeOf(err))
	story, err := r.Store.Timeline(ctx, "key-"+key.ID)
	require.NoError(t, err)
	var told []string
	for _, e := range story {
		told = append(told, string(e.Action)+" "+e.Actor)
		require.NotEmpty(t, e.Policy)
		for _, v := range e.Data {
			require.NotContains(t, v, secret[len("gsk_")+13:])
			require.NotContains(t, v, next[len("gsk_")+13:])
		}
	}
	require.Equal(t, []string{"key_registered " + system, "key_confirmed " + keyUser, "key_rotated " + keyUser, "key_revoked " + system}, told)
}

// The head of a department confirms a key that acts for a colleague, and who
// registered a key never does, whatever else they are.
func TestKeysAreConfirmedByOthers(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	const colleague = "shuozhou-minzheng-requester"
	n := soundKey()
	n.User, n.Roles = colleague, []sharing.Role{sharing.Requester}
	require.NoError(t, r.RegisterKey(ctx, r.User(system), "", n))
	own, err := r.Keys(ctx, r.User(colleague))
	require.NoError(t, err)
	require.Len(t, own, 1)
	headed, err := r.Keys(ctx, r.User(keyUser))
	require.NoError(t, err)
	require.Equal(t, own, headed)
	secret, err := r.ConfirmKey(ctx, r.User(keyUser), "", own[0].ID)
	require.NoError(t, err)
	who, _, err := r.AuthenticateKey(ctx, "127.0.0.1", secret)
	require.NoError(t, err)
	require.Equal(t, colleague, who.ID)
	require.NoError(t, r.RevokeKey(ctx, r.User(colleague), "", own[0].ID))

	// An operator who heads a department besides registers a key for it.
	alter(t, r, `UPDATE users SET roles = roles || '{department_head}' WHERE id = $1`, system)
	both := r.User(system)
	n = soundKey()
	n.Department, n.User, n.Roles = both.Department.ID, both.ID, []sharing.Role{sharing.DepartmentHead}
	require.NoError(t, r.RegisterKey(ctx, both, "", n))
	keys, err := r.Keys(ctx, both)
	require.NoError(t, err)
	_, err = r.ConfirmKey(ctx, both, "", keys[0].ID)
	require.Equal(t, sharing.CodeForbidden, sharing.CodeOf(err))

	// Nor does the application get around it.
	conn, err := pgx.Connect(ctx, r.Database.AppURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
	_, err = conn.Exec(ctx, `UPDATE api_keys SET hash = sha256('x'), confirmed_at = clock_timestamp(), confirmed_by = created_by WHERE id = $1`, keys[0].ID)
	require.ErrorContains(t, err, "does not confirm it")
	_, err = conn.Exec(ctx, `UPDATE api_keys SET hash = sha256('x') WHERE id = $1`, keys[0].ID)
	require.ErrorContains(t, err, "api_keys_confirmed")
	_, err = conn.Exec(ctx, `INSERT INTO api_keys (id, department_id, user_id, name, roles, scopes, hash, created_at, created_by, confirmed_at, confirmed_by, expires_at)
		SELECT 'abcdefghijkl', department_id, user_id, name, roles, scopes, sha256('y'), created_at, created_by, created_at, 'x', expires_at FROM api_keys WHERE id = $1`, keys[0].ID)
	require.ErrorContains(t, err, "permission denied")
}

func TestAdministeredPolicy(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	officer := r.User(security)
	entry := r.Resource("shuozhou", "SZ-MZ-002")
	x, err := r.ExplainPolicy(ctx, officer, desk.PolicyQuestion{User: "shuozhou-gongan-requester", On: entry.Code, Action: sharing.Apply})
	require.NoError(t, err)
	require.True(t, x.Allowed)
	require.NotEmpty(t, x.Votes[0].Basis)
	x, err = r.ExplainPolicy(ctx, officer, desk.PolicyQuestion{Roles: []sharing.Role{sharing.Approver}, Department: "shuozhou-gongan",
		Thing: sharing.Thing{Kind: sharing.KindCase, ProviderID: "shuozhou-minzheng", ApplicantID: "shuozhou-gongan", Class: sharing.Conditional, Grade: 2}, Action: sharing.Answer})
	require.NoError(t, err)
	require.False(t, x.Allowed)
	require.NotEmpty(t, x.Never)
	require.NotEmpty(t, x.Ways)
	for place, q := range map[string]desk.PolicyQuestion{
		"/user: person_or_post": {On: entry.Code, Action: sharing.Read},
		"/user: exists":         {User: "city-gongan-approver", On: entry.Code, Action: sharing.Read},
		"/on: exists":           {User: security, On: "CS-GA-001", Action: sharing.Read}, // of another region
		"/on: labels":           {User: security, Action: sharing.Read},
		"/action: never_done":   {User: security, On: entry.Code, Action: sharing.Answer},
		"/roles/0: one_of":      {User: security, Roles: []sharing.Role{"wizard"}, On: entry.Code, Action: sharing.Read},
		"/department: exists":   {User: security, Department: "city-gongan", On: entry.Code, Action: sharing.Read},
	} {
		_, err := r.ExplainPolicy(ctx, officer, q)
		require.ErrorContains(t, err, place)
	}
	who, err := r.WhoMay(ctx, officer, desk.PolicyQuestion{On: entry.Code, Action: sharing.Apply})
	require.NoError(t, err)
	require.NotEmpty(t, who.People)
	for _, p := range who.People {
		require.Equal(t, "shuozhou", p.Region.ID)
		require.NotEqual(t, "shuozhou-minzheng", p.Department.ID)
		require.NotEmpty(t, p.Votes)
	}

	publish := func(text, mark string) error {
		_, err := r.PublishPolicy(ctx, officer, "", desk.PolicyChange{Text: text, Reason: "收紧", Rehearsed: mark})
		return err
	}
	_, err = r.RehearsePolicy(ctx, officer, "# version: 1\n\n# basis: house rule\np, requester, peer, resource, not_shared, 1, 1, read, allow\n")
	require.ErrorContains(t, err, "/text: policy_rule")
	require.ErrorContains(t, publish(narrower, ""), "/text: rehearse")
	rehearsed, err := r.RehearsePolicy(ctx, officer, narrower)
	require.NoError(t, err)
	require.NotEmpty(t, rehearsed.Differences)
	require.Empty(t, rehearsed.Differences[0].Names, "things are counted, not named")
	require.Equal(t, sharing.CodeStale, sharing.CodeOf(publish(narrower+"# more\n", rehearsed.Mark)), "another text")
	require.NoError(t, publish(narrower, rehearsed.Mark))
	_, err = r.Desk.Resource(ctx, r.User("shuozhou-gongan-requester"), entry.ID)
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err), "it counts from the next request")
	require.ErrorContains(t, publish(narrower, rehearsed.Mark), "/text: in_force")

	back, err := r.RehearsePolicy(ctx, officer, "")
	require.NoError(t, err)
	require.True(t, back.Differences[0].Gains)
	widened, err := r.RehearsePolicy(ctx, officer, narrower+"# a remark\n")
	require.NoError(t, err)
	require.NoError(t, publish("", back.Mark))
	require.Equal(t, sharing.CodeStale, sharing.CodeOf(publish(narrower+"# a remark\n", widened.Mark)), "the rules are others now")
	s, err := r.PolicyStanding(ctx, officer)
	require.NoError(t, err)
	require.Len(t, s.History, 2)
	require.Equal(t, "sz-1", s.History[1].Version)
	require.Equal(t, officer.Name, s.History[0].ByName)
	require.Empty(t, s.Added)
	require.NotEmpty(t, s.Rules)
	story, err := r.Store.Timeline(ctx, "policy:1")
	require.NoError(t, err)
	require.Len(t, story, 1)
	require.Equal(t, security, story[0].Actor)
	require.Equal(t, "1+shuozhou.sz-1 "+rehearsed.Hash, story[0].Policy)
}
