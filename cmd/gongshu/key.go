package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gongshu/desk"
	"gongshu/sharing"
)

func newKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "系统密钥 · keys under which systems use the API",
		Long: `系统密钥供其他系统调用接口：属于一个部门，以该部门一个用户的身份、在所给角色和范围之内办理，到期失效。
签发、轮换和吊销都记入审计日志；部门负责人也可以查看、吊销本部门的密钥（GET /keys、DELETE /keys/{id}）。

Keys are for systems that call the API: each belongs to a department and acts as one of its users, within the roles and scopes
that it was given, until it expires. Their making, rotation and end stand in the audit trail; the head of a department sees and
revokes its keys, too (GET /keys, DELETE /keys/{id}).`,
	}
	cmd.AddCommand(newKeyCreateCommand(), newKeyListCommand(), newKeyRotateCommand(), newKeyRevokeCommand())
	return cmd
}

// withKeys runs do on a desk over the database of the owner of the tables. by must
// be an enabled user, or nobody.
func withKeys(ctx context.Context, c *config, by string, do func(d *desk.Desk, by string) error) error {
	url, err := c.ownerDatabase()
	if err != nil {
		return err
	}
	store, err := openStore(ctx, url)
	if err != nil {
		return err
	}
	defer store.Close()
	if by != "" {
		if _, err := store.User(ctx, by); err != nil {
			return fmt.Errorf("--by %s: %w", by, err)
		}
	}
	return do(desk.New(desk.Options{Store: store}), cmp.Or(by, sharing.System))
}

// told is a key as the commands tell it, with its secret where it is new.
type told struct {
	ID         string         `json:"id"`
	Secret     string         `json:"secret,omitempty"`
	Name       string         `json:"name"`
	Department string         `json:"department"`
	User       string         `json:"user"`
	Roles      []sharing.Role `json:"roles"`
	Scopes     []string       `json:"scopes"`
	Addresses  []netip.Prefix `json:"addresses"`
	State      string         `json:"state"`
	ExpiresAt  time.Time      `json:"expires_at"`
	OldUntil   *time.Time     `json:"overlap_until,omitempty"`
	LastUsedAt *time.Time     `json:"last_used_at,omitempty"`
}

func tell(k desk.Key, secret string) told {
	state := "active"
	switch {
	case k.RevokedAt != nil:
		state = "revoked"
	case k.Expired:
		state = "expired"
	}
	return told{k.ID, secret, k.Name, k.Department.ID, k.UserID, k.Roles, k.Scopes, append([]netip.Prefix{}, k.Addresses...), state,
		k.ExpiresAt.In(sharing.Shanghai), k.OldUntil, k.LastUsedAt}
}

// writeSecret tells the secret of a key on the standard output, alone so that it can
// be piped, and the rest beside it.
func writeSecret(cmd *cobra.Command, k desk.Key, secret string, asJSON bool) error {
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), tell(k, secret))
	}
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), secret); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.ErrOrStderr(), "密钥 %s，有效至 %s；只显示这一次 · key %s, good until then; it is not shown again\n",
		k.ID, k.ExpiresAt.In(sharing.Shanghai).Format(time.RFC3339), k.ID)
	return err
}

func newKeyCreateCommand() *cobra.Command {
	var (
		c                config
		n                desk.NewKey
		roles, addresses []string
		by               string
		asJSON           bool
	)
	cmd := &cobra.Command{
		Use:   "create --department D --user U --name TEXT --role R --scope S --days N",
		Short: "签发密钥 · make a key and print its secret once",
		Example: `  gongshu key create --department shuozhou-authority --user shuozhou-authority-gateway --name gateway \
    --role gateway --scope use --address 10.20.0.0/16 --days 180`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, r := range roles {
				n.Roles = append(n.Roles, sharing.Role(r))
			}
			for _, a := range addresses {
				p, err := addressRange(a)
				if err != nil {
					return fmt.Errorf("--address %s: %w", a, err)
				}
				n.Addresses = append(n.Addresses, p)
			}
			return withKeys(cmd.Context(), &c, by, func(d *desk.Desk, by string) error {
				key, secret, err := d.CreateKey(cmd.Context(), by, n)
				if err != nil {
					return flagged(err)
				}
				return writeSecret(cmd, key, secret, asJSON)
			})
		},
	}
	c.flags(cmd, "owner")
	f := cmd.Flags()
	f.StringVar(&n.Department, "department", "", "department that the key belongs to")
	f.StringVar(&n.User, "user", "", "user of the department as whom it acts")
	f.StringVar(&n.Name, "name", "", "which system it is for")
	f.StringSliceVar(&roles, "role", nil, "roles it has, of the user's own")
	f.StringSliceVar(&n.Scopes, "scope", nil, "what it may be used for: "+strings.Join(desk.Scopes, ", "))
	f.StringSliceVar(&addresses, "address", nil, "from where it may be used, such as 10.1.0.0/16; none: from anywhere")
	f.IntVar(&n.Days, "days", 0, fmt.Sprintf("days after which it expires, at most %d", desk.MaxKeyDays))
	f.StringVar(&by, "by", "", `user who makes it; "system" when nobody is named`)
	f.BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

