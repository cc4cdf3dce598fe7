package policies

import (
	"slices"

	"gongshu/sharing"
)

// bound is something that no rules file may allow.
type bound struct {
	Bound
	breaks func(question) bool
}

// bounds hold for every rules file, however it was reviewed: a file that allows
// any of this is not loaded.
var bounds = []bound{
	{Bound{"其他部门不得查看或申请不予共享的数据", "another department must not see or apply for what is not shared"}, func(q question) bool {
		return q.relation == sharing.AsPeer && q.class == sharing.NotShared
	}},
	{Bound{"其他部门不得查看或申请最高安全等级的数据", "another department must not see or apply for the highest grade"}, func(q question) bool {
		return q.relation == sharing.AsPeer && q.grade == sharing.HighestGrade
	}},
	{Bound{"其他部门不得查看最高安全等级的数据项；财政部门和系统运维不得查看三级以上的数据项", "another department must not know of data items of the highest grade, nor finance and operators of those above grade 2"}, func(q question) bool {
		return q.kind == sharing.KindField && (q.relation == sharing.AsPeer && q.grade == sharing.HighestGrade ||
			(q.role == sharing.Finance || q.role == sharing.Operator) && q.grade > 2)
	}},
	{Bound{"已下架的目录只供提供部门、主管部门及其上级查看", "what was taken out of the catalog is for its department, the authority and the office above it"}, func(q question) bool {
		return q.kind == sharing.KindFormer && (q.relation == sharing.AsPeer || q.role == sharing.Finance || q.role == sharing.Operator)
	}},
	{Bound{"社会公众只能查看无条件开放和有条件开放的目录，且不得查看最高安全等级和三级以上的数据项", "the public sees what is opened to all or on conditions, nothing of the highest grade and no data items above grade 2"}, func(q question) bool {
		return (q.kind == sharing.KindOpenEntry || q.kind == sharing.KindOpenField) &&
			(q.role != sharing.Citizen || q.class == sharing.NotShared || q.grade == sharing.HighestGrade ||
				q.kind == sharing.KindOpenField && q.grade > sharing.PublicUpTo)
	}},
	{Bound{"其他部门不得查看申请、办件和授权", "another department must not see applications, cases or grants"}, func(q question) bool {
		return q.relation == sharing.AsPeer && q.kind != sharing.KindResource && q.kind != sharing.KindScenario && q.kind != sharing.KindField
	}},
	{Bound{"应用场景登记簿由主管部门维护，各部门只能查看", "departments read the register of scenarios, and the authority keeps it"}, func(q question) bool {
		return q.kind == sharing.KindScenario && q.action != sharing.Read && q.relation != sharing.AsAuthority
	}},
	{Bound{"只有数据交换平台可以核验授权和上报使用情况", "only gateways serve data"}, func(q question) bool {
		return q.action == sharing.Serve && q.role != sharing.Gateway
	}},
	{Bound{"提供部门的申请人不参与本部门作为提供方的申请、办件和授权", "a requester of the providing department has no part in its applications, cases and grants"}, func(q question) bool {
		return q.relation == sharing.AsProvider && q.role == sharing.Requester && q.kind != sharing.KindResource &&
			q.kind != sharing.KindFormer && q.kind != sharing.KindField
	}},
	{Bound{"部门不申请自己的数据", "a department does not apply for its own data"}, func(q question) bool {
		return q.action == sharing.Apply && q.relation != sharing.AsPeer
	}},
	{Bound{"不予共享的数据不能申请", "what is not shared cannot be applied for"}, func(q question) bool {
		return q.class == sharing.NotShared && q.kind == sharing.KindResource &&
			(q.action == sharing.Apply || q.action == sharing.RegisterPaper)
	}},
	{Bound{"办件的每一步只由其程序指明的一方进行", "a step of a case is for those whom its procedure names"}, func(q question) bool {
		return !named(q)
	}},
	{Bound{"只有申请方可以撤回申请", "only the applicant withdraws an application"}, func(q question) bool {
		return q.kind == sharing.KindApplication && q.action == sharing.Withdraw && q.relation != sharing.AsApplicant
	}},
	{Bound{"只有发起该程序的一方可以提交", "only who begins a procedure submits"}, func(q question) bool {
		return q.action == sharing.Submit && !slices.Contains(begins[q.kind], q.relation)
	}},
	{Bound{"只有授权的持有方可以确认知悉", "only who holds a grant acknowledges"}, func(q question) bool {
		return q.kind == sharing.KindGrant && q.action == sharing.Acknowledge && q.relation != sharing.AsApplicant
	}},
	{Bound{"督办看板只供主管部门及其上级查看", "the overdue board is for the authority and those above it"}, func(q question) bool {
		return q.action == sharing.Watch && q.relation != sharing.AsAuthority && q.relation != sharing.AsOverseer
	}},
	{Bound{"只有主管部门和等待的一方可以催办", "urging is for the authority and for who waits"}, func(q question) bool {
		return q.action == sharing.Urge && q.relation != sharing.AsAuthority && q.relation != sharing.AsApplicant
	}},
	{Bound{"只有主管部门可以督办", "only the authority supervises"}, func(q question) bool {
		return q.action == sharing.Supervise && q.relation != sharing.AsAuthority
	}},
	{Bound{"审计链和读取日志只供审计人员查看，审计人员也只能看这两者", "the trail is for auditors, and so is the log of reads; auditors have nothing but the trail and that log"}, func(q question) bool {
		return (q.role == sharing.Auditor) != (q.kind == sharing.KindTrail || q.kind == sharing.KindReadLog)
	}},
	{Bound{"财政部门只能查看项目、整改和目录中可共享的部分，不能办理", "finance reads projects, rectifications and what of the catalog is shared, and does nothing to them"}, func(q question) bool {
		switch q.kind {
		case sharing.ProjectAcceptance.Kind(), sharing.RectificationOrder.Kind():
			return q.role == sharing.Finance && q.action != sharing.Read
		case sharing.KindField:
			return false // bounded above
		case sharing.KindResource:
			return q.role == sharing.Finance && (q.action != sharing.Read || q.class == sharing.NotShared || q.grade == sharing.HighestGrade)
		}
		return q.role == sharing.Finance
	}},
	{Bound{"系统运维不涉及申请、办件和授权，也看不到不予共享或最高安全等级的数据", "an operator has no applications, cases and grants, and nothing that is not shared or of the highest grade"}, func(q question) bool {
		return q.role == sharing.Operator && !administered(q.kind) && q.kind != sharing.KindField && (q.kind != sharing.KindResource || q.action != sharing.Read ||
			q.class == sharing.NotShared || q.grade == sharing.HighestGrade)
	}},
	{Bound{"社会公众和数据交换平台至多查看目录，社会公众另可办理自己的依申请开放，数据交换平台另可核验授权和上报使用情况", "citizens and gateways read the catalog at most, citizens have their own open-data requests, and gateways serve under grants"}, func(q question) bool {
		if q.role == sharing.Gateway && q.kind == sharing.KindGrant {
			return q.action != sharing.Serve || q.relation != sharing.AsOverseer
		}
		if q.role == sharing.Citizen && q.kind == sharing.OpeningRequest.Kind() {
			return q.relation != sharing.AsApplicant
		}
		if q.role == sharing.Citizen && (q.kind == sharing.KindOpenEntry || q.kind == sharing.KindOpenField) {
			return false // bounded above
		}
		return (q.role == sharing.Citizen || q.role == sharing.Gateway) && (q.kind != sharing.KindResource ||
			q.action != sharing.Read || q.class == sharing.NotShared || q.grade == sharing.HighestGrade)
	}},

	{Bound{"账号、密钥、系统设置和权限规则只由系统管理员和安全管理员管理、查看", "administration is for operators and security officers alone"}, func(q question) bool {
		return administered(q.kind) && q.role != sharing.Operator && q.role != sharing.SecurityOfficer
	}},
	{Bound{"系统管理员不授予角色，也不变更权限规则", "an operator neither appoints nor changes the policy"}, func(q question) bool {
		return q.role == sharing.Operator && (q.action == sharing.Appoint || q.kind == sharing.KindPolicy && q.action != sharing.Read)
	}},
	{Bound{"安全管理员只授予角色、管理权限规则、查看账号和密钥，不办理其他任何事项", "a security officer appoints, manages the policy, reads accounts and keys, and has nothing else"}, func(q question) bool {
		if q.role != sharing.SecurityOfficer {
			return false
		}
		switch q.kind {
		case sharing.KindPolicy:
			return false
		case sharing.KindAccount, sharing.KindKey:
			return q.action != sharing.Read && q.action != sharing.Appoint
		}
		return true
	}},
}

