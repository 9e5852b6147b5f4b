// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package dns keeps the Route 53 alias records that send an endpoint's hosts to its
// load balancer.
//
// It makes a record only where there is none, changes only those that the endpoint's
// record says are ours, and removes only those that still point at the load balancer.
// The hosted zone belongs to others.
package dns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// DNS keeps records.
type DNS struct {
	r53 *route53.Client
	elb *elasticloadbalancingv2.Client
}

var _ roller.DNS = (*DNS)(nil)

// New returns the records of the clients' account.
func New(c *awsclient.Clients) *DNS {
	return &DNS{r53: c.Route53, elb: c.LoadBalancing}
}

// Observe reports the records of the hosts that are wanted or kept.
func (d *DNS) Observe(ctx context.Context, r *endpoint.Record) (*rollout.DNS, error) {
	seen := rollout.AssumedDNS(r)
	seen.Here = nil
	lb, err := d.loadBalancer(ctx, r)
	if err != nil {
		return nil, err
	}
	if lb != nil {
		seen.Target, seen.DualStack = aws.ToString(lb.DNSName), dualStack(lb)
	}
	looked := map[endpoint.Alias]bool{}
	for _, a := range slices.Concat(r.Desired.Aliases(seen.DualStack), r.Pointed()) {
		if looked[a] {
			continue
		}
		looked[a] = true
		is, err := d.look(ctx, a, seen.Target)
		switch {
		case err != nil:
			return nil, err
		case is.here():
			seen.Here = append(seen.Here, a)
		case is.taken():
			seen.Elsewhere = append(seen.Elsewhere, a)
		}
	}
	return seen, nil
}

// Point sets a record.
func (d *DNS) Point(ctx context.Context, r *endpoint.Record, a endpoint.Alias) error {
	if err := d.point(ctx, r, a); err != nil {
		return fmt.Errorf("pointing %s at the load balancer, in hosted zone %s: %w", a, a.ZoneID, err)
	}
	return nil
}

func (d *DNS) point(ctx context.Context, r *endpoint.Record, a endpoint.Alias) error {
	lb, err := d.loadBalancer(ctx, r)
	if err != nil {
		return err
	}
	if lb == nil {
		return fmt.Errorf("the load balancer of listener %s does not exist", r.Desired.Routing.ListenerARN)
	}
	is, err := d.look(ctx, a, aws.ToString(lb.DNSName))
	action := types.ChangeActionCreate // which fails when somebody is quicker
	switch {
	case err != nil || is.here():
		return err
	case is.taken() && (is.own == nil || !r.Keeps(a)):
		return fmt.Errorf("there is %s that is not ionroller's: remove it, or leave dns out", is.describe())
	case is.taken():
		action = types.ChangeActionUpsert
	}
	return d.change(ctx, a.ZoneID, action, types.ResourceRecordSet{
		Name: &a.Host, Type: types.RRType(a.Type),
		AliasTarget: &types.AliasTarget{
			DNSName: lb.DNSName, HostedZoneId: lb.CanonicalHostedZoneId,
			// With it on, one target group without a healthy target, of anybody's
			// service, would make the whole shared load balancer count as unhealthy.
			EvaluateTargetHealth: false,
		},
	})
}

// Unpoint removes a record that points at the load balancer.
func (d *DNS) Unpoint(ctx context.Context, r *endpoint.Record, a endpoint.Alias) error {
	if err := d.unpoint(ctx, r, a); err != nil {
		return fmt.Errorf("removing the DNS record of %s from hosted zone %s: %w", a, a.ZoneID, err)
	}
	return nil
}

func (d *DNS) unpoint(ctx context.Context, r *endpoint.Record, a endpoint.Alias) error {
	target := r.AliasTarget
	lb, err := d.loadBalancer(ctx, r)
	if err != nil {
		return err
	}
	if lb != nil {
		target = aws.ToString(lb.DNSName)
	}
	is, err := d.look(ctx, a, target)
	if err != nil || !is.points {
		return err
	}
	return d.change(ctx, a.ZoneID, types.ChangeActionDelete, *is.own)
}

func (d *DNS) change(ctx context.Context, zone string, action types.ChangeAction, set types.ResourceRecordSet) error {
	_, err := d.r53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &zone,
		ChangeBatch:  &types.ChangeBatch{Comment: aws.String("ionroller"), Changes: []types.Change{{Action: action, ResourceRecordSet: &set}}},
	})
	return err
}

// loadBalancer describes the one of the endpoint's listener; nil when it is gone.
func (d *DNS) loadBalancer(ctx context.Context, r *endpoint.Record) (*elbtypes.LoadBalancer, error) {
	arn := endpoint.LoadBalancerOf(r.Desired.Routing.ListenerARN)
	out, err := d.elb.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{LoadBalancerArns: []string{arn}})
	var gone *elbtypes.LoadBalancerNotFoundException
	switch {
	case errors.As(err, &gone):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("describing load balancer %s: %w", arn, err)
	case len(out.LoadBalancers) == 0:
		return nil, nil
	}
	return &out.LoadBalancers[0], nil
}

func dualStack(lb *elbtypes.LoadBalancer) bool {
	return strings.HasPrefix(string(lb.IpAddressType), string(elbtypes.IpAddressTypeDualstack))
}
