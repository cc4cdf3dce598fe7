package sharing

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// State is where a case stands in its procedure. States of one name mean the same
// in every procedure.
type State string

const (
	// Checking: the authority checks the application before it goes to the provider.
	// Cases are born here where the regulation has such a first check.
	Checking State = "checking"
	// Answering: the provider examines the application within the limit for an
	// answer. A case is born here otherwise, or in InUse when its resource is shared
	// unconditionally or the application fits a registered scenario.
	Answering State = "answering"
	// Completing: the provider named everything that is missing, once; the clock
	// stands still until the applicant completes the application.
	Completing State = "completing"
	// Consenting: the provider agreed to a way of sharing that also needs the
	// authority's consent (lishui-2020 art. 17). What is shared unconditionally needs
	// no answer, but that consent: a case of it is born here.
	Consenting State = "consenting"
	// Agreed: the provider agreed and owes the data.
	Agreed State = "agreed"
	// Provided: the data is there; the applicant is to confirm or report failure.
	Provided State = "provided"
	// InUse: the grant holds until its term ends.
	InUse State = "in_use"
	// OnHold: the grant does not hold for now, for a reason that was given.
	OnHold State = "suspended"
	// Ended: the term of the grant has passed. Final.
	Ended State = "ended"
	// Revoked: the grant was cancelled for misuse, with reasons. Final.
	Revoked State = "revoked"
	// Refused: with reasons and legal basis. Final.
	Refused State = "refused"
	// Withdrawn: by the applicant, before it was decided. Final.
	Withdrawn State = "withdrawn"
	// Returned: by the authority's first check, with reasons. Final.
	Returned State = "returned"
)

// States lists every state of every procedure in the order of the stories.
var States = func() []State {
	var all []State
	for _, p := range Procedures {
		for _, s := range p.Machine().States() {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}()

// Expire is what the end of a grant's term does to a case; nobody performs it.
const Expire Action = "expire"

// shareMachine is a share application for one resource (共享申请). Answer leads to
// Refused, Agreed, or Consenting where the way of sharing needs the authority's
// consent besides.
var shareMachine = Machine{
	Starts: []State{Checking, Answering, Consenting, InUse, Agreed},
	Steps: []Transition{
		{Checking, Pass, Answering, ByAuthority, "where the regulation has its first check"},
		{Checking, SendBack, Returned, ByAuthority, "with reasons"},
		{Checking, Withdraw, Withdrawn, ByApplicant, ""},
		{Answering, Extend, Answering, ByProvider, "or the authority, as the regulation names; with a reason and within its cap"},
		{Answering, Reassign, Answering, ByAuthority, "with a reason"},
		{Agreed, Reassign, Agreed, ByAuthority, "with a reason"},
		{Answering, RequestCompletion, Completing, ByProvider, "once"},
		{Completing, Complete, Answering, ByApplicant, ""},
		{Answering, Answer, Agreed, ByProvider, "an approver or the head"},
		{Answering, Answer, Consenting, ByProvider, "where the way of sharing needs the authority's consent"},
		{Answering, Answer, Refused, ByProvider, "with reasons and legal basis"},
		{Consenting, Consent, Agreed, ByAuthority, ""},
		{Consenting, Consent, Refused, ByAuthority, "with reasons"},
		{Answering, Withdraw, Withdrawn, ByApplicant, ""},
		{Completing, Withdraw, Withdrawn, ByApplicant, ""},
		{Consenting, Withdraw, Withdrawn, ByApplicant, ""},
		{Agreed, Provide, Provided, ByProvider, ""},
		{Provided, Confirm, InUse, ByApplicant, ""},
		{Provided, ReportFailure, Agreed, ByApplicant, "with what failed"},
		{Provided, Revoke, Revoked, ByProvider, "or the authority: misuse, with reasons"},
		{InUse, Suspend, OnHold, ByProvider, "or the authority, with a reason"},
		{OnHold, Resume, InUse, ByProvider, "or the authority"},
		{InUse, Revoke, Revoked, ByProvider, "or the authority: misuse, with reasons"},
		{OnHold, Revoke, Revoked, ByProvider, "or the authority: misuse, with reasons"},
		{InUse, Expire, Ended, ByTime, "the grant's term has passed"},
		{Provided, Expire, Ended, ByTime, "the grant's term has passed"},
		{OnHold, Expire, Ended, ByTime, "the grant's term has passed"},
	},
	Says: map[Action]func() Checked{
		Consent: says[Ruling], Suspend: says[Measure], Resume: says[Remark], Revoke: says[Measure],
	},
}

// Case is one matter on its way through its procedure. Of a share application,
// it is one resource on its way through one provider.
type Case struct {
	ID        string
	Number    string
	Procedure Procedure
	// Title says in one line what it is about.
	Title string
	// ParentID is the case that this one came from: the refusal that is coordinated,
	// the upward request that bundles it. Empty for most.
	ParentID      string
	ApplicationID string // of a share application only
	RegionID      string
	RegulationID  string      // pinned to the regulation in force on the day of receipt
	Resource      ResourceRef // none where the matter is about no catalog entry
	// Class and Grade are those of the resource when the case was received. A matter
	// about no entry is labelled as not shared: none but its parties see it.
	Class       Class
	Grade       Grade
	Provider    Department // who owns the data, or owes what the case is about
	Applicant   Department // who asks, reports or began it
	ApplicantID string     // user
	State       State
	Version     int      // 1 when received, one more with every step
	Request     Request  // of a share application only
	Fields      []string // of the resource, asked for
	// Content is what the case is about, as the procedure's own type; nil for a share
	// application, whose Request says it.
	Content json.RawMessage
	// Facts of the resource when the case was received, on which limits may depend.
	Facts      map[string]bool
	Paper      bool
	ReceivedAt time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ClosedAt   *time.Time
	// WakeAt is when time itself will take a step on the case; nil when it will not.
	WakeAt *time.Time
}

// Open reports whether the case still goes on.
func (c Case) Open() bool { return c.Procedure.Machine().Open(c.State) }

// ResourceRef names a catalog entry in the version a case is about.
type ResourceRef struct {
	ID      string
	Code    string
	Title   string
	Version int
}

// Thing returns what decides who may see c.
func (c Case) Thing() Thing {
	return Thing{Kind: c.Procedure.Kind(), RegionID: c.RegionID, ProviderID: c.Provider.ID, ApplicantID: c.Applicant.ID, Class: c.Class, Grade: c.Grade}
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
	k.bases(d.Basis, "/basis", rule.Proof)
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

// OptionalRemark is a [Remark] that may say nothing.
type OptionalRemark struct {
	Note string `json:"note,omitempty"`
}

// Check returns an *Error when the note is unsound.
func (r OptionalRemark) Check() error { return Remark(r).CheckOptional() }

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
