package sharing

import (
	"encoding/json"
	"time"
)

// Command is one request to change something, kept in the database from before
// it is carried out until long after: the workflow carries its id, the step reads
// its body, and a repeated request finds its answer.
type Command struct {
	ID       string
	Key      string // Idempotency-Key of its actor, or made up for pages
	Actor    Subject
	Action   Action
	Target   string // application or case
	Expected int    // the version it was decided on; 0 when it does not matter
	Body     json.RawMessage
	Policy   string // the policy that allowed it, by its versions and hash
	State    CommandState
	Outcome  json.RawMessage // the Outcome once done
	At       time.Time
}

// CommandState is how far a command got.
type CommandState string

const (
	Pending CommandState = "pending"
	Done    CommandState = "done"
)

// Submission is the body of a Submit command.
type Submission struct {
	// ReceivedOn is the day a paper application was really received; zero for one
	// submitted through the system.
	ReceivedOn Date `json:"received_on,omitempty"`
	// CaseIDs are the ids the cases will have, one per item, so that the workflow
	// of the first can be started under its own id.
	CaseIDs []string `json:"case_ids"`
	// Sight is what the policy lets whoever submits know of data items: an item of a
	// resource that lies outside is none to them.
	Sight []Cell `json:"sight"`
}

// Snapshot is all a workflow needs to know of its case: codes and instants.
type Snapshot struct {
	CaseID  string `json:"case_id"`
	State   State  `json:"state"`
	Version int    `json:"version"`
	// Wake is when time next changes something: a rung, or the end of a grant.
	Wake *time.Time `json:"wake,omitempty"`
	// Siblings are further cases of the same application whose workflows are still
	// to be started. Only the step that submits fills it in.
	Siblings []string `json:"siblings,omitempty"`
}
