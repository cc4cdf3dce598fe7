package sharing_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

func TestContacts(t *testing.T) {
	for given, want := range map[string]string{
		"13800138000":                    "13800138000",
		" 13800138000 ":                  "13800138000",
		"+86 138-0013-8000":              "13800138000",
		"Li.Hua@Example.COM":             "li.hua@example.com",
		"a+b@mail.example.org":           "a+b@mail.example.org",
		"　li@example.com　":               "li@example.com",
		"":                               "",
		"12800138000":                    "",
		"1380013800":                     "",
		"138001380001":                   "",
		"li@example":                     "",
		"li@@example.com":                "",
		"@example.com":                   "",
		"li@":                            "",
		"Li <li@example.com>":            "",
		"li@example.com,b@c.com":         "",
		"li@example.com\r\nBcc: x@y.com": "",
		"li hua@example.com":             "",
		"\"li\"@example.com":             "",
		"李@example.com":                  "",
		"li@例子.中国":                       "",
		"li@[127.0.0.1]":                 "",
		strings.Repeat("a", 250) + "@example.com": "",
	} {
		got, ok := sharing.NormalContact(given)
		require.Equal(t, want != "", ok, "%q", given)
		require.Equal(t, want, got, "%q", given)
		if ok {
			again, ok := sharing.NormalContact(got)
			require.True(t, ok)
			require.Equal(t, got, again)
		}
	}
}

func asked() sharing.OpeningApplication {
	return sharing.OpeningApplication{
		Resource: "0b5ff1ae-6f0c-4c4e-9a83-9d3e8b1d5a10", Name: "晋北数据服务有限公司", Kind: sharing.Company, Contact: "data@example.com",
		Purpose: "研究本地产业投资", Plan: "在本单位服务器上统计，不对外提供原始数据",
	}
}

// broken returns field and rule of everything wrong, as "field rule".
func broken(t *testing.T, err error) []string {
	t.Helper()
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	var all []string
	for _, f := range e.Fields {
		all = append(all, f.Field+" "+f.Rule)
	}
	return all
}

func TestWhatIsAskedIsChecked(t *testing.T) {
	require.NoError(t, asked().Check())
	for want, spoil := range map[string]func(*sharing.OpeningApplication){
		"/resource required":   func(o *sharing.OpeningApplication) { o.Resource = "" },
		"/name required":       func(o *sharing.OpeningApplication) { o.Name = " 　" },
		"/name max_length":     func(o *sharing.OpeningApplication) { o.Name = strings.Repeat("名", sharing.MaxName+1) },
		"/name characters":     func(o *sharing.OpeningApplication) { o.Name = "甲\n乙" },
		"/kind one_of":         func(o *sharing.OpeningApplication) { o.Kind = "robot" },
		"/contact contact":     func(o *sharing.OpeningApplication) { o.Contact = "somewhere" },
		"/purpose required":    func(o *sharing.OpeningApplication) { o.Purpose = "" },
		"/purpose characters":  func(o *sharing.OpeningApplication) { o.Purpose = "a\x00b" },
		"/plan required":       func(o *sharing.OpeningApplication) { o.Plan = "\t" },
		"/plan max_length":     func(o *sharing.OpeningApplication) { o.Plan = strings.Repeat("字", sharing.MaxText+1) },
		"/fields/1 unique":     func(o *sharing.OpeningApplication) { o.Fields = []string{"a", "a"} },
		"/fields/0 required":   func(o *sharing.OpeningApplication) { o.Fields = []string{""} },
		"/fields max_items":    func(o *sharing.OpeningApplication) { o.Fields = manyFields(sharing.MaxAskedField + 1) },
		"/fields/0 characters": func(o *sharing.OpeningApplication) { o.Fields = []string{"\xff"} },
	} {
		o := asked()
		spoil(&o)
		require.Equal(t, []string{want}, broken(t, o.Check()))
	}
	require.Len(t, broken(t, sharing.OpeningApplication{}.Check()), 6, "everything wrong is named at once")
}

func manyFields(n int) []string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = strings.Repeat("f", i%7+1) + string(rune('a'+i%26)) + strings.Repeat("g", i/26)
	}
	return fields
}

