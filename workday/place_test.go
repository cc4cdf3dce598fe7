package workday

import (
	"strings"
	"testing"
)

func TestFaultsHaveALineAndAKey(t *testing.T) {
	const sound = `{
  "year": 2027,
  "source": "测试数据〔2026〕1号",
  "issued": "2026-11-04",
  "workdays": 250,
  "off": [
    "2027-01-01",
    "2027-01-02"
  ],
  "work": []
}`
	for name, row := range map[string]struct {
		text string
		want Fault
	}{
		"a day":       {strings.Replace(sound, "2027-01-02", "2027-02-30", 1), Fault{Line: 8, Key: "off[1]"}},
		"twice":       {strings.Replace(sound, "2027-01-02", "2027-01-01", 1), Fault{Line: 8, Key: "off[1]"}},
		"a year":      {strings.Replace(sound, "2027,", "1,", 1), Fault{Line: 2, Key: "year"}},
		"unknown":     {strings.Replace(sound, `"work"`, `"worked"`, 1), Fault{Line: 10, Key: "worked"}},
		"upper case":  {strings.Replace(sound, `"work"`, `"Work"`, 1), Fault{Line: 10, Key: "Work"}},
		"a comma":     {strings.Replace(sound, `2027,`, `2027`, 1), Fault{Line: 3}},
		"cut":         {strings.Split(sound, `"off"`)[0], Fault{Line: 6}},
		"a type":      {strings.Replace(sound, `2027,`, `"2027",`, 1), Fault{Line: 2, Key: "year"}},
		"the count":   {sound, Fault{Line: 5, Key: "workdays"}},
		"no source":   {strings.Replace(sound, `  "source": "测试数据〔2026〕1号",`+"\n", "", 1), Fault{Key: "source"}},
		"nothing":     {"", Fault{Line: 1}},
		"no object":   {"[]", Fault{Line: 1}},
		"a long file": {sound + strings.Repeat(" ", maxNoticeBytes), Fault{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseNotice(strings.NewReader(row.text))
			if err == nil {
				t.Fatal("it is taken")
			}
			got := FaultOf([]byte(row.text), err)
			if got.Line != row.want.Line || got.Key != row.want.Key || got.Rule == "" {
				t.Errorf("%v is placed at %+v, want line %d, key %q", err, got, row.want.Line, row.want.Key)
			}
		})
	}
}
