package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"gongshu/files"
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
// must agree; what the sender called it is not believed.
func (d *Desk) Upload(ctx context.Context, who sharing.User, key, name, _ string, r io.Reader) (Attachment, error) {
	if len(d.taskKinds(who)) == 0 && !d.MayApplyAtAll(who) && !d.MayRegisterPaper(who) {
		return Attachment{}, forbidden
	}
	name, err := fileName(name)
	if err != nil {
		return Attachment{}, err
	}
	source := &source{r: r, hash: sha256.New()}
	mediaType, err := source.sniff(name)
	if err != nil {
		return Attachment{}, err
	}
	file := postgres.Attachment{
		ID: uuid.NewString(), UploadedBy: who.ID, DepartmentID: who.Department.ID, Name: name, MediaType: mediaType, Blob: uuid.NewString(),
	}
	// The content comes first: a row whose content is missing must never be seen,
	// while content without a row is found by the worker and cleared away.
	if err := d.Files.Put(ctx, file.Blob, source); err != nil {
		if source.err != nil {
			return Attachment{}, source.err
		}
		return Attachment{}, fileStore(err)
	}
	file.Size, file.SHA256 = source.size, source.hash.Sum(nil)
	if key != "" {
		// The same file sent twice under one key is one file.
		command, err := d.stage(ctx, who, key, "upload", name, 0, hex.EncodeToString(file.SHA256))
		if err != nil {
			return Attachment{}, errors.Join(err, d.Files.Delete(ctx, file.Blob))
		}
		file.ID = command.ID
	}
	if file.CreatedAt, err = d.Now(ctx); err != nil {
		return Attachment{}, err
	}
	fresh, err := d.Store.PutAttachment(ctx, file)
	if err != nil {
		return Attachment{}, err
	}
	if !fresh {
		if err := d.Files.Delete(ctx, file.Blob); err != nil {
			return Attachment{}, fileStore(err)
		}
		if file, err = d.Store.Attachment(ctx, file.ID); err != nil {
			return Attachment{}, err
		}
	}
	return attachment(file), nil
}

// source is a file as it comes in: measured, hashed, and cut off where it grows too
// large. err is what was wrong with it, for the sender.
type source struct {
	r    io.Reader
	head []byte // read to tell its type, and not yet handed on
	hash hash.Hash
	size int64
	err  error
}

// sniff tells the type of the file from its first bytes and its name.
func (s *source) sniff(name string) (mediaType string, err error) {
	const enough = 512 // what DetectContentType looks at
	s.head = make([]byte, enough)
	n, err := io.ReadFull(s.r, s.head)
	s.head = s.head[:n]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", unread(err)
	}
	if n == 0 {
		return "", sharing.Invalid("/file", "not_empty", "the file is empty")
	}
	kind, ok := fileTypes[strings.ToLower(path.Ext(name))]
	if !ok || !slices.Contains(kind.sniffed, http.DetectContentType(s.head)) {
		return "", sharing.Invalid("/file", "file_type", "accepted are PDF, OFD, DOCX, XLSX, CSV, TXT, PNG, JPEG and ZIP, each holding what its name says")
	}
	return kind.mediaType, nil
}

func unread(err error) error {
	return &sharing.Error{Code: sharing.CodeInvalid, Detail: "the file could not be read to its end", Cause: err}
}

func (s *source) Read(b []byte) (n int, err error) {
	if s.err != nil {
		return 0, s.err
	}
	if len(s.head) > 0 {
		n = copy(b, s.head)
		s.head = s.head[n:]
	} else if n, err = s.r.Read(b); err != nil && !errors.Is(err, io.EOF) {
		s.err = unread(err)
		return 0, s.err
	}
	s.size += int64(n)
	if s.size > MaxFile {
		s.err = sharing.Errorf(sharing.CodeTooLarge, "a file holds at most %d bytes", MaxFile)
		return 0, s.err
	}
	_, _ = s.hash.Write(b[:n]) // a hash takes everything
	return n, err
}

