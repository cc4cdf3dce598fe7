package web

import (
	"net/url"
	"testing"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// projectFixtures are the pages of what waits and of public criticism.
func projectFixtures() []fixture {
	held := desk.HeldProject{
		Case: sharing.Case{ID: "p1", Number: "P20261122-AAAAAAAA", Title: hostile, Applicant: police, State: sharing.Rectifying},
		Record: sharing.ProjectRecord{Project: sharing.Project{Name: hostile, Budget: hostile}, Holds: []sharing.Hold{
			{Consequence: "funds_held", Article: "36", Since: sharing.DateOf(noon)}}},
	}
	criticism := desk.Criticism{
		CriticismNotice: sharing.CriticismNotice{Department: police, Ground: "quality", Article: "33", On: sharing.DateOf(noon)},
		GroundTitle:     hostile, GroundTitleEN: hostile, Regulation: desk.RegulationRef{ID: "shuozhou-2021@1"},
	}
	return []fixture{
		{"full", "holds", holdsPage{Found: desk.Page[desk.HeldProject]{Items: []desk.HeldProject{held}}, More: more{Total: 9, Next: "/projects/holds?cursor=x"}}},
		{"empty", "holds", holdsPage{}},
		{"full", "criticisms", criticismsPage{Found: desk.Page[desk.Criticism]{Items: []desk.Criticism{criticism}}, More: more{Total: 9, Next: "/rectifications/notices?cursor=x"}}},
		{"empty", "criticisms", criticismsPage{}},
	}
}

// A project by forms: registered with its list, refused at acceptance with its
// gaps, seen by the finance department, mended, accepted.
func TestProjectByForms(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	builder, officer, finance := as(t, base, "city-minzheng-requester"), as(t, base, "city-authority-officer"), as(t, base, "city-finance-officer")
	page := builder.get("/matters/new/project").is(200).says("登记信息化项目", "数据资源清单", "第三十四条")
	inspect(t, []byte(page.body), Chinese)
	builder.fill(page, "/matters/new/project", url.Values{"name": {"救助系统"}}).is(422).says("请填写“资金来源”")
	opened := builder.fill(page, "/matters/new/project", url.Values{
		"name": {"社会救助信息系统"}, "budget": {"本级财政预算"}, "resources.0.title": {"救助对象"}, "resources.0.class": {"conditional"},
		"resources.0.cycle": {"monthly"}, "resources.0.way": {"warehouse"}, "resources.0.fields": {"救助类别\n民族"},
	})
	path := opened.header.Get("Location")
	shown := builder.follow(opened).says("社会救助信息系统", "救助对象", "每月", "数据仓", "审核验收部门", "已由其他部门提供", "市公安局")
	inspect(t, []byte(shown.body), Chinese)

	page = officer.get(path).is(200).says("没有数据资源清单不予立项")
	officer.fill(page, "/initiate", nil).is(422)
	page = officer.follow(officer.fill(page, "/initiate", url.Values{"agree": {"true"}}))
	page = builder.get(path).is(200)
	action, fields := page.form("/ask_acceptance")
	if got := fields.Get("entries.0.resource"); got != "救助对象" || action == "" {
		t.Errorf("the form begins with %q and not with what is to be catalogued", got)
	}
	// The row is sent without an entry, to see what acceptance makes of it.
	builder.follow(builder.fill(page, "/ask_acceptance", url.Values{"entries.0.resource": {""}}))

	page = officer.get(path).is(200).says("尚未编目", "归集到数据中心")
	_, fields = page.form("/accept")
	if fields.Get("checks.0.check") != "collected" || fields.Get("checks.0.resource") != "救助对象" {
		t.Errorf("the form does not begin with what a person answers: %v", fields)
	}
	officer.fill(page, "/accept", url.Values{"agree": {"true"}, "checks.0.met": {"true"}, "checks.0.evidence": {"已通过数据仓归集"}}).is(422).says("有检查项不符合", "第三十四条")
	refused := officer.follow(officer.fill(page, "/accept", url.Values{"agree": {"false"}, "checks.0.met": {"true"}, "checks.0.evidence": {"已通过数据仓归集"}})).
		says("未通过验收", "不予验收", "已通过数据仓归集").lacks(">collected<")
	inspect(t, []byte(refused.body), Chinese)
	finance.get("/").says("暂缓拨款或者审批的项目")
	list := finance.get("/projects/holds").is(200).says("社会救助信息系统", "不予验收", "第三十四条", "市民政局")
	inspect(t, []byte(list.body), Chinese)
	finance.get("/messages").says("请按办法暂缓有关资金或审批")
	next := builder.fill(builder.get("/matters/new/project"), "/matters/new/project", url.Values{
		"name": {"另一系统"}, "budget": {"本级财政预算"}, "resources.0.title": {"救助对象"}, "resources.0.class": {"conditional"},
		"resources.0.cycle": {"monthly"}, "resources.0.way": {"warehouse"},
	})
	officer.get(next.header.Get("Location")).says("该部门另有项目不符合要求", "社会救助信息系统")
	finance.get(path).is(200)
	builder.get("/projects/holds").is(403)

	page = builder.get(path).says("尚未编目")
	builder.fill(page, "/report_gaps", url.Values{"note": {""}}).is(422)
	builder.follow(builder.fill(page, "/report_gaps", url.Values{"note": {"已编目"}, "entries.0.entry": {"CS-MZ-002"}}))
	page = officer.get(path)
	officer.follow(officer.fill(page, "/accept", url.Values{"agree": {"true"}, "checks.0.met": {"true"}, "checks.0.evidence": {"已核对"}})).says("已通过验收", "CS-MZ-002")
	finance.get("/projects/holds").says("没有暂缓的项目")

	english := officer.follow(officer.fill(officer.get(path), "/locale", url.Values{"locale": {"en"}})).says("Catalogued", "Accepted", "Data warehouse")
	inspect(t, []byte(english.body), English)
}

// A rectification by forms, up to public criticism, which others read.
func TestRectificationByForms(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	officer, head, owes := as(t, base, "shuozhou-authority-officer"), as(t, base, "shuozhou-supervisor-officer"), as(t, base, "shuozhou-gongan-specialist")
	page := officer.get("/matters/new/rectification").is(200).says("通知整改", "第三十三条", "须写明整改期限", "提供不真实、不准确、不完整的数据")
	inspect(t, []byte(page.body), Chinese)
	officer.fill(page, "/matters/new/rectification", url.Values{"department": {"shuozhou-gongan"}, "ground": {"quality"}, "finding": {"抽查不一致"}}).is(422).says("抽查不一致")
	officer.fill(page, "/matters/new/rectification", url.Values{"department": {"shuozhou-gongan"}, "ground": {"quality"}, "finding": {"抽查不一致"}, "until": {"2020-01-01"}}).is(422).says("须晚于今天")
	opened := officer.fill(page, "/matters/new/rectification", url.Values{"department": {"shuozhou-gongan"}, "ground": {"quality"}, "finding": {"抽查不一致"}, "days": {"10"}})
	path := opened.header.Get("Location")
	shown := officer.follow(opened).says("被整改部门", "抽查不一致", "下一步措施", "上报领导小组")
	inspect(t, []byte(shown.body), Chinese)

	owes.get("/messages").says("收到整改通知，请按期整改")
	page = owes.get(path).is(200).lacks(path + "/escalate")
	owes.follow(owes.fill(page, "/hand_in_evidence", url.Values{"text": {"已核对更新"}})).says("已核对更新")
	page = officer.get(path).says("已核对更新")
	officer.fill(page, "/judge_evidence", url.Values{"agree": {"false"}}).is(422)
	page = officer.follow(officer.fill(page, "/judge_evidence", url.Values{"agree": {"false"}, "reasons": {"仍有差异"}}))
	officer.fill(page, "/escalate", url.Values{"reasons": {"未整改"}}).is(422).says("整改期限未满")
	officer.follow(officer.fill(page, "/escalate", url.Values{"reasons": {"未整改"}, "serious": {"true"}})).lacks(path + "/escalate")
	head.get("/inbox").says("升级处理", "提供不真实、不准确、不完整的数据")
	page = head.get(path).says("责令限期改正")
	page = head.follow(head.fill(page, "/escalate", url.Values{"reasons": {"责令改正"}, "days": {"5"}}))
	head.follow(head.fill(page, "/escalate", url.Values{"reasons": {"拒不改正"}, "serious": {"true"}}))

	reader := as(t, base, "shuozhou-minzheng-requester")
	reader.get("/").says("通报批评")
	list := reader.get("/rectifications/notices").is(200).says("朔州市公安局", "提供不真实、不准确、不完整的数据", "第三十三条").lacks("抽查不一致", path)
	inspect(t, []byte(list.body), Chinese)
	reader.get(path).is(404)
	as(t, base, "shuozhou-shenji-auditor").get("/rectifications/notices").is(403)
}
