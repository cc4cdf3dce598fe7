// Package rules holds the house's rules in tests: which package may import which, and what no file may contain.
package rules
