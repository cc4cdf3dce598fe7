package dcat

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"gongshu/sharing"
)

var (
	repeating = regexp.MustCompile(`^R\d{0,9}/P(?:([\d.]{1,9})Y)?(?:([\d.]{1,9})M)?(?:([\d.]{1,9})W)?(?:([\d.]{1,9})D)?` +
		`(?:T(?:([\d.]{1,9})H)?(?:([\d.]{1,9})M)?(?:([\d.]{1,9})S)?)?$`)
	// partDays is the length of one unit of each part of repeating, in days.
	partDays = [...]float64{365.25, 30.4375, 7, 1, 1. / 24, 1. / (24 * 60), 1. / (24 * 60 * 60)}
)

// namedCycles are the catalog's update cycles and the length of each in days.
var namedCycles = []struct {
	cycle sharing.Cycle
	days  float64
}{
	{sharing.Daily, 1},
	{sharing.Weekly, 7},
	{sharing.Monthly, 30.4375},
	{sharing.Quarterly, 91.3125},
	{sharing.HalfYearly, 182.625},
	{sharing.EveryYear, 365.25},
}

// cycleOf reads an ISO 8601 repeating interval such as R/P3M, or "irregular".
// The rule is empty when the catalog has exactly that cycle. R/PT1S is how
// DCAT-US writes "continuously updated". Other cycles become the nearest by
// ratio (R/P2Y becomes yearly, R/P2M quarterly), those below half a day real time.
func cycleOf(text string) (sharing.Cycle, Rule) {
	switch strings.ToLower(text) {
	case "":
		return sharing.Irregularly, NoCycle
	case "irregular":
		return sharing.Irregularly, ""
	case "r/pt1s":
		return sharing.RealTime, ""
	}
	parts := repeating.FindStringSubmatch(strings.ToUpper(text))
	if parts == nil {
		return sharing.Irregularly, UnknownCycle
	}
	var days float64
	for i, part := range parts[1:] {
		if part == "" {
			continue
		}
		n, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return sharing.Irregularly, UnknownCycle
		}
		days += n * partDays[i]
	}
	if days <= 0 {
		return sharing.Irregularly, UnknownCycle
	}
	if days < 0.5 {
		return sharing.RealTime, NearestCycle
	}
	nearest, distance := namedCycles[0], math.Inf(1)
	for _, named := range namedCycles {
		if d := math.Abs(math.Log(days / named.days)); d < distance {
			nearest, distance = named, d
		}
	}
	if distance < 1e-9 {
		return nearest.cycle, ""
	}
	return nearest.cycle, NearestCycle
}
