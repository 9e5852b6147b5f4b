// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package release

import "context"

// stopOf returns the context that stops Terraform. Here it runs in a process group of
// its own, and the interrupt of a terminal does not reach it by itself.
func stopOf(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}
