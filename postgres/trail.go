package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Append adds entries to the audit trail, giving them their numbers. The head row
// is locked until the transaction ends, so that the chain cannot fork: append as
// the last thing a step does.
func (t *Tx) Append(ctx context.Context, entries ...sharing.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var (
		seq  int64
		hash []byte
	)
	if err := t.tx.QueryRow(ctx, `SELECT seq, hash FROM trail_head FOR UPDATE`).Scan(&seq, &hash); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for _, e := range entries {
		seq++
		e.Seq = seq
		// The database keeps microseconds: hash what it keeps.
		e.At = e.At.UTC().Truncate(time.Microsecond)
		entry, err := json.Marshal(e)
		if err != nil {
			return err
		}
		hash = link(hash, entry)
		batch.Queue(`INSERT INTO trail (seq, at, actor, action, region_id, subject_id, version, entry, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			e.Seq, e.At, e.Actor, e.Action, e.RegionID, e.SubjectID, e.Version, entry, hash)
	}
	batch.Queue(`UPDATE trail_head SET seq = $1, hash = $2`, seq, hash)
	return t.tx.SendBatch(ctx, batch).Close()
}

// link is the hash of an entry that follows a hash.
func link(previous, entry []byte) []byte {
	h := sha256.New()
	h.Write(previous)
	h.Write(entry)
	return h.Sum(nil)
}

// Timeline returns the story of a case or application as the trail has it.
func (s *Store) Timeline(ctx context.Context, subjectID string) ([]sharing.Entry, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT t.entry, coalesce(u.name, ''), coalesce(d.name, ''), coalesce(b.name, '')
		FROM trail t LEFT JOIN users u ON u.id = t.actor
			LEFT JOIN users b ON b.id = convert_from(t.entry, 'UTF8')::jsonb ->> 'on_behalf_of'
			LEFT JOIN departments d ON d.id = convert_from(t.entry, 'UTF8')::jsonb ->> 'department'
		WHERE t.subject_id = $1 ORDER BY t.seq`, subjectID)
	if err != nil {
		return nil, translate(err)
	}
	story, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Entry, error) {
		var (
			e                sharing.Entry
			raw              []byte
			name, department string
			behalf           string
		)
		if err := row.Scan(&raw, &name, &department, &behalf); err != nil {
			return e, err
		}
		err := json.Unmarshal(raw, &e)
		e.ActorName, e.DepartmentName, e.OnBehalfOfName = name, department, behalf
		return e, err
	})
	return story, translate(err)
}

// Head is where the trail ends.
type Head struct {
	Seq  int64     `json:"seq"`
	Hash string    `json:"hash"` // hexadecimal
	At   time.Time `json:"at"`   // when it was read
}

// TrailHead returns where the trail ends now.
func (s *Store) TrailHead(ctx context.Context) (Head, error) {
	var h Head
	err := s.pool.QueryRow(ctx, `SELECT seq, encode(hash, 'hex'), clock_timestamp() FROM trail_head`).Scan(&h.Seq, &h.Hash, &h.At)
	return h, translate(err)
}

// What can be wrong with the trail.
const (
	TrailMissing  = "missing"  // a line is not there
	TrailUnlinked = "unlinked" // a line does not follow from the one before: it was changed, inserted or swapped
	TrailUnread   = "unread"   // a line cannot be read
	TrailColumns  = "columns"  // the columns of a line differ from its text
	TrailHeads    = "heads"    // two heads that are to lie on it disagree
	TrailOther    = "foreign"  // a line is not the one whose head was exported
	TrailEnd      = "end"      // its last line is not the one that its head names
	TrailCut      = "cut"      // it ends before the line of a head that was exported
)

// BrokenTrail says where the audit trail is not what it was.
type BrokenTrail struct {
	Rule string
	Seq  int64 // the line
	// Reached is, of a trail that ends wrongly, the line that it should have reached.
	Reached int64
	cause   error
}

