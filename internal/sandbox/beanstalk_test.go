// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// TestUnhealthyEnvironment: Ready all the same, red, and with the reason.
func TestUnhealthyEnvironment(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.version("1.2.0")
	id := *w.create("checkout-1", "1.2.0",
		"aws:elasticbeanstalk:application:environment", "DEMO_UNHEALTHY", "true",
		"aws:elasticbeanstalk:environment:process:default", "HealthCheckPath", "/healthz").EnvironmentId
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	w.until("it is red", func() bool { return w.environment(id).Health == ebtypes.EnvironmentHealthRed })
	if s := w.environment(id).HealthStatus; s != ebtypes.EnvironmentHealthStatusSevere {
		t.Errorf("it is %s", s)
	}
	for _, want := range []string{
		"WARN The following instances have not responded in the allowed command timeout time",
		"ERROR Create environment operation is complete, but with errors.",
		"Target.ResponseCodeMismatch: Health checks failed with these codes: [503]",
	} {
		if events := w.events(id); !strings.Contains(events, want) {
			t.Errorf("no event %q in\n%s", want, events)
		}
	}
	health := must[*elasticbeanstalk.DescribeEnvironmentHealthOutput](w)(w.eb.DescribeEnvironmentHealth(t.Context(), &elasticbeanstalk.DescribeEnvironmentHealthInput{
		EnvironmentId: &id, AttributeNames: []ebtypes.EnvironmentHealthAttribute{ebtypes.EnvironmentHealthAttributeAll},
	}))
	if len(health.Causes) == 0 || *health.InstancesHealth.Severe != 2 || *health.Color != "Red" {
		t.Errorf("its health is %+v", health)
	}
	instances := must[*elasticbeanstalk.DescribeInstancesHealthOutput](w)(w.eb.DescribeInstancesHealth(t.Context(), &elasticbeanstalk.DescribeInstancesHealthInput{
		EnvironmentId: &id, AttributeNames: []ebtypes.InstancesHealthAttribute{ebtypes.InstancesHealthAttributeAll},
	}))
	if n := len(instances.InstanceHealthList); n != 2 || *instances.InstanceHealthList[0].HealthStatus != "Severe" {
		t.Errorf("%d instances: %+v", n, instances.InstanceHealthList)
	}
}

// TestReadyBeforeHealthy: Ready only says that operations are allowed.
func TestReadyBeforeHealthy(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.Speed = 60 })
	w.version("1.0.0")
	id := *w.create("checkout-1", "1.0.0").EnvironmentId
	w.until("it has its Auto Scaling group", func() bool { return strings.Contains(w.events(id), "Created Auto Scaling group") })
	group := w.resource(id, "AWSEBV2LoadBalancerTargetGroup")
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	if n := w.targets(group)["healthy"]; n != 0 {
		t.Errorf("%d targets are healthy when the environment gets ready", n)
	}
	w.until("its targets are healthy", func() bool { return w.targets(group)["healthy"] == 2 })
}

// TestBrokenBundles: what the platform cannot start fails the launch at once.
func TestBrokenBundles(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.version("1.0.0")
	must[*s3.PutObjectOutput](w)(w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: aws.String("1.0.0.zip"), Body: strings.NewReader("no archive")}))
	bad := *w.create("checkout-1", "1.0.0").EnvironmentId
	w.version("2.0.0")
	setting := *w.create("checkout-2", "2.0.0", "aws:elasticbeanstalk:application:environment", "DEMO_LATENCY", "long").EnvironmentId
	for id, want := range map[string]string{bad: "the source bundle is not a zip archive", setting: "DEMO_LATENCY"} {
		w.untilStatus(id, ebtypes.EnvironmentStatusReady)
		if events := w.events(id); !strings.Contains(events, want) || !strings.Contains(events, "ERROR Create environment operation is complete, but with errors.") {
			t.Errorf("no event %q in\n%s", want, events)
		}
		w.until("it is red", func() bool { return w.environment(id).Health == ebtypes.EnvironmentHealthRed })
	}
}

