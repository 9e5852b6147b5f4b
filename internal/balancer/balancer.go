// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package balancer keeps an endpoint's listener rule on an Application Load
// Balancer: which requests it takes, and by which weights it forwards them to the
// environments' target groups.
//
// It owns that one rule and changes no other. Target groups belong to the
// platform that made them.
package balancer

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Options say whose rules these are.
type Options struct {
	Owner string
	Tags  map[string]string // put on a new rule, beside our own
}

// Balancer keeps rules.
type Balancer struct {
	Options
	elb *elasticloadbalancingv2.Client
}

var _ roller.Balancer = (*Balancer)(nil)

// New returns the balancer of the clients' account and Region.
func New(c *awsclient.Clients, o Options) *Balancer {
	return &Balancer{Options: o, elb: c.LoadBalancing}
}

// Unroute removes a rule. One that is gone is removed.
func (b *Balancer) Unroute(ctx context.Context, ruleARN string) error {
	_, err := b.elb.DeleteRule(ctx, &elasticloadbalancingv2.DeleteRuleInput{RuleArn: &ruleARN})
	if err != nil && code(err) != "RuleNotFound" {
		return fmt.Errorf("removing listener rule %s: %w", ruleARN, err)
	}
	return nil
}

// URL is the address of the endpoint's first host at its listener.
func (b *Balancer) URL(ctx context.Context, s endpoint.Routing) (string, error) {
	l, err := b.listener(ctx, s.ListenerARN)
	if err != nil {
		return "", err
	}
	if l == nil || len(s.Hosts) == 0 {
		return "", fmt.Errorf("there is no listener %s", s.ListenerARN)
	}
	scheme, usual := "http", int32(80)
	if l.Protocol == types.ProtocolEnumHttps {
		scheme, usual = "https", 443
	}
	address := scheme + "://" + strings.ToLower(s.Hosts[0])
	if port := aws.ToInt32(l.Port); port != usual {
		address += fmt.Sprintf(":%d", port)
	}
	return address, nil
}

// listener describes a listener, or returns nil when there is none.
func (b *Balancer) listener(ctx context.Context, arn string) (*types.Listener, error) {
	out, err := b.elb.DescribeListeners(ctx, &elasticloadbalancingv2.DescribeListenersInput{ListenerArns: []string{arn}})
	switch c := code(err); {
	case c == "ListenerNotFound" || c == "ValidationError":
		return nil, nil // the second is about an ARN that is none
	case err != nil:
		return nil, fmt.Errorf("describing listener %s: %w", arn, err)
	case len(out.Listeners) == 0:
		return nil, nil
	}
	return &out.Listeners[0], nil
}

// listenersOf returns the ARNs of a load balancer's listeners: none when it is gone.
func (b *Balancer) listenersOf(ctx context.Context, loadBalancer string) ([]string, error) {
	var arns []string
	pages := elasticloadbalancingv2.NewDescribeListenersPaginator(b.elb, &elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: &loadBalancer})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code(err) == "LoadBalancerNotFound" {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("describing the listeners of %s: %w", loadBalancer, err)
		}
		for _, l := range page.Listeners {
			arns = append(arns, aws.ToString(l.ListenerArn))
		}
	}
	return arns, nil
}
