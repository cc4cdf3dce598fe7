package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"gongshu/letter"
	"gongshu/letter/paper"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// LetterRef names a letter of a case.
type LetterRef struct {
	Name     string // within the case: answer-1
	Kind     letter.Kind
	IssuedAt time.Time
	Issuer   sharing.Department
	// To are the departments it is addressed to; none for one to a citizen or company.
	To []sharing.Department
}

// LetterView is a letter as a reader sees it.
type LetterView struct {
	LetterRef
	letter.Letter
	CaseID     string
	CaseNumber string
	// Wording is the version of the region's wording it is composed in; 0 for the one
	// that comes with the program.
	Wording int
}

// issue is an act that issued a letter.
type issue struct {
	LetterRef
	entry sharing.Entry
}

// lettersOf says which letters an act issues, by the entry that the trail has of it.
func lettersOf(p sharing.Procedure, e sharing.Entry) []letter.Kind {
	switch e.Action {
	case sharing.Urge:
		return []letter.Kind{letter.Urging}
	case sharing.Supervise:
		return []letter.Kind{letter.Supervision}
	case sharing.RungFired:
		switch sharing.RungKind(e.Data["rung"]) {
		case sharing.Urged:
			return []letter.Kind{letter.Urging}
		case sharing.Supervised:
			return []letter.Kind{letter.Supervision}
		case sharing.Reminder, sharing.LimitReached, sharing.Rectification:
		}
		return nil
	}
	switch p {
	case sharing.ShareApplication:
		if k, ok := shareLetters[e.Action]; ok {
			return []letter.Kind{k}
		}
	case sharing.CorrectionDispute:
		if e.Action == sharing.Verify {
			return []letter.Kind{letter.Verification}
		}
	case sharing.Coordination:
		if e.Action == sharing.Rule {
			return []letter.Kind{letter.Ruling}
		}
	case sharing.OpeningRequest:
		if e.Action == sharing.AnswerOpening || e.Action == sharing.Screen && e.To == sharing.Refused {
			return []letter.Kind{letter.Opening}
		}
	case sharing.ProjectAcceptance:
		switch {
		case e.Action == sharing.Initiate && e.To == sharing.NotApproved:
			return []letter.Kind{letter.NotApproved}
		case e.Action == sharing.Accept && e.To == sharing.Rectifying:
			return []letter.Kind{letter.NonAcceptance, letter.Funds}
		}
	case sharing.RectificationOrder:
		switch {
		case e.From == "" && e.To == sharing.Notified:
			return []letter.Kind{letter.Notice}
		case e.To == sharing.Ordered && (e.From == "" || e.Action == sharing.Escalate):
			return []letter.Kind{letter.Order}
		}
	case sharing.UpwardNeed, sharing.UpwardRequest, sharing.CatalogChange, sharing.StandingDuty:
	}
	return nil
}

var shareLetters = map[sharing.Action]letter.Kind{
	sharing.RequestCompletion: letter.Completion, sharing.SendBack: letter.Return, sharing.Answer: letter.Answer, sharing.Extend: letter.Extension,
	sharing.Consent: letter.Consent, sharing.Suspend: letter.Suspension, sharing.Revoke: letter.Revocation,
}

