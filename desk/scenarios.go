package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// ScenarioQuery narrows the register of scenarios; zero fields do not narrow.
type ScenarioQuery struct {
	Resource string // id: only scenarios that have it
	Retired  bool   // those that were struck off, too
	Cursor   string
	Limit    int
}

// ScenarioView is a scenario as a reader sees it.
type ScenarioView struct {
	sharing.Scenario
	// Entries are the resources of the scenario that the reader may see, by id.
	Entries map[string]sharing.Resource
	// MayKeep: the reader may change the scenario and strike it off.
	MayKeep bool
}

// OffersScenarios reports whether applications that fit a registered scenario are
// authorised at once, by the regulation now in force in the reader's region.
func (d *Desk) OffersScenarios(ctx context.Context, who sharing.User) (bool, error) {
	law, err := d.lawNow(ctx, who)
	if sharing.CodeOf(err) == sharing.CodeNoRegulation {
		return false, nil
	}
	return err == nil && law.Grants.Scenario != "" && d.mayWithAny(who, sharing.KindScenario, sharing.Read), err
}

// HasScenarios reports whether there is a register of scenarios for the reader: some
// regulation of the region, past ones included, knows them.
func (d *Desk) HasScenarios(who sharing.User) bool {
	return d.mayWithAny(who, sharing.KindScenario, sharing.Read) && slices.ContainsFunc(d.Law().All(), func(r *regulation.Regulation) bool {
		return r.Region == who.Region.ID && r.Grants.Scenario != ""
	})
}

// MayKeepScenarios reports whether the reader may keep the register of scenarios.
func (d *Desk) MayKeepScenarios(who sharing.User) bool {
	return d.mayWithAny(who, sharing.KindScenario, sharing.Keep)
}

// mayScenario asks for leave to do something with the region's register; what may
// not be read does not exist.
func (d *Desk) mayScenario(ctx context.Context, who sharing.User, action sharing.Action) error {
	authority, err := d.authority(ctx, who.Region.ID)
	if err != nil {
		return err
	}
	thing := sharing.ScenarioThing(authority)
	switch {
	case !d.may(who, sharing.Read, thing):
		return notFound
	case !d.may(who, action, thing):
		return forbidden
	}
	return nil
}

// Scenarios returns one page of the region's register by name.
func (d *Desk) Scenarios(ctx context.Context, who sharing.User, q ScenarioQuery) (Page[ScenarioView], error) {
	if err := d.mayScenario(ctx, who, sharing.Read); err != nil {
		return Page[ScenarioView]{}, err
	}
	found, next, total, err := d.Store.Scenarios(ctx, who.Region.ID, postgres.ScenarioFilter{Resource: q.Resource, Retired: q.Retired, Cursor: q.Cursor, Limit: bound(q.Limit)})
	if err != nil {
		return Page[ScenarioView]{}, err
	}
	page := Page[ScenarioView]{Next: next, Total: total}
	for _, s := range found {
		view, err := d.scenarioView(ctx, who, s)
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, view)
	}
	return page, nil
}

// Scenario returns one scenario of the region's register.
func (d *Desk) Scenario(ctx context.Context, who sharing.User, id string) (ScenarioView, error) {
	if err := d.mayScenario(ctx, who, sharing.Read); err != nil {
		return ScenarioView{}, err
	}
	s, err := d.Store.Scenario(ctx, who.Region.ID, id)
	if err != nil {
		return ScenarioView{}, err
	}
	return d.scenarioView(ctx, who, s)
}

// scenarioView leaves out the resources that the reader may not see, and of the others
// the data items.
func (d *Desk) scenarioView(ctx context.Context, who sharing.User, s sharing.Scenario) (ScenarioView, error) {
	view := ScenarioView{Scenario: s, Entries: map[string]sharing.Resource{}, MayKeep: s.RetiredAt == nil && d.MayKeepScenarios(who)}
	ids := make([]string, len(s.Resources))
	for i, item := range s.Resources {
		ids[i] = item.ResourceID
	}
	found, err := d.resources(ctx, who, ids)
	if err != nil {
		return view, err
	}
	for _, r := range found {
		view.Entries[r.ID] = r
	}
	view.Resources = nil
	for _, item := range s.Resources {
		r, seen := view.Entries[item.ResourceID]
		some := len(item.Fields) > 0
		item.Fields = slices.DeleteFunc(slices.Clone(item.Fields), func(f string) bool { return !r.HasField(f) })
		if seen && (!some || len(item.Fields) > 0) {
			view.Resources = append(view.Resources, item)
		}
	}
	return handOut(view, d.recordEntries(ctx, who, found...))
}

// SaveScenario registers a scenario (id "") or writes the next version of one. An
// application is held to the version of the instant at which it is submitted;
// grants that were given stay.
func (d *Desk) SaveScenario(ctx context.Context, who sharing.User, key, id string, expected int, text sharing.ScenarioText) (ScenarioView, error) {
	if err := d.mayScenario(ctx, who, sharing.Keep); err != nil {
		return ScenarioView{}, err
	}
	if err := text.Check(); err != nil {
		return ScenarioView{}, err
	}
	return d.keepScenario(ctx, who, key, sharing.Keep, id, expected, text, func(tx *postgres.Tx, s *sharing.Scenario) error {
		s.ScenarioText = text
		return d.checkScenario(ctx, tx, who, s)
	})
}

