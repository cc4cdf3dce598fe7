package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// webUI is Temporal's web UI, served from the assets in its module.
type webUI struct {
	server *uiserver.Server
}

// startUI serves the UI on a loopback port. The UI's own server ends the process when it cannot listen, so the port
// is looked at first; it returns once the UI answers.
func startUI(port int, frontend, namespace string) (*webUI, error) {
	if err := portFree(port); err != nil {
		return nil, err
	}
	ui := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: frontend,
		Host:                loopback,
		Port:                port,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true},
	}))
	ended := make(chan error, 1)
	go func() { ended <- ui.Start() }()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("ended at once: %w", err)
		default:
		}
		err := answers(ctx, "http://"+address(port)+"/healthz")
		if err == nil {
			return &webUI{server: ui}, nil
		}
		select {
		case <-ctx.Done():
			ui.Stop()
			return nil, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop closes the UI's connections.
func (ui *webUI) Stop() { ui.server.Stop() }

func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
