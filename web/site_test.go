package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/html"

	"gongshu/demo"
	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies/regulations"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// guest is somebody with a browser that has no script.
type guest struct {
	t    testing.TB
	base string
	http http.Client
}

func newGuest(t testing.TB, base string) *guest {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &guest{t: t, base: base, http: http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a guest signed in as a demo user.
func as(t testing.TB, base, user string) *guest {
	t.Helper()
	g := newGuest(t, base)
	if p := g.post("/signin/demo", url.Values{"user": {user}}); p.status != http.StatusSeeOther {
		t.Fatalf("signing in as %s: %d", user, p.status)
	}
	return g
}

// answer is what came back.
type answer struct {
	t      testing.TB
	path   string
	status int
	header http.Header
	body   string
}

func (g *guest) send(r *http.Request) answer {
	g.t.Helper()
	response, err := g.http.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return answer{g.t, r.URL.RequestURI(), response.StatusCode, response.Header, string(body)}
}

func (g *guest) get(path string) answer {
	g.t.Helper()
	r, err := http.NewRequest(http.MethodGet, g.base+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.send(r)
}

func (g *guest) post(path string, values url.Values) answer {
	g.t.Helper()
	r, err := http.NewRequest(http.MethodPost, g.base+path, strings.NewReader(values.Encode()))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return g.send(r)
}

// follow goes where a form led.
func (g *guest) follow(a answer) answer {
	g.t.Helper()
	if a.status != http.StatusSeeOther {
		g.t.Fatalf("%s: %d and not a redirect\n%s", a.path, a.status, a.text())
	}
	return g.get(a.header.Get("Location"))
}

// form returns the fields of the form on a page whose address ends so, as a
// browser would send them without a button.
func (a answer) form(suffix string) (string, url.Values) {
	a.t.Helper()
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data != "form" || !strings.HasSuffix(attribute(n, "action"), suffix) {
			continue
		}
		values := url.Values{}
		for c := range n.Descendants() {
			name := attribute(c, "name")
			switch {
			case name == "":
			case c.Data == "input":
				kind := attribute(c, "type")
				if kind == "file" || (kind == "checkbox" || kind == "radio") && !has(c, "checked") {
					continue
				}
				values.Add(name, attribute(c, "value"))
			case c.Data == "textarea":
				text := ""
				if c.FirstChild != nil {
					text = c.FirstChild.Data
				}
				values.Add(name, text)
			case c.Data == "select":
				for o := range c.Descendants() {
					if o.Data == "option" && (has(o, "selected") || !values.Has(name)) {
						values.Set(name, attribute(o, "value"))
					}
				}
			}
		}
		return attribute(n, "action"), values
	}
	a.t.Fatalf("%s (%d) has no form to %s\n%s", a.path, a.status, suffix, a.text())
	return "", nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// fill fills in and sends the form of a page.
func (g *guest) fill(page answer, suffix string, with url.Values) answer {
	g.t.Helper()
	path, values := page.form(suffix)
	for name, v := range with {
		values[name] = v
	}
	return g.post(path, values)
}

func mustParse(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var tags = regexp.MustCompile(`(?s)<head>.*</head>|<[^>]*>`)

// text is what a reader sees of the page.
func (a answer) text() string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(a.body, " "))), " ")
}

func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: %d, want %d\n%s", a.path, a.status, status, a.text())
	}
	return a
}

func (a answer) says(texts ...string) answer {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.text(), text) {
			a.t.Errorf("%s does not say %q\n%s", a.path, text, a.text())
		}
	}
	return a
}

func (a answer) lacks(texts ...string) answer {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			a.t.Errorf("%s says %q", a.path, text)
		}
	}
	return a
}

func list(s ...string) []string { return s }

