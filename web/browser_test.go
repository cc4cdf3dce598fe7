package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/labstack/echo/v4"

	"gongshu/demo"
	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
	"gongshu/workday"
)

// browser is a real Chromium on pages of a real desk.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string
	dir  string // where screenshots go; none are kept where it is empty
}

// newBrowser starts Chromium. Without one the test fails where CI is set, and is
// skipped elsewhere. WEB_SCREENSHOTS names a folder to keep the screenshots in.
func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium in PATH: apt-get install -y chromium fonts-noto-cjk")
		}
		t.Skip("no Chromium in PATH: apt-get install -y chromium fonts-noto-cjk")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "zh-CN"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, base: base, dir: os.Getenv("WEB_SCREENSHOTS")}
	b.width(1280)
	return b
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.fail(err)
	}
}

func (b *browser) fail(err error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if shot, failed := chromedp.Run(ctx, chromedp.FullScreenshot(100)); failed == nil {
		name := filepath.Join(os.TempDir(), "gongshu-web-failure.png")
		if os.WriteFile(name, shot, 0o600) == nil {
			b.t.Logf("what the browser showed: %s", name)
		}
	}
	b.t.Fatal(err)
}

// width sets the width of the window; a narrow one is a telephone.
func (b *browser) width(pixels int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(pixels, 900))
	// The layout settles before anything is clicked.
	settled := `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](settled, chromedp.EvalAwaitPromise)); err != nil {
		b.fail(err)
	}
}

func (b *browser) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
}

// press clicks what leads to another page and waits for it.
func (b *browser) press(selector string) {
	b.t.Helper()
	b.leads("pressing "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// leads does what leads to another page, and waits for that.
func (b *browser) leads(what string, act chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, act)); err != nil {
		b.fail(fmt.Errorf("%s: %w", what, err))
	}
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

func (b *browser) fill(selector, text string) {
	b.t.Helper()
	evaluate[string](b, fmt.Sprintf("document.querySelector(%q).value = ''", selector))
	b.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	return evaluate[string](b, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

func evaluate[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.fail(fmt.Errorf("%s: %w", expression, err))
	}
	return v
}

// sees fails unless all the texts stand on the page.
func (b *browser) sees(texts ...string) {
	b.t.Helper()
	body := b.text("body")
	for _, text := range texts {
		if !strings.Contains(body, text) {
			b.fail(fmt.Errorf("the page does not say %q but\n%s", text, body))
		}
	}
}

// shoot holds the page to not scrolling sideways, wide and narrow, and keeps a
// picture of it where a folder is named.
func (b *browser) shoot(name string) {
	b.t.Helper()
	for _, width := range []int64{390, 1280} {
		b.width(width)
		if wide := evaluate[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
			b.t.Errorf("%s is %d pixels too wide at %d", name, wide, width)
		}
		if b.dir == "" {
			continue
		}
		shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			b.fail(err)
		}
		if err := os.WriteFile(filepath.Join(b.dir, fmt.Sprintf("%s-%d.png", name, width)), shot, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

// signIn steps into a demo user.
func (b *browser) signIn(user string) {
	b.t.Helper()
	b.open("/")
	if evaluate[bool](b, `document.querySelector('form[action="/signout"]') !== null`) {
		b.press(`form[action="/signout"] button`)
	}
	b.open("/signin")
	evaluate[bool](b, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
	b.press(`button[name=user][value="` + user + `"]`)
}

// serve puts the pages of a rig on a port of its own.
func serve(t testing.TB, rig *desktest.Rig) string {
	t.Helper()
	e := echo.New()
	if err := Mount(e, rig.Desk, Options{Demo: true, Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return server.URL
}

// One case from the catalog to the grant, by the hands of two departments: what a
// person does, step by step.
func TestCaseInBrowser(t *testing.T) {
	rig := desktest.New(t)
	b := newBrowser(t, serve(t, rig))

	b.open("/")
	b.sees("公共数据共享", "朔州市", "使用部门申请人")
	b.shoot("first-page")

	// The requester finds a resource while typing, and applies for it.
	b.signIn("shuozhou-minzheng-requester")
	b.shoot("workbench-empty")
	b.open("/catalog")
	b.fill("#q", "养老保险待遇")
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](`document.querySelectorAll("#results .entry").length === 1`, chromedp.WithPollingTimeout(5*time.Second))); err != nil {
		b.fail(fmt.Errorf("the search as one types: %w", err))
	}
	if got := evaluate[string](b, `document.activeElement.id`); got != "q" {
		t.Errorf("the search took the focus to %q", got)
	}
	if got := b.text("#found"); !strings.Contains(got, "1 项") {
		t.Errorf("the count says %q", got)
	}
	b.shoot("catalog")
	// Leaving the search field does not fetch the results again under the pointer.
	evaluate[bool](b, `document.querySelector("#results .entry").id = "stays"; document.querySelector("#q").dispatchEvent(new Event("change", {bubbles: true}))`)
	time.Sleep(300 * time.Millisecond)
	if !evaluate[bool](b, `document.querySelector("#stays") !== null`) {
		t.Error("the results were replaced when the search field was left")
	}
	evaluate[bool](b, `document.querySelector("#class").value = "not_shared"; document.querySelector("#class").dispatchEvent(new Event("change", {bubbles: true}))`)
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](`document.querySelector("#results .entry") === null`, chromedp.WithPollingTimeout(5*time.Second))); err != nil {
		b.fail(fmt.Errorf("narrowing by class: %w", err))
	}
	evaluate[bool](b, `document.querySelector("#class").value = ""; document.querySelector("#class").dispatchEvent(new Event("change", {bubbles: true}))`)
	b.do(chromedp.WaitReady(chromedp.CSS("#results .entry a")))
	b.press("#results .entry a")
	b.shoot("resource")
	b.press(`form[action$="/apply"] button.main`)
	b.sees("已加入申请草稿")

	// What is missing is said at the field, and nothing typed is lost.
	b.fill("textarea[name=purpose]", "核对低保申请家庭成员领取养老保险待遇的情况 <b>全家</b>")
	b.press("button[name=then][value=preview].main")
	b.sees("请写明所依据的法定职责", "请选择共享方式")
	if got := evaluate[string](b, `document.querySelector("textarea[name=purpose]").value`); !strings.Contains(got, "<b>全家</b>") {
		t.Errorf("the purpose typed became %q", got)
	}
	b.shoot("draft-problems")
	b.fill("textarea[name=duty]", "《社会救助暂行办法》第五十八条")
	b.click(`input[name=mode][value=query_api]`)
	b.fill("input[name=term_months]", "１２")
	b.press("button[name=then][value=preview].main")
	b.sees("朔州市人力资源和社会保障局", "第十六条", "24:00", "为什么是这一天")
	b.shoot("preview")
	b.press(`form[action$="/submit"] button.main`)
	b.sees("申请已提交", "答复中", "5 个工作日")
	if evaluate[int](b, `document.querySelectorAll(".text b").length`) != 0 {
		t.Error("markup from the purpose became an element")
	}
	caseURL := strings.TrimPrefix(evaluate[string](b, "location.pathname"), b.base)
	b.click("aside details.why summary")
	b.sees("起算当日，不计")
	b.shoot("case-applicant")

	// The provider's approver finds it in the inbox, takes it, and first tries to
	// refuse without basis.
	b.signIn("shuozhou-renshe-approver")
	b.open("/inbox")
	b.sees("答复申请", "养老保险待遇发放信息", "工作日")
	b.press(`form[action$="/claim"] button`)
	b.sees("已领取")
	b.shoot("inbox")
	b.press("table.list a")
	b.click("input[name=decision][value=refuse]")
	b.fill("textarea[name=reasons]", "超出履行职责所必需")
	b.shoot("refuse")
	b.press(`form[action$="/answer"] button[name=send]`)
	b.sees("请至少写明一条法律依据")
	if got := evaluate[string](b, `document.activeElement.getAttribute("role")`); got != "alert" {
		t.Errorf("the focus is on %q and not on what is wrong", got)
	}
	if got := evaluate[string](b, `document.querySelector("textarea[name=reasons]").value`); got != "超出履行职责所必需" {
		t.Errorf("the reasons typed became %q", got)
	}
	b.shoot("refuse-problems")

	// Then agrees for part of the fields.
	b.click("input[name=decision][value=agree]")
	b.click("input[name=field]")
	b.fill("textarea[name=conditions]", "逐户核对，不得批量比对")
	b.shoot("agree")
	b.press(`form[action$="/answer"] button[name=send]`)
	b.sees("已同意共享", "逐户核对", "已同意，待提供")

	// The specialist provides, the requester confirms.
	b.signIn("shuozhou-renshe-specialist")
	b.open(caseURL)
	b.fill(`form[action$="/provide"] input[name=locator]`, "https://exchange.example.cn/pension/v1")
	b.shoot("provide")
	b.press(`form[action$="/provide"] button[name=send]`)
	b.sees("已提供，等待申请部门确认")
	b.signIn("shuozhou-minzheng-requester")
	b.open(caseURL)
	b.shoot("confirm")
	b.press(`form[action$="/confirm"] button[name=send]`)
	b.sees("已确认接收，授权生效", "使用中")
	b.shoot("case-in-use")
	b.open("/grants")
	b.sees("养老保险待遇发放信息", "https://exchange.example.cn/pension/v1", "有效")
	b.shoot("grants")

	// The same case in English.
	b.press("button[name=locale]")
	b.open(caseURL)
	b.click(".clock.past > summary") // of a limit that is over
	b.sees("In use", "done in time", "Why this date?", "Shuozhou Civil Affairs Bureau", "art. 16")
	b.shoot("case-english")
}

// The board, its drill-down and its refreshing, and a page opened before the case
// moved on.
func TestBoardAndStalePageInBrowser(t *testing.T) {
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	b := newBrowser(t, serve(t, rig))

	b.signIn("shuozhou-authority-officer")
	b.shoot("workbench-authority")
	b.open("/board")
	b.sees("■ 超期", "朔州市民政局", "即将到期")
	b.shoot("board")
	evaluate[bool](b, `document.querySelector("#board table a").focus() || document.querySelector("#board-at").remove() || true`)
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`htmx.ajax("GET", document.querySelector("#board").getAttribute("hx-get"), {
		target: "#board", select: "#board > *", swap: "innerHTML"}).then(() => true)`, chromedp.EvalAwaitPromise)); err != nil {
		b.fail(err)
	}
	b.do(chromedp.WaitReady(chromedp.CSS("#board-at")))
	if focus := evaluate[string](b, "document.activeElement.id"); !strings.HasPrefix(focus, "board-shuozhou") {
		t.Errorf("after refreshing the focus is on %q", focus)
	}
	b.press(`#board table a[href*="minzheng"]`)
	b.sees("只看", "朔州市民政局")

	b.signIn("shuozhou-minzheng-approver")
	b.open("/cases/" + shown[demo.Overdue][0])
	b.sees("■ 超期", "纸质申请")
	b.shoot("case-overdue")

	b.signIn("shuozhou-renshe-approver")
	tomorrow := "/cases/" + shown[demo.DueTomorrow][0]
	b.open(tomorrow)
	b.click("input[name=decision][value=agree]")
	b.fill("textarea[name=conditions]", "仅限资格核查")
	// Meanwhile a colleague asks for completion.
	take(t, rig, shown[demo.DueTomorrow][0], completionStep("shuozhou-renshe-specialist"))
	b.press(`form[action$="/answer"] button[name=send]`)
	b.sees("您打开页面后发生了以下变化", "通知补正", "仅限资格核查")
	b.shoot("stale")

	b.signIn("shuozhou-minzheng-requester")
	b.open(tomorrow)
	b.sees("要求补正", "暂停计时")
	b.shoot("complete")
	b.open("/nosuch")
	b.sees("没有找到")
	b.shoot("not-found")
	b.open("/due?received=2026-09-25&days=5")
	b.sees("放假，不计", "2026年10月9日（周五）24:00", "国办发明电〔2025〕7号")
	b.shoot("due")
}

