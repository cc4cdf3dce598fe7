package sharing

import (
	"fmt"
	"slices"
	"time"
)

// State is where a case of a share application stands. The machine is declared
// once, in [Transitions]; docs/states.md is drawn from it and the database holds
// cases to it.
type State string

const (
	// Checking: the authority checks the application before it goes to the provider.
	// Cases are born here where the regulation has such a first check.
	Checking State = "checking"
	// Answering: the provider examines the application within the limit for an
	// answer. A case is born here otherwise, or in InUse when its resource is shared
	// unconditionally.
	Answering State = "answering"
	// Completing: the provider named everything that is missing, once; the clock
	// stands still until the applicant completes the application.
	Completing State = "completing"
	// Agreed: the provider agreed and owes the data.
	Agreed State = "agreed"
	// Provided: the data is there; the applicant is to confirm or report failure.
	Provided State = "provided"
	// InUse: the grant holds until its term ends.
	InUse State = "in_use"
	// Ended: the term of the grant has passed. Final.
	Ended State = "ended"
	// Refused: with reasons and legal basis. Final.
	Refused State = "refused"
	// Withdrawn: by the applicant, before the answer. Final.
	Withdrawn State = "withdrawn"
	// Returned: by the authority's first check, with reasons. Final.
	Returned State = "returned"
)

// States lists every state in the order of the story.
var States = []State{Checking, Answering, Completing, Agreed, Provided, InUse, Ended, Refused, Withdrawn, Returned}

// Open reports whether a case in this state still goes on.
func (s State) Open() bool {
	switch s {
	case Checking, Answering, Completing, Agreed, Provided, InUse:
		return true
	case Ended, Refused, Withdrawn, Returned:
		return false
	}
	return false
}

// Transition says that an action takes a case from one state to another.
type Transition struct {
	From   State
	Action Action
	To     State
}

// Expire is what the end of a grant's term does to a case; nobody performs it.
const Expire Action = "expire"

// Transitions is the machine of a share case. Answer leads to Agreed or Refused,
// as the decision says.
var Transitions = []Transition{
	{Checking, Pass, Answering},
	{Checking, SendBack, Returned},
	{Checking, Withdraw, Withdrawn},
	{Answering, Extend, Answering},
	{Answering, Reassign, Answering},
	{Agreed, Reassign, Agreed},
	{Answering, RequestCompletion, Completing},
	{Completing, Complete, Answering},
	{Answering, Answer, Agreed},
	{Answering, Answer, Refused},
	{Answering, Withdraw, Withdrawn},
	{Completing, Withdraw, Withdrawn},
	{Agreed, Provide, Provided},
	{Provided, Confirm, InUse},
	{Provided, ReportFailure, Agreed},
	{InUse, Expire, Ended},
	{Provided, Expire, Ended},
}

// CanFollow reports whether the machine allows the action in the state at all.
func CanFollow(from State, action Action) bool {
	return slices.ContainsFunc(Transitions, func(t Transition) bool { return t.From == from && t.Action == action })
}

// Next returns the state the action leads to. For Answer, agree decides between
// Agreed and Refused; for the rest it is ignored. The error is a *Error with
// CodeAlreadyDecided or CodeWrongState.
func Next(from State, action Action, agree bool) (State, error) {
	for _, t := range Transitions {
		if t.From != from || t.Action != action {
			continue
		}
		if action == Answer && agree != (t.To == Agreed) {
			continue
		}
		return t.To, nil
	}
	if action == Answer && decided(from) {
		return "", Errorf(CodeAlreadyDecided, "the application has been decided: %s", from)
	}
	return "", Errorf(CodeWrongState, "%s is not possible while the case is %s", action, from)
}

func decided(s State) bool {
	switch s {
	case Agreed, Provided, InUse, Ended, Refused, Withdrawn, Returned:
		return true
	case Checking, Answering, Completing:
		return false
	}
	return false
}

