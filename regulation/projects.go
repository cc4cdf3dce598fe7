package regulation

import (
	"slices"

	"gongshu/sharing"
)

// Consequences that a regulation can attach to a project whose conditions are not
// met.
const (
	NoInitiation       = "no_initiation"
	NoAcceptance       = "no_acceptance"
	FundsHeld          = "funds_held"
	NoMaintenanceFunds = "no_maintenance_funds"
	NewProjectsHeld    = "new_projects_held"
)

// Exempts reports whether acceptance does not apply to a classified project
// (shuozhou-2021 art. 11).
func (p Projects) Exempts(classified bool) bool {
	return classified && slices.Contains(p.Exempt, "classified")
}

// Listed returns the condition that a project has a list of data resources
// before it is approved, and whether there is one.
func (p Projects) Listed() (Check, bool) {
	i := slices.IndexFunc(p.Initiation, func(c Check) bool { return c.Check == sharing.CheckResourceList })
	if i < 0 {
		return Check{}, false
	}
	return p.Initiation[i], true
}

// Collection returns the condition of collection, whose ways may be named.
func (p Projects) Collection() (Check, bool) {
	i := slices.IndexFunc(p.Acceptance, func(c Check) bool { return c.Check == sharing.CheckCollected })
	if i < 0 {
		return Check{}, false
	}
	return p.Acceptance[i], true
}

// WhenNotAccepted lists what follows when a project is not accepted: funds wait
// (yanzhou-2024 art. 36), it is not accepted (city-2023 art. 34). Where nothing is
// checked after going live, the conditions are those of acceptance, and so are the
// consequences for O&M money and new projects (lishui-2020 art. 29, shuozhou-2021
// art. 9).
func (p Projects) WhenNotAccepted() []Consequence {
	return p.following(func(name string) bool {
		return name == NoAcceptance || name == FundsHeld || len(p.Live) == 0 && (name == NoInitiation || name == NoMaintenanceFunds || name == NewProjectsHeld)
	})
}

// WhenLiveFails lists what follows when a live project does not meet the
// conditions: its O&M money and the department's new projects (city-2023 art. 34).
func (p Projects) WhenLiveFails() []Consequence {
	return p.following(func(name string) bool { return name == NoMaintenanceFunds || name == NewProjectsHeld })
}

func (p Projects) following(follows func(name string) bool) []Consequence {
	var all []Consequence
	for _, c := range p.Consequences {
		if follows(c.Consequence) {
			all = append(all, c)
		}
	}
	return all
}

// Conditions returns the checks in the terms of package sharing.
func Conditions(checks []Check) []sharing.Condition {
	all := make([]sharing.Condition, len(checks))
	for i, c := range checks {
		all[i] = sharing.Condition{Check: c.Check, Article: c.Article}
	}
	return all
}
