package sharing

// States and steps of project acceptance (信息化项目立项、验收).
const (
	Initiating  State = "initiating"   // the list of data resources is checked: a condition of approval
	Building    State = "building"     // approved, under construction
	Accepting   State = "accepting"    // acceptance was asked for: each resource is checked
	Rectifying  State = "rectifying"   // not accepted: the gaps were named, finance was told
	Accepted    State = "accepted"     // live, and checked again by schedule
	NotApproved State = "not_approved" // no approval without a sound list. Final.
	Retired     State = "retired"      // the system is out of service. Final.

	Initiate      Action = "initiate"       // approve the initiation, or do not
	AskAcceptance Action = "ask_acceptance" // with evidence
	Accept        Action = "accept"         // accept, or name the gaps
	ReportGaps    Action = "report_gaps"    // the gaps are mended: check again
	Inspect       Action = "inspect"        // after going live, by schedule or by hand
	Retire        Action = "retire"
)

// projectMachine: yanzhou-2024 arts. 9, 13, 33 and 36, city-2023 arts. 8 and 34,
// jinan-startup-2023 arts. 12 and 41, lishui-2020 arts. 12 and 29, shuozhou-2021
// arts. 4, 9 and 11.
var projectMachine = Machine{
	Starts: []State{Initiating},
	Steps: []Transition{
		{Initiating, Initiate, Building, ByAuthority, "the list is sound"},
		{Initiating, Initiate, NotApproved, ByAuthority, "with reasons"},
		{Building, AskAcceptance, Accepting, ByApplicant, "with evidence"},
		{Accepting, Accept, Accepted, ByAuthority, "every check is met"},
		{Accepting, Accept, Rectifying, ByAuthority, "all gaps in one notice; finance is told to hold further funds"},
		{Rectifying, ReportGaps, Accepting, ByApplicant, "what was mended"},
		{Accepted, Inspect, Accepted, ByAuthority, "after going live; by schedule, too"},
		{Accepted, Retire, Retired, ByApplicant, ""},
		{Initiating, Withdraw, Withdrawn, ByApplicant, ""},
		{Building, Withdraw, Withdrawn, ByApplicant, ""},
	},
}
