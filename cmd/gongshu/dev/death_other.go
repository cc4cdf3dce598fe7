//go:build !linux

package dev

import "syscall"

// dieWithParent does nothing: only Linux offers it. What is left over is stopped by the next run.
func dieWithParent(*syscall.SysProcAttr) {}
