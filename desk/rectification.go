package desk

import (
	"context"
	"encoding/json"
	"slices"

	"gongshu/activities"
	"gongshu/regulation"
	"gongshu/sharing"
)

// rectificationDoor holds a finding to the regulation in force. The department
// that is to rectify is one of the region, and not the authority itself.
func rectificationDoor(ctx context.Context, d *Desk, who sharing.User, content sharing.Checked) (sharing.Thing, error) {
	finding := *content.(*sharing.Finding)
	thing := sharing.Thing{RegionID: who.Region.ID, ProviderID: finding.Department, Class: sharing.NotShared, Grade: sharing.LowestGrade}
	if !d.mayWithAny(who, sharing.RectificationOrder.Kind(), sharing.Submit) {
		return thing, nil // refused by the labels, whatever the finding says
	}
	law, err := d.lawNow(ctx, who)
	if err != nil {
		return thing, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return thing, err
	}
	if err := activities.CheckFinding(law, finding, who.Subject(), sharing.DateOf(now)); err != nil {
		return thing, err
	}
	departments, err := d.Store.Departments(ctx, who.Region.ID)
	if err != nil {
		return thing, err
	}
	i := slices.IndexFunc(departments, func(o sharing.Department) bool { return o.ID == finding.Department })
	if i < 0 {
		return thing, sharing.Invalid("/department", "exists", "no such department in the region")
	}
	authority, err := d.authority(ctx, who.Region.ID)
	if err != nil {
		return thing, err
	}
	if finding.Department == authority.ID {
		return thing, sharing.Invalid("/department", "authority_itself", "the authority confirms what others rectify, not itself")
	}
	thing.ApplicantID = authority.ID
	return thing, d.checkOwnFiles(ctx, who, finding.Attachments)
}

// authority is the big-data center of a region.
func (d *Desk) authority(ctx context.Context, regionID string) (sharing.Department, error) {
	departments, err := d.Store.Departments(ctx, regionID)
	if err != nil {
		return sharing.Department{}, err
	}
	i := slices.IndexFunc(departments, func(o sharing.Department) bool { return o.Kind == sharing.AuthorityDepartment })
	if i < 0 {
		return sharing.Department{}, sharing.Errorf(sharing.CodeNoRegulation, "region %s has no authority", regionID)
	}
	return departments[i], nil
}

// barred reports whether the regulation of a case keeps the user from a step that
// state and policy allow: a rung that is for another office, or does not exist;
// an inspection that the regulation does not know.
func (d *Desk) barred(who sharing.User, c sharing.Case, action sharing.Action) bool {
	switch action {
	case sharing.Escalate:
		next, ok := d.NextRung(c)
		return !ok || !activities.Takes(who.Subject(), next.By)
	case sharing.Cancel:
		law, ok := d.Law().ByID(c.RegulationID)
		var record sharing.RectificationRecord
		return !ok || json.Unmarshal(c.Content, &record) != nil || !activities.Cancels(law, record, who.Subject())
	case sharing.Inspect:
		law, ok := d.Law().ByID(c.RegulationID)
		var record sharing.ProjectRecord
		return !ok || json.Unmarshal(c.Content, &record) != nil || len(activities.ProjectConditions(law, c.State, record)) == 0
	}
	return false
}

// NextRung returns the rung to which a rectification can be taken next, and
// whether its regulation has one.
func (d *Desk) NextRung(c sharing.Case) (regulation.RectificationStep, bool) {
	law, ok := d.Law().ByID(c.RegulationID)
	if !ok {
		return regulation.RectificationStep{}, false
	}
	for _, rung := range law.Supervision.Ladder {
		if sharing.RungState(rung.Step) == c.State {
			return law.Supervision.Next(rung.Step)
		}
	}
	return regulation.RectificationStep{}, false
}

// Criticism is one line of the public criticisms of a region: which department,
// on what ground, under which article and when.
type Criticism struct {
	sharing.CriticismNotice
	GroundTitle, GroundTitleEN string
	Regulation                 RegulationRef
}

// MaySeeCriticisms reports whether the user may know of public criticisms (通报):
// everybody may who looks in the region's catalog on behalf of a department.
func (d *Desk) MaySeeCriticisms(who sharing.User) bool {
	return !who.Subject().Has(sharing.Citizen, sharing.Gateway) && len(d.scope(who, sharing.KindResource).Cells) > 0
}

// Criticisms returns one page of the public criticisms of the reader's region, the
// latest first. Of the cases behind them only their parties know.
func (d *Desk) Criticisms(ctx context.Context, who sharing.User, cursor string, limit int) (Page[Criticism], error) {
	if !d.MaySeeCriticisms(who) {
		return Page[Criticism]{}, forbidden
	}
	notices, next, total, err := d.Store.CriticismNotices(ctx, who.Region.ID, cursor, bound(limit))
	if err != nil {
		return Page[Criticism]{}, err
	}
	page := Page[Criticism]{Next: next, Total: total}
	for _, n := range notices {
		line := Criticism{CriticismNotice: n, GroundTitle: n.Ground, GroundTitleEN: n.Ground}
		if law, ok := d.Law().ByID(n.RegulationID); ok {
			line.Regulation = regulationRef(law)
			if g, ok := law.Supervision.Ground(n.Ground); ok {
				line.GroundTitle, line.GroundTitleEN = g.Title, g.TitleEn
			}
		}
		page.Items = append(page.Items, line)
	}
	return page, nil
}
