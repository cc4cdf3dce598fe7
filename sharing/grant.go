package sharing

import (
	"fmt"
	"slices"
	"time"
)

// EndsSoon is the notice that a grant is about to end; nobody gives it.
const EndsSoon Action = "ends_soon"

// GrantState is whether a grant holds.
type GrantState string

const (
	GrantPending   GrantState = "pending" // a renewal: it begins when the grant before it ends
	GrantActive    GrantState = "active"
	GrantSuspended GrantState = "suspended" // does not hold for now
	GrantRevoked   GrantState = "revoked"   // cancelled for misuse
	GrantEnded     GrantState = "ended"
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
	// EndedAt is when it stopped for good before, revoked or ended; nil while it goes on.
	EndedAt *time.Time
	// Suspensions are the times in which it did not hold for now, the first first.
	Suspensions []Pause
	// EntryVersion is the version of the catalog entry now; Resource.Version is that on
	// which the grant was given.
	EntryVersion int
	// Renews is the grant that this one prolongs; empty for most.
	Renews string
}

// Pause is a time in which a grant did not hold.
type Pause struct {
	From  time.Time
	Until *time.Time // nil while it lasts
}

// GrantStates lists the states a list of grants can be narrowed to.
var GrantStates = []GrantState{GrantPending, GrantActive, GrantSuspended, GrantRevoked, GrantEnded}

// Thing returns what decides who may see g.
func (g Grant) Thing() Thing {
	return Thing{Kind: KindGrant, RegionID: g.RegionID, ProviderID: g.Provider.ID, ApplicantID: g.Grantee.ID, Class: g.Class, Grade: g.Grade}
}

// Measure is a suspension or a revocation: what was found, and which rules it
// rests on (yanzhou-2024 art. 22, city-2023 arts. 30 and 35, jinan-startup-2023
// art. 44, lishui-2020 arts. 19(2) and 32, shuozhou-2021 arts. 29 and 33).
type Measure struct {
	Reasons string  `json:"reasons"`
	Basis   []Basis `json:"basis,omitempty"`
}

// Check returns an *Error naming what is wrong with the measure: none is taken
// without reasons.
func (m Measure) Check() error {
	var c checker
	c.text(m.Reasons, "/reasons", true)
	c.bases(m.Basis, "/basis", false)
	return c.err()
}

// UseReport is what a gateway says of one day's use of a grant. Reports of the
// same day add up.
type UseReport struct {
	GrantID string `json:"grant"`
	Day     Date   `json:"day"`
	Calls   int    `json:"calls"`
	Rows    int    `json:"rows"`
	// Fields that were had, where the gateway knows.
	Fields []string `json:"fields,omitempty"`
	// LastAt is the instant of the last call, where the gateway knows: on a day on
	// which the grant stopped holding it tells use before from use after.
	LastAt *time.Time `json:"last_at,omitempty"`
}

// MaxUseReports is how many reports one batch can hold.
const MaxUseReports = 1000

// Check returns an *Error when the report cannot be kept, whatever its grant:
// the day lies ahead of today, or a figure is no count.
func (u UseReport) Check(today Date) error {
	var c checker
	c.require(u.GrantID != "", "/grant", "required", "")
	c.require(!u.Day.IsZero(), "/day", "required", "")
	c.require(u.Day <= today, "/day", "not_in_future", "the day lies ahead")
	c.require(u.Calls >= 0, "/calls", "range", "0 or more")
	c.require(u.Rows >= 0, "/rows", "range", "0 or more")
	c.require(u.Calls > 0 || u.Rows > 0, "/calls", "required", "something that was used")
	c.require(len(u.Fields) <= MaxUseFields, "/fields", "max_items", fmt.Sprint(MaxUseFields))
	for i, f := range u.Fields {
		c.text(f, fmt.Sprintf("/fields/%d", i), true)
	}
	c.require(u.LastAt == nil || DateOf(*u.LastAt) == u.Day, "/last_at", "on_the_day", "not on the day it is about")
	return c.err()
}

// MaxUseFields bounds the fields of one report.
const MaxUseFields = 500

// Doubt is a hint that use was not covered by its grant. It asks to have a look,
// and proves nothing.
type Doubt string

const (
	DoubtPending   Doubt = "pending"   // before the grant began
	DoubtSuspended Doubt = "suspended" // while it was suspended
	DoubtRevoked   Doubt = "revoked"   // after it was revoked
	DoubtEnded     Doubt = "ended"     // after its end
	DoubtFields    Doubt = "fields"    // of fields it does not have
)

// Doubts lists what of a day's use the grant does not cover. Where the instant of
// the last call is not known, a day on which the grant stopped holding, or did not
// hold for a part, is doubted as a whole.
func (g Grant) Doubts(u UseReport) []Doubt {
	var doubts []Doubt
	from, until := u.Day.Start(), u.Day.End()
	if u.LastAt != nil {
		until = u.LastAt.Add(time.Microsecond)
	}
	if DateOf(g.ValidFrom) > u.Day || u.LastAt != nil && u.LastAt.Before(g.ValidFrom) {
		doubts = append(doubts, DoubtPending)
	}
	switch {
	case g.EndedAt != nil && g.EndedAt.Before(until):
		doubts = append(doubts, map[bool]Doubt{true: DoubtRevoked, false: DoubtEnded}[g.State == GrantRevoked])
	case g.ValidUntil.Before(until):
		doubts = append(doubts, DoubtEnded)
	}
	for _, p := range g.Suspensions {
		within := p.From.Before(until) && (p.Until == nil || p.Until.After(from))
		if u.LastAt != nil { // what is known of the day is its last call alone
			within = !u.LastAt.Before(p.From) && (p.Until == nil || u.LastAt.Before(*p.Until))
		}
		if within {
			doubts = append(doubts, DoubtSuspended)
			break
		}
	}
	if slices.ContainsFunc(u.Fields, func(f string) bool { return !slices.Contains(g.Fields, f) }) {
		doubts = append(doubts, DoubtFields)
	}
	return doubts
}

// DayOfUse is how much a grant was used on one day, over all gateways.
type DayOfUse struct {
	Day    Date
	Calls  int
	Rows   int
	Fields []string
	Doubts []Doubt
	// ReportedAt is when the last report of it came in.
	ReportedAt time.Time
}
