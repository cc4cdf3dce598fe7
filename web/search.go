package web

import (
	"strings"

	"golang.org/x/sync/errgroup"

	"gongshu/desk"
	"gongshu/sharing"
)

// searchPage is what was found in all that the reader may see.
type searchPage struct {
	Text    string
	Cases   desk.Page[sharing.Case]
	Entries desk.Page[sharing.Resource]
	Open    desk.Page[desk.OpenEntry]
}

// None reports whether nothing was found.
func (p searchPage) None() bool { return p.Cases.Total+p.Entries.Total+p.Open.Total == 0 }

// search looks for a text in the numbers and titles of cases, in the catalog, and in
// the open catalog. The whole number of a case leads to the case itself.
func (v *visit) search() error {
	const few = 10
	d, ctx, me := v.site.desk, v.ctx(), v.user
	page := searchPage{Text: strings.TrimSpace(halfWidth(v.QueryParam("q")))}
	if page.Text == "" {
		return v.ok("search", "", page)
	}
	var group errgroup.Group
	group.Go(func() (err error) {
		page.Cases, err = d.FindCases(ctx, me, page.Text, few)
		return err
	})
	group.Go(func() (err error) {
		page.Entries, err = d.Catalog(ctx, me, desk.CatalogQuery{Text: page.Text, Limit: few})
		return err
	})
	group.Go(func() (err error) {
		page.Open, err = d.OpenCatalog(ctx, desk.OpenQuery{Region: me.Region.ID, Text: page.Text, Limit: few})
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if len(page.Cases.Items) == 1 && strings.EqualFold(page.Cases.Items[0].Number, page.Text) {
		return v.redirect("/cases/" + segment(page.Cases.Items[0].Number))
	}
	return v.ok("search", "", page)
}
