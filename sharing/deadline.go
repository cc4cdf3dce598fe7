package sharing

import "time"

// Duty names of a share case, as regulation files name them.
const (
	DutyPrecheck = "share.precheck"
	DutyAnswer   = "share.answer"
	DutyProvide  = "share.provide"
	DutyConfirm  = "share.confirm"
	DutyConsent  = "share.consent"
)

// DeadlineState is whether a clock still matters.
type DeadlineState string

const (
	Running DeadlineState = "running"
	Halted  DeadlineState = "halted" // suspended
	Met     DeadlineState = "met"    // done, in time or late: compare MetAt with DueAt
	Void    DeadlineState = "void"   // no longer owed (withdrawn)
)

// Deadline is one duty running on a case. Its due date is derived from Clock and
// the calendar and kept only so that lists can sort by it.
type Deadline struct {
	ID          string
	CaseID      string
	Duty        string
	Article     string
	Statutory   bool       // false: an operator's target, never to be shown as law
	Owes        Department // who owes it
	Clock       Clock
	State       DeadlineState
	DueAt       time.Time // zero: no due date
	DueDate     Date
	Provisional bool
	// Edition of the calendar on which the due date was derived; 0 for the calendar
	// that came with the program.
	Edition int64
	MetAt   *time.Time
}

// Overdue reports whether the limit has passed at now without the duty being
// met, or was met late. It is computed whenever asked and stored nowhere.
func (d Deadline) Overdue(now time.Time) bool {
	if d.DueAt.IsZero() || d.State == Void || d.State == Halted {
		return false
	}
	if d.MetAt != nil {
		return !d.MetAt.Before(d.DueAt)
	}
	return !now.Before(d.DueAt)
}

// RungKind is a step of the ladder that a limit climbs.
type RungKind string

const (
	Reminder      RungKind = "reminder"      // 提醒, before the limit
	LimitReached  RungKind = "due"           // the limit has passed
	Urged         RungKind = "urged"         // 催办
	Supervised    RungKind = "supervised"    // 督办
	Rectification RungKind = "rectification" // 整改
)

// Rung is one step of the ladder of one deadline. It fires exactly once.
type Rung struct {
	ID         string
	DeadlineID string
	Kind       RungKind
	Offset     int      // working days from the limit; negative before it
	To         []string // roles of the regulation that are told, such as provider or authority
	At         time.Time
	FiredAt    *time.Time
}

// TaskKind is what a task asks for. Those of procedures other than a share
// application are named after the action they wait for.
type TaskKind string

const (
	TaskCheck    TaskKind = "check"
	TaskAnswer   TaskKind = "answer"
	TaskComplete TaskKind = "complete"
	TaskProvide  TaskKind = "provide"
	TaskConfirm  TaskKind = "confirm"
	TaskConsent  TaskKind = "consent"
)

// TaskState is whether a task waits for somebody.
type TaskState string

const (
	TaskOpen TaskState = "open"
	TaskDone TaskState = "done"
	TaskVoid TaskState = "void" // overtaken by another step
)

// Task is something a department has to do on a case.
type Task struct {
	ID         string
	Kind       TaskKind
	Department Department
	State      TaskState
	ClaimedBy  string // user, or "" when nobody took it
	DoneBy     string
	CreatedAt  time.Time
	DoneAt     *time.Time
	Case       Case
	Deadline   *Deadline // the clock that runs on it, when there is one

	// Names for readers, empty where the ids are.
	ClaimedByName, DoneByName string
}
