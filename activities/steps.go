package activities

import (
	"context"
	"fmt"
	"strconv"

	"gongshu/regulation"
	"gongshu/sharing"
)

// Pass says that the authority's first check found the application in order: it
// goes to the provider, whose limit runs from now or from receipt, as the
// regulation says.
func (a *Activities) Pass(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		remark, err := body[sharing.Remark](s.command)
		if err != nil {
			return err
		}
		if err := s.meet(sharing.DutyPrecheck); err != nil {
			return err
		}
		from := s.c.ReceivedAt
		if duty, ok := s.law.Duty(sharing.DutyAnswer); ok && duty.Start == regulation.PrecheckPassed {
			from = s.now
		}
		deadline, err := s.startClock(sharing.DutyAnswer, s.c.Provider, from)
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article(sharing.DutyPrecheck), remark.Note
		s.tell(s.c.Provider, string(sharing.Submit), nil)
		return s.pass(sharing.TaskAnswer, s.c.Provider, deadline)
	})
}

// SendBack says that the authority's first check did not find the application in
// order, and why.
func (a *Activities) SendBack(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		remark, err := checked[sharing.Remark](s.command)
		if err != nil {
			return err
		}
		if err := s.meet(sharing.DutyPrecheck); err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article(sharing.DutyPrecheck), remark.Note
		s.tell(s.c.Applicant, string(sharing.SendBack), nil)
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	})
}

// Extend gives the provider longer to answer, with a reason, as far and as often
// as the regulation allows, and not after the limit has passed.
func (a *Activities) Extend(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		longer, err := body[sharing.Prolonging](s.command)
		if err != nil {
			return err
		}
		duty, ok := s.law.Duty(sharing.DutyAnswer)
		if !ok || duty.Extension == nil {
			return &sharing.Error{Code: sharing.CodeNoExtension, Article: duty.Article}
		}
		rule := duty.Extension
		if err := longer.Check(rule.Cap); err != nil {
			return err
		}
		var given *sharing.Deadline
		err = s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
			if d.Duty != sharing.DutyAnswer {
				return false, nil
			}
			if len(d.Clock.Extensions) >= rule.Times || d.Overdue(s.now) {
				return false, &sharing.Error{Code: sharing.CodeNoExtension, Article: rule.Article, Detail: "extended before, or the limit has passed"}
			}
			d.Clock.Extensions = append(d.Clock.Extensions, sharing.Extension{At: s.now, N: longer.N, Reason: longer.Reason})
			given = d
			return true, nil
		})
		if err != nil {
			return err
		}
		if given == nil {
			return &sharing.Error{Code: sharing.CodeNoExtension, Article: rule.Article, Detail: "no limit runs"}
		}
		s.entry.Article, s.entry.Note = rule.Article, longer.Reason
		s.entry.Data[sharing.DutyAnswer], s.entry.Data["extended_by"] = given.DueDate.String(), strconv.Itoa(longer.N)
		s.tell(s.c.Applicant, string(sharing.Extend), nil)
		s.tell(s.c.Provider, string(sharing.Extend), nil)
		return nil
	})
}

// Reassign makes another department owe what the provider owed: the open task and
// the clock, which runs on as it did. The applicant's own department cannot.
func (a *Activities) Reassign(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		handover, err := checked[sharing.Reassignment](s.command)
		if err != nil {
			return err
		}
		next, err := s.standing(handover.Department)
		switch {
		case err != nil:
			return err
		case next.ID == s.c.Provider.ID || next.ID == s.c.Applicant.ID:
			return sharing.Invalid("/department", "other", "neither the department that has it nor the applicant's")
		}
		before := s.c.Provider
		err = s.eachClock(func(d *sharing.Deadline) (changed bool, err error) {
			if d.Owes.ID != before.ID {
				return false, nil
			}
			d.Owes = next
			return true, nil
		})
		if err != nil {
			return err
		}
		if err := s.tx.ReassignTask(s.ctx, s.c.ID, next.ID); err != nil {
			return err
		}
		s.c.Provider = next
		s.entry.Note = handover.Reason
		s.entry.Data["from_department"], s.entry.Data["to_department"] = before.ID, next.ID
		for _, d := range []sharing.Department{before, next, s.c.Applicant} {
			s.tell(d, string(sharing.Reassign), nil)
		}
		return nil
	})
}

