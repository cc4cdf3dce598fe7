package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"gongshu/desk"
	"gongshu/desk/desktest"
)

// several files some applications with the public security bureau.
func several(rig *desktest.Rig) (cases []string) {
	for _, by := range []string{"shuozhou-minzheng-requester", "shuozhou-renshe-requester"} {
		for _, code := range []string{"SZ-GA-001", "SZ-GA-002"} {
			cases = append(cases, rig.Apply(by, rig.Request("shuozhou", code), nil).Cases[0].CaseID)
		}
	}
	return cases
}

// The inbox is narrowed by its address, says by what, and does several things at once.
func TestInboxByForm(t *testing.T) {
	rig := desktest.New(t)
	several(rig)
	base := serve(t, rig)
	g := as(t, base, "shuozhou-gongan-approver")
	g.get("/inbox").is(200).says("共 4 条", "待办 4", "户籍人口基本信息", "公民身份核验服务")
	g.get("/inbox?q="+url.QueryEscape("身份核验")).says("共 2 条", "关键词 身份核验").lacks("户籍人口基本信息")
	both := g.get("/inbox?department=shuozhou-minzheng&light=green&q="+url.QueryEscape("身份核验")).says("共 1 条", "清除全部条件")
	if !strings.Contains(both.body, `href="/inbox?department=shuozhou-minzheng&amp;q=`) {
		t.Error("no chip takes the light off and leaves the rest")
	}
	g.get("/inbox?light=red").says("没有符合条件的事项", "清除全部条件").lacks("共 4 条")
	g.get("/inbox?light=purple&taken=somebody&kind=x%27%3B&procedure=none&department=nowhere").says("共 4 条").lacks("清除全部条件")
	g.get("/inbox?tab=following").says("关注", "办件")

	page := g.get("/inbox")
	_, values := page.form("/inbox/several")
	var ids []string
	for _, box := range regexp.MustCompile(`form="several" name="task" value="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		ids = append(ids, box[1])
	}
	if len(ids) != 4 {
		t.Fatalf("the form for several tasks has %v", values)
	}
	// A colleague takes one of them meanwhile.
	if err := rig.Claim(t.Context(), rig.User("shuozhou-gongan-specialist"), "", ids[0]); err != nil {
		t.Fatal(err)
	}
	values["task"] = append(ids, "not-a-task")
	values.Set("do", "claim")
	a := g.post("/inbox/several", values).is(200).says("5 项中已办 3 项", "未办成")
	if n := strings.Count(a.body, "✕"); n != 2 {
		t.Errorf("%d were not done", n)
	}
	g.post("/inbox/several", values).is(200).says("5 项中已办 3 项") // the same form again
	g.get("/inbox?taken=me").says("共 3 条")
	g.get("/inbox?taken=others").says("共 1 条", rig.User("shuozhou-gongan-specialist").Name)
	values["task"] = nil
	g.follow(g.post("/inbox/several", values)).says("没有勾选任何事项")
	g.follow(g.get("/inbox/several")).says("待办事项")
	g.get("/").is(200).says("我已领取", "同事经办", "已超期", "本周到期", "待校核的疑义").lacks("数据目录挑选")
	as(t, base, "shuozhou-gongan-head").get("/").says("本部门经办情况", rig.User("shuozhou-gongan-specialist").Name)
	as(t, base, "shuozhou-minzheng-requester").get("/").is(200).says("我部门发起的办件 2", "在朔州市公安局：答复申请", "查找数据", "没有草稿")
}

// An answer is checked before it is sent, picks its basis from the regulation and
// adopts what was answered before; what was typed stays.
func TestAnswerIsCheckedFirst(t *testing.T) {
	rig := desktest.New(t)
	cases := several(rig)
	g := as(t, serve(t, rig), "shuozhou-gongan-approver")
	page := g.get("/cases/" + cases[0]).is(200)
	if !strings.Contains(page.body, `<option value="`) || !strings.Contains(page.body, "拒绝共享应当说明理由和依据") {
		t.Error("no articles to pick from")
	}
	page.lacks("将作出的答复")
	wrong := g.fill(page, "/answer", url.Values{"decision": {"refuse"}, "check": {"yes"}}).is(422)
	wrong.says("请写明拒绝的理由", "请至少写明一条法律依据").lacks("将作出的答复")
	g.fill(page, "/answer", url.Values{"decision": {"refuse"}, "reasons": {"超出职责"}, "check": {"yes"}}).is(422).says("请至少写明一条法律依据", "超出职责")
	pick := "朔州市政务数据资源共享管理办法|第三条"
	refusal := url.Values{"decision": {"refuse"}, "reasons": {"超出职责" + hostile}, "basis.0.pick": {pick}}
	checked := g.fill(page, "/answer", url.Values{"decision": refusal["decision"], "reasons": refusal["reasons"], "basis.0.pick": refusal["basis.0.pick"], "check": {"yes"}}).is(200)
	checked.says("将作出的答复", "第三条", "超出职责<script>").lacks("<script>alert")
	if view, err := rig.Case(t.Context(), rig.User("shuozhou-gongan-approver"), cases[0]); err != nil || view.Decision != nil {
		t.Fatalf("checking decided: %v", err)
	}
	g.follow(g.fill(checked, "/answer", url.Values{"send": {"yes"}})).says("已答复：拒绝共享", "第三条")

	again := g.get("/cases/"+cases[2]).is(200).says("类似答复", "同一资源")
	adopted := g.fill(again, "/answer", url.Values{"adopt": {cases[0]}, "reasons": {"我先写的"}}).is(200)
	_, values := adopted.form("/answer")
	if values.Get("decision") != "refuse" || !strings.HasPrefix(values.Get("reasons"), "我先写的\n超出职责") || values.Get("basis.0.article") != "第三条" {
		t.Errorf("adopted %v", values)
	}
	g.fill(again, "/answer", url.Values{"adopt": {cases[1]}}).is(200) // of no earlier answer

	part := g.get("/cases/" + cases[1])
	_, values = part.form("/answer")
	sum := g.fill(part, "/answer", url.Values{"decision": {"agree"}, "field": values["field"][:1], "term_months": {"3"}, "conditions": {"仅限核验"}, "check": {"yes"}}).is(200)
	sum.says("部分共享", "3 个月", "仅限核验", "形成授权")
}

