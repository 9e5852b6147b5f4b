// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// known are the resources of the endpoints that a pattern of the policy is about.
func (e *examination) known(pattern string) []string {
	var arns []string
	for i := range e.records {
		arns = append(arns, had(&e.records[i], pattern)...)
	}
	switch {
	case strings.HasSuffix(pattern, ":listener/app/*"):
		return slices.Clone(e.Listeners)
	case strings.HasSuffix(pattern, ":listener-rule/app/*"):
		for _, listener := range e.Listeners {
			arns = append(arns, strings.Replace(listener, ":listener/", ":listener-rule/", 1)+"/0123456789abcdef")
		}
	}
	return arns
}

// had are those that an endpoint's record tells of.
func had(r *endpoint.Record, pattern string) []string {
	var arns []string
	if dns := r.Desired.DNS; dns != nil && strings.HasSuffix(pattern, ":hostedzone/*") {
		arns = append(arns, "arn:aws:route53:::hostedzone/"+dns.ZoneID)
	}
	for i := range r.Environments {
		env := &r.Environments[i]
		switch {
		case strings.HasSuffix(pattern, ":environment/"+r.Endpoint+"/*"):
			arns = append(arns, strings.TrimSuffix(pattern, "*")+env.Name)
		case strings.HasSuffix(pattern, ":applicationversion/"+r.Endpoint+"/*"):
			arns = append(arns, strings.TrimSuffix(pattern, "*")+env.Release.Label())
		case strings.HasSuffix(pattern, ":targetgroup/awseb-*") && env.TargetGroup != "":
			arns = append(arns, env.TargetGroup)
		case strings.HasSuffix(pattern, ":"+scalingGroups) && env.ScalingGroup != "":
			arns = append(arns, strings.Replace(pattern, scalingGroups, anyGroup+env.ScalingGroup, 1))
		}
	}
	return arns
}

const (
	scalingGroups = "autoScalingGroup:*:autoScalingGroupName/awseb-*"
	anyGroup      = "autoScalingGroup:01234567-89ab-cdef-0123-456789abcdef:autoScalingGroupName/"
)

// standIn is a well-formed ARN of something that there is not, in the shape of those that
// there will be: policies tell them apart by it, as AWS's own do, which know only Auto
// Scaling groups awseb-e-*.
//
// Source: AdministratorAccess-AWSElasticBeanstalk in the AWS Managed Policy Reference.
func standIn(pattern string) string {
	release := endpoint.Release{Version: "1.0.0"}
	switch of, any := strings.CutSuffix(pattern, "/*"); {
	case any && strings.Contains(of, ":environment/"):
		return of + "/" + endpoint.EnvironmentName(path.Base(of), release, 1)
	case any && strings.Contains(of, ":applicationversion/"):
		return of + "/" + release.Label()
	}
	return standIns.Replace(pattern)
}

var standIns = strings.NewReplacer(
	"listener/app/*", "listener/app/"+nobody+"/0123456789abcdef/0123456789abcdef",
	"listener-rule/app/*", "listener-rule/app/"+nobody+"/0123456789abcdef/0123456789abcdef/0123456789abcdef",
	"targetgroup/awseb-*", "targetgroup/awseb-AWSEB-0123456789ABC/0123456789abcdef",
	scalingGroups, anyGroup+"awseb-e-0123456789-stack-AWSEBAutoScalingGroup-0123456789AB",
	"hostedzone/*", "hostedzone/Z00000000000000000000",
	"*", nobody,
)

// inPartition puts ARNs, which policies are printed with of the partition aws, into that
// of the caller.
func (e *examination) inPartition(arns []string) []string {
	for i, arn := range arns {
		arns[i] = strings.Replace(arn, "arn:aws:", "arn:"+e.clients.Partition+":", 1)
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

// oneEndpoint is where Route 53 is, which has one endpoint in a partition.
//
// Source: "Amazon Route 53 endpoints and quotas" in the AWS General Reference.
var oneEndpoint = map[string]string{"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-northwest-1"}

// region is where a request about a resource of the policy goes.
func (e *examination) region(resource string) string {
	apart := "arn:aws:s3:::" + e.Journal.Bucket
	switch {
	case strings.HasPrefix(resource, "arn:aws:route53:"):
		return cmp.Or(oneEndpoint[e.clients.Partition], e.clients.Region)
	case e.Journal.Bucket != e.Bucket && (resource == apart || strings.HasPrefix(resource, apart+"/")):
		return cmp.Or(e.Journal.Region, e.clients.Region)
	}
	return e.clients.Region
}
