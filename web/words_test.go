package web

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"text/template/parse"
	"time"

	"gongshu/desk"
	"gongshu/sharing"
)

func testWords(t *testing.T, l Locale) words {
	t.Helper()
	return testViews(t).words[l]
}

// The catalogs have the same keys and arguments; what differs is found.
func TestDictionariesAreEqual(t *testing.T) {
	all, err := loadDictionaries()
	if err != nil {
		t.Fatal(err)
	}
	if len(all[Chinese]) < 400 {
		t.Errorf("only %d texts", len(all[Chinese]))
	}
	for name, broken := range map[string][2]dictionary{
		"missing in English": {{"a": "甲"}, {}},
		"missing in Chinese": {{}, {"a": "A"}},
		"empty":              {{"a": "甲"}, {"a": ""}},
		"arguments differ":   {{"a": "甲 {0}"}, {"a": "A"}},
	} {
		if err := compareDictionaries(broken[0], broken[1]); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A language is read from its files together, and no key stands in two of them.
func TestDictionaryOfSeveralFiles(t *testing.T) {
	files := fstest.MapFS{"zh.json": {Data: []byte(`{"a":"甲"}`)}, "zh/dispute.json": {Data: []byte(`{"b":"乙"}`)}}
	if d, err := loadDictionary(files, "zh"); err != nil || !maps.Equal(d, dictionary{"a": "甲", "b": "乙"}) {
		t.Errorf("read %v, %v", d, err)
	}
	files["zh/change.json"] = &fstest.MapFile{Data: []byte(`{"a":"丙"}`)}
	if _, err := loadDictionary(files, "zh"); err == nil || !strings.Contains(err.Error(), "a stands in another file") {
		t.Errorf("a key twice: %v", err)
	}
	files["zh/change.json"] = &fstest.MapFile{Data: []byte(`{`)}
	if _, err := loadDictionary(files, "zh"); err == nil || !strings.Contains(err.Error(), "zh/change.json") {
		t.Errorf("a broken file: %v", err)
	}
}

// What a procedure says for itself goes before what all say.
func TestOf(t *testing.T) {
	w := words{own: dictionary{"did.submit": "提交", "did.dispute.submit": "提出疑义"}, lost: func(string) {}}
	for p, want := range map[sharing.Procedure]string{sharing.CorrectionDispute: "提出疑义", sharing.ShareApplication: "提交"} {
		if got := w.Of("did", p, sharing.Submit); got != want {
			t.Errorf("%s: got %q", p, got)
		}
	}
	if got := w.Of("did", sharing.ShareApplication, sharing.Pass); got != "—" {
		t.Errorf("without a text: %q", got)
	}
}

// Chinese stays out of the English catalog but for the name of the language and
// the names of buttons in it, and a text has both forms of number or neither.
func TestDictionariesAreComplete(t *testing.T) {
	all, err := loadDictionaries()
	if err != nil {
		t.Fatal(err)
	}
	for key, text := range all[English] {
		if key != "locale.switch" && regexp.MustCompile(`\p{Han}`).MatchString(text) {
			t.Errorf("%s is not English: %s", key, text)
		}
		for a, b := range map[string]string{".one": ".other", ".other": ".one"} {
			if strings.HasPrefix(key, "opt.") {
				continue // a code may be "other"
			}
			if stem, ok := strings.CutSuffix(key, a); ok && all[English][stem+b] == "" {
				t.Errorf("%s has no %s", key, b)
			}
		}
	}
}

// Every key that a template or the code names has a text.
func TestKeysInUseHaveTexts(t *testing.T) {
	v := testViews(t)
	d := v.words[English].own
	check := func(where, function, key string) {
		switch function {
		case "t", "T":
			if strings.HasSuffix(key, ".") {
				if !slices.ContainsFunc(slices.Collect(keys(d)), func(k string) bool { return strings.HasPrefix(k, key) }) {
					t.Errorf("%s: no text begins with %q", where, key)
				}
			} else if d[key] == "" {
				t.Errorf("%s: no text for %q", where, key)
			}
		case "n", "N":
			if !strings.HasSuffix(key, ".") && (d[key+".one"] == "" || d[key+".other"] == "") {
				t.Errorf("%s: no texts for the number of %q", where, key)
			}
		case "code", "Code", "of", "Of":
			if !slices.ContainsFunc(slices.Collect(keys(d)), func(k string) bool { return strings.HasPrefix(k, key+".") }) {
				t.Errorf("%s: no texts for codes of %q", where, key)
			}
		}
	}
	found := 0
	for _, name := range pages {
		for _, tmpl := range v.byLocale[Chinese][name].Templates() {
			if tmpl.Tree == nil {
				continue
			}
			commands(reflect.ValueOf(tmpl.Tree.Root), func(c *parse.CommandNode) {
				if len(c.Args) < 2 {
					return
				}
				function, ok := c.Args[0].(*parse.IdentifierNode)
				if !ok {
					return
				}
				if key, ok := c.Args[1].(*parse.StringNode); ok {
					found++
					check(name, function.Ident, key.Text)
				}
			})
		}
	}
	if found < 300 {
		t.Errorf("only %d keys found in the templates", found)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`\b(?:w|s|words)\.(T|N|Code|Of)\("([^"]+)"`)
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			check(file, m[1], m[2])
		}
		for _, m := range regexp.MustCompile(`\bsay\("([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			check(file, "T", m[1])
		}
		for _, m := range regexp.MustCompile(`\.leave\("([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			if !strings.HasSuffix(m[1], ".") {
				check(file, "T", noticePrefix+m[1])
			}
		}
	}
}

