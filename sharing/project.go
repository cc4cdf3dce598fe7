package sharing

import (
	"fmt"
	"slices"
)

// States and steps of project acceptance (信息化项目立项、验收).
const (
	Initiating  State = "initiating"   // the list of data resources is checked: a condition of approval
	Building    State = "building"     // approved, under construction
	Accepting   State = "accepting"    // acceptance was asked for: each resource is checked
	Rectifying  State = "rectifying"   // not accepted: the gaps were named, finance was told
	Accepted    State = "accepted"     // live, and checked again by schedule
	NotApproved State = "not_approved" // no approval without a sound list. Final.
	Retired     State = "retired"      // the system is out of service. Final.

	Initiate      Action = "initiate"       // approve the initiation, or do not
	AskAcceptance Action = "ask_acceptance" // with evidence
	Accept        Action = "accept"         // accept, or name the gaps
	ReportGaps    Action = "report_gaps"    // the gaps are mended: check again
	Inspect       Action = "inspect"        // after going live, by schedule or by hand
	Retire        Action = "retire"
)

// projectMachine: yanzhou-2024 arts. 9, 13, 33 and 36, city-2023 arts. 8 and 34,
// jinan-startup-2023 arts. 12 and 41, lishui-2020 arts. 12 and 29, shuozhou-2021
// arts. 4, 9 and 11.
var projectMachine = Machine{
	Starts: []State{Initiating},
	Steps: []Transition{
		{Initiating, Initiate, Building, ByAuthority, "the list is sound"},
		{Initiating, Initiate, NotApproved, ByAuthority, "with reasons"},
		{Building, AskAcceptance, Accepting, ByApplicant, "with evidence"},
		{Accepting, Accept, Accepted, ByAuthority, "every check is met"},
		{Accepting, Accept, Rectifying, ByAuthority, "all gaps in one notice; finance is told to hold further funds"},
		{Rectifying, ReportGaps, Accepting, ByApplicant, "what was mended"},
		{Accepted, Inspect, Accepted, ByAuthority, "after going live; by schedule, too"},
		{Accepted, Retire, Retired, ByApplicant, ""},
		{Initiating, Withdraw, Withdrawn, ByApplicant, ""},
		{Building, Withdraw, Withdrawn, ByApplicant, ""},
	},
	Content: says[Project],
	Says: map[Action]func() Checked{
		Initiate: says[Ruling], AskAcceptance: says[AcceptanceRequest], Accept: says[Acceptance], ReportGaps: says[GapReport],
		Inspect: says[Inspection], Retire: says[OptionalRemark], Withdraw: says[OptionalRemark],
	},
}

// Limits on what a project may list.
const (
	MaxPlanned       = 100 // data resources
	MaxPlannedFields = 200 // of one of them
)

// CollectionWay is how a resource comes to the data center (yanzhou-2024 art. 13).
type CollectionWay string

const (
	FrontEndMachine CollectionWay = "front_end_machine" // 前置机
	CollectionAPI   CollectionWay = "api"               // 数据接口
	Warehouse       CollectionWay = "warehouse"         // 数据仓
	OtherWay        CollectionWay = "other"             // where the text names none
)

// CollectionWays lists the ways of collection.
var CollectionWays = []CollectionWay{FrontEndMachine, CollectionAPI, Warehouse, OtherWay}

// Project is an IT project as the department that builds it registers it, with
// the list of data resources it will produce (yanzhou-2024 art. 36, city-2023
// art. 34, lishui-2020 art. 29, shuozhou-2021 art. 11).
type Project struct {
	Name   string `json:"name"`
	Budget string `json:"budget"` // where the money comes from
	// Classified projects are exempt from acceptance where the regulation says so.
	Classified  bool              `json:"classified,omitempty"`
	Resources   []PlannedResource `json:"resources,omitempty"`
	Attachments []string          `json:"attachments,omitempty"`
}

// PlannedResource is one line of a project's list of data resources.
type PlannedResource struct {
	Title string        `json:"title"` // unique in the list
	Class Class         `json:"class"` // as it is planned to be shared
	Cycle Cycle         `json:"cycle"`
	Way   CollectionWay `json:"way"`
	// Fields are the data items it will have, by title.
	Fields []string `json:"fields,omitempty"`
	// Entry is the code of its catalog entry, once there is one.
	Entry string `json:"entry,omitempty"`
}

