package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// LockResource returns an entry whoever asks, and keeps it from changing and from
// being applied for until the transaction ends. CodeNotFound when there is none.
func (t *Tx) LockResource(ctx context.Context, id string) (sharing.Resource, error) {
	r, err := scanResource(t.tx.QueryRow(ctx, selectResource+`WHERE r.id = $1 FOR NO KEY UPDATE OF r`, uuidOf(id)))
	return r, translate(err)
}

// ResourceByCode returns the entry of a region with a code; CodeNotFound when
// there is none.
func (t *Tx) ResourceByCode(ctx context.Context, regionID, code string) (sharing.Resource, error) {
	r, err := scanResource(t.tx.QueryRow(ctx, selectResource+`WHERE r.region_id = $1 AND r.code = $2`, regionID, code))
	return r, translate(err)
}

// OpenChange returns the number of the change of an entry that is still open, ""
// when there is none.
func (t *Tx) OpenChange(ctx context.Context, resourceID string) (string, error) {
	var number string
	err := t.tx.QueryRow(ctx, `
		SELECT coalesce((SELECT number FROM cases WHERE procedure = 'change' AND closed_at IS NULL AND resource_id = $1), '')`, uuidOf(resourceID)).Scan(&number)
	return number, err
}

// Holder is a department that holds grants on an entry, and the case of one.
type Holder struct {
	Department sharing.Department
	CaseID     string
}

const selectHolders = `
SELECT DISTINCT ON (d.name, d.id) d.id, d.region_id, d.name, d.name_en, d.kind, c.id::text
FROM grants g JOIN cases c ON c.id = g.case_id JOIN departments d ON d.id = c.applicant_id
WHERE c.resource_id::text = $1 AND g.ended_at IS NULL AND g.valid_until > clock_timestamp() ORDER BY d.name, d.id, g.valid_until DESC`

func collectHolders(rows pgx.Rows, err error) ([]Holder, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Holder, error) {
		var h Holder
		err := row.Scan(&h.Department.ID, &h.Department.RegionID, &h.Department.Name, &h.Department.NameEN, &h.Department.Kind, &h.CaseID)
		return h, err
	})
}

// Holders returns the departments that hold grants on an entry now, by name.
func (t *Tx) Holders(ctx context.Context, resourceID string) ([]Holder, error) {
	return collectHolders(t.tx.Query(ctx, selectHolders, resourceID))
}

// Holders is [Tx.Holders] outside a transaction.
func (s *Store) Holders(ctx context.Context, resourceID string) ([]Holder, error) {
	all, err := collectHolders(s.pool.Query(ctx, selectHolders, resourceID))
	return all, translate(err)
}

// Acknowledge records that a department has read the warning of a change, and
// reports whether it had not before.
func (t *Tx) Acknowledge(ctx context.Context, caseID, departmentID, userID string, at time.Time) (bool, error) {
	tag, err := t.tx.Exec(ctx, `
		INSERT INTO change_acknowledgements (case_id, department_id, user_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		caseID, departmentID, userID, at)
	return err == nil && tag.RowsAffected() == 1, err
}

// Acknowledgement is that a department has read the warning of a change.
type Acknowledgement struct {
	Department sharing.Department
	UserName   string
	At         time.Time
}

// Acknowledgements returns who has read the warning of a change, the first first.
func (s *Store) Acknowledgements(ctx context.Context, caseID string) ([]Acknowledgement, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT d.id, d.region_id, d.name, d.name_en, d.kind, u.name, a.at
		FROM change_acknowledgements a JOIN departments d ON d.id = a.department_id JOIN users u ON u.id = a.user_id
		WHERE a.case_id = $1 ORDER BY a.at, d.id`, uuidOf(caseID))
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Acknowledgement, error) {
		var a Acknowledgement
		err := row.Scan(&a.Department.ID, &a.Department.RegionID, &a.Department.Name, &a.Department.NameEN, &a.Department.Kind, &a.UserName, &a.At)
		return a, err
	})
	return all, translate(err)
}

// ChangesAhead returns the changes that were announced or hold for a time, of
// entries on which a department holds grants that the scope allows, the first to
// take effect first. With an id it returns that one alone.
func (s *Store) ChangesAhead(ctx context.Context, grants sharing.Scope, department, caseID string) ([]sharing.Case, error) {
	var w where
	w.and("c.procedure = 'change' AND c.state IN ('warning', 'temporary')")
	if caseID != "" {
		w.and("(c.id = ? OR c.number = ?)", uuidOf(caseID), caseID)
	}
	rows, err := s.pool.Query(ctx, `SELECT `+caseColumns+caseTables+w.String()+` ORDER BY c.wake_at, c.id`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Case, error) { return scanCase(row) })
	if err != nil || len(changes) == 0 {
		return nil, translate(err)
	}
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.Resource.ID
	}
	var held where
	held.see(grants, caseLabels)
	held.and("c.applicant_id = ? AND c.resource_id = ANY(?) AND g.ended_at IS NULL AND g.valid_until > clock_timestamp()", department, uuidsOf(ids))
	rows, err = s.pool.Query(ctx, `SELECT DISTINCT c.resource_id::text FROM grants g JOIN cases c ON c.id = g.case_id `+held.String(), held.args...)
	if err != nil {
		return nil, translate(err)
	}
	own, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, translate(err)
	}
	mine := changes[:0]
	for _, c := range changes {
		for _, id := range own {
			if c.Resource.ID == id {
				mine = append(mine, c)
			}
		}
	}
	return mine, nil
}

