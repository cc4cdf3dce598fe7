package activities

import (
	"context"

	"gongshu/sharing"
)

// Do carries out one command; the activities are such functions.
type Do = func(ctx context.Context, commandID string) (sharing.Snapshot, error)

// Steps returns what carries out each action on the cases of a procedure; Submit
// opens one. Those who only name activities, as workflows do, pass nil.
func Steps(a *Activities, p sharing.Procedure) map[sharing.Action]Do {
	switch p {
	case sharing.ShareApplication:
		return a.shareSteps()
	case sharing.CatalogChange:
		return a.changeSteps()
	case sharing.UpwardNeed:
		return a.needSteps()
	case sharing.UpwardRequest:
		return a.upwardSteps()
	case sharing.CorrectionDispute:
		return a.disputeSteps()
	case sharing.Coordination:
		return a.coordinationSteps()
	case sharing.OpeningRequest:
		return a.openingSteps()
	case sharing.StandingDuty:
		return a.standingSteps()
	case sharing.ProjectAcceptance:
		return a.projectSteps()
	case sharing.RectificationOrder:
		return a.rectificationSteps()
	}
	return nil
}

// timed names what time itself does to the cases of a procedure, at the instant
// that the case names.
func (a *Activities) timed() map[sharing.Procedure]func(*step) error {
	return map[sharing.Procedure]func(*step) error{
		sharing.CatalogChange:     (*step).elapseChange,
		sharing.ProjectAcceptance: (*step).inspect,
	}
}

// shareSteps are the steps of a share application.
func (a *Activities) shareSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Submit:            a.Submit,
		sharing.Pass:              a.Pass,
		sharing.SendBack:          a.SendBack,
		sharing.Extend:            a.Extend,
		sharing.Reassign:          a.Reassign,
		sharing.RequestCompletion: a.RequestCompletion,
		sharing.Complete:          a.Complete,
		sharing.Answer:            a.Answer,
		sharing.Provide:           a.Provide,
		sharing.Confirm:           a.Confirm,
		sharing.ReportFailure:     a.ReportFailure,
		sharing.Withdraw:          a.Withdraw,
		sharing.Consent:           a.Consent,
		sharing.Suspend:           a.Suspend,
		sharing.Resume:            a.Resume,
		sharing.Revoke:            a.Revoke,
	}
}
