package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"gongshu/sharing"
)

// needSteps are the steps of a need that its department takes; the others come
// with the request that bundles it.
func (a *Activities) needSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Submit:   a.StateNeed,
		sharing.Withdraw: a.WithdrawNeed,
	}
}

// upwardSteps are the steps of a request upward.
func (a *Activities) upwardSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Submit:     a.OpenUpward,
		sharing.Bundle:     a.BundleNeeds,
		sharing.SendUp:     a.SendUpward,
		sharing.RelayReply: a.RelayReply,
		sharing.Abandon:    a.AbandonUpward,
	}
}

// StateNeed hands a department's need for data held above to the authority
// (shuozhou-2021 art. 20).
func (a *Activities) StateNeed(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.open(ctx, commandID, func(s *step) (filing, error) {
		need, err := checked[sharing.Need](s.command)
		if err != nil {
			return filing{}, err
		}
		authority, err := s.upward()
		if err != nil {
			return filing{}, err
		}
		own, err := s.tx.Department(s.ctx, s.command.Actor.RegionID, s.command.Actor.DepartmentID)
		return filing{
			Procedure: sharing.UpwardNeed, State: sharing.Collected, Title: need.Title, Provider: authority, Applicant: own,
			Content: need, Article: s.law.Article("share.upward"),
		}, err
	}, (*step).collect)
}

// collect puts a need before the authority: it waits to be bundled.
func (s *step) collect() error {
	s.tell(s.c.Provider, string(sharing.Submit), nil)
	return s.openTask(sharing.TaskKind(sharing.Bundle), s.c.Provider, nil)
}

// WithdrawNeed takes a need back that is not yet part of a request.
func (a *Activities) WithdrawNeed(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		why, err := checked[sharing.OptionalRemark](s.command)
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article("share.upward"), why.Note
		s.tell(s.c.Provider, string(sharing.Withdraw), nil)
		return s.tx.CloseTask(s.ctx, s.c.ID, "", s.now)
	})
}

// OpenUpward begins a request upward, with the needs that it names (shuozhou-2021
// art. 20).
func (a *Activities) OpenUpward(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	var request sharing.Upward
	return a.open(ctx, commandID, func(s *step) (filing, error) {
		var err error
		if request, err = checked[sharing.Upward](s.command); err != nil {
			return filing{}, err
		}
		authority, err := s.upward()
		return filing{
			Procedure: sharing.UpwardRequest, State: sharing.Preparing, Title: request.Title, Provider: authority, Applicant: authority,
			Content: request, Article: cmp.Or(s.law.Article("share.bundle"), s.law.Article("share.upward")),
		}, err
	}, func(s *step) error {
		if err := s.bundle(request.Needs); err != nil {
			return err
		}
		return s.openTask(sharing.TaskKind(sharing.SendUp), s.c.Provider, nil)
	})
}

// upward returns the authority, through which data held above is applied for;
// an error where the regulation has no such way.
func (s *step) upward() (sharing.Department, error) {
	if s.law.Coordination.Upward == "" {
		return sharing.Department{}, sharing.Errorf(sharing.CodeNotFound, "%s has no requests upward", s.law.Title)
	}
	offices, err := s.tx.Offices(s.ctx, s.command.Actor.RegionID, sharing.AuthorityDepartment)
	if err == nil && len(offices) == 0 {
		err = fmt.Errorf("region %s has no authority", s.command.Actor.RegionID)
	}
	if err != nil {
		return sharing.Department{}, err
	}
	return offices[0], nil
}

// BundleNeeds takes further needs into a request upward.
func (a *Activities) BundleNeeds(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		bundling, err := checked[sharing.Bundling](s.command)
		if err != nil {
			return err
		}
		s.entry.Article = cmp.Or(s.law.Article("share.bundle"), s.law.Article("share.upward"))
		return s.bundle(bundling.Needs)
	})
}

