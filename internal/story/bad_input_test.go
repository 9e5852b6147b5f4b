// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// badInput is something that cannot be, and what plan says of it.
type badInput struct {
	name      string
	argument  string
	value     any
	attribute string // that the error names
	says      string
}

// What is wrong by itself is known from the configuration.
var badByItself = []badInput{
	{"weights that do not rise", "rollout.steps", []any{step(50, "1s"), step(50, "1s")}, "rollout.steps[1].weight", "does not rise above the step before"},
	{"a weight over 100", "rollout.steps", []any{step(10, "1s"), step(101, "1s")}, "rollout.steps[1].weight", "outside 1 to 100"},
	{"a weight of nothing", "rollout.steps", []any{step(0, "1s")}, "rollout.steps[0].weight", "outside 1 to 100"},
	{"a bake that is no duration", "rollout.steps", []any{step(10, "soon")}, "rollout.steps[0].bake", `"soon" is not a duration`},
	{"a negative bake", "rollout.steps", []any{step(10, "-1s")}, "rollout.steps[0].bake", "is negative"},
	{"bakes longer than the timeout", "rollout.steps", []any{step(10, "2h"), step(100, "1h")}, "rollout.steps", "more than timeouts.update"},
	{"a retention that is no duration", "retention.keep_for", "1 day", "retention.keep_for", "is not a duration"},
	{"a negative retention", "retention.keep_for", "-1h", "retention.keep_for", "is negative"},
	{"a negative number of retained environments", "retention.max", -1, "retention.max", "is negative"},
	{"a health interval that is no duration", "health.interval", "15", "health.interval", "is not a duration"},
	{"a timeout that is no duration", "timeouts.update", "forever", "timeouts", "forever"},
	{"a name too long", "name", strings.Repeat("checkout", 6), "name", "48 characters"},
	{"a name with other characters", "name", "check_out", "name", "letters, digits and hyphens"},
	{"a version too long", "version", strings.Repeat("1", 88), "version", "88 characters"},
	{"a version that is no tag", "version", "1.0+2", "version", "is not an image tag"},
	{"an image with a tag", "container.image", "acme/checkout:1.0.0", "container.image", "leave it out"},
	{"min over max", "capacity.min", 5, "capacity.min", "more than capacity.max"},
	{"more than five hosts and paths", "routing.paths", []string{"/a", "/b", "/c", "/d", "/e"}, "routing.hosts", "at most 5"},
	{"no host", "routing.hosts", []string{}, "routing.hosts", "at least one host"},
	{"a secret by its value", "container.secrets", map[string]string{"PASSWORD": "hunter2"}, "container.secrets", "the value of PASSWORD is not the ARN"},
	{"an extension in a folder", "beanstalk.extensions", map[string]string{"a/b.config": "files: {}"}, "beanstalk.extensions", "is not the name of a file in .ebextensions"},
	{"an option setting that is ionroller's", "beanstalk.settings", []any{map[string]string{"namespace": "aws:autoscaling:asg", "name": "MinSize", "value": "1"}}, "beanstalk.settings", "use capacity.min"},
	{"credentials without a place", "container.registry_auth", map[string]string{"key": ""}, "container.registry_auth.key", "at least 1"},
	{"a priority out of bounds", "routing.priority", 50001, "routing.priority", "outside 1 to 50000"},
}

func TestBadInput(t *testing.T) {
	w := start(t, sandbox.Config{})
	for _, bad := range badByItself {
		t.Run(bad.name, func(t *testing.T) { w.as(t).wantRefused(bad, nil) })
	}
}

