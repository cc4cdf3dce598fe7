package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

// standingIn returns the user as who does something to a thing: on behalf of the
// colleague they stand in for, where their own roles would not allow it.
func (d *Desk) standingIn(who sharing.User, action sharing.Action, thing sharing.Thing) sharing.User {
	policy := d.policy(who)
	if policy.May(who.Own(), action, thing) {
		return who
	}
	for _, s := range who.StandsIn {
		if policy.May(who.Own().With(s.Roles), action, thing) {
			who.OnBehalfOf = s.For
			break
		}
	}
	return who
}

// applying is [Desk.standingIn] for an application.
func (d *Desk) applying(who sharing.User, a sharing.Application) sharing.User {
	action := sharing.Submit
	if a.RegisteredBy == who.ID {
		action = sharing.RegisterPaper
	}
	return d.standingIn(who, action, policies.Application(a, registrarDepartment(who, a)))
}

// Delegate lends the user's own roles to a colleague of the same department, whole
// days long. What is lent to one cannot be lent on, and one who is away stands in
// for nobody; a colleague who has open catalog changes of their own is not made
// their reviewer.
func (d *Desk) Delegate(ctx context.Context, who sharing.User, key string, n sharing.NewDelegation) (sharing.Delegation, error) {
	now, err := d.Now(ctx)
	if err != nil {
		return sharing.Delegation{}, err
	}
	if err := n.Check(sharing.DateOf(now)); err != nil {
		return sharing.Delegation{}, err
	}
	command, err := d.stage(ctx, who, key, sharing.Delegate, n.To, 0, n)
	if err != nil {
		return sharing.Delegation{}, err
	}
	var given struct{ ID string }
	err = d.carry(ctx, command, &given, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error { return d.delegate(ctx, tx, who, command, n) })
	})
	if err != nil {
		return sharing.Delegation{}, err
	}
	return d.Store.Delegation(ctx, who.Department.ID, given.ID)
}

func (d *Desk) delegate(ctx context.Context, tx *postgres.Tx, who sharing.User, command sharing.Command, n sharing.NewDelegation) error {
	people, err := tx.LockUsers(ctx, who.ID, n.To)
	if err != nil {
		return err
	}
	from, to := people[who.ID], people[n.To]
	from.Rules = who.Rules
	if to.ID == "" || to.ID == who.ID || from.Department.ID != to.Department.ID || from.Department.ID != who.Department.ID {
		return sharing.Invalid("/to", "colleague", "an active colleague of your department")
	}
	if err := sharing.CheckStandIn(from, to); err != nil {
		return err
	}
	given := sharing.Delegation{
		ID: uuid.NewString(), From: from.ID, To: to.ID, Department: from.Department, StartsAt: n.From.Start(), EndsAt: n.Until.End(), Reason: n.Reason,
	}
	others, err := tx.DelegationsWithin(ctx, given.StartsAt, given.EndsAt, from.ID, to.ID)
	if err != nil {
		return err
	}
	for _, o := range others {
		if err := overlaps(o, given); err != nil {
			return err
		}
	}
	if err := d.checkOwnChanges(ctx, tx, from, to); err != nil {
		return err
	}
	if given.CreatedAt, err = tx.Now(ctx); err != nil {
		return err
	}
	if err := tx.InsertDelegation(ctx, given); err != nil {
		return err
	}
	return finishDelegation(ctx, tx, command, given, given.CreatedAt)
}

// overlaps refuses a delegation beside another of the same days: one away has one
// colleague who stands in, and nobody stands in for who stands in.
func overlaps(other, given sharing.Delegation) error {
	days := fmt.Sprintf("%s to %s", other.Begins, other.Ends)
	switch {
	case other.From == given.From:
		return sharing.Errorf(sharing.CodeWrongState, "%s stands in for you from %s; revoke that first", other.ToName, days)
	case other.To == given.From:
		return sharing.Errorf(sharing.CodeWrongState, "you stand in for %s from %s, and what is lent is not lent on", other.FromName, days)
	case other.From == given.To:
		return sharing.Errorf(sharing.CodeWrongState, "%s is away from %s", other.FromName, days)
	}
	return nil // to stand in for two colleagues at a time is possible
}

