// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package onaws_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Route 53's changes are made once also when their answers are lost: the SDK asks
// again, and is refused because of what it did itself.
func TestLostAnswersOfRoute53(t *testing.T) {
	w := sandboxes(t, "lost answers")["lost answers"]
	w.connect(t)
	spec := w.spec("1.0.0")
	spec.Routing.Hosts, spec.DNS = []string{"checkout." + w.info.HostedZone}, &endpoint.DNS{ZoneID: w.info.HostedZoneID}
	w.befall("route53:ChangeResourceRecordSets drop nth=1")
	world, err := w.roller.Create(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if kept := world.Record.Aliases; len(kept) != 1 || w.countRecords() != 3 {
		t.Errorf("kept %v, and %d records with NS and SOA", kept, w.countRecords())
	}
	w.befall("route53:ChangeResourceRecordSets drop nth=1")
	if err := w.roller.Remove(t.Context(), "checkout"); err != nil {
		t.Fatal(err)
	}
	if n := w.countRecords(); n != 2 {
		t.Errorf("%d records are left with NS and SOA", n)
	}
	w.nothingIsLeft()
}

func (w *world) countRecords() int {
	w.Helper()
	zone, err := w.clients.Route53.GetHostedZone(w.Context(), &route53.GetHostedZoneInput{Id: &w.info.HostedZoneID})
	if err != nil {
		w.Fatal(err)
	}
	return int(aws.ToInt64(zone.HostedZone.ResourceRecordSetCount))
}
