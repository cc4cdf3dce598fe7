package desk

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"gongshu/activities"
	"gongshu/dcat"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/spreadsheet"
)

// CatalogImported is the act of having a checked import carried out.
const CatalogImported sharing.Action = "import_catalog"

// MaxImportFile is the greatest size in bytes of a catalog that comes in as a file.
const MaxImportFile = spreadsheet.MaxBytes

// Rules that a row can break besides those of [spreadsheet] and of a catalog change.
const (
	RuleTwoKinds   = "two_kinds"   // changes elements and class: two changes, one after the other
	RuleOtherCase  = "open_change" // the detail is the number of the change that is open
	RuleNotOnesOwn = "own_department"
	RuleDCAT       = "dcat" // a rule of package dcat, which is the detail
)

// ImportOrder is a catalog that a department hands in as a file.
type ImportOrder struct {
	FileName string
	Content  io.Reader
	Terms    sharing.ImportTerms
}

// ImportFinding is what is wrong with a row, or yet to be completed before it can be
// handed in.
type ImportFinding struct {
	spreadsheet.Finding
	// Remark: the row is taken all the same.
	Remark bool `json:"remark,omitempty"`
}

// ImportRow is a row of an import as its department sees it.
type ImportRow struct {
	N          int
	Line       int // in the file; in a DCAT file the position of the entry
	Standing   sharing.RowStanding
	Kind       sharing.ChangeKind // of the change that it asks for; "" for none
	Code       string
	Title      string
	ResourceID string
	Diff       []sharing.Difference
	Findings   []ImportFinding
	// CaseID and CaseNumber are of the change that it became; Refusal is why it became
	// none although it was confirmed.
	CaseID, CaseNumber string
	Refusal            *sharing.Error
	Done               bool
}

// MayImport reports whether the user may bring in their department's catalog: who may
// propose changes to it.
func (d *Desk) MayImport(who sharing.User) bool { return d.MayOpen(who, sharing.CatalogChange) }

// CheckImport reads a catalog that a department hands in and says of each row what it
// is to the catalog that the department has. Nothing is written to that; what was
// found is kept under the id that is returned, for [Desk.ConfirmImport]. What is wrong
// with the file as a whole is an *sharing.Error with the field "/file".
func (d *Desk) CheckImport(ctx context.Context, who sharing.User, key string, o ImportOrder) (string, error) {
	if !d.MayImport(who) {
		return "", forbidden
	}
	now, err := d.Now(ctx)
	if err != nil {
		return "", err
	}
	if err := o.Terms.Check(sharing.DateOf(now)); err != nil {
		return "", err
	}
	name, err := fileName(o.FileName)
	if err != nil {
		return "", err
	}
	// A few at a time: a catalog takes memory while it is read.
	select {
	case reading <- struct{}{}:
		defer func() { <-reading }()
	case <-ctx.Done():
		return "", &sharing.Error{Code: sharing.CodeUnavailable, Cause: ctx.Err()}
	}
	data, err := io.ReadAll(io.LimitReader(o.Content, MaxImportFile+1))
	if err != nil {
		return "", unread(err)
	}
	law, err := d.lawNow(ctx, who)
	if err != nil {
		return "", err
	}
	entries, err := readCatalog(law, who, name, data)
	if err != nil {
		return "", err
	}
	rows, err := d.checkRows(ctx, who, law, o.Terms, sharing.DateOf(now), entries)
	if err != nil {
		return "", err
	}
	// The same file sent twice under one key is one import.
	sum := sha256.Sum256(data)
	command, err := d.stage(ctx, who, key, "check_import", name, 0, struct {
		SHA256 string
		Terms  sharing.ImportTerms
	}{hex.EncodeToString(sum[:]), o.Terms})
	if err != nil {
		return "", err
	}
	err = d.once(ctx, command.ID, func(tx *postgres.Tx) error {
		if err := tx.PutImport(ctx, sharing.CatalogImport{ID: command.ID, RegionID: who.Region.ID, DepartmentID: who.Department.ID, UserID: who.ID, FileName: name, Terms: o.Terms}); err != nil {
			return err
		}
		if err := tx.PutImportRows(ctx, command.ID, rows); err != nil {
			return err
		}
		return tx.FinishCommand(ctx, command.ID, []byte(`{}`))
	})
	return command.ID, err
}

// reading bounds how many catalogs a process reads at once.
var reading = make(chan struct{}, 2)

