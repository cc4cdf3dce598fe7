//go:build !linux

package localpg

import "syscall"

// dieWithParent does nothing: only Linux offers it. What is left over is stopped by the next Start.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
