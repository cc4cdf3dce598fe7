package web

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"gongshu/api"
	"gongshu/demo"
	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/web/chart"
)

// boardFixtures are the pages around the board.
func boardFixtures(endings []ending, tabs []tab, more more, board desk.Board) []fixture {
	three := desk.Figures{Open: 5, DueSoon: 1, Overdue: 2}
	board.Procedures = []desk.ProcedureFigures{{Procedure: sharing.ShareApplication, Figures: three}, {Procedure: sharing.Coordination}}
	board.Duties = []desk.DutyFigures{{Duty: sharing.DutyAnswer, Title: hostile, TitleEN: hostile, Figures: three}, {Duty: "x", Title: "x", TitleEN: "x"}}
	rows := slices.Clone(board.Items.Items)
	rows[0].Can = []sharing.Action{sharing.Urge, sharing.Supervise}
	rows[0].Chase = desk.Chase{Holder: taxes, TakenBy: hostile, Rung: sharing.Urged, RungAt: &noon, Urged: &noon, UrgedBy: taxes, UrgedToday: true,
		Supervised: &noon, SupervisedBy: police, ReplyBy: sharing.NewDate(2026, 11, 24)}
	rows[1].Chase = desk.Chase{Holder: police, Rung: sharing.Reminder, Supervised: &noon, Replied: &noon}
	board.Items.Items = rows
	ladder := []rungLine{}
	for i, kind := range []sharing.RungKind{sharing.Reminder, sharing.LimitReached, sharing.Urged, sharing.Supervised, sharing.Rectification} {
		ladder = append(ladder, rungLine{regulation.Rung{Kind: kind, Offset: 2*i - 2}, 2 - 2*i})
	}
	news := desk.News{Published: sharing.NewDate(2026, 12, 31), Provisional: 3, Moved: 2,
		Notices: []desk.CalendarNotice{{Source: hostile, Year: 2027, Regional: true, Issued: sharing.DateOf(noon), Recorded: &noon, Revision: 2, Moved: 1}, {Source: "x", Year: 2026}},
		Regulations: []desk.RegulationNews{{Regulation: &regulation.Regulation{ID: "x", Version: 1, Title: hostile, TitleEn: hostile, Number: hostile, From: sharing.DateOf(noon)}, InForce: true, Open: 3},
			{Regulation: &regulation.Regulation{ID: "y", Version: 1}}}}
	drawn := func(id string) template.HTML {
		return chart.Bars(chart.Chart{ID: id, Title: hostile, Desc: hostile, Labels: []string{hostile}, Series: []chart.Series{{Name: hostile, Values: []float64{1}}, {Name: "x", Values: []float64{2}}}})
	}
	trend := desk.Trend{By: desk.ByWeek, At: noon, Stretches: []desk.Stretch{{From: sharing.DateOf(noon) - 7, To: sharing.DateOf(noon) - 1, Received: 3, Closed: 2, ClosedLate: 1, Overdue: 1}, {From: sharing.DateOf(noon), To: sharing.DateOf(noon)}},
		Departments: []desk.Answering{{Department: police, Answers: 3, Late: 1, Median: 2.5}}}
	act := boardActPage{Action: sharing.Supervise, Rows: rows, More: 4, Form: formFixture(), Back: "/board", Provider: hostile}
	urge := act
	urge.Action = sharing.Urge
	return []fixture{
		{"full", "board", boardPage{Tabs: tabs, Endings: endings, Board: board, Waiting: desk.Waiting{Coordination: 1, Replies: 2}, Query: desk.OverdueQuery{Provider: police.ID, Procedure: sharing.ShareApplication, Duty: "x", Light: desk.Red},
			Lights: tabs, Address: "/board?x=1", Chosen: []chosen{{hostile, "/board?x=2"}}, More: more, Ladder: ladder, Form: formFixture(), Acts: true, Most: desk.MaxExport}},
		{"empty", "board", boardPage{Form: newForm(0)}},
		{"supervise", "board_act", act}, {"urge", "board_act", urge}, {"nothing", "board_act", boardActPage{Action: sharing.Urge, Form: newForm(0), Back: "/board"}},
		{"done", "board_act", boardActPage{Action: sharing.Urge, Form: newForm(0), Back: "/board", Done: 1, Results: []boardResult{{Case: caseIn(sharing.Answering), Told: []string{hostile, "x"}}, {Text: hostile}}}},
		{"full", "trend", trendPage{Tabs: tabs, Periods: tabs, Trend: trend, Lines: chinese().trendLines(trend), Provider: police.ID, Departments: []choice{{Value: "x" + hostile, Label: hostile, Chosen: true}}, Flow: drawn("flow"), OnTime: drawn("on-time"), Median: drawn("median")}},
		{"empty", "trend", trendPage{Trend: desk.Trend{By: desk.ByMonth}}},
		{"full", "replies", repliesPage{Tabs: tabs, Today: sharing.DateOf(noon), More: more, left: func(sharing.Date) string { return hostile }, Found: desk.Page[desk.SupervisedCase]{Items: []desk.SupervisedCase{
			{Case: caseIn(sharing.Answering), Supervision: sharing.Supervision{Owes: police, Department: taxes, Note: hostile, At: noon, ReplyBy: sharing.DateOf(noon) - 1}}, {}}}}},
		{"empty", "replies", repliesPage{}},
		{"full", "news", newsPage{Tabs: tabs, Endings: endings, News: news, Notice: hostile, More: more, Moves: desk.Page[desk.Move]{Total: 2, Items: []desk.Move{
			{Case: caseIn(sharing.Answering), At: noon, Title: hostile, TitleEN: hostile, Owes: police, From: sharing.DateOf(noon), To: sharing.DateOf(noon) - 1, Notice: hostile, Provisional: true, Shortened: true},
			{Case: caseIn(sharing.Agreed), Owes: taxes, Confirmed: true}}}}},
		{"empty", "news", newsPage{}},
		{"narrowed", "cases", casesPage{Narrowed: hostile, Export: export{Address: "/cases/export?x=1&y=" + url.QueryEscape(hostile), ID: "e1"}, Most: 100, Found: desk.Page[desk.CaseSummary]{Items: []desk.CaseSummary{{Case: caseIn(sharing.Answering)}}}}},
	}
}

