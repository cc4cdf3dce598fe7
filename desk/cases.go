package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// caseFilter is what a query asks for.
func (d *Desk) caseFilter(who sharing.User, q CaseQuery, now time.Time) (postgres.CaseFilter, error) {
	f := postgres.CaseFilter{Procedure: q.Procedure, Parent: q.Parent, State: q.State, Application: q.Application, Number: q.Number, Department: q.Department,
		Provider: q.Provider, Regulation: q.Regulation, Text: q.Text, Open: q.Open, UnderWay: q.UnderWay, Late: q.Late,
		Order: q.Order, Waits: q.Waits, Cursor: q.Cursor, Limit: bound(q.Limit)}
	f.ReceivedFrom, f.ReceivedBefore = q.Received.instants()
	f.ClosedFrom, f.ClosedBefore = q.Closed.instants()
	switch q.As {
	case sharing.AsProvider:
		f.Provider = who.Department.ID
	case sharing.AsApplicant:
		f.Applicant = who.Department.ID
	}
	if q.Mine {
		f.StartedBy = who.ID
	}
	if q.Following {
		f.FollowedBy = who.ID
	}
	if q.Order != "" && !slices.Contains(Orders, q.Order) {
		return f, sharing.Invalid("sort", "one_of", "left, received or number")
	}
	var err error
	f.Due, f.NoLimit, err = d.span(who, q.Light, "", now)
	return f, err
}

// Cases returns one page of the cases the reader may see, the newest first unless
// ordered otherwise.
func (d *Desk) Cases(ctx context.Context, who sharing.User, q CaseQuery) (Page[CaseSummary], error) {
	now, err := d.Now(ctx)
	if err != nil {
		return Page[CaseSummary]{}, err
	}
	f, err := d.caseFilter(who, q, now)
	if err != nil {
		return Page[CaseSummary]{}, err
	}
	rows, next, total, err := d.Store.Cases(ctx, d.caseScopes(who, sharing.Read), f)
	if err != nil {
		return Page[CaseSummary]{}, err
	}
	page := Page[CaseSummary]{Next: next, Total: total}
	listed := make([]sharing.Case, len(rows))
	for i, row := range rows {
		listed[i] = row.Case
	}
	if err := d.recordCases(ctx, who, listed...); err != nil {
		return Page[CaseSummary]{}, err
	}
	for _, row := range rows {
		summary := CaseSummary{Case: row.Case, Waits: row.Waits}
		if row.Clock != nil {
			summary.Clock = d.clock(row.Case, *row.Clock, now)
		}
		page.Items = append(page.Items, summary)
	}
	return page, nil
}

// EachCase calls do with each case that q asks for and the reader may see, whatever
// its cursor and limit, the newest first and [MaxExport] of them at most. It holds
// few at a time, records that they are read before it hands them out, and leaves the
// clocks out.
func (d *Desk) EachCase(ctx context.Context, who sharing.User, q CaseQuery, do func(sharing.Case) error) error {
	now, err := d.Now(ctx)
	if err != nil {
		return err
	}
	f, err := d.caseFilter(who, q, now)
	if err != nil {
		return err
	}
	const few = 200
	var read []sharing.Case
	handOver := func() error {
		if err := d.recordCases(ctx, who, read...); err != nil {
			return err
		}
		for _, c := range read {
			if err := do(c); err != nil {
				return err
			}
		}
		read = read[:0]
		return nil
	}
	err = d.Store.EachCase(ctx, d.caseScopes(who, sharing.Read), f, MaxExport, func(c sharing.Case) error {
		if read = append(read, c); len(read) < few {
			return nil
		}
		return handOver()
	})
	if err != nil {
		return err
	}
	return handOver()
}

// Case returns one case, by id or number, with all that the reader may know of
// it; CodeNotFound when it does not exist or may not be seen.
func (d *Desk) Case(ctx context.Context, who sharing.User, id string) (CaseView, error) {
	var view CaseView
	c, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), id)
	if err != nil {
		return view, err
	}
	view.Case = c
	law, ok := d.Law().ByID(c.RegulationID)
	if !ok {
		return view, sharing.Errorf(sharing.CodeNoRegulation, "regulation %s is not loaded", c.RegulationID)
	}
	view.Regulation, view.Refusal = regulationRef(law), law.Refusal.Rule()
	if rule := d.extension(c); rule != nil {
		view.ExtensionCap = rule.Cap
	}
	if c.State == sharing.Refused && law.Coordination.Offers(regulation.AfterRefusal) {
		view.Coordination = law.Coordination.Article
	}
	if view.Clocks, err = d.clocks(ctx, c); err != nil {
		return view, err
	}
	if view.Timeline, err = d.Store.Timeline(ctx, c.ID); err != nil {
		return view, err
	}
	if err := d.related(ctx, who, &view); err != nil {
		return view, err
	}
	task, err := d.Store.OpenTask(ctx, c.ID)
	switch {
	case err == nil:
		view.Task = &task
	case sharing.CodeOf(err) != sharing.CodeNotFound:
		return view, err
	}
	if err := d.aside(ctx, who, &view); err != nil {
		return view, err
	}
	var papers postgres.Paperwork
	if c.Procedure == sharing.ShareApplication {
		if papers, err = d.shareView(ctx, who, &view); err != nil {
			return view, err
		}
	} else {
		if view.Acts, err = d.Store.Acts(ctx, c.ID); err != nil {
			return view, err
		}
		files, err := d.Store.AttachmentsOfCase(ctx, c.ID)
		if err != nil {
			return view, err
		}
		view.Attachments = attachments(files)
	}
	view.Can = d.can(who, c, papers, view.Clocks)
	view.Can = changeCan(who, view)
	read := append([]sharing.Case{c}, view.Children...)
	if view.Parent != nil {
		read = append(read, *view.Parent)
	}
	return handOut(view, d.recordCases(ctx, who, read...))
}

