package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// ClaimPeriod says that the case is what the department owes of the duty for the
// period. It reports false, and changes nothing, when another case is.
func (t *Tx) ClaimPeriod(ctx context.Context, duty, departmentID, period, caseID string) (bool, error) {
	tag, err := t.tx.Exec(ctx, `
		INSERT INTO standing_periods (duty, department_id, period, case_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (department_id, duty, period) DO NOTHING`, duty, departmentID, period, caseID)
	return tag.RowsAffected() > 0, err
}

// Owing returns the departments of a region that owe what every department owes:
// ordinary ones, and others that have something in the catalog.
func (t *Tx) Owing(ctx context.Context, regionID string) ([]sharing.Department, error) {
	rows, err := t.tx.Query(ctx, `
		SELECT id, region_id, name, name_en, kind FROM departments d
		WHERE region_id = $1 AND merged_into IS NULL AND (kind = 'department' OR kind <> 'public' AND EXISTS (SELECT FROM resources r WHERE r.department_id = d.id))
		ORDER BY id`, regionID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Department])
}

// cycleEnds is the last day of the first update cycle of an entry since its last
// update.
const cycleEnds = `(r.updated_at AT TIME ZONE 'Asia/Shanghai')::date + CASE r.cycle
	WHEN 'daily' THEN interval '1 day' WHEN 'weekly' THEN interval '7 days' WHEN 'monthly' THEN interval '1 month'
	WHEN 'quarterly' THEN interval '3 months' WHEN 'half_yearly' THEN interval '6 months' WHEN 'yearly' THEN interval '1 year' END`

// PastCycle returns up to limit entries of a region after the given id whose first
// update cycle has passed since their last update, and about which no case has been
// opened since, by id.
func (s *Store) PastCycle(ctx context.Context, regionID, after string, limit int) ([]sharing.Resource, error) {
	return collectResources(s.pool.Query(ctx, selectResource+`
		WHERE r.region_id = $1 AND r.id::text > $2 AND r.cycle = ANY($4)
			AND `+cycleEnds+` < (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
			AND NOT EXISTS (SELECT FROM cases c WHERE c.resource_id = r.id AND c.procedure = 'standing' AND c.created_at > r.updated_at)
		ORDER BY r.id::text LIMIT $3`, regionID, after, limit, sharing.Cycles))
}

// Renewed returns up to limit open cases about data past its cycle that has been
// updated since.
func (s *Store) Renewed(ctx context.Context, limit int) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.id::text FROM cases c JOIN resources r ON r.id = c.resource_id
		WHERE c.procedure = 'standing' AND c.closed_at IS NULL AND r.updated_at > (c.content ->> 'since')::timestamptz
		ORDER BY c.id LIMIT $1`, limit)
	if err != nil {
		return nil, translate(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, translate(err)
}

// UpdatedSince reports whether an entry's data has been updated after the instant,
// and keeps it from being updated until the transaction ends.
func (t *Tx) UpdatedSince(ctx context.Context, resourceID string, since time.Time) (bool, error) {
	var later bool
	err := t.tx.QueryRow(ctx, `SELECT updated_at > $2 FROM resources WHERE id::text = $1 FOR SHARE`, resourceID, since).Scan(&later)
	return later, translate(err)
}

// TouchResource says that the data of an entry was updated now.
func (t *Tx) TouchResource(ctx context.Context, resourceID string, now time.Time) error {
	_, err := t.tx.Exec(ctx, `UPDATE resources SET updated_at = $2 WHERE id::text = $1`, resourceID, now)
	return err
}

// ReleasePeriod takes back what [Tx.ClaimPeriod] said in the same transaction.
func (t *Tx) ReleasePeriod(ctx context.Context, caseID string) error {
	_, err := t.tx.Exec(ctx, `DELETE FROM standing_periods WHERE case_id = $1`, caseID)
	return err
}
