package workflows

import (
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
)

// Dispute is a correction dispute (疑义、错误校核), from the report to its
// verification: yanzhou-2024 art. 23, city-2023 art. 24, jinan-startup-2023
// art. 36, lishui-2020 art. 13, shuozhou-2021 art. 19.
func Dispute(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.CorrectionDispute, in)
	if err != nil {
		return run.result(), err
	}

	// Reported by who uses the data; or ordered by the authority, when it overturned
	// what was explained before (jinan-startup 19).
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}

	// The provider corrects the record or explains why it is right, within its limit
	// (yanzhou 23: at once; city 24: 5 working days; lishui 13: 2; shuozhou 19: 10).
	// Meanwhile offices go on with citizens' matters on valid proof (yanzhou 23,
	// city 24, jinan-startup 36, lishui 13).
	run.while(ctx, sharing.Verifying)

	// Corrected, which every holder is told (city 23); explained; or withdrawn. An
	// objection is a case of coordination.
	return run.end(ctx, Dispute)
}
