package web

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
	"gongshu/spreadsheet"
)

func importFixtures() []fixture {
	of := func(state sharing.ImportState) sharing.CatalogImport {
		return sharing.CatalogImport{ID: "i1", UserName: hostile, FileName: hostile, State: state, Version: 2, CreatedAt: noon, Terms: sharing.ImportTerms{Draft: state == sharing.ImportRunning, Why: hostile},
			Rows: map[sharing.RowStanding]int{sharing.RowNew: 1200, sharing.RowRefused: 1}}
	}
	v := &visit{words: chinese()}
	running, over := of(sharing.ImportRunning), of(sharing.ImportDone)
	running.Staged, running.Done, running.Failed = 1200, 700, 1
	over.Staged, over.Done, over.Failed, over.EndedAt, over.ConfirmedAt = 1200, 1200, 3, &noon, &noon
	row := func(standing sharing.RowStanding, findings ...desk.ImportFinding) importRow {
		r := importRow{ImportRow: desk.ImportRow{N: 1, Line: 2, Standing: standing, Code: hostile, Title: hostile, ResourceID: "r1", CaseID: "c1", CaseNumber: hostile, Kind: sharing.ChangedElements},
			Lines: v.differences([]sharing.Difference{{Field: "title", Before: hostile, After: hostile}, {Field: "fields/" + hostile, After: hostile}}), Why: []string{hostile}}
		for _, f := range findings {
			r.Said = append(r.Said, v.finding(f))
		}
		return r
	}
	rows := []importRow{row(sharing.RowRefused,
		desk.ImportFinding{Finding: spreadsheet.Finding{Line: 2, Column: spreadsheet.Class, Rule: spreadsheet.RuleOneOf, Detail: hostile}},
		desk.ImportFinding{Finding: spreadsheet.Finding{Line: 2, Column: spreadsheet.Provider, Rule: desk.RuleNotOnesOwn, Detail: hostile}},
		desk.ImportFinding{Finding: spreadsheet.Finding{Line: 2, Column: spreadsheet.BasisLaw, Rule: spreadsheet.RuleRequired, Detail: "[law]", Article: "19"}, Remark: true},
		desk.ImportFinding{Finding: spreadsheet.Finding{Line: 2, Rule: hostile, Detail: hostile}}), row(sharing.RowNew), row(sharing.RowChanged), row(sharing.RowUnchanged)}
	tabs := []tab{{Label: hostile, Address: "/x", Current: true}}
	page := func(i sharing.CatalogImport) importPage {
		return importPage{CatalogImport: i, Tabs: tabs, Rows: rows, Next: "/x?after=" + url.QueryEscape(hostile), Form: formFixture(), Here: "/catalog/imports/i1"}
	}
	nothing := of(sharing.ImportChecked)
	nothing.Rows = nil
	return []fixture{
		{"full", "catalog_imports", importsPage{Form: formWith("/file", "/trigger", "/triggered_on", "/why"), Triggers: sharing.ChangeTriggers, Imports: []sharing.CatalogImport{of(sharing.ImportChecked), running, over},
			MaxBytes: desk.MaxImportFile, MaxRows: 10, Export: export{Address: "/catalog/export?progress=" + url.QueryEscape(hostile), ID: "e1"}}},
		{"empty", "catalog_imports", importsPage{Form: newForm(0)}},
		{"checked", "catalog_import", page(of(sharing.ImportChecked))}, {"running", "catalog_import", page(running)}, {"over", "catalog_import", page(over)},
		{"nothing", "catalog_import", importPage{CatalogImport: nothing, Form: newForm(0), Here: "/catalog/imports/i1"}},
		{"own", "catalog", catalogPage{Imports: true}},
	}
}

