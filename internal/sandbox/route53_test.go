// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// change sends a batch of one change to the seeded zone.
func (w *world) change(action types.ChangeAction, set types.ResourceRecordSet) error {
	_, err := w.r53.ChangeResourceRecordSets(w.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &w.info.HostedZoneID, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: action, ResourceRecordSet: &set}}},
	})
	return err
}

func record(name string, kind types.RRType, values ...string) types.ResourceRecordSet {
	set := types.ResourceRecordSet{Name: &name, Type: kind, TTL: aws.Int64(60)}
	for _, v := range values {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: aws.String(v)})
	}
	return set
}

// alias is one to the sandbox's load balancer.
func (w *world) alias(name string) types.ResourceRecordSet {
	w.Helper()
	lb := must[*elbv2.DescribeLoadBalancersOutput](w)(w.elb.DescribeLoadBalancers(w.Context(), nil)).LoadBalancers[0]
	return types.ResourceRecordSet{Name: &name, Type: types.RRTypeA, AliasTarget: &types.AliasTarget{HostedZoneId: lb.CanonicalHostedZoneId, DNSName: lb.DNSName}}
}

func (w *world) records(in route53.ListResourceRecordSetsInput) []string {
	w.Helper()
	in.HostedZoneId = &w.info.HostedZoneID
	var all []string
	pages := route53.NewListResourceRecordSetsPaginator(w.r53, &in)
	for pages.HasMorePages() {
		page := must[*route53.ListResourceRecordSetsOutput](w)(pages.NextPage(w.Context()))
		for _, s := range page.ResourceRecordSets {
			all = append(all, *s.Name+" "+string(s.Type))
		}
	}
	return all
}

func TestRecordsAreListedInOrder(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	for _, name := range []string{"b.acme.test", "*.b.acme.test", "A.acme.test.", "z.a.acme.test"} {
		if err := w.change(types.ChangeActionCreate, record(name, types.RRTypeTxt, `"x"`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.change(types.ChangeActionCreate, w.alias("b.acme.test")); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"acme.test. NS", "acme.test. SOA", "a.acme.test. TXT", "z.a.acme.test. TXT", "b.acme.test. A", "b.acme.test. TXT", `\052.b.acme.test. TXT`,
	}
	if got := w.records(route53.ListResourceRecordSetsInput{MaxItems: aws.Int32(2)}); !slices.Equal(got, want) {
		t.Errorf("by pages of two: %v", got)
	}
	if got := w.records(route53.ListResourceRecordSetsInput{StartRecordName: aws.String("B.acme.test")}); !slices.Equal(got, want[4:]) {
		t.Errorf("from a name on: %v", got)
	}
	if got := w.records(route53.ListResourceRecordSetsInput{StartRecordName: aws.String("*.b.acme.test"), StartRecordType: types.RRTypeTxt}); !slices.Equal(got, want[6:]) {
		t.Errorf("from a wildcard and a type on: %v", got)
	}
}

func TestChangeBatches(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	txt := record("x.acme.test", types.RRTypeTxt, `"x"`)
	for _, step := range []struct {
		action types.ChangeAction
		set    types.ResourceRecordSet
		says   string // of an InvalidChangeBatch
	}{
		{types.ChangeActionDelete, txt, "Tried to delete resource record set [name='x.acme.test.', type='TXT'] but it was not found"},
		{types.ChangeActionCreate, txt, ""},
		{types.ChangeActionCreate, txt, "Tried to create resource record set [name='x.acme.test.', type='TXT'] but it already exists"},
		{types.ChangeActionDelete, record("x.acme.test", types.RRTypeTxt, `"y"`), "but the values provided do not match the current values"},
		{types.ChangeActionUpsert, record("X.acme.test.", types.RRTypeTxt, `"y"`), ""},
		{types.ChangeActionDelete, record("x.acme.test", types.RRTypeTxt, `"y"`), ""},
		{types.ChangeActionCreate, record("x.acme.com", types.RRTypeTxt, `"x"`), "RRSet with DNS name x.acme.com. is not permitted in zone acme.test."},
		{types.ChangeActionCreate, record("acme.test", types.RRTypeCname, "x.acme.com"), "is not permitted at apex in zone acme.test."},
		{types.ChangeActionCreate, record("c.acme.test", types.RRTypeCname, "x.acme.com"), ""},
		{types.ChangeActionCreate, w.alias("c.acme.test"), "a conflicting RRSet of type CNAME with the same DNS name already exists"},
		{types.ChangeActionCreate, record("a.acme.test", types.RRTypeA, "here"), "ARRDATAIllegalIPv4Address"},
		{types.ChangeActionCreate, w.alias("a.acme.test"), ""},
		{types.ChangeActionDelete, record("acme.test", types.RRTypeSoa, "x"), "but the values provided do not match"},
	} {
		err := w.change(step.action, step.set)
		if step.says == "" && err != nil {
			t.Errorf("%s %s: %v", step.action, *step.set.Name, err)
		} else if step.says != "" {
			w.wantCode(err, "InvalidChangeBatch", step.says)
		}
	}
	nowhere := w.alias("n.acme.test")
	nowhere.AliasTarget.DNSName = aws.String("gone-1.us-east-1.elb.amazonaws.com")
	w.wantCode(w.change(types.ChangeActionCreate, nowhere), "InvalidChangeBatch", "but that target was not found")
	both := w.alias("n.acme.test")
	both.TTL, both.ResourceRecords = aws.Int64(60), []types.ResourceRecord{{Value: aws.String("10.0.0.1")}}
	w.wantCode(w.change(types.ChangeActionCreate, both), "InvalidInput", "Expected exactly one of [AliasTarget")

	// All of a batch, or none.
	_, err := w.r53.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &w.info.HostedZoneID, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{
			{Action: types.ChangeActionCreate, ResourceRecordSet: &txt}, {Action: types.ChangeActionCreate, ResourceRecordSet: &txt},
		}},
	})
	w.wantCode(err, "InvalidChangeBatch", "already exists")
	if got := w.records(route53.ListResourceRecordSetsInput{StartRecordName: aws.String("x.acme.test")}); len(got) > 0 {
		t.Errorf("of a batch that was refused %v is there", got)
	}
	list := must[*route53.ListResourceRecordSetsOutput](w)(w.r53.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{
		HostedZoneId: &w.info.HostedZoneID, StartRecordName: aws.String("a.acme.test"), MaxItems: aws.Int32(1),
	}))
	if got, want := list.ResourceRecordSets[0].AliasTarget, w.alias("").AliasTarget; *got.DNSName != *want.DNSName+"." || *got.HostedZoneId != *want.HostedZoneId || got.EvaluateTargetHealth {
		t.Errorf("the alias is read back as %+v", got)
	}
}

