package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gongshu/desk"
)

func newTokenCommand() *cobra.Command {
	var (
		c     config
		user  string
		valid time.Duration
	)
	cmd := &cobra.Command{
		Use:   "token --user NAME",
		Short: "签发访问令牌 · print an access token of a user, for the API or the sign-in page",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if user == "" {
				return fmt.Errorf("--user is missing: the sign-in name of a user")
			}
			if valid < time.Minute || valid > 90*24*time.Hour {
				return fmt.Errorf("--valid must lie between 1m and 2160h (90 days)")
			}
			url, err := c.database()
			if err != nil {
				return err
			}
			store, err := openStore(cmd.Context(), url)
			if err != nil {
				return err
			}
			defer store.Close()
			token, err := desk.New(desk.Options{Store: store}).IssueToken(cmd.Context(), user, valid)
			if err != nil {
				return fmt.Errorf("--user %s: %w", user, err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	}
	c.flags(cmd, "database")
	cmd.Flags().StringVar(&user, "user", "", "sign-in name of the user")
	cmd.Flags().DurationVar(&valid, "valid", 24*time.Hour, "how long the token is good for")
	return cmd
}
