package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/google/uuid"

	"gongshu/sharing"
	"gongshu/workflows"
)

// door checks what somebody wants to open a case about against what they may see,
// and returns the labels of that case, by which the policy decides.
type door func(ctx context.Context, d *Desk, who sharing.User, content sharing.Checked) (sharing.Thing, error)

// doors are the ways into each procedure that people take; cases of the others
// follow from steps or from time.
var doors = map[sharing.Procedure]door{
	sharing.UpwardNeed:         needDoor,
	sharing.UpwardRequest:      upwardDoor,
	sharing.CatalogChange:      changeDoor,
	sharing.CorrectionDispute:  disputeDoor,
	sharing.ProjectAcceptance:  projectDoor,
	sharing.RectificationOrder: rectificationDoor,
	sharing.Coordination:       coordinationDoor,
}

// gates hold what is said in a step against what the person may see, of procedures
// in which steps name other things than their own case.
var gates = map[sharing.Procedure]func(ctx context.Context, d *Desk, who sharing.User, c sharing.Case, said sharing.Checked) error{
	sharing.CatalogChange: changeGate,
}

// Open opens a case of a procedure about the content, a JSON object of the type
// that the procedure's machine names.
func (d *Desk) Open(ctx context.Context, who sharing.User, key string, p sharing.Procedure, content json.RawMessage) (Outcome, error) {
	var outcome Outcome
	enter, machine := doors[p], p.Machine()
	if enter == nil || machine.Content == nil {
		return outcome, notFound
	}
	about := machine.Content()
	if err := decode(content, about); err != nil {
		return outcome, err
	}
	if err := about.Check(); err != nil {
		return outcome, err
	}
	thing, err := enter(ctx, d, who, about)
	if err != nil {
		return outcome, err
	}
	thing.Kind = p.Kind()
	if !d.may(who, sharing.Submit, thing) {
		return outcome, forbidden
	}
	id := OpenedID(who.ID, key)
	command, err := d.stage(ctx, d.standingIn(who, sharing.Submit, thing), key, sharing.Submit, id, 0, about)
	if err != nil {
		return outcome, err
	}
	err = d.carry(ctx, command, &outcome, func(ctx context.Context) error {
		return d.Engine.Submit(ctx, p, id, workflows.Step{CommandID: command.ID, Action: sharing.Submit})
	})
	if err == nil && p == sharing.RectificationOrder {
		d.fix(ctx, outcome.CaseID, sharing.Submit)
	}
	return outcome, err
}

// OpenedID returns the id that a case has when the user opens it under the key.
// It follows from the two, so that the same request repeated is the same; without
// a key it is a new one.
func OpenedID(userID, key string) string {
	if key == "" {
		return uuid.NewString()
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(userID+"\x00"+key)).String()
}

// Step takes a step on a case, with a message of the type that the machine of its
// procedure names for the action, as a JSON object.
func (d *Desk) Step(ctx context.Context, who sharing.User, act Act, action sharing.Action, message json.RawMessage) (Outcome, error) {
	c, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), act.CaseID)
	if err != nil {
		return Outcome{}, err
	}
	machine := c.Procedure.Machine()
	says := machine.Says[action]
	if says == nil {
		return Outcome{}, sharing.Errorf(sharing.CodeWrongState, "%s is not a step of %s", action, c.Procedure)
	}
	if !d.may(who, action, c.Thing()) {
		return Outcome{}, forbidden // before what is wrong with the message
	}
	said := says()
	if err := decode(message, said); err != nil {
		return Outcome{}, err
	}
	if err := said.Check(); err != nil {
		return Outcome{}, err
	}
	if gate := gates[c.Procedure]; gate != nil {
		if err := gate(ctx, d, who, c, said); err != nil {
			return Outcome{}, err
		}
	}
	return d.step(ctx, who, act, action, said)
}

// decode reads one JSON object and nothing else into v.
func decode(raw json.RawMessage, v any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = []byte("{}")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("more than one value")
	}
	var known *sharing.Error
	if errors.As(err, &known) {
		return known
	}
	return &sharing.Error{Code: sharing.CodeInvalid, Detail: "not what the step expects", Cause: err}
}

// MayOpen reports whether the user may open cases of a procedure at all: there is
// a way in, and the policy lets the user take it with at least some labels.
func (d *Desk) MayOpen(who sharing.User, p sharing.Procedure) bool {
	return doors[p] != nil && d.mayWithAny(who, p.Kind(), sharing.Submit) && d.hasUpward(who, p)
}
