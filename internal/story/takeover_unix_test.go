// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// What served before is taken over step by step: its rule becomes the endpoint's, and
// what made it is left alone. No request is lost.
func TestTakeover(t *testing.T) {
	w := start(t, quick)
	rule := w.legacy()
	ws := w.takingOver(rule)
	_, end := w.traffic()

	plan, file := ws.planned()
	want := []string{
		"take over listener rule " + rule + ": its old groups have all traffic",
		"create an environment of 1.0.0: 1 instance of t3.small",
		"traffic: 1.0.0 20 %, the old groups 80 %, watched for 30s",
		"traffic: 1.0.0 50 %, the old groups 50 %, watched for 30s",
		"traffic: 1.0.0 100 %, watched for 30s",
		"listener rule " + rule + " is the endpoint's own from then on, and its old groups are their makers'",
	}
	if plan.Kind != "new" || plan.From != "" || !slices.Equal(plan.Steps, want) {
		t.Errorf("plan %+v", plan)
	}
	ws.wantSays(ws.terraform("plan"), "75 % for awseb-", "Nothing but its weights is changed")
	if calls := w.changes(); len(calls) != 0 {
		t.Errorf("the plan changed something: %+v", calls)
	}
	old := w.environments()
	if r := ws.terraform("apply", file); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	s := ws.show()
	if s.Status != "live" || s.Version != "1.0.0" || len(s.Environments) != 1 || s.ActiveEnvironment != s.Environments[0].Name {
		t.Errorf("state %+v", s)
	}
	if arn, weights := w.rule(); arn != rule || len(weights) != 1 || weights[s.ActiveEnvironment] == 0 {
		t.Errorf("rule %s has the weights %v", arn, weights)
	}
	w.wantOldOnesAlone(old)
	w.until("only 1.0.0 answers", func() bool {
		_, version := w.get()
		return version == "1.0.0"
	})
	ws.wantEmptyPlan()
	ws.wantSays(ws.terraform("plan"), "Takeover is complete")

	// The attribute has no say any more.
	ws.terraform("state", "rm", "ionroller_endpoint.checkout")
	if r := ws.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	ws.wantEmptyPlan()
	before := len(w.changes())
	ws.set("routing.takeover_rule_arn", nil)
	ws.apply()
	if n := len(w.changes()); n != before {
		t.Errorf("taking the attribute out did %+v", w.changes()[before:])
	}
	ws.wantEmptyPlan()

	// The old environment's end is nobody's loss, and the rule is the endpoint's.
	w.terminate("legacy-a")
	ws.set("version", "1.1.0")
	ws.apply()
	sum := end()
	for _, version := range []string{"0.8.0", "0.9.0", "1.0.0", "1.1.0"} {
		if sum.Versions[version] == 0 {
			t.Errorf("answers by version: %v", sum.Versions)
		}
	}
	w.wantNamed()
	if r := ws.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("destroy failed:\n%s", r.out)
	}
	if arn, _ := w.rule(); arn != "" {
		t.Error("the rule is left")
	}
}

// A first release that fails gives everything back as it was, and leaves nothing.
func TestTakeoverGivenBack(t *testing.T) {
	w := startGuarded(t)
	rule := w.legacy()
	before, old := w.described(rule), w.environments()
	ws := w.takingOver(rule)
	w.alarmByHand("orders")
	w.setAlarm("orders", types.StateValueOk)
	ws.set("rollout.alarms", []string{"orders"})
	ws.set("rollout.steps", []any{step(20, "1h"), step(100, "1s")})
	ws.set("timeouts", map[string]any{"create": "3h"})
	stream, end := w.traffic()

	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("users reach the first step", func() bool { return load.Summarize(stream.Results()).Versions["1.0.0"] > 0 })
	w.setAlarm("orders", types.StateValueAlarm)
	r := applying.end()
	if r.code != 1 {
		t.Fatalf("apply ended with code %d:\n%s", r.code, r.out)
	}
	ws.wantSays(r, "The rollout of checkout to 1.0.0 failed", "guard alarm orders", "What was made for it has been taken away", "the rule to be taken over does what it did before")
	w.wantAsBefore(rule, before)
	w.wantOldOnesAlone(old)
	if sum := end(); sum.Versions["1.0.0"] == 0 {
		t.Errorf("answers by version: %v", sum.Versions)
	}
	if s := ws.show(); s != nil {
		t.Errorf("it is in the state: %+v", s)
	}
	w.wantNamed()
}

