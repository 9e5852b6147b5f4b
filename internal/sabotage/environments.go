// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

// environments guard against what Elastic Beanstalk does.
var environments = []Guard{
	{
		Name:    "unused-targets-are-not-healthy",
		Against: "targets of a group that no rule names are unused, and a launch is Ready before its targets are healthy",
		File:    "internal/beanstalk/observe.go",
		Old:     `t.TargetHealth != nil && t.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy`,
		New:     `t.TargetHealth != nil && t.TargetHealth.State != elbtypes.TargetHealthStateEnumUnhealthy`,
		Package: "internal/beanstalk", Test: "TestUnusedTargets",
	},
	{
		Name:    "rule-on-our-listener",
		Against: "without a rule on the endpoint's own listener a new environment's targets stay unused",
		File:    "internal/beanstalk/settings.go",
		Old:     `	s.add(nsListener+strconv.Itoa(int(f.port)), "Rules", "default")`,
		New:     `	s.add(nsListener+strconv.Itoa(80), "Rules", "default")`,
		Package: "internal/beanstalk", Test: "TestSettings",
	},
	{
		Name:    "load-balancer-keeps-its-security-groups",
		Against: "Elastic Beanstalk attaches a security group of its own to a shared load balancer",
		File:    "internal/beanstalk/settings.go",
		Old:     `	s.add(nsBalancer, "SecurityGroups", strings.Join(f.securityGroups, ","))`,
		New:     ``,
		Package: "internal/beanstalk", Test: "TestSettings",
	},
	{
		Name:    "no-managed-updates",
		Against: "managed platform updates change what runs under a release's name",
		File:    "internal/beanstalk/settings.go",
		Old:     `s.add(nsManaged, "ManagedActionsEnabled", "false")`,
		New:     `s.add(nsManaged, "ManagedActionsEnabled", "")`,
		Package: "internal/beanstalk", Test: "TestSettings",
	},
	{
		Name:    "terminated-is-gone",
		Against: "terminated environments stay listed for an hour",
		File:    "internal/beanstalk/observe.go",
		Old:     `d.Status == types.EnvironmentStatusTerminated`,
		New:     `false`,
		Package: "internal/beanstalk", Test: "TestTerminatedIsListed",
	},
	{
		Name:    "environment-by-its-id",
		Against: "names of terminated environments are used again",
		File:    "internal/beanstalk/observe.go",
		Old:     `return aws.ToString(d.EnvironmentId) == s.e.ID`,
		New:     `return aws.ToString(d.EnvironmentName) == s.e.Name`,
		Package: "internal/beanstalk", Test: "TestNameUsedAgain",
	},
	{
		Name:    "environment-of-another-owner",
		Against: "names of environments are shared by all of an account",
		File:    "internal/beanstalk/observe.go",
		Old:     `if err != nil || !ours {`,
		New:     `if err != nil || false && !ours {`,
		Package: "internal/beanstalk", Test: "TestForeignEnvironment",
	},
	{
		Name:    "errors-of-a-launch",
		Against: "an environment becomes Ready although its launch failed",
		File:    "internal/rollout/decide.go",
		Old:     `if !to.Carried && len(s.Errors) > 0 {`,
		New:     `if false {`,
		Package: "internal/rollout", Test: "TestDecide/the platform reports an error",
	},
	{
		Name:    "errors-of-this-environment-only",
		Against: "events are listed of all environments of an application",
		File:    "internal/beanstalk/observe.go",
		Old:     `ApplicationName: &application, EnvironmentId: &s.ID, Severity: types.EventSeverityError,`,
		New:     `ApplicationName: &application, Severity: types.EventSeverityError,`,
		Package: "internal/beanstalk", Test: "TestErrorsOfAnotherEnvironment",
	},
	{
		Name:    "ready-is-not-healthy",
		Against: "an environment is Ready before its targets are healthy",
		File:    "internal/rollout/decide.go",
		Old:     `healthy := s.Found && s.Ready && s.Desired > 0 && s.Healthy >= max(s.Desired, d.need(f, 0))`,
		New:     `healthy := s.Found && s.Ready`,
		Package: "internal/rollout", Test: "TestDecide/Ready without healthy targets is not healthy",
	},
	{
		Name:    "resize-when-ready",
		Against: "Elastic Beanstalk refuses updates while it is not Ready",
		File:    "internal/rollout/decide.go",
		Old:     `if !d.Sights[active.Name].Ready {`,
		New:     `if false {`,
		Package: "internal/rollout", Test: "TestNothingIsAskedOfAnEnvironmentThatIsNotReady/another capacity",
	},
	{
		Name:    "scale-when-ready",
		Against: "an update under way sets the scaling group's bounds once more",
		File:    "internal/rollout/decide.go",
		Old: `		case s.Ready:
			return do(Scale{e.Name, want})`,
		New: `		case true:
			return do(Scale{e.Name, want})`,
		Package: "internal/rollout", Test: "TestNothingIsAskedOfAnEnvironmentThatIsNotReady/a bounded group",
	},
	{
		Name:    "terminate-when-ready",
		Against: "Elastic Beanstalk refuses to terminate an environment that is being updated",
		File:    "internal/rollout/retire.go",
		Old:     `	if !s.Ready {`,
		New:     `	if false {`,
		Package: "internal/rollout", Test: "TestNothingIsAskedOfAnEnvironmentThatIsNotReady/its end",
	},
	{
		Name:    "operation-in-progress-passes",
		Against: "an operation that is under way refuses others, for a while",
		File:    "internal/beanstalk/errors.go",
		Old:     `		c == "OperationInProgressFailure", c == "OperationInProgressException":`,
		New:     `		c == "OperationInProgressException":`,
		Package: "internal/beanstalk", Test: "TestRefusal",
	},
	{
		Name:    "wrecked-by-a-stuck-termination",
		Against: "a termination that a foreign rule stops leaves an environment that is Ready, without instances",
		File:    "internal/beanstalk/observe.go",
		Old:     `s.Wrecked = s.Ready && s.e.ScalingGroup != ""`,
		New:     `s.Wrecked = false`,
		Package: "internal/beanstalk", Test: "TestStuckTermination",
	},
	{
		Name:    "launched-already",
		Against: "the answer to a creation is lost, and its repetition refused because of itself",
		File:    "internal/beanstalk/platform.go",
		Old: `	if code(err) != "InvalidParameterValue" {
		return err
	}`,
		New: `	if err != nil {
		return err
	}`,
		Package: "internal/beanstalk", Test: "TestLife",
	},
	{
		Name:    "terminated-already",
		Against: "the answer to a termination is lost, and its repetition refused because of itself",
		File:    "internal/beanstalk/platform.go",
		Old:     `lookErr == nil && !slices.ContainsFunc(out.Environments, stays)`,
		New:     `lookErr == nil && !slices.ContainsFunc(out.Environments, stays) && false`,
		Package: "internal/beanstalk", Test: "TestLife",
	},
	{
		Name:    "quota-of-environments",
		Against: "quotas: a launch that hits one fails half way",
		File:    "internal/beanstalk/check.go",
		Old:     `counts[q.what]+wanted[q.what] > most`,
		New:     `counts[q.what] > most`,
		Package: "internal/beanstalk", Test: "TestCheck/environments",
	},
	{
		Name:    "quota-of-tags",
		Against: "Elastic Beanstalk takes 47 tags",
		File:    "internal/beanstalk/check.go",
		Old:     `n > maxTags-ownTags`,
		New:     `n > maxTags`,
		Package: "internal/beanstalk", Test: "TestCheck/too many tags",
	},
}
