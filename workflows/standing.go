package workflows

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"gongshu/activities"
	"gongshu/sharing"
)

// Duty is one standing duty that a department owes (常年职责), from the day it is
// opened to its fulfilment: city-2023 arts. 11, 23 and 31, jinan-startup-2023
// arts. 14, 42 and 43, yanzhou-2024 arts. 3(5), 35, 37 and 38, lishui-2020
// arts. 8(5) and 28, shuozhou-2021 arts. 17, 24 and 32.
func Duty(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	run, err := begin(ctx, sharing.StandingDuty, in)
	if err != nil {
		return run.result(), err
	}

	// Opened by the schedule below.
	if err := run.receive(ctx, in.Filed); err != nil {
		return run.result(), err
	}

	// Owed: by its day of the year (city 11: 30 June; jinan-startup 43: the end of
	// February), or since data is past its update cycle, until the department says how
	// it was fulfilled, the data is updated, or the authority waives it.
	run.while(ctx, sharing.Owed)

	return run.end(ctx, Duty)
}

// Standing is one run of the schedule: it opens what is owed by the calendar and
// closes what has been settled by itself.
func Standing(ctx workflow.Context) (activities.Swept, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    10 * time.Minute,
		ScheduleToCloseTimeout: 6 * time.Hour,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute},
	})
	var (
		a     *activities.Activities
		swept activities.Swept
	)
	err := workflow.ExecuteActivity(ctx, a.SweepStanding).Get(ctx, &swept)
	return swept, err
}

// StandingSchedule is the id of the schedule of standing duties.
const StandingSchedule = "standing"

// ScheduleStanding makes the server run [Standing] every day at 01:00 in Shanghai,
// unless it does already. Runs that were missed while the server was away for less
// than a day are made up for; two never run at once.
func (e Engine) ScheduleStanding(ctx context.Context) error {
	_, err := e.Client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: StandingSchedule,
		Spec: client.ScheduleSpec{
			Calendars:    []client.ScheduleCalendarSpec{{Hour: []client.ScheduleRange{{Start: 1}}}},
			TimeZoneName: "Asia/Shanghai",
		},
		Action:        &client.ScheduleWorkflowAction{ID: StandingSchedule, Workflow: Standing, TaskQueue: TaskQueue},
		Overlap:       enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: 24 * time.Hour,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return nil
	}
	return fromEngine(err)
}

// StandingRuns is when [Standing] ran and will run.
type StandingRuns struct {
	Last *time.Time // nil when it has not run yet
	Next *time.Time // nil when the schedule is paused
}

// StandingRuns asks the server; it is zero when the schedule has not been made yet.
func (e Engine) StandingRuns(ctx context.Context) (StandingRuns, error) {
	var runs StandingRuns
	d, err := e.Client.ScheduleClient().GetHandle(ctx, StandingSchedule).Describe(ctx)
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		return runs, nil
	case err != nil:
		return runs, fromEngine(err)
	}
	if n := len(d.Info.RecentActions); n > 0 {
		runs.Last = &d.Info.RecentActions[n-1].ActualTime
	}
	if len(d.Info.NextActionTimes) > 0 {
		runs.Next = &d.Info.NextActionTimes[0]
	}
	return runs, nil
}

// RunStanding has [Standing] run now, besides its schedule.
func (e Engine) RunStanding(ctx context.Context) error {
	return fromEngine(e.Client.ScheduleClient().GetHandle(ctx, StandingSchedule).Trigger(ctx, client.ScheduleTriggerOptions{
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
	}))
}
