package main

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"gongshu/api"
	"gongshu/desk/desktest"
	"gongshu/sharing"
	"gongshu/web"
)

var (
	worldRounds = flag.Int("worlds.rounds", 0, "how often every reader's two worlds are made and compared; 0 takes some of the readers once")
	worldSeed   = flag.Uint64("worlds.seed", 0, "seed of what is varied; 0 takes one from the clock and prints it")
)

// readers are those for whom what they may not see is varied: one of every role, on
// every side of the cases of the demo, and "" for who is not signed in.
var readers = []string{
	"shuozhou-minzheng-requester", "shuozhou-minzheng-head", "shuozhou-gongan-approver", "shuozhou-gongan-requester",
	"shuozhou-gongan-specialist", "shuozhou-shichang-requester", "shuozhou-authority-officer", "shuozhou-authority-head",
	"shuozhou-supervisor-officer", "shuozhou-finance-officer", "shuozhou-shenji-auditor", "shuozhou-authority-operator",
	"shuozhou-authority-security", "shuozhou-authority-gateway", "city-gongan-approver", "",
}

// TestTwoWorlds makes two worlds that differ only in what a reader may not see, and
// holds every reply to that reader to be the same in both, byte for byte: every
// operation of the specification and every page, with ids that are seen, that are
// hidden, and that are hidden in one world and absent in the other; lists with
// every filter, searches for hidden words, pages that other pages lead to. Only ids
// made for that reader, times of now and request ids are left out.
//
//	go test ./cmd/gongshu -run TestTwoWorlds -worlds.rounds 20
func TestTwoWorlds(t *testing.T) {
	seed := *worldSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-worlds.seed %d", seed)
	some := slices.Clone(readers)
	if *worldRounds == 0 {
		order := rand.New(rand.NewPCG(seed, 0))
		order.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		some = some[:4]
	}
	compared, varied := 0, 0
	for round := range max(1, *worldRounds) {
		for i, reader := range some {
			t.Run(fmt.Sprintf("%d/%s", round, cmp.Or(reader, "nobody")), func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, uint64(1+round*len(readers)+i)))
				p := newPair(t, random, reader)
				varied += p.vary()
				p.compareAll()
				for i, leak := range p.leaks {
					if i == 10 {
						t.Errorf("and %d more", len(p.leaks)-i)
						break
					}
					t.Errorf("%s may not see what this tells of: %s", cmp.Or(reader, "nobody"), leak)
				}
				compared += p.compared
			})
		}
	}
	t.Logf("%d readers, %d rows varied, %d pairs of replies compared", len(some)*max(1, *worldRounds), varied, compared)
}

