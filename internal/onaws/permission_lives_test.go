// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package onaws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// What holders of the policies do in their lives. What the holder itself does is in
// does; the rest is done by somebody who may do everything.

// planLife is what terraform plan and those who look do.
func planLife(h *holder) {
	h.prepare()
	h.deploy("1.0.0")
	h.restAtCap("1.1.0")
	h.does("list the endpoints", func() error {
		_, err := h.loop.Journal.List(h.Context())
		return err
	})
	h.does("read the trail", h.readTrail)
	h.does("read a configuration", h.readConfiguration)
	h.hearsDaemon()
	h.does("look at a rollout in flight", h.observe)
	check := func(spec endpoint.Spec) func() error {
		return func() error {
			record := h.record()
			problems, err := h.loop.Check(h.Context(), spec, &record, true)
			if err == nil && len(problems) > 0 {
				err = fmt.Errorf("problems: %v", problems)
			}
			return err
		}
	}
	next := h.demanding("1.2.0")
	next.Routing.Hosts = append(next.Routing.Hosts, "pay."+h.info.HostedZone)
	h.does("check a change", check(next))
	h.does("check a change that names a platform", check(h.onPlatform("1.2.0")))
	h.launch(h.demanding("1.2.0"))
	h.write(func(r *endpoint.Record) { r.RuleARN = "" }) // as if the run that made the rule had died
	h.does("look at a launch", h.observe)
}

// commandLife is what people do who steer rollouts and go back.
func commandLife(h *holder) {
	h.prepare()
	h.deploy("1.0.0")
	h.does("read the trail", h.readTrail)
	h.does("read a configuration", h.readConfiguration)
	h.hearsDaemon()

	tend := func(endpoint.Spec) error {
		_, err := h.loop.Tend(h.Context(), "checkout")
		return err
	}

	h.wish(h.demanding("1.1.0"))
	h.does("pause a rollout of which nothing was made yet", func() error {
		err := h.order(endpoint.OrderPause, "")
		if f := h.record().Rollout; err == nil && (f == nil || f.Back != nil) {
			err = errors.New("the rollout was given up")
		}
		return err
	})
	h.somebodyOrders(endpoint.OrderResume)
	h.deploy("1.1.0")
	h.launch(h.byInstance("1.1.1"))
	h.does("move instances", func() error {
		return h.until("1.1.1 is live", tend, func() bool { return h.record().Rollout == nil })
	})
	h.launch(h.demanding("1.2.0"))
	h.does("give a launch up", func() error { return h.order(endpoint.OrderAbort, "") })
	h.restAtCap("1.3.0")
	h.does("promote a guarded rollout", func() error { return h.order(endpoint.OrderPromote, "") })
	h.deploy("1.3.0")
	h.meddled(h.demanding("1.3.0"), tend)
	h.grow()
	h.resized(h.demanding("1.3.0"), tend)
	h.does("go back", func() error {
		if r := h.record(); r.Environment(r.Active).Release.Version == "1.1.0" { // what was left to do is capacity
			return tend(endpoint.Spec{})
		}
		return h.loop.Rollback(h.Context(), "checkout", "1.1.0", "a test", func(rollout.World) {})
	})
	h.does("drop what was left", func() error {
		if err := h.order(endpoint.OrderDrop, "1.3.0"); err != nil {
			return err
		}
		return h.until("the environment of 1.3.0 is gone", tend, func() bool { return !h.keeps("1.3.0") })
	})
}

// providerLife is what terraform apply and destroy do.
func providerLife(h *holder) {
	h.prepare()
	h.hearsDaemon()
	makersLife(h, func(spec endpoint.Spec) error {
		var err error
		if r, _ := h.roller.Journal.Read(h.Context(), "checkout"); r == nil || r.Phase != endpoint.Live || r.Accepted == nil {
			_, err = h.loop.Create(h.Context(), spec)
		} else {
			_, err = h.loop.Update(h.Context(), spec, nil)
		}
		return err
	}, func() error {
		_, err := h.loop.Update(h.Context(), h.record().Desired, nil)
		return err
	}, func() error { return h.loop.Remove(h.Context(), "checkout") })
}

