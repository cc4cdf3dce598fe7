package desk_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
	"gongshu/workflows"
)

// scheduled is an engine with a schedule.
type scheduled struct {
	desktest.Direct
	runs *int
	at   time.Time
}

func (s scheduled) StandingRuns(context.Context) (workflows.StandingRuns, error) {
	return workflows.StandingRuns{Next: &s.at}, nil
}

func (s scheduled) RunStanding(context.Context) error { *s.runs++; return nil }

func TestSchedulesAreForOperators(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for _, who := range []string{requester, "shuozhou-authority-head", auditor} {
		_, err := r.Schedules(ctx, r.User(who))
		require.Equal(t, sharing.CodeForbidden, code(t, err), who)
		require.Equal(t, sharing.CodeForbidden, code(t, r.RunStanding(ctx, r.User(who), "")), who)
	}
	away, err := r.Schedules(ctx, r.User(operator))
	require.NoError(t, err)
	require.False(t, away.Reachable)
	require.Equal(t, sharing.CodeUnavailable, code(t, r.RunStanding(ctx, r.User(operator), "")), "the rig keeps no schedule")
	require.NotEmpty(t, away.Duties)
	for _, d := range away.Duties {
		require.Nil(t, d.Last, d.Name)
		require.NotEmpty(t, d.Owner, d.Name)
	}

	_, err = r.Activities.SweepStanding(ctx)
	require.NoError(t, err)
	require.NoError(t, r.Store.Turned(ctx, "sweep", ""))
	require.NoError(t, r.Store.Turned(ctx, "sweep", "the database is away"))
	runs := 0
	r.Engine = scheduled{desktest.Direct{Activities: r.Activities}, &runs, time.Now()}
	now, err := r.Schedules(ctx, r.User(operator))
	require.NoError(t, err)
	require.True(t, now.Reachable && now.MayRun)
	require.NotNil(t, now.Runs.Next)
	require.Len(t, now.Turns, 1)
	require.Equal(t, "the database is away", now.Turns[0].Failing)
	require.False(t, now.Delivers())
	year := time.Now().In(sharing.Shanghai).Year()
	opened := 0
	for _, d := range now.Duties {
		if d.Last != nil {
			opened++
			if !d.ByCycle {
				require.Equal(t, sharing.NewDate(year+1, 1, 1), *d.Opens, d.Name)
			}
		} else if !d.ByCycle {
			require.NotNil(t, d.Opens, "%s: what has not been opened this year is past its day", d.Name)
		}
	}
	require.NotZero(t, opened)

	require.NoError(t, r.RunStanding(ctx, r.User(operator), "run-it-once-and-no-more"))
	require.NoError(t, r.RunStanding(ctx, r.User(operator), "run-it-once-and-no-more"))
	require.Equal(t, 1, runs)
	lines, err := r.Audit(ctx, r.User(auditor), desk.AuditQuery{Action: desk.StandingRun}, "", 10)
	require.NoError(t, err)
	require.Len(t, lines.Items, 1)
	require.Equal(t, operator, lines.Items[0].Actor)
}
