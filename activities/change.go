package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"gongshu/regulation"
	"gongshu/sharing"
)

// changeSteps are the steps of a catalog change.
func (a *Activities) changeSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Submit:       a.SubmitChange,
		sharing.ReviewChange: a.ReviewChange,
		sharing.ClearSecrecy: a.ClearSecrecy,
		sharing.CheckChange:  a.CheckChange,
		sharing.ApproveAbove: a.ApproveAbove,
		sharing.Revise:       a.ReviseChange,
		sharing.EndEarly:     a.EndEarly,
		sharing.Withdraw:     a.WithdrawChange,
	}
}

// Topics of what holders are told, on the cases of their own grants.
const (
	ChangeAnnounced  = "change_announced"
	ChangePublished  = "change_published"
	ChangeReverted   = "change_reverted"
	ChangeTakenBack  = "change_taken_back"
	catalogCompile   = "catalog.compile"
	catalogApprove   = "catalog.approve"
	catalogPublish   = "catalog.publish"
	catalogNotShared = "catalog.not_shared"
)

// SubmitChange opens a catalog change of the actor's own department
// (yanzhou-2024 art. 11, city-2023 art. 11, jinan-startup-2023 arts. 9 and 10,
// lishui-2020 art. 9, shuozhou-2021 arts. 10 and 12).
func (a *Activities) SubmitChange(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	var before sharing.Resource
	return a.open(ctx, commandID, func(s *step) (filing, error) {
		proposal, err := checked[sharing.ChangeProposal](s.command)
		if err != nil {
			return filing{}, err
		}
		owner, err := s.tx.Department(s.ctx, s.command.Actor.RegionID, s.command.Actor.DepartmentID)
		if sharing.CodeOf(err) == sharing.CodeNotFound {
			return filing{}, sharing.Errorf(sharing.CodeForbidden, "the department is gone")
		}
		if err != nil {
			return filing{}, err
		}
		var after sharing.Resource
		if before, after, err = s.proposed(proposal, owner, true); err != nil {
			return filing{}, err
		}
		matter, state := sharing.ChangeMatter{ChangeProposal: proposal, Diff: sharing.Differences(before, after)}, sharing.DepartmentReview
		if proposal.Draft {
			state = sharing.Revising
		}
		return filing{
			Procedure: sharing.CatalogChange, State: state, Title: changeTitle(after), Resource: before,
			Provider: owner, Applicant: owner, Content: matter, Article: s.changeArticle(proposal), Class: after.Class, Grade: after.Grade,
		}, nil
	}, func(s *step) error {
		matter, err := content[sharing.ChangeMatter](s.c)
		if err != nil {
			return err
		}
		if matter.Draft {
			return s.openTask(sharing.TaskKind(sharing.Revise), s.c.Provider, nil)
		}
		if err := s.startFiling(matter.ChangeProposal, matter.Apply(before).Cycle); err != nil {
			return err
		}
		s.tell(s.c.Provider, string(sharing.Submit), nil)
		return s.openTask(sharing.TaskKind(sharing.ReviewChange), s.c.Provider, nil)
	})
}

func changeTitle(r sharing.Resource) string { return r.Title }

// changeArticle is the article under which a change is made.
func (s *step) changeArticle(p sharing.ChangeProposal) string {
	if p.Kind == sharing.TemporaryClass && s.law.Catalog.TemporaryChange != nil {
		return s.law.Catalog.TemporaryChange.Article
	}
	if duty, ok := filingDuty(s.law, p.Trigger); ok {
		return duty.Article
	}
	return s.law.Article(catalogCompile)
}

