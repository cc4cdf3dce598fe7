package regulation

import (
	"slices"

	"gongshu/sharing"
)

// Ground returns the ground of that name, and whether there is one.
func (s Supervision) Ground(name string) (Ground, bool) {
	i := slices.IndexFunc(s.Grounds, func(g Ground) bool { return g.Ground == name })
	if i < 0 {
		return Ground{}, false
	}
	return s.Grounds[i], true
}

// GroundOf returns the ground that the breach of a duty is, and whether there is
// one.
func (s Supervision) GroundOf(duty string) (Ground, bool) {
	i := slices.IndexFunc(s.Grounds, func(g Ground) bool { return slices.Contains(g.Duties, duty) })
	if i < 0 {
		return Ground{}, false
	}
	return s.Grounds[i], true
}

// First returns the rung on which a rectification begins, and whether there is
// any.
func (s Supervision) First() (RectificationStep, bool) {
	if len(s.Ladder) == 0 {
		return RectificationStep{}, false
	}
	return s.Ladder[0], true
}

// Rung returns the rung of that name, and whether there is one.
func (s Supervision) Rung(step string) (RectificationStep, bool) {
	i := slices.IndexFunc(s.Ladder, func(r RectificationStep) bool { return r.Step == step })
	if i < 0 {
		return RectificationStep{}, false
	}
	return s.Ladder[i], true
}

// Next returns the rung after the one of that name, and whether there is one.
func (s Supervision) Next(step string) (RectificationStep, bool) {
	i := slices.IndexFunc(s.Ladder, func(r RectificationStep) bool { return r.Step == step })
	if i < 0 || i+1 == len(s.Ladder) {
		return RectificationStep{}, false
	}
	return s.Ladder[i+1], true
}

// mending is the duty to rectify by the day that a notice or order sets. No text
// sets a number, so it has neither limit nor target of its own; it is reminded of
// like any other target, and its end opens no further rectification.
func (r *Regulation) mending() (Duty, bool) {
	first, ok := r.Supervision.First()
	if !ok {
		return Duty{}, false
	}
	ladder := slices.DeleteFunc(slices.Clone(r.Ladders.Limit), func(g Rung) bool { return g.Kind == sharing.Rectification })
	return Duty{
		Name: sharing.DutyRectify, Title: "限期整改", TitleEn: "Rectify by the day that was set", Article: first.Article,
		Source: FromText, Start: FindingMade, Owes: Provider, Ladder: ladder,
	}, true
}
