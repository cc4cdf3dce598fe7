package worker

import (
	"context"

	"gongshu/activities"
	"gongshu/sharing"
	"gongshu/workflows"
)

// carryImports opens the catalog changes of the imports that were confirmed.
func (w *Worker) carryImports(ctx context.Context) error {
	return activities.CarryImports(ctx, w.Store, func(ctx context.Context, caseID, commandID string) error {
		return w.Engine.Submit(ctx, sharing.CatalogChange, caseID, workflows.Step{CommandID: commandID, Action: sharing.Submit})
	})
}
