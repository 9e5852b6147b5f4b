// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package dns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Check returns what would stop records that are yet to be set. When all are kept,
// Route 53 is not asked: what it answers must not hold up a rollback.
func (d *DNS) Check(ctx context.Context, r *endpoint.Record) ([]endpoint.Problem, error) {
	if r.Desired.DNS == nil {
		return nil, nil
	}
	lb, err := d.loadBalancer(ctx, r)
	if err != nil || lb == nil {
		return nil, err // without it there is a problem of the listener's
	}
	missing := slices.DeleteFunc(r.Desired.Aliases(dualStack(lb)), r.Keeps)
	if len(missing) == 0 {
		return nil, nil
	}
	id := r.Desired.DNS.ZoneID
	zone, err := d.r53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &id})
	var none *types.NoSuchHostedZone
	if errors.As(err, &none) {
		return []endpoint.Problem{{Attribute: "dns.zone_id", Message: fmt.Sprintf("there is no hosted zone %s in this account", id)}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describing hosted zone %s: %w", id, err)
	}
	name := plain(aws.ToString(zone.HostedZone.Name))
	var problems []endpoint.Problem
	for _, a := range missing {
		if a.Host != name && !strings.HasSuffix(a.Host, "."+name) {
			if a.Type == endpoint.TypeA {
				problems = append(problems, endpoint.Problem{Attribute: "dns.zone_id", Message: fmt.Sprintf("host %q does not lie in hosted zone %s, %s: name the zone in which all of routing.hosts lie, or leave dns out", a.Host, id, name)})
			}
			continue
		}
		is, err := d.look(ctx, a, aws.ToString(lb.DNSName))
		if err != nil {
			return nil, err
		}
		if is.taken() && !is.here() {
			problems = append(problems, endpoint.Problem{Attribute: "dns.zone_id", Message: fmt.Sprintf("hosted zone %s has for %q %s that is not ionroller's: %s", id, a.Host, is.describe(), is.remedy())})
		}
	}
	return problems, nil
}

// remedy says what to do about a record that is in the way.
func (p place) remedy() string {
	if p.points && p.other == nil {
		return "turn EvaluateTargetHealth off, and it is taken over"
	}
	return "point it at the load balancer and it is taken over, remove it, or leave dns out"
}