// proposed returns the entry as it is and as the proposal would have it, locked and
// held to every rule that the law and the catalog know. The zero entry stands for
// one that does not exist yet. Unless it is fresh, the case itself is the change
// that is open.
func (s *step) proposed(p sharing.ChangeProposal, owner sharing.Department, fresh bool) (before, after sharing.Resource, err error) {
	if p.Kind == sharing.NewEntry {
		before = sharing.Resource{RegionID: owner.RegionID, Provider: owner}
		_, err := s.tx.ResourceByCode(s.ctx, owner.RegionID, p.Entry.Code)
		if err == nil {
			return before, after, sharing.Invalid("/entry/code", "unique", "the catalog has an entry of this code")
		}
		if sharing.CodeOf(err) != sharing.CodeNotFound {
			return before, after, err
		}
	} else {
		if before, err = s.tx.LockResource(s.ctx, p.ResourceID); err != nil {
			if sharing.CodeOf(err) == sharing.CodeNotFound {
				err = sharing.Invalid("/resource_id", "exists", "no such entry")
			}
			return before, after, err
		}
		if before.Provider.ID != owner.ID {
			return before, after, sharing.Errorf(sharing.CodeForbidden, "the entry is another department's")
		}
		if before.Withdrawn {
			return before, after, sharing.Invalid("/resource_id", "withdrawn", "the entry was withdrawn")
		}
		if fresh {
			open, err := s.tx.OpenChange(s.ctx, before.ID)
			if err != nil {
				return before, after, err
			}
			if open != "" {
				return before, after, &sharing.Error{Code: sharing.CodeWrongState, Fields: []sharing.FieldError{{Field: "/resource_id", Rule: "open_change", Detail: open}}}
			}
		}
	}
	after = ProposedEntry(s.law, p, before)
	if p.Draft {
		return before, after, nil // held to the law when it is handed in
	}
	if err := LawfulChange(s.law, p, before, after, sharing.DateOf(s.now)); err != nil {
		return before, after, err
	}
	return before, after, s.notTooEarly(p, before)
}

// ProposedEntry returns an entry as a proposal would have it. What a temporary change
// rests on is its ground, where the proposal cites nothing else.
func ProposedEntry(law *regulation.Regulation, p sharing.ChangeProposal, before sharing.Resource) sharing.Resource {
	after := p.Apply(before)
	if rule := law.Catalog.TemporaryChange; p.Kind == sharing.TemporaryClass && after.Basis == "" && rule != nil {
		after.Basis = law.Cite(rule.Article) + "：" + strings.TrimSpace(p.Why)
	}
	return after
}

// notTooEarly refuses a day of effect before the notice to the holders of grants
// could have passed if it were given now (shuozhou-2021 art. 12).
func (s *step) notTooEarly(p sharing.ChangeProposal, before sharing.Resource) error {
	if p.EffectiveOn.IsZero() || before.ID == "" {
		return nil
	}
	duty, ok := noticeDuty(s.law)
	if !ok {
		return nil
	}
	holders, err := s.tx.Holders(s.ctx, before.ID)
	if err != nil || len(holders) == 0 {
		return err
	}
	budget, _, ok := duty.Budget(before.Facts)
	if !ok {
		return nil
	}
	end, err := s.Almanac.Now().Of(before.RegionID).Project(sharing.Clock{Budget: budget, Start: s.now, DeemNextDay: s.DeemNextDay})
	if err != nil {
		return beyondCalendar(err)
	}
	if earliest := sharing.DateOf(end.DueAt); p.EffectiveOn < earliest {
		e := sharing.Invalid("/effective_on", "earliest", earliest.String())
		e.Article = duty.Article
		return e
	}
	return nil
}

