package web

import (
	"fmt"
	"html/template"
	"net/url"
	"testing"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// What every case has beside its steps comes out whole in both languages, with
// everything in it and with nothing.
func TestEveryoneExecutes(t *testing.T) {
	v := testViews(t)
	c := caseIn(sharing.Answering)
	said := sharing.Statement{Kind: sharing.RemarkComment, Text: hostile, ByName: hostile, Department: police, At: noon, Internal: true}
	reply := said
	reply.Kind, reply.Internal, reply.OnBehalfOfName = sharing.ReplyComment, false, hostile
	full := desk.Aside{
		Can: sideForms, MayReply: true, Said: 30, UrgedToday: true, Following: true,
		Comments: []desk.CommentView{{Statement: said}, {Statement: reply, Files: []desk.Attachment{attachment}}},
		Supervisions: []sharing.Supervision{{Department: police, Owes: taxes, Note: hostile, ReplyBy: sharing.NewDate(2026, 11, 24)},
			{Department: police, Owes: taxes, Note: hostile, ReplyBy: sharing.NewDate(2026, 11, 24), RepliedAt: &noon}},
		Links: []sharing.Link{{Case: c, Reason: hostile, ByName: hostile, Department: police, At: noon}},
	}
	for name, aside := range map[string]desk.Aside{"full": full, "empty": {}, "read": {Can: []sharing.Action{sharing.Follow}}} {
		for _, l := range Locales {
			for _, tried := range append([]sharing.Action{""}, sideForms...) {
				part := sidePart{Aside: aside, Case: c, CSRF: "mark", Forms: map[sharing.Action]*form{}, Tried: tried, Older: name == "full"}
				for _, action := range sideForms {
					part.Forms[action] = newForm(0)
					if action == tried {
						part.Forms[action] = formFixture()
					}
					part.Forms[action].Prefix = "-" + string(action)
				}
				html, err := v.part(l, "everyone", part)
				if err != nil {
					t.Fatalf("%s, %s tried, %s: %v", name, tried, l, err)
				}
				page, err := v.execute("matter", frame{Locale: l, User: reader, Signed: true, CSRF: "mark",
					Data: &matterPage{CaseView: desk.CaseView{Case: sharing.Case{Procedure: sharing.StandingDuty, State: sharing.Owed}}, Sections: []template.HTML{html}}})
				if err != nil {
					t.Fatal(err)
				}
				inspect(t, page, l)
			}
		}
	}
}

// Talking about a case, following it, urging and supervising it, and linking
// another to it, by forms alone.
func TestEveryoneByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	one := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-RS-002"), nil).Cases[0].CaseID
	other := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-GA-001"), nil).Cases[0].CaseID
	otherCase, err := rig.Case(t.Context(), rig.User("shuozhou-minzheng-requester"), other)
	if err != nil {
		t.Fatal(err)
	}
	path := "/cases/" + one
	asks := as(t, base, "shuozhou-minzheng-requester")
	owns := as(t, base, "shuozhou-renshe-specialist")
	officer := as(t, base, "shuozhou-authority-officer")

	asks.follow(asks.fill(asks.get(path), "/follow", nil)).says("已关注", "取消关注")
	asks.get("/inbox?tab=following").is(200).says("抄送我的")
	asks.follow(asks.fill(asks.get(path), "/urge", nil)).says("已催办", "本部门今天已催办")
	asks.fill(officer.get(path), "/urge", nil).is(403) // another session's form
	_, fields := asks.get(path).form("/comments")
	asks.post(path+"/urge", url.Values{"csrf": fields["csrf"]}).is(409).says("明天可以再催")

	asks.fill(asks.get(path), "/comments", url.Values{"text": {" "}}).is(422).says("请填写此项")
	asks.follow(asks.fill(asks.get(path), "/comments", url.Values{"text": {"材料何时能到？"}})).says("留言已发布", "材料何时能到？")
	owns.follow(owns.fill(owns.get(path), "/comments", url.Values{"text": {"先问法制科"}, "internal": {"yes"}})).says("先问法制科", "仅本部门可见")
	asks.get(path).says("材料何时能到？").lacks("先问法制科")
	owns.get(path).lacks("/supervise")

	_, fields = asks.get(path).form("/comments")
	asks.sendFile(path+"/comments", url.Values{"csrf": fields["csrf"], "text": {"见附件"}}, "files", "依据.txt", "依据").is(303)
	owns.get(path).says("依据.txt")
	asks.sendFile(path+"/comments", url.Values{"csrf": fields["csrf"], "text": {"见附件"}}, "files", "bad.exe", "MZ").is(422).says("见附件")

	now, err := rig.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	officer.fill(officer.get(path), "/supervise", url.Values{"note": {"请说明"}, "reply_by": {"2020-01-01"}}).is(422).says("不能早于今天", "请说明")
	officer.fill(officer.get(path), "/supervise", url.Values{"note": {"请说明"}, "reply_by": {"明天"}}).is(422)
	officer.follow(officer.fill(officer.get(path), "/supervise", url.Values{"note": {"请说明迟延"}, "reply_by": {(sharing.DateOf(now) + 2).String()}})).says("已督办", "等待回复")
	owns.follow(owns.fill(owns.get(path), "/comments", url.Values{"text": {"后天答复"}})).says("已于", "后天答复")
	officer.get("/messages").says("有新留言")

	asks.fill(asks.get(path), "/link", url.Values{"case": {"G-404"}, "reason": {"同一事项"}}).is(422).says("不存在")
	asks.follow(asks.fill(asks.get(path), "/link", url.Values{"case": {otherCase.Number}, "reason": {"同一事项"}})).says("已关联", otherCase.Number)
	owns.get(path).lacks(otherCase.Number)
	asks.follow(asks.fill(asks.get(path), "/unlink", nil)).says("已取消关联").lacks(otherCase.Number)
	for _, beside := range []string{"comments", "follow", "urge", "link"} {
		asks.follow(asks.get(path + "/" + beside)).is(200)
		as(t, base, "shuozhou-shichang-approver").post(path+"/"+beside, url.Values{}).is(403)
	}
}

func TestDelegationByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	one := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-GA-001"), nil).Cases[0].CaseID
	now, err := rig.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	today := sharing.DateOf(now)
	approver, specialist := as(t, base, "shuozhou-gongan-approver"), as(t, base, "shuozhou-gongan-specialist")
	specialist.get("/cases/" + one).lacks("/answer\"")
	page := approver.get("/delegations").is(200)
	approver.fill(page, "/delegations", url.Values{"from": {"x"}}).is(422).says("日期")
	sound := url.Values{"to": {"shuozhou-gongan-specialist"}, "from": {today.String()}, "until": {(today + 3).String()}, "reason": {"出差"}}
	approver.follow(approver.fill(page, "/delegations", sound)).says("已委托", "正在代办")
	approver.fill(approver.get("/delegations"), "/delegations", sound).is(409).says("同一时间只能委托一人")

	name := rig.User("shuozhou-gongan-approver").Name
	shown := specialist.get("/cases/"+one).says("代"+name+"办理", "答复")
	specialist.follow(specialist.fill(shown, "/answer", url.Values{"decision": {"agree"}})).says(fmt.Sprintf("(代%s)", name))
	specialist.get("/delegations").says("我代" + name + "办理").lacks("/revoke")
	approver.follow(approver.fill(approver.get("/delegations"), "/revoke", nil)).says("委托已撤销", "已由"+name+"撤销")
	specialist.get("/").lacks("代" + name + "办理")
}
