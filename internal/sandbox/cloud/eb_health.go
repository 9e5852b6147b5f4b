// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
)

// probePause is between two probes of the platform on one instance.
const probePause = 5 * time.Second

// leastCommandTimeout is the shortest command timeout in real time: a busy machine
// must not fail launches only because time is scaled.
const leastCommandTimeout = 5 * time.Second

// deployed ends a launch or an update: Ready once the platform's own agent has
// got an answer from every instance, which is before load balancers find them
// healthy, or with errors once the command timeout is over.
func (c *Cloud) deployed(e *environment, now time.Time, operation, success string) bool {
	g, err := c.scalingGroup(e.scalingGroup)
	if err != nil {
		c.fail(e, operation, "The Auto Scaling group of the environment is gone.")
		return true
	}
	var waiting []string
	for _, i := range g.live() {
		if i.fault != "" {
			c.fail(e, operation, fmt.Sprintf("[Instance: %s] Command failed on instance. Return code: 1 Output: Engine execution has encountered an error: %s.", i.id, i.fault))
			return true
		}
		if !i.deployed {
			waiting = append(waiting, i.id)
		}
	}
	if len(waiting) == 0 && len(g.live()) >= g.desired {
		e.Status, e.DateUpdated, e.failed = types.EnvironmentStatusReady, &now, false
		c.info(e, success)
		return true
	}
	last := c.scaled(e.work.steps[0].at) + max(c.scaled(e.options.seconds(nsCommand, "Timeout")), c.lasting(leastCommandTimeout))
	if now.Before(e.work.started.Add(last)) {
		return false
	}
	c.report(e, types.EventSeverityWarn, fmt.Sprintf(
		"The following instances have not responded in the allowed command timeout time (they might still finish eventually on their own): [%s].", strings.Join(waiting, ", ")))
	c.fail(e, operation, "ELB health checks are failing: "+strings.Join(c.healthReasons(e), "; "))
	return true
}

// fail ends an operation with errors: the environment is Ready all the same.
func (c *Cloud) fail(e *environment, operation, reason string) {
	c.report(e, types.EventSeverityError, reason)
	c.report(e, types.EventSeverityError, operation+" operation is complete, but with errors. For more information, see troubleshooting documentation.")
	e.Status, e.DateUpdated, e.failed = types.EnvironmentStatusReady, ptr(c.now()), true
	e.work = nil
}

// probe asks an instance's service by the health check's path, in the
// background, until it has answered well once.
func (c *Cloud) probe(e *environment, i *instance, now time.Time) {
	if i.probe != nil {
		select {
		case i.deployed = <-i.probe:
			i.probe = nil
		default:
		}
		return
	}
	if i.deployed || i.state != astypes.LifecycleStateInService || now.Before(i.probed.Add(c.scaled(probePause))) {
		return
	}
	i.probed = now
	result := make(chan bool, 1)
	i.probe = result
	url, matcher := "http://"+i.addr+e.options.get(nsProcess, "HealthCheckPath"), e.options.get(nsProcess, "MatcherHTTPCode")
	c.background.Go(func() { result <- answers(c.running, url, matcher) })
}

// answers tells whether a service answers well within a second.
func answers(ctx context.Context, url, matcher string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	r.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode < 400 || strings.Contains(matcher, strconv.Itoa(answer.StatusCode))
}

// targetStates counts the environment's targets by state.
func (c *Cloud) targetStates(e *environment) map[string]int {
	states := map[string]int{}
	if g, err := c.group(e.group); err == nil {
		for _, h := range g.health() {
			states[h.State]++
		}
	}
	return states
}

// healthReasons says of each target that is not healthy why.
func (c *Cloud) healthReasons(e *environment) []string {
	var reasons []string
	if g, err := c.group(e.group); err == nil {
		for _, h := range g.health() {
			if h.State != "healthy" && h.State != "draining" {
				reasons = append(reasons, fmt.Sprintf("instance %s is %s (%s: %s)", h.Target.ID, h.State, h.Reason, h.Description))
			}
		}
	}
	if len(reasons) == 0 {
		reasons = []string{"no instance is registered with the target group"}
	}
	return reasons
}

