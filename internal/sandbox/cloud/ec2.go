// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
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

// ec2Operations are what ec2 answers, each with the parameter for ids and the filters
// that are served.
var ec2Operations = map[string]struct {
	ids     string
	filters []string
}{
	"DescribeAvailabilityZones": {"ZoneName", []string{"region-name", "state", "zone-id", "zone-name"}},
	"DescribeInstances":         {"InstanceId", []string{"instance-id", "instance-state-name", "vpc-id"}},
	"DescribeSecurityGroups":    {"GroupId", []string{"group-id", "group-name", "vpc-id"}},
	"DescribeSubnets":           {"SubnetId", []string{"availability-zone", "cidr-block", "state", "subnet-id", "vpc-id"}},
	"DescribeVpcs":              {"VpcId", []string{"cidr", "is-default", "isDefault", "state", "vpc-id"}},
}

// An ec2Query is what a describe call asks for: ids and filters.
type ec2Query struct {
	ids     []string
	filters map[string][]string
}

// parseEC2 reads what an operation is asked for. A filter that is not served is
// refused: what it would leave out must not be answered.
func parseEC2(operation string, v url.Values) (ec2Query, error) {
	served, ok := ec2Operations[operation]
	if !ok {
		return ec2Query{}, &ec2Error{"InvalidAction", "The action " + operation + " is not valid for this web service."}
	}
	q, idParameter := ec2Query{filters: map[string][]string{}}, served.ids
	for n := 1; v.Has(fmt.Sprintf("%s.%d", idParameter, n)); n++ {
		q.ids = append(q.ids, v.Get(fmt.Sprintf("%s.%d", idParameter, n)))
	}
	for n := 1; v.Has(fmt.Sprintf("Filter.%d.Name", n)); n++ {
		name := v.Get(fmt.Sprintf("Filter.%d.Name", n))
		if !strings.HasPrefix(name, "tag:") && !slices.Contains(served.filters, name) {
			return q, &ec2Error{"InvalidParameterValue", "The filter '" + name + "' is invalid"}
		}
		for m := 1; v.Has(fmt.Sprintf("Filter.%d.Value.%d", n, m)); m++ {
			q.filters[name] = append(q.filters[name], v.Get(fmt.Sprintf("Filter.%d.Value.%d", n, m)))
		}
	}
	return q, nil
}

// has tells whether a resource, with its properties by filter name, is wanted.
func (q ec2Query) has(id string, properties map[string]string, tags []ec2Tag) bool {
	if len(q.ids) > 0 && !slices.Contains(q.ids, id) {
		return false
	}
	for name, values := range q.filters {
		have := properties[name]
		for _, t := range tags {
			if name == "tag:"+t.Key {
				have = t.Value
			}
		}
		if !slices.Contains(values, have) {
			return false
		}
	}
	return true
}

// pageEC2 cuts a page of a set. Pages have five members at least.
func pageEC2[T any](set string, items []T, v url.Values) (ec2Answer, error) {
	token, size := v.Get("NextToken"), int32(1000)
	if text := v.Get("MaxResults"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 5 || n > 1000 {
			return ec2Answer{}, &ec2Error{"InvalidParameterValue", "Value ( " + text + " ) for parameter maxResults is invalid. Expecting a value between 5 and 1000."}
		}
		size = int32(n)
	}
	list, next, err := page(items, &token, &size, 1000)
	if err != nil {
		return ec2Answer{}, &ec2Error{"InvalidNextToken", wire.Message(err)}
	}
	return ec2Answer{set, list, value(next)}, nil
}

// An ec2Answer is the element of a set, the set's members, and the token of the next page.
type ec2Answer struct {
	set   string
	items any
	next  string
}

// missing refuses an id that was asked for and is not among those known.
func (q ec2Query) missing(code, what string, known ...string) error {
	for _, id := range q.ids {
		if !slices.Contains(known, id) {
			return &ec2Error{code, fmt.Sprintf("The %s '%s' does not exist", what, id)}
		}
	}
	return nil
}

type ec2Error struct{ code, message string }

func (e *ec2Error) Error() string { return e.code + ": " + e.message }

