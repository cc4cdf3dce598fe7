package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"gongshu/sharing"
)

// InsertComment writes what was said to a case.
func (t *Tx) InsertComment(ctx context.Context, c sharing.Statement) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO comments (id, case_id, kind, text, internal, attachments, author, on_behalf_of, department_id, at)
		VALUES ($1, $2, $3, $4, $5, $6::text[]::uuid[], $7, nullif($8, ''), $9, $10)`,
		c.ID, c.CaseID, c.Kind, c.Text, c.Internal, append([]string{}, c.Attachments...), c.By, c.OnBehalfOf, c.Department.ID, c.At)
	return err
}

// Comments returns one page of what was said to a case, the last first, without
// what other departments keep to themselves.
func (s *Store) Comments(ctx context.Context, caseID, departmentID, cursor string, limit int) (page []sharing.Statement, next string, total int, err error) {
	var w where
	w.and("m.case_id = ?", caseID)
	w.and("(NOT m.internal OR m.department_id = ?)", departmentID)
	return list(ctx, s.pool, listing[sharing.Statement]{
		query: `SELECT m.id, m.case_id, m.kind, m.text, m.internal, m.attachments::text[], m.author, u.name, coalesce(m.on_behalf_of, ''), coalesce(b.name, ''),
			d.id, d.region_id, d.name, d.name_en, d.kind, m.at
			FROM comments m JOIN users u ON u.id = m.author JOIN departments d ON d.id = m.department_id LEFT JOIN users b ON b.id = m.on_behalf_of `,
		count: `SELECT count(*) FROM comments m `, where: w,
		key: "m.at", cast: "timestamptz", id: "m.id::text", desc: true, cursor: cursor, limit: limit,
		scan: func(row pgx.Row) (sharing.Statement, error) {
			var c sharing.Statement
			err := row.Scan(&c.ID, &c.CaseID, &c.Kind, &c.Text, &c.Internal, &c.Attachments, &c.By, &c.ByName, &c.OnBehalfOf, &c.OnBehalfOfName,
				&c.Department.ID, &c.Department.RegionID, &c.Department.Name, &c.Department.NameEN, &c.Department.Kind, &c.At)
			return c, err
		},
		at: func(c sharing.Statement) (string, string) { return c.At.Format(time.RFC3339Nano), c.ID },
	})
}

// Follow has a user told what becomes of a case, or no longer. It reports whether
// that changed anything.
func (t *Tx) Follow(ctx context.Context, caseID, userID string, follow bool, at time.Time) (changed bool, err error) {
	if !follow {
		tag, err := t.tx.Exec(ctx, `DELETE FROM followers WHERE case_id = $1 AND user_id = $2`, caseID, userID)
		return tag.RowsAffected() > 0, err
	}
	tag, err := t.tx.Exec(ctx, `INSERT INTO followers (case_id, user_id, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, caseID, userID, at)
	return tag.RowsAffected() > 0, err
}

// Follows reports whether a user follows a case.
func (s *Store) Follows(ctx context.Context, caseID, userID string) (bool, error) {
	var follows bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM followers WHERE case_id = $1 AND user_id = $2)`, caseID, userID).Scan(&follows)
	return follows, translate(err)
}

// Followed is the topic under which those who follow a case are told of it.
const Followed = "followed"

// TellFollowers sends a message to each enabled user who follows a case, but not
// to the one who acted; only to those of one department unless it is empty. Who
// may no longer see the case is not shown it.
func (t *Tx) TellFollowers(ctx context.Context, caseID, actor, only string, data map[string]string, now time.Time) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO outbox (topic, case_id, department_id, user_id, data, created_at, next_try_at)
		SELECT $1, f.case_id, u.department_id, u.id, $5, $6, $6 FROM followers f JOIN users u ON u.id = f.user_id
		WHERE f.case_id = $2 AND u.id <> $3 AND NOT u.disabled AND ($4 = '' OR u.department_id = $4) ORDER BY u.id`,
		Followed, caseID, actor, only, mustJSON(data), now)
	return err
}

