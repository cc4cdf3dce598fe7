package main

import (
	"strings"

	"gongshu/policies"
	"gongshu/sharing"
)

// What the codes of the policy are called in Chinese; the codes themselves are the
// English words.
var (
	roleWords = map[sharing.Role]string{
		sharing.Requester: "使用部门申请人", sharing.DataSpecialist: "数据专员", sharing.Approver: "审批人", sharing.DepartmentHead: "部门负责人",
		sharing.AuthorityOfficer: "大数据主管部门经办人", sharing.AuthorityHead: "大数据主管部门负责人", sharing.Supervisor: "上级督导",
		sharing.Finance: "财政部门", sharing.Auditor: "安全审计员", sharing.Operator: "系统管理员", sharing.SecurityOfficer: "安全管理员", sharing.Citizen: "社会公众", sharing.Gateway: "数据交换平台",
	}
	relationWords = map[sharing.Relation]string{
		sharing.AsProvider: "提供部门", sharing.AsApplicant: "申请部门", sharing.AsPeer: "本地区其他部门",
		sharing.AsAuthority: "大数据主管部门", sharing.AsOverseer: "上级、财政、审计、系统与安全管理",
		sharing.AsPublic: "社会公众",
	}
	// relationPhrases say in English who stands in a relation.
	relationPhrases = map[sharing.Relation]string{
		sharing.AsProvider: "of the department that provides the data", sharing.AsApplicant: "of the department that asks",
		sharing.AsPeer: "of another department of the region", sharing.AsAuthority: "of the region's big-data center",
		sharing.AsOverseer: "of the office above it, finance, audit or administration",
		sharing.AsPublic:   "of the public",
	}
	kindWords = map[sharing.Kind]string{
		sharing.KindResource: "目录", sharing.KindApplication: "共享申请", sharing.KindCase: "办件", sharing.KindGrant: "授权", sharing.KindTrail: "审计链",
		sharing.Coordination.Kind(): "协调", sharing.UpwardNeed.Kind(): "上级数据需求", sharing.UpwardRequest.Kind(): "向上级申请",
		sharing.CorrectionDispute.Kind(): "疑义校核", sharing.CatalogChange.Kind(): "目录编制与变更", sharing.ProjectAcceptance.Kind(): "信息化项目",
		sharing.OpeningRequest.Kind(): "依申请开放", sharing.RectificationOrder.Kind(): "整改", sharing.StandingDuty.Kind(): "常年职责",
		sharing.KindScenario: "应用场景", sharing.KindRegister: "备案登记",
		sharing.KindAccount: "账号", sharing.KindKey: "密钥", sharing.KindSetting: "系统设置", sharing.KindPolicy: "权限规则",
		sharing.KindFormer: "已下架目录", sharing.KindField: "数据项", sharing.KindOpenEntry: "开放目录", sharing.KindOpenField: "开放数据项",
		sharing.KindReadLog: "读取日志",
	}
	// kindPlurals are the kinds in English, of several.
	kindPlurals = map[sharing.Kind]string{
		sharing.KindResource: "catalog entries", sharing.CatalogChange.Kind(): "catalog changes", sharing.StandingDuty.Kind(): "standing duties",
		sharing.OpeningRequest.Kind(): "open-data requests", sharing.UpwardRequest.Kind(): "upward requests",
		sharing.KindRegister: "register entries", sharing.KindPolicy: "policies",
	}
	classWords = map[sharing.Class]string{sharing.Unconditional: "无条件共享", sharing.Conditional: "有条件共享", sharing.NotShared: "不予共享"}
)

// both puts a Chinese word before its code; a code without one stands alone.
func both[T ~string](words map[T]string, code T) string {
	if zh := words[code]; zh != "" {
		return zh + " " + string(code)
	}
	return string(code)
}

func plural(k sharing.Kind) string {
	if p := kindPlurals[k]; p != "" {
		return p
	}
	return string(k) + "s"
}

// rolesZh and rolesEn name any one of several roles.
func rolesZh(roles []sharing.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = roleWords[r]
	}
	return strings.Join(names, "或")
}

func rolesEn(roles []sharing.Role) string {
	var b strings.Builder
	for i, r := range roles {
		switch {
		case i > 0 && i == len(roles)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(strings.ReplaceAll(string(r), "_", " "))
	}
	return b.String()
}

// wayZh and wayEn say who may do something by a rule.
func wayZh(w policies.Way) string {
	if w.Relation == sharing.AsAuthority || w.Relation == sharing.AsOverseer {
		return rolesZh(w.Roles)
	}
	return relationWords[w.Relation] + "的" + rolesZh(w.Roles)
}

func wayEn(w policies.Way) string {
	article := "a "
	if strings.ContainsRune("aeo", rune(w.Roles[0][0])) {
		article = "an "
	}
	return article + rolesEn(w.Roles) + " " + relationPhrases[w.Relation]
}
