package web

import (
	"slices"
	"strconv"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// bases lists the categories of base data in the order regulations name them.
var bases = []sharing.BaseCategory{sharing.BasePopulation, sharing.BaseLegalPerson, sharing.BaseCredit,
	sharing.BaseGeography, sharing.BaseLicence}

// catalogPage is a search of the catalog.
type catalogPage struct {
	Text        string
	Draft       string // the draft that resources are being collected for, if any
	Classes     []choice
	Departments []choice
	Bases       []choice
	Grades      []choice
	Cycles      []choice
	Modes       []choice
	Formats     []choice
	Orders      []choice
	Chips       []chip
	Clear       string
	Further     bool // one of the filters is set that are not always open
	Found       desk.Page[sharing.Resource]
	More        more
	Imports     bool // the reader may bring in the catalog of their department
}

var securityGrades = []sharing.Grade{1, 2, 3, 4}

// catalog searches the catalog.
func (v *visit) catalog() error {
	q := desk.CatalogQuery{Text: strings.TrimSpace(v.QueryParam("q")), Class: oneOf(v, "class", sharing.Classes), Base: oneOf(v, "base", bases),
		Cycle: oneOf(v, "cycle", sharing.EntryCycles), Mode: oneOf(v, "mode", sharing.Modes), Order: oneOf(v, "sort", desk.CatalogOrders),
		Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	if n, err := strconv.Atoi(v.QueryParam("grade")); err == nil && slices.Contains(securityGrades, sharing.Grade(n)) {
		q.Grade = sharing.Grade(n)
	}
	departments, err := v.site.desk.AllDepartments(v.ctx(), v.user)
	if err != nil {
		return err
	}
	formats, err := v.site.desk.CatalogFormats(v.ctx(), v.user)
	if err != nil {
		return err
	}
	w := v.words
	page := catalogPage{Text: q.Text, Draft: v.QueryParam("draft"),
		Classes:     options(sharing.Classes, q.Class, func(c sharing.Class) string { return w.Code("class", c) }),
		Departments: v.departmentOptions(departments, v.QueryParam("provider")),
		Bases:       options(bases, q.Base, func(b sharing.BaseCategory) string { return w.Code("base", b) }),
		Cycles:      options(sharing.EntryCycles, q.Cycle, func(c sharing.Cycle) string { return w.Code("cycle", c) }),
		Modes:       options(sharing.Modes, q.Mode, func(m sharing.Mode) string { return w.Code("mode", m) }),
		Formats:     options(formats, v.QueryParam("format"), func(f string) string { return f }),
		Orders:      options(desk.CatalogOrders, q.Order, func(o desk.CatalogOrder) string { return w.Code("catalog.sort", o) }),
	}
	for _, g := range securityGrades {
		page.Grades = append(page.Grades, choice{Value: strconv.Itoa(int(g)), Label: w.T("grade", g), Chosen: g == q.Grade})
	}
	if chosenLabel(page.Departments) != "" {
		q.Provider = v.QueryParam("provider")
	}
	q.Format = chosenLabel(page.Formats)
	if page.Found, err = v.site.desk.Catalog(v.ctx(), v.user, q); err != nil {
		return err
	}
	c := chips{visit: v, base: []string{"draft"}}
	c.chip("q", w.T("catalog.q"), page.Text)
	c.chip("class", w.T("resource.class"), chosenLabel(page.Classes))
	c.chip("provider", w.T("resource.provider"), chosenLabel(page.Departments))
	c.chip("base", w.T("resource.base"), chosenLabel(page.Bases))
	before := len(c.list)
	c.chip("grade", w.T("catalog.grade"), chosenLabel(page.Grades))
	c.chip("cycle", w.T("resource.cycle"), chosenLabel(page.Cycles))
	c.chip("mode", w.T("resource.modes"), chosenLabel(page.Modes))
	c.chip("format", w.T("resource.format"), chosenLabel(page.Formats))
	page.Chips, page.Clear, page.Further = c.list, c.clear(), len(c.list) > before
	page.More, page.Imports = v.more(page.Found.Total, page.Found.Next), v.site.desk.MayImport(v.user)
	return v.ok("catalog", "catalog", page)
}
