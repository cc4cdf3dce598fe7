package web

import (
	"html/template"
	"net/url"
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// resourcePage is one catalog entry.
type resourcePage struct {
	Resource sharing.Resource
	MayApply bool
	Drafts   []sharing.Application // to which it can be added
	Draft    string                // the one to be added to unless chosen otherwise
	Form     *form
	Endings  []ending // what keeps an application from being accepted today
	Ways     []way    // to cases of other procedures about it
	Sections []template.HTML
}

// resource shows one catalog entry.
func (v *visit) resource() error {
	r, err := v.site.desk.Resource(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	page := resourcePage{Resource: r, MayApply: v.site.desk.MayApply(v.user, r), Draft: v.QueryParam("draft"), Form: newForm(0)}
	page.Ways = v.ways(func(look face) bool { return look.FromResource != nil && look.FromResource(v, r) }, url.Values{"resource": {r.ID}})
	page.Sections, err = v.sections(func(look face) ([]template.HTML, error) {
		if look.OnResource == nil {
			return nil, nil
		}
		return look.OnResource(v, r)
	})
	if err != nil {
		return err
	}
	if page.MayApply {
		if page.Endings, err = v.ended(); err != nil {
			return err
		}
		drafts, err := v.site.desk.Applications(v.ctx(), v.user, sharing.Draft, "", desk.DefaultLimit)
		if err != nil {
			return err
		}
		page.Drafts = slices.DeleteFunc(drafts.Items, func(a sharing.Application) bool {
			return slices.ContainsFunc(a.Request.Items, func(i sharing.Item) bool { return i.ResourceID == r.ID })
		})
	}
	return v.ok("resource", "catalog", page)
}
