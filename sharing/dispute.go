package sharing

// States and steps of a correction dispute (疑义、错误校核).
const (
	Verifying State = "verifying" // the provider verifies within its limit
	Corrected State = "corrected" // the data was wrong and has been corrected. Final.
	Explained State = "explained" // the data is right, and why. Final; an objection goes to coordination.

	Verify Action = "verify"
)

// disputeMachine: yanzhou-2024 art. 23, city-2023 art. 24, jinan-startup-2023
// art. 36, lishui-2020 art. 13, shuozhou-2021 art. 19.
var disputeMachine = Machine{
	Starts: []State{Verifying},
	Steps: []Transition{
		{Verifying, Verify, Corrected, ByProvider, "what was wrong, and is right now"},
		{Verifying, Verify, Explained, ByProvider, "why it is right"},
		{Verifying, Reassign, Verifying, ByAuthority, "with a reason"},
		{Verifying, Withdraw, Withdrawn, ByApplicant, ""},
	},
}
