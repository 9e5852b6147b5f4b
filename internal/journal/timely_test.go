// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// No write of a session can hold the run for longer than a call may take: the loop
// makes them also after an interrupt, with a context that has no end of its own.
func TestWritesEnd(t *testing.T) {
	w := newWorld(t)
	endless := 0
	w.client = s3.New(w.client.Options(), func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("deadline", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				end, ok := ctx.Deadline()
				switch in.Parameters.(type) {
				case *s3.PutObjectInput, *s3.DeleteObjectInput:
					if !ok || time.Until(end) > Length-Margin {
						endless++
					}
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
		})
	})
	s := w.acquire("apply")
	w.commit(s, func(r *endpoint.Record) { r.Append(note("a test")) })
	w.advance(Length / 2)
	if err := s.Renew(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Obeyed(t.Context(), "1"); err != nil {
		t.Error(err)
	}
	if endless > 0 {
		t.Errorf("%d writes have no end", endless)
	}
}
