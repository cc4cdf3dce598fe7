package activities

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Submitted is the outcome of a submission.
type Submitted struct {
	ApplicationID string    `json:"application_id"`
	Number        string    `json:"number"`
	Version       int       `json:"version"`
	Cases         []Outcome `json:"cases"`
}

// Submit turns a draft into one case per resource, all in one transaction. A
// conditionally shared resource waits for its provider's answer within the limit
// of the regulation in force on the day of receipt; an unconditionally shared one
// is granted at once, and so is what fits a registered scenario (lishui-2020
// art. 19(3)). What asks for the same as a case that is still undecided is refused.
// The snapshot is that of the first case and names the others
// as siblings, whose workflows are still to be started.
func (a *Activities) Submit(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	var snapshot sharing.Snapshot
	err := a.Store.InTx(ctx, func(tx *postgres.Tx) error {
		command, err := tx.LockCommand(ctx, commandID)
		if err != nil {
			return err
		}
		submission, err := body[sharing.Submission](command)
		if err != nil {
			return err
		}
		if command.State != sharing.Done {
			if err := a.file(ctx, tx, command, submission); err != nil {
				return err
			}
		}
		lead, err := tx.LockCase(ctx, submission.CaseIDs[0])
		if err != nil {
			return err
		}
		s := &step{Activities: a, ctx: ctx, tx: tx, c: lead}
		snapshot, err = s.snapshot()
		snapshot.Siblings = submission.CaseIDs[1:]
		return err
	})
	return snapshot, ToTemporal(err)
}