// ec2 answers an EC2 operation. The caller holds the lock.
func (c *Cloud) ec2(operation string, v url.Values) (ec2Answer, error) {
	q, err := parseEC2(operation, v)
	if err != nil {
		return ec2Answer{}, err
	}
	switch operation {
	case "DescribeVpcs":
		return c.describeVPCs(q, v)
	case "DescribeSubnets":
		return c.describeSubnets(q, v)
	case "DescribeSecurityGroups":
		return c.describeSecurityGroups(q, v)
	case "DescribeInstances":
		return c.describeInstances(q, v)
	}
	var list []ec2Zone
	for _, s := range c.network.subnets {
		if q.has(s.zone, map[string]string{"zone-name": s.zone, "state": "available", "region-name": c.config.Region, "zone-id": s.zoneID}, nil) {
			list = append(list, ec2Zone{s.zone, s.zoneID, "available", c.config.Region})
		}
	}
	return ec2Answer{set: "availabilityZoneInfo", items: list}, nil // it has no pages
}

func (c *Cloud) describeVPCs(q ec2Query, v url.Values) (ec2Answer, error) {
	n, tags := c.network, []ec2Tag{{"Name", "sandbox"}}
	var list []ec2VPC
	if q.has(n.vpc, map[string]string{"vpc-id": n.vpc, "state": "available", "isDefault": "false", "is-default": "false", "cidr": n.cidr}, tags) {
		list = append(list, ec2VPC{n.vpc, c.config.Account, "available", n.cidr, false, tags})
	}
	if err := q.missing("InvalidVpcID.NotFound", "vpc ID", n.vpc); err != nil {
		return ec2Answer{}, err
	}
	return pageEC2("vpcSet", list, v)
}

func (c *Cloud) describeSubnets(q ec2Query, v url.Values) (ec2Answer, error) {
	var list []ec2Subnet
	var known []string
	for _, s := range c.network.subnets {
		known = append(known, s.id)
		if q.has(s.id, map[string]string{"vpc-id": c.network.vpc, "subnet-id": s.id, "state": "available", "availability-zone": s.zone, "cidr-block": s.cidr}, nil) {
			list = append(list, ec2Subnet{s.id, c.arn("ec2", "subnet/"+s.id), c.network.vpc, c.config.Account, "available", s.cidr, s.zone, s.zoneID, 251, nil})
		}
	}
	if err := q.missing("InvalidSubnetID.NotFound", "subnet ID", known...); err != nil {
		return ec2Answer{}, err
	}
	return pageEC2("subnetSet", list, v)
}

func (c *Cloud) describeSecurityGroups(q ec2Query, v url.Values) (ec2Answer, error) {
	groups := []ec2SecurityGroup{{c.network.securityGroup, "sandbox", "for everything", c.config.Account, c.network.vpc, nil}}
	for _, e := range c.environments {
		if e.securityGroup != "" {
			groups = append(groups, ec2SecurityGroup{e.securityGroup, stackName(e) + "-AWSEBSecurityGroup", "SecurityGroup for ElasticBeanstalk environment.", c.config.Account, c.network.vpc, []ec2Tag{{"elasticbeanstalk:environment-id", e.id()}}})
		}
	}
	var list []ec2SecurityGroup
	var known []string
	for _, g := range groups {
		known = append(known, g.GroupID)
		if q.has(g.GroupID, map[string]string{"vpc-id": g.VpcID, "group-id": g.GroupID, "group-name": g.GroupName}, g.Tags) {
			list = append(list, g)
		}
	}
	if err := q.missing("InvalidGroup.NotFound", "security group", known...); err != nil {
		return ec2Answer{}, err
	}
	return pageEC2("securityGroupInfo", list, v)
}

func (c *Cloud) describeInstances(q ec2Query, v url.Values) (ec2Answer, error) {
	var list []ec2Reservation
	var known []string
	for _, g := range c.scaling {
		for _, i := range g.instances {
			known = append(known, i.id)
			state, code := i.ec2State()
			if q.has(i.id, map[string]string{"instance-id": i.id, "instance-state-name": state, "vpc-id": c.network.vpc}, g.instanceTags()) {
				list = append(list, ec2Reservation{"r-" + strings.TrimPrefix(i.id, "i-"), c.config.Account, []ec2Instance{{
					i.id, i.kind, i.launched.Format("2006-01-02T15:04:05.000Z"), code, state, i.zone, i.ip, c.network.vpc, g.instanceTags(),
				}}})
			}
		}
	}
	if err := q.missing("InvalidInstanceID.NotFound", "instance ID", known...); err != nil {
		return ec2Answer{}, err
	}
	return pageEC2("reservationSet", list, v)
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
