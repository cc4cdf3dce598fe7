package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retention is how long the history of a closed workflow is kept.
const retention = 30 * 24 * time.Hour

// startTimeout is how long the services may take until the namespace answers.
const startTimeout = 60 * time.Second

// registerNamespace registers the namespace if it is not there, and returns when it can be used: its caches in
// frontend, history and visibility have seen it.
func registerNamespace(ctx context.Context, frontend, namespace string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	conn, err := grpc.NewClient(frontend, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	client := workflowservice.NewWorkflowServiceClient(conn)

	err = untilDone(ctx, func() error {
		_, err := client.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace:                        namespace,
			WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
		var exists *serviceerror.NamespaceAlreadyExists
		if err = serviceerror.FromStatus(status.Convert(err)); errors.As(err, &exists) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("registering namespace %s: %w", namespace, err)
	}
	err = untilDone(ctx, func() error {
		_, err := client.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace})
		return err
	})
	if err != nil {
		return fmt.Errorf("waiting for namespace %s: %w", namespace, err)
	}
	return nil
}

// untilDone repeats try until it succeeds or ctx ends; then it returns the last error.
func untilDone(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(30 * time.Millisecond):
		}
	}
}