// What AWS knows to be wrong is asked for at plan.
func TestBadInputThatAWSKnows(t *testing.T) {
	w := start(t, sandbox.Config{Quotas: cloud.Quotas{Applications: 2}})
	ctx := t.Context()
	listener := func(name string, kind elbtypes.LoadBalancerTypeEnum, protocol elbtypes.ProtocolEnum) string {
		lb := must[*elb.CreateLoadBalancerOutput](w)(w.elb.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{Name: &name, Type: kind, Subnets: w.info.Subnets})).LoadBalancers[0]
		group := must[*elb.CreateTargetGroupOutput](w)(w.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{Name: &name, Protocol: protocol, Port: aws.Int32(80), VpcId: &w.info.VPCID})).TargetGroups[0]
		return *must[*elb.CreateListenerOutput](w)(w.elb.CreateListener(ctx, &elb.CreateListenerInput{
			LoadBalancerArn: lb.LoadBalancerArn, Protocol: protocol, Port: aws.Int32(81),
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: group.TargetGroupArn}},
		})).Listeners[0].ListenerArn
	}
	network := listener("network", elbtypes.LoadBalancerTypeEnumNetwork, elbtypes.ProtocolEnumTcp)
	must[*elb.CreateRuleOutput](w)(w.elb.CreateRule(ctx, &elb.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(7),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{"*.taken.example.com"}}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("200")}}},
	}))
	must[*s3.CreateBucketOutput](w)(w.s3.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: aws.String("elsewhere"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraintEuWest1},
	}))
	theirs := w.workspace()
	theirs.provider["owner"] = "others"
	theirs.set("name", "theirs")
	theirs.apply()

	for _, bad := range []badInput{
		{"a listener that is not there", "routing.listener_arn", w.info.ListenerARN + "0", "routing.listener_arn", "there is no listener"},
		{"a listener of a Network Load Balancer", "routing.listener_arn", network, "routing.listener_arn", "only an Application Load Balancer"},
		{"a VPC that is not the load balancer's", "beanstalk.vpc_id", "vpc-0", "beanstalk.vpc_id", "is not the VPC"},
		{"a platform that is not there", "beanstalk.platform_arn", "arn:aws:elasticbeanstalk:us-east-1::platform/None/1.0.0", "beanstalk.platform_arn", "there is no platform"},
		{"credentials that are not there", "container.registry_auth", map[string]string{"key": "none.json"}, "container.registry_auth", "there is no object"},
		{"a priority that is taken", "routing.priority", 7, "routing.priority", "7 is taken by listener rule"},
		{"a host that another rule serves", "routing.hosts", []string{"a.taken.example.com"}, "routing.hosts", "is served already, by listener rule"},
		{"a host that another endpoint serves", "name", "checkout", "routing.hosts", "is served already, by listener rule"},
		{"an endpoint of another owner", "name", "theirs", "name", `belongs to owner "others"`},
	} {
		t.Run(bad.name, func(t *testing.T) {
			w.as(t).wantRefused(bad, func(ws *workspace) {
				if bad.attribute != "routing.hosts" {
					ws.set("routing.hosts", []string{"free.example.com"})
				}
				if bad.argument != "" {
					ws.set(bad.argument, bad.value)
				}
			})
		})
	}
	for _, bad := range []struct{ name, bucket, says string }{
		{"a bucket in another Region", "elsewhere", "is in Region eu-west-1"},
		{"a bucket that is not there", "nowhere-at-all", "there is no bucket"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			w.as(t).wantRefused(badInput{attribute: "bucket", says: bad.says}, func(ws *workspace) {
				ws.env["AWS_ACCESS_KEY_ID"] = w.info.AccessKeyID // the policies are for another bucket
				ws.provider["bucket"] = bad.bucket
			})
		})
	}
	t.Run("a quota that would be hit", func(t *testing.T) {
		must[*elasticbeanstalk.CreateApplicationOutput](w)(w.eb.CreateApplication(ctx, &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("another")}))
		w.as(t).wantRefused(badInput{argument: "routing.hosts", value: []string{"free.example.com"}, attribute: "name", says: "its quota is 2"}, nil)
	})
}

// A listener and a name cannot be changed afterwards; the endpoint stays as it is.
func TestBadChange(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.apply()
	for _, bad := range []badInput{
		{"a rename", "name", "basket", "name", "cannot be renamed"},
		{"another listener", "routing.listener_arn", w.info.ListenerARN + "0", "listener_arn", "cannot move to another listener"},
		{"weights that do not rise", "rollout.steps", []any{step(50, "1s"), step(20, "1s")}, "rollout.steps[1].weight", "does not rise"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			w.as(t).wantRefused(bad, func(other *workspace) {
				other.copyState(ws)
				other.set(bad.argument, bad.value)
			})
		})
	}
	ws.wantEmptyPlan()
}

// as is the world for a test of its own.
func (w *world) as(t *testing.T) *world {
	other := *w
	other.T = t
	return &other
}

// wantRefused expects plan to refuse a configuration with an error that names the
// attribute, and nobody to have changed anything.
func (w *world) wantRefused(bad badInput, prepare func(*workspace)) {
	w.Helper()
	ws := w.workspace()
	if prepare != nil {
		prepare(ws)
	} else {
		ws.set(bad.argument, bad.value)
	}
	before := len(w.Calls())
	r := ws.terraform("plan")
	if r.code != 1 || !r.says(bad.attribute) || !r.says(bad.says) {
		w.Errorf("plan ended with code %d; want an error of %s that says %q:\n%s", r.code, bad.attribute, bad.says, r.out)
	}
	if r := ws.terraform("apply", "-auto-approve"); r.code != 1 {
		w.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	for _, c := range w.Calls()[before:] {
		if c.Changing {
			w.Errorf("%s %s was called", c.Operation, c.Parameters)
		}
	}
}