// What each role gets to see of each page, and what it does not.
func TestRolesAndPages(t *testing.T) {
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	base := serve(t, rig)
	inCity := play(t, rig, "city")
	sealed := "/catalog/" + rig.Resource("shuozhou", "SZ-GA-005").ID
	shared := "/catalog/" + rig.Resource("shuozhou", "SZ-RS-002").ID
	overdue, refused := "/cases/"+shown[demo.Overdue][0], "/cases/"+shown[demo.Refused][0]
	const nobody = ""
	for _, row := range []struct {
		user, path string
		status     int
		says       []string
		lacks      []string
	}{
		{nobody, "/", 200, list("以演示用户进入", "朔州市", "登录"), list("/signout", "/inbox")},
		{nobody, "/due", 200, list("期限计算"), list("/signout")},
		{nobody, "/inbox", 303, nil, nil},
		{nobody, "/cases/" + shown[demo.Overdue][0], 303, nil, nil},
		{nobody, "/nosuch", 404, list("没有找到"), nil},
		{"shuozhou-minzheng-requester", "/", 200, list("工作台", "我部门发起的办件", "从目录挑选资源"), list(`href="/board"`, "登记纸质申请")},
		{"shuozhou-minzheng-requester", "/board", 403, list("没有权限"), list("超期 ")},
		{"shuozhou-minzheng-requester", shared, 200, list("加入申请", "养老保险待遇发放信息"), nil},
		{"shuozhou-minzheng-requester", sealed, 404, list("没有找到"), list("封存")},
		{"shuozhou-minzheng-requester", "/catalog?q=封存", 200, list("没有符合条件的资源"), list("未成年人犯罪")},
		{"shuozhou-minzheng-requester", refused, 404, nil, list("市场监督管理局")},
		{"shuozhou-minzheng-approver", "/", 200, list("待办", "殡葬火化信息", "超期"), list(`href="/board"`, `href="/applications"`, "从目录挑选资源")},
		{"shuozhou-minzheng-approver", overdue, 200, list("答复申请", "提交答复", "法定期限", "第十六条", "依据第十六条，拒绝共享"), list("确认撤回", "提交补正")},
		{"shuozhou-minzheng-approver", shared, 200, list("您的岗位不能申请"), list("/apply")},
		{"shuozhou-yibao-requester", overdue, 200, list("撤回申请", "纸质申请"), list("提交答复", "发出补正通知")},
		{"shuozhou-shichang-requester", refused, 200, list("拒绝共享", "第六条", "答复", "超出登记核验所必需"), list("提交答复")},
		{"shuozhou-gongan-approver", sealed, 200, list("未成年人犯罪记录封存信息", "不予共享"), list("/apply")},
		{"shuozhou-authority-officer", "/", 200, list("超期看板", "登记纸质申请"), nil},
		{"shuozhou-authority-officer", "/board", 200, list("件超期", "朔州市民政局", "殡葬火化信息"), nil},
		{"shuozhou-authority-officer", "/board?provider=shuozhou-renshe", 200, list("只看", "养老保险待遇发放信息"), nil},
		{"shuozhou-supervisor-officer", "/board", 200, list("件超期"), nil},
		{"city-authority-officer", "/cases/" + inCity[demo.Refused][0], 200, list("可以依据第二十二条提请", "协调"), nil},
		{"lishui-authority-officer", "/board", 200, nil, list("朔州")},
		{"lishui-authority-officer", overdue, 404, list("没有找到"), list("朔州", "殡葬")},
		{"shuozhou-finance-officer", overdue, 404, nil, list("殡葬")},
		{"shuozhou-minzheng-requester", "/inbox", 200, list("待办", "已办", "我发起的"), nil},
		{"shuozhou-minzheng-requester", "/inbox?tab=mine", 200, list("户籍人口基本信息"), nil},
		{"shuozhou-gongan-approver", "/inbox?tab=done", 200, list("户籍人口基本信息"), nil},
		{"shuozhou-minzheng-requester", "/grants?as=applicant", 200, list("户籍人口基本信息", "有效"), nil},
		{"shuozhou-minzheng-requester", "/cases?as=applicant&state=in_use", 200, list("户籍人口基本信息"), list("养老保险待遇发放信息</td>")},
		{"shuozhou-minzheng-requester", "/applications?state=submitted", 200, list("核对最低生活保障申请家庭成员"), nil},
		{"shuozhou-minzheng-requester", "/cases?cursor=nonsense", 422, nil, nil},
	} {
		t.Run(row.user+row.path, func(t *testing.T) {
			g := newGuest(t, base)
			if row.user != nobody {
				g = as(t, base, row.user)
			}
			a := g.get(row.path).is(row.status)
			a.says(row.says...).lacks(row.lacks...)
			if row.status == 303 && !strings.HasPrefix(a.header.Get("Location"), "/signin?next=") {
				t.Errorf("leads to %s", a.header.Get("Location"))
			}
			if row.status == 200 {
				inspect(t, []byte(a.body), Chinese)
			}
		})
	}
}

