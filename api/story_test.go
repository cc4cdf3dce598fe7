package api

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/postgres"
	"gongshu/sharing"
)

const (
	asks     = "shuozhou-minzheng-requester"
	decides  = "shuozhou-gongan-approver"
	provides = "shuozhou-gongan-specialist"
	watches  = "shuozhou-authority-officer"
)

// TestFromDraftToGrant walks one conditional resource and one unconditional one
// from the draft to the grant, as docs/api.md tells it.
func TestFromDraftToGrant(t *testing.T) {
	c := newCaller(t)
	found := decoded[page[resourceView]](c.as(asks, "GET", "/catalog?q=SZ-GA-001&class=conditional", "").is(200))
	require.Equal(t, 1, found.Total)
	resource := found.Items[0]
	assert.True(t, resource.MayApply)
	assert.Empty(t, found.Next)

	created := c.as(asks, "POST", "/applications", fmt.Sprintf(`{"items":[{"resource_id":%q,"fields":["person_name","id_number"]},{"resource_id":%q}],
		"purpose":"核对申请家庭成员","duty":"社会救助审核确认","mode":"query_api","term_months":12}`, resource.ID, c.rig.Resource("shuozhou", "SZ-GA-004").ID)).is(201)
	draft := decoded[applicationDetail](created)
	assert.Equal(t, Base+"/applications/"+draft.ID, created.Header.Get("Location"))
	assert.Equal(t, `"1"`, created.Header.Get("ETag"))
	assert.Equal(t, "no-store", created.Header.Get("Cache-Control"))

	preview := decoded[list[previewLineView]](c.as(asks, "GET", "/applications/"+draft.ID+"/preview?received_on=2025-09-26", "").is(200))
	require.Len(t, preview.Items, 2)
	assert.Equal(t, "2025-10-10", preview.Items[0].Due.DueDate.String())
	assert.True(t, preview.Items[0].Statutory)
	assert.True(t, preview.Items[1].AtOnce)
	assert.Nil(t, preview.Items[1].Due)

	submitted := decoded[desk.Submitted](c.as(asks, "POST", "/applications/"+draft.ID+"/submit", "", "If-Match", `"1"`).is(200))
	require.Len(t, submitted.Cases, 2)
	assert.Equal(t, sharing.Answering, submitted.Cases[0].State)
	assert.Equal(t, sharing.InUse, submitted.Cases[1].State)
	id := submitted.Cases[0].CaseID

	tasks := decoded[page[taskView]](c.as(decides, "GET", "/tasks", "").is(200))
	require.Equal(t, 1, tasks.Total)
	c.as(decides, "POST", "/tasks/"+tasks.Items[0].ID+"/claim", "").is(204)
	c.as(decides, "POST", "/tasks/"+tasks.Items[0].ID+"/release", "").is(204)

	seen := c.as(decides, "GET", "/cases/"+id, "").is(200)
	view := decoded[caseDetail](seen)
	assert.Equal(t, version(view.Version), seen.Header.Get("ETag"))
	assert.Contains(t, view.Can, sharing.Answer)
	assert.Equal(t, "shuozhou-2021@1", view.RegulationID)
	require.NotEmpty(t, view.Clocks)
	assert.Equal(t, sharing.DutyAnswer, view.Clocks[0].Duty)
	assert.Equal(t, "16", view.Clocks[0].Article)
	assert.Equal(t, 5, view.Clocks[0].Budget.N)
	assert.NotEmpty(t, view.Clocks[0].Derivation)
	assert.Contains(t, seen.Body, `+08:00"`)
	assert.Equal(t, view.ID, decoded[caseDetail](c.as(decides, "GET", "/cases/"+view.Number, "").is(200)).ID, "by number too")

	c.as(decides, "POST", "/cases/"+id+"/answer", `{"agree":false}`, "If-Match", seen.Header.Get("ETag")).is(422, "basis_required", `"article":"16"`)
	step := func(user, name, body string) desk.Outcome {
		t.Helper()
		now := c.as(user, "GET", "/cases/"+id, "").is(200)
		answered := c.as(user, "POST", "/cases/"+id+"/"+name, body, "If-Match", now.Header.Get("ETag")).is(200)
		out := decoded[desk.Outcome](answered)
		assert.Equal(t, version(out.Version), answered.Header.Get("ETag"))
		return out
	}
	assert.Equal(t, sharing.Completing, step(decides, "completion-request", `{"gaps":["说明法定职责的条款"]}`).State)
	assert.Equal(t, sharing.Answering, step(asks, "completion", `{"note":"《社会救助暂行办法》第五十八条"}`).State)
	assert.Equal(t, sharing.Agreed, step(decides, "answer", `{"agree":true,"fields":["person_name"],"conditions":"不返回原文","term_months":6}`).State)
	assert.Equal(t, sharing.Provided, step(provides, "provision", `{"mode":"query_api","locator":"https://exchange.example/household"}`).State)
	assert.Equal(t, sharing.Agreed, step(asks, "failure", `{"note":"连接失败"}`).State)
	assert.Equal(t, sharing.Provided, step(provides, "provision", `{"mode":"query_api","locator":"https://exchange.example/household/2"}`).State)
	assert.Equal(t, sharing.InUse, step(asks, "confirmation", "").State)

	grants := decoded[page[grantView]](c.as(asks, "GET", "/grants?as=applicant&state=active", "").is(200))
	require.Equal(t, 2, grants.Total)
	mine := grants.Items[0]
	if mine.CaseID != id {
		mine = grants.Items[1]
	}
	assert.Equal(t, []string{"person_name"}, mine.Fields)
	assert.Equal(t, "https://exchange.example/household/2", mine.Locator)

	final := decoded[caseDetail](c.as(asks, "GET", "/cases/"+id, "").is(200))
	assert.NotNil(t, final.Grant)
	assert.NotNil(t, final.Decision)
	assert.Empty(t, final.Can)
	var actions []sharing.Action
	for _, e := range final.Timeline {
		actions = append(actions, e.Action)
	}
	assert.Subset(t, actions, []sharing.Action{sharing.Submit, sharing.RequestCompletion, sharing.Complete, sharing.Answer, sharing.Provide, sharing.ReportFailure, sharing.Confirm})
}

