package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
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
	Lines    []readLine
	Export   string // address of the same as a file
	Limit    int    // lines that a file holds at most
	More     more
}

// readLine is a line of the log of reads as people read it.
type readLine struct {
	sharing.Reading
	Department string
	Where      string // the page, or the operation of the interface
	Way        string // how the reader came in
	Log        bool   // it is this log that was read
}

// readLines puts lines of the log into words.
func (v *visit) readLines(found []sharing.Reading) ([]readLine, error) {
	departments, err := v.site.desk.AllDepartments(v.ctx(), v.user)
	if err != nil {
		return nil, err
	}
	lines := make([]readLine, len(found))
	for i, r := range found {
		lines[i] = readLine{Reading: r, Department: r.DepartmentName, Where: v.words.readWhere(r.Operation), Way: v.words.readWay(r.Via), Log: r.Kind == sharing.KindReadLog}
		if n := slices.IndexFunc(departments, func(d sharing.Department) bool { return d.ID == r.DepartmentID }); n >= 0 {
			lines[i].Department = v.words.department(departments[n])
		}
	}
	return lines, nil
}

// readPages are the entries of the menu under which pages stand, by the first part of
// their addresses; pages that are not listed stand under an entry of that very name.
var readPages = map[string]string{"": "home", "changes": "catalog", "notices": "board", "projects": "cases", "rectifications": "cases", "search": "home"}

// readWhere names the page on which something was read, or the operation of the
// interface; "" where the log does not say.
func (w words) readWhere(operation string) string {
	if operation == "" {
		return ""
	}
	_, path, page := strings.Cut(operation, " /")
	switch {
	case !page && w.Knows("reads.by."+operation):
		return w.T("reads.by." + operation)
	case !page:
		return w.T("reads.by_interface", operation)
	}
	first, rest, _ := strings.Cut(path, "/")
	section, listed := readPages[first]
	switch {
	case first == "audit" && strings.HasPrefix(rest, "reads"):
		section = "reads"
	case first == "admin" && rest != "":
		section, _, _ = strings.Cut(rest, "/")
	case !listed:
		section = first
	}
	if !w.Knows("menu." + section) {
		return w.T("reads.on_other")
	}
	return w.T("reads.on_page", w.T("menu."+section))
}

// readWay says how a reader came in, without what tells one session from another.
func (w words) readWay(via string) string {
	kind, _, _ := strings.Cut(via, ":")
	if kind == "" || !w.Knows("reads.way."+kind) {
		return via
	}
	return w.T("reads.way." + kind)
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
	if page.Lines, err = v.readLines(page.Found.Items); err != nil {
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
