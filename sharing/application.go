package sharing

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// ApplicationState is where an application stands before it becomes cases.
type ApplicationState string

const (
	Draft     ApplicationState = "draft"     // only its department sees it
	Submitted ApplicationState = "submitted" // became one case per resource
	Discarded ApplicationState = "discarded" // thrown away before it was submitted
)

// Item is one resource asked for, and which of its fields.
type Item struct {
	ResourceID string `json:"resource_id"`
	// Fields are names of the resource's fields; empty asks for all of them.
	Fields []string `json:"fields,omitempty"`
}

// Request is what an application asks for, in the applicant's words.
type Request struct {
	Items []Item `json:"items"`
	// Purpose is what the data is for (city-2023 art. 21, jinan-startup-2023
	// art. 18, shuozhou-2021 arts. 13 and 16).
	Purpose string `json:"purpose"`
	// Duty is the legal duty of the applying department that the data serves.
	Duty string `json:"duty"`
	Mode Mode   `json:"mode"`
	// TermMonths is for how many months the data is needed.
	TermMonths int `json:"term_months"`
	// Scenario is the application scenario in the applicant's words.
	Scenario string `json:"scenario,omitempty"`
	// ScenarioID names one of the authority's register: what fits it is authorised at
	// once (lishui-2020 art. 19(3)).
	ScenarioID string `json:"scenario_id,omitempty"`
	// BusinessAnalysis is the core business that was gone through first (核心业务梳理,
	// lishui-2020 art. 19(1)).
	BusinessAnalysis string `json:"business_analysis,omitempty"`
	// Renews is the department's own grant that the application is to prolong: the new
	// grant begins when that one ends.
	Renews string `json:"renews,omitempty"`
	// Attachments are ids of files uploaded before.
	Attachments []string `json:"attachments,omitempty"`
}

// Limits on what an application may hold.
const (
	MaxItems       = 50
	MaxTermMonths  = 60
	MaxText        = 4000 // characters of any free text
	MaxAttachments = 20
	MaxGaps        = 30
	MaxBases       = 20
)

// Check returns an *Error naming every field that keeps r from being submitted,
// or nil. Drafts may be incomplete; what is submitted may not.
func (r Request) Check() error {
	var c checker
	c.require(len(r.Items) > 0, "/items", "required", "at least one resource")
	c.require(len(r.Items) <= MaxItems, "/items", "max_items", fmt.Sprint(MaxItems))
	seen := map[string]bool{}
	for i, item := range r.Items {
		at := fmt.Sprintf("/items/%d/resource_id", i)
		c.require(item.ResourceID != "", at, "required", "")
		c.require(!seen[item.ResourceID], at, "unique", "the resource is listed twice")
		seen[item.ResourceID] = true
	}
	c.text(r.Purpose, "/purpose", true)
	c.text(r.Duty, "/duty", true)
	c.text(r.Scenario, "/scenario", false)
	c.text(r.BusinessAnalysis, "/business_analysis", false)
	c.require(r.Renews == "" || len(r.Items) == 1, "/renews", "one_item", "a renewal is for the one resource of its grant")
	c.require(oneOf(r.Mode, Modes), "/mode", "one_of", fmt.Sprint(Modes))
	c.require(r.TermMonths >= 1 && r.TermMonths <= MaxTermMonths, "/term_months", "range", fmt.Sprintf("1 to %d", MaxTermMonths))
	c.require(len(r.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// CheckDraft is Check for a draft: what is there must be sound, nothing needs
// to be there yet.
func (r Request) CheckDraft() error {
	var c checker
	c.require(len(r.Items) <= MaxItems, "/items", "max_items", fmt.Sprint(MaxItems))
	c.text(r.Purpose, "/purpose", false)
	c.text(r.Duty, "/duty", false)
	c.text(r.Scenario, "/scenario", false)
	c.text(r.BusinessAnalysis, "/business_analysis", false)
	c.require(r.Mode == "" || oneOf(r.Mode, Modes), "/mode", "one_of", fmt.Sprint(Modes))
	c.require(r.TermMonths >= 0 && r.TermMonths <= MaxTermMonths, "/term_months", "range", fmt.Sprintf("0 to %d", MaxTermMonths))
	c.require(len(r.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// Element is something that a regulation can ask an application to say.
type Element string

const (
	ElementPurpose  Element = "purpose"
	ElementDuration Element = "duration"
	ElementMode     Element = "mode"
	ElementScenario Element = "scenario"
	ElementDuty     Element = "legal_duty"
	ElementAnalysis Element = "business_analysis"
)

// Says reports whether r says the element, and in which field it would.
func (r Request) Says(e Element) (field string, said bool) {
	switch e {
	case ElementPurpose:
		return "/purpose", !blank(r.Purpose)
	case ElementDuration:
		return "/term_months", r.TermMonths > 0
	case ElementMode:
		return "/mode", r.Mode != ""
	case ElementScenario:
		return "/scenario", !blank(r.Scenario) || r.ScenarioID != ""
	case ElementDuty:
		return "/duty", !blank(r.Duty)
	case ElementAnalysis:
		return "/business_analysis", !blank(r.BusinessAnalysis)
	}
	return "", false
}

// Application is a request for one or more resources. Once submitted it becomes
// one case per resource, each with its own clock and answer.
type Application struct {
	ID           string
	Number       string // given when submitted
	RegionID     string
	Applicant    Department
	ApplicantID  string // user who drafted it
	State        ApplicationState
	Version      int
	Request      Request
	Paper        bool // received on paper, registered later
	RegisteredBy string
	ReceivedAt   time.Time // zero until submitted
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// checker gathers every broken rule of a request, so that one answer names all.
type checker struct{ fields []FieldError }

func (c *checker) require(ok bool, field, rule, detail string) {
	if !ok {
		c.fields = append(c.fields, FieldError{Field: field, Rule: rule, Detail: detail})
	}
}

func (c *checker) text(s, field string, required bool) {
	c.require(!required || !blank(s), field, "required", "")
	c.require(utf8.RuneCountInString(s) <= MaxText, field, "max_length", fmt.Sprint(MaxText))
	c.require(utf8.ValidString(s) && !hasControl(s), field, "characters", "valid UTF-8 without control characters")
}

// bases checks the grounds of law that a decision cites.
func (c *checker) bases(all []Basis, field string, proof bool) {
	c.require(len(all) <= MaxBases, field, "max_items", fmt.Sprint(MaxBases))
	for i, b := range all {
		at := fmt.Sprintf("%s/%d", field, i)
		c.text(b.Law, at+"/law", true)
		c.text(b.Article, at+"/article", true)
		c.require(!proof || b.Attachment != "", at+"/attachment", "required", "the file that proves the basis")
	}
}

func (c *checker) err() error {
	if c.fields == nil {
		return nil
	}
	return &Error{Code: CodeInvalid, Fields: c.fields}
}

func oneOf[T comparable](v T, all []T) bool {
	for _, a := range all {
		if a == v {
			return true
		}
	}
	return false
}

func blank(s string) bool {
	for _, r := range s {
		switch r {
		case ' ', '\t', '\n', '\r', '\u3000', '\u00a0':
		default:
			return false
		}
	}
	return true
}

func hasControl(s string) bool {
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return true
		}
	}
	return false
}
