// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// EC2's own form of AWS Query numbers list members without "member" and names
// its elements in lower camel case, so its few operations are written by hand.

const ec2Namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

type ec2Tag struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type ec2VPC struct {
	VpcID     string   `xml:"vpcId"`
	OwnerID   string   `xml:"ownerId"`
	State     string   `xml:"state"`
	CidrBlock string   `xml:"cidrBlock"`
	IsDefault bool     `xml:"isDefault"`
	Tags      []ec2Tag `xml:"tagSet>item"`
}

type ec2Subnet struct {
	SubnetID           string   `xml:"subnetId"`
	SubnetArn          string   `xml:"subnetArn"`
	VpcID              string   `xml:"vpcId"`
	OwnerID            string   `xml:"ownerId"`
	State              string   `xml:"state"`
	CidrBlock          string   `xml:"cidrBlock"`
	AvailabilityZone   string   `xml:"availabilityZone"`
	AvailabilityZoneID string   `xml:"availabilityZoneId"`
	AvailableAddresses int      `xml:"availableIpAddressCount"`
	Tags               []ec2Tag `xml:"tagSet>item"`
}

type ec2SecurityGroup struct {
	GroupID     string   `xml:"groupId"`
	GroupName   string   `xml:"groupName"`
	Description string   `xml:"groupDescription"`
	OwnerID     string   `xml:"ownerId"`
	VpcID       string   `xml:"vpcId"`
	Tags        []ec2Tag `xml:"tagSet>item"`
}

type ec2Zone struct {
	Name   string `xml:"zoneName"`
	ID     string `xml:"zoneId"`
	State  string `xml:"zoneState"`
	Region string `xml:"regionName"`
}

type ec2Reservation struct {
	ID        string        `xml:"reservationId"`
	OwnerID   string        `xml:"ownerId"`
	Instances []ec2Instance `xml:"instancesSet>item"`
}

type ec2Instance struct {
	ID         string   `xml:"instanceId"`
	Type       string   `xml:"instanceType"`
	LaunchTime string   `xml:"launchTime"`
	StateCode  int      `xml:"instanceState>code"`
	StateName  string   `xml:"instanceState>name"`
	Zone       string   `xml:"placement>availabilityZone"`
	PrivateIP  string   `xml:"privateIpAddress"`
	VpcID      string   `xml:"vpcId"`
	Tags       []ec2Tag `xml:"tagSet>item"`
}

// An ec2Query is what a describe call asks for: ids and filters.
type ec2Query struct {
	ids     []string
	filters map[string][]string
}

// parseEC2 reads the ids under the given parameter and the filters.
func parseEC2(v url.Values, idParameter string) ec2Query {
	q := ec2Query{filters: map[string][]string{}}
	for n := 1; v.Has(fmt.Sprintf("%s.%d", idParameter, n)); n++ {
		q.ids = append(q.ids, v.Get(fmt.Sprintf("%s.%d", idParameter, n)))
	}
	for n := 1; v.Has(fmt.Sprintf("Filter.%d.Name", n)); n++ {
		name := v.Get(fmt.Sprintf("Filter.%d.Name", n))
		for m := 1; v.Has(fmt.Sprintf("Filter.%d.Value.%d", n, m)); m++ {
			q.filters[name] = append(q.filters[name], v.Get(fmt.Sprintf("Filter.%d.Value.%d", n, m)))
		}
	}
	return q
}

// has tells whether a resource, with its properties by filter name, is wanted.
func (q ec2Query) has(id string, properties map[string]string) bool {
	if len(q.ids) > 0 && !slices.Contains(q.ids, id) {
		return false
	}
	for name, values := range q.filters {
		if !slices.Contains(values, properties[name]) {
			return false
		}
	}
	return true
}

// missing gives the first id that was asked for and is not among those found.
func (q ec2Query) missing(found []string) (string, bool) {
	for _, id := range q.ids {
		if !slices.Contains(found, id) {
			return id, true
		}
	}
	return "", false
}

type ec2Error struct{ code, message string }

func (e *ec2Error) Error() string { return e.code + ": " + e.message }

