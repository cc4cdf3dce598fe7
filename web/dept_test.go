package web

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// inOrder fails unless the texts stand on the page one after the other.
func (a answer) inOrder(texts ...string) answer {
	a.t.Helper()
	rest := a.text()
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			a.t.Errorf("%s does not say %q after what stands before it\n%s", a.path, text, a.text())
			return a
		}
		rest = after
	}
	return a
}

// Before an application is sent its preview says which fields of which grade are
// asked for, and whether the catalog lists the way of having them.
func TestPreviewSaysWhatIsAsked(t *testing.T) {
	rig := desktest.New(t)
	entry := rig.Resource("shuozhou", "SZ-RS-002")
	g := as(t, serve(t, rig), "shuozhou-minzheng-requester")
	asked, left := entry.Fields[0], entry.Fields[len(entry.Fields)-1]
	page := g.get("/applications/new?resource=" + entry.ID).is(200)
	listed, other := entry.Modes[0], sharing.Modes[slices.IndexFunc(sharing.Modes, func(m sharing.Mode) bool { return !slices.Contains(entry.Modes, m) })]
	if !strings.Contains(page.body, "（目录未列明）") {
		t.Error("the form does not say which ways the catalog does not list")
	}
	write := func(mode sharing.Mode) answer {
		return g.follow(g.fill(page, "/applications/new", url.Values{"field." + entry.ID: {asked.Name}, "purpose": {"核对待遇"}, "duty": {"社会救助审核"},
			"mode": {string(mode)}, "term_months": {"12"}, "key": {"key-of-" + string(mode) + "-0123456789"}, "then": {"preview"}})).is(200)
	}
	g.get("/catalog/" + entry.ID).is(200).says("在 5 个工作日内答复（第十六条）")
	write(listed).says(asked.Title, "最迟答复").lacks(left.Title, "目录未列明")
	write(other).says(asked.Title, "目录未列明", "由提供部门在答复时决定")
}

// A refused applicant is told what comes next and begins again with what was said.
func TestRefusedApplicantBeginsAgain(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	draft := rig.Request("shuozhou", "SZ-GA-001")
	entry := rig.Resource("shuozhou", "SZ-GA-001")
	draft.Items[0].Fields = []string{entry.Fields[1].Name}
	id := rig.Apply("shuozhou-minzheng-requester", draft, nil).Cases[0].CaseID
	g := as(t, base, "shuozhou-minzheng-requester")
	g.get("/cases/" + id).is(200).lacks("修改后重新申请")
	if _, err := rig.Answer(t.Context(), rig.User("shuozhou-gongan-approver"), desk.Act{CaseID: id, Expected: 1},
		sharing.Decision{Reasons: "超出职责", Basis: []sharing.Basis{{Law: "中华人民共和国个人信息保护法", Article: "6"}}}); err != nil {
		t.Fatal(err)
	}
	page := g.get("/cases/"+id).is(200).says("《中华人民共和国个人信息保护法》第六条", "没有规定对拒绝共享的协调程序")
	page.inOrder("拒绝共享", "下一步", "修改后重新申请", "文书", "讨论与督促")
	_, link, _ := strings.Cut(page.body, `href="/applications/new?`)
	link, _, _ = strings.Cut(link, `"`)
	_, form := g.get("/applications/new?" + strings.ReplaceAll(link, "&amp;", "&")).is(200).form("/applications/new")
	if !strings.HasPrefix(form.Get("purpose"), "核对申请人资格") || !slices.Equal(form["field."+entry.ID], draft.Items[0].Fields) {
		t.Errorf("the new application begins with %v", form)
	}
	as(t, base, "shuozhou-gongan-approver").get("/cases/" + id).is(200).lacks("修改后重新申请")
}