// addressRange reads a range of addresses, or one address.
func addressRange(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.Prefix(ip.BitLen())
	}
	return netip.ParsePrefix(text)
}

// flagged names the flags instead of the fields that break a rule.
func flagged(err error) error {
	var e *sharing.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	flags := map[string]string{"roles": "role", "scopes": "scope", "addresses": "address"}
	all := make([]error, len(e.Fields))
	for i, f := range e.Fields {
		name, _, _ := strings.Cut(strings.TrimPrefix(f.Field, "/"), "/")
		all[i] = fmt.Errorf("--%s: %s", cmp.Or(flags[name], name), strings.TrimSuffix(f.Rule+": "+f.Detail, ": "))
	}
	return errors.Join(all...)
}

func newKeyListCommand() *cobra.Command {
	var (
		c          config
		department string
		asJSON     bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "列出密钥 · the keys there are, without their secrets",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd.Context(), &c, "", func(d *desk.Desk, _ string) error {
				keys, err := d.Store.Keys(cmd.Context(), department)
				if err != nil {
					return err
				}
				rows := make([]told, len(keys))
				for i, k := range keys {
					rows[i] = tell(k, "")
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), rows)
				}
				out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
				fmt.Fprintln(out, "ID\tNAME\tDEPARTMENT\tUSER\tROLES\tSCOPES\tADDRESSES\tSTATE\tEXPIRES\tLAST USED")
				for _, r := range rows {
					used := "-"
					if r.LastUsedAt != nil {
						used = r.LastUsedAt.In(sharing.Shanghai).Format("2006-01-02 15:04")
					}
					fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%v\t%v\t%v\t%s\t%s\t%s\n", r.ID, r.Name, r.Department, r.User, r.Roles, r.Scopes, r.Addresses, r.State,
						r.ExpiresAt.Format("2006-01-02 15:04"), used)
				}
				return out.Flush()
			})
		},
	}
	c.flags(cmd, "owner")
	cmd.Flags().StringVar(&department, "department", "", "only of this department")
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

func newKeyRotateCommand() *cobra.Command {
	var (
		c       config
		by      string
		overlap time.Duration
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "rotate ID",
		Short: "轮换密钥 · give a key another secret and print it once",
		Long: `轮换密钥：新密钥立即生效，旧密钥在 --overlap 之内仍然有效；有效期不变。

The new secret is good at once, the one before for --overlap longer. When the key expires does not change.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withKeys(cmd.Context(), &c, by, func(d *desk.Desk, by string) error {
				key, secret, err := d.RotateKey(cmd.Context(), by, args[0], overlap)
				if err != nil {
					return flagged(err)
				}
				return writeSecret(cmd, key, secret, asJSON)
			})
		},
	}
	c.flags(cmd, "owner")
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the secret before stays good, at most 168h (7 days); 0 ends it at once")
	cmd.Flags().StringVar(&by, "by", "", `user who rotates it; "system" when nobody is named`)
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

func newKeyRevokeCommand() *cobra.Command {
	var (
		c  config
		by string
	)
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "吊销密钥 · end a key at once and for good",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withKeys(cmd.Context(), &c, by, func(d *desk.Desk, by string) error {
				if err := d.EndKey(cmd.Context(), by, args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "已吊销 · revoked %s\n", args[0])
				return err
			})
		},
	}
	c.flags(cmd, "owner")
	cmd.Flags().StringVar(&by, "by", "", `user who revokes it; "system" when nobody is named`)
	return cmd
}
