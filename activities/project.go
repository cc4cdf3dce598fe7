package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// InspectionMonths is how many months lie between two inspections of a project
// that is live, where the regulation has it under supervision (yanzhou-2024
// art. 13, city-2023 art. 34). No text sets a number: half-yearly is the
// operator's choice.
const InspectionMonths = 6

// onPlatform is the fact of an entry that its data lies on the data platform, as
// regulation files name it.
const onPlatform = "resource_on_platform"

// Topics of messages about what waits because of a project.
const (
	topicFundsHeld        = "funds_held"        // to the finance department
	topicFundsReleased    = "funds_released"    // to the finance department
	topicInspectionFailed = "inspection_failed" // to the department that built it
)

// projectSteps are the steps of project acceptance.
func (a *Activities) projectSteps() map[sharing.Action]Do {
	return map[sharing.Action]Do{
		sharing.Submit:        a.RegisterProject,
		sharing.Initiate:      a.InitiateProject,
		sharing.AskAcceptance: a.AskProjectAcceptance,
		sharing.Accept:        a.AcceptProject,
		sharing.ReportGaps:    a.ReportProjectGaps,
		sharing.Inspect:       a.InspectProject,
		sharing.Retire:        a.RetireProject,
		sharing.Withdraw:      a.WithdrawProject,
	}
}

// RegisterProject registers a project with its list of data resources, for the
// authority to check before it is approved (yanzhou-2024 art. 36, city-2023
// art. 34, jinan-startup-2023 art. 41, lishui-2020 art. 29, shuozhou-2021
// art. 11).
func (a *Activities) RegisterProject(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	describe := func(s *step) (filing, error) {
		project, err := checked[sharing.Project](s.command)
		if err != nil {
			return filing{}, err
		}
		if err := CheckProject(s.law, project); err != nil {
			return filing{}, err
		}
		actor := s.command.Actor
		applicant, err := s.tx.Department(s.ctx, actor.RegionID, actor.DepartmentID)
		if err != nil {
			return filing{}, err
		}
		s.c.RegionID = actor.RegionID
		authority, err := s.authority()
		if err != nil {
			return filing{}, err
		}
		record := sharing.ProjectRecord{Project: project}
		if _, err := s.facts(applicant, project.Resources, "/resources/%d/entry"); err != nil {
			return filing{}, err
		}
		if record.Elsewhere, err = s.elsewhere(applicant, project.Resources); err != nil {
			return filing{}, err
		}
		return filing{
			Procedure: sharing.ProjectAcceptance, State: sharing.Initiating, Title: project.Name, Provider: authority, Applicant: applicant,
			Content: record, Article: s.initiation(),
		}, nil
	}
	return a.open(ctx, commandID, describe, func(s *step) error {
		s.tell(s.c.Provider, string(sharing.Submit), nil)
		return s.openTask(sharing.TaskKind(sharing.Initiate), s.c.Provider, nil)
	})
}

// CheckProject returns an *Error naming what a regulation misses in a project: the
// list without which none is approved, and ways of collection that it names.
func CheckProject(law *regulation.Regulation, p sharing.Project) error {
	if listed, asked := law.Projects.Listed(); asked && len(p.Resources) == 0 {
		err := sharing.Invalid("/resources", "required", "no approval without the list of data resources")
		err.Article = listed.Article
		return err
	}
	collection, _ := law.Projects.Collection()
	for i, r := range p.Resources {
		if len(collection.Ways) > 0 && !slices.Contains(collection.Ways, string(r.Way)) {
			err := sharing.Invalid(fmt.Sprintf("/resources/%d/way", i), "one_of", fmt.Sprint(collection.Ways))
			err.Article = collection.Article
			return err
		}
	}
	return nil
}

// initiation is the article beside the registration of a project.
func (s *step) initiation() string {
	if article := s.law.Article("project.initiation"); article != "" {
		return article
	}
	return s.law.Projects.Register
}

