package regulation

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

// The steps of rectification lead through states that follow one another in the
// machine, from one in which a case can be born.
func TestLaddersOfRectificationCanBeClimbed(t *testing.T) {
	machine := sharing.RectificationOrder.Machine()
	want := map[string][]sharing.State{
		"yanzhou-2024":       {sharing.Notified, sharing.Criticised},
		"city-2023":          {sharing.Ordered},
		"jinan-startup-2023": nil,
		"lishui-2020":        {sharing.Ordered, sharing.Sanctioned},
		"shuozhou-2021":      {sharing.Notified, sharing.Reported, sharing.Ordered, sharing.Criticised, sharing.Sanctioned},
	}
	for _, r := range Shipped().All() {
		var climbed []sharing.State
		rung, ok := r.Supervision.First()
		if ok {
			require.Contains(t, machine.Starts, sharing.RungState(rung.Step), r.ID)
		}
		for ok {
			climbed = append(climbed, sharing.RungState(rung.Step))
			step := rung.Step
			if rung, ok = r.Supervision.Next(step); ok {
				_, err := machine.Next(sharing.RungState(step), sharing.Escalate, sharing.RungState(rung.Step))
				require.NoError(t, err, r.ID)
			}
		}
		require.Equal(t, want[r.ID], climbed, r.ID)

		duty, ok := r.Duty(sharing.DutyRectify)
		require.Equal(t, len(climbed) > 0, ok, r.ID)
		_, _, sets := duty.Budget(nil)
		require.False(t, sets, "no text sets the time to rectify")
		require.False(t, slices.ContainsFunc(duty.Ladder, func(g Rung) bool { return g.Kind == sharing.Rectification }), "it ends in no other")
	}
}

// What follows when a project does not meet its conditions, by the articles.
func TestConsequencesForProjects(t *testing.T) {
	names := func(all []Consequence) (names []string) {
		for _, c := range all {
			names = append(names, c.Consequence+" "+c.Article)
		}
		return names
	}
	for id, want := range map[string][2][]string{
		"yanzhou-2024":       {{"no_acceptance 36", "funds_held 36"}, nil},
		"city-2023":          {{"no_acceptance 34"}, {"no_maintenance_funds 34", "new_projects_held 34"}},
		"jinan-startup-2023": {nil, nil},
		"lishui-2020":        {{"no_initiation 29", "no_maintenance_funds 29"}, {"no_maintenance_funds 29"}},
		"shuozhou-2021":      {{"no_initiation 9"}, nil},
	} {
		p := shipped(t, id).Projects
		require.Equal(t, want[0], names(p.WhenNotAccepted()), id)
		require.Equal(t, want[1], names(p.WhenLiveFails()), id)
		require.Equal(t, id == "shuozhou-2021", p.Exempts(true), id)
		require.False(t, p.Exempts(false), id)
	}
}

func TestGroundOfADuty(t *testing.T) {
	s := shipped(t, "shuozhou-2021").Supervision
	g, ok := s.GroundOf("share.answer")
	require.True(t, ok)
	require.Equal(t, "33(4)", g.Article)
	_, ok = s.GroundOf("share.confirm")
	require.False(t, ok)
	_, ok = s.Ground("applause")
	require.False(t, ok)
}
