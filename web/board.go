package web

import (
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// boardPage is what the big-data center watches: who is late, and by how much.
type boardPage struct {
	Endings  []ending
	Board    desk.Board
	Provider string
	Light    desk.Light
	Address  string // of this page, to be fetched again
	More     more
	Chosen   *sharing.Department // the department drilled down to
}

// board shows what is overdue and due soon.
func (v *visit) board() error {
	q := desk.OverdueQuery{Provider: v.QueryParam("provider"), Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	if light := desk.Light(v.QueryParam("light")); slices.Contains([]desk.Light{desk.Red, desk.Yellow, desk.Green}, light) {
		q.Light = light
	}
	b, err := v.site.desk.Overdue(v.ctx(), v.user, q)
	if err != nil {
		return err
	}
	endings, err := v.endings()
	if err != nil {
		return err
	}
	page := boardPage{Endings: endings, Board: b, Provider: q.Provider, Light: q.Light, Address: v.here(), More: v.more(b.Items.Total, b.Items.Next)}
	for _, line := range b.Departments {
		if line.Department.ID == q.Provider {
			page.Chosen = &line.Department
		}
	}
	return v.ok("board", "board", page)
}
