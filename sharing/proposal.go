package sharing

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ChangeKind is what a catalog change does.
type ChangeKind string

const (
	NewEntry        ChangeKind = "new"        // an entry that the catalog does not have
	ChangedElements ChangeKind = "elements"   // elements of an entry
	ChangedClass    ChangeKind = "class"      // how an entry is shared or opened
	WithdrawnEntry  ChangeKind = "withdrawal" // the entry is taken out; grants on it go on
	TemporaryClass  ChangeKind = "temporary"  // another class for a time (jinan-startup-2023 art. 15)
)

// ChangeKinds lists the kinds of catalog changes.
var ChangeKinds = []ChangeKind{NewEntry, ChangedElements, ChangedClass, WithdrawnEntry, TemporaryClass}

// ChangeTrigger is what made a change necessary. Limits run from its day
// (city-2023 art. 11, jinan-startup-2023 art. 10, yanzhou-2024 art. 11).
type ChangeTrigger string

const (
	LawChanged      ChangeTrigger = "law"      // a law or rule was revised
	FunctionChanged ChangeTrigger = "function" // the department's functions changed
	ElementsChanged ChangeTrigger = "elements" // the resource itself changed
	OtherTrigger    ChangeTrigger = "other"    // none that starts a limit
)

// ChangeTriggers lists the triggers of catalog changes.
var ChangeTriggers = []ChangeTrigger{LawChanged, FunctionChanged, ElementsChanged, OtherTrigger}

// Kinds of documents that an entry can rest on. Which of them count, the
// regulation says (yanzhou-2024 art. 20, city-2023 art. 19, jinan-startup-2023
// art. 15, lishui-2020 art. 18(3), shuozhou-2021 art. 16).
const (
	SourceLaw                      = "law"
	SourceRegulation               = "regulation"
	SourceAdministrativeRegulation = "administrative_regulation"
	SourceRule                     = "rule"
	SourceStateProvision           = "state_provision"
	SourceStateDocument            = "state_document"
	SourceProvincialDocument       = "provincial_document"
	SourceProvincialPolicy         = "provincial_policy"
)

// GroundSources lists the kinds of documents that an entry can rest on.
var GroundSources = []string{SourceLaw, SourceRegulation, SourceAdministrativeRegulation, SourceRule, SourceStateProvision,
	SourceStateDocument, SourceProvincialDocument, SourceProvincialPolicy}

// LegalGround is what an entry's class rests on: a document and the article in it.
// Documents that have no articles are cited without one.
type LegalGround struct {
	Source  string `json:"source"`
	Law     string `json:"law"`
	Article string `json:"article,omitempty"`
}

// cites reports whether documents of the kind are divided into articles.
func (g LegalGround) cites() bool {
	switch g.Source {
	case SourceLaw, SourceRegulation, SourceAdministrativeRegulation, SourceRule:
		return true
	}
	return false
}

// String writes the ground as Chinese documents cite it: 《法》第一条.
func (g LegalGround) String() string {
	law := strings.TrimSpace(g.Law)
	if !strings.HasPrefix(law, "《") {
		law = "《" + law + "》"
	}
	return law + strings.TrimSpace(g.Article)
}

// Longest texts of an entry, in characters, and most of its parts.
const (
	MaxEntryCode   = 128
	MaxEntryTitle  = 300
	MaxEntryFields = 500
)

// EntryCycles lists the update cycles that an entry can name, the shortest first.
var EntryCycles = []Cycle{RealTime, Daily, Weekly, Monthly, Quarterly, HalfYearly, EveryYear, Irregularly}

// OpenClasses lists the opening classes from the most to the least open.
var OpenClasses = []OpenClass{Open, OpenConditionally, NotOpen}

// FieldTypes lists the types a data item can have.
var FieldTypes = []string{"string", "integer", "decimal", "boolean", "date", "datetime", "binary", "geometry", "object"}

// EntryDraft is a catalog entry as it is proposed. Of a new entry it says
// everything; of another, what is left out stays as it is.
type EntryDraft struct {
	Code        string    `json:"code,omitempty"`
	Title       string    `json:"title,omitempty"`
	Description string    `json:"description,omitempty"`
	Class       Class     `json:"class,omitempty"`
	OpenClass   OpenClass `json:"open_class,omitempty"`
	Grade       Grade     `json:"grade,omitempty"`
	// Basis is what the class rests on; it goes with Class.
	Basis []LegalGround `json:"basis,omitempty"`
	// Condition of sharing, in the provider's words; it goes with Class.
	Condition string       `json:"condition,omitempty"`
	Cycle     Cycle        `json:"cycle,omitempty"`
	Format    string       `json:"format,omitempty"`
	Modes     []Mode       `json:"modes,omitempty"`
	Base      BaseCategory `json:"base,omitempty"`
	Fields    []Field      `json:"fields,omitempty"`
}