// Whoever answers sees what the catalog shares the data on, takes the case on its
// page, and reads the answer to the request for completion beside it; the clock that
// runs stands before those that are over.
func TestCaseAsItsAnswererReadsIt(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	entry := rig.Resource("shuozhou", "SZ-GA-001")
	id := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", entry.Code), nil).Cases[0].CaseID
	g := as(t, base, "shuozhou-gongan-approver")
	page := g.get("/cases/"+id).is(200).says(entry.Condition, entry.Fields[1].Title+" （3 级）", "尚无人领取", "领取")
	g.follow(g.fill(page, "/claim", nil)).is(200).says("已领取").lacks("尚无人领取")
	if strings.Contains(as(t, base, "shuozhou-minzheng-requester").get("/cases/"+id).is(200).body, "/claim\"") {
		t.Error("the applicant can take the task of the provider")
	}

	_, err := rig.RequestCompletion(t.Context(), rig.User("shuozhou-gongan-approver"), desk.Act{CaseID: id, Expected: 1}, sharing.Completion{Gaps: []string{"授权书样本"}})
	if err != nil {
		t.Fatal(err)
	}
	asked := as(t, base, "shuozhou-minzheng-requester").get("/cases/" + id).is(200).says("暂停计时")
	if strings.Contains(asked.body, "/urge\"") {
		t.Error("a case that waits for one's own department can be urged")
	}
	_, err = rig.Complete(t.Context(), rig.User("shuozhou-minzheng-requester"), desk.Act{CaseID: id, Expected: 2}, sharing.Completed{Note: "已附样本"})
	if err != nil {
		t.Fatal(err)
	}
	g.get("/cases/"+id).is(200).inOrder("剩余 5 个工作日", "不再计时", "起停止计时", "授权书样本", "申请部门的补正说明", "已附样本", "办理经过")
}

