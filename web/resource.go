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
	// Answer is within what the provider answers an application and Article under
	// which, where the regulation in force says so for all of them.
	Answer  *sharing.Budget
	Article string
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
		if r.Class == sharing.Conditional {
			page.Answer, page.Article = v.answersWithin()
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

// answersWithin returns the limit for answering an application and its article; nil
// where the regulation in force sets none, or not the same for every application.
func (v *visit) answersWithin() (*sharing.Budget, string) {
	law, err := v.site.desk.RegulationNow(v.ctx(), v.user)
	if err != nil {
		return nil, "" // that none is in force is said beside
	}
	duty, ok := law.Duty(sharing.DutyAnswer)
	if !ok {
		return nil, ""
	}
	budget, statutory, ok := duty.Budget(nil)
	if !ok || !statutory {
		return nil, ""
	}
	return &budget, duty.ArticleFor(nil)
}