// What is in the way of a takeover is told at plan, and what to do.
func TestNoTakeover(t *testing.T) {
	w := start(t, sandbox.Config{})
	rule := w.legacy()
	for what, c := range map[string]struct {
		set  func(ws *workspace)
		says string
	}{
		"another listener": {func(ws *workspace) {
			ws.set("routing.takeover_rule_arn", strings.Replace(rule, "/app/", "/app/other-", 1))
		}, "and not of routing.listener_arn: set that to it"},
		"no rule": {func(ws *workspace) { ws.set("routing.takeover_rule_arn", rule[:len(rule)-4]+"0000") },
			"name the rule that serves " + host + " today, or leave it out"},
		"other hosts": {func(ws *workspace) { ws.set("routing.hosts", []string{host, "pay.example.com"}) },
			"does not take the endpoint's requests: it has hosts " + host + " and not " + host + " pay.example.com. Set routing.hosts and routing.paths to what the rule has"},
	} {
		ws := w.takingOver(rule)
		c.set(ws)
		if r := ws.terraform("plan"); r.code != 1 || !r.says(c.says) {
			t.Errorf("%s: plan ended with code %d and does not say %q:\n%s", what, r.code, c.says, r.out)
		}
	}
	if calls := w.changes(); len(calls) != 0 {
		t.Errorf("the plans changed something: %+v", calls)
	}
}

// A takeover is killed at each call that changes something: the next apply goes on.
// When it is removed before it is complete, the rule does what it did before.
func TestKilledTakeover(t *testing.T) {
	w := startAlone(t, quick)
	whole := w.takingOver(w.legacy())
	b := whole.between(func(met) fate { return fate{} })
	whole.apply()
	turn := 0
	for _, at := range moments(b.calls(), 2) {
		turn++
		goesOn := turn%2 == 0
		t.Run(at.String(), func(t *testing.T) {
			w := start(t, quick)
			rule := w.legacy()
			before, old := w.described(rule), w.environments()
			ws := w.takingOver(rule)
			_, end := w.traffic()
			struck := ws.killedAt(at, "apply")
			defer func() { w.wantOldOnesAlone(old) }()
			if goesOn {
				ws.wantGoesOn("1.0.0", "")
				if arn, weights := w.rule(); arn != rule || len(weights) != 1 {
					t.Errorf("rule %s has the weights %v", arn, weights)
				}
				end()
				return
			}
			taken := struck && w.record().Active != endpoint.OldGroups && w.record().Active != ""
			if taken || !struck {
				end()
			}
			if err := ws.loop().Remove(t.Context(), "checkout"); err != nil {
				t.Fatal(err)
			}
			if !taken && struck {
				w.wantAsBefore(rule, before)
				end()
			}
		})
	}
}

// legacy is what there was before: two environments that people made by hand, and a
// rule that gives the first one three of four requests and keeps clients where they
// are. It names the rule.
func (w *world) legacy() string {
	w.Helper()
	var groups []elbtypes.TargetGroupTuple
	for name, c := range map[string]struct {
		version string
		weight  int32
	}{"legacy-a": {"0.8.0", 30}, "legacy-b": {"0.9.0", 10}} {
		w.byHand(name, c.version)
		w.until(name+" is Ready and healthy", func() bool {
			for _, e := range w.environments() {
				if *e.EnvironmentName == name {
					return e.Status == ebtypes.EnvironmentStatusReady && e.Health == ebtypes.EnvironmentHealthGreen
				}
			}
			return false
		})
		for arn, of := range w.groups() {
			if of == name {
				groups = append(groups, elbtypes.TargetGroupTuple{TargetGroupArn: &arn, Weight: &c.weight})
			}
		}
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

// byHand begins an environment as people make one, of an application of their own.
func (w *world) byHand(name, version string) {
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
