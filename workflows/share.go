package workflows

import (
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
)

// Share is a share application for one resource (共享申请), from receipt to the
// end of its grant: yanzhou-2024 arts. 3, 18–22, city-2023 arts. 18–22,
// jinan-startup-2023 arts. 15–19, lishui-2020 arts. 16–19, shuozhou-2021
// arts. 14–20.
func Share(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.ShareApplication, in)
	if err != nil {
		return run.result(), err
	}

	// Received: by the update that submits it, or filed before together with others.
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}
	run.startSiblings(ctx)

	// Where the regulation has it, the authority checks first, within its own limit.
	run.while(ctx, sharing.Checking)

	// The provider answers within its limit (city 21: 5 working days; jinan-startup
	// 16: 10; shuozhou 16: 5), after at most one request for completion (补正). Ways of
	// sharing other than request and response also need the authority's consent
	// (lishui 17).
	run.while(ctx, sharing.Answering, sharing.Completing, sharing.Consenting)

	// Agreed: it provides the data (city 21: 5 working days from the answer), and the
	// applicant confirms receipt or reports failure.
	run.while(ctx, sharing.Agreed, sharing.Provided)

	// In use for the stated purpose until the term ends (yanzhou 22, city 30,
	// jinan-startup 18, lishui 19(2), shuozhou 29). Unconditionally shared resources
	// begin here (yanzhou 18, city 21, jinan-startup 16, lishui 18, shuozhou 16), and
	// so do applications that fit a scenario (lishui 19(3)). Misuse suspends or revokes.
	run.while(ctx, sharing.InUse, sharing.OnHold)

	// Refused, withdrawn, revoked or ended.
	return run.end(ctx, Share)
}
