package localpg

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// secrets are the passwords of a server's roles, kept in a file only its owner may read.
type secrets struct {
	path string

	mu        sync.Mutex
	passwords map[string]string // by role
}

func openSecrets(dir string) (*secrets, error) {
	s := &secrets{path: filepath.Join(dir, "passwords.json"), passwords: make(map[string]string)}
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &s.passwords); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return s, nil
}

// has reports whether the role has a password.
func (s *secrets) has(role string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passwords[role] != ""
}

// password returns the role's password. A new one is in the file before it is returned.
func (s *secrets) password(role string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.passwords[role]; p != "" {
		return p, nil
	}
	p := rand.Text()
	s.passwords[role] = p
	text, err := json.MarshalIndent(s.passwords, "", "  ")
	if err != nil {
		return "", err
	}
	if err := writeSynced(s.path, append(text, '\n')); err != nil {
		delete(s.passwords, role)
		return "", err
	}
	return p, nil
}

// writeSynced replaces a file so that a crash leaves the old or the new one.
func writeSynced(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}
