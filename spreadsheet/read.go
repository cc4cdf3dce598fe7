package spreadsheet

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gongshu/sharing"
)

// Bounds on a file.
const (
	MaxBytes   = 10 << 20 // of the file as it comes in
	MaxEntries = 10_000
	MaxLines   = 60_000 // lines that say something

	maxUnpacked = 48 << 20 // of a workbook, unpacked
	maxParts    = 500      // of a workbook
	maxFindings = 20       // of one entry
	maxShown    = 60       // characters of a value in a finding
	headWithin  = 10       // lines in which the headings are looked for
)

// Rules that a file as a whole can break; the error's field is "/file".
const (
	RuleType     = "table_type"     // neither a workbook nor a table of text
	RuleLocked   = "table_locked"   // an old .xls, or protected by a password
	RuleMacro    = "table_macro"    // has macros
	RuleDamaged  = "table_damaged"  // cannot be read; the detail is the line, if known
	RuleUnpacked = "table_unpacked" // grows too large when it is unpacked
	RuleEncoding = "table_encoding" // neither UTF-8 nor GB18030
	RuleSheet    = "table_sheet"    // no sheet has the headings
	RuleColumns  = "table_columns"  // columns are missing; the detail names their keys
	RuleTwice    = "table_twice"    // a column stands there twice; the detail names its key
	RuleRows     = "table_rows"     // too many entries or lines
	RuleBytes    = "table_bytes"    // the file is too large
	RuleEmpty    = "table_empty"    // no entry in it
)

// Rules that an entry can break already as it is read.
const (
	RuleRequired  = "required"
	RuleOneOf     = "one_of"
	RuleFormula   = "formula"   // a formula instead of a value
	RuleNumeric   = "numeric"   // a long number that the spreadsheet rounded
	RuleDuplicate = "duplicate" // the code stands in an earlier line, which is the detail
	RuleConflict  = "conflict"  // says something else than the entry's first line, which is the detail
	RuleUnpaired  = "unpaired"  // as many kinds and documents as there are grounds
	RuleText      = "text"      // characters that are no text
)

// Finding is what is wrong in a line.
type Finding struct {
	Line   int    `json:"line"`
	Column Key    `json:"column,omitempty"` // "" for the whole line
	Rule   string `json:"rule"`
	Detail string `json:"detail,omitempty"`
	// Article is that of the rule, where it comes from law.
	Article string `json:"article,omitempty"`
}

// Entry is one entry of the catalog as a file says it.
type Entry struct {
	Line     int                `json:"line"` // its first, from 1
	Provider string             `json:"provider,omitempty"`
	Draft    sharing.EntryDraft `json:"draft"`
	// ItemLines are the lines of the data items.
	ItemLines []int `json:"item_lines,omitempty"`
	// SecondSource says why the data is catalogued although another entry has it.
	SecondSource string    `json:"second_source,omitempty"`
	Findings     []Finding `json:"findings,omitempty"`
}

func (e *Entry) find(line int, column Key, rule, detail string) {
	if len(e.Findings) < maxFindings {
		e.Findings = append(e.Findings, Finding{Line: line, Column: column, Rule: rule, Detail: detail})
	}
}

// Read reads a file by its name and content. What is wrong with the file as a whole
// is an *sharing.Error with the field "/file"; what is wrong with an entry stands with
// it.
func Read(name string, data []byte) ([]Entry, error) {
	if len(data) > MaxBytes {
		return nil, refused(sharing.CodeTooLarge, RuleBytes, fmt.Sprint(MaxBytes>>20))
	}
	var t table
	var err error
	switch ending := strings.ToLower(path.Ext(name)); {
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return nil, refused(sharing.CodeInvalid, RuleLocked, "")
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		err = t.workbook(data)
	case ending == ".xlsx" || ending == ".xlsm" || ending == ".xls":
		return nil, refused(sharing.CodeInvalid, RuleType, "")
	default:
		err = t.text(data)
	}
	if err != nil {
		return nil, err
	}
	if len(t.entries) == 0 {
		return nil, refused(sharing.CodeInvalid, RuleEmpty, "")
	}
	return t.entries, nil
}

func refused(code sharing.Code, rule, detail string) *sharing.Error {
	return &sharing.Error{Code: code, Fields: []sharing.FieldError{{Field: "/file", Rule: rule, Detail: detail}}}
}

