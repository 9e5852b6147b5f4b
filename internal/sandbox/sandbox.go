// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package sandbox is an AWS on loopback: one HTTP endpoint for all APIs and a
// load balancer that takes real traffic. It puts together the parts below it
// and has no behaviour of its own.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/process"
)

// Config says what sandbox to start. The zero value is a good one.
type Config struct {
	// Listen is the address of the AWS endpoint; 127.0.0.1:0 when empty.
	Listen string
	// LoadBalancerListen is where the load balancer takes traffic;
	// 127.0.0.1:0 when empty.
	LoadBalancerListen string
	// Region is the only Region served; us-east-1 when empty.
	Region string
	// Speed divides the time of what AWS does by itself; 60 when zero.
	Speed float64
	// TimeScale is how many times quicker than real time AWS's clock runs; 1 when
	// zero. With 600 a retention of an hour is over in six seconds.
	TimeScale float64
	// Quotas are the account's limits; AWS's own where zero.
	Quotas cloud.Quotas
	// NoIdleScaling turns Elastic Beanstalk's default scaling trigger off.
	NoIdleScaling bool
	// Faults is what goes wrong; the control endpoint changes it while the
	// sandbox runs.
	Faults faults.Settings
	// Run gives, by image without tag, the command line that instances of that
	// image run in place of the demo service; see process.Parse.
	Run map[string]string
	// Hurry, once it is closed, has Close kill those commands without waiting.
	Hurry <-chan struct{}
	// MetricsLag is how long after its end a minute of the load balancer's metrics
	// can be read, in AWS's time, that is divided by Speed: a minute when zero, at
	// once when negative.
	MetricsLag time.Duration
	// Accounts declares accounts beside the first, 123456789012, or the roles of
	// any. Accounts that are not declared begin when a role of theirs is assumed.
	Accounts []cloud.Account
	// Principals are users with policies, beside the built-in ones; the control
	// endpoint adds more while the sandbox runs.
	Principals []cloud.Principal
	// Logger gets what happens in the background; nothing is logged when nil.
	Logger hclog.Logger
}

// Sandbox is a running sandbox.
type Sandbox struct {
	cloud  *cloud.Cloud
	faults *faults.Injector
	server *http.Server
	info   Info
	served chan error
	close  sync.Once
	closed error
}

const (
	account = "123456789012"
	bucket  = "ionroller-sandbox"
	// closeGrace is how long requests in flight may take when the sandbox closes.
	closeGrace = 2 * time.Second
)

// Start starts a sandbox. Ctx bounds the start only; Close ends the sandbox.
func Start(ctx context.Context, c Config) (*Sandbox, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.LoadBalancerListen == "" {
		c.LoadBalancerListen = "127.0.0.1:0"
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Speed == 0 {
		c.Speed = 60
	}
	if c.Speed < 0 || c.TimeScale < 0 {
		return nil, fmt.Errorf("sandbox: speed %v, time scale %v: they must be more than zero", c.Speed, c.TimeScale)
	}
	commands := map[string]process.Command{}
	for image, line := range c.Run {
		command, err := process.Parse(line)
		if err != nil {
			return nil, fmt.Errorf("sandbox: command %q of image %s: %w", line, image, err)
		}
		commands[image] = command
	}
	injector := faults.New(cloud.Befallable(), time.Now)
	if err := injector.Set(c.Faults); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("sandbox: listening for AWS requests on %s: %w", c.Listen, err)
	}
	world, err := cloud.New(cloud.Config{
		Account: account, Region: c.Region, Bucket: bucket, LoadBalancerListen: c.LoadBalancerListen,
		Speed: c.Speed, TimeScale: c.TimeScale,
		Quotas: c.Quotas, NoIdleScaling: c.NoIdleScaling, Faults: injector, Run: commands, Hurry: c.Hurry, MetricsLag: c.MetricsLag,
		Accounts: c.Accounts, Principals: c.Principals, Logger: c.Logger,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), listener.Close())
	}
	seeded := world.Seeded()
	s := &Sandbox{
		cloud:  world,
		faults: injector,
		info: Info{
			EndpointURL: "http://" + reachable(listener.Addr()), Region: c.Region, AccountID: account,
			AccessKeyID: cloud.AccessKeyID, SecretAccessKey: cloud.SecretAccessKey,
			ReadOnlyAccessKeyID: cloud.ReadOnlyAccessKeyID, ReadOnlySecretAccessKey: cloud.ReadOnlySecretAccessKey,
			Bucket: bucket, VPCID: seeded.VPC, Subnets: seeded.Subnets, SecurityGroupID: seeded.SecurityGroup,
			LoadBalancerARN: seeded.LoadBalancerARN, ListenerARN: seeded.ListenerARN, LoadBalancerURL: "http://" + seeded.LoadBalancerAddr,
			HostedZone: seeded.HostedZone, HostedZoneID: seeded.HostedZoneID,
		},
		served: make(chan error, 1),
	}
	s.info.Variables = s.info.variables()
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

// reachable is the address for clients on this machine: numeric, so that AWS
// SDKs choose path-style S3.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return a.String()
}

// Calls gives the log of all calls, the oldest first.
func (s *Sandbox) Calls() []cloud.Call { return s.cloud.Calls() }

// Push puts an image into the first account's ECR and gives its digest.
func (s *Sandbox) Push(repository, tag, manifest string) (digest string, err error) {
	return s.cloud.Push(repository, tag, manifest)
}

// SetPrincipal adds a user with a policy, or changes one.
func (s *Sandbox) SetPrincipal(p cloud.Principal) error { return s.cloud.SetPrincipal(p) }

// SetFaults replaces what goes wrong, all or nothing.
func (s *Sandbox) SetFaults(settings faults.Settings) error { return s.faults.Set(settings) }

// serve takes all requests as they are: a ServeMux would clean the paths of
// S3's keys.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.IsAbs() {
		s.pass(w, r)
		return
	}
	switch r.URL.Path {
	case "/_sandbox/info":
		w.Header().Set("Content-Type", "application/json")
		// The client has gone when this fails; there is nobody to tell.
		_ = json.NewEncoder(w).Encode(s.Info())
	case "/_sandbox/faults":
		s.faults.ServeHTTP(w, r)
	default:
		s.cloud.ServeHTTP(w, r)
	}
}

// Close stops listeners and instances and waits for everything to end.
func (s *Sandbox) Close() error {
	s.close.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		err := s.server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = s.server.Close()
		}
		s.cloud.Close()
		if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		if err != nil {
			s.closed = fmt.Errorf("sandbox: closing: %w", err)
		}
	})
	return s.closed
}