// shareView adds what a share application has besides: its paperwork.
func (d *Desk) shareView(ctx context.Context, who sharing.User, view *CaseView) (postgres.Paperwork, error) {
	if _, err := d.application(ctx, who, view.ApplicationID); err == nil {
		view.SeesApplication = true
	} else if sharing.CodeOf(err) != sharing.CodeNotFound {
		return postgres.Paperwork{}, err
	}
	papers, err := d.Store.Paperwork(ctx, view.Case)
	if err != nil {
		return papers, err
	}
	view.Completion, view.Decision, view.Provision, view.Grant = papers.Completion, papers.Decision, papers.Provision, papers.Grant
	view.Consent = papers.Consent
	files, err := d.caseFiles(ctx, view.Case, papers)
	view.Attachments = attachments(files)
	return papers, err
}

// related adds the case that this one came from, and those that came from it, as
// far as the reader may see them.
func (d *Desk) related(ctx context.Context, who sharing.User, view *CaseView) error {
	scopes := d.caseScopes(who, sharing.Read)
	if view.ParentID != "" {
		parent, err := d.Store.Case(ctx, scopes, view.ParentID)
		switch {
		case err == nil:
			view.Parent = &parent
		case sharing.CodeOf(err) != sharing.CodeNotFound:
			return err
		}
	}
	children, _, _, err := d.Store.Cases(ctx, scopes, postgres.CaseFilter{Parent: view.ID, Limit: MaxLimit})
	for _, child := range children {
		view.Children = append(view.Children, child.Case)
	}
	return err
}

// steps are what people do to a share case, in the order of the story.
var steps = []sharing.Action{sharing.Pass, sharing.SendBack, sharing.RequestCompletion, sharing.Answer, sharing.Complete, sharing.Provide, sharing.Confirm,
	sharing.ReportFailure, sharing.Consent, sharing.Suspend, sharing.Resume, sharing.Revoke, sharing.Extend, sharing.Reassign, sharing.Withdraw}

// can lists what the reader can do to a case now: what the state allows and the
// policy too.
func (d *Desk) can(who sharing.User, c sharing.Case, papers postgres.Paperwork, clocks []Clock) []sharing.Action {
	var can []sharing.Action
	machine, offered := c.Procedure.Machine(), steps
	if c.Procedure != sharing.ShareApplication {
		offered = machine.Actions()
	}
	for _, action := range offered {
		if action == sharing.RequestCompletion && (papers.Completion != nil || slices.ContainsFunc(clocks, overdue)) {
			continue // once, and not to make up for a limit that has passed
		}
		if action == sharing.Extend && !d.canExtend(who, c, clocks) {
			continue
		}
		if machine.CanFollow(c.State, action) && d.may(who, action, c.Thing()) && !d.barred(who, c, action) {
			can = append(can, action)
		}
	}
	return can
}

func overdue(k Clock) bool { return k.State == sharing.Running && k.Light == Red }

// canExtend reports whether the limit for the answer can still be extended, and
// the reader is who may.
func (d *Desk) canExtend(who sharing.User, c sharing.Case, clocks []Clock) bool {
	rule := d.extension(c)
	if c.Procedure != sharing.ShareApplication || rule == nil || !extends(who, c, rule) {
		return false
	}
	return slices.ContainsFunc(clocks, func(k Clock) bool {
		return k.Duty == sharing.DutyAnswer && k.State == sharing.Running && k.Light != Red && len(k.Clock.Extensions) < rule.Times
	})
}

