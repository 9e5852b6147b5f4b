// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// scalingService is Auto Scaling.
type scalingService struct{ *Cloud }

type scalingGroup struct {
	name, arn         string
	min, max, desired int
	tags              tags
	created           time.Time
	template          launchTemplate
	suspended         map[string]bool
	sources           []*trafficSource
	instances         []*instance
	activities        []types.Activity // the newest first
	deleting          bool
	terminationPolicy []string
	cooldown          int32
	healthCheckType   string
	gracePeriod       int32
	newProtected      bool
	launchFailure     string    // why the last launch failed, empty when it did not
	retry             time.Time // when to launch again after a failure
	trigger           trigger
}

// A trafficSource is a target group that a group's instances register with.
type trafficSource struct {
	arn      string
	legacy   bool // attached as a target group, not as a traffic source
	removing bool
}

// launchRetry is how long Auto Scaling waits after a launch that failed.
const launchRetry = time.Minute

// deathNotice is how long Auto Scaling takes to find out that an instance is dead;
// load balancers find its target unhealthy meanwhile.
const deathNotice = 2 * time.Minute

// scalingProcesses are the processes that can be suspended.
var scalingProcesses = []string{
	"Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck",
	"InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions",
}

func (c *Cloud) scalingGroup(name string) (*scalingGroup, error) {
	for _, g := range c.scaling {
		if g.name == name {
			return g, nil
		}
	}
	return nil, wire.Errorf("ValidationError", "AutoScalingGroup name not found - AutoScalingGroup '%s' not found", name)
}

// stepScaling keeps a group at its desired capacity.
func (c *Cloud) stepScaling(g *scalingGroup, now time.Time) {
	for _, i := range g.instances {
		c.stepInstance(i, now)
	}
	g.instances = slices.DeleteFunc(g.instances, func(i *instance) bool { return i.state == types.LifecycleStateTerminated })
	c.stepHealth(g, now)
	if c.idle(g, now) {
		g.desired--
		g.record(c, now, "Successful", fmt.Sprintf("Setting desired capacity to %d", g.desired),
			"an alarm in the ALARM state triggered the scale down policy of the environment")
	}
	live := g.live()
	if n := g.desired - len(live); n > 0 && !g.suspended["Launch"] && !g.deleting && !now.Before(g.retry) {
		for range n {
			if e := c.config.Faults.Meet("autoscaling", faults.Launch).Error; e != nil {
				g.failLaunch(c, now, e.Error())
				break
			}
			g.launchFailure = ""
			i := c.launch(g, now)
			g.record(c, now, "Successful", "Launching a new EC2 instance: "+i.id,
				fmt.Sprintf("an instance was started in response to a difference between desired and actual capacity, increasing the capacity from %d to %d", len(live), g.desired))
		}
	}
	if n := len(live) - g.desired; n > 0 && (!g.suspended["Terminate"] || g.deleting) {
		for _, i := range live[:n] { // the oldest go first
			c.terminate(i, now)
			g.record(c, now, "Successful", "Terminating EC2 instance: "+i.id,
				fmt.Sprintf("an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from %d to %d", len(live), g.desired))
		}
	}
	g.sources = slices.DeleteFunc(g.sources, func(s *trafficSource) bool { return s.removing && c.drained(s.arn, g) })
}

// failLaunch gives up on a launch for a while.
func (g *scalingGroup) failLaunch(c *Cloud, now time.Time, reason string) {
	g.launchFailure = "Launching a new EC2 instance. Status Reason: " + reason + " Launching EC2 instance failed."
	g.retry = now.Add(c.scaled(launchRetry))
	g.record(c, now, types.ScalingActivityStatusCodeFailed, g.launchFailure,
		fmt.Sprintf("an instance was started in response to a difference between desired and actual capacity, increasing the capacity to %d", g.desired))
}

// live are the instances that are not on their way out.
func (g *scalingGroup) live() []*instance {
	var live []*instance
	for _, i := range g.instances {
		if i.state == types.LifecycleStatePending || i.state == types.LifecycleStateInService {
			live = append(live, i)
		}
	}
	return live
}

// stepHealth finds dead instances and replaces unhealthy ones.
func (c *Cloud) stepHealth(g *scalingGroup, now time.Time) {
	for _, i := range g.live() {
		if i.died() && i.ended.IsZero() {
			i.ended = now
		}
		if !i.ended.IsZero() && !now.Before(i.ended.Add(c.scaled(deathNotice))) && !g.suspended["HealthCheck"] {
			i.unhealthy = true
		}
		if i.unhealthy && !g.suspended["ReplaceUnhealthy"] && !g.suspended["Terminate"] {
			c.terminate(i, now)
			g.record(c, now, "Successful", "Terminating EC2 instance: "+i.id,
				"an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped")
		}
	}
}

// drained tells whether no instance of a scaling group is left in a target group.
func (c *Cloud) drained(group string, g *scalingGroup) bool {
	t, err := c.group(group)
	if err != nil {
		return true
	}
	for _, h := range t.health() {
		if slices.ContainsFunc(g.instances, func(i *instance) bool { return i.id == h.Target.ID }) {
			return false
		}
	}
	return true
}

// record adds a scaling activity.
func (g *scalingGroup) record(c *Cloud, now time.Time, status types.ScalingActivityStatusCode, description, cause string) types.Activity {
	a := types.Activity{
		ActivityId: ptr(c.uuid()), AutoScalingGroupName: &g.name, AutoScalingGroupARN: &g.arn,
		Description: &description, Cause: ptr("At " + now.Format(time.RFC3339) + " " + cause + "."),
		StartTime: ptr(now), EndTime: ptr(now), Progress: ptr[int32](100), StatusCode: status,
		Details: ptr("{}"),
	}
	g.activities = slices.Insert(g.activities, 0, a)
	return a
}

// forgetGoneScalingGroups removes groups that are being deleted and are empty.
func (c *Cloud) forgetGoneScalingGroups() {
	c.scaling = slices.DeleteFunc(c.scaling, func(g *scalingGroup) bool { return g.deleting && len(g.instances) == 0 })
}
