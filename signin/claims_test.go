package signin_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/sharing"
	"gongshu/signin"
)

const soundClaims = `version: 1
label: {zh: 省统一认证, en: Provincial sign-in}
user: {claim: preferred_username}
name: {claim: name}
department:
  claim: dept.code
  table:
    11440000MB2C: sz-police
    "0123": sz-tax
roles:
  claim: realm_access.roles
  table:
    share-approver: approver
    share-head: department_head
`

func read(t testing.TB, text string) *signin.Claims {
	t.Helper()
	c, err := signin.ReadClaims("claims.yaml", strings.NewReader(text))
	require.NoError(t, err)
	return c
}

func TestClaimsOfAPerson(t *testing.T) {
	c := read(t, soundClaims)
	assert.Equal(t, []string{"sz-police", "sz-tax"}, c.Departments())
	identity := func(change string) signin.Identity {
		claims := map[string]any{}
		for _, text := range []string{`{"sub":"1","preferred_username":"li.min","name":"李敏","dept":{"code":"11440000MB2C"},"realm_access":{"roles":["x","share-head","share-approver"]}}`, change} {
			require.NoError(t, json.Unmarshal([]byte(text), &claims))
		}
		return signin.Identity{Issuer: "i", Subject: "1", Claims: claims}
	}
	p, err := c.Person(identity(`{}`))
	require.NoError(t, err)
	assert.Equal(t, signin.Person{User: "li.min", Name: "李敏", Department: "sz-police", Roles: []sharing.Role{sharing.Approver, sharing.DepartmentHead}, RolesTold: true}, p)
	p, err = c.Person(identity(`{"dept.code":"0123","name":"李\u0007敏","realm_access":{"roles":"share-head"}}`))
	require.NoError(t, err)
	assert.Equal(t, "sz-tax", p.Department, "a claim of that very name comes first")
	assert.Empty(t, p.Name)
	assert.Equal(t, []sharing.Role{sharing.DepartmentHead}, p.Roles)

	for change, field := range map[string]string{
		`{"preferred_username":null}`:                     "user",
		`{"preferred_username":""}`:                       "user",
		`{"preferred_username":["a","b"]}`:                "user",
		`{"preferred_username":"a b"}`:                    "user",
		`{"preferred_username":"system"}`:                 "user",
		`{"preferred_username":true}`:                     "user",
		`{"preferred_username":{"a":"b"}}`:                "user",
		`{"preferred_username":1.5}`:                      "user",
		`{"preferred_username":440100199001011234}`:       "user", // too large to be told from its neighbours
		`{"dept":{"code":"11440000mb2c"}}`:                "department",
		`{"dept":{"code":"sz-police"}}`:                   "department", // a table has all there are
		`{"dept":{}}`:                                     "department",
		`{"dept":"11440000MB2C"}`:                         "department",
		`{"dept":{"code":123}}`:                           "department",
		`{"realm_access":{"roles":["approver"]}}`:         "roles",
		`{"realm_access":{"roles":[]}}`:                   "roles",
		`{"realm_access":{}}`:                             "roles",
		`{"realm_access":{"roles":[["share-head"]]}}`:     "roles",
		`{"realm_access":{"roles":{"share-head":"yes"}}}`: "roles",
	} {
		_, err := c.Person(identity(change))
		var unmapped *signin.Unmapped
		if assert.ErrorAs(t, err, &unmapped, change) {
			assert.Equal(t, field, unmapped.Field, change)
		}
	}

	// Without a file the subject is the user's id, and nothing else is told.
	p, err = new(signin.Claims).Person(signin.Identity{Claims: map[string]any{"sub": "li.min"}})
	require.NoError(t, err)
	assert.Equal(t, signin.Person{User: "li.min"}, p)
	_, err = new(signin.Claims).Person(signin.Identity{Claims: map[string]any{"sub": "不是账号"}})
	assert.EqualError(t, err, `user: claim sub: "不是账号" means nobody and nothing here`)
	table := read(t, "version: 1\nuser: {claim: sub, table: {7f3a: li.min}}\n")
	assert.Equal(t, []string{"li.min"}, table.Users())
	p, err = table.Person(signin.Identity{Claims: map[string]any{"sub": "7f3a"}})
	require.NoError(t, err)
	assert.Equal(t, "li.min", p.User)
}

