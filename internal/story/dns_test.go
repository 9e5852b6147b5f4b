// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// named is a host in the sandbox's hosted zone.
const named = "checkout.acme.test"

// records are what the zone says of the host: "A alias" or "A 10.0.0.1".
func (w *world) records() []string {
	w.Helper()
	out := must[*route53.ListResourceRecordSetsOutput](w)(w.r53.ListResourceRecordSets(w.Context(), &route53.ListResourceRecordSetsInput{
		HostedZoneId: &w.info.HostedZoneID, StartRecordName: aws.String(named),
	}))
	all := []string{}
	for _, s := range out.ResourceRecordSets {
		text := string(s.Type) + " alias"
		if s.AliasTarget == nil {
			text = string(s.Type) + " " + *s.ResourceRecords[0].Value
		} else if s.AliasTarget.EvaluateTargetHealth {
			text += " by health"
		}
		all = append(all, text)
	}
	return all
}

// setAddress changes the host's record by hand.
func (w *world) setAddress(action types.ChangeAction, ip string) {
	w.Helper()
	must[*route53.ChangeResourceRecordSetsOutput](w)(w.r53.ChangeResourceRecordSets(w.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &w.info.HostedZoneID, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: action, ResourceRecordSet: &types.ResourceRecordSet{
			Name: aws.String(named), Type: types.RRTypeA, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: &ip}},
		}}}},
	}))
}

func (w *world) wantRecords(want ...string) {
	w.Helper()
	if got := w.records(); !slices.Equal(got, want) {
		w.Errorf("the zone has %v, not %v", got, want)
	}
}

// The host's DNS record is set once a release serves, kept right, and removed first.
func TestDNS(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("routing.hosts", []string{named})
	ws.set("dns", map[string]any{"zone_id": w.info.HostedZoneID})
	plan, _ := ws.planned()
	if !slices.Contains(plan.Steps, "point "+named+" at the load balancer") {
		t.Errorf("plan %+v", plan)
	}
	ws.apply()
	w.wantRecords("A alias")
	ws.wantEmptyPlan()
	ws.readOnly(func() { ws.wantEmptyPlan() })

	// Another release leaves it alone.
	before := len(w.Calls())
	ws.set("version", "1.1.0")
	ws.apply()
	for _, c := range w.Calls()[before:] {
		if c.Operation == "ChangeResourceRecordSets" {
			t.Error("the record was changed for a release")
		}
	}

	w.setAddress(types.ChangeActionUpsert, "10.0.0.1")
	ws.wantRepair("point "+named+" at the load balancer", "its record was changed outside ionroller")
	w.wantRecords("A alias")

	// What an import restores says the same.
	other := ws.clone()
	other.configure()
	if r := other.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	other.wantEmptyPlan()

	ws.set("dns", nil)
	plan, _ = ws.planned()
	if !slices.Contains(plan.Steps, "remove the DNS record of "+named+" (A)") {
		t.Errorf("plan %+v", plan)
	}
	ws.apply()
	w.wantRecords()
	ws.set("dns", map[string]any{"zone_id": w.info.HostedZoneID})
	ws.apply()
	w.wantRecords("A alias")

	before = len(w.Calls())
	if r := ws.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("destroy failed:\n%s", r.out)
	}
	w.wantRecords()
	var order []string
	for _, c := range w.Calls()[before:] {
		if c.Operation == "ChangeResourceRecordSets" || c.Operation == "DeleteRule" && strings.Contains(c.Principal, "user/") {
			order = append(order, c.Operation)
		}
	}
	if len(order) < 2 || order[0] != "ChangeResourceRecordSets" {
		t.Errorf("removed in the order %v", order)
	}
}

// A record that somebody else made is refused at plan, and never overwritten.
func TestForeignDNSRecord(t *testing.T) {
	w := start(t, sandbox.Config{})
	w.setAddress(types.ChangeActionCreate, "10.0.0.1")
	ws := w.workspace()
	ws.set("routing.hosts", []string{named})
	ws.set("dns", map[string]any{"zone_id": w.info.HostedZoneID})
	for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}} {
		r := ws.terraform(command...)
		if r.code == 0 || !r.says("dns.zone_id") || !r.says("a record A, 10.0.0.1, that is not ionroller's") {
			t.Errorf("%v ended with code %d:\n%s", command, r.code, r.out)
		}
	}
	w.wantRecords("A 10.0.0.1")
	if got := w.names(); len(got) > 0 {
		t.Errorf("environments %v were made", got)
	}
	ws.set("routing.hosts", []string{"checkout.example.com"})
	if r := ws.terraform("plan"); r.code == 0 || !r.says(`host "checkout.example.com" does not lie in hosted zone`) {
		t.Errorf("a host outside of the zone: code %d:\n%s", r.code, r.out)
	}
	ws.set("routing.hosts", []string{"checkout?.acme.test"})
	if r := ws.terraform("plan"); r.code == 0 || !r.says("cannot have a DNS record") {
		t.Errorf("a host with a ?: code %d:\n%s", r.code, r.out)
	}
}

// A record that was pointed elsewhere on purpose survives the endpoint.
func TestDNSRecordThatMovedOn(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("routing.hosts", []string{named})
	ws.set("dns", map[string]any{"zone_id": w.info.HostedZoneID})
	ws.apply()
	w.setAddress(types.ChangeActionUpsert, "10.0.0.1")
	if r := ws.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("destroy failed:\n%s", r.out)
	}
	w.wantRecords("A 10.0.0.1")
}