// TestTwoWorldsCatchLeaks plants a leak of each kind and holds the comparison to
// find it: each adds to the replies something that depends on what the reader may
// not see, as a list, a count, an error or a file would.
func TestTwoWorldsCatchLeaks(t *testing.T) {
	const reader = "shuozhou-minzheng-requester"
	p := newPair(t, rand.New(rand.NewPCG(1, 1)), reader)
	require.Positive(t, p.vary())
	p.start()
	ghost := p.ghosts["cases"]
	require.NotEmpty(t, ghost)
	visible := texts(t, p.a.db, "SELECT id::text FROM cases WHERE applicant_id = 'shuozhou-minzheng' AND procedure = 'share' ORDER BY id LIMIT 1")[0]
	catalog := texts(t, p.a.db, "SELECT id::text FROM resources WHERE region_id = 'shuozhou' AND class = 'conditional' AND grade = 2 ORDER BY id LIMIT 1")[0]
	count := func(w *world, sql string) string { return texts(t, w.db, sql)[0] }
	const (
		cases   = "SELECT count(*)::text FROM cases"
		secrets = "SELECT string_agg(title, ',' ORDER BY id) FROM resources WHERE class = 'not_shared'"
		last    = "SELECT id::text FROM cases ORDER BY title LIKE '人口变%' DESC, id LIMIT 1"
	)
	text := func(add func(w *world) string) func(*world, request, *reply) {
		return func(w *world, _ request, r *reply) { r.body += add(w) }
	}
	for _, l := range []struct {
		kind, target string
		leak         func(*world, request, *reply)
	}{
		{"a list has an entry too many", "/api/v1/catalog", text(func(w *world) string { return count(w, secrets) })},
		{"a page has a row too many", "/catalog", text(func(w *world) string { return "<li>" + count(w, secrets) + "</li>" })},
		{"a total counts what is hidden", "/api/v1/cases", text(func(w *world) string { return `"total":` + count(w, cases) })},
		{"a facet counts it", "/catalog", text(func(w *world) string { return "民政(" + count(w, cases) + ")" })},
		{"a search finds it", "/api/v1/catalog?q=GHOST", text(func(w *world) string {
			return count(w, "SELECT count(*)::text FROM resources WHERE code LIKE 'GHOST%'")
		})},
		{"an order depends on it", "/api/v1/cases", text(func(w *world) string {
			return count(w, "SELECT string_agg(right(number, 1), '' ORDER BY title) FROM cases WHERE applicant_id = 'shuozhou-minzheng' OR title LIKE '%变%'")
		})},
		{"a cursor names it", "/api/v1/cases", text(func(w *world) string { return `"next":"` + count(w, last) + `"` })},
		{"an error says that it exists", "/api/v1/cases/" + ghost, text(func(w *world) string {
			return count(w, "SELECT coalesce(max('it is not yours'), 'there is none') FROM cases WHERE id = '"+ghost+"'")
		})},
		{"a status does", "/api/v1/cases/" + ghost, func(w *world, _ request, r *reply) {
			if count(w, "SELECT count(*)::text FROM cases WHERE id = '"+ghost+"'") == "1" {
				r.status = http.StatusForbidden
			}
		}},
		{"an ETag is made of it", "/api/v1/cases/" + visible, func(w *world, _ request, r *reply) { r.header.Set("ETag", `"`+count(w, cases)+`"`) }},
		{"a size is", "/api/v1/cases/" + visible, func(w *world, _ request, r *reply) {
			r.header.Set("Content-Length", fmt.Sprint(len(r.body)+len(count(w, secrets))))
		}},
		{"a header is there for it", "/cases/" + ghost, func(w *world, _ request, r *reply) {
			if count(w, "SELECT count(*)::text FROM cases WHERE id = '"+ghost+"'") == "1" {
				r.header.Set("Last-Modified", "yesterday")
			}
		}},
		{"an export has it", "/catalog", func(w *world, _ request, r *reply) {
			var b strings.Builder
			archive := zip.NewWriter(&b)
			f, err := archive.Create("sheet.xml")
			require.NoError(t, err)
			_, err = io.WriteString(f, count(w, secrets))
			require.NoError(t, err)
			require.NoError(t, archive.Close())
			r.body = b.String()
			r.header.Set("Content-Type", "application/zip")
		}},
		{"a message tells of it", "/api/v1/messages", text(func(w *world) string {
			return count(w, "SELECT coalesce(string_agg(title, ',' ORDER BY id), '') FROM cases WHERE title LIKE '%变%'")
		})},
		{"a case number counts", "/api/v1/cases/" + visible, text(func(w *world) string { return "SZ-2026-" + count(w, cases) })},
		{"a button is there for it", "/cases/" + visible, text(func(w *world) string {
			return strings.Repeat("<button>", len(count(w, "SELECT coalesce(max('x'), '') FROM cases WHERE id = '"+ghost+"'")))
		})},
		{"an answer to a gateway does", "/api/v1/catalog/" + catalog, text(func(w *world) string {
			return count(w, "SELECT count(*)::text FROM grants WHERE locator LIKE '变%'")
		})},
		{"a time of another's work shows", "/api/v1/catalog", text(func(w *world) string {
			return count(w, "SELECT to_char(min(received_at), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM cases")
		})},
	} {
		q := request{method: "GET", target: l.target}
		p.a.leak, p.b.leak, p.leaks = nil, nil, nil
		p.same(q)
		require.Empty(t, p.leaks, "%s: before it is planted", l.kind)
		p.a.leak, p.b.leak = l.leak, l.leak
		p.same(q)
		if len(p.leaks) != 1 {
			t.Errorf("%s, and nobody noticed", l.kind)
		}
	}
}

// played returns a rig in which the demo's stories have been played: the same ids
// every time.
func played(t testing.TB) *desktest.Rig {
	t.Helper()
	return desktest.NewAfter(t, "played", func(r *desktest.Rig) {
		cases := map[string]string{}
		var err error
		for _, story := range r.World.Stories {
			cases[story.ID], err = play(t.Context(), r.Desk, r.Store, r.World, story)
			require.NoError(t, err, story.ID)
		}
		for _, matter := range r.World.Matters {
			cases[matter.ID], err = playMatter(t.Context(), r.Desk, r.World, matter, cases)
			require.NoError(t, err, matter.ID)
		}
	})
}

