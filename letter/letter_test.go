package letter

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// TestLettersReadAsWritten holds each letter, in each turn it can take and in both
// languages, to its golden text.
func TestLettersReadAsWritten(t *testing.T) {
	for _, k := range Kinds {
		for _, l := range Locales {
			var all []string
			w, err := Parse(k, Default(k, l))
			if err != nil {
				t.Fatalf("%s in %s: %v", k, l, err)
			}
			for _, f := range Samples(k, l) {
				letter, err := Compose(w, l, f, nil, SampleDay())
				if err != nil {
					t.Fatalf("%s in %s: %v", k, l, err)
				}
				all = append(all, letter.Text())
			}
			got, name := strings.Join(all, "\n———\n\n"), filepath.Join("testdata", string(k)+"."+string(l)+".txt")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s in %s reads\n%s\nand should read\n%s", k, l, got, want)
			}
			for _, left := range []string{"{{", "}}", "<no value>", "。。", "；；", "  ", "，。"} {
				if strings.Contains(got, left) {
					t.Errorf("%s in %s holds %q:\n%s", k, l, left, got)
				}
			}
		}
	}
}

// TestHostileWordingsAreRefused: with the line and the rule.
func TestHostileWordingsAreRefused(t *testing.T) {
	for _, row := range []struct {
		text, rule string
		line       int
	}{
		{"标题\n正文\n{{.Secret}}", "field", 3},
		{"{{.secret}}\n正文", "field", 1},
		{"标题\n{{range .Basis}}{{.Secret}}{{end}}", "field", 2},
		{"标题\n{{range .Gaps}}{{.Law}}{{end}}", "field", 2},
		{"标题\n{{.Number.Law}}", "field", 2},
		{"标题\n{{.Number.String}}", "field", 2},
		{"标题\n\n{{printf \"%1000000000d\" .Late}}", "function", 3},
		{"标题\n{{html .Number}}", "function", 2},
		{"标题\n{{call .Number}}", "function", 2},
		{"标题\n{{index .Gaps 0}}", "function", 2},
		{"标题\n{{js .Number}}{{urlquery .Number}}", "function", 2},
		{"标题\n{{print .Facts}}", "function", 2},
		{"标题\n{{len .Gaps}}", "function", 2},
		{"标题\n{{range 1000000000}}x{{end}}", "type", 2},
		{"标题\n{{range .Number}}x{{end}}", "type", 2},
		{"标题\n{{range .Late}}x{{end}}", "type", 2},
		{"标题\n{{.Gaps}}", "type", 2},
		{"标题\n{{.Basis}}", "type", 2},
		{"标题\n{{.}}", "type", 2},
		{"标题\n{{.Agreed}}", "type", 2},
		{"标题\n{{list .Number}}", "type", 2},
		{"标题\n{{list .Basis}}", "type", 2},
		{"标题\n{{nth .Number}}", "type", 2},
		{"标题\n{{if eq .Late \"x\"}}x{{end}}", "type", 2},
		{"标题\n{{if eq .Gaps .Gaps}}x{{end}}", "type", 2},
		{"标题\n{{if lt .Agreed true}}x{{end}}", "type", 2},
		{"标题\n{{if eq (and .Agreed .Late) 1}}x{{end}}", "type", 2},
		{"标题\n{{define \"x\"}}y{{end}}正文", "construct", 2},
		{"标题\n{{template \"x\"}}", "construct", 2},
		{"标题\n{{block \"x\" .}}y{{end}}", "construct", 2},
		{"标题\n{{$x := .Number}}{{$x}}", "construct", 2},
		{"标题\n{{if $x := .Number}}{{$x}}{{end}}", "construct", 2},
		{"标题\n{{with $x := .Number}}{{$x}}{{end}}", "construct", 2},
		{"标题\n{{range .Gaps}}{{break}}{{end}}", "construct", 2},
		{"标题\n{{.Number | html}}", "function", 2},
		{"标题\n{{.Number | list}}", "construct", 2},
		{"标题\n{{(.Number).x}}", "construct", 2},
		{"标题\n{{nil}}", "construct", 2},
		{"标题\n{{1.5}}", "construct", 2},
		{"标题\n正文\n{{if .Agreed}}x", "syntax", 3},
		{"标题\n{{end}}", "syntax", 2},
		{"标题\n{{", "syntax", 2},
		{"标题\n{{$x}}", "syntax", 2},
		{"标题\n{{range .Gaps}}{{range $.Gaps}}{{range $.Gaps}}x{{end}}{{end}}{{end}}", "depth", 2},
		{"标题\n正\x00文", "characters", 2},
		{"标题\n正\u202e文", "characters", 2},
		{"标题\n正\xff文", "characters", 2},
		{"", "empty", 1},
		{"\n正文", "empty", 1},
		{"标题\n  \n\n", "empty", 2},
		{"标题\n{{if .Agreed}}正文{{end}}", "empty", 2},
		{"标题\n" + strings.Repeat("长", MaxWording), "max_length", 1},
	} {
		_, err := Parse(Answer, row.text)
		var wrong *WordingError
		if !errors.As(err, &wrong) {
			t.Errorf("%.60q: %v", row.text, err)
			continue
		}
		if wrong.Rule != row.rule || wrong.Line != row.line {
			t.Errorf("%.60q: %v; should be %s in line %d", row.text, wrong, row.rule, row.line)
		}
	}
}