// bundle takes needs, by id or number, into the request. One that was withdrawn
// or is part of a request already is a conflict that names it, and none is taken.
func (s *step) bundle(refs []string) error {
	ids, at := make([]string, 0, len(refs)), map[string]int{}
	for i, ref := range refs {
		id, err := s.tx.NeedID(s.ctx, s.c.RegionID, ref)
		if sharing.CodeOf(err) == sharing.CodeNotFound {
			return sharing.Invalid(fmt.Sprintf("/needs/%d", i), "exists", "the region has no such need")
		}
		if err != nil {
			return err
		}
		if _, twice := at[id]; twice {
			return sharing.Invalid(fmt.Sprintf("/needs/%d", i), "unique", "the need is listed twice")
		}
		ids, at[id] = append(ids, id), i
	}
	slices.Sort(ids)
	for _, id := range ids {
		need, err := s.on(id, sharing.Bundle)
		if sharing.CodeOf(err) == sharing.CodeWrongState {
			return &sharing.Error{Code: sharing.CodeWrongState, Detail: "the need was withdrawn or is part of a request already",
				Fields: []sharing.FieldError{{Field: fmt.Sprintf("/needs/%d", at[id]), Rule: "collected", Detail: refs[at[id]]}}}
		}
		if err != nil {
			return err
		}
		need.c.ParentID = s.c.ID
		need.entry.Article = s.entry.Article
		need.tell(need.c.Applicant, string(sharing.Bundle), nil)
		if err := need.tx.CloseTask(need.ctx, id, s.command.Actor.UserID, s.now); err != nil {
			return err
		}
	}
	return nil
}

// each takes a step on every need of the request, with what its department may
// know of it, and tells that department.
func (s *step) each(action sharing.Action, said any, then func(*step) error) error {
	ids, err := s.tx.Needs(s.ctx, s.c.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		need, err := s.on(id, action)
		if err != nil {
			return err
		}
		if need.command.Body, err = json.Marshal(said); err != nil {
			return err
		}
		need.entry.Article, need.entry.Note = s.entry.Article, s.entry.Note
		if err := then(need); err != nil {
			return err
		}
		need.tell(need.c.Applicant, string(action), map[string]string{"to": string(need.c.State)})
	}
	return nil
}

// SendUpward records that the request was submitted above, for all its needs.
func (a *Activities) SendUpward(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		dispatch, err := checked[sharing.Dispatch](s.command)
		if err != nil {
			return err
		}
		if dispatch.SentOn > sharing.DateOf(s.now) {
			return sharing.Invalid("/sent_on", "not_in_future", "the day lies ahead")
		}
		needs, err := s.tx.Needs(s.ctx, s.c.ID)
		if err != nil {
			return err
		}
		if len(needs) == 0 {
			return sharing.Errorf(sharing.CodeWrongState, "no need has been taken into the request")
		}
		s.entry.Article, s.entry.Note = s.law.Article("share.upward"), dispatch.Note
		s.entry.Data["reference"] = dispatch.Reference
		dispatch.Note = "" // between the authority and the office above
		if err := s.each(sharing.SendUp, dispatch, func(need *step) error { need.entry.Note = ""; return nil }); err != nil {
			return err
		}
		return s.pass(sharing.TaskKind(sharing.RelayReply), s.c.Provider, nil)
	})
}

// RelayReply records what was answered above; it comes back to each department.
func (a *Activities) RelayReply(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		reply, err := checked[sharing.Reply](s.command)
		if err != nil {
			return err
		}
		if reply.RepliedOn > sharing.DateOf(s.now) {
			return sharing.Invalid("/replied_on", "not_in_future", "the day lies ahead")
		}
		outcome := sharing.RefusedAbove
		if reply.Granted {
			outcome = sharing.GrantedAbove
		}
		s.become(outcome)
		s.entry.Article, s.entry.Note = s.law.Article("share.upward"), cmp.Or(reply.Reasons, reply.Conditions)
		err = s.each(sharing.RelayReply, reply, func(need *step) error { need.become(outcome); return nil })
		if err != nil {
			return err
		}
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	})
}

// AbandonUpward gives a request up that was not sent: its needs wait for another.
func (a *Activities) AbandonUpward(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		why, err := checked[sharing.Remark](s.command)
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.law.Article("share.upward"), why.Note
		err = s.each(sharing.Abandon, why, func(need *step) error {
			need.c.ParentID = ""
			return need.openTask(sharing.TaskKind(sharing.Bundle), need.c.Provider, nil)
		})
		if err != nil {
			return err
		}
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	})
}