// world is one of the two: a server over a database of its own.
type world struct {
	rig    *desktest.Rig
	server *echo.Echo
	db     *pgx.Conn // as the owner of the tables
	token  string
	cookie []*http.Cookie
	csrf   string
	leak   func(*world, request, *reply) // planted; nil for none
}

// newWorld returns a world in which the reader has signed in at the given time.
func newWorld(t testing.TB, reader string, at time.Time) *world {
	t.Helper()
	w := &world{rig: played(t)}
	var err error
	w.db, err = pgx.Connect(t.Context(), w.rig.Database.OwnerURL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.db.Close(context.Background())) })
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	w.server = api.New(w.rig.Desk, api.Options{Logger: quiet, Mount: func(e *echo.Echo) {
		require.NoError(t, web.Mount(e, w.rig.Desk, web.Options{Demo: reader != "", Logger: quiet})) // the demo's tour tells of its cases
	}})
	if reader != "" {
		w.token = w.rig.Token(reader)
		form := url.Values{"user": {reader}}
		r := httptest.NewRequest("POST", "/signin/demo", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", echo.MIMEApplicationForm)
		answer := httptest.NewRecorder()
		w.server.ServeHTTP(answer, r)
		require.Equal(t, http.StatusSeeOther, answer.Code, answer.Body)
		w.cookie = answer.Result().Cookies()
		mark := regexp.MustCompile(`name="csrf" value="([^"]*)"`).FindStringSubmatch(w.ask(request{method: "GET", target: "/sessions"}).body)
		require.NotNil(t, mark)
		w.csrf = mark[1]
		_, err = w.db.Exec(t.Context(), "UPDATE sessions SET created_at = $1, seen_at = $1", at)
		require.NoError(t, err)
	}
	return w
}

// request is what both worlds are asked.
type request struct {
	method, target, body string
	header               map[string]string
}

func (r request) String() string {
	if r.body == "" {
		return r.method + " " + r.target
	}
	return r.method + " " + r.target + " " + r.body
}

// reply is all that a reader gets to see of an answer.
type reply struct {
	status int
	header http.Header
	body   string
}

func (w *world) ask(q request) reply {
	var body io.Reader
	if q.body != "" {
		body = strings.NewReader(q.body)
	}
	r := httptest.NewRequest(q.method, "http://example.test/", body)
	target, err := url.Parse("http://example.test" + q.target)
	if err != nil {
		panic(err)
	}
	r.URL, r.RequestURI = target, q.target
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	if strings.HasPrefix(q.target, "/api/") || strings.HasPrefix(q.target, "/access/") {
		if q.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		if w.token != "" {
			r.Header.Set("Authorization", "Bearer "+w.token)
		}
	} else {
		if q.body != "" {
			r.Header.Set("Content-Type", echo.MIMEApplicationForm)
		}
		for _, c := range w.cookie {
			r.AddCookie(c)
		}
	}
	answer := httptest.NewRecorder()
	w.server.ServeHTTP(answer, r)
	got := reply{answer.Code, answer.Header(), answer.Body.String()}
	if w.leak != nil {
		w.leak(w, q, &got)
	}
	return got
}

// pair is two worlds for one reader.
type pair struct {
	t        testing.TB
	random   *rand.Rand
	reader   sharing.User // zero for who is not signed in
	a, b     *world
	ghosts   map[string]string   // by table, an id of something hidden that is in b alone
	ids      map[string][]string // by table, what paths are filled with
	words    []string            // what is searched for
	known    map[string]bool     // ids that were there before anybody asked
	begin    time.Time
	compared int
	leaks    []string
}

func newPair(t testing.TB, random *rand.Rand, reader string) *pair {
	t.Helper()
	at := time.Now()
	p := &pair{t: t, random: random, a: newWorld(t, reader, at), b: newWorld(t, reader, at),
		ghosts: map[string]string{}, ids: map[string][]string{}, known: map[string]bool{}}
	if reader != "" {
		p.reader = p.a.rig.User(reader)
	}
	p.words = []string{"人口", "a", "数据", "%", "_", "0"}
	for _, table := range []string{"cases", "applications", "resources", "grants", "tasks", "attachments", "scenarios", "register_entries", "delegations"} {
		p.ids[table] = texts(t, p.a.db, "SELECT DISTINCT id::text FROM "+table+" ORDER BY 1")
	}
	return p
}

