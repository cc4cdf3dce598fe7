package localpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account is who the server runs as. The zero value is the user of this process.
type account struct {
	name     string
	other    bool // not the user of this process; possible as root only
	uid, gid uint32
}

// accountFor returns the user of this process, or under root, which PostgreSQL refuses: the owner of the data if
// that is somebody else, else postgres, else nobody.
func accountFor(dir string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if info, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			return account{name: "#" + strconv.Itoa(int(owner.Uid)), other: true, uid: owner.Uid, gid: owner.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("user %s: id %q: %w", name, u.Uid, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("user %s: group id %q: %w", name, u.Gid, err)
		}
		return account{name: name, other: true, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as; create one: useradd --system postgres")
}

// command prepares a program to run under the account, with nothing of our environment but the search path. Messages
// are English, since some of them are read.
func (a account) command(name string, arguments ...string) *exec.Cmd {
	return a.commandContext(context.Background(), name, arguments...)
}

func (a account) commandContext(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	if a.other {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: a.uid, Gid: a.gid}}
	}
	return cmd
}

// own hands a file or folder to the account.
func (a account) own(path string) error {
	if !a.other {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// makeFolder makes a folder that only the account may enter, or makes it so.
func (a account) makeFolder(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := a.own(path); err != nil {
		return err
	}
	return os.Chmod(path, 0o700)
}

// mayEnter reports whether the account can work in the folder. Only trying tells: permissions of every folder above,
// access lists and mounts all have a say.
func (a account) mayEnter(ctx context.Context, folder string) bool {
	if !a.other {
		return true
	}
	cmd := a.commandContext(ctx, "/bin/sh", "-c", ":")
	cmd.Dir = folder
	return cmd.Run() == nil
}

// elsewhere is where data go that cannot lie where they were asked for.
const elsewhere = "/var/lib/gongshu"

// placeFor returns the folder the data lie in: dir, unless root asked for a folder the server's account may not enter
// (below /root, mostly). Then it is one in /var/lib/gongshu, whose name is noted in dir, so that removing dir begins anew.
func placeFor(ctx context.Context, dir string, a account, log io.Writer) (string, error) {
	if !a.other {
		if err := os.Chmod(dir, 0o700); err != nil {
			return "", fmt.Errorf("the folder belongs to another user, who made it; run as that user or remove it: %w", err)
		}
		return dir, nil
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", err
	}
	if a.mayEnter(ctx, dir) {
		return dir, nil
	}
	note := filepath.Join(dir, "data-is-in")
	text, err := os.ReadFile(note)
	place := strings.TrimSpace(string(text))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		place = filepath.Join(elsewhere, "postgres-"+strings.ToLower(rand.Text()[:12]))
		if err := os.WriteFile(note, []byte(place+"\n"), 0o600); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	case filepath.Dir(place) != elsewhere:
		return "", fmt.Errorf("%s names %q, which is not a folder in %s", note, place, elsewhere)
	}
	if err := os.MkdirAll(place, 0o711); err != nil {
		return "", err
	}
	if !a.mayEnter(ctx, place) {
		return "", fmt.Errorf("PostgreSQL does not run as root, and user %s may enter neither %s nor %s", a.name, dir, place)
	}
	fmt.Fprintf(log, "PostgreSQL runs as user %s, who may not enter %s; the data lie in %s\n", a.name, dir, place)
	return place, nil
}
