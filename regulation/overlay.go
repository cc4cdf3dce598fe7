package regulation

import (
	"maps"
	"slices"
	"strings"

	"gongshu/sharing"
)

// overlay is what an operator records about a regulation of another file: that
// it was prolonged or is followed by another, and targets and ladders of the
// operator's own. It cannot change law.
type overlay struct {
	Overlay       string                    `json:"overlay"`
	ExtendedUntil *sharing.Date             `json:"extended_until"`
	ExtendedBy    string                    `json:"extended_by"`
	Successor     string                    `json:"successor"`
	Targets       map[string]sharing.Budget `json:"targets"`
	Ladders       Ladders                   `json:"ladders"`

	file *file
}

// apply lays o over the regulations it names.
func (o overlay) apply(l *Library) Problems {
	o.file.checkLadder("ladders.limit", o.Ladders.Limit)
	o.file.checkLadder("ladders.target", o.Ladders.Target)
	found := false
	for _, r := range l.all {
		if r.ID != o.Overlay && r.Ref() != o.Overlay {
			continue
		}
		found = true
		o.file.ladderRoles(r, "ladders.limit", o.Ladders.Limit)
		o.file.ladderRoles(r, "ladders.target", o.Ladders.Target)
		o.prolong(r)
		if o.Successor != "" {
			r.Successor = o.Successor
		}
		for _, name := range slices.Sorted(maps.Keys(o.Targets)) {
			target := o.Targets[name]
			i := slices.IndexFunc(r.Duties, func(d Duty) bool { return d.Name == name })
			if i < 0 {
				o.file.problem("targets."+name, "%s has no such duty", r.Ref())
				continue
			}
			r.Duties[i].Target = &target
		}
		if len(o.Ladders.Limit) > 0 {
			r.Ladders.Limit = o.Ladders.Limit
		}
		if len(o.Ladders.Target) > 0 {
			r.Ladders.Target = o.Ladders.Target
		}
	}
	if !found {
		o.file.problem("overlay", "no regulation %q is loaded", o.Overlay)
	}
	return o.file.problems
}

func (o overlay) prolong(r *Regulation) {
	if o.ExtendedUntil == nil {
		return
	}
	switch {
	case r.Until == nil:
		o.file.problem("extended_until", "%s has no last day that could be prolonged", r.Ref())
	case *o.ExtendedUntil <= *r.Until:
		o.file.problem("extended_until", "%s is not after the last day of %s, %s", o.ExtendedUntil, r.Ref(), r.Until)
	default:
		r.Prolonged = &Prolongation{Until: *o.ExtendedUntil, Number: strings.TrimSpace(o.ExtendedBy)}
	}
}
