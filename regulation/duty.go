package regulation

import (
	"slices"

	"gongshu/sharing"
)

// Start events: what a limit runs from. The day of the event does not count.
const (
	ApplicationReceived = "application.received"
	PrecheckPassed      = "precheck.passed"
	AnswerGiven         = "answer.given"
	DataProvided        = "data.provided"
	CoordinationAsked   = "coordination.asked"
	DisputeReceived     = "dispute.received"
	LawChanged          = "law_or_function.changed"
	ElementsChanged     = "elements.changed"
	NoticeGiven         = "notice.given"
	DataUpdated         = "data.updated" // the last update of the data itself
	OpeningAsked        = "opening.asked"
	MisuseFound         = "misuse.found"
	SpecialistChanged   = "specialist.changed"
	IncidentFound       = "incident.found"
	FindingMade         = "finding.made"
	YearBegun           = "year.begun"
)

// Starts lists every start event a duty may have.
var Starts = []string{ApplicationReceived, PrecheckPassed, AnswerGiven, DataProvided, CoordinationAsked, DisputeReceived,
	LawChanged, ElementsChanged, NoticeGiven, DataUpdated, OpeningAsked, MisuseFound, SpecialistChanged, IncidentFound,
	FindingMade, YearBegun}

// Duty is something somebody owes after an event.
type Duty struct {
	Name    string `json:"name"` // "share.answer"
	Title   string `json:"title"`
	TitleEn string `json:"title_en"`
	Article string `json:"article,omitempty"` // "" only for an operator's own step
	Source  Source `json:"source"`
	Start   string `json:"start"` // start event
	Owes    Role   `json:"owes"`
	// With names who takes part in it: the authority that coordinates an answer.
	With Role `json:"with,omitempty"`

	// Limit is what the text sets. nil: the text sets no number and asks for no haste.
	Limit *sharing.Budget `json:"limit,omitempty"`
	// Wording is the text's own word where it sets no number, such as 及时.
	Wording   string `json:"wording,omitempty"`
	WordingEn string `json:"wording_en,omitempty"`
	// Target is the operator's own aim. It is never law and must be shown as a target.
	Target *sharing.Budget `json:"target,omitempty"`
	// AtLeast: the limit is a notice period. What was announced may take effect
	// when it has passed, and not before; nobody is late when it passes.
	AtLeast bool `json:"at_least,omitempty"`
	// Frequency of a standing duty: "yearly", "periodic", "by_cycle"; "" for one that follows an event.
	Frequency string `json:"frequency,omitempty"`

	Must      Must       `json:"must"`
	Approval  *Approval  `json:"approval,omitempty"`
	Extension *Extension `json:"extension,omitempty"`
	// Variants are limits that hold instead when facts hold; the first that fits is taken.
	Variants []Variant `json:"variants,omitempty"`
	// Ladder climbed by this duty; the file's own ladders when it brings none.
	Ladder []Rung `json:"ladder,omitempty"`
}

// Must is what the fulfilment, or its refusal, must carry.
type Must struct {
	Reasons    bool   `json:"reasons,omitempty"`
	LegalBasis bool   `json:"legal_basis,omitempty"`
	Proof      bool   `json:"proof,omitempty"`
	Report     string `json:"report,omitempty"` // to whom the result is told, in words
	ReportEn   string `json:"report_en,omitempty"`
}

// Approval that must come first.
type Approval struct {
	By      Role   `json:"by"`
	Article string `json:"article"`
}

// Extension of a limit, where the regulation allows one.
type Extension struct {
	Cap      int    `json:"cap"`   // at most so many, in the limit's unit
	Times    int    `json:"times"` // how often
	Reason   bool   `json:"reason"`
	Approver Role   `json:"approver,omitempty"` // who consents; "" whoever owes may extend
	Article  string `json:"article"`
}

// Variant is a limit that holds when every fact of When holds as given.
type Variant struct {
	When    map[string]bool `json:"when"`
	Limit   *sharing.Budget `json:"limit,omitempty"`
	Target  *sharing.Budget `json:"target,omitempty"`
	Article string          `json:"article,omitempty"`
}

// Facts are what is known of a case, by the names that the regulation gives
// them. A fact that is absent is not known, and fits no variant.
type Facts map[string]bool

func (f Facts) fit(when map[string]bool) bool {
	for name, want := range when {
		if got, known := f[name]; !known || got != want {
			return false
		}
	}
	return true
}

// Budget returns what the duty's clock is measured against for the given facts.
//
// A limit of the text comes first, and statutory is true. Where the text sets
// no number, or asks for it at once, the operator's target is returned and
// statutory is false: it must be shown as a target. A limit "at once" without a
// target is returned as it is; it has no due date. ok is false when there is
// neither limit nor target, and so no clock.
func (d Duty) Budget(facts Facts) (b sharing.Budget, statutory, ok bool) {
	limit, target := d.Limit, d.Target
	for _, v := range d.Variants {
		if facts.fit(v.When) {
			limit = v.Limit
			if v.Target != nil {
				target = v.Target
			}
			break
		}
	}
	switch {
	case limit != nil && limit.Unit != sharing.Immediately:
		return *limit, true, true
	case target != nil:
		return *target, false, true
	case limit != nil:
		return *limit, true, true
	}
	return sharing.Budget{}, false, false
}

// ArticleFor returns the article of the limit that holds for the facts.
func (d Duty) ArticleFor(facts Facts) string {
	for _, v := range d.Variants {
		if facts.fit(v.When) && v.Article != "" {
			return v.Article
		}
	}
	return d.Article
}

// Ladders are the two ladders of a file: one for limits of the text, one for
// operators' targets.
type Ladders struct {
	Limit  []Rung `json:"limit"`
	Target []Rung `json:"target"`
}

// Rung is one step of a ladder.
type Rung struct {
	Kind sharing.RungKind `json:"kind"`
	// Offset in working days from the limit: -2 two working days before, 0 when it
	// has passed, 1 on the first working day over.
	Offset int    `json:"offset"`
	To     []Role `json:"to"`
	Source Source `json:"source"`
	// Article behind a rung of the text, and for rectification the ground.
	Article string `json:"article,omitempty"`
}

// LadderFor returns the rungs that a clock of the duty climbs, in their order:
// its own, or the regulation's for limits or for targets. A notice period and a
// clock without a due date climb none.
func (r *Regulation) LadderFor(d Duty, statutory bool) []Rung {
	switch {
	case d.AtLeast:
		return nil
	case len(d.Ladder) > 0:
		return slices.Clone(d.Ladder)
	case statutory:
		return slices.Clone(r.Ladders.Limit)
	}
	return slices.Clone(r.Ladders.Target)
}