// file writes a submitted application and its cases.
func (a *Activities) file(ctx context.Context, tx *postgres.Tx, command sharing.Command, submission sharing.Submission) error {
	application, err := tx.LockApplication(ctx, command.Target)
	if err != nil {
		return err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if application.State != sharing.Draft {
		return sharing.Errorf(sharing.CodeWrongState, "the application is %s", application.State)
	}
	if command.Expected != application.Version {
		return sharing.Errorf(sharing.CodeStale, "submitted version %d, the draft is at version %d", command.Expected, application.Version)
	}
	request := application.Request
	if err := request.Check(); err != nil {
		return err
	}
	if len(submission.CaseIDs) != len(request.Items) {
		return sharing.Errorf(sharing.CodeStale, "the draft has changed")
	}
	if err := unmerged(ctx, tx, command.Actor.DepartmentID, application.Applicant.ID); err != nil {
		return err
	}
	application.ReceivedAt = now
	if !submission.ReceivedOn.IsZero() {
		if submission.ReceivedOn > sharing.DateOf(now) {
			return sharing.Invalid("/received_on", "not_in_future", "the day of receipt lies ahead")
		}
		application.Paper, application.RegisteredBy = true, command.Actor.UserID
		if submission.ReceivedOn < sharing.DateOf(now) {
			application.ReceivedAt = submission.ReceivedOn.Start()
		}
	}
	law, err := a.inForce(application.RegionID, sharing.DateOf(application.ReceivedAt))
	if err != nil {
		return err
	}
	if err := checkMode(law, request.Mode, "/mode"); err != nil {
		return err
	}
	sight := sharing.Scope{Subject: command.Actor, Kind: sharing.KindField, Action: sharing.Read, Cells: submission.Sight}
	resources, err := a.requested(ctx, tx, application, sight)
	if err != nil {
		return err
	}
	if err := checkElements(law, request, resources); err != nil {
		return err
	}
	scenario, err := a.scenario(ctx, tx, law, application)
	if err != nil {
		return err
	}
	if err := a.once(ctx, tx, law, application, resources); err != nil {
		return err
	}
	if application.Number, err = number("S", application.ReceivedAt); err != nil {
		return err
	}
	application.State, application.Version, application.UpdatedAt = sharing.Submitted, application.Version+1, now
	if err := tx.UpdateApplication(ctx, application); err != nil {
		return err
	}
	if err := tx.AttachTo(ctx, application.ID, command.Actor.DepartmentID, request.Attachments, "/attachments"); err != nil {
		return err
	}

	result := Submitted{ApplicationID: application.ID, Number: application.Number, Version: application.Version}
	var steps []*step
	for i, resource := range resources {
		s := &step{Activities: a, ctx: ctx, tx: tx, command: command, now: now, law: law}
		if err := s.openShare(application, scenario, submission.CaseIDs[i], request.Items[i], resource); err != nil {
			return err
		}
		result.Cases = append(result.Cases, Outcome{CaseID: s.c.ID, State: s.c.State, Version: s.c.Version})
		steps = append(steps, s)
	}
	outcome, err := json.Marshal(result)
	if err != nil {
		return err
	}
	if err := tx.FinishCommand(ctx, command.ID, outcome); err != nil {
		return err
	}
	for _, s := range steps {
		if err := tx.Send(ctx, now, s.messages...); err != nil {
			return err
		}
	}
	// The trail's head is locked from here to the end of the transaction.
	filed := sharing.Entry{
		At: now, Actor: command.Actor.UserID, DepartmentID: command.Actor.DepartmentID, RegionID: application.RegionID,
		Action: sharing.Submit, SubjectID: application.ID, Version: application.Version, Article: law.Article("share.apply"),
		Policy: command.Policy, Data: map[string]string{"number": application.Number}, OnBehalfOf: command.Actor.OnBehalfOf, Key: command.Actor.Key,
	}
	if err := tx.Append(ctx, filed); err != nil {
		return err
	}
	for _, s := range steps {
		if err := tx.Append(ctx, s.entry); err != nil {
			return err
		}
	}
	return nil
}

// inForce returns the regulation under which an application received on the day
// is dealt with, as a *sharing.Error when there is none.
func (a *Activities) inForce(regionID string, on sharing.Date) (*regulation.Regulation, error) {
	law, err := a.Law.InForce(regionID, on)
	if err != nil {
		return nil, &sharing.Error{Code: sharing.CodeNoRegulation, Detail: err.Error(), Cause: err}
	}
	return law, nil
}

// checkMode refuses a way of sharing that the regulation does not allow.
func checkMode(law *regulation.Regulation, mode sharing.Mode, field string) error {
	if _, allowed := law.Mode(mode); allowed {
		return nil
	}
	err := sharing.Invalid(field, "allowed_mode", fmt.Sprintf("%s does not provide for %s", law.Title, mode))
	err.Article = law.OtherModes.Article
	return err
}

// requested returns the resources of an application in the order of its items,
// checked once more under lock: they may have changed since the draft was
// written. Of their fields they have those within sight, which
// goes further for what the applicant holds under grants.
func (a *Activities) requested(ctx context.Context, tx *postgres.Tx, application sharing.Application, sight sharing.Scope) ([]sharing.Resource, error) {
	items := application.Request.Items
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ResourceID
	}
	found, err := tx.LockResources(ctx, ids)
	if err != nil {
		return nil, err
	}
	held, err := tx.HeldFields(ctx, application.Applicant.ID, ids)
	if err != nil {
		return nil, err
	}
	resources := make([]sharing.Resource, len(items))
	for i, item := range items {
		at := fmt.Sprintf("/items/%d", i)
		k := slices.IndexFunc(found, func(r sharing.Resource) bool { return r.ID == item.ResourceID })
		// An entry that is not shared is not to be seen: it is refused in the same
		// words as one that does not exist.
		if k < 0 || found[k].RegionID != application.RegionID || found[k].Class == sharing.NotShared {
			return nil, NotObtainable(at+"/resource_id", a.Law, application.RegionID)
		}
		found[k], _ = sharing.Seal(found[k]).Open(func(r sharing.Resource, f sharing.Field) bool {
			return sight.Allows(r.FieldThing(f, "")) ||
				slices.Contains(held[r.ID], f.Name) && sight.Allows(r.FieldThing(f, application.Applicant.ID))
		})
		resources[i] = found[k]
		if found[k].Provider.ID == application.Applicant.ID {
			return nil, sharing.Invalid(at+"/resource_id", "not_own", "a department does not apply for its own data")
		}
		switch successor, err := tx.Successor(ctx, found[k].Provider.ID); {
		case err == nil:
			refusal := mergedInto(successor, found[k].Provider.ID)
			refusal.Fields = []sharing.FieldError{{Field: at + "/resource_id", Rule: "merged", Detail: successor.Name}}
			return nil, refusal
		case sharing.CodeOf(err) != sharing.CodeNotFound:
			return nil, err
		}
		for j, f := range item.Fields {
			if !found[k].HasField(f) {
				return nil, sharing.Invalid(fmt.Sprintf("%s/fields/%d", at, j), "field_of_resource", f+" is not a field of "+found[k].Title)
			}
		}
	}
	return resources, nil
}

// NotObtainable refuses an application for a resource that is not shared or not
// in the catalog, in the same words for both, and names the way to coordination
// where the regulation has one.
func NotObtainable(field string, law *regulation.Library, regionID string) *sharing.Error {
	e := &sharing.Error{
		Code:   sharing.CodeNotShared,
		Detail: "no resource of the catalog that can be applied for",
		Fields: []sharing.FieldError{{Field: field, Rule: "obtainable"}},
	}
	for _, r := range law.All() {
		if r.Region == regionID && (r.Coordination.Offers(regulation.WhenNotShared) || r.Coordination.Offers(regulation.WhenNotListed)) {
			e.Article = r.Coordination.Article
			e.Detail += fmt.Sprintf("; ask %s to coordinate (%s)", r.Roles[regulation.Authority].Name, r.Cite(r.Coordination.Article))
		}
	}
	return e
}

