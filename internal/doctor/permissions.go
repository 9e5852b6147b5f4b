// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/smithy-go"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
)

// permissions tries every action by which the task's policy looks at AWS. What changes
// something cannot be tried without changing it: see changes. It is false when AWS does
// not take the credentials, with which nothing else can be tried.
func (e *examination) permissions(ctx context.Context) bool {
	const check = "permissions"
	wanted, untried := permission.Looking(e.Task), 0
	for _, action := range wanted {
		err := trials[action](ctx, e.clients)
		var api smithy.APIError
		switch {
		case renewal(err) != "":
			e.failed("credentials", err)
			return false
		case denied(err):
			untried++
			e.add(Problem, check, e.allow(), "%s is denied", action)
		case err != nil && !errors.As(err, &api), forbidden(err):
			untried++
			e.failed(check, err)
		}
	}
	if untried == 0 {
		e.ok(check, "all %d actions that read AWS in the policy for %s are allowed", len(wanted), e.Task)
	}
	return true
}

// nobody is the name of what there is not. AWS looks whether a caller may do something
// before it looks whether that which it is about exists: an answer that it does not
// is one that is allowed.
const nobody = "ionroller-doctor"

// trials call each action that looks at AWS, so that as little as possible is answered.
var trials = map[string]func(context.Context, *awsclient.Clients) error{
	"autoscaling:DescribeAutoScalingGroups": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{nobody}})
		return err
	},
	"cloudformation:DescribeStackResources": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.CloudFormation.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: aws.String(nobody)})
		return err
	},
	"cloudwatch:DescribeAlarmHistory": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.CloudWatch.DescribeAlarmHistory(ctx, &cloudwatch.DescribeAlarmHistoryInput{AlarmName: aws.String(nobody)})
		return err
	},
	"cloudwatch:DescribeAlarms": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{nobody}})
		return err
	},
	"cloudwatch:GetMetricData": func(ctx context.Context, c *awsclient.Clients) error {
		now := c.Clock.Now()
		_, err := c.CloudWatch.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(now.Add(-time.Minute)), EndTime: &now,
			MetricDataQueries: []cwtypes.MetricDataQuery{{Id: aws.String("m"), MetricStat: &cwtypes.MetricStat{
				Metric: &cwtypes.Metric{Namespace: aws.String(nobody), MetricName: aws.String(nobody)}, Period: aws.Int32(60), Stat: aws.String("Sum"),
			}}},
		})
		return err
	},
	"ecr:DescribeImages": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Images.Digest(ctx, awsclient.Image{Registry: c.Account, Region: c.Region, Domain: domain(c), Repository: nobody, Tag: nobody})
		return err
	},
	"elasticbeanstalk:DescribeAccountAttributes": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Beanstalk.DescribeAccountAttributes(ctx, nil)
		return err
	},
	"elasticbeanstalk:DescribeApplicationVersions": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Beanstalk.DescribeApplicationVersions(ctx, &elasticbeanstalk.DescribeApplicationVersionsInput{ApplicationName: aws.String(nobody)})
		return err
	},
	"elasticbeanstalk:DescribeApplications": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Beanstalk.DescribeApplications(ctx, &elasticbeanstalk.DescribeApplicationsInput{ApplicationNames: []string{nobody}})
		return err
	},
	"elasticbeanstalk:DescribeEnvironments": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Beanstalk.DescribeEnvironments(ctx, &elasticbeanstalk.DescribeEnvironmentsInput{EnvironmentNames: []string{nobody}})
		return err
	},
	"elasticbeanstalk:DescribeEvents": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Beanstalk.DescribeEvents(ctx, &elasticbeanstalk.DescribeEventsInput{EnvironmentName: aws.String(nobody)})
		return err
	},
	"elasticbeanstalk:DescribePlatformVersion": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Beanstalk.DescribePlatformVersion(ctx, &elasticbeanstalk.DescribePlatformVersionInput{PlatformArn: aws.String(arn(c, "elasticbeanstalk", "", "platform/"+nobody+"/1.0.0"))})
		return err
	},
	"elasticbeanstalk:ListPlatformVersions": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Beanstalk.ListPlatformVersions(ctx, &elasticbeanstalk.ListPlatformVersionsInput{MaxRecords: aws.Int32(1)})
		return err
	},
	"elasticbeanstalk:ListTagsForResource": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Beanstalk.ListTagsForResource(ctx, &elasticbeanstalk.ListTagsForResourceInput{ResourceArn: aws.String(arn(c, "elasticbeanstalk", c.Account, "application/"+nobody))})
		return err
	},
	"elasticloadbalancing:DescribeAccountLimits": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.LoadBalancing.DescribeAccountLimits(ctx, nil)
		return err
	},
	"elasticloadbalancing:DescribeListeners": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.LoadBalancing.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: aws.String(loadBalancing(c, "loadbalancer/app/"+nobody))})
		return err
	},
	"elasticloadbalancing:DescribeLoadBalancers": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.LoadBalancing.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{nobody}})
		return err
	},
	"elasticloadbalancing:DescribeRules": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.LoadBalancing.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: aws.String(loadBalancing(c, "listener/app/"+nobody+"/0123456789abcdef"))})
		return err
	},
	"elasticloadbalancing:DescribeTags": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.LoadBalancing.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: []string{loadBalancing(c, "targetgroup/"+nobody)}})
		return err
	},
	"elasticloadbalancing:DescribeTargetGroups": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.LoadBalancing.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{nobody}})
		return err
	},
	"elasticloadbalancing:DescribeTargetHealth": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.LoadBalancing.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(loadBalancing(c, "targetgroup/"+nobody))})
		return err
	},
	"route53:GetHostedZone": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String("Z00000000000000000000")})
		return err
	},
	"route53:ListResourceRecordSets": func(ctx context.Context, c *awsclient.Clients) error {
		_, err := c.Route53.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String("Z00000000000000000000"), MaxItems: aws.Int32(1)})
		return err
	},
}

// loadBalancing is the ARN of something of Elastic Load Balancing that there is not.
func loadBalancing(c *awsclient.Clients, what string) string {
	return arn(c, "elasticloadbalancing", c.Account, what+"/0123456789abcdef")
}

func arn(c *awsclient.Clients, service, account, what string) string {
	return strings.Join([]string{"arn", c.Partition, service, c.Region, account, what}, ":")
}

// domain is that of the registries of a partition.
func domain(c *awsclient.Clients) string {
	if c.Partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
