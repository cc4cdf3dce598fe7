package activities

import (
	"context"
	"slices"
	"strconv"

	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Advance lets time do what is due on a case by the database's clock: fire the
// rungs of its ladders, each once, tell the holder of a grant that it is about to
// end, and end one whose term has passed. It is
// harmless when nothing is due, and tells where the case stands. A case that does
// not exist has a Snapshot without a state.
func (a *Activities) Advance(ctx context.Context, caseID string) (sharing.Snapshot, error) {
	var snapshot sharing.Snapshot
	err := a.Store.InTx(ctx, func(tx *postgres.Tx) error {
		c, err := tx.LockCase(ctx, caseID)
		if sharing.CodeOf(err) == sharing.CodeNotFound {
			snapshot = sharing.Snapshot{CaseID: caseID}
			return nil
		}
		if err != nil {
			return err
		}
		s := &step{Activities: a, ctx: ctx, tx: tx, c: c}
		if c.Open() {
			if s.now, err = tx.Now(ctx); err != nil {
				return err
			}
			if err := s.climb(); err != nil {
				return err
			}
			if err := s.notice(); err != nil {
				return err
			}
			if err := s.elapse(); err != nil {
				return err
			}
		}
		snapshot, err = s.snapshot()
		return err
	})
	return snapshot, ToTemporal(err)
}

// climb fires the rungs that are due and tells those whom each names.
func (s *step) climb() error {
	fired, err := s.tx.FireRungs(s.ctx, s.c.ID)
	if err != nil || len(fired) == 0 {
		return err
	}
	running, err := s.tx.RunningDeadlines(s.ctx, s.c.ID)
	if err != nil {
		return err
	}
	var (
		messages []sharing.Message
		entries  []sharing.Entry
		ended    []sharing.Deadline // whose ladder has come to rectification
	)
	for _, rung := range fired {
		i := slices.IndexFunc(running, func(d sharing.Deadline) bool { return d.ID == rung.DeadlineID })
		d := running[i]
		data := map[string]string{"rung": string(rung.Kind), "offset": strconv.Itoa(rung.Offset), "duty": d.Duty, "due_date": d.DueDate.String(), "owes": d.Owes.ID}
		recipients, err := s.recipients(d, rung)
		if err != nil {
			return err
		}
		for _, department := range recipients {
			messages = append(messages, sharing.Message{Topic: string(rung.Kind), CaseID: s.c.ID, DepartmentID: department, Data: data})
		}
		if rung.Kind == sharing.Rectification {
			ended = append(ended, d)
		}
		entries = append(entries, sharing.Entry{
			At: *rung.FiredAt, Actor: sharing.System, RegionID: s.c.RegionID, Action: sharing.RungFired, SubjectID: s.c.ID,
			From: s.c.State, To: s.c.State, Version: s.c.Version, Article: d.Article, Data: data,
		})
	}
	if err := s.tx.Send(s.ctx, s.now, messages...); err != nil {
		return err
	}
	for _, e := range entries {
		if err := s.tx.TellFollowers(s.ctx, s.c.ID, e.Actor, "", e.Data, s.now); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := s.tx.Append(s.ctx, e); err != nil {
			return err
		}
	}
	for _, d := range ended {
		if err := s.rectify(d); err != nil {
			return err
		}
	}
	return nil
}

// recipients are the departments a rung is sent to: the offices that hold the
// roles it names, or whoever owes the duty when none does.
func (s *step) recipients(d sharing.Deadline, rung sharing.Rung) ([]string, error) {
	var all []string
	add := func(o sharing.Department) {
		if !slices.Contains(all, o.ID) {
			all = append(all, o.ID)
		}
	}
	for _, role := range rung.To {
		if regulation.Role(role) == regulation.Owing {
			add(d.Owes)
			continue
		}
		offices, err := s.holders(regulation.Role(role))
		if err != nil {
			return nil, err
		}
		for _, o := range offices {
			add(o)
		}
	}
	if len(all) == 0 {
		all = []string{d.Owes.ID}
	}
	return all, nil
}

// holders are the departments that hold a role of the regulation in this case.
func (s *step) holders(role regulation.Role) ([]sharing.Department, error) {
	switch role {
	case regulation.Provider:
		return []sharing.Department{s.c.Provider}, nil
	case regulation.Requester:
		return []sharing.Department{s.c.Applicant}, nil
	case regulation.Authority, regulation.Operator:
		return s.tx.Offices(s.ctx, s.c.RegionID, sharing.AuthorityDepartment)
	case regulation.Supervisor, regulation.LeadingGroup:
		return s.tx.Offices(s.ctx, s.c.RegionID, sharing.SupervisorDepartment)
	case regulation.Finance:
		return s.tx.Offices(s.ctx, s.c.RegionID, sharing.FinanceDepartment)
	case regulation.Security, regulation.Public:
		return nil, nil // no inbox of theirs is kept here
	}
	return nil, nil
}

// elapse takes the step that time itself takes on the case, when it has come.
func (s *step) elapse() error {
	if s.c.Procedure == sharing.ShareApplication {
		return s.expire()
	}
	take := s.timed()[s.c.Procedure]
	if take == nil || s.c.WakeAt == nil || s.c.WakeAt.After(s.now) {
		return nil
	}
	return take(s)
}

// expire ends a case whose grant has run out.
func (s *step) expire() error {
	if !s.c.Procedure.Machine().CanFollow(s.c.State, sharing.Expire) {
		return nil // in this state nothing runs out
	}
	end, err := s.tx.GrantEnd(s.ctx, s.c.ID)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return nil
	}
	if err != nil || end.After(s.now) {
		return err
	}
	if err := s.tx.EndGrant(s.ctx, s.c.ID, s.now); err != nil {
		return err
	}
	if err := s.begin(sharing.Expire); err != nil {
		return err
	}
	if err := s.void(); err != nil {
		return err
	}
	if err := s.tx.CloseTask(s.ctx, s.c.ID, "", s.now); err != nil {
		return err
	}
	s.tell(s.c.Applicant, string(sharing.Expire), nil)
	s.tell(s.c.Provider, string(sharing.Expire), nil)
	return s.finish()
}

// StartCases starts the workflows of cases that were filed together with
// another. Those that run already are left alone.
func (a *Activities) StartCases(ctx context.Context, caseIDs []string) error {
	for _, id := range caseIDs {
		if err := a.Start(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
