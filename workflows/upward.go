package workflows

import (
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
)

// Need is what one department needs of data held above (向上需求): shuozhou-2021
// art. 20.
func Need(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.UpwardNeed, in)
	if err != nil {
		return run.result(), err
	}

	// The department tells the authority, through which data held above is applied
	// for (art. 20(2)).
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}

	// It waits to be bundled with the needs of others for the same data, and goes up
	// with them (art. 20(3)); until then it can be withdrawn. No limit is set.
	run.while(ctx, sharing.Collected, sharing.Bundled, sharing.SentUp)

	// Granted or refused above, or withdrawn.
	return run.end(ctx, Need)
}

// Upward is a request upward (向上申请), which the authority makes of the needs of
// several departments: shuozhou-2021 art. 20.
func Upward(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.UpwardRequest, in)
	if err != nil {
		return run.result(), err
	}
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}

	// The authority gathers the needs for one kind of data (art. 20(3)).
	run.while(ctx, sharing.Preparing)

	// Submitted to the exchange platform above (art. 20(2)): its answer comes back to
	// each department, in the step that records it.
	run.while(ctx, sharing.SentUp)

	// Granted or refused above, or given up.
	return run.end(ctx, Upward)
}
