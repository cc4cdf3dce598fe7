package main

import (
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"gongshu/api"
	"gongshu/demo"
	"gongshu/demo/provider"
)

// newDemoSignInCommand is the demo's identity provider, which `gongshu dev` runs.
func newDemoSignInCommand() *cobra.Command {
	var (
		listen string
		p      providers
	)
	cmd := &cobra.Command{
		Use:   "signin",
		Short: "演示用统一身份认证 · the demo's identity provider, on this machine only",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := loopback(listen); err != nil {
				return err
			}
			secret, err := p.secret()
			if err != nil {
				return err
			}
			if err := given(secret, "oidc-client-secret-file", "GONGSHU_OIDC_CLIENT_SECRET_FILE"); err != nil {
				return err
			}
			world, err := demo.Load()
			if err != nil {
				return err
			}
			listener, err := new(net.ListenConfig).Listen(cmd.Context(), "tcp", listen)
			if err != nil {
				return fmt.Errorf("--listen: %w", err)
			}
			defer listener.Close()
			h, err := provider.New(provider.Options{Issuer: "http://" + listener.Addr().String(), ClientSecret: secret, World: world})
			if err != nil {
				return err
			}
			newLogger().Info("listening", "address", listener.Addr().String())
			return ended(api.Serve(cmd.Context(), h, listener))
		},
	}
	cmd.Flags().StringVar(&p.secretFile, "oidc-client-secret-file", os.Getenv("GONGSHU_OIDC_CLIENT_SECRET_FILE"), "file with the client's secret ($GONGSHU_OIDC_CLIENT_SECRET_FILE)")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "host:port to listen on")
	return cmd
}
