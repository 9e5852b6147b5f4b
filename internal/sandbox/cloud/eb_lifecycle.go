// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// A workflow is what Elastic Beanstalk does by itself after a call: steps, each
// due at a time after the start as AWS counts it.
type workflow struct {
	started time.Time
	steps   []step
}

// A step reports whether it is done; it is tried again until it is. A step that
// takes the environment's work away ends the workflow.
type step struct {
	at time.Duration
	do func(now time.Time) bool
}

// stepEnvironment does what is due for one environment.
func (c *Cloud) stepEnvironment(e *environment, now time.Time) {
	if e.Status == types.EnvironmentStatusTerminated {
		return
	}
	w := e.work
	if g, err := c.scalingGroup(e.scalingGroup); err == nil && w != nil {
		for _, i := range g.live() {
			c.probe(e, i, now)
		}
		c.checkLaunches(e, g)
	}
	for w != nil && e.work == w && !now.Before(w.started.Add(c.scaled(w.steps[0].at))) && w.steps[0].do(now) {
		if w.steps = w.steps[1:]; len(w.steps) == 0 {
			e.work = nil
		}
	}
	c.assess(e)
}

// checkLaunches ends a launch or an update for which there are no instances.
func (c *Cloud) checkLaunches(e *environment, g *scalingGroup) {
	operation, ok := map[types.EnvironmentStatus]string{
		types.EnvironmentStatusLaunching: "Create environment", types.EnvironmentStatusUpdating: "Update environment",
	}[e.Status]
	if ok && g.launchFailure != "" {
		c.fail(e, operation, "Creating Auto Scaling group named: "+g.name+" failed Reason: "+g.launchFailure)
	}
}

// begin starts a workflow, in which once makes a step that never waits.
func (c *Cloud) begin(e *environment, status types.EnvironmentStatus, steps ...step) {
	e.Status, e.DateUpdated = status, ptr(c.now())
	e.work = &workflow{c.now(), steps}
}

func once(at time.Duration, do func()) step {
	return step{at, func(time.Time) bool { do(); return true }}
}

func (c *Cloud) beginLaunch(e *environment) {
	c.info(e, "createEnvironment is starting.")
	c.begin(e, types.EnvironmentStatusLaunching,
		once(3*time.Second, func() {
			c.info(e, "Using "+storageBucket(c.config.Region, c.config.Account)+" as Amazon S3 storage bucket for environment data.")
		}),
		once(20*time.Second, func() { c.createNetworking(e) }),
		once(30*time.Second, func() { c.choosePriorities(e) }),
		once(100*time.Second, func() { c.createRules(e) }),
		once(125*time.Second, func() { c.createScaling(e) }),
		step{180 * time.Second, func(now time.Time) bool {
			return c.deployed(e, now, "Create environment", "Successfully launched environment: "+e.name())
		}},
	)
}

// createNetworking makes target group and security group.
func (c *Cloud) createNetworking(e *environment) {
	o := e.options
	i32 := func(name string) *int32 { return ptr(int32(o.number(nsProcess, name))) }
	g, err := c.createGroup(&elbv2.CreateTargetGroupInput{
		Name: ptr("awseb-AWSEB-" + c.id(upperLetters+digits, 13)), Port: i32("Port"), Protocol: elbtypes.ProtocolEnum(o.get(nsProcess, "Protocol")),
		VpcId: ptr(cmp.Or(o.get(nsVPC, "VPCId"), c.network.vpc)), HealthCheckPath: ptr(o.get(nsProcess, "HealthCheckPath")),
		HealthCheckIntervalSeconds: i32("HealthCheckInterval"), HealthCheckTimeoutSeconds: i32("HealthCheckTimeout"),
		HealthyThresholdCount: i32("HealthyThresholdCount"), UnhealthyThresholdCount: i32("UnhealthyThresholdCount"),
		Matcher: &elbtypes.Matcher{HttpCode: ptr(o.get(nsProcess, "MatcherHTTPCode"))},
	})
	if err != nil {
		c.fail(e, "Create environment", fmt.Sprintf("Creating target group failed Reason: %v", err))
		return
	}
	g.tags = c.stackTags(e, "AWSEBV2LoadBalancerTargetGroup")
	e.group = *g.TargetGroupArn
	if err := c.setGroupAttributes(g, []elbtypes.TargetGroupAttribute{{Key: ptr("deregistration_delay.timeout_seconds"), Value: ptr(o.get(nsProcess, "DeregistrationDelay"))}}); err != nil {
		c.fail(e, "Create environment", fmt.Sprintf("Creating target group failed Reason: %v", err))
		return
	}
	c.info(e, "Created target group named: "+e.group)
	e.securityGroup = "sg-" + c.id(hexDigits, 17)
	c.info(e, "Created security group named: "+e.securityGroup)
}

