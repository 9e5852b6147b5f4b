// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// slept is the context of a process that slept past its deadline: its timer has
// not noticed.
type slept struct{ context.Context }

func (slept) Deadline() (time.Time, bool) { return time.Now().Add(-time.Minute), true }

func TestNoCallAfterTheDeadline(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	defer server.Close()
	client := s3.New(s3.Options{
		Region: "eu-west-1", BaseEndpoint: &server.URL, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		APIOptions:  []func(*middleware.Stack) error{punctual},
	})
	in := &s3.HeadBucketInput{Bucket: aws.String("acme-deployments")}
	if _, err := client.HeadBucket(slept{t.Context()}, in); !errors.Is(err, context.DeadlineExceeded) || calls > 0 {
		t.Errorf("%d calls were sent after the deadline: %v", calls, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := client.HeadBucket(ctx, in); err != nil || calls != 1 {
		t.Errorf("%d calls were sent in time: %v", calls, err)
	}
}
