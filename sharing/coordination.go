package sharing

import (
	"fmt"
	"slices"
)

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

// DutyCoordinate is the duty to coordinate, as regulation files name it.
const DutyCoordinate = "share.coordinate"

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
	Content: says[CoordinationRequest],
	Says: map[Action]func() Checked{
		NameOwner: says[OwnerNamed],
		Opine:     says[Opinion],
		Rule:      says[CoordinationRuling],
		Withdraw:  says[OptionalRemark],
	},
}

// Occasion is why coordination is asked for. The first four are the names that
// regulation files have for them.
type Occasion string

const (
	OnRefusal   Occasion = "refused"        // an application was refused
	OnDispute   Occasion = "dispute"        // a doubt was explained away
	OnNotShared Occasion = "not_shared"     // the data is not shared
	OnNotListed Occasion = "not_in_catalog" // nobody has catalogued it
	// OnMisuse: a grant was suspended or revoked. It can be taken to the authority
	// everywhere: a house rule.
	OnMisuse Occasion = "misuse"
)

// Occasions lists every occasion.
var Occasions = []Occasion{OnRefusal, OnDispute, OnNotShared, OnNotListed, OnMisuse}

// InWords reports whether the data is described in words: the requester cannot, or
// may not, see an entry of it.
func (o Occasion) InWords() bool { return o == OnNotShared || o == OnNotListed }