// elements reports whether the draft says something of the entry's elements, and
// sharing whether it says how the entry is shared or opened.
func (e EntryDraft) elements() bool {
	return e.Title != "" || e.Description != "" || e.Grade != 0 || e.Cycle != "" || e.Format != "" || len(e.Modes) > 0 || e.Base != "" || len(e.Fields) > 0
}

func (e EntryDraft) sharing() bool {
	return e.Class != "" || e.OpenClass != "" || len(e.Basis) > 0 || e.Condition != ""
}

// ChangeProposal is what a catalog change is about, as its department proposes it.
type ChangeProposal struct {
	Kind ChangeKind `json:"kind"`
	// Draft: it is kept to be completed, and reviewed only when it is handed in as
	// revised.
	Draft bool `json:"draft,omitempty"`
	// ResourceID is the entry to be changed; none for a new one.
	ResourceID  string        `json:"resource_id,omitempty"`
	Entry       EntryDraft    `json:"entry,omitzero"`
	Trigger     ChangeTrigger `json:"trigger,omitempty"`
	TriggeredOn Date          `json:"triggered_on,omitempty"`
	Why         string        `json:"why,omitempty"`
	// EffectiveOn is the day from which it is to hold; none asks for at once.
	EffectiveOn Date `json:"effective_on,omitempty"`
	// Ground and LastDay are those of a temporary change.
	Ground  string `json:"ground,omitempty"`
	LastDay Date   `json:"last_day,omitempty"`
	// SecondSource says why the data is catalogued although another entry has it:
	// each datum has one source.
	SecondSource string   `json:"second_source_reason,omitempty"`
	Attachments  []string `json:"attachments,omitempty"`
}

var entryCode = regexp.MustCompile(`^\S+$`)

