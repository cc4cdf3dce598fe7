package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gongshu/letter"
	"gongshu/regulation"
	"gongshu/sharing"
)

// factsheet gathers what a letter says, in the words of its language.
type factsheet struct {
	letter.Facts
	d       *Desk
	ctx     context.Context
	c       sharing.Case
	i       issue
	l       letter.Locale
	law     *regulation.Regulation
	titles  map[string]string // of fields
	annexes []string
}

// facts are what was recorded of a letter's act, and the names of the files that go
// with it.
func (d *Desk) facts(ctx context.Context, c sharing.Case, i issue, l letter.Locale) (letter.Facts, []string, error) {
	law, ok := d.Law().ByID(c.RegulationID)
	if !ok {
		return letter.Facts{}, nil, sharing.Errorf(sharing.CodeNoRegulation, "regulation %s is not loaded", c.RegulationID)
	}
	s := &factsheet{d: d, ctx: ctx, c: c, i: i, l: l, law: law}
	if err := s.fill(); err != nil {
		return s.Facts, nil, fmt.Errorf("letter %s of %s: %w", i.Name, c.Number, err)
	}
	for _, typed := range []*string{&s.Reasons, &s.Conditions, &s.Note, &s.Correction, &s.Finding} {
		*typed = closed(l, *typed)
	}
	return s.Facts, s.annexes, nil
}

// closed ends each paragraph of a typed text as a letter does: with a full stop, where
// it ends with a word.
func closed(l letter.Locale, text string) string {
	stop := "。"
	if l == letter.English {
		stop = "."
	}
	paragraphs := strings.Split(strings.TrimSpace(text), "\n")
	for i, p := range paragraphs {
		p = strings.TrimRightFunc(p, unicode.IsSpace)
		last, _ := utf8.DecodeLastRuneInString(p)
		if unicode.IsLetter(last) || unicode.IsDigit(last) {
			p += stop
		}
		paragraphs[i] = p
	}
	return strings.Join(paragraphs, "\n")
}

func (s *factsheet) fill() error {
	authority, err := s.d.authority(s.ctx, s.c.RegionID)
	if err != nil {
		return err
	}
	if s.titles, err = s.d.Store.FieldTitles(s.ctx, s.c.Resource.ID); err != nil {
		return err
	}
	s.Number, s.Matter = s.c.Number, plainEnd(s.c.Title)
	if s.c.Resource.Title != "" {
		s.Matter = s.c.Resource.Title
	}
	s.Issuer, s.Addressee = s.department(s.i.Issuer), s.departments(s.i.To)
	s.Applicant, s.Provider, s.Authority = s.department(s.c.Applicant), s.department(s.c.Provider), s.department(authority)
	s.Regulation, s.Article = s.title(), s.article(s.i.entry.Article)
	s.IssuedOn, s.Received = letter.Day(s.l, sharing.DateOf(s.i.IssuedAt)), letter.Day(s.l, sharing.DateOf(s.c.ReceivedAt))
	s.Reasons = s.i.entry.Note
	switch s.i.Kind {
	case letter.Completion, letter.Answer, letter.Consent, letter.Extension:
		return s.share()
	case letter.Verification:
		return s.verified()
	case letter.Ruling:
		return s.ruled()
	case letter.Opening:
		return s.opened()
	case letter.NonAcceptance, letter.Funds:
		return s.notAccepted()
	case letter.Urging, letter.Supervision:
		return s.waited()
	case letter.Notice, letter.Order:
		return s.found()
	case letter.Return, letter.Suspension, letter.Revocation, letter.NotApproved:
	}
	return nil
}

// share is what a share application's letters say besides.
func (s *factsheet) share() error {
	papers, err := s.d.Store.Paperwork(s.ctx, s.c)
	if err != nil {
		return err
	}
	s.Purpose, s.Duty = plainEnd(s.c.Request.Purpose), plainEnd(s.c.Request.Duty)
	s.Mode, s.Term = letter.Word(s.l, string(s.c.Request.Mode)), letter.Term(s.l, s.c.Request.TermMonths)
	switch s.i.Kind {
	case letter.Completion:
		if papers.Completion != nil {
			s.Gaps, s.Note = papers.Completion.Gaps, papers.Completion.Note
		}
	case letter.Extension:
		s.DueOn = s.day(sharing.DutyAnswer)
		if n, err := strconv.Atoi(s.i.entry.Data["extended_by"]); err == nil {
			s.ExtendedBy = letter.WorkingDays(s.l, n)
			if duty, ok := s.law.Duty(sharing.DutyAnswer); ok {
				if budget, _, ok := duty.Budget(s.c.Facts); ok && budget.Unit != sharing.WorkingDays {
					budget.N = n
					s.ExtendedBy = s.say(regulation.BudgetZh(budget), regulation.BudgetEn(budget))
				}
			}
		}
	case letter.Consent:
		if papers.Consent == nil {
			return nil
		}
		s.Agreed, s.Reasons = papers.Consent.Agree, papers.Consent.Reasons
		return s.bases(papers.Consent.Basis)
	case letter.Answer:
		return s.answered(papers.Decision)
	}
	return nil
}

