package regulation

import (
	"maps"
	"slices"
)

// Trial is what a library would become with one more file.
type Trial struct {
	Library *Library
	// Overlay is the regulation that the file lies over; "" for a regulation.
	Overlay string
	// Regulation that the file holds; nil for an overlay.
	Regulation *Regulation

	before *Library
}

// Try lays one more file, a regulation or an overlay, over l, which does not change.
// The error is [Problems], naming line, key and rule of each.
func (l *Library) Try(name string, text []byte) (Trial, error) {
	r, o, err := parse(name, text)
	if err != nil {
		return Trial{}, err
	}
	t := Trial{before: l, Regulation: r}
	regs := make([]*Regulation, len(l.all), len(l.all)+1)
	for i, r := range l.all {
		regs[i] = r.copied()
	}
	var overlays []overlay
	if r != nil {
		regs = append(regs, r)
	} else {
		t.Overlay, overlays = o.Overlay, []overlay{*o}
	}
	t.Library, err = assemble(regs, overlays)
	return t, err
}

// copied returns a copy of r to which an overlay can be applied.
func (r *Regulation) copied() *Regulation {
	c := *r
	c.Duties = slices.Clone(r.Duties)
	return &c
}

// Change is a line of a regulation's tables that would read otherwise.
type Change struct {
	Regulation *Regulation
	Table      string
	Header     []string
	Was        []string // nil: the line is new
	Becomes    []string // nil: the line is gone
}

// Changes lists what reads otherwise in regulations that l has already, in the order
// of their tables. A regulation that is new is no change.
func (t Trial) Changes(l Lang) []Change {
	var changes []Change
	for _, r := range t.Library.all {
		was, ok := t.before.ByID(r.Ref())
		if !ok {
			continue
		}
		old := map[string]Table{}
		for _, table := range was.Tables(l) {
			old[table.Title] = table
		}
		for _, table := range r.Tables(l) {
			changes = append(changes, compare(r, old[table.Title], table)...)
			delete(old, table.Title)
		}
		for _, title := range slices.Sorted(maps.Keys(old)) {
			changes = append(changes, compare(r, old[title], Table{Title: title, Header: old[title].Header})...)
		}
	}
	return changes
}

// compare lists the lines in which two states of a table differ. Lines are known by
// their first cell.
func compare(r *Regulation, was, is Table) []Change {
	var changes []Change
	has := func(rows [][]string, row []string) bool {
		return slices.ContainsFunc(rows, func(o []string) bool { return slices.Equal(o, row) })
	}
	var gone [][]string
	for _, row := range was.Rows {
		if !has(is.Rows, row) {
			gone = append(gone, row)
		}
	}
	for _, row := range is.Rows {
		if has(was.Rows, row) {
			continue
		}
		c := Change{Regulation: r, Table: is.Title, Header: is.Header, Becomes: row}
		if i := slices.IndexFunc(gone, func(o []string) bool { return o[0] == row[0] }); i >= 0 {
			c.Was = gone[i]
			gone = slices.Delete(gone, i, i+1)
		}
		changes = append(changes, c)
	}
	for _, row := range gone {
		changes = append(changes, Change{Regulation: r, Table: is.Title, Header: is.Header, Was: row})
	}
	return changes
}
