package desk_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/letter"
	"gongshu/sharing"
)

const operator = "shuozhou-authority-operator"

// names are the letters of a case that a user sees; what the code is when the case
// may not be seen.
func names(t testing.TB, r *desktest.Rig, user, caseID string) string {
	t.Helper()
	_, letters, err := r.Letters(t.Context(), r.User(user), caseID)
	if err != nil {
		return string(sharing.CodeOf(err))
	}
	var all []string
	for _, l := range letters {
		all = append(all, l.Name)
	}
	return strings.Join(all, " ")
}

// letterOf is a letter's text.
func letterOf(t testing.TB, r *desktest.Rig, user, caseID, name string, l letter.Locale) string {
	t.Helper()
	view, err := r.Letter(t.Context(), r.User(user), caseID, name, l)
	require.NoError(t, err)
	return view.Text()
}

func says(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		require.Contains(t, text, part)
	}
	for _, left := range []string{"{{", "<no value>", "。。", "（）", "《》"} {
		require.NotContains(t, text, left)
	}
}

// A refusal's letter carries the reasons, the basis with its proof, and the way to
// the authority; a request to complete names every gap.
func TestTheAnswerIsALetter(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	require.Empty(t, names(t, r, requester, c.ID))
	_, err := r.RequestCompletion(ctx, r.User(approver), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Completion{Gaps: []string{"未附职责依据", "未说明使用岗位"}})
	require.NoError(t, err)
	_, err = r.Complete(ctx, r.User(requester), desk.Act{CaseID: c.ID, Expected: 2}, sharing.Completed{Note: "已补充", Purpose: "核对低保申请人资格。"})
	require.NoError(t, err)
	proof, err := r.Upload(ctx, r.User(approver), "", "依据.txt", "text/plain", strings.NewReader("第十三条"))
	require.NoError(t, err)
	_, err = r.Answer(ctx, r.User(approver), desk.Act{CaseID: c.ID, Expected: 3}, sharing.Decision{
		Reasons: "涉及个人隐私\n且与用途无关", Basis: []sharing.Basis{{Law: "个人信息保护法", Article: "13", Attachment: proof.ID}}})
	require.NoError(t, err)

	// It says what was so on its day, though nobody has read it yet.
	alter(t, r, `UPDATE departments SET name = '改过的名称' WHERE id = $1`, c.Provider.ID)
	require.Equal(t, "completion-1 answer-1", names(t, r, requester, c.ID))
	says(t, letterOf(t, r, requester, c.ID, "completion-1", letter.Chinese), "关于补正", "朔州市民政局：", "\n1.未附职责依据\n2.未说明使用岗位\n")
	zh := letterOf(t, r, requester, c.ID, "answer-1", letter.Chinese)
	says(t, zh, c.Number, "申请用途为：核对低保申请人资格。依据《朔州市政务数据资源共享和开放管理办法（试行）》（朔数政办发〔2021〕2号）第十六条",
		"不同意共享。理由如下：\n涉及个人隐私。\n且与用途无关。\n法定依据：《个人信息保护法》第十三条。\n", "附件：依据.txt", "朔州市公安局\n")
	says(t, letterOf(t, r, requester, c.ID, "answer-1", letter.English), "We do not agree", "art. 13")

	// It stays what it is: other names, other words.
	alter(t, r, `UPDATE departments SET name = '已更名' WHERE id = $1`, c.Provider.ID)
	alter(t, r, `UPDATE decisions SET decision = jsonb_set(decision, '{reasons}', '"另有理由"') WHERE case_id = $1`, c.ID)
	require.Equal(t, zh, letterOf(t, r, approver, c.ID, "answer-1", letter.Chinese))
	_, err = r.SaveWording(ctx, r.User(operator), "", 0, letter.Answer, letter.Chinese, "另一标题\n另一正文")
	require.NoError(t, err)
	require.Equal(t, zh, letterOf(t, r, approver, c.ID, "answer-1", letter.Chinese))
	_, err = r.Owner.VerifyTrail(ctx)
	require.NoError(t, err)
}

// An agreement says what is shared, how and until when.
func TestAnAgreementIsALetter(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	_, err := r.Answer(ctx, r.User(approver), desk.Act{CaseID: c.ID, Expected: 1},
		sharing.Decision{Agree: true, Fields: c.Fields[:1], TermMonths: 6, Conditions: "仅用于救助审核", Desensitise: true})
	require.NoError(t, err)
	text := letterOf(t, r, requester, c.ID, "answer-1", letter.Chinese)
	title := r.Resource("shuozhou", conditional).Fields[0].Title
	says(t, text, "同意共享以下信息项："+title+"。其余信息项不予共享", "使用期限为6个月", "脱敏", "仅用于救助审核。", "数据最迟于")
	_, err = r.Letter(ctx, r.User(requester), c.ID, "answer-2", letter.Chinese)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.Letter(ctx, r.User(requester), c.ID, "answer-1", "fr")
	require.Equal(t, sharing.CodeInvalid, code(t, err))
}

