// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// defaultPriority puts the default rule behind all others.
const defaultPriority = math.MaxInt

func (s balancing) CreateListener(_ context.Context, in *elbv2.CreateListenerInput) (*elbv2.CreateListenerOutput, error) {
	l, err := s.createListener(in, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &elbv2.CreateListenerOutput{Listeners: []types.Listener{l.Listener}}, nil
}

// createListener makes a listener; an application one takes real traffic at addr.
func (s balancing) createListener(in *elbv2.CreateListenerInput, addr string) (*listener, error) {
	lb, err := s.balancer(*in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	application := lb.Type == types.LoadBalancerTypeEnumApplication
	switch in.Protocol {
	case types.ProtocolEnumHttp, types.ProtocolEnumHttps:
		if !application {
			return nil, &types.UnsupportedProtocolException{Message: ptr(fmt.Sprintf("The protocol '%s' is not supported for network load balancers", in.Protocol))}
		}
	case types.ProtocolEnumTcp, types.ProtocolEnumTls, types.ProtocolEnumUdp, types.ProtocolEnumTcpUdp:
		if application {
			return nil, &types.UnsupportedProtocolException{Message: ptr(fmt.Sprintf("The protocol '%s' is not supported for application load balancers", in.Protocol))}
		}
	default:
		return nil, wire.Errorf("ValidationError", "A listener protocol must be specified")
	}
	port := value(in.Port)
	if port < 1 || port > 65535 {
		return nil, wire.Errorf("ValidationError", "A listener port must be between 1 and 65535")
	}
	if slices.ContainsFunc(lb.listeners, func(l *listener) bool { return *l.Port == port }) {
		return nil, &types.DuplicateListenerException{Message: ptr("A listener already exists on this port for this load balancer '" + *lb.LoadBalancerArn + "'")}
	}
	if len(lb.listeners) >= s.config.Quotas.ListenersPerLoadBalancer {
		return nil, &types.TooManyListenersException{Message: ptr("The maximum number of listeners has been reached on load balancer '" + *lb.LoadBalancerArn + "'")}
	}
	actions, err := s.checkActions(lb, in.DefaultActions, nil)
	if err != nil {
		return nil, err
	}
	base := strings.Replace(*lb.LoadBalancerArn, ":loadbalancer/", ":listener/", 1) + "/" + s.id(hexDigits, 16)
	l := &listener{
		Listener: types.Listener{
			ListenerArn: &base, LoadBalancerArn: lb.LoadBalancerArn, Port: in.Port, Protocol: in.Protocol,
			DefaultActions: actions, Certificates: in.Certificates, SslPolicy: in.SslPolicy, AlpnPolicy: in.AlpnPolicy,
		},
		attributes: map[string]string{},
		balancer:   lb,
	}
	if err := setELBTags(&l.tags, in.Tags); err != nil {
		return nil, err
	}
	l.rules = []*rule{{
		Rule: types.Rule{
			RuleArn: ptr(ruleARN(base, s.id(hexDigits, 16))), IsDefault: ptr(true), Priority: ptr("default"),
			Actions: actions, Conditions: []types.RuleCondition{},
		},
		priority: defaultPriority,
		listener: l,
	}}
	if application {
		if l.proxy, err = proxy.Listen(addr); err != nil {
			return nil, fmt.Errorf("listener %s: %w", base, err)
		}
	}
	lb.listeners = append(lb.listeners, l)
	s.applyRules(l)
	return l, nil
}

func ruleARN(listener, id string) string {
	return strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/" + id
}

func (s balancing) DescribeListeners(_ context.Context, in *elbv2.DescribeListenersInput) (*elbv2.DescribeListenersOutput, error) {
	if in.LoadBalancerArn == nil && len(in.ListenerArns) == 0 {
		return nil, wire.Errorf("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
	}
	if err := notBoth(in.LoadBalancerArn != nil, len(in.ListenerArns) > 0, "Listener ARNs and a load balancer ARN"); err != nil {
		return nil, err
	}
	var found []types.Listener
	if in.LoadBalancerArn != nil {
		lb, err := s.balancer(*in.LoadBalancerArn)
		if err != nil {
			return nil, err
		}
		for _, l := range lb.listeners {
			found = append(found, l.Listener)
		}
	}
	for _, arn := range in.ListenerArns {
		l, err := s.listener(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, l.Listener)
	}
	list, next, err := pageELB(found, in.Marker, in.PageSize)
	return &elbv2.DescribeListenersOutput{Listeners: list, NextMarker: next}, err
}

func (s balancing) ModifyListener(_ context.Context, in *elbv2.ModifyListenerInput) (*elbv2.ModifyListenerOutput, error) {
	l, err := s.listener(*in.ListenerArn)
	if err != nil {
		return nil, err
	}
	byDefault := l.rules[len(l.rules)-1]
	if len(in.DefaultActions) > 0 {
		actions, err := s.checkActions(l.balancer, in.DefaultActions, byDefault)
		if err != nil {
			return nil, err
		}
		l.DefaultActions, byDefault.Actions = actions, actions
	}
	if in.Port != nil {
		l.Port = in.Port
	}
	if in.Protocol != "" {
		l.Protocol = in.Protocol
	}
	s.applyRules(l)
	return &elbv2.ModifyListenerOutput{Listeners: []types.Listener{l.Listener}}, nil
}

func (s balancing) DeleteListener(_ context.Context, in *elbv2.DeleteListenerInput) (*elbv2.DeleteListenerOutput, error) {
	l, err := s.listener(*in.ListenerArn)
	if err != nil {
		return nil, err
	}
	l.balancer.listeners = slices.DeleteFunc(l.balancer.listeners, func(x *listener) bool { return x == l })
	s.closeListener(l)
	for _, g := range s.groups {
		g.proxy.SetInUse(len(s.usersOf(*g.TargetGroupArn)) > 0)
	}
	return &elbv2.DeleteListenerOutput{}, nil
}

func (s balancing) DescribeListenerAttributes(_ context.Context, in *elbv2.DescribeListenerAttributesInput) (*elbv2.DescribeListenerAttributesOutput, error) {
	l, err := s.listener(*in.ListenerArn)
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeListenerAttributesOutput{}
	for _, k := range sortedKeys(l.attributes) {
		out.Attributes = append(out.Attributes, types.ListenerAttribute{Key: ptr(k), Value: ptr(l.attributes[k])})
	}
	return out, nil
}