func keys(d dictionary) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range d {
			if !yield(k) {
				return
			}
		}
	}
}

// commands visits every command of a template's tree.
func commands(v reflect.Value, visit func(*parse.CommandNode)) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if c, ok := v.Interface().(*parse.CommandNode); ok {
			visit(c)
		}
		if _, ok := v.Interface().(*parse.Tree); ok {
			return
		}
		commands(v.Elem(), visit)
	case reflect.Interface:
		if !v.IsNil() {
			commands(v.Elem(), visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			commands(v.Index(i), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				commands(v.Field(i), visit)
			}
		}
	}
}

// Every code of the domain that a page can show has a text.
func TestCodesHaveTexts(t *testing.T) {
	w := testWords(t, Chinese)
	need := func(kind string, codes ...string) {
		for _, c := range codes {
			if !w.Knows(kind + "." + c) {
				t.Errorf("no text for %s.%s", kind, c)
			}
		}
	}
	for _, s := range sharing.States {
		need("state", string(s))
	}
	for _, c := range sharing.Classes {
		need("class", string(c))
		need("resource.apply", string(c))
	}
	for _, m := range sharing.Modes {
		need("mode", string(m))
	}
	for _, r := range sharing.Roles {
		need("role", string(r))
	}
	for _, b := range bases {
		need("base", string(b))
	}
	for _, a := range caseSteps {
		need("do", string(a))
		need("send", string(a))
		need("did", string(a))
		if a != sharing.Answer {
			need("notice.done", string(a))
		}
	}
	need("notice.done.answer", string(sharing.Agreed), string(sharing.Refused), string(sharing.Consenting))
	for _, p := range sharing.Procedures {
		for _, kind := range []string{"procedure", "start", "lead"} {
			need(kind, string(p))
		}
		if p == sharing.ShareApplication {
			continue
		}
		need("did", string(p)+".submit")
		need("told", string(p)+".submit")
		need("party", string(p)+".applicant", string(p)+".provider")
		for _, step := range p.Machine().Steps {
			kinds := []string{"did", "told"}
			if step.By != sharing.ByTime && step.By != sharing.BySystem {
				kinds = append(kinds, "do", "send", "notice.done")
				if !slices.Contains(asideSteps, step.Action) { // nobody is waited for to take those
					kinds = append(kinds, "task")
				}
			}
			for _, kind := range kinds {
				if !w.Knows(w.first(kind+"."+string(p)+"."+string(step.Action), kind+"."+string(step.Action))) {
					t.Errorf("%s: no text for %s.%s", p, kind, step.Action)
				}
			}
		}
	}
	need("did", string(sharing.Submit), string(sharing.Expire), string(sharing.Claim), string(sharing.Release), string(sharing.RungFired), string(sharing.CalendarMoved), string(sharing.Urge))
	need("told", string(sharing.Submit), "granted_at_once", string(sharing.Pass), string(sharing.SendBack), string(sharing.Extend), string(sharing.Reassign),
		string(sharing.RequestCompletion), string(sharing.Complete), string(sharing.Agreed), string(sharing.Refused), string(sharing.Provide), string(sharing.Confirm),
		string(sharing.ReportFailure), string(sharing.Withdraw), string(sharing.Expire), string(sharing.CalendarMoved), string(sharing.Reminder),
		string(sharing.LimitReached), string(sharing.Urged), string(sharing.Supervised), string(sharing.Rectification))
	need("limit", sharing.DutyPrecheck, sharing.DutyAnswer, sharing.DutyProvide, sharing.DutyConfirm, "any")
	for _, r := range tourRoles {
		need("tour", string(r))
	}
	need("opt.change.entry.fields.type", sharing.FieldTypes...)
	for _, step := range guideSteps {
		need("guide", step.Key+".title", step.Key+".do", step.Key+".see")
	}
	for _, r := range sharing.Relations {
		need("relation", string(r))
		need("side", string(r))
	}
	need("cannot", string(desk.TakenOnce), string(desk.LimitOver), string(desk.NotInLaw), string(desk.OwnAct), string(desk.OwedAct), string(desk.NoneLonger), string(desk.TooEarly), string(desk.ForOthers))
	need("tour", string(sharing.Requester)+".case", string(sharing.DataSpecialist)+".case", string(sharing.Approver)+".case")
	need("open", string(sharing.Open), string(sharing.OpenConditionally), string(sharing.NotOpen))
	need("cycle", string(sharing.RealTime), string(sharing.Daily), string(sharing.Weekly), string(sharing.Monthly), string(sharing.Quarterly), string(sharing.HalfYearly), string(sharing.EveryYear), string(sharing.Irregularly))
	need("day", string(sharing.StartDay), string(sharing.Worked), string(sharing.MakeUp), string(sharing.Weekend), string(sharing.Holiday), string(sharing.Suspended), string(sharing.Counted), string(sharing.MovedForward))
	need("rung", string(sharing.Reminder), string(sharing.LimitReached), string(sharing.Urged), string(sharing.Supervised), string(sharing.Rectification))
	need("task", string(sharing.TaskCheck), string(sharing.TaskAnswer), string(sharing.TaskComplete), string(sharing.TaskProvide), string(sharing.TaskConfirm))
	need("grant", string(sharing.GrantActive), string(sharing.GrantEnded))
	need("light", string(desk.Green), string(desk.Yellow), string(desk.Red), string(desk.Grey))
	need("light.shape", string(desk.Green), string(desk.Yellow), string(desk.Red), string(desk.Grey))
	codes := []sharing.Code{sharing.CodeInvalid, sharing.CodeNotFound, sharing.CodeForbidden, sharing.CodeUnauthenticated, sharing.CodeStale,
		sharing.CodeWrongState, sharing.CodeAlreadyDecided, sharing.CodeKeyReused, sharing.CodeInProgress, sharing.CodeNotShared, sharing.CodeNoRegulation,
		sharing.CodeBeyondCalendar, sharing.CodeTooLarge, sharing.CodeUnavailable, sharing.CodeBasisRequired, sharing.CodeCompletionUsed, sharing.CodeNoExtension, sharing.CodeConditionalRead, sharing.CodeTooMany, sharing.CodeMerged, codeMethod}
	for _, c := range codes {
		need("error", string(c))
		status := statusOf(c)
		if status == 500 {
			t.Errorf("%s has no status", c)
		}
		if status != 401 {
			need("problem", w.Number(status))
		}
	}
}

