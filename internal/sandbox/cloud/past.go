// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
)

// A past is the world as it was before a change, by a call or by AWS itself.
type past struct {
	until time.Time
	view  *Cloud // for reading only
}

// staleServices are those whose reads can be of the past. S3 is consistent, and
// the delays of CloudWatch are of another kind.
var staleServices = []string{"autoscaling", "cloudformation", "ec2", "elasticbeanstalk", "elasticloadbalancing"}

// remember keeps the world as it is, for reads that must not see the changes that
// follow, and forgets what is too old for any. What AWS does by itself goes on all
// the time: before that the world is kept twenty times in the time that a fault
// hides, and before each change by a call.
func (c *Cloud) remember(call bool) {
	now := c.now()
	var view *Cloud
	for _, service := range staleServices {
		hidden := c.lasting(c.config.Faults.Stale(service))
		if hidden == 0 {
			delete(c.pasts, service)
			continue
		}
		kept := slices.DeleteFunc(c.pasts[service], func(p past) bool { return now.Sub(p.until) > hidden })
		if n := len(kept); call || n == 0 || now.Sub(kept[n-1].until) >= hidden/20 {
			if view == nil {
				view = c.copyWorld()
			}
			kept = append(kept, past{now, view})
		}
		c.pasts[service] = kept
	}
}

func (c *Cloud) copyWorld() *Cloud {
	view := &Cloud{
		config: c.config, partition: c.partition, objects: c.objects, network: c.network, seeded: c.seeded,
		random: rand.New(rand.NewPCG(3, 4)), state: c.copyState(),
	}
	view.services = view.serve()
	return view
}

// asOf gives the world that a service's read sees from which the changes of so
// much real time are hidden; nil when it is the present one.
func (c *Cloud) asOf(service string, hidden time.Duration) *Cloud {
	now := c.now()
	for _, p := range c.pasts[service] {
		if now.Sub(p.until) < c.lasting(hidden) {
			return p.view
		}
	}
	return nil
}

// copyState copies everything that changes in place in those services, with the
// references among it.
func (s *state) copyState() state {
	next := state{events: s.events, instances: map[string]*instance{}, watching: s.watching.copy()}
	for _, a := range s.applications {
		a := clone(a)
		a.tags = slices.Clone(a.tags)
		a.versions = slices.Clone(a.versions)
		for n, v := range a.versions {
			a.versions[n] = clone(v)
			a.versions[n].tags = slices.Clone(v.tags)
		}
		next.applications = append(next.applications, a)
	}
	for _, e := range s.environments {
		e := clone(e)
		e.tags, e.rules = slices.Clone(e.tags), slices.Clone(e.rules)
		next.environments = append(next.environments, e)
	}
	for _, lb := range s.balancers {
		next.balancers = append(next.balancers, copyBalancer(lb))
	}
	for _, g := range s.groups {
		before := append([]proxy.TargetHealth{}, g.health()...)
		g := clone(g)
		g.attributes, g.tags, g.before = maps.Clone(g.attributes), slices.Clone(g.tags), before
		next.groups = append(next.groups, g)
	}
	for _, g := range s.scaling {
		next.scaling = append(next.scaling, copyScaling(g, next.instances))
	}
	return next
}

func copyBalancer(lb *loadBalancer) *loadBalancer {
	lb = clone(lb)
	lb.attributes, lb.tags, lb.listeners = maps.Clone(lb.attributes), slices.Clone(lb.tags), slices.Clone(lb.listeners)
	for n, l := range lb.listeners {
		l = clone(l)
		l.balancer, l.attributes, l.tags, l.rules = lb, maps.Clone(l.attributes), slices.Clone(l.tags), slices.Clone(l.rules)
		for m, r := range l.rules {
			r = clone(r)
			r.listener, r.tags = l, slices.Clone(r.tags)
			l.rules[m] = r
		}
		lb.listeners[n] = l
	}
	return lb
}

// copyScaling copies a group and enters its instances.
func copyScaling(g *scalingGroup, instances map[string]*instance) *scalingGroup {
	g = clone(g)
	g.tags, g.suspended, g.activities = slices.Clone(g.tags), maps.Clone(g.suspended), slices.Clone(g.activities)
	g.sources, g.instances = slices.Clone(g.sources), slices.Clone(g.instances)
	for n, x := range g.sources {
		g.sources[n] = clone(x)
	}
	for n, i := range g.instances {
		g.instances[n] = clone(i)
		g.instances[n].group = g
		instances[i.id] = g.instances[n]
	}
	return g
}

func clone[T any](p *T) *T {
	c := *p
	return &c
}
