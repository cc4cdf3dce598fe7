package web

import (
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// auditPage is a search of the audit trail.
type auditPage struct {
	Query    desk.AuditQuery
	From, To string
	Actions  []choice
	Lines    []auditLine
	More     more
	Problems *form
	Exports  map[string]string // addresses by kind of file
}

// auditLine is a line of the trail as it is read.
type auditLine struct {
	desk.AuditLine
	Title      string
	Department string
	Details    []string
	Pairs      [][2]string // its data as it stands
	PolicyNow  bool        // the act was allowed under the policy in force now
}

// auditQuery reads what is looked for from the address.
func (v *visit) auditQuery(f *form) desk.AuditQuery {
	return desk.AuditQuery{From: f.dayOf(v, "from", v.QueryParam("from")), Until: f.dayOf(v, "until", v.QueryParam("until")),
		Actor: v.QueryParam("actor"), Number: v.QueryParam("number"), Action: sharing.Action(v.QueryParam("act"))}
}

// audit shows the audit trail.
func (v *visit) audit() error {
	page := auditPage{From: v.QueryParam("from"), To: v.QueryParam("until"), Problems: newForm(0)}
	page.Query = v.auditQuery(page.Problems)
	actions, err := v.site.desk.AuditActions(v.ctx(), v.user)
	if err != nil {
		return err
	}
	for _, a := range actions {
		page.Actions = append(page.Actions, choice{Value: string(a), Label: v.words.act("", a, nil), Chosen: a == page.Query.Action})
	}
	slices.SortStableFunc(page.Actions, func(a, b choice) int { return strings.Compare(a.Label, b.Label) })
	status := http.StatusOK
	found, err := v.site.desk.Audit(v.ctx(), v.user, page.Query, v.QueryParam("cursor"), desk.DefaultLimit)
	if sharing.CodeOf(err) == sharing.CodeInvalid {
		if other := page.Problems.explain(v, err); other != nil {
			return other
		}
	} else if err != nil {
		return err
	}
	if page.Problems.Wrong() {
		status = http.StatusUnprocessableEntity
	}
	if page.Lines, err = v.auditLines(found.Items); err != nil {
		return err
	}
	page.More = v.more(found.Total, found.Next)
	query := v.Request().URL.Query()
	query.Del("cursor")
	page.Exports = map[string]string{"csv": address("/audit/export.csv", query)}
	return v.show(status, "audit", "audit", page)
}

// auditLines puts lines of the trail into words.
func (v *visit) auditLines(found []desk.AuditLine) ([]auditLine, error) {
	teller, err := v.storyteller()
	if err != nil {
		return nil, err
	}
	now := v.site.desk.PolicyNow()
	lines := make([]auditLine, len(found))
	for i, l := range found {
		lines[i] = auditLine{AuditLine: l, Title: v.words.act(l.Procedure, l.Action, l.Data), Department: teller.department(l.DepartmentID), PolicyNow: l.Policy == now}
		if lines[i].Department == "" {
			lines[i].Department = l.DepartmentName
		}
		if l.Own {
			lines[i].Title = v.words.T("audit.own")
			continue
		}
		if l.Procedure != "" {
			lines[i].Details = teller.about(sharing.Case{Procedure: l.Procedure}, v.site.desk.Law()).details(l.Data)
		}
		for _, key := range slices.Sorted(maps.Keys(l.Data)) {
			lines[i].Pairs = append(lines[i].Pairs, [2]string{key, l.Data[key]})
		}
	}
	return lines, nil
}

// act names an act of the trail; one that nobody has named yet goes by its code.
func (w words) act(p sharing.Procedure, a sharing.Action, data map[string]string) string {
	if rung := data["rung"]; a == sharing.RungFired && rung != "" && w.Knows("told."+rung) {
		return w.T("told." + rung)
	}
	for _, key := range []string{fmt.Sprintf("did.%s.%s", p, a), "audit.act." + string(a), "did." + string(a)} {
		if w.Knows(key) {
			return w.T(key)
		}
	}
	return string(a)
}

// exportAudit sends what is looked for as a file for spreadsheets.
func (v *visit) exportAudit() error {
	f := newForm(0)
	query := v.auditQuery(f)
	if f.Wrong() {
		return sharing.Invalid("from", "date", "a day such as 2026-11-24")
	}
	// The reader may ask before a byte is sent.
	header := v.Response().Header()
	var out *csv.Writer
	begin := func() error {
		now, err := v.site.desk.Now(v.ctx())
		if err != nil {
			return err
		}
		name := "audit-" + v.user.Region.ID + "-" + now.In(sharing.Shanghai).Format("20060102-1504") + ".csv"
		header.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
		header.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
		v.Response().WriteHeader(http.StatusOK)
		if _, err := v.Response().Write([]byte("\ufeff")); err != nil { // so that spreadsheets read it as UTF-8
			return err
		}
		out = csv.NewWriter(v.Response())
		out.UseCRLF = true
		titles := []string{"seq", "at", "actor", "department", "behalf", "act", "subject", "from", "to", "version", "article", "note", "policy", "data", "hash"}
		for i, t := range titles {
			titles[i] = v.words.T("audit.column." + t)
		}
		return out.Write(titles)
	}
	cut, err := v.site.desk.ExportAudit(v.ctx(), v.user, query, func(some []desk.AuditLine) error {
		if out == nil {
			if err := begin(); err != nil {
				return err
			}
		}
		lines, err := v.auditLines(some)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := out.Write(v.auditRow(l)); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	})
	if err != nil {
		return err
	}
	if cut {
		if err := out.Write([]string{v.words.T("audit.export.cut", v.words.Number(desk.MaxAuditExport))}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// auditRow is a line of the trail in cells, none of which a spreadsheet takes for a
// formula.
func (v *visit) auditRow(l auditLine) []string {
	w := v.words
	at := l.At.In(sharing.Shanghai).Format("2006-01-02 15:04:05.000000")
	if l.Own {
		return []string{strconv.FormatInt(l.Seq, 10), at, textCell(l.ActorName), "", "", textCell(l.Title), "", "", "", "", "", "", "", "", l.Hash}
	}
	state := func(s sharing.State) string {
		if s == "" {
			return ""
		}
		return w.Code("state", s)
	}
	subject := l.Number
	if subject == "" {
		subject = l.SubjectID
	}
	article := ""
	if l.Article != "" {
		article = w.Article(l.Article)
	}
	actor := l.ActorName
	switch {
	case l.Actor == sharing.System:
		actor = w.T("system")
	case actor == "":
		actor = l.Actor
	}
	var pairs []string
	for _, p := range l.Pairs {
		pairs = append(pairs, p[0]+"="+p[1])
	}
	row := []string{strconv.FormatInt(l.Seq, 10), at, actor, l.Department, l.OnBehalfOfName, l.Title, subject, state(l.From), state(l.To),
		strconv.Itoa(l.Version), article, l.Note, l.Policy, strings.Join(pairs, "; "), l.Hash}
	for i, cell := range row {
		row[i] = textCell(cell)
	}
	return row
}

// textCell keeps spreadsheets from taking a text for a formula: one that begins like
// one, in full-width forms too, gets an apostrophe before it.
func textCell(text string) string {
	if strings.IndexAny(strings.TrimLeft(text, " \u00a0\u3000\n"), "=+-@\t\r＝＋－＠") == 0 {
		return "'" + text
	}
	return text
}

// checksPage is where the trail is verified.
type checksPage struct {
	Checks []desk.TrailCheck
	Form   *form
}

// Running is the one under way, if there is one.
func (p checksPage) Running() *desk.TrailCheck {
	for i := range p.Checks {
		if p.Checks[i].Running() {
			return &p.Checks[i]
		}
	}
	return nil
}

// trailChecks shows the last verifications, and the form for another.
func (v *visit) trailChecks() error { return v.showChecks(http.StatusOK, newForm(0)) }

func (v *visit) showChecks(status int, f *form) error {
	checks, err := v.site.desk.TrailChecks(v.ctx(), v.user)
	if err != nil {
		return err
	}
	return v.show(status, "audit_checks", "audit", checksPage{Checks: checks, Form: f})
}

// verifyTrail begins to verify the trail.
func (v *visit) verifyTrail() error {
	f := v.form()
	earlier := desk.EarlierHead{Seq: int64(f.number(v, "seq", "/seq")), Hash: f.Value("hash")}
	if f.Wrong() {
		return v.showChecks(http.StatusUnprocessableEntity, f)
	}
	id, err := v.site.desk.VerifyTrail(v.ctx(), v.user, f.Key, earlier)
	if err != nil {
		code := sharing.CodeOf(err)
		if other := f.explain(v, err); other != nil {
			return other
		}
		if code == sharing.CodeInProgress {
			f.Message = v.words.T("audit.check.busy")
		}
		return v.showChecks(statusOf(code), f)
	}
	return v.redirect("/audit/checks/" + url.PathEscape(id))
}

// trailCheck shows one verification, as it goes and what it came to.
func (v *visit) trailCheck() error {
	check, err := v.site.desk.TrailCheck(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	return v.ok("audit_check", "audit", check)
}
