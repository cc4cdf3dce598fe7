// Package monitor says once more, for tests, who is meant to see and do what. It is
// what the policy and every way into the system are held to.
package monitor

import (
	"maps"
	"slices"

	"gongshu/sharing"
)

// May says in plain Go, from subject and thing, what the rules are meant to
// come to. It knows neither rules.csv nor Casbin nor the relations of package
// sharing, so that a mistake there shows as a difference.
func May(s sharing.Subject, a sharing.Action, t sharing.Thing) bool {
	is := func(roles ...sharing.Role) bool { return s.Has(roles...) }
	labelled := t.Class == sharing.Unconditional || t.Class == sharing.Conditional || t.Class == sharing.NotShared
	if !labelled || t.Grade < 1 || t.Grade > 4 || s.RegionID == "" || s.RegionID != t.RegionID {
		return false
	}
	for _, r := range s.Roles {
		switch r {
		case sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead, sharing.AuthorityOfficer,
			sharing.AuthorityHead, sharing.Supervisor, sharing.Finance, sharing.Auditor, sharing.Operator, sharing.SecurityOfficer, sharing.Citizen, sharing.Gateway:
		default:
			return false
		}
	}
	provides := s.DepartmentID == t.ProviderID
	applies := s.DepartmentID == t.ApplicantID
	elsewhere := !provides && !applies
	center := is(sharing.AuthorityOfficer, sharing.AuthorityHead)
	staff := is(sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead)
	handles := is(sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead)
	asks := is(sharing.Requester, sharing.DepartmentHead)
	above := center || is(sharing.Supervisor)
	moderate := t.Class != sharing.NotShared && t.Grade < 4

	if is(sharing.Auditor) && t.Kind != sharing.KindTrail && t.Kind != sharing.KindReadLog {
		return false
	}
	if t.Kind == "account" || t.Kind == "key" || t.Kind == "setting" || t.Kind == "policy" {
		return administers(is(sharing.Operator), is(sharing.SecurityOfficer), is(sharing.Auditor), a, t.Kind)
	}
	if is(sharing.SecurityOfficer) {
		return false
	}
	if is(sharing.Operator) && t.Kind != sharing.KindField && t.Kind != sharing.KindOpenEntry && t.Kind != sharing.KindOpenField &&
		(t.Kind != sharing.KindResource || a != sharing.Read || !moderate) {
		return false
	}
	switch t.Kind {
	case sharing.KindResource:
		switch a {
		case sharing.Read:
			return above || provides && staff ||
				moderate && (provides || elsewhere) && (staff || is(sharing.Finance, sharing.Operator))
		case sharing.Apply:
			return moderate && elsewhere && asks
		case sharing.RegisterPaper:
			return moderate && (is(sharing.AuthorityOfficer) || provides && is(sharing.DataSpecialist))
		}
	case sharing.KindApplication:
		switch a {
		case sharing.Read:
			return above || applies && staff || provides && is(sharing.DataSpecialist)
		case sharing.RegisterPaper:
			return is(sharing.AuthorityOfficer) || provides && is(sharing.DataSpecialist)
		case sharing.Submit, sharing.Withdraw:
			return applies && asks
		}
	case sharing.KindGrant:
		switch a {
		case sharing.Read:
			return above || applies && staff || provides && handles
		case sharing.Acknowledge:
			return applies && staff
		case sharing.Serve:
			return is(sharing.Gateway)
		}
	case sharing.KindScenario:
		if t.Class != sharing.Unconditional || t.Grade != 1 {
			return false
		}
		switch a {
		case sharing.Read:
			return above || elsewhere && staff
		case sharing.Keep:
			return center
		}
	case sharing.KindRegister:
		switch a {
		case sharing.Read:
			return above || provides && handles
		case sharing.FileEntry, sharing.AmendEntry:
			return provides && (handles || center)
		}
	case sharing.KindTrail, sharing.KindReadLog:
		return a == sharing.Read && is(sharing.Auditor)
	case sharing.KindField:
		if a != sharing.Read || is(sharing.Operator) && t.Grade > 2 {
			return false
		}
		return above || (provides || applies) && staff || elsewhere && staff && moderate ||
			(provides || elsewhere) && is(sharing.Finance, sharing.Operator) && moderate && t.Grade < 3
	case sharing.KindFormer:
		return a == sharing.Read && (above || provides && staff)
	case sharing.KindOpenEntry:
		return a == sharing.Read && is(sharing.Citizen) && moderate
	case sharing.KindOpenField:
		return a == sharing.Read && is(sharing.Citizen) && moderate && t.Grade < 3
	default:
		return slices.ContainsFunc(meant[t.Kind].who(a), func(w who) bool {
			if w.as == asking && !applies || w.as == answering && !provides {
				return false
			}
			return is(w.roles...)
		})
	}
	return false
}

// administers says what administrators are meant to do: with two of the three
// roles, the work of none.
func administers(system, security, audit bool, a sharing.Action, kind sharing.Kind) bool {
	switch string(kind) + " " + string(a) {
	case "account read", "key read", "policy read":
		return (system || security) && !audit
	case "account manage", "key manage", "setting manage", "setting read":
		return system && !security && !audit
	case "account appoint", "policy manage":
		return security && !system && !audit
	}
	return false
}

// side is on which side of a case somebody must stand.
type side int

const (
	either    side = iota // it does not matter
	asking                // in the department that asks, reports or began it
	answering             // in the department that owns the data, or owes
)

// who is a group of people to a case.
type who struct {
	as    side
	roles []sharing.Role
}

func people(as side, roles ...sharing.Role) []who { return []who{{as, roles}} }

