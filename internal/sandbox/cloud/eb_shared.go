// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"strconv"

	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// sharedListeners checks an environment's settings for its load balancer and
// finds the listeners that it wants rules on. Only environments behind a shared
// Application Load Balancer are served.
func (c *Cloud) sharedListeners(o options) ([]*listener, error) {
	if kind := o.get(nsEnvironment, "LoadBalancerType"); kind != "application" {
		return nil, invalidOption(nsEnvironment, "LoadBalancerType", kind, "The sandbox serves environments behind application load balancers only")
	}
	if shared := o.get(nsEnvironment, "LoadBalancerIsShared"); shared != "true" {
		return nil, invalidOption(nsEnvironment, "LoadBalancerIsShared", shared, "The sandbox serves environments behind shared load balancers only")
	}
	arn := o.get(nsBalancer, "SharedLoadBalancer")
	lb, err := c.balancer(arn)
	if err != nil {
		return nil, invalidOption(nsBalancer, "SharedLoadBalancer", arn, "The load balancer does not exist")
	}
	if lb.Type != elbtypes.LoadBalancerTypeEnumApplication {
		return nil, invalidOption(nsBalancer, "SharedLoadBalancer", arn, "The load balancer is not an application load balancer")
	}
	if vpc := o.get(nsVPC, "VPCId"); vpc != "" && vpc != *lb.VpcId {
		return nil, invalidOption(nsVPC, "VPCId", vpc, "The shared load balancer is in the VPC "+*lb.VpcId)
	}
	var listeners []*listener
	for _, port := range o.listenerPorts() {
		l := lb.atPort(port)
		if l == nil {
			return nil, invalidOption(nsListener+port, "Rules", "default", "The shared load balancer has no listener at the port "+port)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func (lb *loadBalancer) atPort(port string) *listener {
	for _, l := range lb.listeners {
		if strconv.Itoa(int(*l.Port)) == port {
			return l
		}
	}
	return nil
}

// lastPriority is the first one behind all rules of a listener.
func (l *listener) lastPriority() int {
	last := 0
	for _, r := range l.rules {
		if r.priority != defaultPriority {
			last = r.priority
		}
	}
	return last + 1
}
