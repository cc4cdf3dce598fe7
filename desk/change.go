package desk

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gongshu/activities"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// changeDoor holds a proposed change to the catalog as far as its author may see
// it, and to the regulation in force. A department changes its own entries only.
func changeDoor(ctx context.Context, d *Desk, who sharing.User, content sharing.Checked) (sharing.Thing, error) {
	p := *content.(*sharing.ChangeProposal)
	thing := sharing.Thing{RegionID: who.Region.ID, ProviderID: who.Department.ID, ApplicantID: who.Department.ID, Class: sharing.NotShared, Grade: sharing.LowestGrade}
	if !d.mayWithAny(who, sharing.CatalogChange.Kind(), sharing.Submit) {
		return thing, nil // refused by the labels, whatever is proposed
	}
	before := sharing.Resource{RegionID: who.Region.ID, Provider: who.Department}
	if p.ResourceID != "" {
		var err error
		if before, err = d.resource(ctx, who, p.ResourceID); err != nil {
			return thing, err
		}
		if before.Provider.ID != who.Department.ID {
			thing.ProviderID = before.Provider.ID
			return thing, nil // refused by the labels
		}
	}
	law, err := d.lawNow(ctx, who)
	if err != nil {
		return thing, err
	}
	if err := d.soundChange(ctx, who, law, p, before); err != nil {
		return thing, err
	}
	thing.Class, thing.Grade = before.Class, before.Grade
	if p.Kind == sharing.NewEntry {
		thing.Class, thing.Grade = p.Entry.Class, p.Entry.Grade
	}
	return thing, d.checkOwnFiles(ctx, who, p.Attachments)
}

// changeGate holds a change that is handed in revised to the same as a new one.
func changeGate(ctx context.Context, d *Desk, who sharing.User, c sharing.Case, said sharing.Checked) error {
	revised, ok := said.(*sharing.ChangeProposal)
	if !ok || who.Department.ID != c.Provider.ID {
		return nil
	}
	law, ok := d.Law().ByID(c.RegulationID)
	if !ok {
		return sharing.Errorf(sharing.CodeNoRegulation, "regulation %s is not loaded", c.RegulationID)
	}
	before := sharing.Resource{RegionID: who.Region.ID, Provider: who.Department}
	if revised.ResourceID != "" {
		var err error
		if before, err = d.resource(ctx, who, revised.ResourceID); err != nil {
			return err
		}
	}
	return d.soundChange(ctx, who, law, *revised, before)
}

// soundChange holds a proposal to the regulation, and to the rule that each datum
// has one source.
func (d *Desk) soundChange(ctx context.Context, who sharing.User, law *regulation.Regulation, p sharing.ChangeProposal, before sharing.Resource) error {
	now, err := d.Now(ctx)
	if err != nil {
		return err
	}
	if p.Draft {
		return nil // held to it when it is handed in
	}
	after := activities.ProposedEntry(law, p, before)
	if err := activities.LawfulChange(law, p, before, after, sharing.DateOf(now)); err != nil {
		return err
	}
	if strings.TrimSpace(p.SecondSource) != "" {
		return nil
	}
	same, err := d.sameDatum(ctx, who, p.NewTitles(before))
	if err != nil || len(same) == 0 {
		return err
	}
	names := make([]string, len(same))
	for i, r := range same {
		names[i] = r.Code + " " + r.Title + " (" + r.Provider.Name + ")"
	}
	e := sharing.Invalid("/second_source_reason", "one_source", strings.Join(names, "; "))
	e.Article = law.Catalog.OneSource
	return e
}

// maxSame is how many entries with the same datum are named at most.
const maxSame = 20

// sameDatum returns the entries of other departments, as far as the user may see
// them, that have one of the titles as their own or as that of a data item.
func (d *Desk) sameDatum(ctx context.Context, who sharing.User, titles []string) ([]sharing.Resource, error) {
	if len(titles) == 0 {
		return nil, nil
	}
	found, err := d.Store.SameDatum(ctx, d.entryScopes(who), d.scope(who, sharing.KindField), who.Department.ID, titles, maxSame)
	if err != nil {
		return nil, err
	}
	return d.look(ctx, who, found...)
}