// OpenTaskOf returns the department that the open task of a case waits for, "" when
// none is open.
func (t *Tx) OpenTaskOf(ctx context.Context, caseID string) (sharing.Department, error) {
	rows, err := t.tx.Query(ctx, `
		SELECT d.id, d.region_id, d.name, d.name_en, d.kind FROM tasks t JOIN departments d ON d.id = t.department_id
		WHERE t.case_id = $1 AND t.state = 'open'`, caseID)
	if err != nil {
		return sharing.Department{}, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Department])
	if err != nil || len(found) == 0 {
		return sharing.Department{}, err
	}
	return found[0], nil
}

// Urge records that a department urges a case. It reports whether it had not on
// that day.
func (t *Tx) Urge(ctx context.Context, caseID, departmentID, by string, owes []string, at time.Time) (first bool, err error) {
	tag, err := t.tx.Exec(ctx, `
		INSERT INTO urges (case_id, department_id, day, owes, urged_by, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		caseID, departmentID, day(sharing.DateOf(at)), owes, by, at)
	return tag.RowsAffected() > 0, err
}

// Urged reports whether a department urged a case on a day.
func (s *Store) Urged(ctx context.Context, caseID, departmentID string, on sharing.Date) (bool, error) {
	var urged bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM urges WHERE case_id = $1 AND department_id = $2 AND day = $3)`,
		caseID, departmentID, day(on)).Scan(&urged)
	return urged, translate(err)
}

const supervisionColumns = `s.id, s.case_id, s.supervisor, u.name, a.id, a.region_id, a.name, a.name_en, a.kind, o.id, o.region_id, o.name, o.name_en, o.kind,
	s.note, s.at, s.reply_by, s.replied_at, coalesce(s.reply_id::text, '')`

const supervisionTables = ` JOIN users u ON u.id = s.supervisor JOIN departments a ON a.id = s.department_id JOIN departments o ON o.id = s.owes_id `

// InsertSupervision takes a case under supervision.
func (t *Tx) InsertSupervision(ctx context.Context, s sharing.Supervision) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO supervisions (id, case_id, supervisor, department_id, owes_id, note, reply_by, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.ID, s.CaseID, s.By, s.Department.ID, s.Owes.ID, s.Note, day(s.ReplyBy), s.At)
	return err
}

// Reply answers all that a department still has to say to the supervision of a
// case, and returns the departments that asked.
func (t *Tx) Reply(ctx context.Context, caseID, departmentID, commentID string, at time.Time) (asked []string, err error) {
	rows, err := t.tx.Query(ctx, `
		UPDATE supervisions SET replied_at = $4, reply_id = $3 WHERE case_id = $1 AND owes_id = $2 AND replied_at IS NULL RETURNING department_id`,
		caseID, departmentID, commentID, at)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Supervisions returns all supervisions of a case, the first first.
func (s *Store) Supervisions(ctx context.Context, caseID string) ([]sharing.Supervision, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+supervisionColumns+` FROM supervisions s `+supervisionTables+`WHERE s.case_id = $1 ORDER BY s.at, s.id`, caseID)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Supervision, error) {
		r := supervisionRow{}
		err := row.Scan(r.targets()...)
		return r.supervision(), err
	})
	return all, translate(err)
}

type supervisionRow struct {
	sharing.Supervision
	replyBy pgtype.Date
}

func (r *supervisionRow) targets() []any {
	return []any{&r.ID, &r.CaseID, &r.By, &r.ByName,
		&r.Department.ID, &r.Department.RegionID, &r.Department.Name, &r.Department.NameEN, &r.Department.Kind,
		&r.Owes.ID, &r.Owes.RegionID, &r.Owes.Name, &r.Owes.NameEN, &r.Owes.Kind,
		&r.Note, &r.At, &r.replyBy, &r.RepliedAt, &r.Reply}
}

func (r *supervisionRow) supervision() sharing.Supervision {
	r.ReplyBy = fromDay(r.replyBy)
	return r.Supervision
}

// SupervisedCase is a supervision with its case.
type SupervisedCase struct {
	sharing.Supervision
	Case sharing.Case
}

