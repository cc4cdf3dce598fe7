package web

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// reserved are the names that every form carries.
var reserved = []string{"csrf", "key", "version", "row", "detach", "send", "kept", "next"}

// Every step that people take by saying something has a form where its procedure
// has a face, and every input stands for something in what is said, under a name of
// its own, with words in both languages.
func TestFacesFitMachines(t *testing.T) {
	w := testWords(t, Chinese)
	for p, look := range faces {
		machine := p.Machine()
		for action := range machine.Says {
			if _, ok := look.Steps[action]; !ok {
				t.Errorf("%s: no form for %s", p, action)
			}
		}
		for action, inputs := range look.Steps {
			says := machine.Says[action]
			if says == nil {
				t.Errorf("%s: %s has a form and nothing is said with it", p, action)
				continue
			}
			fits(t, w, p, action, inputs, reflect.TypeOf(says()), "")
			for _, kind := range []string{"do", "send", "did", "notice.done"} {
				if !w.Knows(w.first(kind+"."+string(p)+"."+string(action), kind+"."+string(action))) {
					t.Errorf("%s: no text for %s.%s", p, kind, action)
				}
			}
		}
		if machine.Content == nil {
			continue
		}
		fits(t, w, p, sharing.Submit, look.Open, reflect.TypeOf(machine.Content()), "")
		fits(t, w, p, sharing.Submit, look.about(), reflect.TypeOf(machine.Content()), "")
	}
}

// fits holds inputs to the type that is made of them.
func fits(t *testing.T, w words, p sharing.Procedure, action sharing.Action, inputs []input, of reflect.Type, path string) {
	t.Helper()
	names := map[string]bool{}
	for _, in := range inputs {
		here := path + in.Name
		if names[in.Name] {
			t.Errorf("%s %s: two inputs are called %s", p, action, here)
		}
		names[in.Name] = true
		if slices.Contains(reserved, in.Name) {
			t.Errorf("%s %s: %s is a name that every form carries", p, action, here)
		}
		field, ok := fieldOf(of, in.Name)
		if !ok {
			t.Errorf("%s %s: %s has no field %s", p, action, of, here)
			continue
		}
		if !slices.Contains(kindsOf[in.As], field.Kind()) && !(field == reflect.TypeFor[sharing.Date]() && in.As == asDate) {
			t.Errorf("%s %s: %s is typed in as %s and is a %s", p, action, here, in.As, field)
		}
		if in.As == asHidden {
			continue
		}
		if key := w.inputKey("in", p, action, here, ""); !w.Knows(key) {
			t.Errorf("%s %s: no text for in.%s.%s", p, action, p, here)
		}
		options := in.Options
		if in.As == asYesNo {
			options = []string{"true", "false"}
		}
		for _, o := range options {
			if key := w.inputKey("opt", p, action, here, o); !w.Knows(key) {
				t.Errorf("%s %s: no text for opt.%s.%s.%s", p, action, p, here, o)
			}
		}
		if in.If != nil && !slices.ContainsFunc(inputs, func(other input) bool { return other.Name == in.If.Name }) {
			t.Errorf("%s %s: %s depends on %s, which is not there", p, action, here, in.If.Name)
		}
		if in.As == asRows || in.As == asBasis {
			if in.As == asRows && len(in.Columns) == 0 {
				t.Errorf("%s %s: %s has no columns", p, action, here)
			}
			fits(t, w, p, action, in.columns(), field.Elem(), here+".")
		}
	}
}

// kindsOf says what kinds of fields an input can stand for.
var kindsOf = map[inputKind][]reflect.Kind{
	asLine: {reflect.String}, asText: {reflect.String}, asDate: {reflect.String}, asRadio: {reflect.String, reflect.Int}, asSelect: {reflect.String, reflect.Int},
	asNumber: {reflect.Int, reflect.Int64}, asYesNo: {reflect.Bool}, asTick: {reflect.Bool}, asTicks: {reflect.Slice}, asLines: {reflect.Slice},
	asRows: {reflect.Slice}, asBasis: {reflect.Slice}, asFile: {reflect.String}, asFiles: {reflect.Slice}, asDepartment: {reflect.String},
	asResource: {reflect.String}, asCase: {reflect.String}, asHidden: {reflect.String}, asInstant: {reflect.Struct}, asDuty: {reflect.String},
}

// fieldOf finds a field by its name in JSON.
func fieldOf(of reflect.Type, name string) (reflect.Type, bool) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil, false
	}
	head, rest, nested := strings.Cut(name, ".")
	for i := range of.NumField() {
		f := of.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			if found, ok := fieldOf(f.Type, name); ok {
				return found, true
			}
			continue
		}
		if tag != head {
			continue
		}
		if nested {
			return fieldOf(f.Type, rest)
		}
		inner := f.Type
		for inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		return inner, true
	}
	return nil, false
}

