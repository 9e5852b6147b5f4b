// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Limits of Elastic Beanstalk and Elastic Load Balancing that a Spec must keep.
const (
	MaxName    = 40 // of an environment (4-40), which begins with the endpoint's name
	MaxVersion = 87 // version labels have 100 characters, 13 of them "-" and the fingerprint
	// MaxConditions is the number of values that all conditions of one listener
	// rule may have together.
	MaxConditions = 5
	// MaxPriority is the largest priority of a listener rule.
	MaxPriority = 50000
)

// Problem is something wrong with one attribute of a Spec. Attribute is its path
// as in the configuration: "rollout.steps[1].weight".
type Problem struct {
	Attribute string
	Message   string
	// Warning says that it stops nothing.
	Warning bool
}

// Stopping returns the problems that are more than a warning.
func Stopping(problems []Problem) []Problem {
	return slices.DeleteFunc(slices.Clone(problems), func(p Problem) bool { return p.Warning })
}

func (p Problem) Error() string { return p.Attribute + ": " + p.Message }

var (
	nameForm    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
	versionForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	pathForm    = regexp.MustCompile(`^/`)
)

// Validate returns everything that can be known to be wrong from the Spec alone.
func (s Spec) Validate() []Problem {
	var v validator
	v.name(s.Name)
	v.release(s.Release)
	v.capacity(s.Capacity)
	v.routing(s.Routing)
	v.dns(s.DNS, s.Routing.Hosts)
	v.rollout(s.Rollout)
	v.testRoute(s)
	if s.Routing.TakeoverRuleARN != "" && s.Rollout.By == ByInstance {
		v.add("rollout.by", "%q, and routing.takeover_rule_arn is set: a rule is taken over by weight, because its instances are not the endpoint's; use %q until that is done, and then take routing.takeover_rule_arn out", ByInstance, ByWeight)
	}
	if s.Retention.Max < 0 {
		v.add("retention.max", "%d is negative: 0 keeps no old environment", s.Retention.Max)
	}
	v.notNegative("retention.keep_for", s.Retention.KeepFor)
	v.notNegative("retention.failed_for", s.Retention.FailedFor)
	return v.problems
}

type validator struct{ problems []Problem }

func (v *validator) add(attribute, format string, args ...any) {
	v.problems = append(v.problems, Problem{Attribute: attribute, Message: fmt.Sprintf(format, args...)})
}

func (v *validator) notNegative(attribute string, d Duration) {
	if d < 0 {
		v.add(attribute, "%s is negative: a duration here is zero or more", d)
	}
}

func (v *validator) name(name string) {
	switch {
	case len(name) < 1 || len(name) > MaxName:
		v.add("name", "%q has %d characters: Elastic Beanstalk allows 1 to %d", name, len(name), MaxName)
	case !nameForm.MatchString(name):
		v.add("name", "%q: Elastic Beanstalk allows letters, digits and hyphens, with no hyphen at either end", name)
	}
}

func (v *validator) release(r Release) {
	switch {
	case len(r.Version) < 1 || len(r.Version) > MaxVersion:
		v.add("version", "%q has %d characters: 1 to %d are allowed, because Elastic Beanstalk's version label has at most 100", r.Version, len(r.Version), MaxVersion)
	case !versionForm.MatchString(r.Version):
		v.add("version", "%q is not an image tag: letters, digits, underscore, period and hyphen, not beginning with a period or a hyphen", r.Version)
	}
	v.container(r.Container)
	if len(r.Beanstalk.Subnets) == 0 {
		v.add("beanstalk.subnets", "is empty: name at least one subnet of the load balancer's VPC")
	}
	v.settings(r.Beanstalk.Settings)
	v.extensions(r.Beanstalk.Extensions)
	v.health(r.Health)
}

// The bounds are those of CreateTargetGroup in the ELBv2 API reference.
func (v *validator) health(h Health) {
	if !pathForm.MatchString(h.Path) {
		v.add("health.path", "%q does not begin with /", h.Path)
	}
	v.within("health.interval", h.Interval, 5*time.Second, 300*time.Second)
	v.within("health.timeout", h.Timeout, 2*time.Second, 120*time.Second)
	if h.Timeout >= h.Interval {
		v.add("health.timeout", "%s is not below health.interval, %s", h.Timeout, h.Interval)
	}
	v.threshold("health.healthy_threshold", h.HealthyThreshold)
	v.threshold("health.unhealthy_threshold", h.UnhealthyThreshold)
	v.within("health.deregistration_delay", h.DeregistrationDelay, 0, time.Hour)
}

func (v *validator) within(attribute string, d Duration, least, most time.Duration) {
	if d.Std() < least || d.Std() > most {
		v.add(attribute, "%s is outside %s to %s", d, Duration(least), Duration(most))
	} else if d.Std()%time.Second != 0 {
		v.add(attribute, "%s is not a whole number of seconds", d)
	}
}

func (v *validator) threshold(attribute string, n int) {
	if n < 2 || n > 10 {
		v.add(attribute, "%d is outside 2 to 10", n)
	}
}

func (v *validator) capacity(c Capacity) {
	if c.Min < 1 {
		v.add("capacity.min", "%d: a serving environment needs at least 1 instance", c.Min)
	}
	if c.Max > 10000 {
		v.add("capacity.max", "%d: Elastic Beanstalk allows at most 10000 instances", c.Max)
	}
	if c.Min > c.Max {
		v.add("capacity.min", "%d is more than capacity.max, %d", c.Min, c.Max)
	}
}

func (v *validator) routing(r Routing) {
	if len(r.Hosts) == 0 {
		v.add("routing.hosts", "is empty: name at least one host")
	}
	if n := len(r.Hosts) + len(r.Paths); n > MaxConditions {
		v.add("routing.hosts", "%d hosts and %d paths make %d conditions: a listener rule has at most %d", len(r.Hosts), len(r.Paths), n, MaxConditions)
	}
	for i, h := range r.Hosts {
		if h == "" || len(h) > 128 {
			v.add(fmt.Sprintf("routing.hosts[%d]", i), "%q has %d characters: 1 to 128 are allowed", h, len(h))
		}
	}
	for i, p := range r.Paths {
		if !pathForm.MatchString(p) || len(p) > 128 {
			v.add(fmt.Sprintf("routing.paths[%d]", i), "%q: a path pattern begins with / and has at most 128 characters", p)
		}
	}
	if r.Priority < 0 || r.Priority > MaxPriority {
		v.add("routing.priority", "%d is outside 1 to %d", r.Priority, MaxPriority)
	}
	v.takeover(r)
}
