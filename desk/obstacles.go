package desk

import (
	"slices"

	"gongshu/policies"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Obstacle says why a reader cannot take a step on a case now.
type Obstacle struct {
	Action sharing.Action
	Why    Hindrance
	// Doers are who can take it now, where it is for others.
	Doers []Doer
	// From are the states in which it can be taken, where it is too early.
	From []sharing.State
}

// Hindrance is a kind of reason why a step cannot be taken.
type Hindrance string

const (
	ForOthers  Hindrance = "others"   // the state allows it, but it is not the reader's to take
	TooEarly   Hindrance = "early"    // the reader's to take, but not in this state
	TakenOnce  Hindrance = "once"     // it can be taken once, and was
	LimitOver  Hindrance = "late"     // it would change a limit that has passed
	NotInLaw   Hindrance = "law"      // the regulation of the case does not provide for it
	OwnAct     Hindrance = "own"      // nobody reviews what they wrote
	OwedAct    Hindrance = "owed"     // it is owed, and cannot be taken back
	NoneLonger Hindrance = "extended" // the limit has been extended as often as the regulation allows
)

// Doer is who can take a step: those of the roles in the relation to the case.
type Doer struct {
	Relation sharing.Relation
	Roles    []sharing.Role
}

// Obstacles lists, in the order of the story, the steps of a case that somebody
// else can take now, and those that would be the reader's but are not possible,
// each with its reason. There are none on a case that is closed. The error is the
// policy's.
func (d *Desk) Obstacles(who sharing.User, view CaseView) ([]Obstacle, error) {
	machine, offered := view.Procedure.Machine(), steps
	if view.Procedure != sharing.ShareApplication {
		offered = machine.Actions()
	}
	var list []Obstacle
	for _, action := range offered {
		if slices.Contains(view.Can, action) || !byPeople(machine, action) {
			continue
		}
		mine, now := d.may(who, action, view.Thing()), machine.CanFollow(view.State, action)
		switch {
		case mine && now:
			o := Obstacle{Action: action, Why: d.hindrance(who, view, action)}
			if o.Why == ForOthers {
				o.Doers = d.extenders(view.Case)
			}
			list = append(list, o)
		case now:
			doers, err := d.doers(d.policy(who), action, view.Case)
			if err != nil {
				return nil, err
			}
			if len(doers) > 0 {
				list = append(list, Obstacle{Action: action, Why: ForOthers, Doers: doers})
			}
		case mine && machine.Ahead(view.State, action):
			o := Obstacle{Action: action, Why: TooEarly}
			for _, t := range machine.Steps {
				if t.Action == action && !slices.Contains(o.From, t.From) {
					o.From = append(o.From, t.From)
				}
			}
			list = append(list, o)
		}
	}
	return list, nil
}

// byPeople reports whether people take the action, and not time or another case.
func byPeople(m sharing.Machine, action sharing.Action) bool {
	return slices.ContainsFunc(m.Steps, func(t sharing.Transition) bool {
		return t.Action == action && t.By != sharing.ByTime && t.By != sharing.BySystem
	})
}

// hindrance says why an action that state and policy allow is not offered: the
// reasons of [Desk.can] and changeCan.
func (d *Desk) hindrance(who sharing.User, view CaseView, action sharing.Action) Hindrance {
	switch {
	case action == sharing.RequestCompletion && view.Completion != nil:
		return TakenOnce
	case action == sharing.RequestCompletion:
		return LimitOver
	case action == sharing.Extend:
		rule := d.extension(view.Case)
		switch {
		case rule == nil:
			return NotInLaw
		case !extends(who, view.Case, rule):
			return ForOthers
		case slices.ContainsFunc(view.Clocks, func(k Clock) bool { return k.Duty == sharing.DutyAnswer && len(k.Clock.Extensions) >= rule.Times }):
			return NoneLonger
		}
		return LimitOver
	case view.Procedure == sharing.CatalogChange && sharing.Reviews(action):
		return OwnAct
	case view.Procedure == sharing.CatalogChange && action == sharing.Withdraw:
		return OwedAct
	}
	return NotInLaw
}

// extenders is who extends the limit for the answer under the regulation of a case
// that lets it be extended.
func (d *Desk) extenders(c sharing.Case) []Doer {
	if d.extension(c).Approver == regulation.Authority {
		return []Doer{{Relation: sharing.AsAuthority, Roles: []sharing.Role{sharing.AuthorityOfficer, sharing.AuthorityHead}}}
	}
	return []Doer{{Relation: sharing.AsProvider}}
}

// doers lists who can take the action, by relation.
func (d *Desk) doers(policy *policies.Policy, action sharing.Action, c sharing.Case) ([]Doer, error) {
	ways, err := policy.Ways(action, c.Thing())
	if err != nil {
		return nil, err
	}
	var doers []Doer
	for _, way := range ways {
		i := slices.IndexFunc(doers, func(o Doer) bool { return o.Relation == way.Relation })
		if i < 0 {
			i, doers = len(doers), append(doers, Doer{Relation: way.Relation})
		}
		for _, role := range way.Roles {
			if !slices.Contains(doers[i].Roles, role) {
				doers[i].Roles = append(doers[i].Roles, role)
			}
		}
	}
	return doers, nil
}
