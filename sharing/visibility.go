package sharing

// Kind is a kind of thing that can be seen or acted on.
type Kind string

const (
	KindResource    Kind = "resource"
	KindApplication Kind = "application"
	KindCase        Kind = "case"
	KindGrant       Kind = "grant"
	KindScenario    Kind = "scenario" // the register of application scenarios
	KindTrail       Kind = "trail"    // the audit trail
)

// What is administered, of a whole region each.
const (
	KindAccount Kind = "account" // people and departments, with their sign-ins
	KindKey     Kind = "key"     // keys under which systems use the API
	KindSetting Kind = "setting" // calendars, regulations, schedules, wordings of letters
	KindPolicy  Kind = "policy"  // the rules on who may see and do what
)

// AdministeredKinds lists the kinds of what is administered.
var AdministeredKinds = []Kind{KindAccount, KindKey, KindSetting, KindPolicy}

// A catalog entry is another kind of thing in each state and to each eye: what
// departments have in the catalog is a [KindResource].
const (
	// KindFormer is an entry that was taken out of the catalog.
	KindFormer Kind = "former"
	// KindField is one data item of an entry, labelled with the entry's class and its
	// own grade.
	KindField Kind = "field"
	// KindOpenEntry and KindOpenField are an entry in the catalog and a data item of it
	// as the public sees them. Their class is that of opening; see [Resource.OpenThing].
	KindOpenEntry Kind = "open_entry"
	KindOpenField Kind = "open_field"
	// KindReadLog is the log of who read what of grades 3 and 4.
	KindReadLog Kind = "read_log"
)

// Action is something a person may do to a thing.
type Action string

const (
	Read              Action = "read"
	Apply             Action = "apply"          // apply for a resource
	RegisterPaper     Action = "register_paper" // register an application received on paper on an earlier day
	Submit            Action = "submit"
	Pass              Action = "pass"               // the authority's first check is passed
	SendBack          Action = "send_back"          // and is not: back to the applicant, with reasons
	Extend            Action = "extend"             // give the provider longer, where the regulation allows it
	Reassign          Action = "reassign"           // make another department owe what is open
	RequestCompletion Action = "request_completion" // 补正通知
	Complete          Action = "complete"           // 补正
	Answer            Action = "answer"             // agree or refuse
	Provide           Action = "provide"
	Confirm           Action = "confirm"
	ReportFailure     Action = "report_failure"
	Withdraw          Action = "withdraw"
	Claim             Action = "claim" // take a task on oneself, or give it back
	Watch             Action = "watch" // see the overdue board of a region
	Urge              Action = "urge"
	Consent           Action = "consent" // the authority agrees to a way of sharing, or does not
	Suspend           Action = "suspend" // a grant, for now
	Resume            Action = "resume"
	Revoke            Action = "revoke" // a grant, for misuse
	Supervise         Action = "supervise"
	Comment           Action = "comment"
	Follow            Action = "follow" // be told what becomes of a case
	Keep              Action = "keep"   // a register: add to it, change it, strike off
	Serve             Action = "serve"  // let data through under a grant: ask whether it holds, report its use
)

// What administrators do.
const (
	Manage  Action = "manage"  // accounts, keys, settings, the policy: add, change, end
	Appoint Action = "appoint" // give people roles, and take them
)

// Relation is how a subject stands to a thing.
type Relation string

const (
	AsProvider  Relation = "provider"  // the department that owns the resource
	AsApplicant Relation = "applicant" // the department that asks
	AsPeer      Relation = "peer"      // another department of the region
	AsAuthority Relation = "authority" // the region's big-data center
	AsOverseer  Relation = "overseer"  // the office above the authority, finance, auditors, administrators, gateways
)

// AsPublic is the relation of citizens and companies to what is opened to them.
const AsPublic Relation = "public"

// Relations lists every relation. More than one can hold at once.
var Relations = []Relation{AsProvider, AsApplicant, AsPeer, AsAuthority, AsOverseer, AsPublic}

// Thing is the part of a resource, application, case or grant that decides who
// may see it. A field left empty matches no rule: what is not labelled is not
// shown.
type Thing struct {
	Kind        Kind
	RegionID    string
	ProviderID  string // department
	ApplicantID string // department; empty for resources
	Class       Class
	Grade       Grade
}

