package sharing

import (
	"fmt"
	"slices"
)

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
	Content: says[Need],
	Says:    map[Action]func() Checked{Withdraw: says[OptionalRemark]},
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
	Content: says[Upward],
	Says:    map[Action]func() Checked{Bundle: says[Bundling], SendUp: says[Dispatch], RelayReply: says[Reply], Abandon: says[Remark]},
}

// Need is what a department says it needs of data held above, in words: no entry
// of the region's own catalog describes it.
type Need struct {
	Title       string   `json:"title"`  // of the data
	Holder      string   `json:"holder"` // who above holds it, as far as is known
	Fields      []string `json:"fields,omitempty"`
	Purpose     string   `json:"purpose"`
	Duty        string   `json:"duty"` // the legal duty that it serves
	Mode        Mode     `json:"mode"`
	TermMonths  int      `json:"term_months"`
	Attachments []string `json:"attachments,omitempty"`
}

// Limits on what a need may hold.
const (
	MaxFields    = 200
	MaxNeedTitle = 200 // characters
)

// Check returns an *Error naming every field that keeps n from being submitted.
func (n Need) Check() error {
	var c checker
	c.title(n.Title, "/title")
	c.text(n.Holder, "/holder", true)
	c.require(len(n.Fields) <= MaxFields, "/fields", "max_items", fmt.Sprint(MaxFields))
	for i, f := range n.Fields {
		c.text(f, fmt.Sprintf("/fields/%d", i), true)
	}
	c.text(n.Purpose, "/purpose", true)
	c.text(n.Duty, "/duty", true)
	c.require(oneOf(n.Mode, Modes), "/mode", "one_of", fmt.Sprint(Modes))
	c.require(n.TermMonths >= 1 && n.TermMonths <= MaxTermMonths, "/term_months", "range", fmt.Sprintf("1 to %d", MaxTermMonths))
	c.require(len(n.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// Upward is a request upward as the authority writes it: one kind of data, and
// the needs of departments for it.
type Upward struct {
	Title  string `json:"title"`
	Holder string `json:"holder"`
	// Needs are numbers or ids of the needs that are taken in at once.
	Needs []string `json:"needs,omitempty"`
	Note  string   `json:"note,omitempty"`
}

// Check returns an *Error naming what is wrong with the request.
func (u Upward) Check() error {
	var c checker
	c.title(u.Title, "/title")
	c.text(u.Holder, "/holder", true)
	c.needs(u.Needs)
	c.text(u.Note, "/note", false)
	return c.err()
}

// Bundling takes further needs into a request upward.
type Bundling struct {
	Needs []string `json:"needs"` // numbers or ids
}

// Check returns an *Error naming what is wrong with the bundling.
func (b Bundling) Check() error {
	var c checker
	c.require(len(b.Needs) > 0, "/needs", "required", "at least one need")
	c.needs(b.Needs)
	return c.err()
}

// MaxNeeds bounds how many needs one step takes into a request.
const MaxNeeds = 100

func (c *checker) needs(all []string) {
	c.require(len(all) <= MaxNeeds, "/needs", "max_items", fmt.Sprint(MaxNeeds))
	for i, n := range all {
		at := fmt.Sprintf("/needs/%d", i)
		c.text(n, at, true)
		c.require(slices.Index(all, n) == i, at, "unique", "the need is listed twice")
	}
}

// title checks what becomes the title of a case: one line that is not too long.
func (c *checker) title(s, field string) {
	c.text(s, field, true)
	c.require(len([]rune(s)) <= MaxNeedTitle, field, "max_length", fmt.Sprint(MaxNeedTitle))
}

// Dispatch says how a request went up.
type Dispatch struct {
	To        string `json:"to"`        // the office or platform above
	Reference string `json:"reference"` // the number under which it is known there
	SentOn    Date   `json:"sent_on"`
	Note      string `json:"note,omitempty"`
}

// Check returns an *Error naming what is wrong with the dispatch. That it was not
// sent tomorrow is checked by the step, which knows the day.
func (d Dispatch) Check() error {
	var c checker
	c.text(d.To, "/to", true)
	c.text(d.Reference, "/reference", true)
	c.require(!d.SentOn.IsZero(), "/sent_on", "required", "")
	c.text(d.Note, "/note", false)
	return c.err()
}

// Reply is what was answered above.
type Reply struct {
	Granted bool `json:"granted"`
	// Conditions and the last day, of what was granted.
	Conditions string `json:"conditions,omitempty"`
	ValidUntil Date   `json:"valid_until,omitzero"`
	// Reasons of a refusal.
	Reasons   string `json:"reasons,omitempty"`
	Reference string `json:"reference,omitempty"` // of the answer
	RepliedOn Date   `json:"replied_on"`
}

// Check returns an *Error naming what is wrong with the reply.
func (r Reply) Check() error {
	var c checker
	c.text(r.Conditions, "/conditions", false)
	c.text(r.Reasons, "/reasons", !r.Granted)
	c.text(r.Reference, "/reference", false)
	c.require(!r.RepliedOn.IsZero(), "/replied_on", "required", "")
	c.require(!r.Granted || blank(r.Reasons), "/reasons", "refusal_only", "reasons belong to a refusal")
	c.require(r.Granted || blank(r.Conditions) && r.ValidUntil.IsZero(), "/granted", "agreement_only", "conditions and validity belong to a grant")
	c.require(r.ValidUntil.IsZero() || r.ValidUntil >= r.RepliedOn, "/valid_until", "not_earlier", "not before the day of the reply")
	return c.err()
}
