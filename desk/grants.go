package desk

import (
	"context"
	"slices"
	"time"

	"gongshu/postgres"
	"gongshu/sharing"
)

// GrantQuery narrows a list of grants.
type GrantQuery struct {
	As     sharing.Relation
	State  sharing.GrantState
	Before time.Time // only those that end before
	Cursor string
	Limit  int
}

// Grants returns one page of the grants the reader may see, the first to end
// first.
func (d *Desk) Grants(ctx context.Context, who sharing.User, q GrantQuery) (Page[sharing.Grant], error) {
	f := postgres.GrantFilter{State: q.State, Before: q.Before, Cursor: q.Cursor, Limit: bound(q.Limit)}
	switch q.As {
	case sharing.AsProvider:
		f.Provider = who.Department.ID
	case sharing.AsApplicant:
		f.Grantee = who.Department.ID
	}
	grants, next, total, err := d.Store.Grants(ctx, d.scope(who, sharing.KindGrant), f)
	if err == nil {
		err = d.recordGrants(ctx, who, grants...)
	}
	return handOut(pageOf(grants, next, total, err))
}

// GrantView is one grant as a reader sees it.
type GrantView struct {
	sharing.Grant
	CaseState   sharing.State
	CaseVersion int
	// Can lists what the reader can do to it now: steps of its case.
	Can []sharing.Action
	// MayRenew: the reader can draft an application that prolongs it.
	MayRenew bool
	// Renewals are the applications that ask for it to be prolonged, the last first.
	Renewals []sharing.Case
	// Calls and Rows were used in all, and the use of so many days is doubted.
	Calls, Rows int
	DoubtedDays int
	// Usage names the article under which the provider may know of the use; empty
	// where the regulation does not say so.
	Usage      string
	Regulation RegulationRef
}

// grantSteps are the steps of a case that are taken on its grant.
var grantSteps = []sharing.Action{sharing.Suspend, sharing.Resume, sharing.Revoke}

// Grant returns one grant; CodeNotFound when it does not exist or may not be seen.
func (d *Desk) Grant(ctx context.Context, who sharing.User, id string) (GrantView, error) {
	g, err := d.Store.Grant(ctx, d.scope(who, sharing.KindGrant), id)
	if err != nil {
		return GrantView{}, err
	}
	view := GrantView{Grant: g}
	scopes := d.caseScopes(who, sharing.Read)
	c, err := d.Store.Case(ctx, scopes, g.CaseID)
	switch {
	case err == nil:
		view.CaseState, view.CaseVersion = c.State, c.Version
		for _, action := range grantSteps {
			if c.Procedure.Machine().CanFollow(c.State, action) && d.may(who, action, c.Thing()) {
				view.Can = append(view.Can, action)
			}
		}
		if law, ok := d.Law().ByID(c.RegulationID); ok {
			view.Usage, view.Regulation = law.Grants.UsageVisible, regulationRef(law)
		}
	case sharing.CodeOf(err) != sharing.CodeNotFound:
		return view, err
	}
	if view.Renewals, err = d.Store.Renewals(ctx, scopes, g.ID); err != nil {
		return view, err
	}
	view.MayRenew = d.mayRenew(who, g) && !slices.ContainsFunc(view.Renewals, sharing.Case.Open)
	total, doubted, err := d.Store.UseTotal(ctx, g.ID)
	if err != nil {
		return GrantView{}, err
	}
	view.Calls, view.Rows, view.DoubtedDays = total.Calls, total.Rows, doubted
	return handOut(view, d.recordGrants(ctx, who, g))
}

// mayRenew reports whether the user may ask for a grant to be prolonged: it is the
// own department's, and no misuse keeps it from holding.
func (d *Desk) mayRenew(who sharing.User, g sharing.Grant) bool {
	return g.Grantee.ID == who.Department.ID && d.MayApplyAtAll(who) && g.State != sharing.GrantSuspended && g.State != sharing.GrantRevoked
}

