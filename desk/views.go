package desk

import (
	"time"

	"gongshu/postgres"
	"gongshu/sharing"
)

// Page is one page of a list. Total counts all that the reader may see; Next is
// the cursor of the following page, empty on the last.
type Page[T any] struct {
	Items []T
	Next  string
	Total int
}

// DefaultLimit and MaxLimit bound how many rows one page holds.
const (
	DefaultLimit = 20
	MaxLimit     = 100
)

// CatalogQuery narrows a search of the catalog; zero fields do not narrow.
type CatalogQuery struct {
	Text     string // all words must occur in title, code, description or provider
	Class    sharing.Class
	Provider string // department id
	Base     sharing.BaseCategory
	Grade    sharing.Grade
	Cycle    sharing.Cycle
	Format   string
	Mode     sharing.Mode
	Order    CatalogOrder // by title when empty
	Cursor   string
	Limit    int
}

// CaseQuery narrows a list of cases.
type CaseQuery struct {
	Procedure   sharing.Procedure
	Parent      string           // only those that came from this case
	As          sharing.Relation // AsApplicant or AsProvider, or "" for all one may see
	State       sharing.State
	Application string
	Number      string
	Mine        bool   // only those this user started
	Following   bool   // only those this user follows (抄送我的)
	Provider    string // only those that this department answers for
	Regulation  string // only those that run under this regulation
	Open        bool   // only those that are not closed
	// Received and Closed bound the days of which these are; Late has those closed
	// only on which a limit or target was met late.
	Received, Closed Days
	Late             bool
	Department       string // the other side, as applicant or provider
	Text             string // all words must occur in number, title or names of departments
	UnderWay         bool   // only those not closed, nor merely in use
	Light            Light
	Order            Order // the newest first when empty
	Waits            bool  // say what each waits for
	Cursor           string
	Limit            int
}

// Days are a stretch of days, both ends within; a zero end does not bound.
type Days struct{ From, To sharing.Date }

// Zero reports whether nothing is bounded.
func (d Days) Zero() bool { return d.From.IsZero() && d.To.IsZero() }

// instants are the first instant within and the first one after, zero for none.
func (d Days) instants() (from, before time.Time) {
	if !d.From.IsZero() {
		from = d.From.Start()
	}
	if !d.To.IsZero() {
		before = d.To.End()
	}
	return from, before
}

// TaskTab is a tab of the inbox.
type TaskTab string

const (
	TabOpen TaskTab = "open" // 待办
	TabDone TaskTab = "done" // 已办
)

// TaskQuery narrows the inbox; zero fields do not narrow.
type TaskQuery struct {
	Tab       TaskTab
	Kind      sharing.TaskKind
	Procedure sharing.Procedure
	Applicant string // department id
	Text      string // all words must occur in number, title or names of departments
	Taken     Taken
	Light     Light
	Due       Due
	Order     Order // by time left when empty, or for what is done the last first
	Cursor    string
	Limit     int
	Known     int // how many there are, when the asker has counted them; 0 has them counted
}

// Narrowed reports whether the query asks for less than all of its tab.
func (q TaskQuery) Narrowed() bool {
	return q != TaskQuery{Tab: q.Tab, Order: q.Order, Cursor: q.Cursor, Limit: q.Limit, Known: q.Known}
}

// Order is how a list of tasks or cases is sorted.
type Order = postgres.Order

// CatalogOrder is how a search of the catalog is sorted.
type CatalogOrder = postgres.CatalogOrder

// Orders and CatalogOrders list them.
var (
	Orders        = []Order{postgres.ByTimeLeft, postgres.ByReceipt, postgres.ByNumber}
	CatalogOrders = []CatalogOrder{postgres.ByTitle, postgres.ByUpdate, postgres.ByProvider, postgres.ByCode}
)

// Taken is who has taken a task, seen by the reader.
type Taken = postgres.Taken

// TakenBy lists who can have taken one.
var TakenBy = []Taken{postgres.TakenByMe, postgres.TakenByNobody, postgres.TakenByOthers}

// Due is when a limit that has not passed ends.
type Due string

const (
	DueToday Due = "today"
	DueWeek  Due = "week" // up to Sunday
)

// Lights lists how urgent a deadline can be, the most urgent first.
var Lights = []Light{Red, Yellow, Green, Grey}

// OverdueQuery narrows the board.
type OverdueQuery struct {
	Provider  string // department id that owes
	Procedure sharing.Procedure
	Duty      string
	Light     Light // of the list only: "" for overdue and due soon, or [AnyLight]
	// Cases narrows the list to these, by their ids.
	Cases  []string
	Cursor string
	Limit  int
}

// Light is how urgent a deadline is.
type Light string

const (
	Green  Light = "green"  // in time
	Yellow Light = "yellow" // due within two working days
	Red    Light = "red"    // overdue
	Grey   Light = "grey"   // met, suspended or without a due date
)

// AnyLight asks for every open clock, those without a due date too.
const AnyLight Light = "any"

// Clock is a deadline as a reader sees it.
type Clock struct {
	sharing.Deadline
	Title   string // of the duty, in Chinese, as the regulation file has it
	TitleEN string
	// Notice: the clock is a notice period, before whose end nothing takes effect.
	// Nobody has anything to do by then.
	Notice bool
	Light  Light
	// Left is how many working days are left (0: today is the last day), or, when
	// negative, by how many working days the limit has passed. Nil without a due
	// date or when the duty is done.
	Left *int
	// Days is the derivation: why this date.
	Days  []sharing.Day
	Rungs []sharing.Rung
}

