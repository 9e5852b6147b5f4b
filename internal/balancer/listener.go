// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Listener is a listener as people look at it.
type Listener struct {
	Protocol         string
	Port             int
	Rules, MostRules int // of its load balancer, without default rules
}

// Listener describes a listener, and returns what keeps endpoints from it.
func (b *Balancer) Listener(ctx context.Context, arn string) (Listener, []endpoint.Problem, error) {
	l, err := b.listener(ctx, arn)
	if err != nil {
		return Listener{}, nil, err
	}
	if l == nil {
		return Listener{}, problem("routing.listener_arn", "there is no listener %s", arn), nil
	}
	is := Listener{Protocol: string(l.Protocol), Port: int(aws.ToInt32(l.Port))}
	_, problems, err := b.checkLoadBalancer(ctx, aws.ToString(l.LoadBalancerArn))
	if err != nil || len(problems) > 0 {
		return is, problems, err
	}
	rules, err := b.rules(ctx, arn)
	if err != nil {
		return is, nil, err
	}
	if is.Rules, err = b.countRules(ctx, arn, rules); err != nil {
		return is, nil, err
	}
	limits, err := b.limits(ctx)
	is.MostRules = limits[limitRules]
	return is, nil, err
}
