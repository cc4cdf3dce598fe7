package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// KeptWording is one version of a region's own wording of a letter. Without a text
// it goes back to the wording that comes with the program.
type KeptWording struct {
	RegionID   string
	Letter     string // the kind of letter
	Locale     string
	Version    int
	Text       string
	By, ByName string // user
	At         time.Time
}

const selectWordings = `
SELECT w.region_id, w.letter, w.locale, w.version, w.text, w.kept_by, u.name, w.at FROM wordings w JOIN users u ON u.id = w.kept_by `

// Wordings returns the wordings that a region keeps now, the last version of each.
func (s *Store) Wordings(ctx context.Context, regionID string) ([]KeptWording, error) {
	rows, err := s.pool.Query(ctx, selectWordings+`
		WHERE w.region_id = $1 AND w.version = (SELECT max(version) FROM wordings WHERE region_id = w.region_id AND letter = w.letter AND locale = w.locale)
		ORDER BY w.letter, w.locale`, regionID)
	return collectWordings(rows, err)
}

// WordingVersions returns every version of one wording of a region, the last first.
func (s *Store) WordingVersions(ctx context.Context, regionID string, letter, locale string) ([]KeptWording, error) {
	rows, err := s.pool.Query(ctx, selectWordings+`WHERE w.region_id = $1 AND w.letter = $2 AND w.locale = $3 ORDER BY w.version DESC`, regionID, letter, locale)
	return collectWordings(rows, err)
}

// WordingAt returns the wording that a region kept at an instant; CodeNotFound when
// it kept none.
func (s *Store) WordingAt(ctx context.Context, regionID string, letter, locale string, at time.Time) (KeptWording, error) {
	rows, err := s.pool.Query(ctx, selectWordings+`
		WHERE w.region_id = $1 AND w.letter = $2 AND w.locale = $3 AND w.at <= $4 ORDER BY w.version DESC LIMIT 1`, regionID, letter, locale, at)
	if err != nil {
		return KeptWording{}, translate(err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[KeptWording])
	return found, translate(err)
}

func collectWordings(rows pgx.Rows, err error) ([]KeptWording, error) {
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[KeptWording])
	return all, translate(err)
}

// PutWording writes the next version of a wording, which w names; CodeStale when
// somebody else wrote it first.
func (t *Tx) PutWording(ctx context.Context, w KeptWording) error {
	tag, err := t.tx.Exec(ctx, `
		INSERT INTO wordings (region_id, letter, locale, version, text, kept_by, at)
		SELECT $1, $2, $3, $4, $5, $6, $7
		WHERE coalesce((SELECT max(version) FROM wordings WHERE region_id = $1 AND letter = $2 AND locale = $3), 0) = $4 - 1
		ON CONFLICT DO NOTHING`, w.RegionID, w.Letter, w.Locale, w.Version, w.Text, w.By, w.At)
	if err == nil && tag.RowsAffected() == 0 {
		return &sharing.Error{Code: sharing.CodeStale}
	}
	return err
}

// ComposedLetter is a letter as it was composed once and for all.
type ComposedLetter struct {
	CaseID     string
	Name       string // within the case
	Locale     string
	Wording    int // version of the region's; 0 for the program's own
	Content    json.RawMessage
	IssuedAt   time.Time
	ComposedAt time.Time
}

// Letter returns a letter of a case as it was composed; CodeNotFound when it was
// not yet.
func (s *Store) Letter(ctx context.Context, caseID, name, locale string) (ComposedLetter, error) {
	c := ComposedLetter{CaseID: caseID, Name: name, Locale: locale}
	err := s.pool.QueryRow(ctx, `SELECT content, wording_version, issued_at, composed_at FROM letters WHERE case_id = $1 AND name = $2 AND locale = $3`,
		caseID, name, locale).Scan(&c.Content, &c.Wording, &c.IssuedAt, &c.ComposedAt)
	return c, translate(err)
}

// KeepLetter keeps a letter as it was composed, unless it was before, and returns
// the one that is kept.
func (s *Store) KeepLetter(ctx context.Context, c ComposedLetter) (ComposedLetter, error) {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO letters (case_id, name, locale, wording_version, content, issued_at, composed_at) VALUES ($1, $2, $3, $4, $5, $6, statement_timestamp())
		ON CONFLICT DO NOTHING`, c.CaseID, c.Name, c.Locale, c.Wording, []byte(c.Content), c.IssuedAt)
	if err != nil {
		return c, translate(err)
	}
	return s.Letter(ctx, c.CaseID, c.Name, c.Locale)
}

// FieldTitles returns the titles of the fields of a catalog entry by their names, for
// letters about it; none when there is no such entry.
func (s *Store) FieldTitles(ctx context.Context, resourceID string) (map[string]string, error) {
	var fields []sharing.Field
	err := s.pool.QueryRow(ctx, `SELECT fields FROM resources WHERE id::text = $1`, resourceID).Scan(&fields)
	titles := map[string]string{}
	if sharing.CodeOf(translate(err)) == sharing.CodeNotFound {
		return titles, nil
	}
	for _, f := range fields {
		titles[f.Name] = f.Title
	}
	return titles, translate(err)
}

// Urges returns the departments that were urged on a case, by who urged and on
// which day.
func (s *Store) Urges(ctx context.Context, caseID string) ([]Urge, error) {
	rows, err := s.pool.Query(ctx, `SELECT department_id, at, owes FROM urges WHERE case_id = $1 ORDER BY at, department_id`, caseID)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Urge])
	return all, translate(err)
}

// Urge is one time that a department urged a case.
type Urge struct {
	By   string // department
	At   time.Time
	Owes []string // departments that were urged
}