// What may not be seen looks byte for byte like what does not exist.
func TestForbiddenIsAbsent(t *testing.T) {
	rig := desktest.New(t)
	shown := play(t, rig, "shuozhou")
	g := as(t, serve(t, rig), "shuozhou-minzheng-requester")
	const absent = "00000000-0000-4000-8000-000000000000"
	for path, id := range map[string]string{"/cases/": shown[demo.Refused][0], "/catalog/": rig.Resource("shuozhou", "SZ-GA-005").ID} {
		hidden, none := g.get(path+id).is(404), g.get(path+absent).is(404)
		if strings.ReplaceAll(hidden.body, id, absent) != none.body {
			t.Errorf("%s: the page tells what may not be seen from what does not exist", path)
		}
	}
	for _, step := range caseSteps {
		_, fields := g.get("/").form("/signout")
		hidden := g.post("/cases/"+shown[demo.Refused][0]+"/"+string(step), url.Values{"csrf": fields["csrf"], "version": {"1"}, "note": {"x"}, "gap": {"x"}, "decision": {"agree"}, "mode": {"file"}, "locator": {"x"}}).is(404)
		none := g.post("/cases/"+absent+"/"+string(step), url.Values{"csrf": fields["csrf"], "version": {"1"}, "note": {"x"}, "gap": {"x"}, "decision": {"agree"}, "mode": {"file"}, "locator": {"x"}}).is(404)
		if strings.ReplaceAll(hidden.body, shown[demo.Refused][0], absent) != none.body {
			t.Errorf("%s tells what may not be seen from what does not exist", step)
		}
	}
}

