package sharing

// States and steps of requests upward (向上申请): a resource held above is applied
// for through the authority, and several departments' needs become one request
// (shuozhou-2021 art. 20).
const (
	Collected    State = "collected"     // the authority has the need
	Bundled      State = "bundled"       // it is part of a request upward
	Preparing    State = "preparing"     // the request gathers needs
	SentUp       State = "sent_up"       // submitted above, to be answered there
	GrantedAbove State = "granted"       // answered above: to be had. Final.
	RefusedAbove State = "refused_above" // answered above: not to be had, with reasons. Final.

	Bundle     Action = "bundle"      // take needs into the request
	SendUp     Action = "send_up"     // submit it above
	RelayReply Action = "relay_reply" // record what was answered above: it comes back to each
	Abandon    Action = "abandon"     // give the request up: its needs are free again
)

var needMachine = Machine{
	Starts: []State{Collected},
	Steps: []Transition{
		{Collected, Bundle, Bundled, BySystem, "taken into a request upward"},
		{Bundled, Abandon, Collected, BySystem, "the request was given up"},
		{Bundled, SendUp, SentUp, BySystem, "with the request"},
		{SentUp, RelayReply, GrantedAbove, BySystem, "as the request was answered"},
		{SentUp, RelayReply, RefusedAbove, BySystem, "as the request was answered"},
		{Collected, Withdraw, Withdrawn, ByApplicant, ""},
	},
}

var upwardMachine = Machine{
	Starts: []State{Preparing},
	Steps: []Transition{
		{Preparing, Bundle, Preparing, ByAuthority, "takes needs in"},
		{Preparing, SendUp, SentUp, ByAuthority, "submits it above"},
		{Preparing, Abandon, Withdrawn, ByAuthority, "gives it up"},
		{SentUp, RelayReply, GrantedAbove, ByAuthority, "records the answer; it comes back to each need"},
		{SentUp, RelayReply, RefusedAbove, ByAuthority, "records the answer; it comes back to each need"},
	},
}
