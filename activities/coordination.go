package activities

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"gongshu/regulation"
	"gongshu/sharing"
)

// coordinationSteps are the steps of coordination by the authority.
func (a *Activities) coordinationSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Submit:    a.AskCoordination,
		sharing.NameOwner: a.NameOwner,
		sharing.Opine:     a.Opine,
		sharing.Rule:      a.Rule,
		sharing.Withdraw:  a.WithdrawCoordination,
	}
}

// AskCoordination opens coordination: of a refusal, of a doubt that was explained
// away, of a grant that was suspended or revoked, or of data in words.
func (a *Activities) AskCoordination(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.open(ctx, commandID, func(s *step) (filing, error) {
		request, err := checked[sharing.CoordinationRequest](s.command)
		if err != nil {
			return filing{}, err
		}
		article, err := CoordinationArticle(s.law, request.Occasion)
		if err != nil {
			return filing{}, err
		}
		applicant, err := s.tx.Department(s.ctx, s.command.Actor.RegionID, s.command.Actor.DepartmentID)
		if err != nil {
			return filing{}, err
		}
		f := filing{
			Procedure: sharing.Coordination, State: sharing.UnderCoordination, Title: request.Data, Applicant: applicant, Content: request, Article: article,
		}
		if request.Occasion.InWords() {
			// Nobody is told who may hold it before the authority has found out: it is the
			// same whether there is such an entry or not.
			f.Provider, err = s.authority()
			return f, err
		}
		parent, err := s.contested(request, applicant)
		if err != nil {
			return filing{}, err
		}
		f.Title, f.Parent, f.Provider = parent.Title, parent.ID, parent.Provider
		f.Resource = sharing.Resource{
			ID: parent.Resource.ID, Code: parent.Resource.Code, Title: parent.Resource.Title, Version: parent.Resource.Version,
			Class: parent.Class, Grade: parent.Grade, Facts: parent.Facts,
		}
		return f, nil
	}, func(s *step) error {
		request, err := content[sharing.CoordinationRequest](s.c)
		if err != nil {
			return err
		}
		authority, err := s.authority()
		if err != nil {
			return err
		}
		s.entry.Data["occasion"] = string(request.Occasion)
		deadline, err := s.startClock(sharing.DutyCoordinate, authority, s.c.ReceivedAt)
		if err != nil {
			return err
		}
		s.tell(authority, string(sharing.Submit), nil)
		if s.c.Provider.ID != authority.ID {
			s.tell(s.c.Provider, string(sharing.Submit), nil)
		}
		return s.openTask(sharing.TaskKind(sharing.Rule), authority, deadline)
	})
}

// CoordinationArticle returns the article under which coordination can be asked for
// on the occasion. It can be where the regulation says so; an appeal against a
// measure on a grant can be made everywhere, by house rule, and then the article is
// that of the measure. The error names /occasion.
func CoordinationArticle(law *regulation.Regulation, o sharing.Occasion) (string, error) {
	if o == sharing.OnMisuse {
		return law.Article("share.misuse"), nil
	}
	for _, offered := range law.Coordination.For {
		if law.Coordination.Available && offered.When == string(o) {
			return offered.Article, nil
		}
	}
	if o == sharing.OnDispute && law.Dispute.Unresolved != "" {
		return law.Dispute.Unresolved, nil
	}
	return "", sharing.Invalid("/occasion", "offered", fmt.Sprintf("%s has no coordination on the occasion %s", law.Title, o))
}

// contested returns the case that is taken to the authority, locked: one of the
// requester's own that has come to what the occasion is about, and was not taken
// there before.
func (s *step) contested(request sharing.CoordinationRequest, applicant sharing.Department) (sharing.Case, error) {
	parent, err := s.tx.LockCase(s.ctx, request.Parent)
	switch {
	case sharing.CodeOf(err) == sharing.CodeNotFound || err == nil && parent.Applicant.ID != applicant.ID:
		return parent, sharing.Invalid("/parent", "exists", "no such case of the department's own")
	case err != nil:
		return parent, err
	}
	if err := request.Fits(parent); err != nil {
		return parent, err
	}
	number, taken, err := s.tx.Coordinated(s.ctx, parent.ID)
	if err != nil {
		return parent, err
	}
	if taken {
		return parent, sharing.Invalid("/parent", "coordinated", number)
	}
	if request.Occasion == sharing.OnDispute {
		report, err := content[sharing.DisputeReport](parent)
		if err != nil {
			return parent, err
		}
		if err := s.undoubted(report, applicant.ID, parent.ID); err != nil {
			return parent, err
		}
	}
	return parent, nil
}