// TestForeignRuleKeepsTargetGroup: an environment whose target group somebody
// else's rule uses cannot be terminated.
func TestForeignRuleKeepsTargetGroup(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.version("1.0.0")
	id, group := w.healthy("checkout-1", "1.0.0")
	rule := must[*elbv2.CreateRuleOutput](w)(w.createRule(50, hosts("x.acme.com"), forward(map[string]int{group: 1}))).Rules[0]
	_, err := w.elb.DeleteTargetGroup(t.Context(), &elbv2.DeleteTargetGroupInput{TargetGroupArn: &group})
	w.wantCode(err, "ResourceInUse", "is currently in use by a listener or a rule")
	terminate := func() {
		must[*elasticbeanstalk.TerminateEnvironmentOutput](w)(w.eb.TerminateEnvironment(t.Context(), &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &id}))
	}
	terminate()
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	if events := w.events(id); !strings.Contains(events, "ERROR Deleting target group named: "+group+" failed Reason: ") || !strings.Contains(events, "ResourceInUse") {
		t.Errorf("events:\n%s", events)
	}
	resources := must[*elasticbeanstalk.DescribeEnvironmentResourcesOutput](w)(w.eb.DescribeEnvironmentResources(t.Context(), &elasticbeanstalk.DescribeEnvironmentResourcesInput{EnvironmentId: &id}))
	if n := len(resources.EnvironmentResources.Instances); n != 0 {
		t.Errorf("%d instances are left", n)
	}
	must[*elbv2.DeleteRuleOutput](w)(w.elb.DeleteRule(t.Context(), &elbv2.DeleteRuleInput{RuleArn: rule.RuleArn}))
	terminate()
	w.untilStatus(id, ebtypes.EnvironmentStatusTerminated)
}

// TestTerminatedIsForgotten: after an hour, here six seconds by 600.
func TestTerminatedIsForgotten(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.Speed = 6000 })
	w.version("1.0.0")
	id := *w.create("checkout-1", "1.0.0").EnvironmentId
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	must[*elasticbeanstalk.TerminateEnvironmentOutput](w)(w.eb.TerminateEnvironment(t.Context(), &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &id}))
	w.until("it is forgotten", func() bool {
		out := must[*elasticbeanstalk.DescribeEnvironmentsOutput](w)(w.eb.DescribeEnvironments(t.Context(), &elasticbeanstalk.DescribeEnvironmentsInput{IncludeDeleted: aws.Bool(true)}))
		return len(out.Environments) == 0
	})
}

func TestUpdateEnvironment(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.version("1.0.0")
	id, group := w.healthy("checkout-1", "1.0.0")
	update := func(set ...string) {
		in := &elasticbeanstalk.UpdateEnvironmentInput{EnvironmentId: &id}
		for i := 0; i < len(set); i += 3 {
			in.OptionSettings = append(in.OptionSettings, ebtypes.ConfigurationOptionSetting{Namespace: &set[i], OptionName: &set[i+1], Value: &set[i+2]})
		}
		if out := must[*elasticbeanstalk.UpdateEnvironmentOutput](w)(w.eb.UpdateEnvironment(t.Context(), in)); out.Status != ebtypes.EnvironmentStatusUpdating {
			t.Errorf("the update begins as %s", out.Status)
		}
		w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	}
	update("aws:autoscaling:asg", "MinSize", "3")
	w.until("three targets are healthy", func() bool { return w.targets(group)["healthy"] == 3 })
	if _, version := w.get(*w.environment(id).CNAME); version != "1.0.0" {
		t.Errorf("version %q", version)
	}
	update("aws:elasticbeanstalk:application:environment", "COLOUR", "green")
	w.until("new instances are healthy", func() bool { return w.targets(group)["healthy"] == 3 && w.targets(group)["draining"] == 0 })
	if !strings.Contains(w.events(id), "INFO Environment update completed successfully.") {
		t.Errorf("events:\n%s", w.events(id))
	}
	settings := must[*elasticbeanstalk.DescribeConfigurationSettingsOutput](w)(w.eb.DescribeConfigurationSettings(t.Context(), &elasticbeanstalk.DescribeConfigurationSettingsInput{
		ApplicationName: aws.String("checkout"), EnvironmentName: aws.String("checkout-1"),
	})).ConfigurationSettings[0].OptionSettings
	has := func(name, value string) bool {
		return slices.ContainsFunc(settings, func(s ebtypes.ConfigurationOptionSetting) bool { return *s.OptionName == name && *s.Value == value })
	}
	if !has("COLOUR", "green") || !has("MinSize", "3") || !has("HealthCheckInterval", "15") || !has("HostHeaders", *w.environment(id).CNAME) {
		t.Errorf("settings lack something: %d of them", len(settings))
	}

	arn := w.environment(id).EnvironmentArn
	tag := func(key string) (*elasticbeanstalk.UpdateTagsForResourceOutput, error) {
		return w.eb.UpdateTagsForResource(t.Context(), &elasticbeanstalk.UpdateTagsForResourceInput{ResourceArn: arn, TagsToAdd: []ebtypes.Tag{{Key: &key, Value: aws.String("x")}}})
	}
	_, err := tag("elasticbeanstalk:mine")
	w.wantCode(err, "InvalidParameterValue", "must not begin with")
	must[*elasticbeanstalk.UpdateTagsForResourceOutput](w)(tag("team"))
	_, err = tag("other")
	w.wantCode(err, "OperationInProgressFailure", "Must be Ready")
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	tags := must[*elasticbeanstalk.ListTagsForResourceOutput](w)(w.eb.ListTagsForResource(t.Context(), &elasticbeanstalk.ListTagsForResourceInput{ResourceArn: arn}))
	if !slices.ContainsFunc(tags.ResourceTags, func(t ebtypes.Tag) bool { return *t.Key == "team" }) {
		t.Errorf("tags %v", tags.ResourceTags)
	}
}

