package sharing

import (
	"fmt"
	"slices"
)

// Conditions of a project, as regulation files name them.
const (
	CheckResourceList    = "resource_list"           // 数据资源清单、预编目录
	CheckCatalogued      = "catalogued"              // 编目
	CheckCollected       = "collected"               // 归集
	CheckShared          = "shared"                  // 按清单共享
	CheckQuality         = "quality"                 // 数据质量
	CheckUpdated         = "updated"                 // 按周期更新
	CheckSecurityTest    = "security_test_report"    // 等级保护测评
	CheckPerformanceTest = "performance_test_report" // 功能性能测评
	CheckDocuments       = "documents_filed"         // 文档备份留档
	CheckSharingStatus   = "sharing_status"          // 投入使用后的共享情况
	CheckLiveMonitoring  = "live_monitoring"         // 实时在线监管
)

// Documentary reports whether the check is about papers that are handed in.
func Documentary(check string) bool {
	return check == CheckSecurityTest || check == CheckPerformanceTest || check == CheckDocuments
}

// ofEach reports whether the check is about each resource of the list, and not
// about the project as a whole.
func ofEach(check string) bool { return check != CheckResourceList && !Documentary(check) }

// Condition is one check that a regulation asks for.
type Condition struct {
	Check   string
	Article string
}

// StatedCheck is what a person found where the catalog does not know the answer.
type StatedCheck struct {
	Check string `json:"check"`
	// Resource is the title in the project's list; empty for what concerns the
	// project as a whole.
	Resource string `json:"resource,omitempty"`
	Met      bool   `json:"met"`
	Evidence string `json:"evidence"`
}

// Verdict is what a check came to.
type Verdict string

const (
	CheckMet   Verdict = "met"
	CheckUnmet Verdict = "unmet"
	CheckOpen  Verdict = "open" // the catalog does not know, and nobody said
)

// Reasons why the catalog finds a check unmet.
const (
	NoList           = "no_list"
	NotCatalogued    = "not_catalogued"
	OfAnother        = "of_another_department"
	EntryWithdrawn   = "withdrawn"
	LessShared       = "less_shared"
	PastUpdateCycle  = "past_cycle"
	NotOnPlatformYet = "not_on_platform"
)

// CheckResult is one check of one resource, or of the project as a whole.
type CheckResult struct {
	Check    string  `json:"check"`
	Resource string  `json:"resource,omitempty"`
	Article  string  `json:"article"`
	Verdict  Verdict `json:"verdict"`
	// Automatic: the catalog knew the answer, and Reason says why when it is no.
	// Otherwise a person gave it, with evidence.
	Automatic bool   `json:"automatic"`
	Reason    string `json:"reason,omitempty"`
	Evidence  string `json:"evidence,omitempty"`
}

// EntryFacts is what the catalog knows of an entry that a project names.
type EntryFacts struct {
	Own       bool // of the department that builds the project
	Withdrawn bool
	Class     Class
	// Fresh says whether the data was updated within its cycle; nil: the catalog does
	// not know.
	Fresh *bool
	// OnPlatform says whether the data lies on the data platform; nil: not known.
	OnPlatform *bool
}

// EvaluateChecks holds a project's list to the conditions of a regulation: by
// what the catalog knows of its entries, given by code, and where it does not, by
// what a person stated. The results come in the order of conditions and list.
//
// The error is an *Error that names statements about what the regulation does not
// ask, what is not on the list, what the catalog answers itself, and what was
// stated twice.
func EvaluateChecks(conditions []Condition, list []PlannedResource, entries map[string]EntryFacts, stated []StatedCheck) ([]CheckResult, error) {
	var (
		c       checker
		results []CheckResult
		used    = make([]bool, len(stated))
	)
	said := func(r *CheckResult) {
		for i, s := range stated {
			if s.Check != r.Check || s.Resource != r.Resource {
				continue
			}
			at := fmt.Sprintf("/checks/%d", i)
			switch {
			case r.Automatic:
				c.require(false, at, "automatic", r.Check+" is answered by the catalog")
			case r.Verdict != CheckOpen:
				c.require(false, at, "unique", r.Check)
			default:
				r.Verdict, r.Evidence = CheckUnmet, s.Evidence
				if s.Met {
					r.Verdict = CheckMet
				}
			}
			used[i] = true
		}
	}
	for _, condition := range conditions {
		if !ofEach(condition.Check) || len(list) == 0 {
			r := CheckResult{Check: condition.Check, Article: condition.Article, Verdict: CheckOpen}
			if condition.Check == CheckResourceList {
				r.answer(len(list) > 0, NoList)
			}
			said(&r)
			results = append(results, r)
			continue
		}
		for _, planned := range list {
			r := CheckResult{Check: condition.Check, Resource: planned.Title, Article: condition.Article, Verdict: CheckOpen}
			r.ask(planned, entries)
			said(&r)
			results = append(results, r)
		}
	}
	for i, s := range stated {
		if used[i] {
			continue
		}
		asked := slices.ContainsFunc(conditions, func(k Condition) bool { return k.Check == s.Check })
		c.require(asked, fmt.Sprintf("/checks/%d/check", i), "asked_by_law", s.Check)
		c.require(!asked, fmt.Sprintf("/checks/%d/resource", i), "exists", s.Resource)
	}
	return results, c.err()
}

// answer is what the catalog says.
func (r *CheckResult) answer(met bool, reason string) {
	r.Automatic, r.Verdict = true, CheckMet
	if !met {
		r.Verdict, r.Reason = CheckUnmet, reason
	}
}

// ask lets the catalog answer for one resource, as far as it knows.
func (r *CheckResult) ask(planned PlannedResource, entries map[string]EntryFacts) {
	facts, there := entries[planned.Entry]
	missing := ""
	switch {
	case planned.Entry == "" || !there:
		missing = NotCatalogued
	case !facts.Own:
		missing = OfAnother
	case facts.Withdrawn:
		missing = EntryWithdrawn
	}
	switch r.Check {
	case CheckCatalogued:
		r.answer(missing == "", missing)
	case CheckShared, CheckSharingStatus:
		if missing != "" {
			r.answer(false, missing)
			return
		}
		r.answer(slices.Index(Classes, facts.Class) <= slices.Index(Classes, planned.Class), LessShared)
	case CheckUpdated, CheckLiveMonitoring:
		switch {
		case missing != "":
			r.answer(false, missing)
		case facts.Fresh != nil:
			r.answer(*facts.Fresh, PastUpdateCycle)
		}
	case CheckCollected:
		if missing == "" && facts.OnPlatform != nil {
			r.answer(*facts.OnPlatform, NotOnPlatformYet)
		}
	}
}

// Gaps returns the checks that are not met.
func Gaps(results []CheckResult) []CheckResult { return having(results, CheckUnmet) }

// Unanswered returns the checks that nobody has answered.
func Unanswered(results []CheckResult) []CheckResult { return having(results, CheckOpen) }

func having(results []CheckResult, v Verdict) []CheckResult {
	var some []CheckResult
	for _, r := range results {
		if r.Verdict == v {
			some = append(some, r)
		}
	}
	return some
}
