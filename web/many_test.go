package web

import (
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/desk"
	"gongshu/desk/desktest"
)

var (
	many        = flag.Int("many", 0, "how many cases TestManyCases measures the pages with; 0 leaves it out")
	manyEntries = flag.Int("many-entries", 0, "how many catalog entries besides")
	manySlow    = flag.Int("many-slow", -1, "have the database log statements that take as many milliseconds")
)

// populate puts cases of every age and state, with their clocks and tasks, and entries
// into one region.
func populate(t *testing.T, rig *desktest.Rig, cases, entries int) {
	t.Helper()
	ctx := t.Context()
	db, err := pgx.Connect(ctx, rig.Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	for _, statement := range []string{
		`SET session_replication_role = replica`,
		`CREATE TEMP TABLE kit AS SELECT row_number() OVER () - 1 AS n, r.id AS resource, r.title, r.class, r.grade, r.department_id AS provider, u.department_id AS applicant, u.id AS person
			FROM resources r JOIN users u ON u.department_id <> r.department_id AND u.roles::text LIKE '%requester%' JOIN departments d ON d.id = u.department_id AND d.region_id = 'shuozhou'
			WHERE r.region_id = 'shuozhou' AND r.class = 'conditional'`,
		fmt.Sprintf(`CREATE TEMP TABLE seeds AS SELECT i, gen_random_uuid() AS id, gen_random_uuid() AS application, gen_random_uuid() AS deadline, kit.*,
			now() - (i %% 900) * interval '1 day' - i * interval '1 second' AS received,
			CASE WHEN i %% 12 = 0 THEN 'answering' WHEN i %% 40 = 1 THEN 'completing' WHEN i %% 5 < 2 THEN 'in_use' WHEN i %% 5 = 2 THEN 'refused' WHEN i %% 5 = 3 THEN 'ended' ELSE 'withdrawn' END AS state
			FROM generate_series(1, %d) i JOIN kit ON kit.n = (i * 7919) %% (SELECT count(*) FROM kit)`, cases),
		`INSERT INTO applications (id, number, region_id, applicant_id, drafted_by, state, version, request, received_at, created_at, updated_at)
			SELECT application, 'S20260101-' || lpad(i::text, 8, '0'), 'shuozhou', applicant, person, 'submitted', 2, '{"purpose": "救助审核", "duty": "社会救助", "mode": "query_api", "term_months": 12}', received, received, received FROM seeds`,
		`INSERT INTO cases (id, number, application_id, region_id, regulation_id, resource_id, resource_version, class, grade, provider_id, applicant_id, applicant_user, state, version, checked_version,
			request, fields, paper, received_at, created_at, updated_at, closed_at, procedure, title)
			SELECT id, 'G20260101-' || lpad(i::text, 8, '0'), application, 'shuozhou', 'shuozhou-2021@1', resource, 1, class, grade, provider, applicant, person, state, 1, 1,
			'{"purpose": "救助审核", "duty": "社会救助", "mode": "query_api", "term_months": 12}', '{}', false, received, received, received,
			CASE WHEN state IN ('refused', 'ended', 'withdrawn') THEN received + interval '4 days' END, 'share', title FROM seeds`,
		`INSERT INTO deadlines (id, case_id, duty, article, statutory, owes_id, clock, state, due_at, due_date, created_at, met_at)
			SELECT deadline, id, 'share.answer', '16', true, provider, '{"budget": {"n": 5, "unit": "working_days"}, "start": "2026-01-01T00:00:00+08:00"}',
			CASE state WHEN 'answering' THEN 'running' WHEN 'completing' THEN 'halted' ELSE 'met' END, now() + ((i % 40) - 10) * interval '12 hours', current_date, received,
			CASE WHEN state NOT IN ('answering', 'completing') THEN received + interval '4 days' END FROM seeds`,
		`INSERT INTO tasks (id, case_id, kind, department_id, deadline_id, state, claimed_by, done_by, created_at, done_at)
			SELECT gen_random_uuid(), s.id, CASE state WHEN 'completing' THEN 'complete' ELSE 'answer' END, CASE state WHEN 'completing' THEN applicant ELSE provider END, deadline,
			CASE WHEN state IN ('answering', 'completing') THEN 'open' ELSE 'done' END, NULL,
			CASE WHEN state NOT IN ('answering', 'completing') THEN provider || '-approver' END, received, CASE WHEN state NOT IN ('answering', 'completing') THEN received + interval '4 days' END FROM seeds s`,
		`INSERT INTO decisions (case_id, agree, decision, decided_by, decided_at)
			SELECT id, state <> 'refused', CASE state WHEN 'refused' THEN '{"reasons": "超出必需", "basis": [{"law": "管理办法", "article": "第十六条"}]}' ELSE '{"agree": true}' END::jsonb, provider || '-approver', received + interval '4 days'
			FROM seeds WHERE state IN ('refused', 'in_use', 'ended')`,
		`INSERT INTO grants (id, case_id, valid_from, valid_until, fields, mode)
			SELECT gen_random_uuid(), id, received, received + interval '2 years', '{name}', 'query_api' FROM seeds WHERE state = 'in_use'`,
		fmt.Sprintf(`INSERT INTO resources (id, region_id, department_id, code, title, description, class, open_class, grade, cycle, format, modes, base, fields, haystack)
			SELECT gen_random_uuid(), 'shuozhou', r.department_id, 'ZZ-' || i, r.title || '（' || i || '）', r.description, r.class, r.open_class, r.grade, r.cycle, r.format, r.modes, r.base, r.fields, r.haystack || ' ' || i
			FROM generate_series(1, %d) i JOIN kit ON kit.n = i %% (SELECT count(*) FROM kit) JOIN resources r ON r.id = kit.resource`, entries),
		`VACUUM ANALYZE`, // as the server does by itself in time
		fmt.Sprintf(`ALTER SYSTEM SET log_min_duration_statement = %d`, *manySlow),
		`SELECT pg_reload_conf()`,
	} {
		if _, err := db.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement[:min(60, len(statement))], err)
		}
	}
}

