package web

import (
	"net/url"
	"strings"
	"testing"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// owed opens the standing duties of the year and returns one that a department owes.
func owed(t *testing.T, rig *desktest.Rig, departmentID string) sharing.Case {
	t.Helper()
	if _, err := rig.Activities.SweepStanding(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := rig.Cases(t.Context(), rig.User("shuozhou-authority-head"), desk.CaseQuery{Procedure: sharing.StandingDuty, Limit: desk.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range page.Items {
		if c.Provider.ID == departmentID {
			return c.Case
		}
	}
	t.Fatalf("%s owes nothing of %d", departmentID, page.Total)
	return sharing.Case{}
}

// A case of a procedure without a page of its own: found in the list, shown with
// its content, its step taken by form with files and problems at the fields, and
// what was said on record.
func TestMatterByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	c := owed(t, rig, "shuozhou-minzheng")
	path := "/cases/" + c.ID
	g := as(t, base, "shuozhou-minzheng-specialist")
	list := g.get("/cases?procedure=standing").is(200).says(c.Number, c.Title, "常年职责", "待履行")
	inspect(t, []byte(list.body), Chinese)
	g.get("/cases?procedure=share").is(200).lacks(c.Number)
	g.get("/cases?procedure=nonsense").is(200).says(c.Number)
	g.get("/inbox").is(200).says(c.Number, "报告履行情况", c.Title)

	page := g.get(path).is(200).says("常年职责："+c.Title, "年度", "责任部门", "履行情况", "写明做了什么").lacks("免予履行的理由")
	inspect(t, []byte(page.body), Chinese)
	wrong := g.fill(page, "/fulfil", url.Values{"note": {" "}}).is(422).says("填写的内容有问题")
	if id := (&form{Prefix: "-fulfil"}).ID("/note") + "-wrong"; !strings.Contains(wrong.body, `id="`+id+`"`) {
		t.Errorf("no problem at the note\n%s", wrong.text())
	}
	inspect(t, []byte(wrong.body), Chinese)

	action, values := page.form("/fulfil")
	values.Set("note", "")
	wrong = g.sendFile(action, values, "attachments.file", "目录.txt", "维护情况").is(422).says("目录.txt", "移除")
	_, values = wrong.form("/fulfil")
	if len(values["attachments.attachment"]) != 1 {
		t.Fatalf("the file is not kept: %v", values)
	}
	wrong = g.sendFile(action, values, "attachments.file", "程序.exe", "MZ").is(422).says("程序.exe", "目录.txt")
	dropped := g.fill(wrong, "/fulfil", url.Values{"detach": values["attachments.attachment"], "note": {"写到一半"}}).is(200).says("写到一半").lacks("目录.txt")
	if _, values := dropped.form("/fulfil"); len(values["attachments.attachment"]) != 0 {
		t.Errorf("the file dropped is still carried: %v", values)
	}

	_, values = wrong.form("/fulfil")
	values.Set("note", "已更新全部条目"+hostile)
	sent := g.post(action, values)
	done := g.follow(sent).is(200).says("履行情况已提交", "已履行", "已更新全部条目<script>", "目录.txt", "报告履行情况").lacks("<script>alert", "现在可以办理")
	inspect(t, []byte(done.body), Chinese)
	if again := g.post(action, values); again.status != 303 {
		t.Errorf("the same form sent twice: %d", again.status)
	}
	found, err := rig.Case(t.Context(), rig.User("shuozhou-minzheng-specialist"), c.ID)
	if err != nil || found.Version != 2 || len(found.Acts) == 0 || len(found.Attachments) != 1 {
		t.Errorf("the case is %+v, %v", found.Case, err)
	}

	// Too late by another's page, with what happened meanwhile and what was typed.
	late := g.fill(page, "/fulfil", url.Values{"note": {"另一人写的"}, "key": {"another-key-of-this-page"}})
	if late.status != 409 && late.status != 412 {
		t.Errorf("too late: %d", late.status)
	}
	late.says("您打开页面后发生了以下变化", "另一人写的")

	as(t, base, "shuozhou-gongan-specialist").get(path).is(404)
	g.get(path + "/fulfil").is(303)
	g.get(path + "/nonsense").is(404)
	g.fill(page, "/fulfil", nil).is(422)
	_, values = page.form("/fulfil")
	g.post(path+"/answer", values).is(404)
	g.post(path+"/nonsense", values).is(404)
	g.follow(g.fill(page, "/locale", url.Values{"locale": {"en"}})).is(200)
	english := g.get(path).is(200).says("Standing duty: ", "Fulfilled", "What was done", "Owed by", "Reported done")
	inspect(t, []byte(english.body), English)
}

// The authority waives what is not owed after all; the department is offered no such
// thing. A share application has no such step.
func TestWaiveByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	c := owed(t, rig, "shuozhou-minzheng")
	officer := as(t, base, "shuozhou-authority-officer")
	page := officer.get("/cases/" + c.ID).is(200).says("免予履行的理由").lacks("提交履行")
	officer.follow(officer.fill(page, "/waive", url.Values{"note": {"机构已撤并"}})).is(200).says("已免予履行", "免予履行", "机构已撤并")
	share := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-RS-002"), nil).Cases[0].CaseID
	_, values := page.form("/waive")
	officer.post("/cases/"+share+"/waive", values).is(404)
}