// openShare writes one case and what starts with it. scenario is that of the
// register which the application names, if it names one.
func (s *step) openShare(application sharing.Application, scenario *sharing.Scenario, id string, item sharing.Item, resource sharing.Resource) error {
	fields := fieldsOf(item, resource)
	own := application.Request
	own.Items = []sharing.Item{{ResourceID: resource.ID, Fields: fields}}
	numbered, err := number("G", application.ReceivedAt)
	if err != nil {
		return err
	}
	s.c = sharing.Case{
		ID: id, Number: numbered, Procedure: sharing.ShareApplication, Title: resource.Title, ApplicationID: application.ID, RegionID: application.RegionID, RegulationID: s.law.Ref(),
		Resource: sharing.ResourceRef{ID: resource.ID, Code: resource.Code, Title: resource.Title, Version: resource.Version},
		Class:    resource.Class, Grade: resource.Grade, Provider: resource.Provider, Applicant: application.Applicant,
		ApplicantID: application.ApplicantID, State: sharing.Answering, Version: 1, Request: own, Fields: fields,
		Facts: resource.Facts, Paper: application.Paper, ReceivedAt: application.ReceivedAt, CreatedAt: s.now,
	}
	s.entry = sharing.Entry{
		At: s.now, Actor: s.command.Actor.UserID, DepartmentID: s.command.Actor.DepartmentID, RegionID: s.c.RegionID, Action: sharing.Submit,
		SubjectID: s.c.ID, Version: 1, Policy: s.command.Policy, Data: map[string]string{"number": s.c.Number},
		OnBehalfOf: s.command.Actor.OnBehalfOf, Key: s.command.Actor.Key,
	}
	if s.c.Paper {
		s.entry.Data["received_on"] = sharing.DateOf(s.c.ReceivedAt).String()
	}
	fits := s.fit(scenario)
	if (resource.Class == sharing.Unconditional && !NeedsConsent(s.law, own.Mode)) || fits {
		article, topic, last := "share.grant_at_once", "granted_at_once", sharing.Date(0)
		if fits {
			article, topic, last = "share.grant_scenario", "granted_by_scenario", scenario.ValidUntil
		}
		s.c.State = sharing.InUse
		s.entry.To, s.entry.Article = sharing.InUse, s.law.Article(article)
		if err := s.tx.InsertCase(s.ctx, s.c); err != nil {
			return err
		}
		s.tell(s.c.Provider, topic, nil)
		return s.grant(sharing.Decision{Agree: true}, sharing.Provision{Mode: own.Mode}, last)
	}
	duty, kind, owes := sharing.DutyAnswer, sharing.TaskAnswer, s.c.Provider
	_, first := s.law.Duty(sharing.DutyPrecheck)
	if resource.Class == sharing.Unconditional || first {
		authority, err := s.authority()
		if err != nil {
			return err
		}
		s.c.State, duty, kind, owes = sharing.Checking, sharing.DutyPrecheck, sharing.TaskCheck, authority
		if resource.Class == sharing.Unconditional { // nothing is left to answer but the way of sharing
			s.c.State, duty, kind = sharing.Consenting, sharing.DutyConsent, sharing.TaskConsent
		}
	}
	s.entry.To, s.entry.Article = s.c.State, s.law.Article("share.apply")
	if err := s.tx.InsertCase(s.ctx, s.c); err != nil {
		return err
	}
	deadline, err := s.startClock(duty, owes, s.c.ReceivedAt)
	if err != nil {
		return err
	}
	s.tell(owes, string(sharing.Submit), nil)
	return s.openTask(kind, owes, deadline)
}

// authority is the big-data center of the case's region, or of the actor's while
// there is no case yet.
func (s *step) authority() (sharing.Department, error) {
	region := cmp.Or(s.c.RegionID, s.command.Actor.RegionID)
	offices, err := s.tx.Offices(s.ctx, region, sharing.AuthorityDepartment)
	if err == nil && len(offices) == 0 {
		err = fmt.Errorf("region %s has no authority", region)
	}
	if err != nil {
		return sharing.Department{}, err
	}
	return offices[0], nil
}

func (s *step) openTask(kind sharing.TaskKind, department sharing.Department, deadline *sharing.Deadline) error {
	return s.tx.InsertTask(s.ctx, sharing.Task{
		ID: uuid.NewString(), Kind: kind, Department: department, Case: s.c, Deadline: deadline, CreatedAt: s.now,
	})
}

// number makes a number for an application or a case: its day and eight random
// characters. Numbers in sequence would tell their readers how many others there
// are.
func number(prefix string, at time.Time) (string, error) {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford: none that are mistaken for others
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return "", errors.New("no randomness for a number")
	}
	var b strings.Builder
	b.WriteString(prefix + at.In(sharing.Shanghai).Format("20060102") + "-")
	for _, r := range random {
		b.WriteByte(alphabet[r%32])
	}
	return b.String(), nil
}