// issues lists the letters of a case in the order in which they were issued, all of
// them.
func (d *Desk) issues(ctx context.Context, c sharing.Case) ([]issue, error) {
	timeline, err := d.Store.Timeline(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(timeline, func(e sharing.Entry) bool { return len(lettersOf(c.Procedure, e)) > 0 }) {
		return nil, nil
	}
	departments, err := d.Store.Departments(ctx, c.RegionID)
	if err != nil {
		return nil, err
	}
	urges, err := d.Store.Urges(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	supervisions, err := d.Store.Supervisions(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	a := addresser{c, departments, urges, supervisions}
	var all []issue
	count := map[letter.Kind]int{}
	for _, e := range timeline {
		for _, k := range lettersOf(c.Procedure, e) {
			to := a.to(k, e)
			if k == letter.Funds && (len(to) == 0 || len(d.consequences(c, e, regulation.Finance)) == 0) {
				continue // the finance department was told nothing
			}
			count[k]++
			all = append(all, issue{LetterRef{Name: string(k) + "-" + strconv.Itoa(count[k]), Kind: k, IssuedAt: e.At, Issuer: a.issuer(e), To: to}, e})
		}
	}
	return all, nil
}

// addresser knows from whom to whom the letters of a case go.
type addresser struct {
	c            sharing.Case
	departments  []sharing.Department
	urges        []postgres.Urge
	supervisions []sharing.Supervision
}

func (a addresser) department(id string) (sharing.Department, bool) {
	i := slices.IndexFunc(a.departments, func(d sharing.Department) bool { return d.ID == id })
	if i < 0 {
		return sharing.Department{ID: id, Name: id, NameEN: id}, false
	}
	return a.departments[i], true
}

func (a addresser) offices(kind sharing.DepartmentKind) []sharing.Department {
	return slices.DeleteFunc(slices.Clone(a.departments), func(d sharing.Department) bool { return d.Kind != kind })
}

// issuer is the department of who acted; what happens by itself goes out in the
// name of the authority.
func (a addresser) issuer(e sharing.Entry) sharing.Department {
	if e.DepartmentID != "" {
		d, _ := a.department(e.DepartmentID)
		return d
	}
	if offices := a.offices(sharing.AuthorityDepartment); len(offices) > 0 {
		return offices[0]
	}
	return a.c.Provider
}

func (a addresser) to(k letter.Kind, e sharing.Entry) []sharing.Department {
	switch k {
	case letter.Opening:
		return nil
	case letter.Ruling, letter.Consent:
		to := []sharing.Department{a.c.Applicant}
		if a.c.Provider.Kind != sharing.AuthorityDepartment {
			to = append(to, a.c.Provider)
		}
		return to
	case letter.Funds:
		return a.offices(sharing.FinanceDepartment)
	case letter.Notice, letter.Order:
		return []sharing.Department{a.c.Provider}
	case letter.Urging, letter.Supervision:
		return a.owing(e)
	case letter.Completion, letter.Return, letter.Answer, letter.Extension, letter.Suspension, letter.Revocation, letter.Verification,
		letter.NotApproved, letter.NonAcceptance:
	}
	return []sharing.Department{a.c.Applicant}
}

// owing are the departments that an urge or a supervision was sent to.
func (a addresser) owing(e sharing.Entry) []sharing.Department {
	var ids []string
	switch e.Action {
	case sharing.RungFired:
		ids = []string{e.Data["owes"]}
	case sharing.Urge:
		for _, u := range a.urges {
			if u.By == e.DepartmentID && u.At.Equal(e.At) {
				ids = append(ids, u.Owes...)
			}
		}
	case sharing.Supervise:
		for _, s := range a.supervised(e) {
			ids = append(ids, s.Owes.ID)
		}
	}
	var to []sharing.Department
	for _, id := range ids {
		if d, ok := a.department(id); ok && !slices.Contains(to, d) {
			to = append(to, d)
		}
	}
	return to
}

// supervised are the supervisions that an act of supervising made.
func (a addresser) supervised(e sharing.Entry) []sharing.Supervision {
	return slices.DeleteFunc(slices.Clone(a.supervisions), func(s sharing.Supervision) bool {
		return s.Department.ID != e.DepartmentID || !s.At.Equal(e.At)
	})
}

// seesLetter reports whether somebody who may read a case may read its letter, too.
// What one office writes to another about its duties is for the two, for the
// authority and for those who stand above.
func seesLetter(who sharing.User, i LetterRef) bool {
	subject := who.Subject()
	switch {
	case !i.Kind.Between():
		return !subject.Has(sharing.Citizen) || i.Kind == letter.Opening
	case subject.Has(sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor, sharing.Auditor):
		return true
	case who.Department.ID == "" || subject.Has(sharing.Citizen, sharing.Gateway):
		return false
	}
	return who.Department.ID == i.Issuer.ID || slices.ContainsFunc(i.To, func(d sharing.Department) bool { return d.ID == who.Department.ID })
}

// Letters lists the letters of a case that the reader may see, in the order in which
// they were issued; CodeNotFound when the case may not be seen.
func (d *Desk) Letters(ctx context.Context, who sharing.User, caseID string) (sharing.Case, []LetterRef, error) {
	c, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), caseID)
	if err != nil {
		return c, nil, err
	}
	seen, err := d.lettersFor(ctx, who, c)
	if err == nil {
		err = d.recordCases(ctx, who, c)
	}
	if err != nil {
		return sharing.Case{}, nil, err
	}
	return c, seen, nil
}

// LettersOf is [Desk.Letters] of a case that the reader was given before.
func (d *Desk) LettersOf(ctx context.Context, who sharing.User, view CaseView) ([]LetterRef, error) {
	return d.lettersFor(ctx, who, view.Case)
}

func (d *Desk) lettersFor(ctx context.Context, who sharing.User, c sharing.Case) ([]LetterRef, error) {
	issued, err := d.issues(ctx, c)
	var seen []LetterRef
	for _, i := range issued {
		if seesLetter(who, i.LetterRef) {
			seen = append(seen, i.LetterRef)
		}
	}
	return seen, err
}

// issuing are the acts of people that can issue a letter.
var issuing = []sharing.Action{sharing.Urge, sharing.Supervise, sharing.RequestCompletion, sharing.SendBack, sharing.Answer, sharing.Extend, sharing.Consent,
	sharing.Suspend, sharing.Revoke, sharing.Verify, sharing.Rule, sharing.Screen, sharing.AnswerOpening, sharing.Initiate, sharing.Accept, sharing.Submit, sharing.Escalate}

// fix composes the letters that an act has just issued, so that they say what was
// so on that day. What cannot be composed now is when it is first read: the act
// stands either way, and so does what was recorded of it.
func (d *Desk) fix(ctx context.Context, caseID string, action sharing.Action) {
	if !slices.Contains(issuing, action) {
		return
	}
	c, err := d.Store.CaseByID(ctx, caseID)
	if err != nil {
		return
	}
	issued, err := d.issues(ctx, c)
	if err != nil {
		return
	}
	for _, i := range issued {
		if i.entry.Action != action {
			continue
		}
		if _, err := d.composed(ctx, c, i, letter.Chinese); err != nil {
			return
		}
	}
}

// composed returns a letter as it was composed, now if it was not before.
func (d *Desk) composed(ctx context.Context, c sharing.Case, i issue, l letter.Locale) (postgres.ComposedLetter, error) {
	kept, err := d.Store.Letter(ctx, c.ID, i.Name, string(l))
	if sharing.CodeOf(err) != sharing.CodeNotFound {
		return kept, err
	}
	if kept, err = d.compose(ctx, c, i, l); err != nil {
		return kept, err
	}
	return d.Store.KeepLetter(ctx, kept)
}

// Letter returns a letter of a case by its name, in a language; CodeNotFound when
// there is none or it may not be seen. It is composed of what was recorded when it was
// issued, in the wording that held then, and stays as it is: the Chinese letter right
// after the act of a person, others when they are first asked for.
func (d *Desk) Letter(ctx context.Context, who sharing.User, caseID, name string, l letter.Locale) (LetterView, error) {
	if !slices.Contains(letter.Locales, l) {
		return LetterView{}, sharing.Invalid("locale", "one_of", "zh or en")
	}
	c, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), caseID)
	if err != nil {
		return LetterView{}, err
	}
	issued, err := d.issues(ctx, c)
	if err != nil {
		return LetterView{}, err
	}
	n := slices.IndexFunc(issued, func(i issue) bool { return i.Name == name && seesLetter(who, i.LetterRef) })
	if n < 0 {
		return LetterView{}, notFound
	}
	if err := d.recordCases(ctx, who, c); err != nil {
		return LetterView{}, err
	}
	kept, err := d.composed(ctx, c, issued[n], l)
	view := LetterView{LetterRef: issued[n].LetterRef, CaseID: c.ID, CaseNumber: c.Number, Wording: kept.Wording}
	if err != nil {
		return view, err
	}
	return view, json.Unmarshal(kept.Content, &view.Letter)
}

