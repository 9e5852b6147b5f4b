// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"maps"
	"slices"
)

// Target is what a target group says of an instance.
type Target string

// What it can say.
const (
	TargetHealthy Target = "healthy"
	TargetNew     Target = "new"     // not checked yet
	TargetIll     Target = "ill"     // it fails its health check
	TargetLeaving Target = "leaving" // it gets no new requests
)

// Able is how many targets of the environment's target group take requests, whoever
// they belong to.
func (s Sight) Able() int {
	n := 0
	for _, t := range s.Targets {
		if t == TargetHealthy {
			n++
		}
	}
	return max(n, s.Healthy)
}

// Percent is the share of traffic that an environment's instances get, in percent,
// rounded, in whatever target groups they are.
func (w World) Percent(name string) int {
	total, own := 0.0, 0.0
	for host, weight := range w.Traffic.Weights {
		total += float64(weight)
		part := 0.0
		if host == name {
			part = 1
		}
		if able, mine := float64(w.Sights[host].Able()), len(w.standing(host, name).healthy); able > 0 && w.mixed(host) {
			part = float64(mine) / able
		}
		own += float64(weight) * part
	}
	if total == 0 {
		return 0
	}
	return int(100*own/total + 0.5)
}

// standing is how the instances of one environment stand in a target group.
type standing struct {
	healthy, fresh, ill, leaving []string
}

// present are those that get requests, or will.
func (s standing) present() []string { return slices.Concat(s.ill, s.fresh, s.healthy) }

// standing finds the instances of home in the target group of host.
func (w World) standing(host, home string) standing {
	var s standing
	targets := w.Sights[host].Targets
	for _, id := range w.Sights[home].Instances {
		switch targets[id] {
		case TargetHealthy:
			s.healthy = append(s.healthy, id)
		case TargetNew:
			s.fresh = append(s.fresh, id)
		case TargetIll:
			s.ill = append(s.ill, id)
		case TargetLeaving:
			s.leaving = append(s.leaving, id)
		}
	}
	return s
}

// guests are the instances of other environments in the target group of host, those
// that are leaving left out.
func (w World) guests(host string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(w.Sights)) {
		if name != host {
			all = append(all, w.standing(host, name).present()...)
		}
	}
	return all
}

func (w World) mixed(host string) bool { return w.Sights[host].Detached || len(w.guests(host)) > 0 }

// except returns those of all that are not among others.
func except(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return slices.Contains(others, id) })
}
