package web

import (
	"encoding/json"
	"html/template"
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// Projects: the list at initiation, the checks at acceptance and after going live.
func init() {
	classes := []string{string(sharing.Unconditional), string(sharing.Conditional), string(sharing.NotShared)}
	cycles := []string{string(sharing.RealTime), string(sharing.Daily), string(sharing.Weekly), string(sharing.Monthly),
		string(sharing.Quarterly), string(sharing.HalfYearly), string(sharing.EveryYear), string(sharing.Irregularly)}
	list := func(way input, entry inputKind) input {
		return input{Name: "resources", As: asRows, Columns: []input{
			{Name: "title", As: asLine, Required: true},
			{Name: "class", As: asSelect, Options: classes, Required: true},
			{Name: "cycle", As: asSelect, Options: cycles, Required: true},
			way,
			{Name: "fields", As: asLines},
			{Name: "entry", As: entry, From: ownEntries},
		}}
	}
	ways := []string{string(sharing.FrontEndMachine), string(sharing.CollectionAPI), string(sharing.Warehouse), string(sharing.OtherWay)}
	entries := input{Name: "entries", As: asRows, Given: unlinked, Columns: []input{
		{Name: "resource", As: asSelect, From: listed, Required: true},
		{Name: "entry", As: asSelect, From: ownEntries, Required: true},
	}}
	checks := input{Name: "checks", As: asRows, Given: unanswered, Columns: []input{
		{Name: "check", As: asSelect, From: asked, Named: "check", Required: true},
		{Name: "resource", As: asSelect, From: listed},
		{Name: "met", As: asYesNo, Required: true},
		{Name: "evidence", As: asText, Required: true},
	}}
	faces[sharing.ProjectAcceptance] = face{
		Open: []input{
			{Name: "name", As: asLine, Required: true},
			{Name: "budget", As: asLine, Required: true},
			{Name: "classified", As: asTick},
			list(input{Name: "way", As: asSelect, From: waysOfCollection, Required: true}, asSelect),
			{Name: "attachments", As: asFiles},
		},
		About: []input{
			{Name: "budget", As: asLine},
			{Name: "classified", As: asTick},
			list(input{Name: "way", As: asSelect, Options: ways}, asLine),
			{Name: "attachments", As: asFiles},
		},
		Steps: map[sharing.Action][]input{
			sharing.Initiate: {
				{Name: "agree", As: asYesNo, Required: true},
				{Name: "reasons", As: asText, Required: true, If: when("agree", "false")},
				{Name: "basis", As: asBasis, If: when("agree", "false")},
			},
			sharing.AskAcceptance: {
				entries,
				{Name: "note", As: asText},
				{Name: "attachments", As: asFiles},
			},
			sharing.Accept: {
				checks,
				{Name: "agree", As: asYesNo, Required: true},
				{Name: "reasons", As: asText, If: when("agree", "false")},
				{Name: "attachments", As: asFiles},
			},
			sharing.ReportGaps: {
				entries,
				{Name: "note", As: asText, Required: true},
				{Name: "attachments", As: asFiles},
			},
			sharing.Inspect: {
				checks,
				{Name: "note", As: asText},
				{Name: "attachments", As: asFiles},
			},
			sharing.Retire:   {{Name: "note", As: asText}},
			sharing.Withdraw: {{Name: "note", As: asText}},
		},
		Aside:    []sharing.Action{sharing.Retire},
		Sections: projectSections,
		Lead:     projectLead,
	}
}

// projectOf returns what is kept of the project of a case; a zero one when there
// is nothing.
func projectOf(c *desk.CaseView) (sharing.ProjectRecord, error) {
	var record sharing.ProjectRecord
	if c == nil || len(c.Content) == 0 {
		return record, nil
	}
	err := json.Unmarshal(c.Content, &record)
	return record, err
}

// projectLead says what the list is to the region's regulation.
func projectLead(v *visit) (string, error) {
	lead := v.words.Code("lead", sharing.ProjectAcceptance)
	law, err := v.site.desk.RegulationNow(v.ctx(), v.user)
	if sharing.CodeOf(err) == sharing.CodeNoRegulation {
		return lead, nil
	}
	if err != nil {
		return "", err
	}
	if listed, ok := law.Projects.Listed(); ok {
		lead += v.words.T("project.listed", v.words.pick(law.Title, law.TitleEn), v.words.Article(listed.Article))
	}
	return lead, nil
}

// waysOfCollection offers those that the regulation names, or all.
func waysOfCollection(s *scene) ([]choice, error) {
	ways := sharing.CollectionWays
	law, err := s.site.desk.RegulationNow(s.ctx(), s.user)
	if err == nil {
		if collection, _ := law.Projects.Collection(); len(collection.Ways) > 0 {
			ways = slices.DeleteFunc(slices.Clone(ways), func(w sharing.CollectionWay) bool { return !slices.Contains(collection.Ways, string(w)) })
		}
	}
	choices := make([]choice, len(ways))
	for i, w := range ways {
		choices[i] = choice{Value: string(w), Label: s.words.T("opt.project.way." + string(w))}
	}
	return choices, nil
}

// ownEntries offers the department's own catalog entries by their codes.
func ownEntries(s *scene) ([]choice, error) {
	var choices []choice
	for cursor := ""; ; {
		page, err := s.site.desk.Catalog(s.ctx(), s.user, desk.CatalogQuery{Provider: s.user.Department.ID, Cursor: cursor, Limit: desk.MaxLimit})
		if err != nil {
			return nil, err
		}
		for _, r := range page.Items {
			choices = append(choices, choice{Value: r.Code, Label: r.Title + " · " + r.Code})
		}
		if cursor = page.Next; cursor == "" {
			return choices, nil
		}
	}
}

// listed offers the resources of the project's list.
func listed(s *scene) ([]choice, error) {
	record, err := projectOf(s.Case)
	choices := make([]choice, len(record.Resources))
	for i, r := range record.Resources {
		choices[i] = choice{Value: r.Title, Label: r.Title}
	}
	return choices, err
}

// unlinked gives one row to each resource that has no catalog entry yet.
func unlinked(s *scene) ([]map[string]string, error) {
	record, err := projectOf(s.Case)
	var rows []map[string]string
	for _, r := range record.Resources {
		if r.Entry == "" {
			rows = append(rows, map[string]string{"resource": r.Title})
		}
	}
	return rows, err
}

// asked offers what the catalog does not answer, and what was said before.
func asked(s *scene) ([]choice, error) {
	open, err := unansweredChecks(s)
	var choices []choice
	for _, r := range open {
		if !slices.ContainsFunc(choices, func(c choice) bool { return c.Value == r.Check }) {
			choices = append(choices, choice{Value: r.Check, Label: s.words.Code("check", r.Check) + " " + s.words.Article(r.Article)})
		}
	}
	return choices, err
}

// unanswered gives one row to each check that the catalog does not answer.
func unanswered(s *scene) ([]map[string]string, error) {
	open, err := unansweredChecks(s)
	rows := make([]map[string]string, len(open))
	for i, r := range open {
		rows[i] = map[string]string{"check": r.Check, "resource": r.Resource}
	}
	return rows, err
}

func unansweredChecks(s *scene) ([]sharing.CheckResult, error) {
	if s.Case == nil || len(s.Case.Content) == 0 {
		return nil, nil
	}
	now, err := s.site.desk.ProjectChecks(s.ctx(), s.user, s.Case.Case)
	return sharing.Unanswered(now), err
}

// projectPart is what the pieces of a project's page show.
type projectPart struct {
	Record     sharing.ProjectRecord
	Results    []sharing.CheckResult
	Now        bool // as the catalog stands now, and not as they were found
	Checked    sharing.Date
	Beside     []desk.HeldProject // of the same department
	Regulation desk.RegulationRef
}

// projectSections show what is held back, what the checks come to, and what
// another department provides already.
func projectSections(v *visit, c desk.CaseView) ([]template.HTML, error) {
	record, err := projectOf(&c)
	if err != nil {
		return nil, err
	}
	data := projectPart{Record: record, Results: record.Results, Checked: record.Checked, Regulation: c.Regulation}
	if len(c.Content) > 0 && (c.State == sharing.Initiating || c.State == sharing.Building || c.State == sharing.Accepting) {
		now, err := v.site.desk.ProjectChecks(v.ctx(), v.user, c.Case)
		if err != nil {
			return nil, err
		}
		if now != nil {
			data.Results, data.Now = now, true
		}
	}
	if c.State == sharing.Initiating {
		if data.Beside, err = v.site.desk.HeldBeside(v.ctx(), v.user, c.Case); err != nil {
			return nil, err
		}
	}
	var parts []template.HTML
	for _, one := range []struct {
		name string
		show bool
	}{
		{"project-beside", len(data.Beside) > 0}, {"project-holds", len(record.Holds) > 0}, {"project-checks", len(data.Results) > 0}, {"project-elsewhere", len(record.Elsewhere) > 0},
	} {
		if !one.show {
			continue
		}
		part, err := v.part(one.name, data)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// holdsPage lists the projects on which something waits.
type holdsPage struct {
	Found desk.Page[desk.HeldProject]
	More  more
}

// holdsSection is the entry of the menu under which the projects on hold stand.
func (v *visit) holdsSection() string {
	if v.paysOut() {
		return "holds"
	}
	return "board"
}

// holds lists what funds and approvals wait for, for those who decide on them.
func (v *visit) holds() error {
	found, err := v.site.desk.FundsHeld(v.ctx(), v.user, v.QueryParam("cursor"), desk.DefaultLimit)
	if err != nil {
		return err
	}
	return v.ok("holds", v.holdsSection(), holdsPage{Found: found, More: v.more(found.Total, found.Next)})
}