// A whole application by forms alone, without script: several resources, a file,
// problems at their fields, the preview, and the case it becomes.
func TestApplyWithoutScript(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	g := as(t, base, "shuozhou-minzheng-requester")
	first, second := rig.Resource("shuozhou", "SZ-RS-002"), rig.Resource("shuozhou", "SZ-SC-001")

	page := g.get("/catalog/" + first.ID)
	sent := g.fill(page, "/apply", nil)
	again := g.fill(page, "/apply", nil)
	if sent.header.Get("Location") == "" || sent.header.Get("Location") != again.header.Get("Location") {
		t.Errorf("a double click made two drafts: %s and %s", sent.header.Get("Location"), again.header.Get("Location"))
	}
	g.follow(sent).is(200).says("已加入申请草稿", first.Title)
	g.get("/applications").says("1 项资源")

	// The second resource goes into the same draft.
	id := strings.Split(sent.header.Get("Location"), "/")[2]
	page = g.get("/catalog/" + second.ID + "?draft=" + id)
	draft := g.follow(g.fill(page, "/apply", nil)).says(first.Title, second.Title)

	// No field at all is not the same as all fields; nothing typed is lost.
	wrong := g.fill(draft, "/edit", url.Values{"field." + first.ID: nil, "purpose": {"核对收入"}, "term_months": {"一年"}, "then": {"preview"}}).is(422)
	wrong.says("请至少选择一个数据项", "请填写整数", "核对收入")
	incomplete := g.fill(draft, "/edit", url.Values{"purpose": {"核对收入"}, "then": {"preview"}})
	incomplete = g.follow(incomplete).is(422).says("请写明所依据的法定职责", "请选择共享方式", "核对收入")

	// A file that is not what it says, then one that is.
	whole := url.Values{"field." + first.ID: {"person_name", "id_number"}, "purpose": {"核对收入"}, "duty": {"社会救助审核"}, "mode": {"query_api"}, "term_months": {"12"}, "then": {"preview"}}
	path, values := incomplete.form("/edit")
	for name, v := range whole {
		values[name] = v
	}
	g.sendFile(path, values, "files", "a.exe", "MZ").is(422).says("“a.exe”的类型不能上传", "核对收入")
	preview := g.follow(g.sendFile(path, values, "files", "说明.txt", "附件内容"))
	preview.is(200).says("朔州市人力资源和社会保障局", "提交后即时授权", "24:00", "第十六条", "说明.txt")

	sent = g.fill(preview, "/submit", nil)
	done := g.follow(sent).is(200).says("申请已提交", "使用中", "答复中", "说明.txt")
	if repeated := g.fill(preview, "/submit", nil); repeated.header.Get("Location") != sent.header.Get("Location") {
		t.Errorf("sending twice led to %d %s", repeated.status, repeated.header.Get("Location"))
	}
	if n := strings.Count(done.body, `class="mono" href="/cases/`); n != 2 {
		t.Errorf("it became %d cases", n)
	}
	// It can no longer be written on.
	if a := g.get("/applications/" + id + "/edit"); a.header.Get("Location") != "/applications/"+id {
		t.Errorf("an application that was sent: %d %s", a.status, a.header.Get("Location"))
	}
	g.follow(g.fill(draft, "/edit", url.Values{"purpose": {"改写"}})).says("不能再修改").lacks("改写")

	// The file comes down as a file, for those who may see it.
	link := regexp.MustCompile(`/files/[0-9a-f-]+`).FindString(done.body)
	file := g.get(link).is(200)
	if file.body != "附件内容" || !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") || !strings.Contains(file.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the file comes as %q %v", file.body, file.header)
	}
	as(t, base, "shuozhou-renshe-approver").get(link).is(200)
	as(t, base, "shuozhou-jiaoyu-requester").get(link).is(404)
	as(t, base, "lishui-authority-head").get(link).is(404)
}

