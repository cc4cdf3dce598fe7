package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// OpenFilter narrows a search of the open catalog; zero fields do not narrow.
type OpenFilter struct {
	Region   string
	Text     string
	Class    sharing.OpenClass
	Provider string
	Cursor   string
	Limit    int
}

// OpenResources returns one page of what the scopes allow of the open catalog, by
// title.
func (s *Store) OpenResources(ctx context.Context, scopes sharing.Scopes, f OpenFilter) (page []sharing.Sealed, next string, total int, err error) {
	var w where
	w.seeEntries(scopes)
	if f.Region != "" {
		w.and("r.region_id = ?", f.Region)
	}
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		w.and("r.haystack LIKE ?", like(word))
	}
	if f.Class != "" {
		w.and("r.open_class = ?", f.Class)
	}
	if f.Provider != "" {
		w.and("r.department_id = ?", f.Provider)
	}
	return s.listEntries(ctx, entriesByTitle(w, f.Cursor, f.Limit))
}

// Throttle is how often something may be asked for by one who asks.
type Throttle struct {
	What  string
	Times int
	Per   time.Duration // counted from midnight in Shanghai
}

// Take counts one more, or returns CodeTooMany with the time after which it can be
// asked for again.
func (t *Tx) Take(ctx context.Context, limit Throttle, who string) error {
	var left time.Duration
	var n int
	err := t.tx.QueryRow(ctx, `
		WITH now AS (SELECT clock_timestamp() AS at), since AS (
			SELECT to_timestamp(floor((extract(epoch FROM at) + 28800) / $4) * $4 - 28800) AS at FROM now), taken AS (
			INSERT INTO throttles AS h (what, who, since, n) SELECT $1, $2, at, 1 FROM since
			ON CONFLICT (what, who, since) DO UPDATE SET n = h.n + 1 WHERE h.n < $3
			RETURNING n)
		SELECT coalesce((SELECT n FROM taken), 0), since.at + make_interval(secs => $4) - now.at FROM now, since`,
		limit.What, hashSecret(limit.What+"\x00"+who), limit.Times, limit.Per.Seconds()).Scan(&n, &left)
	if err != nil {
		return err
	}
	if n == 0 {
		return &sharing.Error{Code: sharing.CodeTooMany, RetryAfter: left,
			Detail: fmt.Sprintf("at most %d per %s", limit.Times, limit.Per)}
	}
	return nil
}