// InitiateProject approves the initiation of a project, or does not. A department
// whose other project does not meet the conditions gets no approval where the
// regulation says so (lishui-2020 art. 29, shuozhou-2021 art. 9); where it makes
// it a condition of funds, the finance department is told (city-2023 art. 34).
func (a *Activities) InitiateProject(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		ruling, err := checked[sharing.Ruling](s.command)
		if err != nil {
			return err
		}
		s.entry.Article, s.entry.Note = s.initiation(), ruling.Reasons
		s.tell(s.c.Applicant, string(sharing.Initiate), map[string]string{"agree": fmt.Sprint(ruling.Agree)})
		if !ruling.Agree {
			s.become(sharing.NotApproved)
			return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
		}
		s.become(sharing.Building)
		record, err := content[sharing.ProjectRecord](s.c)
		if err != nil {
			return err
		}
		if err := CheckProject(s.law, record.Project); err != nil {
			return err
		}
		if err := s.checkStanding(); err != nil {
			return err
		}
		if record.Elsewhere, err = s.elsewhere(s.c.Applicant, record.Resources); err != nil {
			return err
		}
		if _, err := s.examine(&record, s.law.Projects.Initiation, nil); err != nil {
			return err
		}
		if err := s.rewrite(record); err != nil {
			return err
		}
		return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
	})
}

// checkStanding looks at what waits on the department's other projects.
func (s *step) checkStanding() error {
	others, err := s.tx.HoldingProjects(s.ctx, s.c.Applicant.ID, s.c.ID)
	if err != nil {
		return err
	}
	for _, other := range others {
		record, err := content[sharing.ProjectRecord](other)
		if err != nil {
			return err
		}
		for _, hold := range record.Holds {
			switch hold.Consequence {
			case regulation.NoInitiation:
				refusal := sharing.Invalid("/agree", "in_standing", other.Number+" "+other.Title)
				refusal.Article = hold.Article
				return refusal
			case regulation.NewProjectsHeld:
				s.entry.Data[hold.Consequence] = other.Number
				if err := s.tellFinance(topicFundsHeld, map[string]string{"consequence": hold.Consequence, "article": hold.Article, "because_of": other.Number}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// AskProjectAcceptance asks for acceptance of what has been built, and says which
// catalog entries the resources became.
func (a *Activities) AskProjectAcceptance(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		request, err := checked[sharing.AcceptanceRequest](s.command)
		if err != nil {
			return err
		}
		s.entry.Note = request.Note
		return s.handOver(request.Entries)
	})
}

// ReportProjectGaps says that the gaps are mended: it is checked again.
func (a *Activities) ReportProjectGaps(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		report, err := checked[sharing.GapReport](s.command)
		if err != nil {
			return err
		}
		s.entry.Note = report.Note
		return s.handOver(report.Entries)
	})
}

// handOver links what was catalogued, and gives the project to the authority.
func (s *step) handOver(entries []sharing.EntryLink) error {
	record, err := content[sharing.ProjectRecord](s.c)
	if err != nil {
		return err
	}
	if err := record.Link(entries); err != nil {
		return err
	}
	linked := make([]sharing.PlannedResource, len(entries))
	for i, e := range entries {
		linked[i].Entry = e.Entry
	}
	if _, err := s.facts(s.c.Applicant, linked, "/entries/%d/entry"); err != nil {
		return err
	}
	if err := s.rewrite(record); err != nil {
		return err
	}
	s.entry.Article = s.acceptance()
	s.tell(s.c.Provider, string(s.entry.Action), nil)
	return s.pass(sharing.TaskKind(sharing.Accept), s.c.Provider, nil)
}

// acceptance is the article beside the acceptance of a project.
func (s *step) acceptance() string {
	if article := s.law.Article("project.acceptance"); article != "" {
		return article
	}
	if checks := s.law.Projects.Acceptance; len(checks) > 0 {
		return checks[0].Article
	}
	return ""
}

// AcceptProject accepts a project when every check is met, or names all gaps in
// one notice; what then waits, and who is told, the regulation says (yanzhou-2024
// arts. 9, 13, 33 and 36, city-2023 arts. 8 and 34, jinan-startup-2023 art. 12,
// lishui-2020 arts. 12 and 29, shuozhou-2021 arts. 4, 9 and 11).
func (a *Activities) AcceptProject(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		acceptance, err := checked[sharing.Acceptance](s.command)
		if err != nil {
			return err
		}
		record, err := content[sharing.ProjectRecord](s.c)
		if err != nil {
			return err
		}
		results, err := s.examine(&record, ProjectConditions(s.law, sharing.Accepting, record), acceptance.Checks)
		if err != nil {
			return err
		}
		if err := s.checkPapers(acceptance.Checks, acceptance.Attachments); err != nil {
			return err
		}
		if err := refuse("check_answered", s.acceptance(), sharing.Unanswered(results)); err != nil {
			return err
		}
		gaps := sharing.Gaps(results)
		switch {
		case acceptance.Agree:
			if err := refuse("check_met", s.acceptance(), gaps); err != nil {
				return err
			}
		case len(gaps) == 0:
			err := sharing.Invalid("/agree", "gap_named", "every check is met")
			err.Article = s.acceptance()
			return err
		}
		s.entry.Article, s.entry.Note = s.acceptance(), acceptance.Reasons
		if err := s.keepResults(acceptance, results); err != nil {
			return err
		}
		if acceptance.Agree {
			s.become(sharing.Accepted)
			s.watchOver(record)
			if err := s.release(&record); err != nil {
				return err
			}
			s.tell(s.c.Applicant, string(sharing.Accepted), nil)
			if err := s.rewrite(record); err != nil {
				return err
			}
			return s.tx.CloseTask(s.ctx, s.c.ID, s.command.Actor.UserID, s.now)
		}
		s.become(sharing.Rectifying)
		if err := s.hold(&record, s.law.Projects.WhenNotAccepted()); err != nil {
			return err
		}
		s.entry.Data["gaps"] = fmt.Sprint(len(gaps))
		s.tell(s.c.Applicant, string(sharing.Rectifying), map[string]string{"gaps": fmt.Sprint(len(gaps))})
		if err := s.rewrite(record); err != nil {
			return err
		}
		return s.pass(sharing.TaskKind(sharing.ReportGaps), s.c.Applicant, nil)
	})
}

