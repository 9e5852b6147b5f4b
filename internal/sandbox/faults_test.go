// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// settings reads faults as they are written on a command line.
func settings(t *testing.T, texts ...string) faults.Settings {
	t.Helper()
	var s faults.Settings
	for _, text := range texts {
		f, err := faults.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Faults = append(s.Faults, f)
	}
	return s
}

func (w *world) setFaults(texts ...string) {
	w.Helper()
	if err := w.sandbox.SetFaults(settings(w.T, texts...)); err != nil {
		w.Fatal(err)
	}
}

// once has a client not try again.
func once(o *elbv2.Options) { o.RetryMaxAttempts = 1 }

// answering makes a rule that answers with 200.
func (w *world) answering(priority int, host string) (*elbv2.CreateRuleOutput, error) {
	return w.elb.CreateRule(w.Context(), &elbv2.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(int32(priority)), Conditions: hosts(host), Actions: fixed(),
	}, once)
}

func fixedStatus(status string) []elbtypes.Action {
	a := fixed()
	a[0].FixedResponseConfig.StatusCode = &status
	return a
}

func (w *world) modify(arn *string, status string) error {
	_, err := w.elb.ModifyRule(w.Context(), &elbv2.ModifyRuleInput{RuleArn: arn, Actions: fixedStatus(status)}, once)
	return err
}

// status is what the API says that a rule answers.
func (w *world) status(arn *string) string {
	w.Helper()
	out := must[*elbv2.DescribeRulesOutput](w)(w.elb.DescribeRules(w.Context(), &elbv2.DescribeRulesInput{RuleArns: []string{*arn}}))
	return *out.Rules[0].Actions[0].FixedResponseConfig.StatusCode
}

// TestFaultErrors: each service answers with an injected error in its own form,
// on the call that was meant, and the call has no effect.
func TestFaultErrors(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	put := func(body string) int {
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, w.info.EndpointURL+"/_sandbox/faults", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := put(`{"seed": 1, "faults": [
		{"service": "elasticloadbalancing", "operation": "ModifyRule", "nth": 2, "error": {"code": "InternalFailure", "status": 500}},
		{"service": "s3", "operation": "PutObject", "error": {"code": "SlowDown"}},
		{"service": "ec2", "error": {"code": "RequestLimitExceeded", "message": "Request limit exceeded."}},
		{"service": "monitoring", "error": {"code": "ThrottlingException"}}]}`); got != 200 {
		t.Fatalf("PUT answers %d", got)
	}
	if got := put(`{"faults": [{"service": "elb", "drop": true}]}`); got != 400 {
		t.Errorf("a fault for a service that there is not: %d", got)
	}
	rule := must[*elbv2.CreateRuleOutput](w)(w.answering(1, "a.com")).Rules[0]
	if err := w.modify(rule.RuleArn, "201"); err != nil {
		t.Error(err)
	}
	w.wantCode(w.modify(rule.RuleArn, "202"), "InternalFailure", "A fault of the sandbox")
	if got := w.status(rule.RuleArn); got != "201" {
		t.Errorf("the failed call has had an effect: %s", got)
	}
	if err := w.modify(rule.RuleArn, "203"); err != nil {
		t.Error(err)
	}
	_, err := w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: aws.String("k"), Body: strings.NewReader("x")}, func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	w.wantCode(err, "SlowDown", "")
	_, err = w.cw.ListMetrics(ctx, &cloudwatch.ListMetricsInput{}, func(o *cloudwatch.Options) { o.RetryMaxAttempts = 1 })
	w.wantCode(err, "ThrottlingException", "")

	var calls []cloud.Call
	w.fetch("/_sandbox/calls", &calls)
	i := slices.IndexFunc(calls, func(c cloud.Call) bool { return c.Outcome == "InternalFailure" })
	if i < 0 || calls[i].Operation != "ModifyRule" || !slices.Equal(calls[i].Faults, []string{"error InternalFailure"}) {
		t.Errorf("the log does not tell of the fault: %+v", calls)
	}
	var shown struct{ Faults []struct{ Matched, Met int } }
	w.fetch("/_sandbox/faults", &shown)
	if f := shown.Faults[0]; f.Matched != 3 || f.Met != 1 {
		t.Errorf("the fault has matched %d calls and met %d", f.Matched, f.Met)
	}
}

