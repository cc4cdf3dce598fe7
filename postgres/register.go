package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

const selectRegister = `
SELECT e.id::text, e.register, e.region_id, e.version, e.regulation_id, e.article, e.heading, e.content, e.happened_at, e.filed_by, coalesce(u.name, ''),
       e.filed_at, e.superseded_at, d.id, d.region_id, d.name, d.name_en, d.kind
FROM register_entries e JOIN departments d ON d.id = e.department_id LEFT JOIN users u ON u.id = e.filed_by
`

// Entries of registers carry the strictest labels, as [sharing.RegisterEntry.Thing]
// says.
var registerLabels = labels{region: "e.region_id", provider: "e.department_id", class: "'not_shared'::text", grade: "4"}

func scanRegister(row pgx.Row) (sharing.RegisterEntry, error) {
	var e sharing.RegisterEntry
	err := row.Scan(&e.ID, &e.Register, &e.RegionID, &e.Version, &e.Regulation, &e.Article, &e.Heading, (*[]byte)(&e.Content), &e.HappenedAt,
		&e.FiledBy, &e.FiledName, &e.FiledAt, &e.SupersededAt,
		&e.Department.ID, &e.Department.RegionID, &e.Department.Name, &e.Department.NameEN, &e.Department.Kind)
	return e, err
}

// RegisterFilter narrows a search of the registers; zero fields do not narrow.
type RegisterFilter struct {
	Register   sharing.Register
	Text       string
	Department string
	From       time.Time // filed at or after
	Until      time.Time // filed before
	Cursor     string
	Limit      int
}

// RegisterEntries returns one page of what the scope allows of the registers as
// they stand, the latest filed first.
func (s *Store) RegisterEntries(ctx context.Context, scope sharing.Scope, f RegisterFilter) (page []sharing.RegisterEntry, next string, total int, err error) {
	var w where
	w.see(scope, registerLabels)
	w.and("e.superseded_at IS NULL")
	if f.Register != "" {
		w.and("e.register = ?", f.Register)
	}
	if f.Department != "" {
		w.and("e.department_id = ?", f.Department)
	}
	if !f.From.IsZero() {
		w.and("e.filed_at >= ?", f.From)
	}
	if !f.Until.IsZero() {
		w.and("e.filed_at < ?", f.Until)
	}
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		w.and("e.haystack LIKE ?", like(word))
	}
	return list(ctx, s.pool, listing[sharing.RegisterEntry]{
		query: selectRegister, count: `SELECT count(*) FROM register_entries e `, where: w,
		key: "e.filed_at", cast: "timestamptz", id: "e.id::text", desc: true, cursor: f.Cursor, limit: f.Limit,
		scan: scanRegister,
		at:   func(e sharing.RegisterEntry) (string, string) { return e.FiledAt.Format(time.RFC3339Nano), e.ID },
	})
}

// RegisterVersions returns an entry in all its versions, the latest first;
// CodeNotFound when the scope does not allow it.
func (s *Store) RegisterVersions(ctx context.Context, scope sharing.Scope, id string) ([]sharing.RegisterEntry, error) {
	var w where
	w.see(scope, registerLabels)
	w.and("e.id::text = ?", id)
	rows, err := s.pool.Query(ctx, selectRegister+w.String()+` ORDER BY e.version DESC`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.RegisterEntry, error) { return scanRegister(row) })
	if err == nil && len(all) == 0 {
		return nil, &sharing.Error{Code: sharing.CodeNotFound}
	}
	return all, translate(err)
}

// PutRegisterEntry files a version of an entry in the place of the one before it;
// CodeStale when that is not the one that holds.
func (t *Tx) PutRegisterEntry(ctx context.Context, e sharing.RegisterEntry, haystack string) error {
	if e.Version > 1 {
		tag, err := t.tx.Exec(ctx, `UPDATE register_entries SET superseded_at = $3 WHERE id::text = $1 AND version = $2 AND superseded_at IS NULL`,
			e.ID, e.Version-1, e.FiledAt)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return sharing.Errorf(sharing.CodeStale, "version %d of the entry no longer holds", e.Version-1)
		}
	}
	_, err := t.tx.Exec(ctx, `
		INSERT INTO register_entries (id, version, register, region_id, department_id, regulation_id, article, heading, content, haystack,
			happened_at, filed_by, filed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		e.ID, e.Version, e.Register, e.RegionID, e.Department.ID, e.Regulation, e.Article, e.Heading, []byte(e.Content), haystack,
		e.HappenedAt, e.FiledBy, e.FiledAt)
	return err
}
