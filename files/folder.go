package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"time"
)

// folder keeps each content in a file of its own, below folders named by the first
// two characters of the keys.
type folder struct {
	root *os.Root
}

// openFolder returns the store in a folder, which is made when it is missing.
func openFolder(path string) (Store, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return &folder{root}, nil
}

// unfinished ends the names of files that are still being written.
const unfinished = ".part"

func place(key string) (dir, name string) {
	dir = key[:min(2, len(key))]
	return dir, dir + "/" + key
}

// Put writes beside the final name first, so that a content is there whole or not
// at all, also when the machine stops.
func (f *folder) Put(_ context.Context, key string, r io.Reader) (err error) {
	if err := checkKey(key); err != nil {
		return err
	}
	dir, name := place(key)
	if err := f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	part := name + unfinished
	file, err := f.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.root.Remove(part))
		}
	}()
	if _, err := io.Copy(file, r); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Sync(); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return f.root.Rename(part, name)
}

func (f *folder) Open(_ context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	_, name := place(key)
	file, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNotExist, key)
	}
	return file, err
}

func (f *folder) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, name := place(key)
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f *folder) Before(_ context.Context, t time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		stop := errors.New("enough")
		err := fs.WalkDir(f.root.FS(), ".", func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it went meanwhile
			}
			if err != nil {
				return err
			}
			if !info.ModTime().Before(t) {
				return nil
			}
			if name, ok := strings.CutSuffix(entry.Name(), unfinished); ok {
				// Nobody writes that long: whoever did is gone.
				dir, _ := place(name)
				return f.root.Remove(dir + "/" + entry.Name())
			}
			if !yield(entry.Name(), nil) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield("", err)
		}
	}
}
