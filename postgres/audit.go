package postgres

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// AuditQuery asks for lines of the audit trail of a region and of what belongs to
// none. Zero fields do not narrow.
type AuditQuery struct {
	RegionID    string
	From, Until time.Time // the latter excluded
	Actor       string    // who acted: a user's id, or a part of their name or their department's
	Number      string    // of the case or application acted on, or its id
	Action      sharing.Action
}

// AuditLine is a line of the audit trail with what readers know its subject by.
type AuditLine struct {
	sharing.Entry
	Hash      string // hexadecimal, of the chain up to it
	Number    string // of the case or application; "" of anything else
	Procedure sharing.Procedure
}

const auditTables = `
	FROM trail t LEFT JOIN users u ON u.id = t.actor
		LEFT JOIN users b ON b.id = convert_from(t.entry, 'UTF8')::jsonb ->> 'on_behalf_of'
		LEFT JOIN departments d ON d.id = convert_from(t.entry, 'UTF8')::jsonb ->> 'department'
		LEFT JOIN cases c ON c.id::text = t.subject_id
		LEFT JOIN applications a ON a.id::text = t.subject_id `

// where narrows the trail.
func (q AuditQuery) where() where {
	var w where
	w.and("t.region_id IN (?, '')", q.RegionID)
	if !q.From.IsZero() {
		w.and("t.at >= ?", q.From)
	}
	if !q.Until.IsZero() {
		w.and("t.at < ?", q.Until)
	}
	if q.Action != "" {
		w.and("t.action = ?", q.Action)
	}
	if q.Actor != "" {
		w.and("(t.actor = ? OR t.actor IN (SELECT o.id FROM users o JOIN departments p ON p.id = o.department_id WHERE p.region_id = ? AND (o.name ILIKE ? OR p.name ILIKE ?)))", q.Actor, q.RegionID, like(q.Actor), like(q.Actor))
	}
	if q.Number != "" {
		w.and("t.subject_id IN (SELECT ? UNION SELECT id::text FROM cases WHERE number = ? UNION SELECT id::text FROM applications WHERE number = ?)", q.Number, q.Number, q.Number)
	}
	return w
}

// Audit returns one page of lines, the latest first.
func (s *Store) Audit(ctx context.Context, q AuditQuery, cursor string, limit int) (page []AuditLine, next string, total int, err error) {
	return list(ctx, s.pool, listing[AuditLine]{
		query: `SELECT t.entry, encode(t.hash, 'hex'), coalesce(u.name, ''), coalesce(d.name, ''), coalesce(b.name, ''), coalesce(c.number, a.number, ''), coalesce(c.procedure, '')` + auditTables,
		count: `SELECT count(*) FROM trail t `, where: q.where(),
		key: "t.seq", cast: "bigint", id: "t.seq::text", desc: true, cursor: cursor, limit: limit,
		scan: func(row pgx.Row) (AuditLine, error) {
			var (
				l                        AuditLine
				raw                      []byte
				name, department, behalf string
			)
			if err := row.Scan(&raw, &l.Hash, &name, &department, &behalf, &l.Number, &l.Procedure); err != nil {
				return l, err
			}
			err := json.Unmarshal(raw, &l.Entry)
			l.ActorName, l.DepartmentName, l.OnBehalfOfName = name, department, behalf
			return l, err
		},
		at: func(l AuditLine) (string, string) { seq := strconv.FormatInt(l.Seq, 10); return seq, seq },
	})
}

// TrailActions returns the actions that occur in the trail, in their order.
func (s *Store) TrailActions(ctx context.Context) ([]sharing.Action, error) {
	// From one value of the index to the next, not over all lines.
	rows, err := s.pool.Query(ctx, `
		WITH RECURSIVE one AS (
			(SELECT action FROM trail ORDER BY action LIMIT 1)
			UNION ALL SELECT (SELECT t.action FROM trail t WHERE t.action > one.action ORDER BY t.action LIMIT 1) FROM one WHERE one.action IS NOT NULL)
		SELECT action FROM one WHERE action IS NOT NULL`)
	if err != nil {
		return nil, translate(err)
	}
	actions, err := pgx.CollectRows(rows, pgx.RowTo[sharing.Action])
	return actions, translate(err)
}

