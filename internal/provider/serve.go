// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

const registryAddress = "registry.terraform.io/ionroller/ionroller"

// Serve lets Terraform use the provider until Terraform ends it. When ctx ends,
// everything that is under way stops as it does on Terraform's own Ctrl-C, and
// what is asked for afterwards is not begun.
func Serve(ctx context.Context, version string, debug bool) error {
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(registryAddress, func() tfprotov6.ProviderServer {
		return &server{ProviderServer: providerserver.NewProtocol6(New(version)())(), stopped: ctx.Done()}
	}, options...)
}

// server is the provider with a second way to be stopped: Terraform's is a call,
// which nobody makes when a supervisor ends the provider's process.
type server struct {
	tfprotov6.ProviderServer
	stopped <-chan struct{}
}

// until returns a context that ends with the call or when all is to stop.
func (s *server) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// ConfigureProvider connects to AWS.
func (s *server) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	ctx, cancel := s.until(ctx)
	defer cancel()
	return s.ProviderServer.ConfigureProvider(ctx, req)
}

// ReadResource refreshes.
func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	ctx, cancel := s.until(ctx)
	defer cancel()
	return s.ProviderServer.ReadResource(ctx, req)
}

// PlanResourceChange plans.
func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	ctx, cancel := s.until(ctx)
	defer cancel()
	return s.ProviderServer.PlanResourceChange(ctx, req)
}

// ApplyResourceChange creates, changes or removes.
func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	ctx, cancel := s.until(ctx)
	defer cancel()
	return s.ProviderServer.ApplyResourceChange(ctx, req)
}

// ImportResourceState imports.
func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	ctx, cancel := s.until(ctx)
	defer cancel()
	return s.ProviderServer.ImportResourceState(ctx, req)
}
