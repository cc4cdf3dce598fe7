package desk_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/activities"
	"gongshu/desk"
	"gongshu/sharing"
	"gongshu/spreadsheet"
)

var importTerms = sharing.ImportTerms{Trigger: sharing.OtherTrigger, Why: "迁移原有目录"}

// tableOf makes a CSV file of lines in a fixed order of columns.
func tableOf(t *testing.T, lines ...[]string) string {
	t.Helper()
	var b bytes.Buffer
	head := []string{"条目代码", "条目名称", "提供部门", "共享属性", "开放属性", "安全等级", "依据种类", "依据文件", "依据条款", "更新周期", "数据格式", "共享方式", "数据项字段名", "数据项名称", "数据项类型"}
	require.NoError(t, csv.NewWriter(&b).WriteAll(append([][]string{head}, lines...)))
	return b.String()
}

// line is a sound new entry, with columns exchanged.
func line(code string, exchanged map[int]string) []string {
	cells := []string{code, "养犬登记 " + code, "", "无条件共享", "不予开放", "2", "", "", "", "每月", "xlsx", "查询接口", "dog_" + code, "犬只编号 " + code, "文本"}
	for i, value := range exchanged {
		cells[i] = value
	}
	return cells
}

func (r room) check(user, file, text string, terms sharing.ImportTerms) sharing.CatalogImport {
	r.T.Helper()
	id, err := r.CheckImport(r.T.Context(), r.User(user), "", desk.ImportOrder{FileName: file, Content: strings.NewReader(text), Terms: terms})
	require.NoError(r.T, err)
	return r.imported(user, id)
}

func (r room) imported(user, id string) sharing.CatalogImport {
	r.T.Helper()
	i, err := r.Import(r.T.Context(), r.User(user), id)
	require.NoError(r.T, err)
	return i
}

func (r room) rows(user, id string, q desk.RowQuery) []desk.ImportRow {
	r.T.Helper()
	rows, _, err := r.ImportRows(r.T.Context(), r.User(user), id, q)
	require.NoError(r.T, err)
	return rows
}

func (r room) changes(user string) int {
	r.T.Helper()
	cases, err := r.Cases(r.T.Context(), r.User(user), desk.CaseQuery{Procedure: sharing.CatalogChange})
	require.NoError(r.T, err)
	return cases.Total
}