// Thing returns what decides which departments may see r: its state says of what
// kind it is.
func (r Resource) Thing() Thing {
	kind := KindResource
	if r.Withdrawn {
		kind = KindFormer
	}
	return Thing{Kind: kind, RegionID: r.RegionID, ProviderID: r.Provider.ID, Class: r.Class, Grade: r.Grade}
}

// FieldThing returns what decides who may see a data item of r. holder is the
// department that asks when it holds the item under a grant, and "" otherwise.
func (r Resource) FieldThing(f Field, holder string) Thing {
	return Thing{Kind: KindField, RegionID: r.RegionID, ProviderID: r.Provider.ID, ApplicantID: holder, Class: r.Class, Grade: f.Grade}
}

// OpenThing returns what decides whether the public may see r. Its class is that of
// opening: Unconditional stands for what is open to all (无条件开放), Conditional for
// what is opened on conditions (有条件开放), and NotShared for the rest (不予开放), with
// whatever departments do not share with one another. An entry that was withdrawn
// has no label, and nobody sees it.
func (r Resource) OpenThing() Thing {
	if r.Withdrawn {
		return Thing{}
	}
	return Thing{Kind: KindOpenEntry, RegionID: r.RegionID, ProviderID: r.Provider.ID, Class: r.opening(), Grade: r.Grade}
}

// OpenFieldThing returns what decides whether the public may know of a data item.
func (r Resource) OpenFieldThing(f Field) Thing {
	t := r.OpenThing()
	if t.Kind != "" {
		t.Kind, t.Grade = KindOpenField, f.Grade
	}
	return t
}

func (r Resource) opening() Class {
	switch {
	case r.Class == NotShared || r.OpenClass == NotOpen:
		return NotShared
	case r.OpenClass == Open:
		return Unconditional
	case r.OpenClass == OpenConditionally:
		return Conditional
	}
	return ""
}

// RelationsTo lists how s stands to t. Nobody stands in any relation to a thing
// of another region, and who belongs to no department in none to anything.
func (s Subject) RelationsTo(t Thing) []Relation {
	if s.RegionID == "" || s.RegionID != t.RegionID || s.DepartmentID == "" {
		return nil
	}
	var all []Relation
	if s.DepartmentID == t.ProviderID {
		all = append(all, AsProvider)
	}
	if s.DepartmentID == t.ApplicantID {
		all = append(all, AsApplicant)
	}
	if t.ProviderID != "" && s.DepartmentID != t.ProviderID && s.DepartmentID != t.ApplicantID {
		all = append(all, AsPeer)
	}
	if s.Has(AuthorityOfficer, AuthorityHead) {
		all = append(all, AsAuthority)
	}
	if s.Oversees() {
		all = append(all, AsOverseer)
	}
	if s.Has(Citizen) && (t.Kind == KindOpenEntry || t.Kind == KindOpenField) {
		all = append(all, AsPublic)
	}
	return all
}

// Oversees reports whether the subject stands above departments and authority:
// the office above the authority, the finance department, auditors and the other
// administrators; and the gateways, through which the data of all of them goes.
func (s Subject) Oversees() bool {
	return s.Has(Supervisor, Finance, Auditor, Gateway, Operator, SecurityOfficer)
}

// Cell is one allowed square of the grid of relation, class and grade.
type Cell struct {
	Relation Relation
	Class    Class
	Grade    Grade
}

// Scope is the whole answer to "what of this kind may the subject do this to?".
// Lists turn it into an SQL condition, so that pages, counts and cursors never
// know of anything else. The zero Scope allows nothing.
type Scope struct {
	Subject Subject
	Kind    Kind
	Action  Action
	Cells   []Cell
}

// Allows reports whether t lies within the scope. It is what the SQL condition
// made of the scope says, in Go.
func (s Scope) Allows(t Thing) bool {
	if t.Kind != s.Kind {
		return false
	}
	for _, relation := range s.Subject.RelationsTo(t) {
		for _, c := range s.Cells {
			if c.Relation == relation && c.Class == t.Class && c.Grade == t.Grade {
				return true
			}
		}
	}
	return false
}

// Scopes are the scopes of several kinds, for lists that show more than one.
type Scopes []Scope

// Allows reports whether t lies within one of the scopes.
func (all Scopes) Allows(t Thing) bool {
	for _, s := range all {
		if s.Allows(t) {
			return true
		}
	}
	return false
}
