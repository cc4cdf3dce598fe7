// Package desktest builds a whole desk for tests: a real PostgreSQL with the
// demo's people and catalogs, the shipped regulations, calendar and policy, and an
// engine that carries steps out directly instead of through Temporal.
package desktest

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"gongshu/activities"
	"gongshu/almanac"
	"gongshu/demo"
	"gongshu/desk"
	"gongshu/files"
	"gongshu/letter/paper"
	"gongshu/localpg"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
	"gongshu/workflows"
)

// Rig is a desk of its own for one test.
type Rig struct {
	*desk.Desk
	T          testing.TB
	Store      *postgres.Store // as the application's role
	Owner      *postgres.Store // as the owner of the tables
	Activities *activities.Activities
	World      demo.World
	Database   localpg.TestDatabase

	applied atomic.Int64
}

const template = "demo"

// New returns a rig whose database holds the demo's people and catalogs and no
// application yet.
func New(t testing.TB) *Rig {
	t.Helper()
	return NewUnder(t, regulation.Shipped(), workday.ShippedCalendar())
}

// NewUnder is New under other regulations, or on another calendar, than those that
// come with the program.
func NewUnder(t testing.TB, law *regulation.Library, calendar *workday.Calendar) *Rig {
	t.Helper()
	world, err := demo.Load()
	check(t, err)
	server := localpg.Test(t)
	check(t, server.Template(t.Context(), template, func(ownerURL string) error { return prepare(t.Context(), ownerURL, world) }))
	return on(t, server.Database(t, template), world, law, calendar)
}

// NewAfter is New after something has happened: play is carried out once for each
// name, and every rig of that name begins with a copy of what it left, the same ids
// in all of them.
func NewAfter(t testing.TB, name string, play func(*Rig)) *Rig {
	t.Helper()
	world, err := demo.Load()
	check(t, err)
	server := localpg.Test(t)
	check(t, server.Template(t.Context(), name, func(ownerURL string) error {
		if err := prepare(t.Context(), ownerURL, world); err != nil {
			return err
		}
		r := on(t, localpg.TestDatabase{AppURL: ownerURL, OwnerURL: ownerURL}, world, regulation.Shipped(), workday.ShippedCalendar())
		defer r.Store.Close()
		defer r.Owner.Close()
		play(r)
		return nil
	}))
	return on(t, server.Database(t, name), world, regulation.Shipped(), workday.ShippedCalendar())
}

// on builds a rig on a database that is there.
func on(t testing.TB, database localpg.TestDatabase, world demo.World, law *regulation.Library, calendar *workday.Calendar) *Rig {
	t.Helper()
	store, err := postgres.Open(t.Context(), database.AppURL)
	check(t, err)
	t.Cleanup(store.Close)
	owner, err := postgres.Open(t.Context(), database.OwnerURL)
	check(t, err)
	t.Cleanup(owner.Close)
	current, err := policies.NewCurrent(policies.Shipped())
	check(t, err)
	days, err := almanac.New(calendar)
	check(t, err)
	kept, err := files.Open("mem:")
	check(t, err)
	acts := &activities.Activities{Store: store, Law: law, Almanac: days}
	d := desk.New(desk.Options{
		Store: store, Engine: Direct{acts}, Policy: current, Law: law, Almanac: days, Files: kept, Demo: true,
		Printer: &paper.Printer{Patience: 5 * time.Minute}, // a busy machine is no failure
	})
	return &Rig{Desk: d, T: t, Store: store, Owner: owner, Activities: acts, World: world, Database: database}
}

