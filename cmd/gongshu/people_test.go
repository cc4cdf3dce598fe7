package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/postgres"
	"gongshu/sharing"
)

// importingPeople runs `gongshu people import` on a file with the text.
func importingPeople(t *testing.T, r *desktest.Rig, text string, args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "people.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs(append([]string{"people", "import", "--owner-database-url", r.Database.OwnerURL, file}, args...))
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	err := root.ExecuteContext(t.Context())
	return strings.Join(strings.Fields(out.String()), " "), err
}

const town = `regions:
  - {id: town, name: 示例镇, name_en: Example Town}
departments:
  - {id: town-center, region: town, name: 大数据中心, name_en: Center, kind: authority}
  - {id: town-police, region: town, name: 公安局, name_en: Police}
users:
  - {id: town-officer, name: 经办, department: town-center, roles: [authority_officer]}
  - {id: town-approver, name: 审批, department: town-police, roles: [approver]}
`

func TestPeopleImport(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	out, err := importingPeople(t, r, town, "--dry-run")
	require.NoError(t, err)
	require.Contains(t, out, "added region town added department town-center added department town-police added user town-officer added user town-approver")
	require.Contains(t, out, "dry run, nothing was written")
	_, err = r.Store.User(ctx, "town-officer")
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err))

	out, err = importingPeople(t, r, town)
	require.NoError(t, err)
	require.Contains(t, out, "regions 1 0 0 部门 · departments 2 0 0 用户 · users 2 0 0")
	require.Contains(t, out, "no regulation for region town")
	officer := r.User("town-officer")
	require.Equal(t, sharing.User{ID: "town-officer", Name: "经办", Locale: "zh", Roles: []sharing.Role{sharing.AuthorityOfficer},
		Department: sharing.Department{ID: "town-center", RegionID: "town", Name: "大数据中心", NameEN: "Center", Kind: sharing.AuthorityDepartment},
		Region:     sharing.Region{ID: "town", Name: "示例镇", NameEN: "Example Town"}}, officer)

	out, err = importingPeople(t, r, town)
	require.NoError(t, err)
	require.Contains(t, out, "regions 0 0 1 部门 · departments 0 0 2 用户 · users 0 0 2")
	require.NotContains(t, out, "user town")

	// One is renamed, one is new, one is missing from the file and stays.
	next := strings.Replace(town, "  - {id: town-officer, name: 经办, department: town-center, roles: [authority_officer]}\n",
		"  - {id: town-head, name: 负责人, department: town-center, roles: [authority_head]}\n", 1)
	next = strings.Replace(next, "roles: [approver]", "roles: [approver, requester]", 1)
	out, err = importingPeople(t, r, next)
	require.NoError(t, err)
	require.Contains(t, out, "added user town-head updated user town-approver")
	require.Contains(t, out, "users 1 1 0")
	require.Equal(t, officer, r.User("town-officer"))
	require.Equal(t, []sharing.Role{sharing.Approver, sharing.Requester}, r.User("town-approver").Roles)
}

func TestPeopleImportIsWholeOrNothing(t *testing.T) {
	r := desktest.New(t)
	for name, row := range map[string]struct{ text, want string }{
		"unknown role": {strings.Replace(town, "[approver]", "[chief]", 1), `people.yaml:8: users[1].roles[0]: unknown role "chief"`},
		"department moved": {strings.NewReplacer("town-police", "shuozhou-gongan").Replace(town),
			"department shuozhou-gongan belongs to region shuozhou and cannot be moved to town"},
		"name taken": {strings.NewReplacer("id: town,", "id: shuozhou,", "region: town,", "region: shuozhou,", "公安局", "朔州市公安局", "大数据中心", "镇大数据中心").Replace(town),
			"department town-police: region shuozhou has another of the name 朔州市公安局, shuozhou-gongan"},
	} {
		t.Run(name, func(t *testing.T) {
			before := r.User("shuozhou-gongan-approver")
			_, err := importingPeople(t, r, row.text)
			require.ErrorContains(t, err, row.want)
			_, err = r.Store.User(t.Context(), "town-officer")
			require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err))
			require.Equal(t, before, r.User("shuozhou-gongan-approver"))
			regions, err := r.Store.Regions(t.Context())
			require.NoError(t, err)
			require.NotContains(t, regions, sharing.Region{ID: "town", Name: "示例镇", NameEN: "Example Town"})
		})
	}
}

