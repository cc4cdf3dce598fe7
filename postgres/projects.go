package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// EntriesByCode returns the catalog entries of a region with the codes, whoever
// asks, and keeps them from changing until the transaction ends.
func (t *Tx) EntriesByCode(ctx context.Context, regionID string, codes []string) ([]sharing.Resource, error) {
	return collectResources(t.tx.Query(ctx, selectResource+`WHERE r.region_id = $1 AND r.code = ANY($2) ORDER BY r.id FOR SHARE OF r`, regionID, codes))
}

// EntriesByCode returns the catalog entries of a region with the codes that the
// scopes allow.
func (s *Store) EntriesByCode(ctx context.Context, scopes sharing.Scopes, regionID string, codes []string) ([]sharing.Sealed, error) {
	var w where
	w.seeEntries(scopes)
	w.and("r.region_id = ?", regionID)
	w.and("r.code = ANY(?)", codes)
	return collectSealed(s.pool.Query(ctx, selectResource+w.String(), w.args...))
}

// FieldsElsewhere returns those of the data items, by title, that exactly
// one other department of the region provides already, from among what every
// department may see of the catalog and its data items. What several departments carry, such as an
// identity number, is a key to data and not a datum of one source.
func (t *Tx) FieldsElsewhere(ctx context.Context, regionID, departmentID string, fields []string) ([]sharing.HeldElsewhere, error) {
	rows, err := t.tx.Query(ctx, `
		WITH found AS (
			SELECT f.name AS field, r.code, r.title, r.department_id
			FROM unnest($3::text[]) f(name) JOIN resources r ON r.region_id = $1 AND r.class <> 'not_shared' AND r.grade < 4
				AND NOT r.withdrawn AND r.data_keys @> ARRAY[datum_key(f.name)]
				AND (datum_key(r.title) = datum_key(f.name) OR EXISTS (SELECT FROM jsonb_array_elements(r.fields) AS e
					WHERE datum_key(e ->> 'title') = datum_key(f.name) AND (e ->> 'grade')::int < 4)))
		SELECT DISTINCT ON (f.field) f.field, f.code, f.title, d.name
		FROM found f JOIN departments d ON d.id = f.department_id
		WHERE f.department_id <> $2
			AND NOT EXISTS (SELECT FROM found o WHERE o.field = f.field AND o.department_id <> f.department_id)
		ORDER BY f.field, f.code`, regionID, departmentID, fields)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.HeldElsewhere])
}

// FilesOfCase returns how many files have been handed in with the steps of a
// case.
func (t *Tx) FilesOfCase(ctx context.Context, caseID string) (int, error) {
	var n int
	err := t.tx.QueryRow(ctx, `SELECT count(*) FROM attachments WHERE case_id = $1`, caseID).Scan(&n)
	return n, err
}

const holding = `c.procedure = 'project' AND c.closed_at IS NULL AND c.content ? 'holds'`

// HoldingProjects returns the other projects of a department on which something
// waits.
func (t *Tx) HoldingProjects(ctx context.Context, departmentID, exceptCase string) ([]sharing.Case, error) {
	rows, err := t.tx.Query(ctx, `SELECT `+caseColumns+caseTables+`WHERE `+holding+` AND c.applicant_id = $1 AND c.id <> $2 ORDER BY c.created_at, c.id`, departmentID, exceptCase)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Case, error) { return scanCase(row) })
}

// HoldingProjects returns one page of the projects on which something waits that
// the scopes allow, of one department when it is given, the latest changed first.
func (s *Store) HoldingProjects(ctx context.Context, scopes sharing.Scopes, departmentID, cursor string, limit int) (page []sharing.Case, next string, total int, err error) {
	var w where
	w.seeCases(scopes)
	w.and(holding)
	if departmentID != "" {
		w.and("c.applicant_id = ?", departmentID)
	}
	return list(ctx, s.pool, listing[sharing.Case]{
		query: `SELECT ` + caseColumns + caseTables, count: `SELECT count(*) FROM cases c `, where: w,
		key: "c.updated_at", cast: "timestamptz", id: "c.id::text", desc: true, cursor: cursor, limit: limit,
		scan: scanCase,
		at:   func(c sharing.Case) (string, string) { return c.UpdatedAt.Format(time.RFC3339Nano), c.ID },
	})
}

// RectifiedLimit reports whether a rectification has followed from the limit.
func (t *Tx) RectifiedLimit(ctx context.Context, deadlineID string) (bool, error) {
	var is bool
	err := t.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM cases WHERE procedure = 'rectification' AND content ->> 'deadline' = $1)`, deadlineID).Scan(&is)
	return is, err
}

// CriticismNotices returns one page of the public criticisms in a region, the
// latest first: who, on what ground, when, and nothing else of the case.
func (s *Store) CriticismNotices(ctx context.Context, regionID, cursor string, limit int) (page []sharing.CriticismNotice, next string, total int, err error) {
	type row struct {
		sharing.CriticismNotice
		id string
	}
	var w where
	w.and("c.region_id = ?", regionID)
	w.and("c.procedure = 'rectification' AND c.content ? 'criticised'")
	rows, next, total, err := list(ctx, s.pool, listing[row]{
		query: `SELECT c.id::text, d.id, d.region_id, d.name, d.name_en, d.kind, c.content ->> 'ground', c.content ->> 'article', c.content ->> 'criticised', c.regulation_id
			FROM cases c JOIN departments d ON d.id = c.provider_id `,
		count: `SELECT count(*) FROM cases c `, where: w,
		key: "c.content ->> 'criticised'", id: "c.id::text", desc: true, cursor: cursor, limit: limit,
		scan: func(r pgx.Row) (row, error) {
			var (
				n  row
				on string
			)
			d := &n.Department
			err := r.Scan(&n.id, &d.ID, &d.RegionID, &d.Name, &d.NameEN, &d.Kind, &n.Ground, &n.Article, &on, &n.RegulationID)
			if err == nil {
				n.On, err = sharing.ParseDate(on)
			}
			return n, err
		},
		at: func(n row) (string, string) { return n.On.String(), n.id },
	})
	for _, r := range rows {
		page = append(page, r.CriticismNotice)
	}
	return page, next, total, err
}
