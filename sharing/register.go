package sharing

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// KindRegister is an entry of a register to the policy.
const KindRegister Kind = "register"

// Actions on registers besides [Read].
const (
	FileEntry  Action = "file"  // 报备, without approval
	AmendEntry Action = "amend" // file it anew; what was filed before stays readable
)

// Register is one of the registers of what departments file without approval (报备),
// as regulation files name them.
type Register string

const (
	DataSpecialists    Register = "data_specialist"    // 数据专员: yanzhou-2024 art. 40, shuozhou-2021 art. 31
	PurchasedData      Register = "purchased_data"     // 购买数据: jinan-startup-2023 art. 17
	InformationSystems Register = "information_system" // 信息系统: jinan-startup-2023 art. 41
	ProjectDocuments   Register = "document"           // 文档: yanzhou-2024 art. 9
	SecurityTests      Register = "security_test"      // 测评结果: yanzhou-2024 art. 33
	SecurityIncidents  Register = "security_incident"  // 安全事件: jinan-startup-2023 art. 35, lishui-2020 art. 25, shuozhou-2021 art. 28
)

// Registers lists every register in the order documents show them.
var Registers = []Register{DataSpecialists, PurchasedData, InformationSystems, ProjectDocuments, SecurityTests, SecurityIncidents}

// Filed is what one entry of a register says.
type Filed interface {
	Checked
	// Heading says in a line what it is about.
	Heading() string
	// Happened is the event after which it is filed, or before which, and the JSON
	// pointer of the field that says so.
	Happened() (at time.Time, field string)
	// Ahead reports whether the event may lie in the future.
	Ahead() bool
}

// Entry makes an empty entry of the register, to be decoded into; nil for none.
func (r Register) Entry() Filed {
	switch r {
	case DataSpecialists:
		return new(SpecialistEntry)
	case PurchasedData:
		return new(PurchaseEntry)
	case InformationSystems:
		return new(SystemEntry)
	case ProjectDocuments:
		return new(DocumentEntry)
	case SecurityTests:
		return new(TestEntry)
	case SecurityIncidents:
		return new(IncidentEntry)
	}
	return nil
}

// Words that entries of the registers choose from.
var (
	SpecialistChanges = []string{"appointed", "changed", "relieved"}
	SystemStages      = []string{"planned", "building", "running", "retired"}
	DocumentKinds     = []string{"design", "database", "use_case", "interface"}
	TestKinds         = []string{"protection", "function", "performance"}
	TestResults       = []string{"passed", "failed"}
	IncidentKinds     = []string{"leak", "tampering", "unlawful_use", "other"}
)

// SpecialistEntry is who keeps a department's data, and since when.
type SpecialistEntry struct {
	Name      string `json:"name"`
	Post      string `json:"post"`
	Phone     string `json:"phone"`
	Change    string `json:"change"` // of SpecialistChanges
	Former    string `json:"former,omitempty"`
	ChangedOn Date   `json:"changed_on"`
}

func (e SpecialistEntry) Check() error {
	var c checker
	c.line(e.Name, "/name", MaxName)
	c.line(e.Post, "/post", MaxName)
	c.line(e.Phone, "/phone", 40)
	c.require(slices.Contains(SpecialistChanges, e.Change), "/change", "one_of", fmt.Sprint(SpecialistChanges))
	c.text(e.Former, "/former", false)
	c.day(e.ChangedOn, "/changed_on")
	return c.err()
}

func (e SpecialistEntry) Heading() string               { return e.Name + " " + e.Post }
func (e SpecialistEntry) Happened() (time.Time, string) { return e.ChangedOn.Start(), "/changed_on" }
func (e SpecialistEntry) Ahead() bool                   { return false }

// PurchaseEntry is data that is to be bought: the authority is told first, so that
// nothing is bought that the platform shares.
type PurchaseEntry struct {
	Title   string `json:"title"`
	Seller  string `json:"seller"`
	Purpose string `json:"purpose"`
	// Checked: it was looked for on the platform and is not there.
	Checked bool   `json:"checked"`
	Code    string `json:"code,omitempty"` // of its catalog entry, once it has one
	BuyOn   Date   `json:"buy_on"`         // when it is bought
}

func (e PurchaseEntry) Check() error {
	var c checker
	c.line(e.Title, "/title", 200)
	c.line(e.Seller, "/seller", 200)
	c.text(e.Purpose, "/purpose", true)
	c.require(e.Checked, "/checked", "not_on_platform", "what the platform shares is not bought again")
	c.text(e.Code, "/code", false)
	c.day(e.BuyOn, "/buy_on")
	return c.err()
}

func (e PurchaseEntry) Heading() string               { return e.Title }
func (e PurchaseEntry) Happened() (time.Time, string) { return e.BuyOn.Start(), "/buy_on" }
func (e PurchaseEntry) Ahead() bool                   { return true }

// SystemEntry is an information system.
type SystemEntry struct {
	Name    string `json:"name"`
	Purpose string `json:"purpose"`
	Builder string `json:"builder,omitempty"`
	Stage   string `json:"stage"` // of SystemStages
	// Protection is its level of graded protection, 1 to 5; 0 when not graded yet.
	Protection int  `json:"protection"`
	Since      Date `json:"since"` // of its present stage
}

