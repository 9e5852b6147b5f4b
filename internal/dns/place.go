// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package dns

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// place is what a hosted zone has where an alias is to be.
type place struct {
	own *types.ResourceRecordSet // of the alias's own name, type and policy; nil when there is none
	// other cannot stand beside the alias: a CNAME, or one of a policy with several
	// records of one name.
	other *types.ResourceRecordSet
	// points says that own is an alias to the load balancer.
	points bool
}

func (p place) taken() bool { return p.own != nil || p.other != nil }

// here says that the alias is there as it should be.
func (p place) here() bool { return p.points && !p.own.AliasTarget.EvaluateTargetHealth }

// describe words what is there.
func (p place) describe() string {
	s := p.other
	if s == nil {
		s = p.own
	}
	switch {
	case p.points && s == p.own:
		return "an alias to the load balancer with EvaluateTargetHealth on"
	case s.AliasTarget != nil:
		return fmt.Sprintf("a record %s, an alias to %s,", s.Type, aws.ToString(s.AliasTarget.DNSName))
	case len(s.ResourceRecords) > 0:
		return fmt.Sprintf("a record %s, %s,", s.Type, aws.ToString(s.ResourceRecords[0].Value))
	}
	return fmt.Sprintf("a record %s", s.Type)
}

// look finds what a zone has in an alias's place. A zone that does not exist has
// nothing.
func (d *DNS) look(ctx context.Context, a endpoint.Alias, target string) (place, error) {
	var p place
	pages := route53.NewListResourceRecordSetsPaginator(d.r53, &route53.ListResourceRecordSetsInput{
		HostedZoneId: &a.ZoneID, StartRecordName: &a.Host, MaxItems: aws.Int32(pageSize),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var gone *types.NoSuchHostedZone
		if errors.As(err, &gone) {
			return place{}, nil
		}
		if err != nil {
			return p, fmt.Errorf("listing the records of %s in hosted zone %s: %w", a.Host, a.ZoneID, err)
		}
		for _, s := range page.ResourceRecordSets {
			if plain(aws.ToString(s.Name)) != a.Host {
				return p, nil // names are in order
			}
			p.add(a, s, target)
		}
	}
	return p, nil
}

// pageSize is more than the records of one name, as a rule.
const pageSize = 20

func (p *place) add(a endpoint.Alias, s types.ResourceRecordSet, target string) {
	switch {
	case s.Type == types.RRTypeCname, string(s.Type) == a.Type && s.SetIdentifier != nil:
		p.other = &s
	case string(s.Type) == a.Type:
		p.own = &s
		p.points = s.AliasTarget != nil && target != "" &&
			strings.TrimPrefix(plain(aws.ToString(s.AliasTarget.DNSName)), "dualstack.") == plain(target)
	}
}

// plain writes a name of Route 53's as people do. The console puts "dualstack."
// before the names of load balancers.
func plain(name string) string {
	return strings.TrimSuffix(strings.ToLower(strings.ReplaceAll(name, `\052`, "*")), ".")
}
