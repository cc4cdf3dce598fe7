package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Answered is one matter that a department answered: a share application, an
// open-data request, a dispute it verified.
type Answered struct {
	Department sharing.Department
	Agree      bool
	Counts     bool // an agreement or refusal; false for a dispute
	ReceivedAt time.Time
	At         time.Time
	// DueAt of the limit or target it was answered within, the start of its clock and
	// when that stood still; nil for none.
	DueAt  *time.Time
	Start  *time.Time
	Pauses []sharing.Suspension
}

// Answers returns what the departments of a region answered from the instant on
// and before until.
func (s *Store) Answers(ctx context.Context, regionID string, from, until time.Time) ([]Answered, error) {
	rows, err := s.pool.Query(ctx, `
		WITH given AS (
			SELECT case_id, agree, true AS counts, decided_at AS at FROM decisions
			UNION ALL
			SELECT case_id, coalesce((body ->> 'agree')::boolean, true), action <> 'verify', at FROM acts
			WHERE action IN ('answer_opening', 'verify') OR action = 'screen' AND NOT (body ->> 'agree')::boolean)
		SELECT d.id, d.region_id, d.name, d.name_en, d.kind, g.agree, g.counts, c.received_at, g.at, l.due_at, (l.clock ->> 'start')::timestamptz, l.clock -> 'suspensions'
		FROM given g JOIN cases c ON c.id = g.case_id
			LEFT JOIN LATERAL (
				SELECT owes_id, clock, due_at FROM deadlines
				WHERE case_id = c.id AND duty IN ('share.answer', 'open.answer', 'dispute.verify') AND state = 'met' ORDER BY met_at DESC LIMIT 1) l ON true
			JOIN departments d ON d.id = coalesce(l.owes_id, c.provider_id)
		WHERE c.region_id = $1 AND g.at >= $2 AND g.at < $3`, regionID, from, until)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Answered, error) {
		var a Answered
		err := row.Scan(&a.Department.ID, &a.Department.RegionID, &a.Department.Name, &a.Department.NameEN, &a.Department.Kind,
			&a.Agree, &a.Counts, &a.ReceivedAt, &a.At, &a.DueAt, &a.Start, &a.Pauses)
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
		SELECT d.id, d.region_id, d.name, d.name_en, d.kind,
			(SELECT count(*) FROM deadlines l JOIN cases c ON c.id = l.case_id
				WHERE l.owes_id = d.id AND l.due_at <= least($3, clock_timestamp()) AND (l.state = 'running' OR l.state = 'met' AND l.met_at >= $3)),
			(SELECT count(*) FROM cases c WHERE c.provider_id = d.id AND c.procedure = 'coordination' AND c.state = 'overturned'
				AND c.closed_at >= $2 AND c.closed_at < $3),
			(SELECT count(*) FROM cases c WHERE c.provider_id = d.id AND c.procedure = 'dispute' AND c.received_at >= $2 AND c.received_at < $3),
			(SELECT count(*) FROM cases c WHERE c.provider_id = d.id AND c.procedure = 'dispute' AND c.state = 'corrected'
				AND c.closed_at >= $2 AND c.closed_at < $3),
			r.cycled, r.fresh
		FROM departments d, LATERAL (
			SELECT count(*) AS cycled, count(*) FILTER (WHERE `+cycleEnds+` >= (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date) AS fresh
			FROM resources r WHERE r.department_id = d.id AND r.cycle = ANY($4)) r
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
