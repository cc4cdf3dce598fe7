package sharing

// States and steps of rectification (整改): the ladder of the regulation's
// supervision, rung by rung.
const (
	Notified   State = "notified"   // notice to rectify, with a deadline
	Reported   State = "reported"   // to the leading group
	Ordered    State = "ordered"    // which orders correction by a deadline
	Criticised State = "criticised" // public criticism
	Reviewing  State = "reviewing"  // evidence was handed in: the authority looks at it
	Rectified  State = "rectified"  // the authority confirmed the evidence. Final.
	Sanctioned State = "sanctioned" // referred for sanctions. Final.
	Cancelled  State = "cancelled"  // opened without ground. Final.

	HandInEvidence Action = "hand_in_evidence"
	JudgeEvidence  Action = "judge_evidence"
	Escalate       Action = "escalate" // to the next rung of the regulation
	Cancel         Action = "cancel"
)

// rectificationMachine: yanzhou-2024 arts. 37 and 38, city-2023 art. 35,
// jinan-startup-2023 art. 44, lishui-2020 arts. 33 and 34, shuozhou-2021 art. 33.
// Which rungs there are, and who takes them, the regulation says.
var rectificationMachine = Machine{
	Starts: []State{Notified, Ordered},
	Steps: []Transition{
		{Notified, HandInEvidence, Reviewing, ByProvider, ""},
		{Reported, HandInEvidence, Reviewing, ByProvider, ""},
		{Ordered, HandInEvidence, Reviewing, ByProvider, ""},
		{Criticised, HandInEvidence, Reviewing, ByProvider, ""},
		{Reviewing, JudgeEvidence, Rectified, ByAuthority, "confirmed"},
		{Reviewing, JudgeEvidence, Notified, ByAuthority, "not enough: back to the rung it was on"},
		{Reviewing, JudgeEvidence, Reported, ByAuthority, "not enough: back to the rung it was on"},
		{Reviewing, JudgeEvidence, Ordered, ByAuthority, "not enough: back to the rung it was on"},
		{Reviewing, JudgeEvidence, Criticised, ByAuthority, "not enough: back to the rung it was on"},
		{Notified, Escalate, Reported, ByAuthority, "reported to the leading group"},
		{Notified, Escalate, Ordered, ByAbove, "where nothing lies between"},
		{Notified, Escalate, Criticised, ByAbove, "where nothing lies between"},
		{Notified, Escalate, Sanctioned, ByAbove, "where nothing lies between"},
		{Reported, Escalate, Ordered, ByAbove, "by a deadline"},
		{Reported, Escalate, Criticised, ByAbove, "where nothing lies between"},
		{Reported, Escalate, Sanctioned, ByAbove, "where nothing lies between"},
		{Ordered, Escalate, Criticised, ByAbove, ""},
		{Ordered, Escalate, Sanctioned, ByAbove, "where nothing lies between"},
		{Criticised, Escalate, Sanctioned, ByAbove, "in serious cases"},
		{Notified, Cancel, Cancelled, ByAuthority, "with a reason"},
		{Reported, Cancel, Cancelled, ByAuthority, "with a reason"},
	},
}
