package sharing

import (
	"fmt"
	"slices"
	"time"
)

// MaxDelegationDays is for how many calendar days, both ends counted, somebody can
// be stood in for at a time.
const MaxDelegationDays = 90

// NewDelegation asks a colleague of the same department to stand in.
type NewDelegation struct {
	To     string `json:"to"` // user
	From   Date   `json:"from"`
	Until  Date   `json:"until"` // the last day
	Reason string `json:"reason"`
}

// Check returns an *Error naming what is wrong with the delegation as of a day.
func (n NewDelegation) Check(today Date) error {
	var c checker
	c.require(n.To != "", "/to", "required", "")
	c.require(!n.From.IsZero(), "/from", "required", "")
	c.require(!n.Until.IsZero(), "/until", "required", "")
	c.require(n.From.IsZero() || n.From >= today, "/from", "not_in_past", "today or later")
	c.require(n.Until.IsZero() || n.Until >= n.From, "/until", "not_earlier", "not before the first day")
	c.require(n.Until < n.From+MaxDelegationDays, "/until", "range", fmt.Sprintf("at most %d days", MaxDelegationDays))
	c.text(n.Reason, "/reason", true)
	return c.err()
}

// Delegation lends the roles that a user holds in a department to a colleague of
// the same department, from the beginning of one day to the end of another by the
// database's clock.
type Delegation struct {
	ID               string
	From, FromName   string // the user stood in for
	To, ToName       string // the user who stands in
	Department       Department
	Roles            []Role // those that From holds now
	Begins, Ends     Date   // the first and the last day
	StartsAt, EndsAt time.Time
	Reason           string
	CreatedAt        time.Time
	RevokedAt        *time.Time
	RevokedBy        string // user
	RevokedByName    string
}

// Runs reports whether the delegation holds at an instant.
func (d Delegation) Runs(now time.Time) bool {
	return d.RevokedAt == nil && !now.Before(d.StartsAt) && now.Before(d.EndsAt)
}

// StandIn is a delegation that holds now, as the user who stands in has it.
type StandIn struct {
	For     string // user
	ForName string
	Roles   []Role
	EndsAt  time.Time
}

// lone are roles that bear nothing beside them: what auditors, administrators and
// systems are kept from, and what citizens are, cannot be lent.
var lone = []Role{Auditor, Operator, SecurityOfficer, Gateway, Citizen}

// Lendable returns the roles that a colleague can be lent: all but those that
// stand alone.
func Lendable(roles []Role) []Role {
	var lent []Role
	for _, r := range roles {
		if !slices.Contains(lone, r) {
			lent = append(lent, r)
		}
	}
	return lent
}

// CheckStandIn returns an *Error when a user cannot lend their roles to another:
// they have none to lend, the other gains none, or holds one that bears no other
// beside it.
func CheckStandIn(from, to User) error {
	var c checker
	lent := Lendable(from.Roles)
	c.require(len(lent) > 0, "/to", "nothing_to_lend", "none of your roles can be lent")
	c.require(len(lent) == 0 || slices.ContainsFunc(lent, func(r Role) bool { return !slices.Contains(to.Roles, r) }),
		"/to", "gains_nothing", "this colleague holds the same roles already")
	c.require(len(Lendable(to.Roles)) == len(to.Roles), "/to", "incompatible", "this colleague's own duty bears no other beside it")
	return c.err()
}