// A reader is never shown a key.
func TestMissingTextShowsNoKey(t *testing.T) {
	var lost []string
	w := words{locale: Chinese, own: dictionary{}, lost: func(key string) { lost = append(lost, key) }}
	if got := w.T("some.key"); got != "—" {
		t.Errorf("shows %q", got)
	}
	if !slices.Equal(lost, []string{"some.key"}) {
		t.Errorf("told of %v", lost)
	}
}

func TestDates(t *testing.T) {
	zh, en := testWords(t, Chinese), testWords(t, English)
	due := sharing.NewDate(2026, 11, 24)
	instant := time.Date(2026, 11, 24, 1, 5, 0, 0, time.UTC)
	for _, row := range []struct{ got, want string }{
		{zh.Day(due), "2026年11月24日（周二）"},
		{zh.Limit(due), "2026年11月24日（周二）24:00"},
		{zh.Instant(instant), "2026年11月24日（周二）09:05"},
		{en.Day(due), "Tue 24 Nov 2026"},
		{en.Limit(due), "Tue 24 Nov 2026, 24:00"},
		{en.Instant(instant), "Tue 24 Nov 2026 09:05"},
		{zh.Instant(due.Start()), "2026年11月24日（周二）"},
		{zh.Until(due.End()), "2026年11月24日（周二）"},
		{zh.Day(0), "—"},
		{zh.Article("3(2)"), "第三条第（二）项"},
		{en.Article("16"), "art. 16"},
		{zh.Budget(sharing.Budget{N: 5, Unit: sharing.WorkingDays}), "5 个工作日"},
		{en.Budget(sharing.Budget{N: 1, Unit: sharing.WorkingDays}), "1 working day"},
		{zh.Budget(sharing.Budget{Unit: sharing.Yearly, Month: 6, Day: 30}), "每年6月30日前"},
		{en.Budget(sharing.Budget{Unit: sharing.Yearly, Month: 6, Day: 30}), "by 30 June each year"},
		{zh.Number(1234567), "1,234,567"},
		{zh.Number(-1234), "-1,234"},
		{zh.Number(12), "12"},
		{zh.Size(20 << 20), "20.0 MB"},
	} {
		if row.got != row.want {
			t.Errorf("got %q, want %q", row.got, row.want)
		}
	}
}

