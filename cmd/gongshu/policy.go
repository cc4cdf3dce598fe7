package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongshu/desk"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// newPolicyCommand explains, tests and changes the rules on who may see and do what.
func newPolicyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "权限规则 · who may see and do what"}
	cmd.AddCommand(newPolicyExplainCommand(), newPolicyWhoCommand(), newPolicyTestCommand(), newPolicyRehearseCommand(),
		newPolicyPublishCommand(), newPolicyShowCommand())
	return cmd
}

// refreshPolicy takes over the rules published in the database, waiting a while
// for its tables.
func refreshPolicy(ctx context.Context, current *policies.Current, store *postgres.Store) error {
	_, err := patiently(ctx, "the policy", func() (struct{}, error) { return struct{}{}, current.Refresh(ctx, desk.Publications{Store: store}) })
	return err
}

// checkRegion refuses a region that the database does not have.
func checkRegion(ctx context.Context, store *postgres.Store, id string) error {
	if id == "" {
		return nil
	}
	regions, err := store.Regions(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(regions, func(r sharing.Region) bool { return r.ID == id }) {
		return nil
	}
	names := make([]string, len(regions))
	for i, r := range regions {
		names[i] = r.ID
	}
	return fmt.Errorf("--region: there is no %q; there are %s", id, strings.Join(names, ", "))
}

// publication is one row as `policy show` tells of it.
type publication struct {
	ID      int64     `json:"id"`
	Region  string    `json:"region,omitempty"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
	By      string    `json:"by"`
	Note    string    `json:"note"`
}

// policyReport is what `policy show` tells.
type policyReport struct {
	Version string            `json:"version"`
	Hash    string            `json:"hash"`
	Regions map[string]string `json:"regions"` // versions of what regions add
	Source  string            `json:"source"`  // "program" or "published"
	Rows    []publication     `json:"publications"`
	Refused *refusedRules     `json:"refused,omitempty"`
}

// refusedRules is a publication that is not in force, with its faults.
type refusedRules struct {
	ID     int64    `json:"id"`
	Faults []string `json:"faults"`
}

func newPolicyShowCommand() *cobra.Command {
	var (
		c            config
		asJSON, file bool
		region       string
	)
	cmd := &cobra.Command{
		Use:   "show",
		Short: "现行规则的版本、哈希、起效时间与来源 · version and hash of the rules in force, since when, where from",
		Long: `显示现行规则。没有数据库时为随程序发布的规则;--file 输出规则文件本身，可据以修改。

Shows the rules in force; without a database those that come with the program. --file prints the file itself, to begin
another one from; with --region, what that region adds.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			current, err := policies.NewCurrent(policies.Shipped())
			if err != nil {
				return err
			}
			if _, err := c.database(); err == nil {
				store, err := postgres.Open(ctx, c.DatabaseURL)
				if err != nil {
					return err
				}
				defer store.Close()
				if err := current.Refresh(ctx, desk.Publications{Store: store}); err != nil {
					return err
				}
			}
			s := current.Standing()
			if file {
				return writeRules(cmd.OutOrStdout(), s, region)
			}
			report := reportPolicy(s)
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), report)
			}
			return report.write(cmd.OutOrStdout())
		},
	}
	c.flags(cmd, "database")
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "answer in JSON")
	f.BoolVar(&file, "file", false, "print the rules file")
	f.StringVar(&region, "region", "", "with --file: what this region adds")
	cmd.MarkFlagsMutuallyExclusive("json", "file")
	return cmd
}

func writeRules(w io.Writer, s policies.Standing, region string) error {
	text := policies.ShippedRules()
	if region != "" {
		text = nil
	}
	for _, r := range s.Rows {
		if r.Region == region {
			text = r.Text
		}
	}
	if text == nil {
		return fmt.Errorf("--region: %s adds nothing to the rules", region)
	}
	_, err := w.Write(text)
	return err
}

func reportPolicy(s policies.Standing) policyReport {
	report := policyReport{
		Version: s.Policy.Version(), Hash: s.Policy.Hash(), Regions: s.Policy.Regions(), Source: "program", Rows: []publication{},
	}
	for _, r := range s.Rows {
		version := s.Policy.Version()
		if r.Region != "" {
			version = report.Regions[r.Region]
		} else {
			report.Source = "published"
		}
		report.Rows = append(report.Rows, publication{r.ID, r.Region, version, r.At, r.By, r.Note})
	}
	if s.Err != nil {
		report.Refused = &refusedRules{ID: s.Refused.ID, Faults: strings.Split(s.Err.Error(), "\n")}
	}
	return report
}

func (r policyReport) write(w io.Writer) error {
	source := "随程序发布 (came with the program)"
	if r.Source == "published" {
		source = "已发布 (published)"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "版本 version  %s\n哈希 hash     %s\n来源 source   %s\n", r.Version, r.Hash, source)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	if len(r.Rows) > 0 {
		table := regulation.Table{Title: "在施行的发布 (publications in force)", Header: []string{"编号 id", "地区 region", "版本 version", "自 since", "发布人 by", "说明 note"}}
		for _, p := range r.Rows {
			table.Rows = append(table.Rows, []string{fmt.Sprint(p.ID), cmp.Or(p.Region, "全部 every"), p.Version,
				p.Since.In(sharing.Shanghai).Format("2006-01-02 15:04:05"), p.By, p.Note})
		}
		if err := table.WriteText(w); err != nil {
			return err
		}
	}
	if r.Refused != nil {
		_, err := fmt.Fprintf(w, "注意：第 %d 号发布无法载入，未施行 · note: publication %d does not load and is not in force, nor is what follows it:\n  %s\n",
			r.Refused.ID, r.Refused.ID, strings.Join(r.Refused.Faults, "\n  "))
		return err
	}
	return nil
}