// start notes what there is before anybody asks: an id that is made for the reader
// from here on may differ, and no other.
func (p *pair) start() {
	p.t.Helper()
	for table := range p.ids {
		for _, w := range []*world{p.a, p.b} {
			for _, row := range texts(p.t, w.db, "SELECT r::text FROM "+table+" r") {
				for _, id := range idLike.FindAllString(row, -1) {
					p.known[id] = true
				}
			}
		}
	}
	p.begin = time.Now()
}

// texts runs a query that returns texts.
func texts(t testing.TB, db *pgx.Conn, sql string, arguments ...any) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), sql, arguments...)
	require.NoError(t, err, sql)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, sql)
	return all
}

// hidden says in SQL which rows of cases c the reader certainly may not see, in
// words of their own and not by asking the policy. What is told to more people than
// see the case is left out: notices of changes, criticisms, marks of doubts.
func (p *pair) hiddenCases() string {
	elsewhere := fmt.Sprintf("c.region_id <> '%s'", p.reader.Region.ID)
	own := fmt.Sprintf("'%s'", p.reader.Department.ID)
	untold := "c.procedure NOT IN ('change', 'rectification', 'dispute')"
	has := p.reader.Own().Has
	switch {
	case p.reader.ID == "" || has(sharing.Auditor, sharing.Operator, sharing.SecurityOfficer, sharing.Gateway):
		return "(" + elsewhere + " OR " + untold + ")"
	case has(sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor):
		return elsewhere
	case has(sharing.Finance):
		return "(" + elsewhere + " OR " + untold + " AND c.procedure <> 'project')"
	}
	return "(" + elsewhere + " OR " + untold + " AND c.provider_id <> " + own + " AND c.applicant_id <> " + own + ")"
}

// hiddenResources does the same for entries r of the catalog. What is open is for
// everybody.
func (p *pair) hiddenResources() string {
	closed := "r.open_class = 'not_open' AND "
	elsewhere := fmt.Sprintf("r.region_id <> '%s'", p.reader.Region.ID)
	has := p.reader.Own().Has
	switch {
	case p.reader.ID == "" || has(sharing.Auditor, sharing.SecurityOfficer, sharing.Gateway):
		return closed + "true"
	case has(sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor):
		return closed + elsewhere
	case has(sharing.Finance, sharing.Operator):
		return closed + "(" + elsewhere + " OR r.class = 'not_shared' OR r.grade = 4)"
	}
	return closed + "(" + elsewhere + fmt.Sprintf(" OR r.department_id <> '%s' AND (r.class = 'not_shared' OR r.grade = 4))", p.reader.Department.ID)
}