// InspectProject records how a live project stands, as a person found it.
func (a *Activities) InspectProject(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		inspection, err := checked[sharing.Inspection](s.command)
		if err != nil {
			return err
		}
		record, err := content[sharing.ProjectRecord](s.c)
		if err != nil {
			return err
		}
		live := ProjectConditions(s.law, sharing.Accepted, record)
		if len(live) == 0 {
			return sharing.Errorf(sharing.CodeWrongState, "%s has no check of a project after it went live", s.law.Title)
		}
		results, err := s.examine(&record, live, inspection.Checks)
		if err != nil {
			return err
		}
		if err := refuse("check_answered", s.law.Projects.Live[0].Article, sharing.Unanswered(results)); err != nil {
			return err
		}
		s.entry.Note = inspection.Note
		if err := s.keepResults(inspection, results); err != nil {
			return err
		}
		return s.conclude(&record, results)
	})
}

// inspect is the inspection that comes by schedule: what the catalog knows.
func (s *step) inspect() error {
	if err := s.begin(sharing.Inspect); err != nil {
		return err
	}
	record, err := content[sharing.ProjectRecord](s.c)
	if err != nil {
		return err
	}
	results, err := s.examine(&record, s.law.Projects.Live, nil)
	if err != nil {
		return err
	}
	if err := s.keepResults(sharing.Inspection{}, results); err != nil {
		return err
	}
	if err := s.conclude(&record, results); err != nil {
		return err
	}
	return s.finish()
}

// conclude draws the consequences of an inspection, and sets the day of the next.
func (s *step) conclude(record *sharing.ProjectRecord, results []sharing.CheckResult) error {
	s.entry.Article = s.law.Projects.Live[0].Article
	s.watchOver(*record)
	gaps, open := sharing.Gaps(results), sharing.Unanswered(results)
	s.entry.Data["gaps"], s.entry.Data["open"] = fmt.Sprint(len(gaps)), fmt.Sprint(len(open))
	switch {
	case len(gaps) > 0:
		s.tell(s.c.Applicant, topicInspectionFailed, map[string]string{"gaps": fmt.Sprint(len(gaps))})
		s.tell(s.c.Provider, topicInspectionFailed, map[string]string{"gaps": fmt.Sprint(len(gaps))})
		if err := s.hold(record, s.law.Projects.WhenLiveFails()); err != nil {
			return err
		}
	case len(open) == 0:
		if err := s.release(record); err != nil {
			return err
		}
	}
	return s.rewrite(*record)
}

