package sharing

// States and steps of an open-data request (依申请开放).
const (
	Screening State = "screening" // secrecy review by the owner, before anything is opened
	Deciding  State = "deciding"  // the owner opens the data or refuses
	Signing   State = "signing"   // the data-use agreement is to be signed first
	Opened    State = "opened"    // Final.

	Screen        Action = "screen"
	AnswerOpening Action = "answer_opening"
	SignAgreement Action = "sign_agreement"
)

// openingMachine: city-2023 art. 27, jinan-startup-2023 art. 22, shuozhou-2021
// art. 25.
var openingMachine = Machine{
	Starts: []State{Screening},
	Steps: []Transition{
		{Screening, Screen, Deciding, ByProvider, "secrecy review"},
		{Screening, Screen, Refused, ByProvider, "with reasons and legal basis"},
		{Deciding, AnswerOpening, Opened, ByProvider, ""},
		{Deciding, AnswerOpening, Signing, ByProvider, "where an agreement is signed first"},
		{Deciding, AnswerOpening, Refused, ByProvider, "with reasons and legal basis"},
		{Signing, SignAgreement, Opened, ByApplicant, "the data-use agreement"},
		{Screening, Withdraw, Withdrawn, ByApplicant, ""},
		{Deciding, Withdraw, Withdrawn, ByApplicant, ""},
		{Signing, Withdraw, Withdrawn, ByApplicant, ""},
	},
}