func both(groups ...[]who) []who { return slices.Concat(groups...) }

var (
	nobody     []who
	askers     = people(asking, sharing.Requester, sharing.DepartmentHead)
	office     = people(asking, sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead)
	citizen    = people(asking, sharing.Citizen)
	handlers   = people(answering, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead)
	deciders   = people(answering, sharing.Approver, sharing.DepartmentHead)
	authority  = people(either, sharing.AuthorityOfficer, sharing.AuthorityHead)
	supervisor = people(either, sharing.Supervisor)
	finance    = people(either, sharing.Finance)
)

// meaning is who is meant to do what to the cases of one procedure. The center
// and the supervisor see every case, see it on the overdue board and have their
// say on it; the center works on it, urges and supervises.
type meaning struct {
	takesPart []who // sees it, has a say, and can follow it
	looksOn   []who // sees it and no more
	waits     []who // may urge
	works     []who // may take a task of it
	steps     map[sharing.Action][]who
}

var meant = map[sharing.Kind]meaning{
	"case": {
		takesPart: both(office, handlers), looksOn: nobody, waits: askers, works: both(askers, handlers),
		steps: map[sharing.Action][]who{
			"pass":               authority,
			"send_back":          authority,
			"extend":             both(deciders, authority),
			"reassign":           authority,
			"request_completion": handlers,
			"complete":           askers,
			"answer":             deciders,
			"consent":            authority,
			"provide":            handlers,
			"confirm":            askers,
			"report_failure":     askers,
			"withdraw":           askers,
			"suspend":            both(deciders, authority),
			"resume":             both(deciders, authority),
			"revoke":             both(deciders, authority),
		},
	},
	"coordination": {
		takesPart: both(office, handlers), looksOn: nobody, waits: askers, works: both(askers, handlers),
		steps: map[sharing.Action][]who{
			"submit":     askers,
			"withdraw":   askers,
			"opine":      handlers,
			"name_owner": authority,
			"rule":       authority,
		},
	},
	"need": {
		takesPart: office, looksOn: nobody, waits: askers, works: askers,
		steps: map[sharing.Action][]who{
			"submit":   askers,
			"withdraw": askers,
		},
	},
	"upward": {
		takesPart: nobody, looksOn: nobody, waits: nobody, works: nobody,
		steps: map[sharing.Action][]who{
			"submit":      authority,
			"bundle":      authority,
			"send_up":     authority,
			"relay_reply": authority,
			"abandon":     authority,
		},
	},
	"dispute": {
		takesPart: both(office, handlers), looksOn: nobody, waits: office, works: both(askers, handlers),
		steps: map[sharing.Action][]who{
			"submit":   office,
			"withdraw": office,
			"verify":   handlers,
			"reassign": authority,
		},
	},
	"change": {
		takesPart: handlers, looksOn: nobody, waits: nobody, works: both(handlers, supervisor),
		steps: map[sharing.Action][]who{
			"submit":        handlers,
			"revise":        handlers,
			"withdraw":      handlers,
			"review_change": deciders,
			"clear_secrecy": deciders,
			"end_early":     deciders,
			"check_change":  authority,
			"approve_above": supervisor,
		},
	},
	"project": {
		takesPart: office, looksOn: finance, waits: office, works: office,
		steps: map[sharing.Action][]who{
			"submit":         office,
			"ask_acceptance": office,
			"report_gaps":    office,
			"retire":         office,
			"withdraw":       office,
			"initiate":       authority,
			"accept":         authority,
			"inspect":        authority,
		},
	},
	"opening": {
		takesPart: handlers, looksOn: citizen, waits: citizen, works: handlers,
		steps: map[sharing.Action][]who{
			"submit":         citizen,
			"sign_agreement": citizen,
			"withdraw":       citizen,
			"screen":         deciders,
			"answer_opening": deciders,
		},
	},
	"rectification": {
		takesPart: handlers, looksOn: finance, waits: nobody, works: both(handlers, supervisor),
		steps: map[sharing.Action][]who{
			"submit":           both(authority, supervisor),
			"hand_in_evidence": handlers,
			"judge_evidence":   authority,
			"escalate":         both(authority, supervisor),
			"cancel":           both(authority, supervisor),
		},
	},
	"standing": {
		takesPart: handlers, looksOn: nobody, waits: nobody, works: both(handlers, people(answering, sharing.Supervisor)),
		steps: map[sharing.Action][]who{
			"fulfil": both(handlers, people(answering, sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor)),
			"waive":  authority,
		},
	},
}

func (m meaning) who(a sharing.Action) []who {
	if m.steps == nil {
		return nobody // not a kind of case
	}
	switch a {
	case sharing.Read:
		return both(m.takesPart, m.looksOn, authority, supervisor)
	case sharing.Comment, sharing.Follow:
		return both(m.takesPart, authority, supervisor)
	case sharing.Claim:
		return both(m.works, authority)
	case sharing.Urge:
		return both(m.waits, authority)
	case sharing.Watch:
		return both(authority, supervisor)
	case sharing.Supervise:
		return authority
	}
	return m.steps[a]
}

// Kinds lists the kinds of cases of which it is said who is meant to do what.
func Kinds() []sharing.Kind { return slices.Sorted(maps.Keys(meant)) }

// Steps lists the steps of a kind of case for which it is said who takes them.
func Steps(kind sharing.Kind) []sharing.Action { return slices.Sorted(maps.Keys(meant[kind].steps)) }

// Someone reports whether anybody at all is meant to do that to a kind of case.
func Someone(kind sharing.Kind, a sharing.Action) bool { return len(meant[kind].who(a)) > 0 }
