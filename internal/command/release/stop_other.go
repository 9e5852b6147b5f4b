// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build !linux

package release

import (
	"context"
	"os/signal"
	"syscall"
)

// stopOf returns the context that stops Terraform. Here the interrupt of a terminal
// reaches it by itself, and it takes a second one for an order to drop everything:
// only what ends this process alone is passed on.
func stopOf(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM)
}
