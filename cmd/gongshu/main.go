// Command gongshu is Gongshu as one program: api, worker, migrate and dev run the
// system, the rest are commands for its operators and for officers.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // Asia/Shanghai, wherever the program runs

	"github.com/spf13/cobra"
)

// version is set when the program is built for release.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := rootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "gongshu:", err)
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "gongshu",
		Short:         "公数:公共数据共享审批 · approvals for sharing public data",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newDevCommand(),
		newAPICommand(),
		newWorkerCommand(),
		newMigrateCommand(),
		newDemoCommand(),
		newTokenCommand(),
		newKeyCommand(),
		newPeopleCommand(),
		newCatalogCommand(),
		newTrailCommand(),
		newDueCommand(),
		newRegulationCommand(),
		newCalendarCommand(),
		newPolicyCommand(),
	)
	return root
}
