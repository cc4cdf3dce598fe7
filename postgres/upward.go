package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// NeedID returns the id of a region's need by id or number; CodeNotFound when
// there is none.
func (t *Tx) NeedID(ctx context.Context, regionID, ref string) (string, error) {
	var id string
	err := t.tx.QueryRow(ctx, `
		SELECT id::text FROM cases WHERE region_id = $1 AND procedure = $2 AND (id::text = $3 OR number = $3)`,
		regionID, sharing.UpwardNeed, ref).Scan(&id)
	return id, translate(err)
}

// Needs returns the ids of the needs that a request upward bundles, in the order
// in which they are locked.
func (t *Tx) Needs(ctx context.Context, requestID string) ([]string, error) {
	rows, err := t.tx.Query(ctx, `SELECT id::text FROM cases WHERE parent_id = $1 AND procedure = $2 ORDER BY id`, requestID, sharing.UpwardNeed)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