// TestFaultsByConfig: a sandbox begins with its faults, or not at all.
func TestFaultsByConfig(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) {
		c.Faults = settings(t, "elasticbeanstalk:CreateApplication error=Throttling times=1")
	})
	create := &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("checkout")}
	_, err := w.eb.CreateApplication(t.Context(), create, func(o *elasticbeanstalk.Options) { o.RetryMaxAttempts = 1 })
	w.wantCode(err, "Throttling", "")
	must[*elasticbeanstalk.CreateApplicationOutput](w)(w.eb.CreateApplication(t.Context(), create))
	if _, err := sandbox.Start(t.Context(), sandbox.Config{Faults: settings(t, "elasticbeanstalk:CreateRule drop")}); err == nil || !strings.Contains(err.Error(), "serves no such operation") {
		t.Errorf("a fault that can never happen: %v", err)
	}
}

// TestDroppedAnswer: the call took effect, and who repeats it meets his own work.
func TestDroppedAnswer(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) {
		c.Faults = settings(t, "elasticloadbalancing:CreateRule drop times=1", "s3:PutObject drop times=1")
	})
	_, err := w.answering(1, "a.com")
	if err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("the answer came: %v", err)
	}
	if status, _ := w.get("a.com"); status != 200 {
		t.Errorf("the rule answers %d", status)
	}
	_, err = w.answering(1, "a.com")
	w.wantCode(err, "PriorityInUse", "")
	// A client that tries again by itself runs into the same.
	_, err = w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: aws.String("k"), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
	w.wantCode(err, "PreconditionFailed", "")
	calls := w.sandbox.Calls()
	if c := calls[0]; c.Outcome != "OK" || !slices.Equal(c.Faults, []string{"drop"}) {
		t.Errorf("the dropped call is logged as %+v", c)
	}
}

// TestLateEffect: a call that its client has given up takes effect all the same;
// a late answer is only late.
func TestLateEffect(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	rule := must[*elbv2.CreateRuleOutput](w)(w.answering(1, "a.com")).Rules[0]
	w.setFaults("elasticloadbalancing:ModifyRule delay=300ms", "s3:PutObject delay=300ms", "elasticbeanstalk latency=100ms")
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.elb.ModifyRule(ctx, &elbv2.ModifyRuleInput{RuleArn: rule.RuleArn, Actions: fixedStatus("201")}); err == nil {
		t.Error("the answer came in time")
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: aws.String("k"), Body: strings.NewReader("x")}); err == nil {
		t.Error("the answer of S3 came in time")
	}
	if got := w.status(rule.RuleArn); got != "200" && time.Since(begun) < 250*time.Millisecond {
		t.Errorf("the effect came at once: %s", got)
	}
	w.until("the object is there", func() bool {
		_, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &w.info.Bucket, Key: aws.String("k")})
		return err == nil
	})
	w.until("the effect has come", func() bool { return w.status(rule.RuleArn) == "201" })
	begun = time.Now()
	must[*elasticbeanstalk.DescribeApplicationsOutput](w)(w.eb.DescribeApplications(t.Context(), &elasticbeanstalk.DescribeApplicationsInput{}))
	if took := time.Since(begun); took < 100*time.Millisecond {
		t.Errorf("the answer took %s", took)
	}
}