// CanPrint reports whether letters can be had as PDF here.
func (d *Desk) CanPrint() bool { return d.Printer.Ready() }

// PrintedLetter is [Desk.Letter] as PDF; CodeUnavailable where no Chromium is
// installed, or it did not do it in time.
func (d *Desk) PrintedLetter(ctx context.Context, who sharing.User, caseID, name string, l letter.Locale) (LetterView, []byte, error) {
	view, err := d.Letter(ctx, who, caseID, name, l)
	if err != nil {
		return view, nil, err
	}
	pdf, err := d.Printer.PDF(ctx, view.Letter)
	switch {
	case errors.Is(err, paper.ErrNoPrinter):
		err = &sharing.Error{Code: sharing.CodeUnavailable, Detail: "PDF needs Chromium on the server; the page itself can be printed", Cause: err}
	case err != nil:
		err = &sharing.Error{Code: sharing.CodeUnavailable, Detail: "the PDF was not made in time", Cause: err}
	}
	return view, pdf, err
}

// compose writes a letter in the wording that its region kept when it was issued.
func (d *Desk) compose(ctx context.Context, c sharing.Case, i issue, l letter.Locale) (postgres.ComposedLetter, error) {
	kept := postgres.ComposedLetter{CaseID: c.ID, Name: i.Name, Locale: string(l), IssuedAt: i.IssuedAt}
	text := letter.Default(i.Kind, l)
	own, err := d.Store.WordingAt(ctx, c.RegionID, string(i.Kind), string(l), i.IssuedAt)
	switch {
	case err == nil && own.Text != "":
		text, kept.Wording = own.Text, own.Version
	case err != nil && sharing.CodeOf(err) != sharing.CodeNotFound:
		return kept, err
	}
	wording, err := letter.Parse(i.Kind, text)
	if err != nil {
		return kept, err
	}
	facts, annexes, err := d.facts(ctx, c, i, l)
	if err != nil {
		return kept, err
	}
	composed, err := letter.Compose(wording, l, facts, annexes, sharing.DateOf(i.IssuedAt))
	if err != nil {
		return kept, err
	}
	kept.Content, err = json.Marshal(composed)
	return kept, err
}

// consequences are what an act told to follow from a project's gaps, as codes; of a
// role, when one is given: those that it carries out or is told.
func (d *Desk) consequences(c sharing.Case, e sharing.Entry, role regulation.Role) []string {
	law, ok := d.Law().ByID(c.RegulationID)
	if !ok {
		return nil
	}
	var codes []string
	for _, follows := range law.Projects.WhenNotAccepted() {
		if _, told := e.Data[follows.Consequence]; told && (role == "" || cmp.Or(follows.By, follows.Tell) == role || follows.Tell == role) {
			codes = append(codes, follows.Consequence)
		}
	}
	return codes
}
