package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Answered are matters that a department answered on the same days and alike: share
// applications, open-data requests, disputes it verified.
type Answered struct {
	Department sharing.Department
	Agree      bool
	Counts     bool // agreements or refusals; false for disputes
	Late       bool // not within the limit or target that the answer met
	// Since is the day from which the limit ran, or without one the day of receipt;
	// Day is that of the answer.
	Since, Day sharing.Date
	Pauses     []sharing.Suspension // when the clock stood still
	N          int                  // how many
}

// shanghaiDay is the first instant of the day, as [sharing.DateOf] tells days, in
// which an instant lies.
func shanghaiDay(instant string) string {
	return "date_bin('1 day', " + instant + ", '2000-01-01 00:00:00+08')"
}

// Answers returns what the departments of a region answered from the instant on
// and before until.
func (s *Store) Answers(ctx context.Context, regionID string, from, until time.Time) ([]Answered, error) {
	// How many answers there are depends on the stretch of time, and so does the plan:
	// it is made for each.
	rows, err := s.pool.Query(ctx, `
		WITH given AS (
			SELECT case_id, agree, true AS counts, decided_at AS at FROM decisions
			UNION ALL
			SELECT case_id, coalesce((body ->> 'agree')::boolean, true), action <> 'verify', at FROM acts
			WHERE action IN ('answer_opening', 'verify') OR action = 'screen' AND NOT (body ->> 'agree')::boolean)
		SELECT d.id, d.region_id, d.name, d.name_en, d.kind, a.agree, a.counts, a.late, a.since, a.day, a.pauses, a.n
		FROM (SELECT coalesce(l.owes_id, c.provider_id) AS department, g.agree, g.counts, coalesce(g.at >= l.due_at, false) AS late,
				`+shanghaiDay(`coalesce((l.clock ->> 'start')::timestamptz, c.received_at)`)+` AS since, `+shanghaiDay(`g.at`)+` AS day,
				l.clock -> 'suspensions' AS pauses, count(*) AS n
			FROM given g JOIN cases c ON c.id = g.case_id
				LEFT JOIN deadlines l ON l.case_id = g.case_id AND l.met_at = g.at AND l.met_at >= $2 AND l.met_at < $3
					AND l.state = 'met' AND l.duty IN ('share.answer', 'open.answer', 'dispute.verify')
			WHERE c.region_id = $1 AND g.at >= $2 AND g.at < $3
			GROUP BY 1, 2, 3, 4, 5, 6, 7) a
		JOIN departments d ON d.id = a.department`, pgx.QueryExecModeCacheDescribe, regionID, from, until)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Answered, error) {
		var (
			a          Answered
			since, day time.Time
		)
		err := row.Scan(&a.Department.ID, &a.Department.RegionID, &a.Department.Name, &a.Department.NameEN, &a.Department.Kind,
			&a.Agree, &a.Counts, &a.Late, &since, &day, &a.Pauses, &a.N)
		a.Since, a.Day = sharing.DateOf(since), sharing.DateOf(day)
		return a, err
	})
	return all, translate(err)
}

// Standing are a department's figures of a period that need no calendar of working
// days.
type Standing struct {
	Department sharing.Department
	Overdue    int // what it owed and had not done when the period ended
	Overturned int // refusals that coordination overturned
	Disputes   int // doubts about its data that were received
	Corrected  int // of those decided, data that was wrong
	Cycled     int // entries with an update cycle that days can tell, now
	Fresh      int // of those, not past it
}

// StandingFigures counts, for every department of a region, what its standing was
// from the instant on and before until.
func (s *Store) StandingFigures(ctx context.Context, regionID string, from, until time.Time) ([]Standing, error) {
	rows, err := s.pool.Query(ctx, `
		WITH owed AS (
			SELECT owes_id, count(*) AS overdue FROM (
				SELECT owes_id FROM deadlines WHERE state = 'running' AND due_at <= least($3, clock_timestamp())
				UNION ALL
				SELECT owes_id FROM deadlines WHERE state = 'met' AND met_at >= due_at AND met_at >= $3 AND due_at <= least($3, clock_timestamp())) l
			GROUP BY owes_id),
		disputed AS (
			SELECT provider_id,
				count(*) FILTER (WHERE procedure = 'coordination' AND state = 'overturned' AND closed_at >= $2 AND closed_at < $3) AS overturned,
				count(*) FILTER (WHERE procedure = 'dispute' AND received_at >= $2 AND received_at < $3) AS disputes,
				count(*) FILTER (WHERE procedure = 'dispute' AND state = 'corrected' AND closed_at >= $2 AND closed_at < $3) AS corrected
			FROM cases WHERE procedure IN ('coordination', 'dispute') GROUP BY provider_id),
		kept AS (
			SELECT r.department_id, count(*) AS cycled, count(*) FILTER (WHERE `+cycleEnds+` >= (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date) AS fresh
			FROM resources r WHERE r.region_id = $1 AND r.cycle = ANY($4) GROUP BY r.department_id)
		SELECT d.id, d.region_id, d.name, d.name_en, d.kind, coalesce(o.overdue, 0),
			coalesce(c.overturned, 0), coalesce(c.disputes, 0), coalesce(c.corrected, 0), coalesce(k.cycled, 0), coalesce(k.fresh, 0)
		FROM departments d LEFT JOIN owed o ON o.owes_id = d.id LEFT JOIN disputed c ON c.provider_id = d.id LEFT JOIN kept k ON k.department_id = d.id
		WHERE d.region_id = $1 AND d.kind <> 'public' ORDER BY d.name, d.id`, regionID, from, until, sharing.Cycles)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Standing, error) {
		var f Standing
		err := row.Scan(&f.Department.ID, &f.Department.RegionID, &f.Department.Name, &f.Department.NameEN, &f.Department.Kind,
			&f.Overdue, &f.Overturned, &f.Disputes, &f.Corrected, &f.Cycled, &f.Fresh)
		return f, err
	})
	return all, translate(err)
}