// NameOwner says which department holds the data that was described in words. From
// now on that department sees the case, and no other owner named before does.
func (a *Activities) NameOwner(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		named, err := checked[sharing.OwnerNamed](s.command)
		if err != nil {
			return err
		}
		request, err := content[sharing.CoordinationRequest](s.c)
		if err != nil {
			return err
		}
		if !request.Occasion.InWords() {
			return sharing.Errorf(sharing.CodeWrongState, "the owner is known: it is that of the case this one came from")
		}
		owner, err := s.standing(named.Department)
		switch {
		case err != nil:
			return err
		case owner.ID == s.c.Provider.ID || owner.ID == s.c.Applicant.ID || owner.Kind != sharing.OrdinaryDepartment:
			return sharing.Invalid("/department", "owner", "a department other than the requester's, the authority and the one named before")
		}
		before := s.c.Provider
		s.c.Provider = owner
		s.entry.Article, s.entry.Note = s.law.Article(sharing.DutyCoordinate), named.Note
		s.entry.Data["to_department"] = owner.ID
		s.tell(owner, string(sharing.NameOwner), nil)
		s.tell(s.c.Applicant, string(sharing.NameOwner), nil)
		if before.Kind != sharing.AuthorityDepartment {
			s.tell(before, string(sharing.NameOwner), nil)
		}
		return nil
	})
}

// Opine states the owner's view.
func (a *Activities) Opine(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		opinion, err := checked[sharing.Opinion](s.command)
		if err != nil {
			return err
		}
		authority, err := s.authority()
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article(sharing.DutyCoordinate), opinion.View
		s.tell(authority, string(sharing.Opine), nil)
		return nil
	})
}

// Rule decides, with reasons, and brings about what the ruling orders.
func (a *Activities) Rule(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		ruling, err := checked[sharing.CoordinationRuling](s.command)
		if err != nil {
			return err
		}
		request, err := content[sharing.CoordinationRequest](s.c)
		if err != nil {
			return err
		}
		ownerKnown := s.c.Provider.Kind != sharing.AuthorityDepartment
		if err := ruling.Fits(request.Occasion, RuleOf(s.law), ownerKnown); err != nil {
			return err
		}
		s.become(ruling.Outcome)
		if err := s.meet(sharing.DutyCoordinate); err != nil {
			return err
		}
		if s.entry.Article, err = CoordinationArticle(s.law, request.Occasion); err != nil {
			return err
		}
		s.entry.Note = ruling.Reasons
		s.tell(s.c.Applicant, string(ruling.Outcome), nil)
		if ownerKnown {
			s.tell(s.c.Provider, string(ruling.Outcome), nil)
		}
		if err := s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now); err != nil {
			return err
		}
		return s.bindTo(ruling, request)
	})
}

// RuleOf is what the regulation lets the authority rule. Where it has no words of
// its own on cataloguing what coordination finds, every department's duty to
// compile its catalog says as much.
func RuleOf(law *regulation.Regulation) sharing.CoordinationRule {
	return sharing.CoordinationRule{
		Catalogues: law.Coordination.Catalogues || law.Article("catalog.compile") != "",
		Upward:     law.Coordination.Upward != "",
	}
}

// bindTo brings about what a ruling orders.
func (s *step) bindTo(ruling sharing.CoordinationRuling, request sharing.CoordinationRequest) error {
	switch ruling.Outcome {
	case sharing.Overturned:
		parent, err := s.tx.LockCase(s.ctx, s.c.ParentID)
		if err != nil {
			return err
		}
		if request.Occasion == sharing.OnDispute {
			return s.verifyAgain(parent, ruling, s.now)
		}
		if err := ruling.Decision().Check(parent, s.law.Refusal.Rule()); err != nil {
			return err
		}
		switch parent.State {
		case sharing.Refused, sharing.Revoked:
			return s.shareAfterAll(parent, ruling)
		case sharing.OnHold:
			return s.resume(parent, ruling)
		default:
			return nil // it was resumed meanwhile, or its term has passed
		}
	case sharing.Catalogued:
		return s.owedEntry(s.c.Provider, request.Data, ruling.Reasons)
	case sharing.PassedUp:
		return s.passUp(ruling, request)
	default:
		return nil // upheld: nothing is owed
	}
}