// TestMergersAreImported: once, taken back, and held to what the database has already.
func TestMergersAreImported(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	successor := func(id string) string {
		t.Helper()
		var into sharing.Department
		require.NoError(t, r.Store.InTx(ctx, func(tx *postgres.Tx) (err error) {
			if into, err = tx.Successor(ctx, id); sharing.CodeOf(err) == sharing.CodeNotFound {
				err = nil
			}
			return err
		}))
		return into.ID
	}
	// The one that goes stands before the one that takes its place, which is new.
	merged := strings.Replace(town, "departments:\n", "departments:\n  - {id: town-traffic, region: town, name: 交警支队, merged_into: town-police}\n", 1)
	out, err := importingPeople(t, r, merged)
	require.NoError(t, err)
	require.Contains(t, out, "added department town-traffic")
	require.Equal(t, "town-police", successor("town-traffic"))
	require.Empty(t, successor("town-police"))
	out, err = importingPeople(t, r, merged)
	require.NoError(t, err)
	require.Contains(t, out, "departments 0 0 3")

	// Whoever is missing from the file stays merged, and so nobody can follow them there.
	out, err = importingPeople(t, r, town)
	require.NoError(t, err)
	require.Contains(t, out, "departments 0 0 2")
	require.Equal(t, "town-police", successor("town-traffic"))
	chained := strings.Replace(town, "name_en: Police}", "name_en: Police, merged_into: town-center}", 1)
	_, err = importingPeople(t, r, chained)
	require.EqualError(t, err, "department town-traffic: merged into town-police, which was merged into town-center itself")
	require.Empty(t, successor("town-police"), "nothing was imported")

	// Putting departments without saying who was merged leaves them as they are.
	put := func(d sharing.Department, into map[string]string) error {
		return r.Owner.InTx(ctx, func(tx *postgres.Tx) error {
			_, err := tx.ImportPeople(ctx, postgres.People{Departments: []sharing.Department{d}, MergedInto: into})
			return err
		})
	}
	traffic := sharing.Department{ID: "town-traffic", RegionID: "town", Name: "交警支队", Kind: sharing.OrdinaryDepartment}
	require.NoError(t, put(traffic, nil))
	require.Equal(t, "town-police", successor("town-traffic"))
	require.EqualError(t, put(traffic, map[string]string{traffic.ID: "town-office"}), "department town-traffic: merged into town-office, which does not exist")
	require.EqualError(t, put(traffic, map[string]string{traffic.ID: "city-gongan"}),
		"department town-traffic of region town: merged into city-gongan, which belongs to region city")
	require.Equal(t, "town-police", successor("town-traffic"))

	out, err = importingPeople(t, r, strings.Replace(merged, ", merged_into: town-police", "", 1))
	require.NoError(t, err)
	require.Contains(t, out, "updated department town-traffic")
	require.Empty(t, successor("town-traffic"))
}

// TestDisabledUsersAreOut: their tokens and sessions end with the import, and do not
// come back when they are enabled again.
func TestDisabledUsersAreOut(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	_, err := importingPeople(t, r, town)
	require.NoError(t, err)
	token := r.Token("town-officer")
	session, err := r.SignIn(ctx, desk.Browser{}, token)
	require.NoError(t, err)
	other := r.Token("town-approver")

	off := strings.Replace(town, "roles: [authority_officer]", "roles: [authority_officer], disabled: true", 1)
	_, err = importingPeople(t, r, off, "--dry-run")
	require.NoError(t, err)
	_, err = r.Authenticate(ctx, token)
	require.NoError(t, err, "a dry run shuts nobody out")
	out, err := importingPeople(t, r, off)
	require.NoError(t, err)
	require.Contains(t, out, "updated user town-officer")
	out, err = importingPeople(t, r, off)
	require.NoError(t, err)
	require.Contains(t, out, "users 0 0 2")

	isOut := func() {
		t.Helper()
		_, err := r.Authenticate(ctx, token)
		require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
		_, _, err = r.Session(ctx, session)
		require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	}
	isOut()
	_, err = r.SignIn(ctx, desk.Browser{}, token)
	require.Equal(t, sharing.CodeUnauthenticated, sharing.CodeOf(err))
	_, err = r.IssueToken(ctx, "town-officer", time.Hour)
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err))
	_, err = r.Authenticate(ctx, other)
	require.NoError(t, err, "nobody else is out")

	// Putting people without saying who is disabled leaves it as it is.
	require.NoError(t, r.Owner.InTx(ctx, func(tx *postgres.Tx) error {
		return tx.PutPeople(ctx, nil, nil, []sharing.User{{ID: "town-officer", Name: "经办", Department: sharing.Department{ID: "town-center"},
			Roles: []sharing.Role{sharing.AuthorityOfficer}}})
	}))
	isOut()

	_, err = importingPeople(t, r, town)
	require.NoError(t, err)
	isOut()
	_, err = r.Authenticate(ctx, r.Token("town-officer"))
	require.NoError(t, err)
}

// TestExampleImports: the file that operators begin with, in a region of its own.
func TestExampleImports(t *testing.T) {
	r := desktest.New(t)
	text, err := os.ReadFile("../../deploy/people.example.yaml")
	require.NoError(t, err)
	fresh := strings.ReplaceAll(strings.ReplaceAll(string(text), "id: city", "id: town"), "region: city", "region: town")
	fresh = strings.ReplaceAll(fresh, "department: city", "department: town")
	_, err = importingPeople(t, r, fresh)
	require.NoError(t, err)
	_, err = r.Authenticate(t.Context(), r.Token("public-security-approver"))
	require.NoError(t, err)
	_, err = r.Store.User(t.Context(), "former-requester")
	require.Equal(t, sharing.CodeNotFound, sharing.CodeOf(err))
}
