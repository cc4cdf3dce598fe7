package activities

import (
	"context"
	"fmt"
	"time"

	"gongshu/postgres"
	"gongshu/sharing"
)

// disputeSteps are the steps of a correction dispute.
func (a *Activities) disputeSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Submit:   a.ReportDispute,
		sharing.Verify:   a.VerifyDispute,
		sharing.Reassign: a.Reassign,
		sharing.Withdraw: a.WithdrawDispute,
	}
}

// ReportDispute opens a dispute about a record, or about a catalog entry where the
// regulation covers that: by a department that holds the data, or may have it
// without asking.
func (a *Activities) ReportDispute(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	var report sharing.DisputeReport
	return a.open(ctx, commandID, func(s *step) (filing, error) {
		var err error
		if report, err = checked[sharing.DisputeReport](s.command); err != nil {
			return filing{}, err
		}
		resource, err := s.doubtable(report)
		if err != nil {
			return filing{}, err
		}
		applicant, err := s.tx.Department(s.ctx, s.command.Actor.RegionID, s.command.Actor.DepartmentID)
		if err != nil {
			return filing{}, err
		}
		if err := s.undoubted(report, applicant.ID, ""); err != nil {
			return filing{}, err
		}
		return filing{
			Procedure: sharing.CorrectionDispute, State: sharing.Verifying, Title: resource.Title, Resource: resource,
			Provider: resource.Provider, Applicant: applicant, Content: report, Article: s.law.Article("dispute.report"),
		}, nil
	}, func(s *step) error { return s.startDispute(report) })
}

// doubtable returns the entry that a report is about, locked, if the actor's
// department may doubt it.
func (s *step) doubtable(report sharing.DisputeReport) (sharing.Resource, error) {
	none := sharing.Invalid("/resource", "exists", "no entry of the catalog that the department uses")
	found, err := s.tx.LockResources(s.ctx, []string{report.Resource})
	if err != nil {
		return sharing.Resource{}, err
	}
	if len(found) == 0 || found[0].RegionID != s.command.Actor.RegionID {
		return sharing.Resource{}, none
	}
	resource := found[0]
	held, err := s.tx.Holds(s.ctx, resource.ID, s.command.Actor.DepartmentID)
	if err != nil {
		return resource, err
	}
	catalog := report.About == sharing.AboutCatalog
	switch {
	case resource.Provider.ID == s.command.Actor.DepartmentID:
		return resource, sharing.Invalid("/resource", "own_data", "a department corrects its own data itself")
	case held || resource.Class == sharing.Unconditional:
	case resource.Class == sharing.NotShared:
		return resource, none // in the same words as one that does not exist
	case !catalog:
		return resource, sharing.Invalid("/resource", "held", "the department holds no grant on "+resource.Title)
	}
	err = report.Fits(resource, s.law.Dispute.Channels, s.law.Dispute.CoversCatalog())
	if e, ok := err.(*sharing.Error); ok {
		e.Article = s.law.Dispute.Article
	}
	return resource, err
}

// undoubted refuses a second report of what the same department has under
// verification, naming the case. What other departments reported plays no part and
// is not told: their reports are cases of their own. The case except does not count.
func (s *step) undoubted(report sharing.DisputeReport, departmentID, except string) error {
	record := postgres.Record{ResourceID: report.Resource, Key: report.RecordKey}
	if err := s.tx.LockRecord(s.ctx, record); err != nil {
		return err
	}
	number, err := s.tx.OpenDoubt(s.ctx, record, departmentID, report.Fields, except)
	switch {
	case sharing.CodeOf(err) == sharing.CodeNotFound:
		return nil
	case err != nil:
		return err
	}
	return sharing.Invalid("/record_key", "under_verification", number)
}

