package workflows

import (
	"time"

	"gongshu/sharing"
)

// TaskQueue is where workers take their work from.
const TaskQueue = "gongshu"

// Names by which clients address a case's workflow.
const (
	StepUpdate    = "step"     // a person's decision
	NudgeSignal   = "nudge"    // look at the case again: the sweep's, never a decision
	SnapshotQuery = "snapshot" // where the workflow thinks the case stands
)

// CaseWorkflowID is the id of the one workflow of a case.
func CaseWorkflowID(caseID string) string { return "case/" + caseID }

// Step asks for one step of a case. All of its content lies in the command; the
// rest lets the validator refuse what has become stale without a trace.
type Step struct {
	CommandID string         `json:"command_id"`
	Action    sharing.Action `json:"action"`
	Expected  int            `json:"expected"`
}

// CaseInput starts the workflow of a case, and carries it over when it continues
// as new.
type CaseInput struct {
	CaseID string `json:"case_id"`
	// Filed: the case is in the database already. Without it, the workflow waits for
	// the update that submits it.
	Filed bool     `json:"filed,omitempty"`
	State position `json:"state,omitzero"`
}

// CaseResult is how a case ended. Refused and withdrawn are results like others.
type CaseResult struct {
	State   sharing.State `json:"state"`
	Version int           `json:"version"`
}

// patience is how long a workflow started by a submission waits for it.
const patience = time.Minute