// Check returns an *Error that names every broken rule that can be seen without
// knowing the entry, the regulation and the day. Of a draft, what is there must be
// sound, and what it is about must be told; the rest may still be missing.
func (p ChangeProposal) Check() error {
	var c checker
	if p.Draft {
		c.require(oneOf(p.Kind, ChangeKinds), "/kind", "one_of", fmt.Sprint(ChangeKinds))
		c.require((p.ResourceID == "") == (p.Kind == NewEntry), "/resource_id", "required", "the entry to be changed; none for a new one")
		c.require(p.Kind != NewEntry || !blank(p.Entry.Title), "/entry/title", "required", "")
		c.text(p.Why, "/why", false)
		c.text(p.SecondSource, "/second_source_reason", false)
		c.text(p.Ground, "/ground", false)
		c.require(p.Trigger == "" || oneOf(p.Trigger, ChangeTriggers), "/trigger", "one_of", fmt.Sprint(ChangeTriggers))
		c.require(len(p.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
		p.Entry.check(&c, true)
		return c.err()
	}
	c.require(oneOf(p.Kind, ChangeKinds), "/kind", "one_of", fmt.Sprint(ChangeKinds))
	c.require(oneOf(p.Trigger, ChangeTriggers), "/trigger", "one_of", fmt.Sprint(ChangeTriggers))
	c.require(p.Trigger == OtherTrigger || !p.TriggeredOn.IsZero(), "/triggered_on", "required", "the limit runs from this day")
	c.text(p.Why, "/why", true)
	c.text(p.SecondSource, "/second_source_reason", false)
	c.require(len(p.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	if p.Kind == NewEntry {
		c.require(p.ResourceID == "", "/resource_id", "other_kind", "a new entry is none yet")
	} else {
		c.require(p.ResourceID != "", "/resource_id", "required", "")
		c.require(p.Entry.Code == "", "/entry/code", "other_kind", "an entry keeps its code")
	}
	temporary := p.Kind == TemporaryClass
	c.text(p.Ground, "/ground", temporary)
	c.require(temporary || blank(p.Ground), "/ground", "other_kind", "only of a temporary change")
	c.require(!temporary || !p.LastDay.IsZero(), "/last_day", "required", "the day after which the class reverts")
	c.require(temporary || p.LastDay.IsZero(), "/last_day", "other_kind", "only of a temporary change")
	c.require(!temporary || p.EffectiveOn.IsZero(), "/effective_on", "other_kind", "a temporary change holds at once")
	p.checkKind(&c)
	p.Entry.check(&c, false)
	return c.err()
}

// checkKind checks that the draft says what the kind of change is about, and
// nothing else.
func (p ChangeProposal) checkKind(c *checker) {
	e := p.Entry
	switch p.Kind {
	case NewEntry:
		c.text(e.Code, "/entry/code", true)
		c.text(e.Title, "/entry/title", true)
		for field, there := range map[string]bool{"class": e.Class != "", "open_class": e.OpenClass != "", "grade": e.Grade != 0,
			"cycle": e.Cycle != "", "fields": len(e.Fields) > 0, "modes": len(e.Modes) > 0 || e.Class == NotShared} {
			c.require(there, "/entry/"+field, "required", "")
		}
	case ChangedElements:
		c.require(e.elements(), "/entry", "required", "say which elements change")
		c.require(!e.sharing(), "/entry/class", "other_kind", "how an entry is shared or opened is a change of its own kind")
	case ChangedClass:
		c.require(e.Class != "" || e.OpenClass != "", "/entry/class", "required", "the new class of sharing or opening")
		c.require(!e.elements(), "/entry", "other_kind", "a change of class changes no elements")
	case TemporaryClass:
		c.require(e.Class != "", "/entry/class", "required", "the class for the time")
		c.require(!e.elements() && e.OpenClass == "", "/entry", "other_kind", "a temporary change is of the sharing class alone")
	case WithdrawnEntry:
		c.require(!e.elements() && !e.sharing(), "/entry", "other_kind", "a withdrawal changes nothing else")
	}
}

// check checks what is there, whatever the kind. In a draft the grounds of law may
// be incomplete.
func (e EntryDraft) check(c *checker, draft bool) {
	c.require(len([]rune(e.Code)) <= MaxEntryCode, "/entry/code", "max_length", fmt.Sprint(MaxEntryCode))
	c.require(e.Code == "" || entryCode.MatchString(e.Code), "/entry/code", "pattern", "no spaces")
	c.require(len([]rune(e.Title)) <= MaxEntryTitle, "/entry/title", "max_length", fmt.Sprint(MaxEntryTitle))
	c.text(e.Title, "/entry/title", false)
	c.text(e.Description, "/entry/description", false)
	c.text(e.Condition, "/entry/condition", false)
	c.text(e.Format, "/entry/format", false)
	c.text(string(e.Base), "/entry/base", false)
	c.require(e.Class == "" || oneOf(e.Class, Classes), "/entry/class", "one_of", fmt.Sprint(Classes))
	c.require(e.OpenClass == "" || oneOf(e.OpenClass, OpenClasses), "/entry/open_class", "one_of", fmt.Sprint(OpenClasses))
	c.require(e.Grade >= 0 && e.Grade <= HighestGrade, "/entry/grade", "range", fmt.Sprintf("%d to %d", LowestGrade, HighestGrade))
	c.require(e.Cycle == "" || oneOf(e.Cycle, EntryCycles), "/entry/cycle", "one_of", fmt.Sprint(EntryCycles))
	for i, m := range e.Modes {
		at := fmt.Sprintf("/entry/modes/%d", i)
		c.require(oneOf(m, Modes), at, "one_of", fmt.Sprint(Modes))
		c.require(slices.Index(e.Modes, m) == i, at, "unique", string(m))
	}
	c.require(len(e.Basis) <= MaxBases, "/entry/basis", "max_items", fmt.Sprint(MaxBases))
	for i, g := range e.Basis {
		at := fmt.Sprintf("/entry/basis/%d", i)
		c.require(draft && g.Source == "" || oneOf(g.Source, GroundSources), at+"/source", "one_of", fmt.Sprint(GroundSources))
		c.text(g.Law, at+"/law", true)
		c.text(g.Article, at+"/article", !draft && g.cites())
	}
	c.require(len(e.Fields) <= MaxEntryFields, "/entry/fields", "max_items", fmt.Sprint(MaxEntryFields))
	seen := map[string]bool{}
	for i, f := range e.Fields {
		at := fmt.Sprintf("/entry/fields/%d", i)
		c.text(f.Name, at+"/name", true)
		c.text(f.Title, at+"/title", true)
		c.require(!seen[f.Name], at+"/name", "unique", f.Name)
		seen[f.Name] = true
		c.require(oneOf(f.Type, FieldTypes), at+"/type", "one_of", fmt.Sprint(FieldTypes))
		c.require(f.Grade >= LowestGrade && f.Grade <= HighestGrade, at+"/grade", "range", fmt.Sprintf("%d to %d", LowestGrade, HighestGrade))
	}
}

// Apply returns the entry as it will be: what the proposal says of it, and what it
// leaves out as it is. Its version, provider and id stay.
func (p ChangeProposal) Apply(r Resource) Resource {
	e := p.Entry
	if p.Kind == WithdrawnEntry {
		r.Withdrawn = true
		return r
	}
	set(&r.Code, e.Code)
	set(&r.Title, e.Title)
	set(&r.Description, e.Description)
	set(&r.OpenClass, e.OpenClass)
	set(&r.Grade, e.Grade)
	set(&r.Cycle, e.Cycle)
	set(&r.Format, e.Format)
	set(&r.Base, e.Base)
	if len(e.Modes) > 0 {
		r.Modes = slices.Clone(e.Modes)
	}
	if len(e.Fields) > 0 {
		r.Fields = slices.Clone(e.Fields)
	}
	// Basis and condition belong to the class they were given for.
	if e.Class != "" || len(e.Basis) > 0 {
		r.Basis = groundsText(e.Basis)
	}
	if e.Class != "" || e.Condition != "" {
		r.Condition = e.Condition
	}
	set(&r.Class, e.Class)
	return r
}

func set[T comparable](to *T, v T) {
	var none T
	if v != none {
		*to = v
	}
}

func groundsText(grounds []LegalGround) string {
	texts := make([]string, len(grounds))
	for i, g := range grounds {
		texts[i] = g.String()
	}
	return strings.Join(texts, "；")
}

// ChangeMatter is what is kept of a catalog change: what was proposed, and what
// follows from it.
type ChangeMatter struct {
	ChangeProposal
	// Diff is what differs between the entry and the proposal, field by field.
	Diff []Difference `json:"diff,omitempty"`
	// TakesEffectOn is the day from which it holds; none until it is approved.
	TakesEffectOn Date `json:"takes_effect_on,omitempty"`
	// Before is how the entry was shared before a temporary change.
	Before *SharedAs `json:"before,omitempty"`
}

// SharedAs is how an entry is shared, and on what that rests.
type SharedAs struct {
	Class     Class  `json:"class"`
	Basis     string `json:"basis,omitempty"`
	Condition string `json:"condition,omitempty"`
}

// Difference is one element of an entry that differs between two versions. Field
// is its name in the entry's JSON, fields/<name> for a data item. "" stands for
// nothing.
type Difference struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Differences lists what differs between two versions of an entry, in the order in
// which entries are shown; data items in the order of the later version, those
// that are gone last.
func Differences(before, after Resource) []Difference {
	var all []Difference
	differ := func(field, was, is string) {
		if was != is {
			all = append(all, Difference{Field: field, Before: was, After: is})
		}
	}
	grade := func(g Grade) string {
		if g == 0 {
			return ""
		}
		return fmt.Sprint(int(g))
	}
	yes := func(b bool) string {
		if b {
			return "true"
		}
		return ""
	}
	differ("withdrawn", yes(before.Withdrawn), yes(after.Withdrawn))
	differ("code", before.Code, after.Code)
	differ("title", before.Title, after.Title)
	differ("provider", before.Provider.Name, after.Provider.Name)
	differ("description", before.Description, after.Description)
	differ("class", string(before.Class), string(after.Class))
	differ("open_class", string(before.OpenClass), string(after.OpenClass))
	differ("grade", grade(before.Grade), grade(after.Grade))
	differ("basis", before.Basis, after.Basis)
	differ("condition", before.Condition, after.Condition)
	differ("cycle", string(before.Cycle), string(after.Cycle))
	differ("format", before.Format, after.Format)
	differ("modes", modesText(before.Modes), modesText(after.Modes))
	differ("base", string(before.Base), string(after.Base))
	was := map[string]Field{}
	for _, f := range before.Fields {
		was[f.Name] = f
	}
	for _, f := range after.Fields {
		old, there := was[f.Name]
		delete(was, f.Name)
		switch {
		case !there:
			differ("fields/"+f.Name, "", f.text())
		default:
			differ("fields/"+f.Name, old.text(), f.text())
		}
	}
	for _, f := range before.Fields {
		if _, gone := was[f.Name]; gone {
			differ("fields/"+f.Name, f.text(), "")
		}
	}
	return all
}

// text writes a data item in one line: title, type and grade.
func (f Field) text() string { return fmt.Sprintf("%s (%s, %d)", f.Title, f.Type, f.Grade) }

// modesText lists the ways of sharing; their order means nothing.
func modesText(modes []Mode) string {
	var texts []string
	for _, m := range Modes {
		if slices.Contains(modes, m) {
			texts = append(texts, string(m))
		}
	}
	return strings.Join(texts, ", ")
}

// NewTitles returns the names under which the proposal brings new data into the
// catalog: the title of a new entry and of its data items, or of those that an
// entry gains.
func (p ChangeProposal) NewTitles(before Resource) []string {
	var titles []string
	if p.Kind == NewEntry && !blank(p.Entry.Title) {
		titles = append(titles, p.Entry.Title)
	}
	for _, f := range p.Entry.Fields {
		if !before.HasField(f.Name) {
			titles = append(titles, f.Title)
		}
	}
	return titles
}
