package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"gongshu/cmd/gongshu/dev"
)

// newDevCommand is `gongshu dev`: everything on one machine.
func newDevCommand() *cobra.Command {
	var o dev.Options
	home := os.Getenv("GONGSHU_HOME")
	if home == "" {
		home = ".gongshu"
	}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "一条命令启动全部组件(演示数据)· run everything on this machine, with demo data",
		Long: `启动私有 PostgreSQL、Temporal 服务、数据库迁移、演示数据、接口与页面、工作进程;Ctrl-C 停止全部。

Starts a private PostgreSQL, a Temporal server on it, the migrations, the demo data, the API with its pages, and a
worker; starts again what dies; Ctrl-C stops all of it. Servers of your own take the place of the private ones with
--database-url and --temporal-address.`,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer stop()
			// After the first signal the next one has its usual effect, whoever else listens for it: the end of this
			// process, and with it of all.
			go func() {
				<-ctx.Done()
				signal.Reset(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			}()
			o.Out = cmd.OutOrStdout()
			return dev.Run(ctx, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Home, "home", home, "数据、日志与状态的目录 · folder for data, logs and state ($GONGSHU_HOME)")
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "接口与页面的地址 · host:port of the API and the pages")
	flags.StringVar(&o.DatabaseURL, "database-url", "", "使用已有的 PostgreSQL(应用角色)· a PostgreSQL of your own, as the application's role")
	flags.StringVar(&o.OwnerDatabaseURL, "owner-database-url", "", "同一数据库的属主角色,用于迁移 · the same database as its owner, for migrations (default --database-url)")
	flags.StringVar(&o.TemporalAddress, "temporal-address", "", "使用已有的 Temporal 服务 · host:port of a Temporal server of your own")
	flags.StringVar(&o.Devserver, "devserver", "", "gongshu-devserver 程序的路径 · path of gongshu-devserver (default: beside this program, then $PATH)")
	return cmd
}
