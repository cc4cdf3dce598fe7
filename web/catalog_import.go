package web

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/spreadsheet"
)

// importsPage is where a department hands in its catalog as a file.
type importsPage struct {
	Form     *form
	Triggers []sharing.ChangeTrigger
	Imports  []sharing.CatalogImport
	MaxBytes int64
	MaxRows  int
	Export   export
}

// imports shows it, with the last imports of the department.
func (v *visit) imports() error {
	f := newForm(0)
	f.Typed.Set("as", "draft")
	f.Typed.Set("trigger", string(sharing.OtherTrigger))
	return v.showImports(http.StatusOK, f)
}

func (v *visit) showImports(status int, f *form) error {
	all, err := v.site.desk.Imports(v.ctx(), v.user)
	if err != nil {
		return err
	}
	return v.show(status, "catalog_imports", "catalog", importsPage{Form: f, Triggers: sharing.ChangeTriggers, Imports: all,
		MaxBytes: desk.MaxImportFile, MaxRows: spreadsheet.MaxEntries, Export: newExport("/catalog/export", nil)})
}

// checkImport reads the file that is handed in and leads to what each row of it is.
func (v *visit) checkImport() error {
	f := v.form()
	order := desk.ImportOrder{Terms: sharing.ImportTerms{Draft: !f.Is("as", "review", "draft"), Trigger: sharing.ChangeTrigger(f.Value("trigger")), Why: f.Value("why")}}
	if text := strings.TrimSpace(halfWidth(f.Value("triggered_on"))); text != "" && order.Terms.Trigger != sharing.OtherTrigger {
		day, err := sharing.ParseDate(text)
		if err != nil {
			f.add("/triggered_on", v.words.T("rule.date"))
		}
		order.Terms.TriggeredOn = day
	}
	order.Content = strings.NewReader("")
	if m := v.Request().MultipartForm; m != nil && len(m.File["file"]) > 0 {
		sent, err := m.File["file"][0].Open()
		if err != nil {
			return err
		}
		defer sent.Close() // it was only read from
		order.FileName, order.Content = m.File["file"][0].Filename, sent
	} else {
		f.add("/file", v.words.T("import.rule.required.file"))
	}
	if f.Wrong() {
		return v.showImports(http.StatusUnprocessableEntity, f)
	}
	id, err := v.site.desk.CheckImport(v.ctx(), v.user, f.Key, order)
	if err == nil {
		return v.redirect("/catalog/imports/" + segment(id))
	}
	status := statusOf(sharing.CodeOf(err))
	var refused *sharing.Error
	if errors.As(err, &refused) && len(refused.Fields) > 0 && refused.Fields[0].Field == "/file" {
		f.Message = v.words.T("import.refused")
		for _, broken := range refused.Fields {
			f.add("/file", v.fileFault(broken))
		}
		return v.showImports(status, f)
	}
	if other := f.explain(v, err); other != nil {
		return other
	}
	return v.showImports(status, f)
}

// fileFault puts what is wrong with a file as a whole into words.
func (v *visit) fileFault(e sharing.FieldError) string {
	detail := e.Detail
	if e.Rule == spreadsheet.RuleColumns || e.Rule == spreadsheet.RuleTwice {
		var names []string
		for _, key := range strings.Split(detail, ",") {
			if c, ok := spreadsheet.ColumnOf(spreadsheet.Key(key)); ok {
				names = append(names, c.Name(string(v.words.locale)))
			}
		}
		detail = strings.Join(names, v.words.T("comma"))
	}
	key := "import.rule." + e.Rule
	if e.Rule == spreadsheet.RuleDamaged && detail != "" {
		key += ".line"
	}
	if !v.words.Knows(key) {
		return v.words.rule(e)
	}
	return v.words.T(key, detail)
}

// importPage is an import: what each of its rows is, how far it is, what came of it.
type importPage struct {
	sharing.CatalogImport
	Tabs []tab
	Rows []importRow
	Next string // address of the rows that follow
	Form *form
	Here string
}

// Checked, Running and Over say how far it is.
func (p importPage) Checked() bool { return p.State == sharing.ImportChecked }
func (p importPage) Running() bool { return p.State == sharing.ImportRunning }
func (p importPage) Over() bool    { return p.State == sharing.ImportDone }

// Of is how many of its rows are something to the catalog.
func (p importPage) Of(standing string) int {
	return p.CatalogImport.Rows[sharing.RowStanding(standing)]
}

// Opened is how many rows became changes.
func (p importPage) Opened() int { return p.Done - p.Failed }

// Quarter is how far it is in steps of a quarter: what is read out.
func (p importPage) Quarter() int {
	if p.Staged == 0 {
		return 0
	}
	return p.Done * 4 / p.Staged * 25
}

// importRow is a row as it is shown.
type importRow struct {
	desk.ImportRow
	Lines []differenceLine
	Said  []importFinding
	Why   []string // it was refused although it was confirmed
}