// TestThrottling: forty describes at once, and no more.
func TestThrottling(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.Faults = settings(t, "* throttle") })
	begun, refused := time.Now(), 0
	for range 80 {
		if _, err := w.elb.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{ListenerArn: &w.info.ListenerARN}, once); err != nil {
			w.wantCode(err, "ThrottlingException", "Rate exceeded")
			refused++
		}
	}
	if least := 80 - 41 - int(10*time.Since(begun).Seconds()); refused < least || refused > 40 {
		t.Errorf("%d of 80 calls were refused in %s", refused, time.Since(begun))
	}
	if _, err := w.answering(1, "a.com"); err != nil {
		t.Errorf("changes have no bucket of their own: %v", err)
	}
}

// TestStaleReads: reads of a service do not see its changes for a while; those of
// S3 always do.
func TestStaleReads(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	rule := must[*elbv2.CreateRuleOutput](w)(w.answering(1, "a.com")).Rules[0]
	w.setFaults("elastic* stale=1h", "s3 stale=1h", "autoscaling stale=1h")
	for _, status := range []string{"201", "202"} {
		if err := w.modify(rule.RuleArn, status); err != nil {
			t.Fatal(err)
		}
	}
	added := must[*elbv2.CreateRuleOutput](w)(w.answering(2, "b.com")).Rules[0]
	if got := w.status(rule.RuleArn); got != "200" {
		t.Errorf("a read sees %s", got)
	}
	if status, _ := w.get("a.com"); status != 202 {
		t.Errorf("traffic is stale: %d", status)
	}
	_, err := w.elb.DescribeRules(ctx, &elbv2.DescribeRulesInput{RuleArns: []string{*added.RuleArn}})
	w.wantCode(err, "RuleNotFound", "")
	_, err = w.answering(2, "b.com") // a change knows better
	w.wantCode(err, "PriorityInUse", "")

	w.version("1.0.0")
	applications := func() int {
		return len(must[*elasticbeanstalk.DescribeApplicationsOutput](w)(w.eb.DescribeApplications(ctx, &elasticbeanstalk.DescribeApplicationsInput{})).Applications)
	}
	if n := applications(); n != 0 {
		t.Errorf("%d applications are seen", n)
	}
	must[*s3.HeadObjectOutput](w)(w.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &w.info.Bucket, Key: aws.String("1.0.0.zip")}))

	w.setFaults("elastic* stale=100ms")
	if n := applications(); n != 1 {
		// The change is older than that by now, or will be soon.
		w.until("the application is seen", func() bool { return applications() == 1 })
	}
	w.setFaults()
	if got := w.status(rule.RuleArn); got != "202" {
		t.Errorf("without the fault a read sees %s", got)
	}
}

// TestStaleEnvironments: everything about environments can be read from the past.
func TestStaleEnvironments(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	ctx := t.Context()
	w.version("1.0.0")
	id, _ := w.healthy("checkout-1", "1.0.0")
	name := w.resource(id, "AWSEBAutoScalingGroup")
	w.setFaults("autoscaling stale=1h", "elasticbeanstalk stale=1h")
	must[*autoscaling.SuspendProcessesOutput](w)(w.asg.SuspendProcesses(ctx, &autoscaling.SuspendProcessesInput{AutoScalingGroupName: &name}))
	if err := w.setDesired(name, 3); err != nil {
		t.Fatal(err)
	}
	if g := w.scaling(name); *g.DesiredCapacity != 2 || len(g.SuspendedProcesses) != 0 || len(g.Instances) != 2 {
		t.Errorf("a read sees %d wanted, %d there and %d processes suspended", *g.DesiredCapacity, len(g.Instances), len(g.SuspendedProcesses))
	}
	must[*elasticbeanstalk.TerminateEnvironmentOutput](w)(w.eb.TerminateEnvironment(ctx, &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &id}))
	if s := w.environment(id).Status; s != ebtypes.EnvironmentStatusReady {
		t.Errorf("a read sees it %s", s)
	}
	if strings.Contains(w.events(id), "terminateEnvironment") {
		t.Error("a read sees the new event")
	}
	w.setFaults()
	w.untilStatus(id, ebtypes.EnvironmentStatusTerminated)
}

