package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

const selectResource = `
SELECT r.id, r.code, r.region_id, r.title, r.description, r.class, r.open_class, r.grade, r.basis, r.condition,
       r.cycle, r.format, r.modes, r.base, r.fields, r.facts, r.version, r.updated_at, r.withdrawn,
       d.id, d.region_id, d.name, d.name_en, d.kind
FROM resources r JOIN departments d ON d.id = r.department_id
`

var resourceLabels = labels{region: "r.region_id", provider: "r.department_id", class: "r.class", grade: "r.grade"}

// scanSealed reads an entry that somebody is to see: [sharing.Sealed.Open] leaves out
// what is not for them.
func scanSealed(row pgx.Row) (sharing.Sealed, error) {
	r, err := scanResource(row)
	return sharing.Seal(r), err
}

func collectSealed(rows pgx.Rows, err error) ([]sharing.Sealed, error) {
	all, err := collectResources(rows, err)
	sealed := make([]sharing.Sealed, len(all))
	for i, r := range all {
		sealed[i] = sharing.Seal(r)
	}
	return sealed, err
}

// HeldFields returns which data items of entries a department holds under grants now,
// by entry.
func (s *Store) HeldFields(ctx context.Context, departmentID string, resourceIDs []string) (map[string][]string, error) {
	return heldFields(ctx, s.pool, departmentID, resourceIDs)
}

// HeldFields is [Store.HeldFields] within the transaction.
func (t *Tx) HeldFields(ctx context.Context, departmentID string, resourceIDs []string) (map[string][]string, error) {
	return heldFields(ctx, t.tx, departmentID, resourceIDs)
}

func heldFields(ctx context.Context, q querier, departmentID string, resourceIDs []string) (map[string][]string, error) {
	rows, err := q.Query(ctx, `
		SELECT h.resource_id::text, array_agg(DISTINCT f) FROM holdings h, unnest(h.fields) AS f
		WHERE h.department_id = $1 AND h.resource_id = ANY($2) GROUP BY h.resource_id`, departmentID, uuidsOf(resourceIDs))
	if err != nil {
		return nil, translate(err)
	}
	held := map[string][]string{}
	var id string
	var fields []string
	_, err = pgx.ForEachRow(rows, []any{&id, &fields}, func() error {
		held[id], fields = fields, nil
		return nil
	})
	return held, translate(err)
}

func scanResource(row pgx.Row) (sharing.Resource, error) {
	var r sharing.Resource
	err := row.Scan(&r.ID, &r.Code, &r.RegionID, &r.Title, &r.Description, &r.Class, &r.OpenClass, &r.Grade, &r.Basis, &r.Condition,
		&r.Cycle, &r.Format, &r.Modes, &r.Base, &r.Fields, &r.Facts, &r.Version, &r.UpdatedAt, &r.Withdrawn,
		&r.Provider.ID, &r.Provider.RegionID, &r.Provider.Name, &r.Provider.NameEN, &r.Provider.Kind)
	return r, err
}

// CatalogOrder is how a search of the catalog is sorted.
type CatalogOrder string

const (
	ByTitle    CatalogOrder = "title"    // in the order of pinyin
	ByUpdate   CatalogOrder = "updated"  // what was changed last first
	ByProvider CatalogOrder = "provider" // by the department's name
	ByCode     CatalogOrder = "code"
)

// ResourceFilter narrows a search of the catalog; zero fields do not narrow.
type ResourceFilter struct {
	Text     string
	Class    sharing.Class
	Provider string
	Base     sharing.BaseCategory
	Grade    sharing.Grade
	Cycle    sharing.Cycle
	Format   string
	Mode     sharing.Mode
	Order    CatalogOrder
	English  bool // names of departments sort as they are in English
	Cursor   string
	Limit    int
}

func (f ResourceFilter) where(scopes sharing.Scopes) where {
	var w where
	w.seeEntries(scopes)
	w.and("NOT r.withdrawn")
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		w.and("r.haystack LIKE ?", like(word))
	}
	if f.Class != "" {
		w.and("r.class = ?", f.Class)
	}
	if f.Provider != "" {
		w.and("r.department_id = ?", f.Provider)
	}
	if f.Base != "" {
		w.and("r.base = ?", f.Base)
	}
	if f.Grade != 0 {
		w.and("r.grade = ?", f.Grade)
	}
	if f.Cycle != "" {
		w.and("r.cycle = ?", f.Cycle)
	}
	if f.Format != "" {
		w.and("r.format = ?", f.Format)
	}
	if f.Mode != "" {
		w.and("? = ANY(r.modes)", f.Mode)
	}
	return w
}