// LawfulChange holds a proposed change of an entry to the regulation: legal basis by
// class, base data, ways of sharing, elements, and what a temporary change needs.
// before is the zero entry when there is none yet. It returns an *sharing.Error that
// names field, rule and article.
func LawfulChange(law *regulation.Regulation, p sharing.ChangeProposal, before, after sharing.Resource, today sharing.Date) error {
	refuse := func(field, rule, detail, article string) *sharing.Error {
		e := sharing.Invalid(field, rule, detail)
		e.Article = article
		return e
	}
	switch {
	case p.TriggeredOn > today:
		return refuse("/triggered_on", "not_in_future", "the trigger lies ahead", "")
	case !p.EffectiveOn.IsZero() && p.EffectiveOn < today:
		return refuse("/effective_on", "not_in_past", "the day has passed", "")
	}
	if p.Kind == sharing.TemporaryClass {
		rule := law.Catalog.TemporaryChange
		switch {
		case rule == nil:
			return refuse("/kind", "not_provided_for", law.Title+" knows no temporary change of class", "")
		case !slices.Contains(rule.Grounds, p.Ground):
			return refuse("/ground", "one_of", fmt.Sprint(rule.Grounds), rule.Article)
		case p.LastDay < today:
			return refuse("/last_day", "not_in_past", "the day has passed", rule.Article)
		}
	}
	if p.Kind == sharing.WithdrawnEntry {
		return nil
	}
	if p.Kind != sharing.NewEntry && len(sharing.Differences(before, after)) == 0 {
		return refuse("/entry", "changes_nothing", "the entry is like this already", "")
	}
	if base := string(after.Base); base != "" {
		if len(law.BaseData.Kinds) > 0 && !slices.Contains(law.BaseData.Kinds, base) {
			return refuse("/entry/base", "one_of", fmt.Sprint(law.BaseData.Kinds), law.BaseData.Article)
		}
		if fixed := law.BaseData.Class; fixed != "" && after.Class != fixed {
			return refuse("/entry/class", "base_data", string(fixed), law.BaseData.Article)
		}
	}
	for i, mode := range p.Entry.Modes {
		if err := checkMode(law, mode, fmt.Sprintf("/entry/modes/%d", i)); err != nil {
			return err
		}
	}
	if after.Format == "" && (slices.Contains(law.Catalog.Elements, "format") || slices.Contains(law.Catalog.Elements, "encoding")) {
		return refuse("/entry/format", "required", "", law.Catalog.ElementsArticle)
	}
	if after.Class == sharing.NotShared && after.Basis == "" {
		e := refuse("/entry/basis", "required", "", law.Catalog.NotShared.Article)
		e.Code = sharing.CodeBasisRequired
		if rule, ok := law.Catalog.BasisFor(sharing.NotShared); ok {
			e.Fields[0].Detail, e.Article = fmt.Sprint(rule.Sources), rule.Article
		}
		return e
	}
	// A class that was given before needs no new basis for a change of elements.
	if p.Entry.Class == "" && p.Kind != sharing.NewEntry {
		return nil
	}
	rule, asked := law.Catalog.BasisFor(after.Class)
	if !asked || p.Kind == sharing.TemporaryClass && len(p.Entry.Basis) == 0 {
		return nil
	}
	if len(p.Entry.Basis) == 0 {
		e := refuse("/entry/basis", "required", fmt.Sprint(rule.Sources), rule.Article)
		e.Code = sharing.CodeBasisRequired
		return e
	}
	for i, ground := range p.Entry.Basis {
		if !slices.Contains(rule.Sources, ground.Source) {
			return refuse(fmt.Sprintf("/entry/basis/%d/source", i), "one_of", fmt.Sprint(rule.Sources), rule.Article)
		}
	}
	return nil
}

// RouteOf says which reviews the regulation asks of a change. A temporary change of
// class is the department's own (jinan-startup-2023 art. 15).
func RouteOf(law *regulation.Regulation, p sharing.ChangeProposal, before, after sharing.Resource) sharing.ChangeRoute {
	var route sharing.ChangeRoute
	catalog := law.Catalog
	shared, opened := after.Class != sharing.NotShared, after.OpenClass != sharing.NotOpen
	if p.Kind != sharing.WithdrawnEntry {
		scope := catalog.SecrecyReview.Scope
		route.Secrecy = shared && slices.Contains(scope, "sharing") || opened && slices.Contains(scope, "opening")
	}
	if p.Kind == sharing.TemporaryClass {
		return route
	}
	unshared := p.Kind != sharing.WithdrawnEntry && after.Class == sharing.NotShared && before.Class != sharing.NotShared
	route.Authority = catalog.Review.Reviews || catalog.ChangeApproval != "" || unshared && catalog.NotShared.Review == regulation.Authority
	route.Above = unshared && catalog.NotShared.Approval != ""
	return route
}

// filingDuty is the duty whose limit a trigger starts, if the regulation has one.
func filingDuty(law *regulation.Regulation, trigger sharing.ChangeTrigger) (regulation.Duty, bool) {
	start := ""
	switch trigger {
	case sharing.LawChanged, sharing.FunctionChanged:
		start = regulation.LawChanged
	case sharing.ElementsChanged:
		start = regulation.ElementsChanged
	case sharing.OtherTrigger:
	}
	i := slices.IndexFunc(law.Duties, func(d regulation.Duty) bool { return start != "" && d.Start == start })
	if i < 0 {
		return regulation.Duty{}, false
	}
	return law.Duties[i], true
}

