package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"gongshu/activities"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Applications returns the applications of the reader's department, and those the
// reader registered for others, the last changed first.
func (d *Desk) Applications(ctx context.Context, who sharing.User, state sharing.ApplicationState, cursor string, limit int) (Page[sharing.Application], error) {
	if !d.mayWithAny(who, sharing.KindApplication, sharing.Read) {
		return Page[sharing.Application]{}, nil
	}
	return pageOf(d.Store.Applications(ctx, who.Subject(), state, cursor, bound(limit)))
}

// application returns an application the reader may see.
func (d *Desk) application(ctx context.Context, who sharing.User, id string) (sharing.Application, error) {
	a, err := d.Store.Application(ctx, who.Subject(), id)
	if err != nil {
		return a, err
	}
	if !d.may(who, sharing.Read, policies.Application(a, registrarDepartment(who, a))) {
		return a, notFound
	}
	return a, nil
}

// registrarDepartment is the department that stands to an application as its
// registrar, if the user registered it.
func registrarDepartment(who sharing.User, a sharing.Application) string {
	if a.RegisteredBy == who.ID {
		return who.Department.ID
	}
	return ""
}

// Application returns one application with its resources and cases.
func (d *Desk) Application(ctx context.Context, who sharing.User, id string) (ApplicationView, error) {
	a, err := d.application(ctx, who, id)
	if err != nil {
		return ApplicationView{}, err
	}
	return d.applicationView(ctx, who, a)
}

func (d *Desk) applicationView(ctx context.Context, who sharing.User, a sharing.Application) (ApplicationView, error) {
	view := ApplicationView{Application: a}
	ids := make([]string, len(a.Request.Items))
	for i, item := range a.Request.Items {
		ids[i] = item.ResourceID
	}
	found, err := d.resources(ctx, who, ids)
	if err != nil {
		return view, err
	}
	if err := d.recordEntries(ctx, who, found...); err != nil {
		return ApplicationView{}, err
	}
	for _, id := range ids {
		if i := slices.IndexFunc(found, func(r sharing.Resource) bool { return r.ID == id }); i >= 0 {
			view.Resources = append(view.Resources, found[i])
		}
	}
	if a.State == sharing.Submitted {
		cases, err := d.Cases(ctx, who, CaseQuery{Application: a.ID, Limit: sharing.MaxItems})
		if err != nil {
			return view, err
		}
		view.Cases = cases.Items
	}
	files := make([]postgres.Attachment, 0, len(a.Request.Attachments))
	for _, id := range a.Request.Attachments {
		f, err := d.Store.Attachment(ctx, id)
		if err != nil {
			return view, err
		}
		files = append(files, f)
	}
	view.Attachments = attachments(files)
	return view, nil
}

// SaveDraft writes a new draft (id "") or the next version of one. With For it is
// the paper application of another department, which only those may write who may
// register it.
func (d *Desk) SaveDraft(ctx context.Context, who sharing.User, key, id string, expected int, draft Draft) (ApplicationView, error) {
	applicant, err := d.applicant(ctx, who, draft.For)
	if err != nil {
		return ApplicationView{}, err
	}
	if err := draft.CheckDraft(); err != nil {
		return ApplicationView{}, err
	}
	if err := d.checkDraftItems(ctx, who, draft, applicant); err != nil {
		return ApplicationView{}, err
	}
	if err := d.checkOwnFiles(ctx, who, draft.Attachments); err != nil {
		return ApplicationView{}, err
	}
	if err := d.checkRenews(ctx, who, draft.Renews, applicant); err != nil {
		return ApplicationView{}, err
	}
	if id != "" {
		a, err := d.application(ctx, who, id)
		if err != nil {
			return ApplicationView{}, err
		}
		id = a.ID // it may have been addressed by its number
	}
	written := sharing.Application{RegionID: who.Region.ID, Applicant: applicant}
	if draft.For != "" {
		written.RegisteredBy = who.ID
	}
	command, err := d.stage(ctx, d.applying(who, written), key, sharing.SaveDraft, id, expected, draft)
	if err != nil {
		return ApplicationView{}, err
	}
	var saved struct{ ID string }
	err = d.carry(ctx, command, &saved, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			a, err := d.writeDraft(ctx, tx, who, id, expected, draft, applicant)
			if err != nil {
				return err
			}
			return finishDraft(ctx, tx, command, a)
		})
	})
	if err != nil {
		return ApplicationView{}, err
	}
	return d.Application(ctx, who, saved.ID)
}