const centre = "shuozhou-authority-officer"

// The board's numbers lead to the lists they count, and from the list one urges once,
// supervises in preset words, and does both for several.
func TestTheBoardUrgesAndSupervises(t *testing.T) {
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	late := shown[demo.Overdue][0]
	me := as(t, serve(t, rig), centre)
	board, err := rig.Overdue(t.Context(), rig.User(centre), desk.OverdueQuery{})
	require.NoError(t, err)
	me.get("/board").is(200).says("按业务", "按事项", "本地区时限阶梯", "督办所选", fmt.Sprintf("%d 件超期", board.Overdue))
	for _, d := range board.Departments {
		me.get("/board?provider=" + d.Department.ID + "&light=red").is(200).says(fmt.Sprintf("办件清单 %d", d.Overdue))
		me.get("/board?provider=" + d.Department.ID + "&light=any").is(200).says(fmt.Sprintf("办件清单 %d", d.Open))
	}
	me.get("/board?procedure=share&duty=share.answer&light=green").is(200).says("只看", "期限内")
	me.get("/board?light=mauve&procedure=nothing").is(200)

	// send sends the board's form by one of its buttons.
	send := func(path string, with url.Values) answer {
		t.Helper()
		_, values := me.get("/board").is(200).form("/board/urge")
		for name, v := range with {
			values[name] = v
		}
		return me.post(path, values)
	}
	leads := func(a answer, where string) {
		t.Helper()
		require.Equal(t, where, a.is(303).header.Get("Location"))
	}
	me.get("/board/urge?provider="+owing(t, rig, late)+"&light=red").is(200).says("每天只能催办一次", "确认催办")
	leads(send("/board/urge", url.Values{"one": {late}, "back": {"/board?light=red"}}), "/board?light=red")
	me.get("/board?light=red").is(200).says("今天已催办")
	send("/board/urge", url.Values{"case": {late, "00000000-0000-4000-8000-00000000ffff"}, "back": {"https://elsewhere.example/"}}).
		says("2 件中 0 件已办成", "本部门今天已经催办过", "不存在").lacks("elsewhere")
	leads(send("/board/urge", nil), "/board")
	me.get("/board").says("请先选择办件")

	ask := me.get("/board/supervise?case="+late).is(200).says("该事项已超过办理期限", "回复期限")
	me.fill(ask, "/board/supervise", url.Values{"note": {"写好的意见"}, "reply_by": {"昨天"}}).is(422).says("写好的意见")
	me.fill(ask, "/board/supervise", url.Values{"note": {"  "}}).is(422)
	ask = send("/board/supervise", url.Values{"ask": {"yes"}, "case": {late}}).is(200).says("该事项已超过办理期限")
	leads(me.fill(ask, "/board/supervise", url.Values{"note": {"请说明"}}), "/board")
	me.get("/board/replies").is(200).says("请说明")
	view, err := rig.Case(t.Context(), rig.User(centre), late)
	require.NoError(t, err)
	require.Len(t, view.Aside.Supervisions, 1)

	other := as(t, serve(t, rig), "shuozhou-minzheng-approver")
	for _, path := range list("/board", "/board/trend", "/board/replies", "/board/export", "/notices", "/bulletin/export", "/board/urge", "/board/supervise?case="+late) {
		other.get(path).is(403)
	}
}

