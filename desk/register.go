package desk

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// RegisterKind is a register that the regulation in force in a region has.
type RegisterKind struct {
	Register sharing.Register
	Title    string
	TitleEN  string
	Article  string
	To       []string // the regulation's names of whom it is filed with
	ToEN     []string
	// First: it is filed before it happens (jinan-startup-2023 art. 17).
	First bool
}

// RegisterView is an entry as a reader sees it.
type RegisterView struct {
	sharing.RegisterEntry
	Regulation RegulationRef
	// After is how many working days after the event it was filed; negative before it.
	After int
	// Due is the day by which it should have been filed; zero where neither text nor
	// operator says one. Statutory tells which of the two does.
	Due       sharing.Date
	Statutory bool
	Late      bool
	// Versions are all versions, the latest first; of [Desk.RegisterEntry] only.
	Versions []RegisterView
	CanAmend bool
}

// RegisterQuery narrows a search of the registers; zero fields do not narrow.
type RegisterQuery struct {
	Register   sharing.Register
	Text       string
	Department string
	From, To   sharing.Date // filed within
	Cursor     string
	Limit      int
}

// registerThing labels what a user's department files.
func registerThing(who sharing.User) sharing.Thing {
	return sharing.RegisterEntry{RegionID: who.Region.ID, Department: who.Department}.Thing()
}

// MayFile reports whether the user may file anything in a register.
func (d *Desk) MayFile(who sharing.User) bool {
	return d.may(who, sharing.FileEntry, registerThing(who))
}

// MaySeeRegisters reports whether there is a register in the region of which the
// user may read anything.
func (d *Desk) MaySeeRegisters(who sharing.User) bool {
	return d.mayWithAny(who, sharing.KindRegister, sharing.Read)
}

