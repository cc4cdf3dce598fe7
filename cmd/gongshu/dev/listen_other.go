//go:build !linux

package dev

// listens cannot tell here; what answers is taken to be the process.
func listens(int, string) (bool, error) { return true, nil }
