package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// Attachment is a file without its content.
type Attachment struct {
	ID            string
	ApplicationID string // empty until an application or case refers to it
	CaseID        string // of another procedure than a share application; empty otherwise
	UploadedBy    string
	DepartmentID  string
	Name          string
	MediaType     string
	Size          int64
	SHA256        []byte
	CreatedAt     time.Time
	Blob          string // key in the file store; empty while the content is in the table
}

const selectAttachment = `SELECT id, coalesce(application_id::text, ''), coalesce(case_id::text, ''), uploaded_by, department_id, name, media_type, size, sha256, created_at, coalesce(blob, '') FROM attachments `

// PutAttachment writes down a file whose content is in the file store. It reports
// whether it had not been written before under the same id.
func (s *Store) PutAttachment(ctx context.Context, a Attachment) (fresh bool, err error) {
	tag, err := s.pool.Exec(ctx, `
		INSERT INTO attachments (id, uploaded_by, department_id, name, media_type, size, sha256, blob, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
		a.ID, a.UploadedBy, a.DepartmentID, a.Name, a.MediaType, a.Size, a.SHA256, a.Blob, a.CreatedAt)
	return tag.RowsAffected() > 0, translate(err)
}

// Attachment returns what is known of a file; CodeNotFound when there is none.
func (s *Store) Attachment(ctx context.Context, id string) (Attachment, error) {
	rows, err := s.pool.Query(ctx, selectAttachment+`WHERE id = $1`, uuidOf(id))
	if err != nil {
		return Attachment{}, translate(err)
	}
	a, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Attachment])
	return a, translate(err)
}

// Content returns the bytes of a file that are still in the table; CodeNotFound
// when they have been moved to the file store.
func (s *Store) Content(ctx context.Context, id string) ([]byte, error) {
	var content []byte
	err := s.pool.QueryRow(ctx, `SELECT content FROM attachments WHERE id::text = $1 AND content IS NOT NULL`, id).Scan(&content)
	return content, translate(err)
}

// AttachmentsToMove returns the ids of files whose bytes are still in the table,
// the oldest first.
func (s *Store) AttachmentsToMove(ctx context.Context, limit int) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT id::text FROM attachments WHERE blob IS NULL ORDER BY created_at LIMIT $1`, limit)
	if err != nil {
		return nil, translate(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, translate(err)
}

// MoveAttachment writes down that the bytes of a file now are in the file store
// under a key, and drops them from the table. It reports whether they were there:
// somebody else may have been first.
func (s *Store) MoveAttachment(ctx context.Context, id, blob string) (moved bool, err error) {
	tag, err := s.pool.Exec(ctx, `UPDATE attachments SET blob = $2, content = NULL WHERE id::text = $1 AND blob IS NULL`, id, blob)
	return tag.RowsAffected() > 0, translate(err)
}

// Unreferenced returns which of the keys of the file store no file has.
func (s *Store) Unreferenced(ctx context.Context, blobs []string) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT k FROM unnest($1::text[]) k WHERE NOT EXISTS (SELECT FROM attachments WHERE blob = k)`, blobs)
	if err != nil {
		return nil, translate(err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return keys, translate(err)
}

// AttachmentsOf returns the files of an application and its cases, the first
// first.
func (s *Store) AttachmentsOf(ctx context.Context, applicationID string) ([]Attachment, error) {
	rows, err := s.pool.Query(ctx, selectAttachment+`WHERE application_id = $1 ORDER BY created_at, id`, uuidOf(applicationID))
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Attachment])
	return all, translate(err)
}

// AttachTo ties uploaded files to an application. Each must have been uploaded by
// somebody of the department and be tied to no other application; otherwise
// nothing is tied and the error names the field, as if the file did not exist.
func (t *Tx) AttachTo(ctx context.Context, applicationID, departmentID string, ids []string, field string) error {
	for _, id := range ids {
		tag, err := t.tx.Exec(ctx, `
			UPDATE attachments SET application_id = $2
			WHERE id::text = $1 AND (application_id = $2 OR (application_id IS NULL AND case_id IS NULL AND department_id = $3))`, id, applicationID, departmentID)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return sharing.Invalid(field, "exists", "no such attachment")
		}
	}
	return nil
}

// AttachmentsOfCase returns the files handed in with the steps of a case, the
// first first.
func (s *Store) AttachmentsOfCase(ctx context.Context, caseID string) ([]Attachment, error) {
	rows, err := s.pool.Query(ctx, selectAttachment+`WHERE case_id = $1 ORDER BY created_at, id`, uuidOf(caseID))
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Attachment])
	return all, translate(err)
}

// AttachToCase ties an uploaded file to a case, as [Tx.AttachTo] does to an
// application.
func (t *Tx) AttachToCase(ctx context.Context, caseID, departmentID, id, field string) error {
	tag, err := t.tx.Exec(ctx, `
		UPDATE attachments SET case_id = $2
		WHERE id::text = $1 AND (case_id = $2 OR (application_id IS NULL AND case_id IS NULL AND department_id = $3))`, id, caseID, departmentID)
	if err == nil && tag.RowsAffected() == 0 {
		return sharing.Invalid(field, "exists", "no such attachment")
	}
	return err
}