// owing is the department that a case waits for.
func owing(t *testing.T, rig *desktest.Rig, id string) string {
	t.Helper()
	c, err := rig.Case(t.Context(), rig.User(centre), id)
	require.NoError(t, err)
	return c.Provider.ID
}

// The numbers on the page are those of the REST interface.
func TestTheBoardAgreesWithTheAPI(t *testing.T) {
	rig := desktest.New(t)
	play(t, rig, "shuozhou")
	var told struct {
		Open, Overdue int
		DueSoon       int `json:"due_soon"`
		Total         int
		Departments   []struct {
			Department struct{ ID string }
			Open       int
			Overdue    int
			DueSoon    int `json:"due_soon"`
		}
		Procedures []struct {
			Procedure           string
			Open, Overdue, Soon int
		}
		Duties []struct {
			Duty          string
			Open, Overdue int
		}
	}
	r := httptest.NewRequest(http.MethodGet, api.Base+"/overdue", nil)
	r.Header.Set("Authorization", "Bearer "+rig.Token(centre))
	w := httptest.NewRecorder()
	api.New(rig.Desk, api.Options{}).ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &told))
	root, err := html.Parse(strings.NewReader(as(t, serve(t, rig), centre).get("/board").is(200).body))
	require.NoError(t, err)
	shown := map[string]int{}
	for n := range root.Descendants() {
		if id := attribute(n, "id"); n.Data == "a" && strings.HasPrefix(id, "board-") {
			digits := ""
			for c := range n.Descendants() {
				if c.Type == html.TextNode {
					digits += c.Data
				}
			}
			if number, err := strconv.Atoi(regexp.MustCompile("[0-9]+").FindString(digits)); err == nil {
				shown[id] = number
			}
		}
	}
	require.Positive(t, told.Overdue)
	want := map[string]int{"board-red": told.Overdue, "board-yellow": told.DueSoon, "board-any": told.Open}
	for _, d := range told.Departments {
		want["board-provider-"+d.Department.ID+"-red"], want["board-provider-"+d.Department.ID+"-yellow"], want["board-provider-"+d.Department.ID+"-any"] = d.Overdue, d.DueSoon, d.Open
	}
	for _, p := range told.Procedures {
		want["board-procedure-"+p.Procedure+"-red"], want["board-procedure-"+p.Procedure+"-any"] = p.Overdue, p.Open
	}
	for _, d := range told.Duties {
		want["board-duty-"+d.Duty+"-red"], want["board-duty-"+d.Duty+"-any"] = d.Overdue, d.Open
	}
	require.Greater(t, len(want), 12)
	for id, n := range want {
		require.Equal(t, n, shown[id], id) // what is 0 leads nowhere
	}
}

