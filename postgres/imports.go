package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// ImportRow is one row of an import of a catalog. What the file says of it, and what
// was found, are JSON that the desk knows.
type ImportRow struct {
	N          int
	Said       json.RawMessage
	Standing   sharing.RowStanding
	Code       string
	Title      string
	ResourceID string // "" for a new entry, and a refused one
	Proposal   json.RawMessage
	Diff       []sharing.Difference
	Findings   json.RawMessage
	// CommandID and CaseID are there once it was confirmed.
	CommandID, CaseID string
	CaseNumber        string // once it is done, and not refused
	DoneAt            *time.Time
	Refusal           *Refusal // done, and no change
}

// Refusal is why a row became no change.
type Refusal struct {
	Code    sharing.Code         `json:"code"`
	Fields  []sharing.FieldError `json:"fields,omitempty"`
	Article string               `json:"article,omitempty"`
}

const selectImport = `
SELECT i.id::text, i.region_id, i.department_id, i.user_id, u.name, i.file_name, i.terms, i.state, i.version, i.created_at, i.confirmed_at, i.ended_at, s.rows, s.staged, s.done, s.failed
FROM catalog_imports i JOIN users u ON u.id = i.user_id CROSS JOIN LATERAL (
	SELECT coalesce(jsonb_object_agg(standing, n), '{}') AS rows, coalesce(sum(staged), 0)::int AS staged, coalesce(sum(done), 0)::int AS done, coalesce(sum(failed), 0)::int AS failed
	FROM (SELECT standing, count(*) AS n, count(command_id) AS staged, count(done_at) AS done, count(refusal) AS failed
		FROM catalog_import_rows WHERE import_id = i.id GROUP BY standing) AS of) AS s `

func scanImport(row pgx.Row) (sharing.CatalogImport, error) {
	var i sharing.CatalogImport
	err := row.Scan(&i.ID, &i.RegionID, &i.DepartmentID, &i.UserID, &i.UserName, &i.FileName, &i.Terms, &i.State, &i.Version, &i.CreatedAt, &i.ConfirmedAt, &i.EndedAt,
		&i.Rows, &i.Staged, &i.Done, &i.Failed)
	return i, err
}

// PutImport keeps an import that was checked.
func (t *Tx) PutImport(ctx context.Context, i sharing.CatalogImport) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO catalog_imports (id, region_id, department_id, user_id, file_name, terms, state) VALUES ($1, $2, $3, $4, $5, $6, 'checked')`,
		i.ID, i.RegionID, i.DepartmentID, i.UserID, i.FileName, mustJSON(i.Terms))
	return err
}

// PutImportRows keeps the rows of an import, in place of those of before.
func (t *Tx) PutImportRows(ctx context.Context, importID string, rows []ImportRow) error {
	if _, err := t.tx.Exec(ctx, `DELETE FROM catalog_import_rows WHERE import_id = $1`, importID); err != nil {
		return err
	}
	_, err := t.tx.CopyFrom(ctx, pgx.Identifier{"catalog_import_rows"},
		[]string{"import_id", "n", "said", "standing", "code", "title", "resource_id", "proposal", "diff", "findings", "command_id", "case_id"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			r := rows[i]
			diff := r.Diff
			if diff == nil {
				diff = []sharing.Difference{}
			}
			id, err := uuid.Parse(importID)
			if err != nil {
				return nil, err
			}
			return []any{id, r.N, r.Said, string(r.Standing), r.Code, r.Title, orNil(r.ResourceID), rawOrNil(r.Proposal), mustJSON(diff), r.Findings,
				orNil(r.CommandID), orNil(r.CaseID)}, nil
		}))
	return err
}

// orNil is an id, or nothing where there is none.
func orNil(id string) any {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil
	}
	return parsed
}

func rawOrNil(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return raw
}

// LockImport returns an import of a department, and keeps others from confirming it
// meanwhile. CodeNotFound when there is none.
func (t *Tx) LockImport(ctx context.Context, departmentID, id string) (sharing.CatalogImport, error) {
	i, err := scanImport(t.tx.QueryRow(ctx, selectImport+`WHERE i.id = $1 AND i.department_id = $2 FOR UPDATE OF i`, uuidOf(id), departmentID))
	return i, translate(err)
}

// RecheckedImport records that the rows of an import are others than before.
func (t *Tx) RecheckedImport(ctx context.Context, id string) error {
	_, err := t.tx.Exec(ctx, `UPDATE catalog_imports SET version = version + 1 WHERE id = $1`, id)
	return err
}

// ConfirmImport has an import carried out from now on.
func (t *Tx) ConfirmImport(ctx context.Context, id string, now time.Time) error {
	_, err := t.tx.Exec(ctx, `
		UPDATE catalog_imports SET state = 'running', confirmed_at = $2 WHERE id = $1`, id, now)
	return err
}

// Import returns an import of a department; CodeNotFound when there is none.
func (s *Store) Import(ctx context.Context, departmentID, id string) (sharing.CatalogImport, error) {
	i, err := scanImport(s.pool.QueryRow(ctx, selectImport+`WHERE i.id = $1 AND i.department_id = $2`, uuidOf(id), departmentID))
	return i, translate(err)
}

// Imports returns the last imports of a department, the latest first.
func (s *Store) Imports(ctx context.Context, departmentID string, limit int) ([]sharing.CatalogImport, error) {
	rows, err := s.pool.Query(ctx, selectImport+`WHERE i.department_id = $1 ORDER BY i.created_at DESC, i.id LIMIT $2`, departmentID, limit)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.CatalogImport, error) { return scanImport(row) })
	return all, translate(err)
}

const selectImportRows = `
SELECT r.n, r.said, r.standing, r.code, r.title, coalesce(r.resource_id::text, ''), r.proposal, r.diff, r.findings, coalesce(r.command_id::text, ''),
	CASE WHEN r.done_at IS NULL OR r.refusal IS NOT NULL THEN '' ELSE r.case_id::text END, coalesce(c.number, ''), r.done_at, r.refusal
