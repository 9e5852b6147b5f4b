// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// The program is a Terraform provider when Terraform starts it, and the ionroller
// command otherwise.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/ionroller/terraform-provider-ionroller/internal/command"
	"github.com/ionroller/terraform-provider-ionroller/internal/provider"
)

// version is set when a release is built.
var version = "dev"

const (
	address = "registry.terraform.io/ionroller/ionroller"
	// cookie is the handshake by which a plugin knows that Terraform started it.
	cookie = "TF_PLUGIN_MAGIC_COOKIE"
)

func main() {
	debug := slices.Contains(os.Args[1:], "-debug")
	if os.Getenv(cookie) == "" && !debug {
		os.Exit(command.Main(version))
	}
	// Terraform stops a provider by a call. A signal is somebody else's: a container
	// that ends, an operator. The first one ends what is under way; the second ends
	// the program.
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	context.AfterFunc(stopped, stop)
	err := providerserver.Serve(context.Background(), provider.New(version, stopped.Done()), providerserver.ServeOpts{Address: address, Debug: debug})
	if err != nil {
		log.Fatal(err)
	}
}