// AwaitedReplies returns one page of the supervisions that wait for their reply on
// cases the scopes allow, the first to be replied to first.
func (s *Store) AwaitedReplies(ctx context.Context, scopes sharing.Scopes, cursor string, limit int) (page []SupervisedCase, next string, total int, err error) {
	var w where
	w.seeCases(scopes)
	w.and("s.replied_at IS NULL")
	return list(ctx, s.pool, listing[SupervisedCase]{
		query: `SELECT ` + supervisionColumns + `, ` + caseColumns + caseTables + ` JOIN supervisions s ON s.case_id = c.id ` + supervisionTables,
		count: `SELECT count(*) FROM cases c JOIN supervisions s ON s.case_id = c.id `, where: w,
		key: "s.reply_by", cast: "date", id: "s.id::text", cursor: cursor, limit: limit,
		scan: func(row pgx.Row) (SupervisedCase, error) {
			var (
				v SupervisedCase
				r supervisionRow
			)
			err := row.Scan(append(r.targets(), caseTargets(&v.Case)...)...)
			v.Supervision = r.supervision()
			return v, err
		},
		at: func(v SupervisedCase) (string, string) { return v.ReplyBy.String(), v.ID },
	})
}

// ordered returns two ids as the database orders them: uuids in their one way of
// writing sort like their text.
func ordered(a, b string) (one, other string) {
	if a < b {
		return a, b
	}
	return b, a
}

// LinkCases says that two cases belong together. It reports whether that is new.
func (t *Tx) LinkCases(ctx context.Context, a, b string, l sharing.Link) (changed bool, err error) {
	one, other := ordered(a, b)
	tag, err := t.tx.Exec(ctx, `
		INSERT INTO case_links (one_id, other_id, reason, linked_by, department_id, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		one, other, l.Reason, l.By, l.Department.ID, l.At)
	return tag.RowsAffected() > 0, err
}

// UnlinkCases takes the link between two cases away. It reports whether there was
// one.
func (t *Tx) UnlinkCases(ctx context.Context, a, b string) (changed bool, err error) {
	one, other := ordered(a, b)
	tag, err := t.tx.Exec(ctx, `DELETE FROM case_links WHERE one_id = $1 AND other_id = $2`, one, other)
	return tag.RowsAffected() > 0, err
}

// Links returns the cases linked to a case that the scopes allow, the first linked
// first.
func (s *Store) Links(ctx context.Context, scopes sharing.Scopes, caseID string) ([]sharing.Link, error) {
	var w where
	w.seeCases(scopes)
	w.and("(k.one_id = ? OR k.other_id = ?)", caseID, caseID)
	w.and("c.id <> ?", caseID)
	rows, err := s.pool.Query(ctx, `SELECT k.reason, k.linked_by, u.name, e.id, e.region_id, e.name, e.name_en, e.kind, k.at, `+caseColumns+caseTables+`
		JOIN case_links k ON c.id IN (k.one_id, k.other_id) JOIN users u ON u.id = k.linked_by JOIN departments e ON e.id = k.department_id `+
		w.String()+` ORDER BY k.at, c.id`, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Link, error) {
		var l sharing.Link
		targets := []any{&l.Reason, &l.By, &l.ByName, &l.Department.ID, &l.Department.RegionID, &l.Department.Name, &l.Department.NameEN, &l.Department.Kind, &l.At}
		err := row.Scan(append(targets, caseTargets(&l.Case)...)...)
		return l, err
	})
	return all, translate(err)
}

// Seen returns which of the cases the scopes allow.
func (s *Store) Seen(ctx context.Context, scopes sharing.Scopes, ids []string) (map[string]bool, error) {
	seen := map[string]bool{}
	if len(ids) == 0 {
		return seen, nil
	}
	var w where
	w.seeCases(scopes)
	w.and("c.id = ANY(?)", uuidsOf(ids))
	rows, err := s.pool.Query(ctx, `SELECT c.id::text FROM cases c `+w.String(), w.args...)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, id := range found {
		seen[id] = true
	}
	return seen, translate(err)
}
