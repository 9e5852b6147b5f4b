// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package onaws puts the loop on AWS: it connects the loop to the adapters for
// Elastic Beanstalk, the load balancer, Route 53, CloudWatch and the journal. The faces
// start here; nothing is decided here.
package onaws

import (
	"cmp"
	"context"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/balancer"
	"github.com/ionroller/terraform-provider-ionroller/internal/beanstalk"
	"github.com/ionroller/terraform-provider-ionroller/internal/dns"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/gate"
	"github.com/ionroller/terraform-provider-ionroller/internal/journal"
	"github.com/ionroller/terraform-provider-ionroller/internal/probe"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Config says as whom AWS is called and whose endpoints are meant.
type Config struct {
	AWS         awsclient.Config
	Bucket      string            // of bundles and, unless it is elsewhere, the journal
	Journal     Journal           // where the journal is
	Owner       string            // whose endpoints; empty only reads
	DefaultTags map[string]string // on everything that is made
	Run         string            // what runs, for the trail: "terraform apply"
	Log         hclog.Logger
}

// Journal says where a journal is that is kept apart from the bundles. What is
// empty is as with them.
type Journal struct {
	Bucket string
	Region string
	Prefix string // of all keys
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
	options := journal.Options{
		Bucket: c.Bucket, Prefix: c.Journal.Prefix, Account: clients.Account, Region: clients.Region,
		Owner: c.Owner, Platform: beanstalk.Kind, Clock: machine{clients.Clock},
	}
	apart := c.Journal.Bucket != "" && c.Journal.Bucket != c.Bucket
	if apart {
		options.Bucket, options.BucketRegion, options.Attribute = c.Journal.Bucket, cmp.Or(c.Journal.Region, clients.Region), "journal.bucket"
	}
	records := journal.New(clients.S3In(options.BucketRegion), options)
	problems, err := records.Check(ctx)
	if err == nil && apart {
		var more []endpoint.Problem
		more, err = journal.CheckBucket(ctx, clients.S3, c.Bucket, clients.Region, "bucket")
		problems = append(problems, more...)
	}
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, &roller.Problems{Problems: problems}
	}
	return &roller.Roller{
		Platform: beanstalk.New(clients, beanstalk.Options{Owner: c.Owner, Bucket: c.Bucket, Tags: c.DefaultTags}),
		Balancer: balancer.New(clients, balancer.Options{Owner: c.Owner, Tags: c.DefaultTags}),
		DNS:      dns.New(clients),
		Meter:    gate.New(clients, clients.Clock),
		Prober:   probe.Prober{},
		Journal:  records,
		Clock:    clients.Clock,
		Expires:  clients.Expires,
		Who:      endpoint.Who{Caller: clients.CallerARN, Host: host, Run: c.Run},
		Log:      c.Log,
	}, nil
}

// machine is this machine's clock. Leases are counted by it, because they are about
// how long a process here has been silent, and not about what AWS's clock shows.
type machine struct{ *awsclient.Clock }

// Now returns the time with its monotonic reading.
func (machine) Now() time.Time { return time.Now() }
