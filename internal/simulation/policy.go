// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// alarmName is the alarm's that guards rollouts.
const alarmName = "errors"

// guarded draws what watches over a rollout, and what holds it.
func (l *life) guarded(s *endpoint.Spec) {
	p := &s.Rollout
	if l.chance(3) {
		p.Alarms = []string{alarmName}
	}
	if l.chance(8) {
		most := 5.0
		p.Analysis = &endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{Max: &most}, MinimumRequests: 1 + l.dice.IntN(40)}
	}
	if p.Guarded() {
		p.ExtendBake = endpoint.Duration(l.between(time.Minute, 4*time.Minute))
	}
	if l.chance(4) {
		p.OnFailure = endpoint.Freeze
	}
	if l.chance(8) {
		p.MaxWeight = 5 + l.dice.IntN(90)
	}
	if l.chance(4) {
		p.By, p.MaxWeight = endpoint.ByInstance, 0
		for i := range p.Steps {
			p.Steps[i].Weight = 0
		}
	}
	p.NoWait = l.chance(10)
	for i := range p.Steps {
		if l.chance(6) {
			p.Steps[i].Pause = endpoint.Pause{
				Deadline: endpoint.Duration(l.between(5*time.Second, 3*time.Minute)),
				Then:     pick(l, []endpoint.AfterTheWait{endpoint.ThenPromote, endpoint.ThenPromote, endpoint.ThenRollback, endpoint.ThenFreeze}),
			}
		}
	}
	if l.chance(3) {
		l.tested(s)
	}
	if l.chance(3) {
		l.named(s)
	}
}

// named gives the endpoint a host that Route 53 sends to it.
func (l *life) named(s *endpoint.Spec) {
	s.Routing.Hosts = []string{pick(l, []string{"checkout.acme.com", "pay.acme.com"})}
	s.DNS = &endpoint.DNS{ZoneID: "Z1"}
}

// tested lets people, and perhaps a smoke check, reach a new environment before the
// endpoint's users do.
func (l *life) tested(s *endpoint.Spec) {
	s.TestRoute = &endpoint.TestRoute{Header: "x-test", Values: []string{"1"}}
	if l.chance(2) {
		s.Rollout.Smoke = &endpoint.Smoke{Path: "/", Status: 200, Count: 1 + l.dice.IntN(3)}
	}
}

// plain takes out of a policy what keeps a rollout from its end.
func plain(s endpoint.Spec) endpoint.Spec {
	s.Rollout.MaxWeight, s.Rollout.NoWait = 0, false
	s.Rollout.Steps = append([]endpoint.Step(nil), s.Rollout.Steps...)
	for i := range s.Rollout.Steps {
		s.Rollout.Steps[i].Pause = endpoint.Pause{}
	}
	return s
}

// alarm lets the alarm be in another state for a while.
func (l *life) alarm(state rollout.AlarmState) {
	a := rollout.Alarm{State: state}
	if state == rollout.AlarmFiring {
		a.Fired, a.Reason = l.w.Now, "too many errors"
	} else {
		a.Fired = l.w.Alarms[alarmName].Fired
	}
	if l.w.Alarms[alarmName].State != rollout.AlarmFiring {
		l.firing = l.w.Now
	}
	l.say(nil, "the alarm is in state %s", state)
	l.w.Alarms[alarmName] = a
	if state != rollout.AlarmOK {
		l.alarms++
		n := l.alarms
		l.w.plan(l.w.Now.Add(l.between(5*time.Second, 6*time.Minute)), func() {
			if n == l.alarms {
				l.alarm(rollout.AlarmOK)
			}
		})
	}
}

// operators are those who use the command.
type operators struct {
	orders int // ever given
	alarms int // times the alarm changed
	firing time.Time
}

// order is what an operator wants, of whatever is under way.
func (l *life) order() {
	kind := pick(l, []endpoint.OrderKind{
		endpoint.OrderPromote, endpoint.OrderPromote, endpoint.OrderPause, endpoint.OrderResume,
		endpoint.OrderAbort, endpoint.OrderRetry, endpoint.OrderUnpin, endpoint.OrderDrop,
	})
	l.ask(kind, pick(l, l.versions))
	if kind == endpoint.OrderPause {
		l.w.plan(l.w.Now.Add(l.upTo(10*time.Minute)), func() { l.ask(endpoint.OrderResume, "") })
	}
}

// ask leaves an order.
func (l *life) ask(kind endpoint.OrderKind, version string) {
	l.orders++
	l.say(nil, "an operator orders: %s %s", kind, version)
	var judged time.Time
	if r := l.record(); r != nil {
		judged = r.Judged()
	}
	l.w.Orders = append(l.w.Orders, endpoint.Order{
		ID: fmt.Sprintf("%06d", l.orders), Kind: kind, Release: version, Force: kind == endpoint.OrderDrop && l.coin.IntN(2) == 0,
		Time: l.w.Now, Judged: judged, Who: endpoint.Who{Caller: "operator"},
	})
	r := l.record()
	if r == nil {
		return
	}
	for _, j := range r.Rejections {
		if kind == endpoint.OrderRetry && j.Version == version || kind == endpoint.OrderUnpin && j.Pinned {
			delete(l.rejected, j.Fingerprint)
		}
	}
}

// rollBack is an operator who takes all traffic back, whatever is under way.
func (l *life) rollBack() {
	if l.running > 2 {
		return
	}
	version := ""
	if l.chance(3) {
		version = pick(l, l.versions)
	}
	l.goBack(version)
}
