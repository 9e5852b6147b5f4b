// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"time"
)

// Elastic Beanstalk's default trigger: when the instances of a group have sent
// less than 2,000,000 bytes each, on average, in five minutes, one goes. Here an
// instance has sent what it has answered to load balancers.
const (
	triggerPeriod   = 5 * time.Minute
	triggerCooldown = 6 * time.Minute
)

// A trigger shrinks a group that sends little.
type trigger struct {
	threshold int       // bytes an instance in a period; 0 for no trigger
	begun     time.Time // of the period under way; zero without an instance
	sent      int64     // bytes that the group had sent by then
	cooled    time.Time // when it may fire again
}

// idle tells whether the trigger takes an instance away.
func (c *Cloud) idle(g *scalingGroup, now time.Time) bool {
	if g.trigger.threshold == 0 || c.config.NoIdleScaling || g.deleting {
		return false
	}
	inService := 0
	for _, i := range g.live() {
		if i.registered {
			inService++
		}
	}
	low := g.trigger.low(now, c.scaled(triggerPeriod), float64(g.trigger.threshold)/c.config.Speed, inService, c.bytesSent(g))
	if !low || g.suspended["AlarmNotification"] || g.desired <= g.min || now.Before(g.trigger.cooled) {
		return false
	}
	g.trigger.cooled = now.Add(c.scaled(triggerCooldown))
	return true
}

// low tells whether a period has just ended in which the instances have sent too
// little; sent is what they have sent since ever. Periods are as much shorter than
// AWS's as all that AWS does by itself, and so is what must be sent in one: the
// trigger goes by the rate of real traffic.
func (t *trigger) low(now time.Time, period time.Duration, threshold float64, inService int, sent int64) bool {
	switch {
	case inService == 0:
		t.begun = time.Time{}
		return false
	case t.begun.IsZero():
		t.begun, t.sent = now, sent
		return false
	case now.Before(t.begun.Add(period)):
		return false
	}
	average := float64(sent-t.sent) / float64(inService)
	t.begun, t.sent = now, sent
	return average < threshold
}

// bytesSent is what the targets of a group's target groups have answered.
func (c *Cloud) bytesSent(g *scalingGroup) int64 {
	var sum int64
	for _, s := range g.sources {
		if t, err := c.group(s.arn); err == nil {
			sum += t.proxy.BytesOut()
		}
	}
	return sum
}
