package workflows

import (
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
)

// Opening is an open-data request of a citizen or a company (依申请开放), from
// receipt to the data or a refusal: city-2023 arts. 27 and 32, jinan-startup-2023
// arts. 22 and 23, shuozhou-2021 arts. 23 and 25.
func Opening(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.OpeningRequest, in)
	if err != nil {
		return run.result(), err
	}

	// Received, once the contact is proved. The limit for the answer runs from here
	// (shuozhou 25: 10 working days).
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}

	// The owner reviews it for secrecy before anything is opened (city 32,
	// jinan-startup 23, shuozhou 23).
	run.while(ctx, sharing.Screening)

	// It opens the data, or refuses with reasons and basis (shuozhou 25).
	run.while(ctx, sharing.Deciding)

	// Where the regulation has it, the applicant first signs the data-use agreement
	// (city 27).
	run.while(ctx, sharing.Signing)

	// Opened, refused or withdrawn.
	return run.end(ctx, Opening)
}
