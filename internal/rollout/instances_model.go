// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"maps"
	"slices"
)

// seat does in a model what the size of a scaling group means for its target group.
func (m *Model) seat(name string) {
	s := m.Sights[name]
	if !s.Found || s.ScalingGroup == "" {
		return
	}
	ids := slices.Clone(s.Instances[:min(len(s.Instances), s.Desired)])
	for i := len(ids); i < s.Desired; i++ {
		ids = append(ids, fmt.Sprintf("%s/%d", name, i+1))
	}
	targets := maps.Clone(s.Targets)
	if targets == nil {
		targets = map[string]Target{}
	}
	for _, id := range except(s.Instances, ids) {
		delete(targets, id)
	}
	for _, id := range ids {
		if _, there := targets[id]; !there && !s.Detached {
			targets[id] = TargetHealthy
		}
	}
	s.Instances, s.Targets = ids, targets
	m.Sights[name] = s
	m.count(name)
}

// count counts an environment's own healthy targets anew.
func (m *Model) count(name string) {
	s := m.Sights[name]
	s.Healthy = len(m.standing(name, name).healthy)
	m.Sights[name] = s
}

// check lets health checks and drains in a target group come to their end.
func (m *Model) check(name string) {
	s := m.Sights[name]
	if !s.Found {
		return
	}
	targets := map[string]Target{}
	for id, t := range s.Targets {
		if t != TargetLeaving {
			targets[id] = TargetHealthy
		}
	}
	s.Targets = targets
	m.Sights[name] = s
	m.seat(name)
}

// change registers instances with a target group, or takes them out.
func (m *Model) change(host string, ids []string, in bool) {
	s := m.Sights[host]
	targets := maps.Clone(s.Targets)
	for _, id := range ids {
		delete(targets, id)
		if in {
			targets[id] = TargetHealthy
		}
	}
	s.Targets = targets
	m.Sights[host] = s
	m.count(host)
}

// attach lets a scaling group fill its target group, or takes its instances out.
func (m *Model) attach(name string, attached bool) {
	s := m.Sights[name]
	s.Detached = !attached
	m.Sights[name] = s
	if attached {
		m.seat(name)
	} else {
		m.change(name, s.Instances, false)
	}
}
