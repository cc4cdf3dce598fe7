package policies

import (
	"slices"

	"gongshu/sharing"
)

// bound is something that no rules file may allow.
type bound struct {
	reason string
	breaks func(question) bool
}

// bounds hold for every rules file, however it was reviewed: a file that allows
// any of this is not loaded.
var bounds = []bound{
	{"another department must not see or apply for what is not shared", func(q question) bool {
		return q.relation == sharing.AsPeer && q.class == sharing.NotShared
	}},
	{"another department must not see or apply for the highest grade", func(q question) bool {
		return q.relation == sharing.AsPeer && q.grade == sharing.HighestGrade
	}},
	{"another department must not see applications, cases or grants", func(q question) bool {
		return q.relation == sharing.AsPeer && q.kind != sharing.KindResource
	}},
	{"a requester of the providing department has no part in its applications, cases and grants", func(q question) bool {
		return q.relation == sharing.AsProvider && q.role == sharing.Requester && q.kind != sharing.KindResource
	}},
	{"a department does not apply for its own data", func(q question) bool {
		return q.action == sharing.Apply && q.relation != sharing.AsPeer
	}},
	{"what is not shared cannot be applied for", func(q question) bool {
		return q.class == sharing.NotShared && q.kind == sharing.KindResource &&
			(q.action == sharing.Apply || q.action == sharing.RegisterPaper)
	}},
	{"only the provider answers", func(q question) bool {
		return slices.Contains([]sharing.Action{sharing.RequestCompletion, sharing.Answer, sharing.Provide}, q.action) &&
			q.relation != sharing.AsProvider
	}},
	{"only the authority makes the first check and reassigns cases", func(q question) bool {
		return slices.Contains([]sharing.Action{sharing.Pass, sharing.SendBack, sharing.Reassign}, q.action) && q.relation != sharing.AsAuthority
	}},
	{"only the provider and the authority extend a limit", func(q question) bool {
		return q.action == sharing.Extend && q.relation != sharing.AsProvider && q.relation != sharing.AsAuthority
	}},
	{"only the applicant submits, completes, withdraws and confirms", func(q question) bool {
		return slices.Contains([]sharing.Action{sharing.Submit, sharing.Complete, sharing.Withdraw, sharing.Confirm, sharing.ReportFailure}, q.action) &&
			q.relation != sharing.AsApplicant
	}},
	{"the overdue board is for the authority and those above it", func(q question) bool {
		return (q.action == sharing.Watch || q.action == sharing.Urge) &&
			q.relation != sharing.AsAuthority && q.relation != sharing.AsOverseer
	}},
	{"the trail is for auditors, and auditors have nothing but the trail", func(q question) bool {
		return (q.role == sharing.Auditor) != (q.kind == sharing.KindTrail)
	}},
	{"an operator has no applications, cases and grants, and nothing that is not shared or of the highest grade", func(q question) bool {
		return q.role == sharing.Operator && (q.kind != sharing.KindResource || q.action != sharing.Read ||
			q.class == sharing.NotShared || q.grade == sharing.HighestGrade)
	}},
	{"citizens and gateways read the catalog at most", func(q question) bool {
		return (q.role == sharing.Citizen || q.role == sharing.Gateway) && (q.kind != sharing.KindResource ||
			q.action != sharing.Read || q.class == sharing.NotShared || q.grade == sharing.HighestGrade)
	}},
}

// beyond lists which bounds the squares break, each once.
func beyond(g grid) []string {
	var reasons []string
	for _, b := range bounds {
		if slices.ContainsFunc(g.questions(), b.breaks) {
			reasons = append(reasons, b.reason)
		}
	}
	return reasons
}
