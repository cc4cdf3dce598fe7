package desk

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"gongshu/sharing"
)

// ImportedEntry is what became of one entry of an existing catalog: a draft to be
// completed and handed in, or a refusal with its reason.
type ImportedEntry struct {
	Index  int // position in the list, from 0
	Code   string
	Title  string
	Draft  *Outcome       // nil when it was refused
	Refuse *sharing.Error // nil when it was taken
}

// ImportEntries makes a draft of a new catalog entry of each entry of an existing
// catalog, as package dcat reads it, for the user's own department; other
// departments' entries, those the catalog has already and unsound ones are refused,
// each with its reason. What their class rests on is taken over as text, to be
// completed. The same key again makes nothing twice. The error is one that keeps
// everything from being imported.
func (d *Desk) ImportEntries(ctx context.Context, who sharing.User, key string, entries []sharing.Resource, why string) ([]ImportedEntry, error) {
	if !d.MayOpen(who, sharing.CatalogChange) {
		return nil, forbidden
	}
	report := make([]ImportedEntry, len(entries))
	for i, r := range entries {
		report[i] = ImportedEntry{Index: i, Code: r.Code, Title: r.Title}
		draft, err := d.importEntry(ctx, who, key, i, r, why)
		var refused *sharing.Error
		switch {
		case err == nil:
			report[i].Draft = &draft
		case errors.As(err, &refused) && refused.Code != sharing.CodeUnavailable:
			report[i].Refuse = refused
		default:
			return report[:i], err
		}
	}
	return report, nil
}

func (d *Desk) importEntry(ctx context.Context, who sharing.User, key string, i int, r sharing.Resource, why string) (Outcome, error) {
	if name := r.Provider.Name; r.Provider.ID != who.Department.ID && name != who.Department.Name && (name == "" || name != who.Department.NameEN) {
		return Outcome{}, sharing.Invalid("/provider", "own_department", r.Provider.Name)
	}
	p := sharing.ChangeProposal{Kind: sharing.NewEntry, Draft: true, Trigger: sharing.OtherTrigger, Why: why, Entry: sharing.EntryDraft{
		Code: r.Code, Title: r.Title, Description: r.Description, Class: r.Class, OpenClass: r.OpenClass, Grade: r.Grade, Condition: r.Condition,
		Cycle: r.Cycle, Format: r.Format, Modes: r.Modes, Base: r.Base, Fields: r.Fields,
	}}
	if r.Basis != "" {
		p.Entry.Basis = []sharing.LegalGround{{Law: r.Basis}}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return Outcome{}, err
	}
	if key != "" {
		key += "-" + strconv.Itoa(i)
	}
	return d.Open(ctx, who, key, sharing.CatalogChange, body)
}