// daemonLife is the same, by somebody who goes on with what runs left that died as
// soon as they had written down what they wanted.
func daemonLife(h *holder) {
	h.prepare()
	pulse := h.loop.Journal.Pulse(endpoint.Heartbeat{ID: "holder"})
	h.does("beat", func() error { return pulse.Beat(h.Context()) })
	h.does("beat although an answer was lost", func() error {
		h.befall("s3:PutObject drop nth=1")
		defer h.befall()
		return pulse.Beat(h.Context())
	})
	h.does("stop beating", func() error { return pulse.Stop(h.Context()) })
	goOn := func() error {
		_, err := h.loop.Reconcile(h.Context(), "checkout")
		return err
	}
	makersLife(h, func(spec endpoint.Spec) error {
		for {
			h.wish(spec)
			err := goOn()
			switch r := h.record(); {
			case err != nil:
				return err
			case r.Phase == endpoint.Live && r.Accepted != nil && reflect.DeepEqual(*r.Accepted, spec):
				return nil
			case r.Phase != endpoint.Deleted: // what failed before was taken away, and it can be made now
				return fmt.Errorf("it is in phase %s, and not what was wished for", r.Phase)
			}
		}
	}, goOn, func() error {
		h.write(func(r *endpoint.Record) { r.Phase = endpoint.Deleting })
		return goOn()
	})
}

// makersLife is the life of those who make environments and remove them.
func makersLife(h *holder, to func(endpoint.Spec) error, goOn, remove func() error) {
	roll := func(what string, spec endpoint.Spec) {
		h.Helper()
		h.does(what, func() error { return to(spec) })
	}
	roll("make the endpoint", h.demanding("1.0.0"))
	capped := h.demanding("1.1.0")
	capped.Rollout.MaxWeight = 50
	roll("roll out to a cap", capped)
	h.flip()
	roll("lift the cap", h.demanding("1.1.0"))
	h.meddled(h.demanding("1.1.0"), to)
	h.resized(h.demanding("1.1.0"), to)

	h.grow()
	few := h.onPlatform("1.2.0")
	few.Retention.Max = 1
	roll("roll out on a platform that is named, and remove what is too many", few)
	back := h.demanding("1.1.0")
	back.Retention.Max = 1
	roll("go back to what is kept", back)
	roll("move instances", h.byInstance("1.3.0"))
	roll("go back once more", back)
	h.does("carry out an order", func() error {
		h.somebodyOrders(endpoint.OrderPromote)
		return errors.Join(to(back), h.noOrders())
	})
	h.does("pack an image by its digest", func() error {
		h.serial++
		next := h.demanding(fmt.Sprintf("2.0.%d", h.serial))
		_, err := h.Push("checkout", next.Release.Version, next.Release.Version)
		h.fine(err)
		err = to(next)
		if r := h.record(); err == nil && r.Environment(r.Active).ImageDigest == "" {
			err = errors.New("the digest of the image is not known")
		}
		return err
	})
	h.lose()
	h.does("make what was lost again, of the same parts", func() error { return to(h.record().Desired) })
	h.dieAfterAnEvent()
	h.does("go on after a run that died", goOn)
	h.does("remove the endpoint", remove)
	h.nothingIsLeft()
	again := h.demanding("1.0.0")
	again.Routing.TakeoverRuleARN = h.somebodysRule(again.Routing.Hosts[0])
	roll("make it once more, and take a rule over", again)
	if r := h.record(); r.RuleARN != again.Routing.TakeoverRuleARN || r.Takeover != nil {
		h.Errorf("rule %s is not taken over: %+v", r.RuleARN, r.Takeover)
	}
}

// somebodysRule makes a rule that serves a host.
func (h *holder) somebodysRule(host string) string {
	h.Helper()
	group, err := h.clients.LoadBalancing.CreateTargetGroup(h.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String("legacy"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &h.info.VPCID,
	})
	h.fine(err)
	rule, err := h.clients.LoadBalancing.CreateRule(h.Context(), &elb.CreateRuleInput{
		ListenerArn: &h.info.ListenerARN, Priority: aws.Int32(300),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{host}}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: group.TargetGroups[0].TargetGroupArn}},
	})
	h.fine(err)
	return *rule.Rules[0].RuleArn
}

