package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// errand is what the log of reads says of the request. A session is named by a hash
// that does not tell its secret.
func (v *visit) errand() desk.Errand {
	e := desk.Errand{Request: v.Response().Header().Get(echo.HeaderXRequestID), Operation: v.Request().Method + " " + v.Path()}
	if v.signedIn() {
		sum := sha256.Sum256([]byte("gongshu reads in " + v.session.ID))
		e.Via = "session:" + hex.EncodeToString(sum[:8])
	}
	return e
}

// readsPage is the log of who read what of grades 3 and 4.
type readsPage struct {
	Query    desk.ReadQuery
	From, To string
	Problems *form
	Found    desk.Page[sharing.Reading]
	Export   string // address of the same as a file
	Limit    int    // lines that a file holds at most
	More     more
}

// readQuery reads the filters of the log of reads.
func (v *visit) readQuery(problems *form) (q desk.ReadQuery, from, to string) {
	from, to = v.QueryParam("from"), v.QueryParam("to")
	q = desk.ReadQuery{Person: strings.TrimSpace(v.QueryParam("person")), Subject: strings.TrimSpace(v.QueryParam("subject")),
		Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	q.From = problems.dayOf(v, "from", from)
	q.To = problems.dayOf(v, "to", to)
	if q.From != 0 && q.To != 0 && q.To < q.From {
		problems.add("/to", v.words.T("reads.order"))
		q.To = 0
	}
	return q, from, to
}

// reads shows the log of reads to auditors.
func (v *visit) reads() error {
	page := readsPage{Problems: newForm(0), Limit: desk.MaxExportedReadings}
	page.Query, page.From, page.To = v.readQuery(page.Problems)
	var err error
	if page.Found, err = v.site.desk.Readings(v.ctx(), v.user, page.Query); err != nil {
		return err
	}
	page.More = v.more(page.Found.Total, page.Found.Next)
	page.Export = address("/audit/reads.csv", url.Values{"person": {page.Query.Person}, "subject": {page.Query.Subject}, "from": {page.From}, "to": {page.To}})
	status := http.StatusOK
	if page.Problems.Wrong() {
		status = http.StatusUnprocessableEntity
	}
	return v.show(status, "reads", "reads", page)
}

// readsFile hands the log of reads out as a file of comma-separated values, which
// spreadsheets open.
func (v *visit) readsFile() error {
	problems := newForm(0)
	q, _, _ := v.readQuery(problems)
	if problems.Wrong() {
		return v.redirect(address("/audit/reads", v.QueryParams()))
	}
	var b bytes.Buffer
	b.WriteString("\ufeff") // by which spreadsheets know that it is UTF-8
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	line := func(cells ...string) error {
		for i := range cells {
			cells[i] = safeCell(cells[i])
		}
		return w.Write(cells)
	}
	var heads []string
	for _, key := range []string{"at", "person", "name", "department", "behalf", "kind", "subject", "grade", "fields", "purpose", "operation", "via", "request", "policy"} {
		heads = append(heads, v.words.T("reads.column."+key))
	}
	if err := line(heads...); err != nil {
		return err
	}
	more, err := v.site.desk.EachReading(v.ctx(), v.user, q, func(r sharing.Reading) error {
		return line(desk.ReadAt(r), r.UserID, r.UserName, r.DepartmentName, r.OnBehalfOf, v.words.Code("reads.kind", r.Kind), r.Name, strconv.Itoa(int(r.Grade)),
			strings.Join(r.Fields, " "), r.Purpose, r.Operation, r.Via, r.Request, r.Policy)
	})
	if err != nil {
		return err
	}
	if more {
		if err := line(v.words.T("reads.cut", desk.MaxExportedReadings)); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	v.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="reads.csv"`)
	return v.Blob(http.StatusOK, "text/csv; charset=utf-8", b.Bytes())
}

// safeCell returns text that no spreadsheet takes for a formula: it begins with an
// apostrophe where it would begin with what begins one.
func safeCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) || strings.HasPrefix(text, "＝") || strings.HasPrefix(text, "＋") ||
		strings.HasPrefix(text, "－") || strings.HasPrefix(text, "＠") {
		return "'" + text
	}
	return text
}