// sendFile sends a form with a file.
func (g *guest) sendFile(path string, values url.Values, field, name, content string) answer {
	g.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	fail := func(err error) {
		g.t.Helper()
		if err != nil {
			g.t.Fatal(err)
		}
	}
	for key, all := range values {
		for _, v := range all {
			fail(w.WriteField(key, v))
		}
	}
	part, err := w.CreateFormFile(field, name)
	fail(err)
	_, err = io.WriteString(part, content)
	fail(err)
	fail(w.Close())
	r, err := http.NewRequest(http.MethodPost, g.base+path, &b)
	fail(err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return g.send(r)
}

// Two people write on one draft: the second is told what the first saved, and
// keeps what was typed.
func TestStaleDraft(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	g := as(t, base, "shuozhou-minzheng-requester")
	resource := rig.Resource("shuozhou", "SZ-RS-002")
	mine := g.follow(g.fill(g.get("/catalog/"+resource.ID), "/apply", nil))
	theirs := g.get(mine.path)
	g.follow(g.fill(theirs, "/edit", url.Values{"purpose": {"他人写的用途"}, "then": {"save"}})).is(200)
	stale := g.fill(mine, "/edit", url.Values{"purpose": {"我写的用途"}, "then": {"save"}}).is(412)
	stale.says("他人已保存了不同的内容", "他人写的用途", "我写的用途")
	if _, values := stale.form("/edit"); values.Get("purpose") != "我写的用途" {
		t.Errorf("what was typed became %q", values.Get("purpose"))
	}
	g.follow(g.fill(stale, "/edit", url.Values{"then": {"save"}})).says("我写的用途").lacks("他人写的用途")
}

// A refusal goes through only with reasons and basis, each problem at its field.
func TestRefuseByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	submitted := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-RS-002"), nil)
	g := as(t, base, "shuozhou-renshe-approver")
	page := g.get("/cases/" + submitted.Cases[0].CaseID)
	problem := func(a answer, pointer, text string) {
		t.Helper()
		id := (&form{Prefix: "-answer"}).ID(pointer) + "-wrong"
		if i := strings.Index(a.body, `id="`+id+`"`); i < 0 || !strings.Contains(a.body[i:min(len(a.body), i+300)], text) {
			t.Errorf("no %q at %s\n%s", text, pointer, a.text())
		}
	}
	a := g.fill(page, "/answer", nil).is(422)
	problem(a, "/agree", "请选择同意或者拒绝")
	a = g.fill(page, "/answer", url.Values{"decision": {"refuse"}}).is(422)
	problem(a, "/reasons", "请写明拒绝的理由")
	problem(a, "/basis", "请至少写明一条法律依据")
	a = g.fill(a, "/answer", url.Values{"decision": {"refuse"}, "reasons": {"超出必需"}, "basis.0.law": {"《中华人民共和国个人信息保护法》"}, "row": {"add"}}).is(200)
	if _, values := a.form("/answer"); !values.Has("basis.1.law") || values.Get("reasons") != "超出必需" || values.Get("basis.0.law") == "" {
		t.Errorf("one more row: %v", values)
	}
	a = g.fill(a, "/answer", url.Values{"decision": {"refuse"}}).is(422)
	problem(a, "/basis/0/article", "请写明条款")
	a = g.fill(page, "/answer", url.Values{"decision": {"agree"}, "field": nil}).is(422)
	problem(a, "/fields", "请至少选择一个数据项")
	a = g.fill(page, "/answer", url.Values{"decision": {"agree"}, "term_months": {"99"}}).is(422)
	problem(a, "/term_months", "月数")

	sent := g.fill(page, "/answer", url.Values{"decision": {"refuse"}, "reasons": {"超出必需" + hostile}, "basis.0.law": {"《个人信息保护法》"}, "basis.0.article": {"第六条"}})
	g.follow(sent).is(200).says("已答复：拒绝共享", "超出必需<script>", "第六条").lacks("<script>alert")
	// The same form again does nothing twice; another answer comes too late.
	if twice := g.fill(page, "/answer", url.Values{"decision": {"refuse"}, "reasons": {"超出必需" + hostile}, "basis.0.law": {"《个人信息保护法》"}, "basis.0.article": {"第六条"}}); twice.status != 303 {
		t.Errorf("the same form sent twice: %d", twice.status)
	}
	late := g.fill(page, "/answer", url.Values{"decision": {"agree"}, "conditions": {"另有条件"}, "key": {"another-key-of-this-page"}}).is(409)
	late.says("已经答复", "您打开页面后发生了以下变化", "另有条件")
}

// Completion is asked for and given, and the clock stands still meanwhile.
func TestCompletionByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	submitted := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-RS-002"), nil)
	path := "/cases/" + submitted.Cases[0].CaseID
	g := as(t, base, "shuozhou-renshe-specialist")
	page := g.get(path)
	g.fill(page, "/request_completion", nil).is(422).says("请写明需要补正的内容")
	g.follow(g.fill(page, "/request_completion", url.Values{"gap": {"", "缺少依据", "缺少范围"}})).says("补正通知已发出", "暂停计时", "缺少依据", "缺少范围")
	r := as(t, base, "shuozhou-minzheng-requester")
	page = r.get(path).says("缺少依据")
	r.fill(page, "/complete", nil).is(422).says("请填写“补正说明”")
	r.follow(r.fill(page, "/complete", url.Values{"note": {"已补充"}, "duty": {"《社会救助暂行办法》第五十八条"}})).says("补正已提交", "答复中", "《社会救助暂行办法》第五十八条")
	g.get(path).lacks("/request_completion")
	r.follow(r.fill(r.get(path), "/withdraw", nil)).says("申请已撤回", "已撤回")
}

