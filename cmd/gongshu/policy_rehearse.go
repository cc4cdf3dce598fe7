package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"gongshu/desk"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

// rehearsal is the answer of `policy rehearse`.
type rehearsal struct{ desk.Rehearsal }

func newPolicyRehearseCommand() *cobra.Command {
	var (
		c      config
		region string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "rehearse NEW_RULES.csv",
		Short: "演练规则变更：谁将看到或看不到什么 · who would gain or lose sight of what",
		Long: `严格载入新规则，与现行规则比较，对数据库中的全部人员、目录、在办事项逐一推算，说明谁将看到或看不到什么。不写入。

Loads changed rules as strictly as publishing does, compares them with those in force over the people, catalog entries, open
matters, applications and grants of the database, and says who would gain or lose what. Nothing is written.`,
		Example: `  gongshu policy rehearse rules-2.csv
  gongshu policy rehearse shuozhou.csv --region shuozhou --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readRules(cmd, args[0])
			if err != nil {
				return err
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
			r, err := rehearse(cmd.Context(), store, policies.Published{Region: region, Text: text})
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), r)
			}
			return r.write(cmd.OutOrStdout())
		},
	}
	c.flags(cmd, "database")
	cmd.Flags().StringVar(&region, "region", "", "the region that adds the rules; none: they are the rules of every region")
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

func rehearse(ctx context.Context, store *postgres.Store, next policies.Published) (rehearsal, error) {
	if err := checkRegion(ctx, store, next.Region); err != nil {
		return rehearsal{}, err
	}
	current, err := desk.PolicyInForce(ctx, store)
	if err != nil {
		return rehearsal{}, err
	}
	r, err := desk.RehearseRules(ctx, store, current, next)
	return rehearsal{r}, err
}

// shownPeople bounds how many people a sentence names.
const shownPeople = 5

func (r rehearsal) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "演练，未写入 · rehearsed, nothing written: %s → %s\n%d 人 people, %d 项 things\n\n", r.Was[:12], r.Hash[:12], r.People, r.Things)
	if len(r.Differences) == 0 {
		b.WriteString("对现有人员与事项没有变化 · nothing changes for the people and things there are\n")
	}
	for _, d := range r.Differences {
		b.WriteString(sentence(d))
		fmt.Fprintf(&b, "    人员 people: %s\n    例如 such as: %s\n", some(d.People, len(d.People)), some(d.Names, d.Things))
	}
	for _, u := range r.Unmet {
		fmt.Fprintf(&b, "不能发布 · cannot be published: %s\n", u)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sentence says what one difference comes to.
func sentence(d policies.Difference) string {
	people := fmt.Sprintf("these %d people", len(d.People))
	if len(d.People) == 1 {
		people = "this one person"
	}
	things := fmt.Sprintf("these %d %s", d.Things, plural(d.Kind))
	if d.Things == 1 {
		things = "one of the " + plural(d.Kind)
	}
	zh, en := fmt.Sprintf("将看不到这 %d 项%s", d.Things, kindWords[d.Kind]), "would lose sight of "+things
	switch {
	case d.Action == sharing.Read && d.Gains:
		zh, en = fmt.Sprintf("将看到这 %d 项%s", d.Things, kindWords[d.Kind]), "would gain sight of "+things
	case d.Action != sharing.Read && d.Gains:
		zh, en = fmt.Sprintf("将可对这 %d 项%s办理 %s", d.Things, kindWords[d.Kind], d.Action), fmt.Sprintf("would gain %s on %s", d.Action, things)
	case d.Action != sharing.Read:
		zh, en = fmt.Sprintf("将不能再对这 %d 项%s办理 %s", d.Things, kindWords[d.Kind], d.Action), fmt.Sprintf("would lose %s on %s", d.Action, things)
	}
	line := fmt.Sprintf("%s：这 %d 人%s · %s %s", d.Region, len(d.People), zh, people, en)
	if d.Pairs < len(d.People)*d.Things {
		line += fmt.Sprintf("（各人不全相同，合计 %d 项次 · not each of them all: %d in sum）", d.Pairs, d.Pairs)
	}
	return line + "\n"
}

// some names the first few of several.
func some(names []string, of int) string {
	if len(names) > shownPeople {
		names = names[:shownPeople]
	}
	list := strings.Join(names, "、")
	if of > len(names) {
		list += fmt.Sprintf(" … (%d)", of)
	}
	return list
}
