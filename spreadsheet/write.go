package spreadsheet

import (
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/xuri/excelize/v2"

	"gongshu/sharing"
)

// Page is a workbook to be written.
type Page struct {
	Locale string // "zh" or "en"
	Table  string // name of the sheet of the catalog
	Help   string // name of the sheet that explains it
	// Heads are the headings of the explanation: column, whether it must be filled in,
	// allowed values, what it is, article.
	Heads [5]string
	// Explain says of a column whether it must be filled in, what it is, and the
	// article by which it is asked.
	Explain func(Column) (must, what, article string)
	// Notes stand below the explanation.
	Notes []string
}

// Write writes a workbook of entries, at most as many as come: none makes a template.
// Columns of codes offer their values. What would be a formula is written as text.
func (p Page) Write(w io.Writer, entries func(add func(sharing.Resource) error) error) (err error) {
	book := excelize.NewFile()
	defer func() {
		if closing := book.Close(); err == nil {
			err = closing
		}
	}()
	head, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E9F0F9"}},
		Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}})
	if err != nil {
		return err
	}
	if err := book.SetSheetName(book.GetSheetName(0), p.Table); err != nil {
		return err
	}
	for i, c := range Columns {
		if len(c.Values) == 0 || c.Several {
			continue
		}
		place, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		offered := excelize.NewDataValidation(true)
		offered.Sqref = place + "2:" + place + strconv.Itoa(MaxLines)
		list := make([]string, len(c.Values))
		for j, v := range c.Values {
			list[j] = v.Name(p.Locale)
		}
		if err := offered.SetDropList(list); err != nil {
			return err
		}
		if err := book.AddDataValidation(p.Table, offered); err != nil {
			return err
		}
	}
	stream, err := book.NewStreamWriter(p.Table)
	if err != nil {
		return err
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, XSplit: 2, YSplit: 1, TopLeftCell: "C2", ActivePane: "bottomRight"}); err != nil {
		return err
	}
	heads := make([]any, len(Columns))
	for i, c := range Columns {
		if err := stream.SetColWidth(i+1, i+1, c.Width); err != nil {
			return err
		}
		heads[i] = excelize.Cell{StyleID: head, Value: c.Name(p.Locale)}
	}
	line := 0
	put := func(cells []any) error {
		line++
		return stream.SetRow("A"+strconv.Itoa(line), cells)
	}
	if err := put(heads); err != nil {
		return err
	}
	err = entries(func(r sharing.Resource) error {
		for _, cells := range p.lines(r) {
			if err := put(cells); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := stream.Flush(); err != nil {
		return err
	}
	if err := p.help(book, head); err != nil {
		return err
	}
	return book.Write(w)
}

// lines are those of one entry: one for each data item.
func (p Page) lines(r sharing.Resource) [][]any {
	name := func(key Key, code string) string {
		c, _ := ColumnOf(key)
		for _, v := range c.Values {
			if v.Code == code {
				return v.Name(p.Locale)
			}
		}
		return code
	}
	grade := func(key Key, g sharing.Grade) string {
		if g == 0 {
			return ""
		}
		return name(key, strconv.Itoa(int(g)))
	}
	modes := make([]string, len(r.Modes))
	for i, m := range r.Modes {
		modes[i] = name(Modes, string(m))
	}
	provider := r.Provider.Name
	if p.Locale == "en" && r.Provider.NameEN != "" {
		provider = r.Provider.NameEN
	}
	// What the class rests on is kept as one text, which is shown and not read back:
	// whoever changes the class cites it anew.
	said := map[Key]string{
		Code: r.Code, Title: r.Title, Provider: provider, Description: r.Description, Class: name(Class, string(r.Class)), OpenClass: name(OpenClass, string(r.OpenClass)),
		Grade: grade(Grade, r.Grade), BasisLaw: r.Basis, Condition: r.Condition, Cycle: name(Cycle, string(r.Cycle)), Format: r.Format, Modes: strings.Join(modes, "、"),
		Base: name(Base, string(r.Base)),
	}
	lines := make([][]any, max(len(r.Fields), 1))
	for i := range lines {
		if i > 0 {
			said = map[Key]string{Code: r.Code}
		}
		if i < len(r.Fields) {
			f := r.Fields[i]
			said[ItemName], said[ItemTitle], said[ItemType], said[ItemGrade] = f.Name, f.Title, name(ItemType, f.Type), grade(ItemGrade, f.Grade)
		}
		lines[i] = make([]any, len(Columns))
		for j, c := range Columns {
			if said[c.Key] != "" {
				lines[i][j] = harmless(said[c.Key])
			}
		}
	}
	return lines
}

// help writes the sheet that explains the columns.
func (p Page) help(book *excelize.File, head int) error {
	if _, err := book.NewSheet(p.Help); err != nil {
		return err
	}
	wrapped, err := book.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	if err != nil {
		return err
	}
	rows := [][]any{make([]any, len(p.Heads))}
	for i, h := range p.Heads {
		rows[0][i] = h
	}
	for _, c := range Columns {
		must, what, article := p.Explain(c)
		values := make([]string, len(c.Values))
		for i, v := range c.Values {
			values[i] = v.Name(p.Locale)
		}
		rows = append(rows, []any{c.Name(p.Locale), must, strings.Join(values, "、"), what, article})
	}
	rows = append(rows, nil)
	for _, note := range p.Notes {
		rows = append(rows, []any{note})
	}
	for i, row := range rows {
		if err := book.SetSheetRow(p.Help, "A"+strconv.Itoa(i+1), &row); err != nil {
			return err
		}
	}
	if err := book.SetCellStyle(p.Help, "A1", "E1", head); err != nil {
		return err
	}
	if err := book.SetCellStyle(p.Help, "A2", "E"+strconv.Itoa(len(Columns)+1), wrapped); err != nil {
		return err
	}
	for place, width := range map[string]float64{"A": 22, "B": 16, "C": 44, "D": 60, "E": 30} {
		if err := book.SetColWidth(p.Help, place, place, width); err != nil {
			return err
		}
	}
	return nil
}

// harmless makes a text that no program takes for a formula, and that a spreadsheet
// can hold. [Read] takes the mark away again.
func harmless(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == '\n':
			return r
		case unicode.IsControl(r), r == unicode.ReplacementChar, r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, s)
	if first := strings.TrimLeft(s, " \u3000\u00a0\n"); first != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(first)[0]) {
		s = "'" + s
	}
	if runes := []rune(s); len(runes) > excelize.TotalCellChars {
		s = string(runes[:excelize.TotalCellChars])
	}
	return s
}
