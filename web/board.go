package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

// boardPage is what the big-data center watches: who is late, and by how much.
type boardPage struct {
	Tabs    []tab
	Endings []ending
	Board   desk.Board
	Waiting desk.Waiting
	Query   desk.OverdueQuery
	Lights  []tab
	Chosen  []chosen // what the page is narrowed to
	Address string   // of this page, to be fetched again
	More    more
	Ladder  []rungLine // what a limit climbs in the region
	Form    *form
	Acts    bool // something can be done about a row
	Most    int  // rows of an export
}

// rungLine is a rung, and how many working days before the limit it comes.
type rungLine struct {
	regulation.Rung
	Ahead int
}

// chosen is one way in which the board is narrowed, and the address without it.
type chosen struct{ Text, Without string }

// address is that of the board, narrowed as q says.
func boardAddress(path string, q desk.OverdueQuery) string {
	values := url.Values{}
	values.Set("provider", q.Provider)
	values.Set("procedure", string(q.Procedure))
	values.Set("duty", q.Duty)
	values.Set("light", string(q.Light))
	return address(path, values)
}

// To is the address of the list behind a number: the page as it is narrowed, with one
// thing more or other, and the rows of one light.
func (p boardPage) To(name, value string, light desk.Light) string {
	q := p.Query
	q.Light = light
	switch name {
	case "provider":
		q.Provider = value
	case "procedure":
		q.Procedure = sharing.Procedure(value)
	case "duty":
		q.Duty = value
	}
	return boardAddress("/board", q) + "#b-rows"
}

// Export is the list as a spreadsheet.
func (p boardPage) Export() export {
	e := newExport("/board/export", nil)
	address := boardAddress("/board/export", p.Query)
	if _, narrowed, ok := strings.Cut(address, "?"); ok {
		e.Address += "&" + narrowed
	}
	return e
}

// UrgeAll is the address at which all of a department's overdue cases are urged;
// empty unless one is chosen that has any.
func (p boardPage) UrgeAll() string {
	if p.Query.Provider == "" || p.Board.Overdue == 0 || !p.Acts {
		return ""
	}
	q := p.Query
	q.Light = desk.Red
	return boardAddress("/board/urge", q)
}

// boardQuery reads how the board is narrowed from the address.
func (v *visit) boardQuery() desk.OverdueQuery {
	q := desk.OverdueQuery{Provider: v.QueryParam("provider"), Duty: v.QueryParam("duty"), Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	if light := desk.Light(v.QueryParam("light")); slices.Contains(boardLights, light) {
		q.Light = light
	}
	if p := sharing.Procedure(v.QueryParam("procedure")); slices.Contains(sharing.Procedures, p) {
		q.Procedure = p
	}
	return q
}

// boardLights are the ways of choosing rows by light, the first being the one that
// stands when none is named.
var boardLights = []desk.Light{"", desk.Red, desk.Yellow, desk.Green, desk.AnyLight}

// board shows what is overdue and due soon.
func (v *visit) board() error {
	q := v.boardQuery()
	d := v.site.desk
	var (
		b       desk.Board
		waiting desk.Waiting
	)
	group, reading := errgroup.WithContext(v.ctx())
	group.Go(func() (err error) {
		b, err = d.Overdue(reading, v.user, q)
		return err
	})
	group.Go(func() (err error) {
		waiting, err = d.Waiting(reading, v.user)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if q.Provider == "" && q.Procedure == "" && q.Duty == "" {
		v.counted.Overdue = &b.Overdue
	}
	page := boardPage{Tabs: v.boardTabs("/board"), Board: b, Waiting: waiting, Query: q, Address: v.here(), More: v.more(b.Items.Total, b.Items.Next), Form: newForm(0), Most: desk.MaxExport}
	var err error
	if page.Endings, err = v.endings(); err != nil {
		return err
	}
	ladder, err := d.Ladder(v.ctx(), v.user)
	if err != nil {
		return err
	}
	for _, r := range ladder {
		page.Ladder = append(page.Ladder, rungLine{r, -r.Offset})
	}
	for _, light := range boardLights {
		one := q
		one.Light = light
		page.Lights = append(page.Lights, tab{Label: v.words.Code("board.light", cmp.Or(light, "late")), Address: boardAddress("/board", one) + "#b-rows", Current: light == q.Light})
	}
	page.Acts = slices.ContainsFunc(b.Items.Items, func(i desk.OverdueItem) bool { return len(i.Can) > 0 })
	sortByName(v.words, page.Board.Departments, func(a, b desk.DepartmentFigures) int {
		return cmp.Or(cmp.Compare(b.Overdue, a.Overdue), cmp.Compare(b.DueSoon, a.DueSoon), cmp.Compare(b.Open, a.Open))
	}, func(f desk.DepartmentFigures) string { return v.words.department(f.Department) })
	page.Chosen = v.narrowed(b, q)
	return v.ok("board", "board", page)
}

// narrowed names what the board is narrowed to.
func (v *visit) narrowed(b desk.Board, q desk.OverdueQuery) []chosen {
	var list []chosen
	add := func(text string, clear func(*desk.OverdueQuery)) {
		without := q
		clear(&without)
		list = append(list, chosen{text, boardAddress("/board", without)})
	}
	if q.Provider != "" {
		name := q.Provider
		for _, f := range b.Departments {
			if f.Department.ID == q.Provider {
				name = v.words.department(f.Department)
			}
		}
		add(name, func(q *desk.OverdueQuery) { q.Provider = "" })
	}
	if q.Procedure != "" {
		add(v.words.Code("procedure", q.Procedure), func(q *desk.OverdueQuery) { q.Procedure = "" })
	}
	if q.Duty != "" {
		name := q.Duty
		for _, f := range b.Duties {
			if f.Duty == q.Duty {
				name = v.words.pick(f.Title, f.TitleEN)
			}
		}
		add(name, func(q *desk.OverdueQuery) { q.Duty = "" })
	}
	return list
}

// boardTabs are the pages around the board.
func (v *visit) boardTabs(current string) []tab {
	var tabs []tab
	for _, path := range []string{"/board", "/board/trend", "/board/replies", "/notices", "/bulletin"} {
		tabs = append(tabs, tab{Label: v.words.T("board.tab." + strings.ReplaceAll(path[1:], "/", ".")), Address: path, Current: path == current})
	}
	return tabs
}

// sortByName sorts things by an order of their own, if there is one, and those alike
// by their names in the way of the language: in Chinese by pinyin.
func sortByName[T any](w words, things []T, first func(a, b T) int, name func(T) string) {
	tag := language.Chinese
	if w.locale == English {
		tag = language.English
	}
	order := collate.New(tag)
	slices.SortStableFunc(things, func(a, b T) int {
		if first != nil {
			if n := first(a, b); n != 0 {
				return n
			}
		}
		return order.CompareString(name(a), name(b))
	})
}

func (w words) department(d sharing.Department) string { return w.pick(d.Name, d.NameEN) }

// share writes a share of a whole as per cent.
func share(of float64) string { return strconv.FormatFloat(of*100, 'f', 1, 64) + "%" }
