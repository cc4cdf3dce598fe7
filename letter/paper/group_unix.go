//go:build unix

package paper

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group of its own, which ends as a whole.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}