// CaseSummary is one row of a list of cases.
type CaseSummary struct {
	sharing.Case
	// Clock is the deadline running now, if one is.
	Clock *Clock
	// Waits is what it waits for and from whom; nil for nothing, or unless asked for.
	Waits *Awaited
}

// Awaited is what a case waits for, and from whom.
type Awaited = postgres.Awaited

// CaseView is one case as a reader sees it.
type CaseView struct {
	sharing.Case
	Regulation RegulationRef
	Clocks     []Clock
	Timeline   []sharing.Entry
	// Acts are what was decided with each step, of every procedure but a share
	// application, which has the papers below instead.
	Acts []sharing.Act
	// Parent is the case that this one came from, and Children are those that came
	// from it, as far as the reader may see them.
	Parent      *sharing.Case
	Children    []sharing.Case
	Completion  *sharing.Completion
	Decision    *sharing.Decision
	Provision   *sharing.Provision
	Consent     *sharing.Ruling // the authority's, to the way of sharing
	Grant       *sharing.Grant
	Attachments []Attachment
	Task        *sharing.Task // the open task, if there is one
	// SeesApplication: the reader may see the application the case belongs to.
	SeesApplication bool
	// Can lists what the reader can do now.
	Can []sharing.Action
	// Aside is what goes on beside the steps.
	Aside Aside
	// Refusal is what a refusal must carry here, and under which article.
	Refusal sharing.RefusalRule
	// ExtensionCap is by how much the limit for the answer can be extended at most,
	// in its unit; 0 where the regulation allows no extension.
	ExtensionCap int
	// Coordination names the article under which a refusal can be taken to the
	// authority, empty where the regulation knows no such way.
	Coordination string
}

// RegulationRef names a regulation.
type RegulationRef struct {
	ID, Title, Number string
	Authority         string // the authority's own name
	ClassNames        map[sharing.Class]string
}

// TaskView is one row of the inbox.
type TaskView struct {
	sharing.Task
	Clock *Clock
}

// ApplicationView is one application as a reader sees it.
type ApplicationView struct {
	sharing.Application
	Resources   []sharing.Resource // of the items the reader may see, in order
	Cases       []CaseSummary      // none while it is a draft
	Attachments []Attachment
}

// PreviewLine says, before an application is submitted, what will become of one
// of its items.
type PreviewLine struct {
	Resource sharing.Resource
	AtOnce   bool // granted at once
	// Scenario is the name of the registered scenario that the application names for
	// it, and Misfit why it does not fit; empty when it does.
	Scenario string
	Misfit   sharing.Misfit
	// Undecided are the department's other cases for the resource.
	Undecided  []sharing.Case
	Duty       string // the first duty that will run: the answer, or the authority's check
	DutyEN     string
	Article    string
	Statutory  bool
	Due        *sharing.Projection // nil where the text sets no limit
	Budget     sharing.Budget      // of that limit
	Regulation RegulationRef
}

// OverdueItem is one row of the board.
type OverdueItem struct {
	Case  sharing.Case
	Clock Clock
	Chase Chase
	// Can lists what the reader can do about it: urge, supervise.
	Can []sharing.Action
}

// Chase is who has what a clock measures to do, and what was done about it.
type Chase struct {
	Holder  sharing.Department // that has the open task; zero for none
	TakenBy string             // name of whom of the holder took it
	// Rung is the last rung of the region's ladder that the clock has climbed.
	Rung   sharing.RungKind
	RungAt *time.Time
	// Urged is when it was last urged, by whichever department; UrgedToday tells of
	// the reader's own, which may urge once a day.
	Urged      *time.Time
	UrgedBy    sharing.Department
	UrgedToday bool
	// Supervised is when it was last taken under supervision.
	Supervised   *time.Time
	SupervisedBy sharing.Department
	ReplyBy      sharing.Date
	Replied      *time.Time
}

// Figures count clocks: those not done, those of them due soon, those overdue.
type Figures struct{ Open, DueSoon, Overdue int }

// DepartmentFigures is one department's line on the board.
type DepartmentFigures struct {
	Department sharing.Department
	Figures
}

// ProcedureFigures is one procedure's line on the board.
type ProcedureFigures struct {
	Procedure sharing.Procedure
	Figures
}

// DutyFigures is one duty's line on the board.
type DutyFigures struct {
	Duty, Title, TitleEN string
	Figures
}

// Board is what the big-data center sees: counts over all that it may see and has
// not narrowed away, and the rows of one page, the most overdue first.
type Board struct {
	Figures
	Departments []DepartmentFigures
	Procedures  []ProcedureFigures
	Duties      []DutyFigures
	Items       Page[OverdueItem]
	At          time.Time // by the database's clock
}

// Attachment is a file kept with an application, completion or answer.
type Attachment struct {
	ID        string
	Name      string
	MediaType string
	Size      int64
	SHA256    string
	CreatedAt time.Time
}

// Draft is what is written into an application before it is submitted.
type Draft struct {
	sharing.Request
	// For is the department a paper application came from; empty for one's own.
	For string
}

// Act says on which case, in which version, and under which idempotency key a
// step is taken.
type Act struct {
	CaseID   string
	Expected int // the case's version that the decision was made on (If-Match)
	Key      string
}

// Outcome is what a step came to. A repeated request gets the same one.
type Outcome struct {
	CaseID  string        `json:"case_id"`
	State   sharing.State `json:"state"`
	Version int           `json:"version"`
}

// Submitted is what became of a submitted application.
type Submitted struct {
	ApplicationID string    `json:"application_id"`
	Number        string    `json:"number"`
	Version       int       `json:"version"`
	Cases         []Outcome `json:"cases"`
}