// readCatalog reads a file by what it is: a workbook, a table of text, or DCAT.
func readCatalog(law *regulation.Regulation, who sharing.User, name string, data []byte) ([]spreadsheet.Entry, error) {
	if start := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n"); !bytes.HasPrefix(start, []byte("{")) && !strings.HasSuffix(strings.ToLower(name), ".json") {
		return spreadsheet.Read(name, data)
	}
	var modes []sharing.Mode
	for _, m := range sharing.Modes {
		if _, allowed := law.Mode(m); allowed {
			modes = append(modes, m)
		}
	}
	read, err := dcat.Read(bytes.NewReader(data), dcat.Options{RegionID: who.Region.ID, Modes: modes, MaxBytes: MaxImportFile, MaxEntries: spreadsheet.MaxEntries})
	if err != nil {
		var known *sharing.Error
		if errors.As(err, &known) {
			rule := spreadsheet.RuleDamaged
			if known.Code == sharing.CodeTooLarge {
				rule = spreadsheet.RuleRows
			}
			return nil, &sharing.Error{Code: known.Code, Fields: []sharing.FieldError{{Field: "/file", Rule: rule, Detail: strconv.Itoa(spreadsheet.MaxEntries)}}, Cause: err}
		}
		return nil, err
	}
	return fromDCAT(read), nil
}

// dcatColumns are the columns of the table for members of a DCAT entry.
var dcatColumns = map[string]spreadsheet.Key{
	"identifier": spreadsheet.Code, "title": spreadsheet.Title, "publisher": spreadsheet.Provider, "description": spreadsheet.Description,
	"accessLevel": spreadsheet.Class, "rights": spreadsheet.BasisLaw, "accrualPeriodicity": spreadsheet.Cycle, "distribution": spreadsheet.Modes,
}

// fromDCAT makes entries of a catalog in DCAT, one for each member of the list, those
// that were refused too.
func fromDCAT(read dcat.Catalog) []spreadsheet.Entry {
	var entries []spreadsheet.Entry
	taken := map[string]sharing.Resource{}
	for _, r := range read.Resources {
		taken[r.Code] = r
	}
	for _, line := range read.Report {
		if len(entries) == 0 || entries[len(entries)-1].Line != line.Index+1 {
			e := spreadsheet.Entry{Line: line.Index + 1, Draft: sharing.EntryDraft{Code: line.Identifier}}
			if r, ok := taken[line.Identifier]; ok {
				e.Provider = r.Provider.Name
				e.Draft = sharing.EntryDraft{Code: r.Code, Title: r.Title, Description: r.Description, Class: r.Class, OpenClass: r.OpenClass, Grade: r.Grade,
					Condition: r.Condition, Cycle: r.Cycle, Format: r.Format, Modes: r.Modes, Base: r.Base, Fields: r.Fields}
				if r.Basis != "" && r.Basis != dcat.NoBasisStated {
					e.Draft.Basis = []sharing.LegalGround{{Law: r.Basis}}
				}
			}
			entries = append(entries, e)
		}
		if line.Action == dcat.Refused {
			member := strings.Split(strings.TrimPrefix(line.Field, "/dataset/"+strconv.Itoa(line.Index)+"/"), "/")[0]
			e := &entries[len(entries)-1]
			e.Findings = append(e.Findings, spreadsheet.Finding{Line: e.Line, Column: dcatColumns[member], Rule: RuleDCAT, Detail: string(line.Rule)})
		}
	}
	return entries
}

// surroundings is what rows are held to.
type surroundings struct {
	law   *regulation.Regulation
	terms sharing.ImportTerms
	today sharing.Date
	own   map[string]sharing.Resource // the department's entries by code
	taken postgres.Spoken
	same  map[string][]sharing.Resource // entries of others by title
}

// maxTitles is how many titles are looked up at once.
const maxTitles = 500