// Who may see which letter: those who may read the case, and of the slips between
// offices the two of them, the authority and those above.
func TestWhoSeesWhichLetter(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	_, err := r.Urge(ctx, r.User(requester), "", c.ID)
	require.NoError(t, err)
	_, err = r.Urge(ctx, r.User(officer), "", c.ID)
	require.NoError(t, err)
	_, err = r.Supervise(ctx, r.User(officer), "", c.ID, sharing.NewSupervision{Note: "请说明未答复的原因", ReplyBy: sharing.DateOf(c.CreatedAt) + 3})
	require.NoError(t, err)
	_, err = r.RequestCompletion(ctx, r.User(approver), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Completion{Gaps: []string{"未附职责依据"}})
	require.NoError(t, err)
	all := "urging-1 urging-2 supervision-1 completion-1"
	want := map[string]string{
		requester: "urging-1 completion-1", approver: all, specialist: all, officer: all, supervisor: all,
	}
	for _, user := range outsiders {
		want[user] = string(sharing.CodeNotFound)
	}
	for user, sees := range want {
		require.Equal(t, sees, names(t, r, user, c.ID), user)
		for _, name := range strings.Fields(all) {
			for _, print := range []bool{false, true} {
				if print && name != "urging-2" {
					continue // the same door
				}
				_, err := r.Letter(ctx, r.User(user), c.ID, name, letter.Chinese)
				if print {
					if strings.Contains(" "+sees+" ", " "+name+" ") {
						continue // it takes a browser
					}
					_, _, err = r.PrintedLetter(ctx, r.User(user), c.ID, name, letter.Chinese)
				}
				if strings.Contains(" "+sees+" ", " "+name+" ") {
					require.NoError(t, err, "%s by %s", name, user)
				} else {
					require.Equal(t, sharing.CodeNotFound, code(t, err), "%s by %s", name, user)
				}
			}
		}
	}
	says(t, letterOf(t, r, approver, c.ID, "urging-1", letter.Chinese), "催办单", "朔州市公安局：", "朔州市民政局\n", "办理期限至", "第十六条")
	says(t, letterOf(t, r, approver, c.ID, "supervision-1", letter.Chinese), "督办意见：请说明未答复的原因。\n", "并最迟于")
	require.NotContains(t, letterOf(t, r, approver, c.ID, "urging-2", letter.Chinese), "超期")
}

