package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// GatewayQuestion asks whether a department may have fields of a resource now.
type GatewayQuestion struct {
	Department string
	Resource   string       // id or code
	Fields     []string     // all of them; none asks for whatever the grant has
	Mode       sharing.Mode // of the grant, exactly
	Purpose    string       // of the application, exactly; empty does not ask for one
}

// GatewayAnswer is the answer to one question; a denial is the zero value.
type GatewayAnswer struct {
	GrantID    string
	CaseNumber string
	Grade      sharing.Grade
	Purpose    string    // of the application
	Fields     []string  // that were asked for, or all of the grant
	Until      time.Time // the first instant at which the grant no longer holds
}

// Where the answers to a batch of questions stop.
const (
	StopNowhere  = ""
	StopAtDenial = "denial"
	StopAtPermit = "permit"
)

// AnswerGateway answers questions in their order, up to and with the one at which
// to stop, and counts each that is permitted as one call under its grant, by the
// user who asks and on the day in Shanghai. now is the database's clock.
//
// All happens in one statement. A grant that is just being changed is waited for,
// so that what is permitted was still granted when it is counted. The count alone
// is not waited for until it is on disk: a crash of the database may lose the last
// of it, and never a decision on a grant.
func (s *Store) AnswerGateway(ctx context.Context, scope sharing.Scope, by string, questions []GatewayQuestion, stop string) (answers []GatewayAnswer, now time.Time, err error) {
	type row struct {
		GatewayQuestion
		ID *uuid.UUID // of the resource, when it was named by one
	}
	rows := make([]row, len(questions))
	for i, q := range questions {
		q.Fields = append([]string{}, q.Fields...) // [] and not null
		rows[i].GatewayQuestion = q
		if id, err := uuid.Parse(q.Resource); err == nil && len(q.Resource) == len(id.String()) {
			rows[i].ID = &id
		}
	}
	asked, err := json.Marshal(rows)
	if err != nil {
		return nil, time.Time{}, err
	}
	var w where
	region := w.arg(scope.Subject.RegionID)
	w.see(scope, caseLabels)
	w.and(`r.id = coalesce(q.id, (SELECT o.id FROM resources o WHERE o.region_id = ` + region + ` AND o.code = q.resource))`)
	w.and(`NOT r.withdrawn AND c.applicant_id = q.department AND g.mode = q.mode AND g.fields @> q.fields`)
	w.and(`(q.purpose = '' OR btrim(c.request ->> 'purpose', E' \t\r\n') = q.purpose)`)
	w.and(grantHolds)
	query := `
		WITH clock AS MATERIALIZED (
			SELECT clock_timestamp() AS at, set_config('synchronous_commit', 'off', true) AS commits
		), answered AS MATERIALIZED (
			SELECT q.n, h.id, h.number, h.grade, h.purpose, h.valid_until, CASE WHEN q.fields = '{}' THEN h.fields ELSE q.fields END AS fields
			FROM ROWS FROM (jsonb_to_recordset(` + w.arg(string(asked)) + `::jsonb) AS
				("Department" text, "Resource" text, "Fields" text[], "Mode" text, "Purpose" text, "ID" uuid))
				WITH ORDINALITY AS q (department, resource, fields, mode, purpose, id, n)
			LEFT JOIN LATERAL (
				SELECT g.id, g.valid_until, g.fields, c.number, c.grade, c.request ->> 'purpose' AS purpose
				FROM resources r JOIN cases c ON c.resource_id = r.id JOIN grants g ON g.case_id = c.id
				` + w.String() + `
				ORDER BY g.valid_until DESC LIMIT 1 FOR SHARE OF g
			) h ON true
		), told AS MATERIALIZED (
			SELECT a.* FROM answered a WHERE a.n <= coalesce((
				SELECT min(o.n) FROM answered o WHERE (o.id IS NULL) = (` + w.arg(stop) + `::text = '` + StopAtDenial + `')), a.n)
				OR ` + w.arg(stop) + ` = '` + StopNowhere + `'
		), counted AS (
			INSERT INTO grant_use (grant_id, day, calls, rows, fields, last_at, doubts, reported_by, reported_at)
			SELECT t.id, (clock.at AT TIME ZONE 'Asia/Shanghai')::date, count(*), 0,
				ARRAY(SELECT DISTINCT f FROM told o, unnest(o.fields) f WHERE o.id = t.id ORDER BY f),
				clock.at, '{}', ` + w.arg(by) + `, clock.at
			FROM told t, clock WHERE t.id IS NOT NULL GROUP BY t.id, clock.at
		)
		SELECT coalesce(t.id::text, ''), coalesce(t.number, ''), coalesce(t.grade, 0), coalesce(t.purpose, ''), t.fields, t.valid_until, clock.at FROM told t, clock ORDER BY t.n`
	found, err := s.pool.Query(ctx, query, w.args...)
	if err != nil {
		return nil, time.Time{}, translate(err)
	}
	answers, err = pgx.CollectRows(found, func(row pgx.CollectableRow) (GatewayAnswer, error) {
		var (
			a     GatewayAnswer
			until *time.Time
		)
		err := row.Scan(&a.GrantID, &a.CaseNumber, &a.Grade, &a.Purpose, &a.Fields, &until, &now)
		a.Until = fromInstant(until)
		if a.GrantID == "" {
			a = GatewayAnswer{}
		}
		return a, err
	})
	return answers, now, translate(err)
}