// A paper application is registered with its day of receipt, from which it counts.
func TestPaperByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	g := as(t, base, "shuozhou-authority-officer")
	resource := rig.Resource("shuozhou", "SZ-RS-002")
	page := g.get("/applications/new?resource="+resource.ID).is(200).says("代为登记纸质申请", resource.Title)
	page = g.follow(g.fill(page, "/new", url.Values{"for": {"shuozhou-minzheng"}, "purpose": {"核对"}, "duty": {"救助"}, "mode": {"query_api"}, "term_months": {"6"}, "then": {"preview"}}))
	page.is(200).says("收到日期", "朔州市民政局")
	if strings.Contains(page.body, "提交申请</button>") {
		t.Error("it can be sent without its day of receipt")
	}
	g.get(page.path + "?received=soon").is(422).says("请填写日期")
	page = g.get(page.path + "?received=2026-09-25").is(200).says("2026年10月9日（周五）24:00")
	g.follow(g.fill(page, "/submit", nil)).is(200).says("2026年9月25日（周五）", "2026年10月9日（周五）24:00", "超期")
	// Others cannot register for another department.
	r := as(t, base, "shuozhou-minzheng-requester")
	page = r.get("/applications/new").lacks("代为登记纸质申请")
	r.fill(page, "/new", url.Values{"for": {"shuozhou-renshe"}, "item": {resource.ID}}).is(403)
}

// Forms from elsewhere, of another session or without one do nothing.
func TestFormsAreGuarded(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	submitted := rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-RS-002"), nil)
	path := "/cases/" + submitted.Cases[0].CaseID
	g := as(t, base, "shuozhou-renshe-approver")
	to, values := g.get(path).form("/answer")
	values.Set("decision", "agree")
	version := func() int {
		view, err := rig.Case(t.Context(), rig.User("shuozhou-renshe-approver"), submitted.Cases[0].CaseID)
		if err != nil {
			t.Fatal(err)
		}
		return view.Version
	}
	foreign := url.Values{}
	for name, v := range values {
		foreign[name] = v
	}
	foreign.Set("csrf", strings.Repeat("0", 32))
	g.post(to, foreign).is(403)
	for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://elsewhere.example"}} {
		r, err := http.NewRequest(http.MethodPost, base+to, strings.NewReader(values.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header[0], header[1])
		g.send(r).is(403)
	}
	g.post(to, url.Values{"csrf": values["csrf"], "decision": {"agree"}}).is(428)
	if version() != 1 {
		t.Fatal("a form that was turned away changed the case")
	}

	// Who was signed out meanwhile signs in again and goes on with what was typed.
	values.Set("conditions", "逐户核对")
	g.http.Jar.SetCookies(mustParse(t, base), []*http.Cookie{{Name: "gongshu_session", Value: "ended", Path: "/"}})
	kept := g.post(to, values).is(401).says("登录已过期")
	resume := g.fill(kept, "/signin/demo", url.Values{"user": {"shuozhou-renshe-approver"}}).is(200).says("继续刚才的操作")
	g.follow(g.fill(resume, "/answer", nil)).says("已同意共享", "逐户核对")
	if version() != 2 {
		t.Error("the kept form was not carried out once")
	}
	for _, step := range caseSteps {
		if a := g.get(path + "/" + string(step)); a.header.Get("Location") != path {
			t.Errorf("%s opened: %d %s", step, a.status, a.header.Get("Location"))
		}
	}
}

// Signing in with a token, and where it leads.
func TestSignIn(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	g := newGuest(t, base)
	page := g.get("/signin?next=/grants")
	g.fill(page, "/signin", url.Values{"token": {"wrong"}}).is(401).says("令牌无效或已过期")
	sent := g.fill(page, "/signin", url.Values{"token": {rig.Token("shuozhou-minzheng-requester")}})
	if sent.header.Get("Location") != "/grants" {
		t.Errorf("leads to %s", sent.header.Get("Location"))
	}
	cookie := sent.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the session's cookie has no %s: %s", want, cookie)
		}
	}
	g.follow(sent).is(200)
	for _, elsewhere := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)"} {
		page := newGuest(t, base).get("/signin?next=" + url.QueryEscape(elsewhere))
		if _, values := page.form("/signin"); values.Get("next") != "/" {
			t.Errorf("%q leads to %q", elsewhere, values.Get("next"))
		}
	}
	g.follow(g.fill(g.get("/"), "/locale", url.Values{"locale": {"en"}})).says("Hello,", "My work")
	g.get("/nosuch").is(404).says("Not found")
	g.follow(g.fill(g.get("/"), "/signout", nil)).says("You are signed out", "Sign in")
	if g.get("/inbox").status != 303 {
		t.Error("still signed in")
	}

	// Outside a demo nobody steps in without a token.
	e := echo.New()
	if err := Mount(e, rig.Desk, Options{Secure: true}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e)
	defer server.Close()
	g = newGuest(t, server.URL)
	g.get("/signin").lacks("演示")
	g.post("/signin/demo", url.Values{"user": {"shuozhou-minzheng-requester"}}).is(403)
	sent = g.post("/signin", url.Values{"token": {rig.Token("shuozhou-minzheng-requester")}}).is(303)
	if cookie := sent.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-") || !strings.Contains(cookie, "Secure") {
		t.Errorf("over HTTPS the session's cookie is %s", cookie)
	}
}

