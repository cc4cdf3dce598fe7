package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

const (
	loopback    = "127.0.0.1"
	clusterName = "gongshu-dev"

	// historyShards is fixed in the database by the first start.
	historyShards = 4

	// Connections per service and database; four services run in the process and history uses most of them.
	mainConns       = 16
	visibilityConns = 4
)

// tuning is the dynamic configuration. By default each shard polls its queues 20 times a second, which puts a floor
// of 50 ms under every start and every activity.
var tuning = dynamicconfig.StaticClient{
	dynamicconfig.TransferProcessorMaxPollRPS.Key():                        2000,
	dynamicconfig.TimerProcessorMaxPollRPS.Key():                           2000,
	dynamicconfig.VisibilityProcessorMaxPollRPS.Key():                      1000,
	dynamicconfig.OutboundProcessorMaxPollRPS.Key():                        1000,
	dynamicconfig.FrontendEnableUpdateWorkflowExecution.Key():              true,
	dynamicconfig.FrontendEnableUpdateWorkflowExecutionAsyncAccepted.Key(): true,
	// Tests may ask the server to let time pass for one execution.
	dynamicconfig.WorkflowTimeSkippingEnabled.Key(): true,
	// A namespace is usable this long after it was registered.
	dynamicconfig.NamespaceCacheRefreshInterval.Key(): 500 * time.Millisecond,
	// One person's machine needs no protection from its own load.
	dynamicconfig.FrontendRPS.Key():                        20000,
	dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key(): 20000,
	dynamicconfig.FrontendPersistenceMaxQPS.Key():          20000,
	dynamicconfig.HistoryRPS.Key():                         20000,
	dynamicconfig.HistoryPersistenceMaxQPS.Key():           20000,
	dynamicconfig.MatchingRPS.Key():                        20000,
	dynamicconfig.MatchingPersistenceMaxQPS.Key():          20000,
}

// server is a running Temporal server with its namespace registered.
type server struct {
	Address string // of the frontend
	UI      string // URL of the web UI; empty when it is off

	temporal temporal.Server
	ui       *webUI
}

// start migrates the databases, starts the four services and the web UI, and returns when the namespace answers.
func start(ctx context.Context, o options) (*server, error) {
	logger, err := newLogger(o)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, o.Postgres, logger); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	if o.Port == 0 {
		one, err := freePorts(1)
		if err != nil {
			return nil, err
		}
		o.Port = one[0]
	}
	cfg, hosts, err := serverConfig(o, ports)
	if err != nil {
		return nil, err
	}
	// The server's own answer to a taken port is a fatal log line with a stack.
	if err := portFree(o.Port); err != nil {
		return nil, err
	}
	ts, err := temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger),
		temporal.WithDynamicConfigClient(tuning),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("building the Temporal server: %w", err)
	}
	if err := ts.Start(); err != nil {
		return nil, fmt.Errorf("starting the Temporal server: %w", err)
	}
	s := &server{Address: address(o.Port), temporal: ts}
	if err := registerNamespace(ctx, s.Address, o.Namespace); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if o.UIPort != 0 {
		if s.ui, err = startUI(o.UIPort, s.Address, o.Namespace); err != nil {
			return nil, errors.Join(fmt.Errorf("web UI: %w", err), s.Stop())
		}
		s.UI = "http://" + address(o.UIPort)
	}
	return s, nil
}

// Stop lets the services finish what they are doing; what is not finished is in the database.
func (s *server) Stop() error {
	if s.ui != nil {
		s.ui.Stop()
	}
	return s.temporal.Stop()
}

// serverConfig gives the four services their ports: the frontend the one of the options, the others inner ones.
func serverConfig(o options, inner []int) (*config.Config, map[primitives.ServiceName]static.Hosts, error) {
	mainSQL, err := sqlConfig(o.Postgres, mainDatabase, mainConns)
	if err != nil {
		return nil, nil, err
	}
	visibilitySQL, err := sqlConfig(o.Postgres, visibilityDatabase, visibilityConns)
	if err != nil {
		return nil, nil, err
	}
	cfg := &config.Config{
		Persistence: config.Persistence{
			DefaultStore:     "main",
			VisibilityStore:  "visibility",
			NumHistoryShards: historyShards,
			DataStores: map[string]config.DataStore{
				"main":       {SQL: mainSQL},
				"visibility": {SQL: visibilitySQL},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: address(o.Port)},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: address(o.Port)},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		Services: make(map[string]config.Service),
	}
	cfg.Global.Membership = config.Membership{BroadcastAddress: loopback, MaxJoinDuration: 10 * time.Second}
	if o.Metrics != "" {
		cfg.Global.Metrics = &metrics.Config{
			Prometheus: &metrics.PrometheusConfig{ListenAddress: o.Metrics, HandlerPath: "/metrics"},
		}
	}
	hosts := make(map[primitives.ServiceName]static.Hosts)
	for service, port := range map[primitives.ServiceName]int{
		primitives.FrontendService: o.Port,
		primitives.HistoryService:  inner[0],
		primitives.MatchingService: inner[1],
		primitives.WorkerService:   inner[2],
	} {
		cfg.Services[string(service)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopback}}
		hosts[service] = static.SingleLocalHost(address(port))
	}
	return cfg, hosts, nil
}

// newLogger writes to temporal.log in the options' folder, or to standard error.
func newLogger(o options) (log.Logger, error) {
	cfg := log.Config{Level: o.LogLevel, Format: "console"}
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("--dir: %w", err)
		}
		cfg.OutputFile = filepath.Join(o.Dir, "temporal.log")
	}
	return log.NewZapLogger(log.BuildZapLogger(cfg)), nil
}

func address(port int) string {
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}
