package sharing

// States and steps of a catalog change (目录编制、变更).
const (
	Revising         State = "revising"          // returned by a review: the department revises
	DepartmentReview State = "department_review" // 部门审核
	SecrecyReview    State = "secrecy_review"    // 保密审查
	AuthorityReview  State = "authority_review"  // 主管部门审核
	ApprovalAbove    State = "approval_above"    // 管委会批准 of what is not shared
	Warning          State = "warning"           // holders were warned; it takes effect on its day
	Published        State = "published"         // Final.
	Temporary        State = "temporary"         // in effect for a time; reverts on its day
	Reverted         State = "reverted"          // the temporary change is over. Final.
	Rejected         State = "rejected"          // not approved, with reasons. Final.

	ReviewChange Action = "review_change" // the department's own review
	ClearSecrecy Action = "clear_secrecy" // the secrecy review
	CheckChange  Action = "check_change"  // the authority's review
	ApproveAbove Action = "approve_above" // the office above the authority
	Revise       Action = "revise"        // hand in the revised change
	Acknowledge  Action = "acknowledge"   // a holder has read the warning
	TakeEffect   Action = "take_effect"   // time
	Revert       Action = "revert"        // time
	EndEarly     Action = "end_early"     // the ground of a temporary change is gone
)

// changeMachine: yanzhou-2024 art. 11, city-2023 arts. 11 and 13,
// jinan-startup-2023 arts. 9, 10 and 15, lishui-2020 art. 9, shuozhou-2021
// arts. 10 and 12. Which reviews there are, the regulation says.
var changeMachine = Machine{
	Starts: []State{DepartmentReview},
	Steps: []Transition{
		{DepartmentReview, ReviewChange, SecrecyReview, ByProvider, "by somebody other than its author"},
		{DepartmentReview, ReviewChange, Revising, ByProvider, "returned, with reasons"},
		{SecrecyReview, ClearSecrecy, AuthorityReview, ByProvider, "where the authority reviews"},
		{SecrecyReview, ClearSecrecy, Warning, ByProvider, "where holders are warned"},
		{SecrecyReview, ClearSecrecy, Published, ByProvider, "where nothing else is asked"},
		{SecrecyReview, ClearSecrecy, Temporary, ByProvider, "a temporary change of class"},
		{SecrecyReview, ClearSecrecy, Revising, ByProvider, "returned, with reasons"},
		{AuthorityReview, CheckChange, ApprovalAbove, ByAuthority, "what is not to be shared is approved above"},
		{AuthorityReview, CheckChange, Warning, ByAuthority, "where holders are warned"},
		{AuthorityReview, CheckChange, Published, ByAuthority, ""},
		{AuthorityReview, CheckChange, Temporary, ByAuthority, "a temporary change of class"},
		{AuthorityReview, CheckChange, Revising, ByAuthority, "returned, with reasons"},
		{ApprovalAbove, ApproveAbove, Warning, ByAbove, "where holders are warned"},
		{ApprovalAbove, ApproveAbove, Published, ByAbove, ""},
		{ApprovalAbove, ApproveAbove, Temporary, ByAbove, "a temporary change of class"},
		{ApprovalAbove, ApproveAbove, Rejected, ByAbove, "with reasons"},
		{Revising, Revise, DepartmentReview, ByProvider, ""},
		{Warning, Acknowledge, Warning, ByHolder, "has read the warning"},
		{Warning, TakeEffect, Published, ByTime, "the day announced has come"},
		{Temporary, Revert, Reverted, ByTime, "its last day has passed"},
		{Temporary, EndEarly, Reverted, ByProvider, "the ground is gone"},
		{DepartmentReview, Withdraw, Withdrawn, ByProvider, ""},
		{SecrecyReview, Withdraw, Withdrawn, ByProvider, ""},
		{AuthorityReview, Withdraw, Withdrawn, ByProvider, ""},
		{ApprovalAbove, Withdraw, Withdrawn, ByProvider, ""},
		{Revising, Withdraw, Withdrawn, ByProvider, ""},
		{Warning, Withdraw, Withdrawn, ByProvider, "before it takes effect"},
	},
}
