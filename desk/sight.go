package desk

import (
	"context"
	"slices"
	"strings"

	"gongshu/postgres"
	"gongshu/sharing"
)

// entryScopes asks the policy in force now for all that a user may see of the
// catalog, in whatever state.
func (d *Desk) entryScopes(who sharing.User) sharing.Scopes {
	return sharing.Scopes{d.scope(who, sharing.KindResource), d.scope(who, sharing.KindFormer)}
}

// openScopes asks the policy in force now what the public may see of the open
// catalog: of one region, or of all when none is named.
func (d *Desk) openScopes(ctx context.Context, region string) (sharing.Scopes, error) {
	regions, err := d.Store.Regions(ctx)
	if err != nil {
		return nil, err
	}
	policy := d.Policy.Policy()
	var scopes sharing.Scopes
	for _, r := range regions {
		if region == "" || r.ID == region {
			scopes = append(scopes, policy.Scope(sharing.TheCitizen(r).Subject(), sharing.KindOpenEntry, sharing.Read))
		}
	}
	return scopes, nil
}

// look opens entries for a reader who may see them: without the data items that the
// policy does not show to the reader, unless the reader's department holds them
// under a grant. It is the one way in which entries come out of the store for
// anybody. What leaves the desk goes through [Desk.show] besides.
func (d *Desk) look(ctx context.Context, who sharing.User, sealed ...sharing.Sealed) ([]sharing.Resource, error) {
	scope := d.scope(who, sharing.KindField)
	visible := func(r sharing.Resource, f sharing.Field) bool { return scope.Allows(r.FieldThing(f, "")) }
	entries := make([]sharing.Resource, len(sealed))
	var partly []string
	for i, s := range sealed {
		var some bool
		if entries[i], some = s.Open(visible); some {
			partly = append(partly, s.ID())
		}
	}
	held := slices.ContainsFunc(scope.Cells, func(c sharing.Cell) bool { return c.Relation == sharing.AsApplicant })
	if len(partly) == 0 || !held {
		return entries, nil
	}
	holds, err := d.Store.HeldFields(ctx, who.Department.ID, partly)
	if err != nil {
		return nil, err
	}
	for i, s := range sealed {
		own := holds[s.ID()]
		if len(own) == 0 {
			continue
		}
		entries[i], _ = s.Open(func(r sharing.Resource, f sharing.Field) bool {
			return visible(r, f) || slices.Contains(own, f.Name) && scope.Allows(r.FieldThing(f, who.Department.ID))
		})
	}
	return entries, nil
}

// show is [Desk.look] for entries whose content leaves the desk: what is read of
// grades 3 and 4 is recorded before.
func (d *Desk) show(ctx context.Context, who sharing.User, sealed ...sharing.Sealed) ([]sharing.Resource, error) {
	entries, err := d.look(ctx, who, sealed...)
	if err != nil {
		return nil, err
	}
	return handOut(entries, d.recordEntries(ctx, who, entries...))
}

// resource returns one catalog entry as the reader sees it, for checks by the desk
// itself; CodeNotFound when it does not exist or may not be seen.
func (d *Desk) resource(ctx context.Context, who sharing.User, id string) (sharing.Resource, error) {
	sealed, err := d.Store.Resource(ctx, d.entryScopes(who), id)
	if err != nil {
		return sharing.Resource{}, err
	}
	entries, err := d.look(ctx, who, sealed)
	if err != nil {
		return sharing.Resource{}, err
	}
	return entries[0], nil
}

// resources returns those of the entries that the reader sees, for checks by the desk
// itself.
func (d *Desk) resources(ctx context.Context, who sharing.User, ids []string) ([]sharing.Resource, error) {
	sealed, err := d.Store.ResourcesByID(ctx, d.entryScopes(who), ids)
	if err != nil {
		return nil, err
	}
	return d.look(ctx, who, sealed...)
}

