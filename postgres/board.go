package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"gongshu/sharing"
)

// Tally counts the open clocks of one duty that one department owes on cases of
// one procedure under one regulation.
type Tally struct {
	Department   sharing.Department
	Procedure    sharing.Procedure
	Duty         string
	RegulationID string
	Open         int
	DueSoon      int
	Overdue      int
}

// Tallies counts, over the cases the scopes allow, what is owed: open clocks, those
// due after now and up to soon, and those overdue at now.
func (s *Store) Tallies(ctx context.Context, scopes sharing.Scopes, now, soon time.Time) ([]Tally, error) {
	var w where
	w.seeCases(scopes)
	w.and("l.state IN ('running', 'halted')")
	at, horizon := w.arg(now), w.arg(soon)
	rows, err := s.pool.Query(ctx, `
		SELECT o.id, o.region_id, o.name, o.name_en, o.kind, n.procedure, n.duty, n.regulation_id, n.open, n.soon, n.overdue
		FROM (SELECT l.owes_id, c.procedure, l.duty, c.regulation_id, count(*) AS open,
				count(*) FILTER (WHERE l.state = 'running' AND l.due_at > `+at+` AND l.due_at <= `+horizon+`) AS soon,
				count(*) FILTER (WHERE l.state = 'running' AND l.due_at <= `+at+`) AS overdue
			FROM cases c JOIN deadlines l ON l.case_id = c.id `+w.String()+`
			GROUP BY l.owes_id, c.procedure, l.duty, c.regulation_id) n
		JOIN departments o ON o.id = n.owes_id ORDER BY o.id, n.procedure, n.duty, n.regulation_id`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	tallies, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Tally, error) {
		var t Tally
		err := row.Scan(&t.Department.ID, &t.Department.RegionID, &t.Department.Name, &t.Department.NameEN, &t.Department.Kind,
			&t.Procedure, &t.Duty, &t.RegulationID, &t.Open, &t.DueSoon, &t.Overdue)
		return t, err
	})
	return tallies, translate(err)
}

// EachOpenDeadline calls do with the running clocks that [Store.OpenDeadlines] would
// list, one after the other and limit at most, without holding them all.
func (s *Store) EachOpenDeadline(ctx context.Context, scopes sharing.Scopes, f DeadlineFilter, limit int, do func(OpenDeadline) error) error {
	w := f.where(scopes)
	rows, err := s.pool.Query(ctx, selectOpenDeadline+w.String()+` ORDER BY l.due_at, l.id LIMIT `+w.arg(limit), w.args...)
	return each(rows, err, scanOpenDeadline, do)
}