// What nobody foresaw is a page with the request's id and nothing else.
func TestUnforeseen(t *testing.T) {
	rig := desktest.New(t)
	e := echo.New()
	var logged bytes.Buffer
	s, err := mount(e, rig.Desk, Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for path, h := range map[string]handler{
		"/broken": func(*visit) error { return errors.New("secret of the database") },
		"/panic":  func(*visit) error { panic("secret of the code") },
		"/away":   func(*visit) error { return &sharing.Error{Code: sharing.CodeUnavailable, Cause: errors.New("secret")} },
	} {
		e.GET(path, s.serve(h, false))
	}
	server := httptest.NewServer(e)
	defer server.Close()
	g := newGuest(t, server.URL)
	for _, path := range list("/broken", "/panic") {
		a := g.get(path).is(500).says("系统出错", "请求编号").lacks("secret")
		if id := a.header.Get("X-Request-Id"); id == "" || !strings.Contains(a.body, id) || !strings.Contains(logged.String(), id) {
			t.Errorf("%s: the request's id %q is not on the page and in the log", path, id)
		}
	}
	if a := g.get("/away").is(503).lacks("secret"); a.header.Get("Retry-After") == "" {
		t.Error("no word on when to try again")
	}
	if a := g.get("/api/v1/nosuch"); strings.Contains(a.body, "<html") {
		t.Error("the API's addresses are answered with pages")
	}
}

// The first page with all it needs is light, nothing comes from elsewhere, and
// assets are kept for good.
func TestFirstVisit(t *testing.T) {
	rig := desktest.New(t)
	g := newGuest(t, serve(t, rig))
	page := g.get("/")
	total := len(page.body)
	sizes := fmt.Sprintf("page %d", len(page.body))
	for _, m := range regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		a := g.get(m[1]).is(200)
		if !strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s is not kept", m[1])
		}
		if !strings.Contains(sizes, m[1]) {
			total += len(a.body)
			sizes += fmt.Sprintf(", %s %d", m[1], len(a.body))
		}
	}
	t.Logf("%d bytes before compression: %s", total, sizes)
	if total > 300_000 {
		t.Errorf("the first visit takes %d bytes", total)
	}
	csp := page.header.Get("Content-Security-Policy")
	if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("Content-Security-Policy: %s", csp)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store", "X-Frame-Options": "DENY"} {
		if page.header.Get(name) != want {
			t.Errorf("%s: %q", name, page.header.Get(name))
		}
	}
	g.get("/static/nosuch.css").is(404)
	r, err := http.NewRequest(http.MethodGet, g.base+"/favicon.ico", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := g.send(r).is(200); !strings.HasPrefix(a.header.Get("Content-Type"), "image/svg+xml") {
		t.Errorf("the icon is %s", a.header.Get("Content-Type"))
	}
}