// Resources returns one page of what the scopes allow of the catalog, by title
// unless ordered otherwise, the cursor of the next page, and how many there are in
// all. What was withdrawn is not found.
func (s *Store) Resources(ctx context.Context, scopes sharing.Scopes, f ResourceFilter) (page []sharing.Sealed, next string, total int, err error) {
	l := entriesByTitle(f.where(scopes), f.Cursor, f.Limit)
	switch f.Order {
	case ByUpdate:
		l.order, l.key, l.cast, l.desc = string(ByUpdate), "r.updated_at", "timestamptz", true
		l.at = func(r sharing.Resource) (string, string) { return r.UpdatedAt.Format(time.RFC3339Nano), r.ID }
	case ByProvider:
		l.order, l.key = string(ByProvider), "d.name COLLATE names_zh"
		l.at = func(r sharing.Resource) (string, string) { return r.Provider.Name, r.ID }
		if f.English {
			l.order, l.key = "provider_en", "lower(d.name_en)"
			l.at = func(r sharing.Resource) (string, string) { return strings.ToLower(r.Provider.NameEN), r.ID }
		}
	case ByCode:
		l.order, l.key = string(ByCode), "r.code"
		l.at = func(r sharing.Resource) (string, string) { return r.Code, r.ID }
	}
	return s.listEntries(ctx, l)
}

// entriesByTitle lists entries by the pinyin of their titles.
func entriesByTitle(w where, cursor string, limit int) listing[sharing.Resource] {
	return listing[sharing.Resource]{
		query: selectResource, count: `SELECT count(*) FROM resources r `, where: w,
		key: "r.title COLLATE names_zh", id: "r.id::text", cursor: cursor, limit: limit, scan: scanResource,
		at: func(r sharing.Resource) (string, string) { return r.Title, r.ID },
	}
}

// listEntries returns one page of entries.
func (s *Store) listEntries(ctx context.Context, l listing[sharing.Resource]) (page []sharing.Sealed, next string, total int, err error) {
	rows, next, total, err := list(ctx, s.pool, l)
	for _, r := range rows {
		page = append(page, sharing.Seal(r))
	}
	return page, next, total, err
}

