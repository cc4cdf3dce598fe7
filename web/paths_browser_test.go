package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"

	"gongshu/demo"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// walk is a walk through the pages in one language.
type walk struct {
	*browser
	rig    *desktest.Rig
	words  words
	locale Locale
}

// enter signs somebody in and changes to the language of the walk by the form for it.
func (w *walk) enter(user string) {
	w.t.Helper()
	w.signIn(user)
	w.speak()
}

func (w *walk) speak() {
	w.t.Helper()
	if evaluate[string](w.browser, "document.documentElement.lang") != map[Locale]string{Chinese: "zh-CN", English: "en"}[w.locale] {
		w.press("button[name=locale]")
	}
}

// says fails unless the texts of the keys stand on the page.
func (w *walk) says(keys ...string) {
	w.t.Helper()
	for _, key := range keys {
		w.sees(w.words.T(key))
	}
}

// put writes a text that is too long to type.
func (w *walk) put(selector, text string) {
	w.t.Helper()
	evaluate[bool](w.browser, fmt.Sprintf("(document.querySelector(%q).value = %q, true)", selector, text))
}

// unfold opens everything that is folded.
func (w *walk) unfold() {
	w.t.Helper()
	evaluate[bool](w.browser, `document.querySelectorAll("main details").forEach(d => d.open = true) || true`)
}

// wrong fails unless the field named so says that it is wrong, next to it.
func (w *walk) wrong(name string) {
	w.t.Helper()
	said := evaluate[string](w.browser, fmt.Sprintf(`(() => {
		const e = document.querySelector("main [name='%s'][aria-invalid=true]");
		return e ? e.getAttribute("aria-describedby").split(" ").map(id => document.getElementById(id).innerText).join("") : "";
	})()`, name))
	if strings.TrimSpace(said) == "" {
		w.fail(fmt.Errorf("%s does not say what is wrong with it\n%s", name, w.text("main")))
	}
}

// at is the path of the page.
func (w *walk) at() string {
	w.t.Helper()
	return evaluate[string](w.browser, "location.pathname")
}