// TestSoundWordingsAreTaken: what the means allow.
func TestSoundWordingsAreTaken(t *testing.T) {
	for _, text := range []string{
		"标题{{.Number}}\n正文",
		"标题\r\n正文\r\n",
		"标题\n{{/* 说明 */}}正文",
		"标题\n正文{{range .Basis}}{{.Law}}{{$.Number}}{{range $i, $f := $.Fields}}{{nth $i}}{{$f}}{{end}}{{end}}",
		"标题\n正文{{if and .Agreed (not .All)}}甲{{else if or .Reasons .Basis}}乙{{end}}",
		"标题\n正文{{with .Conditions}}{{.}}{{else}}无{{end}}{{if gt .Late 0}}{{.Late}}{{end}}",
		"标题\n{{- range .Fields}} {{.}} {{- end}}正文",
		"标题\n{{\"正文\"}}",
	} {
		if _, err := Parse(Answer, text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestFactsAreText: whatever a fact holds comes out as text of the letter, on its
// own lines, and cannot become a place to be filled in.
func TestFactsAreText(t *testing.T) {
	w, err := Parse(Answer, Default(Answer, Chinese))
	if err != nil {
		t.Fatal(err)
	}
	f := Samples(Answer, Chinese)[1]
	f.Matter = "甲\n乙{{.Provider}}\u202e丙"
	f.Reasons = "第一段\r\n{{.Number}}\x00<script>\n\n第二段"
	f.Issuer = "局\n长"
	l, err := Compose(w, Chinese, f, []string{"证明\n.pdf"}, SampleDay())
	if err != nil {
		t.Fatal(err)
	}
	if l.Title != "关于“甲 乙{{.Provider}}丙”共享申请的答复函" || l.Issuer != "局 长" || l.Annexes[0] != "证明 .pdf" {
		t.Errorf("%q %q %q", l.Title, l.Issuer, l.Annexes)
	}
	text := l.Text()
	if !strings.Contains(text, "\n第一段\n{{.Number}}<script>\n第二段\n") {
		t.Error(text)
	}
}

// TestALetterDoesNotGrowWithoutEnd: facts of any size cannot make it.
func TestALetterDoesNotGrowWithoutEnd(t *testing.T) {
	w, err := Parse(Completion, "标题\n正文{{range .Gaps}}{{range $.Gaps}}"+strings.Repeat("长", 4000)+"{{end}}{{end}}")
	if err != nil {
		t.Fatal(err)
	}
	f := Samples(Completion, Chinese)[0]
	f.Gaps = make([]string, 1000)
	_, err = Compose(w, Chinese, f, nil, SampleDay())
	var wrong *WordingError
	if !errors.As(err, &wrong) || wrong.Rule != "max_length" {
		t.Error(err)
	}
}

// TestEveryKindHasFields: that its wordings can name.
func TestEveryKindHasFields(t *testing.T) {
	for _, k := range Kinds {
		if n := len(FieldsOf(k)); n < 10 {
			t.Errorf("%s has %d fields", k, n)
		}
	}
}

// FuzzParse: whatever is accepted writes a letter of any sample without an error
// other than its length, and nothing panics.
func FuzzParse(f *testing.F) {
	for _, k := range Kinds {
		f.Add(Default(k, Chinese))
	}
	f.Add("标题\n{{range $i, $b := .Basis}}{{nth $i}}{{$b.Law}}{{end}}正文")
	f.Add("标题\n{{if eq .Outcome \"upheld\"}}{{with .Note}}{{.}}{{end}}{{end}}正文")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := Parse(Answer, text)
		if err != nil {
			var wrong *WordingError
			if !errors.As(err, &wrong) {
				t.Fatalf("%q: %v", text, err)
			}
			if wrong.Line < 1 || wrong.Line > strings.Count(text, "\n")+1 && wrong.Rule != "empty" {
				t.Fatalf("%q: %v", text, wrong)
			}
			return
		}
		for _, k := range Kinds {
			for _, sample := range Samples(k, Chinese) {
				if _, err := Compose(w, Chinese, sample, nil, SampleDay()); err != nil {
					var wrong *WordingError
					if !errors.As(err, &wrong) || wrong.Rule != "max_length" {
						t.Fatalf("%q: %v", text, err)
					}
				}
			}
		}
	})
}