func TestClaimsFilesRefused(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"empty":              {"", "must hold exactly one document"},
		"no version":         {"user: {claim: sub}\n", "version: must be 1"},
		"another version":    {"version: 2\nuser: {claim: sub}\n", "claims.yaml:1: version: must be 1"},
		"no user":            {"version: 1\n", "user: missing"},
		"unknown field":      {strings.Replace(soundClaims, "claim: name", "claims: name", 1), `claims.yaml:4:`},
		"twice":              {soundClaims + "version: 1\n", "claims.yaml:15"},
		"no claim":           {"version: 1\nuser: {table: {a: b}}\n", "claims.yaml:2: user.claim"},
		"strange claim":      {"version: 1\nuser: {claim: \"a b\"}\n", "claims.yaml:2: user.claim"},
		"unknown role":       {strings.Replace(soundClaims, ": approver", ": approvers", 1), `claims.yaml:13: roles.table.share-approver: unknown role "approvers"`},
		"citizen":            {strings.Replace(soundClaims, ": approver", ": citizen", 1), "no department appoints citizens"},
		"roles as they come": {"version: 1\nuser: {claim: sub}\nroles: {claim: groups}\n", "claims.yaml:3: roles.table: missing"},
		"empty table":        {"version: 1\nuser: {claim: sub, table: {}}\n", "claims.yaml:2: user.table: empty"},
		"no department":      {strings.Replace(soundClaims, "sz-police", "SZ Police", 1), `claims.yaml:8: department.table.11440000MB2C: "SZ Police"`},
		"the system":         {"version: 1\nuser: {claim: sub, table: {a: system}}\n", `"system" is not the id of a user`},
		"name by table":      {"version: 1\nuser: {claim: sub}\nname: {claim: name, table: {a: b}}\n", "claims.yaml:3: name.table"},
		"one language":       {"version: 1\nlabel: {zh: 省}\nuser: {claim: sub}\n", "claims.yaml:2: label: both languages or none"},
		"anchor":             {"version: 1\nuser: &u {claim: sub}\n", "anchors"},
		"tag":                {"version: !!int 1\nuser: {claim: sub}\n", "tags"},
		"not UTF-8":          {"version: 1\nuser: {claim: \xff}\n", "not UTF-8"},
		"two documents":      {"version: 1\n---\nversion: 1\n", "exactly one document"},
		"nested":             {"version: 1\nuser: {claim: {a: {b: {c: {d: {e: {f: g}}}}}}}\n", "nested deeper"},
		"too long":           {"version: 1\n#" + strings.Repeat("x", signin.MaxClaimsFile), "longer than"},
		"null":               {"version: 1\nuser:\n", "claims.yaml:2: user: empty"},
	} {
		_, err := signin.ReadClaims("claims.yaml", strings.NewReader(row.text))
		assert.ErrorContains(t, err, row.want, name)
	}
}

// FuzzReadClaims: no file breaks the reader, and what is read has only sound ids and
// roles in it.
func FuzzReadClaims(f *testing.F) {
	f.Add(soundClaims, `{"sub":"x","groups":["a"]}`)
	f.Add("version: 1\nuser: {claim: sub}\n", `{"sub":"li.min"}`)
	f.Add("version: 1\nuser: {claim: a.b.c, table: {x: y}}\nroles: {claim: g, table: {a: approver}}\n", `{"a":{"b":{"c":"x"}},"g":["a"]}`)
	f.Fuzz(func(t *testing.T, text, claims string) {
		c, err := signin.ReadClaims("f.yaml", strings.NewReader(text))
		if err != nil {
			if c != nil || err.Error() == "" {
				t.Fatal("refused without a reason")
			}
			return
		}
		id := signin.Identity{Issuer: "i", Subject: "s", Claims: map[string]any{}}
		if json.Unmarshal([]byte(claims), &id.Claims) != nil {
			return
		}
		p, err := c.Person(id)
		if err != nil {
			return
		}
		if p.User == "" || p.User == sharing.System || strings.ContainsAny(p.User, " /\x00\n") || strings.ContainsAny(p.Department, " /\x00\n") || p.RolesTold == (p.Roles == nil) {
			t.Fatalf("%+v", p)
		}
	})
}