func (d *Desk) writeDraft(ctx context.Context, tx *postgres.Tx, who sharing.User, id string, expected int, draft Draft, applicant sharing.Department) (sharing.Application, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return sharing.Application{}, err
	}
	if id == "" {
		a := sharing.Application{
			ID: uuid.NewString(), RegionID: who.Region.ID, Applicant: applicant, ApplicantID: who.ID, State: sharing.Draft, Version: 1,
			Request: draft.Request, CreatedAt: now, UpdatedAt: now,
		}
		if draft.For != "" {
			a.Paper, a.RegisteredBy = true, who.ID
		}
		return a, tx.InsertApplication(ctx, a)
	}
	a, err := lockDraft(ctx, tx, id, expected)
	if err != nil {
		return a, err
	}
	a.Request, a.Version, a.UpdatedAt = draft.Request, a.Version+1, now
	if draft.For != "" {
		a.Applicant, a.Paper, a.RegisteredBy = applicant, true, who.ID
	}
	return a, tx.UpdateApplication(ctx, a)
}

func lockDraft(ctx context.Context, tx *postgres.Tx, id string, expected int) (sharing.Application, error) {
	a, err := tx.LockApplication(ctx, id)
	switch {
	case err != nil:
		return a, err
	case a.State != sharing.Draft:
		return a, sharing.Errorf(sharing.CodeWrongState, "the application is %s", a.State)
	case a.Version != expected:
		return a, sharing.Errorf(sharing.CodeStale, "changed from version %d, the draft is at version %d", expected, a.Version)
	}
	return a, nil
}

// finishDraft writes what belongs to every change of a draft: the command's
// outcome and the audit entry.
func finishDraft(ctx context.Context, tx *postgres.Tx, command sharing.Command, a sharing.Application) error {
	outcome, err := json.Marshal(struct{ ID string }{a.ID})
	if err != nil {
		return err
	}
	if err := tx.FinishCommand(ctx, command.ID, outcome); err != nil {
		return err
	}
	return tx.Append(ctx, sharing.Entry{
		At: a.UpdatedAt, Actor: command.Actor.UserID, DepartmentID: command.Actor.DepartmentID, RegionID: a.RegionID,
		Action: command.Action, SubjectID: a.ID, Version: a.Version, Policy: command.Policy, OnBehalfOf: command.Actor.OnBehalfOf, Key: command.Actor.Key,
	})
}

// applicant returns the department an application is for, checked against who
// writes it.
func (d *Desk) applicant(ctx context.Context, who sharing.User, other string) (sharing.Department, error) {
	if other == "" {
		if !d.MayApplyAtAll(who) {
			return sharing.Department{}, forbidden
		}
		return who.Department, nil
	}
	if !d.MayRegisterPaper(who) {
		return sharing.Department{}, forbidden
	}
	departments, err := d.Departments(ctx, who)
	if err != nil {
		return sharing.Department{}, err
	}
	i := slices.IndexFunc(departments, func(o sharing.Department) bool { return o.ID == other })
	if i < 0 {
		return sharing.Department{}, sharing.Invalid("/for", "exists", "no such department in the region")
	}
	return departments[i], nil
}

// checkDraftItems refuses resources that may not be applied for, and fields they
// do not have.
func (d *Desk) checkDraftItems(ctx context.Context, who sharing.User, draft Draft, applicant sharing.Department) error {
	ids := make([]string, len(draft.Items))
	for i, item := range draft.Items {
		ids[i] = item.ResourceID
	}
	found, err := d.resources(ctx, who, ids)
	if err != nil {
		return err
	}
	for i, item := range draft.Items {
		at := fmt.Sprintf("/items/%d", i)
		k := slices.IndexFunc(found, func(r sharing.Resource) bool { return r.ID == item.ResourceID })
		if k < 0 || found[k].Class == sharing.NotShared {
			return activities.NotObtainable(at+"/resource_id", d.Law(), who.Region.ID)
		}
		r := found[k]
		if r.Provider.ID == applicant.ID {
			return sharing.Invalid(at+"/resource_id", "not_own", "a department does not apply for its own data")
		}
		if !d.may(who, applying(draft.For), r.Thing()) {
			return activities.NotObtainable(at+"/resource_id", d.Law(), who.Region.ID)
		}
		for j, f := range item.Fields {
			if !r.HasField(f) {
				return sharing.Invalid(fmt.Sprintf("%s/fields/%d", at, j), "field_of_resource", "the resource has no such field")
			}
		}
	}
	return nil
}

// applying is what one must be allowed to do with a resource to ask for it: for
// oneself, or for another department on paper.
func applying(other string) sharing.Action {
	if other != "" {
		return sharing.RegisterPaper
	}
	return sharing.Apply
}

