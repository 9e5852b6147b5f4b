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

	"github.com/ionroller/terraform-provider-ionroller/internal/command"
	"github.com/ionroller/terraform-provider-ionroller/internal/provider"
)

// version is set when a release is built.
var version = "dev"

// cookie is the handshake by which a plugin knows that Terraform started it.
const cookie = "TF_PLUGIN_MAGIC_COOKIE"

func main() {
	debug := slices.Contains(os.Args[1:], "-debug")
	if os.Getenv(cookie) == "" && !debug {
		os.Exit(command.Main(version))
	}
	// The first signal stops what is under way; a second SIGTERM ends the program.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := provider.Serve(ctx, version, debug); err != nil {
		log.Fatal(err)
	}
}
