package sharing

// States and steps of a catalog change (目录编制、变更).
const (
	Revising         State = "revising"          // to be drafted, or returned by a review: the department works on it
	DepartmentReview State = "department_review" // 部门审核
	SecrecyReview    State = "secrecy_review"    // 保密审查
	AuthorityReview  State = "authority_review"  // 主管部门审核
	ApprovalAbove    State = "approval_above"    // 管委会批准 of what is not shared
	Warning          State = "warning"           // approved and announced; it takes effect on its day
	Published        State = "published"         // Final.
	Temporary        State = "temporary"         // in effect for a time; reverts on its day
	Reverted         State = "reverted"          // the temporary change is over. Final.
	Rejected         State = "rejected"          // not approved, with reasons. Final.

	ReviewChange Action = "review_change" // the department's own review
	ClearSecrecy Action = "clear_secrecy" // the secrecy review
	CheckChange  Action = "check_change"  // the authority's review
	ApproveAbove Action = "approve_above" // the office above the authority
	Revise       Action = "revise"        // hand in the drafted or revised change
	TakeEffect   Action = "take_effect"   // time
	Revert       Action = "revert"        // time
	EndEarly     Action = "end_early"     // the ground of a temporary change is gone

	// Acknowledge says that a holder has read the warning. It is no step of the case:
	// holders are not its parties, and many of them acknowledge at once.
	Acknowledge Action = "acknowledge"
)

// changeMachine: yanzhou-2024 art. 11, city-2023 arts. 11 and 13,
// jinan-startup-2023 arts. 9, 10 and 15, lishui-2020 art. 9, shuozhou-2021
// arts. 10 and 12. Which reviews there are, the regulation says; see [ChangeRoute].
var changeMachine = Machine{
	Starts: []State{DepartmentReview, Revising},
	Steps: []Transition{
		{DepartmentReview, ReviewChange, SecrecyReview, ByProvider, "by somebody other than its author; where something is shared or opened"},
		{DepartmentReview, ReviewChange, AuthorityReview, ByProvider, "where the authority reviews and nothing is to be kept secret"},
		{DepartmentReview, ReviewChange, Warning, ByProvider, "where nothing else is asked and it takes effect later"},
		{DepartmentReview, ReviewChange, Published, ByProvider, "where nothing else is asked"},
		{DepartmentReview, ReviewChange, Temporary, ByProvider, "a temporary change of class"},
		{DepartmentReview, ReviewChange, Revising, ByProvider, "returned, with reasons"},
		{SecrecyReview, ClearSecrecy, AuthorityReview, ByProvider, "by somebody other than its author; where the authority reviews"},
		{SecrecyReview, ClearSecrecy, Warning, ByProvider, "where it takes effect later"},
		{SecrecyReview, ClearSecrecy, Published, ByProvider, "where nothing else is asked"},
		{SecrecyReview, ClearSecrecy, Temporary, ByProvider, "a temporary change of class"},
		{SecrecyReview, ClearSecrecy, Revising, ByProvider, "returned, with reasons"},
		{AuthorityReview, CheckChange, ApprovalAbove, ByAuthority, "what is not to be shared is approved above"},
		{AuthorityReview, CheckChange, Warning, ByAuthority, "where holders are warned, or it takes effect later"},
		{AuthorityReview, CheckChange, Published, ByAuthority, ""},
		{AuthorityReview, CheckChange, Revising, ByAuthority, "returned, with reasons"},
		{ApprovalAbove, ApproveAbove, Warning, ByAbove, "where holders are warned, or it takes effect later"},
		{ApprovalAbove, ApproveAbove, Published, ByAbove, ""},
		{ApprovalAbove, ApproveAbove, Rejected, ByAbove, "with reasons"},
		{Revising, Revise, DepartmentReview, ByProvider, ""},
		{Warning, TakeEffect, Published, ByTime, "the day announced has come"},
		{Warning, TakeEffect, Revising, ByTime, "the day has come and it can no longer be published, for a reason that is given"},
		{Temporary, Revert, Reverted, ByTime, "its last day has passed"},
		{Temporary, EndEarly, Reverted, ByProvider, "the ground is gone"},
		{DepartmentReview, Withdraw, Withdrawn, ByProvider, ""},
		{SecrecyReview, Withdraw, Withdrawn, ByProvider, ""},
		{AuthorityReview, Withdraw, Withdrawn, ByProvider, ""},
		{ApprovalAbove, Withdraw, Withdrawn, ByProvider, ""},
		{Revising, Withdraw, Withdrawn, ByProvider, ""},
		{Warning, Withdraw, Withdrawn, ByProvider, "before it takes effect"},
	},
	Content: says[ChangeProposal],
	Says: map[Action]func() Checked{
		ReviewChange: says[Ruling],
		ClearSecrecy: says[Ruling],
		CheckChange:  says[Ruling],
		ApproveAbove: says[Ruling],
		Revise:       says[ChangeProposal],
		EndEarly:     says[Remark],
		Withdraw:     says[OptionalRemark],
	},
}

// ChangeRoute is which reviews a change passes before it takes effect.
type ChangeRoute struct {
	Secrecy   bool // the secrecy review of what is shared or opened
	Authority bool // the authority's review
	Above     bool // approval above the authority
}

// Next returns the review that follows one that agreed; ok is false when it was
// the last.
func (r ChangeRoute) Next(from State) (next State, ok bool) {
	stages := []struct {
		state State
		asked bool
	}{{DepartmentReview, true}, {SecrecyReview, r.Secrecy}, {AuthorityReview, r.Authority}, {ApprovalAbove, r.Above}}
	passed := false
	for _, stage := range stages {
		if passed && stage.asked {
			return stage.state, true
		}
		passed = passed || stage.state == from
	}
	return "", false
}

// ChangeAuthors returns the users who wrote a change: who submitted or revised it
// for the department that keeps the entry. They review nothing of it.
func ChangeAuthors(department string, acts []Act) []string {
	var authors []string
	for _, a := range acts {
		if (a.Action == Submit || a.Action == Revise) && a.Department == department {
			authors = append(authors, a.By)
			if a.OnBehalfOf != "" {
				authors = append(authors, a.OnBehalfOf)
			}
		}
	}
	return authors
}

// Reviews reports whether the action is a review, which no author of the change
// may take.
func Reviews(action Action) bool {
	switch action {
	case ReviewChange, ClearSecrecy, CheckChange, ApproveAbove:
		return true
	}
	return false
}
