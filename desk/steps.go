package desk

import (
	"context"

	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workflows"
)

// Pass lets an application through the authority's first check; its note may be
// empty.
func (d *Desk) Pass(ctx context.Context, who sharing.User, act Act, body sharing.Remark) (Outcome, error) {
	if err := body.CheckOptional(); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.Pass, body)
}

// SendBack returns an application at the authority's first check, with reasons.
func (d *Desk) SendBack(ctx context.Context, who sharing.User, act Act, body sharing.Remark) (Outcome, error) {
	if err := body.Check(); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.SendBack, body)
}

// Extend gives the provider longer to answer, where the regulation allows it and
// by whom it names: the authority, or the provider itself.
func (d *Desk) Extend(ctx context.Context, who sharing.User, act Act, body sharing.Prolonging) (Outcome, error) {
	c, err := d.actable(ctx, who, act, sharing.Extend)
	if err != nil {
		return Outcome{}, err
	}
	rule := d.extension(c)
	if rule == nil {
		return Outcome{}, &sharing.Error{Code: sharing.CodeNoExtension, Detail: "the regulation allows no extension"}
	}
	if !extends(who, c, rule) {
		return Outcome{}, &sharing.Error{Code: sharing.CodeForbidden, Article: rule.Article}
	}
	if err := body.Check(rule.Cap); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.Extend, body)
}

// extension is what the case's regulation says of extending the limit for the
// answer; nil when it allows none.
func (d *Desk) extension(c sharing.Case) *regulation.Extension {
	law, ok := d.Law().ByID(c.RegulationID)
	if !ok {
		return nil
	}
	duty, ok := law.Duty(sharing.DutyAnswer)
	if !ok {
		return nil
	}
	return duty.Extension
}

// extends reports whether the user is whom the regulation names to extend.
func extends(who sharing.User, c sharing.Case, rule *regulation.Extension) bool {
	if rule.Approver == regulation.Authority {
		return who.Subject().Has(sharing.AuthorityOfficer, sharing.AuthorityHead)
	}
	return who.Department.ID == c.Provider.ID
}

// Reassign hands a case over to the department that has taken over its data.
func (d *Desk) Reassign(ctx context.Context, who sharing.User, act Act, body sharing.Reassignment) (Outcome, error) {
	if err := body.Check(); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.Reassign, body)
}

// RequestCompletion asks the applicant, once, for all that is missing (补正).
func (d *Desk) RequestCompletion(ctx context.Context, who sharing.User, act Act, body sharing.Completion) (Outcome, error) {
	if err := body.Check(); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.RequestCompletion, body)
}

// Complete adds what was missing.
func (d *Desk) Complete(ctx context.Context, who sharing.User, act Act, body sharing.Completed) (Outcome, error) {
	if err := body.Check(); err != nil {
		return Outcome{}, err
	}
	if err := d.checkOwnFiles(ctx, who, body.Attachments); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.Complete, body)
}

// Answer agrees or refuses.
func (d *Desk) Answer(ctx context.Context, who sharing.User, act Act, body sharing.Decision) (Outcome, error) {
	c, err := d.actable(ctx, who, act, sharing.Answer)
	if err != nil {
		return Outcome{}, err
	}
	law, ok := d.Law().ByID(c.RegulationID)
	if !ok {
		return Outcome{}, sharing.Errorf(sharing.CodeNoRegulation, "regulation %s is not loaded", c.RegulationID)
	}
	if err := body.Check(c, law.Refusal.Rule()); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.Answer, body)
}

// Provide says how the data is had.
func (d *Desk) Provide(ctx context.Context, who sharing.User, act Act, body sharing.Provision) (Outcome, error) {
	if err := body.Check(); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.Provide, body)
}

// Confirm says that the data was received; its note may be empty.
func (d *Desk) Confirm(ctx context.Context, who sharing.User, act Act, body sharing.Remark) (Outcome, error) {
	if err := body.CheckOptional(); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.Confirm, body)
}

// ReportFailure says that the data was not received as provided.
func (d *Desk) ReportFailure(ctx context.Context, who sharing.User, act Act, body sharing.Remark) (Outcome, error) {
	if err := body.Check(); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.ReportFailure, body)
}

// Withdraw takes an application back before it is answered; its note may be
// empty.
func (d *Desk) Withdraw(ctx context.Context, who sharing.User, act Act, body sharing.Remark) (Outcome, error) {
	if err := body.CheckOptional(); err != nil {
		return Outcome{}, err
	}
	return d.step(ctx, who, act, sharing.Withdraw, body)
}

// actable returns the case a step is to be taken on: one the user may see and act
// on. What may not be seen does not exist.
func (d *Desk) actable(ctx context.Context, who sharing.User, act Act, action sharing.Action) (sharing.Case, error) {
	c, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), act.CaseID)
	if err != nil {
		return c, err
	}
	if !d.may(who, action, c.Thing()) {
		return c, forbidden
	}
	return c, nil
}

// step has one step taken on a case.
func (d *Desk) step(ctx context.Context, who sharing.User, act Act, action sharing.Action, body any) (Outcome, error) {
	var outcome Outcome
	c, err := d.actable(ctx, who, act, action)
	if err != nil {
		return outcome, err
	}
	if act.Expected <= 0 {
		return outcome, &sharing.Error{Code: sharing.CodeConditionalRead, Detail: "say which version of the case was decided on"}
	}
	command, err := d.stage(ctx, d.standingIn(who, action, c.Thing()), act.Key, action, c.ID, act.Expected, body)
	if err != nil {
		return outcome, err
	}
	err = d.carry(ctx, command, &outcome, func(ctx context.Context) error {
		if machine := c.Procedure.Machine(); c.Version == act.Expected && !machine.CanFollow(c.State, action) {
			_, err := machine.Next(c.State, action, "")
			return err
		}
		return d.Engine.Step(ctx, c.ID, workflows.Step{CommandID: command.ID, Action: action, Expected: act.Expected})
	})
	if err == nil {
		d.fix(ctx, c.ID, action)
	}
	return outcome, err
}