// TestBeanstalkRefuses goes through what Elastic Beanstalk does not take.
func TestBeanstalkRefuses(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) {
		c.Quotas.Applications, c.Quotas.Environments, c.Quotas.ApplicationVersions = 2, 1, 2
	})
	ctx := t.Context()
	w.version("1.0.0")
	app := aws.String("checkout")
	application := func(name string) error {
		_, err := w.eb.CreateApplication(ctx, &elasticbeanstalk.CreateApplicationInput{ApplicationName: &name})
		return err
	}
	w.wantCode(application("checkout"), "InvalidParameterValue", "Application checkout already exists.")
	if err := application("other"); err != nil {
		t.Error(err)
	}
	w.wantCode(application("third"), "TooManyApplicationsException", "more than 2")

	version := func(label, bucket, key string) error {
		_, err := w.eb.CreateApplicationVersion(ctx, &elasticbeanstalk.CreateApplicationVersionInput{
			ApplicationName: app, VersionLabel: &label, SourceBundle: &ebtypes.S3Location{S3Bucket: &bucket, S3Key: &key},
		})
		return err
	}
	w.wantCode(version("1.0.0", w.info.Bucket, "1.0.0.zip"), "InvalidParameterValue", "already exists")
	w.wantCode(version("2.0.0", w.info.Bucket, "none.zip"), "InvalidParameterCombination", "Unable to download from S3 location")
	w.wantCode(version(strings.Repeat("x", 101), w.info.Bucket, "1.0.0.zip"), "InvalidParameterValue", "length between 1 and 100")
	if err := version("2.0.0", w.info.Bucket, "1.0.0.zip"); err != nil {
		t.Error(err)
	}
	w.wantCode(version("3.0.0", w.info.Bucket, "1.0.0.zip"), "TooManyApplicationVersionsException", "more than 2")

	create := func(change func(*elasticbeanstalk.CreateEnvironmentInput)) error {
		in := &elasticbeanstalk.CreateEnvironmentInput{
			ApplicationName: app, EnvironmentName: aws.String("checkout-1"), VersionLabel: aws.String("1.0.0"),
			PlatformArn: aws.String(platformARN), OptionSettings: w.settings(),
		}
		change(in)
		_, err := w.eb.CreateEnvironment(ctx, in)
		return err
	}
	for _, bad := range []struct {
		code, text string
		change     func(*elasticbeanstalk.CreateEnvironmentInput)
	}{
		{"InvalidParameterValue", "length between 4 and 40", func(in *elasticbeanstalk.CreateEnvironmentInput) { in.EnvironmentName = aws.String("abc") }},
		{"InvalidParameterValue", "no hyphen at either end", func(in *elasticbeanstalk.CreateEnvironmentInput) { in.EnvironmentName = aws.String("-abcd") }},
		{"InvalidParameterValue", "No Application Version named '9'", func(in *elasticbeanstalk.CreateEnvironmentInput) { in.VersionLabel = aws.String("9") }},
		{"InvalidParameterValue", "No Platform named", func(in *elasticbeanstalk.CreateEnvironmentInput) { in.PlatformArn = aws.String("arn:x") }},
		{"InvalidParameterValue", "No Application named", func(in *elasticbeanstalk.CreateEnvironmentInput) { in.ApplicationName = aws.String("none") }},
		{"ConfigurationValidationException", "MinSize is greater", func(in *elasticbeanstalk.CreateEnvironmentInput) {
			in.OptionSettings = w.settings("aws:autoscaling:asg", "MinSize", "5")
		}},
		{"ConfigurationValidationException", "'Port'", func(in *elasticbeanstalk.CreateEnvironmentInput) {
			in.OptionSettings = w.settings("aws:elasticbeanstalk:environment:process:default", "Port", "http")
		}},
		{"ConfigurationValidationException", "no listener at the port 443", func(in *elasticbeanstalk.CreateEnvironmentInput) {
			in.OptionSettings = w.settings("aws:elbv2:listener:443", "Rules", "default")
		}},
		{"ConfigurationValidationException", "The load balancer does not exist", func(in *elasticbeanstalk.CreateEnvironmentInput) {
			in.OptionSettings = w.settings("aws:elbv2:loadbalancer", "SharedLoadBalancer", "arn:x")
		}},
		{"ConfigurationValidationException", "not the ARN of a secret", func(in *elasticbeanstalk.CreateEnvironmentInput) {
			in.OptionSettings = w.settings("aws:elasticbeanstalk:application:environmentsecrets", "PASSWORD", "hunter2")
		}},
		{"ConfigurationValidationException", "Unknown option for platform", func(in *elasticbeanstalk.CreateEnvironmentInput) {
			in.PlatformArn = aws.String("arn:aws:elasticbeanstalk:us-east-1::platform/Docker running on 64bit Amazon Linux 2/4.0.8")
			in.OptionSettings = w.settings("aws:elasticbeanstalk:application:environmentsecrets", "PASSWORD", "arn:aws:ssm:us-east-1:123456789012:parameter/password")
		}},
		{"InvalidParameterValue", "must not begin with", func(in *elasticbeanstalk.CreateEnvironmentInput) {
			in.Tags = []ebtypes.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}
		}},
		{"TooManyTagsException", "at most 47", func(in *elasticbeanstalk.CreateEnvironmentInput) {
			for i := range 48 {
				in.Tags = append(in.Tags, ebtypes.Tag{Key: aws.String(fmt.Sprint("k", i)), Value: aws.String("v")})
			}
		}},
	} {
		w.wantCode(create(bad.change), bad.code, bad.text)
	}
	prefix := aws.String("checkout-blue")
	if err := create(func(in *elasticbeanstalk.CreateEnvironmentInput) { in.CNAMEPrefix = prefix }); err != nil {
		t.Fatal(err)
	}
	w.wantCode(create(func(*elasticbeanstalk.CreateEnvironmentInput) {}), "InvalidParameterValue", "Environment checkout-1 already exists.")
	w.wantCode(create(func(in *elasticbeanstalk.CreateEnvironmentInput) { in.EnvironmentName = aws.String("checkout-2") }), "TooManyEnvironmentsException", "more than 1")
	dns := must[*elasticbeanstalk.CheckDNSAvailabilityOutput](w)(w.eb.CheckDNSAvailability(ctx, &elasticbeanstalk.CheckDNSAvailabilityInput{CNAMEPrefix: prefix}))
	if *dns.Available || *dns.FullyQualifiedCNAME != "checkout-blue.us-east-1.elasticbeanstalk.com" {
		t.Errorf("%+v", dns)
	}
	_, err := w.eb.TerminateEnvironment(ctx, &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentName: aws.String("checkout-1")})
	w.wantCode(err, "InvalidParameterValue", "Must be Ready.")
	_, err = w.eb.TerminateEnvironment(ctx, &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentName: aws.String("none")})
	w.wantCode(err, "InvalidParameterValue", "No Environment found for EnvironmentName = 'none'.")
	_, err = w.eb.DeleteApplication(ctx, &elasticbeanstalk.DeleteApplicationInput{ApplicationName: app})
	w.wantCode(err, "InvalidParameterValue", "has an environment running")
	_, err = w.eb.DeleteApplicationVersion(ctx, &elasticbeanstalk.DeleteApplicationVersionInput{ApplicationName: app, VersionLabel: aws.String("1.0.0")})
	w.wantCode(err, "OperationInProgressFailure", "is deployed to the environment checkout-1")
	must[*elasticbeanstalk.DeleteApplicationVersionOutput](w)(w.eb.DeleteApplicationVersion(ctx, &elasticbeanstalk.DeleteApplicationVersionInput{
		ApplicationName: app, VersionLabel: aws.String("2.0.0"), DeleteSourceBundle: aws.Bool(true),
	}))
	_, err = w.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &w.info.Bucket, Key: aws.String("1.0.0.zip")})
	w.wantCode(err, "NotFound", "")
}

