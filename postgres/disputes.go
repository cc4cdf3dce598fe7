package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Record names one record of a resource; without a key, its catalog entry.
type Record struct {
	ResourceID string
	Key        string
}

// LockRecord keeps others from doubting a record until the transaction ends.
func (t *Tx) LockRecord(ctx context.Context, r Record) error {
	_, err := t.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1 || '/' || $2, 6))`, r.ResourceID, r.Key)
	return err
}

// OpenDoubt returns the number of a department's case for which some of the fields
// of a record, or all of it when there are none, are under verification; CodeNotFound
// when there is none. The case except does not count.
func (t *Tx) OpenDoubt(ctx context.Context, r Record, departmentID string, fields []string, except string) (string, error) {
	var number string
	err := t.tx.QueryRow(ctx, `
		SELECT c.number FROM open_doubts d JOIN cases c ON c.id = d.case_id
		WHERE d.resource_id = $1 AND d.record_key = $2 AND d.department_id = $3 AND d.field = ANY ($4) AND d.case_id::text <> $5
		ORDER BY d.since LIMIT 1`, r.ResourceID, r.Key, departmentID, doubted(fields), except).Scan(&number)
	return number, translate(err)
}

// doubted are the fields as they are kept: one that is empty stands for the whole.
func doubted(fields []string) []string {
	if len(fields) == 0 {
		return []string{""}
	}
	return fields
}

// PutDoubts records that a dispute doubts fields of a record.
func (t *Tx) PutDoubts(ctx context.Context, c sharing.Case, r Record, fields []string) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO doubts (case_id, resource_id, record_key, field, department_id, since) SELECT $1, $2, $3, unnest($4::text[]), $5, $6`,
		c.ID, r.ResourceID, r.Key, doubted(fields), c.Applicant.ID, c.ReceivedAt)
	return err
}

// SettleDoubts records that a dispute has come to its end.
func (t *Tx) SettleDoubts(ctx context.Context, caseID string, corrected bool, at time.Time) error {
	_, err := t.tx.Exec(ctx, `UPDATE doubts SET settled_at = $2, corrected = $3 WHERE case_id = $1 AND settled_at IS NULL`, caseID, at, corrected)
	return err
}

// HeldBy returns the departments that hold data of a resource now, by id.
func (t *Tx) HeldBy(ctx context.Context, resourceID string) ([]sharing.Department, error) {
	rows, err := t.tx.Query(ctx, `
		SELECT DISTINCT d.id, d.region_id, d.name, d.name_en, d.kind FROM holdings h JOIN departments d ON d.id = h.department_id
		WHERE h.resource_id = $1 ORDER BY d.id`, resourceID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Department])
}

// Holds reports whether a department holds data of a resource now.
func (t *Tx) Holds(ctx context.Context, resourceID, departmentID string) (bool, error) {
	return holds(ctx, t.tx, resourceID, departmentID)
}

// Holds is [Tx.Holds] outside a transaction.
func (s *Store) Holds(ctx context.Context, resourceID, departmentID string) (bool, error) {
	held, err := holds(ctx, s.pool, resourceID, departmentID)
	return held, translate(err)
}

func holds(ctx context.Context, q querier, resourceID, departmentID string) (bool, error) {
	var held bool
	err := q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM holdings WHERE resource_id::text = $1 AND department_id = $2)`, resourceID, departmentID).Scan(&held)
	return held, err
}

// HeldResource returns a catalog entry of which the department holds data now,
// whatever the catalog shows; CodeNotFound otherwise.
func (s *Store) HeldResource(ctx context.Context, id, departmentID string) (sharing.Sealed, error) {
	r, err := scanSealed(s.pool.QueryRow(ctx, selectResource+`
		WHERE r.id::text = $1 AND EXISTS (SELECT FROM holdings h WHERE h.resource_id = r.id AND h.department_id = $2)`, id, departmentID))
	return r, translate(err)
}

// ResourceID returns the id of a catalog entry of a region by its id or code,
// whoever asks; CodeNotFound when there is none.
func (s *Store) ResourceID(ctx context.Context, regionID, idOrCode string) (string, error) {
	var id string
	err := s.pool.QueryRow(ctx, `SELECT id::text FROM resources WHERE region_id = $1 AND (id::text = $2 OR code = $2)`, regionID, idOrCode).Scan(&id)
	return id, translate(err)
}

// Doubt is one dispute for which a record is under verification.
type Doubt struct {
	Fields []string // none: the record or entry as a whole
	Since  time.Time
	CaseID string
	Case   sharing.Case
}

// Doubts returns the disputes for which a record is under verification, the first
// first.
func (s *Store) Doubts(ctx context.Context, r Record) ([]Doubt, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT x.fields, x.since, `+caseColumns+caseTables+` JOIN (
			SELECT case_id, min(since) AS since, coalesce(array_agg(field ORDER BY field) FILTER (WHERE field <> ''), '{}') AS fields FROM open_doubts
			WHERE resource_id::text = $1 AND record_key = $2 GROUP BY case_id) x ON x.case_id = c.id
		ORDER BY x.since, c.id`, r.ResourceID, r.Key)
	if err != nil {
		return nil, translate(err)
	}
	doubts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Doubt, error) {
		var d Doubt
		err := row.Scan(append([]any{&d.Fields, &d.Since}, caseTargets(&d.Case)...)...)
		d.CaseID = d.Case.ID
		return d, err
	})
	return doubts, translate(err)
}

