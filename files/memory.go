package files

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"sync"
	"time"
)

// memory keeps contents for as long as the process lives.
type memory struct {
	mu   sync.Mutex
	kept map[string]piece
}

type piece struct {
	content []byte
	at      time.Time
}

func newMemory() *memory { return &memory{kept: map[string]piece{}} }

func (m *memory) Put(_ context.Context, key string, r io.Reader) error {
	if err := checkKey(key); err != nil {
		return err
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[key] = piece{content, time.Now()}
	return nil
}

func (m *memory) Open(_ context.Context, key string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.kept[key]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNotExist, key)
	}
	return io.NopCloser(bytes.NewReader(p.content)), nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, key)
	return nil
}

func (m *memory) Before(_ context.Context, t time.Time) iter.Seq2[string, error] {
	m.mu.Lock()
	kept := maps.Clone(m.kept)
	m.mu.Unlock()
	return func(yield func(string, error) bool) {
		for key, p := range kept {
			if p.at.Before(t) && !yield(key, nil) {
				return
			}
		}
	}
}
