package dcat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode"
	"unicode/utf8"

	"gongshu/dcat"
	"gongshu/sharing"
)

func readFile(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/labor.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func read(t testing.TB, text string) dcat.Catalog {
	t.Helper()
	c, err := dcat.Read(strings.NewReader(text), dcat.Options{RegionID: "city"})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return c
}

// The expected counts are those of the raw JSON, counted here without the reader.
func TestLaborCatalog(t *testing.T) {
	data := readFile(t)
	var raw struct {
		Dataset []struct {
			Identifier  string
			AccessLevel string
			Rights      string
			Publisher   struct{ Name string }
		}
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	levels, offices, perOffice := map[string]int{}, map[string]bool{}, map[string]int{}
	for _, d := range raw.Dataset {
		levels[d.AccessLevel]++
		offices[d.Publisher.Name] = true
		perOffice[d.Publisher.Name]++
	}
	if len(raw.Dataset) != 465 || len(offices) != 22 || levels["public"] != 272 ||
		levels["restricted public"] != 87 || levels["non-public"] != 106 {
		t.Fatalf("the file is not the one described: %d entries, %d offices, %v", len(raw.Dataset), len(offices), levels)
	}

	c, err := dcat.Read(bytes.NewReader(data), dcat.Options{RegionID: "city"})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Resources) != len(raw.Dataset) || len(c.Departments) != len(offices) {
		t.Errorf("%d resources of %d departments, want %d of %d", len(c.Resources), len(c.Departments), len(raw.Dataset), len(offices))
	}
	classes, imported, marked := map[sharing.Class]int{}, map[string]int{}, 0
	for i, r := range c.Resources {
		classes[r.Class]++
		imported[r.Provider.Name]++
		if r.Code != raw.Dataset[i].Identifier {
			t.Errorf("resource %d has code %q, want %q", i, r.Code, raw.Dataset[i].Identifier)
		}
		if r.Basis == dcat.NoBasisStated {
			marked++
		}
		checkResource(t, r)
	}
	want := map[sharing.Class]int{sharing.Unconditional: levels["public"], sharing.Conditional: levels["restricted public"], sharing.NotShared: levels["non-public"]}
	if !reflect.DeepEqual(classes, want) {
		t.Errorf("classes %v, want %v", classes, want)
	}
	if !reflect.DeepEqual(imported, perOffice) {
		t.Errorf("entries per office %v, want %v", imported, perOffice)
	}
	ids := map[string]bool{}
	for _, d := range c.Departments {
		if ids[d.ID] {
			t.Errorf("department id %s occurs twice", d.ID)
		}
		ids[d.ID] = true
	}

	// Of the 193 entries that are not public, those that state a reason.
	reasons := 0
	for _, d := range raw.Dataset {
		if d.AccessLevel == "public" {
			continue
		}
		for _, word := range []string{"PII", "personally identifiable", "Sensitive", "identification information", "health sampling"} {
			if strings.Contains(d.Rights, word) {
				reasons++
				break
			}
		}
	}
	if marked != 193-reasons {
		t.Errorf("%d entries carry the marker, want %d", marked, 193-reasons)
	}
	lines := 0
	for _, l := range c.Report {
		if l.Rule == dcat.NoBasis {
			lines++
		}
	}
	if lines != marked {
		t.Errorf("%d report lines on a missing basis, want %d", lines, marked)
	}
	s := c.Summary()
	if s.Entries != 465 || s.Refused != 0 || s.Imported+s.Changed != 465 {
		t.Errorf("summary %+v", s)
	}
	t.Logf("summary %+v, without a stated basis %d", s, marked)
}

func TestReadingTwiceChangesNothing(t *testing.T) {
	data := readFile(t)
	first, err := dcat.Read(bytes.NewReader(data), dcat.Options{RegionID: "city"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := dcat.Read(iotest.OneByteReader(bytes.NewReader(data)), dcat.Options{RegionID: "city"})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first, second) {
		t.Error("the second reading differs from the first")
	}
	other, err := dcat.Read(bytes.NewReader(data), dcat.Options{RegionID: "lishui"})
	if err != nil {
		t.Fatal(err)
	}
	if first.Resources[0].ID == other.Resources[0].ID || first.Departments[0].ID == other.Departments[0].ID {
		t.Error("two regions share an id")
	}
}

func checkResource(t testing.TB, r sharing.Resource) {
	t.Helper()
	if r.ID == "" || r.Code == "" || r.Title == "" || r.RegionID == "" || r.Provider.ID == "" || r.Provider.Name == "" {
		t.Errorf("%s: incomplete: %+v", r.Code, r)
	}
	if (r.Class == sharing.Unconditional) != (r.Basis == "") {
		t.Errorf("%s: class %s with basis %q", r.Code, r.Class, r.Basis)
	}
	if r.Grade < sharing.LowestGrade || r.Grade > sharing.HighestGrade || len(r.Modes) == 0 || r.Cycle == "" {
		t.Errorf("%s: grade %d, modes %v, cycle %q", r.Code, r.Grade, r.Modes, r.Cycle)
	}
	if !r.HasField(dcat.WholeRecord) || r.Fields[0].Grade != r.Grade {
		t.Errorf("%s: fields %v", r.Code, r.Fields)
	}
	for _, text := range []string{r.Code, r.Title, r.Description, r.Basis, r.Condition, r.Format, r.Provider.Name, r.Provider.ID} {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool {
			return c != '\n' && c != '\t' && (unicode.Is(unicode.Cc, c) || unicode.Is(unicode.Bidi_Control, c))
		}) {
			t.Errorf("%s: unclean text %q", r.Code, text)
		}
	}
}

// entryWith is a good entry with some members replaced; "" leaves a member out.
func entryWith(members map[string]string) string {
	all := map[string]string{
		"identifier": `"A-1"`, "title": `"Permits"`, "description": `"Permits given"`, "accessLevel": `"public"`,
		"publisher": `{"name":"Office of Permits"}`, "accrualPeriodicity": `"R/P1M"`, "modified": `"2024-01-02"`,
	}
	for k, v := range members {
		all[k] = v
	}
	var parts []string
	for k, v := range all {
		if v != "" {
			parts = append(parts, fmt.Sprintf("%q:%s", k, v))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func file(entries ...string) string { return `{"dataset":[` + strings.Join(entries, ",") + `]}` }

func TestEntries(t *testing.T) {
	long := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	tests := []struct {
		name    string
		members map[string]string
		action  dcat.Action
		field   string
		rule    dcat.Rule
	}{
		{"good", nil, dcat.Imported, "", ""},
		{"no identifier", map[string]string{"identifier": ""}, dcat.Refused, "/identifier", dcat.Required},
		{"blank identifier", map[string]string{"identifier": `" "`}, dcat.Refused, "/identifier", dcat.Required},
		{"identifier a number", map[string]string{"identifier": `42`}, dcat.Changed, "/identifier", dcat.NumericIdentifier},
		{"identifier a fraction", map[string]string{"identifier": `4.2e400`}, dcat.Refused, "/identifier", dcat.NotText},
		{"identifier an object", map[string]string{"identifier": `{"a":1}`}, dcat.Refused, "/identifier", dcat.NotText},
		{"identifier with NUL", map[string]string{"identifier": `"A\u0000B"`}, dcat.Refused, "/identifier", dcat.ControlCharacter},
		{"identifier turned round", map[string]string{"identifier": `"A\u202eB"`}, dcat.Refused, "/identifier", dcat.ControlCharacter},
		{"identifier too long", map[string]string{"identifier": long(129)}, dcat.Refused, "/identifier", dcat.TooLong},
		{"no title", map[string]string{"title": ""}, dcat.Refused, "/title", dcat.Required},
		{"title null", map[string]string{"title": "null"}, dcat.Refused, "/title", dcat.Required},
		{"title a list", map[string]string{"title": `["a"]`}, dcat.Refused, "/title", dcat.NotText},
		{"title with a bell", map[string]string{"title": `"Per\u0007mits"`}, dcat.Changed, "/title", dcat.ControlCharacter},
		{"title too long", map[string]string{"title": long(301)}, dcat.Refused, "/title", dcat.TooLong},
		{"title not UTF-8", map[string]string{"title": "\"\xff\xfe\""}, dcat.Refused, "/title", dcat.InvalidUTF8},
		{"title with half a pair", map[string]string{"title": `"\ud800"`}, dcat.Refused, "/title", dcat.InvalidUTF8},
		{"description not UTF-8", map[string]string{"description": "\"a\xffb\""}, dcat.Changed, "/description", dcat.InvalidUTF8},
		{"description too long", map[string]string{"description": long(9000)}, dcat.Changed, "/description", dcat.TooLong},
		{"description a number", map[string]string{"description": `7`}, dcat.Changed, "/description", dcat.NotText},
		{"no access level", map[string]string{"accessLevel": ""}, dcat.Refused, "/accessLevel", dcat.Required},
		{"unknown access level", map[string]string{"accessLevel": `"secret"`}, dcat.Refused, "/accessLevel", dcat.UnknownAccess},
		{"access level in capitals", map[string]string{"accessLevel": `"PUBLIC"`}, dcat.Imported, "", ""},
		{"no publisher", map[string]string{"publisher": ""}, dcat.Refused, "/publisher", dcat.Required},
		{"publisher as text", map[string]string{"publisher": `"Office of Permits"`}, dcat.Changed, "/publisher", dcat.PublisherAsText},
		{"publisher a list", map[string]string{"publisher": `[]`}, dcat.Refused, "/publisher", dcat.NotAnObject},
		{"publisher without name", map[string]string{"publisher": `{}`}, dcat.Refused, "/publisher/name", dcat.Required},
		{"publisher named twice", map[string]string{"publisher": `{"name":"A","name":"B"}`}, dcat.Refused, "/publisher/name", dcat.DuplicateKey},
		{"restricted with a reason", map[string]string{"accessLevel": `"restricted public"`, "rights": `"Names of witnesses"`}, dcat.Imported, "", ""},
		{"restricted, rights true", map[string]string{"accessLevel": `"restricted public"`, "rights": `"true"`}, dcat.Changed, "/rights", dcat.NoBasis},
		{"restricted, rights a boolean", map[string]string{"accessLevel": `"restricted public"`, "rights": `false`}, dcat.Changed, "/rights", dcat.NoBasis},
		{"restricted, rights null", map[string]string{"accessLevel": `"restricted public"`, "rights": `null`}, dcat.Changed, "/rights", dcat.NoBasis},
		{"non-public, no rights", map[string]string{"accessLevel": `"non-public"`}, dcat.Changed, "/rights", dcat.NoBasis},
		{"non-public, rights restate it", map[string]string{"accessLevel": `"non-public"`, "rights": `"Private"`}, dcat.Changed, "/rights", dcat.NoBasis},
		{"non-public, rights an object", map[string]string{"accessLevel": `"non-public"`, "rights": `{}`}, dcat.Changed, "/rights", dcat.NotText},
		{"public, rights say otherwise", map[string]string{"rights": `"Internal dataset"`}, dcat.Changed, "/rights", dcat.RightsIgnored},
		{"public, rights true", map[string]string{"rights": `"TRUE"`}, dcat.Imported, "", ""},
		{"no cycle", map[string]string{"accrualPeriodicity": ""}, dcat.Changed, "/accrualPeriodicity", dcat.NoCycle},
		{"two years", map[string]string{"accrualPeriodicity": `"R/P2Y"`}, dcat.Changed, "/accrualPeriodicity", dcat.NearestCycle},
		{"cycle unknown", map[string]string{"accrualPeriodicity": `"often"`}, dcat.Changed, "/accrualPeriodicity", dcat.UnknownCycle},
		{"cycle a number", map[string]string{"accrualPeriodicity": `3`}, dcat.Changed, "/accrualPeriodicity", dcat.NotText},
		{"modified unknown", map[string]string{"modified": `"31.12.2024"`}, dcat.Changed, "/modified", dcat.UnknownDate},
		{"modified before its time", map[string]string{"modified": `"0001-01-01"`}, dcat.Changed, "/modified", dcat.UnknownDate},
		{"keywords as text", map[string]string{"keyword": `"a"`}, dcat.Changed, "/keyword", dcat.NotAList},
		{"a keyword a number", map[string]string{"keyword": `["a",1]`}, dcat.Changed, "/keyword/1", dcat.NotText},
		{"distributions an object", map[string]string{"distribution": `{}`}, dcat.Changed, "/distribution", dcat.NotAList},
		{"a distribution as text", map[string]string{"distribution": `["x"]`}, dcat.Changed, "/distribution/0", dcat.NotAnObject},
		{"entry too large", map[string]string{"theme": long(2 << 20)}, dcat.Refused, "", dcat.TooLong},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// The bad entry stands between good ones, which must not suffer.
			before := entryWith(map[string]string{"identifier": `"B-1"`, "title": `"Before"`})
			after := entryWith(map[string]string{"identifier": `"B-2"`, "title": `"After"`})
			c := read(t, file(before, entryWith(tt.members), after))
			want := 3
			if tt.action == dcat.Refused {
				want = 2
			}
			if len(c.Resources) != want || c.Resources[0].Code != "B-1" || c.Resources[want-1].Code != "B-2" {
				t.Fatalf("imported %+v", c.Resources)
			}
			for _, r := range c.Resources {
				checkResource(t, r)
			}
			var lines []dcat.Line
			for _, l := range c.Report {
				if l.Index == 1 {
					lines = append(lines, l)
				} else if l.Action != dcat.Imported || l.Rule != "" {
					t.Errorf("a line on a good entry: %+v", l)
				}
			}
			pointer := ""
			if tt.rule != "" {
				pointer = "/dataset/1" + tt.field
			}
			if len(lines) == 0 || lines[0].Action != tt.action || lines[0].Field != pointer || lines[0].Rule != tt.rule {
				t.Errorf("report %+v, want %s %s %s", lines, tt.action, pointer, tt.rule)
			}
			if tt.rule != "" && (tt.rule.Text("zh") == "" || tt.rule.Text("en") == "") {
				t.Errorf("rule %s has no text", tt.rule)
			}
		})
	}
}

func TestOddMembers(t *testing.T) {
	for _, odd := range []string{`7`, `"x"`, `null`, `[]`, `true`} {
		c := read(t, file(odd, entryWith(nil)))
		if len(c.Resources) != 1 || c.Report[0].Rule != dcat.NotAnObject || c.Report[0].Field != "/dataset/0" {
			t.Errorf("%s: %+v", odd, c.Report)
		}
	}
	c := read(t, file(`{"identifier":"A-1","accessLevel":"public","accessLevel":"non-public"}`))
	if len(c.Resources) != 0 || c.Report[0].Rule != dcat.DuplicateKey || c.Report[0].Identifier != "A-1" {
		t.Errorf("an access level given twice: %+v", c.Report)
	}
}

func TestDuplicateIdentifier(t *testing.T) {
	refused := entryWith(map[string]string{"title": ""})
	c := read(t, file(refused, entryWith(nil), entryWith(map[string]string{"title": `"Another"`})))
	if len(c.Resources) != 1 || c.Resources[0].Title != "Permits" {
		t.Fatalf("imported %+v, want the first that can be", c.Resources)
	}
	last := c.Report[len(c.Report)-1]
	if last.Action != dcat.Refused || last.Rule != dcat.DuplicateEntry || last.Detail != "/dataset/1/identifier" {
		t.Errorf("report %+v", last)
	}
	if s := c.Summary(); s != (dcat.Summary{Entries: 3, Imported: 1, Refused: 2}) {
		t.Errorf("summary %+v", s)
	}
}

func TestRemarks(t *testing.T) {
	c := read(t, file(entryWith(map[string]string{"publisher": `{"name":"Women's Bureau"}`}),
		entryWith(map[string]string{"identifier": `"A-2"`, "publisher": `{"name":"Women’s Bureau"}`}),
		entryWith(map[string]string{"identifier": `"A-3"`, "publisher": `{"name":"Women’s Bureau"}`})))
	if len(c.Departments) != 2 || c.Departments[0].ID == c.Departments[1].ID {
		t.Errorf("departments %+v", c.Departments)
	}
	var rules []dcat.Rule
	for _, l := range c.Report {
		rules = append(rules, l.Rule)
	}
	if want := []dcat.Rule{"", dcat.SimilarPublisher, dcat.RepeatedTitle}; !reflect.DeepEqual(rules, want) {
		t.Errorf("rules %v, want %v", rules, want)
	}
	if s := c.Summary(); s.Imported != 3 {
		t.Errorf("a remark changed an entry: %+v", s)
	}
}

func TestMapping(t *testing.T) {
	c := read(t, file(entryWith(map[string]string{
		"accessLevel": `"restricted public"`, "rights": `"Names of witnesses"`, "keyword": `["permit","trade"]`,
		"modified": `"2021-04-02T17:38:19.742Z"`,
		"distribution": `[{"format":"API","accessURL":"https://example.org/api"},
			{"downloadURL":"https://example.org/a.csv","mediaType":"text/csv"},{"accessURL":"https://example.org/"},{}]`,
	})))
	r := c.Resources[0]
	want := sharing.Resource{
		ID: dcat.ResourceID("city", "A-1"), Code: "A-1", RegionID: "city", Provider: c.Departments[0], Title: "Permits",
		Description: "Permits given\n关键词 / Keywords: permit, trade",
		Class:       sharing.Conditional, OpenClass: sharing.OpenConditionally, Grade: 2,
		Basis: "Names of witnesses", Condition: "Names of witnesses", Cycle: sharing.Monthly, Format: "API, CSV",
		Modes:   []sharing.Mode{sharing.QueryAPI, sharing.File, sharing.Browsing},
		Fields:  []sharing.Field{{Name: dcat.WholeRecord, Title: "整条记录 / whole record", Type: "object", Grade: 2}},
		Version: 1, UpdatedAt: time.Date(2021, 4, 2, 17, 38, 19, 742e6, time.UTC),
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
	if d := c.Departments[0]; d.Name != "Office of Permits" || d.Kind != sharing.OrdinaryDepartment ||
		d.RegionID != "city" || !strings.HasPrefix(d.ID, "city-office-of-permits-") {
		t.Errorf("department %+v", d)
	}
}

func TestModesOfTheRegion(t *testing.T) {
	c, err := dcat.Read(strings.NewReader(file(entryWith(nil))),
		dcat.Options{RegionID: "yanzhou", Modes: []sharing.Mode{sharing.Batch, sharing.QueryAPI}})
	if err != nil {
		t.Fatal(err)
	}
	if m := c.Resources[0].Modes; len(m) != 1 || m[0] != sharing.Batch || c.Report[0].Rule != dcat.ModeNotOffered {
		t.Errorf("modes %v, report %+v", m, c.Report)
	}
}

func TestCycles(t *testing.T) {
	tests := map[string]sharing.Cycle{
		"R/PT1S": sharing.RealTime, "R/PT1H": sharing.RealTime, "R/P1D": sharing.Daily, "R/P1W": sharing.Weekly,
		"R/P7D": sharing.Weekly, "R/P1M": sharing.Monthly, "R/P0.5M": sharing.Monthly, "R/P2W": sharing.Weekly,
		"R/P3M": sharing.Quarterly, "R/P2M": sharing.Quarterly, "R/P4M": sharing.Quarterly, "R/P6M": sharing.HalfYearly,
		"R/P1Y": sharing.EveryYear, "R/P12M": sharing.EveryYear, "R/P10Y": sharing.EveryYear, "R5/P1Y": sharing.EveryYear,
		"irregular": sharing.Irregularly, "R/P": sharing.Irregularly, "R/P0D": sharing.Irregularly,
		"R/P1.1.1Y": sharing.Irregularly, "P1Y": sharing.Irregularly, "r/p3.5d": sharing.Weekly,
	}
	for text, want := range tests {
		c := read(t, file(entryWith(map[string]string{"accrualPeriodicity": fmt.Sprintf("%q", text)})))
		if got := c.Resources[0].Cycle; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestUnusableFiles(t *testing.T) {
	good := entryWith(nil)
	tests := []struct {
		name, text string
		code       sharing.Code
	}{
		{"empty", "", sharing.CodeInvalid},
		{"not JSON", "identifier;title", sharing.CodeInvalid},
		{"cut off", file(good)[:40], sharing.CodeInvalid},
		{"cut off after the list", strings.TrimSuffix(file(good), "}"), sharing.CodeInvalid},
		{"a list", "[" + good + "]", sharing.CodeInvalid},
		{"no dataset", `{"conformsTo":"x"}`, sharing.CodeInvalid},
		{"dataset an object", `{"dataset":{}}`, sharing.CodeInvalid},
		{"dataset null", `{"dataset":null}`, sharing.CodeInvalid},
		{"two datasets", `{"dataset":[],"dataset":[]}`, sharing.CodeInvalid},
		{"something follows", file(good) + "{}", sharing.CodeInvalid},
		{"nested without end", `{"dataset":[` + strings.Repeat("[", 20000), sharing.CodeInvalid},
		{"too many entries", file(good, good, good), sharing.CodeTooLarge},
		{"too many bytes", file(good) + strings.Repeat(" ", 5000), sharing.CodeTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			limit := int64(5000)
			if tt.name == "nested without end" {
				limit = 1 << 20
			}
			c, err := dcat.Read(strings.NewReader(tt.text), dcat.Options{RegionID: "city", MaxBytes: limit, MaxEntries: 2})
			if sharing.CodeOf(err) != tt.code || len(c.Resources) != 0 {
				t.Errorf("error %v, want code %s", err, tt.code)
			}
		})
	}
	if c, err := dcat.Read(strings.NewReader(`{"dataset":[]}`), dcat.Options{RegionID: "city"}); err != nil || len(c.Report) != 0 {
		t.Errorf("an empty list: %v", err)
	}
	for _, region := range []string{"", "City", "a:b", "a b"} {
		if _, err := dcat.Read(strings.NewReader(file(good)), dcat.Options{RegionID: region}); sharing.CodeOf(err) != sharing.CodeInvalid {
			t.Errorf("region %q: %v", region, err)
		}
	}
	broken := errors.New("cable cut")
	if _, err := dcat.Read(io.MultiReader(strings.NewReader(`{"dataset":[`), iotest.ErrReader(broken)), dcat.Options{RegionID: "city"}); !errors.Is(err, broken) {
		t.Errorf("a failing reader: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(file(entryWith(nil))))
	f.Add([]byte(file(entryWith(map[string]string{"identifier": "1"}), `{"identifier":"a","identifier":"b"}`, "null")))
	f.Add([]byte(file(entryWith(map[string]string{"title": "\"\xff\"", "keyword": `["\u202e"]`, "distribution": `[{"format":"API"}]`}))))
	f.Add([]byte(`{"dataset":[{"accrualPeriodicity":"R/P9999999Y","accessLevel":"non-public","rights":"true"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		opts := dcat.Options{RegionID: "city", MaxBytes: 1 << 20}
		c, err := dcat.Read(bytes.NewReader(data), opts)
		if err != nil {
			return
		}
		s := c.Summary()
		if s.Imported+s.Changed != len(c.Resources) || s.Entries != len(c.Resources)+s.Refused {
			t.Errorf("summary %+v of %d resources", s, len(c.Resources))
		}
		ids := map[string]bool{}
		for _, r := range c.Resources {
			checkResource(t, r)
			if ids[r.ID] {
				t.Errorf("id %s occurs twice", r.ID)
			}
			ids[r.ID] = true
		}
		for _, l := range c.Report {
			if !utf8.ValidString(l.Field) || !utf8.ValidString(l.Detail) || !utf8.ValidString(l.Identifier) {
				t.Errorf("unclean line %+v", l)
			}
		}
		again, err := dcat.Read(bytes.NewReader(data), opts)
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("the second reading differs: %v", err)
		}
	})
}
