// Package demo describes a small world to try the system in: the five regions with
// their offices, people and catalogs, and applications under way.
//
// The regions, their authorities and the offices above these are named by the
// regulations. The other offices are those that every local government has, and the
// people are posts ("朔州公安·审批人") and nobody in particular. Every entry of the
// catalogs is made up after the usual ones; the laws that entries cite are real.
package demo

import (
	"slices"

	"gongshu/sharing"
)

// World is everything the demo holds.
type World struct {
	Regions     []sharing.Region
	Departments []sharing.Department
	// Users have one post each. There is no citizen: citizens belong to no department
	// and take part in none of the procedures between departments.
	Users []sharing.User
	// Resources have deterministic ids. UpdatedAt is zero: the day of loading counts.
	Resources []sharing.Resource
	Stories   []Story
	Matters   []Matter
}

// Story is an application under way. The loader carries it out through the real
// procedure, as the people named in it.
type Story struct {
	ID        string // unique, and the same each time
	Shows     Scene
	RegionID  string
	Applicant string // user id
	Registrar string // user id of who registers the paper; empty when submitted online
	Received  Received
	// Request is complete; its items name entries of World.Resources. Each item
	// becomes a case.
	Request sharing.Request
	// Steps are in the order in which they are taken.
	Steps []Step
}

// Scene is what a story is there to show.
type Scene string

const (
	DueTomorrow        Scene = "due_tomorrow"
	Overdue            Scene = "overdue"
	Refused            Scene = "refused"
	InUse              Scene = "in_use"     // agreed, provided and confirmed
	AwaitingCompletion Scene = "completion" // gaps were named, the applicant's turn
	AwaitingProvision  Scene = "provision"  // agreed, not yet provided
	AtOnce             Scene = "at_once"    // unconditional: granted without anybody's answer
	SeveralDepartments Scene = "several"    // one case per resource, each with another provider
	Withdrawn          Scene = "withdrawn"
	Answering          Scene = "answering" // in time, nobody has answered yet
)

// Received says when an application was received. The zero value is now, online.
type Received struct {
	// Duty, when set, makes it an application on paper that is registered today: it
	// was received on the day from which the limit of this duty ends
	// DueInWorkingDays working days from today: 0 is today, 1 the next working day,
	// -3 three working days ago.
	Duty             string
	DueInWorkingDays int
}

// Paper reports whether the application was received on paper on an earlier day.
func (r Received) Paper() bool { return r.Duty != "" }

// Step is something that somebody does to a case after it was received. Exactly one
// of the bodies is set, the one of its action.
type Step struct {
	By         string // user id
	Action     sharing.Action
	ResourceID string              // whose case it is
	Completion *sharing.Completion // RequestCompletion
	Completed  *sharing.Completed  // Complete
	Decision   *sharing.Decision   // Answer
	Provision  *sharing.Provision  // Provide
	Remark     *sharing.Remark     // Confirm, ReportFailure, Withdraw
}

// User returns the user of that id.
func (w World) User(id string) (sharing.User, bool) {
	i := slices.IndexFunc(w.Users, func(u sharing.User) bool { return u.ID == id })
	if i < 0 {
		return sharing.User{}, false
	}
	return w.Users[i], true
}

// Resource returns the catalog entry of that id.
func (w World) Resource(id string) (sharing.Resource, bool) {
	i := slices.IndexFunc(w.Resources, func(r sharing.Resource) bool { return r.ID == id })
	if i < 0 {
		return sharing.Resource{}, false
	}
	return w.Resources[i], true
}
