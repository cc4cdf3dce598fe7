package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"gongshu/postgres"
	"gongshu/sharing"
)

// MaxFile is the greatest size of an attachment in bytes.
const MaxFile = 20 << 20

// A file's content must be what its name says it is: for each ending, the media
// type it is kept as and the types that its first bytes may be recognised as.
var fileTypes = map[string]struct {
	mediaType string
	sniffed   []string
}{
	".pdf":  {"application/pdf", []string{"application/pdf"}},
	".png":  {"image/png", []string{"image/png"}},
	".jpg":  {"image/jpeg", []string{"image/jpeg"}},
	".jpeg": {"image/jpeg", []string{"image/jpeg"}},
	".docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", []string{"application/zip"}},
	".xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []string{"application/zip"}},
	".ofd":  {"application/ofd", []string{"application/zip"}}, // GB/T 33190-2016
	".zip":  {"application/zip", []string{"application/zip"}},
	".txt":  {"text/plain; charset=utf-8", []string{"text/plain; charset=utf-8"}},
	".csv":  {"text/csv; charset=utf-8", []string{"text/plain; charset=utf-8"}},
}

// Upload keeps a file of the user's, to be referred to by an application, a
// completion or an answer. Its type is told from its content and its name, which
// must agree; mediaType, what the sender called it, is not believed.
func (d *Desk) Upload(ctx context.Context, who sharing.User, key, name, mediaType string, r io.Reader) (Attachment, error) {
	if len(d.taskKinds(who)) == 0 && !d.MayApplyAtAll(who) && !d.MayRegisterPaper(who) {
		return Attachment{}, forbidden
	}
	name, err := fileName(name)
	if err != nil {
		return Attachment{}, err
	}
	content, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return Attachment{}, &sharing.Error{Code: sharing.CodeInvalid, Detail: "the file could not be read to its end", Cause: err}
	}
	if len(content) > MaxFile {
		return Attachment{}, sharing.Errorf(sharing.CodeTooLarge, "a file holds at most %d bytes", MaxFile)
	}
	if len(content) == 0 {
		return Attachment{}, sharing.Invalid("/file", "not_empty", "the file is empty")
	}
	kind, ok := fileTypes[strings.ToLower(path.Ext(name))]
	if !ok || !slices.Contains(kind.sniffed, http.DetectContentType(content)) {
		return Attachment{}, sharing.Invalid("/file", "file_type", "accepted are PDF, OFD, DOCX, XLSX, CSV, TXT, PNG, JPEG and ZIP, each holding what its name says")
	}
	sum := sha256.Sum256(content)
	now, err := d.Now(ctx)
	if err != nil {
		return Attachment{}, err
	}
	file := postgres.Attachment{
		ID: uuid.NewString(), UploadedBy: who.ID, DepartmentID: who.Department.ID, Name: name, MediaType: kind.mediaType,
		Size: int64(len(content)), SHA256: sum[:], CreatedAt: now,
	}
	if key != "" {
		// The same file sent twice under one key is one file.
		command, err := d.stage(ctx, who, key, "upload", name, 0, hex.EncodeToString(sum[:]))
		if err != nil {
			return Attachment{}, err
		}
		file.ID = command.ID
		if known, err := d.Store.Attachment(ctx, file.ID); err == nil {
			return attachment(known), nil
		}
	}
	if err := d.Store.PutAttachment(ctx, file, content); err != nil {
		return Attachment{}, err
	}
	return attachment(file), nil
}

