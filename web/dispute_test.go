package web

import (
	"net/url"
	"testing"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// A doubt on its way through the pages: found from the catalog entry, reported,
// looked up at the window, verified, and marked for another holder.
func TestADisputeByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	var resource sharing.Resource
	for _, r := range rig.World.Resources {
		if r.RegionID == "city" && r.Class == sharing.Unconditional && r.Provider.ID == "city-gongan" {
			resource = r
		}
	}
	rig.Apply("city-renshe-requester", rig.Request("city", resource.Code), nil)
	reporter, provider, other := as(t, base, "city-minzheng-requester"), as(t, base, "city-gongan-specialist"), as(t, base, "city-renshe-requester")

	entry := reporter.get("/catalog/" + resource.ID).is(200).says("提出疑义")
	provider.get("/catalog/" + resource.ID).is(200).lacks("提出疑义")
	inspect(t, []byte(entry.body), Chinese)
	page := reporter.get("/matters/new/dispute?resource="+resource.ID).is(200).says(resource.Title, resource.Fields[0].Title, "记录标识").lacks("疑义针对", "反馈方式")
	inspect(t, []byte(page.body), Chinese)
	reporter.fill(page, "/matters/new/dispute", url.Values{"resource": {resource.ID}}).is(422).says("请填写记录标识", "请写明疑义或者错误", "请至少选择一个数据项")
	about := url.Values{"resource": {resource.ID}, "record_key": {"140602199001010011"}, "fields": {resource.Fields[0].Name}, "wrong": {"与身份证不符"}}
	shown := reporter.follow(reporter.fill(page, "/matters/new/dispute", about)).says("校核中", "140602199001010011", "与身份证不符", "不得拒绝、推诿", "5 个工作日")
	inspect(t, []byte(shown.body), Chinese)
	reporter.fill(reporter.get("/matters/new/dispute?resource="+resource.ID), "/matters/new/dispute", about).is(422).says("本部门已就此提出疑义", "Y2026")

	window := other.get("/records/verification").is(200).says("校核查询")
	inspect(t, []byte(window.body), Chinese)
	answer := other.get("/records/verification?resource="+resource.Code+"&record_key=140602199001010011").is(200).says("该记录正在校核", "不得拒绝、推诿", "第二十四条").lacks("Y2026")
	inspect(t, []byte(answer.body), Chinese)
	other.get("/records/verification?resource=" + resource.Code + "&record_key=1").is(200).says("没有正在校核的疑义")
	other.get("/records/verification?resource=nowhere&record_key=1").is(404).says("没有此数据资源")
	other.get("/grants").is(200).says("1 条记录正在校核")
	marks := other.get("/records/marks").is(200).says("140602199001010011", resource.Fields[0].Title).lacks("Y2026")
	inspect(t, []byte(marks.body), Chinese)
	reporter.get("/records/marks").is(200).says("没有记录") // it holds no grant: unconditional data is had without one

	tasks := provider.get("/inbox").is(200).says("答复校核结果")
	inspect(t, []byte(tasks.body), Chinese)
	cases, err := rig.Cases(t.Context(), rig.User("city-gongan-specialist"), deskCases(sharing.CorrectionDispute))
	if err != nil || cases.Total != 1 {
		t.Fatal(cases.Total, err)
	}
	path := "/cases/" + cases.Items[0].ID
	form := provider.get(path).is(200)
	inspect(t, []byte(form.body), Chinese)
	provider.fill(form, "/verify", nil).is(422).says("请选择结果")
	provider.fill(form, "/verify", url.Values{"outcome": {"corrected"}}).is(422).says("请写明原有错误", "请填写更正日期")
	provider.follow(provider.fill(form, "/verify", url.Values{"outcome": {"corrected"}, "was_wrong": {"录错一字"}, "correction": {"已改正"}, "corrected_on": {"2026-01-05"}})).
		says("已更正", "录错一字", "已改正")
	reporter.get(path).says("已更正", "录错一字")
	other.get("/records/marks").says("没有记录")
	other.get("/records/marks?tab=corrected").is(200).says("140602199001010011", "请及时比对、更新")
	other.get(path).is(404)
	english := as(t, base, "city-renshe-requester")
	english.fill(english.get("/records/verification"), "/locale", url.Values{"locale": {"en"}})
	got := english.get("/records/marks?tab=corrected").is(200).says("Corrections announced")
	inspect(t, []byte(got.body), English)
}

