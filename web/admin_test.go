package web

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

// adminFixtures show the pages of administrators with everything and with nothing.
func adminFixtures() []fixture {
	controls := []control{
		{As: asLine, ID: "f-a", Name: "a", Label: hostile, Hint: hostile, Value: hostile, Problems: []string{hostile}, Suggest: []string{hostile}, Max: 9},
		{As: asTicks, ID: "f-b", Name: "b", Label: "b", Choices: []choice{{Value: hostile, Label: hostile, Chosen: true}}},
	}
	laid := func(prefix string) adminForm {
		own := slices.Clone(controls)
		for i := range own {
			own[i].ID += prefix
		}
		return adminForm{newForm(1), own}
	}
	bureau := police
	bureau.Kind = sharing.OrdinaryDepartment
	account := sharing.Account{User: reader, Version: 2, SignedIn: 2, Seen: &noon}
	office := desk.Office{Department: bureau, Version: 1, MergedInto: taxes.ID, MergedName: hostile, People: 1, Entries: 2, Owes: 3}
	rule := policies.Rule{File: "rules.csv", Line: 7, Text: "p, decider, provider, case, *, 1, 4, answer, allow", Comment: hostile, Basis: []string{"house rule"}}
	line := ruleLine{Who: hostile, As: hostile, On: hostile, Of: hostile, May: hostile, Lines: []string{"rules.csv:7"}, Text: rule.Text + hostile, Comment: hostile, Basis: []string{hostile}}
	allows := line
	allows.Allows = true
	on := desk.AskedThing{Thing: sharing.Thing{Kind: sharing.KindCase, Class: sharing.Conditional, Grade: 2}, ID: "c1", Name: hostile, State: sharing.Answering, Provider: hostile, Applicant: hostile}
	hash := strings.Repeat("0", 64)
	vote := policies.Vote{Role: sharing.Approver, Relation: sharing.AsProvider, Allows: true, Rule: rule}
	explained := &explainAnswer{
		PolicyAnswer: desk.PolicyAnswer{User: reader, Roles: reader.Roles, Department: police, Hypothetical: true, On: on, States: []sharing.State{sharing.Agreed}, OutOfState: true,
			Explanation: policies.Explanation{Relations: []sharing.Relation{sharing.AsProvider}, Version: hostile, Hash: hash}},
		Does: hostile, Votes: []voteLine{{sharing.Approver, sharing.AsProvider, line}, {sharing.Approver, sharing.AsPeer, allows}}, Never: []string{hostile},
		Ways: []wayLine{{[]sharing.Role{sharing.Approver}, sharing.AsProvider, []policies.Lack{policies.LacksRole, policies.LacksRelation, policies.HoldsDenied}, line}},
	}
	missing := &explainAnswer{PolicyAnswer: desk.PolicyAnswer{On: on, Explanation: policies.Explanation{Missing: "x"}}}
	revoked := desk.Key{ID: "k1", Name: hostile, Department: police, UserName: hostile, Roles: reader.Roles, Scopes: desk.Scopes, ExpiresAt: noon, RevokedAt: &noon, LastUsedAt: &noon}
	expired, good := revoked, revoked
	expired.ID, expired.RevokedAt, expired.Expired = "k2", nil, true
	good.ConfirmedAt, good.ConfirmedBy = &noon, hostile
	waiting := expired
	waiting.ID, waiting.Expired, waiting.CreatedBy = "k4", false, hostile
	good.ID, good.RevokedAt, good.OldUntil, good.Addresses = "k3", nil, &noon, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	past := func(id int64, region string, current bool, version string) desk.PolicyPast {
		return desk.PolicyPast{PolicyPublication: postgres.PolicyPublication{PolicyRules: postgres.PolicyRules{ID: id, Region: region, Hash: hash, By: "u", At: noon, Note: hostile}, ByName: hostile}, Current: current, Version: version}
	}
	block := []ruleBlock{{Comment: hostile, Basis: []string{hostile}, Lines: []ruleLine{line, allows}}}
	text := field{ID: "f-text", Name: "text", Label: "x", Hint: hostile, Value: hostile, Problems: []string{hostile}, Rows: 3, Max: 9}
	difference := differenceOfRules{Difference: policies.Difference{Kind: sharing.KindResource, Action: sharing.Read, People: []string{"a", "b"}, Things: 3}, Sentence: hostile, Some: []string{hostile}}
	return []fixture{
		{"full", "admin", adminPage{Roles: sharing.Administrations, Torn: true, Parts: []adminPart{{"people", "/admin/people", true}, {"departments", "/admin/departments", false},
			{"regions", "/admin/regions", true}, {"keys", "/admin/keys", true}, {"policy", "/admin/policy", true}, {"who", "/admin/policy/who", true}, {"rules", "/admin/policy/rules", true}, {"change", "/admin/policy/change", true}}}},
		{"empty", "admin", adminPage{}},
		{"full", "admin_people", peoplePage{Query: desk.AccountQuery{Text: hostile, Role: sharing.Auditor, Department: police.ID, Disabled: true}, Found: desk.Page[desk.Account]{Items: []desk.Account{account, {Disabled: true}, {}}},
			More: more{Total: 3, Next: "/x"}, Roles: sharing.Roles, Departments: []desk.Office{office}, MayManage: true}},
		{"empty", "admin_people", peoplePage{}},
		{"new", "admin_person_new", newPersonPage{laid("")}},
		{"full", "admin_person", personPage{Account: account, MayManage: true, MayAppoint: true, Change: laid("c"), Appoint: laid("a"), Disable: laid("d"), Plain: newForm(2), Failed: hostile, Off: true}},
		{"disabled", "admin_person", personPage{Account: sharing.Account{User: sharing.User{ID: "x"}, Disabled: true}, MayManage: true, MayAppoint: true, Self: true, Change: laid("c"), Appoint: laid("a"), Disable: laid("d"), Plain: newForm(2)}},
		{"seen", "admin_person", personPage{Account: account}},
		{"full", "admin_departments", departmentsPage{Offices: []desk.Office{office}, MayManage: true, New: laid("")}},
		{"empty", "admin_departments", departmentsPage{}},
		{"full", "admin_department", departmentPage{Office: office, MayManage: true, Change: laid("")}},
		{"seen", "admin_department", departmentPage{Office: desk.Office{Department: sharing.Department{ID: "d", Kind: sharing.OrdinaryDepartment}}}},
		{"full", "admin_region", regionPage{Region: region, MayManage: true, Change: laid("")}},
		{"seen", "admin_region", regionPage{Region: region}},
		{"full", "admin_keys", keysPage{Keys: []desk.Key{revoked, expired, good, waiting}, MayManage: true, Plain: newForm(0), Failed: hostile}},
		{"empty", "admin_keys", keysPage{}},
		{"new", "admin_key_new", newKeyPage{laid("")}},
		{"full", "keys", ownKeysPage{Waiting: []desk.Key{waiting}, Keys: []desk.Key{revoked, expired, good, waiting}, Plain: newForm(0), Failed: hostile}},
		{"empty", "keys", ownKeysPage{Plain: newForm(0)}},
		{"told", "key_secret", secretPage{hostile}}, {"told before", "key_secret", secretPage{}},
		{"answered", "admin_policy", explainPage{Form: formFixture(), Asked: laid("a").Controls, Whom: laid("w").Controls, Thing: laid("t").Controls, Assumes: true, Answer: explained}},
		{"missing", "admin_policy", explainPage{Form: newForm(0), Answer: missing}},
		{"allowed", "admin_policy", explainPage{Form: newForm(0), Answer: &explainAnswer{PolicyAnswer: desk.PolicyAnswer{On: on, Explanation: policies.Explanation{Allowed: true}}}}},
		{"answered", "admin_policy_who", whoPage{Form: formFixture(), Asked: laid("a").Controls, Thing: laid("t").Controls,
			Answer: &whoAnswer{desk.WhoMay{On: on, States: []sharing.State{sharing.Answering}, People: []policies.Person{{User: reader, Votes: []policies.Vote{vote, vote}}}, Version: hostile, Hash: hash}, hostile, explained.Ways}}},
		{"nobody", "admin_policy_who", whoPage{Form: newForm(0), Answer: &whoAnswer{WhoMay: desk.WhoMay{On: on}}}},
		{"full", "admin_policy_rules", rulesPage{PolicyStanding: desk.PolicyStanding{Version: hostile, Hash: hash, Addition: hostile, AdditionVersion: hostile, Refused: 3,
			History: []desk.PolicyPast{past(2, "shuozhou", true, hostile), past(1, "shuozhou", false, ""), past(3, "", true, "1")}}, Rules: block, Added: block, MayManage: true}},
		{"empty", "admin_policy_rules", rulesPage{}},
		{"rehearsed", "admin_policy_change", changePage{Form: formFixture(), Text: text, From: 2, Example: hostile, Codes: []codeList{{hostile, [][2]string{{hostile, hostile}, {"a", "b"}}}}, Lines: []differenceOfRules{difference},
			Rehearsal: &desk.PolicyRehearsal{Rehearsal: desk.Rehearsal{Version: hostile, Hash: "b", Was: "a", People: 2, Things: 3}, Mark: "m"}}},
		{"unmet", "admin_policy_change", changePage{Form: newForm(0), Text: text, Rehearsal: &desk.PolicyRehearsal{Rehearsal: desk.Rehearsal{Unmet: []string{hostile}}}}},
		{"new", "admin_policy_change", changePage{Form: newForm(0), Text: text}},
	}
}