// EntriesOf returns all lines of the trail with an action, the earliest first, with
// the names of who acted.
func (s *Store) EntriesOf(ctx context.Context, action sharing.Action) ([]sharing.Entry, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT t.entry, coalesce(u.name, ''), coalesce(d.name, '')
		FROM trail t LEFT JOIN users u ON u.id = t.actor LEFT JOIN departments d ON d.id = convert_from(t.entry, 'UTF8')::jsonb ->> 'department'
		WHERE t.action = $1 ORDER BY t.seq`, action)
	if err != nil {
		return nil, translate(err)
	}
	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Entry, error) {
		var (
			e                sharing.Entry
			raw              []byte
			name, department string
		)
		if err := row.Scan(&raw, &name, &department); err != nil {
			return e, err
		}
		err := json.Unmarshal(raw, &e)
		e.ActorName, e.DepartmentName = name, department
		return e, err
	})
	return entries, translate(err)
}

// CheckState is where a verification of the trail stands.
type CheckState string

const (
	CheckRunning CheckState = "running"
	CheckWhole   CheckState = "whole"  // the trail is what it was
	CheckBroken  CheckState = "broken" // it is not
	CheckFailed  CheckState = "failed" // it could not be read to its end
)

// TrailCheck is a verification of the trail.
type TrailCheck struct {
	ID        string
	RegionID  string // of who makes it; the trail is that of all regions
	By        string
	ByName    string
	State     CheckState
	StartedAt time.Time
	ToldAt    time.Time // its last sign of life
	EndedAt   *time.Time
	Seen      int64 // lines recomputed
	Total     int64
	Head      Head  // that it went to
	Compared  int64 // line of an earlier head that was to lie on the chain; 0 for none
	Rule      string
	At        int64 // the line at which the chain breaks
	Silent    bool  // it runs and gave no sign of life for a minute
}

const selectCheck = `
	SELECT k.id::text, k.region_id, k.by, coalesce(u.name, ''), k.state, k.started_at, k.told_at, k.ended_at, k.seen, k.total, k.head_seq, k.head_hash, k.compared, k.rule, k.at_seq,
		k.state = 'running' AND k.told_at < clock_timestamp() - interval '1 minute'
	FROM trail_checks k LEFT JOIN users u ON u.id = k.by `

func collectChecks(rows pgx.Rows, err error) ([]TrailCheck, error) {
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (TrailCheck, error) {
		var k TrailCheck
		err := row.Scan(&k.ID, &k.RegionID, &k.By, &k.ByName, &k.State, &k.StartedAt, &k.ToldAt, &k.EndedAt, &k.Seen, &k.Total, &k.Head.Seq, &k.Head.Hash,
			&k.Compared, &k.Rule, &k.At, &k.Silent)
		return k, err
	})
	return all, translate(err)
}

// TrailChecks returns the last verifications that somebody of the region made.
func (s *Store) TrailChecks(ctx context.Context, regionID string, limit int) ([]TrailCheck, error) {
	return collectChecks(s.pool.Query(ctx, selectCheck+`WHERE k.region_id = $1 ORDER BY k.started_at DESC, k.id LIMIT $2`, regionID, limit))
}

// TrailCheck returns a verification that somebody of the region made.
func (s *Store) TrailCheck(ctx context.Context, regionID, id string) (TrailCheck, error) {
	found, err := collectChecks(s.pool.Query(ctx, selectCheck+`WHERE k.region_id = $1 AND k.id::text = $2`, regionID, id))
	switch {
	case err != nil:
		return TrailCheck{}, err
	case len(found) == 0:
		return TrailCheck{}, &sharing.Error{Code: sharing.CodeNotFound}
	}
	return found[0], nil
}

// BeginCheck records that a verification begins. It reports false, and records
// nothing, when one of the region runs and gives signs of life.
func (t *Tx) BeginCheck(ctx context.Context, k TrailCheck) (bool, error) {
	const one = 0x6773636b // "gsck"
	if _, err := t.tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, one); err != nil {
		return false, err
	}
	tag, err := t.tx.Exec(ctx, `
		INSERT INTO trail_checks (id, region_id, by, state, compared) SELECT $1, $2, $3, 'running', $4
		WHERE NOT EXISTS (SELECT FROM trail_checks WHERE region_id = $2 AND state = 'running' AND told_at > clock_timestamp() - interval '1 minute')`,
		k.ID, k.RegionID, k.By, k.Compared)
	return tag.RowsAffected() > 0, err
}

// TellCheck records how far a verification is.
func (s *Store) TellCheck(ctx context.Context, id string, seen, total int64) error {
	_, err := s.pool.Exec(ctx, `UPDATE trail_checks SET seen = $2, total = $3, told_at = clock_timestamp() WHERE id = $1 AND state = 'running'`, id, seen, total)
	return translate(err)
}

// EndCheck records what a verification came to.
func (t *Tx) EndCheck(ctx context.Context, k TrailCheck) error {
	_, err := t.tx.Exec(ctx, `
		UPDATE trail_checks SET state = $2, seen = $3, total = $4, head_seq = $5, head_hash = $6, rule = $7, at_seq = $8, told_at = clock_timestamp(), ended_at = clock_timestamp()
		WHERE id = $1`, k.ID, k.State, k.Seen, k.Total, k.Head.Seq, k.Head.Hash, k.Rule, k.At)
	return err
}