// How much time is left, in words.
func TestLeft(t *testing.T) {
	zh, en := testWords(t, Chinese), testWords(t, English)
	due := sharing.NewDate(2026, 11, 24)
	early, late := due.Start(), due.End()
	with := func(change func(c *desk.Clock)) *desk.Clock {
		c := clockOf(desk.Green, number(2))
		change(&c)
		return &c
	}
	for _, row := range []struct {
		clock            *desk.Clock
		chinese, english string
	}{
		{nil, "未设期限", "no limit set"},
		{with(func(*desk.Clock) {}), "剩余 2 个工作日", "2 working days left"},
		{with(func(c *desk.Clock) { c.Left = number(1) }), "剩余 1 个工作日", "1 working day left"},
		{with(func(c *desk.Clock) { c.Left, c.Light = number(0), desk.Yellow }), "今天到期", "due today"},
		{with(func(c *desk.Clock) { c.Left, c.Light = number(-3), desk.Red }), "超期 3 个工作日", "3 working days overdue"},
		{with(func(c *desk.Clock) { c.Left, c.Light = number(0), desk.Red }), "已超期", "overdue"},
		{with(func(c *desk.Clock) { c.State, c.MetAt, c.Left = sharing.Met, &early, nil }), "已按期办结", "done in time"},
		{with(func(c *desk.Clock) { c.State, c.MetAt, c.Left = sharing.Met, &late, nil }), "已办结（超期）", "done, late"},
		{with(func(c *desk.Clock) { c.State, c.Left = sharing.Halted, nil }), "暂停计时", "clock stopped"},
		{with(func(c *desk.Clock) { c.State = sharing.Void }), "不再计时", "no longer owed"},
		{with(func(c *desk.Clock) { c.DueAt, c.Left = time.Time{}, nil }), "法规未定期限", "no limit set"},
		{with(func(c *desk.Clock) {
			c.DueAt, c.Left, c.Clock.Budget = time.Time{}, nil, sharing.Budget{Unit: sharing.Immediately}
		}), "应当及时办理", "due at once"},
	} {
		if got := zh.Left(row.clock); got != row.chinese {
			t.Errorf("got %q, want %q", got, row.chinese)
		}
		if got := en.Left(row.clock); got != row.english {
			t.Errorf("got %q, want %q", got, row.english)
		}
	}
}