// checkOwnChanges refuses to make somebody the reviewer of catalog changes that
// they made themselves: two pairs of eyes stay two.
func (d *Desk) checkOwnChanges(ctx context.Context, tx *postgres.Tx, from, to sharing.User) error {
	policy := d.policy(from)
	for _, way := range []struct{ maker, reviewer sharing.User }{{to, from}, {from, to}} {
		thing := sharing.Thing{
			Kind: sharing.CatalogChange.Kind(), RegionID: from.Region.ID, ProviderID: from.Department.ID, Class: sharing.Conditional, Grade: sharing.LowestGrade,
		}
		if !policy.May(way.reviewer.Own(), sharing.ReviewChange, thing) || policy.May(way.maker.Own(), sharing.ReviewChange, thing) {
			continue
		}
		made, err := tx.OpenCasesOf(ctx, sharing.CatalogChange, way.maker.ID, from.Department.ID)
		if err != nil {
			return err
		}
		if len(made) > 0 {
			return sharing.Invalid("/to", "own_change", strings.Join(made, ", "))
		}
	}
	return nil
}

// finishDelegation writes what belongs to every change of a delegation.
func finishDelegation(ctx context.Context, tx *postgres.Tx, command sharing.Command, g sharing.Delegation, now time.Time) error {
	outcome, err := json.Marshal(struct{ ID string }{g.ID})
	if err != nil {
		return err
	}
	if err := tx.FinishCommand(ctx, command.ID, outcome); err != nil {
		return err
	}
	return tx.Append(ctx, sharing.Entry{
		At: now, Actor: command.Actor.UserID, DepartmentID: command.Actor.DepartmentID, RegionID: command.Actor.RegionID,
		Action: command.Action, SubjectID: g.ID, Policy: command.Policy, Key: command.Actor.Key,
		Data: map[string]string{"from": g.From, "to": g.To, "begins": sharing.DateOf(g.StartsAt).String(), "ends": (sharing.DateOf(g.EndsAt) - 1).String()},
	})
}

// RevokeDelegation ends a delegation that the user has given, or, as the head of
// the department, anybody in it. It holds at once, also for a step under way.
func (d *Desk) RevokeDelegation(ctx context.Context, who sharing.User, key, id string) error {
	g, err := d.Store.Delegation(ctx, who.Department.ID, id)
	if err != nil {
		return err
	}
	if g.From != who.ID && !who.Own().Has(sharing.DepartmentHead, sharing.AuthorityHead) {
		if g.To == who.ID {
			return forbidden
		}
		return notFound
	}
	command, err := d.stage(ctx, who, key, sharing.RevokeDelegation, g.ID, 0, struct{}{})
	if err != nil {
		return err
	}
	var done struct{ ID string }
	return d.carry(ctx, command, &done, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			if err := tx.RevokeDelegation(ctx, g.ID, who.ID, now); err != nil {
				return err
			}
			return finishDelegation(ctx, tx, command, g, now)
		})
	})
}

// DelegationView is a delegation as one of the two sees it.
type DelegationView struct {
	sharing.Delegation
	Running bool // it holds now
	Over    bool // revoked, or its last day has passed
	Given   bool // by the reader, not to the reader
	CanEnd  bool // the reader may revoke it now
}

// Delegations returns one page of the delegations that the user has given or got,
// the last first.
func (d *Desk) Delegations(ctx context.Context, who sharing.User, cursor string, limit int) (Page[DelegationView], error) {
	rows, next, total, err := d.Store.Delegations(ctx, who.ID, cursor, bound(limit))
	if err != nil {
		return Page[DelegationView]{}, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return Page[DelegationView]{}, err
	}
	page := Page[DelegationView]{Next: next, Total: total}
	for _, g := range rows {
		over := g.RevokedAt != nil || !now.Before(g.EndsAt)
		page.Items = append(page.Items, DelegationView{
			Delegation: g, Running: g.Runs(now), Over: over, Given: g.From == who.ID,
			CanEnd: !over && (g.From == who.ID || who.Own().Has(sharing.DepartmentHead, sharing.AuthorityHead)),
		})
	}
	return page, nil
}

// Colleagues returns those of the user's department who can stand in for the user.
func (d *Desk) Colleagues(ctx context.Context, who sharing.User) ([]sharing.User, error) {
	users, err := d.Store.Users(ctx)
	if err != nil {
		return nil, err
	}
	var colleagues []sharing.User
	for _, u := range users {
		if u.Department.ID == who.Department.ID && u.ID != who.ID && sharing.CheckStandIn(who, u) == nil {
			colleagues = append(colleagues, u)
		}
	}
	return colleagues, nil
}
