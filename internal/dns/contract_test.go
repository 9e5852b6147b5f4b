// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package dns_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/dns"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

const host = "checkout.acme.test"

// world is a sandbox with an endpoint whose host lies in its zone.
type world struct {
	*testing.T
	sandbox *sandbox.Sandbox
	info    sandbox.Info
	clients *awsclient.Clients
	*dns.DNS
	record *endpoint.Record
	target types.AliasTarget // the endpoint's load balancer
	a      endpoint.Alias
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{T: t, sandbox: s, info: s.Info()}
	t.Setenv("AWS_ENDPOINT_URL", w.info.EndpointURL)
	t.Setenv("AWS_ACCESS_KEY_ID", w.info.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", w.info.SecretAccessKey)
	w.clients, err = awsclient.New(t.Context(), awsclient.Config{Region: w.info.Region})
	w.ok(err)
	w.DNS = dns.New(w.clients)
	w.record = &endpoint.Record{Endpoint: "checkout", Desired: endpoint.Spec{
		Routing: endpoint.Routing{ListenerARN: w.info.ListenerARN, Hosts: []string{"Checkout.acme.test"}},
		DNS:     &endpoint.DNS{ZoneID: w.info.HostedZoneID},
	}}
	w.a = endpoint.Alias{ZoneID: w.info.HostedZoneID, Host: host, Type: endpoint.TypeA}
	lbs, err := w.clients.LoadBalancing.DescribeLoadBalancers(t.Context(), nil)
	w.ok(err)
	w.target = types.AliasTarget{DNSName: lbs.LoadBalancers[0].DNSName, HostedZoneId: lbs.LoadBalancers[0].CanonicalHostedZoneId}
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// set changes a record of the host as somebody else would.
func (w *world) set(action types.ChangeAction, set types.ResourceRecordSet) {
	w.Helper()
	set.Name = aws.String(host)
	_, err := w.clients.Route53.ChangeResourceRecordSets(w.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &w.info.HostedZoneID, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: action, ResourceRecordSet: &set}}},
	})
	w.ok(err)
}

func address() types.ResourceRecordSet {
	return types.ResourceRecordSet{Type: types.RRTypeA, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String("10.0.0.1")}}}
}

func (w *world) see() *rollout.DNS {
	w.Helper()
	seen, err := w.Observe(w.Context(), w.record)
	w.ok(err)
	return seen
}

// wantSeen says whether the alias is "here", "elsewhere" or absent, "".
func (w *world) wantSeen(a endpoint.Alias, want string) {
	w.Helper()
	seen, got := w.see(), ""
	switch {
	case slices.Contains(seen.Here, a):
		got = "here"
	case slices.Contains(seen.Elsewhere, a):
		got = "elsewhere"
	}
	if got != want {
		w.Errorf("%s is %q, not %q: %+v", a, got, want, seen)
	}
}

// changes does something, and returns the actions that were sent to Route 53.
func (w *world) changes(do func() error) []string {
	w.Helper()
	before := len(w.sandbox.Calls())
	w.ok(do())
	var calls []string
	for _, c := range w.sandbox.Calls()[before:] {
		if c.Changing {
			action := string(c.Parameters)
			_, action, _ = strings.Cut(action, `\u003cAction\u003e`)
			action, _, _ = strings.Cut(action, `\u003c`)
			calls = append(calls, action)
		}
	}
	return calls
}

func (w *world) point() error   { return w.Point(w.Context(), w.record, w.a) }
func (w *world) unpoint() error { return w.Unpoint(w.Context(), w.record, w.a) }

func (w *world) is(got []string, want ...string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("sent %v, not %v", got, want)
	}
}

func TestAlias(t *testing.T) {
	w := newWorld(t)
	w.wantSeen(w.a, "")
	w.is(w.changes(w.point), "CREATE")
	w.wantSeen(w.a, "here")
	w.is(w.changes(w.point)) // also by a run that does not know that it did
	w.record.Aliases = []endpoint.Alias{w.a}

	w.set(types.ChangeActionUpsert, address())
	w.wantSeen(w.a, "elsewhere")
	w.is(w.changes(w.point), "UPSERT")
	w.wantSeen(w.a, "here")

	healthy := w.target
	healthy.EvaluateTargetHealth = true
	w.set(types.ChangeActionUpsert, types.ResourceRecordSet{Type: types.RRTypeA, AliasTarget: &healthy})
	w.wantSeen(w.a, "elsewhere")
	w.is(w.changes(w.point), "UPSERT")

	console := w.target
	console.DNSName = aws.String("dualstack." + *w.target.DNSName)
	w.set(types.ChangeActionUpsert, types.ResourceRecordSet{Type: types.RRTypeA, AliasTarget: &console})
	w.wantSeen(w.a, "here")

	w.is(w.changes(w.unpoint), "DELETE")
	w.is(w.changes(w.unpoint))
	w.wantSeen(w.a, "")
}

