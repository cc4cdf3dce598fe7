package web

import (
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"
	"github.com/xuri/excelize/v2"

	"gongshu/desk"
	"gongshu/sharing"
)

// column is a column of a spreadsheet.
type column struct {
	Title string
	Width float64 // in characters
}

const spreadsheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// Number formats of Excel: days, instants, and shares of one.
const (
	dayFormat     = "yyyy-mm-dd"
	instantFormat = "yyyy-mm-dd hh:mm"
)

// sheet answers with a spreadsheet of one table, the head of which stays in place, and
// a second sheet that says what it is. Rows are written as they come and do not stay
// in memory. A cell is a text, a number, a day or an instant; what would be a formula
// is written as text.
func (v *visit) sheet(name, title string, columns []column, rows func(add func(cells ...any) error) error) (err error) {
	book := excelize.NewFile()
	defer func() {
		if closing := book.Close(); err == nil {
			err = closing
		}
	}()
	styles := map[string]int{}
	for _, f := range []struct {
		name  string
		style excelize.Style
	}{
		{"head", excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E9F0F9"}},
			Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}}},
		{dayFormat, excelize.Style{CustomNumFmt: textOf(dayFormat)}},
		{instantFormat, excelize.Style{CustomNumFmt: textOf(instantFormat)}},
	} {
		if styles[f.name], err = book.NewStyle(&f.style); err != nil {
			return err
		}
	}
	table := v.words.T("sheet.table")
	if err := book.SetSheetName(book.GetSheetName(0), table); err != nil {
		return err
	}
	stream, err := book.NewStreamWriter(table)
	if err != nil {
		return err
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(columns))
	for i, c := range columns {
		head[i] = excelize.Cell{StyleID: styles["head"], Value: c.Title}
		if err := stream.SetColWidth(i+1, i+1, c.Width); err != nil {
			return err
		}
	}
	written := 0
	put := func(cells []any) error {
		at, err := excelize.CoordinatesToCellName(1, written+1)
		if err != nil {
			return err
		}
		written++
		return stream.SetRow(at, cells)
	}
	if err := put(head); err != nil {
		return err
	}
	err = rows(func(cells ...any) error {
		for i, c := range cells {
			cells[i] = cell(c, styles)
		}
		return put(cells)
	})
	if err != nil {
		return err
	}
	if err := stream.Flush(); err != nil {
		return err
	}
	if err := v.aboutSheet(book, title, written-1); err != nil {
		return err
	}
	h := v.Response().Header()
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name + ".xlsx"}))
	h.Set(echo.HeaderContentType, spreadsheetType)
	v.Response().WriteHeader(http.StatusOK)
	return book.Write(v.Response())
}

// aboutSheet says on a sheet of its own what the table is, when it was made and for
// whom.
func (v *visit) aboutSheet(book *excelize.File, title string, rows int) error {
	about := v.words.T("sheet.about")
	if _, err := book.NewSheet(about); err != nil {
		return err
	}
	now, err := v.site.desk.Now(v.ctx())
	if err != nil {
		return err
	}
	lines := [][]any{
		{v.words.T("sheet.what"), plain(title)}, {v.words.T("sheet.rows"), rows}, {v.words.T("sheet.at"), v.words.Instant(now)},
		{v.words.T("sheet.by"), plain(v.user.Name + " · " + v.words.department(v.user.Department))}, {v.words.T("sheet.scope"), v.words.T("sheet.scope.what")},
	}
	if rows >= desk.MaxExport {
		lines = append(lines, []any{v.words.T("sheet.cut"), v.words.T("sheet.cut.what", v.words.Number(desk.MaxExport))})
	}
	for i, line := range lines {
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		if err := book.SetSheetRow(about, at, &line); err != nil {
			return err
		}
	}
	return book.SetColWidth(about, "A", "B", 36)
}

func textOf(s string) *string { return &s }

// cell makes a cell of a value: days and instants as such, by the clock in Shanghai.
func cell(value any, styles map[string]int) any {
	switch c := value.(type) {
	case string:
		return plain(c)
	case sharing.Date:
		if c.IsZero() {
			return nil
		}
		year, month, day := c.Civil()
		return excelize.Cell{StyleID: styles[dayFormat], Value: time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
	case time.Time:
		if c.IsZero() {
			return nil
		}
		c = c.In(sharing.Shanghai)
		return excelize.Cell{StyleID: styles[instantFormat], Value: time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), 0, 0, time.UTC)}
	case *time.Time:
		if c == nil {
			return nil
		}
		return cell(*c, styles)
	case *int:
		if c == nil {
			return nil
		}
		return *c
	}
	return value
}

// plain makes a text that no program takes for a formula, wherever the cell is copied
// to: one that begins like a formula, in full-width characters too, gets a mark before
// it. Characters that a spreadsheet cannot hold are left out.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || r == unicode.ReplacementChar || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, s)
	if first := strings.TrimLeft(s, " \u3000\u00a0"); first != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(first)[0]) {
		s = "'" + s
	}
	if runes := []rune(s); len(runes) > excelize.TotalCellChars {
		s = string(runes[:excelize.TotalCellChars])
	}
	return s
}

