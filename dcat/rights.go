package dcat

import "strings"

// NoBasisStated is the basis of an entry that is not shared unconditionally and
// whose file names no reason. The law asks for a legal basis (city-2023 art. 19,
// shuozhou-2021 art. 16, and so in the other regions); the marker says that it is
// outstanding, and the report lists every entry that carries it.
const NoBasisStated = "未列明依据（导入） / no basis stated at import"

type rightsKind int

const (
	rightsReason   rightsKind = iota // says why
	rightsRestated                   // only says again that access is limited
	rightsNothing                    // a placeholder
)

// rightsOf tells a reason from the ways in which catalogs fill in a mandatory
// field without saying anything.
func rightsOf(rights string) rightsKind {
	word := strings.ToLower(strings.Trim(rights, " .。-–—/\t\n"))
	switch word {
	case "", "true", "false", "null", "none", "nil", "na", "n/a", "n.a", "not available", "not applicable",
		"unknown", "unspecified", "tbd", "yes", "no", "无", "暂无", "不适用", "未知":
		return rightsNothing
	case "private", "public", "restricted", "internal", "closed", "non-public", "not public",
		"restricted dataset", "restricted data", "internal dataset", "internal data", "private dataset",
		"restricted public", "restricted public access", "restricted access", "data is not public",
		"not published", "not published yet", "受限", "内部", "内部数据", "不公开", "不予共享":
		return rightsRestated
	default:
		return rightsReason
	}
}
