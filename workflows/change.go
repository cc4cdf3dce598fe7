package workflows

import (
	"go.temporal.io/sdk/workflow"

	"gongshu/sharing"
)

// Change is a catalog change (目录编制、变更), from its draft to the day it takes
// effect, or, of a temporary one, to the day it reverts: yanzhou-2024 arts. 11, 20
// and 32, city-2023 arts. 11, 13, 19, 20 and 32, jinan-startup-2023 arts. 9, 10, 15
// and 23, lishui-2020 arts. 9, 18(3) and 24, shuozhou-2021 arts. 10, 12, 16 and 23.
func Change(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.CatalogChange, in)
	if err != nil {
		return run.result(), err
	}

	// Drafted: within its limit after a change of law or function (city 11 and
	// jinan-startup 10: 15 working days) or of the resource (yanzhou 11: one update
	// cycle). Or owed after a coordination, and still to be drafted (shuozhou 20).
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}

	// Reviewed by the department, by somebody other than its author, and before
	// anything is shared or opened for what must be kept secret (yanzhou 32, city 32,
	// jinan-startup 23 and 35, lishui 24, shuozhou 23). What a review returns is revised.
	run.while(ctx, sharing.DepartmentReview, sharing.SecrecyReview, sharing.Revising)

	// Reviewed by the authority (jinan-startup 9, lishui 9, shuozhou 10 and 12), and
	// approved above it where data is not to be shared (jinan-startup 15).
	run.while(ctx, sharing.AuthorityReview, sharing.ApprovalAbove, sharing.DepartmentReview, sharing.SecrecyReview, sharing.Revising)

	// Announced: everybody who holds a grant has at least a month's notice (shuozhou
	// 12), and on its day it takes effect by itself. If it cannot, it is revised.
	run.while(ctx, sharing.Warning, sharing.DepartmentReview, sharing.SecrecyReview, sharing.Revising, sharing.AuthorityReview, sharing.ApprovalAbove)

	// For a time only, for security, public interest or a public incident
	// (jinan-startup 15): it reverts after its last day, or when its ground is gone.
	run.while(ctx, sharing.Temporary)

	// Published, reverted, rejected or withdrawn.
	return run.end(ctx, Change)
}