// noticeDuty is the notice that holders of grants are given before a change, if
// the regulation has one.
func noticeDuty(law *regulation.Regulation) (regulation.Duty, bool) {
	i := slices.IndexFunc(law.Duties, func(d regulation.Duty) bool { return d.Start == regulation.NoticeGiven && d.AtLeast })
	if i < 0 {
		return regulation.Duty{}, false
	}
	return law.Duties[i], true
}

// startFiling starts the limit within which a change is made after its trigger
// (city-2023 art. 11, jinan-startup-2023 art. 10, yanzhou-2024 art. 11). A change
// that is filed after its limit is accepted, and the limit recorded as kept late:
// there is nothing left to remind anybody of.
func (s *step) startFiling(p sharing.ChangeProposal, cycle sharing.Cycle) error {
	duty, ok := filingDuty(s.law, p.Trigger)
	if !ok {
		return nil
	}
	d, err := s.start(duty, s.c.Provider, p.TriggeredOn.Start(), cycle)
	if err != nil || d == nil {
		return err
	}
	if d.Overdue(s.now) {
		return s.meet(duty.Name)
	}
	return nil
}

// ReviewChange is the department's own review, by somebody other than the author.
func (a *Activities) ReviewChange(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.review(ctx, commandID, catalogCompile)
}

// ClearSecrecy is the secrecy review before anything is shared or opened
// (yanzhou-2024 art. 32, city-2023 art. 32, jinan-startup-2023 arts. 23 and 35,
// lishui-2020 art. 24, shuozhou-2021 art. 23).
func (a *Activities) ClearSecrecy(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.review(ctx, commandID, catalogPublish)
}

// CheckChange is the authority's review (jinan-startup-2023 arts. 9 and 15,
// lishui-2020 art. 9, shuozhou-2021 arts. 10 and 12).
func (a *Activities) CheckChange(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.review(ctx, commandID, catalogApprove)
}

// ApproveAbove is the approval of what is not to be shared (jinan-startup-2023
// art. 15).
func (a *Activities) ApproveAbove(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.review(ctx, commandID, catalogNotShared)
}

// review carries out one review: on to the next, into effect after the last, or
// back to the department with reasons.
func (a *Activities) review(ctx context.Context, commandID, article string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		ruling, err := checked[sharing.Ruling](s.command)
		if err != nil {
			return err
		}
		if err := s.byAnother(); err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.reviewArticle(article), ruling.Reasons
		if !ruling.Agree {
			return s.sendBackChange()
		}
		matter, err := content[sharing.ChangeMatter](s.c)
		if err != nil {
			return err
		}
		// A day of effect that has come too near meanwhile moves with the approval.
		due := matter.ChangeProposal
		due.EffectiveOn = 0
		before, after, err := s.proposed(due, s.c.Provider, false)
		if err != nil {
			return err
		}
		matter.Diff = sharing.Differences(before, after)
		next, more := RouteOf(s.law, matter.ChangeProposal, before, after).Next(s.entry.From)
		if !more {
			return s.approved(matter, before, after)
		}
		s.become(next)
		if err := s.rewrite(matter); err != nil {
			return err
		}
		owes := s.c.Provider
		if next == sharing.AuthorityReview {
			if owes, err = s.authority(); err != nil {
				return err
			}
			if duty, ok := filingDuty(s.law, matter.Trigger); ok && duty.With == regulation.Authority {
				// It is owed to be filed with the authority (jinan-startup-2023 art. 10).
				if err := s.meet(duty.Name); err != nil {
					return err
				}
			}
		}
		if next == sharing.ApprovalAbove {
			if owes, err = s.above(); err != nil {
				return err
			}
		}
		action := map[sharing.State]sharing.Action{
			sharing.SecrecyReview: sharing.ClearSecrecy, sharing.AuthorityReview: sharing.CheckChange, sharing.ApprovalAbove: sharing.ApproveAbove,
		}[next]
		s.tell(owes, string(s.entry.Action), nil)
		return s.pass(sharing.TaskKind(action), owes, nil)
	})
}