FROM catalog_import_rows r LEFT JOIN cases c ON c.id = r.case_id AND r.done_at IS NOT NULL AND r.refusal IS NULL WHERE r.import_id = $1 `

func collectImportRows(rows pgx.Rows, err error) ([]ImportRow, error) {
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ImportRow, error) {
		var r ImportRow
		err := row.Scan(&r.N, &r.Said, &r.Standing, &r.Code, &r.Title, &r.ResourceID, &r.Proposal, &r.Diff, &r.Findings, &r.CommandID, &r.CaseID, &r.CaseNumber, &r.DoneAt, &r.Refusal)
		return r, err
	})
	return all, translate(err)
}

// ImportRows returns the rows of an import that follow row after, at most limit: of one
// standing, or all; or those alone that became no change.
func (s *Store) ImportRows(ctx context.Context, importID string, standing sharing.RowStanding, failed bool, after, limit int) ([]ImportRow, error) {
	return collectImportRows(s.pool.Query(ctx, selectImportRows+`AND r.n > $2 AND ($3 = '' OR r.standing = $3) AND (NOT $4 OR r.refusal IS NOT NULL) ORDER BY r.n LIMIT $5`,
		uuidOf(importID), after, standing, failed, limit))
}

// StageCommands keeps commands that are new, all or none.
func (t *Tx) StageCommands(ctx context.Context, all []sharing.Command) error {
	_, err := t.tx.CopyFrom(ctx, pgx.Identifier{"commands"},
		[]string{"id", "actor", "key", "subject", "action", "target", "expected", "body", "fingerprint", "policy", "state"},
		pgx.CopyFromSlice(len(all), func(i int) ([]any, error) {
			c := all[i]
			id, err := uuid.Parse(c.ID)
			return []any{id, c.Actor.UserID, c.Key, mustJSON(c.Actor), string(c.Action), c.Target, c.Expected, []byte(c.Body), fingerprintOf(c), c.Policy, string(sharing.Pending)}, err
		}))
	return err
}

// StagedRow is a row of an import that waits to become a change.
type StagedRow struct {
	ImportID, CommandID, CaseID string
	N                           int
}

// ClaimImportRows takes rows of imports that wait: of every import the first, so that a
// short one does not wait for a long one. Others leave them alone for a while; nothing keeps the same row from being carried
// out twice but that its command is carried out once.
func (s *Store) ClaimImportRows(ctx context.Context, limit int, while time.Duration) ([]StagedRow, error) {
	rows, err := s.pool.Query(ctx, `
		UPDATE catalog_import_rows r SET claimed_at = clock_timestamp()
		FROM (SELECT w.import_id, w.n FROM catalog_import_rows w JOIN catalog_imports i ON i.id = w.import_id
			WHERE i.state = 'running' AND w.command_id IS NOT NULL AND w.done_at IS NULL AND (w.claimed_at IS NULL OR w.claimed_at < clock_timestamp() - $2::interval)
			ORDER BY w.n, i.confirmed_at, w.import_id LIMIT $1 FOR UPDATE OF w SKIP LOCKED) AS taken
		WHERE r.import_id = taken.import_id AND r.n = taken.n
		RETURNING r.import_id::text, r.command_id::text, r.case_id::text, r.n`, limit, while)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (StagedRow, error) {
		var r StagedRow
		err := row.Scan(&r.ImportID, &r.CommandID, &r.CaseID, &r.N)
		return r, err
	})
	return all, translate(err)
}

// FinishImportRow records what a row came to: a change, or a refusal.
func (s *Store) FinishImportRow(ctx context.Context, r StagedRow, refusal *Refusal) error {
	var why any
	if refusal != nil {
		why = mustJSON(refusal)
	}
	_, err := s.pool.Exec(ctx, `
		UPDATE catalog_import_rows SET done_at = clock_timestamp(), refusal = $3 WHERE import_id = $1 AND n = $2 AND done_at IS NULL`, r.ImportID, r.N, why)
	return translate(err)
}

// FreeImportRow gives a row back that could not be carried out now.
func (s *Store) FreeImportRow(ctx context.Context, r StagedRow) error {
	_, err := s.pool.Exec(ctx, `UPDATE catalog_import_rows SET claimed_at = NULL WHERE import_id = $1 AND n = $2 AND done_at IS NULL`, r.ImportID, r.N)
	return translate(err)
}

// EndImports ends the imports none of whose rows wait any more, and clears away those
// that nobody confirmed, and what is told of exports, after a time.
func (s *Store) EndImports(ctx context.Context, stale time.Duration) error {
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE catalog_imports i SET state = 'done', ended_at = clock_timestamp() WHERE state = 'running'
		AND NOT EXISTS (SELECT FROM catalog_import_rows WHERE import_id = i.id AND command_id IS NOT NULL AND done_at IS NULL)`)
	batch.Queue(`DELETE FROM catalog_imports WHERE state = 'checked' AND created_at < clock_timestamp() - $1::interval`, stale)
	batch.Queue(`DELETE FROM exports WHERE started_at < clock_timestamp() - $1::interval`, stale)
	return translate(s.pool.SendBatch(ctx, batch).Close())
}