// Every action on every kind of thing, and every relation and group of roles of the
// shipped rules, has its words.
func TestPolicyHasWords(t *testing.T) {
	w := testWords(t, Chinese)
	for _, kind := range policies.Kinds() {
		if !w.Knows("kind." + string(kind)) {
			t.Errorf("no text for kind %s", kind)
		}
		for _, a := range policies.Actions(kind) {
			if !w.Knows(w.first(actionKeys(kind, a)...)) {
				t.Errorf("no text for %s of a %s", a, kind)
			}
		}
	}
	for _, r := range sharing.Relations {
		if !w.Knows("relation." + string(r)) {
			t.Errorf("no text for relation %s", r)
		}
	}
	for _, b := range policies.Shipped().Blocks("") {
		for _, r := range b.Rules {
			c := columnsOf(r)
			if who := c[0]; !w.Knows("role."+who) && !w.Knows("group."+who) {
				t.Errorf("no text for %s", who)
			}
			if as := c[1]; as != "*" && !w.Knows("relation."+as) {
				t.Errorf("no text for the relation %s", as)
			}
			if on := c[2]; !w.Knows("kind." + on) {
				t.Errorf("no text for the kind %s", on)
			}
			if may := sharing.Action(c[6]); may != "*" && !w.Knows(w.first(actionKeys(sharing.Kind(c[2]), may)...)) {
				t.Errorf("no text for %s of a %s", may, c[2])
			}
		}
	}
}