// Limits are reckoned for anybody, and wrong input is said at its field.
func TestDue(t *testing.T) {
	rig := desktest.New(t)
	g := newGuest(t, serve(t, rig))
	for _, row := range []struct {
		query  string
		status int
		says   []string
	}{
		{"", 200, list("收到日期")},
		{"received=2026-02-13&days=5", 200, list("2026年2月27日（周五）24:00", "国办发明电〔2025〕7号", "第 5 日", "起算当日")},
		{"received=2025-01-24&days=5", 200, list("2025年2月7日（周五）24:00", "调休上班")},
		{"received=2026-11-20&duty=shuozhou-2021@1+share.answer", 200, list("2026年11月27日（周五）24:00", "第十六条", "5 个工作日")},
		{"received=2020-01-22&duty=shuozhou-2021@1+share.answer", 200, list("2020年2月6日（周四）24:00", "仅供参考")},
		{"received=2027-03-01&days=5", 200, list("暂定", "尚未公布")},
		{"received=yesterday&days=5", 422, list("请填写日期")},
		{"received=2026-02-13&days=0", 422, list("1 至 250")},
		{"received=2026-02-13&days=99999999999999999999", 422, list("请填写整数")},
		{"received=1900-01-01&days=5", 422, list("日历范围")},
		{"received=2026-02-13&duty=nosuch+share.answer", 422, list("请从所列选项中选择")},
		{"received=2026-02-13&days=" + url.QueryEscape(hostile), 422, list("请填写整数")},
	} {
		g.get("/due?" + row.query).is(row.status).says(row.says...).lacks("<script>alert")
	}
}

// Size limits hold before a form is read.
func TestTooLarge(t *testing.T) {
	rig := desktest.New(t)
	g := as(t, serve(t, rig), "shuozhou-minzheng-requester")
	g.post("/applications/new", url.Values{"purpose": {strings.Repeat("长", maxForm)}}).is(413)
	_, values := g.get("/applications/new").form("/new")
	values.Set("purpose", strings.Repeat("长", sharing.MaxText+1))
	g.post("/applications/new", values).is(422).says("不能超过 4000 字")
	values.Set("purpose", "a\x00b")
	g.post("/applications/new", values).is(422).says("不能使用的字符")
	if desk.MaxFile > 64<<20 {
		t.Error("a form with files could hold too much")
	}
}

// Under a regulation with a first check and an extension, the steps are offered to
// whom the regulation names.
func TestCheckAndExtendByForm(t *testing.T) {
	text, err := os.ReadFile("../regulation/testdata/example-2027.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := strings.NewReplacer("region: example\n", "region: shuozhou\n", "from: 2027-01-01", "from: 2026-01-01", "issued: 2026-12-01", "issued: 2025-12-01",
		"from_article:", "replaces: [shuozhou-2021]\nfrom_article:").Replace(string(text))
	law, err := regulation.Load(regulations.Files, fstest.MapFS{"example-2027.yaml": {Data: []byte(file)}})
	if err != nil {
		t.Fatal(err)
	}
	rig := desktest.NewUnder(t, law, workday.ShippedCalendar())
	base := serve(t, rig)
	apply := func() string {
		return "/cases/" + rig.Apply("shuozhou-minzheng-requester", rig.Request("shuozhou", "SZ-RS-002"), nil).Cases[0].CaseID
	}
	path := apply()
	provider := as(t, base, "shuozhou-renshe-approver")
	provider.get(path).says("主管部门审核中").lacks("/answer\"", "/pass\"")
	g := as(t, base, "shuozhou-authority-officer")
	g.get("/inbox").says("审核申请")
	g.follow(g.fill(g.get(path), "/pass", nil)).says("审核已通过", "答复中", "8 个工作日")
	page := g.get(path).says("延长答复期限", "最多延长 5")
	g.fill(page, "/extend", url.Values{"n": {"6"}, "reason": {"数据需要治理"}}).is(422).says("超出允许延长的天数", "数据需要治理")
	g.fill(page, "/extend", url.Values{"n": {"x"}}).is(422).says("请填写整数")
	g.follow(g.fill(page, "/extend", url.Values{"n": {"5"}, "reason": {"数据需要治理"}})).says("期限已延长", "数据需要治理").lacks("/extend\"")

	path = apply()
	page = g.get(path)
	g.fill(page, "/send_back", nil).is(422).says("请填写此项")
	g.follow(g.fill(page, "/send_back", url.Values{"note": {"不在本机关职责之内"}})).says("申请已退回", "已退回", "不在本机关职责之内")
}
