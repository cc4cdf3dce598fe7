package dev

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"
)

// The addresses a Temporal server customarily has; they are wishes.
const (
	temporalAddress   = "127.0.0.1:7233"
	temporalUIAddress = "127.0.0.1:8233"
)

// postgresVariable hands the database's URL to gongshu-devserver; a command line could be read by others.
const postgresVariable = "GONGSHU_TEMPORAL_POSTGRES_URL"

const devserverName = "gongshu-devserver"

// retention is how long the history of a closed workflow is kept.
const retention = 30 * 24 * time.Hour

// temporalProgram is what serves Temporal.
type temporalProgram struct {
	path          string
	needsDatabase bool // gongshu-devserver, which keeps its data in PostgreSQL
}

// temporalProgram finds gongshu-devserver, else the Temporal CLI. With a server of one's own there is none to find.
func (r *run) temporalProgram() (temporalProgram, error) {
	if r.TemporalAddress != "" {
		return temporalProgram{}, nil
	}
	if r.Devserver != "" {
		path, err := exec.LookPath(r.Devserver)
		if err != nil {
			return temporalProgram{}, fmt.Errorf("--devserver: %w", err)
		}
		return temporalProgram{path: path, needsDatabase: true}, nil
	}
	beside := filepath.Join(filepath.Dir(r.program), devserverName)
	if _, err := os.Stat(beside); err == nil {
		return temporalProgram{path: beside, needsDatabase: true}, nil
	}
	if path, err := exec.LookPath(devserverName); err == nil {
		return temporalProgram{path: path, needsDatabase: true}, nil
	}
	if path, err := exec.LookPath("temporal"); err == nil {
		return temporalProgram{path: path}, nil
	}
	return temporalProgram{}, fmt.Errorf("no Temporal server: neither %s beside %s nor on the path, nor the Temporal CLI; this helps: make devserver (or --temporal-address with one of your own)", devserverName, r.program)
}

// startTemporal starts the server, or looks at the one that is given, and returns when the namespace can be used.
func (r *run) startTemporal(ctx context.Context, program temporalProgram) error {
	if program.path == "" {
		return r.lookAtTemporal(ctx)
	}
	wish, _ := r.temporalWishes()
	return r.bring(ctx, wish, func(address string) (childSpec, error) {
		return r.temporalSpec(program, address)
	}, func(k *keeper) { r.temporal = k })
}

// temporalWishes returns where the server and its web UI should listen: where they customarily do, or, when the pages may
// be anywhere, anywhere too, where no other run reaches for their ports while they restart.
func (r *run) temporalWishes() (frontend, ui string) {
	if _, port, err := net.SplitHostPort(r.Listen); err == nil && port == "0" {
		return "127.0.0.1:0", "127.0.0.1:0"
	}
	return temporalAddress, temporalUIAddress
}

// temporalSpec runs the program on an address, and its web UI on another.
func (r *run) temporalSpec(program temporalProgram, address string) (childSpec, error) {
	_, ui := r.temporalWishes()
	ui, err := freeAddress(ui, 0)
	if err != nil {
		return childSpec{}, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return childSpec{}, err
	}
	_, uiPort, err := net.SplitHostPort(ui)
	if err != nil {
		return childSpec{}, err
	}
	spec := childSpec{
		name:        "temporal",
		program:     program.path,
		environment: inherited(),
		address:     address,
		also:        []string{ui},
		ready:       func(ctx context.Context) error { return useNamespace(ctx, address, r.namespace) },
		patience:    15 * time.Second,
	}
	if program.needsDatabase {
		url, err := r.database.temporalURL()
		if err != nil {
			return childSpec{}, err
		}
		spec.environment = append(spec.environment, postgresVariable+"="+url)
		spec.arguments = []string{"temporal", "--port", port, "--ui-port", uiPort, "--namespace", r.namespace}
	} else {
		spec.arguments = []string{"server", "start-dev", "--ip", "127.0.0.1", "--port", port, "--ui-port", uiPort,
			"--namespace", r.namespace, "--db-filename", filepath.Join(r.Home, "temporal.db"), "--log-level", "warn",
			"--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000",
			"--dynamic-config-value", "history.timerProcessorMaxPollRPS=2000"}
	}
	r.TemporalAddress = address
	return spec, r.state.update(func(s *State) {
		s.TemporalAddress, s.TemporalNamespace, s.TemporalUI = address, r.namespace, "http://"+ui
	})
}

// lookAtTemporal makes sure that the server that was given answers, and that it has the namespace.
func (r *run) lookAtTemporal(ctx context.Context) error {
	err := r.state.update(func(s *State) {
		s.TemporalAddress, s.TemporalNamespace = r.TemporalAddress, r.namespace
	})
	if err != nil {
		return err
	}
	done := r.console.waiting("Temporal "+r.TemporalAddress, "")
	defer done()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := registerNamespace(ctx, r.TemporalAddress, r.namespace); err != nil {
		return fmt.Errorf("--temporal-address %s: %w", r.TemporalAddress, err)
	}
	for {
		err := useNamespace(ctx, r.TemporalAddress, r.namespace)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("--temporal-address %s: %w", r.TemporalAddress, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// privateNamespace returns the namespace of a home's private server, made up on
// its first start. While that server is away, another home's may take its port: a
// worker that finds it there must not find its own namespace too.
func privateNamespace(home string) (string, error) {
	path := filepath.Join(home, "namespace")
	kept, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if name := strings.TrimSpace(string(kept)); name != "" {
		return name, nil
	}
	name := Namespace + "-" + strings.ToLower(rand.Text()[:8])
	return name, os.WriteFile(path, []byte(name+"\n"), 0o600)
}

// useNamespace asks something that the frontend, the namespace's caches and the visibility store must answer.
func useNamespace(ctx context.Context, address, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := client.DialContext(ctx, client.Options{HostPort: address, Namespace: namespace, Logger: quiet{}})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{})
	return err
}

// registerNamespace registers the namespace unless it is there.
func registerNamespace(ctx context.Context, address, namespace string) error {
	c, err := client.NewNamespaceClient(client.Options{HostPort: address, Logger: quiet{}})
	if err != nil {
		return err
	}
	defer c.Close()
	err = c.Register(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        namespace,
		WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	var exists *serviceerror.NamespaceAlreadyExists
	if errors.As(err, &exists) {
		return nil
	}
	return err
}

// quiet is a Temporal logger for connections that are expected to fail at first.
type quiet struct{}

var _ log.Logger = quiet{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