// RequestCompletion asks the applicant, once, for everything that is missing. The
// clock of the answer stands still meanwhile. It cannot be asked for once the
// limit has passed: that would make an overdue answer look punctual.
func (a *Activities) RequestCompletion(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		request, err := checked[sharing.Completion](s.command)
		if err != nil {
			return err
		}
		if err := s.tx.PutCompletion(s.ctx, s.c.ID, request, s.command.Actor.UserID, s.now); err != nil {
			return err
		}
		if err := s.halt(); err != nil {
			return err
		}
		s.entry.Article = s.law.Completion.Article
		s.tell(s.c.Applicant, string(sharing.RequestCompletion), nil)
		return s.pass(sharing.TaskComplete, s.c.Applicant, nil)
	})
}

// Complete adds what was missing. The limit for the answer goes on, or starts
// again from the receipt of the completed application.
func (a *Activities) Complete(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		completed, err := checked[sharing.Completed](s.command)
		if err != nil {
			return err
		}
		if err := s.tx.AttachTo(s.ctx, s.c.ApplicationID, s.command.Actor.DepartmentID, completed.Attachments, "/attachments"); err != nil {
			return err
		}
		if completed.Purpose != "" {
			s.c.Request.Purpose = completed.Purpose
		}
		if completed.Duty != "" {
			s.c.Request.Duty = completed.Duty
		}
		s.c.Request.Attachments = append(s.c.Request.Attachments, completed.Attachments...)
		if err := s.tx.SettleCompletion(s.ctx, s.c.ID, completed, s.command.Actor.UserID, s.now); err != nil {
			return err
		}
		deadline, err := s.goOn()
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Completion.Article, completed.Note
		s.tell(s.c.Provider, string(sharing.Complete), nil)
		return s.pass(sharing.TaskAnswer, s.c.Provider, deadline)
	})
}

// Answer agrees, in whole or in part, or refuses with reasons and legal basis
// (yanzhou-2024 art. 3(2), city-2023 art. 21, jinan-startup-2023 art. 16,
// lishui-2020 art. 34(3), shuozhou-2021 art. 16).
func (a *Activities) Answer(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		decision, err := body[sharing.Decision](s.command)
		if err != nil {
			return err
		}
		s.become(sharing.Refused)
		switch {
		case decision.Agree && NeedsConsent(s.law, s.c.Request.Mode):
			s.become(sharing.Consenting)
		case decision.Agree:
			s.become(sharing.Agreed)
		}
		if err := decision.Check(s.c, s.law.Refusal.Rule()); err != nil {
			return err
		}
		for i, b := range decision.Basis {
			if b.Attachment == "" {
				continue
			}
			if err := s.tx.AttachTo(s.ctx, s.c.ApplicationID, s.command.Actor.DepartmentID, []string{b.Attachment}, fmt.Sprintf("/basis/%d/attachment", i)); err != nil {
				return err
			}
		}
		if err := s.tx.PutDecision(s.ctx, s.c.ID, decision, s.command.Actor.UserID, s.now); err != nil {
			return err
		}
		if err := s.meet(sharing.DutyAnswer); err != nil {
			return err
		}
		s.tell(s.c.Applicant, string(s.c.State), nil)
		if !decision.Agree {
			s.entry.Article, s.entry.Note = s.law.Article("share.refuse"), decision.Reasons
			return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
		}
		s.entry.Article, s.entry.Note = s.law.Article("share.agree"), decision.Conditions
		if s.c.State == sharing.Consenting {
			return s.askConsent()
		}
		// city-2023 art. 21: the data follows within its own limit from the answer.
		deadline, err := s.startClock(sharing.DutyProvide, s.c.Provider, s.now)
		if err != nil {
			return err
		}
		return s.pass(sharing.TaskProvide, s.c.Provider, deadline)
	})
}