func TestTrendNoticesAndBulletinPages(t *testing.T) {
	rig := desktest.New(t)
	play(t, rig, "shuozhou")
	me := as(t, serve(t, rig), centre)
	me.get("/board/trend").is(200).says("办理趋势", "收到", "按时办结率").draws()
	me.get("/board/trend?by=month&provider=shuozhou-renshe").is(200).says("年").draws()
	me.get("/notices").is(200).says("放假安排", "国办发明电", "现行")
	me.get("/notices?notice=x").is(200).says("没有期限因放假安排而调整")
	me.get("/bulletin").is(200).says("第 1 季度", "中位工作日", "全年")
	me.get("/cases?received_from=2026-01-01&received_to=2026-12-31&late=yes&open=yes&provider=shuozhou-renshe&regulation=shuozhou-2021@1").is(200).says("收到于", "只看")
}

// What is exported is what is listed, as numbers and days, and never a formula.
func TestSpreadsheets(t *testing.T) {
	rig := desktest.New(t)
	play(t, rig, "shuozhou")
	base := serve(t, rig)
	me := as(t, base, centre)
	ctx := t.Context()
	board, err := rig.Overdue(ctx, rig.User(centre), desk.OverdueQuery{Light: desk.AnyLight, Limit: desk.MaxLimit})
	require.NoError(t, err)
	book := spreadsheetAt(t, me, "/board/export?light=any")
	rows, err := book.GetRows("清单")
	require.NoError(t, err)
	require.Len(t, rows, board.Open+1)
	require.Equal(t, "办件编号", rows[0][0])
	panes, err := book.GetPanes("清单")
	require.NoError(t, err)
	require.True(t, panes.Freeze)
	require.Equal(t, 1, panes.YSplit)
	numbers, dates := 0, 0
	for i := range board.Items.Items {
		kind, err := book.GetCellType("清单", fmt.Sprintf("G%d", i+2))
		require.NoError(t, err)
		if kind == excelize.CellTypeUnset || kind == excelize.CellTypeNumber {
			numbers++
		}
		raw, err := book.GetCellValue("清单", fmt.Sprintf("H%d", i+2), excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		if raw != "" {
			require.NotContains(t, raw, "-", "a day is a number with a format")
			dates++
		}
	}
	require.Equal(t, board.Open, numbers)
	require.Positive(t, dates)

	for _, user := range list(centre, "shuozhou-minzheng-requester", "shuozhou-shichang-approver") {
		found, err := rig.Cases(ctx, rig.User(user), desk.CaseQuery{Limit: 1})
		require.NoError(t, err)
		rows, err := spreadsheetAt(t, as(t, base, user), "/cases/export").GetRows("清单")
		require.NoError(t, err)
		require.Len(t, rows, found.Total+1, "%s gets what they may see", user)
	}
	rows, err = spreadsheetAt(t, me, "/bulletin/export?from=2026-01-01&to=2026-06-30").GetRows("清单")
	require.NoError(t, err)
	require.Equal(t, "合计", rows[len(rows)-1][0])
	for _, row := range rows[1:] {
		require.Equal(t, []string{"0", "", ""}, []string{row[1], row[4], row[5]}, "%s: of no answers there is no average and no median", row[0])
	}
	me.get("/bulletin/export?from=never").is(422)
}

// draws holds that a page has a chart.
func (a answer) draws() {
	a.t.Helper()
	require.Contains(a.t, a.body, `<svg class="chart`)
}

// spreadsheetAt opens the spreadsheet at an address; no cell of it may be a formula.
func spreadsheetAt(t *testing.T, me *guest, path string) *excelize.File {
	t.Helper()
	got := me.get(path).is(200)
	require.Equal(t, spreadsheetType, got.header.Get("Content-Type"))
	require.Contains(t, got.header.Get("Content-Disposition"), ".xlsx")
	body := []byte(got.body)
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	require.NoError(t, err)
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, "xl/worksheets/") {
			r, err := f.Open()
			require.NoError(t, err)
			xml, err := io.ReadAll(r)
			require.NoError(t, err)
			require.NotContains(t, string(xml), "<f>")
			require.NoError(t, r.Close())
		}
	}
	book, err := excelize.OpenReader(bytes.NewReader(body))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, book.Close()) })
	return book
}