// A refusal taken to the authority through the pages, and data asked for in words.
func TestCoordinationByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	var resource sharing.Resource
	for _, r := range rig.World.Resources {
		if r.RegionID == "city" && r.Class == sharing.Conditional && r.Provider.ID == "city-gongan" && r.Grade < 4 {
			resource = r
		}
	}
	c := rig.Apply("city-minzheng-requester", rig.Request("city", resource.Code), nil).Cases[0]
	refuse(t, rig, c.CaseID)
	requester, provider, center := as(t, base, "city-minzheng-requester"), as(t, base, "city-gongan-approver"), as(t, base, "city-authority-head")
	refused := requester.get("/cases/" + c.CaseID).is(200).says("提请协调")
	inspect(t, []byte(refused.body), Chinese)
	provider.get("/cases/" + c.CaseID).is(200).lacks("/matters/new/coordination")
	page := requester.get("/matters/new/coordination?parent="+c.CaseID).is(200).says("申请被拒绝共享", resource.Title)
	inspect(t, []byte(page.body), Chinese)
	requester.fill(page, "/matters/new/coordination", nil).is(422).says("请写明理由")
	requester.follow(requester.fill(page, "/matters/new/coordination", url.Values{"grounds": {"审核救助对象必须核对"}})).says("审核救助对象必须核对", "申请被拒绝共享")
	requester.get("/cases/" + c.CaseID).is(200).lacks("/matters/new/coordination")

	cases, err := rig.Cases(t.Context(), rig.User("city-authority-head"), deskCases(sharing.Coordination))
	if err != nil || cases.Total != 1 {
		t.Fatal(cases.Total, err)
	}
	path := "/cases/" + cases.Items[0].ID
	opinion := provider.get(path).is(200).says("陈述意见").lacks("作出协调决定</summary>")
	inspect(t, []byte(opinion.body), Chinese)
	provider.follow(provider.fill(opinion, "/opine", url.Values{"view": {"可以脱敏后提供"}})).says("可以脱敏后提供")
	ruling := center.get(path).is(200).says("支持申请部门", "维持原决定").lacks("转向上级申请", "确定数据主管部门</summary>")
	inspect(t, []byte(ruling.body), Chinese)
	center.fill(ruling, "/rule", nil).is(422).says("请选择结果")
	center.follow(center.fill(ruling, "/rule", url.Values{"outcome": {"overturned"}, "reasons": {"履职确需"}, "fields": {resource.Fields[0].Name}, "term_months": {"6"}, "desensitise": {"true"}})).
		says("已协调：应予共享", "履职确需", resource.Fields[0].Title)
	requester.get(path).says("已协调：应予共享")

	words := requester.get("/matters/new/coordination").is(200).says("所需数据未列入目录", "所需数据属不予共享类").lacks("对校核说明有异议")
	inspect(t, []byte(words.body), Chinese)
	requester.fill(words, "/matters/new/coordination", url.Values{"occasion": {"not_in_catalog"}, "grounds": {"目录中没有"}}).is(422).says("请写明所需数据", "请写明用途")
	asked := requester.follow(requester.fill(words, "/matters/new/coordination", url.Values{"occasion": {"not_in_catalog"}, "data": {"殡葬补贴发放名册"}, "items": {"姓名\n身份证号"},
		"purpose": {"核对待遇"}, "duty": {"救助审核"}, "mode": {"table_exchange"}, "term_months": {"12"}, "grounds": {"目录中没有"}})).says("殡葬补贴发放名册", "身份证号")
	inspect(t, []byte(asked.body), Chinese)
	// Where the regulation has no coordination, none is offered but for a measure on a grant.
	as(t, base, "lishui-minzheng-requester").get("/matters/new/coordination").is(200).says("对暂停或者撤销授权有异议").lacks("申请被拒绝共享", "未列入目录")
}

func deskCases(p sharing.Procedure) desk.CaseQuery { return desk.CaseQuery{Procedure: p} }

// refuse refuses an application on paper that is in order.
func refuse(t *testing.T, rig *desktest.Rig, caseID string) {
	t.Helper()
	_, err := rig.Answer(t.Context(), rig.User("city-gongan-approver"), desk.Act{CaseID: caseID, Expected: 1},
		sharing.Decision{Reasons: "涉及个人隐私", Basis: []sharing.Basis{{Law: "个人信息保护法", Article: "第十三条"}}})
	if err != nil {
		t.Fatal(err)
	}
}