func TestPaperCountsFromTheDayItCame(t *testing.T) {
	c := newCaller(t)
	body := fmt.Sprintf(`{"for":"shuozhou-minzheng","items":[{"resource_id":%q}],"purpose":"核对申请人资格","duty":"社会救助审核确认","mode":"query_api","term_months":12}`,
		c.rig.Resource("shuozhou", "SZ-GA-001").ID)
	c.as(asks, "POST", "/applications", body).is(403)
	draft := decoded[applicationDetail](c.as(watches, "POST", "/applications", body).is(201))
	submit := func(received string) answer {
		return c.as(watches, "POST", "/applications/"+draft.ID+"/submit", received, "If-Match", version(draft.Version))
	}
	submit("").is(422, "/received_on", "required")
	submit(`{"received_on":"2999-01-01"}`).is(422, "/received_on")
	done := decoded[desk.Submitted](submit(`{"received_on":"2025-09-26"}`).is(200))

	board := decoded[boardView](c.as(watches, "GET", "/overdue?light=red", "").is(200))
	require.Equal(t, 1, board.Total)
	assert.Equal(t, 1, board.Overdue)
	assert.Equal(t, done.Cases[0].CaseID, board.Items[0].Case.ID)
	assert.Equal(t, "2025-10-10", board.Items[0].Clock.DueDate.String())
	assert.Equal(t, desk.Red, board.Items[0].Clock.Light)
	require.NotNil(t, board.Items[0].Clock.Left)
	assert.Negative(t, *board.Items[0].Clock.Left)
	c.as(watches, "GET", "/overdue?light=yellow", "").is(200, `"items":[]`)
	c.as(watches, "GET", "/overdue?provider=shuozhou-renshe", "").is(200, `"items":[]`)
}

