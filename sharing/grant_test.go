package sharing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

// Use is doubted on days on which the grant did not hold throughout, unless the
// instant of the last call says better.
func TestDoubts(t *testing.T) {
	first, last := sharing.NewDate(2026, 3, 2), sharing.NewDate(2026, 12, 31)
	at := func(d sharing.Date, hour int) time.Time { return d.Start().Add(time.Duration(hour) * time.Hour) }
	pointer := func(at time.Time) *time.Time { return &at }
	whole := sharing.Grant{State: sharing.GrantActive, Fields: []string{"a"}, ValidFrom: at(first, 10), ValidUntil: last.End()}
	day := sharing.NewDate(2026, 6, 1)
	revoked, paused := whole, whole
	revoked.State, revoked.EndedAt = sharing.GrantRevoked, pointer(at(day, 12))
	paused.Suspensions = []sharing.Pause{{From: at(day, 9), Until: pointer(at(day, 11))}}
	for name, tt := range map[string]struct {
		grant sharing.Grant
		day   sharing.Date
		last  *time.Time
		field string
		want  []sharing.Doubt
	}{
		"within":                    {whole, day, nil, "a", nil},
		"on the first day":          {whole, first, nil, "", nil},
		"before it began, that day": {whole, first, pointer(at(first, 9)), "", []sharing.Doubt{sharing.DoubtPending}},
		"the day before":            {whole, first - 1, nil, "", []sharing.Doubt{sharing.DoubtPending}},
		"on the last day":           {whole, last, nil, "", nil},
		"the day after":             {whole, last + 1, nil, "", []sharing.Doubt{sharing.DoubtEnded}},
		"another field":             {whole, day, nil, "b", []sharing.Doubt{sharing.DoubtFields}},
		"the day it was revoked":    {revoked, day, nil, "", []sharing.Doubt{sharing.DoubtRevoked}},
		"before, on that day":       {revoked, day, pointer(at(day, 11)), "", nil},
		"after, on that day":        {revoked, day, pointer(at(day, 13)), "", []sharing.Doubt{sharing.DoubtRevoked}},
		"the day before that":       {revoked, day - 1, nil, "", nil},
		"a day with a pause":        {paused, day, nil, "", []sharing.Doubt{sharing.DoubtSuspended}},
		"in the pause":              {paused, day, pointer(at(day, 10)), "", []sharing.Doubt{sharing.DoubtSuspended}},
		"after the pause":           {paused, day, pointer(at(day, 11)), "", nil},
		"the day after the pause":   {paused, day + 1, nil, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			u := sharing.UseReport{GrantID: "g", Day: tt.day, Calls: 1, LastAt: tt.last}
			if tt.field != "" {
				u.Fields = []string{tt.field}
			}
			require.NoError(t, u.Check(sharing.NewDate(2027, 1, 2)))
			require.Equal(t, tt.want, tt.grant.Doubts(u))
		})
	}
}

func TestFit(t *testing.T) {
	today := sharing.NewDate(2026, 6, 1)
	s := sharing.Scenario{ScenarioText: sharing.ScenarioText{
		Resources: []sharing.ScenarioItem{{ResourceID: "r", Fields: []string{"a", "b"}}, {ResourceID: "all"}}, Modes: []sharing.Mode{sharing.QueryAPI},
		Duties: []string{"社会救助"}, ValidFrom: today, ValidUntil: today + 1,
	}}
	retired := s
	retired.RetiredAt = new(time.Time)
	open := s
	open.ValidUntil, open.Duties = 0, nil
	for name, tt := range map[string]struct {
		scenario sharing.Scenario
		resource string
		fields   []string
		mode     sharing.Mode
		duty     string
		on       sharing.Date
		want     sharing.Misfit
	}{
		"fits":             {s, "r", []string{"b"}, sharing.QueryAPI, "社会救助审核确认", today, sharing.Fits},
		"every field":      {s, "all", []string{"x"}, sharing.QueryAPI, "社会救助", today + 1, sharing.Fits},
		"too early":        {s, "r", []string{"b"}, sharing.QueryAPI, "社会救助", today - 1, sharing.MisfitDay},
		"too late":         {s, "r", []string{"b"}, sharing.QueryAPI, "社会救助", today + 2, sharing.MisfitDay},
		"without end":      {open, "r", []string{"b"}, sharing.QueryAPI, "税收", today + 900, sharing.Fits},
		"retired":          {retired, "r", []string{"b"}, sharing.QueryAPI, "社会救助", today, sharing.MisfitRetired},
		"another resource": {s, "q", []string{"b"}, sharing.QueryAPI, "社会救助", today, sharing.MisfitResource},
		"a field too many": {s, "r", []string{"a", "c"}, sharing.QueryAPI, "社会救助", today, sharing.MisfitFields},
		"another way":      {s, "r", []string{"a"}, sharing.File, "社会救助", today, sharing.MisfitMode},
		"another duty":     {s, "r", []string{"a"}, sharing.QueryAPI, "税收", today, sharing.MisfitDuty},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, tt.scenario.Fit(tt.resource, tt.fields, tt.mode, tt.duty, tt.on))
		})
	}
}
