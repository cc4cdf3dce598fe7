package main

import (
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gongshu/people"
	"gongshu/postgres"
	"gongshu/regulation"
)

func newPeopleCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "people", Short: "地区、部门与用户 · regions, departments and users"}
	cmd.AddCommand(newPeopleImportCommand())
	return cmd
}

func newPeopleImportCommand() *cobra.Command {
	var (
		c      config
		dryRun bool
	)
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "导入地区、部门和用户(YAML)· import regions, departments and users from YAML, \"-\" for the standard input",
		Long: `导入地区、部门和用户。整份导入或完全不导入;文件有误时逐条指出行、键和规则。重复导入不产生变化;文件中没有的保持不变;disabled: true 停用用户，merged_into 写明部门并入哪个部门。

Imports regions, departments and users, all of them or none; what is wrong with the file is told by line, key and rule.
Importing the same file again changes nothing, and what it does not name stays as it is. A user with disabled: true can no
longer sign in, and loses access tokens and sessions. A department with merged_into: ID of another of its region is merged
away: it has and does nothing new. See deploy/people.example.yaml.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := open(cmd, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			list, err := people.Read(args[0], in)
			if err != nil {
				return err
			}
			law, err := c.law()
			if err != nil {
				return err
			}
			url, err := c.ownerDatabase()
			if err != nil {
				return err
			}
			store, err := openStore(cmd.Context(), url)
			if err != nil {
				return err
			}
			defer store.Close()
			return importPeople(cmd, law, store, list, dryRun)
		},
	}
	c.flags(cmd, "owner", "regulations")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only report; change nothing")
	return cmd
}

func importPeople(cmd *cobra.Command, law *regulation.Library, store *postgres.Store, list people.People, dryRun bool) error {
	ctx := cmd.Context()
	var changes []postgres.PeopleChange
	err := store.InTx(ctx, func(tx *postgres.Tx) (err error) {
		if changes, err = tx.ImportPeople(ctx, postgres.People(list)); err == nil && dryRun {
			err = errDryRun
		}
		return err
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return err
	}
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	counts := map[string]map[postgres.Change]int{"region": {}, "department": {}, "user": {}}
	for _, c := range changes {
		counts[c.Kind][c.Change]++
		if c.Change != postgres.Unchanged {
			fmt.Fprintf(out, "%s\t%s\t%s\n", c.Change, c.Kind, c.ID)
		}
	}
	fmt.Fprintf(out, "\tadded\tupdated\tunchanged\n")
	for _, kind := range []struct{ name, title string }{{"region", "地区 · regions"}, {"department", "部门 · departments"}, {"user", "用户 · users"}} {
		n := counts[kind.name]
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\n", kind.title, n[postgres.Added], n[postgres.Updated], n[postgres.Unchanged])
	}
	for _, r := range list.Regions {
		if !slices.ContainsFunc(law.All(), func(l *regulation.Regulation) bool { return l.Region == r.ID }) {
			fmt.Fprintf(out, "注意:没有适用于 %s 的规定,不能提交申请 · note: no regulation for region %s, nothing can be applied for there\n", r.ID, r.ID)
		}
	}
	if dryRun {
		fmt.Fprintln(out, "试运行,未写入 · dry run, nothing was written")
	}
	return out.Flush()
}