// TestBundleInAnotherRegion: application versions come from buckets of the
// same Region.
func TestBundleInAnotherRegion(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	must[*s3.CreateBucketOutput](w)(w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String("elsewhere"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraintEuWest1},
	}))
	must[*elasticbeanstalk.CreateApplicationOutput](w)(w.eb.CreateApplication(t.Context(), &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("checkout")}))
	_, err := w.eb.CreateApplicationVersion(t.Context(), &elasticbeanstalk.CreateApplicationVersionInput{
		ApplicationName: aws.String("checkout"), VersionLabel: aws.String("1"), SourceBundle: &ebtypes.S3Location{S3Bucket: aws.String("elsewhere"), S3Key: aws.String("k")},
	})
	w.wantCode(err, "S3LocationNotInServiceRegionException", "eu-west-1")
}

func TestEventsAndPlatforms(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	w.version("1.0.0")
	id, _ := w.healthy("checkout-1", "1.0.0")
	w.until("it is green", func() bool { return w.environment(id).Health == ebtypes.EnvironmentHealthGreen })
	var paged []string
	p := elasticbeanstalk.NewDescribeEventsPaginator(w.eb, &elasticbeanstalk.DescribeEventsInput{EnvironmentId: &id, MaxRecords: aws.Int32(2)})
	for p.HasMorePages() {
		out := must[*elasticbeanstalk.DescribeEventsOutput](w)(p.NextPage(ctx))
		if len(out.Events) > 2 {
			t.Fatalf("%d events on a page of 2", len(out.Events))
		}
		for _, e := range out.Events {
			paged = append(paged, *e.Message)
		}
	}
	if n := strings.Count(w.events(id), "\n"); len(paged) != n || paged[len(paged)-1] != "createEnvironment is starting." {
		t.Errorf("%d events in pages, %d in one; the oldest is %q", len(paged), n, paged[len(paged)-1])
	}
	warnings := must[*elasticbeanstalk.DescribeEventsOutput](w)(w.eb.DescribeEvents(ctx, &elasticbeanstalk.DescribeEventsInput{EnvironmentId: &id, Severity: ebtypes.EventSeverityWarn}))
	if len(warnings.Events) != 0 {
		t.Errorf("a good launch warns: %v", *warnings.Events[0].Message)
	}
	versions := must[*elasticbeanstalk.ListPlatformVersionsOutput](w)(w.eb.ListPlatformVersions(ctx, &elasticbeanstalk.ListPlatformVersionsInput{Filters: []ebtypes.PlatformFilter{
		{Type: aws.String("PlatformBranchName"), Operator: aws.String("="), Values: []string{"Docker running on 64bit Amazon Linux 2023"}},
		{Type: aws.String("PlatformLifecycleState"), Operator: aws.String("="), Values: []string{"recommended"}},
	}}))
	if len(versions.PlatformSummaryList) != 1 || *versions.PlatformSummaryList[0].PlatformArn != platformARN {
		t.Errorf("recommended: %+v", versions.PlatformSummaryList)
	}
	resources := must[*elasticbeanstalk.DescribeEnvironmentResourcesOutput](w)(w.eb.DescribeEnvironmentResources(ctx, &elasticbeanstalk.DescribeEnvironmentResourcesInput{EnvironmentId: &id}))
	name := *resources.EnvironmentResources.AutoScalingGroups[0].Name
	groups := must[*autoscaling.DescribeAutoScalingGroupsOutput](w)(w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}}))
	if len(groups.AutoScalingGroups) != 1 || groups.AutoScalingGroups[0].TargetGroupARNs[0] != w.resource(id, "AWSEBV2LoadBalancerTargetGroup") {
		t.Errorf("the group's targets: %+v", groups.AutoScalingGroups)
	}
}