// clocks returns every clock of a case with its derivation and rungs.
func (d *Desk) clocks(ctx context.Context, c sharing.Case) ([]Clock, error) {
	deadlines, err := d.Store.Deadlines(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	rungs, err := d.Store.Rungs(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	clocks := make([]Clock, 0, len(deadlines))
	for _, deadline := range deadlines {
		k := d.clock(c, deadline, now)
		p, err := d.CalendarOf(c.RegionID).Project(deadline.Clock)
		if err != nil {
			return nil, err
		}
		k.Days = p.Days
		for _, r := range rungs {
			if r.DeadlineID == deadline.ID {
				k.Rungs = append(k.Rungs, r)
			}
		}
		clocks = append(clocks, *k)
	}
	return clocks, nil
}

// clock is a deadline as a reader sees it at an instant.
func (d *Desk) clock(c sharing.Case, deadline sharing.Deadline, now time.Time) *Clock {
	k := &Clock{Deadline: deadline, Title: deadline.Duty, TitleEN: deadline.Duty}
	if law, ok := d.Law().ByID(c.RegulationID); ok {
		if duty, ok := law.Duty(deadline.Duty); ok {
			k.Title, k.TitleEN, k.Notice = duty.Title, duty.TitleEn, duty.AtLeast
		}
	}
	k.Light, k.Left = light(d.CalendarOf(c.RegionID), deadline, now)
	return k
}

// soon is how many working days before its limit a duty is called due soon.
const soon = 2

// light says how urgent a deadline is, and how many working days are left or,
// negative, over.
func light(calendar *workday.Calendar, deadline sharing.Deadline, now time.Time) (Light, *int) {
	if deadline.State != sharing.Running || deadline.DueAt.IsZero() {
		return Grey, nil
	}
	r, err := calendar.Remaining(sharing.Projection{DueAt: deadline.DueAt, DueDate: deadline.DueDate}, now)
	if err != nil {
		return Grey, nil
	}
	left := r.WorkingDays
	switch {
	case r.Overdue:
		left = -left
		return Red, &left
	case left <= soon:
		return Yellow, &left
	}
	return Green, &left
}

// Tasks returns one page of the reader's inbox: what waits for the department
// and the reader may do, the least time left first, or what the reader has done.
func (d *Desk) Tasks(ctx context.Context, who sharing.User, q TaskQuery) (Page[TaskView], error) {
	now, err := d.Now(ctx)
	if err != nil {
		return Page[TaskView]{}, err
	}
	f, err := d.taskFilter(who, q, now)
	if err != nil {
		return Page[TaskView]{}, err
	}
	tasks, next, total, err := d.Store.Tasks(ctx, d.caseScopes(who, sharing.Read), f, cmp.Or(q.Known, -1))
	if err != nil {
		return Page[TaskView]{}, err
	}
	waiting := make([]sharing.Case, len(tasks))
	for i, t := range tasks {
		waiting[i] = t.Case
	}
	if err := d.recordCases(ctx, who, waiting...); err != nil {
		return Page[TaskView]{}, err
	}
	page := Page[TaskView]{Next: next, Total: total}
	for _, t := range tasks {
		view := TaskView{Task: t}
		if t.Deadline != nil {
			view.Clock = d.clock(t.Case, *t.Deadline, now)
		}
		page.Items = append(page.Items, view)
	}
	return page, nil
}

// Claim takes an open task of one's department on oneself; others see who has it.
// It does not keep them from acting: a claim is a courtesy, not a lock.
func (d *Desk) Claim(ctx context.Context, who sharing.User, key, taskID string) error {
	return d.assign(ctx, who, key, taskID, sharing.Claim, "", who.ID)
}

// Release gives a task one has claimed back to the department.
func (d *Desk) Release(ctx context.Context, who sharing.User, key, taskID string) error {
	return d.assign(ctx, who, key, taskID, sharing.Release, who.ID, "")
}

// MayClaim reports whether the open task of a case is the reader's to take, and
// nobody's yet.
func (d *Desk) MayClaim(who sharing.User, c CaseView) bool {
	return c.Task != nil && c.Task.ClaimedBy == "" && d.mayClaim(who, *c.Task, c.Case)
}

func (d *Desk) mayClaim(who sharing.User, task sharing.Task, c sharing.Case) bool {
	return task.Department.ID == who.Department.ID && d.may(who, sharing.Claim, c.Thing()) && slices.Contains(d.taskKinds(who), task.Kind)
}

func (d *Desk) assign(ctx context.Context, who sharing.User, key, taskID string, action sharing.Action, from, to string) error {
	task, err := d.Store.Task(ctx, d.caseScopes(who, sharing.Read), taskID)
	if err != nil {
		return err
	}
	if !d.mayClaim(who, task, task.Case) {
		return forbidden
	}
	command, err := d.stage(ctx, d.standingIn(who, sharing.Claim, task.Case.Thing()), key, action, taskID, 0, struct{}{})
	if err != nil {
		return err
	}
	var done struct{}
	return d.carry(ctx, command, &done, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			if err := tx.ClaimTask(ctx, taskID, to, from); err != nil {
				return err
			}
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			if err := tx.FinishCommand(ctx, command.ID, []byte(`{}`)); err != nil {
				return err
			}
			return tx.Append(ctx, sharing.Entry{
				At: now, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: who.Region.ID, Action: action,
				SubjectID: task.Case.ID, From: task.Case.State, To: task.Case.State, Version: task.Case.Version, Policy: command.Policy,
				Data: map[string]string{"task": string(task.Kind)}, OnBehalfOf: command.Actor.OnBehalfOf, Key: command.Actor.Key,
			})
		})
	})
}
