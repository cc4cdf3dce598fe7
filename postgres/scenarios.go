package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

const selectScenario = `
SELECT s.id, s.region_id, s.content, s.version, s.regulation_id, s.registered_by, s.updated_at, s.retired_at FROM scenarios s `

func scanScenario(row pgx.Row) (sharing.Scenario, error) {
	var s sharing.Scenario
	err := row.Scan(&s.ID, &s.RegionID, &s.ScenarioText, &s.Version, &s.RegulationID, &s.RegisteredBy, &s.UpdatedAt, &s.RetiredAt)
	return s, err
}

// ScenarioFilter narrows the register of a region; zero fields do not narrow.
type ScenarioFilter struct {
	Resource string // id: only scenarios that have it
	Retired  bool   // those that were struck off, too
	Cursor   string
	Limit    int
}

// Scenarios returns one page of a region's register by name.
func (s *Store) Scenarios(ctx context.Context, regionID string, f ScenarioFilter) (page []sharing.Scenario, next string, total int, err error) {
	var w where
	w.and("s.region_id = ?", regionID)
	if !f.Retired {
		w.and("s.retired_at IS NULL")
	}
	if f.Resource != "" {
		w.and("s.content -> 'resources' @> jsonb_build_array(jsonb_build_object('resource_id', ?::text))", f.Resource)
	}
	return list(ctx, s.pool, listing[sharing.Scenario]{
		query: selectScenario, count: `SELECT count(*) FROM scenarios s `, where: w,
		key: "s.content ->> 'name'", id: "s.id::text", cursor: f.Cursor, limit: f.Limit,
		scan: scanScenario,
		at:   func(s sharing.Scenario) (string, string) { return s.Name, s.ID },
	})
}

// Scenario returns a scenario of a region; CodeNotFound when there is none.
func (s *Store) Scenario(ctx context.Context, regionID, id string) (sharing.Scenario, error) {
	found, err := scanScenario(s.pool.QueryRow(ctx, selectScenario+`WHERE s.region_id = $1 AND s.id::text = $2`, regionID, id))
	return found, translate(err)
}

// HoldScenario is [Store.Scenario] within a transaction, and keeps the scenario
// from changing until it ends.
func (t *Tx) HoldScenario(ctx context.Context, regionID, id string) (sharing.Scenario, error) {
	found, err := scanScenario(t.tx.QueryRow(ctx, selectScenario+`WHERE s.region_id = $1 AND s.id::text = $2 FOR SHARE OF s`, regionID, id))
	return found, translate(err)
}

// LockScenario is [Tx.HoldScenario] for who is about to change it.
func (t *Tx) LockScenario(ctx context.Context, regionID, id string) (sharing.Scenario, error) {
	found, err := scanScenario(t.tx.QueryRow(ctx, selectScenario+`WHERE s.region_id = $1 AND s.id::text = $2 FOR UPDATE OF s`, regionID, id))
	return found, translate(err)
}

// InsertScenario adds a scenario to the register. One of the same name that is not
// retired is a broken rule of /name.
func (t *Tx) InsertScenario(ctx context.Context, s sharing.Scenario) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO scenarios (id, region_id, content, version, regulation_id, registered_by, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
		s.ID, s.RegionID, mustJSON(s.ScenarioText), s.Version, s.RegulationID, s.RegisteredBy, s.UpdatedAt)
	return err
}

// UpdateScenario writes the next version of a scenario and keeps the one before.
func (t *Tx) UpdateScenario(ctx context.Context, s sharing.Scenario, by string) error {
	tag, err := t.tx.Exec(ctx, `
		WITH former AS (
			INSERT INTO scenario_versions (scenario_id, version, content, replaced_at, replaced_by)
			SELECT id, version, content, $4, $5 FROM scenarios WHERE id = $1 AND version = $3 - 1 RETURNING scenario_id)
		UPDATE scenarios s SET content = $2, version = $3, updated_at = $4, retired_at = $6 FROM former WHERE s.id = former.scenario_id`,
		s.ID, mustJSON(s.ScenarioText), s.Version, s.UpdatedAt, by, s.RetiredAt)
	if err == nil && tag.RowsAffected() == 0 {
		return &sharing.Error{Code: sharing.CodeStale}
	}
	return err
}

// Repeated returns the number of an undecided case of the applicant that asks for
// the very same: resource, fields, purpose, duty and mode; CodeNotFound when there
// is none. Until the transaction ends nobody else asks for the applicant and the
// resource.
func (t *Tx) Repeated(ctx context.Context, applicantID, resourceID string, fields []string, r sharing.Request) (string, error) {
	if _, err := t.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1 || '/' || $2, 0))`, applicantID, resourceID); err != nil {
		return "", err
	}
	var number string
	err := t.tx.QueryRow(ctx, `
		SELECT number FROM cases
		WHERE applicant_id = $1 AND resource_id = $2 AND procedure = 'share' AND state IN ('checking', 'answering', 'completing', 'consenting')
			AND fields @> $3 AND fields <@ $3 AND request ->> 'purpose' = $4 AND request ->> 'duty' = $5 AND request ->> 'mode' = $6
		LIMIT 1`, applicantID, resourceID, fields, r.Purpose, r.Duty, r.Mode).Scan(&number)
	return number, translate(err)
}

// Undecided returns the cases of a department for a resource that are not decided
// yet, as far as the scopes allow, the last first.
func (s *Store) Undecided(ctx context.Context, scopes sharing.Scopes, applicantID, resourceID string) ([]sharing.Case, error) {
	var w where
	w.seeCases(scopes)
	w.and("c.applicant_id = ? AND c.resource_id = ? AND c.procedure = 'share' AND c.state IN ('checking', 'answering', 'completing', 'consenting')", applicantID, uuidOf(resourceID))
	rows, err := s.pool.Query(ctx, `SELECT `+caseColumns+caseTables+w.String()+` ORDER BY c.created_at DESC LIMIT 20`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Case, error) { return scanCase(row) })
	return found, translate(err)
}

// PutConsent writes the authority's decision on a way of sharing; there can be
// only one.
func (t *Tx) PutConsent(ctx context.Context, caseID string, r sharing.Ruling, by string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `INSERT INTO consents (case_id, agree, ruling, decided_by, decided_at) VALUES ($1, $2, $3, $4, $5)`,
		caseID, r.Agree, mustJSON(r), by, at)
	return err
}
