package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"gongshu/sharing"
)

// HoldGrants returns those of the grants that the scope allows, by id, and keeps
// what becomes of them from changing until the transaction ends: use is recorded
// before a revocation or after it.
func (t *Tx) HoldGrants(ctx context.Context, scope sharing.Scope, ids []string) (map[string]sharing.Grant, error) {
	// First the locks, then a look with what was committed meanwhile.
	if _, err := t.tx.Exec(ctx, `SELECT FROM (SELECT g.id FROM grants g WHERE g.id::text = ANY($1) ORDER BY g.id FOR SHARE OF g) held`, ids); err != nil {
		return nil, err
	}
	var w where
	w.see(scope, caseLabels)
	w.and("g.id::text = ANY(?)", ids)
	rows, err := t.tx.Query(ctx, selectGrant+w.String(), w.args...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Grant, error) { return scanGrant(row) })
	byID := make(map[string]sharing.Grant, len(found))
	for _, g := range found {
		byID[g.ID] = g
	}
	return byID, err
}

// Use is a report of a gateway that is kept.
type Use struct {
	sharing.UseReport
	Doubts []sharing.Doubt
	By     string // user
	At     time.Time
}

// PutUse keeps reports of use.
func (t *Tx) PutUse(ctx context.Context, all []Use) error {
	batch := &pgx.Batch{}
	for _, u := range all {
		batch.Queue(`
			INSERT INTO grant_use (grant_id, day, calls, rows, fields, last_at, doubts, reported_by, reported_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			u.GrantID, day(u.Day), u.Calls, u.Rows, append([]string{}, u.Fields...), u.LastAt, append([]sharing.Doubt{}, u.Doubts...), u.By, u.At)
	}
	return t.tx.SendBatch(ctx, batch).Close()
}

// DoubtedBefore reports whether use of the grant on the day was doubted before.
func (t *Tx) DoubtedBefore(ctx context.Context, grantID string, on sharing.Date) (bool, error) {
	var before bool
	err := t.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM grant_use WHERE grant_id = $1 AND day = $2 AND doubts <> '{}')`, grantID, day(on)).Scan(&before)
	return before, err
}

// UseOf returns one page of the days on which a grant was used, the last first.
// That the reader may see the grant is the caller's to know.
func (s *Store) UseOf(ctx context.Context, grantID, cursor string, limit int) (page []sharing.DayOfUse, next string, total int, err error) {
	var w where
	w.and("u.grant_id::text = ?", grantID)
	return list(ctx, s.pool, listing[sharing.DayOfUse]{
		query: `
			SELECT u.day, u.calls, u.rows, u.reported_at,
				ARRAY(SELECT DISTINCT f FROM grant_use o, unnest(o.fields) f WHERE o.grant_id = u.grant_id AND o.day = u.day ORDER BY f),
				ARRAY(SELECT DISTINCT f FROM grant_use o, unnest(o.doubts) f WHERE o.grant_id = u.grant_id AND o.day = u.day ORDER BY f)
			FROM (SELECT grant_id, day, sum(calls)::bigint AS calls, sum(rows)::bigint AS rows, max(reported_at) AS reported_at
				FROM grant_use GROUP BY grant_id, day) u `,
		count: `SELECT count(DISTINCT u.day) FROM grant_use u `, where: w,
		key: "u.day", cast: "date", id: "u.grant_id::text", desc: true, cursor: cursor, limit: limit,
		scan: func(row pgx.Row) (sharing.DayOfUse, error) {
			var (
				u  sharing.DayOfUse
				on pgtype.Date
			)
			err := row.Scan(&on, &u.Calls, &u.Rows, &u.ReportedAt, &u.Fields, &u.Doubts)
			u.Day = fromDay(on)
			return u, err
		},
		at: func(u sharing.DayOfUse) (string, string) { return u.Day.String(), grantID },
	})
}

// UseTotal returns how much a grant was used in all, and on how many days its use
// was doubted.
func (s *Store) UseTotal(ctx context.Context, grantID string) (total sharing.DayOfUse, doubted int, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT coalesce(sum(calls), 0)::bigint, coalesce(sum(rows), 0)::bigint, count(DISTINCT day) FILTER (WHERE doubts <> '{}')
		FROM grant_use WHERE grant_id::text = $1`, grantID).Scan(&total.Calls, &total.Rows, &doubted)
	return total, doubted, translate(err)
}
