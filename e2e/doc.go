// Package e2e tests the whole system as its operators run it: `gongshu dev` with
// its own PostgreSQL and Temporal server, spoken to over REST and the command
// line, and broken by killing, stopping and cutting off its processes.
//
// Everything is behind build tags, because the Temporal server must have been
// built: `go test -tags e2e ./e2e`. The programs are those that $GONGSHU_BIN and
// $GONGSHU_DEVSERVER name, or are built. With the tag bench instead, one test
// measures a running system and prints the figures.
package e2e
