package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"gongshu/postgres"
)

func newTrailCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "trail", Short: "审计链 · the audit trail"}
	cmd.AddCommand(newTrailVerifyCommand())
	return cmd
}

func newTrailVerifyCommand() *cobra.Command {
	var (
		c     config
		heads string
	)
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "逐条校验审计链 · recompute the hash chain from its stored bytes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := c.database()
			if err != nil {
				return err
			}
			var exported []postgres.Head
			if heads != "" {
				if exported, err = readHeads(heads); err != nil {
					return err
				}
			}
			store, err := openStore(cmd.Context(), url)
			if err != nil {
				return err
			}
			defer store.Close()
			head, err := store.VerifyTrail(cmd.Context(), exported...)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "审计链完整 · the trail is whole: %d 条 entries, head %s, %d heads compared\n", head.Seq, head.Hash, len(exported))
			return err
		},
	}
	c.flags(cmd, "database")
	cmd.Flags().StringVar(&heads, "heads", "", "file of heads exported by the worker, to compare with")
	return cmd
}

func readHeads(name string) ([]postgres.Head, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var heads []postgres.Head
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var h postgres.Head
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, len(heads)+1, err)
		}
		heads = append(heads, h)
	}
	return heads, lines.Err()
}
