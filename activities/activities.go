// Package activities carries out the steps of a case: one method, one
// transaction, one effect. Workflows decide when; these decide nothing that is
// not written in the case, the command, the regulation and the calendar.
//
// Everything a step needs besides ids is read from PostgreSQL, so that names,
// purposes and reasons never travel through Temporal.
package activities

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"gongshu/almanac"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Activities are registered with the worker under their method names.
type Activities struct {
	Store *postgres.Store
	Law   *regulation.Library
	// Almanac is the calendar of working days as it is known now.
	Almanac *almanac.Almanac
	// DeemNextDay: what is received on a day off is deemed received on the next
	// working day. An operator's setting, off by default.
	DeemNextDay bool
	// Start starts the workflow of a case that was filed with others, if it does
	// not run yet.
	Start func(ctx context.Context, caseID string) error
}

// A step is one command being carried out on one case inside one transaction.
type step struct {
	*Activities
	ctx      context.Context
	tx       *postgres.Tx
	command  sharing.Command
	c        sharing.Case
	now      time.Time
	law      *regulation.Regulation
	entry    sharing.Entry
	messages []sharing.Message
}

// perform carries out the command: at most once, whole or not at all. It locks
// the command and then the case, lets act change what the step is about, and
// writes the case's next state, the command's outcome, the messages and the audit
// entry. Carried out before, it only tells where the case stands.
func (a *Activities) perform(ctx context.Context, commandID string, agree func(*step) (bool, error), act func(*step) error) (sharing.Snapshot, error) {
	var snapshot sharing.Snapshot
	err := a.Store.InTx(ctx, func(tx *postgres.Tx) error {
		command, err := tx.LockCommand(ctx, commandID)
		if err != nil {
			return err
		}
		s := &step{Activities: a, ctx: ctx, tx: tx, command: command}
		if s.c, err = tx.LockCase(ctx, command.Target); err != nil {
			return err
		}
		if command.State == sharing.Done {
			snapshot, err = s.snapshot()
			return err
		}
		if s.now, err = tx.Now(ctx); err != nil {
			return err
		}
		if command.Expected != s.c.Version {
			if command.Action == sharing.Answer && !sharing.CanFollow(s.c.State, sharing.Answer) {
				_, err := sharing.Next(s.c.State, sharing.Answer, true)
				return err
			}
			return sharing.Errorf(sharing.CodeStale, "decided on version %d, the case is at version %d", command.Expected, s.c.Version)
		}
		var ok bool
		if s.law, ok = a.Law.ByID(s.c.RegulationID); !ok {
			return sharing.Errorf(sharing.CodeNoRegulation, "regulation %s is not loaded", s.c.RegulationID)
		}
		yes := false
		if agree != nil {
			if yes, err = agree(s); err != nil {
				return err
			}
		}
		next, err := sharing.Next(s.c.State, command.Action, yes)
		if err != nil {
			return err
		}
		s.entry = sharing.Entry{
			At: s.now, Actor: command.Actor.UserID, DepartmentID: command.Actor.DepartmentID, Action: command.Action,
			From: s.c.State, To: next, Policy: command.Policy, Data: map[string]string{},
		}
		s.c.State = next
		if err := act(s); err != nil {
			return err
		}
		if err := s.finish(); err != nil {
			return err
		}
		snapshot, err = s.snapshot()
		return err
	})
	return snapshot, ToTemporal(err)
}

// finish writes the step: the case, its outcome, its messages, its audit entry.
func (s *step) finish() error {
	s.c.Version++
	s.c.UpdatedAt = s.now
	if !s.c.State.Open() {
		s.c.ClosedAt = &s.now
	}
	if err := s.tx.StepCase(s.ctx, s.c); err != nil {
		return err
	}
	if s.command.ID != "" {
		outcome, err := json.Marshal(Outcome{CaseID: s.c.ID, State: s.c.State, Version: s.c.Version})
		if err != nil {
			return err
		}
		if err := s.tx.FinishCommand(s.ctx, s.command.ID, outcome); err != nil {
			return err
		}
	}
	if err := s.tx.Send(s.ctx, s.now, s.messages...); err != nil {
		return err
	}
	s.entry.RegionID, s.entry.SubjectID, s.entry.Version = s.c.RegionID, s.c.ID, s.c.Version
	return s.tx.Append(s.ctx, s.entry)
}

// Outcome is what a step came to, as a repeated request is told it again.
type Outcome struct {
	CaseID  string        `json:"case_id"`
	State   sharing.State `json:"state"`
	Version int           `json:"version"`
}

func (s *step) snapshot() (sharing.Snapshot, error) {
	wake, err := s.tx.Wake(s.ctx, s.c.ID)
	if err != nil {
		return sharing.Snapshot{}, err
	}
	if !s.c.State.Open() {
		wake = nil
	}
	return sharing.Snapshot{CaseID: s.c.ID, State: s.c.State, Version: s.c.Version, Wake: wake}, nil
}

// tell adds a message for a department.
func (s *step) tell(d sharing.Department, topic string, data map[string]string) {
	s.messages = append(s.messages, sharing.Message{Topic: topic, CaseID: s.c.ID, DepartmentID: d.ID, Data: data})
}

// body decodes the body of the step's command.
func body[T any](c sharing.Command) (T, error) {
	var v T
	err := json.Unmarshal(c.Body, &v)
	if err != nil {
		err = &sharing.Error{Code: sharing.CodeInvalid, Cause: err}
	}
	return v, err
}

// checked decodes the body of the step's command and checks it as the desk did: a
// command may have waited since.
func checked[T interface{ Check() error }](c sharing.Command) (T, error) {
	v, err := body[T](c)
	if err == nil {
		err = v.Check()
	}
	return v, err
}

// ToTemporal marks an error that trying again cannot mend. The error's details carry the
// *sharing.Error, without its cause: that one stays here.
func ToTemporal(err error) error {
	var known *sharing.Error
	if !errors.As(err, &known) || known.Code == sharing.CodeUnavailable {
		return err
	}
	public := *known
	public.Cause = nil
	return temporal.NewApplicationErrorWithOptions(public.Detail, string(public.Code), temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{public},
	})
}

// FromTemporal is the way back: the *sharing.Error that a step returned, or
// err itself when it carries none.
func FromTemporal(err error) error {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		return err
	}
	var known sharing.Error
	if app.HasDetails() && app.Details(&known) == nil && known.Code != "" {
		return &known
	}
	return err
}
