package main

import (
	"context"

	"github.com/spf13/cobra"

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
			_, err = patiently(cmd.Context(), "PostgreSQL", func() (struct{}, error) {
				return struct{}{}, ping(cmd.Context(), url)
			})
			if err != nil {
				return err
			}
			return postgres.Migrate(cmd.Context(), url)
		},
	}
	c.flags(cmd, "owner")
	return cmd
}

func ping(ctx context.Context, url string) error {
	store, err := postgres.Open(ctx, url)
	if err != nil {
		return err
	}
	store.Close()
	return nil
}
