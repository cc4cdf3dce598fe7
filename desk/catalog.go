package desk

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"gongshu/postgres"
	"gongshu/sharing"
)

// Catalog searches what the reader may see of the region's catalog.
func (d *Desk) Catalog(ctx context.Context, who sharing.User, q CatalogQuery) (Page[sharing.Resource], error) {
	found, next, total, err := d.Store.Resources(ctx, sharing.Scopes{d.scope(who, sharing.KindResource)}, postgres.ResourceFilter{
		Text: q.Text, Class: q.Class, Provider: q.Provider, Base: q.Base, Grade: q.Grade, Cycle: q.Cycle, Format: q.Format, Mode: q.Mode,
		Order: q.Order, English: inEnglish(who), Cursor: q.Cursor, Limit: bound(q.Limit),
	})
	if err != nil {
		return Page[sharing.Resource]{}, err
	}
	entries, err := d.show(ctx, who, found...)
	return pageOf(entries, next, total, err)
}

// maxFormats is how many formats a search of the catalog offers.
const maxFormats = 30

// CatalogFormats lists the formats in what the reader may see of the catalog.
func (d *Desk) CatalogFormats(ctx context.Context, who sharing.User) ([]string, error) {
	return d.Store.CatalogFormats(ctx, sharing.Scopes{d.scope(who, sharing.KindResource)}, maxFormats)
}

// inEnglish reports whether the user reads the pages in English.
func inEnglish(who sharing.User) bool { return who.Locale == "en" }

// sorted puts departments, which come by the pinyin of their names, into the order
// of their English names for those who read these.
func sorted(who sharing.User, all []sharing.Department) []sharing.Department {
	if inEnglish(who) {
		slices.SortStableFunc(all, func(a, b sharing.Department) int {
			return cmp.Compare(strings.ToLower(cmp.Or(a.NameEN, a.Name)), strings.ToLower(cmp.Or(b.NameEN, b.Name)))
		})
	}
	return all
}

// Resource returns one catalog entry; CodeNotFound when it does not exist or may
// not be seen.
func (d *Desk) Resource(ctx context.Context, who sharing.User, id string) (sharing.Resource, error) {
	r, err := d.resource(ctx, who, id)
	if err != nil {
		return sharing.Resource{}, err
	}
	return handOut(r, d.recordEntries(ctx, who, r))
}

// handOut returns what was read, or nothing of it when that could not be recorded.
func handOut[T any](read T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return read, nil
}

// Departments returns the departments of the reader's region by name as the reader's language sorts, of which one
// can be chosen: none that was merged into another.
func (d *Desk) Departments(ctx context.Context, who sharing.User) ([]sharing.Department, error) {
	all, err := d.Store.UnmergedDepartments(ctx, who.Region.ID)
	return sorted(who, all), err
}

// AllDepartments returns the departments of the reader's region by name, those that
// were merged into others last: what happened names them still.
func (d *Desk) AllDepartments(ctx context.Context, who sharing.User) ([]sharing.Department, error) {
	all, err := d.Store.Departments(ctx, who.Region.ID)
	if err != nil || !inEnglish(who) {
		return all, err
	}
	standing, err := d.Store.UnmergedDepartments(ctx, who.Region.ID)
	if err != nil {
		return nil, err
	}
	merged := slices.DeleteFunc(all, func(m sharing.Department) bool { return slices.Contains(standing, m) })
	return append(sorted(who, standing), sorted(who, merged)...), nil
}

// MayApply reports whether the user may apply for a resource.
func (d *Desk) MayApply(who sharing.User, r sharing.Resource) bool {
	return !r.Withdrawn && d.may(who, sharing.Apply, r.Thing())
}

// mayWithAny reports whether the user may do something to at least some thing of
// a kind: what menus ask.
func (d *Desk) mayWithAny(who sharing.User, kind sharing.Kind, action sharing.Action) bool {
	return len(d.policy(who).Scope(who.Subject(), kind, action).Cells) > 0
}

// MayApplyAtAll reports whether the user may apply for anything.
func (d *Desk) MayApplyAtAll(who sharing.User) bool {
	return d.mayWithAny(who, sharing.KindResource, sharing.Apply)
}

// MayRegisterPaper reports whether the user may register paper applications.
func (d *Desk) MayRegisterPaper(who sharing.User) bool {
	return d.mayWithAny(who, sharing.KindResource, sharing.RegisterPaper)
}

// MayWatch reports whether the user may see the board.
func (d *Desk) MayWatch(who sharing.User) bool {
	return d.mayWithAny(who, sharing.KindCase, sharing.Watch)
}

// taskActions says what one must be allowed to do to be given a task.
var taskActions = map[sharing.TaskKind]sharing.Action{
	sharing.TaskCheck:    sharing.Pass,
	sharing.TaskAnswer:   sharing.Answer,
	sharing.TaskComplete: sharing.Complete,
	sharing.TaskProvide:  sharing.Provide,
	sharing.TaskConfirm:  sharing.Confirm,
	sharing.TaskConsent:  sharing.Consent,
}

// taskKinds lists the kinds of tasks the user may do or help with.
func (d *Desk) taskKinds(who sharing.User) []sharing.TaskKind {
	var kinds []sharing.TaskKind
	for kind, action := range taskActions {
		if d.mayWithAny(who, sharing.KindCase, action) ||
			kind == sharing.TaskAnswer && d.mayWithAny(who, sharing.KindCase, sharing.RequestCompletion) {
			kinds = append(kinds, kind)
		}
	}
	// Tasks of the other procedures are named after the step they wait for.
	for _, p := range sharing.Procedures {
		if p == sharing.ShareApplication {
			continue
		}
		for _, action := range p.Machine().Actions() {
			kind := sharing.TaskKind(action)
			if !slices.Contains(kinds, kind) && d.mayWithAny(who, p.Kind(), action) {
				kinds = append(kinds, kind)
			}
		}
	}
	slices.Sort(kinds)
	return kinds
}

// MaySeeCatalog reports whether anything of the region's catalog can be the user's to
// see.
func (d *Desk) MaySeeCatalog(who sharing.User) bool {
	return d.mayWithAny(who, sharing.KindResource, sharing.Read)
}

// MaySeeCases reports whether any case can be.
func (d *Desk) MaySeeCases(who sharing.User) bool { return len(d.caseScopes(who, sharing.Read)) > 0 }

// MaySeeGrants reports whether any grant can be.
func (d *Desk) MaySeeGrants(who sharing.User) bool {
	return d.mayWithAny(who, sharing.KindGrant, sharing.Read)
}