// Titles names those of the catalog entries that the reader sees, by id.
func (d *Desk) Titles(ctx context.Context, who sharing.User, ids []string) (map[string]string, error) {
	titles := map[string]string{}
	if len(ids) == 0 {
		return titles, nil
	}
	entries, err := d.resources(ctx, who, ids)
	for _, r := range entries {
		titles[r.ID] = r.Title
	}
	return titles, err
}

// entriesByCode is [Desk.resources] by code.
func (d *Desk) entriesByCode(ctx context.Context, who sharing.User, regionID string, codes []string) ([]sharing.Resource, error) {
	sealed, err := d.Store.EntriesByCode(ctx, d.entryScopes(who), regionID, codes)
	if err != nil {
		return nil, err
	}
	return d.look(ctx, who, sealed...)
}

// openLook opens entries of the open catalog for the public.
func (d *Desk) openLook(sealed ...sharing.Sealed) []sharing.Resource {
	policy := d.Policy.Policy()
	entries := make([]sharing.Resource, len(sealed))
	for i, s := range sealed {
		entries[i], _ = s.Open(func(r sharing.Resource, f sharing.Field) bool {
			return policy.May(sharing.TheCitizen(sharing.Region{ID: r.RegionID}).Subject(), sharing.Read, r.OpenFieldThing(f))
		})
	}
	return entries
}

// openResource returns an entry of the open catalog as the public sees it;
// CodeNotFound for any other.
func (d *Desk) openResource(ctx context.Context, id string) (sharing.Resource, error) {
	scopes, err := d.openScopes(ctx, "")
	if err != nil {
		return sharing.Resource{}, err
	}
	sealed, err := d.Store.Resource(ctx, scopes, id)
	if err != nil {
		return sharing.Resource{}, err
	}
	return d.openLook(sealed)[0], nil
}

// visibleDifferences leaves out what a proposed change does to data items that the
// reader, whose department holds grants on the entry, does not see before or will
// not see after.
func (d *Desk) visibleDifferences(ctx context.Context, who sharing.User, c sharing.Case, matter sharing.ChangeMatter) ([]sharing.Difference, error) {
	if !slices.ContainsFunc(matter.Diff, func(x sharing.Difference) bool { return strings.HasPrefix(x.Field, fieldPrefix) }) {
		return matter.Diff, nil
	}
	before, err := d.Store.HeldResource(ctx, c.Resource.ID, who.Department.ID)
	if sharing.CodeOf(err) == sharing.CodeNotFound { // held, and not to be used now
		before, err = d.Store.Resource(ctx, d.entryScopes(who), c.Resource.ID)
	}
	if err != nil && sharing.CodeOf(err) != sharing.CodeNotFound {
		return nil, err
	}
	was := sharing.Resource{ID: c.Resource.ID, RegionID: c.RegionID, Provider: c.Provider, Class: c.Class}
	if err == nil {
		seen, err := d.look(ctx, who, before)
		if err != nil {
			return nil, err
		}
		was = seen[0]
	}
	seen, err := d.look(ctx, who, sharing.Seal(matter.Apply(was)))
	if err != nil {
		return nil, err
	}
	is := seen[0]
	return slices.DeleteFunc(slices.Clone(matter.Diff), func(x sharing.Difference) bool {
		name, item := strings.CutPrefix(x.Field, fieldPrefix)
		return item && (x.Before != "" && !was.HasField(name) || x.After != "" && !is.HasField(name))
	}), nil
}

// fieldPrefix begins the name of a difference in a data item.
const fieldPrefix = "fields/"

// visibleDoubts leaves out doubts about nothing but data items that the reader of
// the entry does not see, and of the others those items.
func visibleDoubts(doubts []postgres.Doubt, seen sharing.Resource) []postgres.Doubt {
	var visible []postgres.Doubt
	for _, doubt := range doubts {
		whole := len(doubt.Fields) == 0
		doubt.Fields = slices.DeleteFunc(slices.Clone(doubt.Fields), func(f string) bool { return f != "" && !seen.HasField(f) })
		if whole || len(doubt.Fields) > 0 {
			visible = append(visible, doubt)
		}
	}
	return visible
}