// checkRows says of every entry what it is to the catalog.
func (d *Desk) checkRows(ctx context.Context, who sharing.User, law *regulation.Regulation, terms sharing.ImportTerms, today sharing.Date, entries []spreadsheet.Entry) ([]postgres.ImportRow, error) {
	at := surroundings{law: law, terms: terms, today: today, own: map[string]sharing.Resource{}, same: map[string][]sharing.Resource{}}
	var codes, ids, titles []string
	for _, e := range entries {
		if e.Draft.Code != "" {
			codes = append(codes, e.Draft.Code)
		}
	}
	sealed, err := d.Store.EntriesByCode(ctx, d.entryScopes(who), who.Region.ID, codes)
	if err != nil {
		return nil, err
	}
	seen, err := d.look(ctx, who, sealed...)
	if err != nil {
		return nil, err
	}
	for _, r := range seen {
		if r.Provider.ID == who.Department.ID {
			at.own[r.Code] = r
			ids = append(ids, r.ID)
		}
	}
	if at.taken, err = d.Store.SpokenFor(ctx, who.Region.ID, who.Department.ID, codes, ids); err != nil {
		return nil, err
	}
	proposals := make([]proposed, len(entries))
	for i, e := range entries {
		proposals[i] = at.propose(who, e)
		if p := proposals[i].change; p != nil && e.SecondSource == "" {
			titles = append(titles, p.NewTitles(proposals[i].before)...)
		}
	}
	slices.Sort(titles)
	for some := range slices.Chunk(slices.Compact(titles), maxTitles) {
		found, err := d.Store.SameData(ctx, d.entryScopes(who), d.scope(who, sharing.KindField), who.Department.ID, some, 3)
		if err != nil {
			return nil, err
		}
		for title, others := range found {
			at.same[title] = others
		}
	}
	rows := make([]postgres.ImportRow, len(entries))
	for i, e := range entries {
		if rows[i], err = d.row(who, at, i+1, e, proposals[i]); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// proposed is the change that an entry of a file asks for, if it does.
type proposed struct {
	change   *sharing.ChangeProposal
	before   sharing.Resource
	findings []ImportFinding // against it
}

// propose makes a change of an entry: a new entry, or a change of what differs from
// the entry as it is. What a file leaves blank stays as it is.
func (at surroundings) propose(who sharing.User, e spreadsheet.Entry) proposed {
	var p proposed
	refuse := func(column spreadsheet.Key, rule, detail string) proposed {
		p.findings = append(p.findings, ImportFinding{Finding: spreadsheet.Finding{Line: e.Line, Column: column, Rule: rule, Detail: detail}})
		p.change = nil
		return p
	}
	for _, f := range e.Findings {
		p.findings = append(p.findings, ImportFinding{Finding: f})
	}
	if name := e.Provider; name != "" && name != who.Department.Name && !strings.EqualFold(name, who.Department.NameEN) && name != who.Department.ID {
		refuse(spreadsheet.Provider, RuleNotOnesOwn, name)
	}
	if len(p.findings) > 0 {
		return p
	}
	change := sharing.ChangeProposal{Draft: at.terms.Draft, Trigger: at.terms.Trigger, TriggeredOn: at.terms.TriggeredOn, Why: at.terms.Why, SecondSource: e.SecondSource}
	before, known := at.own[e.Draft.Code]
	if !known {
		if number, taken := at.taken.Codes[e.Draft.Code]; taken && number != "" {
			return refuse(spreadsheet.Code, RuleOtherCase, number)
		} else if taken {
			return refuse(spreadsheet.Code, "unique", "")
		}
		p.before = sharing.Resource{RegionID: who.Region.ID, Provider: who.Department}
		change.Kind, change.Entry = sharing.NewEntry, e.Draft
		p.change = &change
		return p
	}
	p.before = before
	if before.Withdrawn {
		return refuse(spreadsheet.Code, "withdrawn", "")
	}
	elements, class := changedElements(before, e.Draft), changedClass(before, e.Draft)
	change.ResourceID = before.ID
	switch {
	case elements == nil && class == nil:
		return p
	case at.taken.Changes[before.ID] != "":
		return refuse(spreadsheet.Code, RuleOtherCase, at.taken.Changes[before.ID])
	case elements != nil && class != nil:
		return refuse(spreadsheet.Class, RuleTwoKinds, "")
	case elements != nil:
		change.Kind, change.Entry = sharing.ChangedElements, *elements
	default:
		change.Kind, change.Entry = sharing.ChangedClass, *class
	}
	p.change = &change
	return p
}

// changedElements returns the elements of a draft that differ from the entry, nil when
// none does.
func changedElements(before sharing.Resource, d sharing.EntryDraft) *sharing.EntryDraft {
	var e sharing.EntryDraft
	differ(&e.Title, before.Title, d.Title)
	differ(&e.Description, before.Description, d.Description)
	differ(&e.Grade, before.Grade, d.Grade)
	differ(&e.Cycle, before.Cycle, d.Cycle)
	differ(&e.Format, before.Format, d.Format)
	differ(&e.Base, before.Base, d.Base)
	if modes := slices.Clone(d.Modes); len(modes) > 0 {
		was := slices.Clone(before.Modes)
		slices.Sort(modes)
		slices.Sort(was)
		if !slices.Equal(modes, was) {
			e.Modes = d.Modes
		}
	}
	if len(d.Fields) > 0 && !slices.Equal(d.Fields, before.Fields) {
		e.Fields = d.Fields
	}
	if reflect.ValueOf(e).IsZero() {
		return nil
	}
	return &e
}

// changedClass returns how a draft shares and opens the entry where that differs from
// how it is shared, nil when nothing does. Basis and condition go with the class.
func changedClass(before sharing.Resource, d sharing.EntryDraft) *sharing.EntryDraft {
	var e sharing.EntryDraft
	differ(&e.OpenClass, before.OpenClass, d.OpenClass)
	var cited, written []string
	for _, g := range d.Basis {
		cited, written = append(cited, g.String()), append(written, g.Law+g.Article)
	}
	basis := len(d.Basis) > 0 && strings.Join(cited, "；") != before.Basis && strings.Join(written, "；") != before.Basis
	if d.Class != "" && d.Class != before.Class || basis || d.Condition != "" && d.Condition != before.Condition {
		e.Class, e.Basis, e.Condition = cmp.Or(d.Class, before.Class), d.Basis, d.Condition
	}
	if reflect.ValueOf(e).IsZero() {
		return nil
	}
	return &e
}

// differ takes over what is said and not so already.
func differ[T comparable](to *T, was, said T) {
	var nothing T
	if said != nothing && said != was {
		*to = said
	}
}

// row holds a proposal to the rules of a catalog change and says what it comes to.
func (d *Desk) row(who sharing.User, at surroundings, n int, e spreadsheet.Entry, p proposed) (postgres.ImportRow, error) {
	row := postgres.ImportRow{N: n, Code: e.Draft.Code, Title: cmp.Or(p.before.Title, e.Draft.Title), Standing: sharing.RowUnchanged}
	findings := p.findings
	if p.change != nil {
		findings = append(findings, d.broken(who, at, e, *p.change, p.before)...)
	}
	refused := slices.ContainsFunc(findings, func(f ImportFinding) bool { return !f.Remark })
	switch {
	case refused:
		row.Standing = sharing.RowRefused
	case p.change != nil:
		row.Standing, row.ResourceID = sharing.RowNew, p.change.ResourceID
		if p.change.Kind != sharing.NewEntry {
			row.Standing = sharing.RowChanged
			row.Diff = sharing.Differences(p.before, activities.ProposedEntry(at.law, *p.change, p.before))
		}
		proposal, err := json.Marshal(p.change)
		if err != nil {
			return row, err
		}
		row.Proposal = proposal
	}
	if findings == nil {
		findings = []ImportFinding{}
	}
	var err error
	if row.Findings, err = json.Marshal(findings); err != nil {
		return row, err
	}
	row.Said, err = json.Marshal(e)
	return row, err
}

// broken lists the rules of a catalog change that a proposal breaks. Of a draft, those
// that it is held to only when it is handed in are remarks.
func (d *Desk) broken(who sharing.User, at surroundings, e spreadsheet.Entry, p sharing.ChangeProposal, before sharing.Resource) []ImportFinding {
	var all []ImportFinding
	note := func(err error, remark bool) {
		var known *sharing.Error
		if !errors.As(err, &known) {
			return
		}
		if known.Fields == nil {
			known = sharing.Invalid("", string(known.Code), "")
		}
		for _, f := range known.Fields {
			found := ImportFinding{Finding: at.place(e, f, known.Article), Remark: remark}
			if !slices.ContainsFunc(all, func(o ImportFinding) bool {
				return o.Line == found.Line && o.Column == found.Column && o.Rule == found.Rule
			}) {
				all = append(all, found)
			}
		}
	}
	note(p.Check(), false)
	full := p
	full.Draft = false
	if len(all) == 0 {
		note(full.Check(), p.Draft)
		after := activities.ProposedEntry(at.law, full, before)
		note(activities.LawfulChange(at.law, full, before, after, at.today), p.Draft)
		if p.SecondSource == "" {
			note(at.oneSource(p.NewTitles(before)), p.Draft)
		}
	}
	thing := sharing.Thing{Kind: sharing.CatalogChange.Kind(), RegionID: who.Region.ID, ProviderID: who.Department.ID, ApplicantID: who.Department.ID, Class: before.Class, Grade: before.Grade}
	if p.Kind == sharing.NewEntry {
		thing.Class, thing.Grade = cmp.Or(p.Entry.Class, sharing.NotShared), max(p.Entry.Grade, sharing.LowestGrade)
	}
	if !d.may(who, sharing.Submit, thing) {
		note(forbidden, false)
	}
	return all
}

// oneSource refuses data that others have catalogued already.
func (at surroundings) oneSource(titles []string) error {
	var names []string
	for _, title := range titles {
		for _, r := range at.same[title] {
			if name := r.Code + " " + r.Title + " (" + r.Provider.Name + ")"; !slices.Contains(names, name) && len(names) < 5 {
				names = append(names, name)
			}
		}
	}
	if names == nil {
		return nil
	}
	e := sharing.Invalid("/second_source_reason", "one_source", strings.Join(names, "; "))
	e.Article = at.law.Catalog.OneSource
	return e
}

// place finds the line and column of a part of a proposal.
func (at surroundings) place(e spreadsheet.Entry, f sharing.FieldError, article string) spreadsheet.Finding {
	found := spreadsheet.Finding{Line: e.Line, Rule: f.Rule, Detail: f.Detail, Article: article}
	parts := strings.Split(strings.TrimPrefix(f.Field, "/"), "/")
	if parts[0] != "entry" {
		found.Column = map[string]spreadsheet.Key{"second_source_reason": spreadsheet.SecondSource}[parts[0]]
		return found
	}
	if len(parts) == 1 {
		return found
	}
	name := parts[1]
	switch {
	case name == "basis" && len(parts) > 3:
		name += "_" + parts[3]
	case name == "basis":
		name = string(spreadsheet.BasisLaw)
	case name == "fields" && len(parts) > 3:
		name = "item_" + parts[3]
		if i, err := strconv.Atoi(parts[2]); err == nil && i < len(e.ItemLines) {
			found.Line = e.ItemLines[i]
		}
	case name == "fields":
		name = string(spreadsheet.ItemName)
	}
	if _, known := spreadsheet.ColumnOf(spreadsheet.Key(name)); known {
		found.Column = spreadsheet.Key(name)
	}
	return found
}

// DCATRule says a rule of DCAT in a language, "zh" or "en".
func DCATRule(rule, locale string) string { return dcat.Rule(rule).Text(locale) }

// Imports returns the last imports of the user's department, the latest first.
func (d *Desk) Imports(ctx context.Context, who sharing.User) ([]sharing.CatalogImport, error) {
	if !d.MayImport(who) {
		return nil, forbidden
	}
	const few = 10
	return d.Store.Imports(ctx, who.Department.ID, few)
}

// Import returns an import of the user's department and how far it is; CodeNotFound
// when there is none.
func (d *Desk) Import(ctx context.Context, who sharing.User, id string) (sharing.CatalogImport, error) {
	if !d.MayImport(who) {
		return sharing.CatalogImport{}, notFound
	}
	return d.Store.Import(ctx, who.Department.ID, id)
}

// RowQuery narrows the rows of an import; zero fields do not narrow.
type RowQuery struct {
	Standing sharing.RowStanding
	Failed   bool // those that were confirmed and became no change
	After    int  // the row before the first
	Limit    int
}

// ImportRows returns rows of an import of the user's department in the order of the
// file, and the last of them where more follow.
func (d *Desk) ImportRows(ctx context.Context, who sharing.User, id string, q RowQuery) (rows []ImportRow, next int, err error) {
	i, err := d.Import(ctx, who, id)
	if err != nil {
		return nil, 0, err
	}
	limit := bound(q.Limit)
	found, err := d.Store.ImportRows(ctx, i.ID, q.Standing, q.Failed, q.After, limit+1)
	if err != nil {
		return nil, 0, err
	}
	if len(found) > limit {
		found, next = found[:limit], found[limit-1].N
	}
	var ids []string
	for _, r := range found {
		if r.ResourceID != "" {
			ids = append(ids, r.ResourceID)
		}
	}
	entries, err := d.resources(ctx, who, ids)
	if err != nil {
		return nil, 0, err
	}
	rows = make([]ImportRow, len(found))
	for i, r := range found {
		if rows[i], err = viewRow(r); err != nil {
			return nil, 0, err
		}
		if r.ResourceID != "" && !slices.ContainsFunc(entries, func(e sharing.Resource) bool { return e.ID == r.ResourceID }) {
			rows[i].Diff, rows[i].ResourceID = nil, "" // it is another's meanwhile
		}
	}
	if err := d.recordEntries(ctx, who, entries...); err != nil {
		return nil, 0, err
	}
	return rows, next, nil
}

func viewRow(r postgres.ImportRow) (ImportRow, error) {
	view := ImportRow{N: r.N, Standing: r.Standing, Code: r.Code, Title: r.Title, ResourceID: r.ResourceID, Diff: r.Diff, CaseID: r.CaseID, CaseNumber: r.CaseNumber, Done: r.DoneAt != nil}
	if r.Refusal != nil {
		view.Refusal = &sharing.Error{Code: r.Refusal.Code, Fields: r.Refusal.Fields, Article: r.Refusal.Article}
	}
	var said struct{ Line int }
	var change struct{ Kind sharing.ChangeKind }
	if r.Proposal != nil {
		if err := json.Unmarshal(r.Proposal, &change); err != nil {
			return view, err
		}
	}
	view.Kind = change.Kind
	if err := json.Unmarshal(r.Said, &said); err != nil {
		return view, err
	}
	view.Line = said.Line
	return view, json.Unmarshal(r.Findings, &view.Findings)
}

// ConfirmImport has an import carried out as it was checked, in the version that was
// shown: each row that is new or changed becomes a catalog change, a draft or handed
// in for review, as its terms say. That is done by the workers, from the next second
// on, whoever looks; [Desk.Import] tells how far they are. CodeStale when the rows
// would now come to something else: they are checked anew, and can be looked at again.
func (d *Desk) ConfirmImport(ctx context.Context, who sharing.User, key, id string, version int) error {
	i, err := d.Import(ctx, who, id)
	if err != nil {
		return err
	}
	command, err := d.stage(ctx, who, key, CatalogImported, i.ID, version, struct{}{})
	if err != nil {
		return err
	}
	var done struct{}
	return d.carry(ctx, command, &done, func(ctx context.Context) error {
		if i, err = d.Import(ctx, who, id); err != nil {
			return err
		}
		switch {
		case i.State != sharing.ImportChecked:
			return sharing.Errorf(sharing.CodeWrongState, "the import was confirmed already")
		case i.Version != version:
			return &sharing.Error{Code: sharing.CodeStale}
		case i.Proposed() == 0:
			return sharing.Errorf(sharing.CodeWrongState, "nothing in it asks for a change")
		}
		rows, changed, err := d.recheck(ctx, who, i)
		if err != nil {
			return err
		}
		if changed {
			err := d.Store.InTx(ctx, func(tx *postgres.Tx) error {
				if _, err := d.unconfirmed(ctx, tx, who, i); err != nil {
					return err
				}
				if err := tx.PutImportRows(ctx, i.ID, rows); err != nil {
					return err
				}
				return tx.RecheckedImport(ctx, i.ID)
			})
			if err != nil {
				return err
			}
			return &sharing.Error{Code: sharing.CodeStale}
		}
		commands := d.commands(who, i, rows)
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			now, err := d.unconfirmed(ctx, tx, who, i)
			if err != nil {
				return err
			}
			if err := tx.StageCommands(ctx, commands); err != nil {
				return err
			}
			if err := tx.PutImportRows(ctx, i.ID, rows); err != nil {
				return err
			}
			if err := tx.ConfirmImport(ctx, i.ID, now); err != nil {
				return err
			}
			if err := tx.FinishCommand(ctx, command.ID, []byte(`{}`)); err != nil {
				return err
			}
			return tx.Append(ctx, sharing.Entry{At: now, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: who.Region.ID, Action: CatalogImported, SubjectID: i.ID,
				Policy: command.Policy, Key: command.Actor.Key, Data: map[string]string{"rows": strconv.Itoa(i.Total()), "proposed": strconv.Itoa(len(commands)), "file": i.FileName}})
		})
	})
}