// vary changes in the second world what the reader may not see, and returns how
// many rows it changed or added.
func (p *pair) vary() int {
	p.t.Helper()
	n := 0
	do := func(sql string) {
		p.t.Helper()
		tag, err := p.b.db.Exec(p.t.Context(), sql)
		require.NoError(p.t, err, sql)
		n += int(tag.RowsAffected())
	}
	exec := func(sql string) {
		p.t.Helper()
		_, err := p.b.db.Exec(p.t.Context(), sql)
		require.NoError(p.t, err, sql)
	}
	// The tables' own guards let entries and cases change by steps alone.
	for _, table := range []string{"resources", "cases", "grants", "deadlines", "comments", "decisions"} {
		exec("ALTER TABLE " + table + " DISABLE TRIGGER USER")
		defer exec("ALTER TABLE " + table + " ENABLE TRIGGER USER")
	}
	mark := fmt.Sprintf("变%d", p.random.IntN(1000))
	p.words = append(p.words, mark)
	some := fmt.Sprintf(" AND (hashtext(%%s.id::text) + %d) %%%% 3 > 0", p.random.IntN(1000))
	cases := "(SELECT c.id FROM cases c WHERE " + p.hiddenCases() + fmt.Sprintf(some, "c") + ")"
	days := 1 + p.random.IntN(40)

	do("UPDATE cases SET title = title || '" + mark + "', received_at = received_at - interval '" + fmt.Sprint(days) + " days' WHERE id IN " + cases)
	do("UPDATE cases SET request = jsonb_set(request, '{purpose}', '\"" + mark + "\"') WHERE request ? 'purpose' AND id IN " + cases)
	do("UPDATE deadlines SET due_at = due_at - interval '" + fmt.Sprint(days) + " days', due_date = due_date - " + fmt.Sprint(days) + " WHERE due_at IS NOT NULL AND case_id IN " + cases)
	do("UPDATE grants SET locator = '" + mark + "', conditions = '" + mark + "', valid_until = valid_until - interval '" + fmt.Sprint(days) + " hours' WHERE case_id IN " + cases)
	do("UPDATE grants SET suspended_at = now() WHERE suspended_at IS NULL AND revoked_at IS NULL AND ended_at IS NULL AND id::text LIKE '%a' AND case_id IN " + cases)
	do("UPDATE decisions SET decision = jsonb_set(decision, '{reasons}', '\"" + mark + "\"') WHERE case_id IN " + cases)
	do("UPDATE comments SET text = text || '" + mark + "' WHERE case_id IN " + cases)
	do("UPDATE resources r SET title = '人口" + mark + "' || title, description = '" + mark + "', code = code || 'X', haystack = haystack || ' 人口 数据 " + mark +
		"', basis = '" + mark + "', updated_at = now() - interval '" + fmt.Sprint(days) + " days' WHERE " + p.hiddenResources() + fmt.Sprintf(some, "r"))
	do("UPDATE attachments SET name = '" + mark + ".pdf', size = size + 7 WHERE case_id IN " + cases)

	// What is in the second world alone, with ids that are asked for in both.
	p.copy("resources r", p.hiddenResources(), map[string]any{"code": "GHOST-" + mark, "title": "人口" + mark, "haystack": "人口 数据 " + mark})
	p.copy("cases c", p.hiddenCases()+" AND c.procedure = 'share'", map[string]any{"number": "GHOST-" + mark, "title": "人口" + mark})
	if p.ghosts["cases"] != "" {
		p.copy("tasks", "state <> 'open'", map[string]any{"case_id": p.ghosts["cases"], "state": "open", "done_at": nil, "done_by": nil})
		p.copy("deadlines", "due_at IS NOT NULL AND state = 'met'", map[string]any{"case_id": p.ghosts["cases"], "state": "running", "met_at": nil})
		p.copy("comments", "NOT internal", map[string]any{"case_id": p.ghosts["cases"], "text": mark})
		p.copy("grants", "true", map[string]any{"case_id": p.ghosts["cases"], "locator": mark})
	}
	// And what others do meanwhile, in another region: it makes tasks, messages,
	// comments, entries of the trail and keys of their own.
	n += p.others()
	do("INSERT INTO sessions (hash, user_id, expires_at) SELECT sha256(u.id::bytea), u.id, now() + interval '1 hour' FROM users u JOIN departments d ON d.id = u.department_id WHERE d.region_id <> '" + p.reader.Region.ID + "'")
	do("UPDATE register_entries SET heading = heading || '" + mark + "', haystack = haystack || '" + mark + "' WHERE region_id <> '" + p.reader.Region.ID + "'")
	do("UPDATE users SET name = name || '" + mark + "' WHERE department_id IN (SELECT id FROM departments WHERE region_id NOT IN ('" + p.reader.Region.ID + "'))")
	for table, id := range p.ghosts {
		p.ids[table] = append(p.ids[table], id)
		n++
	}
	p.words = append(p.words, "GHOST-"+mark, "X")
	return n
}

// others lets people of another region apply for data, comment and answer, in the
// second world alone. It returns how many applications they made.
func (p *pair) others() int {
	p.t.Helper()
	r, n := p.b.rig, 0
	for _, resource := range r.World.Resources {
		if resource.RegionID == p.reader.Region.ID || resource.Class != sharing.Conditional || resource.Grade > 3 || p.random.IntN(4) > 0 {
			continue
		}
		if _, err := r.Law().InForce(resource.RegionID, sharing.DateOf(time.Now())); err != nil {
			continue
		}
		i := slices.IndexFunc(r.World.Users, func(u sharing.User) bool {
			return u.Region.ID == resource.RegionID && u.Department.ID != resource.Provider.ID && slices.Contains(u.Roles, sharing.Requester)
		})
		who := r.World.Users[i]
		done := r.Apply(who.ID, r.Request(resource.RegionID, resource.Code), nil)
		_, err := r.Comment(p.t.Context(), r.User(who.ID), "", done.Cases[0].CaseID, sharing.NewComment{Text: "尽快"})
		require.NoError(p.t, err)
		if n++; n == 3 {
			break
		}
	}
	require.Positive(p.t, n)
	return n
}