// fileName is the last part of a path, without anything that could mislead who
// saves the file.
func fileName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", sharing.Invalid("/file", "characters", "the file's name is not valid UTF-8")
	}
	name = strings.TrimSpace(path.Base(strings.ReplaceAll(name, `\`, "/")))
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return "", sharing.Invalid("/file", "characters", "the file's name has control characters")
		}
	}
	if name == "" || name == "." || name == "/" || utf8.RuneCountInString(name) > 200 {
		return "", sharing.Invalid("/file", "file_name", "a file has a name of 1 to 200 characters")
	}
	return name, nil
}

// File returns an attachment and its content: to who uploaded it, and to those who
// may see the application or a case of it. Otherwise it does not exist.
func (d *Desk) File(ctx context.Context, who sharing.User, id string) (Attachment, io.ReadCloser, error) {
	f, err := d.Store.Attachment(ctx, id)
	if err != nil {
		return Attachment{}, nil, err
	}
	visible := f.UploadedBy == who.ID && f.DepartmentID == who.Department.ID
	if !visible && f.ApplicationID != "" {
		if visible, err = d.seesFileOf(ctx, who, f); err != nil {
			return Attachment{}, nil, err
		}
	}
	if !visible {
		return Attachment{}, nil, notFound
	}
	content, err := d.Store.Content(ctx, id)
	if err != nil {
		return Attachment{}, nil, err
	}
	return attachment(f), io.NopCloser(bytes.NewReader(content)), nil
}

// seesFileOf reports whether a file belongs to an application or case that the
// user may see.
func (d *Desk) seesFileOf(ctx context.Context, who sharing.User, f postgres.Attachment) (bool, error) {
	a, err := d.application(ctx, who, f.ApplicationID)
	if err == nil && slices.Contains(a.Request.Attachments, f.ID) {
		return true, nil
	}
	if err != nil && sharing.CodeOf(err) != sharing.CodeNotFound {
		return false, err
	}
	cases, err := d.Cases(ctx, who, CaseQuery{Application: f.ApplicationID, Limit: sharing.MaxItems})
	if err != nil {
		return false, err
	}
	for _, c := range cases.Items {
		papers, err := d.Store.Paperwork(ctx, c.Case)
		if err != nil {
			return false, err
		}
		if slices.Contains(fileIDs(c.Case, papers), f.ID) {
			return true, nil
		}
	}
	return false, nil
}

// fileIDs lists the files a case refers to: those it was applied for with, those
// of its completion, and those that prove the basis of its refusal.
func fileIDs(c sharing.Case, papers postgres.Paperwork) []string {
	ids := slices.Clone(c.Request.Attachments)
	if papers.Decision != nil {
		for _, b := range papers.Decision.Basis {
			if b.Attachment != "" {
				ids = append(ids, b.Attachment)
			}
		}
	}
	return ids
}

// caseFiles returns the files a case refers to, each once.
func (d *Desk) caseFiles(ctx context.Context, c sharing.Case, papers postgres.Paperwork) ([]postgres.Attachment, error) {
	var files []postgres.Attachment
	for _, id := range fileIDs(c, papers) {
		if slices.ContainsFunc(files, func(f postgres.Attachment) bool { return f.ID == id }) {
			continue
		}
		f, err := d.Store.Attachment(ctx, id)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// checkOwnFiles refuses files that nobody of the user's department uploaded, as if
// they did not exist.
func (d *Desk) checkOwnFiles(ctx context.Context, who sharing.User, ids []string) error {
	for i, id := range ids {
		f, err := d.Store.Attachment(ctx, id)
		if err != nil && sharing.CodeOf(err) != sharing.CodeNotFound {
			return err
		}
		if err != nil || f.DepartmentID != who.Department.ID {
			return sharing.Invalid(fmt.Sprintf("/attachments/%d", i), "exists", "no such attachment")
		}
	}
	return nil
}

func attachment(f postgres.Attachment) Attachment {
	return Attachment{ID: f.ID, Name: f.Name, MediaType: f.MediaType, Size: f.Size, SHA256: hex.EncodeToString(f.SHA256), CreatedAt: f.CreatedAt}
}

func attachments(files []postgres.Attachment) []Attachment {
	all := make([]Attachment, len(files))
	for i, f := range files {
		all[i] = attachment(f)
	}
	return all
}