// Case is one resource of one application on its way through one provider.
type Case struct {
	ID            string
	Number        string
	ApplicationID string
	RegionID      string
	RegulationID  string // pinned to the regulation in force on the day of receipt
	Resource      ResourceRef
	Class         Class // of the resource when the case was received
	Grade         Grade
	Provider      Department
	Applicant     Department
	ApplicantID   string // user
	State         State
	Version       int // 1 when received, one more with every step
	Request       Request
	Fields        []string // of the resource, asked for
	// Facts of the resource when the case was received, on which limits may depend.
	Facts      map[string]bool
	Paper      bool
	ReceivedAt time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ClosedAt   *time.Time
}

// ResourceRef names a catalog entry in the version a case is about.
type ResourceRef struct {
	ID      string
	Code    string
	Title   string
	Version int
}

// Thing returns what decides who may see c.
func (c Case) Thing() Thing {
	return Thing{Kind: KindCase, RegionID: c.RegionID, ProviderID: c.Provider.ID, ApplicantID: c.Applicant.ID, Class: c.Class, Grade: c.Grade}
}

// Basis is one ground of law for a refusal: which law, which article, and the
// file that proves it where the regulation asks for proof (yanzhou-2024 art. 3).
type Basis struct {
	Law        string `json:"law"`
	Article    string `json:"article"`
	Attachment string `json:"attachment,omitempty"`
}

// Answer to an application.
type Decision struct {
	Agree bool `json:"agree"`
	// Fields agreed to; empty agrees to all that were asked for.
	Fields      []string `json:"fields,omitempty"`
	Conditions  string   `json:"conditions,omitempty"`
	Desensitise bool     `json:"desensitise,omitempty"`
	// TermMonths shortens the term asked for; 0 keeps it.
	TermMonths int     `json:"term_months,omitempty"`
	Reasons    string  `json:"reasons,omitempty"`
	Basis      []Basis `json:"basis,omitempty"`
}

// RefusalRule is what a regulation asks of a refusal.
type RefusalRule struct {
	Reasons    bool
	LegalBasis bool
	Proof      bool // each basis comes with the file that proves it
	Article    string
}

// Check returns an *Error naming all that keeps the decision from being an
// answer to c: a refusal without reasons or legal basis is none at all.
func (d Decision) Check(c Case, rule RefusalRule) error {
	var k checker
	k.text(d.Conditions, "/conditions", false)
	if d.Agree {
		for i, f := range d.Fields {
			k.require(slices.Contains(c.Fields, f), fmt.Sprintf("/fields/%d", i), "asked_for", f+" was not asked for")
			k.require(slices.Index(d.Fields, f) == i, fmt.Sprintf("/fields/%d", i), "unique", f)
		}
		k.require(d.TermMonths >= 0 && d.TermMonths <= c.Request.TermMonths, "/term_months", "range",
			fmt.Sprintf("at most the %d months asked for", c.Request.TermMonths))
		k.require(blank(d.Reasons) && len(d.Basis) == 0, "/reasons", "refusal_only", "reasons and basis belong to a refusal")
		return k.err()
	}
	k.text(d.Reasons, "/reasons", rule.Reasons)
	k.require(!rule.LegalBasis || len(d.Basis) > 0, "/basis", "required", "a refusal cites its legal basis")
	k.require(len(d.Basis) <= 20, "/basis", "max_items", "20")
	for i, b := range d.Basis {
		at := fmt.Sprintf("/basis/%d", i)
		k.text(b.Law, at+"/law", true)
		k.text(b.Article, at+"/article", true)
		k.require(!rule.Proof || b.Attachment != "", at+"/attachment", "required", "the file that proves the basis")
	}
	k.require(len(d.Fields) == 0 && d.TermMonths == 0 && !d.Desensitise && blank(d.Conditions), "/agree", "agreement_only",
		"fields, term, conditions and desensitising belong to an agreement")
	err := k.err()
	if e, ok := err.(*Error); ok {
		e.Article = rule.Article
		if len(d.Basis) == 0 || blank(d.Reasons) {
			e.Code = CodeBasisRequired
		}
	}
	return err
}

