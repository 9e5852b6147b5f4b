// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// network is what EC2 has: one VPC with two subnets and a security group.
type network struct {
	vpc, cidr     string
	subnets       []subnet
	securityGroup string
}

type subnet struct{ id, zone, zoneID, cidr, prefix string }

// Seeded names what the world begins with.
type Seeded struct {
	Bucket          string
	VPC             string
	Subnets         []string
	SecurityGroup   string
	LoadBalancerARN string
	ListenerARN     string
	// LoadBalancerAddr is the host:port at which the listener takes traffic.
	LoadBalancerAddr string
	HostedZone       string // name
	HostedZoneID     string
}

// zoneName is the hosted zone that the world begins with.
const zoneName = "acme.test"

// seed makes the network, a bucket, a load balancer whose one listener answers 404
// as long as no rule matches, and a hosted zone.
func (c *Cloud) seed() error {
	c.network = network{
		vpc: "vpc-" + c.id(hexDigits, 17), cidr: "10.0.0.0/16", securityGroup: "sg-" + c.id(hexDigits, 17),
		subnets: []subnet{
			{"subnet-" + c.id(hexDigits, 17), c.config.Region + "a", "use1-az1", "10.0.1.0/24", "10.0.1."},
			{"subnet-" + c.id(hexDigits, 17), c.config.Region + "b", "use1-az2", "10.0.2.0/24", "10.0.2."},
		},
	}
	if err := c.objects.CreateBucket(c.config.Bucket, c.config.Region); err != nil {
		return err
	}
	s := balancing{c}
	made, err := s.CreateLoadBalancer(context.Background(), &elbv2.CreateLoadBalancerInput{
		Name: ptr("sandbox"), Subnets: []string{c.network.subnets[0].id, c.network.subnets[1].id},
	})
	if err != nil {
		return err
	}
	l, err := s.createListener(&elbv2.CreateListenerInput{
		LoadBalancerArn: made.LoadBalancers[0].LoadBalancerArn, Port: ptr[int32](80), Protocol: types.ProtocolEnumHttp,
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{
			StatusCode: ptr("404"), ContentType: ptr("text/plain"), MessageBody: ptr("no rule of the load balancer matches this request\n"),
		}}},
	}, c.config.LoadBalancerListen)
	if err != nil {
		return err
	}
	z, err := c.createZone(zoneName, "sandbox", "", false)
	if err != nil {
		return err
	}
	c.seeded = Seeded{
		Bucket: c.config.Bucket,
		VPC:    c.network.vpc, Subnets: []string{c.network.subnets[0].id, c.network.subnets[1].id}, SecurityGroup: c.network.securityGroup,
		LoadBalancerARN: *l.LoadBalancerArn, ListenerARN: *l.ListenerArn, LoadBalancerAddr: l.proxy.Addr(),
		HostedZone: zoneName, HostedZoneID: z.id,
	}
	return nil
}

// Seeded tells what the world began with.
func (c *Cloud) Seeded() Seeded {
	s := c.seeded
	s.Subnets = slices.Clone(s.Subnets)
	return s
}

// ListenerAddresses maps the ARNs of the listeners of all accounts to the
// addresses, host:port, at which they take traffic.
func (c *Cloud) ListenerAddresses() map[string]string {
	addresses := map[string]string{}
	for _, world := range c.partition.all() {
		world.addAddresses(addresses)
	}
	return addresses
}

func (c *Cloud) addAddresses(addresses map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, lb := range c.balancers {
		for _, l := range lb.listeners {
			if l.proxy != nil {
				addresses[*l.ListenerArn] = l.proxy.Addr()
			}
		}
	}
}
