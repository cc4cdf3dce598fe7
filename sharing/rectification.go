package sharing

import (
	"fmt"
	"time"
)

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
		{Ordered, Cancel, Cancelled, ByAbove, "with a reason; or the authority, where it began here by itself"},
	},
	Content: says[Finding],
	Says: map[Action]func() Checked{
		HandInEvidence: says[Evidence], JudgeEvidence: says[Ruling], Escalate: says[Escalation], Cancel: says[Remark],
	},
}

// DutyRectify is the duty to mend what was found, by the day that the notice or
// order itself sets.
const DutyRectify = "rectify.mend"

// Rungs of supervision, as regulation files name them.
const (
	StepNotice    = "notice"
	StepReport    = "report"
	StepOrder     = "order"
	StepCriticism = "criticism"
	StepSanctions = "sanctions"
)

// RungState returns the state in which a rectification stands on a rung; "" for
// none.
func RungState(step string) State {
	switch step {
	case StepNotice:
		return Notified
	case StepReport:
		return Reported
	case StepOrder:
		return Ordered
	case StepCriticism:
		return Criticised
	case StepSanctions:
		return Sanctioned
	}
	return ""
}

// MaxTermDays is the longest term, in days, that a notice or order can set.
const MaxTermDays = 366

// Term is the time that a notice or order gives: a number of working days, or a
// last day. The zero value gives none.
type Term struct {
	Days  int  `json:"days,omitempty"`
	Until Date `json:"until,omitzero"`
}

// Given reports whether the term sets a day.
func (t Term) Given() bool { return t.Days != 0 || !t.Until.IsZero() }

func (t Term) check(c *checker) {
	c.require(t.Days >= 0 && t.Days <= MaxTermDays, "/days", "range", fmt.Sprintf("1 to %d", MaxTermDays))
	c.require(t.Days == 0 || t.Until.IsZero(), "/until", "one_term", "working days or a last day, not both")
}

// Budget returns the term as a budget that runs from the day it is set. The error
// is an *Error when the last day is not in the future, or too far in it.
func (t Term) Budget(today Date) (Budget, error) {
	if t.Until.IsZero() {
		return Budget{N: t.Days, Unit: WorkingDays}, nil
	}
	n := int(t.Until) - int(today)
	switch {
	case n < 1:
		return Budget{}, Invalid("/until", "in_future", "tomorrow at the earliest")
	case n > MaxTermDays:
		return Budget{}, Invalid("/until", "range", fmt.Sprintf("at most %d days ahead", MaxTermDays))
	}
	return Budget{N: n, Unit: CalendarDays}, nil
}

// Finding is what an inspection found, and the time given to mend it.
type Finding struct {
	Department string `json:"department"` // which is to rectify
	// Ground is one of the regulation's grounds.
	Ground  string `json:"ground"`
	Finding string `json:"finding"`
	Term
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the finding.
func (f Finding) Check() error {
	var c checker
	c.text(f.Department, "/department", true)
	c.text(f.Ground, "/ground", true)
	c.text(f.Finding, "/finding", true)
	f.Term.check(&c)
	c.require(len(f.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// Evidence that what was found has been mended.
type Evidence struct {
	Text        string   `json:"text"`
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the evidence.
func (e Evidence) Check() error {
	var c checker
	c.text(e.Text, "/text", true)
	c.require(len(e.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// Escalation takes a rectification to the regulation's next rung.
type Escalation struct {
	Reasons string `json:"reasons"`
	// Serious: before the present rung's time has passed, and to sanctions.
	Serious bool `json:"serious,omitempty"`
	Term
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the escalation.
func (e Escalation) Check() error {
	var c checker
	c.text(e.Reasons, "/reasons", true)
	e.Term.check(&c)
	c.require(len(e.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// RectificationRecord is what is kept of a rectification.
type RectificationRecord struct {
	Finding
	// Step is the rung it stands on, also while evidence is looked at.
	Step string `json:"step"`
	// HandedIn is when the evidence that is looked at was handed in.
	HandedIn *time.Time `json:"handed_in,omitempty"`
	// Criticised is the day of the public criticism, under the article.
	Criticised Date   `json:"criticised,omitzero"`
	Article    string `json:"article,omitempty"`
	// Duty and Deadline name the limit whose ladder ended here; empty for one opened
	// by hand.
	Duty     string `json:"duty,omitempty"`
	Deadline string `json:"deadline,omitempty"`
}

// CriticismNotice is what all staff of a region may know of a public criticism.
type CriticismNotice struct {
	Department   Department
	Ground       string
	Article      string
	On           Date
	RegulationID string
}