func prepare(ctx context.Context, ownerURL string, world demo.World) error {
	if err := postgres.Migrate(ctx, ownerURL); err != nil {
		return err
	}
	owner, err := postgres.Open(ctx, ownerURL)
	if err != nil {
		return err
	}
	defer owner.Close()
	return owner.InTx(ctx, func(tx *postgres.Tx) error {
		if err := tx.PutPeople(ctx, world.Regions, world.Departments, world.Users); err != nil {
			return err
		}
		for _, r := range world.Resources {
			if _, err := tx.PutResource(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// User returns a user of the demo.
func (r *Rig) User(id string) sharing.User {
	r.T.Helper()
	u, err := r.Store.User(r.T.Context(), id)
	check(r.T, err)
	return u
}

// Token returns an access token of a user.
func (r *Rig) Token(userID string) string {
	r.T.Helper()
	token, err := r.IssueToken(r.T.Context(), userID, time.Hour)
	check(r.T, err)
	return token
}

// Resource returns a resource of the demo by region and code.
func (r *Rig) Resource(regionID, code string) sharing.Resource {
	r.T.Helper()
	for _, resource := range r.World.Resources {
		if resource.RegionID == regionID && resource.Code == code {
			return resource
		}
	}
	r.T.Fatalf("the demo has no resource %s in %s", code, regionID)
	return sharing.Resource{}
}

// Put replaces a catalog entry, as its department would.
func (r *Rig) Put(resource sharing.Resource) {
	r.T.Helper()
	check(r.T, r.Owner.InTx(r.T.Context(), func(tx *postgres.Tx) error {
		_, err := tx.PutResource(r.T.Context(), resource)
		return err
	}))
}

// Direct carries steps out by calling the activities, without Temporal and so
// without timers; [Rig.Advance] lets time do its part.
type Direct struct {
	*activities.Activities
}

// Submit opens a case.
func (d Direct) Submit(ctx context.Context, p sharing.Procedure, _ string, s workflows.Step) error {
	return d.do(ctx, p, s)
}

// Step takes one step on a case.
func (d Direct) Step(ctx context.Context, caseID string, s workflows.Step) error {
	p, err := d.Store.ProcedureOf(ctx, caseID)
	if err != nil {
		return err
	}
	return d.do(ctx, p, s)
}

func (d Direct) do(ctx context.Context, p sharing.Procedure, s workflows.Step) error {
	perform := activities.Steps(d.Activities, p)[s.Action]
	if perform == nil {
		return errors.New("no such step: " + string(s.Action))
	}
	_, err := perform(ctx, s.CommandID)
	return activities.FromTemporal(err)
}

// Ping always answers.
func (d Direct) Ping(context.Context) error { return nil }

// Advance lets time do what is due on a case.
func (r *Rig) Advance(caseID string) sharing.Snapshot {
	r.T.Helper()
	snapshot, err := r.Activities.Advance(r.T.Context(), caseID)
	check(r.T, err)
	return snapshot
}

// Request is a sound application for the resources with the given codes.
func (r *Rig) Request(regionID string, codes ...string) desk.Draft {
	r.T.Helper()
	draft := desk.Draft{Request: sharing.Request{
		Purpose: purpose, Duty: "社会救助审核确认", Mode: sharing.QueryAPI, TermMonths: 12,
		Scenario: "低保核对", BusinessAnalysis: "受理低保申请时核对家庭成员的情况",
	}}
	for _, code := range codes {
		draft.Items = append(draft.Items, sharing.Item{ResourceID: r.Resource(regionID, code).ID})
	}
	return draft
}

// purpose of the applications that [Rig.Request] makes.
const purpose = "核对申请人资格"

// Apply drafts and submits an application, on paper when receivedOn is given, and
// returns what became of it. Applications made by [Rig.Request] get a purpose of
// their own, so that none repeats another.
func (r *Rig) Apply(userID string, draft desk.Draft, receivedOn *sharing.Date) desk.Submitted {
	r.T.Helper()
	who := r.User(userID)
	if draft.Purpose == purpose {
		draft.Purpose += "（" + strconv.FormatInt(r.applied.Add(1), 10) + "）"
	}
	a, err := r.SaveDraft(r.T.Context(), who, "", "", 0, draft)
	check(r.T, err)
	submitted, err := r.Submit(r.T.Context(), who, "", a.ID, a.Version, receivedOn)
	check(r.T, err)
	return submitted
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// FollowCalendar moves the limits that run to the calendar as it is known now, as
// the workers do.
func (r *Rig) FollowCalendar() {
	r.T.Helper()
	check(r.T, activities.Reprojection{Store: r.Store, Law: r.Law(), Edition: r.Almanac.Now()}.Run(r.T.Context(), nil))
}

// CarryImports carries out the imports that were confirmed, as the workers do.
func (r *Rig) CarryImports() {
	r.T.Helper()
	check(r.T, r.CarryImportsAfter(func() {}))
}

// CarryImportsAfter does so too, and calls before for each row first.
func (r *Rig) CarryImportsAfter(before func()) error {
	return activities.CarryImports(r.T.Context(), r.Store, func(ctx context.Context, caseID, commandID string) error {
		before()
		return r.Engine.Submit(ctx, sharing.CatalogChange, caseID, workflows.Step{CommandID: commandID, Action: sharing.Submit})
	})
}