// exportBoard hands over the board's list, as the address narrows it.
func (v *visit) exportBoard() error {
	q := v.boardQuery()
	if !v.site.desk.MayWatch(v.user) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	w := v.words
	columns := []column{{w.T("case.number"), 20}, {w.T("case.procedure"), 16}, {w.T("board.case"), 36}, {w.T("board.duty"), 26}, {w.T("clock.owes"), 24},
		{w.T("sheet.light"), 10}, {w.T("sheet.left"), 12}, {w.T("clock.due"), 13}, {w.T("case.applicant"), 24}, {w.T("case.state"), 12}, {w.T("sheet.received"), 17},
		{w.T("board.holder"), 24}, {w.T("board.rung"), 10}, {w.T("sheet.urged"), 17}, {w.T("sheet.supervised"), 17}, {w.T("aside.reply_day"), 13}}
	told := v.telling()
	if told.id != "" {
		one := q
		one.Limit = 1
		b, err := v.site.desk.Overdue(v.ctx(), v.user, one)
		if err != nil {
			return err
		}
		told.total = min(b.Items.Total, desk.MaxExport)
	}
	return told.end(v.sheet(w.T("sheet.board.file"), w.T("menu.board"), columns, func(add func(...any) error) error {
		return v.site.desk.EachOverdue(v.ctx(), v.user, q, func(i desk.OverdueItem) error {
			told.one()
			rung := ""
			if i.Chase.Rung != "" {
				rung = w.Code("rung", i.Chase.Rung)
			}
			return add(i.Case.Number, w.Code("procedure", i.Case.Procedure), i.Case.Title, w.Duty(&i.Clock), w.department(i.Clock.Owes),
				w.Code("light", i.Clock.Light), i.Clock.Left, i.Clock.DueDate, w.department(i.Case.Applicant), w.Code("state", i.Case.State), i.Case.ReceivedAt,
				w.department(i.Chase.Holder), rung, i.Chase.Urged, i.Chase.Supervised, i.Chase.ReplyBy)
		})
	}))
}

// exportCases hands over the list of cases, as the address narrows it.
func (v *visit) exportCases() error {
	w := v.words
	q, _ := v.caseQuery()
	columns := []column{{w.T("case.number"), 20}, {w.T("case.procedure"), 16}, {w.T("case.subject"), 36}, {w.T("case.applicant"), 24}, {w.T("case.provider"), 24},
		{w.T("case.state"), 12}, {w.T("sheet.received"), 17}, {w.T("sheet.closed"), 17}}
	told := v.telling()
	if told.id != "" {
		one := q
		one.Limit = 1
		found, err := v.site.desk.Cases(v.ctx(), v.user, one)
		if err != nil {
			return err
		}
		told.total = min(found.Total, desk.MaxExport)
	}
	return told.end(v.sheet(w.T("sheet.cases.file"), w.T("menu.cases"), columns, func(add func(...any) error) error {
		return v.site.desk.EachCase(v.ctx(), v.user, q, func(c sharing.Case) error {
			told.one()
			return add(c.Number, w.Code("procedure", c.Procedure), c.Title, w.department(c.Applicant), w.department(c.Provider), w.Code("state", c.State), c.ReceivedAt, c.ClosedAt)
		})
	}))
}

// exportBulletin hands over a bulletin.
func (v *visit) exportBulletin() error {
	if !v.site.desk.MayWatch(v.user) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	page, from, to, err := v.bulletinDays()
	if err != nil {
		return err
	}
	if page.Form.Wrong() {
		return v.show(http.StatusUnprocessableEntity, "bulletin", "bulletin", page)
	}
	b, err := v.site.desk.Bulletin(v.ctx(), v.user, from, to)
	if err != nil {
		return err
	}
	w := v.words
	sortByName(w, b.Departments, nil, func(l desk.BulletinLine) string { return w.department(l.Department) })
	columns := []column{{w.T("board.department"), 28}}
	for _, key := range []string{"answered", "in_time", "late", "average", "median", "overdue", "refused", "overturned", "disputes", "corrected", "fresh", "cycled"} {
		columns = append(columns, column{w.T("bulletin." + key), 12})
	}
	line := func(name string, l desk.BulletinLine) []any {
		var average, median any // of no answers there is neither
		if l.Answered > 0 {
			average, median = l.Average(), l.Median
		}
		return []any{name, l.Answered, l.InTime, l.Late, average, median, l.Overdue, l.Refused, l.Overturned, l.Disputes, l.Corrected, l.Fresh, l.Cycled}
	}
	title := w.T("bulletin.title") + " " + from.String() + " – " + to.String()
	return v.sheet(w.T("bulletin.title")+"-"+from.String()+"-"+to.String(), title, columns, func(add func(...any) error) error {
		for _, l := range b.Departments {
			if err := add(line(w.department(l.Department), l)...); err != nil {
				return err
			}
		}
		return add(line(w.T("bulletin.total"), b.Total)...)
	})
}