// ec2Operations are what ec2 answers.
var ec2Operations = []string{"DescribeAvailabilityZones", "DescribeInstances", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"}

// ec2 answers an EC2 operation: the element of its set and the set's members.
// The caller holds the lock.
func (c *Cloud) ec2(operation string, v url.Values) (set string, items any, err error) {
	n := c.network
	notFound := func(code, what string, q ec2Query, found []string) error {
		if id, bad := q.missing(found); bad {
			return &ec2Error{code, fmt.Sprintf("The %s '%s' does not exist", what, id)}
		}
		return nil
	}
	switch operation {
	case "DescribeVpcs":
		q := parseEC2(v, "VpcId")
		list := []ec2VPC{}
		if q.has(n.vpc, map[string]string{"vpc-id": n.vpc, "state": "available", "isDefault": "false", "is-default": "false", "cidr": n.cidr}) {
			list = append(list, ec2VPC{n.vpc, c.config.Account, "available", n.cidr, false, []ec2Tag{{"Name", "sandbox"}}})
		}
		return "vpcSet", list, notFound("InvalidVpcID.NotFound", "vpc ID", q, []string{n.vpc})
	case "DescribeSubnets":
		q := parseEC2(v, "SubnetId")
		list, known := []ec2Subnet{}, []string{}
		for _, s := range n.subnets {
			known = append(known, s.id)
			if q.has(s.id, map[string]string{"vpc-id": n.vpc, "subnet-id": s.id, "state": "available", "availability-zone": s.zone, "cidr-block": s.cidr}) {
				list = append(list, ec2Subnet{s.id, c.arn("ec2", "subnet/"+s.id), n.vpc, c.config.Account, "available", s.cidr, s.zone, s.zoneID, 251, nil})
			}
		}
		return "subnetSet", list, notFound("InvalidSubnetID.NotFound", "subnet ID", q, known)
	case "DescribeSecurityGroups":
		q := parseEC2(v, "GroupId")
		groups := []ec2SecurityGroup{{n.securityGroup, "sandbox", "for everything", c.config.Account, n.vpc, nil}}
		for _, e := range c.environments {
			if e.securityGroup != "" {
				groups = append(groups, ec2SecurityGroup{e.securityGroup, stackName(e) + "-AWSEBSecurityGroup", "SecurityGroup for ElasticBeanstalk environment.", c.config.Account, n.vpc, []ec2Tag{{"elasticbeanstalk:environment-id", e.id()}}})
			}
		}
		list, known := []ec2SecurityGroup{}, []string{}
		for _, g := range groups {
			known = append(known, g.GroupID)
			if q.has(g.GroupID, map[string]string{"vpc-id": g.VpcID, "group-id": g.GroupID, "group-name": g.GroupName}) {
				list = append(list, g)
			}
		}
		return "securityGroupInfo", list, notFound("InvalidGroup.NotFound", "security group", q, known)
	case "DescribeAvailabilityZones":
		q := parseEC2(v, "ZoneName")
		list := []ec2Zone{}
		for _, s := range n.subnets {
			if q.has(s.zone, map[string]string{"zone-name": s.zone, "state": "available", "region-name": c.config.Region, "zone-id": s.zoneID}) {
				list = append(list, ec2Zone{s.zone, s.zoneID, "available", c.config.Region})
			}
		}
		return "availabilityZoneInfo", list, nil
	case "DescribeInstances":
		q := parseEC2(v, "InstanceId")
		list, known := []ec2Reservation{}, []string{}
		for _, g := range c.scaling {
			for _, i := range g.instances {
				known = append(known, i.id)
				state, code := i.ec2State()
				if q.has(i.id, map[string]string{"instance-id": i.id, "instance-state-name": state, "vpc-id": n.vpc, "tag:aws:autoscaling:groupName": g.name}) {
					list = append(list, ec2Reservation{"r-" + strings.TrimPrefix(i.id, "i-"), c.config.Account, []ec2Instance{{
						i.id, i.kind, i.launched.Format("2006-01-02T15:04:05.000Z"), code, state, i.zone, i.ip, n.vpc, g.instanceTags(),
					}}})
				}
			}
		}
		return "reservationSet", list, notFound("InvalidInstanceID.NotFound", "instance ID", q, known)
	}
	return "", nil, &ec2Error{"InvalidAction", "The action " + operation + " is not valid for this web service."}
}

func (i *instance) ec2State() (string, int) {
	switch i.state {
	case "Pending":
		return "pending", 0
	case "InService":
		return "running", 16
	}
	return "shutting-down", 32
}

func (g *scalingGroup) instanceTags() []ec2Tag {
	list := []ec2Tag{{"aws:autoscaling:groupName", g.name}}
	for _, t := range g.tags {
		list = append(list, ec2Tag{t.key, t.value})
	}
	return list
}