// administered reports whether a kind is one of what administrators see to.
func administered(kind sharing.Kind) bool { return slices.Contains(sharing.AdministeredKinds, kind) }

// begins says who brings a matter of each kind into the system. What is not here
// begins by a step of something else, or by schedule.
var begins = map[sharing.Kind][]sharing.Relation{
	sharing.KindApplication:           {sharing.AsApplicant},
	sharing.Coordination.Kind():       {sharing.AsApplicant},
	sharing.UpwardNeed.Kind():         {sharing.AsApplicant},
	sharing.UpwardRequest.Kind():      {sharing.AsAuthority},
	sharing.CorrectionDispute.Kind():  {sharing.AsApplicant},
	sharing.CatalogChange.Kind():      {sharing.AsProvider},
	sharing.ProjectAcceptance.Kind():  {sharing.AsApplicant},
	sharing.OpeningRequest.Kind():     {sharing.AsApplicant},
	sharing.RectificationOrder.Kind(): {sharing.AsAuthority, sharing.AsOverseer},
}

// named reports whether the machine of a procedure names whoever asks for a step
// of it. A limit is extended, and a grant suspended, by the authority too; both
// the authority and the office above it take the rungs of rectification.
func named(q question) bool {
	for _, p := range sharing.Procedures {
		if p.Kind() != q.kind {
			continue
		}
		steps := p.Machine().Steps
		if !slices.ContainsFunc(steps, func(t sharing.Transition) bool { return t.Action == q.action }) {
			return true // not a step
		}
		return slices.ContainsFunc(steps, func(t sharing.Transition) bool {
			if t.Action != q.action {
				return false
			}
			switch t.By {
			case sharing.ByApplicant:
				return q.relation == sharing.AsApplicant
			case sharing.ByProvider:
				central := slices.Contains([]sharing.Action{sharing.Extend, sharing.Suspend, sharing.Resume, sharing.Revoke}, q.action)
				return q.relation == sharing.AsProvider || central && q.relation == sharing.AsAuthority
			case sharing.ByAuthority:
				return q.relation == sharing.AsAuthority
			case sharing.ByAbove:
				return q.relation == sharing.AsOverseer
			case sharing.ByHolder, sharing.ByTime, sharing.BySystem:
			}
			return false
		})
	}
	return true
}

// beyond lists which bounds the squares break, each once.
func beyond(g grid) []string {
	var reasons []string
	questions := g.questions()
	for _, b := range bounds {
		if slices.ContainsFunc(questions, b.breaks) {
			reasons = append(reasons, b.En)
		}
	}
	return reasons
}