// violation is a rule of accessibility that a page breaks.
type violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Where  []string `json:"where"`
}

// violations holds the page to the rules of axe-core and returns the serious and
// critical ones that it breaks, at the present width.
func (b *browser) violations() []violation {
	b.t.Helper()
	rules, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		b.t.Fatal(err)
	}
	if !evaluate[bool](b, `"axe" in window`) {
		evaluate[bool](b, string(rules)+"; true")
	}
	const run = `axe.run(document, {resultTypes: ["violations"]}).then(result => JSON.stringify(result.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => ({id: v.id, impact: v.impact, where: v.nodes.map(n => n.target.join(" ") + ": " + n.failureSummary)}))))`
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		b.fail(err)
	}
	var found []violation
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		b.t.Fatal(err)
	}
	return found
}

// The main pages can be used by everybody: none breaks a serious or critical rule
// of axe-core, wide or narrow; and pages that do are found.
func TestAccessibilityInBrowser(t *testing.T) {
	law, _ := endingLaw(t, 9, nil)
	rig := desktest.NewUnder(t, law, workday.ShippedCalendar())
	shown := play(t, rig, "jinan-startup")
	rig.Advance(shown[demo.Overdue][0])
	draft, err := rig.SaveDraft(t.Context(), rig.User(startupApplicant), "", "", 0, rig.Request("jinan-startup", "QB-MZ-001"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, serve(t, rig))
	overdue := "/cases/" + shown[demo.Overdue][0]
	provider := rig.Resource("jinan-startup", "QB-ZR-001").Provider.ID
	for _, row := range []struct{ user, name, path string }{
		{"", "home", "/"}, {"", "signin", "/signin"}, {"", "signin-found", "/signin?q=%E6%B0%91%E6%94%BF"}, {"", "due-result", "/due?received=2026-09-25&days=5"},
		{startupApplicant, "workbench", "/"}, {startupApplicant, "catalog", "/catalog"}, {startupApplicant, "resource", "/catalog/" + rig.Resource("jinan-startup", "QB-MZ-001").ID},
		{startupApplicant, "draft", "/applications/" + draft.ID + "/edit"}, {startupApplicant, "preview", "/applications/" + draft.ID + "/preview"},
		{startupApplicant, "cases", "/cases"}, {startupApplicant, "grants", "/grants"}, {startupApplicant, "applications", "/applications?state=submitted"}, {startupApplicant, "not-found", "/nosuch"},
		{provider + "-approver", "inbox", "/inbox"}, {provider + "-approver", "messages", "/messages"}, {provider + "-approver", "case-answer", overdue},
		{startupOfficer, "workbench-ending", "/"}, {startupOfficer, "board-ending", "/board"}, {startupOfficer, "case-reassign", overdue + "#step-reassign"},
	} {
		if row.user != "" {
			if text := b.text(".who"); !strings.Contains(text, rig.User(row.user).Name) {
				b.signIn(row.user)
			}
		}
		b.open(row.path)
		evaluate[bool](b, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
		for _, width := range []int64{390, 1280} {
			b.width(width)
			for _, v := range b.violations() {
				t.Errorf("%s at %d breaks %s (%s) at\n%s", row.name, width, v.ID, v.Impact, strings.Join(v.Where, "\n"))
			}
		}
		b.open(row.path)
		b.shoot(row.name)
	}

	b.open("/board")
	evaluate[bool](b, `document.querySelector("main").insertAdjacentHTML("beforeend",
		'<img src="/favicon.ico"><button></button><p class="planted">pale</p>') || true`)
	evaluate[bool](b, `(document.querySelector(".planted").style.color = "#ddd", true)`)
	var found []string
	for _, v := range b.violations() {
		found = append(found, v.ID)
	}
	for _, planted := range list("image-alt", "button-name", "color-contrast") {
		if !slices.Contains(found, planted) {
			t.Errorf("%s was planted, found is %v", planted, found)
		}
	}
}

// download matches the addresses of files to save.
var download = regexp.MustCompile(`/export$|\.(csv|pdf|xlsx)$|\.pdf`)

// No page of the site breaks a serious or critical rule of axe-core or scrolls
// sideways, wide or narrow: whatever can be reached by links from the first page of
// each role is looked at once, in what the demo has under way, and what only forms
// lead to besides.
func TestEveryPageInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at every page, twice")
	}
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	rig.Advance(shown[demo.Overdue][0])
	draft, err := rig.SaveDraft(t.Context(), rig.User("shuozhou-yibao-requester"), "", "", 0, rig.Request("shuozhou", "SZ-MZ-004"))
	if err != nil {
		t.Fatal(err)
	}
	handed, err := rig.CheckImport(t.Context(), rig.User("shuozhou-minzheng-specialist"), "", desk.ImportOrder{FileName: "目录.csv", Content: strings.NewReader(catalogTable),
		Terms: sharing.ImportTerms{Trigger: sharing.OtherTrigger, Why: "迁移原有目录"}})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	if err := Mount(e, rig.Desk, Options{Demo: true, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	b := newBrowser(t, server.URL)
	route := func(path string) string {
		c := e.NewContext(httptest.NewRequest("GET", path, nil), nil)
		e.Router().Find("GET", strings.SplitN(path, "?", 2)[0], c)
		return c.Path()
	}
	seen, sizes := map[string]bool{"/": true}, map[string]int{}
	look := func(user, path string) {
		t.Helper()
		evaluate[bool](b, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
		for _, width := range []int64{390, 1280} {
			b.width(width)
			for _, v := range b.violations() {
				t.Errorf("%s as %q at %d breaks %s (%s) at\n%s", path, user, width, v.ID, v.Impact, strings.Join(v.Where, "\n"))
			}
			if wide := evaluate[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
				t.Errorf("%s as %q is %d pixels too wide at %d", path, user, wide, width)
			}
		}
		sizes[path] = evaluate[int](b, "new Blob([document.documentElement.outerHTML]).size")
	}
	beside := map[string][]string{
		"": {"/open/" + rig.Resource("shuozhou", "SZ-SC-003").ID + "/ask", "/signin?q=" + url.QueryEscape("民政"), "/due?received=2026-09-25&days=5"},
		"shuozhou-yibao-requester": {"/applications/" + draft.ID + "/preview", "/search?q=" + url.QueryEscape("信息"), "/catalog/" + rig.Resource("shuozhou", "SZ-MZ-004").ID + "/versions",
			"/nosuch"},
		"shuozhou-minzheng-specialist": {"/catalog/imports", "/catalog/imports/" + handed},
	}
	const links = `[...new Set([...document.querySelectorAll('a[href^="/"]')].map(a => a.getAttribute("href").split("#")[0]))]`
	for _, user := range list("", "shuozhou-yibao-requester", "shuozhou-minzheng-specialist", "shuozhou-minzheng-approver", "shuozhou-minzheng-head", "shuozhou-authority-officer",
		"shuozhou-authority-head", "shuozhou-supervisor-officer", "shuozhou-finance-officer", "shuozhou-shenji-auditor", "shuozhou-authority-operator") {
		if user != "" {
			b.signIn(user)
		}
		b.open("/")
		look(user, "/")
		queue := append(evaluate[[]string](b, links), beside[user]...)
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			at := route(path)
			if at == "/" || strings.HasPrefix(at, "/static") || strings.HasPrefix(at, "/files") || download.MatchString(at) || seen[at] && at != "/cases/:id" || seen[path] || len(seen) > 400 {
				continue
			}
			if at == "/cases/:id" && seen[user+at] {
				continue
			}
			seen[at], seen[path], seen[user+at] = true, true, true
			b.open(path)
			if t := evaluate[string](b, "document.contentType"); t != "text/html" {
				continue
			}
			queue = append(queue, evaluate[[]string](b, links)...)
			look(user, path)
		}
	}
	for path, size := range sizes {
		if size > 150_000 {
			t.Errorf("%s has %d bytes", path, size)
		}
	}
	var missed []string
	for _, r := range e.Routes() {
		if r.Method == "GET" && !seen[r.Path] {
			missed = append(missed, r.Path)
		}
	}
	slices.Sort(missed)
	t.Logf("%d pages looked at; not reached by links: %v", len(sizes), missed)
	if len(sizes) < 35 {
		t.Errorf("only %d pages were reached", len(sizes))
	}
}

// The forms of the procedures, as they are opened and as steps stand on a case: no
// rule of axe-core is broken, nothing scrolls sideways; what depends on a choice is
// there only with it, and a search within a form does not send it.
func TestFormsInBrowser(t *testing.T) {
	rig := desktest.New(t)
	c := owed(t, rig, "shuozhou-minzheng")
	b := newBrowser(t, serve(t, rig))
	holds := func(name, path string) {
		t.Helper()
		b.open(path)
		evaluate[bool](b, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
		for _, width := range []int64{390, 1280} {
			b.width(width)
			for _, v := range b.violations() {
				t.Errorf("%s at %d breaks %s (%s) at\n%s", name, width, v.ID, v.Impact, strings.Join(v.Where, "\n"))
			}
		}
		b.shoot(name)
	}
	dependent := 0
	opened := map[string]bool{}
	for _, user := range []string{"shuozhou-minzheng-head", "shuozhou-authority-head"} {
		b.signIn(user)
		holds("matters", "/matters/new")
		for _, path := range evaluate[[]string](b, `[...document.querySelectorAll('main h2 a')].map(a => a.getAttribute("href"))`) {
			if opened[path] {
				continue
			}
			opened[path] = true
			holds("open-"+path[strings.LastIndexByte(path, '/')+1:], path)
			b.open(path)
			// Each choice shows what depends on it and nothing else.
			wrong := evaluate[[]string](b, `(() => {
				const wrong = [];
				for (const form of document.querySelectorAll("form:has([data-if])")) {
					const held = () => {
						for (const part of form.querySelectorAll("[data-if]")) {
							const stands = [...form.elements].filter(e => e.name === part.dataset.if && (e.type === "radio" ? e.checked : true)).map(e => e.type === "checkbox" ? String(e.checked) : e.value);
							if (part.hidden === part.dataset.is.split(" ").some(v => stands.includes(v))) wrong.push(part.dataset.if + " at " + stands + ": " + part.textContent.trim().slice(0, 40));
						}
					};
					held();
					for (const radio of form.querySelectorAll("input[type=radio]")) { radio.click(); held(); }
				}
				return wrong;
			})()`)
			for _, w := range wrong {
				t.Errorf("%s: %s", path, w)
			}
			dependent += evaluate[int](b, `document.querySelectorAll("[data-if]").length`)
		}
	}
	if dependent == 0 || len(opened) < 3 {
		t.Errorf("%d forms with %d dependent inputs", len(opened), dependent)
	}

	b.signIn("shuozhou-minzheng-head")
	b.open("/matters/new/dispute")
	b.fill("textarea[name=wrong]", "写到一半")
	b.fill(".ask input", "养老")
	b.press(".ask button")
	b.sees("养老保险")
	if kept := evaluate[string](b, `document.querySelector("textarea[name=wrong]").value`); kept != "写到一半" {
		t.Errorf("what was typed became %q", kept)
	}
	b.fill(".ask input", "不存在的资源")
	evaluate[bool](b, `(document.querySelector(".ask input").focus(), true)`)
	b.leads("Enter", chromedp.KeyEvent("\r"))
	b.sees("没有找到")

	b.signIn("shuozhou-minzheng-specialist")
	holds("matter", "/cases/"+c.ID)
	b.open("/cases/" + c.ID)
	b.fill("textarea[name=note]", "已更新全部条目")
	b.press("#step-fulfil button.main")
	b.sees("已履行", "已更新全部条目")
}