// CatalogFormats lists the formats of what the scopes allow of the catalog, the
// most frequent first, at most limit.
func (s *Store) CatalogFormats(ctx context.Context, scopes sharing.Scopes, limit int) ([]string, error) {
	w := ResourceFilter{}.where(scopes)
	rows, err := s.pool.Query(ctx, `SELECT r.format FROM resources r `+w.String()+` AND r.format <> '' GROUP BY r.format ORDER BY count(*) DESC, r.format LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, translate(err)
	}
	formats, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return formats, translate(err)
}

// Resource returns a catalog entry if the scopes allow it, CodeNotFound otherwise.
func (s *Store) Resource(ctx context.Context, scopes sharing.Scopes, id string) (sharing.Sealed, error) {
	all, err := s.ResourcesByID(ctx, scopes, []string{id})
	if err != nil {
		return sharing.Sealed{}, err
	}
	if len(all) == 0 {
		return sharing.Sealed{}, &sharing.Error{Code: sharing.CodeNotFound}
	}
	return all[0], nil
}

// ResourcesByID returns those of the entries that the scopes allow.
func (s *Store) ResourcesByID(ctx context.Context, scopes sharing.Scopes, ids []string) ([]sharing.Sealed, error) {
	var w where
	w.seeEntries(scopes)
	w.and("r.id = ANY(?)", uuidsOf(ids))
	return collectSealed(s.pool.Query(ctx, selectResource+w.String(), w.args...))
}

// LockResources returns the entries whoever asks, and keeps them from changing
// until the transaction ends. What was withdrawn is not among them.
func (t *Tx) LockResources(ctx context.Context, ids []string) ([]sharing.Resource, error) {
	return collectResources(t.tx.Query(ctx, selectResource+`WHERE r.id = ANY($1) AND NOT r.withdrawn ORDER BY r.id FOR SHARE OF r`, uuidsOf(ids)))
}

func collectResources(rows pgx.Rows, err error) ([]sharing.Resource, error) {
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Resource, error) { return scanResource(row) })
	return all, translate(err)
}

// Change is what putting an entry into the catalog did.
type Change string

const (
	Added     Change = "added"
	Updated   Change = "updated"
	Unchanged Change = "unchanged"
)

// PutResource adds a catalog entry, or replaces the one of the same region and
// code by a next version, keeping the one before; an equal entry changes nothing,
// and one that was withdrawn stays so. Only the owner of the tables may give an
// entry to another department's catalog this way.
func (t *Tx) PutResource(ctx context.Context, r sharing.Resource) (Change, error) {
	old, err := scanResource(t.tx.QueryRow(ctx, selectResource+`WHERE r.region_id = $1 AND r.code = $2 FOR UPDATE OF r`, r.RegionID, r.Code))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Added, t.AddResource(ctx, r)
	case err != nil:
		return "", err
	}
	r.ID, r.Version, r.UpdatedAt, r.Withdrawn = old.ID, old.Version, old.UpdatedAt, old.Withdrawn
	is, was := r, old
	is.Provider, was.Provider = sharing.Department{ID: r.Provider.ID}, sharing.Department{ID: old.Provider.ID}
	if is.Facts == nil {
		is.Facts = map[string]bool{}
	}
	if mustJSON(was) == mustJSON(is) {
		return Unchanged, nil
	}
	r.UpdatedAt = time.Time{}
	return Updated, t.ReplaceResource(ctx, old, r)
}

// AddResource adds a catalog entry in its first version.
func (t *Tx) AddResource(ctx context.Context, r sharing.Resource) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO resources (id, region_id, department_id, code, title, description, class, open_class, grade, basis, condition,
			cycle, format, modes, base, fields, haystack, facts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		r.ID, r.RegionID, r.Provider.ID, r.Code, r.Title, r.Description, r.Class, r.OpenClass, r.Grade, r.Basis, r.Condition,
		r.Cycle, r.Format, append([]sharing.Mode{}, r.Modes...), r.Base, mustJSON(r.Fields), haystack(r), facts(r.Facts))
	return err
}

// ReplaceResource makes r the next version of an entry that is locked, and keeps
// old, the one before. When its data was updated last is r.UpdatedAt, or now when
// that is zero.
func (t *Tx) ReplaceResource(ctx context.Context, old, r sharing.Resource) error {
	if _, err := t.tx.Exec(ctx, `INSERT INTO resource_versions (resource_id, version, entry) VALUES ($1, $2, $3)`, old.ID, old.Version, mustJSON(old)); err != nil {
		return err
	}
	_, err := t.tx.Exec(ctx, `
		UPDATE resources SET department_id = $2, title = $3, description = $4, class = $5, open_class = $6, grade = $7, basis = $8,
			condition = $9, cycle = $10, format = $11, modes = $12, base = $13, fields = $14, haystack = $15, facts = $16,
			withdrawn = $17, version = version + 1, updated_at = coalesce($18, clock_timestamp())
		WHERE id = $1`,
		old.ID, r.Provider.ID, r.Title, r.Description, r.Class, r.OpenClass, r.Grade, r.Basis, r.Condition, r.Cycle, r.Format,
		append([]sharing.Mode{}, r.Modes...), r.Base, mustJSON(r.Fields), haystack(r), facts(r.Facts), r.Withdrawn, instant(r.UpdatedAt))
	return err
}

// haystack is what a search of the catalog looks in.
func haystack(r sharing.Resource) string {
	return strings.ToLower(strings.Join([]string{r.Title, r.Code, r.Description, r.Provider.Name, r.Provider.NameEN}, "\n"))
}

// facts writes what is known of a resource as JSON; nothing known is {}.
func facts(known map[string]bool) string {
	if known == nil {
		return "{}"
	}
	return mustJSON(known)
}

// mustJSON is for comparing values whose types always marshal.
func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