func TestHostedZones(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	create := func(name string) (string, error) {
		out, err := w.r53.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name})
		if err != nil {
			return "", err
		}
		return *out.HostedZone.Id, nil
	}
	id := must[string](w)(create("acme.com"))
	_, err := create("acme.com")
	w.wantCode(err, "HostedZoneAlreadyExists", "")
	change := must[*route53.ChangeResourceRecordSetsOutput](w)(w.r53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &id, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionCreate, ResourceRecordSet: ptr(record("x.acme.com", types.RRTypeA, "10.0.0.1"))}}},
	})).ChangeInfo
	if change.Status != types.ChangeStatusPending {
		t.Errorf("a change begins as %s", change.Status)
	}
	w.until("the change is in sync", func() bool {
		return must[*route53.GetChangeOutput](w)(w.r53.GetChange(ctx, &route53.GetChangeInput{Id: change.Id})).ChangeInfo.Status == types.ChangeStatusInsync
	})
	_, err = w.r53.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: &id})
	w.wantCode(err, "HostedZoneNotEmpty", "")
	zones := must[*route53.ListHostedZonesByNameOutput](w)(w.r53.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: aws.String("acme.com"), MaxItems: aws.Int32(1)}))
	if len(zones.HostedZones) != 1 || *zones.HostedZones[0].Id != id || !zones.IsTruncated || *zones.NextDNSName != "acme.test." {
		t.Errorf("by name: %+v", zones)
	}
	_, err = w.r53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String("Z0")})
	var gone *types.NoSuchHostedZone
	if !errors.As(err, &gone) {
		t.Errorf("a zone that does not exist: %v", err)
	}
}

func ptr[T any](v T) *T { return &v }

// Permissions are by zone, and a throttled account may make five calls a second.
func TestRoute53IsGuarded(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.Region = "eu-west-1" })
	arn := "arn:aws:route53:::hostedzone/" + w.info.HostedZoneID
	reader := w.as("reader", allow(arn, "route53:ListResourceRecordSets"))
	reader.records(route53.ListResourceRecordSetsInput{})
	w.wantCode(reader.change(types.ChangeActionCreate, record("x.acme.test", types.RRTypeA, "10.0.0.1")), "AccessDenied",
		fmt.Sprintf("is not authorized to perform: route53:ChangeResourceRecordSets on resource: %s because no identity-based policy allows", arn))
	_, err := reader.r53.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String("ZOTHER")})
	w.wantCode(err, "AccessDenied", "hostedzone/ZOTHER")
	if status, body := w.control(http.MethodPut, "/_sandbox/faults", `{"faults": [{"service": "route53", "throttle": {"burst": 1, "refill": 0.001}}]}`); status != http.StatusOK {
		t.Fatal(status, body)
	}
	hasty := route53.New(w.r53.Options(), func(o *route53.Options) { o.RetryMaxAttempts = 1 })
	for range 2 {
		_, err = hasty.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: &w.info.HostedZoneID})
	}
	w.wantCode(err, "Throttling", "Rate exceeded")
}
