package sharing

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Scenario is an application scenario (应用场景) that the authority keeps in its
// register: an application that fits it is authorised at once (lishui-2020
// art. 19(3)).
type Scenario struct {
	ID       string `json:"id"`
	RegionID string `json:"region_id"`
	ScenarioText
	Version      int        `json:"version"`
	RegulationID string     `json:"regulation_id"` // under which it was registered
	RegisteredBy string     `json:"registered_by"`
	UpdatedAt    time.Time  `json:"updated_at"`
	RetiredAt    *time.Time `json:"retired_at,omitempty"` // from when no application fits it any more
}

// ScenarioText is what the authority writes of a scenario.
type ScenarioText struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Resources   []ScenarioItem `json:"resources"`
	// Modes in which the data may be had. That one which needs the authority's consent
	// is listed is that consent: the authority keeps the register.
	Modes []Mode `json:"modes"`
	// Duties that the scenario covers, in the words in which applications name them;
	// none covers every duty.
	Duties []string `json:"duties,omitempty"`
	// ValidFrom and ValidUntil are its first and last day; no last day when zero.
	ValidFrom  Date `json:"valid_from"`
	ValidUntil Date `json:"valid_until,omitzero"`
}

// ScenarioItem is one resource of a scenario.
type ScenarioItem struct {
	ResourceID string `json:"resource_id"`
	// Fields that may be had; empty: all of them.
	Fields []string `json:"fields,omitempty"`
}

// Limits on what a scenario may hold.
const (
	MaxScenarioItems  = 100
	MaxScenarioDuties = 50
	MaxScenarioName   = 200 // characters
)

// Check returns an *Error naming every field that keeps the scenario out of the
// register.
func (s ScenarioText) Check() error {
	var c checker
	c.text(s.Name, "/name", true)
	c.require(len([]rune(s.Name)) <= MaxScenarioName, "/name", "max_length", fmt.Sprint(MaxScenarioName))
	c.text(s.Description, "/description", true)
	c.require(len(s.Resources) > 0, "/resources", "required", "at least one resource")
	c.require(len(s.Resources) <= MaxScenarioItems, "/resources", "max_items", fmt.Sprint(MaxScenarioItems))
	seen := map[string]bool{}
	for i, item := range s.Resources {
		at := fmt.Sprintf("/resources/%d/resource_id", i)
		c.require(item.ResourceID != "", at, "required", "")
		c.require(!seen[item.ResourceID], at, "unique", "the resource is listed twice")
		seen[item.ResourceID] = true
	}
	c.require(len(s.Modes) > 0, "/modes", "required", "at least one way of sharing")
	for i, m := range s.Modes {
		c.require(oneOf(m, Modes), fmt.Sprintf("/modes/%d", i), "one_of", fmt.Sprint(Modes))
		c.require(slices.Index(s.Modes, m) == i, fmt.Sprintf("/modes/%d", i), "unique", string(m))
	}
	c.require(len(s.Duties) <= MaxScenarioDuties, "/duties", "max_items", fmt.Sprint(MaxScenarioDuties))
	for i, d := range s.Duties {
		c.text(d, fmt.Sprintf("/duties/%d", i), true)
	}
	c.require(!s.ValidFrom.IsZero(), "/valid_from", "required", "")
	c.require(s.ValidUntil.IsZero() || s.ValidUntil >= s.ValidFrom, "/valid_until", "not_earlier", "not before the first day")
	return c.err()
}

// Misfit is why an application does not fit a registered scenario; empty when it
// does.
type Misfit string

const (
	Fits           Misfit = ""
	MisfitRetired  Misfit = "retired"  // struck off the register
	MisfitDay      Misfit = "day"      // not valid on the day
	MisfitResource Misfit = "resource" // the scenario does not have the resource
	MisfitFields   Misfit = "fields"   // it does not have all the fields
	MisfitMode     Misfit = "mode"
	MisfitDuty     Misfit = "duty"
)

// Fit says whether an application for the fields of a resource, received on the
// day, fits the scenario. A duty fits when it names one that the scenario covers.
func (s Scenario) Fit(resourceID string, fields []string, mode Mode, duty string, on Date) Misfit {
	i := slices.IndexFunc(s.Resources, func(r ScenarioItem) bool { return r.ResourceID == resourceID })
	switch {
	case s.RetiredAt != nil:
		return MisfitRetired
	case on < s.ValidFrom || !s.ValidUntil.IsZero() && on > s.ValidUntil:
		return MisfitDay
	case i < 0:
		return MisfitResource
	case len(s.Resources[i].Fields) > 0 && slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(s.Resources[i].Fields, f) }):
		return MisfitFields
	case !slices.Contains(s.Modes, mode):
		return MisfitMode
	case len(s.Duties) > 0 && !slices.ContainsFunc(s.Duties, func(d string) bool { return strings.Contains(duty, strings.TrimSpace(d)) }):
		return MisfitDuty
	}
	return Fits
}

// ScenarioThing returns what decides who may see and keep the register of
// scenarios that the authority keeps: no secret of anybody's.
func ScenarioThing(authority Department) Thing {
	return Thing{Kind: KindScenario, RegionID: authority.RegionID, ProviderID: authority.ID, Class: Unconditional, Grade: LowestGrade}
}
