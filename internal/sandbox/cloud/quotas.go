// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

// Quotas are limits of the account. Zero means AWS's default.
type Quotas struct {
	Applications             int // Elastic Beanstalk, 75
	Environments             int // 200
	ApplicationVersions      int // 1000
	RulesPerLoadBalancer     int // not counting default rules, 100
	TargetGroupsPerBalancer  int // 100
	TargetGroupsPerRegion    int // 3000
	LoadBalancersPerRegion   int // 50
	ListenersPerLoadBalancer int // 50
}

// Limits that AWS does not raise.
const (
	maxGroupsPerAction    = 5
	maxConditionValues    = 5
	maxWeight             = 999
	maxPriority           = 50000
	maxEnvironmentTags    = 47
	maxTags               = 50
	maxStickiness         = 604800 // seconds
	maxInstancesPerResult = 100
)

func (q Quotas) withDefaults() Quotas {
	for _, d := range []struct {
		value    *int
		standard int
	}{
		{&q.Applications, 75},
		{&q.Environments, 200},
		{&q.ApplicationVersions, 1000},
		{&q.RulesPerLoadBalancer, 100},
		{&q.TargetGroupsPerBalancer, 100},
		{&q.TargetGroupsPerRegion, 3000},
		{&q.LoadBalancersPerRegion, 50},
		{&q.ListenersPerLoadBalancer, 50},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	return q
}
