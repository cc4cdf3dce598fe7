package desk

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gongshu/regulation"
	"gongshu/sharing"
)

// RegulationView is a regulation of the user's region and where it stands.
type RegulationView struct {
	*regulation.Regulation
	InForce bool   // cases received today are opened under it
	Ahead   bool   // its first day is yet to come
	Next    string // successor, recorded or loaded; "" when none is
}

// Regulations returns those of the user's region, the latest first.
func (d *Desk) Regulations(ctx context.Context, who sharing.User) ([]RegulationView, error) {
	if !d.MaySeeSettings(who) {
		return nil, forbidden
	}
	now, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	today := sharing.DateOf(now)
	current, _ := d.Law().InForce(who.Region.ID, today) // none may be
	var views []RegulationView
	for _, r := range d.Law().All() {
		if r.Region != who.Region.ID {
			continue
		}
		view := RegulationView{Regulation: r, InForce: r == current, Ahead: r.From > today, Next: r.Successor}
		for _, o := range d.Law().All() {
			if o.Region == r.Region && slices.Contains(o.Replaces, r.ID) {
				view.Next = o.ID
			}
		}
		views = append(views, view)
	}
	slices.Reverse(views)
	return views, nil
}

// Regulation returns one of them by its id and version, as in "shuozhou-2021@1".
func (d *Desk) Regulation(ctx context.Context, who sharing.User, ref string) (RegulationView, error) {
	all, err := d.Regulations(ctx, who)
	if err != nil {
		return RegulationView{}, err
	}
	i := slices.IndexFunc(all, func(v RegulationView) bool { return v.Ref() == ref })
	if i < 0 {
		return RegulationView{}, notFound
	}
	return all[i], nil
}

// TryRegulation tells what a further regulation file of the user's region, or an
// overlay of one, would change. It keeps nothing: files take effect from the folder
// that every process of the system reads when it starts. The error of an unsound file
// is [regulation.Problems].
func (d *Desk) TryRegulation(who sharing.User, name, text string) (regulation.Trial, error) {
	if !d.MaySeeSettings(who) {
		return regulation.Trial{}, forbidden
	}
	if strings.TrimSpace(text) == "" {
		return regulation.Trial{}, sharing.Invalid("/regulation", "required", "the file")
	}
	trial, err := d.Law().Try(name, []byte(text))
	if problems, ok := errors.AsType[regulation.Problems](err); ok {
		return trial, problems
	}
	if err != nil {
		return trial, err
	}
	about := trial.Regulation
	if about == nil {
		about, _ = trial.Library.ByID(trial.Overlay)
	}
	if about == nil || about.Region != who.Region.ID {
		key := "region"
		if trial.Regulation == nil {
			key = "overlay"
		}
		return regulation.Trial{}, regulation.Problems{{File: name, Key: key, Rule: "must be of the region " + who.Region.ID}}
	}
	return trial, nil
}
