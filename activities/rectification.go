package activities

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"gongshu/regulation"
	"gongshu/sharing"
)

// RectificationDays is the time, in working days, that a rectification gives which
// follows by itself when a ladder ends. No text sets a number: it is the
// operator's choice.
const RectificationDays = 10

// rectificationSteps are the steps of a rectification.
func (a *Activities) rectificationSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Submit:         a.OpenRectification,
		sharing.HandInEvidence: a.HandInEvidence,
		sharing.JudgeEvidence:  a.JudgeEvidence,
		sharing.Escalate:       a.EscalateRectification,
		sharing.Cancel:         a.CancelRectification,
	}
}

// OpenRectification has a department rectify what an inspection found, beginning
// on the first rung of the regulation (yanzhou-2024 arts. 37 and 38, city-2023
// art. 35, lishui-2020 arts. 33 and 34, shuozhou-2021 art. 33).
func (a *Activities) OpenRectification(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	describe := func(s *step) (filing, error) {
		finding, err := checked[sharing.Finding](s.command)
		if err != nil {
			return filing{}, err
		}
		if err := CheckFinding(s.law, finding, s.command.Actor, sharing.DateOf(s.now)); err != nil {
			return filing{}, err
		}
		s.c.RegionID = s.command.Actor.RegionID
		owes, err := s.tx.Department(s.ctx, s.c.RegionID, finding.Department)
		if sharing.CodeOf(err) == sharing.CodeNotFound {
			return filing{}, sharing.Invalid("/department", "exists", "no such department in the region")
		}
		if err != nil {
			return filing{}, err
		}
		return s.rectification(owes, finding)
	}
	return a.open(ctx, commandID, describe, func(s *step) error { return s.beginRectification() })
}

// CheckFinding returns an *Error naming what a regulation misses in a finding: its
// ground must be one of the regulation's, its rung must be for the actor to take,
// and have a deadline where the rung has one.
func CheckFinding(law *regulation.Regulation, f sharing.Finding, actor sharing.Subject, today sharing.Date) error {
	first, ok := law.Supervision.First()
	if !ok {
		return &sharing.Error{Code: sharing.CodeWrongState, Article: law.Supervision.Article, Detail: law.Title + " has no steps of rectification"}
	}
	if first.By != regulation.Authority && !Takes(actor, first.By) {
		return &sharing.Error{Code: sharing.CodeForbidden, Article: first.Article, Detail: first.Title + " is for the office above the authority"}
	}
	if _, ok := law.Supervision.Ground(f.Ground); !ok {
		err := sharing.Invalid("/ground", "one_of", "no ground of "+law.Title)
		err.Article = law.Supervision.Article
		return err
	}
	return checkTerm(first, f.Term, today)
}

// checkTerm holds the term of a notice or order to the rung it is set on.
func checkTerm(rung regulation.RectificationStep, term sharing.Term, today sharing.Date) error {
	switch {
	case rung.Deadline && !term.Given():
		err := sharing.Invalid("/days", "required", rung.Title)
		err.Article = rung.Article
		return err
	case rung.Step == sharing.StepSanctions && term.Given():
		return sharing.Invalid("/days", "no_term", rung.Title)
	}
	_, err := term.Budget(today)
	return err
}

// Takes reports whether somebody holds the role of a regulation that takes a rung:
// the authority, or the office above it.
func Takes(actor sharing.Subject, role regulation.Role) bool {
	switch role {
	case regulation.Authority:
		return actor.Has(sharing.AuthorityOfficer, sharing.AuthorityHead)
	case regulation.Supervisor, regulation.LeadingGroup:
		return actor.Has(sharing.Supervisor)
	}
	return false
}

// Cancels reports whether somebody may cancel a rectification on the rung it stands
// on: who takes that rung, or anybody who cancels at all where it began there by
// itself.
func Cancels(law *regulation.Regulation, record sharing.RectificationRecord, actor sharing.Subject) bool {
	rung, ok := law.Supervision.Rung(record.Step)
	if !ok || Takes(actor, rung.By) {
		return true
	}
	first, _ := law.Supervision.First()
	return record.Deadline != "" && first.Step == record.Step
}

// rectification describes the case of a finding, on the first rung.
func (s *step) rectification(owes sharing.Department, finding sharing.Finding) (filing, error) {
	authority, err := s.authority()
	if err != nil {
		return filing{}, err
	}
	if owes.ID == authority.ID {
		return filing{}, sharing.Invalid("/department", "authority_itself", "the authority confirms what others rectify, not itself")
	}
	first, _ := s.law.Supervision.First()
	ground, _ := s.law.Supervision.Ground(finding.Ground)
	return filing{
		Procedure: sharing.RectificationOrder, State: sharing.RungState(first.Step), Title: ground.Title, Provider: owes, Applicant: authority,
		Content: sharing.RectificationRecord{Finding: finding, Step: first.Step}, Article: ground.Article,
	}, nil
}