// A file is first checked row by row, and nothing is written. Confirmed, its rows
// become catalog changes that go the way of every other.
func TestImport(t *testing.T) {
	r := changing(t)
	ctx := t.Context()
	const author, colleague, stranger = "city-gongan-specialist", "city-gongan-approver", "city-minzheng-specialist"
	own := r.Resource("city", "CS-GA-001")
	basis := line("IMP-5", map[int]string{3: "不予共享", 11: "", 6: "法律", 7: "治安管理处罚法", 8: "第一条"})
	text := tableOf(t,
		line("IMP-1", nil),
		[]string{own.Code, own.Title + "（新）"},
		line("IMP-3", map[int]string{2: "民政局"}),
		line("IMP-4", map[int]string{3: "不予共享", 11: ""}),
		basis,
		line("CS-MZ-001", nil),
		[]string{"CS-GA-002"},
		line("IMP-1", nil),
		line("IMP-6", map[int]string{13: r.Resource("city", "CS-MZ-001").Fields[0].Title}),
		line("IMP-7", map[int]string{5: "9", 14: "浮点"}),
		line("IMP-8", map[int]string{1: ""}),
	)
	i := r.check(author, "目录.csv", text, importTerms)
	require.Equal(t, sharing.ImportChecked, i.State)
	require.Equal(t, map[sharing.RowStanding]int{sharing.RowNew: 2, sharing.RowChanged: 1, sharing.RowUnchanged: 1, sharing.RowRefused: 7}, i.Rows)
	require.Zero(t, r.changes(author))
	want := map[int]struct {
		standing sharing.RowStanding
		column   spreadsheet.Key
		rule     string
	}{
		2: {sharing.RowNew, "", ""}, 3: {sharing.RowChanged, "", ""}, 4: {sharing.RowRefused, spreadsheet.Provider, desk.RuleNotOnesOwn},
		5: {sharing.RowRefused, spreadsheet.BasisLaw, "required"}, 6: {sharing.RowNew, "", ""}, 7: {sharing.RowRefused, spreadsheet.Code, "unique"},
		8: {sharing.RowUnchanged, "", ""}, 9: {sharing.RowRefused, spreadsheet.Code, spreadsheet.RuleDuplicate},
		10: {sharing.RowRefused, spreadsheet.SecondSource, "one_source"}, 11: {sharing.RowRefused, spreadsheet.Grade, spreadsheet.RuleOneOf},
		12: {sharing.RowRefused, spreadsheet.Title, "required"},
	}
	rows := r.rows(author, i.ID, desk.RowQuery{})
	require.Len(t, rows, len(want))
	for _, row := range rows {
		expected := want[row.Line]
		require.Equal(t, expected.standing, row.Standing, "%+v", row)
		if expected.rule != "" {
			require.Equal(t, expected.rule, row.Findings[0].Rule, "%+v", row)
			require.Equal(t, expected.column, row.Findings[0].Column, "%+v", row)
			require.Equal(t, row.Line, row.Findings[0].Line)
		}
	}
	require.Equal(t, "19", rows[3].Findings[0].Article, "the article that asks for a basis")
	require.Equal(t, []sharing.Difference{{Field: "title", Before: own.Title, After: own.Title + "（新）"}}, rows[1].Diff)
	require.Len(t, r.rows(author, i.ID, desk.RowQuery{Standing: sharing.RowRefused}), 7)
	some, next, err := r.ImportRows(ctx, r.User(author), i.ID, desk.RowQuery{Limit: 4})
	require.NoError(t, err)
	require.Len(t, some, 4)
	require.Equal(t, 4, next)
	require.Equal(t, 5, r.rows(author, i.ID, desk.RowQuery{After: next})[0].N)

	// To others it does not exist, and who may not change the catalog imports nothing.
	_, err = r.Import(ctx, r.User(stranger), i.ID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	require.Equal(t, sharing.CodeNotFound, code(t, r.ConfirmImport(ctx, r.User(stranger), "", i.ID, i.Version)))
	_, err = r.CheckImport(ctx, r.User("city-minzheng-requester"), "", desk.ImportOrder{FileName: "a.csv", Content: strings.NewReader(text), Terms: importTerms})
	require.Equal(t, sharing.CodeForbidden, code(t, err))

	require.Equal(t, sharing.CodeStale, code(t, r.ConfirmImport(ctx, r.User(author), "", i.ID, i.Version+1)))
	for range 2 {
		require.NoError(t, r.ConfirmImport(ctx, r.User(author), "confirm-1", i.ID, i.Version))
	}
	require.Equal(t, sharing.CodeWrongState, code(t, r.ConfirmImport(ctx, r.User(author), "", i.ID, i.Version)))
	i = r.imported(author, i.ID)
	require.Equal(t, sharing.ImportRunning, i.State)
	require.Equal(t, 3, i.Staged)
	require.Zero(t, i.Done)
	require.Zero(t, r.changes(author), "the workers open them")

	// A worker that breaks off in the middle loses nothing and does nothing twice.
	engine := r.Activities
	var opened atomic.Int32
	broken := errors.New("cable cut")
	err = activities.CarryImports(ctx, r.Store, func(ctx context.Context, _, commandID string) error {
		if opened.Add(1) == 2 {
			return &sharing.Error{Code: sharing.CodeUnavailable, Cause: broken}
		}
		_, err := engine.SubmitChange(ctx, commandID)
		return activities.FromTemporal(err)
	})
	require.ErrorIs(t, err, broken)
	i = r.imported(author, i.ID)
	require.Equal(t, 2, i.Done)
	require.Equal(t, sharing.ImportRunning, i.State)
	r.CarryImports()
	r.CarryImports()
	i = r.imported(author, i.ID)
	require.Equal(t, sharing.ImportDone, i.State)
	require.NotNil(t, i.EndedAt)
	require.Equal(t, 3, i.Done)
	require.Zero(t, i.Failed)
	require.Equal(t, 3, r.changes(author))
	for _, row := range r.rows(author, i.ID, desk.RowQuery{}) {
		require.Equal(t, row.Standing == sharing.RowNew || row.Standing == sharing.RowChanged, row.CaseID != "", "%+v", row)
		if row.CaseID == "" {
			continue
		}
		c, err := r.Case(ctx, r.User(author), row.CaseID)
		require.NoError(t, err)
		require.Equal(t, row.CaseNumber, c.Number)
		require.Equal(t, sharing.DepartmentReview, c.State, "reviewed like every other change")
	}
	entry, err := r.Desk.Resource(ctx, r.User(author), own.ID)
	require.NoError(t, err)
	require.Equal(t, own.Title, entry.Title, "nothing changes before it is reviewed")

	// Now these changes are open: the same file asks for nothing more.
	again := r.check(colleague, "目录.csv", text, importTerms)
	require.Equal(t, map[sharing.RowStanding]int{sharing.RowUnchanged: 1, sharing.RowRefused: 10}, again.Rows)
	require.Equal(t, desk.RuleOtherCase, r.rows(colleague, again.ID, desk.RowQuery{})[0].Findings[0].Rule)
	require.Equal(t, sharing.CodeWrongState, code(t, r.ConfirmImport(ctx, r.User(colleague), "", again.ID, again.Version)))
	all, err := r.Imports(ctx, r.User(colleague))
	require.NoError(t, err)
	require.Len(t, all, 2)
}

// As drafts, rows that are not complete are taken, and say what is to be completed.
func TestImportDrafts(t *testing.T) {
	r := changing(t)
	const author = "city-gongan-specialist"
	terms := importTerms
	terms.Draft = true
	i := r.check(author, "a.csv", tableOf(t, line("IMP-1", map[int]string{3: "不予共享", 11: ""}), line("IMP-2", map[int]string{2: "民政局"})), terms)
	require.Equal(t, map[sharing.RowStanding]int{sharing.RowNew: 1, sharing.RowRefused: 1}, i.Rows)
	row := r.rows(author, i.ID, desk.RowQuery{})[0]
	require.True(t, row.Findings[0].Remark)
	require.Equal(t, spreadsheet.BasisLaw, row.Findings[0].Column)
	require.NoError(t, r.ConfirmImport(t.Context(), r.User(author), "", i.ID, i.Version))
	r.CarryImports()
	row = r.rows(author, i.ID, desk.RowQuery{})[0]
	c, err := r.Case(t.Context(), r.User(author), row.CaseID)
	require.NoError(t, err)
	require.Equal(t, sharing.Revising, c.State)

	// Whoever brings in the code next is told that it is taken; by which change, only
	// the department whose change it is.
	again := r.check(author, "a.csv", tableOf(t, line("IMP-1", nil)), terms)
	require.Equal(t, c.Number, r.rows(author, again.ID, desk.RowQuery{})[0].Findings[0].Detail)
	const other = "city-renshe-specialist"
	theirs := r.check(other, "a.csv", tableOf(t, line("IMP-1", nil)), terms)
	found := r.rows(other, theirs.ID, desk.RowQuery{})[0].Findings[0]
	require.Equal(t, "unique", found.Rule)
	require.Empty(t, found.Detail)
}

// What changed between the check and the confirmation is shown again, and what changes
// after that refuses its row alone.
func TestImportMeanwhile(t *testing.T) {
	r := changing(t)
	ctx := t.Context()
	const author = "city-gongan-specialist"
	who := r.User(author)
	own := r.Resource("city", "CS-GA-001")
	i := r.check(author, "a.csv", tableOf(t, line("IMP-1", nil), []string{own.Code, own.Title + "（新）"}), importTerms)
	require.Equal(t, 2, i.Proposed())
	r.filed(author, sharing.ChangeProposal{Kind: sharing.ChangedElements, ResourceID: own.ID, Trigger: sharing.OtherTrigger, Why: "x", Entry: sharing.EntryDraft{Description: "另行变更"}})
	require.Equal(t, sharing.CodeStale, code(t, r.ConfirmImport(ctx, who, "", i.ID, i.Version)))
	i = r.imported(author, i.ID)
	require.Equal(t, 2, i.Version)
	require.Equal(t, map[sharing.RowStanding]int{sharing.RowNew: 1, sharing.RowRefused: 1}, i.Rows)
	require.NoError(t, r.ConfirmImport(ctx, who, "", i.ID, i.Version))
	fresh := fresh("IMP-1")
	fresh.Entry.Fields = []sharing.Field{{Name: "x", Title: "别的", Type: "string", Grade: 1}}
	r.filed(author, fresh)
	r.CarryImports()
	i = r.imported(author, i.ID)
	require.Equal(t, sharing.ImportDone, i.State)
	require.Equal(t, 1, i.Failed)
	failed := r.rows(author, i.ID, desk.RowQuery{Failed: true})
	require.Len(t, failed, 1)
	require.NotNil(t, failed[0].Refusal)
	require.Empty(t, failed[0].CaseID)
	require.Equal(t, 2, r.changes(author))
}

// An entry's elements and its class change one after the other; class and basis go
// together; what is blank or so already stays.
func TestImportKinds(t *testing.T) {
	r := changing(t)
	const author = "city-gongan-specialist"
	var own sharing.Resource
	for _, entry := range r.World.Resources {
		if entry.Provider.ID == r.User(author).Department.ID && entry.Class == sharing.Conditional && entry.Base == "" {
			own = entry
		}
	}
	require.NotEmpty(t, own.Code)
	for name, c := range map[string]struct {
		cells    map[int]string
		standing sharing.RowStanding
		kind     sharing.ChangeKind
		rule     string
	}{
		"so already":             {map[int]string{1: own.Title, 7: own.Basis}, sharing.RowUnchanged, "", ""},
		"elements":               {map[int]string{9: "实时"}, sharing.RowChanged, sharing.ChangedElements, ""},
		"class":                  {map[int]string{3: "无条件共享"}, sharing.RowChanged, sharing.ChangedClass, ""},
		"class without basis":    {map[int]string{3: "不予共享"}, sharing.RowRefused, "", "required"},
		"basis of another kind":  {map[int]string{3: "不予共享", 6: "省级文件", 7: "某文件"}, sharing.RowRefused, "", "one_of"},
		"class and its basis":    {map[int]string{3: "不予共享", 6: "法律", 7: "治安管理处罚法", 8: "第一条"}, sharing.RowChanged, sharing.ChangedClass, ""},
		"both":                   {map[int]string{3: "无条件共享", 9: "实时"}, sharing.RowRefused, "", desk.RuleTwoKinds},
		"its department by name": {map[int]string{2: r.User(author).Department.Name}, sharing.RowUnchanged, "", ""},
	} {
		cells := make([]string, 15)
		cells[0] = own.Code
		for i, v := range c.cells {
			cells[i] = v
		}
		i := r.check(author, "a.csv", tableOf(t, cells), importTerms)
		row := r.rows(author, i.ID, desk.RowQuery{})[0]
		require.Equal(t, c.standing, row.Standing, "%s: %+v", name, row)
		require.Equal(t, c.kind, row.Kind, name)
		if c.rule != "" {
			require.Equal(t, c.rule, row.Findings[0].Rule, name)
		}
	}
	// The department's catalog as it is written can be read back, and asks for nothing.
	var b bytes.Buffer
	page := spreadsheet.Page{Locale: "zh", Table: "目录", Help: "说明", Explain: func(spreadsheet.Column) (string, string, string) { return "", "", "" }}
	total := 0
	require.NoError(t, page.Write(&b, func(add func(sharing.Resource) error) error {
		return r.OwnCatalog(t.Context(), r.User(author), func(n int) { total = n }, add)
	}))
	i := r.check(author, "目录.xlsx", b.String(), importTerms)
	require.Greater(t, total, 2)
	require.Equal(t, map[sharing.RowStanding]int{sharing.RowUnchanged: total}, i.Rows, "%+v", r.rows(author, i.ID, desk.RowQuery{Standing: sharing.RowRefused}))
}

// A catalog in DCAT comes in the same way.
func TestImportDCAT(t *testing.T) {
	r := changing(t)
	const author = "city-gongan-specialist"
	name := r.User(author).Department.Name
	text := fmt.Sprintf(`{"dataset":[
		{"identifier":"D-1","title":"养犬登记","publisher":{"name":%q},"accessLevel":"public","accrualPeriodicity":"R/P1M"},
		{"identifier":"D-2","title":"犬只防疫","publisher":{"name":"别的部门"},"accessLevel":"public"},
		{"identifier":"D-3","publisher":{"name":%q},"accessLevel":"secret"}]}`, name, name)
	terms := importTerms
	terms.Draft = true
	i := r.check(author, "data.json", text, terms)
	require.Equal(t, map[sharing.RowStanding]int{sharing.RowNew: 1, sharing.RowRefused: 2}, i.Rows)
	rows := r.rows(author, i.ID, desk.RowQuery{})
	require.Equal(t, "D-1", rows[0].Code)
	require.Equal(t, desk.RuleNotOnesOwn, rows[1].Findings[0].Rule)
	require.Equal(t, spreadsheet.Title, rows[2].Findings[0].Column)
	require.Equal(t, desk.RuleDCAT, rows[2].Findings[0].Rule)
}

// What is wrong with the file or with what is said of it is told at once.
func TestImportRefused(t *testing.T) {
	r := changing(t)
	who := r.User("city-gongan-specialist")
	order := func(file, text string, terms sharing.ImportTerms) error {
		_, err := r.CheckImport(t.Context(), who, "", desk.ImportOrder{FileName: file, Content: strings.NewReader(text), Terms: terms})
		return err
	}
	labor, err := os.ReadFile("change_test.go")
	require.NoError(t, err)
	requireField(t, order("a.csv", string(labor), importTerms), "/file", spreadsheet.RuleSheet)
	requireField(t, order("a.json", "{", importTerms), "/file", spreadsheet.RuleDamaged)
	requireField(t, order("a.csv", strings.Repeat("x", desk.MaxImportFile+1), importTerms), "/file", spreadsheet.RuleBytes)
	requireField(t, order("a.csv", "x", sharing.ImportTerms{Trigger: sharing.OtherTrigger}), "/why", "required")
	requireField(t, order("a.csv", "x", sharing.ImportTerms{Trigger: sharing.LawChanged, Why: "x"}), "/triggered_on", "required")
	requireField(t, order("a.csv", "x", sharing.ImportTerms{Why: "x"}), "/trigger", "one_of")
	requireField(t, order("a\x00.csv", "x", importTerms), "/file", "characters")

	// The same file sent twice under one key is one import.
	var ids []string
	for range 2 {
		id, err := r.CheckImport(t.Context(), who, "once-and-again-0", desk.ImportOrder{FileName: "a.csv", Content: strings.NewReader(tableOf(t, line("IMP-1", nil))), Terms: importTerms})
		require.NoError(t, err)
		ids = append(ids, id)
	}
	require.Equal(t, ids[0], ids[1])
	_, err = r.CheckImport(t.Context(), who, "once-and-again-0", desk.ImportOrder{FileName: "a.csv", Content: strings.NewReader(tableOf(t, line("IMP-2", nil))), Terms: importTerms})
	require.Equal(t, sharing.CodeKeyReused, code(t, err))
}

// Ten thousand rows are checked and confirmed within the time that a request has.
func TestImportMany(t *testing.T) {
	r := changing(t)
	ctx := t.Context()
	const author = "city-gongan-specialist"
	lines := make([][]string, spreadsheet.MaxEntries)
	for n := range lines {
		lines[n] = line(fmt.Sprintf("BULK-%05d", n), nil)
	}
	began := time.Now()
	i := r.check(author, "a.csv", tableOf(t, lines...), importTerms)
	t.Logf("checked %d rows: %v", i.Total(), time.Since(began))
	require.Equal(t, spreadsheet.MaxEntries, i.Proposed())
	began = time.Now()
	require.NoError(t, r.ConfirmImport(ctx, r.User(author), "", i.ID, i.Version))
	t.Logf("confirmed: %v", time.Since(began))
	i = r.imported(author, i.ID)
	require.Equal(t, spreadsheet.MaxEntries, i.Staged)
}