// reviewArticle is the article of a review, or that under which catalogs are made
// where the text has none for it.
func (s *step) reviewArticle(name string) string {
	switch name {
	case catalogPublish:
		return s.law.Catalog.SecrecyReview.Article
	case catalogNotShared:
		return s.law.Catalog.NotShared.Article
	case catalogApprove:
		if s.law.Catalog.ChangeApproval != "" {
			return s.law.Catalog.ChangeApproval
		}
		return s.law.Catalog.Review.Article
	}
	return s.law.Article(name)
}

// above is the office that approves above the authority.
func (s *step) above() (sharing.Department, error) {
	offices, err := s.holders(s.law.Catalog.NotShared.Approval)
	if err != nil {
		return sharing.Department{}, err
	}
	if len(offices) == 0 {
		return sharing.Department{}, fmt.Errorf("region %s has no %s", s.c.RegionID, s.law.Catalog.NotShared.Approval)
	}
	return offices[0], nil
}

// byAnother refuses a review by somebody who wrote what is reviewed.
func (s *step) byAnother() error {
	acts, err := s.tx.Acts(s.ctx, s.c.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(sharing.ChangeAuthors(s.c.Provider.ID, acts), s.command.Actor.Acts) {
		return sharing.Errorf(sharing.CodeForbidden, "who wrote a change does not review it")
	}
	return nil
}

// sendBackChange returns a change to its department; what is not approved above is
// rejected.
func (s *step) sendBackChange() error {
	s.tell(s.c.Provider, string(s.entry.Action), nil)
	if s.entry.From == sharing.ApprovalAbove {
		s.become(sharing.Rejected)
		if err := s.void(); err != nil {
			return err
		}
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	}
	s.become(sharing.Revising)
	return s.pass(sharing.TaskKind(sharing.Revise), s.c.Provider, nil)
}

// approved lets a change that has passed its last review take effect: at once, for
// a time, on the day asked for, or when the holders of grants have had their notice.
func (s *step) approved(matter sharing.ChangeMatter, before, after sharing.Resource) error {
	if err := s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now); err != nil {
		return err
	}
	if matter.Kind == sharing.TemporaryClass {
		s.become(sharing.Temporary)
		end := matter.LastDay.End()
		s.c.WakeAt = &end
		return s.publish(&matter, before, after)
	}
	var from time.Time
	if !matter.EffectiveOn.IsZero() {
		from = matter.EffectiveOn.Start()
	}
	holders, err := s.changeHolders(before)
	if err != nil {
		return err
	}
	if duty, ok := noticeDuty(s.law); ok && len(holders) > 0 {
		notice, err := s.startClock(duty.Name, s.c.Provider, s.now)
		if err != nil {
			return err
		}
		switch {
		case notice == nil:
		case notice.DueAt.After(from):
			from = notice.DueAt
		default:
			// It takes effect later than the notice asks for: enough notice is given with
			// this announcement, and no clock runs out before that day.
			if err := s.meet(duty.Name); err != nil {
				return err
			}
		}
	}
	if !from.After(s.now) {
		s.become(sharing.Published)
		return s.publish(&matter, before, after)
	}
	s.become(sharing.Warning)
	s.c.WakeAt = &from
	matter.TakesEffectOn = sharing.DateOf(from)
	s.entry.Data["takes_effect_on"] = matter.TakesEffectOn.String()
	s.tell(s.c.Provider, string(s.entry.Action), nil)
	s.tellHolders(holders, ChangeAnnounced)
	return s.rewrite(matter)
}

// holder is a department that holds grants on the entry, and the case of one.
type holder struct {
	department sharing.Department
	caseID     string
}

func (s *step) changeHolders(r sharing.Resource) ([]holder, error) {
	if r.ID == "" {
		return nil, nil
	}
	found, err := s.tx.Holders(s.ctx, r.ID)
	all := make([]holder, len(found))
	for i, h := range found {
		all[i] = holder{department: h.Department, caseID: h.CaseID}
	}
	return all, err
}

// tellHolders tells those who hold grants, on the cases of their grants: the change
// is not theirs to see as a case.
func (s *step) tellHolders(holders []holder, topic string) {
	data := map[string]string{"change": s.c.Number}
	if day, ok := s.entry.Data["takes_effect_on"]; ok {
		data["takes_effect_on"] = day
	}
	for _, h := range holders {
		s.messages = append(s.messages, sharing.Message{Topic: topic, CaseID: h.caseID, DepartmentID: h.department.ID, Data: data})
	}
}

