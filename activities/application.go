package activities

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// checkElements refuses an application for conditionally shared data that does
// not say all that its regulation asks for, naming the article beside each
// (lishui-2020 arts. 16(2) and 19(1), city-2023 art. 21, shuozhou-2021 arts. 13
// and 16).
func checkElements(law *regulation.Regulation, request sharing.Request, resources []sharing.Resource) error {
	if !slices.ContainsFunc(resources, func(r sharing.Resource) bool { return r.Class == sharing.Conditional }) {
		return nil
	}
	var e sharing.Error
	for _, required := range law.Application.Requires {
		field, said := request.Says(sharing.Element(required.Element))
		if said || field == "" {
			continue
		}
		e.Code, e.Article = sharing.CodeInvalid, cmp.Or(e.Article, required.Article)
		e.Fields = append(e.Fields, sharing.FieldError{Field: field, Rule: "required", Detail: law.Cite(required.Article)})
	}
	if e.Code == "" {
		return nil
	}
	return &e
}

// scenario returns the registered scenario that an application names; nil when it
// names none. One that the region does not have, or whose regulation knows none,
// is refused; one that the application merely does not fit is not, see [step.fit].
func (a *Activities) scenario(ctx context.Context, tx *postgres.Tx, law *regulation.Regulation, application sharing.Application) (*sharing.Scenario, error) {
	id := application.Request.ScenarioID
	if id == "" {
		return nil, nil
	}
	if law.Grants.Scenario == "" {
		return nil, sharing.Invalid("/scenario_id", "in_regulation", law.Title+" has no registered scenarios")
	}
	found, err := tx.HoldScenario(ctx, application.RegionID, id)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		unknown := sharing.Invalid("/scenario_id", "exists", "the region has no such scenario")
		unknown.Article = law.Grants.Scenario
		return nil, unknown
	}
	return &found, err
}

// fit reports whether the case fits the scenario that its application names. When
// it does not, it goes the way of every other application, and the story says why.
func (s *step) fit(scenario *sharing.Scenario) bool {
	if scenario == nil || s.c.Class != sharing.Conditional {
		return false
	}
	s.entry.Data["scenario"] = scenario.Name
	misfit := scenario.Fit(s.c.Resource.ID, s.c.Fields, s.c.Request.Mode, s.c.Request.Duty, sharing.DateOf(s.c.ReceivedAt))
	if misfit == sharing.Fits && !scenario.ValidUntil.IsZero() && !s.now.Before(scenario.ValidUntil.End()) {
		misfit = sharing.MisfitDay // received on paper in time, registered too late
	}
	if misfit != sharing.Fits {
		s.entry.Data["misfit"] = string(misfit)
	}
	return misfit == sharing.Fits
}

// once refuses an application that repeats an undecided case of its department,
// and a renewal that cannot be one. Applications for the same data with another
// purpose, duty, way of sharing or other fields are no repetition: data is had for
// a stated purpose (yanzhou-2024 art. 22, city-2023 art. 30).
func (a *Activities) once(ctx context.Context, tx *postgres.Tx, law *regulation.Regulation, application sharing.Application, resources []sharing.Resource) error {
	order := make([]int, len(resources))
	for i := range order {
		order[i] = i
	}
	// In one order for all, so that no two submissions wait for each other.
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(resources[i].ID, resources[j].ID) })
	for _, i := range order {
		fields := fieldsOf(application.Request.Items[i], resources[i])
		former, err := tx.Repeated(ctx, application.Applicant.ID, resources[i].ID, fields, application.Request)
		if sharing.CodeOf(err) == sharing.CodeNotFound {
			continue
		}
		if err != nil {
			return err
		}
		return &sharing.Error{Code: sharing.CodeInvalid, Article: law.Article("share.apply"), Fields: []sharing.FieldError{{
			Field: fmt.Sprintf("/items/%d/resource_id", i), Rule: "not_repeated", Detail: former,
		}}}
	}
	if application.Request.Renews == "" {
		return nil
	}
	return a.renewable(ctx, tx, application)
}

// renewable refuses to renew what is not the department's own grant on the
// resource, does not hold because of misuse, or is being renewed already.
func (a *Activities) renewable(ctx context.Context, tx *postgres.Tx, application sharing.Application) error {
	request := application.Request
	old, err := tx.GrantByID(ctx, request.Renews)
	switch {
	case sharing.CodeOf(err) == sharing.CodeNotFound:
		return sharing.Invalid("/renews", "exists", "the department has no such grant")
	case err != nil:
		return err
	case old.Grantee.ID != application.Applicant.ID:
		return sharing.Invalid("/renews", "exists", "the department has no such grant")
	case old.Resource.ID != request.Items[0].ResourceID:
		return sharing.Invalid("/items/0/resource_id", "of_grant", "not the resource of the grant")
	}
	return a.Renewable(ctx, tx, old)
}

// Renewable refuses to renew a grant that was suspended or revoked, or is being
// renewed already. Renewing one that has ended only says what was before.
func (a *Activities) Renewable(ctx context.Context, tx *postgres.Tx, old sharing.Grant) error {
	if old.State == sharing.GrantSuspended || old.State == sharing.GrantRevoked {
		return sharing.Invalid("/renews", "in_order", "the grant is "+string(old.State))
	}
	former, err := tx.RenewedBy(ctx, old.ID)
	switch {
	case err == nil:
		return sharing.Invalid("/renews", "not_renewed", former)
	case sharing.CodeOf(err) == sharing.CodeNotFound:
		return nil
	}
	return err
}

// fieldsOf are the fields of the resource that an item asks for.
func fieldsOf(item sharing.Item, r sharing.Resource) []string {
	if len(item.Fields) == 0 {
		return r.FieldNames()
	}
	return item.Fields
}
