package sharing

import "time"

// System is the actor of what time does by itself.
const System = "system"

// Actions of the trail that nobody performs on a case through a form.
const (
	RungFired        Action = "rung_fired"
	CalendarMoved    Action = "calendar_moved"
	SaveDraft        Action = "save_draft"
	DiscardDraft     Action = "discard_draft"
	Release          Action = "release" // give a task back
	Unfollow         Action = "unfollow"
	LinkCases        Action = "link"
	UnlinkCases      Action = "unlink"
	Delegate         Action = "delegate" // lend one's roles to a colleague
	RevokeDelegation Action = "revoke_delegation"
)

// Entry is one line of the audit trail. Its JSON is what the hash chain covers,
// byte for byte as stored.
type Entry struct {
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"` // to the microsecond, as the database keeps it
	Actor    string    `json:"actor"`
	RegionID string    `json:"region"`
	// DepartmentID is the actor's department at that time.
	DepartmentID string `json:"department,omitempty"`
	Action       Action `json:"action"`
	// SubjectID is what was acted on: a case, or an application that is no case yet.
	SubjectID string `json:"subject"`
	From      State  `json:"from,omitempty"`
	To        State  `json:"to,omitempty"`
	Version   int    `json:"version"`
	Article   string `json:"article,omitempty"`
	Note      string `json:"note,omitempty"`
	// Policy names the policy, by its versions and hash, under which the act was allowed.
	Policy string `json:"policy,omitempty"`
	// Data are codes that pages put into words: the duty, the rung, the due date.
	Data map[string]string `json:"data,omitempty"`
	// OnBehalfOf is the user whose delegation the actor acted under. It and what
	// follows came later than the rest and stay last, left out when empty: older
	// entries read and hash as ever.
	OnBehalfOf string `json:"on_behalf_of,omitempty"`
	// Key is the id of the key under which a system acted as the actor.
	Key string `json:"key,omitempty"`

	// Names for readers, not part of the chain.
	ActorName      string `json:"-"`
	DepartmentName string `json:"-"`
	OnBehalfOfName string `json:"-"`
}

// Message is something a department, or one user of it, is to be told. It carries
// ids and codes, never
// content: who reads it asks for the case, and is shown what they may see.
type Message struct {
	Topic        string `json:"topic"` // an Action, or a RungKind
	CaseID       string `json:"case_id"`
	DepartmentID string `json:"department_id"`
	// UserID is who alone in the department is told; empty for all of it.
	UserID string            `json:"user_id,omitempty"`
	Data   map[string]string `json:"data,omitempty"`
}
