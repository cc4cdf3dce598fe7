package activities

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"gongshu/postgres"
	"gongshu/sharing"
)

const (
	// importBatch is how many rows of imports a worker takes at a time, and
	// importAtOnce how many it opens changes for at the same time: few, for whoever
	// decides something meanwhile shall not wait.
	importBatch  = 64
	importAtOnce = 6
	// importClaim is how long a worker may take over a batch before another worker
	// takes it over.
	importClaim = 30 * time.Second
	// importStale is how long a checked import waits to be confirmed.
	importStale = 7 * 24 * time.Hour
)

// OpenChange opens a catalog change by a command that was staged.
type OpenChange func(ctx context.Context, caseID, commandID string) error

// CarryImports opens a catalog change for each row of the confirmed imports that has
// none yet, until none is left. The commands were staged, and asked the policy, when
// the import was confirmed; each is carried out at most once, so that a worker that
// breaks off loses nothing and one that repeats does nothing twice. What keeps a row
// from becoming a change is written down with it and does not keep the others.
func CarryImports(ctx context.Context, store *postgres.Store, open OpenChange) error {
	for {
		rows, err := store.ClaimImportRows(ctx, importBatch, importClaim)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return store.EndImports(ctx, importStale)
		}
		if err := store.EndImports(ctx, importStale); err != nil {
			return err
		}
		var group errgroup.Group
		group.SetLimit(importAtOnce)
		for _, r := range rows {
			group.Go(func() error { return carryRow(ctx, store, open, r) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
}

func carryRow(ctx context.Context, store *postgres.Store, open OpenChange, r postgres.StagedRow) error {
	err := open(ctx, r.CaseID, r.CommandID)
	var refused *sharing.Error
	switch {
	case err == nil:
		return store.FinishImportRow(ctx, r, nil)
	case errors.As(err, &refused) && refused.Code != sharing.CodeUnavailable:
		if err := store.FinishImportRow(ctx, r, &postgres.Refusal{Code: refused.Code, Fields: refused.Fields, Article: refused.Article}); err != nil {
			return err
		}
		return store.DropCommand(ctx, r.CommandID)
	}
	// It was not to be had now, and is tried again at the next turn.
	return errors.Join(err, store.FreeImportRow(context.WithoutCancel(ctx), r))
}
