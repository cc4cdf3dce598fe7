package postgres

import (
	"context"
	"fmt"
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
}

const selectAttachment = `SELECT id, coalesce(application_id::text, ''), coalesce(case_id::text, ''), uploaded_by, department_id, name, media_type, size, sha256, created_at FROM attachments `

// PutAttachment keeps a file.
func (s *Store) PutAttachment(ctx context.Context, a Attachment, content []byte) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO attachments (id, uploaded_by, department_id, name, media_type, size, sha256, content, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		a.ID, a.UploadedBy, a.DepartmentID, a.Name, a.MediaType, a.Size, a.SHA256, content, a.CreatedAt)
	return translate(err)
}

// Attachment returns what is known of a file; CodeNotFound when there is none.
func (s *Store) Attachment(ctx context.Context, id string) (Attachment, error) {
	rows, err := s.pool.Query(ctx, selectAttachment+`WHERE id::text = $1`, id)
	if err != nil {
		return Attachment{}, translate(err)
	}
	a, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Attachment])
	return a, translate(err)
}

// Content returns the bytes of a file.
func (s *Store) Content(ctx context.Context, id string) ([]byte, error) {
	var content []byte
	err := s.pool.QueryRow(ctx, `SELECT content FROM attachments WHERE id::text = $1`, id).Scan(&content)
	return content, translate(err)
}

// AttachmentsOf returns the files of an application and its cases, the first
// first.
func (s *Store) AttachmentsOf(ctx context.Context, applicationID string) ([]Attachment, error) {
	rows, err := s.pool.Query(ctx, selectAttachment+`WHERE application_id::text = $1 ORDER BY created_at, id`, applicationID)
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
	rows, err := s.pool.Query(ctx, selectAttachment+`WHERE case_id::text = $1 ORDER BY created_at, id`, caseID)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Attachment])
	return all, translate(err)
}

// AttachToCase ties uploaded files to a case, as [Tx.AttachTo] does to an
// application.
func (t *Tx) AttachToCase(ctx context.Context, caseID, departmentID string, ids []string, field string) error {
	for i, id := range ids {
		tag, err := t.tx.Exec(ctx, `
			UPDATE attachments SET case_id = $2
			WHERE id::text = $1 AND (case_id = $2 OR (application_id IS NULL AND case_id IS NULL AND department_id = $3))`, id, caseID, departmentID)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return sharing.Invalid(fmt.Sprintf("%s/%d", field, i), "exists", "no such attachment")
		}
	}
	return nil
}