// Every form of every face comes out whole in both languages, for a case about
// nothing in particular, and what is typed into it can be read back.
func TestFacesShow(t *testing.T) {
	rig := desktest.New(t)
	s, err := mount(echo.New(), rig.Desk, Options{Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	now, err := rig.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	who := rig.User("shuozhou-minzheng-head")
	law, err := rig.Law().InForce("shuozhou", sharing.DateOf(now))
	if err != nil {
		t.Fatal(err)
	}
	for p, look := range faces {
		for _, l := range Locales {
			context := echo.New().NewContext(httptest.NewRequest("GET", "/", nil), httptest.NewRecorder())
			v := &visit{Context: context, site: s, words: s.views.words[l], user: who}
			view := caseFixture(sharing.Answering).CaseView
			view.Procedure, view.State, view.Content = p, p.Machine().Starts[0], nil
			view.RegulationID, view.Resource = law.Ref(), sharing.ResourceRef{}
			view.Can, view.Acts = p.Machine().Actions(), nil
			if p.Machine().Content != nil {
				if view.Content, err = json.Marshal(p.Machine().Content()); err != nil {
					t.Fatal(err)
				}
			}
			show := func(name, page string, data any) {
				t.Helper()
				html, err := s.views.execute(page, frame{Locale: l, User: who, Signed: true, CSRF: "mark", Here: "/x", Data: data})
				if err != nil {
					t.Fatalf("%s %s: %v", p, name, err)
				}
				inspect(t, html, l)
			}
			steps, err := v.matterSteps(view, "", nil)
			if err != nil {
				t.Fatalf("%s: %v", p, err)
			}
			show("steps", "matter", &matterPage{CaseView: view, Steps: steps})
			for action, inputs := range look.Steps {
				readBack(t, v.scene(&view, action), inputs)
			}
			if look.Open != nil {
				f := newForm(0)
				controls, err := v.opening(p).lay(f, look.Open)
				if err != nil {
					t.Fatalf("%s: %v", p, err)
				}
				show("opening", "open", openPage{Procedure: p, Form: f, Controls: controls})
				readBack(t, v.opening(p), look.Open)
			}
		}
	}
}

// readBack reads an empty form, and holds what comes of it to be an object.
func readBack(t *testing.T, s *scene, inputs []input) {
	t.Helper()
	s.Request().PostForm = url.Values{}
	body, err := s.read(s.form(), inputs)
	if err != nil {
		t.Fatal(err)
	}
	var o map[string]any
	if err := json.Unmarshal(body, &o); err != nil {
		t.Errorf("%s %s: %s", s.Procedure, s.Action, body)
	}
}

// What is typed becomes JSON by the kind of each input; what is empty or not asked
// for is left out; what cannot be read is named.
func TestRead(t *testing.T) {
	inputs := []input{
		{Name: "line", As: asLine}, {Name: "text", As: asText}, {Name: "n", As: asNumber}, {Name: "grade", As: asSelect, Numeric: true}, {Name: "day", As: asDate},
		{Name: "agree", As: asYesNo, Required: true}, {Name: "reasons", As: asText, If: when("agree", "false")}, {Name: "terms", As: asText, If: when("agree", "true")},
		{Name: "tick", As: asTick}, {Name: "more", As: asLine, If: when("tick", "true")}, {Name: "less", As: asLine, If: when("tick", "false")},
		{Name: "ticks", As: asTicks}, {Name: "lines", As: asLines}, {Name: "entry.title", As: asLine}, {Name: "entry.unit.n", As: asNumber},
		{Name: "rows", As: asRows, Columns: []input{{Name: "a", As: asLine}, {Name: "b", As: asTick}, {Name: "c", As: asLine, If: when("b", "true")}}},
		{Name: "files", As: asFiles}, {Name: "file", As: asFile}, {Name: "left_out", As: asLine, Only: func(*scene) bool { return false }},
	}
	for _, row := range []struct {
		typed, want string
		wrong       []string
	}{
		{"agree=true", `{"agree":true}`, nil},
		{"line=+x+&text=+y%0Az&n=１２&grade=3&day=2026-11-24&agree=false&reasons=r&terms=t", `{"agree":false,"day":"2026-11-24","grade":3,"line":"x","n":12,"reasons":"r","text":" y\nz"}`, nil},
		{"agree=true&reasons=r&terms=t&left_out=x", `{"agree":true,"terms":"t"}`, nil},
		{"n=many&day=tomorrow&grade=x", `{}`, []string{"/agree", "/day", "/grade", "/n"}},
		{"agree=true&tick=true&more=m&less=l&ticks=a&ticks=b&lines=a%0A%0A+b+", `{"agree":true,"lines":["a","b"],"more":"m","tick":true,"ticks":["a","b"]}`, nil},
		{"agree=true&more=m&less=l", `{"agree":true,"less":"l"}`, nil},
		{"agree=true&entry.title=t&entry.unit.n=2", `{"agree":true,"entry":{"title":"t","unit":{"n":2}}}`, nil},
		{"agree=true&rows.rows=4&rows.0.a=x&rows.2.b=true&rows.2.c=z&rows.0.c=y&rows.9.a=beyond", `{"agree":true,"rows":[{"a":"x"},{},{"b":true,"c":"z"}]}`, nil},
		{"agree=true&rows.rows=3", `{"agree":true}`, nil},
		{"agree=true&rows.rows=100000000&rows.199.a=x", `{"agree":true,"rows":[` + strings.Repeat("{},", 199) + `{"a":"x"}]}`, nil},
		{"agree=true&files.attachment=1&files.attachment=2&file.attachment=3&detach=2", `{"agree":true,"file":"3","files":["1"]}`, nil},
	} {
		typed, err := url.ParseQuery(row.typed)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/", nil)
		r.PostForm = typed
		s := &scene{visit: &visit{Context: echo.New().NewContext(r, httptest.NewRecorder()), words: testWords(t, Chinese)}, Procedure: sharing.StandingDuty}
		f := s.form()
		body, err := s.read(f, inputs)
		if err != nil {
			t.Fatal(err)
		}
		if string(body) != row.want {
			t.Errorf("%s: got %s, want %s", row.typed, body, row.want)
		}
		var wrong []string
		for pointer := range f.Problems {
			wrong = append(wrong, pointer)
		}
		if slices.Sort(wrong); !slices.Equal(wrong, row.wrong) {
			t.Errorf("%s: problems at %v, want %v", row.typed, wrong, row.wrong)
		}
	}
}

// A problem is shown at the input that it belongs to, or at the head.
func TestSettle(t *testing.T) {
	f := newForm(1)
	inputs := []input{{Name: "lines", As: asLines}, {Name: "entry.title", As: asLine}, {Name: "rows", As: asRows, Columns: []input{{Name: "a", As: asLine}}}, {Name: "secret", As: asHidden}}
	for _, pointer := range []string{"/lines/3", "/lines", "/entry/title", "/entry", "/rows/0/a", "/rows/7/a", "/secret", ""} {
		f.add(pointer, "wrong "+pointer)
	}
	s := &scene{visit: &visit{words: words{own: dictionary{}, lost: func(string) {}}}}
	controls, err := s.controls(f, inputs)
	if err != nil {
		t.Fatal(err)
	}
	f.settle(controls)
	want := map[string]int{"/lines": 2, "/entry/title": 1, "/rows/0/a": 1, "/rows": 1, "": 3}
	got := map[string]int{}
	for pointer, texts := range f.Problems {
		got[pointer] = len(texts)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A record says in words what was typed.
func TestFacts(t *testing.T) {
	v := &visit{words: chinese()}
	s := &scene{visit: v, Procedure: sharing.StandingDuty, Action: sharing.Fulfil}
	inputs := []input{{Name: "note", As: asText}, {Name: "agree", As: asYesNo}, {Name: "reason", As: asDate}, {Name: "reasons", As: asLines}, {Name: "department", As: asTick},
		{Name: "resource", As: asSelect, From: offered}, {Name: "basis", As: asBasis}, {Name: "attachments", As: asFiles}, {Name: "parent", As: asNumber}}
	facts, err := s.facts([]byte(`{"note":"做了","agree":false,"reason":"2026-11-24","reasons":["甲","乙"],"department":true,"resource":"y","parent":0,
		"basis":[{"law":"某法","article":"3","attachment":"f1"},{"law":"某条例","article":"4"}],"attachments":["f1","f9"],"unknown":1}`), inputs, []desk.Attachment{attachment})
	if err != nil {
		t.Fatal(err)
	}
	want := []fact{
		plainFact("履行情况", "做了"), {Label: "决定", Values: []value{{Text: "不同意", No: true}}}, plainFact("理由", "2026年11月24日（周二）"),
		{Label: "理由", Values: []value{{Text: "甲"}, {Text: "乙"}}}, plainFact("部门", "是"), plainFact("数据资源", "乙"),
		{Label: "法律依据", Head: []string{"法律、法规或文件名称", "条款", "证明文件"}, Rows: [][]value{{{Text: "某法"}, {Text: "3"}, {Text: hostile, Href: "/files/f1"}}, {{Text: "某条例"}, {Text: "4"}, {}}}},
		{Label: "附件", Values: []value{{Text: hostile, Href: "/files/f1"}, {Text: "文件", Href: "/files/f9"}}},
	}
	if !reflect.DeepEqual(facts, want) {
		t.Errorf("got  %v\nwant %v", facts, want)
	}
}
