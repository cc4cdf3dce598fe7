package web

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// A department changes an entry of its own through the pages: the form begins with
// the entry as it is, a review returns it, it is revised and approved, the holder of
// a grant reads what changes and from when, and acknowledges it.
func TestAChangeThroughThePages(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	entry := rig.Resource("shuozhou", "SZ-GA-001")
	share := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", entry.Code), nil).Cases[0].CaseID
	take := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := rig.Answer(t.Context(), rig.User("shuozhou-gongan-approver"), desk.Act{CaseID: share, Expected: 1}, sharing.Decision{Agree: true})
	take(err)
	_, err = rig.Provide(t.Context(), rig.User("shuozhou-gongan-specialist"), desk.Act{CaseID: share, Expected: 2}, sharing.Provision{Mode: sharing.QueryAPI, Locator: "https://exchange.example/x"})
	take(err)

	author := as(t, base, "shuozhou-gongan-specialist")
	author.get("/catalog/" + entry.ID).is(200).says("编制或变更目录")
	as(t, base, "shuozhou-minzheng-requester").get("/catalog/" + entry.ID).is(200).lacks("编制或变更目录")
	page := author.get("/matters/new/change?resource="+entry.ID).is(200).says("变更要素", "新增条目").lacks("临时调整共享属性")
	_, form := page.form("/matters/new/change")
	if form.Get("entry.title") != entry.Title || form.Get("entry.fields.0.name") != entry.Fields[0].Name || form.Get("kind") != "elements" {
		t.Fatalf("the form does not begin with the entry: %v", form)
	}
	wrong := author.fill(page, "/matters/new/change", url.Values{"trigger": {"other"}, "why": {"更新频率提高"}}).is(422).says("与现有条目相同，没有变更。")
	// The existing source of a new data item and the earliest day are named.
	n := len(entry.Fields)
	at := fmt.Sprintf("entry.fields.%d.", n)
	second := url.Values{"trigger": {"other"}, "why": {"w"}, "entry.fields.rows": {fmt.Sprint(n + 1)}, at + "name": {"marital"}, at + "title": {"婚姻状况"}, at + "type": {"string"}, at + "grade": {"2"}}
	author.fill(page, "/matters/new/change", second).is(422).says("其他部门已有相同数据", "婚姻登记信息", "第十三条")
	tomorrow := sharing.DateOf(time.Now()) + 1
	author.fill(page, "/matters/new/change", url.Values{"trigger": {"other"}, "why": {"w"}, "entry.format": {"接口"}, "effective_on": {tomorrow.String()}}).
		is(422).says("须在预告期满之后，最早", "第十二条")
	opened := author.follow(author.fill(wrong, "/matters/new/change", url.Values{"trigger": {"other"}, "why": {"更新频率提高"}, "entry.format": {"接口"}}))
	opened.is(200).says("已提交，待部门审核。", "部门审核中", "格式", "数据库表", "接口").lacks("/review_change")
	path := opened.path

	reviewer := as(t, base, "shuozhou-gongan-approver")
	reviewer.get("/inbox").says("部门审核")
	returned := reviewer.follow(reviewer.fill(reviewer.get(path), "/review_change", url.Values{"agree": {"false"}, "reasons": {"格式名称不规范"}}))
	returned.is(200).says("审核意见已提交。", "格式名称不规范")
	page = author.get(path).is(200).says("格式名称不规范")
	_, form = page.form("/revise")
	if form.Get("entry.format") != "接口" || form.Get("why") != "更新频率提高" || form.Get("resource_id") != entry.ID {
		t.Fatalf("the form does not begin with what was proposed: %v", form)
	}
	author.follow(author.fill(page, "/revise", url.Values{"entry.format": {"API 接口"}})).says("部门审核中")
	reviewer.follow(reviewer.fill(reviewer.get(path), "/review_change", url.Values{"agree": {"true"}}))
	officer := as(t, base, "shuozhou-authority-officer")
	officer.follow(officer.fill(officer.get(path), "/check_change", url.Values{"agree": {"true"}})).says("已预告，待生效", "告知使用部门", "民政局", "尚未确认")

	holder := as(t, base, "shuozhou-minzheng-requester")
	holder.get(path).is(404)
	holder.get("/messages").says("所用数据的目录即将变更", "起生效")
	holder.get("/cases/"+share).is(200).says("目录变更预告", "API 接口")
	notices := holder.get("/changes/notices").is(200).says("目录变更预告", "API 接口", "第十二条")
	holder.follow(holder.fill(notices, "/acknowledge", nil)).says("已确认知悉。", "本部门已于").lacks("/acknowledge\"")
	officer.get(path).lacks("尚未确认")
	as(t, base, "shuozhou-renshe-requester").get("/changes/notices").is(200).says("没有即将发生的变更。")
	holder.get("/catalog/"+entry.ID+"/versions").is(200).says("第 1 版", "现行")
	holder.get("/catalog/" + rig.Resource("shuozhou", "SZ-GA-005").ID + "/versions").is(404)
}
