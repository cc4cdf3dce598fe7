package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gongshu/dcat"
	"gongshu/postgres"
	"gongshu/sharing"
)

func newCatalogCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "catalog", Short: "数据目录 · the catalog"}
	cmd.AddCommand(newCatalogImportCommand())
	return cmd
}

func newCatalogImportCommand() *cobra.Command {
	var (
		c      config
		region string
		dryRun bool
		quiet  bool
	)
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "导入目录(DCAT-US JSON)· import a catalog in DCAT-US JSON, \"-\" for the standard input",
		Long: `导入一个地区的目录:部门、条目、共享属性、依据、更新周期。逐条报告被更正或拒收的条目及原因;重复导入不产生变化。

Imports departments and entries with sharing class, basis and update cycle into a region, and reports every entry that
was changed or refused, and why. Importing the same file again changes nothing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := open(cmd, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			url, err := c.ownerDatabase()
			if err != nil {
				return err
			}
			store, err := openStore(cmd.Context(), url)
			if err != nil {
				return err
			}
			defer store.Close()
			return importCatalog(cmd, &c, store, in, region, dryRun, quiet)
		},
	}
	c.flags(cmd, "owner", "regulations")
	cmd.Flags().StringVar(&region, "region", "city", "region to import into")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only report; change nothing")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "only the summary")
	return cmd
}

func open(cmd *cobra.Command, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(cmd.InOrStdin()), nil
	}
	return os.Open(name)
}

func importCatalog(cmd *cobra.Command, c *config, store *postgres.Store, in io.Reader, region string, dryRun, quiet bool) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	regions, err := store.Regions(ctx)
	if err != nil {
		return err
	}
	known := false
	var names []string
	for _, r := range regions {
		known = known || r.ID == region
		names = append(names, r.ID)
	}
	if !known {
		return fmt.Errorf("--region %s: no such region; there are %s", region, strings.Join(names, ", "))
	}
	law, err := c.law()
	if err != nil {
		return err
	}
	var modes []sharing.Mode
	for _, r := range law.All() {
		if r.Region != region {
			continue
		}
		for _, m := range sharing.Modes {
			if _, allowed := r.Mode(m); allowed {
				modes = append(modes, m)
			}
		}
	}
	catalog, err := dcat.Read(in, dcat.Options{RegionID: region, Modes: modes})
	if err != nil {
		return err
	}
	departments, err := store.Departments(ctx, region)
	if err != nil {
		return err
	}
	adopt(&catalog, departments)
	if !quiet {
		for _, line := range catalog.Report {
			if line.Action == dcat.Imported && line.Rule == "" {
				continue
			}
			if _, err := fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\n", line.Index, line.Identifier, line.Action, line.Field, line.Rule, line.Detail); err != nil {
				return err
			}
		}
	}
	changes := map[postgres.Change]int{}
	err = store.InTx(ctx, func(tx *postgres.Tx) error {
		clear(changes)
		if err := tx.PutPeople(ctx, nil, catalog.Departments, nil); err != nil {
			return err
		}
		for _, r := range catalog.Resources {
			change, err := tx.PutResource(ctx, r)
			if err != nil {
				return fmt.Errorf("entry %s: %w", r.Code, err)
			}
			changes[change]++
		}
		if dryRun {
			return errDryRun
		}
		return nil
	})
	if err != nil && err != errDryRun {
		return err
	}
	counted := catalog.Summary()
	_, err = fmt.Fprintf(out, "条目 · entries: %d, %d imported as they stand, %d changed, %d refused\n数据库 · database: %d added, %d updated, %d unchanged%s\n", counted.Entries, counted.Imported, counted.Changed, counted.Refused,
		changes[postgres.Added], changes[postgres.Updated], changes[postgres.Unchanged], map[bool]string{true: " (dry run: nothing was written)"}[dryRun])
	return err
}

// adopt gives entries to the departments of the region that have their publisher's
// name, in Chinese or English. The other publishers become departments.
func adopt(catalog *dcat.Catalog, departments []sharing.Department) {
	known := map[string]sharing.Department{}
	for _, d := range departments {
		if d.NameEN != "" {
			known[d.NameEN] = d
		}
	}
	for _, d := range departments {
		known[d.Name] = d
	}
	catalog.Departments = slices.DeleteFunc(catalog.Departments, func(d sharing.Department) bool {
		_, ok := known[d.Name]
		return ok
	})
	for i, r := range catalog.Resources {
		if d, ok := known[r.Provider.Name]; ok {
			catalog.Resources[i].Provider = d
		}
	}
}

// errDryRun rolls an import back after it has shown what it would do.
var errDryRun = fmt.Errorf("dry run")
