package workflows

import (
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
)

// Project is the initiation, acceptance and supervision of an IT project
// (信息化项目立项、验收): yanzhou-2024 arts. 9, 13, 33 and 36, city-2023 arts. 8 and
// 34, jinan-startup-2023 arts. 12 and 41, lishui-2020 arts. 12 and 29,
// shuozhou-2021 arts. 4, 9 and 11.
func Project(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.ProjectAcceptance, in)
	if err != nil {
		return run.result(), err
	}

	// Registered with its list of data resources.
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}

	// The list is a condition of approval (yanzhou 36, city 34, lishui 29, shuozhou
	// 11); a department that does not meet the conditions elsewhere gets none (lishui
	// 29, shuozhou 9).
	run.while(ctx, sharing.Initiating)

	// Built, handed over, and checked: catalogued, collected, shared, up to date. What
	// is not accepted is mended and checked again, and funds wait meanwhile (yanzhou
	// 36).
	run.while(ctx, sharing.Building, sharing.Accepting, sharing.Rectifying)

	// Live: checked again by schedule (yanzhou 13, city 34) until it is retired; what
	// is found decides on O&M money and new projects (city 34).
	run.while(ctx, sharing.Accepted)

	// Not approved, withdrawn or retired.
	return run.end(ctx, Project)
}
