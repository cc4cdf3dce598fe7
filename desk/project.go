package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"gongshu/activities"
	"gongshu/regulation"
	"gongshu/sharing"
)

// projectDoor holds a project to the regulation in force, and its list to the
// catalog as its department sees it.
func projectDoor(ctx context.Context, d *Desk, who sharing.User, content sharing.Checked) (sharing.Thing, error) {
	project := *content.(*sharing.Project)
	law, err := d.lawNow(ctx, who)
	if err != nil {
		return sharing.Thing{}, err
	}
	if err := activities.CheckProject(law, project); err != nil {
		return sharing.Thing{}, err
	}
	codes := make([]string, len(project.Resources))
	for i, r := range project.Resources {
		codes[i] = r.Entry
	}
	entries, err := d.entriesByCode(ctx, who, who.Region.ID, codes)
	if err != nil {
		return sharing.Thing{}, err
	}
	own := map[string]bool{"": true}
	for _, e := range entries {
		own[e.Code] = e.Provider.ID == who.Department.ID && !e.Withdrawn
	}
	for i, code := range codes {
		if !own[code] {
			return sharing.Thing{}, sharing.Invalid(fmt.Sprintf("/resources/%d/entry", i), "own_entry", code)
		}
	}
	authority, err := d.authority(ctx, who.Region.ID)
	if err != nil {
		return sharing.Thing{}, err
	}
	return sharing.Thing{
		RegionID: who.Region.ID, ProviderID: authority.ID, ApplicantID: who.Department.ID, Class: sharing.NotShared, Grade: sharing.LowestGrade,
	}, d.checkOwnFiles(ctx, who, project.Attachments)
}

// ProjectChecks holds a project to the conditions that its regulation has where it
// stands now, by what the catalog knows now. What the catalog does not know is
// open: a person answers it. It is for those who build and those who check; for
// others, and where nothing is asked, there is nothing.
func (d *Desk) ProjectChecks(ctx context.Context, who sharing.User, c sharing.Case) ([]sharing.CheckResult, error) {
	if c.Procedure != sharing.ProjectAcceptance || who.Department.ID != c.Applicant.ID && !who.Subject().Has(sharing.AuthorityOfficer, sharing.AuthorityHead) {
		return nil, nil
	}
	law, ok := d.Law().ByID(c.RegulationID)
	if !ok {
		return nil, nil
	}
	var record sharing.ProjectRecord
	if err := json.Unmarshal(c.Content, &record); err != nil {
		return nil, err
	}
	codes := make([]string, len(record.Resources))
	for i, r := range record.Resources {
		codes[i] = r.Entry
	}
	entries, err := d.entriesByCode(ctx, who, c.RegionID, codes)
	if err != nil {
		return nil, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	facts, err := activities.EntryFacts(entries, c.Applicant.ID, d.CalendarOf(c.RegionID), now)
	if err != nil {
		return nil, err
	}
	return sharing.EvaluateChecks(regulation.Conditions(activities.ProjectConditions(law, c.State, record)), record.Resources, facts, nil)
}

// HeldProject is a project on which something waits, and what.
type HeldProject struct {
	sharing.Case
	Record     sharing.ProjectRecord
	Regulation RegulationRef
}

// MaySeeHolds reports whether the list of what waits is the user's to see.
func (d *Desk) MaySeeHolds(who sharing.User) bool {
	return who.Subject().Has(sharing.Finance, sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor) &&
		len(d.scope(who, sharing.ProjectAcceptance.Kind()).Cells) > 0
}

// FundsHeld returns one page of the projects on which funds or approvals wait
// because an acceptance or an inspection failed, for the finance department, the
// authority and the office above it; CodeForbidden for others.
func (d *Desk) FundsHeld(ctx context.Context, who sharing.User, cursor string, limit int) (Page[HeldProject], error) {
	if !d.MaySeeHolds(who) {
		return Page[HeldProject]{}, forbidden
	}
	return d.heldProjects(ctx, who, "", cursor, limit)
}

// HeldBeside returns the other projects of the department that builds a project on
// which something waits, as far as the reader may see them: they stand where the
// project is decided on (city-2023 art. 34, lishui-2020 art. 29, shuozhou-2021
// art. 9).
func (d *Desk) HeldBeside(ctx context.Context, who sharing.User, c sharing.Case) ([]HeldProject, error) {
	if c.Applicant.ID == "" {
		return nil, nil
	}
	page, err := d.heldProjects(ctx, who, c.Applicant.ID, "", MaxLimit)
	return slices.DeleteFunc(page.Items, func(p HeldProject) bool { return p.ID == c.ID }), err
}

func (d *Desk) heldProjects(ctx context.Context, who sharing.User, departmentID, cursor string, limit int) (Page[HeldProject], error) {
	scopes := sharing.Scopes{d.scope(who, sharing.ProjectAcceptance.Kind())}
	cases, next, total, err := d.Store.HoldingProjects(ctx, scopes, departmentID, cursor, bound(limit))
	if err != nil {
		return Page[HeldProject]{}, err
	}
	page := Page[HeldProject]{Next: next, Total: total}
	for _, c := range cases {
		held := HeldProject{Case: c}
		if err := json.Unmarshal(c.Content, &held.Record); err != nil {
			return Page[HeldProject]{}, err
		}
		if law, ok := d.Law().ByID(c.RegulationID); ok {
			held.Regulation = regulationRef(law)
		}
		page.Items = append(page.Items, held)
	}
	return page, nil
}