// What somebody else made is neither overwritten nor removed.
func TestForeignRecords(t *testing.T) {
	for name, foreign := range map[string]types.ResourceRecordSet{
		"an address": address(),
		"a CNAME":    {Type: types.RRTypeCname, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String("old.acme.com")}}},
		"a weighted record": {
			Type: types.RRTypeA, TTL: aws.Int64(60), SetIdentifier: aws.String("one"), Weight: aws.Int64(1), ResourceRecords: []types.ResourceRecord{{Value: aws.String("10.0.0.1")}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.set(types.ChangeActionCreate, foreign)
			w.wantSeen(w.a, "elsewhere")
			if err := w.point(); err == nil || !strings.Contains(err.Error(), "that is not ionroller's: remove it") {
				t.Errorf("pointed over it: %v", err)
			}
			problems, err := w.Check(t.Context(), w.record)
			w.ok(err)
			if len(problems) != 1 || problems[0].Attribute != "dns.zone_id" || !strings.Contains(problems[0].Message, `has for "checkout.acme.test" a record`) {
				t.Errorf("problems %v", problems)
			}
			w.record.Aliases = []endpoint.Alias{w.a} // somebody replaced ours
			w.is(w.changes(w.unpoint))
			w.wantSeen(w.a, "elsewhere")
		})
	}
}

func TestWildcardsAndOtherZones(t *testing.T) {
	w := newWorld(t)
	w.record.Desired.Routing.Hosts = []string{"*.acme.test"}
	w.a.Host = "*.acme.test"
	w.is(w.changes(w.point), "CREATE")
	w.wantSeen(w.a, "here")
	w.record.Aliases = []endpoint.Alias{w.a}

	gone := endpoint.Alias{ZoneID: "ZGONE", Host: host, Type: endpoint.TypeA}
	w.record.Aliases = append(w.record.Aliases, gone) // of a zone that was deleted since
	w.wantSeen(gone, "")
	w.ok(w.Unpoint(t.Context(), w.record, gone))
}

func TestDualStack(t *testing.T) {
	w := newWorld(t)
	lb, err := w.clients.LoadBalancing.CreateLoadBalancer(t.Context(), &elasticloadbalancingv2.CreateLoadBalancerInput{
		Name: aws.String("both"), Subnets: w.info.Subnets, IpAddressType: elbtypes.IpAddressTypeDualstack,
	})
	w.ok(err)
	w.record.Desired.Routing.ListenerARN = strings.Replace(*lb.LoadBalancers[0].LoadBalancerArn, ":loadbalancer/", ":listener/", 1) + "/0123456789abcdef"
	seen := w.see()
	if !seen.DualStack || seen.Target != *lb.LoadBalancers[0].DNSName {
		t.Fatalf("seen %+v", seen)
	}
	aliases := w.record.Desired.Aliases(true)
	for _, a := range aliases {
		w.ok(w.Point(t.Context(), w.record, a))
	}
	if diff := cmp.Diff(aliases, w.see().Here); diff != "" || len(aliases) != 2 {
		t.Error(diff)
	}
}

// A record is removed although the load balancer is gone already.
func TestLoadBalancerGone(t *testing.T) {
	w := newWorld(t)
	w.ok(w.point())
	w.record.Aliases, w.record.AliasTarget = []endpoint.Alias{w.a}, w.see().Target
	_, err := w.clients.LoadBalancing.DeleteLoadBalancer(t.Context(), &elasticloadbalancingv2.DeleteLoadBalancerInput{LoadBalancerArn: &w.info.LoadBalancerARN})
	w.ok(err)
	w.is(w.changes(w.unpoint), "DELETE")
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world)
		want    string // beginning of the only problem; empty for none
	}{
		"nothing there":  {func(*world) {}, ""},
		"it points here": {func(w *world) { w.ok(w.point()) }, ""},
		"no dns":         {func(w *world) { w.record.Desired.DNS = nil; w.set(types.ChangeActionCreate, address()) }, ""},
		"no such zone":   {func(w *world) { w.record.Desired.DNS.ZoneID = "ZGONE" }, "dns.zone_id: there is no hosted zone ZGONE"},
		"outside of it":  {func(w *world) { w.record.Desired.Routing.Hosts = []string{"checkout.notacme.test"} }, `dns.zone_id: host "checkout.notacme.test" does not lie in hosted zone`},
		"kept, drifted": {func(w *world) {
			w.record.Aliases = []endpoint.Alias{w.a}
			w.set(types.ChangeActionCreate, address())
		}, ""},
		"with target health": {(*world).evaluated, "dns.zone_id: hosted zone "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.prepare(w)
			problems, err := w.Check(t.Context(), w.record)
			w.ok(err)
			switch {
			case c.want == "" && len(problems) > 0, c.want != "" && len(problems) != 1:
				t.Errorf("problems %v", problems)
			case c.want != "" && !strings.HasPrefix(problems[0].Error(), c.want):
				t.Errorf("%v, wanted %s", problems[0], c.want)
			}
		})
	}
}

// evaluated is what the console makes by default.
func (w *world) evaluated() {
	w.Helper()
	target := w.target
	target.EvaluateTargetHealth = true
	w.set(types.ChangeActionCreate, types.ResourceRecordSet{Type: types.RRTypeA, AliasTarget: &target})
}