// CoordinationRequest asks the authority to coordinate.
type CoordinationRequest struct {
	Occasion Occasion `json:"occasion"`
	// Parent is the case that is taken to the authority: the refused application, the
	// explained dispute, the revoked or suspended grant. Empty for data in words.
	Parent string `json:"parent,omitempty"`
	// Data and the following describe, in words, data that is not shared or not in the
	// catalog, and what it is needed for.
	Data       string   `json:"data,omitempty"`
	Holder     string   `json:"holder,omitempty"` // which department may hold it, as a guess
	Items      []string `json:"items,omitempty"`  // what of it is needed
	Purpose    string   `json:"purpose,omitempty"`
	Duty       string   `json:"duty,omitempty"` // the legal duty that it serves
	Mode       Mode     `json:"mode,omitempty"`
	TermMonths int      `json:"term_months,omitempty"`
	// Grounds are why the requester needs it or thinks itself right.
	Grounds     string   `json:"grounds"`
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the request.
func (r CoordinationRequest) Check() error {
	var c checker
	words := r.Occasion.InWords()
	c.require(oneOf(r.Occasion, Occasions), "/occasion", "one_of", fmt.Sprint(Occasions))
	c.require(words || !oneOf(r.Occasion, Occasions) || r.Parent != "", "/parent", "required", "the case that is taken to the authority")
	c.require(!words || r.Parent == "", "/parent", "in_words", "data in words follows from no case")
	c.text(r.Holder, "/holder", false)
	c.text(r.Purpose, "/purpose", words)
	c.text(r.Duty, "/duty", words)
	if words {
		c.title(r.Data, "/data")
		c.require(len(r.Items) > 0, "/items", "required", "what of it is needed")
		c.require(oneOf(r.Mode, Modes), "/mode", "one_of", fmt.Sprint(Modes))
		c.require(r.TermMonths >= 1 && r.TermMonths <= MaxTermMonths, "/term_months", "range", fmt.Sprintf("1 to %d", MaxTermMonths))
	}
	c.require(len(r.Items) <= MaxFields, "/items", "max_items", fmt.Sprint(MaxFields))
	for i, item := range r.Items {
		c.text(item, fmt.Sprintf("/items/%d", i), true)
	}
	c.require(words || r.wordless(), "/data", "words_only", "the case says which data it is about")
	c.text(r.Grounds, "/grounds", true)
	c.require(len(r.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// wordless reports whether the request describes no data in words.
func (r CoordinationRequest) wordless() bool {
	return blank(r.Data) && blank(r.Holder) && len(r.Items) == 0 && blank(r.Purpose) && blank(r.Duty) && r.Mode == "" && r.TermMonths == 0
}

// Need is what the request asks for as a need for data held above, by holder.
func (r CoordinationRequest) Need(holder string) Need {
	return Need{Title: r.Data, Holder: holder, Fields: r.Items, Purpose: r.Purpose, Duty: r.Duty, Mode: r.Mode, TermMonths: r.TermMonths}
}

// Fits returns an *Error when the case is not one that can be taken to the
// authority on the occasion.
func (r CoordinationRequest) Fits(parent Case) error {
	fits := false
	switch r.Occasion {
	case OnRefusal:
		fits = parent.Procedure == ShareApplication && parent.State == Refused
	case OnMisuse:
		fits = parent.Procedure == ShareApplication && (parent.State == Revoked || parent.State == OnHold)
	case OnDispute:
		fits = parent.Procedure == CorrectionDispute && parent.State == Explained
	}
	if fits {
		return nil
	}
	return Invalid("/parent", "fits_occasion", fmt.Sprintf("a case of %s that is %s, on the occasion %s", parent.Procedure, parent.State, r.Occasion))
}

// OwnerNamed says which department holds the data that was described in words.
type OwnerNamed struct {
	Department string `json:"department"`
	Note       string `json:"note,omitempty"`
}

// Check returns an *Error naming what is wrong with the message.
func (o OwnerNamed) Check() error {
	var c checker
	c.require(o.Department != "", "/department", "required", "")
	c.text(o.Note, "/note", false)
	return c.err()
}

// Opinion is the owner's view.
type Opinion struct {
	View        string   `json:"view"`
	Basis       []Basis  `json:"basis,omitempty"`
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the message.
func (o Opinion) Check() error {
	var c checker
	c.text(o.View, "/view", true)
	c.bases(o.Basis, "/basis", false)
	c.require(len(o.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// CoordinationRuling is what the authority decides; it binds both departments.
type CoordinationRuling struct {
	Outcome State   `json:"outcome"`
	Reasons string  `json:"reasons"`
	Basis   []Basis `json:"basis,omitempty"`
	// Fields, Conditions, Desensitise and TermMonths belong to the overturning of a
	// refusal: what is to be provided, as in [Decision].
	Fields      []string `json:"fields,omitempty"`
	Conditions  string   `json:"conditions,omitempty"`
	Desensitise bool     `json:"desensitise,omitempty"`
	TermMonths  int      `json:"term_months,omitempty"`
	// HeldBy is who above holds the data, of what is passed up.
	HeldBy      string   `json:"held_by,omitempty"`
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the ruling.
func (r CoordinationRuling) Check() error {
	var c checker
	c.require(oneOf(r.Outcome, []State{Overturned, Upheld, Catalogued, PassedUp}), "/outcome", "one_of", "overturned, upheld, catalogued or passed_up")
	c.text(r.Reasons, "/reasons", true)
	c.bases(r.Basis, "/basis", false)
	c.text(r.Conditions, "/conditions", false)
	c.text(r.HeldBy, "/held_by", r.Outcome == PassedUp)
	c.require(r.Outcome == PassedUp || blank(r.HeldBy), "/held_by", "passed_up_only", "who holds it above belongs to what is passed up")
	c.require(r.Outcome == Overturned || r.bare(), "/outcome", "overturned_only", "fields, conditions, desensitising and term belong to an overturned refusal")
	c.require(len(r.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// bare reports whether the ruling names no terms of sharing.
func (r CoordinationRuling) bare() bool {
	return len(r.Fields) == 0 && blank(r.Conditions) && !r.Desensitise && r.TermMonths == 0
}

// Decision is the agreement that takes the place of the overturned refusal.
func (r CoordinationRuling) Decision() Decision {
	return Decision{Agree: true, Fields: r.Fields, Conditions: r.Conditions, Desensitise: r.Desensitise, TermMonths: r.TermMonths}
}

// CoordinationRule is what a regulation lets the authority rule.
type CoordinationRule struct {
	Catalogues bool // data can be ordered into the catalog
	Upward     bool // data held above is applied for there
}

// Outcomes lists what the authority can rule on an occasion.
func (o Occasion) Outcomes(rule CoordinationRule) []State {
	if !o.InWords() {
		return []State{Overturned, Upheld}
	}
	all := []State{Upheld}
	// An entry that exists and is not shared changes its class; one that does not is
	// made where the regulation has it.
	if o == OnNotShared || rule.Catalogues {
		all = append(all, Catalogued)
	}
	if rule.Upward {
		all = append(all, PassedUp)
	}
	return all
}

// Fits returns an *Error when the ruling is none that the occasion allows, or
// orders a catalog entry before anybody knows who is to make it.
func (r CoordinationRuling) Fits(o Occasion, rule CoordinationRule, ownerKnown bool) error {
	var c checker
	c.require(slices.Contains(o.Outcomes(rule), r.Outcome), "/outcome", "fits_occasion", fmt.Sprint(o.Outcomes(rule)))
	c.require(r.Outcome != Catalogued || ownerKnown, "/outcome", "owner_first", "name the owner first")
	c.require(o != OnDispute || r.bare(), "/outcome", "overturned_only", "a dispute has no terms of sharing")
	return c.err()
}