// A draft saves itself, says when somebody else changed it, and takes over what an
// earlier application said without touching what was typed.
func TestDraftSavesItself(t *testing.T) {
	rig := desktest.New(t)
	several(rig)
	base := serve(t, rig)
	g := as(t, base, "shuozhou-minzheng-requester")
	page := g.get("/applications/new?resource=" + rig.Resource("shuozhou", "SZ-RS-002").ID).is(200)
	auto := func(a answer, with url.Values) (status int, saved autosaved, path string) {
		t.Helper()
		suffix := "/edit"
		if strings.Contains(a.path, "/new") {
			suffix = "/new"
		}
		path, values := a.form(suffix)
		for name, value := range with {
			values[name] = value
		}
		values.Set("then", "auto")
		reply := g.post(path, values)
		if err := json.Unmarshal([]byte(reply.body), &saved); err != nil {
			t.Fatalf("%d %s: %v", reply.status, reply.body, err)
		}
		return reply.status, saved, path
	}
	status, saved, _ := auto(page, url.Values{"purpose": {"写到一半" + hostile}})
	if status != http.StatusOK || saved.Action == "" || saved.Version != 1 || !strings.Contains(saved.Said, "自动保存") {
		t.Fatalf("%d %+v", status, saved)
	}
	draft := g.get(saved.Action).is(200).says("写到一半<script>", "沿用以前的申请")
	if status, _, _ := auto(draft, url.Values{"purpose": {"再写一点"}}); status != http.StatusOK {
		t.Errorf("saved again: %d", status)
	}
	if status, late, _ := auto(draft, url.Values{"purpose": {"另一个窗口"}, "key": {"a-key-of-another-window"}}); status != http.StatusConflict || !strings.Contains(late.Said, "他人已修改") {
		t.Errorf("a stale draft: %d %+v", status, late)
	}
	draft = g.get(saved.Action).says("再写一点")
	apps, err := rig.Applications(t.Context(), rig.User("shuozhou-minzheng-requester"), "submitted", "", 1)
	if err != nil || len(apps.Items) == 0 {
		t.Fatal(err)
	}
	filled := g.fill(draft, "/edit", url.Values{"then": {"reuse"}, "reuse": {apps.Items[0].ID}}).is(200)
	_, values := filled.form("/edit")
	if values.Get("purpose") != "再写一点" || values.Get("duty") != apps.Items[0].Request.Duty || values.Get("mode") != string(apps.Items[0].Request.Mode) {
		t.Errorf("filled in %v", values)
	}
	// What another department applied for is nobody's to use.
	theirs, err := rig.Applications(t.Context(), rig.User("shuozhou-renshe-requester"), "submitted", "", 1)
	if err != nil {
		t.Fatal(err)
	}
	nothing := g.fill(draft, "/edit", url.Values{"then": {"reuse"}, "reuse": {theirs.Items[0].ID}, "duty": {""}}).is(200)
	if _, values := nothing.form("/edit"); values.Get("duty") != "" {
		t.Errorf("filled in %q", values.Get("duty"))
	}
	// A new draft from the catalog knows the department's duty.
	entry := g.get("/catalog/" + rig.Resource("shuozhou", "SZ-RS-003").ID)
	g.follow(g.fill(entry, "/apply", nil)).says("按您上次的申请填入", apps.Items[0].Request.Duty)
}

// Two people answer at the same time: one answer stands, the other is told.
func TestTwoAnswerAtOnce(t *testing.T) {
	rig := desktest.New(t)
	id := several(rig)[0]
	base := serve(t, rig)
	users := []string{"shuozhou-gongan-approver", "shuozhou-gongan-head"}
	answers := make([]answer, len(users))
	var wait sync.WaitGroup
	for i, user := range users {
		g := as(t, base, user)
		path, values := g.get("/cases/" + id).form("/answer")
		values.Set("decision", "agree")
		values.Set("conditions", "条件"+user)
		wait.Go(func() { answers[i] = g.post(path, values) })
	}
	wait.Wait()
	done := 0
	for _, a := range answers {
		if a.status == http.StatusSeeOther {
			done++
		} else {
			a.is(http.StatusConflict).says("条件shuozhou-gongan") // what was typed is still there
		}
	}
	if done != 1 {
		t.Errorf("%d answers stand", done)
	}
}