// The main path of each role, from signing in to what came of it, in both languages.
func TestPathsInBrowser(t *testing.T) {
	b := newBrowser(t, "")
	for _, locale := range Locales {
		rig := desktest.New(t)
		shown := play(t, rig, "shuozhou")
		b.base = serve(t, rig)
		late := shown[demo.Overdue][0]
		tomorrow := (sharing.DateOf(time.Now()) + 3).String()
		path := func(name string, steps func(w *walk)) {
			t.Run(string(locale)+"/"+name, func(t *testing.T) {
				own := *b
				own.t = t
				steps(&walk{&own, rig, testWords(t, locale), locale})
			})
		}

		path("authority officer", func(w *walk) {
			w.enter(centre)
			w.press(`.menu a[href="/board"]`)
			w.shoot("path-board-" + string(locale))
			w.press(`button[name=one][value="` + late + `"]`)
			w.says("board.urged.today")
			w.press(`a[href="/board/supervise?case=` + late + `"]`)
			w.put("textarea[name=note]", "")
			w.press(`form[action="/board/supervise"] button.main`)
			w.wrong("note")
			w.put("textarea[name=note]", "请书面说明超期原因")
			w.put("input[name=reply_by]", tomorrow)
			w.shoot("path-supervise-" + string(locale))
			w.press(`form[action="/board/supervise"] button.main`)
			w.open("/cases/" + late)
			w.says("aside.supervised", "aside.awaited")
			w.sees("请书面说明超期原因")
		})
		path("department head", func(w *walk) {
			w.enter("shuozhou-minzheng-head")
			w.shoot("path-head-" + string(locale))
			w.press(`main a[href^="/cases/` + late + `"]`)
			w.says("aside.awaited")
			w.sees("请书面说明超期原因")
			w.unfold()
			w.put("textarea[name=text]", "经办人出差，今日办结")
			w.press(`form[action$="/comments"] button.main`)
			w.says("aside.reply")
			w.sees("经办人出差，今日办结")
			w.click("input[name=decision][value=agree]")
			w.press("#step-answer button[name=send]")
			w.says("state.agreed")
			w.shoot("path-head-answered-" + string(locale))
			w.enter(centre)
			w.open("/cases/" + late)
			w.sees("经办人出差，今日办结", w.words.T("state.agreed"))
		})
		path("operator", func(w *walk) {
			day := sharing.NewDate(2026, time.September, 29)
			draft := rig.Request("shuozhou", "SZ-GA-001")
			draft.For = "shuozhou-minzheng"
			rig.Apply(centre, draft, &day)
			w.enter(systemAdmin)
			w.press(`.menu a[href="/admin/calendars"]`)
			w.press(`form[action$="/rehearse"] button.main`)
			w.unfold()
			w.wrong("notice")
			w.put("textarea[name=notice]", amended(w.t))
			w.press(`form[action$="/rehearse"] button.main`)
			w.says("calendars.nothing_written")
			w.shoot("path-rehearsal-" + string(locale))
			w.press(`form[action="/admin/calendars"] button.main`)
			w.wrong("reason")
			w.put("textarea[name=reason]", "国务院办公厅通知")
			w.press(`form[action="/admin/calendars"] button.main`)
			if !strings.HasPrefix(w.at(), "/admin/calendars/notices/") {
				w.fail(fmt.Errorf("the notice is at %s", w.at()))
			}
			rig.FollowCalendar()
			w.open(w.at())
			w.sees("国务院办公厅通知", w.words.N("calendars.moved.cases", 1, "1", "1")[:6])
			w.shoot("path-notice-" + string(locale))

			query := ""
			if locale == English {
				query = "?lang=en"
			}
			w.open("/wordings/urging" + query)
			text := evaluate[string](w.browser, `document.querySelector("textarea[name=text]").value`)
			w.put("textarea[name=text]", text+"\n{{.Nothing}}")
			w.press("button[value=preview]")
			w.wrong("text")
			w.put("textarea[name=text]", text+"\n联系电话：0349-2020000。")
			w.press("button[value=preview]")
			w.says("wording.previews", "wording.default")
			if sheet := w.text(".letter-desk"); !strings.Contains(sheet, "0349-2020000") {
				w.t.Errorf("the preview does not have what was typed: %s", sheet)
			}
			w.shoot("path-wording-" + string(locale))
			w.press("button[value=keep]")
			w.says("notice.wording.keep")
			w.sees(w.words.T("wording.own", 1))
		})
		path("security officer", func(w *walk) {
			const other = "shuozhou-gongan-requester"
			person := as(w.t, b.base, other)
			person.get("/registers").is(200)
			person.get("/").lacks("/registers/new/data_specialist")
			w.enter(securityAdmin)
			w.open("/admin/people/" + other)
			w.click(`input[name=roles][value=data_specialist]`)
			w.press(`form[action$="/appoint"] button.main`)
			w.wrong("reason")
			w.put(`form[action$="/appoint"] [name=reason]`, "岗位调整")
			w.shoot("path-appoint-" + string(locale))
			w.press(`form[action$="/appoint"] button.main`)
			w.says("notice.appointed")
			person.get("/registers").is(200).says("数据专员")
			person.get("/registers/new/data_specialist").is(200)

			entry := "/catalog/" + rig.Resource("shuozhou", "SZ-MZ-002").ID
			reader := as(w.t, b.base, "shuozhou-jiaoyu-requester")
			reader.get(entry).is(200)
			w.open("/admin/policy/change")
			w.put("textarea[name=text]", "p, wizard, peer")
			w.press("button[value=rehearse]")
			w.wrong("text")
			w.put("textarea[name=text]", "# version: sz-1\n\n# basis: house rule\np, requester, peer, resource, conditional, 1, 3, read, deny\np, requester, peer, resource, conditional, 1, 3, apply, deny")
			w.press("button[value=rehearse]")
			w.says("policy.rehearsed", "policy.hash.then")
			reader.get(entry).is(200) // so far nothing has changed
			w.shoot("path-rules-" + string(locale))
			w.put("textarea[name=reason]", "收紧")
			w.press("button[value=publish]")
			w.sees("sz-1", "收紧")
			reader.get(entry).is(404)
			w.shoot("path-published-" + string(locale))
		})
		path("auditor", func(w *walk) {
			c, err := rig.Case(w.t.Context(), rig.User("shuozhou-minzheng-approver"), late)
			if err != nil {
				w.t.Fatal(err)
			}
			w.enter("shuozhou-shenji-auditor")
			w.press(`.menu a[href="/audit"]`)
			w.put("main input[name=number]", c.Number)
			w.press("main form.filters button.main")
			if n := evaluate[int](w.browser, `[...document.querySelectorAll("table.trail tbody tr")].filter(r => !r.innerText.includes("`+c.Number+`")).length`); n != 0 {
				w.t.Errorf("%d lines are of other cases", n)
			}
			w.sees(w.words.T("state.agreed"), c.Number)
			w.shoot("path-trail-" + string(locale))
			w.press(`main a[href="/audit/checks"]`)
			w.press(`form[action="/audit/checks"] button.main`)
			if _, err := chromedp.Run(w.ctx, chromedp.Poll[bool](`document.querySelector("#progress .good") !== null`, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
				w.fail(fmt.Errorf("the verification: %w", err))
			}
			w.says("audit.check.whole", "audit.check.write_down")
			w.shoot("path-verified-" + string(locale))
			w.press(`.menu a[href="/audit/reads"]`)
			w.put("#person", "shuozhou-minzheng-head")
			w.press("main form.filters button.main")
			w.sees(rig.User("shuozhou-minzheng-head").Name)
			w.shoot("path-reads-" + string(locale))
		})
		path("citizen", func(w *walk) {
			entry := rig.Resource("shuozhou", "SZ-SC-003")
			w.open("/")
			if evaluate[bool](w.browser, `document.querySelector('form[action="/signout"]') !== null`) {
				w.press(`form[action="/signout"] button`)
			}
			w.open("/open")
			w.speak()
			w.shoot("path-open-" + string(locale))
			w.open("/open?q=" + url.QueryEscape(entry.Title))
			w.press(`main a[href="/open/` + entry.ID + `"]`)
			w.press(`main a[href$="/ask"]`)
			w.press("button[name=send]")
			w.wrong("contact")
			w.wrong("purpose")
			w.click(`input[name=kind][value=company], select[name=kind]`)
			w.put("main [name=name]", "晋北数据服务有限公司")
			w.put("main [name=contact]", "data@example.com")
			w.put("main [name=purpose]", "产业研究")
			w.put("main [name=plan]", "仅在本单位使用")
			w.shoot("path-ask-" + string(locale))
			w.press("button[name=send]")
			code := evaluate[string](w.browser, `document.querySelector(".notice code").innerText`)
			w.put("main [name=code]", "x")
			w.press(`form[action$="/verify"] button`)
			w.wrong("code")
			w.shoot("path-prove-" + string(locale))
			w.put("main [name=code]", code)
			w.press(`form[action$="/verify"] button`)
			w.says("open.submitted")
			w.shoot("path-request-" + string(locale))
			told := evaluate[[]string](w.browser, `[...document.querySelectorAll(".notice code")].map(c => c.innerText)`)
			w.open("/open/requests")
			w.put("#main [name=number]", told[0])
			w.put("#main [name=secret]", "guess")
			w.press(`form[action="/open/requests"] button.main`)
			w.says("open.follow")
			w.put("#main [name=secret]", told[1])
			w.press(`form[action="/open/requests"] button.main`)
			w.sees(told[0], entry.Title, "产业研究", w.words.T("state.screening"))
			w.shoot("path-follow-" + string(locale))
		})
		path("finance", func(w *walk) {
			hold(w.t, b.base)
			w.enter("city-finance-officer")
			w.press(`main a[href="/projects/holds"]`)
			w.sees("社会救助信息系统")
			w.says("holds", "holds.what")
			w.shoot("path-holds-" + string(locale))
			w.press("table.list a")
			w.sees("社会救助信息系统", "已通过数据仓归集")
			if n := evaluate[int](w.browser, `document.querySelectorAll("#step-accept, #step-ask_acceptance, #step-initiate").length`); n != 0 {
				w.t.Error("the finance department is offered what is not its to do")
			}
			w.shoot("path-held-" + string(locale))
		})
	}
}

// hold has a project of the model city refused at acceptance.
func hold(t *testing.T, base string) {
	t.Helper()
	builder, officer := as(t, base, "city-minzheng-requester"), as(t, base, "city-authority-officer")
	opened := builder.fill(builder.get("/matters/new/project"), "/matters/new/project", url.Values{
		"name": {"社会救助信息系统"}, "budget": {"本级财政预算"}, "resources.0.title": {"救助对象"}, "resources.0.class": {"conditional"},
		"resources.0.cycle": {"monthly"}, "resources.0.way": {"warehouse"}, "resources.0.fields": {"救助类别\n民族"},
	})
	path := opened.header.Get("Location")
	officer.fill(officer.get(path), "/initiate", url.Values{"agree": {"true"}}).is(303)
	builder.fill(builder.get(path), "/ask_acceptance", url.Values{"entries.0.resource": {""}}).is(303)
	officer.fill(officer.get(path), "/accept", url.Values{"agree": {"false"}, "checks.0.met": {"true"}, "checks.0.evidence": {"已通过数据仓归集"}}).is(303)
}

// What the policy denies is not there to be pressed: the menu and the first page of
// each role lead nowhere that is not theirs, and one case offers to each what is
// theirs to do with it.
func TestDeniedIsAbsentInBrowser(t *testing.T) {
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	late := "/cases/" + shown[demo.Overdue][0]
	b := newBrowser(t, serve(t, rig))
	// leads are the addresses that a page links to or sends to, without what follows.
	const leads = `[...new Set([...document.querySelectorAll("a[href^='/'], form[action^='/'], button[formaction]")]
		.map(e => (e.getAttribute("formaction") || e.getAttribute("href") || e.getAttribute("action")).split(/[?#]/)[0]))]`
	watched := list("/board", "/bulletin", "/admin", "/admin/policy", "/admin/calendars", "/admin/regulations", "/admin/schedules", "/wordings", "/audit", "/audit/reads",
		"/applications", "/registers", "/records/verification", "/matters/new")
	for _, row := range []struct {
		user string
		menu []string // of what is watched
		acts []string // forms on the late case besides talking about it and following it
	}{
		{"shuozhou-yibao-requester", list("/applications", "/matters/new", "/records/verification", "/registers"), list("/urge", "/withdraw")},
		{"shuozhou-minzheng-specialist", list("/applications", "/matters/new", "/records/verification", "/registers"), nil},
		{"shuozhou-minzheng-approver", list("/matters/new", "/records/verification", "/registers"), list("/answer")},
		{"shuozhou-minzheng-head", list("/applications", "/matters/new", "/records/verification", "/registers"), list("/answer")},
		{centre, list("/applications", "/board", "/bulletin", "/matters/new", "/records/verification", "/registers"), list("/reassign", "/supervise", "/urge")},
		{"shuozhou-authority-head", list("/board", "/bulletin", "/matters/new", "/records/verification", "/registers"), list("/reassign", "/supervise", "/urge")},
		{"shuozhou-supervisor-officer", list("/board", "/bulletin", "/matters/new", "/records/verification", "/registers"), nil},
		{"shuozhou-finance-officer", nil, nil},
		{"shuozhou-shenji-auditor", list("/audit", "/audit/reads"), nil},
		{systemAdmin, list("/admin", "/admin/calendars", "/admin/policy", "/admin/regulations", "/admin/schedules", "/wordings"), nil},
		{securityAdmin, list("/admin", "/admin/policy"), nil},
	} {
		b.signIn(row.user)
		var menu []string
		for _, path := range evaluate[[]string](b, leads) {
			if slices.Contains(watched, path) {
				menu = append(menu, path)
			}
		}
		slices.Sort(menu)
		if !slices.Equal(menu, row.menu) {
			t.Errorf("%s is led to %v", row.user, menu)
		}
		g := as(t, b.base, row.user)
		for _, path := range menu {
			page := g.get(path)
			if page.status == http.StatusSeeOther { // to the tab on which there is something
				page = g.follow(page)
			}
			page.is(200)
		}
		b.open(late)
		var acts []string
		for _, path := range evaluate[[]string](b, leads) {
			act, ok := strings.CutPrefix(path, late)
			if ok && !slices.Contains(list("", "/comments", "/follow", "/unfollow", "/link", "/letters"), act) && !strings.HasPrefix(act, "/letters/") {
				acts = append(acts, act)
			}
		}
		slices.Sort(acts)
		if !slices.Equal(acts, row.acts) {
			t.Errorf("%s is offered %v", row.user, acts)
		}
	}
}

// planted is what people might write into any field to have it run: in the page, or
// in the spreadsheet that it is taken away in.
const planted = `=1+1"><img onerror=p><script>p</script>`

// plant writes it into every field for text of a form.
func (w *walk) plant(form string) int {
	w.t.Helper()
	return evaluate[int](w.browser, fmt.Sprintf(`(() => {
		const forms = [...document.querySelectorAll(%q)];
		for (const form of forms) for (let at = form.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
		const fields = forms.flatMap(form => [...form.elements]).filter(e => e.tagName === "TEXTAREA" || e.tagName === "INPUT" && (e.type === "text" || e.type === "search"));
		fields.forEach(e => e.value = %q);
		return fields.length;
	})()`, form, planted))
}

// inert fails unless what was planted stands on the page as text and as nothing else.
func (w *walk) inert() {
	w.t.Helper()
	w.sees(planted)
	if n := evaluate[int](w.browser, `document.querySelectorAll("img[onerror], script:not([src])").length`); n != 0 {
		w.fail(fmt.Errorf("at %s what was planted became %d elements", w.at(), n))
	}
}

// HTML, script and formulas typed into every field for text of the forms stay text on
// the pages that show them and in the files that are taken away.
func TestPlantedStaysTextInBrowser(t *testing.T) {
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	base := serve(t, rig)
	w := &walk{newBrowser(t, base), rig, testWords(t, Chinese), Chinese}
	today := sharing.DateOf(time.Now())

	w.enter("shuozhou-minzheng-requester")
	w.open("/applications/new?resource=" + rig.Resource("shuozhou", "SZ-GA-001").ID)
	if n := w.plant(`form[data-autosave]`); n < 3 {
		t.Errorf("the application has %d fields for text", n)
	}
	w.click("input[name=mode]")
	w.put("input[name=term_months]", planted)
	w.press("button[name=then][value=preview].main")
	w.wrong("term_months")
	w.put("input[name=term_months]", "12")
	w.press("button[name=then][value=preview].main")
	w.inert()
	w.press(`form[action$="/submit"] button.main`)
	w.inert()
	w.press(`main a[href^="/cases/"]`)
	w.inert()
	applied := w.at()
	w.plant(`form[action$="/comments"]`)
	w.press(`form[action$="/comments"] button.main`)
	w.inert()

	w.enter("shuozhou-gongan-approver")
	w.open(applied)
	w.click("input[name=decision][value=refuse]")
	if n := w.plant("form[action$='/answer']"); n < 3 {
		t.Errorf("the answer has %d fields for text", n)
	}
	w.put("#step-answer input[name=term_months]", "")
	w.press(`form[action$="/answer"] button.unseen + * ~ p button[name=check]`)
	w.inert()
	w.press(`form[action$="/answer"] .sum button[name=send]`)
	w.inert()
	w.open(applied + "/letters/answer-1")
	w.inert()

	w.enter(centre)
	w.open("/board/supervise?case=" + shown[demo.Overdue][0])
	w.plant(`form[action="/board/supervise"]`)
	w.put("input[name=reply_by]", (today + 3).String())
	w.press(`form[action="/board/supervise"] button.main`)
	w.open("/cases/" + shown[demo.Overdue][0])
	w.inert()

	w.enter("shuozhou-gongan-specialist")
	w.open("/registers/new/data_specialist")
	w.plant(`form[action="/registers/new/data_specialist"]`)
	w.click("input[name=change]")
	w.put("input[name=changed_on]", today.String())
	w.press("button[name=send]")
	w.inert()
	w.open("/registers")
	w.inert()

	w.enter(systemAdmin)
	w.open("/admin/people/new")
	w.plant(`form[action="/admin/people/new"]`)
	w.put("main select[name=department]", "shuozhou-gongan")
	w.press(`form[action="/admin/people/new"] button.main`)
	w.wrong("id")
	w.put("main input[name=id]", "planted")
	w.press(`form[action="/admin/people/new"] button.main`)
	w.inert()
	w.open("/admin/people?q=planted")
	w.inert()
	w.open("/wordings/urging")
	w.put("textarea[name=text]", planted+"\n"+planted)
	w.press("button[value=preview]")
	w.press("button[value=keep]")
	w.says("notice.wording.keep")
	if sheet := w.text(".letter-desk"); !strings.Contains(sheet, planted) {
		t.Errorf("the preview says %q", sheet)
	}
	if n := evaluate[int](w.browser, `document.querySelectorAll("img[onerror], script:not([src])").length`); n != 0 {
		t.Errorf("what was planted in a wording became %d elements", n)
	}
	w.enter(securityAdmin)
	w.open("/admin/people/planted")
	w.plant(`form[action$="/appoint"]`)
	w.click("input[name=roles][value=approver]")
	w.press(`form[action$="/appoint"] button.main`)
	w.inert()

	// No cell of a file is a formula.
	formula := func(file, cell string) {
		if _, err := strconv.Atoi(cell); err == nil {
			return // a number, of days left
		}
		if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
			t.Errorf("a cell of %s is %q", file, cell)
		}
	}
	auditor := as(t, base, "shuozhou-shenji-auditor")
	for _, file := range list("/audit/export.csv", "/audit/reads.csv") {
		body := auditor.get(file).is(200).body
		if !strings.Contains(body, "'=1+1") {
			t.Errorf("%s has nothing of what was planted", file)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				formula(file, cell)
			}
		}
	}
	officer := as(t, base, centre)
	for _, file := range list("/cases/export", "/board/export", "/bulletin/export") {
		book, err := excelize.OpenReader(bytes.NewReader([]byte(officer.get(file).is(200).body)))
		if err != nil {
			t.Fatal(err)
		}
		for _, sheet := range book.GetSheetList() {
			rows, err := book.GetRows(sheet)
			if err != nil {
				t.Fatal(err)
			}
			for y, row := range rows {
				for x, cell := range row {
					formula(file, cell)
					at, err := excelize.CoordinatesToCellName(x+1, y+1)
					if err != nil {
						t.Fatal(err)
					}
					if f, err := book.GetCellFormula(sheet, at); err != nil || f != "" {
						t.Errorf("%s of %s is the formula %q, %v", at, file, f, err)
					}
				}
			}
		}
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	}
}
