// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// The program is a Terraform provider when Terraform starts it, and the ionroller
// command otherwise.
package main

import (
	"context"
	"log"
	"os"
	"slices"

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
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{Address: address, Debug: debug})
	if err != nil {
		log.Fatal(err)
	}
}
