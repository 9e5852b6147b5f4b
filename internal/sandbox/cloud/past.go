// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// A past is the world as it was before a change by a service's call. What is
// beyond AWS's own records, such as the health of targets, is that of the present.
type past struct {
	until time.Time
	view  *Cloud // for reading only
}

// staleServices are those whose reads can be of the past. S3 is consistent, and
// the delays of CloudWatch are of another kind.
var staleServices = []string{"autoscaling", "elasticbeanstalk", "elasticloadbalancing"}

// remember keeps the world as it is, for reads that must not see the change that
// follows, and forgets what has been seen for longer.
func (c *Cloud) remember(service string, hidden time.Duration) {
	if !slices.Contains(staleServices, service) {
		return
	}
	now := c.now()
	kept := slices.DeleteFunc(c.pasts[service], func(p past) bool { return now.Sub(p.until) > hidden })
	view := &Cloud{
		config: c.config, partition: c.partition, objects: c.objects, network: c.network, seeded: c.seeded,
		random: rand.New(rand.NewPCG(3, 4)), state: c.copyState(),
	}
	view.services = view.serve()
	c.pasts[service] = append(kept, past{now, view})
}

// asOf gives the world before the first of a service's changes that are younger
// than hidden; nil when there is none.
func (c *Cloud) asOf(service string, hidden time.Duration) *Cloud {
	now := c.now()
	for _, p := range c.pasts[service] {
		if now.Sub(p.until) < hidden {
			return p.view
		}
	}
	return nil
}

// copyState copies everything that the calls of those services change in place,
// with the references among it.
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
		g := clone(g)
		g.tags = slices.Clone(g.tags)
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