// RetireProject takes a system out of service.
func (a *Activities) RetireProject(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error {
		note, err := checked[sharing.OptionalRemark](s.command)
		if err != nil {
			return err
		}
		record, err := content[sharing.ProjectRecord](s.c)
		if err != nil {
			return err
		}
		if err := s.release(&record); err != nil {
			return err
		}
		s.entry.Note = note.Note
		s.tell(s.c.Provider, string(sharing.Retire), nil)
		return s.rewrite(record)
	})
}

// WithdrawProject takes a project back before it is built, or before it is handed
// over.
func (a *Activities) WithdrawProject(ctx context.Context, commandID string) (sharing.Snapshot, error) {
	return a.perform(ctx, commandID, func(s *step) error { return s.takeBack(s.c.Provider) })
}

// examine holds a project to conditions of the regulation and keeps the results
// with it.
func (s *step) examine(record *sharing.ProjectRecord, checks []regulation.Check, stated []sharing.StatedCheck) ([]sharing.CheckResult, error) {
	facts, err := s.facts(s.c.Applicant, record.Resources, "")
	if err != nil {
		return nil, err
	}
	results, err := sharing.EvaluateChecks(regulation.Conditions(checks), record.Resources, facts, stated)
	record.Results, record.Checked = results, sharing.DateOf(s.now)
	return results, err
}

// facts is what the catalog knows of the entries that a list names. Where field is
// given, as a format of a place in the list, it refuses what is no entry of the
// department's own; an entry of another department and none are refused alike.
func (s *step) facts(builder sharing.Department, list []sharing.PlannedResource, field string) (map[string]sharing.EntryFacts, error) {
	var codes []string
	for _, r := range list {
		if r.Entry != "" {
			codes = append(codes, r.Entry)
		}
	}
	if len(codes) == 0 {
		return nil, nil
	}
	entries, err := s.tx.EntriesByCode(s.ctx, builder.RegionID, codes)
	if err != nil {
		return nil, err
	}
	known, err := EntryFacts(entries, builder.ID, s.Almanac.Now().Of(builder.RegionID), s.now)
	if err != nil {
		return nil, err
	}
	if field == "" {
		return known, nil
	}
	for i, r := range list {
		if r.Entry != "" && (!known[r.Entry].Own || known[r.Entry].Withdrawn) {
			return nil, sharing.Invalid(fmt.Sprintf(field, i), "own_entry", r.Entry)
		}
	}
	return known, nil
}

// EntryFacts says by code what catalog entries are to the checks of a project of
// the department, on a calendar of the region.
func EntryFacts(entries []sharing.Resource, builderID string, calendar *workday.Calendar, now time.Time) (map[string]sharing.EntryFacts, error) {
	known := make(map[string]sharing.EntryFacts, len(entries))
	for _, e := range entries {
		fresh, err := fresh(calendar, e, now)
		if err != nil {
			return nil, err
		}
		f := sharing.EntryFacts{Own: e.Provider.ID == builderID, Withdrawn: e.Withdrawn, Class: e.Class, Fresh: fresh}
		if on, is := e.Facts[onPlatform]; is {
			f.OnPlatform = &on
		}
		known[e.Code] = f
	}
	return known, nil
}

// fresh reports whether the data of an entry was updated within its cycle; nil
// where the entry has no cycle that could pass.
func fresh(calendar *workday.Calendar, e sharing.Resource, now time.Time) (*bool, error) {
	p, err := calendar.Project(sharing.Clock{Budget: sharing.Budget{N: 1, Unit: sharing.UpdateCycles}, Start: e.UpdatedAt, Cycle: e.Cycle})
	var beyond *workday.RangeError
	switch {
	case errors.As(err, &beyond):
		return nil, nil
	case err != nil:
		return nil, err
	case !p.Due():
		return nil, nil
	}
	is := now.Before(p.DueAt)
	return &is, nil
}