func TestNamesOfStretches(t *testing.T) {
	zh, en := chinese(), words{locale: English}
	for _, row := range []struct {
		by     desk.Period
		s      desk.Stretch
		zh, en string
	}{
		{desk.ByWeek, desk.Stretch{From: sharing.NewDate(2026, 11, 9), To: sharing.NewDate(2026, 11, 15)}, "11月9日至15日", "9 Nov – 15 Nov"},
		{desk.ByWeek, desk.Stretch{From: sharing.NewDate(2026, 9, 28), To: sharing.NewDate(2026, 10, 4)}, "9月28日至10月4日", "28 Sep – 4 Oct"},
		{desk.ByWeek, desk.Stretch{From: sharing.NewDate(2026, 11, 16), To: sharing.NewDate(2026, 11, 19)}, "11月16日", "16 Nov"},
		{desk.ByMonth, desk.Stretch{From: sharing.NewDate(2026, 11, 1), To: sharing.NewDate(2026, 11, 19)}, "2026年11月", "Nov 2026"},
	} {
		require.Equal(t, row.zh, zh.stretch(row.by, row.s))
		require.Equal(t, row.en, en.stretch(row.by, row.s))
	}
}

func TestPlain(t *testing.T) {
	for from, want := range map[string]string{
		"": "", "人口": "人口", "=1+1": "'=1+1", "＝HYPERLINK": "'＝HYPERLINK", "+86": "'+86", "-1": "'-1", "@x": "'@x", "＠x": "'＠x", " \u3000=1": "' \u3000=1",
		"a\x00b\nc\td": "ab c d", "\t=1": "' =1", "x=1": "x=1",
	} {
		assert.Equal(t, want, plain(from), "%q", from)
	}
	assert.Len(t, []rune(plain(strings.Repeat("长", 40000))), excelize.TotalCellChars)
}

// In Chinese names stand in the order of their pinyin, which is not that of their code
// points; in English, of the alphabet.
func TestNamesInOrder(t *testing.T) {
	names := func(l Locale, in ...string) []string {
		sortByName(testWords(t, l), in, nil, func(s string) string { return s })
		return in
	}
	assert.Equal(t, list("市发展和改革委员会", "市公安局", "市民政局", "市人力资源和社会保障局", "市自然资源局"),
		names(Chinese, "市民政局", "市自然资源局", "市人力资源和社会保障局", "市公安局", "市发展和改革委员会"))
	assert.Equal(t, list("audit", "Police", "Tax"), names(English, "Tax", "Police", "audit"))
}

// BenchmarkBoardPages measures the pages of the board, from the request to the last
// byte, with 100,000 cases.
func BenchmarkBoardPages(b *testing.B) {
	rig := desktest.New(b)
	rig.Populate(100_000, .75)
	me := as(b, serve(b, rig), centre)
	for _, path := range list("/board", "/board?light=any", "/board/trend", "/board/trend?by=month", "/notices", "/bulletin", "/cases", "/board/export?light=any") {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				me.get(path).is(200)
			}
		})
	}
}