// meddled is what others do to an endpoint by hand, and the holder puts right.
func (h *holder) meddled(spec endpoint.Spec, right func(endpoint.Spec) error) {
	h.Helper()
	ctx := h.Context()
	rule := func() elbtypes.Rule {
		out, err := h.clients.LoadBalancing.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: []string{h.record().RuleARN}})
		h.fine(err)
		return out.Rules[0]
	}
	_, err := h.clients.LoadBalancing.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: aws.String(h.record().RuleARN)})
	h.fine(err)
	h.does("make a rule again", func() error { return right(spec) })
	_, err = h.clients.LoadBalancing.SetRulePriorities(ctx, &elb.SetRulePrioritiesInput{
		RulePriorities: []elbtypes.RulePriorityPair{{RuleArn: rule().RuleArn, Priority: aws.Int32(4000)}},
	})
	h.fine(err)
	h.does("put a priority right", func() error { return right(spec) })

	zone := &route53.ListResourceRecordSetsInput{HostedZoneId: &h.info.HostedZoneID, StartRecordName: &spec.Routing.Hosts[0], MaxItems: aws.Int32(1)}
	alias, err := h.clients.Route53.ListResourceRecordSets(ctx, zone)
	h.fine(err)
	_, err = h.clients.Route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: zone.HostedZoneId,
		ChangeBatch:  &r53types.ChangeBatch{Changes: []r53types.Change{{Action: r53types.ChangeActionDelete, ResourceRecordSet: &alias.ResourceRecordSets[0]}}},
	})
	h.fine(err)
	h.does("set a DNS record again", func() error {
		err := right(spec)
		if n := h.countRecords(); err == nil && n != 3 { // with NS and SOA
			err = fmt.Errorf("the zone has %d records", n)
		}
		return err
	})
}

// resized is an endpoint of which less and more is wanted: a test route less, and
// instances more.
func (h *holder) resized(spec endpoint.Spec, to func(endpoint.Spec) error) {
	h.Helper()
	spec.TestRoute = nil
	spec.Capacity.Max++
	h.wish(spec)
	h.does("resize, and take the test route away", func() error { return to(spec) })
}

// prepare brings what endpoints use.
func (h *holder) prepare() {
	h.Helper()
	for _, version := range []string{"1.0.0", "1.1.0", "1.1.1", "1.2.0", "1.3.0"} {
		_, err := h.Push("checkout", version, version)
		h.fine(err)
	}
	_, err := h.clients.CloudWatch.PutMetricAlarm(h.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("errors"), Namespace: aws.String("Acme"), MetricName: aws.String("Errors"), Statistic: cwtypes.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
		TreatMissingData: aws.String("notBreaching"),
	})
	h.fine(err)
	h.flip()
}

// flip has the alarm change its state, to one that is good.
func (h *holder) flip() {
	h.Helper()
	for _, state := range []cwtypes.StateValue{cwtypes.StateValueInsufficientData, cwtypes.StateValueOk} {
		_, err := h.clients.CloudWatch.SetAlarmState(h.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("errors"), StateValue: state, StateReason: aws.String("a test")})
		h.fine(err)
	}
}

// demanding is a spec that takes everything that a spec can take.
func (h *holder) demanding(version string) endpoint.Spec {
	s := h.spec(version)
	s.Routing.Hosts, s.DNS = []string{"checkout." + h.info.HostedZone}, &endpoint.DNS{ZoneID: h.info.HostedZoneID}
	s.Routing.Priority = 7
	s.Release.Container.Image = h.info.AccountID + ".dkr.ecr." + h.info.Region + ".amazonaws.com/checkout"
	s.TestRoute = &endpoint.TestRoute{Hosts: []string{"next.acme.com"}}
	s.Rollout.Alarms = []string{"errors"}
	s.Retention.KeepFor = endpoint.Duration(1000 * time.Hour) // of a clock that runs quickly
	return s
}