// FuzzOpeningApplication: whatever JSON comes in, it is refused or it is sound, and
// what is sound stays so when it is written and read again.
func FuzzOpeningApplication(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `[]`, `{"resource":"x","fields":[""],"name":"a\u0000","kind":"person","contact":"+86 13800138000","purpose":"p","plan":"q"}`,
		`{"contact":"a@b.c","kind":"company","name":"n","purpose":"p","plan":"q","resource":"r"}`, `{"fields":null,"contact":"\ud800@b.c"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var o sharing.OpeningApplication
		if json.Unmarshal(raw, &o) != nil || o.Check() != nil {
			return
		}
		contact, ok := sharing.NormalContact(o.Contact)
		if !ok || strings.ContainsAny(contact, "\r\n <>,;\"") {
			t.Fatalf("contact %q passed as %q", o.Contact, contact)
		}
		if strings.TrimSpace(o.Name) == "" || strings.ContainsAny(o.Name, "\r\n\x00") {
			t.Fatalf("name %q passed", o.Name)
		}
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var again sharing.OpeningApplication
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatal(err)
		}
		if err := again.Check(); err != nil {
			t.Fatalf("sound before, and after writing and reading %s: %v", b, err)
		}
	})
}

func TestAnswersToOpeningRequests(t *testing.T) {
	shuozhou := sharing.RefusalRule{Reasons: true, LegalBasis: true, Article: "25"}
	none := sharing.RefusalRule{}
	basis := []sharing.Basis{{Law: "中华人民共和国保守国家秘密法", Article: "第二十七条"}}
	link := sharing.OpeningAnswer{Agree: true, Way: sharing.OpenLink, Locator: "https://open.example/1"}
	for name, c := range map[string]struct {
		answer    sharing.OpeningAnswer
		rule      sharing.RefusalRule
		agreement string
		want      []string
	}{
		"opened":                   {link, shuozhou, "", nil},
		"part of the fields":       {with(link, func(a *sharing.OpeningAnswer) { a.Fields = []string{"b"} }), shuozhou, "", nil},
		"a field not asked for":    {with(link, func(a *sharing.OpeningAnswer) { a.Fields = []string{"c"} }), shuozhou, "", []string{"/fields/0 asked_for"}},
		"no way":                   {sharing.OpeningAnswer{Agree: true, Locator: "x"}, shuozhou, "", []string{"/way one_of"}},
		"no place":                 {sharing.OpeningAnswer{Agree: true, Way: sharing.OpenAPI}, shuozhou, "", []string{"/locator required"}},
		"a file without file":      {sharing.OpeningAnswer{Agree: true, Way: sharing.OpenFile}, shuozhou, "", []string{"/attachments required"}},
		"a file":                   {sharing.OpeningAnswer{Agree: true, Way: sharing.OpenFile, Attachments: []string{"id"}}, shuozhou, "", nil},
		"agreement missing":        {link, none, "27", []string{"/agreement required"}},
		"agreement":                {with(link, func(a *sharing.OpeningAnswer) { a.Agreement = "仅用于研究" }), none, "27", nil},
		"agreement nobody asks":    {with(link, func(a *sharing.OpeningAnswer) { a.Agreement = "仅用于研究" }), none, "", []string{"/agreement no_agreement"}},
		"both at once":             {with(link, func(a *sharing.OpeningAnswer) { a.Reasons = "不" }), none, "", []string{"/reasons refusal_only"}},
		"refused":                  {sharing.OpeningAnswer{Reasons: "涉密", Basis: basis}, shuozhou, "", nil},
		"refused without basis":    {sharing.OpeningAnswer{Reasons: "涉密"}, shuozhou, "", []string{"/basis required"}},
		"no basis asked for":       {sharing.OpeningAnswer{Reasons: "涉密"}, none, "", nil},
		"refused without a word":   {sharing.OpeningAnswer{}, none, "", []string{"/reasons required"}},
		"refused, with data":       {with(link, func(a *sharing.OpeningAnswer) { a.Agree, a.Reasons = false, "不" }), none, "", []string{"/agree agreement_only"}},
		"refused, basis half said": {sharing.OpeningAnswer{Reasons: "涉密", Basis: []sharing.Basis{{Law: "法"}}}, none, "", []string{"/basis/0/article required"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.answer.CheckUnder([]string{"a", "b"}, c.rule, c.agreement)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.want, broken(t, err))
		})
	}
	err := sharing.OpeningAnswer{Reasons: "涉密"}.CheckUnder(nil, shuozhou, "")
	require.Equal(t, sharing.CodeBasisRequired, sharing.CodeOf(err))
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "25", e.Article)
}

func with(a sharing.OpeningAnswer, change func(*sharing.OpeningAnswer)) sharing.OpeningAnswer {
	change(&a)
	return a
}

func TestSignatures(t *testing.T) {
	o := asked()
	require.NoError(t, sharing.Signature{Name: " " + o.Name + " "}.CheckAgainst(o))
	require.Equal(t, []string{"/name same_name"}, broken(t, sharing.Signature{Name: "别人"}.CheckAgainst(o)))
	require.Equal(t, []string{"/name required"}, broken(t, sharing.Signature{}.Check()))
}