// The pages that people live in stay quick with very many cases. Run it with
// go test ./web -run TestManyCases -many 100000 -v.
func TestManyCases(t *testing.T) {
	if *many == 0 {
		t.Skip("without -many")
	}
	rig := desktest.New(t)
	populate(t, rig, *many, *manyEntries)
	base := serve(t, rig)
	paths := []string{"/", "/inbox", "/inbox?light=red&sort=received", "/inbox?q=%E4%BA%BA%E5%8F%A3", "/inbox?tab=done", "/inbox?tab=mine",
		"/cases", "/cases?as=applicant", "/catalog", "/catalog?q=%E4%BA%BA%E5%8F%A3&grade=3", "/catalog?sort=updated", "/grants",
		"/board", "/board/trend", "/board/trend?by=month", "/bulletin", "/search?q=%E4%BA%BA%E5%8F%A3"}
	for _, user := range []string{"shuozhou-minzheng-requester", "shuozhou-gongan-approver", "shuozhou-gongan-head", "shuozhou-authority-officer"} {
		g := as(t, base, user)
		who := rig.User(user)
		seen, err := rig.Cases(t.Context(), who, desk.CaseQuery{Limit: 1})
		if err != nil || len(seen.Items) == 0 {
			t.Fatalf("%s sees no case: %v", user, err)
		}
		for _, path := range append(slices.Clone(paths), "/cases/"+seen.Items[0].Number) {
			if (strings.HasPrefix(path, "/board") || path == "/bulletin") && !rig.MayWatch(who) {
				continue
			}
			g.get(path) // what a connection has not planned yet is not measured
			var took []time.Duration
			for range 20 {
				start := time.Now()
				if a := g.get(path); a.status != http.StatusOK {
					t.Fatalf("%s: %d", path, a.status)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			t.Logf("%-28s %-40s p50 %4d ms  p95 %4d ms", user, path, took[len(took)/2].Milliseconds(), took[len(took)*95/100].Milliseconds())
		}
	}
}