// TestWhatHappenedMeanwhile: who decides on what has changed is told how it stands.
func TestWhatHappenedMeanwhile(t *testing.T) {
	c := newCaller(t)
	_, cases := c.apply(asks, "shuozhou", "SZ-GA-001")
	target := "/cases/" + cases[0] + "/answer"
	c.as(decides, "POST", target, `{"agree":true}`).is(428, "condition_missing")
	c.as(decides, "POST", target, `{"agree":true}`, "If-Match", `"1"`).is(200)

	late := decoded[problem](c.as("shuozhou-gongan-head", "POST", target, `{"agree":true}`, "If-Match", `"1"`, "Idempotency-Key", "late"))
	assert.Contains(t, []int{409, 412}, late.Status)
	require.NotNil(t, late.Current)
	assert.Equal(t, "agreed", late.Current.State)
	assert.Equal(t, 2, late.Current.Version)
	require.NotNil(t, late.Current.Last)
	assert.Equal(t, sharing.Answer, late.Current.Last.Action)
	assert.Equal(t, decides, late.Current.Last.Actor)

	again := decoded[problem](c.as("shuozhou-gongan-head", "POST", target, `{"agree":true}`, "If-Match", `"2"`).is(409, "already_decided"))
	assert.Equal(t, "agreed", again.Current.State)
	c.as(asks, "POST", "/cases/"+cases[0]+"/withdrawal", "", "If-Match", `"2"`).is(409, "wrong_state", `"current"`)

	draft := decoded[applicationDetail](c.as(asks, "POST", "/applications", `{}`).is(201))
	c.as(asks, "PUT", "/applications/"+draft.ID, `{"purpose":"一"}`, "If-Match", `"1"`).is(200, "一")
	c.as(asks, "PUT", "/applications/"+draft.ID, `{"purpose":"二"}`, "If-Match", `"1"`).is(412, `"current":{"state":"draft","version":2}`)
	c.as(asks, "DELETE", "/applications/"+draft.ID, "", "If-Match", `"2"`).is(204)
	c.as(asks, "GET", "/applications/"+draft.ID, "").is(200, "discarded", `"purpose":"一"`)
	c.as(asks, "DELETE", "/applications/"+draft.ID, "", "If-Match", `"3"`).is(409, "wrong_state")
}

func TestOneKeyOneEffect(t *testing.T) {
	c := newCaller(t)
	body := text2json(t, c.rig.Request("shuozhou", "SZ-GA-001").Request)
	first := c.as(asks, "POST", "/applications", body, "Idempotency-Key", "draft-1").is(201)
	second := c.as(asks, "POST", "/applications", body, "Idempotency-Key", "draft-1").is(201)
	assert.Equal(t, first.Body, second.Body)
	assert.Equal(t, first.Header.Get("Location"), second.Header.Get("Location"))
	c.as(asks, "POST", "/applications", `{}`, "Idempotency-Key", "draft-1").is(409, "key_reused")
	c.as(asks, "GET", "/applications", "").is(200, `"total":1`)

	id := decoded[applicationDetail](first).ID
	submit := func() answer {
		return c.as(asks, "POST", "/applications/"+id+"/submit", "", "If-Match", `"1"`, "Idempotency-Key", "submit-1")
	}
	done := submit().is(200)
	assert.Equal(t, done.Body, submit().is(200).Body)
	c.as(asks, "GET", "/cases", "").is(200, `"total":1`)

	target := "/cases/" + decoded[desk.Submitted](done).Cases[0].CaseID + "/answer"
	agreed := c.as(decides, "POST", target, `{"agree":true}`, "If-Match", `"1"`, "Idempotency-Key", "a").is(200)
	repeated := c.as(decides, "POST", target, `{"agree":true}`, "If-Match", `"1"`, "Idempotency-Key", "a").is(200)
	assert.Equal(t, agreed.Body, repeated.Body)
	assert.Equal(t, agreed.Header.Get("ETag"), repeated.Header.Get("ETag"))
	c.as(decides, "POST", target, `{"agree":true,"conditions":"x"}`, "If-Match", `"1"`, "Idempotency-Key", "a").is(409, "key_reused")
}