func (s *factsheet) answered(decision *sharing.Decision) error {
	if decision == nil {
		return nil
	}
	s.Agreed, s.Conditions, s.Desensitised, s.Reasons = decision.Agree, decision.Conditions, decision.Desensitise, decision.Reasons
	if !decision.Agree {
		if s.law.Coordination.Offers(regulation.AfterRefusal) {
			s.Coordination = s.article(s.law.Coordination.Article)
		}
		return s.bases(decision.Basis)
	}
	fields := decision.Fields
	if len(fields) == 0 {
		fields = s.c.Fields
	}
	s.All = len(fields) == len(s.c.Fields)
	s.Fields = s.named(fields)
	if decision.TermMonths > 0 {
		s.Term = letter.Term(s.l, decision.TermMonths)
	}
	s.ProvideBy = s.day(sharing.DutyProvide)
	return nil
}

func (s *factsheet) verified() error {
	var v sharing.Verified
	if err := s.act(&v); err != nil {
		return err
	}
	s.Outcome, s.WasWrong, s.Correction, s.CorrectedOn, s.Reasons = string(v.Outcome), v.WasWrong, v.Correction, letter.Day(s.l, v.CorrectedOn), v.Reasons
	return s.bases(v.Basis)
}

func (s *factsheet) ruled() error {
	var r sharing.CoordinationRuling
	if err := s.act(&r); err != nil {
		return err
	}
	s.Outcome, s.Reasons, s.Fields, s.Conditions, s.Desensitised, s.HeldBy = string(r.Outcome), r.Reasons, s.named(r.Fields), r.Conditions, r.Desensitise, r.HeldBy
	var asked sharing.CoordinationRequest
	if err := json.Unmarshal(s.c.Content, &asked); err != nil {
		return err
	}
	if r.Outcome == sharing.Upheld && asked.Occasion.InWords() {
		s.Outcome = "declined" // nobody had answered before: there is nothing to uphold
	}
	return s.bases(r.Basis)
}

func (s *factsheet) opened() error {
	var (
		asked  sharing.OpeningApplication
		answer sharing.OpeningAnswer
	)
	if err := json.Unmarshal(s.c.Content, &asked); err != nil {
		return err
	}
	s.Addressee, s.Purpose = asked.Name, plainEnd(asked.Purpose)
	if s.i.entry.Action == sharing.Screen {
		var r sharing.Ruling
		if err := s.act(&r); err != nil {
			return err
		}
		s.Reasons = r.Reasons
		return s.bases(r.Basis)
	}
	if err := s.act(&answer); err != nil {
		return err
	}
	s.Agreed, s.Reasons, s.Agreement = answer.Agree, answer.Reasons, strings.TrimSpace(answer.Agreement) != ""
	if fields := answer.Fields; answer.Agree {
		s.All, s.Fields = len(fields) == 0 || len(fields) == len(asked.Fields), s.named(fields)
	}
	return s.bases(answer.Basis)
}

func (s *factsheet) notAccepted() error {
	var said struct {
		Reasons string                `json:"reasons"`
		Results []sharing.CheckResult `json:"results"`
	}
	if err := s.act(&said); err != nil {
		return err
	}
	role := regulation.Role("")
	if s.i.Kind == letter.Funds {
		role = regulation.Finance
	}
	for _, code := range s.d.consequences(s.c, s.i.entry, role) {
		s.Consequences = append(s.Consequences, letter.Word(s.l, code))
		if law := s.i.entry.Data[code]; s.i.Kind == letter.Funds {
			s.Article = s.article(law)
		}
	}
	s.Reasons = said.Reasons
	for _, r := range sharing.Gaps(said.Results) {
		gap := letter.Word(s.l, r.Check)
		if r.Resource != "" {
			gap = s.say("“"+r.Resource+"”："+gap, "“"+r.Resource+"”: "+gap)
		}
		why := r.Evidence
		if r.Automatic {
			why = letter.Word(s.l, r.Reason)
		}
		if why != "" {
			gap += s.say("（"+plainEnd(why)+"）", " ("+plainEnd(why)+")")
		}
		if article := s.article(r.Article); article != "" {
			gap += s.say("，", ", ") + article
		}
		s.Gaps = append(s.Gaps, gap+s.say("；", ";"))
	}
	if last := len(s.Gaps) - 1; last >= 0 {
		s.Gaps[last] = plainEnd(s.Gaps[last]) + s.say("。", ".")
	}
	return nil
}

