package workflows

import (
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
)

// Rectify is a rectification (整改), up the rungs that the regulation has:
// yanzhou-2024 arts. 37 and 38, city-2023 art. 35, lishui-2020 arts. 33 and 34,
// shuozhou-2021 art. 33.
func Rectify(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.RectificationOrder, in)
	if err != nil {
		return run.result(), err
	}

	// Opened by hand on a finding, or filed when the ladder of another case ended.
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}

	// Notice to rectify (yanzhou 37, shuozhou 33); not mended in time, it is reported
	// to the leading group (shuozhou 33), which orders it by a deadline (city 35,
	// lishui 33 and 34); not obeyed, it is criticised in public (shuozhou 33, yanzhou
	// 38). From each rung evidence can be handed in, and is looked at by the
	// authority.
	run.while(ctx, sharing.Notified, sharing.Reported, sharing.Ordered, sharing.Criticised, sharing.Reviewing)

	// Rectified, cancelled, or referred for sanctions (lishui 33 and 34, shuozhou 33).
	return run.end(ctx, Rectify)
}
