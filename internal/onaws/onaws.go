// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package onaws puts the loop on AWS: it connects the loop to the adapters for
// Elastic Beanstalk, the load balancer, CloudWatch and the journal. The faces
// start here; nothing is decided here.
package onaws

import (
	"context"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/balancer"
	"github.com/ionroller/terraform-provider-ionroller/internal/beanstalk"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/gate"
	"github.com/ionroller/terraform-provider-ionroller/internal/journal"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Config says as whom AWS is called and whose endpoints are meant.
type Config struct {
	AWS         awsclient.Config
	Bucket      string            // of bundles and the journal
	Owner       string            // whose endpoints; empty only reads
	DefaultTags map[string]string // on everything that is made
	Run         string            // what runs, for the trail: "terraform apply"
	Log         hclog.Logger
}

// Connect makes the loop. It asks AWS who the caller is, and whether the bucket
// fits: what is wrong with it is a *roller.Problems.
func Connect(ctx context.Context, c Config) (*roller.Roller, error) {
	clients, err := awsclient.New(ctx, c.AWS)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	clock := Clock{}
	records := journal.New(clients.S3, journal.Options{
		Bucket: c.Bucket, Account: clients.Account, Region: clients.Region,
		Owner: c.Owner, Platform: beanstalk.Kind, Clock: clock,
	})
	problems, err := records.Check(ctx)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, &roller.Problems{Problems: problems}
	}
	return &roller.Roller{
		Platform: beanstalk.New(clients, beanstalk.Options{Owner: c.Owner, Bucket: c.Bucket, Tags: c.DefaultTags}),
		Balancer: balancer.New(clients, balancer.Options{Owner: c.Owner, Tags: c.DefaultTags}),
		Meter:    gate.New(clients, clock),
		Journal:  records,
		Clock:    clock,
		Who:      endpoint.Who{Caller: clients.CallerARN, Host: host, Run: c.Run},
		Log:      c.Log,
	}, nil
}

// Clock is the machine's.
type Clock struct{}

// Now returns the time with its monotonic part, so that waiting does not depend
// on the wall clock.
func (Clock) Now() time.Time { return time.Now() }

// Sleep waits, or returns the context's error.
func (Clock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