// SameDatum returns the entries of other departments, as far as the user may see
// them, that provide what a proposal would bring into the catalog anew.
func (d *Desk) SameDatum(ctx context.Context, who sharing.User, titles []string) ([]sharing.Resource, error) {
	found, err := d.sameDatum(ctx, who, titles)
	if err != nil {
		return nil, err
	}
	return handOut(found, d.recordEntries(ctx, who, found...))
}

// changeCan leaves out what the reader cannot do to a catalog change although state
// and policy allow it: reviews of what the reader wrote, and the withdrawal of an
// entry that is owed after a coordination.
func changeCan(who sharing.User, view CaseView) []sharing.Action {
	if view.Procedure != sharing.CatalogChange {
		return view.Can
	}
	wrote := slices.Contains(sharing.ChangeAuthors(view.Provider.ID, view.Acts), who.ID)
	return slices.DeleteFunc(view.Can, func(a sharing.Action) bool {
		return wrote && sharing.Reviews(a) || a == sharing.Withdraw && view.ParentID != ""
	})
}

// ChangeNotice is an announced or temporary change of an entry as a holder of a
// grant on it is told: what changes, from which day, and not how it came about.
type ChangeNotice struct {
	CaseID   string
	Number   string
	State    sharing.State
	Kind     sharing.ChangeKind
	Resource sharing.ResourceRef
	Provider sharing.Department
	Why      string
	Diff     []sharing.Difference
	// TakesEffectOn is the first day on which it holds, and LastDay the last of a
	// temporary change.
	TakesEffectOn sharing.Date
	LastDay       sharing.Date
	Regulation    RegulationRef
	Article       string
	// Acknowledged is when the reader's department acknowledged it, and by whom.
	Acknowledged   *time.Time
	AcknowledgedBy string
	MayAcknowledge bool
}

// ChangeNotices returns the changes ahead of the entries on which the reader's
// department holds grants, the first to take effect first.
func (d *Desk) ChangeNotices(ctx context.Context, who sharing.User) ([]ChangeNotice, error) {
	return d.changeNotices(ctx, who, "")
}

func (d *Desk) changeNotices(ctx context.Context, who sharing.User, caseID string) ([]ChangeNotice, error) {
	changes, err := d.Store.ChangesAhead(ctx, d.scope(who, sharing.KindGrant), who.Department.ID, caseID)
	if err != nil {
		return nil, err
	}
	if err := d.recordCases(ctx, who, changes...); err != nil {
		return nil, err
	}
	notices := make([]ChangeNotice, 0, len(changes))
	for _, c := range changes {
		law, ok := d.Law().ByID(c.RegulationID)
		if !ok {
			return nil, sharing.Errorf(sharing.CodeNoRegulation, "regulation %s is not loaded", c.RegulationID)
		}
		var matter sharing.ChangeMatter
		if err := json.Unmarshal(c.Content, &matter); err != nil {
			return nil, err
		}
		if matter.Diff, err = d.visibleDifferences(ctx, who, c, matter); err != nil {
			return nil, err
		}
		notice := ChangeNotice{
			CaseID: c.ID, Number: c.Number, State: c.State, Kind: matter.Kind, Resource: c.Resource, Provider: c.Provider, Why: matter.Why,
			Diff: matter.Diff, TakesEffectOn: matter.TakesEffectOn, LastDay: matter.LastDay, Regulation: regulationRef(law),
			Article: law.Article("catalog.notice"), MayAcknowledge: d.mayWithAny(who, sharing.KindGrant, sharing.Acknowledge),
		}
		if matter.Kind == sharing.TemporaryClass && law.Catalog.TemporaryChange != nil {
			notice.Article = law.Catalog.TemporaryChange.Article
		}
		read, err := d.Store.Acknowledgements(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for _, a := range read {
			if a.Department.ID == who.Department.ID {
				notice.Acknowledged, notice.AcknowledgedBy, notice.MayAcknowledge = &a.At, a.UserName, false
			}
		}
		notices = append(notices, notice)
	}
	return notices, nil
}

// AcknowledgeChange records that the user's department has read the warning of a
// change, once; the change itself stays as it is. CodeNotFound when nothing that
// the department holds a grant on is about to change so.
func (d *Desk) AcknowledgeChange(ctx context.Context, who sharing.User, key, caseID string) error {
	notices, err := d.changeNotices(ctx, who, caseID)
	if err != nil {
		return err
	}
	if len(notices) == 0 {
		return notFound
	}
	if !d.mayWithAny(who, sharing.KindGrant, sharing.Acknowledge) {
		return forbidden
	}
	caseID = notices[0].CaseID
	command, err := d.stage(ctx, who, key, sharing.Acknowledge, caseID, 0, struct{}{})
	if err != nil {
		return err
	}
	var done struct{}
	return d.carry(ctx, command, &done, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			first, err := tx.Acknowledge(ctx, caseID, who.Department.ID, who.ID, now)
			if err != nil {
				return err
			}
			if err := tx.FinishCommand(ctx, command.ID, []byte(`{}`)); err != nil {
				return err
			}
			if !first {
				return nil
			}
			c, err := d.Store.CaseByID(ctx, caseID)
			if err != nil {
				return err
			}
			return tx.Append(ctx, sharing.Entry{
				At: now, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: who.Region.ID, Action: sharing.Acknowledge,
				SubjectID: caseID, From: c.State, To: c.State, Version: c.Version, Article: notices[0].Article, Policy: command.Policy, Key: command.Actor.Key,
			})
		})
	})
}

