// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// legacy is what there was before: two environments that people made by hand, and a
// rule that gives the first one three of four requests and keeps clients where they
// are. It names the rule.
func (w *world) legacy() string {
	w.Helper()
	return w.legacyOf(30, 10)
}

// legacyOf is the same with other weights.
func (w *world) legacyOf(a, b int32) string {
	w.Helper()
	var groups []elbtypes.TargetGroupTuple
	for name, c := range map[string]struct {
		version string
		weight  int32
	}{"legacy-a": {"0.8.0", a}, "legacy-b": {"0.9.0", b}} {
		w.environmentByHand(name, c.version)
		groups = append(groups, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(w.groupOf(name)), Weight: &c.weight})
	}
	out := must[*elb.CreateRuleOutput](w)(w.elb.CreateRule(w.Context(), &elb.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(400),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{host}}}},
		Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{
			TargetGroups:                groups,
			TargetGroupStickinessConfig: &elbtypes.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(600)},
		}}},
	}))
	w.until("the old environments answer", func() bool {
		status, _ := w.get()
		return status == 200
	})
	return *out.Rules[0].RuleArn
}

// groupOf is an environment's target group.
func (w *world) groupOf(environment string) string {
	w.Helper()
	for arn, name := range w.groups() {
		if name == environment {
			return arn
		}
	}
	w.Fatalf("%s has no target group", environment)
	return ""
}

// environmentByHand makes an environment as people make one, of an application of
// their own.
func (w *world) environmentByHand(name, version string) {
	w.Helper()
	var bundle bytes.Buffer
	z := zip.NewWriter(&bundle)
	f, err := z.Create("Dockerrun.aws.json")
	if err == nil {
		_, err = fmt.Fprintf(f, `{"AWSEBDockerrunVersion": "1", "Image": {"Name": "acme/legacy:%s"}, "Ports": [{"ContainerPort": 8080}]}`, version)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		w.Fatal(err)
	}
	key := "legacy/" + version + ".zip"
	must[*s3.PutObjectOutput](w)(w.s3.PutObject(w.Context(), &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: &key, Body: bytes.NewReader(bundle.Bytes())}))
	must[*elasticbeanstalk.CreateApplicationVersionOutput](w)(w.eb.CreateApplicationVersion(w.Context(), &elasticbeanstalk.CreateApplicationVersionInput{
		ApplicationName: aws.String("legacy"), VersionLabel: &version, AutoCreateApplication: aws.Bool(true),
		SourceBundle: &ebtypes.S3Location{S3Bucket: &w.info.Bucket, S3Key: &key},
	}))
	var settings []ebtypes.ConfigurationOptionSetting
	for _, s := range [][3]string{
		{"aws:elasticbeanstalk:environment", "LoadBalancerType", "application"},
		{"aws:elasticbeanstalk:environment", "LoadBalancerIsShared", "true"},
		{"aws:elbv2:loadbalancer", "SharedLoadBalancer", w.info.LoadBalancerARN},
		{"aws:elbv2:listener:80", "Rules", "default"},
		{"aws:elasticbeanstalk:environment:process:default", "HealthCheckPath", "/healthz"},
		{"aws:ec2:vpc", "VPCId", w.info.VPCID},
		{"aws:ec2:vpc", "Subnets", strings.Join(w.info.Subnets, ",")},
		{"aws:autoscaling:asg", "MinSize", "1"},
		{"aws:autoscaling:asg", "MaxSize", "1"},
	} {
		settings = append(settings, ebtypes.ConfigurationOptionSetting{Namespace: &s[0], OptionName: &s[1], Value: &s[2]})
	}
	platforms := must[*elasticbeanstalk.ListPlatformVersionsOutput](w)(w.eb.ListPlatformVersions(w.Context(), nil)).PlatformSummaryList
	must[*elasticbeanstalk.CreateEnvironmentOutput](w)(w.eb.CreateEnvironment(w.Context(), &elasticbeanstalk.CreateEnvironmentInput{
		ApplicationName: aws.String("legacy"), EnvironmentName: &name, VersionLabel: &version, PlatformArn: platforms[0].PlatformArn, OptionSettings: settings,
	}))
	w.until(name+" is Ready and healthy", func() bool {
		for _, e := range w.environments() {
			if *e.EnvironmentName == name {
				return e.Status == ebtypes.EnvironmentStatusReady && e.Health == ebtypes.EnvironmentHealthGreen
			}
		}
		return false
	})
}

// takingOver is a workspace whose endpoint begins with the takeover of a rule.
func (w *world) takingOver(rule string) *workspace {
	w.Helper()
	ws := w.workspace()
	ws.set("routing.takeover_rule_arn", rule)
	ws.set("rollout.steps", []any{step(20, "30s"), step(50, "30s"), step(100, "30s")})
	return ws
}

// described is all that a rule does.
func (w *world) described(arn string) elbtypes.Rule {
	w.Helper()
	return must[*elb.DescribeRulesOutput](w)(w.elb.DescribeRules(w.Context(), &elb.DescribeRulesInput{RuleArns: []string{arn}})).Rules[0]
}

// wantAsBefore expects a rule to do exactly what it did, in whatever order it names
// its target groups, and to have got no tags.
func (w *world) wantAsBefore(arn string, before elbtypes.Rule) {
	w.Helper()
	inOrder := cmpopts.SortSlices(func(a, b elbtypes.TargetGroupTuple) bool { return *a.TargetGroupArn < *b.TargetGroupArn })
	opaque := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".noSmithyDocumentSerde" }, cmp.Ignore())
	if diff := cmp.Diff(before, w.described(arn), inOrder, opaque); diff != "" {
		w.Errorf("the rule is not as before:\n%s", diff)
	}
	tags := must[*elb.DescribeTagsOutput](w)(w.elb.DescribeTags(w.Context(), &elb.DescribeTagsInput{ResourceArns: []string{arn}})).TagDescriptions
	if len(tags) != 1 || len(tags[0].Tags) > 0 {
		w.Errorf("the rule has the tags %+v", tags)
	}
}

// wantOldOnesAlone expects that nobody changed or removed the environments of before.
func (w *world) wantOldOnesAlone(old []ebtypes.EnvironmentDescription) {
	w.Helper()
	now := w.environments()
	for _, e := range old {
		i := slices.IndexFunc(now, func(n ebtypes.EnvironmentDescription) bool { return *n.EnvironmentId == *e.EnvironmentId })
		if i < 0 || now[i].Status != ebtypes.EnvironmentStatusReady || !now[i].DateUpdated.Equal(*e.DateUpdated) {
			w.Errorf("%s was changed: %+v", *e.EnvironmentName, now)
		}
	}
}

// wantNamed expects every change of weights to be in the trail, where the old groups
// are told of together.
func (w *world) wantNamed() {
	w.Helper()
	changes := 0
	for _, c := range w.changes() {
		if c.weights != nil {
			changes++
		}
	}
	if told := w.announced(); len(told) != changes {
		w.Errorf("weights were set %d times, and the trail tells of\n%s", changes, strings.Join(told, "\n"))
	}
}