// ProjectConditions are the checks that a regulation asks of a project where it
// stands: of its list, at acceptance, or while it is live.
func ProjectConditions(law *regulation.Regulation, state sharing.State, record sharing.ProjectRecord) []regulation.Check {
	switch {
	case state == sharing.Initiating:
		return law.Projects.Initiation
	case law.Projects.Exempts(record.Classified):
		return nil
	case state == sharing.Accepted:
		return law.Projects.Live
	case state == sharing.Building, state == sharing.Accepting, state == sharing.Rectifying:
		return law.Projects.Acceptance
	}
	return nil
}

// elsewhere finds what of the list another department provides already.
func (s *step) elsewhere(builder sharing.Department, list []sharing.PlannedResource) ([]sharing.HeldElsewhere, error) {
	var fields []string
	for _, r := range list {
		fields = append(fields, r.Fields...)
	}
	if len(fields) == 0 {
		return nil, nil
	}
	return s.tx.FieldsElsewhere(s.ctx, builder.RegionID, builder.ID, fields)
}

// checkPapers refuses reports and documents that are said to be there while no
// file is.
func (s *step) checkPapers(stated []sharing.StatedCheck, attachments []string) error {
	i := slices.IndexFunc(stated, func(c sharing.StatedCheck) bool { return c.Met && sharing.Documentary(c.Check) })
	if i < 0 || len(attachments) > 0 {
		return nil
	}
	files, err := s.tx.FilesOfCase(s.ctx, s.c.ID)
	if err != nil || files > 0 {
		return err
	}
	return sharing.Invalid("/attachments", "required", stated[i].Check+": no file of it was handed in")
}

// refuse names every result that keeps the step from being taken.
func refuse(rule, article string, results []sharing.CheckResult) error {
	if len(results) == 0 {
		return nil
	}
	e := &sharing.Error{Code: sharing.CodeInvalid, Article: article}
	for _, r := range results {
		detail := r.Check
		if r.Resource != "" {
			detail += ": " + r.Resource
		}
		if r.Reason != "" {
			detail += " (" + r.Reason + ")"
		}
		e.Fields = append(e.Fields, sharing.FieldError{Field: "/checks", Rule: rule, Detail: detail})
	}
	return e
}

// keepResults adds what the checks came to to the record of the step.
func (s *step) keepResults(said any, results []sharing.CheckResult) error {
	b, err := json.Marshal(said)
	if err != nil {
		return err
	}
	var body map[string]any
	if err := json.Unmarshal(b, &body); err != nil {
		return err
	}
	body["results"] = results
	s.command.Body, err = json.Marshal(body)
	return err
}

// watchOver sets the day of the next inspection, where the regulation has the
// project under supervision.
func (s *step) watchOver(record sharing.ProjectRecord) {
	s.c.WakeAt = nil
	if len(ProjectConditions(s.law, sharing.Accepted, record)) == 0 {
		return
	}
	next := sharing.DateOf(s.now).AddMonths(InspectionMonths).Start()
	s.c.WakeAt = &next
}

// hold records what waits from now on, and tells the finance department where the
// regulation has it act or be told.
func (s *step) hold(record *sharing.ProjectRecord, consequences []regulation.Consequence) error {
	for _, c := range consequences {
		if slices.ContainsFunc(record.Holds, func(h sharing.Hold) bool { return h.Consequence == c.Consequence }) {
			continue // it waits already
		}
		record.Holds = append(record.Holds, sharing.Hold{Consequence: c.Consequence, Article: c.Article, Since: sharing.DateOf(s.now)})
		s.entry.Data[c.Consequence] = c.Article
		if c.By != regulation.Finance && c.Tell != regulation.Finance {
			continue
		}
		if err := s.tellFinance(topicFundsHeld, map[string]string{"consequence": c.Consequence, "article": c.Article}); err != nil {
			return err
		}
	}
	return nil
}

// release ends what waited.
func (s *step) release(record *sharing.ProjectRecord) error {
	if len(record.Holds) == 0 {
		return nil
	}
	record.Holds = nil
	return s.tellFinance(topicFundsReleased, nil)
}

func (s *step) tellFinance(topic string, data map[string]string) error {
	offices, err := s.holders(regulation.Finance)
	if err != nil {
		return err
	}
	for _, o := range offices {
		s.tell(o, topic, data)
	}
	return nil
}
