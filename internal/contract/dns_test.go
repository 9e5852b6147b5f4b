// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/dns"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

var dnsContracts = []contract{
	{"a record that is there cannot be created", recordInUse},
	{"a record is removed only by its own values", recordRemoved},
	{"a batch of changes is made whole or not at all", batchWhole},
	{"an alias cannot stand beside a CNAME", besideCNAME},
	{"records are listed by name from a name on, a wildcard by its code", recordsListed},
	{"a hosted zone that does not exist is not found", zoneNotFound},
	{"dns: an alias is set, repaired and removed", aliasKept},
	{"dns: another's record is a problem and left alone", foreignRecord},
	{"dns: a host outside of the zone is a problem", hostOutside},
}

const zoneName = "acme.test"

// zone makes a hosted zone.
func (w *world) zone() string {
	out, err := w.r53.CreateHostedZone(w.ctx, &route53.CreateHostedZoneInput{Name: aws.String(zoneName), CallerReference: &w.name})
	w.ok(err)
	return (*out.HostedZone.Id)[len("/hostedzone/"):]
}

func (w *world) change(zone string, changes ...types.Change) error {
	_, err := w.r53.ChangeResourceRecordSets(w.ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: changes},
	})
	return err
}

func a(action types.ChangeAction, name, ip string) types.Change {
	return types.Change{Action: action, ResourceRecordSet: &types.ResourceRecordSet{
		Name: aws.String(name + "." + zoneName), Type: types.RRTypeA, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: &ip}},
	}}
}

// addresses are a zone's A records from a name on.
func (w *world) addresses(zone, from string) []string {
	out, err := w.r53.ListResourceRecordSets(w.ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: aws.String(from + "." + zoneName)})
	w.ok(err)
	all := []string{}
	for _, s := range out.ResourceRecordSets {
		if s.Type == types.RRTypeA {
			all = append(all, *s.Name)
		}
	}
	return all
}

func recordInUse(w *world) {
	zone := w.zone()
	w.ok(w.change(zone, a(types.ChangeActionCreate, "x", "10.0.0.1")))
	err := w.change(zone, a(types.ChangeActionCreate, "x", "10.0.0.2"))
	w.refused(err, "InvalidChangeBatch")
	w.failed(err, "already exists")
	w.ok(w.change(zone, a(types.ChangeActionUpsert, "x", "10.0.0.2")))
}

func recordRemoved(w *world) {
	zone := w.zone()
	w.refused(w.change(zone, a(types.ChangeActionDelete, "x", "10.0.0.1")), "InvalidChangeBatch")
	w.ok(w.change(zone, a(types.ChangeActionCreate, "x", "10.0.0.1")))
	w.refused(w.change(zone, a(types.ChangeActionDelete, "x", "10.0.0.2")), "InvalidChangeBatch")
	w.ok(w.change(zone, a(types.ChangeActionDelete, "x", "10.0.0.1")))
	w.same("records", []string{}, w.addresses(zone, "x"))
}

func batchWhole(w *world) {
	zone := w.zone()
	w.ok(w.change(zone, a(types.ChangeActionCreate, "x", "10.0.0.1")))
	w.refused(w.change(zone, a(types.ChangeActionCreate, "y", "10.0.0.1"), a(types.ChangeActionCreate, "x", "10.0.0.1")), "InvalidChangeBatch")
	w.same("records", []string{"x.acme.test."}, w.addresses(zone, "x"))
}

func besideCNAME(w *world) {
	zone := w.zone()
	cname := types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
		Name: aws.String("x." + zoneName), Type: types.RRTypeCname, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String("y.acme.com")}},
	}}
	w.ok(w.change(zone, cname))
	w.refused(w.change(zone, a(types.ChangeActionCreate, "x", "10.0.0.1")), "InvalidChangeBatch")
}

func recordsListed(w *world) {
	zone := w.zone()
	for _, name := range []string{"b", "*.b", "A", "z.a"} {
		w.ok(w.change(zone, a(types.ChangeActionCreate, name, "10.0.0.1")))
	}
	w.same("records", []string{"b.acme.test.", `\052.b.acme.test.`}, w.addresses(zone, "B"))
	w.same("records from a wildcard on", []string{`\052.b.acme.test.`}, w.addresses(zone, "*.b"))
}

func zoneNotFound(w *world) {
	_, err := w.r53.GetHostedZone(w.ctx, &route53.GetHostedZoneInput{Id: aws.String("Z0123456789ABCDEFGHIJ")})
	w.refused(err, "NoSuchHostedZone")
	_, err = w.r53.ListResourceRecordSets(w.ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String("Z0123456789ABCDEFGHIJ")})
	w.refused(err, "NoSuchHostedZone")
}

// pointing is an endpoint whose host is to get an alias.
func (w *world) pointing(host string) (*dns.DNS, *endpoint.Record, endpoint.Alias) {
	zone := w.zone()
	record := &endpoint.Record{Endpoint: w.name, Desired: endpoint.Spec{
		Routing: endpoint.Routing{ListenerARN: w.listener(), Hosts: []string{host}}, DNS: &endpoint.DNS{ZoneID: zone},
	}}
	return dns.New(w.clients()), record, endpoint.Alias{ZoneID: zone, Host: host, Type: endpoint.TypeA}
}

func (w *world) seen(d *dns.DNS, r *endpoint.Record) *rollout.DNS {
	seen, err := d.Observe(w.ctx, r)
	w.ok(err)
	return seen
}

func aliasKept(w *world) {
	d, record, alias := w.pointing("*.shop.acme.test")
	w.ok(d.Point(w.ctx, record, alias))
	w.same("aliases", []endpoint.Alias{alias}, w.seen(d, record).Here)
	record.Aliases = []endpoint.Alias{alias}
	w.ok(w.change(alias.ZoneID, a(types.ChangeActionUpsert, "*.shop", "10.0.0.1")))
	w.same("aliases that were changed", []endpoint.Alias{alias}, w.seen(d, record).Elsewhere)
	w.ok(d.Point(w.ctx, record, alias))
	w.same("aliases", []endpoint.Alias{alias}, w.seen(d, record).Here)
	w.ok(d.Unpoint(w.ctx, record, alias))
	w.same("records", []string{}, w.addresses(alias.ZoneID, "*.shop"))
}

func foreignRecord(w *world) {
	d, record, alias := w.pointing("shop.acme.test")
	w.ok(w.change(alias.ZoneID, a(types.ChangeActionCreate, "shop", "10.0.0.1")))
	problems, err := d.Check(w.ctx, record)
	w.ok(err)
	w.same("problems", 1, len(problems))
	w.failed(d.Point(w.ctx, record, alias), "not ionroller's")
	w.ok(d.Unpoint(w.ctx, record, alias))
	w.same("records", []string{"shop.acme.test."}, w.addresses(alias.ZoneID, "shop"))
}

func hostOutside(w *world) {
	d, record, _ := w.pointing("shop.notacme.test")
	problems, err := d.Check(w.ctx, record)
	w.ok(err)
	if len(problems) != 1 {
		w.fatalf("problems: %v", problems)
	}
	w.same("attribute", "dns.zone_id", problems[0].Attribute)
}