// beginRectification starts the time that was given, and tells whom it concerns.
func (s *step) beginRectification() error {
	record, err := content[sharing.RectificationRecord](s.c)
	if err != nil {
		return err
	}
	rung, _ := s.law.Supervision.Rung(record.Step)
	deadline, err := s.startTerm(record.Term, rung)
	if err != nil {
		return err
	}
	s.entry.Data["ground"], s.entry.Data["step"] = record.Ground, record.Step
	s.tell(s.c.Provider, string(s.c.State), nil)
	return s.openTask(sharing.TaskKind(sharing.HandInEvidence), s.c.Provider, deadline)
}

// startTerm starts the time that a notice or order gives. It was set for this case
// and stands in no text, so it is not statutory.
func (s *step) startTerm(term sharing.Term, rung regulation.RectificationStep) (*sharing.Deadline, error) {
	if !term.Given() {
		return nil, nil
	}
	budget, err := term.Budget(sharing.DateOf(s.now))
	if err != nil {
		return nil, err
	}
	duty, ok := s.law.Duty(sharing.DutyRectify)
	if !ok {
		return nil, fmt.Errorf("regulation %s has no steps of rectification", s.law.Ref())
	}
	d := sharing.Deadline{
		ID: uuid.NewString(), CaseID: s.c.ID, Duty: duty.Name, Article: rung.Article, Owes: s.c.Provider,
		Clock: sharing.Clock{Budget: budget, Start: s.now, DeemNextDay: s.DeemNextDay}, State: sharing.Running,
	}
	if err := s.project(&d, duty); err != nil {
		return nil, err
	}
	s.entry.Data[duty.Name] = d.DueDate.String()
	return &d, nil
}

// HandInEvidence says that what was found has been mended. The time stands still
// while the authority looks at it.
func (a *Activities) HandInEvidence(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		evidence, err := checked[sharing.Evidence](s.command)
		if err != nil {
			return err
		}
		record, err := content[sharing.RectificationRecord](s.c)
		if err != nil {
			return err
		}
		record.HandedIn = &s.now
		err = s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
			d.State = sharing.Halted
			d.Clock.Suspensions = append(d.Clock.Suspensions, sharing.Suspension{From: s.now, Reason: string(sharing.HandInEvidence)})
			return true, nil
		})
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Supervision.Article, evidence.Text
		s.tell(s.c.Applicant, string(sharing.HandInEvidence), nil)
		if err := s.rewrite(record); err != nil {
			return err
		}
		return s.pass(sharing.TaskKind(sharing.JudgeEvidence), s.c.Applicant, nil)
	})
}

// JudgeEvidence confirms the evidence, or sends the case back to the rung it was
// on, where the time goes on.
func (a *Activities) JudgeEvidence(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		ruling, err := checked[sharing.Ruling](s.command)
		if err != nil {
			return err
		}
		record, err := content[sharing.RectificationRecord](s.c)
		if err != nil {
			return err
		}
		var running *sharing.Deadline
		err = s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
			d.State = sharing.Running
			d.Clock.Suspensions[len(d.Clock.Suspensions)-1].Until = &s.now
			running = d
			return true, nil
		})
		if err != nil {
			return err
		}
		handedIn := record.HandedIn
		record.HandedIn = nil
		s.entry.Article, s.entry.Note = s.law.Supervision.Article, ruling.Reasons
		if err := s.rewrite(record); err != nil {
			return err
		}
		if ruling.Agree {
			s.become(sharing.Rectified)
			err := s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
				d.State, d.MetAt = sharing.Met, handedIn
				if d.Overdue(s.now) {
					s.entry.Data["late"] = d.Duty
				}
				return true, nil
			})
			if err != nil {
				return err
			}
			s.tell(s.c.Provider, string(sharing.Rectified), nil)
			return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
		}
		s.become(sharing.RungState(record.Step))
		s.tell(s.c.Provider, string(sharing.JudgeEvidence), nil)
		return s.pass(sharing.TaskKind(sharing.HandInEvidence), s.c.Provider, running)
	})
}

// EscalateRectification takes the case to the next rung that the regulation has,
// by whom it names, and not before the present rung's time has passed unless it is
// serious (shuozhou-2021 art. 33: reported when not mended in time, criticised when
// the order is not obeyed in time, sanctions in serious cases; lishui-2020 arts. 33
// and 34; yanzhou-2024 art. 38).
func (a *Activities) EscalateRectification(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		escalation, err := checked[sharing.Escalation](s.command)
		if err != nil {
			return err
		}
		record, err := content[sharing.RectificationRecord](s.c)
		if err != nil {
			return err
		}
		next, ok := s.law.Supervision.Next(record.Step)
		if !ok {
			return &sharing.Error{Code: sharing.CodeWrongState, Article: s.law.Supervision.Article, Detail: s.law.Title + " has no further step"}
		}
		if !Takes(s.command.Actor, next.By) {
			return &sharing.Error{Code: sharing.CodeForbidden, Article: next.Article, Detail: next.Title}
		}
		if next.Step == sharing.StepSanctions && !escalation.Serious {
			err := sharing.Invalid("/serious", "required", next.Title)
			err.Article = next.Article
			return err
		}
		if err := checkTerm(next, escalation.Term, sharing.DateOf(s.now)); err != nil {
			return err
		}
		err = s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
			if !escalation.Serious && !d.Overdue(s.now) {
				err := sharing.Invalid("/serious", "time_passed", "the time given runs until "+d.DueDate.String())
				err.Article = next.Article
				return false, err
			}
			d.State = sharing.Void
			return true, nil
		})
		if err != nil {
			return err
		}
		s.become(sharing.RungState(next.Step))
		record.Step = next.Step
		s.entry.Article, s.entry.Note, s.entry.Data["step"] = next.Article, escalation.Reasons, next.Step
		if next.Step == sharing.StepCriticism {
			record.Criticised, record.Article = sharing.DateOf(s.now), next.Article
		}
		if err := s.rewrite(record); err != nil {
			return err
		}
		return s.onRung(escalation.Term, next)
	})
}