// shareAfterAll opens the case that takes the place of one that was refused or
// revoked: agreed by the authority, and the provider owes the data within its limit.
func (s *step) shareAfterAll(former sharing.Case, ruling sharing.CoordinationRuling) error {
	law, err := s.inForce(former.RegionID, sharing.DateOf(s.now))
	if err != nil {
		return err
	}
	numbered, err := number(prefixes[sharing.ShareApplication], s.now)
	if err != nil {
		return err
	}
	again := &step{Activities: s.Activities, ctx: s.ctx, tx: s.tx, now: s.now, law: law}
	again.command.Actor, again.command.Policy = s.command.Actor, s.command.Policy
	again.c = former
	again.c.ID, again.c.Number, again.c.ParentID, again.c.RegulationID = uuid.NewString(), numbered, s.c.ID, law.Ref()
	again.c.State, again.c.Version, again.c.Paper = sharing.Agreed, 1, false
	again.c.ReceivedAt, again.c.CreatedAt, again.c.UpdatedAt, again.c.ClosedAt, again.c.WakeAt = s.now, s.now, s.now, nil, nil
	again.entry = sharing.Entry{
		At: s.now, Actor: s.command.Actor.UserID, DepartmentID: s.command.Actor.DepartmentID, Action: sharing.Submit, Article: s.entry.Article,
		Note: ruling.Reasons, OnBehalfOf: s.command.Actor.OnBehalfOf, Key: s.command.Actor.Key, Policy: s.command.Policy,
		Data: map[string]string{"number": numbered, "parent": s.c.ID},
	}
	if err := s.tx.InsertCase(s.ctx, again.c); err != nil {
		return err
	}
	if err := s.tx.PutDecision(s.ctx, again.c.ID, ruling.Decision(), s.command.Actor.UserID, s.now); err != nil {
		return err
	}
	deadline, err := again.startClock(sharing.DutyProvide, again.c.Provider, s.now)
	if err != nil {
		return err
	}
	again.tell(again.c.Provider, string(sharing.Agreed), nil)
	again.tell(again.c.Applicant, string(sharing.Agreed), nil)
	if err := again.openTask(sharing.TaskProvide, again.c.Provider, deadline); err != nil {
		return err
	}
	s.also = append(s.also, again)
	return nil
}

// resume lets a grant that was suspended hold again.
func (s *step) resume(suspended sharing.Case, ruling sharing.CoordinationRuling) error {
	again, err := s.on(suspended.ID, sharing.Resume)
	if err != nil {
		return err
	}
	if err := s.tx.ResumeGrant(s.ctx, suspended.ID); err != nil {
		return err
	}
	again.entry.Article, again.entry.Note = s.entry.Article, ruling.Reasons
	again.tell(again.c.Applicant, string(sharing.Resume), nil)
	again.tell(again.c.Provider, string(sharing.Resume), nil)
	return nil
}

// passUp turns what was asked for into a need for data held above (shuozhou-2021
// art. 20).
func (s *step) passUp(ruling sharing.CoordinationRuling, request sharing.CoordinationRequest) error {
	authority, err := s.authority()
	if err != nil {
		return err
	}
	need, err := s.spawn(filing{
		Procedure: sharing.UpwardNeed, State: sharing.Collected, Title: request.Data, Provider: authority, Applicant: s.c.Applicant, ApplicantID: s.c.ApplicantID,
		Content: request.Need(ruling.HeldBy), Article: s.law.Coordination.Upward,
	})
	if err != nil {
		return err
	}
	need.entry.Note = ruling.Reasons
	need.tell(authority, string(sharing.Submit), nil)
	return nil
}

// WithdrawCoordination takes the request back before the authority has decided.
func (a *Activities) WithdrawCoordination(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		authority, err := s.authority()
		if err != nil {
			return err
		}
		told := []sharing.Department{authority}
		if !slices.Contains(told, s.c.Provider) {
			told = append(told, s.c.Provider)
		}
		return s.takeBack(told...)
	})
}
