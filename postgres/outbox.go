package postgres

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Send puts messages into the outbox, to be delivered once the step has
// committed.
func (t *Tx) Send(ctx context.Context, now time.Time, messages ...sharing.Message) error {
	if len(messages) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	for _, m := range messages {
		batch.Queue(`INSERT INTO outbox (topic, case_id, department_id, user_id, data, created_at, next_try_at)
			VALUES ($1, nullif($2, '')::uuid, $3, nullif($6, ''), $4, $5, $5)`,
			m.Topic, m.CaseID, m.DepartmentID, mustJSON(m.Data), now, m.UserID)
	}
	return t.tx.SendBatch(ctx, batch).Close()
}

// Parcel is a message on its way.
type Parcel struct {
	ID int64 `json:"id"`
	sharing.Message
	CreatedAt time.Time `json:"created_at"`
	Tries     int       `json:"-"`
}

// lease is how long a message is left to whoever took it before it is tried again:
// longer than handing one out can take.
const lease = time.Minute

// Deliver takes up to limit waiting messages and hands each to deliver, one after
// the other. One that fails is tried again later, after ever longer pauses of at
// most an hour. No message is lost; a receiver may see one twice, with the same
// ID. It returns how many it took.
func (s *Store) Deliver(ctx context.Context, limit int, deliver func(context.Context, Parcel) error) (int, error) {
	// Taken and committed before anything is sent: a slow receiver holds no lock, and
	// one that never answers is not asked again at once.
	rows, err := s.pool.Query(ctx, `
		UPDATE outbox SET tries = tries + 1,
			next_try_at = clock_timestamp() + greatest($2::interval, least(interval '1 hour', interval '1 second' * 2 ^ least(tries, 12)))
		WHERE id IN (
			SELECT id FROM outbox WHERE delivered_at IS NULL AND next_try_at <= clock_timestamp() ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
		RETURNING id, topic, coalesce(case_id::text, ''), department_id, coalesce(user_id, ''), data, created_at, tries`, limit, lease)
	if err != nil {
		return 0, translate(err)
	}
	parcels, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Parcel, error) {
		var p Parcel
		err := row.Scan(&p.ID, &p.Topic, &p.CaseID, &p.DepartmentID, &p.UserID, &p.Data, &p.CreatedAt, &p.Tries)
		return p, err
	})
	if err != nil {
		return 0, translate(err)
	}
	slices.SortFunc(parcels, func(a, b Parcel) int { return cmp.Compare(a.ID, b.ID) })
	until := time.Now().Add(lease / 2)
	for _, p := range parcels {
		if time.Now().After(until) {
			break // the rest comes again when its lease is over
		}
		if deliver(ctx, p) != nil {
			continue
		}
		// A code that was sent to somebody is not kept.
		if _, err := s.pool.Exec(ctx, `
			UPDATE outbox SET delivered_at = clock_timestamp(), data = CASE topic WHEN '`+sharing.ContactCode+`' THEN '{}' ELSE data END
			WHERE id = $1`, p.ID); err != nil {
			return len(parcels), translate(err)
		}
	}
	return len(parcels), nil
}

// Told is a message with the case it is about, as that stands now.
type Told struct {
	Parcel
	Case   sharing.Case
	Unread bool // by the user who asks
}

// told narrows to what a department was told, and one user of it alone, on cases
// the scopes allow; unread is the condition that the user has not read it.
func told(scopes sharing.Scopes, department, user string) (w where, unread string) {
	w.seeCases(scopes)
	me := w.arg(user)
	w.and("m.department_id = ? AND (m.user_id IS NULL OR m.user_id = "+me+")", department)
	return w, "m.id > coalesce((SELECT r.up_to FROM messages_read r WHERE r.user_id = " + me + "), 0)"
}

// Messages returns one page of what a department was told, and one user of it
// alone, the newest first, only on cases the scopes allow. Whether a message has
// been delivered elsewhere makes no difference.
func (s *Store) Messages(ctx context.Context, scopes sharing.Scopes, department, user, cursor string, limit int) (page []Told, next string, total int, err error) {
	w, unread := told(scopes, department, user)
	columns := `m.id, m.topic, m.case_id::text, m.department_id, coalesce(m.user_id, ''), m.data, m.created_at, m.tries, ` +
		unread + `, `
	return list(ctx, s.pool, listing[Told]{
		query: `SELECT ` + columns + caseColumns + caseTables + ` JOIN outbox m ON m.case_id = c.id `,
		count: `SELECT count(*) FROM cases c JOIN outbox m ON m.case_id = c.id `, where: w,
		key: "m.id", cast: "bigint", id: "m.id::text", desc: true, cursor: cursor, limit: limit,
		scan: func(row pgx.Row) (Told, error) {
			var m Told
			targets := []any{&m.ID, &m.Topic, &m.CaseID, &m.DepartmentID, &m.UserID, &m.Data, &m.CreatedAt, &m.Tries, &m.Unread}
			err := row.Scan(append(targets, caseTargets(&m.Case)...)...)
			return m, err
		},
		at: func(m Told) (string, string) { id := strconv.FormatInt(m.ID, 10); return id, id },
	})
}

// CountUnread counts of the messages that [Store.Messages] lists those that the user
// has not read, up to limit.
func (s *Store) CountUnread(ctx context.Context, scopes sharing.Scopes, department, user string, limit int) (n int, err error) {
	w, unread := told(scopes, department, user)
	w.and(unread)
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM outbox m JOIN cases c ON c.id = m.case_id `+w.String()+` LIMIT `+w.arg(limit)+`) few`,
		w.args...).Scan(&n)
	return n, translate(err)
}

// PutMessagesRead keeps that a user has read every message up to one. It never goes
// back, nor beyond what there is.
func (s *Store) PutMessagesRead(ctx context.Context, user string, upTo int64) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO messages_read (user_id, up_to) SELECT $1, m.id FROM outbox m WHERE m.id <= $2 ORDER BY m.id DESC LIMIT 1
		ON CONFLICT (user_id) DO UPDATE SET up_to = greatest(messages_read.up_to, excluded.up_to), at = clock_timestamp()`, user, upTo)
	return translate(err)
}
