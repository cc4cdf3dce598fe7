package sharing

import "time"

// RecordedFrom is the lowest grade of which every reading is recorded.
const RecordedFrom Grade = 3

// Reading is that somebody read something of grade 3 or 4.
type Reading struct {
	ID       int64
	At       time.Time // by the database's clock, before anything was handed out
	RegionID string
	// UserID is who read, DepartmentID their department then, or the one that a gateway
	// was permitted to let have the data, OnBehalfOf the colleague whose roles allowed it
	// when their own did not.
	UserID       string
	DepartmentID string
	OnBehalfOf   string
	// Via is how they came in: "session:…", "key:…" or "token".
	Via string
	// Operation is the page or operation that was asked for, and Request the id of the
	// request, which stands in the access log too.
	Operation string
	Request   string
	// Kind, SubjectID and Name say what was read: an entry with its code, a case with
	// its number, a grant with that of its case.
	Kind      Kind
	SubjectID string
	Name      string
	Grade     Grade // the highest of what was read
	// Fields are the data items that it told of: of an entry those of grades 3 and 4, of
	// a case or grant those that it is about.
	Fields []string
	// Purpose is for what the data was asked for, where the thing read says so.
	Purpose string
	// Policy names the policy, by its versions and hash, under which it was allowed.
	Policy string

	// Names for readers, not part of what is recorded.
	UserName       string
	DepartmentName string
	OnBehalfOfName string
}
