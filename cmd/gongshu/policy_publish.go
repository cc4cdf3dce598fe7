package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"gongshu/desk"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

func newPolicyPublishCommand() *cobra.Command {
	var (
		c                        config
		region, note, by         string
		withdraw, dryRun, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "publish FILE | --withdraw",
		Short: "校验并发布规则 · check rules and put them in force",
		Long: `发布全部地区的规则，或以 --region 发布一个地区的补充规则。发布前逐项校验：语法、界限、自检、期望表；有一处不符即不发布。
发布后各进程在一秒内整体换用。--withdraw 收回已发布的规则：恢复随程序发布的规则，或该地区不再补充。

Publishes the rules of every region, or with --region what one region adds to them. They are read, held to the bounds, tested
and asked the expectations first, and nothing is published when anything is wrong. Every process has them within a second.
--withdraw takes back what was published: the rules that come with the program are in force again, or the region adds nothing.`,
		Example: `  gongshu policy rehearse rules-2.csv
  gongshu policy publish rules-2.csv --note "supervisors see grants" --by shuozhou-operator`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if withdraw == (len(args) == 1) {
				return errors.New("either a file or --withdraw")
			}
			if strings.TrimSpace(note) == "" {
				return errors.New("--note is missing: why the rules change, in a few words")
			}
			next := policies.Published{Region: region, By: cmp.Or(by, sharing.System), Note: note}
			if !withdraw {
				text, err := readRules(cmd, args[0])
				if err != nil {
					return err
				}
				next.Text = text
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
			report, err := publish(cmd.Context(), store, next, dryRun)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), report)
			}
			return report.write(cmd.OutOrStdout())
		},
	}
	c.flags(cmd, "owner")
	f := cmd.Flags()
	f.StringVar(&region, "region", "", "the region that adds the rules; none: the rules of every region")
	f.StringVar(&note, "note", "", "why the rules change")
	f.StringVar(&by, "by", "", `user who publishes; "system" when nobody is named`)
	f.BoolVar(&withdraw, "withdraw", false, "take back what was published")
	f.BoolVar(&dryRun, "dry-run", false, "only check; publish nothing")
	f.BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

// maxRules bounds what is read of a rules file, in bytes: more than any that loads.
const maxRules = 1 << 20

// readRules reads a rules file, which must hold something.
func readRules(cmd *cobra.Command, name string) ([]byte, error) {
	in, err := open(cmd, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxRules))
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("%s: is empty", name)
	}
	return text, err
}

// publish checks rules and writes them. Of two at a time one is refused, for it was
// not checked with the other.
func publish(ctx context.Context, store *postgres.Store, next policies.Published, dryRun bool) (publishedReport, error) {
	if err := checkRegion(ctx, store, next.Region); err != nil {
		return publishedReport{}, err
	}
	if next.By != sharing.System {
		if _, err := store.User(ctx, next.By); err != nil {
			return publishedReport{}, fmt.Errorf("--by %s: %w", next.By, err)
		}
	}
	regions, err := store.Regions(ctx)
	if err != nil {
		return publishedReport{}, err
	}
	current, err := desk.PolicyInForce(ctx, store)
	if err != nil {
		return publishedReport{}, err
	}
	p, err := desk.CheckRules(current, next)
	if p.DryRun = dryRun; err != nil || dryRun {
		return publishedReport{p}, err
	}
	err = store.InTx(ctx, func(tx *postgres.Tx) error {
		entries, err := desk.PutRules(ctx, tx, sharing.Entry{Actor: next.By}, &p, next, current.Standing().Last, regions)
		if err != nil {
			return err
		}
		return tx.Append(ctx, entries...)
	})
	return publishedReport{p}, err
}

// publishedReport is what a publication came to, as it is printed.
type publishedReport struct{ desk.Publication }

func (r publishedReport) write(w io.Writer) error {
	where := "全部地区 every region"
	if r.Region != "" {
		where = r.Region
	}
	verb := fmt.Sprintf("已发布第 %d 号 · published as %d", r.ID, r.ID)
	if r.DryRun {
		verb = "校验通过，未发布 · sound; nothing was published"
	}
	_, err := fmt.Fprintf(w, "%s\n地区 region   %s\n版本 version  %s\n哈希 hash     %s\n此前 was      %s\n", verb, where, cmp.Or(r.Version, "—"), r.Hash, r.Was)
	return err
}