// unconfirmed locks an import that is still as it was read, and returns the time.
func (d *Desk) unconfirmed(ctx context.Context, tx *postgres.Tx, who sharing.User, i sharing.CatalogImport) (now time.Time, err error) {
	locked, err := tx.LockImport(ctx, who.Department.ID, i.ID)
	switch {
	case err != nil:
		return now, err
	case locked.State != sharing.ImportChecked:
		return now, sharing.Errorf(sharing.CodeWrongState, "the import was confirmed already")
	case locked.Version != i.Version:
		return now, &sharing.Error{Code: sharing.CodeStale}
	}
	return tx.Now(ctx)
}

// recheck checks the rows of an import again, and reports whether they come to
// something else than before.
func (d *Desk) recheck(ctx context.Context, who sharing.User, i sharing.CatalogImport) (rows []postgres.ImportRow, changed bool, err error) {
	former, err := d.Store.ImportRows(ctx, i.ID, "", false, 0, spreadsheet.MaxEntries)
	if err != nil {
		return nil, false, err
	}
	entries := make([]spreadsheet.Entry, len(former))
	for n, r := range former {
		if err := json.Unmarshal(r.Said, &entries[n]); err != nil {
			return nil, false, err
		}
	}
	law, err := d.lawNow(ctx, who)
	if err != nil {
		return nil, false, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return nil, false, err
	}
	if rows, err = d.checkRows(ctx, who, law, i.Terms, sharing.DateOf(now), entries); err != nil {
		return nil, false, err
	}
	for n := range rows {
		was, is := former[n], rows[n]
		if was.Standing != is.Standing || !slices.Equal(was.Diff, is.Diff) || !sameJSON(was.Proposal, is.Proposal) || !sameJSON(was.Findings, is.Findings) {
			changed = true
		}
	}
	return rows, changed, nil
}

