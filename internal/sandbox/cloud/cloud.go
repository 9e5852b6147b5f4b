// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package cloud is the sandbox's world: AWS accounts in one Region, each with
// Elastic Beanstalk, Application Load Balancers, Auto Scaling, CloudFormation,
// EC2's network, CloudWatch, ECR, Route 53's zones and STS, as far as deployments need
// them.
//
// One mutex guards the world. A request holds it from its start to its encoded
// answer, so operations are plain functions over plain state. Everything that
// AWS does later, by itself, happens in step, which one goroutine calls many
// times a second. Instances are real HTTP servers and listeners take real
// requests; those parts are the packages proxy and demoservice.
//
// Accounts are worlds of their own, with nothing in common but key pairs, the
// names of buckets and the log of calls. Signatures are not verified.
package cloud

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/objects"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/process"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// Config says what the world is like.
type Config struct {
	// Account is the twelve-digit account number.
	Account string
	// Region is the only Region served.
	Region string
	// Bucket is created at the start.
	Bucket string
	// LoadBalancerListen is the loopback address, host:port, at which the first
	// listener takes traffic. Further listeners choose a free port.
	LoadBalancerListen string
	// Speed divides the time of everything that AWS does by itself: with 60 what
	// takes AWS a minute takes a second. Durations of the user's own service are
	// real, and so is the time in answers, unless TimeScale makes it run.
	Speed float64
	// TimeScale is how many times quicker than real time AWS's clock runs, in
	// answers and for all that is counted by it; 1 when zero. S3's is always real:
	// leases are counted by it. What AWS does by itself never takes longer by that
	// clock than it takes AWS: Speed is at least TimeScale.
	TimeScale float64
	// Quotas are the account's limits.
	Quotas Quotas
	// NoIdleScaling turns off the default scaling trigger of Elastic Beanstalk,
	// which shrinks an environment that gets no traffic.
	NoIdleScaling bool
	// Faults is what goes wrong; nothing when nil.
	Faults *faults.Injector
	// Run gives, by image, the command that instances run in place of the demo
	// service.
	Run map[string]process.Command
	// Hurry, once it is closed, has Close kill those commands without waiting.
	Hurry <-chan struct{}
	// MetricsLag is how long after its end a minute of the load balancers'
	// metrics can be read, in AWS's time, that is divided by Speed: a minute when
	// zero, at once when negative.
	MetricsLag time.Duration
	// Accounts declares accounts beside the first. Others begin when a role of
	// theirs is assumed.
	Accounts []Account
	// Principals are users beside the built-in ones.
	Principals []Principal
	// Now is AWS's clock; when nil, the real one made quicker by TimeScale.
	Now func() time.Time
	// Logger gets what happens in the background.
	Logger hclog.Logger
}

// Cloud is the world of one account.
type Cloud struct {
	config    Config
	partition *partition
	objects   *objects.Store
	services  map[string]*wire.Service // by signing name
	calls     *callLog
	seeded    Seeded

	mu      sync.Mutex // guards what follows
	random  *rand.Rand
	serial  int
	network network
	closed  bool
	effect  faults.Effect // of the call under way
	pasts   map[string][]past
	state

	running    context.Context // ends on Close
	stop       context.CancelFunc
	background sync.WaitGroup
}

// state is what the calls of clients make and change.
type state struct {
	applications []*application
	environments []*environment
	events       []event // the oldest first
	balancers    []*loadBalancer
	groups       []*targetGroup
	scaling      []*scalingGroup
	repositories []*repository
	instances    map[string]*instance
	watching     watching
	zones        []*hostedZone
	dnsChanges   []dnsChange
}

// New makes the world of the first account and those of the accounts declared,
// each with a network, a load balancer with one listener, and a bucket, and sets
// them going. The first one takes the requests of all.
func New(config Config) (*Cloud, error) {
	if config.TimeScale == 0 {
		config.TimeScale = 1
	}
	config.Speed = max(config.Speed, config.TimeScale)
	if config.Now == nil {
		config.Now = quicker(config.TimeScale)
	}
	if config.Logger == nil {
		config.Logger = hclog.NewNullLogger()
	}
	config.Quotas = config.Quotas.withDefaults()
	return newPartition(config)
}

// newWorld makes the world of one account. Identifiers follow from the seed, so
// that they are the same in every run.
func newWorld(config Config, p *partition, store *objects.Store, seed uint64) (*Cloud, error) {
	c := &Cloud{
		config:    config,
		partition: p,
		objects:   store,
		calls:     &p.calls,
		random:    rand.New(rand.NewPCG(1, seed)),
		pasts:     map[string][]past{},
		state:     state{instances: map[string]*instance{}, watching: newWatching()},
	}
	c.running, c.stop = context.WithCancel(context.Background())
	c.services = c.serve()
	if err := c.seed(); err != nil {
		c.end()
		return nil, fmt.Errorf("seeding the sandbox: %w", err)
	}
	c.background.Go(c.run)
	return c, nil
}

// Close stops the worlds of all accounts with every listener, instance and
// health check, and waits for them.
func (c *Cloud) Close() { c.partition.close() }

// end stops this world.
func (c *Cloud) end() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	c.stop()
	for _, lb := range c.balancers {
		for _, l := range lb.listeners {
			c.closeListener(l)
		}
	}
	for _, g := range c.groups {
		c.background.Go(g.proxy.Close)
	}
	for _, i := range c.instances {
		c.stopService(i)
	}
	c.mu.Unlock()
	c.background.Wait()
}

// Calls gives the log of all calls, the oldest first.
func (c *Cloud) Calls() []Call { return c.calls.list() }

// quicker is a clock that runs scale times as quick as the real one, from now on.
func quicker(scale float64) func() time.Time {
	if scale == 1 {
		return time.Now
	}
	began := time.Now()
	return func() time.Time {
		return began.Round(0).Add(time.Duration(float64(time.Since(began)) * scale))
	}
}

// now is the time in answers: UTC with milliseconds.
func (c *Cloud) now() time.Time { return c.config.Now().UTC().Truncate(time.Millisecond) }

// clients is the time as clients have it: by it they judge whether a session's
// credentials are still good.
func (c *Cloud) clients() time.Time {
	if c.config.TimeScale == 1 {
		return c.now()
	}
	return time.Now().UTC()
}

// real is how long something takes here, in real time, that takes AWS d.
func (c *Cloud) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.config.Speed)
}

// scaled is the same by the clock that now reads.
func (c *Cloud) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * c.config.TimeScale / c.config.Speed)
}

// lasting is how much time passes by that clock in d of real time, in which
// faults are given.
func (c *Cloud) lasting(d time.Duration) time.Duration {
	return time.Duration(float64(d) * c.config.TimeScale)
}

// run moves the world until it is closed.
func (c *Cloud) run() {
	ticker := time.NewTicker(max(5*time.Millisecond, min(c.real(time.Second), 250*time.Millisecond)))
	defer ticker.Stop()
	for {
		select {
		case <-c.running.Done():
			return
		case <-ticker.C:
			c.mu.Lock()
			if !c.closed {
				c.step(c.now())
			}
			c.mu.Unlock()
		}
	}
}

// step does what AWS would have done by now.
func (c *Cloud) step(now time.Time) {
	c.remember(false)
	c.propagate(now)
	for _, g := range c.scaling {
		c.stepScaling(g, now)
	}
	for _, e := range c.environments {
		c.stepEnvironment(e, now)
	}
	c.stepWatching(now)
	c.forgetTerminated(now)
	c.forgetGoneScalingGroups()
}