// assess makes the environment's health follow its targets, with an event for
// each transition.
func (c *Cloud) assess(e *environment) {
	health, status := types.EnvironmentHealthGrey, types.EnvironmentHealthStatusPending
	states := c.targetStates(e)
	healthy, unhealthy, coming := states["healthy"], states["unhealthy"], states["initial"]
	wanted := 0
	if g, err := c.scalingGroup(e.scalingGroup); err == nil {
		wanted = g.desired
	}
	e.causes = []string{}
	switch {
	case e.Status == types.EnvironmentStatusLaunching:
	case e.Status == types.EnvironmentStatusTerminating:
		status = types.EnvironmentHealthStatusInfo
	case healthy > 0 && unhealthy == 0:
		health, status = types.EnvironmentHealthGreen, types.EnvironmentHealthStatusOk
		if coming > 0 || healthy < wanted {
			status = types.EnvironmentHealthStatusInfo
			e.causes = []string{"Instances are being added to the environment."}
		}
	case healthy > unhealthy:
		health, status = types.EnvironmentHealthYellow, types.EnvironmentHealthStatusWarning
		e.causes = []string{fmt.Sprintf("ELB health is failing or not available for %d out of %d instances.", unhealthy, healthy+unhealthy)}
	case healthy > 0:
		health, status = types.EnvironmentHealthRed, types.EnvironmentHealthStatusDegraded
		e.causes = []string{fmt.Sprintf("ELB health is failing or not available for %d out of %d instances.", unhealthy, healthy+unhealthy)}
	case unhealthy > 0 || e.failed:
		health, status = types.EnvironmentHealthRed, types.EnvironmentHealthStatusSevere
		e.causes = []string{"ELB processes are not healthy on all instances.", "ELB health is failing or not available for all instances."}
	case wanted == 0 || states["unused"] > 0:
		status = types.EnvironmentHealthStatusNoData
		e.causes = []string{"There are no instances that receive traffic."}
	}
	if healthy > 0 {
		e.failed = false
	}
	if e.HealthStatus == status {
		e.Health = health
		return
	}
	severity := types.EventSeverityInfo
	if health == types.EnvironmentHealthRed || health == types.EnvironmentHealthYellow {
		severity = types.EventSeverityWarn
	}
	c.report(e, severity, strings.Join(append([]string{fmt.Sprintf("Environment health has transitioned from %s to %s.", e.HealthStatus, status)}, e.causes...), " "))
	e.Health, e.HealthStatus = health, status
}

func (s beanstalk) DescribeEnvironmentHealth(_ context.Context, in *elasticbeanstalk.DescribeEnvironmentHealthInput) (*elasticbeanstalk.DescribeEnvironmentHealthOutput, error) {
	e, err := s.environment(in.EnvironmentId, in.EnvironmentName)
	if err != nil {
		return nil, err
	}
	asked := func(a types.EnvironmentHealthAttribute) bool {
		return slices.Contains(in.AttributeNames, a) || slices.Contains(in.AttributeNames, types.EnvironmentHealthAttributeAll)
	}
	out := &elasticbeanstalk.DescribeEnvironmentHealthOutput{EnvironmentName: e.EnvironmentName}
	if asked(types.EnvironmentHealthAttributeStatus) {
		out.Status = types.EnvironmentHealth(e.Status)
	}
	if asked(types.EnvironmentHealthAttributeColor) {
		out.Color = ptr(string(e.Health))
	}
	if asked(types.EnvironmentHealthAttributeCauses) {
		out.Causes = e.causes
	}
	if asked(types.EnvironmentHealthAttributeHealthStatus) {
		out.HealthStatus = ptr(string(e.HealthStatus))
	}
	if asked(types.EnvironmentHealthAttributeRefreshedAt) {
		out.RefreshedAt = ptr(s.now())
	}
	if asked(types.EnvironmentHealthAttributeInstancesHealth) {
		states := s.targetStates(e)
		n := func(v int) *int32 { return ptr(int32(v)) }
		out.InstancesHealth = &types.InstanceHealthSummary{
			Ok: n(states["healthy"]), Severe: n(states["unhealthy"]), Pending: n(states["initial"]), Info: n(states["draining"]), NoData: n(states["unused"]),
			Degraded: n(0), Unknown: n(0), Warning: n(0),
		}
	}
	if asked(types.EnvironmentHealthAttributeApplicationMetrics) {
		out.ApplicationMetrics = &types.ApplicationMetrics{Duration: ptr[int32](10)}
	}
	return out, nil
}

func (s beanstalk) DescribeInstancesHealth(_ context.Context, in *elasticbeanstalk.DescribeInstancesHealthInput) (*elasticbeanstalk.DescribeInstancesHealthOutput, error) {
	e, err := s.environment(in.EnvironmentId, in.EnvironmentName)
	if err != nil {
		return nil, err
	}
	out := &elasticbeanstalk.DescribeInstancesHealthOutput{RefreshedAt: ptr(s.now())}
	g, err := s.scalingGroup(e.scalingGroup)
	if err != nil {
		return out, nil
	}
	reasons := map[string][2]string{}
	if t, err := s.group(e.group); err == nil {
		for _, h := range t.health() {
			reasons[h.Target.ID] = [2]string{h.State, h.Description}
		}
	}
	for _, i := range g.instances {
		h := types.SingleInstanceHealth{
			InstanceId: &i.id, InstanceType: &i.kind, AvailabilityZone: &i.zone, LaunchedAt: &i.launched,
			Color: ptr("Grey"), HealthStatus: ptr("Pending"), Causes: []string{},
		}
		switch reasons[i.id][0] {
		case "healthy":
			h.Color, h.HealthStatus = ptr("Green"), ptr("Ok")
		case "unhealthy":
			h.Color, h.HealthStatus, h.Causes = ptr("Red"), ptr("Severe"), []string{"ELB health is failing: " + reasons[i.id][1]}
		}
		out.InstanceHealthList = append(out.InstanceHealthList, h)
	}
	return out, nil
}