// onRung tells of a rung that was taken, starts its time and opens the task that
// follows.
func (s *step) onRung(term sharing.Term, rung regulation.RectificationStep) error {
	s.tell(s.c.Provider, string(s.c.State), nil)
	s.tell(s.c.Applicant, string(s.c.State), nil)
	if rung.Step == sharing.StepSanctions {
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	}
	deadline, err := s.startTerm(term, rung)
	if err != nil {
		return err
	}
	if rung.To == "" {
		return s.pass(sharing.TaskKind(sharing.HandInEvidence), s.c.Provider, deadline)
	}
	// Reported to an office, which decides what comes next.
	offices, err := s.holders(rung.To)
	if err != nil {
		return err
	}
	for _, o := range offices {
		s.tell(o, string(s.c.State), nil)
	}
	if len(offices) == 0 {
		return s.pass(sharing.TaskKind(sharing.HandInEvidence), s.c.Provider, deadline)
	}
	return s.pass(sharing.TaskKind(sharing.Escalate), offices[0], deadline)
}

// CancelRectification ends one that was opened without ground.
func (a *Activities) CancelRectification(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		remark, err := checked[sharing.Remark](s.command)
		if err != nil {
			return err
		}
		record, err := content[sharing.RectificationRecord](s.c)
		if err != nil {
			return err
		}
		if !Cancels(s.law, record, s.command.Actor) {
			return &sharing.Error{Code: sharing.CodeForbidden, Article: s.law.Supervision.Article, Detail: "an order is for whom it came from to take back"}
		}
		if err := s.void(); err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Supervision.Article, remark.Note
		s.tell(s.c.Provider, string(sharing.Cancel), nil)
		return s.tx.CloseTask(s.ctx, s.c.ID, "", s.now)
	})
}

// rectify opens the rectification that follows when the ladder of a limit has
// ended, once for each limit, under the regulation in force now. Where that has no
// steps of rectification, or no ground that the breach would be, none follows.
func (s *step) rectify(d sharing.Deadline) error {
	before, err := s.tx.RectifiedLimit(s.ctx, d.ID)
	if err != nil || before {
		return err
	}
	law, err := s.inForce(s.c.RegionID, sharing.DateOf(s.now))
	if sharing.CodeOf(err) == sharing.CodeNoRegulation {
		return nil
	}
	if err != nil {
		return err
	}
	first, ladder := law.Supervision.First()
	ground, breach := law.Supervision.GroundOf(d.Duty)
	born := slices.Contains(sharing.RectificationOrder.Machine().Starts, sharing.RungState(first.Step))
	if !ladder || !breach || !born {
		return nil
	}
	opener := &step{Activities: s.Activities, ctx: s.ctx, tx: s.tx, now: s.now, law: law, c: s.c}
	finding := sharing.Finding{Department: d.Owes.ID, Ground: ground.Ground, Finding: s.c.Number + " " + d.Duty + " " + d.DueDate.String()}
	if first.Deadline {
		finding.Days = RectificationDays
	}
	f, err := opener.rectification(d.Owes, finding)
	if sharing.CodeOf(err) == sharing.CodeInvalid {
		return nil // the authority itself
	}
	if err != nil {
		return err
	}
	record := f.Content.(sharing.RectificationRecord)
	record.Duty, record.Deadline = d.Duty, d.ID
	f.Content, f.Parent = record, s.c.ID
	opened, err := opener.file(f)
	if err != nil {
		return err
	}
	if err := opened.beginRectification(); err != nil {
		return err
	}
	// Whoever takes the first step by the regulation hears that it was taken.
	offices, err := opened.holders(first.By)
	if err != nil {
		return err
	}
	for _, o := range offices {
		opened.tell(o, string(opened.c.State), nil)
	}
	if err := opened.settle(); err != nil {
		return err
	}
	if err := s.tx.Send(s.ctx, s.now, opened.messages...); err != nil {
		return err
	}
	if err := s.tx.Nudge(s.ctx, []string{opened.c.ID}); err != nil {
		return err
	}
	return s.tx.Append(s.ctx, opened.entry)
}
