package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"gongshu/activities"
	"gongshu/sharing"
	"gongshu/workflows"
)

// Submit turns a draft into one case per resource. With receivedOn it registers a
// paper application that was received on that day: its limits run from then.
func (d *Desk) Submit(ctx context.Context, who sharing.User, key, id string, expected int, receivedOn *sharing.Date) (Submitted, error) {
	var submitted Submitted
	a, err := d.application(ctx, who, id)
	if err != nil {
		return submitted, err
	}
	if !d.maySubmit(who, a) {
		return submitted, forbidden
	}
	if receivedOn != nil && !d.MayRegisterPaper(who) {
		return submitted, forbidden
	}
	if receivedOn == nil && a.Paper {
		return submitted, sharing.Invalid("/received_on", "required", "the day a paper application was received")
	}
	if err := d.checkMaySubmitItems(ctx, who, a); err != nil {
		return submitted, err
	}
	submission := sharing.Submission{CaseIDs: caseIDs(a), Sight: d.scope(who, sharing.KindField).Cells}
	if receivedOn != nil {
		submission.ReceivedOn = *receivedOn
	}
	command, err := d.stage(ctx, d.applying(who, a), key, sharing.Submit, a.ID, expected, submission)
	if err != nil {
		return submitted, err
	}
	err = d.carry(ctx, command, &submitted, func(ctx context.Context) error {
		// Nothing is filed, nor a workflow started, for what can be refused right here.
		if a.State != sharing.Draft {
			return sharing.Errorf(sharing.CodeWrongState, "the application is %s", a.State)
		}
		if a.Version != expected {
			return sharing.Errorf(sharing.CodeStale, "submitted version %d, the draft is at version %d", expected, a.Version)
		}
		if err := a.Request.Check(); err != nil {
			return err
		}
		var staged sharing.Submission
		if err := json.Unmarshal(command.Body, &staged); err != nil {
			return err
		}
		return d.Engine.Submit(ctx, sharing.ShareApplication, staged.CaseIDs[0], workflows.Step{CommandID: command.ID, Action: sharing.Submit})
	})
	return submitted, err
}

// caseIDs are the ids the cases of an application will have. They follow from
// the application, so that the same request repeated is the same request.
func caseIDs(a sharing.Application) []string {
	ids := make([]string, len(a.Request.Items))
	for i := range ids {
		ids[i] = uuid.NewSHA1(uuid.MustParse(a.ID), fmt.Appendf(nil, "case %d", i)).String()
	}
	return ids
}

// checkMaySubmitItems asks again what was asked when the draft was written: what
// it applies for may have become not shared meanwhile.
func (d *Desk) checkMaySubmitItems(ctx context.Context, who sharing.User, a sharing.Application) error {
	if a.State != sharing.Draft {
		return nil
	}
	ids := make([]string, len(a.Request.Items))
	for i, item := range a.Request.Items {
		ids[i] = item.ResourceID
	}
	found, err := d.resources(ctx, who, ids)
	if err != nil {
		return err
	}
	action := sharing.Apply
	if a.RegisteredBy == who.ID {
		action = sharing.RegisterPaper
	}
	for i, id := range ids {
		k := slices.IndexFunc(found, func(r sharing.Resource) bool { return r.ID == id })
		if k < 0 || !d.may(who, action, found[k].Thing()) {
			return activities.NotObtainable(fmt.Sprintf("/items/%d/resource_id", i), d.Law(), who.Region.ID)
		}
		for j, f := range a.Request.Items[i].Fields {
			if !found[k].HasField(f) {
				return sharing.Invalid(fmt.Sprintf("/items/%d/fields/%d", i, j), "field_of_resource", "the resource has no such field")
			}
		}
	}
	return nil
}