// ChangeHolder is a department that is told of a change, and whether it has read it.
type ChangeHolder struct {
	Department     sharing.Department
	Acknowledged   *time.Time // nil: not yet
	AcknowledgedBy string
}

// ChangeHolders returns who is told of a change that the reader may see: who holds
// grants on the entry now, and who has acknowledged it; those who have not yet
// first.
func (d *Desk) ChangeHolders(ctx context.Context, who sharing.User, caseID string) ([]ChangeHolder, error) {
	c, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), caseID)
	if err != nil {
		return nil, err
	}
	if c.Procedure != sharing.CatalogChange {
		return nil, notFound
	}
	read, err := d.Store.Acknowledgements(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	var all []ChangeHolder
	if c.State == sharing.Warning || c.State == sharing.Temporary {
		holders, err := d.Store.Holders(ctx, c.Resource.ID)
		if err != nil {
			return nil, err
		}
		for _, h := range holders {
			if !slices.ContainsFunc(read, func(a postgres.Acknowledgement) bool { return a.Department.ID == h.Department.ID }) {
				all = append(all, ChangeHolder{Department: h.Department})
			}
		}
	}
	for _, a := range read {
		all = append(all, ChangeHolder{Department: a.Department, Acknowledged: &a.At, AcknowledgedBy: a.UserName})
	}
	return all, nil
}

// VersionView is a catalog entry in one version.
type VersionView struct {
	sharing.Resource
	// ReplacedAt is when the next version replaced it; nil for the one that holds.
	ReplacedAt *time.Time
	// Diff is what this version changed of the one before it that the reader may see.
	Diff []sharing.Difference
}

// Versions returns the versions of a catalog entry that the reader may see, the
// newest first. Who holds a grant on it sees the version of the grant and all that
// followed: they are told what changes. CodeNotFound when there are none.
func (d *Desk) Versions(ctx context.Context, who sharing.User, id string) ([]VersionView, error) {
	all, err := d.Store.ResourceVersions(ctx, id)
	if err != nil {
		return nil, err
	}
	granted, err := d.Store.GrantedVersion(ctx, d.scope(who, sharing.KindGrant), who.Department.ID, all[0].ID())
	if err != nil {
		return nil, err
	}
	// What became of an entry that one no longer sees, one does not see in its past.
	scopes := d.entryScopes(who)
	now := all[0].Thing()
	sees := scopes.Allows(now)
	var seen []VersionView
	for _, v := range all {
		if sees && scopes.Allows(v.Thing()) || granted > 0 && v.Version() >= granted && now.RegionID == who.Region.ID {
			entries, err := d.look(ctx, who, v.Sealed)
			if err != nil {
				return nil, err
			}
			seen = append(seen, VersionView{Resource: entries[0], ReplacedAt: v.ReplacedAt})
		}
	}
	if len(seen) == 0 {
		return nil, notFound
	}
	if err := d.recordEntries(ctx, who, seen[0].Resource); err != nil {
		return nil, err
	}
	for i := range seen[:len(seen)-1] {
		seen[i].Diff = sharing.Differences(seen[i+1].Resource, seen[i].Resource)
	}
	return seen, nil
}