const (
	systemAdmin   = "shuozhou-authority-operator"
	securityAdmin = "shuozhou-authority-security"
)

// Each administrator finds the pages of their own work, and nobody else any.
func TestAdminPagesAreApart(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	all := []string{"/admin", "/admin/people", "/admin/people/new", "/admin/people/" + systemAdmin, "/admin/departments", "/admin/departments/shuozhou-gongan", "/admin/regions",
		"/admin/keys", "/admin/keys/new", "/admin/policy", "/admin/policy/who", "/admin/policy/rules", "/admin/policy/change"}
	for user, refused := range map[string][]string{
		systemAdmin:                   {"/admin/policy/change"},
		securityAdmin:                 {"/admin/people/new", "/admin/keys/new"},
		"shuozhou-shenji-auditor":     all,
		"shuozhou-authority-head":     all,
		"shuozhou-gongan-requester":   all,
		"shuozhou-supervisor-officer": all,
	} {
		g := as(t, base, user)
		for _, path := range all {
			status := 200
			if slices.Contains(refused, path) {
				status = 403
			}
			g.get(path).is(status)
		}
		if len(refused) == len(all) {
			g.get("/").lacks("系统管理")
		}
	}
	newGuest(t, base).get("/admin").is(303)
	g := as(t, base, systemAdmin)
	g.get("/admin/people/city-gongan-approver").is(404)
	for _, path := range []string{"/admin/people/x/appoint", "/admin/people/x/change", "/admin/people/x/disable", "/admin/people/x/enable", "/admin/people/x/signout", "/keys/x/confirm", "/keys/x/rotate", "/keys/x/revoke", "/admin/keys/x/revoke"} {
		g.get(path).is(303)
	}
}

