package api

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// tells lists the marks hidden from a reader that a reply tells of, in its body or
// its headers.
func (a answer) tells(marks []desktest.Mark, hidden func(desktest.Mark) bool) (told []string) {
	reply := a.Body + fmt.Sprint(a.Header)
	if !strings.Contains(reply, "mark") && !strings.Contains(reply, "标记") {
		return nil
	}
	for _, m := range marks {
		if hidden(m) && m.In(reply) {
			told = append(told, m.Field.Name)
		}
	}
	return told
}

// For readers and entries taken at random, no reply tells of a data item that is
// hidden from the reader, whatever is asked and however.
func TestNoReplyTellsOfHiddenFields(t *testing.T) {
	c := newCaller(t)
	marks := c.rig.Mark("shuozhou")
	random := rand.New(rand.NewPCG(5, 6))
	application, cases := c.apply("shuozhou-minzheng-requester", "shuozhou", "SZ-GA-001", "SZ-GA-004")
	draft := decoded[applicationDetail](c.as("shuozhou-minzheng-requester", "POST", "/applications", text2json(t, c.rig.Request("shuozhou", "SZ-RS-001").Request)).is(201))
	grant := decoded[caseDetail](c.as("shuozhou-minzheng-requester", "GET", "/cases/"+cases[1], "").is(200)).Grant.ID
	targets := []string{"/me", "/catalog?limit=100", "/applications", "/applications/" + application, "/applications/" + draft.ID, "/applications/" + draft.ID + "/preview",
		"/cases", "/cases/" + cases[0], "/cases/" + cases[1], "/cases/" + cases[1] + "/comments", "/tasks", "/messages", "/overdue", "/grants", "/grants/" + grant, "/grants/" + grant + "/use",
		"/scenarios", "/records/marks", "/changes/notices", "/projects/holds", "/bulletin", "/registers", "/departments", "/keys", "/read-log"}
	shown, asked := 0, 0
	readers := append([]string{"", "", "", ""}, columns...)
	for round := range 4 * len(readers) {
		user := readers[round%len(readers)]
		hidden := desktest.Mark.HiddenFromPublic
		asking := []string{"/open/regions", "/open/catalog?limit=100"}
		m := marks[random.IntN(len(marks))]
		if user != "" {
			hidden = func(m desktest.Mark) bool { return m.HiddenFrom(c.rig.User(user)) }
			asking = append(asking, targets[round/len(readers)*len(targets)/4:(round/len(readers)+1)*len(targets)/4]...)
			asking = append(asking, "/catalog/"+m.Entry.ID, "/catalog/"+m.Entry.ID+"/versions",
				"/records/verification?record_key=1&resource="+url.QueryEscape(m.Entry.Code), "/grants/check?grantee=shuozhou-minzheng&mode=query_api&resource="+m.Entry.ID)
		}
		asking = append(asking, "/open/catalog/"+m.Entry.ID)
		for _, target := range asking {
			a := c.as(user, "GET", target, "")
			asked++
			if target == "/read-log" {
				continue // it tells auditors which data items were read
			}
			from := hidden
			if strings.HasPrefix(target, "/open/") {
				from = desktest.Mark.HiddenFromPublic
			}
			assert.Empty(t, a.tells(marks, from), "%s to %q", target, user)
			if m.In(a.Body) {
				shown++
			}
		}
		if user == "" {
			continue
		}
		// Searching for it finds nothing more than searching for what is nowhere.
		found := decoded[page[resourceView]](c.as(user, "GET", "/catalog?q="+url.QueryEscape(m.Field.Title), "").is(200))
		assert.Zero(t, found.Total, "%q finds entries by a data item", user)
		// Asking for it is answered as asking for what does not exist.
		if hidden(m) {
			ask := func(name string) answer {
				return c.as(user, "POST", "/applications", fmt.Sprintf(`{"items":[{"resource_id":%q,"fields":[%q]}],"purpose":"x","mode":"query_api"}`, m.Entry.ID, name))
			}
			none, one := ask("no_such_field"), ask(m.Field.Name)
			assert.Equal(t, none.Status, one.Status, "%q asks for %s", user, m.Field.Name)
			assert.Equal(t, unnamed(t, none.Body), unnamed(t, one.Body), "%q asks for %s", user, m.Field.Name)
		}
	}
	assert.Greater(t, shown, 20, "marks are seen by those who may")
	t.Logf("%d replies looked through for %d marks", asked, len(marks))
}

// unnamed is a problem without the id of its request.
func unnamed(t *testing.T, body string) string {
	t.Helper()
	before, after, found := strings.Cut(body, `"request_id":"`)
	require.True(t, found, body)
	_, after, _ = strings.Cut(after, `"`)
	return before + after
}

// What could not be recorded is not answered: 503, and nothing of it in the body.
func TestUnrecordedReadsAreRefused(t *testing.T) {
	c := newCaller(t)
	_, cases := c.apply("shuozhou-minzheng-requester", "shuozhou", "SZ-GA-001")
	entry := c.rig.Resource("shuozhou", "SZ-GA-001")
	c.as("shuozhou-minzheng-requester", "GET", "/catalog/"+entry.ID, "", "X-Request-ID", "asked-by-hand").is(200)
	log := decoded[page[readingView]](c.as("shuozhou-shenji-auditor", "GET", "/read-log?person=shuozhou-minzheng-requester&limit=1", "").is(200))
	require.Equal(t, "asked-by-hand", log.Items[0].RequestID)
	require.Equal(t, "resource", log.Items[0].Operation)
	require.Equal(t, "token", log.Items[0].Via)
	require.Equal(t, entry.Code, log.Items[0].Name)
	require.Equal(t, sharing.KindResource, log.Items[0].Kind)

	db, err := pgx.Connect(t.Context(), c.rig.Database.OwnerURL)
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), `REVOKE INSERT ON readings FROM gongshu_app`)
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), `ALTER TABLE readings ADD CONSTRAINT full_disk CHECK (false) NOT VALID`)
	require.NoError(t, err)
	require.NoError(t, db.Close(t.Context()))
	for _, target := range []string{"/catalog/" + entry.ID, "/catalog?limit=100", "/cases/" + cases[0], "/cases", "/catalog/" + entry.ID + "/versions"} {
		a := c.as("shuozhou-minzheng-requester", "GET", target, "").is(http.StatusServiceUnavailable)
		require.NotContains(t, a.Body, entry.Title)
		require.NotContains(t, a.Body, entry.Code)
	}
	c.as("shuozhou-minzheng-requester", "GET", "/me", "").is(200)
}