// SameDatum returns the entries of other departments, as far as the scopes allow,
// that have one of the titles as their own or as that of a data item which the scope
// of fields allows; case, width, spaces and punctuation make no difference.
func (s *Store) SameDatum(ctx context.Context, scopes sharing.Scopes, fields sharing.Scope, department string, titles []string, limit int) ([]sharing.Sealed, error) {
	var w where
	w.seeEntries(scopes)
	w.and("NOT r.withdrawn AND r.department_id <> ?", department)
	keys := "ARRAY(SELECT datum_key(title) FROM unnest(" + w.arg(titles) + "::text[]) AS title)"
	w.and("r.data_keys && " + keys) // by the index; hidden items are among these
	own := "datum_key(r.title) = ANY (" + keys + ")"
	if ways := w.ways(fields.Subject, squaresOf(fields), fieldLabels); len(ways) > 0 {
		own += " OR EXISTS (SELECT FROM jsonb_array_elements(r.fields) AS f WHERE datum_key(f ->> 'title') = ANY (" + keys + ") AND (" + strings.Join(ways, " OR ") + "))"
	}
	w.and("(" + own + ")")
	sql := selectResource + w.String() + ` ORDER BY r.title, r.id LIMIT ` + w.arg(limit)
	return collectSealed(s.pool.Query(ctx, sql, w.args...))
}

// SameData is [Store.SameDatum] for each of the titles on its own: for each that has
// been catalogued by others, at most limit of their entries.
func (s *Store) SameData(ctx context.Context, scopes sharing.Scopes, fields sharing.Scope, department string, titles []string, limit int) (map[string][]sharing.Resource, error) {
	var w where
	w.seeEntries(scopes)
	w.and("NOT r.withdrawn AND r.department_id <> ?", department)
	w.and("r.data_keys @> ARRAY[datum_key(asked.title)] AND datum_key(asked.title) <> ''")
	own := "datum_key(r.title) = datum_key(asked.title)"
	if ways := w.ways(fields.Subject, squaresOf(fields), fieldLabels); len(ways) > 0 {
		own += " OR EXISTS (SELECT FROM jsonb_array_elements(r.fields) AS f WHERE datum_key(f ->> 'title') = datum_key(asked.title) AND (" + strings.Join(ways, " OR ") + "))"
	}
	w.and("(" + own + ")")
	within := `SELECT r.code, r.title, d.name FROM resources r JOIN departments d ON d.id = r.department_id ` + w.String() + ` ORDER BY r.title, r.id LIMIT ` + w.arg(limit)
	rows, err := s.pool.Query(ctx, `SELECT asked.title, same.* FROM unnest(`+w.arg(titles)+`::text[]) AS asked(title) CROSS JOIN LATERAL (`+within+`) AS same`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	found := map[string][]sharing.Resource{}
	var title string
	var r sharing.Resource
	_, err = pgx.ForEachRow(rows, []any{&title, &r.Code, &r.Title, &r.Provider.Name}, func() error {
		found[title] = append(found[title], r)
		return nil
	})
	return found, translate(err)
}

// fieldLabels are the labels of a data item f of an entry.
var fieldLabels = labels{region: "r.region_id", provider: "r.department_id", class: "r.class", grade: "(f ->> 'grade')::integer"}

// ResourceVersion is an entry in one version, and when the next replaced it; nil
// for the one that holds.
type ResourceVersion struct {
	sharing.Sealed
	ReplacedAt *time.Time
}

// ResourceVersions returns every version of an entry whoever asks, the newest
// first; CodeNotFound when there is no such entry.
func (s *Store) ResourceVersions(ctx context.Context, id string) ([]ResourceVersion, error) {
	now, err := scanResource(s.pool.QueryRow(ctx, selectResource+`WHERE r.id = $1`, uuidOf(id)))
	if err != nil {
		return nil, translate(err)
	}
	rows, err := s.pool.Query(ctx, `
		SELECT entry, replaced_at FROM resource_versions WHERE resource_id = $1 AND version < $2 ORDER BY version DESC`, now.ID, now.Version)
	if err != nil {
		return nil, translate(err)
	}
	before, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ResourceVersion, error) {
		var v ResourceVersion
		var entry sharing.Resource
		err := row.Scan(&entry, &v.ReplacedAt)
		v.Sealed = sharing.Seal(entry)
		return v, err
	})
	return append([]ResourceVersion{{Sealed: sharing.Seal(now)}}, before...), translate(err)
}

// GrantedVersion returns the oldest version of an entry on which a department holds
// a grant that the scope allows, 0 when it holds none.
func (s *Store) GrantedVersion(ctx context.Context, scope sharing.Scope, department, resourceID string) (int, error) {
	var w where
	w.see(scope, caseLabels)
	w.and("c.applicant_id = ? AND c.resource_id = ? AND g.ended_at IS NULL AND g.valid_until > clock_timestamp()", department, uuidOf(resourceID))
	var version int
	err := s.pool.QueryRow(ctx, `SELECT coalesce(min(c.resource_version), 0) FROM grants g JOIN cases c ON c.id = g.case_id `+w.String(), w.args...).Scan(&version)
	return version, translate(err)
}