// Completion is the one request to complete an application, naming all gaps.
type Completion struct {
	Gaps []string `json:"gaps"`
	Note string   `json:"note,omitempty"`
}

// Check returns an *Error naming what is wrong with the request for completion.
func (r Completion) Check() error {
	var c checker
	c.require(len(r.Gaps) > 0, "/gaps", "required", "name every gap at once")
	c.require(len(r.Gaps) <= MaxGaps, "/gaps", "max_items", fmt.Sprint(MaxGaps))
	for i, g := range r.Gaps {
		c.text(g, fmt.Sprintf("/gaps/%d", i), true)
	}
	c.text(r.Note, "/note", false)
	return c.err()
}

// Completed is what the applicant adds or corrects on request.
type Completed struct {
	Purpose     string   `json:"purpose,omitempty"` // replaces the purpose when given
	Duty        string   `json:"duty,omitempty"`
	Note        string   `json:"note"`
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the completion.
func (r Completed) Check() error {
	var c checker
	c.text(r.Purpose, "/purpose", false)
	c.text(r.Duty, "/duty", false)
	c.text(r.Note, "/note", true)
	c.require(len(r.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// Provision says how the data is had.
type Provision struct {
	Mode Mode `json:"mode"`
	// Locator is the endpoint, table or file under which the data is found.
	Locator string `json:"locator"`
	Note    string `json:"note,omitempty"`
}

// Check returns an *Error naming what is wrong with the provision.
func (p Provision) Check() error {
	var c checker
	c.require(oneOf(p.Mode, Modes), "/mode", "one_of", fmt.Sprint(Modes))
	c.text(p.Locator, "/locator", true)
	c.text(p.Note, "/note", false)
	return c.err()
}

// Remark is free text that goes with a step: why withdrawn, what failed.
type Remark struct {
	Note string `json:"note"`
}

// Check returns an *Error when the note is missing or unsound.
func (r Remark) Check() error {
	var c checker
	c.text(r.Note, "/note", true)
	return c.err()
}

// CheckOptional is Check where the note may be empty.
func (r Remark) CheckOptional() error {
	var c checker
	c.text(r.Note, "/note", false)
	return c.err()
}

// Prolonging asks for, or gives, a longer limit for the answer.
type Prolonging struct {
	N      int    `json:"n"` // in the limit's unit
	Reason string `json:"reason"`
}

// Check returns an *Error when the extension is not within the cap or gives no
// reason.
func (p Prolonging) Check(atMost int) error {
	var c checker
	c.require(p.N >= 1 && p.N <= atMost, "/n", "range", fmt.Sprintf("1 to %d", atMost))
	c.text(p.Reason, "/reason", true)
	return c.err()
}

// Reassignment hands a case over to the department that has taken over its data,
// as after a merger of offices.
type Reassignment struct {
	Department string `json:"department"`
	Reason     string `json:"reason"`
}

// Check returns an *Error naming what is wrong with the reassignment.
func (r Reassignment) Check() error {
	var c checker
	c.require(r.Department != "", "/department", "required", "")
	c.text(r.Reason, "/reason", true)
	return c.err()
}

// GrantState is whether a grant holds.
type GrantState string

const (
	GrantActive GrantState = "active"
	GrantEnded  GrantState = "ended"
)

// Grant is the standing permission of a department to use a resource.
type Grant struct {
	ID         string
	CaseID     string
	CaseNumber string
	RegionID   string
	Resource   ResourceRef
	Class      Class
	Grade      Grade
	Provider   Department
	Grantee    Department
	Fields     []string
	Mode       Mode
	Purpose    string
	Conditions string
	Locator    string
	State      GrantState
	ValidFrom  time.Time
	ValidUntil time.Time // the first instant at which it no longer holds
}

// Thing returns what decides who may see g.
func (g Grant) Thing() Thing {
	return Thing{Kind: KindGrant, RegionID: g.RegionID, ProviderID: g.Provider.ID, ApplicantID: g.Grantee.ID, Class: g.Class, Grade: g.Grade}
}
