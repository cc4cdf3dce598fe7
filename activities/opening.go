package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"gongshu/sharing"
)

// openingSteps are the steps of an open-data request.
func (a *Activities) openingSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Submit:        a.RequestOpening,
		sharing.Screen:        a.ScreenOpening,
		sharing.AnswerOpening: a.AnswerOpening,
		sharing.SignAgreement: a.SignAgreement,
		sharing.Withdraw:      a.WithdrawOpening,
	}
}

// RequestOpening submits an open-data request whose contact is proved. The owner of
// the data reviews it for secrecy first; its limit runs from receipt all the same
// (shuozhou-2021 art. 25: from the day it receives the request).
func (a *Activities) RequestOpening(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.open(ctx, commandID, func(s *step) (filing, error) {
		submission, err := body[sharing.OpeningSubmission](s.command)
		if err != nil {
			return filing{}, err
		}
		request, err := s.tx.LockOpeningRequest(s.ctx, submission.Request)
		if err != nil {
			return filing{}, err
		}
		if !request.Verified || request.CaseID != "" {
			return filing{}, sharing.Errorf(sharing.CodeWrongState, "the contact is not proved, or the request was submitted before")
		}
		var asked sharing.OpeningApplication
		if err := json.Unmarshal(request.Content, &asked); err != nil {
			return filing{}, err
		}
		if err := asked.Check(); err != nil {
			return filing{}, err
		}
		if !s.law.Opening.OnRequest {
			return filing{}, &sharing.Error{Code: sharing.CodeWrongState, Article: s.law.Opening.Article, Detail: s.law.Title + " does not open data on request"}
		}
		found, err := s.tx.LockResources(s.ctx, []string{asked.Resource})
		if err != nil {
			return filing{}, err
		}
		if len(found) == 0 || found[0].RegionID != request.RegionID {
			return filing{}, sharing.Invalid("/resource", "exists", "no such entry of the open catalog")
		}
		if asked.Fields, err = OpenFields(found[0], asked.Fields); err != nil {
			return filing{}, err
		}
		public := sharing.TheCitizen(sharing.Region{ID: request.RegionID}).Department
		return filing{
			Procedure: sharing.OpeningRequest, State: sharing.Screening, Title: found[0].Title, Resource: found[0], Provider: found[0].Provider,
			Applicant: public, Content: asked, Article: s.law.Article("open.apply"),
		}, nil
	}, func(s *step) error {
		if err := s.tx.SubmitOpeningRequest(s.ctx, s.c.ID); err != nil {
			return err
		}
		deadline, err := s.startClock(sharing.DutyOpen, s.c.Provider, s.c.ReceivedAt)
		if err != nil {
			return err
		}
		s.tell(s.c.Provider, string(sharing.Submit), nil)
		return s.openTask(sharing.TaskKind(sharing.Screen), s.c.Provider, deadline)
	})
}

// OpenFields returns the fields of an entry that are asked for, all that the public
// sees when none is named. The error says why the entry, or a field, is not opened
// on request.
func OpenFields(r sharing.Resource, asked []string) ([]string, error) {
	switch {
	case !r.Public():
		return nil, sharing.Invalid("/resource", "exists", "no such entry of the open catalog")
	case r.OpenClass == sharing.Open:
		return nil, sharing.Invalid("/resource", "open_already", "it is open to all: no request is needed")
	}
	var fields []string
	for _, f := range r.PublicFields() {
		fields = append(fields, f.Name)
	}
	for i, f := range asked {
		if !slices.Contains(fields, f) {
			return nil, sharing.Invalid(fmt.Sprintf("/fields/%d", i), "field_of_resource", f+" is not a field of "+r.Title)
		}
	}
	if len(asked) > 0 {
		fields = asked
	}
	return fields, nil
}

// ScreenOpening is the secrecy review before anything is opened (city-2023 art. 32,
// jinan-startup-2023 art. 23, shuozhou-2021 art. 23). What it stops is refused, with
// the reasons and the basis that a refusal carries.
func (a *Activities) ScreenOpening(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		ruling, err := checked[sharing.Ruling](s.command)
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Catalog.SecrecyReview.Article, ruling.Reasons
		if !ruling.Agree {
			if err := sharing.CheckRefusal(ruling.Reasons, ruling.Basis, s.law.Opening.Refusal.Rule()); err != nil {
				return err
			}
			return s.refuseOpening()
		}
		s.become(sharing.Deciding)
		running, err := s.tx.RunningDeadlines(s.ctx, s.c.ID)
		if err != nil {
			return err
		}
		var deadline *sharing.Deadline
		for _, d := range running {
			if d.Duty == sharing.DutyOpen {
				deadline = &d
			}
		}
		return s.pass(sharing.TaskKind(sharing.AnswerOpening), s.c.Provider, deadline)
	})
}

// AnswerOpening opens the data, or refuses with reasons and basis (shuozhou-2021
// art. 25). Where a data-use agreement comes first, the data is opened when it is
// signed (city-2023 art. 27).
func (a *Activities) AnswerOpening(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		answer, err := body[sharing.OpeningAnswer](s.command)
		if err != nil {
			return err
		}
		asked, err := content[sharing.OpeningApplication](s.c)
		if err != nil {
			return err
		}
		if err := answer.CheckUnder(asked.Fields, s.law.Opening.Refusal.Rule(), s.law.Opening.Agreement); err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Opening.Article, answer.Reasons
		if article := s.law.Article(sharing.DutyOpen); article != "" {
			s.entry.Article = article
		}
		if !answer.Agree {
			return s.refuseOpening()
		}
		// It may have been closed to the public since it was asked for.
		found, err := s.tx.LockResources(s.ctx, []string{s.c.Resource.ID})
		if err != nil {
			return err
		}
		if len(found) == 0 || !found[0].Public() {
			return sharing.Errorf(sharing.CodeWrongState, "%s is no longer in the open catalog; it can only be refused", s.c.Title)
		}
		s.become(sharing.Opened)
		if s.law.Opening.Agreement != "" {
			s.become(sharing.Signing)
			s.entry.Article = s.law.Opening.Agreement
		}
		if err := s.meet(sharing.DutyOpen); err != nil {
			return err
		}
		s.tell(s.c.Applicant, string(s.c.State), nil)
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	})
}

// refuseOpening ends a request that is not granted.
func (s *step) refuseOpening() error {
	s.become(sharing.Refused)
	if article := s.law.Opening.Refusal.Article; article != "" {
		s.entry.Article = article
	}
	if err := s.meet(sharing.DutyOpen); err != nil {
		return err
	}
	s.tell(s.c.Applicant, string(sharing.Refused), nil)
	return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
}

// SignAgreement signs the data-use agreement by the applicant's name; the data is
// opened with it (city-2023 art. 27).
func (a *Activities) SignAgreement(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		signature, err := checked[sharing.Signature](s.command)
		if err != nil {
			return err
		}
		asked, err := content[sharing.OpeningApplication](s.c)
		if err != nil {
			return err
		}
		if err := signature.CheckAgainst(asked); err != nil {
			return err
		}
		s.entry.Article = s.law.Opening.Agreement
		s.tell(s.c.Provider, string(sharing.SignAgreement), nil)
		return nil
	})
}

// WithdrawOpening takes an open-data request back before the data is opened.
func (a *Activities) WithdrawOpening(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error { return s.takeBack(s.c.Provider) })
}
