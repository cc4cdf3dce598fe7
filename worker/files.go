package worker

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"gongshu/sharing"
)

// orphaned is how long a content may stand in the file store before a file has it:
// far longer than any upload takes.
const orphaned = 24 * time.Hour

// filesBatch bounds how many contents one query asks about.
const filesBatch = 500

// tidyFiles moves the contents of files that are still in the table to the file
// store, and clears away contents that no file has: of uploads that were given up
// half way, or sent twice.
func (w *Worker) tidyFiles(ctx context.Context) error {
	if w.Files == nil {
		return nil
	}
	return errors.Join(w.moveFiles(ctx), w.clearFiles(ctx, time.Now().Add(-orphaned)))
}

func (w *Worker) moveFiles(ctx context.Context) error {
	for {
		const few = 20 // of up to 20 MiB each, one at a time
		ids, err := w.Store.AttachmentsToMove(ctx, few)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := w.moveFile(ctx, id); err != nil {
				return err
			}
		}
		w.Log.Info("moved files out of the database", "files", len(ids))
	}
}

func (w *Worker) moveFile(ctx context.Context, id string) error {
	content, err := w.Store.Content(ctx, id)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return nil // another worker was first
	}
	if err != nil {
		return err
	}
	key := uuid.NewString()
	if err := w.Files.Put(ctx, key, bytes.NewReader(content)); err != nil {
		return err
	}
	moved, err := w.Store.MoveAttachment(ctx, id, key)
	if err == nil && !moved {
		return w.Files.Delete(ctx, key)
	}
	return err // what was put stays; it is cleared away later when no file has it
}

// clearFiles deletes contents kept before an instant that no file has.
func (w *Worker) clearFiles(ctx context.Context, before time.Time) error {
	var (
		batch   []string
		cleared int
	)
	flush := func() error {
		keys, err := w.Store.Unreferenced(ctx, batch)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := w.Files.Delete(ctx, key); err != nil {
				return err
			}
		}
		cleared += len(keys)
		batch = batch[:0]
		return nil
	}
	for key, err := range w.Files.Before(ctx, before) {
		if err != nil {
			return err
		}
		if batch = append(batch, key); len(batch) == filesBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if cleared > 0 {
		w.Log.Info("cleared away contents that no file has", "contents", cleared)
	}
	return nil
}
