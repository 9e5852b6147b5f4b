// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/objects"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// Befallable names everything that faults can befall, as service:Operation: all
// operations that are served, and the launch of an instance.
func Befallable() []string {
	names := append(Operations(), "autoscaling:"+faults.Launch)
	for _, o := range objects.Operations() {
		names = append(names, "s3:"+o)
	}
	for o := range ec2Operations {
		names = append(names, "ec2:"+o)
	}
	for _, o := range route53Operations {
		names = append(names, "route53:"+o)
	}
	slices.Sort(names)
	return names
}

// befall finds what befalls a call that is allowed, and lets the time between its
// arrival and its effect pass. The call must have been read whole, so that a
// client that does not wait for the effect does not prevent it.
func (c *Cloud) befall(call *Call) faults.Effect {
	e := c.config.Faults.Meet(call.Service, call.Operation)
	call.Faults = e.Names
	c.pause(e.Delay)
	return e
}

// perform runs a call on the world, or on what it was for a stale read.
func (c *Cloud) perform(ctx context.Context, x *wire.Exchange, call Call, e faults.Effect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed { // it has been waiting until then
		x.Err = wire.Errorf("ServiceUnavailable", "The sandbox is closing.")
	}
	if call.Changing && x.Err == nil {
		c.remember(true)
	}
	if view := c.asOf(call.Service, e.Stale); view != nil && !call.Changing {
		x.Redirect(view.services[call.Service])
	}
	c.effect = e
	x.Run(ctx)
	c.effect = faults.Effect{}
}

// depart lets the time between effect and answer pass, and breaks the connection
// where the answer is to be lost.
func (c *Cloud) depart(e faults.Effect) {
	c.pause(e.Latency)
	if e.Drop {
		panic(http.ErrAbortHandler) // how net/http is told to break the connection
	}
}

// pause waits in real time, or until the world ends.
func (c *Cloud) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.running.Done():
	}
}

// A ruleChange is on its way to a listener's data plane.
type ruleChange struct {
	due   time.Time
	rules []proxy.Rule
}

// setRules makes the data plane follow, after the propagation of the call that
// made the change. What is set at once overtakes what is still on its way.
func (c *Cloud) setRules(l *listener, rules []proxy.Rule) {
	if c.effect.Propagation <= 0 {
		l.pending = nil
		l.proxy.SetRules(rules)
		return
	}
	due := c.now().Add(c.lasting(c.effect.Propagation))
	if n := len(l.pending); n > 0 && due.Before(l.pending[n-1].due) {
		due = l.pending[n-1].due
	}
	l.pending = append(l.pending, ruleChange{due, rules})
}

// propagate lets changes of rules arrive that are due.
func (c *Cloud) propagate(now time.Time) {
	for _, lb := range c.balancers {
		for _, l := range lb.listeners {
			for len(l.pending) > 0 && !now.Before(l.pending[0].due) {
				l.proxy.SetRules(l.pending[0].rules)
				l.pending = l.pending[1:]
			}
		}
	}
}
