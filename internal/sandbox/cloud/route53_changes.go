// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// recordChange is one change of a batch.
type recordChange struct {
	Action string
	Set    recordSet `xml:"ResourceRecordSet"`
}

// maxRecordChanges is how many changes a batch may have.
const maxRecordChanges = 1000

// changeRecords makes all changes of a batch or none.
func (c *Cloud) changeRecords(z *hostedZone, batch []recordChange) error {
	switch {
	case len(batch) == 0:
		return wire.Errorf("InvalidInput", "1 validation error detected: Value '[]' at 'changeBatch.changes' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case len(batch) > maxRecordChanges:
		return wire.Errorf("InvalidChangeBatch", "[Number of records limit of %d exceeded.]", maxRecordChanges)
	}
	next := hostedZone{name: z.name, records: slices.Clone(z.records)}
	var wrong []string
	for _, change := range batch {
		set, err := change.Set.canonical(change.Action)
		if err != nil {
			return err
		}
		reason := ""
		if change.Action != "DELETE" { // what an alias pointed at may be gone
			reason = c.unfit(z, set)
		}
		if reason == "" {
			reason = next.apply(change.Action, set)
		}
		if reason != "" {
			wrong = append(wrong, reason)
		}
	}
	if len(wrong) == 0 {
		wrong = next.conflicts()
	}
	if len(wrong) > 0 {
		return wire.Errorf("InvalidChangeBatch", "[%s]", strings.Join(wrong, ", "))
	}
	z.records = next.records
	return nil
}

// canonical is the record set as it is kept.
func (s recordSet) canonical(action string) (recordSet, error) {
	if action != "CREATE" && action != "UPSERT" && action != "DELETE" {
		return s, wire.Errorf("InvalidInput", "1 validation error detected: Value '%s' at 'changeBatch.changes.1.member.action' failed to satisfy constraint: Member must satisfy enum value set: [CREATE, DELETE, UPSERT]", action)
	}
	in := fmt.Sprintf("Change with [Action=%s, Name=%s, Type=%s, SetIdentifier=%s]", action, s.Name, s.Type, s.SetIdentifier)
	plain := s.TTL != nil && len(value(s.Records).Values) > 0
	if plain == (s.AliasTarget != nil) {
		return s, wire.Errorf("InvalidInput", "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found %s in %s", map[bool]string{true: "more than one", false: "none"}[plain], in)
	}
	if (s.SetIdentifier != "") != (s.Weight != nil) {
		return s, wire.Errorf("InvalidInput", "Invalid request: Expected both SetIdentifier and Weight, or none of them, in %s. The sandbox knows the simple and the weighted routing policy.", in)
	}
	s.Name = canonicalName(s.Name)
	if s.AliasTarget != nil {
		s.AliasTarget = clone(s.AliasTarget)
		s.AliasTarget.DNSName = canonicalName(s.AliasTarget.DNSName)
	}
	return s, nil
}

// named names a set in messages.
func (s recordSet) named() string {
	identifier := ""
	if s.SetIdentifier != "" {
		identifier = fmt.Sprintf(", set-identifier='%s'", s.SetIdentifier)
	}
	return fmt.Sprintf("resource record set [name='%s', type='%s'%s]", s.Name, s.Type, identifier)
}

// unfit says why a set cannot be in a zone, whatever else is there.
func (c *Cloud) unfit(z *hostedZone, s recordSet) string {
	if s.Name != z.name && !strings.HasSuffix(s.Name, "."+z.name) {
		return fmt.Sprintf("RRSet with DNS name %s is not permitted in zone %s", s.Name, z.name)
	}
	if s.Type == "CNAME" && s.Name == z.name {
		return fmt.Sprintf("RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", s.Name, z.name)
	}
	for _, v := range value(s.Records).Values {
		if a, err := netip.ParseAddr(v.Value); s.Type == "A" && (err != nil || !a.Is4()) {
			return fmt.Sprintf("Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '%s''", v.Value)
		}
	}
	if t := s.AliasTarget; t != nil && !c.aliasable(z, s.Type, *t) {
		return fmt.Sprintf("Tried to create an alias that targets %s, type %s in zone %s, but that target was not found", t.DNSName, s.Type, t.HostedZoneID)
	}
	return ""
}

// aliasable says that there is what an alias is to point at: a load balancer of the
// account, or a record of the same zone. What other services have is not known, and
// taken to be there.
func (c *Cloud) aliasable(z *hostedZone, kind string, t aliasTarget) bool {
	switch t.HostedZoneID {
	case hostedZoneOfBalancers:
		return slices.ContainsFunc(c.balancers, func(lb *loadBalancer) bool {
			return strings.TrimPrefix(t.DNSName, "dualstack.") == canonicalName(*lb.DNSName)
		})
	case z.id:
		return slices.ContainsFunc(z.records, func(s recordSet) bool { return s.Name == t.DNSName && s.Type == kind })
	}
	return true
}

// apply makes one change, or says what is wrong with it.
func (z *hostedZone) apply(action string, s recordSet) string {
	i, found := slices.BinarySearchFunc(z.records, s, compareRecords)
	switch {
	case action == "CREATE" && found:
		return fmt.Sprintf("Tried to create %s but it already exists", s.named())
	case action == "DELETE" && !found:
		return fmt.Sprintf("Tried to delete %s but it was not found", s.named())
	case action == "DELETE" && !reflect.DeepEqual(z.records[i], s):
		return fmt.Sprintf("Tried to delete %s but the values provided do not match the current values", s.named())
	case action == "DELETE" && s.Name == z.name && s.Type == "SOA":
		return "A HostedZone must contain exactly one SOA record."
	case action == "DELETE" && s.Name == z.name && s.Type == "NS":
		return "A HostedZone must contain at least one NS record for the zone itself."
	case action == "DELETE":
		z.records = slices.Delete(z.records, i, i+1)
	case found:
		z.records[i] = s
	default:
		z.records = slices.Insert(z.records, i, s)
	}
	return ""
}

// conflicts says which sets cannot stand beside each other.
func (z *hostedZone) conflicts() []string {
	var wrong []string
	for i, s := range z.records {
		for _, other := range z.records[i+1:] {
			if other.Name != s.Name {
				break
			}
			switch {
			case s.Type != other.Type && (s.Type == "CNAME" || other.Type == "CNAME"):
				kind := other.Type
				if kind == "CNAME" {
					kind = s.Type
				}
				wrong = append(wrong, fmt.Sprintf("RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone %s", kind, s.Name, z.name))
			case s.Type == other.Type && (s.SetIdentifier == "" || other.SetIdentifier == ""):
				wrong = append(wrong, fmt.Sprintf("RRSet with DNS name %s, type %s cannot be created because simple and weighted sets of one name and type exclude each other", s.Name, s.Type))
			}
		}
	}
	return wrong
}