// Provide says how the data is had, and makes the grant.
func (a *Activities) Provide(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		provision, err := checked[sharing.Provision](s.command)
		if err != nil {
			return err
		}
		if err := checkMode(s.law, provision.Mode, "/mode"); err != nil {
			return err
		}
		if provision.Mode != s.c.Request.Mode && NeedsConsent(s.law, provision.Mode) {
			err := sharing.Invalid("/mode", "consented", "the authority has not consented to "+string(provision.Mode))
			err.Article = s.law.Article("share.consent")
			return err
		}
		decision, err := s.tx.Decision(s.ctx, s.c.ID)
		if err != nil {
			return err
		}
		if err := s.tx.PutProvision(s.ctx, s.c.ID, provision, s.command.Actor.UserID, s.now); err != nil {
			return err
		}
		if err := s.grant(decision, provision, 0); err != nil {
			return err
		}
		if err := s.meet(sharing.DutyProvide); err != nil {
			return err
		}
		deadline, err := s.startClock(sharing.DutyConfirm, s.c.Applicant, s.now)
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article("share.provide"), provision.Note
		s.tell(s.c.Applicant, string(sharing.Provide), nil)
		return s.pass(sharing.TaskConfirm, s.c.Applicant, deadline)
	})
}

// Confirm says that the data has been received: the grant is in use.
func (a *Activities) Confirm(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		remark, err := body[sharing.Remark](s.command)
		if err != nil {
			return err
		}
		if err := s.tx.SettleProvision(s.ctx, s.c.ID, "", s.command.Actor.UserID, s.now); err != nil {
			return err
		}
		if err := s.meet(sharing.DutyConfirm); err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article("share.confirm"), remark.Note
		s.tell(s.c.Provider, string(sharing.Confirm), nil)
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	})
}

// ReportFailure says that the data has not been received as provided: the
// provider owes it again, within a limit that runs anew.
func (a *Activities) ReportFailure(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		remark, err := checked[sharing.Remark](s.command)
		if err != nil {
			return err
		}
		if err := s.tx.SettleProvision(s.ctx, s.c.ID, remark.Note, s.command.Actor.UserID, s.now); err != nil {
			return err
		}
		if err := s.tx.EndGrant(s.ctx, s.c.ID, s.now); err != nil {
			return err
		}
		if err := s.meet(sharing.DutyConfirm); err != nil {
			return err
		}
		deadline, err := s.startClock(sharing.DutyProvide, s.c.Provider, s.now)
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article("share.provide"), remark.Note
		s.tell(s.c.Provider, string(sharing.ReportFailure), nil)
		return s.pass(sharing.TaskProvide, s.c.Provider, deadline)
	})
}

// Withdraw takes the application back before it is answered.
func (a *Activities) Withdraw(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error { return s.takeBack(s.c.Provider) })
}

// pass closes the task that is open on the case, done by whoever acts, and opens
// the next.
func (s *step) pass(kind sharing.TaskKind, department sharing.Department, deadline *sharing.Deadline) error {
	if err := s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now); err != nil {
		return err
	}
	return s.openTask(kind, department, deadline)
}

// standing returns a department of the region that a message names, if there is one
// and it was not merged into another.
func (s *step) standing(id string) (sharing.Department, error) {
	d, err := s.tx.Department(s.ctx, s.c.RegionID, id)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return d, sharing.Invalid("/department", "exists", "no such department in the region")
	}
	if err != nil {
		return d, err
	}
	successor, err := s.tx.Successor(s.ctx, d.ID)
	if err == nil {
		return d, sharing.Invalid("/department", "merged", successor.Name)
	}
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		err = nil
	}
	return d, err
}

// takeBack ends a case that its applicant withdraws: no clock runs any more, and
// those who were to act are told.
func (s *step) takeBack(told ...sharing.Department) error {
	reason, err := checked[sharing.OptionalRemark](s.command)
	if err != nil {
		return err
	}
	if err := s.void(); err != nil {
		return err
	}
	s.entry.Note = reason.Note
	for _, d := range told {
		s.tell(d, string(sharing.Withdraw), nil)
	}
	return s.tx.CloseTask(s.ctx, s.c.ID, "", s.now)
}