// waited is what an urge or a supervision says of what is waited for.
func (s *factsheet) waited() error {
	data := s.i.entry.Data
	if duty, ok := s.law.Duty(data["duty"]); ok {
		s.Owed = s.say(duty.Title, duty.TitleEn)
		if s.Article == "" {
			s.Article = s.article(duty.Article)
		}
	}
	s.DueOn = s.day("due_date")
	late, over := data["left"], -1
	if s.i.entry.Action == sharing.RungFired {
		late, over = data["offset"], 1
	}
	if n, err := strconv.Atoi(late); err == nil && n*over > 0 {
		s.Late = n * over
	}
	// A rung that is reached late, as after the system stood still, is told as of the
	// day of the letter.
	if due, err := sharing.ParseDate(data["due_date"]); err == nil && s.Late > 0 {
		if days, err := s.d.CalendarOf(s.c.RegionID).Between(due, sharing.DateOf(s.i.IssuedAt)); err == nil {
			s.Late = max(s.Late, days)
		}
	}
	s.Reasons = ""
	if s.i.Kind != letter.Supervision {
		return nil
	}
	s.ReplyBy = s.day("reply_by")
	supervisions, err := s.d.Store.Supervisions(s.ctx, s.c.ID)
	if own := (addresser{supervisions: supervisions}).supervised(s.i.entry); len(own) > 0 {
		s.Note = own[0].Note
	}
	return err
}

func (s *factsheet) found() error {
	var record sharing.RectificationRecord
	if err := json.Unmarshal(s.c.Content, &record); err != nil {
		return err
	}
	s.Ground, s.Finding, s.MendBy = plainEnd(s.c.Title), record.Finding.Finding, s.day(sharing.DutyRectify)
	if ground, ok := s.law.Supervision.Ground(record.Ground); ok {
		s.Ground = s.say(ground.Title, ground.TitleEn)
		if s.Article == "" {
			s.Article = s.article(ground.Article)
		}
	}
	return nil
}

// act decodes what was said with the act.
func (s *factsheet) act(v any) error {
	acts, err := s.d.Store.Acts(s.ctx, s.c.ID)
	if err != nil {
		return err
	}
	n := slices.IndexFunc(acts, func(a sharing.Act) bool { return a.Version == s.i.entry.Version && a.Action == s.i.entry.Action })
	if n < 0 {
		return fmt.Errorf("nothing is recorded of %s at version %d", s.i.entry.Action, s.i.entry.Version)
	}
	return json.Unmarshal(acts[n].Body, v)
}

// bases are the grounds of law, and the files that prove them as annexes.
func (s *factsheet) bases(all []sharing.Basis) error {
	for _, b := range all {
		law := b.Law
		if s.l == letter.Chinese && !strings.ContainsAny(law, "《〈") {
			law = "《" + law + "》"
		}
		s.Basis = append(s.Basis, letter.Basis{Law: law, Article: s.article(b.Article)})
		if b.Attachment == "" {
			continue
		}
		f, err := s.d.Store.Attachment(s.ctx, b.Attachment)
		if err != nil {
			return err
		}
		s.annexes = append(s.annexes, f.Name)
	}
	return nil
}

func (s *factsheet) say(zh, en string) string {
	if s.l == letter.English {
		return en
	}
	return zh
}

func (s *factsheet) department(d sharing.Department) string {
	if d.NameEN == "" {
		return d.Name
	}
	return s.say(d.Name, d.NameEN)
}

func (s *factsheet) departments(all []sharing.Department) string {
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = s.department(d)
	}
	return strings.Join(names, s.say("、", ", "))
}

// title is the regulation's, with its number where it has one.
func (s *factsheet) title() string {
	zh := "《" + s.law.Title + "》"
	if s.law.Number != "" {
		zh += "（" + s.law.Number + "）"
	}
	if s.law.TitleEn == "" {
		return zh
	}
	return s.say(zh, s.law.TitleEn)
}

func (s *factsheet) article(a string) string {
	return s.say(regulation.ArticleZh(a), regulation.ArticleEn(a))
}

// day is a day that the entry of the act tells, in words.
func (s *factsheet) day(name string) string {
	day, err := sharing.ParseDate(s.i.entry.Data[name])
	if err != nil {
		return ""
	}
	return letter.Day(s.l, day)
}

func (s *factsheet) named(fields []string) []string {
	var names []string
	for _, f := range fields {
		if title := s.titles[f]; title != "" {
			f = title
		}
		names = append(names, f)
	}
	return names
}

// plainEnd is text in which a sentence of the letter goes on: without a full stop of
// its own.
func plainEnd(s string) string { return strings.TrimRight(strings.TrimSpace(s), "。．.；;，, ") }
