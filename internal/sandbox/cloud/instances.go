// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/demoservice"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/process"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
)

// How long AWS needs.
const (
	bootTime         = 50 * time.Second // from an instance's launch to a listening service
	registrationTime = 20 * time.Second // from there until load balancers know it
)

// An instance is a virtual machine: here one HTTP server on loopback.
type instance struct {
	id, zone, kind, ip string
	group              *scalingGroup
	state              types.LifecycleState
	unhealthy          bool
	launched           time.Time
	running            time.Time // when its service began to listen
	ended              time.Time // when its service was seen to have ended by itself
	registered         bool      // load balancers have been told
	leaves             time.Time // when a terminating instance is gone
	addr               string    // real host:port of its service
	service            server
	fault              string    // why its service could not be started
	probed             time.Time // when the platform last began its own probe
	probe              chan bool // its result, nil when none is under way
	deployed           bool      // it has passed once
}

// A server is what an instance runs: the demo service or a command of the user's.
type server interface {
	Addr() string
	Exited() <-chan struct{} // closed once it has ended
	Close() error
}

// launchTemplate says what the instances of a group run.
type launchTemplate struct {
	id, name, kind       string
	image                string // without tag and digest
	version, environment string
	env                  map[string]string
	fault                string // why nothing can be started from the source bundle
}

// launch begins an instance of a group.
func (c *Cloud) launch(g *scalingGroup, now time.Time) *instance {
	c.serial++
	s := c.network.subnets[c.serial%len(c.network.subnets)]
	i := &instance{
		id: "i-" + c.id(hexDigits, 17), zone: s.zone, kind: g.template.kind,
		ip:    fmt.Sprintf("%s%d", s.prefix, 10+c.serial%240),
		group: g, state: types.LifecycleStatePending, launched: now,
	}
	c.instances[i.id] = i
	g.instances = append(g.instances, i)
	return i
}

// boot starts the instance's service.
func (c *Cloud) boot(i *instance, now time.Time) {
	t := i.group.template
	i.running = now
	i.state = types.LifecycleStateInService
	if i.addr, i.fault = closedPort, t.fault; i.fault != "" {
		return
	}
	service, err := c.start(t, i.id)
	if err != nil { // the machine runs, its container does not
		c.config.Logger.Warn("starting a service", "instance", i.id, "environment", t.environment, "error", err)
		i.fault = err.Error()
		return
	}
	i.service, i.addr = service, service.Addr()
}

// start starts what the template says: the command for its image or, without one,
// the demo service.
func (c *Cloud) start(t launchTemplate, id string) (server, error) {
	if command, ok := c.config.Run[t.image]; ok {
		log := c.config.Logger.Named(t.environment).Named(id)
		return process.Start(process.Config{
			Command: command, Version: t.version, Environment: t.environment, Instance: id, Env: maps.Clone(t.env),
			Hurry: c.config.Hurry, Log: func(line string) { log.Info(line) },
		})
	}
	return demoservice.Start("127.0.0.1:0", demoservice.Config{
		Version: t.version, Environment: t.environment, Instance: id, Env: maps.Clone(t.env),
	})
}

// closedPort is where nothing listens: port 1 is reserved (tcpmux).
const closedPort = "127.0.0.1:1"

// died tells whether the instance's service has ended by itself.
func (i *instance) died() bool {
	if i.service == nil || i.state != types.LifecycleStateInService {
		return false
	}
	select {
	case <-i.service.Exited():
		return true
	default:
		return false
	}
}

// stopService lets the service finish its requests in the background.
func (c *Cloud) stopService(i *instance) {
	if i.service == nil {
		return
	}
	service := i.service
	i.service = nil
	c.background.Go(func() {
		if err := service.Close(); err != nil {
			c.config.Logger.Warn("stopping a service", "instance", i.id, "error", err)
		}
	})
}

// register tells a target group of an instance.
func (i *instance) register(g *targetGroup) {
	g.proxy.Register(proxy.Target{ID: i.id, Port: int(*g.Port), Addr: i.addr})
}

func (i *instance) deregister(g *targetGroup) {
	g.proxy.Deregister(proxy.Target{ID: i.id, Port: int(*g.Port), Addr: i.addr})
}

// stepInstance does what is due for one instance.
func (c *Cloud) stepInstance(i *instance, now time.Time) {
	switch {
	case i.state == types.LifecycleStatePending && !now.Before(i.launched.Add(c.scaled(bootTime))):
		c.boot(i, now)
	case i.state == types.LifecycleStateInService && !i.registered && !i.group.suspended["AddToLoadBalancer"] &&
		!now.Before(i.running.Add(c.scaled(registrationTime))):
		i.registered = true
		for _, s := range i.group.sources {
			if g, err := c.group(s.arn); err == nil && !s.removing {
				i.register(g)
			}
		}
	case i.state == types.LifecycleStateTerminating && !now.Before(i.leaves):
		i.state = types.LifecycleStateTerminated
		c.stopService(i)
		delete(c.instances, i.id)
	}
}

// terminate takes an instance out of its target groups and lets it drain.
func (c *Cloud) terminate(i *instance, now time.Time) {
	i.state = types.LifecycleStateTerminating
	i.leaves = now
	for _, s := range i.group.sources {
		g, err := c.group(s.arn)
		if err != nil {
			continue
		}
		i.deregister(g)
		if until := now.Add(c.scaled(time.Second + deregistrationDelay(g))); len(c.usersOf(s.arn)) > 0 && until.After(i.leaves) {
			i.leaves = until
		}
	}
}