// The letters of the other procedures.
func TestLettersOfOtherProcedures(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()

	id := orders(t, r, center("shuozhou"), finding("shuozhou-gongan", "quality"), sharing.Notified)
	require.Equal(t, "rectification-1", names(t, r, owing, id))
	says(t, letterOf(t, r, owing, id, "rectification-1", letter.Chinese), "整改通知", "抽查发现数据与本部门掌握的不一致", "第三十三条", "请你单位最迟于", "朔州市公安局：")
	passes(t, r, id)
	goes(t, r, center("shuozhou"), id, sharing.Escalate, sharing.Escalation{Reasons: "逾期未整改"}, sharing.Reported)
	goes(t, r, superior("shuozhou"), id, sharing.Escalate, sharing.Escalation{Reasons: "限期整改", Term: sharing.Term{Days: 5}}, sharing.Ordered)
	says(t, letterOf(t, r, owing, id, "order-1", letter.Chinese), "责令你单位最迟于")

	project := register(t, r, "yanzhou", project(""))
	goes(t, r, center("yanzhou"), project, sharing.Initiate, sharing.Ruling{Agree: true}, sharing.Building)
	goes(t, r, minzheng("yanzhou"), project, sharing.AskAcceptance, sharing.AcceptanceRequest{}, sharing.Accepting)
	goes(t, r, center("yanzhou"), project, sharing.Accept, sharing.Acceptance{Checks: stated(false), Reasons: "数据质量不符合要求", Attachments: []string{file(t, r, center("yanzhou"))}}, sharing.Rectifying)
	require.Equal(t, "non_acceptance-1 funds-1", names(t, r, center("yanzhou"), project))
	require.Equal(t, "non_acceptance-1", names(t, r, minzheng("yanzhou"), project))
	require.Equal(t, "non_acceptance-1 funds-1", names(t, r, treasury("yanzhou"), project))
	says(t, letterOf(t, r, minzheng("yanzhou"), project, "non_acceptance-1", letter.Chinese), "不予验收", "“救助对象”：编入目录（尚未编目）", "暂停拨付后续建设资金")
	says(t, letterOf(t, r, treasury("yanzhou"), project, "funds-1", letter.Chinese), "未通过验收", "暂停拨付后续建设资金", "第三十六条")

	refused, who := refusal(t, r, "city")
	out := coordinate(t, r, who, sharing.CoordinationRequest{Occasion: sharing.OnRefusal, Parent: refused.ID, Grounds: "履职必需"})
	_, err := rule(t, r, "city", out.CaseID, 1, sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "理由充分"})
	require.NoError(t, err)
	says(t, letterOf(t, r, who.ID, out.CaseID, "ruling-1", letter.Chinese), "维持原答复。\n理由如下：\n理由充分", "、")
	says(t, letterOf(t, r, who.ID, refused.ID, "answer-1", letter.Chinese), "提请", "附件：依据.txt")

	resource, user := anyOf(t, r, "shuozhou", sharing.Conditional)
	hold(t, r, user, resource)
	dispute := report(t, r, user, doubt(resource, "1401"))
	_, err = r.Step(ctx, with(t, r, resource.Provider.ID, sharing.DataSpecialist), desk.Act{CaseID: dispute.CaseID, Expected: 1}, sharing.Verify, raw(t, corrected(r)))
	require.NoError(t, err)
	says(t, letterOf(t, r, user.ID, dispute.CaseID, "verification-1", letter.Chinese), "数据确有错误", "原有错误：姓名录错一字", "更正情况：姓名已按户口簿改正")

	_, asked := asks(t, r, "shuozhou", onRequest)
	_, err = take(t, r, openDecider, desk.Act{CaseID: asked.ID, Expected: 1}, sharing.Screen, sharing.Ruling{Agree: true})
	require.NoError(t, err)
	_, err = take(t, r, openDecider, desk.Act{CaseID: asked.ID, Expected: 2}, sharing.AnswerOpening, sharing.OpeningAnswer{Agree: true, Way: sharing.OpenLink, Locator: "https://data.example/x"})
	require.NoError(t, err)
	says(t, letterOf(t, r, openDecider, asked.ID, "opening-1", letter.Chinese), citySigned+"：", "同意开放所申请的数据")
	for _, l := range letter.Locales {
		for _, id := range []string{id, project, out.CaseID, dispute.CaseID, asked.ID} {
			_, letters, err := r.Letters(ctx, r.User(center("shuozhou")), id)
			if sharing.CodeOf(err) == sharing.CodeNotFound {
				continue // of another region
			}
			require.NoError(t, err)
			for _, ref := range letters {
				says(t, letterOf(t, r, center("shuozhou"), id, ref.Name, l))
			}
		}
	}
}