// TestPropagation: the API tells the new rules at once, traffic follows later, and
// what is set without the fault overtakes.
func TestPropagation(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	rule := must[*elbv2.CreateRuleOutput](w)(w.answering(1, "a.com")).Rules[0]
	serves := func() int { status, _ := w.get("a.com"); return status }
	w.setFaults("elasticloadbalancing:ModifyRule propagation=1s")
	begun := time.Now()
	if err := w.modify(rule.RuleArn, "201"); err != nil {
		t.Fatal(err)
	}
	if got := w.status(rule.RuleArn); got != "201" {
		t.Errorf("the API says %s", got)
	}
	if got := serves(); got != 200 && time.Since(begun) < time.Second {
		t.Errorf("traffic follows at once: %d", got)
	}
	w.until("traffic follows", func() bool { return serves() == 201 })
	if took := time.Since(begun); took < 900*time.Millisecond {
		t.Errorf("traffic followed after %s", took)
	}
	w.setFaults("elasticloadbalancing:ModifyRule propagation=1h")
	for _, status := range []string{"202", "203"} {
		if err := w.modify(rule.RuleArn, status); err != nil {
			t.Fatal(err)
		}
	}
	w.setFaults()
	if err := w.modify(rule.RuleArn, "204"); err != nil {
		t.Fatal(err)
	}
	if got := serves(); got != 204 {
		t.Errorf("traffic sees %d", got)
	}
}

// TestLaunchFailure: without an instance an environment's launch fails; Auto
// Scaling tries again.
func TestLaunchFailure(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) {
		c.Faults = settings(t, "autoscaling:Launch error=InsufficientInstanceCapacity times=1")
	})
	w.version("1.0.0")
	id := *w.create("checkout-1", "1.0.0").EnvironmentId
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	for _, want := range []string{"Launching a new EC2 instance. Status Reason: InsufficientInstanceCapacity", "ERROR Create environment operation is complete, but with errors."} {
		if events := w.events(id); !strings.Contains(events, want) {
			t.Errorf("no event %q in\n%s", want, events)
		}
	}
	name := w.resource(id, "AWSEBAutoScalingGroup")
	w.until("the instances are there", func() bool { return len(w.scaling(name).Instances) == 2 })
	activities := must[*autoscaling.DescribeScalingActivitiesOutput](w)(w.asg.DescribeScalingActivities(t.Context(), &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: &name})).Activities
	if first := activities[len(activities)-1]; first.StatusCode != "Failed" {
		t.Errorf("the first launch is %s", first.StatusCode)
	}
}

// TestPriorityRace: two launches on one listener at once choose the same priority,
// and one of them loses.
func TestPriorityRace(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) {
		c.Speed, c.Faults = 120, settings(t, "elasticbeanstalk:CreateEnvironment race")
	})
	w.version("1.0.0")
	ids := []string{*w.create("checkout-1", "1.0.0").EnvironmentId, *w.create("checkout-2", "1.0.0").EnvironmentId}
	lost := 0
	for _, id := range ids {
		w.untilStatus(id, ebtypes.EnvironmentStatusReady)
		if strings.Contains(w.events(id), "ERROR Creating load balancer listener rule failed Reason: ") && strings.Contains(w.events(id), "PriorityInUse") {
			lost++
		}
	}
	if lost != 1 {
		t.Errorf("%d of 2 environments have lost the race", lost)
	}
}

// TestCloseDoesNotWaitForFaults: a call that is held up neither keeps the sandbox
// from ending nor does anything afterwards.
func TestCloseDoesNotWaitForFaults(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.Faults = settings(t, "elasticloadbalancing delay=1h") })
	ended := make(chan error, 1)
	go func() {
		_, err := w.answering(1, "a.com")
		ended <- err
	}()
	w.until("the call has arrived", func() bool {
		var shown struct{ Faults []struct{ Met int } }
		w.fetch("/_sandbox/faults", &shown)
		return shown.Faults[0].Met == 1
	})
	begun := time.Now()
	if err := w.sandbox.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the call has succeeded")
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}
