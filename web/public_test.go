package web

import (
	"html"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// publicFixtures are the pages of the public, of the registers and of the bulletin.
func publicFixtures() []fixture {
	region := desk.OpenRegion{Region: region, OnRequest: true, Regulation: hostile, English: hostile, Article: "25", Agreement: "27"}
	entry := desk.OpenEntry{ID: "r1", Code: hostile, Region: region.ID, Title: hostile, Description: hostile, Provider: police, Class: sharing.OpenConditionally,
		Cycle: sharing.Daily, Format: hostile, Fields: []desk.OpenField{{Name: "name" + hostile, Title: hostile, Type: hostile}}, UpdatedAt: noon}
	direct := entry
	direct.Class, direct.Fields = sharing.Open, nil
	ticket := desk.OpeningTicket{ID: "q1", Secret: hostile, Contact: hostile, Until: noon, Code: "123456"}
	clock := clockOf(desk.Yellow, number(1))
	view := desk.OpeningView{ID: "c1", Number: "K20261120-1" + hostile, Version: 2, State: sharing.Signing, Open: true, Title: hostile, Provider: police,
		Regulation: law, Article: "27", ReceivedAt: noon, Fields: []desk.OpenField{{Title: hostile}, {Title: hostile}}, Clock: &clock,
		Asked:  sharing.OpeningApplication{Name: hostile, Contact: hostile, Purpose: hostile, Plan: hostile},
		Answer: &sharing.OpeningAnswer{Agree: true, Way: sharing.OpenFile, Locator: hostile, Agreement: hostile}, Files: []desk.Attachment{attachment}, Signed: &noon,
		Steps: []desk.OpeningStep{{Action: sharing.Submit, To: sharing.Screening, At: noon}, {Action: sharing.Withdraw, To: sharing.Withdrawn, At: noon}},
		Can:   []sharing.Action{sharing.SignAgreement, sharing.Withdraw}}
	refused := view
	refused.Answer, refused.Can, refused.Clock = &sharing.OpeningAnswer{Reasons: hostile, Basis: []sharing.Basis{{Law: hostile, Article: hostile}}}, nil, nil
	page := func(v desk.OpeningView, fresh bool) requestPage {
		p := requestPage{OpeningView: v, Secret: hostile, New: fresh, Sign: formFixture(), Withdraw: newForm(2)}
		p.Sign.Prefix, p.Withdraw.Prefix = "-sign", "-withdraw"
		return p
	}
	filed := desk.RegisterView{RegisterEntry: sharing.RegisterEntry{ID: "e1", Register: sharing.DataSpecialists, Department: taxes, Version: 2, Article: "31", Heading: hostile,
		HappenedAt: noon, FiledName: hostile, FiledAt: noon, SupersededAt: &noon}, Regulation: law, After: 3, Due: sharing.DateOf(noon), Late: true, Statutory: true, CanAmend: true}
	before := filed
	before.After, before.Statutory = -2, false
	same := filed
	same.After, same.Late, same.CanAmend = 0, false, false
	kind := desk.RegisterKind{Register: sharing.DataSpecialists, Title: hostile, TitleEN: hostile, Article: "31", First: true}
	facts := []fact{plainFact(hostile, hostile)}
	line := desk.BulletinLine{Department: police, Answered: 3, InTime: 1, Late: 2, Refused: 1, Overdue: 4, Cycled: 9, Fresh: 8, Days: 7}
	return []fixture{
		{"full", "public", openCatalogPage{Query: desk.OpenQuery{Text: hostile, Region: region.ID, Class: sharing.Open}, Regions: []desk.OpenRegion{region}, Classes: []sharing.OpenClass{sharing.Open, sharing.OpenConditionally},
			Found: desk.Page[desk.OpenEntry]{Items: []desk.OpenEntry{entry, direct}, Total: 2}, Names: map[string]sharing.Region{region.ID: region.Region}, More: more{Total: 2, First: "/x", Next: "/y"}}},
		{"empty", "public", openCatalogPage{}},
		{"conditional", "public_entry", openEntryPage{entry, region}}, {"open", "public_entry", openEntryPage{direct, region}}, {"not asked for", "public_entry", openEntryPage{Entry: entry}},
		{"full", "public_ask", askPage{openEntryPage{entry, region}, formFixture(), nil}},
		{"demo", "public_prove", provePage{ticket, formFixture()}}, {"bare", "public_prove", provePage{Form: newForm(0)}},
		{"wrong", "public_follow", followPage{formFixture()}}, {"new", "public_follow", followPage{newForm(0)}},
		{"signing", "public_request", page(view, true)}, {"refused", "public_request", page(refused, false)},
		{"full", "reads", readsPage{Query: desk.ReadQuery{Person: hostile, Subject: hostile}, From: "2026-11-01", Problems: newForm(0), Export: "/audit/reads.csv", Limit: 9, More: more{Total: 2, Next: "/y"},
			Lines: []readLine{
				{Department: hostile, Where: chinese().readWhere(hostile), Way: hostile, Reading: sharing.Reading{At: noon, UserID: hostile, UserName: hostile, DepartmentName: hostile, OnBehalfOf: hostile, OnBehalfOfName: hostile, Via: hostile, Operation: hostile, Request: hostile,
					Kind: sharing.KindResource, SubjectID: hostile, Name: hostile, Grade: 4, Fields: []string{hostile, hostile}, Purpose: hostile, Policy: hostile}},
				{Log: true, Reading: sharing.Reading{At: noon, UserID: "u", Kind: sharing.KindReadLog, Grade: 3}}}}},
		{"empty", "reads", readsPage{Problems: newForm(0)}},
		{"full", "registers", registersPage{Query: desk.RegisterQuery{Text: hostile, Register: sharing.PurchasedData, Department: police.ID}, Kinds: []desk.RegisterKind{kind}, Registers: sharing.Registers,
			Departments: []sharing.Department{police}, MayFile: true, Found: desk.Page[desk.RegisterView]{Items: []desk.RegisterView{filed, before, same}}, From: "2026-11-01", Problems: newForm(0), More: more{Total: 3}}},
		{"empty", "registers", registersPage{Problems: newForm(0)}},
		{"new", "register_form", registerFormPage{Kind: kind, Action: "/registers/new/data_specialist", Form: formFixture()}},
		{"anew", "register_form", registerFormPage{Kind: kind, Entry: &filed, Action: "/registers/entries/e1/amend", Form: newForm(2)}},
		{"versions", "register", entryPage{filed, facts, []entryVersion{{before, facts}}}}, {"one", "register", entryPage{same, nil, nil}},
		{"full", "bulletin", bulletinPage{Bulletin: &desk.Bulletin{At: noon, Departments: []desk.BulletinLine{line, {Department: taxes}}, Total: line}, From: "2026-01-01", Form: newForm(0)}},
		{"wrong", "bulletin", bulletinPage{Form: newForm(0), From: hostile}},
	}
}

// Every register has inputs that stand for its fields, with words.
func TestRegisterInputs(t *testing.T) {
	w := testWords(t, Chinese)
	for _, r := range sharing.Registers {
		if len(registerInputs[r]) == 0 {
			t.Errorf("%s has no inputs", r)
		}
		fits(t, w, registerProcedure, sharing.Action(r), registerInputs[r], reflect.TypeOf(r.Entry()), "")
		if !w.Knows("register." + string(r)) {
			t.Errorf("no text for register.%s", r)
		}
	}
	for _, way := range sharing.OpenWays {
		if !w.Knows("opt.way." + string(way)) {
			t.Errorf("no text for opt.way.%s", way)
		}
	}
	fits(t, w, sharing.OpeningRequest, sharing.Submit, openingInputs, reflect.TypeFor[sharing.OpeningApplication](), "")
}

var demoCode = regexp.MustCompile(`<code>([0-9]{6})</code>`)
var secretShown = regexp.MustCompile(`<code>([A-Za-z0-9_-]{43})</code>`)

// A company asks for data without an account, signs the agreement and has the data;
// what others do to it is seen on its page.
func TestOpeningByForm(t *testing.T) {
	rig, base := start(t)
	citizen := newGuest(t, base)
	entry := rig.Resource("city", "CS-SC-004")
	citizen.get("/").is(200).says("公开数据")
	citizen.get("/open?q=股东").is(200).says(entry.Title).lacks("有条件共享", entry.Condition)
	hidden := rig.Resource("city", "CS-SC-001")
	for _, r := range rig.World.Resources {
		if !r.Public() {
			hidden = r
		}
	}
	citizen.get("/open/" + hidden.ID).is(404)
	page := citizen.get("/open/"+entry.ID).is(200).says("申请开放", "数据利用协议", "第二十七条")
	if strings.Contains(page.body, "第4级") {
		t.Error("the security grade is shown")
	}
	citizen.get("/open/" + rig.Resource("city", "CS-SC-001").ID + "/ask").is(303) // open to all already

	ask := citizen.get("/open/" + entry.ID + "/ask").is(200)
	citizen.fill(ask, "/ask", url.Values{}).is(422).says("请填写电子邮箱或者手机号码", "请填写“姓名", "请写明用途")
	filled := url.Values{"kind": {"company"}, "name": {"晋北数据服务有限公司"}, "contact": {"data@example.com"}, "purpose": {"产业研究"}, "plan": {"仅在本单位使用"}}
	prove := citizen.fill(ask, "/ask", filled).is(200).says("验证码已发送到 data@example.com", "演示")
	code := demoCode.FindStringSubmatch(prove.body)
	if code == nil {
		t.Fatalf("no code on the page of the demo\n%s", prove.text())
	}
	wrong := "000000"
	if code[1] == wrong {
		wrong = "111111"
	}
	prove = citizen.fill(prove, "/verify", url.Values{"code": {wrong}}).is(422).says("还可以试 4 次")
	again := citizen.fill(prove, "/requests/code", url.Values{}).is(200)
	code = demoCode.FindStringSubmatch(again.body)
	request := citizen.fill(again, "/verify", url.Values{"code": {code[1]}}).is(200).says("申请已提交", "保密审查中")
	secret := secretShown.FindStringSubmatch(request.body)
	if secret == nil {
		t.Fatal("the secret is not shown")
	}
	number := regexp.MustCompile(`K[0-9]{8}-[0-9A-Z]{8}`).FindString(request.text())

	citizen.fill(citizen.get("/open/requests").is(200), "/requests", url.Values{"number": {number}, "secret": {"guess"}}).is(404).says("编号或者密钥不对")
	look := func(who *guest) answer {
		return who.fill(who.get("/open/requests/"+number).is(200), "/requests", url.Values{"secret": {secret[1]}}).is(200)
	}
	look(newGuest(t, base)).says("保密审查中").lacks(rig.User(cityDecider).Name)

	decider := as(t, base, cityDecider)
	home := decider.get("/inbox").is(200).says(entry.Title)
	href := regexp.MustCompile(`/cases/[0-9a-f-]{36}`).FindString(home.body)
	matter := decider.get(href).is(200).says("data@example.com", "产业研究", "法人或者其他组织")
	decider.follow(decider.fill(matter, "/screen", url.Values{"agree": {"true"}})).is(200)
	matter = decider.get(href).is(200)
	decider.fill(matter, "/answer_opening", url.Values{"agree": {"true"}, "way": {"link"}, "locator": {"https://open.example/1"}}).is(422).says("请写明数据利用协议")
	decider.follow(decider.fill(matter, "/answer_opening", url.Values{"agree": {"true"}, "way": {"link"}, "locator": {"https://open.example/1"}, "agreement": {"仅用于产业研究"}})).is(200)

	page = look(citizen).says("仅用于产业研究", "签订").lacks("open.example")
	citizen.fill(page, "/sign", url.Values{"name": {"别人"}}).is(422).says("请填写申请时的姓名或者名称")
	citizen.fill(page, "/sign", url.Values{"name": {"晋北数据服务有限公司"}}).is(200).says("已开放", "https://open.example/1")
	if !strings.Contains(html.UnescapeString(look(citizen).body), "open.example") {
		t.Error("the data is not shown")
	}
	// Addresses that only forms lead to are no dead ends.
	for _, path := range []string{"/open/requests/verify", "/open/requests/code", "/open/requests/sign", "/open/requests/withdraw", "/open/requests/files/x"} {
		citizen.follow(citizen.get(path).is(303)).is(200)
	}
}

const cityDecider = "city-shichang-approver"

// Registers are filed, found and filed anew by form; the bulletin is for those who
// watch.
func TestRegistersByForm(t *testing.T) {
	rig, base := start(t)
	now, err := rig.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	today := sharing.DateOf(now).String()
	specialist := as(t, base, "shuozhou-gongan-specialist")
	page := specialist.get("/registers").is(200).says("数据专员信息及变动报送", "还没有登记")
	if !strings.Contains(page.body, "/registers/new/data_specialist") {
		t.Error("no way to the form")
	}
	specialist.get("/registers/new/purchased_data").is(404) // not one of shuozhou's
	form := specialist.get("/registers/new/data_specialist").is(200).says("第三十一条")
	specialist.fill(form, "/data_specialist", url.Values{"name": {"王芳"}}).is(422).says("请从所列选项中选择", "请填写日期")
	filled := url.Values{"change": {"appointed"}, "name": {"王芳"}, "post": {"科长"}, "phone": {"0349-2020000"}, "changed_on": {today}}
	entry := specialist.follow(specialist.fill(form, "/data_specialist", filled)).is(200).says("王芳", "新任", "当日报备", "已报备")
	specialist.get("/registers?q=王芳").is(200).says("王芳")
	specialist.get("/registers?from=x").is(422).says("请填写日期")
	amend := specialist.get(regexp.MustCompile(`/registers/entries/[0-9a-f-]{36}/amend`).FindString(entry.body)).is(200)
	open := specialist.get(amend.path).is(200) // in another window
	filled.Set("name", "王芳芳")
	specialist.follow(specialist.fill(amend, "/amend", filled)).is(200).says("王芳芳", "第 2 版", "第 1 版")
	specialist.fill(amend, "/amend", filled).is(303) // sent twice
	specialist.fill(open, "/amend", filled).is(412).says("内容已被他人更改")
	as(t, base, "shuozhou-authority-officer").get("/registers?department=shuozhou-gongan").is(200).says("王芳芳")
	as(t, base, "shuozhou-renshe-approver").get("/registers").is(200).lacks("王芳")
	as(t, base, "shuozhou-gongan-requester").get("/registers").is(200).lacks("王芳")

	officer := as(t, base, "shuozhou-authority-officer")
	officer.get("/bulletin").is(200).says("工作简报", "平均工作日", "合计")
	officer.get("/bulletin?from=2026-02-01&to=2026-01-01").is(422).says("不能早于起始日")
	officer.get("/bulletin?from=yesterday").is(422)
	specialist.get("/bulletin").is(403)
	// A duty of the year is done by form.
	if _, err := rig.Activities.SweepStanding(t.Context()); err != nil {
		t.Fatal(err)
	}
	href := regexp.MustCompile(`/cases/[0-9a-f-]{36}`).FindString(specialist.get("/inbox").is(200).says("制定年度开放工作计划").body)
	matter := specialist.get(href).is(200).says("年度")
	specialist.fill(matter, "/fulfil", url.Values{}).is(422)
	specialist.follow(specialist.fill(matter, "/fulfil", url.Values{"note": {"已印发"}})).is(200).says("已履行", "已印发")
}

// start serves the pages of a demo of its own.
func start(t *testing.T) (*desktest.Rig, string) {
	t.Helper()
	rig := desktest.New(t)
	return rig, serve(t, rig)
}