func TestPages(t *testing.T) {
	c := newCaller(t)
	want := map[string]bool{}
	for range 5 {
		want[decoded[applicationDetail](c.as(asks, "POST", "/applications", `{}`).is(201)).ID] = true
	}
	got := map[string]bool{}
	next, pages := "", 0
	for {
		target := "/applications?state=draft&limit=2"
		if next != "" {
			target += "&cursor=" + next
		}
		p := decoded[page[applicationView]](c.as(asks, "GET", target, "").is(200))
		assert.Equal(t, 5, p.Total)
		for _, a := range p.Items {
			assert.False(t, got[a.ID], "told twice")
			got[a.ID] = true
		}
		pages++
		if next = p.Next; next == "" {
			break
		}
	}
	assert.Equal(t, want, got)
	assert.Equal(t, 3, pages)
	for _, list := range []string{"/catalog", "/applications", "/cases", "/tasks", "/messages", "/grants"} {
		for _, cursor := range []string{"x", "AAAA", "%7B%7D", "bm9wZQ", strings.Repeat("A", 400)} {
			a := c.as(asks, "GET", list+"?cursor="+cursor, "")
			assert.Contains(t, []int{400, 422}, a.Status, "%s %s: %s", list, cursor, a.Body)
		}
	}
}

func TestFiles(t *testing.T) {
	c := newCaller(t)
	stored := c.upload(asks, "依据 \\\"1\\\".txt", []byte("内容\n")).is(201)
	file := decoded[attachmentView](stored)
	assert.Equal(t, Base+"/attachments/"+file.ID, stored.Header.Get("Location"))
	assert.Equal(t, int64(7), file.Size)

	got := c.as(asks, "GET", "/attachments/"+file.ID, "").is(200)
	assert.Equal(t, "内容\n", got.Body)
	assert.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"))
	assert.True(t, strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment; filename"), got.Header.Get("Content-Disposition"))
	assert.NotContains(t, got.Header.Get("Content-Disposition"), "\n")
	assert.Contains(t, got.Header.Get("Content-Security-Policy"), "sandbox")
	assert.Equal(t, "7", got.Header.Get("Content-Length"))

	// One key, one file.
	first := c.upload(asks, "a.txt", []byte("一"), "Idempotency-Key", "f").is(201)
	assert.Equal(t, first.Body, c.upload(asks, "a.txt", []byte("一"), "Idempotency-Key", "f").is(201).Body)
	c.upload(asks, "a.txt", []byte("二"), "Idempotency-Key", "f").is(409, "key_reused")

	// Another's file can neither be read nor used.
	c.as("shuozhou-shichang-requester", "GET", "/attachments/"+file.ID, "").is(404)
	c.as("shuozhou-shichang-requester", "POST", "/applications", `{"attachments":["`+file.ID+`"]}`).is(422, "/attachments/0")
	c.as(asks, "POST", "/applications", `{"attachments":["`+file.ID+`"]}`).is(201, file.ID)

	c.upload(asks, "a.exe", []byte("MZ")).is(422, "file_type")
	c.upload(asks, "a.pdf", []byte("<html><script>")).is(422, "file_type")
	c.upload(asks, "a.txt", nil).is(422, "not_empty")
	c.upload(asks, "a.txt", bytes.Repeat([]byte("x"), desk.MaxFile+1)).is(413, "too_large")
	c.upload("shuozhou-shenji-auditor", "a.txt", []byte("x")).is(403)
	for name, form := range map[string]string{
		"nothing":        "",
		"no part":        "--frame--\r\n",
		"no name":        "--frame\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--frame--\r\n",
		"another field":  "--frame\r\nContent-Disposition: form-data; name=\"other\"; filename=\"a.txt\"\r\n\r\nx\r\n--frame--\r\n",
		"two files":      "--frame\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nx\r\n--frame\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.txt\"\r\n\r\ny\r\n--frame--\r\n",
		"cut short":      "--frame\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nx",
		"another frame":  "--other\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nx\r\n--other--\r\n",
		"name with a NL": "--frame\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''a%0Ab.txt\r\n\r\nx\r\n--frame--\r\n",
		"name with a FF": "--frame\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''a%FFb.txt\r\n\r\nx\r\n--frame--\r\n",
	} {
		r := httptest.NewRequest("POST", Base+"/attachments", strings.NewReader(form))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=frame")
		a := c.send(asks, r)
		assert.Contains(t, []int{400, 422}, a.Status, "%s: %s", name, a.Body)
	}
}

func TestDue(t *testing.T) {
	c := newCaller(t)
	for _, row := range []struct{ query, date string }{
		{"received=2024-02-08&days=5", "2024-02-21"},
		{"received=2025-01-24&days=5", "2025-02-07"},
		{"received=2025-09-26&days=5", "2025-10-10"},
		{"received=2026-02-13&regulation=shuozhou-2021&duty=share.answer", "2026-02-27"},
		{"received=2020-01-22&regulation=city-2023&duty=share.answer", "2020-02-06"},
	} {
		d := decoded[dueView](c.as(asks, "GET", "/due?"+row.query, "").is(200))
		assert.Equal(t, row.date, d.DueDate.String(), row.query)
		assert.Equal(t, strings.Contains(row.query, "regulation"), d.Statutory, row.query)
		assert.NotEmpty(t, d.Derivation)
		assert.False(t, d.Provisional)
	}
	c.as(asks, "GET", "/due?received=2035-01-02&days=5", "").is(200, `"provisional":true`)
	c.as(asks, "GET", "/due?received=2007-12-31&days=5", "").is(422, "beyond_calendar")
	c.as(asks, "GET", "/due?received=2050-12-30&days=5", "").is(422, "beyond_calendar")
	c.as(asks, "GET", "/due?received=0001-01-01&days=5", "").is(422, "beyond_calendar")
	c.as(asks, "GET", "/due?received=2026-01-05", "").is(400, "either")
	c.as(asks, "GET", "/due?received=2026-01-05&regulation=shuozhou-2021", "").is(400, "either")
	c.as(asks, "GET", "/due?received=2026-01-05&days=5&duty=share.answer", "").is(400, "either")
	c.as(asks, "GET", "/due?received=2026-01-05&regulation=none&duty=share.answer", "").is(404)
	c.as(asks, "GET", "/due?received=2026-01-05&regulation=shuozhou-2021&duty=none", "").is(404)
	// Every duty of every regulation answers one way or the other.
	for _, r := range c.rig.Law().All() {
		for _, duty := range r.Duties {
			a := c.as(asks, "GET", "/due?received=2026-01-05&regulation="+r.ID+"&duty="+duty.Name, "")
			assert.Contains(t, []int{200, 422}, a.Status, "%s %s: %s", r.ID, duty.Name, a.Body)
		}
		c.as(asks, "GET", "/regulations/"+r.Ref(), "").is(200, r.Title)
	}
}

func TestTokensEnd(t *testing.T) {
	c := newCaller(t)
	c.as(asks, "GET", "/me", "").is(200, asks)
	expired, err := c.rig.IssueToken(t.Context(), asks, time.Microsecond)
	require.NoError(t, err)
	time.Sleep(time.Millisecond)
	for _, token := range []string{expired, c.tokens[asks] + "x", "x"} {
		c.tokens[asks] = token
		c.as(asks, "GET", "/me", "").is(401, "unauthenticated")
	}
}

// TestDatabaseAway cuts the wire to the database: who asks is told to come back,
// and not why.
func TestDatabaseAway(t *testing.T) {
	c := newCaller(t)
	c.as(asks, "GET", "/me", "").is(200)
	wire, through := wireTo(t, c.rig.Database.AppURL)
	store, err := postgres.Open(t.Context(), through)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	options := c.rig.Options
	options.Store = store
	e := New(desk.New(options), Options{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	ask := func(target string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Authorization", "Bearer "+c.tokens[asks])
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w
	}
	assert.Equal(t, 200, ask("/readyz").Code)
	assert.Equal(t, 200, ask(Base+"/cases").Code)
	wire.cut()
	for _, target := range []string{Base + "/me", "/readyz", Base + "/cases", Base + "/catalog", "/readyz"} {
		w := ask(target)
		assert.Equal(t, 503, w.Code, "%s: %s", target, w.Body)
		assert.NotEmpty(t, w.Header().Get("Retry-After"))
		assert.NotContains(t, w.Body.String(), "127.0.0.1")
	}
	assert.Equal(t, 200, ask("/livez").Code, "the process itself is well")
}

// wire passes bytes on until it is cut.
type wire struct {
	listener net.Listener
	mu       sync.Mutex
	open     []net.Conn
}

// wireTo returns a wire to the database at a URL, and the URL that leads through it.
func wireTo(t *testing.T, database string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{listener: listener}
	t.Cleanup(w.cut)
	target := u.Host
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				_ = near.Close()
				continue
			}
			w.mu.Lock()
			w.open = append(w.open, near, far)
			w.mu.Unlock()
			go func() { _, _ = io.Copy(near, far) }()
			go func() { _, _ = io.Copy(far, near) }()
		}
	}()
	u.Host = listener.Addr().String()
	return w, u.String()
}

