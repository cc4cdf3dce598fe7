package main

import (
	"github.com/spf13/cobra"

	"gongshu/almanac"
	"gongshu/postgres"
)

func newMigrateCommand() *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "建立或升级数据库结构 · bring the database's schema up to date",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := c.ownerDatabase()
			if err != nil {
				return err
			}
			owner, err := openStore(cmd.Context(), url)
			if err != nil {
				return err
			}
			defer owner.Close()
			if err := postgres.Migrate(cmd.Context(), url); err != nil {
				return err
			}
			// Notices that came with this release move what already runs.
			return almanac.Ship(cmd.Context(), owner)
		},
	}
	c.flags(cmd, "owner")
	return cmd
}
