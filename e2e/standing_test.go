//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"gongshu/workflows"
)

// The worker has made one schedule, at 01:00 in Shanghai; a run of it opens what is
// owed this year, with a workflow for each case, and a second run opens nothing.
func TestScheduleOfStandingDuties(t *testing.T) {
	s := ownSystem(t)
	ctx := t.Context()
	handle := s.engine.Client.ScheduleClient().GetHandle(ctx, workflows.StandingSchedule)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := handle.Describe(ctx)
		require.NoError(c, err)
	}, 30*time.Second, 200*time.Millisecond)
	require.NoError(t, s.engine.ScheduleStanding(ctx), "made once more, it is the same")
	described, err := handle.Describe(ctx)
	require.NoError(t, err)
	require.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, described.Schedule.Policy.Overlap)
	require.NotEmpty(t, described.Info.NextActionTimes)
	next := described.Info.NextActionTimes[0].UTC()
	require.Equal(t, [2]int{17, 0}, [2]int{next.Hour(), next.Minute()}, "01:00 in Shanghai")

	count := func() (cases int) {
		require.NoError(t, s.gongshuDB.QueryRow(ctx, `SELECT count(*) FROM cases WHERE procedure = 'standing'`).Scan(&cases))
		return cases
	}
	require.Zero(t, count())
	require.NoError(t, s.engine.RunStanding(ctx))
	ran := func(times int) {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			d, err := handle.Describe(ctx)
			require.NoError(c, err)
			require.Equal(c, times, d.Info.NumActions)
			require.Empty(c, d.Info.RunningWorkflows)
		}, time.Minute, 200*time.Millisecond)
	}
	ran(1)
	opened := count()
	require.Positive(t, opened)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var unchecked int
		require.NoError(c, s.gongshuDB.QueryRow(ctx, `SELECT count(*) FROM cases WHERE procedure = 'standing' AND checked_version <> version`).Scan(&unchecked))
		require.Zero(c, unchecked, "each has its workflow")
	}, 2*time.Minute, time.Second)
	require.NoError(t, s.engine.RunStanding(ctx))
	ran(2)
	require.Equal(t, opened, count())
}