// Tasks and lists name the other department, and say what became of what was done.
func TestTasksNameTheOtherSide(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	id := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-GA-001"), nil).Cases[0].CaseID
	approver := as(t, base, "shuozhou-gongan-approver")
	approver.get("/inbox").says("对方部门", "朔州市民政局")
	if _, err := rig.RequestCompletion(t.Context(), rig.User("shuozhou-gongan-approver"), desk.Act{CaseID: id, Expected: 1}, sharing.Completion{Gaps: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	g := as(t, base, "shuozhou-minzheng-requester")
	g.get("/inbox").inOrder("补正材料", "朔州市公安局", "未设期限")
	g.get("/").inOrder("要我办的", "补正材料", "朔州市公安局 · 共享申请", "我部门发起的办件")
	approver.get("/inbox?tab=done").inOrder("答复申请", "待补正")
}

// The list of problems at the head of a form names its fields, in their order.
func TestProblemsNameTheirFields(t *testing.T) {
	rig := desktest.New(t)
	g := as(t, serve(t, rig), "shuozhou-minzheng-requester")
	g.fill(g.get("/delegations"), "/delegations", nil).is(422).
		inOrder("请填写“受托同事”。", "请填写“第一天”。", "请填写“最后一天”。", "请写明理由。", "委托同事")
	g.fill(g.get("/matters/new/project"), "/matters/new/project", nil).is(422).
		inOrder("请填写“项目名称”。", "请填写“资金来源”。", "项目名称").lacks("请填写姓名或者名称")
	g.fill(g.get("/matters/new/coordination"), "/matters/new/coordination", nil).is(422).inOrder("请选择提请协调的情形", "请写明理由", "提请协调的情形")
	specialist := as(t, serve(t, rig), "shuozhou-gongan-specialist")
	specialist.get("/registers").is(200).says("还没有登记。")
	specialist.get("/registers?q=x").is(200).says("没有符合条件的登记。")
	page := specialist.get("/registers/new/data_specialist").is(200)
	specialist.fill(page, "/registers/new/data_specialist", nil).is(422).inOrder("变动：请从所列选项中选择。", "请填写“姓名”。", "请填写“职务”。", "变动日期：请填写日期")
}

// Who has no draft is shown what was sent; a draft is known by its resources.
func TestApplicationsBeginWhereThereIsSomething(t *testing.T) {
	rig := desktest.New(t)
	g := as(t, serve(t, rig), "shuozhou-minzheng-requester")
	g.get("/applications").is(200).says("没有草稿")
	rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-GA-001"), nil)
	g.follow(g.get("/applications")).is(200).says("户籍人口基本信息", "1 项资源").lacks("没有草稿")
	g.get("/applications?state=draft").is(200).says("没有草稿")
	entry := rig.Resource("shuozhou", "SZ-RS-002")
	g.follow(g.fill(g.get("/catalog/"+entry.ID), "/apply", nil)).is(200)
	g.get("/applications").is(200).says(entry.Title, "尚未写明用途")
}

// A change of elements is filled in with the entry as it is, and says without script
// what is asked for when.
func TestChangeIsFilledIn(t *testing.T) {
	rig := desktest.New(t)
	entry := rig.Resource("shuozhou", "SZ-GA-001")
	g := as(t, serve(t, rig), "shuozhou-gongan-specialist")
	page := g.get("/matters/new/change").is(200).lacks("填入该条目的现有内容")
	if !strings.Contains(page.body, "仅在选择“撤销条目”") && !strings.Contains(page.body, "仅在选择“变更要素 / ") {
		t.Error("without script nothing says what is asked for when")
	}
	found := g.fill(page, "/matters/new/change", url.Values{"kind": {"elements"}, "resource_id.ask": {"户籍人口基本"}, "row": {"resource_id"}}).is(200).says("填入该条目的现有内容")
	filled := g.fill(found, "/matters/new/change", url.Values{"resource_id": {entry.ID}, "entry.title": {"误填"}, "row": {"resource_id.fill"}}).is(200)
	_, form := filled.form("/matters/new/change")
	if form.Get("entry.title") != entry.Title || form.Get("entry.fields.1.name") != entry.Fields[1].Name || form.Get("kind") != "elements" {
		t.Errorf("the form is filled in with %v", form)
	}
}

// Who doubts a record chooses among the data that the department holds.
func TestDoubtBeginsWithWhatIsHeld(t *testing.T) {
	rig := desktest.New(t)
	play(t, rig, "shuozhou")
	g := as(t, serve(t, rig), "shuozhou-minzheng-requester")
	entry := rig.Resource("shuozhou", "SZ-GA-001")
	page := g.get("/matters/new/dispute").is(200).says(entry.Title+" · 朔州市公安局").lacks("机动车登记信息", entry.Fields[2].Title)
	chosen := g.fill(page, "/matters/new/dispute", url.Values{"resource": {entry.ID}, "row": {"resource.renew"}}).is(200)
	chosen.says(entry.Fields[2].Title)
	as(t, serve(t, rig), "shuozhou-gongan-specialist").get("/catalog/" + entry.ID).is(200).says("本部门提供的数据，无需申请").lacks("您的岗位不能申请")
}

// Running clocks come first, and laws are cited by their titles.
func TestClocksAndCitations(t *testing.T) {
	now := time.Now()
	met := desk.Clock{Deadline: sharing.Deadline{Duty: "met", State: sharing.Met, MetAt: &now}}
	void := desk.Clock{Deadline: sharing.Deadline{Duty: "void", State: sharing.Void}}
	halted := desk.Clock{Deadline: sharing.Deadline{Duty: "halted", State: sharing.Halted}}
	running := desk.Clock{Deadline: sharing.Deadline{Duty: "running", State: sharing.Running}}
	var order []string
	for _, k := range runningFirst([]desk.Clock{met, halted, void, running}) {
		order = append(order, k.Duty)
	}
	if !slices.Equal(order, []string{"halted", "running", "met", "void"}) {
		t.Errorf("clocks stand as %v", order)
	}
	for title, cited := range map[string]string{
		"": "", "中华人民共和国民法典": "《中华人民共和国民法典》", "《民法典》": "《民法典》", "Data Security Law": "Data Security Law",
	} {
		if got := (words{}).Law(title); got != cited {
			t.Errorf("%q is cited as %q", title, got)
		}
	}
}
