package sharing

import "time"

// ImportState is how far the import of a department's catalog is.
type ImportState string

const (
	ImportChecked ImportState = "checked" // shown to who handed it in; nothing is written yet
	ImportRunning ImportState = "running" // confirmed; its rows become changes one after the other
	ImportDone    ImportState = "done"    // every row has come to something. Final.
)

// RowStanding is what a row of an import is to the catalog.
type RowStanding string

const (
	RowNew       RowStanding = "new"       // an entry that the catalog does not have
	RowChanged   RowStanding = "changed"   // an entry that the row would change
	RowUnchanged RowStanding = "unchanged" // an entry that is so already
	RowRefused   RowStanding = "refused"   // against a rule
)

// RowStandings lists them in the order in which they are shown.
var RowStandings = []RowStanding{RowRefused, RowNew, RowChanged, RowUnchanged}

// ImportTerms is what is said of an import once, for all its rows.
type ImportTerms struct {
	// Draft: the changes are kept to be completed, and reviewed when they are handed in.
	Draft       bool          `json:"draft,omitempty"`
	Trigger     ChangeTrigger `json:"trigger,omitempty"`
	TriggeredOn Date          `json:"triggered_on,omitempty"`
	Why         string        `json:"why"`
}

// Check returns an *Error that names every broken rule.
func (t ImportTerms) Check(today Date) error {
	var c checker
	c.require(oneOf(t.Trigger, ChangeTriggers), "/trigger", "one_of", "")
	c.require(t.Trigger == OtherTrigger || !t.TriggeredOn.IsZero(), "/triggered_on", "required", "the limit runs from this day")
	c.require(t.TriggeredOn <= today, "/triggered_on", "not_in_future", "the trigger lies ahead")
	c.text(t.Why, "/why", true)
	return c.err()
}

// CatalogImport is the import of a department's catalog from a file.
type CatalogImport struct {
	ID           string
	RegionID     string
	DepartmentID string
	UserID       string
	UserName     string
	FileName     string
	Terms        ImportTerms
	State        ImportState
	Version      int
	CreatedAt    time.Time
	ConfirmedAt  *time.Time
	EndedAt      *time.Time
	// Rows counts its rows by what they are to the catalog.
	Rows map[RowStanding]int
	// Staged of the rows became changes or were refused as such: Done of them so far,
	// of these Failed were refused.
	Staged, Done, Failed int
}

// Total is how many rows it has.
func (i CatalogImport) Total() int {
	n := 0
	for _, of := range i.Rows {
		n += of
	}
	return n
}

// Proposed is how many of its rows ask for a change.
func (i CatalogImport) Proposed() int { return i.Rows[RowNew] + i.Rows[RowChanged] }
