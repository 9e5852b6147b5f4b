// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
)

// punctual keeps a client from sending a call after its context's deadline, by
// the wall clock. A context's own timer does not see the time that a machine
// slept, and comes a moment late in a process that was stopped; a call that is sent
// then may meet another run's work.
func punctual(stack *middleware.Stack) error {
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("ionrollerPunctual",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if end, ok := ctx.Deadline(); ok && time.Now().Round(0).After(end.Round(0)) {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, &aws.RequestCanceledError{Err: context.DeadlineExceeded}
			}
			return next.HandleFinalize(ctx, in)
		}), middleware.After)
}