// A region's own wording: tried before it is kept, in force for what is issued from
// then on, proved by the trail, and taken back.
func TestWordingsOfARegion(t *testing.T) {
	r, c := filed(t)
	ctx := t.Context()
	who := r.User(operator)
	for _, user := range []string{requester, approver, officer, supervisor, "shuozhou-shenji-auditor"} {
		other := r.User(user)
		require.False(t, r.MayKeepWordings(other), user)
		_, err := r.Wordings(ctx, other)
		require.Equal(t, sharing.CodeForbidden, code(t, err), user)
		_, err = r.Wording(ctx, other, letter.Completion, letter.Chinese)
		require.Equal(t, sharing.CodeForbidden, code(t, err), user)
		_, err = r.PreviewWording(other, letter.Completion, letter.Chinese, "标题\n正文")
		require.Equal(t, sharing.CodeForbidden, code(t, err), user)
		for _, text := range []string{"标题\n正文", ""} {
			_, err = r.SaveWording(ctx, other, "", 0, letter.Completion, letter.Chinese, text)
			require.Equal(t, sharing.CodeForbidden, code(t, err), user)
		}
	}
	all, err := r.Wordings(ctx, who)
	require.NoError(t, err)
	require.Len(t, all, len(letter.Kinds)*len(letter.Locales))
	require.False(t, all[0].Own)

	_, err = r.SaveWording(ctx, who, "", 0, letter.Completion, letter.Chinese, "标题\n{{.Secret}}")
	var wrong *letter.WordingError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, 2, wrong.Line)
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	_, err = r.SaveWording(ctx, who, "", 0, letter.Completion, letter.Chinese, "")
	require.Equal(t, sharing.CodeWrongState, code(t, err), "it is the program's own")
	_, err = r.SaveWording(ctx, who, "", 0, "anything", letter.Chinese, "标题\n正文")
	require.Equal(t, sharing.CodeNotFound, code(t, err))

	kept, err := r.SaveWording(ctx, who, "k", 0, letter.Completion, letter.Chinese, "本市补正通知\n缺：{{list .Gaps}}")
	require.NoError(t, err)
	require.True(t, kept.Own)
	again, err := r.SaveWording(ctx, who, "k", 0, letter.Completion, letter.Chinese, "本市补正通知\n缺：{{list .Gaps}}")
	require.NoError(t, err)
	require.Equal(t, 1, again.Version, "sent twice, kept once")
	_, err = r.SaveWording(ctx, who, "", 0, letter.Completion, letter.Chinese, "别的\n正文")
	require.Equal(t, sharing.CodeStale, code(t, err))

	_, err = r.RequestCompletion(ctx, r.User(approver), desk.Act{CaseID: c.ID, Expected: 1}, sharing.Completion{Gaps: []string{"甲", "乙"}})
	require.NoError(t, err)
	dropped, err := r.SaveWording(ctx, who, "", 1, letter.Completion, letter.Chinese, "")
	require.NoError(t, err)
	require.False(t, dropped.Own)
	require.Equal(t, 2, dropped.Version)
	require.Len(t, dropped.Versions, 2)
	// Read only now, and still in the wording that held when it was issued.
	view, err := r.Letter(ctx, r.User(requester), c.ID, "completion-1", letter.Chinese)
	require.NoError(t, err)
	require.Equal(t, "本市补正通知", view.Title)
	require.Equal(t, []string{"缺：甲、乙"}, view.Body)
	require.Equal(t, 1, view.Wording)

	// Another region has its own.
	elsewhere, err := r.Wording(ctx, r.User("city-xinxi-operator"), letter.Completion, letter.Chinese)
	require.NoError(t, err)
	require.Zero(t, elsewhere.Version)

	trail, err := r.Store.Timeline(ctx, "wording/shuozhou/completion/zh")
	require.NoError(t, err)
	require.Equal(t, []sharing.Action{desk.KeepWording, desk.DropWording}, []sharing.Action{trail[0].Action, trail[1].Action})
	require.Len(t, trail[0].Data["sha256"], 64)
	_, err = r.Owner.VerifyTrail(ctx)
	require.NoError(t, err)

	// What is kept cannot be changed by the application.
	for _, sql := range []string{`UPDATE wordings SET text = 'x'`, `DELETE FROM wordings`, `UPDATE letters SET content = '{}'`, `DELETE FROM letters`} {
		require.Error(t, asApplication(t, r, sql), sql)
	}
}

// asApplication runs a statement with the rights of the application.
func asApplication(t *testing.T, r *desktest.Rig, sql string) error {
	t.Helper()
	conn := asOwner(t, r)
	_, err := conn.Exec(context.Background(), fmt.Sprintf(`SET ROLE gongshu_app; %s`, sql))
	return err
}

// A slip that goes out late says how late the matter is on its own day, not on the day
// on which it should have gone out.
func TestALateSlipCountsTheDayItIsWritten(t *testing.T) {
	r := desktest.New(t)
	draft := r.Request("shuozhou", conditional)
	draft.For = "shuozhou-minzheng"
	received := sharing.NewDate(2026, 9, 29)
	id := r.Apply(officer, draft, &received).Cases[0].CaseID
	r.Advance(id)
	now, err := r.Now(t.Context())
	require.NoError(t, err)
	days, err := r.CalendarOf("shuozhou").Between(sharing.NewDate(2026, 10, 12), sharing.DateOf(now))
	require.NoError(t, err)
	require.Greater(t, days, 5)
	says(t, letterOf(t, r, officer, id, "urging-1", letter.Chinese), fmt.Sprintf("办理期限至2026年10月12日，现已超期%d个工作日", days))
}

// Where data was described in words nobody had answered before: a request that is not
// granted leaves no answer standing.
func TestARequestInWordsIsNotGranted(t *testing.T) {
	r := desktest.New(t)
	who := r.User(requester)
	id := coordinate(t, r, who, unlisted).CaseID
	_, err := rule(t, r, "shuozhou", id, 1, sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "没有此项数据"})
	require.NoError(t, err)
	text := letterOf(t, r, who.ID, id, "ruling-1", letter.Chinese)
	says(t, text, "对朔州市民政局的请求不予支持。\n理由如下：\n没有此项数据。\n")
	require.NotContains(t, text, "维持原答复")
}