// Mark says to a department that holds data of a resource that a record of it is
// under verification, or was corrected. It says the same however many reported it.
type Mark struct {
	Resource  sharing.ResourceRef
	Provider  sharing.Department
	RecordKey string
	// Fields are those of the doubted or corrected ones that the department holds.
	Fields []string
	Since  time.Time // under verification since, or corrected at
	// Number of the department's own case, if it has one.
	Number string
}

// MarkFilter narrows a list of marks; zero fields do not narrow.
type MarkFilter struct {
	Resource string
	// Corrected lists corrections that were announced instead of what is under
	// verification.
	Corrected bool
	Cursor    string
	Limit     int
}

// Marks returns one page of the marks on data that a department holds, the newest
// first.
func (s *Store) Marks(ctx context.Context, departmentID string, f MarkFilter) (page []Mark, next string, total int, err error) {
	var w where
	me := w.arg(departmentID)
	source, when, narrow, mine := "open_doubts", "min(d.since)", "true", "h.resource_id = d.resource_id AND h.department_id = "+me
	if f.Corrected {
		// A correction is announced to those who held the data when it was made.
		source, when, narrow = "doubts", "max(d.settled_at)", "d.corrected"
		mine += " AND h.valid_from <= d.settled_at"
	}
	if f.Resource != "" {
		narrow += " AND d.resource_id::text = " + w.arg(f.Resource)
	}
	from := `
		FROM (SELECT d.resource_id, d.record_key, ` + when + ` AS since,
				coalesce(array_agg(DISTINCT d.field) FILTER (WHERE EXISTS (
					SELECT FROM holdings h WHERE ` + mine + ` AND d.field = ANY (h.fields))), '{}') AS fields,
				coalesce(max(k.number) FILTER (WHERE k.applicant_id = ` + me + `), '') AS number
			FROM ` + source + ` d JOIN cases k ON k.id = d.case_id
			WHERE ` + narrow + ` AND EXISTS (SELECT FROM holdings h WHERE ` + mine + `)
			GROUP BY d.resource_id, d.record_key) m
		JOIN resources r ON r.id = m.resource_id JOIN departments p ON p.id = r.department_id `
	const id = "m.resource_id::text || '/' || m.record_key"
	return list(ctx, s.pool, listing[Mark]{
		query: `SELECT r.id::text, r.code, r.title, r.version, p.id, p.region_id, p.name, p.name_en, p.kind, m.record_key, m.fields, m.since, m.number` + from,
		count: `SELECT count(*)` + from, where: w,
		key: "m.since", cast: "timestamptz", id: id, desc: true, cursor: f.Cursor, limit: f.Limit,
		scan: func(row pgx.Row) (Mark, error) {
			var m Mark
			err := row.Scan(&m.Resource.ID, &m.Resource.Code, &m.Resource.Title, &m.Resource.Version, &m.Provider.ID, &m.Provider.RegionID,
				&m.Provider.Name, &m.Provider.NameEN, &m.Provider.Kind, &m.RecordKey, &m.Fields, &m.Since, &m.Number)
			return m, err
		},
		at: func(m Mark) (string, string) {
			return m.Since.Format(time.RFC3339Nano), m.Resource.ID + "/" + m.RecordKey
		},
	})
}

// MarkCounts returns how many records of each resource that a department holds are
// under verification; those with none are absent.
func (s *Store) MarkCounts(ctx context.Context, departmentID string, resourceIDs []string) (map[string]int, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT d.resource_id::text, count(DISTINCT d.record_key) FROM open_doubts d
		WHERE d.resource_id::text = ANY ($2) AND EXISTS (SELECT FROM holdings h WHERE h.resource_id = d.resource_id AND h.department_id = $1)
		GROUP BY d.resource_id`, departmentID, resourceIDs)
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

// coordinated finds the coordination that stands in the way of another about the
// same case: one that is open, or whose ruling binds. A request that was withdrawn
// does not, nor does the ruling on an earlier measure once the case has moved on to
// another.
const coordinated = `
	FROM cases o JOIN cases c ON c.id = o.parent_id
	WHERE o.parent_id = $1 AND o.procedure = 'coordination' AND o.state <> 'withdrawn'
		AND (o.closed_at IS NULL OR o.content ->> 'occasion' <> 'misuse' OR c.updated_at <= o.closed_at)`

// Coordinated returns the number of the coordination that a case has been taken to
// and that stands in the way of another; taken is false when there is none.
func (t *Tx) Coordinated(ctx context.Context, caseID string) (number string, taken bool, err error) {
	err = t.tx.QueryRow(ctx, `SELECT o.number `+coordinated+` LIMIT 1`, caseID).Scan(&number)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	return number, err == nil, err
}

// Coordinated is [Tx.Coordinated] outside a transaction, without the number.
func (s *Store) Coordinated(ctx context.Context, caseID string) (bool, error) {
	var taken bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT `+coordinated+`)`, caseID).Scan(&taken)
	return taken, translate(err)
}