// A person is added by one administrator, appointed by the other, and disabled with
// their sessions.
func TestPeopleByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	system, security := as(t, base, systemAdmin), as(t, base, securityAdmin)
	page := system.get("/admin/people/new").is(200)
	bad := system.fill(page, "/admin/people/new", url.Values{"id": {"王五"}, "name": {"王五" + hostile}, "department": {""}}).is(422).says("请按要求填写登录名", "请选择部门")
	page = system.follow(system.fill(bad, "/admin/people/new", url.Values{"id": {"wang.wu"}, "name": {"王五" + hostile}, "department": {"shuozhou-gongan"}})).
		is(200).says("已登记", "未授予角色", "王五"+hostile).lacks("任命理由", "<script>alert")
	system.post("/admin/people/wang.wu/appoint", values(t, page, "/admin/people/wang.wu/change", url.Values{"roles": {"approver"}, "reason": {"x"}})).is(403)

	page = security.get("/admin/people/wang.wu").is(200).lacks("停用账号")
	bad = security.fill(page, "/admin/people/wang.wu/appoint", url.Values{"roles": {"authority_head"}, "reason": {"人事任命"}}).is(422).says("只能由相应性质的部门任命", "人事任命")
	page = security.follow(security.fill(bad, "/admin/people/wang.wu/appoint", url.Values{"roles": {"approver"}, "reason": {"人事任命"}})).is(200).says("任命已生效", "审批人")
	security.fill(page, "/admin/people/wang.wu/appoint", url.Values{"roles": {"operator"}, "reason": {""}}).is(422).says("请写明理由")
	if got := rig.User("wang.wu").Roles; !slices.Equal(got, []sharing.Role{sharing.Approver}) {
		t.Errorf("appointed to %v", got)
	}
	security.get("/admin/people/" + securityAdmin).says("不得为自己授予角色")

	const other = "shuozhou-gongan-approver"
	guest := as(t, base, other)
	guest.get("/inbox").is(200)
	page = system.get("/admin/people/" + other).says("1 台设备")
	page = system.fill(page, "/admin/people/"+other+"/disable", nil).is(422).says("请填写“")
	page = system.follow(system.fill(page, "/admin/people/"+other+"/disable", url.Values{"note": {"离岗"}})).says("已停用")
	guest.get("/inbox").is(303)
	system.follow(system.fill(page, "/admin/people/"+other+"/enable", nil)).says("可以重新登录")
	system.get("/admin/people?role=approver&department=shuozhou-gongan").is(200).says(other, "wang.wu").lacks("shuozhou-minzheng-approver")
	last := system.get("/admin/people/" + securityAdmin)
	system.fill(last, "/admin/people/"+securityAdmin+"/disable", url.Values{"note": {"离岗"}}).is(422).says("最后一名安全管理员")
}

// An operator registers a key and never sees its secret; the person for whom it acts
// confirms it and is shown the secret once.
func TestKeysByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	const person = "shuozhou-minzheng-head"
	system, owner := as(t, base, systemAdmin), as(t, base, person)
	owner.get("/keys").is(200).says("没有以您或者本部门名义使用的密钥")
	page := system.get("/admin/keys/new").is(200)
	typed := url.Values{"name": {"低保系统"}, "department": {"shuozhou-minzheng"}, "user": {person}, "roles": {"department_head"}, "scopes": {"read"}, "addresses": {"10.0.0.1/8"}, "days": {"180"}}
	bad := system.fill(page, "/admin/keys/new", typed).is(422).says("格式不对")
	typed.Set("addresses", "127.0.0.1\n10.20.0.0/16")
	list := system.follow(system.fill(bad, "/admin/keys/new", typed)).says("密钥已登记", "低保系统", "10.20.0.0/16", "查询", "待部门确认").lacks("gsk_", "/rotate")
	keys, err := rig.AdministeredKeys(t.Context(), rig.User(systemAdmin))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	at := "/keys/" + keys[0].ID
	as(t, base, securityAdmin).get("/admin/keys").says("低保系统").lacks(at + "/revoke")
	as(t, base, "shuozhou-minzheng-requester").get("/keys").is(200).lacks("低保系统")

	waiting := owner.get("/keys").is(200).says("待确认", "低保系统", "10.20.0.0/16", systemAdmin).lacks(at + "/rotate")
	sent := values(t, waiting, at+"/confirm", nil)
	told := owner.post(at+"/confirm", sent).is(200).says("只显示这一次")
	_, rest, _ := strings.Cut(told.body, `<code class="secret">`)
	secret, _, _ := strings.Cut(rest, "<")
	if _, _, err := rig.AuthenticateKey(t.Context(), "127.0.0.1", secret); err != nil {
		t.Fatalf("the secret shown is none: %v", err)
	}
	owner.post(at+"/confirm", sent).is(200).says("不能再次显示").lacks(secret)
	sent.Set("key", strings.Repeat("k", 20))
	owner.post(at+"/confirm", sent).is(409).says("不能再进行此项操作").lacks(secret)
	mine := owner.get("/keys").says("由 "+person+" 确认").lacks(secret, at+"/confirm")
	owner.fill(mine, at+"/rotate", nil).is(200).says("gsk_")
	system.get("/admin/keys").lacks(secret, "待部门确认")
	system.follow(system.fill(list, "/admin"+at+"/revoke", nil)).says("立即失效", "吊销").lacks(at + "/revoke")
	owner.fill(mine, at+"/rotate", url.Values{"key": {strings.Repeat("r", 20)}}).is(409).says("不能再进行此项操作")
}