func (w *wire) cut() {
	_ = w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		_ = c.Close()
	}
}

// FuzzEveryOperation sends whatever comes to every operation of a whole desk, as
// people of every kind: nothing may be answered 5xx.
func FuzzEveryOperation(f *testing.F) {
	c := newCaller(f)
	application, cases := c.apply(asks, "shuozhou", "SZ-GA-001")
	draft := decoded[applicationDetail](c.as(asks, "POST", "/applications", `{}`).is(201)).ID
	task := decoded[caseDetail](c.as(decides, "GET", "/cases/"+cases[0], "").is(200)).Task.ID
	ids := []string{cases[0], application, draft, task, c.file(asks, "a.txt"), c.rig.Resource("shuozhou", "SZ-GA-001").ID,
		"x", "%00", "%ff", "..%2F..", "'; DROP TABLE cases; --", "朔", strings.Repeat("9", 100), "1e5", "-1", "shuozhou-2021@1"}
	people := []string{asks, decides, provides, watches, "shuozhou-shenji-auditor"}
	for _, user := range people {
		c.as(user, "GET", "/me", "").is(200) // and its token is known
	}
	all := operations()
	bodies := []string{``, `{}`, `null`, `[]`, `{"agree":true}`, `{"agree":false,"reasons":"x","basis":[{"law":"l","article":"a","attachment":"x"}]}`,
		`{"items":[{"resource_id":"` + ids[5] + `","fields":["nope"]}],"mode":"file","term_months":1,"attachments":["x"],"for":"x"}`,
		`{"items":[{"resource_id":"\u0001"}]}`, `{"gaps":["x"],"note":"` + strings.Repeat("长", 4000) + `"}`, `{"note":"\ud83d\ude00"}`, `{"received_on":"0001-01-01"}`,
		`{"received_on":"9999-12-31"}`, `{"mode":"batch","locator":"x"}`, `{"note":"x","attachments":["` + ids[4] + `"]}`, "\xff\xfe\x00", strings.Repeat("[", 5000)}
	queries := []string{"", "limit=1", "cursor=x", "q=%25_%5C", "received=2026-01-01&days=5", "received=9999-12-31&days=1000", "received_on=1970-01-01", "state=draft&limit=100",
		"q=" + strings.Repeat("%F0%9F%98%80", 50), "tab=done", "as=provider&state=active", "mine=true&number=%27", "light=red&provider=x", "q='%22%3B", "cursor=eyJ9"}
	random := rand.New(rand.NewPCG(1, 2)) // the same seeds in every run
	for i := range all {
		for range 12 {
			f.Add(uint8(i), uint8(random.IntN(256)), uint8(random.IntN(256)), bodies[random.IntN(len(bodies))], queries[random.IntN(len(queries))], version(random.IntN(4)), "")
		}
	}
	f.Fuzz(func(t *testing.T, n, id, who uint8, body, query, match, key string) {
		op := all[int(n)%len(all)]
		r := httptest.NewRequest(op.method, "/", strings.NewReader(body))
		u, err := r.URL.Parse(Base + strings.ReplaceAll(op.path, ":id", ids[int(id)%len(ids)]))
		if err != nil {
			t.Skip()
		}
		u.RawQuery = query
		r.URL = u
		r.Header.Set("If-Match", match)
		if key != "" {
			r.Header.Set(idempotencyKey, key)
		}
		r.Header.Set("Content-Type", "application/json")
		user := people[int(who)%len(people)]
		r.Header.Set("Authorization", "Bearer "+c.tokens[user])
		w := httptest.NewRecorder()
		begun := time.Now()
		c.e.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%s %s?%s as %s, %q: %d %s", op.method, u.Path, query, user, body[:min(len(body), 300)], w.Code, w.Body)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Fatalf("%s %s?%s took %s", op.method, u.Path, query, took)
		}
	})
}
