package sharing

// States and steps of coordination (协调) besides those all procedures share.
const (
	// UnderCoordination: the authority hears the owner and decides, within the limit for it.
	UnderCoordination State = "coordinating"
	Overturned        State = "overturned" // the requester is right: what was refused is due. Final.
	Upheld            State = "upheld"     // the refusal stands, with reasons. Final.
	Catalogued        State = "catalogued" // the owner catalogues the resource and shares it. Final.
	PassedUp          State = "passed_up"  // the data is held above: a need to be sent upward. Final.

	NameOwner Action = "name_owner" // the authority finds out which department holds the data
	Opine     Action = "opine"      // the owner states its view
	Rule      Action = "rule"       // the authority decides
)

// coordinationMachine: a requester takes a refusal, a resource that is not shared
// or one that nobody catalogued to the authority (city-2023 art. 22,
// jinan-startup-2023 art. 19, shuozhou-2021 art. 20).
var coordinationMachine = Machine{
	Starts: []State{UnderCoordination},
	Steps: []Transition{
		{UnderCoordination, NameOwner, UnderCoordination, ByAuthority, "where nobody knows who holds it"},
		{UnderCoordination, Opine, UnderCoordination, ByProvider, "its view, with basis"},
		{UnderCoordination, Rule, Overturned, ByAuthority, "binding: an agreed case follows"},
		{UnderCoordination, Rule, Upheld, ByAuthority, "binding, with reasons"},
		{UnderCoordination, Rule, Catalogued, ByAuthority, "binding: a catalog entry follows"},
		{UnderCoordination, Rule, PassedUp, ByAuthority, "held above: a need follows"},
		{UnderCoordination, Withdraw, Withdrawn, ByApplicant, ""},
	},
}
