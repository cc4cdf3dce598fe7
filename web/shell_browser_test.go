package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"gongshu/demo"
	"gongshu/desk/desktest"
)

// The tour, by hand: one case from the board to its whole story, as five people,
// pressing what the tour says.
func TestTourInBrowser(t *testing.T) {
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	rig.Advance(shown[demo.Overdue][0])
	b := newBrowser(t, serve(t, rig))
	const next = ".guide button.main"

	b.open("/")
	b.sees("两分钟导览", "系统管理员")
	b.shoot("home")
	b.press(`form[action="/tour"] button`)
	b.sees("导览 1/6", "超期看板", "换成朔州市民政局 审批人")
	b.shoot("tour-board")

	b.press(next)
	b.sees("导览 2/6", "申请共享：殡葬火化信息", "超期 2 个工作日")
	b.click("aside details.why summary")
	b.sees("起算当日，不计")
	b.shoot("tour-case")
	b.click("input[name=decision][value=agree]")
	b.press("#step-answer button.main")
	b.sees("导览 2/6", "这一步已经完成", "已同意共享")

	b.press(next)
	b.fill("#step-provide input[name=locator]", "https://exchange.example.cn/data")
	b.press("#step-provide button.main")
	b.press(next)
	b.press("#step-confirm button.main")
	b.sees("导览 4/6", "这一步已经完成", "使用中")
	b.press(next)
	b.sees("导览 5/6", "殡葬火化信息", "有效")
	b.shoot("tour-grants")
	b.press(next)
	b.sees("导览 6/6", "确认接收", "朔州医保·申请人")
	b.shoot("tour-story")
	b.press(`.guide button[value="0"]`)
	if strings.Contains(b.text("body"), "导览 6/6") {
		t.Error("the tour does not end")
	}
}

// A page that stays open learns of what happens meanwhile without being loaded
// again, without losing the focus or what is typed; its menu works by keyboard, and
// on a telephone without script's help.
func TestOpenPageInBrowser(t *testing.T) {
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	b := newBrowser(t, serve(t, rig))
	until := func(what, expression string) {
		t.Helper()
		if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(5*time.Second))); err != nil {
			b.fail(fmt.Errorf("%s: %w", what, err))
		}
	}
	b.signIn("shuozhou-renshe-approver")
	waits := shown[demo.DueTomorrow][0]
	b.open("/cases/" + waits)
	b.click("input[name=decision][value=agree]")
	b.fill("textarea[name=conditions]", "写到一半")
	before := b.text("#count-inbox")
	wake := `(htmx.trigger("#live", "wake"), true)`
	evaluate[bool](b, wake)
	time.Sleep(500 * time.Millisecond)
	if said := evaluate[string](b, `document.querySelector("#stale").textContent`); said != "" {
		t.Errorf("with nothing new the page says %q", said)
	}
	take(t, rig, waits, completionStep("shuozhou-renshe-specialist"))
	evaluate[bool](b, wake)
	until("the notice", `document.querySelector("#stale").innerText.includes("有了新进展")`)
	if focus := evaluate[string](b, "document.activeElement.name"); focus != "conditions" {
		t.Errorf("the notice took the focus to %q", focus)
	}
	if typed := evaluate[string](b, `document.querySelector("textarea[name=conditions]").value`); typed != "写到一半" {
		t.Errorf("what was typed became %q", typed)
	}
	if after := b.text("#count-inbox"); after == before {
		t.Errorf("the number at the inbox stays %q", after)
	}
	b.shoot("stale-notice")
	// Told once, it is not told again.
	evaluate[bool](b, `(document.querySelector("#stale p").id = "told", htmx.trigger("#live", "wake"), true)`)
	time.Sleep(500 * time.Millisecond)
	if !evaluate[bool](b, `document.querySelector("#told") !== null`) {
		t.Error("the notice is told twice")
	}

	// The menu of the user opens by keyboard and closes by Escape.
	evaluate[bool](b, `(document.querySelector(".me summary").focus(), true)`)
	b.do(chromedp.KeyEvent("\r"))
	until("the menu of the user", `document.querySelector(".me").open`)
	b.do(chromedp.KeyEvent("\u001b"))
	until("Escape", `!document.querySelector(".me").open && document.activeElement.matches(".me summary")`)

	// The menu of the site on a telephone.
	b.width(390)
	shownMenu := `getComputedStyle(document.querySelector("#menu")).display !== "none"`
	if evaluate[bool](b, shownMenu) {
		t.Error("on a telephone the menu is open")
	}
	b.click(".menu-open")
	until("the menu", shownMenu)
	b.shoot("menu")
	b.width(390)
	b.do(chromedp.KeyEvent("\u001b"))
	until("Escape", `getComputedStyle(document.querySelector("#menu")).display === "none" && document.activeElement.matches(".menu-open")`)
}