// table collects entries line by line.
type table struct {
	entries []Entry
	places  map[int]Key    // column by place
	first   map[string]int // line by code
	lines   int
}

// head takes a line as that of the headings, unless it is not.
func (t *table) head(cells []string) (found bool, missing []Key, twice Key) {
	places, seen := map[int]Key{}, map[Key]bool{}
	for i, cell := range cells {
		key, known := columnBy[spelled(cell)]
		if !known || spelled(cell) == "" {
			continue
		}
		if seen[key] {
			twice = key
			continue
		}
		places[i], seen[key] = key, true
	}
	for _, c := range Columns {
		if c.Needed && !seen[c.Key] {
			missing = append(missing, c.Key)
		}
	}
	if len(seen) < 2 {
		return false, missing, ""
	}
	if missing == nil && twice == "" {
		t.places, t.first = places, map[string]int{}
	}
	return true, missing, twice
}

var rounded = regexp.MustCompile(`^\d(\.\d+)?[eE]\+?\d+$`)

// line takes in one line below the headings. formula reports whether the cell at a
// place is one.
func (t *table) line(n int, cells []string, formula func(place int) bool) error {
	said := map[Key]string{}
	wrong := map[Key]string{} // rule by column
	for i, cell := range cells {
		key, known := t.places[i]
		if !known {
			continue
		}
		text, ok := plain(cell)
		switch {
		case !ok:
			wrong[key] = RuleText
		case formula != nil && formula(i):
			wrong[key] = RuleFormula
		case key == Code && rounded.MatchString(text):
			wrong[key] = RuleNumeric
		}
		if text != "" || wrong[key] != "" {
			said[key] = text
		}
	}
	if len(said) == 0 {
		return nil
	}
	if t.lines++; t.lines > MaxLines {
		return refused(sharing.CodeTooLarge, RuleRows, fmt.Sprint(MaxLines))
	}
	var last *Entry
	if len(t.entries) > 0 {
		last = &t.entries[len(t.entries)-1]
	}
	own := false // something of the entry itself
	for key := range said {
		c, _ := ColumnOf(key)
		own = own || !c.Item()
	}
	code := said[Code]
	if last != nil && (!own || code != "" && code == last.Draft.Code) {
		last.again(n, said)
		last.broken(n, wrong)
		last.item(n, said)
		return nil
	}
	if len(t.entries) == MaxEntries {
		return refused(sharing.CodeTooLarge, RuleRows, fmt.Sprint(MaxEntries))
	}
	e := Entry{Line: n}
	e.broken(n, wrong)
	for key := range wrong {
		delete(said, key) // told already
	}
	e.read(n, said)
	if wrong[Code] == "" && code == "" {
		e.find(n, Code, RuleRequired, "")
	}
	if code != "" {
		if before, taken := t.first[code]; taken {
			e.find(n, Code, RuleDuplicate, strconv.Itoa(before))
		} else {
			t.first[code] = n
		}
	}
	e.item(n, said)
	t.entries = append(t.entries, e)
	return nil
}

// broken notes the cells of a line that cannot be read, in the order of columns.
func (e *Entry) broken(n int, wrong map[Key]string) {
	for _, c := range Columns {
		if rule := wrong[c.Key]; rule != "" {
			e.find(n, c.Key, rule, "")
		}
	}
}

// read takes in the columns of the entry itself.
func (e *Entry) read(n int, said map[Key]string) {
	d := &e.Draft
	d.Code, d.Title, d.Description, d.Condition, d.Format = said[Code], said[Title], said[Description], said[Condition], said[Format]
	e.Provider, e.SecondSource = said[Provider], said[SecondSource]
	d.Class = sharing.Class(e.coded(n, Class, said[Class]))
	d.OpenClass = sharing.OpenClass(e.coded(n, OpenClass, said[OpenClass]))
	d.Grade = e.grade(n, Grade, said[Grade])
	d.Cycle = sharing.Cycle(e.coded(n, Cycle, said[Cycle]))
	d.Base = sharing.BaseCategory(e.coded(n, Base, said[Base]))
	for _, text := range several(said[Modes]) {
		if mode := sharing.Mode(e.coded(n, Modes, text)); mode != "" && !slices.Contains(d.Modes, mode) {
			d.Modes = append(d.Modes, mode)
		}
	}
	sources, laws, articles := grounds(said[BasisSource]), grounds(said[BasisLaw]), grounds(said[BasisArticle])
	if len(sources) > len(laws) || len(articles) > len(laws) {
		e.find(n, BasisLaw, RuleUnpaired, strconv.Itoa(max(len(sources), len(articles))))
	}
	for i, law := range laws {
		g := sharing.LegalGround{Law: law}
		if i < len(sources) {
			g.Source = e.coded(n, BasisSource, sources[i])
		}
		if i < len(articles) {
			g.Article = articles[i]
		}
		d.Basis = append(d.Basis, g)
	}
}