// copy adds to the second world a row like one that is there, under a new id and
// with some columns changed. Where there is none like it nothing is added.
func (p *pair) copy(from, where string, change map[string]any) {
	p.t.Helper()
	table, _, _ := strings.Cut(from, " ")
	id := newUUID(p.random)
	change["id"] = id
	text, err := json.Marshal(change)
	require.NoError(p.t, err)
	alias := from[strings.LastIndex(from, " ")+1:]
	columns := strings.Join(texts(p.t, p.b.db, `SELECT quote_ident(column_name) FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'`, table), ", ")
	sql := fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM (SELECT (jsonb_populate_record(NULL::%s, to_jsonb(%s) || $1)).* FROM %s WHERE %s ORDER BY id LIMIT 1) one`,
		table, columns, columns, table, alias, from, where)
	tag, err := p.b.db.Exec(p.t.Context(), sql, string(text))
	require.NoError(p.t, err, sql)
	if tag.RowsAffected() == 1 {
		p.ghosts[table] = id
	}
}

func newUUID(random *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", random.Uint32(), random.Uint32N(1<<16), random.Uint32N(1<<12), random.Uint32N(1<<12), random.Uint64N(1<<48))
}

// same asks both worlds and compares. A pair that differs is asked once more, since
// a minute may have passed between the two.
func (p *pair) same(q request) reply {
	p.t.Helper()
	if p.reader.Own().Has(sharing.Auditor) && audited.MatchString(q.target) {
		return p.a.ask(q) // the trail is one chain of all regions, and its lines are numbered as they stand in it
	}
	p.compared++
	var a, b reply
	var difference string
	for range 2 {
		q.body = strings.ReplaceAll(q.body, "{csrf}", p.a.csrf)
		a, b = p.a.ask(q), p.b.ask(request{q.method, q.target, strings.ReplaceAll(q.body, p.a.csrf, p.b.csrf), q.header})
		if difference = p.differ(a, b); difference == "" {
			return a
		}
		if q.method != "GET" {
			break
		}
	}
	p.leaks = append(p.leaks, q.String()+": "+difference)
	return a
}

var (
	idLike   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[A-Z]{1,4}\d{8}-[0-9A-Z]{8}\b|\b[A-Z2-7]{26}\b|\b[0-9a-f]{32,64}\b`)
	instant  = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)
	audited  = regexp.MustCompile(`^(/api/v1)?/(audit|trail|read-log)\b`)
	volatile = []string{"Date", "X-Request-Id", "Set-Cookie"}
)

// differ says in what two replies differ, "" for nothing.
func (p *pair) differ(a, b reply) string {
	if a.status != b.status {
		return fmt.Sprintf("status %d and %d\n%s\n%s", a.status, b.status, a.body, b.body)
	}
	for _, name := range volatile {
		a.header.Del(name)
		b.header.Del(name)
	}
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		if x, y := p.plain(a.header.Get(name)), p.plain(b.header.Get(name)); x != y {
			return fmt.Sprintf("header %s: %s and %s", name, x, y)
		}
	}
	if len(a.header) != len(b.header) {
		return fmt.Sprintf("headers %v and %v", a.header, b.header)
	}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/zip") || strings.Contains(a.header.Get("Content-Type"), "spreadsheet") {
		return differText(unzipped(p.t, a.body), unzipped(p.t, b.body))
	}
	return differText(p.plain(a.body), p.plain(b.body))
}

