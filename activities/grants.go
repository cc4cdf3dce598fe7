package activities

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"gongshu/regulation"
	"gongshu/sharing"
)

// DefaultExpiryNotice is how many days before its last day the holder of a grant
// is told that it is about to end.
const DefaultExpiryNotice = 30

// NeedsConsent reports whether a way of sharing needs the authority's consent
// besides the provider's agreement (lishui-2020 art. 17).
func NeedsConsent(law *regulation.Regulation, mode sharing.Mode) bool {
	rule, allowed := law.Mode(mode)
	return allowed && rule.Consent == regulation.Authority
}

// askConsent hands a case that the provider agreed to over to the authority.
func (s *step) askConsent() error {
	authority, err := s.authority()
	if err != nil {
		return err
	}
	deadline, err := s.startClock(sharing.DutyConsent, authority, s.now)
	if err != nil {
		return err
	}
	s.tell(authority, string(sharing.Consenting), nil)
	return s.pass(sharing.TaskConsent, authority, deadline)
}

// Consent is the authority's decision on the way of sharing: with its consent the
// provider owes the data, without it the application is refused (lishui-2020
// art. 17).
func (a *Activities) Consent(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		ruling, err := checked[sharing.Ruling](s.command)
		if err != nil {
			return err
		}
		s.become(sharing.Refused)
		if ruling.Agree {
			s.become(sharing.Agreed)
		}
		if err := s.tx.PutConsent(s.ctx, s.c.ID, ruling, s.command.Actor.UserID, s.now); err != nil {
			return err
		}
		if err := s.meet(sharing.DutyConsent); err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article("share.consent"), ruling.Reasons
		s.tell(s.c.Applicant, string(s.c.State), nil)
		s.tell(s.c.Provider, string(sharing.Consent), map[string]string{"to": string(s.c.State)})
		if !ruling.Agree {
			return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
		}
		if s.c.Class == sharing.Unconditional { // there was nothing for the provider to decide
			if err := s.tx.PutDecision(s.ctx, s.c.ID, sharing.Decision{Agree: true}, s.command.Actor.UserID, s.now); err != nil {
				return err
			}
		}
		deadline, err := s.startClock(sharing.DutyProvide, s.c.Provider, s.now)
		if err != nil {
			return err
		}
		return s.pass(sharing.TaskProvide, s.c.Provider, deadline)
	})
}

// Suspend keeps a grant from holding for now, with what was found.
func (a *Activities) Suspend(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		measure, err := checked[sharing.Measure](s.command)
		if err != nil {
			return err
		}
		s.misuse(measure.Reasons)
		return s.tx.SuspendGrant(s.ctx, s.c.ID)
	})
}

// Resume lets a suspended grant hold again; its term has run on.
func (a *Activities) Resume(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		remark, err := checked[sharing.Remark](s.command)
		if err != nil {
			return err
		}
		s.misuse(remark.Note)
		return s.tx.ResumeGrant(s.ctx, s.c.ID)
	})
}

// Revoke cancels a grant at once for misuse (yanzhou-2024 art. 22, city-2023
// art. 35, jinan-startup-2023 art. 44, lishui-2020 art. 32, shuozhou-2021 art. 33).
func (a *Activities) Revoke(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		measure, err := checked[sharing.Measure](s.command)
		if err != nil {
			return err
		}
		s.misuse(measure.Reasons)
		if err := s.void(); err != nil { // receipt that was still to be confirmed
			return err
		}
		if err := s.tx.CloseTask(s.ctx, s.c.ID, "", s.now); err != nil {
			return err
		}
		return s.tx.RevokeGrant(s.ctx, s.c.ID)
	})
}

// misuse is what suspending, resuming and revoking have in common: the article,
// the reason, and that everybody concerned is told but who did it.
func (s *step) misuse(why string) {
	s.entry.Article, s.entry.Note = cmp.Or(s.law.Article("share.misuse"), s.law.Use.Misuse), why
	for _, d := range []sharing.Department{s.c.Applicant, s.c.Provider} {
		if d.ID != s.command.Actor.DepartmentID {
			s.tell(d, string(s.entry.Action), nil)
		}
	}
}

// grant records the standing permission that follows from a decision. It ends
// with the day last at the latest, if there is one. A renewal begins when the
// grant before it ends, if that still goes on, so that no day is lost; until then
// the old one stays as it was decided.
func (s *step) grant(d sharing.Decision, p sharing.Provision, last sharing.Date) error {
	fields, term := d.Fields, d.TermMonths
	if len(fields) == 0 {
		fields = s.c.Fields
	}
	if term == 0 {
		term = s.c.Request.TermMonths
	}
	g := sharing.Grant{
		ID: uuid.NewString(), CaseID: s.c.ID, ValidFrom: s.now, Fields: fields, Mode: p.Mode, Locator: p.Locator, Conditions: d.Conditions,
		Renews: s.c.Request.Renews,
	}
	counted := sharing.DateOf(s.now)
	if g.Renews != "" {
		old, err := s.tx.GrantByID(s.ctx, g.Renews)
		if err != nil {
			return err
		}
		if old.EndedAt == nil && old.ValidUntil.After(s.now) {
			g.ValidFrom, counted = old.ValidUntil, sharing.DateOf(old.ValidUntil.Add(-time.Second))
		}
	}
	ends := counted.AddMonths(term)
	if !last.IsZero() {
		ends = min(ends, last)
	}
	g.ValidUntil = ends.End()
	if !g.ValidUntil.After(g.ValidFrom) {
		return sharing.Invalid("/term_months", "after_begin", "the grant would end before it begins")
	}
	s.entry.Data["valid_until"] = ends.String()
	if g.ValidFrom.After(s.now) {
		s.entry.Data["valid_from"] = sharing.DateOf(g.ValidFrom).String()
	}
	return s.tx.PutGrant(s.ctx, g, s.noticeBefore(g))
}

// noticeBefore is when the holder of a grant is told that it is about to end; zero
// when its whole term is no longer than that.
func (a *Activities) noticeBefore(g sharing.Grant) time.Time {
	days := cmp.Or(a.ExpiryNotice, DefaultExpiryNotice)
	at := (sharing.DateOf(g.ValidUntil.Add(-time.Second)) - sharing.Date(days)).Start()
	if days < 0 || !at.After(g.ValidFrom) {
		return time.Time{}
	}
	return at
}

// notice tells the holder, once, that its grant is about to end.
func (s *step) notice() error {
	if s.c.Procedure != sharing.ShareApplication {
		return nil
	}
	g, err := s.tx.FireNotice(s.ctx, s.c.ID)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	data := map[string]string{"valid_until": sharing.DateOf(g.ValidUntil.Add(-time.Second)).String(), "grant": g.ID}
	told := sharing.Message{Topic: string(sharing.EndsSoon), CaseID: s.c.ID, DepartmentID: s.c.Applicant.ID, Data: data}
	if err := s.tx.Send(s.ctx, s.now, told); err != nil {
		return err
	}
	return s.tx.Append(s.ctx, sharing.Entry{
		At: s.now, Actor: sharing.System, RegionID: s.c.RegionID, Action: sharing.EndsSoon, SubjectID: s.c.ID,
		From: s.c.State, To: s.c.State, Version: s.c.Version, Data: data,
	})
}