// The main paths in a browser, in both languages: narrowing, taking, answering after a
// look, going back, pressing twice, and a draft that saves itself.
func TestWorkbenchInBrowser(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		t.Run(language, func(t *testing.T) {
			rig := desktest.New(t)
			cases := several(rig)
			b := newBrowser(t, serve(t, rig))
			say := func(zh, en string) string {
				if language == "en" {
					return en
				}
				return zh
			}
			enter := func(user string) {
				b.signIn(user)
				if language == "en" && evaluate[string](b, "document.documentElement.lang") != "en" {
					b.press("button[name=locale]")
				}
			}
			enter("shuozhou-gongan-approver")
			b.open("/")
			b.sees(say("无人领取", "Not yet taken"), say("本周到期", "due this week"))
			b.shoot("workbench-approver-" + language)
			b.open("/inbox")
			evaluate[bool](b, `(() => { const s = document.querySelector("#taken"); s.value = "nobody"; s.dispatchEvent(new Event("change", {bubbles: true})); return true })()`)
			b.do(chromedp.WaitReady(chromedp.CSS(".chips")))
			b.sees(say("全选本页", "All on this page"))
			b.click("[data-all]")
			b.sees(say("已选 4 项", "4 chosen"))
			b.shoot("inbox-" + language)
			b.press(`#several button[value=claim]`)
			b.sees(say("4 项中已办 4 项", "4 of 4 done"))
			b.shoot("bulk-" + language)

			b.open("/cases/" + cases[0])
			b.click("input[name=decision][value=refuse]")
			b.fill("textarea[name=reasons]", "超出职责范围")
			evaluate[bool](b, `(() => { const s = document.querySelector("[data-fills]"); s.selectedIndex = 1; s.dispatchEvent(new Event("change", {bubbles: true})); return true })()`)
			if law := evaluate[string](b, `document.querySelector("input[name='basis.0.law']").value`); !strings.Contains(law, "办法") {
				t.Errorf("picked %q", law)
			}
			b.press(`form[action$="/answer"] button.unseen + * ~ p button[name=check]`)
			b.sees(say("将作出的答复", "What will be answered"), "超出职责范围")
			b.shoot("answer-checked-" + language)
			// Pressed twice, sent once.
			evaluate[bool](b, `(() => { const s = document.querySelector(".sum button[name=send]"); s.click(); s.click(); return true })()`)
			b.do(chromedp.WaitReady(chromedp.CSS(".notice.good")))
			b.sees(say("已答复：拒绝共享", "refused"))
			// Going back after an answer shows where the case stands, not the form again.
			b.open("/cases/" + cases[1])
			b.click("input[name=decision][value=agree]")
			b.press(`#step-answer button[name=send]`)
			b.sees(say("已同意共享，请在期限内提供数据", "Agreed. The data is now to be provided"))
			b.do(chromedp.NavigateBack())
			if forms := evaluate[int](b, `document.querySelectorAll("#step-answer").length`); forms != 0 {
				t.Error("going back offers the answer again")
			}

			enter("shuozhou-minzheng-requester")
			b.open("/")
			b.sees(say("我部门发起的办件", "Where our cases stand"))
			b.shoot("workbench-requester-" + language)
			b.open("/applications/new?resource=" + rig.Resource("shuozhou", "SZ-RS-002").ID)
			b.fill("textarea[name=purpose]", "自动保存的用途")
			evaluate[bool](b, `(() => { Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true}); document.dispatchEvent(new Event("visibilitychange")); return true })()`)
			if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](`document.querySelector("#autosaved").textContent !== ""`)); err != nil {
				b.fail(err)
			}
			b.sees(say("自动保存", "Saved by itself"))
			if path := evaluate[string](b, "location.pathname"); !strings.HasSuffix(path, "/edit") {
				t.Errorf("the saved draft is at %s", path)
			}
			// The session ends while the form is open: what was typed is kept.
			b.fill("textarea[name=duty]", "会话结束前写的职责")
			if err := rig.EndOtherSessions(t.Context(), rig.User("shuozhou-minzheng-requester"), desk.Session{}); err != nil {
				t.Fatal(err)
			}
			b.press(`button[name=then][value=save]:not(.unseen)`)
			b.sees(say("登录已过期", "Your session has ended"))
			evaluate[bool](b, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
			b.press(`button[name=user][value="shuozhou-minzheng-requester"]`)
			b.press("main form button.main")
			b.do(chromedp.WaitReady(chromedp.CSS(".notice.good")))
			if duty := evaluate[string](b, `document.querySelector("textarea[name=duty]").value`); duty != "会话结束前写的职责" {
				t.Errorf("after signing in again the duty is %q", duty)
			}
		})
	}
}