// Renew drafts an application that prolongs a grant: for the same fields, as far
// as the entry still has them, purpose, way of sharing and term. It becomes a case
// when it is submitted, and the new grant begins when the old one ends.
func (d *Desk) Renew(ctx context.Context, who sharing.User, key, id string) (ApplicationView, error) {
	view, err := d.Grant(ctx, who, id)
	if err != nil {
		return ApplicationView{}, err
	}
	if view.Grantee.ID != who.Department.ID || !d.MayApplyAtAll(who) {
		return ApplicationView{}, forbidden
	}
	if !d.mayRenew(who, view.Grant) {
		return ApplicationView{}, sharing.Invalid("/renews", "in_order", "the grant is "+string(view.State))
	}
	if i := slices.IndexFunc(view.Renewals, sharing.Case.Open); i >= 0 {
		return ApplicationView{}, sharing.Invalid("/renews", "not_renewed", view.Renewals[i].Number)
	}
	c, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), view.CaseID)
	if err != nil {
		return ApplicationView{}, err
	}
	item := sharing.Item{ResourceID: view.Resource.ID, Fields: view.Fields}
	entry, err := d.used(ctx, who, view.Resource.ID)
	switch {
	case err == nil:
		item.Fields = slices.DeleteFunc(slices.Clone(view.Fields), func(f string) bool { return !entry.HasField(f) })
	case sharing.CodeOf(err) != sharing.CodeNotFound:
		return ApplicationView{}, err
	}
	request := c.Request
	request.Items, request.Mode, request.Renews, request.Attachments = []sharing.Item{item}, view.Mode, view.ID, nil
	return d.SaveDraft(ctx, who, key, "", 0, Draft{Request: request})
}

// checkRenews refuses a draft that prolongs what is not a grant of the applicant.
func (d *Desk) checkRenews(ctx context.Context, who sharing.User, id string, applicant sharing.Department) error {
	if id == "" {
		return nil
	}
	g, err := d.Store.Grant(ctx, d.scope(who, sharing.KindGrant), id)
	if sharing.CodeOf(err) == sharing.CodeNotFound || err == nil && g.Grantee.ID != applicant.ID {
		return sharing.Invalid("/renews", "exists", "the department has no such grant")
	}
	return err
}

// Use returns one page of the days on which a grant was used, the last first, to
// whoever may see the grant: its holder and its provider, which may know how its
// data is used (city-2023 art. 29).
func (d *Desk) Use(ctx context.Context, who sharing.User, id, cursor string, limit int) (Page[sharing.DayOfUse], error) {
	g, err := d.Store.Grant(ctx, d.scope(who, sharing.KindGrant), id)
	if err != nil {
		return Page[sharing.DayOfUse]{}, err
	}
	return pageOf(d.Store.UseOf(ctx, g.ID, cursor, bound(limit)))
}

// HeldQuery asks whether a department may have these fields of a resource, by id
// or code, in this way now; no fields ask about the resource as such.
type HeldQuery struct {
	Grantee  string // department
	Resource string
	Fields   []string
	Mode     sharing.Mode
}

// Held is the answer to whether a department may have data now.
type Held struct {
	Holds bool
	// GrantID and Until are those of the grant that covers it; zero when none does.
	GrantID string
	Until   time.Time
}

// CheckGrant tells a gateway whether a department may have these fields of a
// resource in this way at this moment. It reads what the last step committed. A
// no says nothing of why.
func (d *Desk) CheckGrant(ctx context.Context, who sharing.User, q HeldQuery) (Held, error) {
	scope := d.policy(who).Scope(who.Subject(), sharing.KindGrant, sharing.Serve)
	if len(scope.Cells) == 0 {
		return Held{}, forbidden
	}
	switch {
	case q.Grantee == "":
		return Held{}, sharing.Invalid("grantee", "required", "")
	case q.Resource == "":
		return Held{}, sharing.Invalid("resource", "required", "")
	case !slices.Contains(sharing.Modes, q.Mode):
		return Held{}, sharing.Invalid("mode", "one_of", "")
	}
	id, until, err := d.Store.Holding(ctx, scope, postgres.HeldGrant(q))
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return Held{}, nil
	}
	return Held{Holds: err == nil, GrantID: id, Until: until}, err
}