func differText(a, b string) string {
	if a == b {
		return ""
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	around := func(s string) string { return strings.ToValidUTF8(s[max(0, i-120):min(len(s), i+160)], "") }
	return fmt.Sprintf("\n%s\n-- and --\n%s", around(a), around(b))
}

// plain puts in place of ids that were not there before the numbers of their first
// occurrence, and leaves out times of now.
func (p *pair) plain(text string) string {
	seen := map[string]string{}
	text = idLike.ReplaceAllStringFunc(text, func(id string) string {
		if p.known[id] {
			return id
		}
		if seen[id] == "" {
			seen[id] = fmt.Sprintf("#%d", len(seen))
		}
		return seen[id]
	})
	return instant.ReplaceAllStringFunc(text, func(at string) string {
		if then, err := time.Parse(time.RFC3339Nano, at); err == nil && then.After(p.begin) && !then.After(time.Now().Add(time.Second)) {
			return "now"
		}
		return at
	})
}

// unzipped is the text of every part of a workbook.
func unzipped(t testing.TB, body string) string {
	t.Helper()
	archive, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	require.NoError(t, err)
	var b strings.Builder
	for _, f := range archive.File {
		if f.Name == "docProps/core.xml" {
			continue // when it was made
		}
		r, err := f.Open()
		require.NoError(t, err)
		b.WriteString(f.Name + "\n")
		_, err = io.Copy(&b, r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
	}
	return b.String()
}

// compareAll asks everything there is to ask.
func (p *pair) compareAll() {
	p.t.Helper()
	p.start()
	parameters := queryParameters(p.t)
	pages := map[string]bool{}
	var routes []*echo.Route
	for _, r := range p.a.server.Routes() {
		if r.Method != echo.RouteNotFound && r.Method != "HEAD" && !strings.HasPrefix(r.Path, "/static") {
			routes = append(routes, r)
		}
	}
	slices.SortFunc(routes, func(a, b *echo.Route) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	for _, r := range routes {
		if r.Method != "GET" {
			continue
		}
		for _, target := range p.fill(r.Path, 4) {
			a := p.same(request{method: "GET", target: target})
			for _, further := range links(a.body) {
				pages[further] = true
			}
			if next := cursor.FindStringSubmatch(a.body); next != nil {
				p.same(request{method: "GET", target: target + "?limit=1&cursor=" + url.QueryEscape(next[1])})
			}
			for _, q := range parameters[strings.TrimPrefix(r.Path, api.Base)] {
				for _, value := range p.values(q) {
					p.same(request{method: "GET", target: target + "?" + url.Values{q.Name: {value}}.Encode()})
				}
			}
		}
	}
	// What pages lead to: their tabs, filters, cursors.
	further := slices.Sorted(maps.Keys(pages))
	p.random.Shuffle(len(further), func(i, j int) { further[i], further[j] = further[j], further[i] })
	for _, target := range further[:min(len(further), 60)] {
		p.same(request{method: "GET", target: target})
	}
	for _, page := range []string{"/catalog", "/open", "/cases", "/inbox", "/grants", "/registers", "/search"} {
		for _, word := range p.words {
			p.same(request{method: "GET", target: page + "?" + url.Values{"q": {word}}.Encode()})
		}
	}
	for _, r := range routes {
		if r.Method == "GET" || strings.HasPrefix(r.Path, "/sign") || r.Path == "/sessions/end-others" {
			continue
		}
		for _, target := range p.fill(r.Path, 1) {
			q := request{method: r.Method, target: target, header: map[string]string{"If-Match": `"1"`}}
			if strings.HasPrefix(target, api.Base) || strings.HasPrefix(target, "/access/") {
				for _, body := range p.bodies() {
					q.body = body
					p.same(q)
				}
			} else {
				q.body = "csrf={csrf}&version=1"
				p.same(q)
			}
		}
	}
}

// cursor is the one of a next page.
var cursor = regexp.MustCompile(`"next":"([^"]+)"`)

var href = regexp.MustCompile(`href="(/[^"]*)"`)

// links lists the pages that a page leads to with a question in their address.
func links(body string) []string {
	var all []string
	for _, m := range href.FindAllStringSubmatch(body, -1) {
		if target := html.UnescapeString(m[1]); strings.Contains(target, "?") {
			target, _, _ = strings.Cut(target, "#")
			all = append(all, target)
		}
	}
	return all
}

// fill puts ids into a path: what is hidden in one world and absent in the other,
// some of what is there, and one that was never made.
func (p *pair) fill(path string, some int) []string {
	table := ""
	for _, f := range []struct{ prefix, table string }{
		{"/cases", "cases"}, {"/catalog", "resources"}, {"/open/catalog", "resources"}, {"/open/requests", "cases"}, {"/open", "resources"}, {"/applications", "applications"},
		{"/grants", "grants"}, {"/tasks", "tasks"}, {"/inbox", "tasks"}, {"/attachments", "attachments"}, {"/files", "attachments"},
		{"/scenarios", "scenarios"}, {"/registers", "register_entries"}, {"/delegations", "delegations"}, {"/changes", "cases"},
	} {
		if strings.HasPrefix(strings.TrimPrefix(path, api.Base), f.prefix) {
			table = f.table
			break
		}
	}
	if !strings.Contains(path, ":") {
		return []string{path}
	}
	ids := []string{newUUID(p.random)}
	p.known[ids[0]] = true
	if ghost := p.ghosts[table]; ghost != "" {
		ids = append(ids, ghost)
	}
	for range some {
		if all := p.ids[table]; len(all) > 0 {
			ids = append(ids, all[p.random.IntN(len(all))])
		}
	}
	slices.Sort(ids)
	var targets []string
	for _, id := range slices.Compact(ids) {
		segments := strings.Split(path, "/")
		for i, s := range segments {
			switch {
			case s == ":region":
				segments[i] = "city"
			case strings.HasPrefix(s, ":") && !strings.Contains(strings.Join(segments[:i], "/"), id):
				segments[i] = id
			case strings.HasPrefix(s, ":"):
				segments[i] = "answer"
			}
		}
		targets = append(targets, strings.Join(segments, "/"))
	}
	return targets
}

// bodies are what is sent where something is to be changed.
func (p *pair) bodies() []string {
	resource, of := p.ghosts["resources"], p.ghosts["cases"]
	if resource == "" {
		resource = newUUID(p.random)
	}
	if of == "" {
		of = newUUID(p.random)
	}
	return []string{
		`{}`,
		fmt.Sprintf(`{"purpose":"x","items":[{"resource_id":%q}],"mode":"query_api","term_months":1,"duty":"x"}`, resource),
		fmt.Sprintf(`{"resource_id":%q,"record_key":"1","fields":["x"],"problem":"x","case_id":%q,"number":"GHOST","to":"city-gongan-approver"}`, resource, of),
	}
}

// parameter is one of a query.
type parameter struct {
	Name   string `yaml:"name"`
	In     string `yaml:"in"`
	Ref    string `yaml:"$ref"`
	Schema struct {
		Type   string   `yaml:"type"`
		Format string   `yaml:"format"`
		Enum   []string `yaml:"enum"`
		Ref    string   `yaml:"$ref"`
	} `yaml:"schema"`
}

// queryParameters reads from the specification what each reading operation can be
// asked, by path as the server writes it.
func queryParameters(t testing.TB) map[string][]parameter {
	t.Helper()
	text, err := os.ReadFile("../../api/openapi.yaml")
	require.NoError(t, err)
	var spec struct {
		Paths      map[string]map[string]any `yaml:"paths"`
		Components struct {
			Parameters map[string]parameter `yaml:"parameters"`
		} `yaml:"components"`
	}
	require.NoError(t, yaml.Unmarshal(text, &spec))
	all := map[string][]parameter{}
	for path, operations := range spec.Paths {
		if operations["get"] == nil {
			continue
		}
		raw, err := yaml.Marshal(operations["get"])
		require.NoError(t, err)
		var operation struct {
			Parameters []parameter `yaml:"parameters"`
		}
		require.NoError(t, yaml.Unmarshal(raw, &operation))
		for _, q := range operation.Parameters {
			if q.Ref != "" {
				q = spec.Components.Parameters[q.Ref[strings.LastIndex(q.Ref, "/")+1:]]
			}
			if q.In == "query" {
				name := strings.NewReplacer("{", ":", "}", "").Replace(path)
				all[name] = append(all[name], q)
			}
		}
	}
	require.NotEmpty(t, all["/catalog"])
	return all
}

// values are some that a parameter can have.
func (p *pair) values(q parameter) []string {
	if len(q.Schema.Enum) > 0 {
		return q.Schema.Enum
	}
	switch {
	case q.Name == "q" || q.Name == "query":
		return p.words
	case q.Schema.Type == "boolean":
		return []string{"true", "false"}
	case q.Schema.Type == "integer":
		return []string{"1", "2"}
	case q.Schema.Format == "date":
		return []string{"2026-01-01"}
	case q.Name == "resource" || q.Name == "resource_id":
		return p.sample("resources", 2)
	case q.Name == "cursor":
		return nil
	}
	return []string{"shuozhou-gongan", "city-gongan", "conditional"}
}

func (p *pair) sample(table string, n int) []string {
	var some []string
	if ghost := p.ghosts[table]; ghost != "" {
		some = append(some, ghost)
	}
	for range n {
		some = append(some, p.ids[table][p.random.IntN(len(p.ids[table]))])
	}
	return some
}