// GiveBack uncounts one that [Tx.Take] counted, and that was none after all.
func (s *Store) GiveBack(ctx context.Context, limit Throttle, who string) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE throttles SET n = n - 1 WHERE n > 0 AND (what, who, since) = (
			SELECT what, who, since FROM throttles WHERE what = $1 AND who = $2 ORDER BY since DESC LIMIT 1)`,
		limit.What, hashSecret(limit.What+"\x00"+who))
	return translate(err)
}

// OpeningRequest is an open-data request before and after its contact is proved.
type OpeningRequest struct {
	ID       string
	RegionID string
	Content  []byte // nil once submitted
	Verified bool
	CaseID   string // empty until submitted
}

// ContactCode is a code that was sent to a contact.
type ContactCode struct {
	Code  string
	Until time.Time
	Good  time.Duration // from now, by the database's clock
}

// hashCode binds a code to the secret that only the person has: who reads the
// database cannot try all codes.
func hashCode(secret, code string) []byte { return hashSecret(secret + "\x00" + code) }

// PutOpeningRequest keeps what somebody asks for until the contact is proved, and
// forgets what was never proved for a day.
func (t *Tx) PutOpeningRequest(ctx context.Context, r OpeningRequest, secret string, code *ContactCode) error {
	if _, err := t.tx.Exec(ctx, `DELETE FROM opening_requests WHERE case_id IS NULL AND created_at < clock_timestamp() - interval '1 day'`); err != nil {
		return err
	}
	return t.tx.QueryRow(ctx, `
		INSERT INTO opening_requests (id, region_id, secret, content, code, code_until) VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6)
		RETURNING code_until`,
		r.ID, r.RegionID, hashSecret(secret), r.Content, hashCode(secret, code.Code), code.Good).Scan(&code.Until)
}

const selectOpening = `SELECT id::text, region_id, content, verified_at IS NOT NULL, coalesce(case_id::text, '') FROM opening_requests `

func scanOpening(row pgx.Row) (OpeningRequest, error) {
	var r OpeningRequest
	err := row.Scan(&r.ID, &r.RegionID, &r.Content, &r.Verified, &r.CaseID)
	return r, translate(err)
}

// OpeningRequest returns a request to who knows its secret; CodeNotFound otherwise.
func (s *Store) OpeningRequest(ctx context.Context, id, secret string) (OpeningRequest, error) {
	return scanOpening(s.pool.QueryRow(ctx, selectOpening+`WHERE id::text = $1 AND secret = $2`, id, hashSecret(secret)))
}

// OpeningCase returns the case of a submitted request, by number, to who knows its
// secret; CodeNotFound otherwise.
func (s *Store) OpeningCase(ctx context.Context, number, secret string) (sharing.Case, error) {
	c, err := scanCase(s.pool.QueryRow(ctx, `SELECT `+caseColumns+caseTables+`
		JOIN opening_requests q ON q.case_id = c.id WHERE c.number = $1 AND q.secret = $2`, number, hashSecret(secret)))
	return c, translate(err)
}

// LockOpeningRequest returns a request and keeps it from being submitted twice.
func (t *Tx) LockOpeningRequest(ctx context.Context, id string) (OpeningRequest, error) {
	return scanOpening(t.tx.QueryRow(ctx, selectOpening+`WHERE id::text = $1 FOR UPDATE`, id))
}

// NextCode puts another code in the place of the one before. Three codes can be had
// for one request: CodeTooMany after that.
func (t *Tx) NextCode(ctx context.Context, id, secret string, code *ContactCode) error {
	err := t.tx.QueryRow(ctx, `
		UPDATE opening_requests SET code = $3, code_until = clock_timestamp() + $4, tries = 0, codes = codes + 1
		WHERE id::text = $1 AND secret = $2 AND codes < 3 AND verified_at IS NULL RETURNING code_until`,
		id, hashSecret(secret), hashCode(secret, code.Code), code.Good).Scan(&code.Until)
	if errors.Is(err, pgx.ErrNoRows) {
		return &sharing.Error{Code: sharing.CodeTooMany, RetryAfter: 24 * time.Hour, Detail: "at most 3 codes for one request"}
	}
	return err
}

// Tried says what became of a try at a code.
type Tried struct {
	Right bool
	Left  int  // tries
	Over  bool // no more tries, or the code is too old
}

// TryCode compares a code with the one sent and counts the try. A right one proves
// the contact.
func (s *Store) TryCode(ctx context.Context, id, secret, code string) (Tried, error) {
	var t Tried
	err := s.pool.QueryRow(ctx, `
		UPDATE opening_requests SET tries = tries + 1, verified_at = CASE WHEN code = $3 THEN clock_timestamp() END
		WHERE id::text = $1 AND secret = $2 AND verified_at IS NULL AND tries < 5 AND code_until > clock_timestamp()
		RETURNING verified_at IS NOT NULL, 5 - tries`, id, hashSecret(secret), hashCode(secret, code)).Scan(&t.Right, &t.Left)
	if errors.Is(err, pgx.ErrNoRows) {
		return Tried{Over: true}, nil
	}
	return t, translate(err)
}

// SubmitOpeningRequest ties a request to its case, which now holds what was asked.
func (t *Tx) SubmitOpeningRequest(ctx context.Context, id string) error {
	_, err := t.tx.Exec(ctx, `UPDATE opening_requests SET case_id = id, content = NULL WHERE id::text = $1 AND case_id IS NULL`, id)
	return err
}

// ForgetContacts removes what is no longer needed to know: requests never proved,
// codes no longer good, and counts of days gone by.
func (t *Tx) ForgetContacts(ctx context.Context) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM opening_requests WHERE case_id IS NULL AND created_at < clock_timestamp() - interval '1 day'`)
	batch.Queue(`DELETE FROM outbox WHERE topic = 'contact_code' AND created_at < clock_timestamp() - interval '1 hour'`)
	batch.Queue(`DELETE FROM throttles WHERE since < clock_timestamp() - interval '2 days'`)
	return t.tx.SendBatch(ctx, batch).Close()
}

// OpeningBy returns the newest case of whoever asked under the contact;
// CodeNotFound when nobody did.
func (s *Store) OpeningBy(ctx context.Context, contact string) (sharing.Case, error) {
	c, err := scanCase(s.pool.QueryRow(ctx, `SELECT `+caseColumns+caseTables+`
		WHERE c.procedure = 'opening' AND c.content ->> 'contact' = $1 ORDER BY c.created_at DESC LIMIT 1`, contact))
	return c, translate(err)
}
