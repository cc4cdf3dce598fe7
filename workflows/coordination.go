package workflows

import (
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
)

// Coordinate is a matter taken to the authority (协调), from the request to the
// ruling: city-2023 art. 22, jinan-startup-2023 art. 19, shuozhou-2021 art. 20.
func Coordinate(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.Coordination, in)
	if err != nil {
		return run.result(), err
	}

	// Asked for after a refusal (city 22, jinan-startup 19), for data that is not
	// shared (city 22) or not in the catalog (city 22, shuozhou 20), in a doubt that
	// stays unresolved (jinan-startup 19), or against a measure on a grant.
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}

	// The authority finds the owner where nobody knows it, hears it, and decides: at
	// once at jinan-startup (19), elsewhere without a limit of the text.
	run.while(ctx, sharing.UnderCoordination)

	// Overturned: an agreed case, a resumed grant or another verification follows.
	// Upheld. Catalogued: the owner owes the entry (shuozhou 20). Passed up: a need for
	// data held above follows (shuozhou 20). Or withdrawn.
	return run.end(ctx, Coordinate)
}
