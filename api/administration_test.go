package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/policies"
)

const (
	systemAdmin   = "shuozhou-authority-operator"
	securityAdmin = "shuozhou-authority-security"
)

// TestKeysAreConfirmedByTheDepartment: the operator registers, the person confirms and
// alone is told the secret.
func TestKeysAreConfirmedByTheDepartment(t *testing.T) {
	c := newCaller(t)
	const person = "shuozhou-minzheng-head"
	body := `{"name":"低保系统","department":"shuozhou-minzheng","user":"` + person + `","roles":["department_head"],"scopes":["read"],"addresses":["192.0.2.0/24"],"days":30}`
	c.as(systemAdmin, "POST", "/keys", `{"name":"x","department":"shuozhou-minzheng","user":"`+person+`","roles":["department_head"],"scopes":["read"],"addresses":["192.0.2.1/24"],"days":30}`).is(422, "/addresses/0")
	c.as(systemAdmin, "POST", "/keys", `{"name":"x","department":"shuozhou-minzheng","user":"x","roles":["department_head"],"scopes":["read"],"days":1,"secret":"x"}`).is(422, "/secret")
	c.as(systemAdmin, "POST", "/keys", body, idempotencyKey, "k1").is(204)
	c.as(systemAdmin, "POST", "/keys", body, idempotencyKey, "k1").is(204)
	all := decoded[list[keyView]](c.as(systemAdmin, "GET", "/keys", "").is(200)).Items
	require.Len(t, all, 1)
	require.Equal(t, keyWaiting, all[0].State)
	at := "/keys/" + all[0].ID
	require.Equal(t, all, decoded[list[keyView]](c.as(person, "GET", "/keys", "").is(200)).Items)
	for _, other := range []string{systemAdmin, securityAdmin, "shuozhou-minzheng-requester", "shuozhou-authority-head"} {
		c.as(other, "POST", at+"/confirm", "").is(404)
		c.as(other, "POST", at+"/rotate", `{"overlap_hours":0}`).is(404)
	}
	c.as(person, "POST", at+"/rotate", `{"overlap_hours":0}`).is(409)
	first := decoded[secretView](c.as(person, "POST", at+"/confirm", "", idempotencyKey, "k2").is(200)).Secret
	require.Empty(t, decoded[secretView](c.as(person, "POST", at+"/confirm", "", idempotencyKey, "k2").is(200)).Secret)
	c.tokens["first"] = first
	c.as("first", "GET", "/me", "").is(200, person)
	second := decoded[secretView](c.as(person, "POST", at+"/rotate", `{"overlap_hours":0}`).is(200)).Secret
	c.as("first", "GET", "/me", "").is(401)
	c.tokens["second"] = second
	c.as("second", "GET", "/me", "").is(200, person)
	c.as(securityAdmin, "DELETE", at, "").is(404) // reads keys and manages none
	c.as(systemAdmin, "DELETE", at, "").is(204)
	c.as("second", "GET", "/me", "").is(401, "key_revoked")
}

// TestPolicyIsExplained to administrators: who may, by which rule, and what is in
// force; of the things themselves nothing but their labels.
func TestPolicyIsExplained(t *testing.T) {
	c := newCaller(t)
	entry := c.rig.Resource("shuozhou", "SZ-MZ-002")
	x := decoded[explanationView](c.as(securityAdmin, "POST", "/policy/explain", `{"user":"shuozhou-gongan-requester","on":"SZ-MZ-002","action":"apply"}`).is(200))
	require.True(t, x.Allowed)
	require.NotEmpty(t, x.Votes)
	require.NotEmpty(t, x.Votes[0].Basis)
	x = decoded[explanationView](c.as(securityAdmin, "POST", "/policy/explain",
		`{"roles":["approver"],"department":"shuozhou-gongan","kind":"case","class":"conditional","grade":2,"provider":"shuozhou-minzheng","applicant":"shuozhou-gongan","action":"answer"}`).is(200))
	require.False(t, x.Allowed)
	require.NotEmpty(t, x.Never)
	found := c.as(securityAdmin, "POST", "/policy/who", `{"on":"SZ-MZ-002","action":"apply"}`).is(200, "shuozhou-gongan-requester")
	require.NotContains(t, found.Body, entry.Title)
	require.NotEmpty(t, decoded[whoMayView](found).Ways)
	require.Equal(t, policies.Shipped().Hash(), decoded[policyView](c.as(securityAdmin, "GET", "/policy", "").is(200)).Hash)
	c.as(securityAdmin, "POST", "/policy/explain", `{"user":"city-gongan-approver","on":"SZ-MZ-002","action":"read"}`).is(422, "/user")
	c.as(securityAdmin, "POST", "/policy/explain", `{"on":"SZ-MZ-002","action":"read","admin":true}`).is(422, "/admin")

	people := decoded[page[accountView]](c.as(systemAdmin, "GET", "/people?limit=3", "").is(200))
	require.Len(t, people.Items, 3)
	require.NotEmpty(t, people.Next)
	c.as(systemAdmin, "GET", "/people?role=wizard", "").is(422)
	require.Equal(t, 1, decoded[page[accountView]](c.as(securityAdmin, "GET", "/people?role=security_officer&q="+securityAdmin, "").is(200)).Total)
}
