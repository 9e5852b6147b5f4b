// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

func (s balancing) RegisterTargets(_ context.Context, in *elbv2.RegisterTargetsInput) (*elbv2.RegisterTargetsOutput, error) {
	g, targets, err := s.targets(*in.TargetGroupArn, in.Targets)
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if t.Addr == "" {
			return nil, &types.InvalidTargetException{Message: ptr(fmt.Sprintf("The following targets are not in a running state and cannot be registered: '%s'", t.ID))}
		}
	}
	for _, t := range targets {
		g.proxy.Register(t)
	}
	return &elbv2.RegisterTargetsOutput{}, nil
}

func (s balancing) DeregisterTargets(_ context.Context, in *elbv2.DeregisterTargetsInput) (*elbv2.DeregisterTargetsOutput, error) {
	g, targets, err := s.targets(*in.TargetGroupArn, in.Targets)
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		g.proxy.Deregister(t)
	}
	return &elbv2.DeregisterTargetsOutput{}, nil
}

// targets finds the servers behind target descriptions. An instance's server
// takes requests for every port; an IP address is taken as it is.
func (s balancing) targets(group string, descriptions []types.TargetDescription) (*targetGroup, []proxy.Target, error) {
	g, err := s.group(group)
	if err != nil {
		return nil, nil, err
	}
	var targets []proxy.Target
	for _, d := range descriptions {
		t := proxy.Target{ID: value(d.Id), Port: int(*g.Port)}
		if d.Port != nil {
			t.Port = int(*d.Port)
		}
		if g.TargetType == types.TargetTypeEnumIp {
			if _, err := netip.ParseAddr(t.ID); err != nil {
				return nil, nil, wire.Errorf("ValidationError", "The IP address '%s' is not valid", t.ID)
			}
			t.Addr = net.JoinHostPort(t.ID, strconv.Itoa(t.Port))
		} else if i, ok := s.instances[t.ID]; ok {
			t.Addr = i.addr
		} else {
			return nil, nil, &types.InvalidTargetException{Message: ptr(fmt.Sprintf("The following targets are not valid instances: '%s'", t.ID))}
		}
		targets = append(targets, t)
	}
	return g, targets, nil
}

func (s balancing) DescribeTargetHealth(_ context.Context, in *elbv2.DescribeTargetHealthInput) (*elbv2.DescribeTargetHealthOutput, error) {
	g, err := s.group(*in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeTargetHealthOutput{}
	described := map[string]bool{}
	for _, h := range g.health() {
		if len(in.Targets) > 0 && !slices.ContainsFunc(in.Targets, func(d types.TargetDescription) bool {
			return value(d.Id) == h.Target.ID && (d.Port == nil || int(*d.Port) == h.Target.Port)
		}) {
			continue
		}
		described[h.Target.ID] = true
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, g.describeHealth(h))
	}
	for _, d := range in.Targets {
		if !described[value(d.Id)] {
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, g.describeHealth(proxy.TargetHealth{
				Target: proxy.Target{ID: value(d.Id), Port: int(value(d.Port))},
				State:  "unused", Reason: "Target.NotRegistered", Description: "Target is not registered to the target group",
			}))
		}
	}
	return out, nil
}

func (g *targetGroup) describeHealth(h proxy.TargetHealth) types.TargetHealthDescription {
	port := *g.HealthCheckPort
	if port == "traffic-port" {
		port = strconv.Itoa(h.Target.Port)
	}
	health := &types.TargetHealth{State: types.TargetHealthStateEnum(h.State), Reason: types.TargetHealthReasonEnum(h.Reason)}
	if h.Description != "" {
		health.Description = &h.Description
	}
	return types.TargetHealthDescription{
		HealthCheckPort: &port,
		Target:          &types.TargetDescription{Id: &h.Target.ID, Port: ptr(int32(h.Target.Port))},
		TargetHealth:    health,
	}
}
