package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/sharing"
)

// TestBesideTheSteps tells the story of what goes on beside the steps of a case.
func TestBesideTheSteps(t *testing.T) {
	c := newCaller(t)
	cases := c.filed("SZ-GA-001", "SZ-RS-001")
	at := "/cases/" + cases[0]
	now, err := c.rig.Now(t.Context())
	require.NoError(t, err)
	today := sharing.DateOf(now)

	said := decoded[desk.Said](c.as(asks, "POST", at+"/comments", `{"text":"何时能到？"}`, idempotencyKey, "c1").is(201))
	c.as(asks, "POST", at+"/comments", `{"text":"何时能到？"}`, idempotencyKey, "c1").is(201, said.ID)
	c.as(asks, "POST", at+"/comments", `{"text":"别的话"}`, idempotencyKey, "c1").is(409, "key_reused")
	c.as(asks, "POST", at+"/comments", `{"text":""}`).is(422, `"pointer":"/text"`)
	c.as(asks, "POST", at+"/comments", `{"text":"x","kind":"shout"}`).is(422)
	c.as(decides, "POST", at+"/comments", `{"text":"内部意见","internal":true}`).is(201)
	c.as(asks, "GET", at+"/comments", "").is(200, `"total":1`)
	c.as(decides, "GET", at+"/comments?limit=1", "").is(200, `"total":2`, `"next"`, "内部意见")

	c.as(asks, "POST", at+"/follow", "").is(204)
	c.as(asks, "GET", "/cases?following=true", "").is(200, `"total":1`)
	c.as(watches, "GET", "/cases?following=true", "").is(200, `"total":0`)

	urged := decoded[desk.Urged](c.as(asks, "POST", at+"/urge", "").is(200))
	assert.Equal(t, today+1, urged.Next)
	c.as(asks, "POST", at+"/urge", "").is(409, `"code":"urged"`, urged.Next.String())
	many := decoded[list[urgeResult]](c.as(asks, "POST", "/urges", fmt.Sprintf(`{"cases":[%q,%q]}`, cases[0], cases[1])).is(200))
	codes := map[string]sharing.Code{}
	for _, one := range many.Items {
		codes[one.CaseID] = one.Code
	}
	assert.Equal(t, map[string]sharing.Code{cases[0]: sharing.CodeUrged, cases[1]: ""}, codes)
	c.as(asks, "POST", "/urges", `{"cases":[]}`).is(422)

	c.as(watches, "POST", at+"/supervise", fmt.Sprintf(`{"note":"请说明","reply_by":%q}`, today-1)).is(422, "not_in_past")
	c.as(watches, "POST", at+"/supervise", fmt.Sprintf(`{"note":"请说明","reply_by":%q}`, today+1)).is(200, "shuozhou-gongan")
	c.as(watches, "GET", "/supervisions", "").is(200, `"total":1`, cases[0])
	c.as(decides, "POST", at+"/comments", `{"text":"明日答复","kind":"reply"}`).is(201)
	c.as(watches, "GET", "/supervisions", "").is(200, `"total":0`)

	c.as(asks, "POST", at+"/link", fmt.Sprintf(`{"case":%q,"reason":"同一事项"}`, cases[1])).is(204)
	c.as(asks, "POST", at+"/link", `{"case":"G404","reason":"同一事项"}`).is(422, `"pointer":"/case"`, "exists")
	seen := decoded[caseDetail](c.as(asks, "GET", at, "").is(200))
	assert.Equal(t, cases[1], seen.Aside.Links[0].Case.ID)
	assert.True(t, seen.Aside.Following)
	assert.True(t, seen.Aside.UrgedToday)
	assert.NotNil(t, seen.Aside.Supervisions[0].RepliedAt)
	assert.Equal(t, 1, seen.Version)
	c.as(decides, "GET", at, "").is(200, `"links":[]`)
	c.as(asks, "POST", at+"/unlink", fmt.Sprintf(`{"case":%q}`, cases[1])).is(204)

	c.as(decides, "POST", at+"/answer", `{"agree":true}`, "If-Match", `"1"`).is(200)
	told := decoded[page[messageView]](c.as(asks, "GET", "/messages?limit=100", "").is(200))
	mine := 0
	for _, m := range told.Items {
		if m.Mine {
			assert.Equal(t, "followed", m.Topic)
			mine++
		}
	}
	assert.Equal(t, 3, mine, "the supervision, the reply and the answer")
}

func TestStandingInForAColleague(t *testing.T) {
	c := newCaller(t)
	cases := c.filed("SZ-GA-001")
	now, err := c.rig.Now(t.Context())
	require.NoError(t, err)
	today := sharing.DateOf(now)
	c.as(decides, "GET", "/colleagues", "").is(200, provides)
	body := fmt.Sprintf(`{"to":%q,"from":%q,"until":%q,"reason":"出差"}`, provides, today, today+1)
	given := decoded[delegationView](c.as(decides, "POST", "/delegations", body, idempotencyKey, "d1").is(201))
	assert.True(t, given.Running)
	c.as(decides, "POST", "/delegations", body, idempotencyKey, "d1").is(201, given.ID)
	c.as(decides, "POST", "/delegations", body).is(409, "wrong_state")
	me := decoded[meView](c.as(provides, "GET", "/me", "").is(200))
	assert.Equal(t, decides, me.StandsIn[0].For)
	assert.Equal(t, []sharing.Role{sharing.DataSpecialist}, me.Roles)
	c.as(provides, "POST", "/cases/"+cases[0]+"/answer", `{"agree":true}`, "If-Match", `"1"`).is(200)
	seen := decoded[caseDetail](c.as(asks, "GET", "/cases/"+cases[0], "").is(200))
	assert.Equal(t, decides, seen.Timeline[len(seen.Timeline)-1].OnBehalfOf)
	c.as(provides, "POST", "/delegations/"+given.ID+"/revoke", "").is(403)
	c.as(decides, "POST", "/delegations/"+given.ID+"/revoke", "").is(204)
	c.as(provides, "GET", "/me", "").is(200, `"stands_in":[]`)
	c.as(provides, "GET", "/delegations", "").is(200, `"total":1`, `"revoked_by":"`+decides)
}

// filed are the cases that came of an application for resources of a region.
func (c *caller) filed(codes ...string) (ids []string) {
	c.t.Helper()
	for _, o := range c.rig.Apply(asks, c.rig.Request("shuozhou", codes...), nil).Cases {
		ids = append(ids, o.CaseID)
	}
	return ids
}
