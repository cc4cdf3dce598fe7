package web

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// export is a way to a file that takes a while to make: with script, the page says
// how far it is.
type export struct {
	Address string // of the file
	ID      string // under which it is told how far it is
}

// newExport is a way to the file at a path.
func newExport(path string, values url.Values) export {
	id := uuid.NewString()
	all := url.Values{}
	for name, v := range values {
		all[name] = v
	}
	all.Set("progress", id)
	return export{Address: address(path, all), ID: id}
}

// telling writes down how far a file is that is being made.
type telling struct {
	visit *visit
	id    string // "" for nobody who asks
	done  int
	total int
	last  time.Time
}

// telling is for the file that this request asks for.
func (v *visit) telling() *telling {
	t := &telling{visit: v}
	if id, err := uuid.Parse(v.QueryParam("progress")); err == nil {
		t.id = id.String()
	}
	return t
}

// tellEvery is how often a file that is being made says how far it is.
const tellEvery = 400 * time.Millisecond

// one counts one more row.
func (t *telling) one() {
	if t.done++; t.id == "" || time.Since(t.last) < tellEvery {
		return
	}
	t.last = time.Now()
	t.tell(false)
}

// tell writes it down. A file does not fail for want of that, and one that is no longer
// waited for ends all the same.
func (t *telling) tell(ended bool) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(t.visit.ctx()), 5*time.Second)
	defer stop()
	if err := t.visit.site.desk.TellExport(ctx, t.visit.user, t.id, t.done, max(t.done, t.total), ended); err != nil {
		t.visit.site.log.WarnContext(t.visit.ctx(), "how far an export is stays unknown", "error", err)
	}
}

// end says that the file was made and sent.
func (t *telling) end(err error) error {
	if t.id != "" && (err == nil || t.visit.Response().Committed) {
		t.tell(true)
	}
	return err
}

// exportPage is how far a file is.
type exportPage struct {
	ID    string
	Begun bool
	desk.ExportProgress
	Tries int
}

// maxTries is how often a page asks after a file that does not begin.
const maxTries = 20

// exportProgress answers how far a file is that is being made for the reader.
func (v *visit) exportProgress() error {
	page := exportPage{ID: v.Param("id"), Tries: v.known("tries") + 1}
	if _, err := uuid.Parse(page.ID); err != nil {
		return &sharing.Error{Code: sharing.CodeNotFound}
	}
	e, err := v.site.desk.Export(v.ctx(), v.user, page.ID)
	switch {
	case err == nil:
		page.Begun, page.ExportProgress = true, e
	case sharing.CodeOf(err) != sharing.CodeNotFound:
		return err
	case page.Tries > maxTries:
		page.Silent, page.Begun = true, true
	}
	html, err := v.part("export-progress", page)
	if err != nil {
		return err
	}
	return v.HTML(http.StatusOK, string(html))
}

// spreadsheetFile answers with a workbook that write makes. It is made whole before a
// byte of it is sent, so that what goes wrong is told as such.
func (v *visit) spreadsheetFile(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	h := v.Response().Header()
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name + ".xlsx"}))
	h.Set(echo.HeaderContentType, spreadsheetType)
	h.Set(echo.HeaderContentLength, strconv.Itoa(b.Len()))
	v.Response().WriteHeader(http.StatusOK)
	_, err := b.WriteTo(v.Response())
	return err
}