func (b *BrokenTrail) Error() string {
	switch b.Rule {
	case TrailMissing:
		return fmt.Sprintf("trail: entry %d is missing", b.Seq)
	case TrailUnlinked:
		return fmt.Sprintf("trail: entry %d does not follow from the one before", b.Seq)
	case TrailUnread:
		return fmt.Sprintf("trail: entry %d cannot be read: %v", b.Seq, b.cause)
	case TrailColumns:
		return fmt.Sprintf("trail: the columns of entry %d differ from its text", b.Seq)
	case TrailHeads:
		return fmt.Sprintf("trail: two exported heads disagree at entry %d", b.Seq)
	case TrailOther:
		return fmt.Sprintf("trail: entry %d is not the one whose head was exported", b.Seq)
	case TrailEnd:
		return fmt.Sprintf("trail: it ends at entry %d, its head says %d", b.Seq, b.Reached)
	}
	return fmt.Sprintf("trail: it was cut off after entry %d; an exported head says it reached %d", b.Seq, b.Reached)
}

func (b *BrokenTrail) Unwrap() error { return b.cause }

// VerifyTrail recomputes the chain from the stored bytes, from the first entry to
// the head, and returns the head. A *[BrokenTrail] says at which entry the chain
// breaks: changed, deleted, inserted, swapped or cut off. heads are heads exported
// earlier; each must lie on the chain.
func (s *Store) VerifyTrail(ctx context.Context, heads ...Head) (Head, error) {
	return s.FollowTrail(ctx, func(int64, Head) {}, heads...)
}

// trailStride is after how many entries [Store.FollowTrail] tells how far it is.
const trailStride = 2000

// FollowTrail is [Store.VerifyTrail] that tells as it goes how many entries it has
// recomputed, and which head it goes to.
func (s *Store) FollowTrail(ctx context.Context, tell func(seen int64, to Head), heads ...Head) (Head, error) {
	var head Head
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT seq, encode(hash, 'hex'), clock_timestamp() FROM trail_head`).Scan(&head.Seq, &head.Hash, &head.At); err != nil {
			return err
		}
		tell(0, head)
		expected := map[int64]string{}
		for _, h := range heads {
			if was, ok := expected[h.Seq]; ok && was != h.Hash {
				return &BrokenTrail{Rule: TrailHeads, Seq: h.Seq}
			}
			expected[h.Seq] = h.Hash
		}
		rows, err := tx.Query(ctx, `SELECT seq, at, actor, action, region_id, subject_id, version, entry, hash FROM trail ORDER BY seq`)
		if err != nil {
			return err
		}
		defer rows.Close()
		previous, last := make([]byte, sha256.Size), int64(0)
		for rows.Next() {
			var (
				seq                            int64
				at                             time.Time
				actor, action, region, subject string
				version                        int
				entry, hash                    []byte
				e                              sharing.Entry
			)
			if err := rows.Scan(&seq, &at, &actor, &action, &region, &subject, &version, &entry, &hash); err != nil {
				return err
			}
			if seq != last+1 {
				return &BrokenTrail{Rule: TrailMissing, Seq: last + 1}
			}
			if !bytes.Equal(link(previous, entry), hash) {
				return &BrokenTrail{Rule: TrailUnlinked, Seq: seq}
			}
			if err := json.Unmarshal(entry, &e); err != nil {
				return &BrokenTrail{Rule: TrailUnread, Seq: seq, cause: err}
			}
			if e.Seq != seq || !e.At.Equal(at) || e.Actor != actor || string(e.Action) != action || e.RegionID != region || e.SubjectID != subject || e.Version != version {
				return &BrokenTrail{Rule: TrailColumns, Seq: seq}
			}
			if was, ok := expected[seq]; ok && was != fmt.Sprintf("%x", hash) {
				return &BrokenTrail{Rule: TrailOther, Seq: seq}
			}
			previous, last = hash, seq
			if last%trailStride == 0 {
				tell(last, head)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if last != head.Seq || fmt.Sprintf("%x", previous) != head.Hash {
			return &BrokenTrail{Rule: TrailEnd, Seq: last, Reached: head.Seq}
		}
		for seq := range expected {
			if seq > last {
				return &BrokenTrail{Rule: TrailCut, Seq: last, Reached: seq}
			}
		}
		tell(last, head)
		return nil
	})
	return head, translate(err)
}