// fileStore says that the store of files does not answer, or not as it should.
func fileStore(err error) error {
	return &sharing.Error{Code: sharing.CodeUnavailable, Detail: "the file store does not answer", Cause: err}
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
	f, err := d.fileOf(ctx, who, id)
	if err != nil {
		return Attachment{}, nil, err
	}
	if err := d.recordFile(ctx, who, f); err != nil {
		return Attachment{}, nil, err
	}
	content, err := d.content(ctx, f)
	if err != nil {
		return Attachment{}, nil, err
	}
	return attachment(f), io.NopCloser(bytes.NewReader(content)), nil
}

// recordFile records the reading of a file by the cases that it belongs to, as far
// as the reader may see them: those that are about data of grade 3 or 4.
func (d *Desk) recordFile(ctx context.Context, who sharing.User, f postgres.Attachment) error {
	scopes := d.caseScopes(who, sharing.Read)
	if f.CaseID != "" {
		c, err := d.Store.Case(ctx, scopes, f.CaseID)
		if sharing.CodeOf(err) == sharing.CodeNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return d.recordCases(ctx, who, c)
	}
	if f.ApplicationID == "" {
		return nil
	}
	rows, _, _, err := d.Store.Cases(ctx, scopes, postgres.CaseFilter{Application: f.ApplicationID, Limit: sharing.MaxItems})
	if err != nil {
		return err
	}
	cases := make([]sharing.Case, len(rows))
	for i, row := range rows {
		cases[i] = row.Case
	}
	return d.recordCases(ctx, who, cases...)
}

// FileInfo is [Desk.File] without the content.
func (d *Desk) FileInfo(ctx context.Context, who sharing.User, id string) (Attachment, error) {
	f, err := d.fileOf(ctx, who, id)
	return attachment(f), err
}

// fileOf returns a file that the user may have; CodeNotFound otherwise.
func (d *Desk) fileOf(ctx context.Context, who sharing.User, id string) (postgres.Attachment, error) {
	f, err := d.Store.Attachment(ctx, id)
	if err != nil {
		return f, err
	}
	visible := f.UploadedBy == who.ID && f.DepartmentID == who.Department.ID
	if !visible && f.ApplicationID != "" {
		if visible, err = d.seesFileOf(ctx, who, f); err != nil {
			return f, err
		}
	}
	if !visible && f.CaseID != "" {
		_, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), f.CaseID)
		if err != nil && sharing.CodeOf(err) != sharing.CodeNotFound {
			return f, err
		}
		visible = err == nil
	}
	if !visible {
		return f, notFound
	}
	return f, nil
}

// content returns the bytes of a file, as they were handed in or not at all.
func (d *Desk) content(ctx context.Context, f postgres.Attachment) ([]byte, error) {
	if f.Blob == "" {
		content, err := d.Store.Content(ctx, f.ID)
		if sharing.CodeOf(err) != sharing.CodeNotFound {
			return content, err
		}
		// It was moved to the file store at this moment.
		if f, err = d.Store.Attachment(ctx, f.ID); err != nil {
			return nil, err
		}
	}
	r, err := d.Files.Open(ctx, f.Blob)
	if errors.Is(err, files.ErrNotExist) {
		return nil, &sharing.Error{Code: sharing.CodeFileLost, Detail: "the content of the file is gone from the file store", Cause: err}
	}
	if err != nil {
		return nil, fileStore(err)
	}
	content, err := io.ReadAll(io.LimitReader(r, f.Size+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fileStore(err)
	}
	if sum := sha256.Sum256(content); int64(len(content)) != f.Size || !bytes.Equal(sum[:], f.SHA256) {
		return nil, sharing.Errorf(sharing.CodeFileLost, "the content of the file is not what was handed in")
	}
	return content, nil
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
	cases, _, _, err := d.Store.Cases(ctx, d.caseScopes(who, sharing.Read), postgres.CaseFilter{Application: f.ApplicationID, Limit: sharing.MaxItems})
	if err != nil {
		return false, err
	}
	for _, c := range cases {
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
