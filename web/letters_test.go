package web

import (
	"html/template"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"gongshu/demo"
	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/letter"
	"gongshu/letter/paper"
	"gongshu/postgres"
	"gongshu/sharing"
)

// letterFixtures are a letter, its list, and the form of its wording.
func letterFixtures() []fixture {
	made := letter.Letter{Kind: letter.Answer, Locale: letter.Chinese, Number: hostile, Issuer: hostile, Addressee: hostile, Title: hostile,
		Body: []string{hostile, "一、" + hostile, "（一）甲"}, Annexes: []string{hostile, hostile}, IssuedOn: sharing.DateOf(noon)}
	english := made
	english.Locale, english.Annexes = letter.English, english.Annexes[:1]
	sheet := func(l letter.Letter) template.HTML {
		html, err := paper.Sheet(l)
		if err != nil {
			panic(err)
		}
		return html
	}
	ref := desk.LetterRef{Name: "answer-1", Kind: letter.Answer, IssuedAt: noon, Issuer: police, To: []sharing.Department{taxes, police}}
	shown := desk.LetterView{LetterRef: ref, Letter: made, CaseID: "c1", CaseNumber: hostile, Wording: 2}
	courtesy := shown
	courtesy.Letter, courtesy.Wording = english, 0
	var refs []desk.LetterRef
	var lines []wordingLine
	for _, k := range letter.Kinds {
		refs = append(refs, desk.LetterRef{Name: string(k) + "-1", Kind: k, IssuedAt: noon, Issuer: police})
		lines = append(lines, wordingLine{k, []desk.WordingView{{Kind: k, Locale: letter.Chinese}, {Kind: k, Locale: letter.English, Own: true, Version: 3,
			Versions: []postgres.KeptWording{{Version: 3, Text: hostile, ByName: hostile, At: noon}}}}})
	}
	all := []fixture{
		{"full", "letters", lettersPart{caseIn(sharing.Refused), append(refs, ref), true}}, {"empty", "letters", lettersPart{Case: caseIn(sharing.Refused)}},
		{"zh", "letter", letterPage{LetterView: shown, Sheet: sheet(made), Other: letter.English, CanPrint: true}},
		{"en", "letter", letterPage{LetterView: courtesy, Sheet: sheet(english), Other: letter.Chinese}},
		{"all", "wordings", lines}, {"none", "wordings", []wordingLine(nil)},
	}
	for _, k := range letter.Kinds {
		f := newForm(2)
		f.Typed.Set("text", hostile)
		f.Message = hostile
		f.add("/text", "wrong at /text")
		all = append(all, fixture{string(k), "wording", wordingPage{WordingView: desk.WordingView{Kind: k, Locale: letter.Chinese, Own: true, Version: 2}, Form: f, Fields: letter.FieldsOf(k),
			Sheets: []template.HTML{sheet(made)}, Max: 10, Older: []wordingVersion{{2, hostile, noon, hostile}, {1, hostile, noon, ""}}}})
	}
	return append(all, fixture{"bare", "wording", wordingPage{WordingView: desk.WordingView{Kind: letter.Answer, Locale: letter.English}, Form: newForm(0)}})
}

// refusedHostile is a case that was refused in words that try to be more than text.
func refusedHostile(t *testing.T, rig *desktest.Rig) string {
	t.Helper()
	id := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-GA-001"), nil).Cases[0].CaseID
	take(t, rig, id, demo.Step{By: "shuozhou-gongan-approver", Action: sharing.Answer, Decision: &sharing.Decision{
		Reasons: hostile + "\n{{.Issuer}}", Basis: []sharing.Basis{{Law: hostile, Article: hostile}}}})
	return id
}

// A letter is found from its case, read, and had in English; others find nothing.
func TestLettersOnPages(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	id := refusedHostile(t, rig)
	asks, owns := as(t, base, "shuozhou-minzheng-requester"), as(t, base, "shuozhou-gongan-approver")
	asks.get("/cases/"+id).is(200).says("文书", "答复函")
	asks.get("/cases/"+id+"/letters").is(200).says("答复函", "朔州市公安局")
	at := "/cases/" + id + "/letters/answer-1"
	shown := asks.get(at).is(200).says("共享申请的答复函", "不同意共享", "{{.Issuer}}", hostile, "英文参考译文")
	if strings.Contains(shown.body, "<script>alert") || strings.Contains(shown.body, "<img src=x") {
		t.Error("what was written is more than text")
	}
	asks.get(at+"?lang=en").is(200).says("We do not agree to share", "中文正式文本")
	owns.get(at).is(200).says("共享申请的答复函")
	for _, user := range []string{"shuozhou-shichang-approver", "city-gongan-approver", "shuozhou-authority-operator", "shuozhou-shenji-auditor"} {
		other := as(t, base, user)
		for _, path := range []string{"/cases/" + id + "/letters", at, at + ".pdf"} {
			other.get(path).is(404)
		}
	}
	for _, path := range []string{"/cases/" + id + "/letters/answer-2", "/cases/" + id + "/letters/answer-2.pdf", "/cases/none/letters", at + ".pdf.pdf"} {
		asks.get(path).is(404)
	}
}