// startDispute starts what begins with a dispute: the marks on the record, the
// clock (yanzhou-2024 art. 23, city-2023 art. 24, jinan-startup-2023 art. 36,
// lishui-2020 art. 13, shuozhou-2021 art. 19) and the provider's task.
func (s *step) startDispute(report sharing.DisputeReport) error {
	record := postgres.Record{ResourceID: report.Resource, Key: report.RecordKey}
	if err := s.tx.PutDoubts(s.ctx, s.c, record, report.Fields); err != nil {
		return err
	}
	s.entry.Data["channel"] = string(report.Way())
	deadline, err := s.startClock(sharing.DutyVerify, s.c.Provider, s.c.ReceivedAt)
	if err != nil {
		return err
	}
	s.tell(s.c.Provider, string(sharing.Submit), nil)
	return s.openTask(sharing.TaskKind(sharing.Verify), s.c.Provider, deadline)
}

// VerifyDispute says that the data was wrong and has been corrected, which every
// holder is told, or that it is right, and why.
func (a *Activities) VerifyDispute(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		verified, err := checked[sharing.Verified](s.command)
		if err != nil {
			return err
		}
		if verified.CorrectedOn > sharing.DateOf(s.now) {
			return sharing.Invalid("/corrected_on", "not_in_future", "the day of the correction lies ahead")
		}
		s.become(verified.Outcome)
		if err := s.meet(sharing.DutyVerify); err != nil {
			return err
		}
		corrected := verified.Outcome == sharing.Corrected
		if err := s.tx.SettleDoubts(s.ctx, s.c.ID, corrected, s.now); err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article(sharing.DutyVerify), verified.Reasons
		if corrected {
			s.entry.Note = verified.Correction
			if err := s.announce(); err != nil {
				return err
			}
		}
		s.tell(s.c.Applicant, string(verified.Outcome), nil)
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	})
}

// announce tells every other holder of the resource that a record of it was
// corrected (city-2023 art. 23). The message names the resource and not the case,
// which is none of theirs.
func (s *step) announce() error {
	holders, err := s.tx.HeldBy(s.ctx, s.c.Resource.ID)
	if err != nil {
		return err
	}
	told := 0
	for _, h := range holders {
		if h.ID == s.c.Applicant.ID || h.ID == s.c.Provider.ID {
			continue
		}
		s.messages = append(s.messages, sharing.Message{
			Topic: string(sharing.Corrected), DepartmentID: h.ID, Data: map[string]string{"resource": s.c.Resource.ID},
		})
		told++
	}
	if article := s.law.Dispute.Announcement; article != "" && told > 0 {
		s.entry.Data["announced_under"] = article
	}
	return nil
}

// WithdrawDispute takes a report back before it is verified.
func (a *Activities) WithdrawDispute(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		if err := s.tx.SettleDoubts(s.ctx, s.c.ID, false, s.now); err != nil {
			return err
		}
		return s.takeBack(s.c.Provider)
	})
}

// verifyAgain opens the dispute that follows when the authority overturned an
// explanation: the provider verifies once more, bound by the ruling, which stands
// in the new case's timeline.
func (s *step) verifyAgain(former sharing.Case, ruling sharing.CoordinationRuling, received time.Time) error {
	report, err := content[sharing.DisputeReport](former)
	if err != nil {
		return err
	}
	found, err := s.tx.LockResources(s.ctx, []string{report.Resource})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("case %s is about resource %s, which is gone", former.ID, report.Resource)
	}
	if err := s.undoubted(report, former.Applicant.ID, former.ID); err != nil {
		return err
	}
	report.Attachments = nil // they stay with the former case
	again, err := s.spawn(filing{
		Procedure: sharing.CorrectionDispute, State: sharing.Verifying, Title: former.Title, Resource: found[0], Provider: found[0].Provider,
		Applicant: former.Applicant, ApplicantID: former.ApplicantID, Content: report, Article: s.entry.Article, Received: received,
	})
	if err != nil {
		return err
	}
	again.entry.Note = ruling.Reasons
	again.tell(again.c.Applicant, string(sharing.Submit), nil)
	return again.startDispute(report)
}