// Check returns an *Error naming what is wrong with the project. Whether it needs
// a list the regulation says.
func (p Project) Check() error {
	var c checker
	c.text(p.Name, "/name", true)
	c.text(p.Budget, "/budget", true)
	c.require(len(p.Resources) <= MaxPlanned, "/resources", "max_items", fmt.Sprint(MaxPlanned))
	c.require(len(p.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	cycles := []Cycle{RealTime, Daily, Weekly, Monthly, Quarterly, HalfYearly, EveryYear, Irregularly}
	for i, r := range p.Resources {
		at := fmt.Sprintf("/resources/%d", i)
		c.text(r.Title, at+"/title", true)
		first := slices.IndexFunc(p.Resources, func(o PlannedResource) bool { return o.Title == r.Title })
		c.require(first == i, at+"/title", "unique", r.Title)
		c.require(oneOf(r.Class, Classes), at+"/class", "one_of", fmt.Sprint(Classes))
		c.require(oneOf(r.Cycle, cycles), at+"/cycle", "one_of", fmt.Sprint(cycles))
		c.require(oneOf(r.Way, CollectionWays), at+"/way", "one_of", fmt.Sprint(CollectionWays))
		c.require(len(r.Fields) <= MaxPlannedFields, at+"/fields", "max_items", fmt.Sprint(MaxPlannedFields))
		for j, f := range r.Fields {
			c.text(f, fmt.Sprintf("%s/fields/%d", at, j), true)
		}
		c.text(r.Entry, at+"/entry", false)
	}
	return c.err()
}

// EntryLink says which catalog entry a planned resource became.
type EntryLink struct {
	Resource string `json:"resource"` // title in the project's list
	Entry    string `json:"entry"`    // code in the region's catalog
}

// AcceptanceRequest asks for acceptance.
type AcceptanceRequest struct {
	Note        string      `json:"note,omitempty"`
	Entries     []EntryLink `json:"entries,omitempty"`
	Attachments []string    `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the request.
func (r AcceptanceRequest) Check() error {
	return checkHandedIn(r.Note, false, r.Entries, r.Attachments)
}

// GapReport says how the gaps were mended.
type GapReport struct {
	Note        string      `json:"note"`
	Entries     []EntryLink `json:"entries,omitempty"`
	Attachments []string    `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the report.
func (r GapReport) Check() error { return checkHandedIn(r.Note, true, r.Entries, r.Attachments) }

func checkHandedIn(note string, required bool, entries []EntryLink, files []string) error {
	var c checker
	c.text(note, "/note", required)
	c.require(len(entries) <= MaxPlanned, "/entries", "max_items", fmt.Sprint(MaxPlanned))
	for i, e := range entries {
		c.text(e.Resource, fmt.Sprintf("/entries/%d/resource", i), true)
		c.text(e.Entry, fmt.Sprintf("/entries/%d/entry", i), true)
	}
	c.require(len(files) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// Link writes into the list which entries its resources became. The error names
// the link that is not on the list, by its place.
func (p *Project) Link(entries []EntryLink) error {
	var c checker
	for i, e := range entries {
		k := slices.IndexFunc(p.Resources, func(r PlannedResource) bool { return r.Title == e.Resource })
		c.require(k >= 0, fmt.Sprintf("/entries/%d/resource", i), "exists", e.Resource+" is not on the project's list")
		if k >= 0 {
			p.Resources[k].Entry = e.Entry
		}
	}
	return c.err()
}

// Acceptance accepts a project, or does not: with what a person found where the
// catalog does not know the answer.
type Acceptance struct {
	Agree       bool          `json:"agree"`
	Checks      []StatedCheck `json:"checks,omitempty"`
	Reasons     string        `json:"reasons,omitempty"` // for the notice of gaps
	Attachments []string      `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the message.
func (a Acceptance) Check() error { return checkStated(a.Checks, a.Reasons, "/reasons", a.Attachments) }

// Inspection is a look at a project that is live.
type Inspection struct {
	Checks      []StatedCheck `json:"checks,omitempty"`
	Note        string        `json:"note,omitempty"`
	Attachments []string      `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the message.
func (i Inspection) Check() error { return checkStated(i.Checks, i.Note, "/note", i.Attachments) }

func checkStated(stated []StatedCheck, note, at string, files []string) error {
	var c checker
	c.text(note, at, false)
	c.require(len(stated) <= MaxPlanned*10, "/checks", "max_items", fmt.Sprint(MaxPlanned*10))
	for i, s := range stated {
		at := fmt.Sprintf("/checks/%d", i)
		c.require(s.Check != "", at+"/check", "required", "")
		c.text(s.Resource, at+"/resource", false)
		c.text(s.Evidence, at+"/evidence", true)
	}
	c.require(len(files) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// ProjectRecord is what is kept of a project: as it was registered, and what its
// checks came to.
type ProjectRecord struct {
	Project
	// Elsewhere are data items of the list that another department provides already.
	Elsewhere []HeldElsewhere `json:"elsewhere,omitempty"`
	// Results are those of the last checks, taken on the day Checked.
	Results []CheckResult `json:"results,omitempty"`
	Checked Date          `json:"checked,omitzero"`
	// Holds are what the regulation says waits until the gaps are mended.
	Holds []Hold `json:"holds,omitempty"`
}

// HeldElsewhere is a data item that another department provides already (一数一源).
type HeldElsewhere struct {
	Field      string `json:"field"`
	Entry      string `json:"entry"` // code
	Title      string `json:"title"`
	Department string `json:"department"` // its name
}

// Hold is one consequence of conditions that are not met, from a day on.
type Hold struct {
	Consequence string `json:"consequence"`
	Article     string `json:"article"`
	Since       Date   `json:"since"`
}