// sameJSON reports whether two values are the same however they are written.
func sameJSON(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var one, other any
	return json.Unmarshal(a, &one) == nil && json.Unmarshal(b, &other) == nil && reflect.DeepEqual(one, other)
}

// commands makes the commands of the rows that ask for a change, and writes into the
// rows which they are.
func (d *Desk) commands(who sharing.User, i sharing.CatalogImport, rows []postgres.ImportRow) []sharing.Command {
	var all []sharing.Command
	thing := sharing.Thing{Kind: sharing.CatalogChange.Kind(), RegionID: who.Region.ID, ProviderID: who.Department.ID, ApplicantID: who.Department.ID, Class: sharing.NotShared, Grade: sharing.LowestGrade}
	as := d.standingIn(who, sharing.Submit, thing)
	for n, r := range rows {
		if r.Proposal == nil {
			continue
		}
		key := "import-" + i.ID + "-" + strconv.Itoa(r.N)
		rows[n].CommandID, rows[n].CaseID = uuid.NewString(), OpenedID(who.ID, key)
		all = append(all, sharing.Command{ID: rows[n].CommandID, Key: key, Actor: as.Subject(), Action: sharing.Submit, Target: rows[n].CaseID, Body: r.Proposal, Policy: d.policy(who).Name()})
	}
	return all
}

