package web

import (
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies/regulations"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// endingLaw is the law as shipped, but that jinan-startup-2023 ends so many days
// from today; further files go beside it.
func endingLaw(t testing.TB, days int, further fstest.MapFS) (*regulation.Library, sharing.Date) {
	t.Helper()
	const name = "jinan-startup-2023.yaml"
	last := sharing.DateOf(time.Now()) + sharing.Date(days)
	files := fstest.MapFS{}
	names, err := fs.Glob(regulations.Files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		text, err := fs.ReadFile(regulations.Files, n)
		if err != nil {
			t.Fatal(err)
		}
		if n == name {
			text = []byte(strings.Replace(string(text), "until: 2026-11-30", "until: "+last.String(), 1))
			if !strings.Contains(string(text), last.String()) {
				t.Fatal("the regulation's last day is not where it was")
			}
		}
		files[n] = &fstest.MapFile{Data: text}
	}
	law, err := regulation.Load(files, further)
	if err != nil {
		t.Fatal(err)
	}
	return law, last
}

const (
	startupApplicant = "jinan-startup-shenpi-requester"
	startupOfficer   = "jinan-startup-authority-officer"
)

// A regulation that ends soon is announced, with what then happens, to whoever can
// see to it that another follows, and to nobody else.
func TestEndingSoon(t *testing.T) {
	law, last := endingLaw(t, 9, nil)
	rig := desktest.NewUnder(t, law, workday.ShippedCalendar())
	base := serve(t, rig)
	w := testWords(t, Chinese)
	said := "有效期至" + w.Day(last) + "，还有 9 天"
	for _, user := range list(startupOfficer, "jinan-startup-authority-head", "jinan-startup-supervisor-officer") {
		for _, path := range list("/", "/board") {
			as(t, base, user).get(path).is(200).says(said, "第四十五条", "自"+w.Day(last+1)+"起收到的申请不能受理", "继续按原办法办理", "登记延期")
		}
	}
	as(t, base, "jinan-startup-authority-operator").get("/").is(200).says(said)
	g := as(t, base, startupApplicant)
	g.get("/").lacks("有效期至")
	g.get("/catalog/" + rig.Resource("jinan-startup", "QB-MZ-001").ID).is(200).says("加入申请").lacks("有效期至")
	as(t, base, "shuozhou-authority-officer").get("/board").is(200).lacks("有效期至")
}

// On its last day it is still in force. When another follows, that is said instead.
func TestEndingCovered(t *testing.T) {
	law, last := endingLaw(t, 0, nil)
	rig := desktest.NewUnder(t, law, workday.ShippedCalendar())
	as(t, serve(t, rig), startupOfficer).get("/board").is(200).says("有效期至今天（" + testWords(t, Chinese).Day(last) + "）")

	example, err := os.ReadFile("../regulation/testdata/example-2027.yaml")
	if err != nil {
		t.Fatal(err)
	}
	last = sharing.DateOf(time.Now()) + 30
	next := strings.NewReplacer("region: example\n", "region: jinan-startup\n", "from: 2027-01-01", "from: "+(last+1).String(), "issued: 2026-12-01", "issued: 2025-12-01",
		"from_article:", "replaces: [jinan-startup-2023]\nfrom_article:").Replace(string(example))
	law, last = endingLaw(t, 30, fstest.MapFS{"next.yaml": {Data: []byte(next)}})
	rig = desktest.NewUnder(t, law, workday.ShippedCalendar())
	as(t, serve(t, rig), startupOfficer).get("/board").is(200).
		says("还有 30 天", "自"+testWords(t, Chinese).Day(last+1)+"起收到的申请适用《示例县公共数据共享管理细则》").lacks("不能受理")
}

// After its last day nothing can be opened under it: everybody in the region is
// told where they would apply, and sending is refused with the last day, at the top.
// What was received in time is still accepted, and what is open goes on.
func TestEnded(t *testing.T) {
	law, last := endingLaw(t, -3, nil)
	rig := desktest.NewUnder(t, law, workday.ShippedCalendar())
	base := serve(t, rig)
	w := testWords(t, Chinese)
	g := as(t, base, startupApplicant)
	over := "已于" + w.Day(last) + "届满"
	page := g.get("/catalog/"+rig.Resource("jinan-startup", "QB-MZ-001").ID).is(200).says(over, "不能受理")
	draft := g.follow(g.fill(page, "/apply", nil)).says(over)
	sent := g.fill(draft, "/edit", url.Values{"purpose": {"核对婚姻状况"}, "duty": {"《办法》第二十七条"}, "mode": {"query_api"}, "term_months": {"12"}, "then": {"preview"}}).is(303)
	refusal := "有效期至" + w.Day(last) + "，收到申请之日（" + w.Day(sharing.DateOf(time.Now())) + "）没有有效的办法"
	preview := g.follow(sent).is(422).says(refusal).lacks(`>提交申请</button>`)
	_, values := preview.form("/submit")
	refused := g.post(strings.Replace(sent.header.Get("Location"), "/preview", "/submit", 1), values).is(422).says(refusal)
	if alert := strings.Index(refused.body, `role="alert"`); alert < 0 || alert > strings.Index(refused.body, "<h2") {
		t.Error("the refusal is not at the top")
	}
	g.get("/cases").says("没有符合条件的办件")
	if as := as(t, base, startupOfficer).get("/board").is(200).says(over); strings.Contains(as.text(), "还有") {
		t.Error("what has ended is said to end")
	}

	submitted := rig.Apply(startupOfficer, func() desk.Draft {
		d := rig.Request("jinan-startup", "QB-MZ-001")
		d.For = "jinan-startup-shenpi"
		return d
	}(), &last)
	as(t, base, "jinan-startup-minzheng-approver").get("/cases/"+submitted.Cases[0].CaseID).is(200).says("提交答复", "10 个工作日")
}
