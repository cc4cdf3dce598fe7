package sharing

// States and steps of a standing duty (常年职责): yearly catalog maintenance, the
// yearly report, data past its update cycle.
const (
	Owed      State = "owed"
	Fulfilled State = "fulfilled" // Final.
	Waived    State = "waived"    // not owed after all, with a reason. Final.

	Fulfil Action = "fulfil"
	Waive  Action = "waive"
)

// standingMachine: city-2023 arts. 11, 23 and 31, jinan-startup-2023 arts. 14 and
// 43, yanzhou-2024 arts. 3(5) and 35, lishui-2020 arts. 8(5) and 28, shuozhou-2021
// arts. 17 and 32. A case is opened for each department that owes one.
var standingMachine = Machine{
	Starts: []State{Owed},
	Steps: []Transition{
		{Owed, Fulfil, Fulfilled, ByProvider, "with what was done"},
		{Owed, Waive, Waived, ByAuthority, "with a reason"},
	},
}