// RunningImports returns how many rows the imports that run in a region have, and how
// many of these are done.
func (s *Store) RunningImports(ctx context.Context, regionID string) (done, rows int, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT count(r.done_at), count(r.n) FROM catalog_imports i JOIN catalog_import_rows r ON r.import_id = i.id AND r.command_id IS NOT NULL
		WHERE i.state = 'running' AND i.region_id = $1`, regionID).Scan(&done, &rows)
	return done, rows, translate(err)
}

// Spoken is what stands in the way of a new entry or a further change.
type Spoken struct {
	Codes   map[string]string // codes of a region that are taken, with the number of the department's own open change that would give them
	Changes map[string]string // numbers of open changes by entry
}

// SpokenFor looks for a department which of the codes of a region are taken, by
// entries or by open changes, and which of its entries have an open change.
func (s *Store) SpokenFor(ctx context.Context, regionID, departmentID string, codes, resourceIDs []string) (Spoken, error) {
	found := Spoken{Codes: map[string]string{}, Changes: map[string]string{}}
	rows, err := s.pool.Query(ctx, `
		SELECT 'code', code, '' FROM resources WHERE region_id = $1 AND code = ANY($2)
		UNION ALL SELECT 'code', content #>> '{entry,code}', CASE provider_id WHEN $4 THEN number ELSE '' END FROM cases WHERE region_id = $1 AND procedure = 'change' AND closed_at IS NULL
			AND content ->> 'kind' = 'new' AND content #>> '{entry,code}' = ANY($2)
		UNION ALL SELECT 'change', resource_id::text, number FROM cases WHERE procedure = 'change' AND closed_at IS NULL AND resource_id = ANY($3)`,
		regionID, codes, uuidsOf(resourceIDs), departmentID)
	if err != nil {
		return found, translate(err)
	}
	var kind, name, number string
	_, err = pgx.ForEachRow(rows, []any{&kind, &name, &number}, func() error {
		if kind == "code" {
			found.Codes[name] = number
		} else {
			found.Changes[name] = number
		}
		return nil
	})
	return found, translate(err)
}

// Export is how far a file that is being made for somebody is.
type Export struct {
	Done, Total int
	Ended       bool
	Silent      bool // nothing was heard of it for a while
}

// TellExport records how far an export of a user's is.
func (s *Store) TellExport(ctx context.Context, userID, id string, done, total int, ended bool) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO exports (id, user_id, done, total, ended_at) VALUES ($2, $1, $3, $4, CASE WHEN $5 THEN clock_timestamp() END)
		ON CONFLICT (user_id, id) DO UPDATE SET done = $3, total = $4, told_at = clock_timestamp(), ended_at = CASE WHEN $5 THEN clock_timestamp() END`,
		userID, uuidOf(id), done, total, ended)
	return translate(err)
}

// Export returns how far an export of a user's is; CodeNotFound when none has begun.
func (s *Store) Export(ctx context.Context, userID, id string) (Export, error) {
	var e Export
	err := s.pool.QueryRow(ctx, `
		SELECT done, total, ended_at IS NOT NULL, ended_at IS NULL AND told_at < clock_timestamp() - interval '15 seconds' FROM exports WHERE user_id = $1 AND id = $2`,
		userID, uuidOf(id)).Scan(&e.Done, &e.Total, &e.Ended, &e.Silent)
	return e, translate(err)
}