// An operator words a letter: sees it on samples, is told the line of what is wrong,
// keeps it, and goes back.
func TestWordingByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	keeps := as(t, base, "shuozhou-authority-operator")
	keeps.get("/").says("文书措辞")
	keeps.get("/wordings").is(200).says("答复函", "督办单", "系统自带").lacks("本地区第")
	first := keeps.get("/wordings/answer").is(200).says("特此函复", "{{.Reasons}}", "法定依据")
	if n := strings.Count(first.body, `class="letter"`); n != 3 {
		t.Errorf("%d samples are shown", n)
	}
	action, second := "/wordings/answer", keeps.get("/wordings/answer")
	keeps.fill(first, action, url.Values{"do": {"preview"}, "text": {"本市答复函\n{{.Applicant}}：<b>收悉</b>。"}}).is(200).says("本市答复函", "市住房和城乡建设局：<b>收悉</b>。")
	wrong := keeps.fill(first, action, url.Values{"do": {"keep"}, "text": {"标题\n{{.Secret}}<i>"}}).is(422).says("第 2 行：没有 .Secret 这项内容。", "{{.Secret}}<i>")
	if strings.Contains(wrong.body, `class="letter"`) {
		t.Error("samples are shown of what is unsound")
	}
	keeps.fill(first, action, url.Values{"do": {"keep"}, "text": {""}}).is(422)
	keeps.follow(keeps.fill(wrong, action, url.Values{"do": {"keep"}, "text": {"本市答复函\r\n{{.Applicant}}：收悉。"}})).says("措辞已保存", "本地区第 1 版", "恢复系统自带措辞")
	keeps.fill(second, action, url.Values{"do": {"keep"}, "text": {"别的\n正文"}}).is(412).says("别的")
	keeps.get("/wordings").says("本地区第 1 版")

	id := refusedHostile(t, rig)
	as(t, base, "shuozhou-minzheng-requester").get("/cases/"+id+"/letters/answer-1").says("本市答复函", "朔州市民政局：收悉。", "本地区措辞第 1 版")

	now := keeps.get("/wordings/answer")
	_, fields := now.form(action)
	fields.Set("do", "default")
	keeps.follow(keeps.post(action, fields)).says("已恢复系统自带措辞").lacks("恢复系统自带措辞？")
	keeps.get("/wordings/answer?lang=en").is(200).says("Please use the data for the stated purpose")
	keeps.get("/wordings/nothing").is(404)
	for _, user := range []string{"shuozhou-minzheng-requester", "shuozhou-authority-officer", "shuozhou-supervisor-officer"} {
		other := as(t, base, user)
		other.get("/").lacks("文书措辞")
		other.get("/wordings").is(403)
		other.get("/wordings/answer").is(403)
		_, own := other.get("/").form("/signout")
		other.post("/wordings/answer", url.Values{"csrf": own["csrf"], "do": {"keep"}, "text": {"标题\n正文"}}).is(403)
	}
}

// The page prints as the PDF does: the sheet alone, on A4.
func TestALetterIsPrintedFromThePage(t *testing.T) {
	rig := desktest.New(t)
	b := newBrowser(t, serve(t, rig))
	id := refusedHostile(t, rig)
	b.signIn("shuozhou-minzheng-requester")
	b.open("/cases/" + id + "/letters/answer-1")
	b.shoot("letter")
	if !evaluate[bool](b, `!document.querySelector("button[data-print]").hidden`) {
		t.Error("nothing offers to print")
	}
	b.open("/cases/" + id + "/letters/answer-1?lang=en")
	b.shoot("letter-en")
	b.open("/cases/" + id + "/letters/answer-1")
	css := true
	made, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &css})
	if err != nil {
		t.Fatal(err)
	}
	if b.dir != "" {
		if err := os.WriteFile(filepath.Join(b.dir, "letter-page.pdf"), made.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	printed := string(made.Data)
	for _, box := range strings.Split(printed, "/MediaBox [")[1:] {
		if got, _, _ := strings.Cut(box, "]"); got != "0 0 594.95996 841.91998" {
			t.Errorf("a page of %s", got)
		}
	}
	if n := strings.Count(printed, "/MediaBox ["); n < 1 || n > 2 {
		t.Errorf("%d pages", n)
	}
	b.signIn("shuozhou-authority-operator")
	b.open("/wordings")
	b.shoot("wordings")
	b.open("/wordings/answer")
	b.shoot("wording")
}