// RegisterKinds lists the registers that the regulation in force in the reader's
// region has; none where none is in force.
func (d *Desk) RegisterKinds(ctx context.Context, who sharing.User) ([]RegisterKind, error) {
	now, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	law, err := d.Law().InForce(who.Region.ID, sharing.DateOf(now))
	if err != nil {
		return nil, nil // nothing is in force: there is no register to file in
	}
	var kinds []RegisterKind
	for _, f := range law.Filings {
		k := RegisterKind{Register: sharing.Register(f.Filing), Title: f.Title, TitleEN: f.TitleEn, Article: f.Article, First: f.Before}
		for _, role := range f.To {
			k.To, k.ToEN = append(k.To, law.Roles[role].Name), append(k.ToEN, law.Roles[role].NameEn)
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

// FileEntry files an entry in a register, without anybody's approval: the content is the
// JSON of the register's own type.
func (d *Desk) FileEntry(ctx context.Context, who sharing.User, key string, register sharing.Register, content json.RawMessage) (RegisterView, error) {
	entry, haystack, err := d.draftEntry(ctx, who, register, content)
	if err != nil {
		return RegisterView{}, err
	}
	if !d.MayFile(who) {
		return RegisterView{}, forbidden
	}
	entry.ID, entry.Version = uuid.NewString(), 1
	if key != "" { // the same request repeated is the same entry
		entry.ID = uuid.NewSHA1(uuid.NameSpaceOID, []byte("register\x00"+who.ID+"\x00"+key)).String()
	}
	return d.putEntry(ctx, who, key, sharing.FileEntry, entry, haystack)
}

// AmendEntry files an entry anew, in the place of the version that was read. What was
// filed before stays readable.
func (d *Desk) AmendEntry(ctx context.Context, who sharing.User, key, id string, expected int, content json.RawMessage) (RegisterView, error) {
	versions, err := d.Store.RegisterVersions(ctx, d.scope(who, sharing.KindRegister), id)
	if err != nil {
		return RegisterView{}, err
	}
	if !d.may(who, sharing.AmendEntry, versions[0].Thing()) {
		return RegisterView{}, forbidden
	}
	if expected <= 0 {
		return RegisterView{}, &sharing.Error{Code: sharing.CodeConditionalRead, Detail: "say which version of the entry was read"}
	}
	entry, haystack, err := d.draftEntry(ctx, who, versions[0].Register, content)
	if err != nil {
		return RegisterView{}, err
	}
	entry.ID, entry.Version, entry.Department = id, expected+1, versions[0].Department
	return d.putEntry(ctx, who, key, sharing.AmendEntry, entry, haystack)
}

// draftEntry reads and checks what is to be filed.
func (d *Desk) draftEntry(ctx context.Context, who sharing.User, register sharing.Register, content json.RawMessage) (entry sharing.RegisterEntry, haystack string, err error) {
	now, err := d.Now(ctx)
	if err != nil {
		return entry, "", err
	}
	law, err := d.Law().InForce(who.Region.ID, sharing.DateOf(now))
	if err != nil {
		return entry, "", &sharing.Error{Code: sharing.CodeNoRegulation, Detail: err.Error(), Cause: err}
	}
	filed := register.Entry()
	i := slices.IndexFunc(law.Filings, func(f regulation.Filing) bool { return f.Filing == string(register) })
	if filed == nil || i < 0 {
		return entry, "", sharing.Invalid("/register", "register", law.Title)
	}
	if err := decode(content, filed); err != nil {
		return entry, "", err
	}
	if err := filed.Check(); err != nil {
		return entry, "", err
	}
	at, field := filed.Happened()
	if !filed.Ahead() && at.After(now) {
		return entry, "", sharing.Invalid(field, "not_in_future", "it has not happened yet")
	}
	entry = sharing.RegisterEntry{
		Register: register, RegionID: who.Region.ID, Department: who.Department, Regulation: law.Ref(), Article: law.Filings[i].Article,
		Heading: filed.Heading(), HappenedAt: at, FiledBy: who.ID,
	}
	if entry.Content, err = json.Marshal(filed); err != nil {
		return entry, "", err
	}
	var values map[string]any
	if err := json.Unmarshal(entry.Content, &values); err != nil {
		return entry, "", err
	}
	texts := []string{who.Department.Name, who.Department.NameEN}
	for _, v := range values {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	return entry, strings.ToLower(strings.Join(texts, "\n")), nil
}

// putEntry writes a version of an entry, the audit entry and the word to the
// authority, at most once.
func (d *Desk) putEntry(ctx context.Context, who sharing.User, key string, action sharing.Action, e sharing.RegisterEntry, haystack string) (RegisterView, error) {
	command, err := d.stage(ctx, who, key, action, e.ID, e.Version-1, json.RawMessage(e.Content))
	if err != nil {
		return RegisterView{}, err
	}
	var done struct{}
	err = d.carry(ctx, command, &done, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			if e.FiledAt, err = tx.Now(ctx); err != nil {
				return err
			}
			if err := tx.PutRegisterEntry(ctx, e, haystack); err != nil {
				return err
			}
			if err := tx.FinishCommand(ctx, command.ID, []byte(`{}`)); err != nil {
				return err
			}
			centers, err := tx.Offices(ctx, e.RegionID, sharing.AuthorityDepartment)
			if err != nil {
				return err
			}
			data := map[string]string{"register": string(e.Register), "entry": e.ID}
			for _, center := range centers {
				if err := tx.Send(ctx, e.FiledAt, sharing.Message{Topic: "filed", DepartmentID: center.ID, Data: data}); err != nil {
					return err
				}
			}
			return tx.Append(ctx, sharing.Entry{
				At: e.FiledAt, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: e.RegionID, Action: action, SubjectID: e.ID,
				Version: e.Version, Article: e.Article, Policy: command.Policy, Key: command.Actor.Key, Data: map[string]string{"register": string(e.Register)},
			})
		})
	})
	if err != nil {
		return RegisterView{}, err
	}
	return d.RegisterEntry(ctx, who, e.ID)
}

// Registers returns one page of the entries the reader may see, as they hold, the
// latest filed first.
func (d *Desk) Registers(ctx context.Context, who sharing.User, q RegisterQuery) (Page[RegisterView], error) {
	if q.Register != "" && !slices.Contains(sharing.Registers, q.Register) {
		return Page[RegisterView]{}, sharing.Invalid("register", "one_of", "a register")
	}
	f := postgres.RegisterFilter{Register: q.Register, Text: q.Text, Department: q.Department, Cursor: q.Cursor, Limit: bound(q.Limit)}
	if !q.From.IsZero() {
		f.From = q.From.Start()
	}
	if !q.To.IsZero() {
		f.Until = q.To.End()
	}
	found, next, total, err := d.Store.RegisterEntries(ctx, d.scope(who, sharing.KindRegister), f)
	page := Page[RegisterView]{Next: next, Total: total}
	for _, e := range found {
		page.Items = append(page.Items, d.registerView(who, e))
	}
	return page, err
}

// RegisterEntry returns one entry in all its versions; CodeNotFound when it does not
// exist or may not be seen.
func (d *Desk) RegisterEntry(ctx context.Context, who sharing.User, id string) (RegisterView, error) {
	versions, err := d.Store.RegisterVersions(ctx, d.scope(who, sharing.KindRegister), id)
	if err != nil {
		return RegisterView{}, err
	}
	v := d.registerView(who, versions[0])
	for _, e := range versions {
		v.Versions = append(v.Versions, d.registerView(who, e))
	}
	return v, nil
}

// registerView says of an entry whether it was filed in time: after the event
// within the limit of its duty, or before it where the authority is told first.
func (d *Desk) registerView(who sharing.User, e sharing.RegisterEntry) RegisterView {
	v := RegisterView{RegisterEntry: e, CanAmend: e.SupersededAt == nil && d.may(who, sharing.AmendEntry, e.Thing())}
	calendar := d.CalendarOf(e.RegionID)
	if after, err := calendar.Between(sharing.DateOf(e.HappenedAt), sharing.DateOf(e.FiledAt)); err == nil {
		v.After = after
	}
	law, ok := d.Law().ByID(e.Regulation)
	if !ok {
		return v
	}
	v.Regulation = regulationRef(law)
	i := slices.IndexFunc(law.Filings, func(f regulation.Filing) bool { return f.Filing == string(e.Register) })
	if i < 0 {
		return v
	}
	if law.Filings[i].Before {
		v.Due, v.Statutory = sharing.DateOf(e.HappenedAt)-1, true
		v.Late = !e.FiledAt.Before(e.HappenedAt)
		return v
	}
	duty, ok := law.Duty(law.Filings[i].Duty)
	if !ok {
		return v
	}
	budget, statutory, ok := duty.Budget(nil)
	if !ok || budget.Unit == sharing.Immediately {
		return v
	}
	p, err := calendar.Project(sharing.Clock{Budget: budget, Start: e.HappenedAt})
	if err != nil || !p.Due() {
		return v
	}
	v.Due, v.Statutory, v.Late = p.DueDate, statutory, !e.FiledAt.Before(p.DueAt)
	return v
}

// Before is how many working days before the event it was filed.
func (v RegisterView) Before() int { return -v.After }
