package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"gongshu/policies"
)

// errUnmet is returned after the report on the expectations was printed.
var errUnmet = errors.New("the policy does not meet the expectations")

// expectationReport is the answer of `policy test`.
type expectationReport struct {
	Met       bool               `json:"met"`
	Questions int                `json:"questions"`
	Version   string             `json:"version"`
	Hash      string             `json:"hash"`
	Outcomes  []policies.Outcome `json:"outcomes"`
}

func newPolicyTestCommand() *cobra.Command {
	var (
		rules, addition, region string
		asJSON                  bool
	)
	cmd := &cobra.Command{
		Use:   "test [FILE.yaml]",
		Short: "按期望表检验规则 · ask a table of questions and compare with the expected answers",
		Long: `按期望表检验规则，不需要数据库，适合持续集成；不符时退出码为 1。不给文件时用随程序发布的期望表(policies/expectations.yaml)。

Asks rules a table of questions and compares the answers with those expected; needs no database, ends with exit code 1 when one
differs. Without a file it asks the table that comes with the program, policies/expectations.yaml, which says how one is written.`,
		Example: `  gongshu policy test
  gongshu policy test ours.yaml --rules rules-2.csv --region shuozhou --addition shuozhou.csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (addition == "") != (region == "") {
				return errors.New("--addition and --region belong together")
			}
			policy, err := loadedRules(cmd, rules, region, addition)
			if err != nil {
				return err
			}
			expectations := policies.ShippedExpectations()
			if len(args) == 1 {
				text, err := os.ReadFile(args[0])
				if err != nil {
					return err
				}
				if expectations, err = policies.ReadExpectations(args[0], text); err != nil {
					return err
				}
			}
			outcomes, err := policy.Check(region, expectations)
			if err != nil {
				return err
			}
			report := expectationReport{Met: true, Version: policy.Version(), Hash: policy.Hash(), Outcomes: outcomes}
			for _, o := range outcomes {
				report.Questions += o.Questions
				report.Met = report.Met && o.Met()
			}
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), report)
			} else {
				err = report.write(cmd.OutOrStdout())
			}
			if err == nil && !report.Met {
				err = errUnmet
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&rules, "rules", "", "rules file of every region; none: the rules that come with the program")
	f.StringVar(&region, "region", "", "the region that is asked about")
	f.StringVar(&addition, "addition", "", "rules file of what the region adds")
	f.BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

// loadedRules loads rules from files, or those that come with the program.
func loadedRules(cmd *cobra.Command, rules, region, addition string) (*policies.Policy, error) {
	policy := policies.Shipped()
	if rules != "" {
		text, err := readRules(cmd, rules)
		if err != nil {
			return nil, err
		}
		if policy, err = policies.LoadRules(text); err != nil {
			return nil, err
		}
	}
	if addition == "" {
		return policy, nil
	}
	text, err := readRules(cmd, addition)
	if err != nil {
		return nil, err
	}
	return policy.With(region, text)
}

// shownWrong bounds how many wrong answers of one expectation are printed.
const shownWrong = 5

func (r expectationReport) write(w io.Writer) error {
	failed := 0
	for _, o := range r.Outcomes {
		if o.Met() {
			if _, err := fmt.Fprintf(w, "✓ %s (%d)\n", o.Name, o.Questions); err != nil {
				return err
			}
			continue
		}
		failed++
		if _, err := fmt.Fprintf(w, "✗ %s: %d/%d 与期望 %s 不符 · differ from %s\n", o.Name, len(o.Wrong), o.Questions, o.Want, o.Want); err != nil {
			return err
		}
		for i, q := range o.Wrong {
			if i == shownWrong {
				if _, err := fmt.Fprintf(w, "    … 另有 %d 条 · %d more\n", len(o.Wrong)-i, len(o.Wrong)-i); err != nil {
					return err
				}
				break
			}
			answer := "不允许 denied"
			if q.Allowed {
				answer = "允许 allowed"
			}
			if _, err := fmt.Fprintf(w, "    %s: %s\n", answer, q); err != nil {
				return err
			}
			for _, rule := range q.Rules {
				if _, err := fmt.Fprintf(w, "        %s:%d  %s\n", rule.File, rule.Line, rule.Text); err != nil {
					return err
				}
			}
		}
	}
	_, err := fmt.Fprintf(w, "\n期望 %d 条，不符 %d 条，共 %d 问 · %d expectations, %d not met, %d questions\n规则版本 · policy %s %s\n",
		len(r.Outcomes), failed, r.Questions, len(r.Outcomes), failed, r.Questions, r.Version, r.Hash)
	return err
}