// again holds a further line of the entry to its first.
func (e *Entry) again(n int, said map[Key]string) {
	var repeated Entry
	repeated.read(n, said)
	r, d := repeated.Draft, e.Draft
	differs := map[Key]bool{
		Title: r.Title != "" && r.Title != d.Title, Description: r.Description != "" && r.Description != d.Description,
		Provider: repeated.Provider != "" && repeated.Provider != e.Provider, SecondSource: repeated.SecondSource != "" && repeated.SecondSource != e.SecondSource,
		Class: r.Class != "" && r.Class != d.Class, OpenClass: r.OpenClass != "" && r.OpenClass != d.OpenClass, Grade: r.Grade != 0 && r.Grade != d.Grade,
		Condition: r.Condition != "" && r.Condition != d.Condition, Cycle: r.Cycle != "" && r.Cycle != d.Cycle, Format: r.Format != "" && r.Format != d.Format,
		Base: r.Base != "" && r.Base != d.Base, Modes: len(r.Modes) > 0 && !slices.Equal(r.Modes, d.Modes), BasisLaw: len(r.Basis) > 0 && !slices.Equal(r.Basis, d.Basis),
	}
	for _, c := range Columns {
		if differs[c.Key] {
			e.find(n, c.Key, RuleConflict, strconv.Itoa(e.Line))
		}
	}
}

// item takes in the data item of a line, if there is one.
func (e *Entry) item(n int, said map[Key]string) {
	f := sharing.Field{Name: said[ItemName], Title: said[ItemTitle], Type: e.coded(n, ItemType, said[ItemType]), Grade: e.grade(n, ItemGrade, said[ItemGrade])}
	if f == (sharing.Field{}) {
		return
	}
	if f.Type == "" && said[ItemType] == "" {
		f.Type = "string"
	}
	if f.Grade == 0 && said[ItemGrade] == "" {
		f.Grade = e.Draft.Grade // what is said of the whole holds for each
	}
	if len(e.Draft.Fields) <= sharing.MaxEntryFields {
		e.Draft.Fields, e.ItemLines = append(e.Draft.Fields, f), append(e.ItemLines, n)
	}
}

// coded returns the code for a text, "" with a finding when it is none of the column's.
func (e *Entry) coded(n int, key Key, text string) string {
	if text == "" {
		return ""
	}
	code, ok := valueBy[key][spelled(text)]
	if !ok {
		e.find(n, key, RuleOneOf, shown(text))
	}
	return code
}

func (e *Entry) grade(n int, key Key, text string) sharing.Grade {
	g, err := strconv.Atoi(e.coded(n, key, text))
	if err != nil {
		return 0
	}
	return sharing.Grade(g)
}

// several splits a cell of several values.
func several(text string) []string {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("、,，;；/|\n", r) })
	return slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// grounds splits a cell into those of several grounds, in their order.
func grounds(text string) []string {
	if text == "" {
		return nil
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(";；\n", r) })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

// plain cleans the text of a cell: without spaces around it, the mark by which
// programs keep a text from being a formula, and characters that nobody sees. It is
// not ok when the text holds control characters, or is no text.
func plain(s string) (text string, ok bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\u200b', '\ufeff', '\u2060':
			return -1
		case '\u00a0', '\u3000', '\t':
			return ' '
		case '\r':
			return '\n'
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
	s = strings.TrimSpace(s)
	if after, marked := strings.CutPrefix(s, "'"); marked && after != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(after)[0]) {
		s = after
	}
	return s, !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\n' || r == 0x7f || r == utf8.RuneError || r == 0xfffe || r == 0xffff
	})
}

// shown is a value as findings show it.
func shown(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return text
}