// The rules are explained, rehearsed, published and taken back on their pages.
func TestPolicyByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	security := as(t, base, securityAdmin)
	security.get("/admin/policy?user=shuozhou-gongan-requester&on=SZ-MZ-002&action=apply").is(200).says("允许", "申请", "rules.csv:", "朔州").lacks(rig.Resource("shuozhou", "SZ-MZ-002").Title)
	security.get("/admin/policy?roles=approver&department=shuozhou-gongan&kind=case&class=conditional&grade=2&provider=shuozhou-minzheng&applicant=shuozhou-gongan&action=answer").
		is(200).says("不允许", "任何规则都不能允许", "还需什么", "部门的位置")
	security.get("/admin/policy?user=nobody&on=nothing&action=apply").is(422).says("不存在")
	security.get("/admin/policy/who?on=SZ-MZ-002&action=apply").is(200).says("shuozhou-gongan-requester").lacks("shuozhou-minzheng-requester")
	security.get("/admin/policy/rules").is(200).says("随程序发布", policies.Shipped().Hash(), "审批人、部门负责人").lacks("A department keeps its own catalog")
	security.get("/admin/policy/who?on=SZ-MZ-002&action=read").is(200).says("《朔州市政务数据资源共享和开放管理办法（试行）》第十四条、第十六条").lacks("Departments look in")
	const example = "\n# basis: shuozhou-2021 art. 1; house rule\np, reader, peer, resource, conditional, 3, 3, read, deny\n"
	security.fill(security.get("/admin/policy/change").is(200).says(strings.Join(strings.Fields(example), " ")), "/admin/policy/change", url.Values{"text": {"# version: shuozhou-1\n#" + example}, "do": {"rehearse"}}).
		is(200).says("将看不到", "涉及人员", "发布后校验码")

	const rules = "# version: sz-1\n\n# basis: house rule\np, requester, peer, resource, conditional, 1, 3, read, deny\np, requester, peer, resource, conditional, 1, 3, apply, deny"
	page := security.get("/admin/policy/change").is(200)
	const form = "/admin/policy/change"
	bad := security.fill(page, form, url.Values{"text": {"# version: sz-1\n\n# basis: house rule\np, wizard, peer" + hostile}, "do": {"rehearse"}}).is(422).says("规则文本第 4", "wizard, peer"+hostile)
	unheard := security.fill(bad, form, url.Values{"text": {rules}, "reason": {"收紧"}, "do": {"publish"}}).is(422).says("请先演练")
	rehearsed := security.fill(unheard, form, url.Values{"text": {rules}, "do": {"rehearse"}}).is(200).says("将看不到", "项目录", "发布后校验码")
	security.fill(rehearsed, form, url.Values{"text": {rules + " "}, "reason": {"收紧"}, "do": {"publish"}}).is(412).says("按新的演练结果")
	security.fill(rehearsed, form, url.Values{"text": {rules}, "reason": {""}, "do": {"publish"}}).is(422).says("请写明理由", "sz-1")
	shown := security.follow(security.fill(rehearsed, form, url.Values{"text": {rules}, "reason": {"收紧" + hostile}, "do": {"publish"}})).is(200).says("已发布（第 1 号）", "sz-1", "收紧"+hostile)
	as(t, base, "shuozhou-gongan-requester").get("/catalog/" + rig.Resource("shuozhou", "SZ-MZ-002").ID).is(404)
	if !strings.Contains(shown.body, "本地区补充的规则") {
		t.Error("the addition is not shown")
	}

	back := security.fill(security.get(form), form, url.Values{"text": {""}, "do": {"rehearse"}}).is(200).says("将能看到", "收回补充")
	security.follow(security.fill(back, form, url.Values{"text": {""}, "reason": {"恢复"}, "do": {"publish"}})).is(200).says("恢复此版")
	as(t, base, "shuozhou-gongan-requester").get("/catalog/" + rig.Resource("shuozhou", "SZ-MZ-002").ID).is(200)
	security.get(form+"?to=1").is(200).says("第 1 号", "p, requester, peer")
	security.get(form + "?to=9").is(404)
	as(t, base, systemAdmin).get("/admin/policy/rules").is(200).lacks("恢复此版", `href="/admin/policy/change"`)
}

// values are the fields of a form of a page with others typed in.
func values(t *testing.T, page answer, suffix string, with url.Values) url.Values {
	t.Helper()
	_, fields := page.form(suffix)
	for name, v := range with {
		fields[name] = v
	}
	return fields
}
