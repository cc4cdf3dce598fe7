package dev

import "syscall"

// dieWithParent has the kernel kill the child when the thread that started it ends. A kill needs no goodbye: what was
// promised is in the database.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
