package sharing

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// States and steps of a correction dispute (疑义、错误校核).
const (
	Verifying State = "verifying" // the provider verifies within its limit
	Corrected State = "corrected" // the data was wrong and has been corrected. Final.
	Explained State = "explained" // the data is right, and why. Final; an objection goes to coordination.

	Verify Action = "verify"
)

// DutyVerify is the duty to verify a doubt, as regulation files name it.
const DutyVerify = "dispute.verify"

// disputeMachine: yanzhou-2024 art. 23, city-2023 art. 24, jinan-startup-2023
// art. 36, lishui-2020 art. 13, shuozhou-2021 art. 19.
var disputeMachine = Machine{
	Starts: []State{Verifying},
	Steps: []Transition{
		{Verifying, Verify, Corrected, ByProvider, "what was wrong, and is right now"},
		{Verifying, Verify, Explained, ByProvider, "why it is right"},
		{Verifying, Reassign, Verifying, ByAuthority, "with a reason"},
		{Verifying, Withdraw, Withdrawn, ByApplicant, ""},
	},
	Content: says[DisputeReport],
	Says: map[Action]func() Checked{
		Verify:   says[Verified],
		Reassign: says[Reassignment],
		Withdraw: says[OptionalRemark],
	},
}

// DisputeAbout is what a doubt is about.
type DisputeAbout string

const (
	AboutData    DisputeAbout = "data"    // a record of a resource
	AboutCatalog DisputeAbout = "catalog" // the catalog entry itself (shuozhou-2021 art. 19)
)

// Channel is the way in which a doubt came in (lishui-2020 art. 13).
type Channel string

const (
	OnPlatform  Channel = "platform"  // 平台
	ByInterface Channel = "interface" // 接口
	ByHand      Channel = "manual"    // 手工录入
)

// Channels lists the ways in which a doubt can come in. Which of them there are,
// the regulation says.
var Channels = []Channel{OnPlatform, ByInterface, ByHand}

// Limits on a report of a doubt.
const (
	MaxRecordKey     = 200 // characters
	MaxDoubtedFields = 100
)

// DisputeReport is a doubt, or an evident error, in data that a department uses.
type DisputeReport struct {
	Resource string `json:"resource"` // id of the catalog entry
	// About is the data when empty.
	About DisputeAbout `json:"about,omitempty"`
	// RecordKey names the record as the resource does, such as by an ID number; empty
	// where the doubt is about the catalog entry.
	RecordKey string `json:"record_key,omitempty"`
	// Fields of the resource that are doubted; of an entry there may be none.
	Fields      []string `json:"fields,omitempty"`
	Wrong       string   `json:"wrong"` // what is wrong
	Evidence    string   `json:"evidence,omitempty"`
	Attachments []string `json:"attachments,omitempty"`
	// Channel is the platform when empty.
	Channel Channel `json:"channel,omitempty"`
}

// Check returns an *Error naming what is wrong with the report.
func (r DisputeReport) Check() error {
	var c checker
	c.require(r.Resource != "", "/resource", "required", "")
	c.require(r.About == "" || r.About == AboutData || r.About == AboutCatalog, "/about", "one_of", "data or catalog")
	c.text(r.RecordKey, "/record_key", r.About != AboutCatalog)
	c.require(r.About != AboutCatalog || r.RecordKey == "", "/record_key", "data_only", "a doubt about a catalog entry is about no record")
	c.require(utf8.RuneCountInString(r.RecordKey) <= MaxRecordKey, "/record_key", "max_length", fmt.Sprint(MaxRecordKey))
	c.require(r.About == AboutCatalog || len(r.Fields) > 0, "/fields", "required", "at least one field")
	c.require(len(r.Fields) <= MaxDoubtedFields, "/fields", "max_items", fmt.Sprint(MaxDoubtedFields))
	for i, f := range r.Fields {
		at := fmt.Sprintf("/fields/%d", i)
		c.require(f != "", at, "required", "")
		c.require(slices.Index(r.Fields, f) == i, at, "unique", f)
	}
	c.text(r.Wrong, "/wrong", true)
	c.text(r.Evidence, "/evidence", false)
	c.require(len(r.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	c.require(r.Channel == "" || oneOf(r.Channel, Channels), "/channel", "one_of", fmt.Sprint(Channels))
	return c.err()
}

// Way returns the channel the report came in by.
func (r DisputeReport) Way() Channel {
	if r.Channel == "" {
		return OnPlatform
	}
	return r.Channel
}

// Fits returns an *Error naming what of the report the resource, or the
// regulation, has not: its fields, the channel, and whether a doubt about the
// catalog is one at all.
func (r DisputeReport) Fits(resource Resource, channels []string, catalog bool) error {
	var c checker
	for i, f := range r.Fields {
		c.require(resource.HasField(f), fmt.Sprintf("/fields/%d", i), "field_of_resource", f+" is not a field of "+resource.Title)
	}
	c.require(slices.Contains(channels, string(r.Way())), "/channel", "channel", fmt.Sprint(channels))
	c.require(r.About != AboutCatalog || catalog, "/about", "catalog_not_covered", "the regulation provides for doubts about data only")
	return c.err()
}

// Verified is what came of verifying a doubt.
type Verified struct {
	Outcome State `json:"outcome"` // Corrected or Explained
	// WasWrong, Correction and CorrectedOn belong to a correction: what was wrong,
	// what is right now, and since which day.
	WasWrong    string `json:"was_wrong,omitempty"`
	Correction  string `json:"correction,omitempty"`
	CorrectedOn Date   `json:"corrected_on,omitzero"`
	// Reasons why the data is right, and the basis where there is one.
	Reasons     string   `json:"reasons,omitempty"`
	Basis       []Basis  `json:"basis,omitempty"`
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the message.
func (v Verified) Check() error {
	var c checker
	corrected, explained := v.Outcome == Corrected, v.Outcome == Explained
	c.require(corrected || explained, "/outcome", "one_of", "corrected or explained")
	c.text(v.WasWrong, "/was_wrong", corrected)
	c.text(v.Correction, "/correction", corrected)
	c.require(!corrected || !v.CorrectedOn.IsZero(), "/corrected_on", "required", "")
	c.text(v.Reasons, "/reasons", explained)
	c.bases(v.Basis, "/basis", false)
	c.require(len(v.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	c.require(!explained || blank(v.WasWrong) && blank(v.Correction) && v.CorrectedOn.IsZero(), "/outcome", "correction_only",
		"what was wrong, what is right and since when belong to a correction")
	c.require(!corrected || blank(v.Reasons) && len(v.Basis) == 0, "/reasons", "explanation_only", "reasons and basis belong to an explanation")
	return c.err()
}