// RetireScenario strikes a scenario off the register: no application fits it any
// more.
func (d *Desk) RetireScenario(ctx context.Context, who sharing.User, key, id string, expected int) (ScenarioView, error) {
	if err := d.mayScenario(ctx, who, sharing.Keep); err != nil {
		return ScenarioView{}, err
	}
	if _, err := d.Store.Scenario(ctx, who.Region.ID, id); err != nil {
		return ScenarioView{}, err
	}
	return d.keepScenario(ctx, who, key, sharing.Retire, id, expected, struct{}{}, func(_ *postgres.Tx, s *sharing.Scenario) error {
		at := s.UpdatedAt
		s.RetiredAt = &at
		return nil
	})
}

// keepScenario changes the register in one transaction.
func (d *Desk) keepScenario(ctx context.Context, who sharing.User, key string, action sharing.Action, id string, expected int, body any, change func(*postgres.Tx, *sharing.Scenario) error) (ScenarioView, error) {
	law, err := d.lawNow(ctx, who)
	if err != nil {
		return ScenarioView{}, err
	}
	if law.Grants.Scenario == "" {
		return ScenarioView{}, notFound // the regulation has no such register
	}
	command, err := d.stage(ctx, who, key, action, id, expected, body)
	if err != nil {
		return ScenarioView{}, err
	}
	var saved struct{ ID string }
	err = d.carry(ctx, command, &saved, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			s := sharing.Scenario{ID: uuid.NewString(), RegionID: who.Region.ID, RegisteredBy: who.ID}
			if id != "" {
				if s, err = tx.LockScenario(ctx, who.Region.ID, id); err != nil {
					return err
				}
			}
			switch {
			case s.RetiredAt != nil:
				return sharing.Errorf(sharing.CodeWrongState, "the scenario was struck off the register")
			case s.Version != expected:
				return sharing.Errorf(sharing.CodeStale, "changed from version %d, the scenario is at version %d", expected, s.Version)
			}
			s.Version, s.RegulationID = s.Version+1, law.Ref()
			if s.UpdatedAt, err = tx.Now(ctx); err != nil {
				return err
			}
			if err := change(tx, &s); err != nil {
				return err
			}
			if id == "" {
				err = tx.InsertScenario(ctx, s)
			} else {
				err = tx.UpdateScenario(ctx, s, who.ID)
			}
			if err != nil {
				return err
			}
			outcome, err := json.Marshal(struct{ ID string }{s.ID})
			if err != nil {
				return err
			}
			if err := tx.FinishCommand(ctx, command.ID, outcome); err != nil {
				return err
			}
			return tx.Append(ctx, sharing.Entry{
				At: s.UpdatedAt, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: who.Region.ID, Action: action,
				SubjectID: s.ID, Version: s.Version, Article: law.Grants.Scenario, Policy: command.Policy, Key: command.Actor.Key,
			})
		})
	})
	if err != nil {
		return ScenarioView{}, err
	}
	return d.Scenario(ctx, who, saved.ID)
}

// checkScenario holds what a scenario names to the catalog and the regulation.
func (d *Desk) checkScenario(ctx context.Context, tx *postgres.Tx, who sharing.User, s *sharing.Scenario) error {
	if !s.ValidUntil.IsZero() && s.ValidUntil < sharing.DateOf(s.UpdatedAt) {
		return sharing.Invalid("/valid_until", "not_in_past", "the last day has passed")
	}
	law, ok := d.Law().ByID(s.RegulationID)
	if !ok {
		return sharing.Errorf(sharing.CodeNoRegulation, "regulation %s is not loaded", s.RegulationID)
	}
	for i, m := range s.Modes {
		if _, allowed := law.Mode(m); !allowed {
			return sharing.Invalid(fmt.Sprintf("/modes/%d", i), "allowed_mode", string(m))
		}
	}
	ids := make([]string, len(s.Resources))
	for i, item := range s.Resources {
		ids[i] = item.ResourceID
	}
	found, err := tx.LockResources(ctx, ids)
	if err != nil {
		return err
	}
	for i, item := range s.Resources {
		at := fmt.Sprintf("/resources/%d", i)
		k := slices.IndexFunc(found, func(r sharing.Resource) bool { return r.ID == item.ResourceID && r.RegionID == who.Region.ID })
		switch {
		case k < 0:
			return sharing.Invalid(at+"/resource_id", "exists", "the region's catalog has no such entry")
		case found[k].Class != sharing.Conditional:
			return sharing.Invalid(at+"/resource_id", "conditional", found[k].Title+" is not shared conditionally")
		}
		for j, f := range item.Fields {
			if !found[k].HasField(f) {
				return sharing.Invalid(fmt.Sprintf("%s/fields/%d", at, j), "field_of_resource", f+" is not a field of "+found[k].Title)
			}
		}
	}
	return nil
}

// previewScenario says whether an item of a draft fits the registered scenario that
// the draft names, and the scenario's name; "" when it names none that exists, or
// the resource needs none.
func (d *Desk) previewScenario(ctx context.Context, a sharing.Application, r sharing.Resource, on sharing.Date) (string, sharing.Misfit, error) {
	if a.Request.ScenarioID == "" || r.Class != sharing.Conditional {
		return "", sharing.Fits, nil
	}
	s, err := d.Store.Scenario(ctx, a.RegionID, a.Request.ScenarioID)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return "", sharing.Fits, nil
	}
	if err != nil {
		return "", sharing.Fits, err
	}
	fields := r.FieldNames()
	for _, item := range a.Request.Items {
		if item.ResourceID == r.ID && len(item.Fields) > 0 {
			fields = item.Fields
		}
	}
	return s.Name, s.Fit(r.ID, fields, a.Request.Mode, a.Request.Duty, on), nil
}