// each calls do with every row; its error ends the reading.
func each[T any](rows pgx.Rows, err error, scan func(pgx.Row) (T, error), do func(T) error) error {
	if err != nil {
		return translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return translate(err)
		}
		if err := do(one); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

// Chase is who has what a clock measures to do, and what was done about it.
type Chase struct {
	// Holder is the department that has the open task of the case, and TakenBy the
	// name of the one who took it; empty where there is none.
	Holder  sharing.Department
	TakenBy string
	// Rung is the last rung of the ladder that the clock has climbed; "" for none.
	Rung   sharing.RungKind
	RungAt *time.Time
	// Urged is when anybody last urged the case, and UrgedBy the department.
	Urged   *time.Time
	UrgedBy sharing.Department
	// UrgedOn is whether the asking department urged it on the asking day.
	UrgedOn bool
	// Supervised is when the case was last taken under supervision.
	Supervised   *time.Time
	SupervisedBy sharing.Department
	ReplyBy      sharing.Date
	Replied      *time.Time
}

// Chases returns what was done about clocks, by their ids, for a department that
// asks on a day.
func (s *Store) Chases(ctx context.Context, deadlineIDs []string, departmentID string, on sharing.Date) (map[string]Chase, error) {
	all := make(map[string]Chase, len(deadlineIDs))
	if len(deadlineIDs) == 0 {
		return all, nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT l.id::text,
			coalesce(h.id, ''), coalesce(h.region_id, ''), coalesce(h.name, ''), coalesce(h.name_en, ''), coalesce(h.kind, ''), coalesce(taker.name, ''),
			coalesce(g.kind, ''), g.fired_at,
			u.at, coalesce(ud.id, ''), coalesce(ud.name, ''), coalesce(ud.name_en, ''),
			EXISTS (SELECT FROM urges WHERE case_id = l.case_id AND department_id = $2 AND day = $3),
			s.at, coalesce(sd.id, ''), coalesce(sd.name, ''), coalesce(sd.name_en, ''), s.reply_by, s.replied_at
		FROM deadlines l
			LEFT JOIN tasks t ON t.case_id = l.case_id AND t.state = 'open' LEFT JOIN departments h ON h.id = t.department_id
			LEFT JOIN users taker ON taker.id = t.claimed_by
			LEFT JOIN LATERAL (SELECT kind, fired_at FROM rungs WHERE deadline_id = l.id AND fired_at IS NOT NULL ORDER BY due_at DESC, day_offset DESC LIMIT 1) g ON true
			LEFT JOIN LATERAL (SELECT at, department_id FROM urges WHERE case_id = l.case_id ORDER BY at DESC LIMIT 1) u ON true
			LEFT JOIN departments ud ON ud.id = u.department_id
			LEFT JOIN LATERAL (SELECT at, department_id, reply_by, replied_at FROM supervisions WHERE case_id = l.case_id ORDER BY at DESC LIMIT 1) s ON true
			LEFT JOIN departments sd ON sd.id = s.department_id
		WHERE l.id = ANY($1::uuid[])`, deadlineIDs, departmentID, day(on))
	if err != nil {
		return nil, translate(err)
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var (
			id      string
			c       Chase
			replyBy pgtype.Date
		)
		err := row.Scan(&id, &c.Holder.ID, &c.Holder.RegionID, &c.Holder.Name, &c.Holder.NameEN, &c.Holder.Kind, &c.TakenBy, &c.Rung, &c.RungAt,
			&c.Urged, &c.UrgedBy.ID, &c.UrgedBy.Name, &c.UrgedBy.NameEN, &c.UrgedOn,
			&c.Supervised, &c.SupervisedBy.ID, &c.SupervisedBy.Name, &c.SupervisedBy.NameEN, &replyBy, &c.Replied)
		c.ReplyBy = fromDay(replyBy)
		all[id] = c
		return struct{}{}, err
	})
	return all, translate(err)
}

// OpenByProcedure counts the open cases of some procedures that the scopes allow.
func (s *Store) OpenByProcedure(ctx context.Context, scopes sharing.Scopes, procedures ...sharing.Procedure) (map[sharing.Procedure]int, error) {
	var w where
	w.seeCases(scopes)
	w.and("c.closed_at IS NULL AND c.procedure = ANY(?)", procedures)
	rows, err := s.pool.Query(ctx, `SELECT c.procedure, count(*) FROM cases c `+w.String()+` GROUP BY c.procedure`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	counts := map[sharing.Procedure]int{}
	var (
		p sharing.Procedure
		n int
	)
	_, err = pgx.ForEachRow(rows, []any{&p, &n}, func() error {
		counts[p] = n
		return nil
	})
	return counts, translate(err)
}

// Stretch are the counts of one stretch of time.
type Stretch struct {
	Received   int // cases received
	Closed     int // cases closed
	ClosedLate int // of those, with a limit or target that was met late
	Overdue    int // clocks that had passed their end and were not met when the stretch ended
}

// Trend counts, over the cases the scopes allow and the provider of which is the
// given department unless that is "", what happened between each two of the edges,
// which rise: n edges make n-1 stretches. What stood still at the end of a stretch
// and was resumed since counts as if it had not.
func (s *Store) Trend(ctx context.Context, scopes sharing.Scopes, departmentID string, edges []time.Time) ([]Stretch, error) {
	n := len(edges) - 1
	all := make([]Stretch, n)
	var w where
	w.seeCases(scopes)
	at := w.arg(edges)
	first, last := w.arg(edges[0]), w.arg(edges[n])
	if departmentID != "" {
		w.and("c.provider_id = ?", departmentID)
	}
	rows, err := s.pool.Query(ctx, `
		WITH came AS (
			SELECT width_bucket(c.received_at, `+at+`::timestamptz[]) AS n FROM cases c `+w.String()+` AND c.received_at >= `+first+` AND c.received_at < `+last+`),
		went AS (
			SELECT width_bucket(c.closed_at, `+at+`::timestamptz[]) AS n, `+metLate+` AS late FROM cases c `+w.String()+` AND c.closed_at >= `+first+` AND c.closed_at < `+last+`),
		missed AS (
			SELECT l.case_id, l.due_at, NULL::timestamptz AS met_at FROM deadlines l WHERE l.state = 'running' AND l.due_at <= `+last+`
			UNION ALL
			SELECT l.case_id, l.due_at, l.met_at FROM deadlines l WHERE l.state = 'met' AND l.met_at >= l.due_at AND l.met_at >= `+first+` AND l.due_at <= `+last+`)
		SELECT 'received', n, count(*) FROM came GROUP BY n
		UNION ALL
		SELECT 'closed', n, count(*) FROM went GROUP BY n
		UNION ALL
		SELECT 'late', n, count(*) FROM went WHERE late GROUP BY n
		UNION ALL
		SELECT 'overdue', e.n::integer - 1, count(*)
		FROM unnest(`+at+`::timestamptz[]) WITH ORDINALITY e (at, n), (SELECT l.* FROM missed l JOIN cases c ON c.id = l.case_id `+w.String()+`) l
		WHERE e.n > 1 AND l.due_at <= e.at AND (l.met_at IS NULL OR l.met_at >= e.at) GROUP BY e.n`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	var (
		what         string
		stretch, sum int
	)
	_, err = pgx.ForEachRow(rows, []any{&what, &stretch, &sum}, func() error {
		one := &all[stretch-1]
		switch what {
		case "received":
			one.Received = sum
		case "closed":
			one.Closed = sum
		case "late":
			one.ClosedLate = sum
		default:
			one.Overdue = sum
		}
		return nil
	})
	return all, translate(err)
}

// metLate is true of a case on which a limit or target was met late.
const metLate = `c.id IN (SELECT l.case_id FROM deadlines l WHERE l.state = 'met' AND l.met_at >= l.due_at)`
