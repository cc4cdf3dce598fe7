package sharing

import (
	"fmt"
	"slices"
	"time"
)

// States and steps of a standing duty (常年职责): yearly catalog maintenance, the
// yearly report, data past its update cycle.
const (
	Owed      State = "owed"
	Fulfilled State = "fulfilled" // Final.
	Waived    State = "waived"    // not owed after all, with a reason. Final.

	Fulfil Action = "fulfil"
	Waive  Action = "waive"
	Renew  Action = "renew" // the data that was past its cycle has been updated
)

// standingMachine: city-2023 arts. 11, 23 and 31, jinan-startup-2023 arts. 14 and
// 43, yanzhou-2024 arts. 3(5) and 35, lishui-2020 arts. 8(5) and 28, shuozhou-2021
// arts. 17 and 32. A case is opened for each department that owes one.
var standingMachine = Machine{
	Starts:  []State{Owed},
	Content: says[Obligation],
	Says:    map[Action]func() Checked{Fulfil: says[Fulfilment], Waive: says[Remark]},
	Steps: []Transition{
		{Owed, Fulfil, Fulfilled, ByProvider, "with what was done"},
		{Owed, Waive, Waived, ByAuthority, "with a reason"},
		{Owed, Renew, Fulfilled, ByTime, "data past its update cycle has been updated"},
	},
}

// DutyUpdate is the duty to keep data fresh by its update cycle.
const DutyUpdate = "data.update"

// Obligation is what a standing duty's case is about: a duty of a year, or one
// resource past its update cycle.
type Obligation struct {
	Duty string `json:"duty"` // as the regulation names it
	Year int    `json:"year,omitempty"`
	// Resource and Since, for data past its cycle: which entry, and the last update
	// from which its cycle ran.
	Resource string    `json:"resource,omitempty"`
	Since    time.Time `json:"since,omitzero"`
}

// Check returns an *Error when the obligation names no duty, or neither a year nor
// a resource.
func (o Obligation) Check() error {
	var c checker
	c.require(o.Duty != "", "/duty", "required", "")
	c.require((o.Year == 0) != (o.Resource == ""), "/year", "required", "a year or a resource")
	return c.err()
}

// Period names what is owed once only: a year, or an entry since its last update.
func (o Obligation) Period() string {
	if o.Resource != "" {
		return o.Resource + "@" + o.Since.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(o.Year)
}

// Fulfilment says how a standing duty was fulfilled.
type Fulfilment struct {
	Note        string   `json:"note"`
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error when it does not say what was done.
func (f Fulfilment) Check() error {
	var c checker
	c.text(f.Note, "/note", true)
	c.require(len(f.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// Cycles lists the update cycles by which data can be past its time. What is
// updated in real time or irregularly has none that a day could tell.
var Cycles = []Cycle{Daily, Weekly, Monthly, Quarterly, HalfYearly, EveryYear}

// Counted reports whether data of the cycle can be past its time.
func (c Cycle) Counted() bool { return slices.Contains(Cycles, c) }