// byInstance is one by which instances move.
func (h *holder) byInstance(version string) endpoint.Spec {
	s := h.demanding(version)
	s.Rollout.By, s.Rollout.Steps = endpoint.ByInstance, nil
	return s
}

// onPlatform is one that names the version of its platform.
func (h *holder) onPlatform(version string) endpoint.Spec {
	s := h.demanding(version)
	s.Release.Beanstalk.PlatformARN = "arn:aws:elasticbeanstalk:" + h.info.Region + "::platform/Docker running on 64bit Amazon Linux 2023/4.9.0"
	return s
}

// deploy brings a version live.
func (h *holder) deploy(version string) {
	h.Helper()
	_, err := h.roller.Update(h.Context(), h.demanding(version), nil)
	if h.recordOrNil() == nil {
		_, err = h.roller.Create(h.Context(), h.demanding(version))
	}
	h.fine(err)
}

// restAtCap leaves a rollout in flight, of which an alarm has flipped since it had
// its share.
func (h *holder) restAtCap(version string) {
	h.Helper()
	capped := h.demanding(version)
	capped.Rollout.MaxWeight = 50
	_, err := h.roller.Update(h.Context(), capped, nil)
	h.fine(err)
	h.flip()
}

// launch leaves a launch under way of which the record knows nothing more yet: the
// run that asked for it was interrupted.
func (h *holder) launch(spec endpoint.Spec) {
	h.Helper()
	ctx, cancel := context.WithCancel(h.Context())
	defer cancel()
	before, ended := len(h.Calls()), make(chan error)
	go func() {
		_, err := h.roller.Update(ctx, spec, nil)
		ended <- err
	}()
	for !slices.ContainsFunc(h.Calls()[before:], func(c cloud.Call) bool { return c.Operation == "CreateEnvironment" }) {
		select {
		case err := <-ended:
			h.Fatalf("it ended before the launch: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	var interrupted *roller.Interrupted
	if err := <-ended; !errors.As(err, &interrupted) {
		h.Fatalf("it was not interrupted: %v", err)
	}
	h.write(func(r *endpoint.Record) {
		e := r.Environment(r.Rollout.To)
		e.ID, e.TargetGroup, e.ScalingGroup = "", "", ""
	})
}

// wish leaves the record as a run does that died when it had written down what it
// wanted.
func (h *holder) wish(spec endpoint.Spec) {
	h.Helper()
	h.write(func(r *endpoint.Record) { r.Desired, r.GivenUp = spec, "" })
}

func (h *holder) write(change func(*endpoint.Record)) {
	h.Helper()
	session, err := h.roller.Journal.Acquire(h.Context(), "checkout", h.roller.Who, true)
	h.fine(err)
	record := session.Record()
	change(&record)
	h.fine(session.Commit(h.Context(), record))
	h.fine(session.Release(h.Context()))
}

// lose terminates the live environment by hand.
func (h *holder) lose() {
	h.Helper()
	r := h.record()
	id := r.Environment(r.Active).ID
	_, err := h.clients.Beanstalk.TerminateEnvironment(h.Context(), &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &id})
	h.fine(err)
}

// grow has the live environment scale out.
func (h *holder) grow() {
	h.Helper()
	r := h.record()
	_, err := h.clients.AutoScaling.SetDesiredCapacity(h.Context(), &autoscaling.SetDesiredCapacityInput{
		AutoScalingGroupName: &r.Environment(r.Active).ScalingGroup, DesiredCapacity: aws.Int32(2),
	})
	h.fine(err)
}

// until does something again and again, as the sandbox launches, drains and terminates.
func (h *holder) until(what string, act func(endpoint.Spec) error, done func() bool) error {
	h.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("in vain was waited until %s", what)
		}
		if err := act(endpoint.Spec{}); err != nil {
			return err
		}
	}
	return nil
}

