package worker

import (
	"context"
	"encoding/json"
	"os"
)

// exportHead appends the trail's present head to a file outside the database, so
// that cutting the trail off can be proved.
func (w *Worker) exportHead(ctx context.Context) error {
	if w.Heads == "" {
		return nil
	}
	head, err := w.Store.TrailHead(ctx)
	if err != nil {
		return err
	}
	line, err := json.Marshal(head)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(w.Heads, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		_ = file.Close() // the write has failed; that is what is told
		return err
	}
	return file.Close()
}