// OwnCatalog hands over the entries of the user's department that stand in the
// catalog, by their codes; reports first how many there are. It holds few at a time
// and records that they are read before it hands them out.
func (d *Desk) OwnCatalog(ctx context.Context, who sharing.User, total func(int), do func(sharing.Resource) error) error {
	if !d.MayImport(who) {
		return forbidden
	}
	cursor := ""
	for first := true; first || cursor != ""; first = false {
		page, err := d.Catalog(ctx, who, CatalogQuery{Provider: who.Department.ID, Order: postgres.ByCode, Cursor: cursor, Limit: MaxLimit})
		if err != nil {
			return err
		}
		if first {
			total(page.Total)
		}
		for _, r := range page.Items {
			if err := do(r); err != nil {
				return err
			}
		}
		cursor = page.Next
	}
	return nil
}

// ExportProgress is how far a file is that is being made for the user.
type ExportProgress = postgres.Export

// TellExport records how far a file is that is being made for the user.
func (d *Desk) TellExport(ctx context.Context, who sharing.User, id string, done, total int, ended bool) error {
	return d.Store.TellExport(ctx, who.ID, id, done, total, ended)
}

// Export returns how far such a file is; CodeNotFound when it has not begun.
func (d *Desk) Export(ctx context.Context, who sharing.User, id string) (ExportProgress, error) {
	return d.Store.Export(ctx, who.ID, id)
}
