// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

// instances guard a rollout by instance, in which two releases stand in one target
// group.
var instances = []Guard{
	{
		Name:    "old-instances-are-healthy-before-traffic-follows",
		Against: "a registered target is initial until it was checked: a group of such targets fails open, or answers 503",
		File:    "internal/rollout/instances.go",
		Old:     `	case len(except(home.healthy, theirs.healthy)) > 0:`,
		New:     `	case false:`,
		Package: "internal/rollout", Test: "TestDecideByInstance/they are healthy before traffic comes",
	},
	{
		Name:    "new-instance-is-healthy-before-an-old-one-leaves",
		Against: "capacity goes before other capacity has come",
		File:    "internal/rollout/instances.go",
		Old:     `	case len(ours.healthy) <= f.Step:`,
		New:     `	case false:`,
		Package: "internal/rollout", Test: "TestDecideByInstance/it is healthy before an old one goes",
	},
	{
		Name:    "scaling-is-suspended-while-instances-move",
		Against: "Auto Scaling terminates an instance that another target group still sends to, without draining it there",
		File:    "internal/rollout/instances.go",
		Old:     `	case !d.Sights[f.From].Scaling.Suspended || !d.Sights[f.To].Scaling.Suspended:`,
		New:     `	case false:`,
		Package: "internal/rollout", Test: "TestDecideByInstance/nothing moves while the platform is busy",
	},
	{
		Name:    "detached-instances-have-drained",
		Against: "Auto Scaling takes instances out of a group that it is being detached from, also one that was registered since",
		File:    "internal/rollout/instances.go",
		Old:     `	case len(ours.leaving) > 0:`,
		New:     `	case false:`,
		Package: "internal/rollout", Test: "TestDecideByInstance/nor drains",
	},
	{
		Name:    "lodgers-are-not-terminated",
		Against: "an instance is terminated that another target group still sends to",
		File:    "internal/rollout/retire.go",
		Old:     `	if d.lodges(e.Name) {`,
		New:     `	if false {`,
		Package: "internal/rollout", Test: "TestLodgersStay",
	},
	{
		Name:    "groups-part",
		Against: "an environment whose scaling group is detached gets no new instances into its target group",
		File:    "internal/rollout/instances.go",
		Old:     `		if s.Detached && s.Ready {`,
		New:     `		if false {`,
		Package: "internal/rollout", Test: "TestInstancesPart",
	},
	{
		Name:    "guests-are-not-its-own",
		Against: "another environment's instances in a target group are taken for a release's own capacity",
		File:    "internal/beanstalk/observe.go",
		Old:     `s.Targets[id] == rollout.TargetHealthy && (owner == nil || owner == s)`,
		New:     `s.Targets[id] == rollout.TargetHealthy && (owner == nil || owner != nil)`,
		Package: "internal/beanstalk", Test: "TestInstancesMove",
	},
	{
		Name:    "detached-twice",
		Against: "Auto Scaling refuses to detach what is not attached: an answer that was lost is no failure",
		File:    "internal/beanstalk/instances.go",
		Old:     `	if code(err) == "ValidationError" {`,
		New:     `	if false {`,
		Package: "internal/beanstalk", Test: "TestInstancesMove",
	},
}
