package web

import (
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// bases lists the categories of base data in the order regulations name them.
var bases = []sharing.BaseCategory{sharing.BasePopulation, sharing.BaseLegalPerson, sharing.BaseCredit,
	sharing.BaseGeography, sharing.BaseLicence}

// catalogPage is a search of the catalog.
type catalogPage struct {
	Query       desk.CatalogQuery
	Draft       string // the draft that resources are being collected for, if any
	Departments []sharing.Department
	Classes     []sharing.Class
	Bases       []sharing.BaseCategory
	Found       desk.Page[sharing.Resource]
	More        more
}

// Narrowed reports whether anything narrows the search.
func (p catalogPage) Narrowed() bool {
	return p.Query.Text != "" || p.Query.Class != "" || p.Query.Provider != "" || p.Query.Base != ""
}

// catalog searches the catalog.
func (v *visit) catalog() error {
	q := desk.CatalogQuery{Text: v.QueryParam("q"), Provider: v.QueryParam("provider"), Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	if c := sharing.Class(v.QueryParam("class")); slices.Contains(sharing.Classes, c) {
		q.Class = c
	}
	if b := sharing.BaseCategory(v.QueryParam("base")); slices.Contains(bases, b) {
		q.Base = b
	}
	found, err := v.site.desk.Catalog(v.ctx(), v.user, q)
	if err != nil {
		return err
	}
	departments, err := v.site.desk.AllDepartments(v.ctx(), v.user)
	if err != nil {
		return err
	}
	return v.ok("catalog", "catalog", catalogPage{Query: q, Draft: v.QueryParam("draft"), Departments: departments,
		Classes: sharing.Classes, Bases: bases, Found: found, More: v.more(found.Total, found.Next)})
}