// importFinding is what is wrong at one place, or to be completed.
type importFinding struct {
	Place   string // line and column
	Text    string
	Article string
	Remark  bool
}

// catalogImport shows an import.
func (v *visit) catalogImport() error { return v.showImport(http.StatusOK, newForm(0)) }

func (v *visit) showImport(status int, f *form) error {
	i, err := v.site.desk.Import(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	f.Version = i.Version
	page := importPage{CatalogImport: i, Form: f, Here: "/catalog/imports/" + segment(i.ID)}
	values := []string{""}
	if i.Failed > 0 {
		values = append(values, "failed")
	}
	for _, s := range sharing.RowStandings {
		if i.Rows[s] > 0 {
			values = append(values, string(s))
		}
	}
	var shown string
	page.Tabs, shown = v.tabs(page.Here, "rows", values, func(value string) string {
		switch value {
		case "":
			return v.words.T("import.tab.all", v.words.Number(i.Total()))
		case "failed":
			return v.words.T("import.tab.failed", v.words.Number(i.Failed))
		}
		return v.words.T("import.tab."+value, v.words.Number(i.Rows[sharing.RowStanding(value)]))
	})
	q := desk.RowQuery{After: v.known("after"), Limit: desk.DefaultLimit, Failed: shown == "failed"}
	if !q.Failed {
		q.Standing = sharing.RowStanding(shown)
	}
	rows, next, err := v.site.desk.ImportRows(v.ctx(), v.user, i.ID, q)
	if err != nil {
		return err
	}
	if next > 0 {
		more := url.Values{"after": {strconv.Itoa(next)}}
		if shown != "" {
			more.Set("rows", shown)
		}
		page.Next = address(page.Here, more)
	}
	for _, r := range rows {
		row := importRow{ImportRow: r, Lines: v.differences(r.Diff)}
		for _, found := range r.Findings {
			row.Said = append(row.Said, v.finding(found))
		}
		if r.Refusal != nil {
			row.Why = v.refusal(r.Refusal)
		}
		page.Rows = append(page.Rows, row)
	}
	return v.show(status, "catalog_import", "catalog", page)
}

// importProgress answers what the page of an import that runs asks every second: how
// far it is. Nothing new is 204; a quarter is read out. At its end the page is asked
// for anew, whole.
func (v *visit) importProgress() error {
	i, err := v.site.desk.Import(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	page := importPage{CatalogImport: i, Here: "/catalog/imports/" + segment(i.ID)}
	if !page.Running() {
		v.Response().Header().Set("HX-Refresh", "true")
		return v.NoContent(http.StatusNoContent)
	}
	if i.Done == v.known("done") {
		return v.NoContent(http.StatusNoContent)
	}
	html, err := v.part("import-progress", progress{Page: page, Said: v.known("said"), Again: true})
	if err != nil {
		return err
	}
	return v.HTML(http.StatusOK, string(html))
}

// progress is how far an import is, and what was read out of that.
type progress struct {
	Page  importPage
	Said  int
	Again bool
}

// confirmImport has an import carried out. When its rows would now come to something
// else, that is shown.
func (v *visit) confirmImport() error {
	f := v.form()
	err := v.site.desk.ConfirmImport(v.ctx(), v.user, f.Key, v.Param("id"), f.Version)
	if err == nil {
		v.leave("import_runs", "")
		return v.redirect("/catalog/imports/" + segment(v.Param("id")))
	}
	if code := sharing.CodeOf(err); code == sharing.CodeStale || code == sharing.CodeWrongState {
		again := newForm(0)
		again.Message = v.words.T("import." + string(code))
		return v.showImport(statusOf(code), again)
	}
	return err
}

func (v *visit) backToImport() error { return v.redirect("/catalog/imports/" + segment(v.Param("id"))) }

// finding puts what is wrong with a row into words: the line and column, the rule,
// and the article that it comes from.
func (v *visit) finding(f desk.ImportFinding) importFinding {
	w := v.words
	said := importFinding{Remark: f.Remark, Place: w.T("import.at.line", f.Line)}
	column, known := spreadsheet.ColumnOf(f.Column)
	if known {
		said.Place = w.T("import.at", f.Line, column.Name(string(w.locale)))
	}
	if f.Article != "" {
		said.Article = w.Article(f.Article)
	}
	detail := f.Detail
	allowed := v.valuesOf(column, detail)
	switch {
	case f.Rule == desk.RuleDCAT:
		said.Text = desk.DCATRule(detail, string(w.locale))
		return said
	case f.Rule == spreadsheet.RuleOneOf && strings.HasPrefix(detail, "["):
		said.Text = w.T("import.rule.one_of.law", strings.Join(allowed, w.T("comma")))
		return said
	case f.Rule == spreadsheet.RuleOneOf && len(column.Values) > 0 && detail != "":
		said.Text = w.T("import.rule.one_of", detail, strings.Join(allowed, w.T("comma")))
		return said
	case f.Rule == spreadsheet.RuleRequired && f.Column == spreadsheet.BasisLaw && strings.HasPrefix(detail, "["):
		sources, _ := spreadsheet.ColumnOf(spreadsheet.BasisSource)
		said.Text = w.T("import.rule.required.basis", strings.Join(v.valuesOf(sources, detail), w.T("comma")))
		return said
	}
	for _, key := range []string{"import.rule." + f.Rule + "." + string(f.Column), "import.rule." + f.Rule} {
		if w.Knows(key) {
			said.Text = w.T(key, detail)
			return said
		}
	}
	said.Text = w.rule(sharing.FieldError{Field: "/" + string(f.Column), Rule: f.Rule, Detail: detail})
	return said
}

// valuesOf names the values that a column can have, or those of them that a detail
// lists in brackets.
func (v *visit) valuesOf(column spreadsheet.Column, detail string) []string {
	listed := strings.Fields(strings.Trim(detail, "[]"))
	var names []string
	for _, value := range column.Values {
		if !strings.HasPrefix(detail, "[") || slices.Contains(listed, value.Code) {
			names = append(names, value.Name(string(v.words.locale)))
		}
	}
	return names
}

// refusal puts why a confirmed row became no change into words.
func (v *visit) refusal(e *sharing.Error) []string {
	var said []string
	for _, f := range e.Fields {
		said = append(said, v.words.rule(f))
	}
	if said == nil {
		said = append(said, v.words.Code("error", e.Code))
	}
	return said
}

// workbook answers with a workbook of the catalog's columns.
func (v *visit) workbook(name string, entries func(add func(sharing.Resource) error) error) error {
	w := v.words
	law, err := v.site.desk.RegulationNow(v.ctx(), v.user)
	if err != nil && sharing.CodeOf(err) != sharing.CodeNoRegulation {
		return err
	}
	page := spreadsheet.Page{Locale: string(w.locale), Table: w.T("import.sheet.table"), Help: w.T("import.sheet.help"),
		Heads: [5]string{w.T("import.sheet.column"), w.T("import.sheet.must"), w.T("import.sheet.values"), w.T("import.sheet.what"), w.T("import.sheet.article")},
		Notes: []string{w.T("import.sheet.note.lines"), w.T("import.sheet.note.blank"), w.T("import.sheet.note.several"), w.T("import.sheet.note.kinds"), w.T("import.sheet.note.formulas")},
		Explain: func(c spreadsheet.Column) (must, what, article string) {
			must = w.first("import.must."+string(c.Key), "import.must")
			return w.T(must), w.Code("import.column", c.Key), v.articlesOf(law, c.Key)
		}}
	return v.spreadsheetFile(name, func(to io.Writer) error { return page.Write(to, entries) })
}

// articlesOf cites the articles by which a column is asked for.
func (v *visit) articlesOf(law *regulation.Regulation, key spreadsheet.Key) string {
	if law == nil {
		return ""
	}
	var articles []string
	switch key {
	case spreadsheet.Class, spreadsheet.BasisSource, spreadsheet.BasisLaw, spreadsheet.BasisArticle:
		for _, rule := range law.Catalog.LegalBasis {
			articles = append(articles, rule.Article)
		}
		if key == spreadsheet.Class {
			articles = append(articles, law.Catalog.NotShared.Article)
		}
	case spreadsheet.Base:
		articles = append(articles, law.BaseData.Article)
	case spreadsheet.SecondSource:
		articles = append(articles, law.Catalog.OneSource)
	case spreadsheet.Format, spreadsheet.Code, spreadsheet.Title, spreadsheet.Description, spreadsheet.Cycle, spreadsheet.ItemName, spreadsheet.ItemTitle, spreadsheet.ItemType:
		articles = append(articles, law.Catalog.ElementsArticle)
	}
	var cited []string
	for _, a := range articles {
		if a == "" {
			continue
		}
		text := law.Cite(a)
		if v.words.locale == English {
			text = law.CiteEn(a)
		}
		if !slices.Contains(cited, text) {
			cited = append(cited, text)
		}
	}
	return strings.Join(cited, v.words.T("comma"))
}

// importTemplate hands over an empty workbook to be filled in.
func (v *visit) importTemplate() error {
	if !v.site.desk.MayImport(v.user) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	return v.workbook(v.words.T("import.template.file"), func(func(sharing.Resource) error) error { return nil })
}

// exportCatalog hands over the department's own catalog in the same columns: what is
// changed in it can be brought in again.
func (v *visit) exportCatalog() error {
	if !v.site.desk.MayImport(v.user) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	told := v.telling()
	name := v.words.T("import.sheet.table") + "-" + cmp.Or(v.words.department(v.user.Department), v.user.Department.ID)
	return told.end(v.workbook(name, func(add func(sharing.Resource) error) error {
		return v.site.desk.OwnCatalog(v.ctx(), v.user, func(n int) { told.total = n }, func(r sharing.Resource) error {
			told.one()
			return add(r)
		})
	}))
}