// DiscardDraft throws a draft away.
func (d *Desk) DiscardDraft(ctx context.Context, who sharing.User, key, id string, expected int) error {
	a, err := d.application(ctx, who, id)
	if err != nil {
		return err
	}
	if !d.maySubmit(who, a) {
		return forbidden
	}
	command, err := d.stage(ctx, d.applying(who, a), key, sharing.DiscardDraft, a.ID, expected, struct{}{})
	if err != nil {
		return err
	}
	var saved struct{ ID string }
	return d.carry(ctx, command, &saved, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			a, err := lockDraft(ctx, tx, a.ID, expected)
			if err != nil {
				return err
			}
			if a.UpdatedAt, err = tx.Now(ctx); err != nil {
				return err
			}
			a.State, a.Version = sharing.Discarded, a.Version+1
			if err := tx.UpdateApplication(ctx, a); err != nil {
				return err
			}
			return finishDraft(ctx, tx, command, a)
		})
	})
}

// maySubmit reports whether the user may submit, change or discard an
// application: as one of its department, or as who registers it from paper.
func (d *Desk) maySubmit(who sharing.User, a sharing.Application) bool {
	thing := policies.Application(a, registrarDepartment(who, a))
	if a.RegisteredBy == who.ID {
		return d.may(who, sharing.RegisterPaper, thing)
	}
	return d.may(who, sharing.Submit, thing)
}

// Preview says what will become of a draft if it is submitted: who will answer, by
// when and under which article, or that it is granted at once.
func (d *Desk) Preview(ctx context.Context, who sharing.User, id string, receivedOn *sharing.Date) ([]PreviewLine, error) {
	view, err := d.Application(ctx, who, id)
	if err != nil {
		return nil, err
	}
	received, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	if receivedOn != nil && *receivedOn < sharing.DateOf(received) {
		received = receivedOn.Start()
	}
	law, err := d.Law().InForce(who.Region.ID, sharing.DateOf(received))
	if err != nil {
		return nil, &sharing.Error{Code: sharing.CodeNoRegulation, Detail: err.Error(), Cause: err}
	}
	lines := make([]PreviewLine, len(view.Resources))
	for i, r := range view.Resources {
		lines[i] = PreviewLine{Resource: r, Regulation: regulationRef(law)}
		if lines[i].Undecided, err = d.Store.Undecided(ctx, d.caseScopes(who, sharing.Read), view.Applicant.ID, r.ID); err != nil {
			return nil, err
		}
		if err := d.recordCases(ctx, who, lines[i].Undecided...); err != nil {
			return nil, err
		}
		if lines[i].Scenario, lines[i].Misfit, err = d.previewScenario(ctx, view.Application, r, sharing.DateOf(received)); err != nil {
			return nil, err
		}
		if lines[i].Scenario != "" && lines[i].Misfit == sharing.Fits {
			lines[i].AtOnce, lines[i].Article = true, law.Article("share.grant_scenario")
			continue
		}
		if r.Class == sharing.Unconditional && activities.NeedsConsent(law, view.Request.Mode) {
			lines[i].Article = law.Article("share.consent")
			continue
		}
		if r.Class == sharing.Unconditional {
			lines[i].AtOnce, lines[i].Article = true, law.Article("share.grant_at_once")
			continue
		}
		duty, ok := law.Duty(sharing.DutyPrecheck)
		if !ok {
			duty, ok = law.Duty(sharing.DutyAnswer)
		}
		if !ok {
			continue
		}
		lines[i].Duty, lines[i].DutyEN, lines[i].Article = duty.Title, duty.TitleEn, duty.ArticleFor(r.Facts)
		budget, statutory, ok := duty.Budget(r.Facts)
		if !ok {
			continue
		}
		p, err := d.CalendarOf(who.Region.ID).Project(sharing.Clock{Budget: budget, Start: received, DeemNextDay: d.DeemNextDay})
		if err != nil {
			return nil, &sharing.Error{Code: sharing.CodeBeyondCalendar, Detail: err.Error(), Cause: err}
		}
		lines[i].Statutory, lines[i].Due, lines[i].Budget = statutory, &p, budget
	}
	return lines, nil
}

func regulationRef(law *regulation.Regulation) RegulationRef {
	ref := RegulationRef{
		ID: law.Ref(), Title: law.Title, Number: law.Number, Authority: law.Roles[regulation.Authority].Name,
		ClassNames: map[sharing.Class]string{},
	}
	for class, name := range law.Classes {
		ref.ClassNames[class] = name.Name
	}
	return ref
}
