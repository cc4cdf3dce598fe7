package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// awaitUntil blocks until the instant has come (due is true) or woken reports
// true. A nil instant never comes. The timer is durable, and cancelled when it is
// no longer wanted, so that it wakes nobody for nothing.
func awaitUntil(ctx workflow.Context, at *time.Time, woken func() bool) (due bool, err error) {
	if at == nil {
		return false, workflow.Await(ctx, woken)
	}
	wait := at.Sub(workflow.Now(ctx))
	if wait <= 0 {
		return true, nil
	}
	wanted, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timer := workflow.NewTimer(wanted, wait)
	err = workflow.Await(ctx, func() bool { return timer.IsReady() || woken() })
	return timer.IsReady(), err
}