// dieAfterAnEvent leaves the record as a run does that died when it had written its
// last event to the trail.
func (h *holder) dieAfterAnEvent() {
	h.Helper()
	events, err := h.roller.Journal.Events(h.Context(), "checkout", h.record().Trail.Sequence-1)
	h.fine(err)
	r := h.record()
	r.Outbox = events
	text, err := json.Marshal(r)
	h.fine(err)
	_, err = h.clients.S3.PutObject(h.Context(), &s3.PutObjectInput{
		Bucket: &h.info.Bucket, Key: aws.String("records/" + h.info.AccountID + "/" + h.info.Region + "/checkout.json"), Body: bytes.NewReader(text),
	})
	h.fine(err)
}

// order gives an order and carries it out.
func (h *holder) order(kind endpoint.OrderKind, release string) error {
	if err := h.loop.Journal.Order(h.Context(), "checkout", endpoint.NewOrder(kind, release, "", h.loop.Who, h.loop.Clock.Now())); err != nil {
		return err
	}
	_, err := h.loop.Tend(h.Context(), "checkout")
	var failed *roller.Failed
	if kind == endpoint.OrderAbort && errors.As(err, &failed) {
		err = nil
	}
	return errors.Join(err, h.noOrders())
}

func (h *holder) somebodyOrders(kind endpoint.OrderKind) {
	h.Helper()
	h.fine(h.roller.Journal.Order(h.Context(), "checkout", endpoint.NewOrder(kind, "", "", h.roller.Who, h.roller.Clock.Now())))
}

// noOrders says that orders are left which were carried out.
func (h *holder) noOrders() error {
	out, err := h.clients.S3.ListObjectsV2(h.Context(), &s3.ListObjectsV2Input{Bucket: &h.info.Bucket, Prefix: aws.String("orders/")})
	if err == nil && len(out.Contents) > 0 {
		err = fmt.Errorf("%d orders are left", len(out.Contents))
	}
	return err
}

// observe looks at all there is: that alarms and metrics cannot be read is borne, and
// only logged.
func (h *holder) observe() error {
	var logged strings.Builder
	loop := *h.loop
	loop.Log = hclog.New(&hclog.LoggerOptions{Output: &logged, Level: hclog.Warn})
	w, err := loop.Observe(h.Context(), "checkout")
	if err == nil && w.Guards == nil && rollout.Watched(&w.Record) {
		_, why, _ := strings.Cut(logged.String(), "unable to read the alarms and metrics")
		err = fmt.Errorf("it is shown without what alarms and metrics say: %s", why)
	}
	return err
}

func (h *holder) readTrail() error {
	events, err := h.loop.Journal.Events(h.Context(), "checkout", 0)
	if err == nil && len(events) == 0 {
		err = errors.New("there is no trail")
	}
	return err
}

func (h *holder) readConfiguration() error {
	_, err := h.loop.Journal.Configuration(h.Context(), "checkout", h.record().Accepted.Digest())
	return err
}

// hearsDaemon has a daemon at work, of which the holder is to hear.
func (h *holder) hearsDaemon() {
	h.Helper()
	pulse := h.roller.Journal.Pulse(endpoint.Heartbeat{ID: "daemon", Every: endpoint.Duration(time.Hour)})
	h.fine(pulse.Beat(h.Context()))
	h.does("look for a daemon", func() error {
		d, err := h.loop.Watcher(h.Context(), "checkout")
		if err == nil && d == nil {
			err = errors.New("no daemon is heard of")
		}
		return err
	})
	h.fine(pulse.Stop(h.Context()))
}

func (h *holder) recordOrNil() *endpoint.Record {
	h.Helper()
	r, err := h.roller.Journal.Read(h.Context(), "checkout")
	h.fine(err)
	return r
}

func (h *holder) record() endpoint.Record {
	h.Helper()
	r := h.recordOrNil()
	if r == nil {
		h.Fatal("there is no record")
	}
	return *r
}

// keeps says that the record has an environment of a version.
func (h *holder) keeps(version string) bool {
	h.Helper()
	return slices.ContainsFunc(h.record().Environments, func(e endpoint.Environment) bool { return e.Release.Version == version })
}

// fine ends the test when what somebody else does fails.
func (h *holder) fine(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}