// publish writes the entry's next version, or the first of a new one. before is
// locked.
func (s *step) publish(matter *sharing.ChangeMatter, before, after sharing.Resource) error {
	matter.TakesEffectOn = sharing.DateOf(s.now)
	matter.Diff = sharing.Differences(before, after)
	s.entry.Data["takes_effect_on"] = matter.TakesEffectOn.String()
	if matter.Kind == sharing.NewEntry {
		after.ID, after.Version = uuid.NewString(), 1
		if err := s.tx.AddResource(s.ctx, after); err != nil {
			return err
		}
	} else {
		if matter.Kind == sharing.TemporaryClass {
			matter.Before = &sharing.SharedAs{Class: before.Class, Basis: before.Basis, Condition: before.Condition}
		}
		if err := s.tx.ReplaceResource(s.ctx, before, after); err != nil {
			return err
		}
		after.Version = before.Version + 1
	}
	s.c.Resource = sharing.ResourceRef{ID: after.ID, Code: after.Code, Title: after.Title, Version: after.Version}
	s.c.Title = changeTitle(after)
	if duty, ok := filingDuty(s.law, matter.Trigger); ok {
		if err := s.meet(duty.Name); err != nil {
			return err
		}
	}
	if err := s.tellChanged(before, ChangePublished); err != nil {
		return err
	}
	return s.rewrite(*matter)
}

// tellChanged tells the department, the authority and the holders of grants that
// the entry has changed.
func (s *step) tellChanged(before sharing.Resource, topic string) error {
	holders, err := s.changeHolders(before)
	if err != nil {
		return err
	}
	authority, err := s.authority()
	if err != nil {
		return err
	}
	s.tell(s.c.Provider, topic, nil)
	s.tell(authority, topic, nil)
	s.tellHolders(holders, topic)
	return nil
}

// ReviseChange hands in a change that was returned, or one that was owed. It is
// reviewed from the beginning.
func (a *Activities) ReviseChange(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		proposal, err := checked[sharing.ChangeProposal](s.command)
		if err != nil {
			return err
		}
		matter, err := content[sharing.ChangeMatter](s.c)
		if err != nil {
			return err
		}
		if proposal.Draft || proposal.Kind != matter.Kind || proposal.ResourceID != matter.ResourceID {
			return sharing.Invalid("/kind", "same_change", "a change stays what it is, about the same entry")
		}
		before, after, err := s.proposed(proposal, s.c.Provider, false)
		if err != nil {
			return err
		}
		if matter.Draft || proposal.Trigger != matter.Trigger || proposal.TriggeredOn != matter.TriggeredOn {
			// Another day starts another limit.
			if err := s.void(); err != nil {
				return err
			}
			if err := s.startFiling(proposal, after.Cycle); err != nil {
				return err
			}
		}
		s.c.Title = changeTitle(after)
		if before.ID == "" {
			s.c.Class, s.c.Grade = after.Class, after.Grade
		} else {
			s.c.Resource = sharing.ResourceRef{ID: before.ID, Code: before.Code, Title: before.Title, Version: before.Version}
		}
		s.entry.Article = s.changeArticle(proposal)
		if err := s.rewrite(sharing.ChangeMatter{ChangeProposal: proposal, Diff: sharing.Differences(before, after)}); err != nil {
			return err
		}
		s.tell(s.c.Provider, string(sharing.Revise), nil)
		return s.pass(sharing.TaskKind(sharing.ReviewChange), s.c.Provider, nil)
	})
}

// WithdrawChange takes a change back before it takes effect. An entry that is owed
// after a coordination cannot be taken back: the ruling binds.
func (a *Activities) WithdrawChange(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		note, err := checked[sharing.OptionalRemark](s.command)
		if err != nil {
			return err
		}
		if s.c.ParentID != "" {
			return &sharing.Error{Code: sharing.CodeForbidden, Article: s.law.Coordination.Article, Detail: "the entry is owed after a coordination"}
		}
		if err := s.void(); err != nil {
			return err
		}
		s.entry.Note = note.Note
		if s.entry.From == sharing.Warning {
			holders, err := s.changeHolders(sharing.Resource{ID: s.c.Resource.ID})
			if err != nil {
				return err
			}
			s.tellHolders(holders, ChangeTakenBack)
		}
		authority, err := s.authority()
		if err != nil {
			return err
		}
		s.tell(authority, string(sharing.Withdraw), nil)
		return s.tx.CloseTask(s.ctx, s.c.ID, "", s.now)
	})
}