func (e SystemEntry) Check() error {
	var c checker
	c.line(e.Name, "/name", 200)
	c.text(e.Purpose, "/purpose", true)
	c.text(e.Builder, "/builder", false)
	c.require(slices.Contains(SystemStages, e.Stage), "/stage", "one_of", fmt.Sprint(SystemStages))
	c.require(e.Protection >= 0 && e.Protection <= 5, "/protection", "range", "0 to 5")
	c.day(e.Since, "/since")
	return c.err()
}

func (e SystemEntry) Heading() string               { return e.Name }
func (e SystemEntry) Happened() (time.Time, string) { return e.Since.Start(), "/since" }
func (e SystemEntry) Ahead() bool                   { return false }

// DocumentEntry is a document of a project that is kept.
type DocumentEntry struct {
	System  string `json:"system"`
	Kind    string `json:"kind"` // of DocumentKinds
	Title   string `json:"title"`
	Edition string `json:"edition,omitempty"`
	Place   string `json:"place"` // where the copy is kept
	DatedOn Date   `json:"dated_on"`
}

func (e DocumentEntry) Check() error {
	var c checker
	c.line(e.System, "/system", 200)
	c.require(slices.Contains(DocumentKinds, e.Kind), "/kind", "one_of", fmt.Sprint(DocumentKinds))
	c.line(e.Title, "/title", 200)
	c.text(e.Edition, "/edition", false)
	c.line(e.Place, "/place", 400)
	c.day(e.DatedOn, "/dated_on")
	return c.err()
}

func (e DocumentEntry) Heading() string               { return e.System + " " + e.Title }
func (e DocumentEntry) Happened() (time.Time, string) { return e.DatedOn.Start(), "/dated_on" }
func (e DocumentEntry) Ahead() bool                   { return false }

// TestEntry is the result of a test of a system: of graded protection, of function
// or performance.
type TestEntry struct {
	System   string `json:"system"`
	Kind     string `json:"kind"` // of TestKinds
	Tester   string `json:"tester"`
	Report   string `json:"report"` // its number
	Result   string `json:"result"` // of TestResults
	TestedOn Date   `json:"tested_on"`
}

func (e TestEntry) Check() error {
	var c checker
	c.line(e.System, "/system", 200)
	c.require(slices.Contains(TestKinds, e.Kind), "/kind", "one_of", fmt.Sprint(TestKinds))
	c.line(e.Tester, "/tester", 200)
	c.line(e.Report, "/report", 200)
	c.require(slices.Contains(TestResults, e.Result), "/result", "one_of", fmt.Sprint(TestResults))
	c.day(e.TestedOn, "/tested_on")
	return c.err()
}

func (e TestEntry) Heading() string               { return e.System + " " + e.Report }
func (e TestEntry) Happened() (time.Time, string) { return e.TestedOn.Start(), "/tested_on" }
func (e TestEntry) Ahead() bool                   { return false }

// IncidentEntry is a security incident: what was found and what was done.
type IncidentEntry struct {
	Kind      string `json:"kind"` // of IncidentKinds
	Title     string `json:"title"`
	Facts     string `json:"facts"`
	Measures  string `json:"measures"` // 处置措施
	Handled   bool   `json:"handled"`  // the department could handle it by itself
	FoundOn   Date   `json:"found_on"`
	FoundTime string `json:"found_time"` // such as 09:30
}

func (e IncidentEntry) Check() error {
	var c checker
	c.require(slices.Contains(IncidentKinds, e.Kind), "/kind", "one_of", fmt.Sprint(IncidentKinds))
	c.line(e.Title, "/title", 200)
	c.text(e.Facts, "/facts", true)
	c.text(e.Measures, "/measures", true)
	c.day(e.FoundOn, "/found_on")
	_, err := time.Parse(timeOfDay, e.FoundTime)
	c.require(err == nil, "/found_time", "time_of_day", "such as 09:30")
	return c.err()
}

// timeOfDay is how a time of the day is written.
const timeOfDay = "15:04"

func (e IncidentEntry) Heading() string { return e.Title }
func (e IncidentEntry) Ahead() bool     { return false }

func (e IncidentEntry) Happened() (time.Time, string) {
	at := e.FoundOn.Start()
	if clock, err := time.Parse(timeOfDay, e.FoundTime); err == nil {
		at = at.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
	}
	return at, "/found_on"
}

// day checks a day that somebody wrote: one of this system's time.
func (c *checker) day(d Date, field string) {
	c.require(d >= NewDate(2000, 1, 1) && d < NewDate(2100, 1, 1), field, "day", "a day from 2000 on")
}

// RegisterEntry is one entry of a register in one version.
type RegisterEntry struct {
	ID         string
	Register   Register
	RegionID   string
	Department Department
	Version    int    // 1 when filed, one more with every amendment
	Regulation string // in force when this version was filed
	Article    string
	Heading    string
	Content    json.RawMessage
	HappenedAt time.Time
	FiledBy    string // user
	FiledName  string // for readers
	FiledAt    time.Time
	// SupersededAt is when the next version was filed; nil for what holds.
	SupersededAt *time.Time
}

// Thing returns what decides who may see e: the department that filed it owns it,
// and it is shared with nobody.
func (e RegisterEntry) Thing() Thing {
	return Thing{Kind: KindRegister, RegionID: e.RegionID, ProviderID: e.Department.ID, Class: NotShared, Grade: HighestGrade}
}
