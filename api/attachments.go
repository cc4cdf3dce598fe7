package api

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// formOverhead is how many bytes the frame of a multipart body may take besides
// the file.
const formOverhead = 64 << 10

// upload stores the one file of a form. It is read as it comes; nothing is stored
// when the form holds anything else.
func (s *server) upload(c echo.Context, who sharing.User) error {
	name, file, err := oneFile(c, desk.MaxFile)
	if err != nil {
		return err
	}
	stored, err := s.desk.Upload(c.Request().Context(), who, keyOf(c), name, file.part.Header.Get(echo.HeaderContentType), file)
	if file.err != nil {
		return file.err // what went wrong with the form is told rather than what came of it
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, Base+"/attachments/"+url.PathEscape(stored.ID))
	return c.JSON(http.StatusCreated, viewAttachment(stored))
}

// oneFile is the one file of a form, of at most so many bytes, and its name.
func oneFile(c echo.Context, limit int64) (name string, file *onlyPart, err error) {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, limit+formOverhead)
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, malformed("", "one_file", "")
	}
	part, err := form.NextPart()
	if err != nil {
		return "", nil, formError(err, limit)
	}
	name = part.FileName()
	if part.FormName() != "file" || name == "" {
		return "", nil, malformed("/file", "one_file", "")
	}
	if !plain(name) || strings.ContainsAny(name, "\r\n\t") {
		return "", nil, sharing.Invalid("/file", "characters", "")
	}
	return name, &onlyPart{form: form, part: part, limit: limit}, nil
}

// onlyPart reads a part of a form and fails at its end when another part follows.
type onlyPart struct {
	form  *multipart.Reader
	part  *multipart.Part
	limit int64
	err   error
}

func (p *onlyPart) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.part.Read(b)
	if err == nil {
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		_, err = p.form.NextPart()
		if errors.Is(err, io.EOF) {
			return n, io.EOF
		}
	}
	if err == nil {
		p.err = malformed("/file", "one_file", "")
	} else {
		p.err = formError(err, p.limit)
	}
	return n, p.err
}

func formError(err error, limit int64) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return sharing.Errorf(sharing.CodeTooLarge, "at most %d bytes", limit)
	case errors.Is(err, io.EOF):
		return malformed("/file", "one_file", "")
	}
	return malformed("", "cut_short", "")
}

// attachment sends a file for keeping, never for showing: whatever is in it, the
// browser does not run it.
func (s *server) attachment(c echo.Context, who sharing.User) error {
	found, content, err := s.desk.File(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": found.Name}))
	h.Set(echo.HeaderContentLength, strconv.FormatInt(found.Size, 10))
	h.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	err = c.Stream(http.StatusOK, found.MediaType, content)
	return errors.Join(err, content.Close())
}

type attachmentView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	MediaType string    `json:"media_type"`
	Size      int64     `json:"size"`
	SHA256    string    `json:"sha256"`
	CreatedAt time.Time `json:"created_at"`
}

func viewAttachment(a desk.Attachment) attachmentView {
	v := attachmentView(a)
	v.CreatedAt = local(a.CreatedAt)
	return v
}
