package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/sharing"
)

// topics are what a user's department was told, the newest first, page by page.
func (c *caller) topics(user string) []string {
	c.t.Helper()
	var (
		topics []string
		next   string
		last   int64
	)
	for {
		target := "/messages?limit=2"
		if next != "" {
			target += "&cursor=" + next
		}
		p := decoded[page[messageView]](c.as(user, "GET", target, "").is(200))
		for _, m := range p.Items {
			require.True(c.t, last == 0 || m.ID < last, "the newest first, none twice")
			topics, last = append(topics, m.Topic), m.ID
		}
		if next = p.Next; next == "" {
			require.Len(c.t, topics, p.Total)
			return topics
		}
	}
}

func TestMessagesAreForTheDepartmentThatWasTold(t *testing.T) {
	c := newCaller(t)
	_, cases := c.apply(asks, "shuozhou", "SZ-GA-001", "SZ-GA-004")
	c.as(decides, "POST", "/cases/"+cases[0]+"/completion-request", `{"gaps":["说明法定职责的条款"]}`, "If-Match", `"1"`).is(200)
	c.as(asks, "POST", "/cases/"+cases[0]+"/completion", `{"note":"《社会救助暂行办法》第五十八条"}`, "If-Match", `"2"`).is(200)
	c.as(decides, "POST", "/cases/"+cases[0]+"/answer", `{"agree":true}`, "If-Match", `"3"`).is(200)

	assert.Equal(t, []string{"complete", "granted_at_once", "submit"}, c.topics(decides))
	assert.Equal(t, []string{"complete", "granted_at_once", "submit"}, c.topics(provides))
	assert.Equal(t, []string{"agreed", "request_completion"}, c.topics(asks))
	m := decoded[page[messageView]](c.as(decides, "GET", "/messages?limit=1", "").is(200)).Items[0]
	assert.Equal(t, cases[0], m.Case.ID)
	assert.Equal(t, sharing.Agreed, m.Case.State, "as it stands now")
	assert.NotEmpty(t, m.Case.Number)
	assert.NotEmpty(t, m.Case.Resource.Title)

	// A requester of the providing department has no part in the case, whatever
	// the department was told; nobody else was told anything. The authority sees
	// the case, but was not told.
	for _, user := range []string{"shuozhou-gongan-requester", "shuozhou-shichang-requester", "shuozhou-shichang-approver", "city-gongan-approver",
		watches, "shuozhou-supervisor-officer", "shuozhou-shenji-auditor", "shuozhou-authority-operator", "shuozhou-finance-officer", "shuozhou-authority-gateway"} {
		c.as(user, "GET", "/messages", "").is(200, `"items":[]`, `"total":0`)
	}
	// A cursor of one reader opens nothing for another.
	next := decoded[page[messageView]](c.as(decides, "GET", "/messages?limit=1", "").is(200)).Next
	c.as("shuozhou-gongan-requester", "GET", "/messages?cursor="+next, "").is(200, `"items":[]`, `"total":0`)
	c.as(decides, "GET", "/messages?cursor=WyJ4IiwieCJd", "").is(422, "cursor") // ["x","x"]
}

// TestMessagesAreReadByEachPerson: marks are a person's own, never go back, and never
// run ahead of what there is.
func TestMessagesAreReadByEachPerson(t *testing.T) {
	c := newCaller(t)
	c.apply(asks, "shuozhou", "SZ-GA-001", "SZ-GA-004")
	unread := func(user string) (n int) {
		for _, m := range decoded[page[messageView]](c.as(user, "GET", "/messages", "").is(200)).Items {
			if m.Unread {
				n++
			}
		}
		counts, err := c.rig.Counts(t.Context(), c.rig.User(user), desk.Known{})
		require.NoError(t, err)
		require.Equal(t, n, counts.Unread, "the menu says what the list does")
		return n
	}
	mark := func(upTo int64) {
		c.as(decides, "POST", "/messages/read", fmt.Sprintf(`{"up_to":%d}`, upTo)).is(204)
	}
	require.Equal(t, 2, unread(decides))
	items := decoded[page[messageView]](c.as(decides, "GET", "/messages", "").is(200)).Items
	mark(items[1].ID)
	require.Equal(t, 1, unread(decides))
	require.Equal(t, 2, unread(provides), "a colleague has read nothing")
	mark(1<<53 - 1)
	require.Zero(t, unread(decides))
	mark(items[1].ID)
	require.Zero(t, unread(decides), "what was read stays read")
	c.apply("shuozhou-yibao-requester", "shuozhou", "SZ-GA-001")
	require.Equal(t, 1, unread(decides), "what comes later is not")
	for _, body := range []string{`{}`, `{"up_to":0}`, `{"up_to":-1}`, `{"up_to":"1"}`, `{"up_to":1.5}`, `{"up_to":1,"user":"x"}`} {
		if got := c.as(decides, "POST", "/messages/read", body); got.Status != 400 && got.Status != 422 {
			t.Errorf("%s: %d", body, got.Status)
		}
	}
}

// TestWhoIsLateIsTold: the rungs of a limit that has passed reach who owes and who
// urges, with the limit they are about.
func TestWhoIsLateIsTold(t *testing.T) {
	c := newCaller(t)
	draft := c.rig.Request("shuozhou", "SZ-GA-001")
	draft.For = "shuozhou-minzheng"
	day := sharing.NewDate(2025, time.September, 26)
	id := c.rig.Apply(watches, draft, &day).Cases[0].CaseID
	c.rig.Advance(id)
	late := decoded[page[messageView]](c.as(decides, "GET", "/messages?limit=100", "").is(200))
	told := map[string]messageView{}
	for _, m := range late.Items {
		told[m.Topic] = m
	}
	require.Contains(t, told, string(sharing.LimitReached), fmt.Sprint(late))
	m := told[string(sharing.LimitReached)]
	assert.Equal(t, sharing.DutyAnswer, m.Data["duty"])
	assert.Equal(t, "2025-10-10", m.Data["due_date"])
	assert.Equal(t, id, m.Case.ID)
	assert.NotEmpty(t, c.topics(watches), "the authority is told of what is late")
	assert.NotContains(t, c.topics(asks), string(sharing.Urged))
	assert.Empty(t, c.topics("shuozhou-gongan-requester"))
}

// TestFormerProviderReadsNothing: what a department was told of a case that it no
// longer sees is not shown to it, nor counted.
func TestFormerProviderReadsNothing(t *testing.T) {
	c := newCaller(t)
	_, cases := c.apply(asks, "shuozhou", "SZ-GA-001")
	assert.Equal(t, []string{"submit"}, c.topics(decides))
	target := "/cases/" + cases[0] + "/reassignment"
	c.as(watches, "POST", target, `{"department":"shuozhou-gongan","reason":"原部门"}`, "If-Match", `"1"`).is(422, `"rule":"other"`, "现提供部门")
	c.as(watches, "POST", target, `{"department":"shuozhou-renshe","reason":"职责划转"}`, "If-Match", `"1"`).is(200, `"version":2`)
	assert.Empty(t, c.topics(decides))
	assert.Equal(t, []string{"reassign"}, c.topics("shuozhou-renshe-approver"))
	assert.Equal(t, []string{"reassign"}, c.topics(asks))
}
