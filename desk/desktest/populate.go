package desktest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Populate writes n cases of several procedures in two regions straight into the
// tables, two thirds of them closed, with limits that were met, missed and halted at
// midnights of the last year, by random numbers from a seed.
func (r *Rig) Populate(n int, seed float64) {
	r.T.Helper()
	ctx := context.Background() // a benchmark's own ends with its first run
	db, err := pgx.Connect(ctx, r.Database.OwnerURL)
	check(r.T, err)
	defer func() { _ = db.Close(ctx) }()
	_, err = db.Exec(ctx, fmt.Sprintf(`
		SELECT setseed(%f);
		ALTER TABLE cases DISABLE TRIGGER cases_step;
		INSERT INTO applications (id, number, region_id, applicant_id, drafted_by, state, request, received_at, created_at, updated_at)
		VALUES ('00000000-0000-4000-8000-000000000001', 'A-%[1]f', 'shuozhou', 'shuozhou-minzheng', 'shuozhou-minzheng-requester', 'submitted', '{}', now(), now(), now())
		ON CONFLICT DO NOTHING;
		CREATE TEMP TABLE made AS
		SELECT gen_random_uuid() AS id, i, region, procedure, resource, provider, received, random() AS fate, random() AS pace, random() AS pause FROM (
			SELECT i, r.region_id AS region, (ARRAY['share','share','dispute','coordination','rectification'])[1 + floor(random() * 5)] AS procedure,
				r.id AS resource, r.department_id AS provider,
				date_trunc('day', now() AT TIME ZONE 'Asia/Shanghai' - (random() * 400 || ' days')::interval) AT TIME ZONE 'Asia/Shanghai' AS received
			FROM generate_series(1, %[2]d) i, LATERAL (SELECT * FROM resources WHERE region_id IN ('shuozhou', 'lishui') AND class = 'conditional'
				AND department_id NOT IN ('shuozhou-minzheng', 'lishui-minzheng') AND i > 0 ORDER BY random() LIMIT 1) r) x;
		INSERT INTO cases (id, number, procedure, title, content, application_id, region_id, regulation_id, resource_id, resource_version, class, grade, provider_id, applicant_id,
			state, request, fields, paper, received_at, created_at, updated_at, closed_at)
		SELECT id, 'P' || to_char(received, 'YYYYMMDD') || '-' || upper(substr(md5(i::text), 1, 8)), procedure, '=1+1 ' || i, CASE WHEN procedure = 'share' THEN NULL ELSE '{}'::jsonb END,
			CASE WHEN procedure = 'share' THEN '00000000-0000-4000-8000-000000000001'::uuid END, region, CASE region WHEN 'shuozhou' THEN 'shuozhou-2021@1' ELSE 'lishui-2020@1' END,
			resource, 1, 'conditional', 1 + floor(random() * 4), provider, region || '-minzheng', CASE WHEN fate < .66 THEN 'refused' ELSE 'answering' END, '{}', '{}', false,
			received, received, received, CASE WHEN fate < .66 THEN least(received + (pace * 20 || ' days')::interval, now()) END
		FROM made;
		INSERT INTO deadlines (id, case_id, duty, article, statutory, owes_id, clock, state, due_at, due_date, created_at, met_at)
		SELECT gen_random_uuid(), m.id, CASE WHEN m.pace < .7 THEN 'share.answer' ELSE 'share.provide' END, '16', true, m.provider,
			jsonb_build_object('budget', '{"n": 5, "unit": "working_days"}'::jsonb, 'start', to_char(m.received, 'YYYY-MM-DD"T"HH24:MI:SS') || 'Z'),
			CASE WHEN c.closed_at IS NOT NULL THEN 'met' WHEN m.pause < .1 THEN 'halted' ELSE 'running' END,
			CASE WHEN c.closed_at IS NOT NULL OR m.pause >= .1 THEN due END, CASE WHEN c.closed_at IS NOT NULL OR m.pause >= .1 THEN (due AT TIME ZONE 'Asia/Shanghai')::date - 1 END,
			m.received, c.closed_at
		FROM made m JOIN cases c USING (id), LATERAL (
			SELECT CASE WHEN c.closed_at IS NULL THEN date_trunc('day', now() AT TIME ZONE 'Asia/Shanghai' + (m.fate * 40 - 28 || ' days')::interval) AT TIME ZONE 'Asia/Shanghai'
				ELSE m.received + interval '12 days' END AS due) d;
		INSERT INTO decisions (case_id, agree, decision, decided_by, decided_at)
		SELECT m.id, true, '{}', 'shuozhou-gongan-approver', c.closed_at FROM made m JOIN cases c USING (id) WHERE c.closed_at IS NOT NULL AND c.procedure = 'share';
		DROP TABLE made;
		ALTER TABLE cases ENABLE TRIGGER cases_step`, seed, n))
	check(r.T, err)
	_, err = db.Exec(ctx, `VACUUM ANALYZE`) // as the server does by itself in time
	check(r.T, err)
}