// EndEarly ends a temporary change before its last day: its ground is gone.
func (a *Activities) EndEarly(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		remark, err := checked[sharing.Remark](s.command)
		if err != nil {
			return err
		}
		s.entry.Note = remark.Note
		return s.revert()
	})
}

// revert gives the entry the class back that it had before a temporary change, as
// its next version.
func (s *step) revert() error {
	matter, err := content[sharing.ChangeMatter](s.c)
	if err != nil {
		return err
	}
	before, err := s.tx.LockResource(s.ctx, s.c.Resource.ID)
	if err != nil {
		return err
	}
	if matter.Before == nil {
		return fmt.Errorf("change %s: how the entry was shared before was not kept", s.c.Number)
	}
	after := before
	after.Class, after.Basis, after.Condition = matter.Before.Class, matter.Before.Basis, matter.Before.Condition
	if err := s.tx.ReplaceResource(s.ctx, before, after); err != nil {
		return err
	}
	s.c.Resource.Version = before.Version + 1
	s.entry.Article = s.law.Catalog.TemporaryChange.Article
	return s.tellChanged(after, ChangeReverted)
}

// elapseChange lets a change take effect on the day that was announced, or a
// temporary one revert after its last.
func (s *step) elapseChange() error {
	switch s.c.State {
	case sharing.Warning:
		if err := s.begin(sharing.TakeEffect); err != nil {
			return err
		}
		if err := s.takeEffect(); err != nil {
			return err
		}
	case sharing.Temporary:
		if err := s.begin(sharing.Revert); err != nil {
			return err
		}
		if err := s.revert(); err != nil {
			return err
		}
	default:
		return nil
	}
	return s.finish()
}

// takeEffect publishes what was announced. What cannot be published any more, since
// the catalog has changed meanwhile, goes back to its department with the rule.
func (s *step) takeEffect() error {
	s.c.WakeAt = nil
	matter, err := content[sharing.ChangeMatter](s.c)
	if err != nil {
		return err
	}
	due := matter.ChangeProposal
	due.EffectiveOn = 0 // it has come
	before, after, err := s.proposed(due, s.c.Provider, false)
	if code := sharing.CodeOf(err); code != "" && code != sharing.CodeUnavailable {
		s.become(sharing.Revising)
		s.entry.Note = err.Error()
		if err := s.void(); err != nil {
			return err
		}
		s.tell(s.c.Provider, string(sharing.TakeEffect), nil)
		return s.openTask(sharing.TaskKind(sharing.Revise), s.c.Provider, nil)
	}
	if err != nil {
		return err
	}
	if duty, ok := noticeDuty(s.law); ok {
		s.entry.Article = duty.Article
		if err := s.meet(duty.Name); err != nil {
			return err
		}
		delete(s.entry.Data, "late") // nobody is late when a notice has passed
	} else {
		s.entry.Article = s.law.Article(catalogPublish)
	}
	s.become(sharing.Published)
	return s.publish(&matter, before, after)
}

// owedEntry opens a new catalog entry that the owner is to draft, as the outcome of
// a coordination (city-2023 art. 22, shuozhou-2021 art. 20).
func (s *step) owedEntry(owner sharing.Department, title, why string) error {
	opened, err := s.spawn(filing{
		Procedure: sharing.CatalogChange, State: sharing.Revising, Title: title, Provider: owner, Applicant: owner,
		Content: sharing.ChangeMatter{ChangeProposal: sharing.ChangeProposal{
			Kind: sharing.NewEntry, Entry: sharing.EntryDraft{Title: title}, Trigger: sharing.OtherTrigger, Why: why,
		}},
		Article: s.law.Coordination.Article,
	})
	if err != nil {
		return err
	}
	opened.tell(owner, string(sharing.Revise), nil)
	return opened.openTask(sharing.TaskKind(sharing.Revise), owner, nil)
}