// handIn sends the form of the page of imports with a file.
func (g *guest) handIn(file string, content []byte, change func(url.Values)) answer {
	g.t.Helper()
	action, values := g.get("/catalog/imports").is(200).form("/catalog/imports")
	values.Set("why", "迁移原有目录")
	if change != nil {
		change(values)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, all := range values {
		for _, value := range all {
			require.NoError(g.t, w.WriteField(name, value))
		}
	}
	part, err := w.CreateFormFile("file", file)
	require.NoError(g.t, err)
	_, err = part.Write(content)
	require.NoError(g.t, err)
	require.NoError(g.t, w.Close())
	r, err := http.NewRequest(http.MethodPost, g.base+action, &b)
	require.NoError(g.t, err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return g.send(r)
}

const catalogTable = `条目代码,条目名称,提供部门,共享属性,开放属性,安全等级,更新周期,数据格式,共享方式,数据项字段名,数据项名称,数据项类型
SZ-IMP-1,养犬登记,,无条件共享,不予开放,2级,每月,xlsx,查询接口,dog_id,犬只编号,文本
,,,,,,,,,owner_id,饲养人编号,文本
SZ-IMP-2,犬只防疫,,不予共享,不予开放,2级,每月,xlsx,,shot_id,防疫编号,文本
SZ-IMP-3,犬只诊疗,<b>别的局</b>,无条件共享,不予开放,2级,每月,xlsx,查询接口,visit_id,诊疗编号,文本
SZ-IMP-1,重复,,无条件共享,不予开放,2级,每月,xlsx,查询接口,x,某编号,文本
SZ-MZ-004,新的名称,,,,,,,,,,
`

// From the template to the result without script: what is wrong is told by row,
// column and rule; what is confirmed runs, says how far it is, and ends.
func TestImportWithoutScript(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	const author = "shuozhou-minzheng-specialist"
	me := as(t, base, author)
	me.get("/catalog").is(200).says("导入目录")
	as(t, base, "shuozhou-shenji-auditor").get("/").is(200).lacks("导入目录")
	for _, path := range []string{"/catalog/imports", "/catalog/imports/template.xlsx", "/catalog/export"} {
		as(t, base, "shuozhou-shenji-auditor").get(path).is(403)
		newGuest(t, base).get(path).is(303)
	}
	template := spreadsheetAt(t, me, "/catalog/imports/template.xlsx")
	help, err := template.GetRows("填写说明")
	require.NoError(t, err)
	require.Equal(t, []string{"列", "是否必填", "可填的值", "说明", "依据"}, help[0])
	require.Contains(t, help[8][4], "第十六条", "the article that asks for a basis")

	page := me.follow(me.handIn("目录.csv", []byte(catalogTable), func(v url.Values) { v.Set("as", "review") })).is(200)
	page.says("目录.csv", "拒收 3", "新增 1", "变更 1", "第 4 行 · 依据文件", "第 5 行 · 提供部门", "<b>别的局</b>", "第 6 行 · 条目代码", "与第 2 行的代码重复", "将各形成一件目录变更，送部门审核")
	require.NotContains(t, page.body, "<b>别的局</b>")
	me.get(page.path + "?rows=refused").is(200).says("第 5 行").lacks("养犬登记")
	as(t, base, "shuozhou-gongan-specialist").get(page.path).is(404)
	as(t, base, "shuozhou-gongan-specialist").get(page.path + "/progress").is(404)
	me.get(page.path + "/confirm").is(303)
	action, values := page.form("/confirm")
	me.post(action, url.Values{"csrf": values["csrf"], "key": {"another-key-of-mine"}, "version": {"7"}}).is(412).says("重新检查")
	running := me.follow(me.post(action, values)).is(200).says("正在导入", "已处理 0 / 2", "刷新进度")
	require.Contains(t, running.body, `<progress max="2" value="0"`)
	me.get(page.path + "/progress?done=0&said=0").is(204)
	me.post(action, url.Values{"csrf": values["csrf"], "key": {"another-key-of-mine"}, "version": values["version"]}).is(409).says("已经确认过")
	rig.CarryImports()
	require.Equal(t, "true", me.get(page.path+"/progress?done=0").is(204).header.Get("HX-Refresh"))
	over := me.get(page.path).is(200).says("导入完成：2 件变更已送部门审核")
	number := regexp.MustCompile(`/cases/[0-9a-f-]{36}`).FindString(over.body)
	me.get(number).is(200).says("目录变更", "部门审核")
	me.get("/catalog/imports").is(200).says("目录.csv", "已完成")

	// A file that cannot be read keeps what was typed.
	for name, c := range map[string]struct {
		file    string
		content []byte
		status  int
		said    string
	}{
		"columns":  {"a.csv", []byte("条目名称,共享属性\nx,y"), 422, "缺少列：条目代码"},
		"encoding": {"a.csv", []byte("\xff\xfea\x00"), 422, "文字编码"},
		"kind":     {"a.xlsx", []byte("no workbook"), 422, "内容与名称不符"},
		"large":    {"a.csv", bytes.Repeat([]byte("x"), desk.MaxImportFile+1), 413, "超过 10 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			me.handIn(c.file, c.content, func(v url.Values) { v.Set("why", "很长的理由") }).is(c.status).says(c.said, "很长的理由")
		})
	}
	me.handIn("a.csv", []byte(catalogTable), func(v url.Values) { v.Set("trigger", "law") }).is(422).says("起因发生之日")
	me.handIn("a.csv", []byte(catalogTable), func(v url.Values) { v.Del("why") }).is(422)

	// The department's own catalog goes out in the columns in which it comes in.
	link := regexp.MustCompile(`/catalog/export\?progress=([0-9a-f-]{36})`).FindStringSubmatch(me.get("/catalog/imports").body)
	require.NotNil(t, link)
	me.get("/exports/" + link[1]).is(200).says("正在准备文件")
	book := spreadsheetAt(t, me, link[0])
	me.get("/exports/" + link[1]).is(200).says("文件已生成")
	as(t, base, "shuozhou-gongan-specialist").get("/exports/" + link[1]).is(200).says("正在准备文件")
	me.get("/exports/x").is(404)
	var b bytes.Buffer
	require.NoError(t, book.Write(&b))
	me.follow(me.handIn("own.xlsx", b.Bytes(), nil)).is(200).says("没有可以提出的变更", "6 无变化")
}

// The values of the columns are called what the pages call them.
func TestColumnsHaveTheWordsOfThePages(t *testing.T) {
	all, err := loadDictionaries()
	require.NoError(t, err)
	kinds := map[spreadsheet.Key]string{spreadsheet.Class: "class", spreadsheet.OpenClass: "open", spreadsheet.BasisSource: "source", spreadsheet.Cycle: "cycle",
		spreadsheet.Modes: "mode", spreadsheet.Base: "base", spreadsheet.ItemType: "opt.change.entry.fields.type"}
	for _, c := range spreadsheet.Columns {
		for locale, dictionary := range all {
			require.NotEmpty(t, dictionary["import.column."+string(c.Key)])
			for _, v := range c.Values {
				if kind := kinds[c.Key]; kind != "" {
					require.Equal(t, dictionary[kind+"."+v.Code], v.Name(string(locale)), c.Key)
				}
			}
		}
	}
	// Every rule that a file can break has its words.
	for _, rule := range []string{spreadsheet.RuleType, spreadsheet.RuleLocked, spreadsheet.RuleMacro, spreadsheet.RuleDamaged, spreadsheet.RuleUnpacked, spreadsheet.RuleEncoding, spreadsheet.RuleSheet,
		spreadsheet.RuleColumns, spreadsheet.RuleTwice, spreadsheet.RuleRows, spreadsheet.RuleBytes, spreadsheet.RuleEmpty, spreadsheet.RuleFormula, spreadsheet.RuleNumeric, spreadsheet.RuleDuplicate,
		spreadsheet.RuleConflict, spreadsheet.RuleUnpaired, spreadsheet.RuleText, desk.RuleTwoKinds, desk.RuleOtherCase, desk.RuleNotOnesOwn} {
		require.NotEmpty(t, all[Chinese]["import.rule."+rule], rule)
	}
}

// From the file to its result in a browser: the page says how far the import is
// without being loaded anew, reads it out, and shows the result by itself; the way to
// a file says how far that is.
func TestImportInBrowser(t *testing.T) {
	rig := desktest.New(t)
	b := newBrowser(t, serve(t, rig))
	const author = "shuozhou-minzheng-specialist"
	b.signIn(author)
	b.open("/catalog")
	b.press(`a[href="/catalog/imports"]`)
	wrong, right := filepath.Join(t.TempDir(), "目录.xlsx"), filepath.Join(t.TempDir(), "目录.csv")
	require.NoError(t, os.WriteFile(wrong, []byte("no workbook"), 0o600))
	require.NoError(t, os.WriteFile(right, []byte(catalogTable+
		"SZ-IMP-5,犬只走失,,无条件共享,不予开放,2级,每月,xlsx,查询接口,lost_id,走失编号,文本\nSZ-IMP-6,犬只领养,,无条件共享,不予开放,2级,每月,xlsx,查询接口,home_id,领养编号,文本\n"), 0o600))
	hand := func(file string) {
		t.Helper()
		b.do(chromedp.SetUploadFiles(chromedp.CSS("main input[type=file]"), []string{file}))
		b.press("main form[enctype] button.main")
	}
	b.fill("textarea[name=why]", "迁移原有目录")
	b.click("input[name=as][value=review]")
	hand(wrong)
	b.sees("内容与名称不符")
	require.Equal(t, "迁移原有目录", evaluate[string](b, "document.querySelector('textarea[name=why]').value"))
	require.True(t, evaluate[bool](b, "document.querySelector('input[name=as][value=review]').checked"))
	b.shoot("import-refused-file")
	hand(right)
	b.sees("新增", "第 5 行 · 提供部门", "将各形成一件目录变更，送部门审核")
	require.Empty(t, b.violations())
	b.shoot("import-checked")
	b.press("main form[action$=confirm] button.main")
	b.sees("正在导入", "已处理 0 / 4")
	require.Empty(t, b.violations())

	next := make(chan bool)
	carried := make(chan error, 1)
	go func() {
		carried <- rig.CarryImportsAfter(func() { <-next })
	}()
	next <- true
	next <- true
	soon := func(expression string) {
		t.Helper()
		for range 100 {
			if evaluate[bool](b, expression) {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		b.fail(errors.New("not within ten seconds: " + expression + "\n" + b.text("main")))
	}
	soon(`document.querySelector("#import-progress progress").value === 2`)
	soon(`document.querySelector("#import-said").innerText === "已完成 50%"`)
	b.shoot("import-running")
	next <- true
	next <- true
	require.NoError(t, <-carried)
	soon(`document.querySelector("main").innerText.includes("导入完成：4 件变更已送部门审核")`)
	require.Empty(t, b.violations())
	b.shoot("import-done")

	// The way to a file says how far it is.
	b.open("/catalog/imports")
	if _, err := chromedp.CallBrowser(b.ctx, cdp.SetDownloadBehavior, cdp.SetDownloadBehaviorParams{Behavior: cdp.SetDownloadBehaviorBehaviorAllow, DownloadPath: t.TempDir()}); err != nil {
		b.fail(err)
	}
	b.click(".export a.button")
	soon(`document.querySelector(".export-progress").innerText.includes("文件已生成")`)
}
