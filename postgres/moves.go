package postgres

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// MoveLine is a line of the audit trail on a limit that the calendar moved.
type MoveLine struct {
	Case sharing.Case
	Seq  int64
	At   time.Time
	Data map[string]string
}

// moved has the lines on moved limits; trail_moved indexes them.
const moved = ` JOIN trail t ON t.subject_id::uuid = c.id AND t.action = 'calendar_moved' `

// movedBy is the numbers of the notices that moved a limit, in one text.
const movedBy = `convert_from(t.entry, 'UTF8')::jsonb #>> '{data,notice}'`

// noticeSeparator stands between the numbers of several notices.
const noticeSeparator = "、"

// Moves returns one page of the limits that the calendar moved on cases the scopes
// allow, the last first; by one notice only, unless it is "".
func (s *Store) Moves(ctx context.Context, scopes sharing.Scopes, notice, cursor string, limit int) (page []MoveLine, next string, total int, err error) {
	var w where
	w.seeCases(scopes)
	if notice != "" {
		w.and("? = ANY(string_to_array("+movedBy+", '"+noticeSeparator+"'))", notice)
	}
	return list(ctx, s.pool, listing[MoveLine]{
		query: `SELECT t.seq, t.at, t.entry, ` + caseColumns + caseTables + moved, count: `SELECT count(*) FROM cases c ` + moved, where: w,
		key: "t.seq", cast: "bigint", id: "t.seq::text", desc: true, cursor: cursor, limit: limit,
		scan: func(row pgx.Row) (MoveLine, error) {
			var (
				m     MoveLine
				raw   []byte
				entry sharing.Entry
			)
			if err := row.Scan(append([]any{&m.Seq, &m.At, &raw}, caseTargets(&m.Case)...)...); err != nil {
				return m, err
			}
			err := json.Unmarshal(raw, &entry)
			m.Data = entry.Data
			return m, err
		},
		at: func(m MoveLine) (string, string) { seq := strconv.FormatInt(m.Seq, 10); return seq, seq },
	})
}

// MovedByNotice counts the limits that the calendar moved on cases the scopes allow,
// in all and by the number of each notice that had a part in it.
func (s *Store) MovedByNotice(ctx context.Context, scopes sharing.Scopes) (by map[string]int, total int, err error) {
	var w where
	w.seeCases(scopes)
	rows, err := s.pool.Query(ctx, `SELECT coalesce(`+movedBy+`, ''), count(*) FROM cases c `+moved+w.String()+` GROUP BY 1`, w.args...)
	if err != nil {
		return nil, 0, translate(err)
	}
	by = map[string]int{}
	var (
		sources string
		n       int
	)
	_, err = pgx.ForEachRow(rows, []any{&sources, &n}, func() error {
		total += n
		for source := range strings.SplitSeq(sources, noticeSeparator) {
			by[source] += n
		}
		return nil
	})
	return by, total, translate(err)
}

// CountMoved counts the limits that the calendar moved on cases the scopes allow.
func (s *Store) CountMoved(ctx context.Context, scopes sharing.Scopes) (int, error) {
	var w where
	w.seeCases(scopes)
	var n int
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM cases c `+moved+w.String(), w.args...).Scan(&n)
	return n, translate(err)
}

// ProvisionalClocks counts the running clocks with a provisional due date on cases
// the scopes allow.
func (s *Store) ProvisionalClocks(ctx context.Context, scopes sharing.Scopes) (int, error) {
	var w where
	w.seeCases(scopes)
	w.and("l.state = 'running' AND l.provisional")
	var n int
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM cases c JOIN deadlines l ON l.case_id = c.id `+w.String(), w.args...).Scan(&n)
	return n, translate(err)
}

// OpenByRegulation counts the open cases the scopes allow, by the regulation they run
// under.
func (s *Store) OpenByRegulation(ctx context.Context, scopes sharing.Scopes) (map[string]int, error) {
	var w where
	w.seeCases(scopes)
	w.and("c.closed_at IS NULL")
	rows, err := s.pool.Query(ctx, `SELECT c.regulation_id, count(*) FROM cases c `+w.String()+` GROUP BY 1`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	counts := map[string]int{}
	var (
		id string
		n  int
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		counts[id] = n
		return nil
	})
	return counts, translate(err)
}