// stackTags are the tags on everything in an environment's stack.
func (c *Cloud) stackTags(e *environment, logicalID string) tags {
	t := slices.Clone(e.tags)
	t.set("aws:cloudformation:stack-name", stackName(e))
	t.set("aws:cloudformation:stack-id", c.stackID(e))
	t.set("aws:cloudformation:logical-id", logicalID)
	return t
}

// choosePriorities has an environment that races choose its rules' priorities
// long before it makes the rules, so that another can choose the same ones.
func (c *Cloud) choosePriorities(e *environment) {
	listeners, err := c.sharedListeners(e.options)
	if err != nil || !e.races {
		return // createRules says what is wrong
	}
	e.priorities = map[*listener]int{}
	for _, l := range listeners {
		e.priorities[l] = l.lastPriority()
	}
}

// createRules adds the environment's own rule, for its CNAME, below all others.
func (c *Cloud) createRules(e *environment) {
	listeners, err := c.sharedListeners(e.options)
	if err != nil {
		c.fail(e, "Create environment", fmt.Sprintf("Creating load balancer listener rule failed Reason: %v", err))
		return
	}
	for _, l := range listeners {
		r, err := balancing{c}.createRule(l, cmp.Or(e.priorities[l], l.lastPriority()),
			[]elbtypes.RuleCondition{{Field: ptr("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{*e.CNAME}}}},
			[]elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &e.group}}, nil)
		if err != nil {
			c.fail(e, "Create environment", fmt.Sprintf("Creating load balancer listener rule failed Reason: %v", err))
			return
		}
		r.tags = c.stackTags(e, "AWSEBV2LoadBalancerListenerRule")
		e.rules = append(e.rules, *r.RuleArn)
		c.info(e, "Created Load Balancer listener rule named: "+*r.RuleArn)
	}
	e.EndpointURL = listeners[0].balancer.DNSName
	c.countShared(listeners[0].balancer)
}

// countShared keeps the tag by which Elastic Beanstalk counts the environments
// behind a shared load balancer.
func (c *Cloud) countShared(lb *loadBalancer) {
	count := 0
	for _, e := range c.present() {
		if e.EndpointURL == lb.DNSName {
			count++
		}
	}
	lb.tags.set("elasticbeanstalk:shared-elb-environment-count", itoa(count))
}

func (c *Cloud) createScaling(e *environment) {
	o := e.options
	name := stackName(e) + "-AWSEBAutoScalingGroup-" + c.id(upperLetters+digits, 12)
	g := &scalingGroup{
		name: name, arn: c.arn("autoscaling", "autoScalingGroup:"+c.uuid()+":autoScalingGroupName/"+name),
		min: o.number(nsGroup, "MinSize"), max: o.number(nsGroup, "MaxSize"), desired: o.number(nsGroup, "MinSize"),
		tags: c.stackTags(e, "AWSEBAutoScalingGroup"), created: c.now(), suspended: map[string]bool{},
		sources: []*trafficSource{{arn: e.group, legacy: true}}, cooldown: int32(o.number(nsGroup, "Cooldown")),
		healthCheckType: "EC2", terminationPolicy: []string{"Default"}, trigger: trigger{threshold: o.number(nsTrigger, "LowerThreshold")},
	}
	e.template = c.templateOf(e)
	g.template = e.template
	c.scaling = append(c.scaling, g)
	e.scalingGroup = name
	c.info(e, "Created Auto Scaling launch template named: "+g.template.name)
	c.info(e, "Created Auto Scaling group named: "+name)
	c.info(e, "Waiting for EC2 instances to launch. This may take a few minutes.")
}

// templateOf says what the environment's instances run by its version and settings.
func (c *Cloud) templateOf(e *environment) launchTemplate {
	t := launchTemplate{
		id: "lt-" + c.id(hexDigits, 17), name: stackName(e) + "-AWSEBEC2LaunchTemplate",
		kind:        strings.TrimSpace(strings.Split(e.options.get(nsLaunch, "InstanceType"), ",")[0]),
		environment: e.name(), env: e.options.variables(),
	}
	if instanceTypes := e.options.get("aws:ec2:instances", "InstanceTypes"); instanceTypes != "" {
		t.kind = strings.TrimSpace(strings.Split(instanceTypes, ",")[0])
	}
	a, err := c.application(*e.ApplicationName)
	if err != nil {
		t.fault = err.Error()
		return t
	}
	v, err := a.version(*e.VersionLabel)
	if err != nil || v.SourceBundle == nil {
		t.version = "sample"
		return t
	}
	bundle, ok := c.objects.Get(*v.SourceBundle.S3Bucket, *v.SourceBundle.S3Key)
	if !ok {
		t.fault = "the source bundle is not in the bucket any more"
		return t
	}
	if t.image, t.version, err = c.image(bundle); err != nil {
		t.fault = err.Error()
	}
	return t
}

// An update is what an environment is to become.
type update struct {
	options options
	version string
}

// beginUpdate changes capacity in place; what concerns the instances' software
// replaces them all at once.
func (c *Cloud) beginUpdate(e *environment, next update) {
	c.info(e, "Environment update is starting.")
	redeploy := next.version != *e.VersionLabel || !maps.Equal(next.options.variables(), e.options.variables()) ||
		next.options.get(nsLaunch, "InstanceType") != e.options.get(nsLaunch, "InstanceType")
	e.options, e.VersionLabel = next.options, ptr(next.version)
	end := 60 * time.Second
	if redeploy {
		end = 180 * time.Second
	}
	c.begin(e, types.EnvironmentStatusUpdating,
		once(5*time.Second, func() {
			c.info(e, "Updating environment "+e.name()+"'s configuration settings.")
			g, err := c.scalingGroup(e.scalingGroup)
			if err != nil {
				return
			}
			g.min, g.max = e.options.number(nsGroup, "MinSize"), e.options.number(nsGroup, "MaxSize")
			g.desired = min(max(g.desired, g.min), g.max)
			if redeploy {
				e.template = c.templateOf(e)
				g.template = e.template
				for _, i := range g.live() {
					c.terminate(i, c.now())
				}
			}
		}),
		step{end, func(now time.Time) bool {
			return c.deployed(e, now, "Update environment", "Environment update completed successfully.")
		}},
	)
}

func (c *Cloud) beginTermination(e *environment, requestID string) {
	e.requestID = cmp.Or(requestID, e.requestID)
	c.info(e, "terminateEnvironment is starting.")
	c.begin(e, types.EnvironmentStatusTerminating,
		once(10*time.Second, func() {
			for _, arn := range e.rules {
				if r, err := c.rule(arn); err == nil {
					c.deleteRule(r)
					c.info(e, "Deleted Load Balancer listener rule named: "+arn)
				}
			}
			e.rules = nil
			if g, err := c.scalingGroup(e.scalingGroup); err == nil {
				g.min, g.max, g.desired, g.deleting = 0, 0, 0, true
			}
		}),
		step{110 * time.Second, func(time.Time) bool {
			_, err := c.scalingGroup(e.scalingGroup)
			return err != nil // not found: its instances have drained and gone
		}},
		step{115 * time.Second, func(now time.Time) bool { c.finishTermination(e, now); return true }},
	)
}

// finishTermination deletes what is left of the stack. A target group that a
// rule of somebody else's still uses cannot be deleted, and the environment
// comes back without its instances.
func (c *Cloud) finishTermination(e *environment, now time.Time) {
	if e.scalingGroup != "" {
		c.info(e, "Deleted Auto Scaling group named: "+e.scalingGroup)
		e.scalingGroup = ""
	}
	if err := c.deleteGroup(e.group); err != nil {
		c.report(e, types.EventSeverityError, fmt.Sprintf("Deleting target group named: %s failed Reason: %v", e.group, err))
		c.report(e, types.EventSeverityError, "Stack deletion failed: The following resource(s) failed to delete: [AWSEBV2LoadBalancerTargetGroup].")
		c.report(e, types.EventSeverityError, "Failed to terminate environment.")
		e.Status, e.failed = types.EnvironmentStatusReady, true
		return
	}
	if e.group != "" {
		c.info(e, "Deleted target group named: "+e.group)
	}
	if e.securityGroup != "" {
		c.info(e, "Deleted security group named: "+e.securityGroup)
	}
	e.group, e.securityGroup = "", ""
	c.info(e, "terminateEnvironment completed successfully.")
	e.Status, e.Health, e.HealthStatus = types.EnvironmentStatusTerminated, types.EnvironmentHealthGrey, ""
	e.terminated, e.DateUpdated, e.EndpointURL = now, &now, nil
	if lb, err := c.balancer(e.options.get(nsBalancer, "SharedLoadBalancer")); err == nil {
		c.countShared(lb)
	}
}
