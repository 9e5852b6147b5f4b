// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// Route 53 speaks REST XML, whose bindings to paths and queries cannot be read
// from the SDK's structs, so its few operations are written by hand. It is kept per
// account, and nothing answers DNS queries.

const route53Namespace = "https://route53.amazonaws.com/doc/2013-04-01/"

// route53Sync is how long AWS takes to bring a change to all its name servers.
const route53Sync = 30 * time.Second

// hostedZone is a zone with its records, in the order in which they are listed.
type hostedZone struct {
	id, name, reference string
	comment             string
	private             bool
	records             []recordSet
}

// recordSet is a resource record set as it is on the wire, of the simple or the
// weighted routing policy.
type recordSet struct {
	Name          string
	Type          string
	SetIdentifier string        `xml:",omitempty"`
	Weight        *int64        `xml:",omitempty"`
	TTL           *int64        `xml:",omitempty"`
	Records       *recordValues `xml:"ResourceRecords,omitempty"`
	AliasTarget   *aliasTarget  `xml:",omitempty"`
}

type recordValues struct {
	Values []recordValue `xml:"ResourceRecord"`
}

type recordValue struct{ Value string }

type aliasTarget struct {
	HostedZoneID         string `xml:"HostedZoneId"`
	DNSName              string
	EvaluateTargetHealth bool
}

// dnsChange is a change on its way to the name servers.
type dnsChange struct {
	id, comment string
	submitted   time.Time
}

func (c *Cloud) zone(id string) (*hostedZone, error) {
	for _, z := range c.zones {
		if z.id == id {
			return z, nil
		}
	}
	return nil, wire.Errorf("NoSuchHostedZone", "No hosted zone found with ID: %s", id)
}

// createZone makes a zone with the two records that every zone has.
func (c *Cloud) createZone(name, reference, comment string, private bool) (*hostedZone, error) {
	name = canonicalName(name)
	if name == "." || strings.Contains(name, "..") || len(name) > 255 {
		return nil, wire.Errorf("InvalidDomainName", "%s is not a valid domain name", name)
	}
	if reference == "" {
		return nil, wire.Errorf("InvalidInput", "The CallerReference is missing")
	}
	for _, z := range c.zones {
		if z.reference == reference {
			return nil, wire.Errorf("HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference.")
		}
	}
	z := &hostedZone{id: "Z" + c.id(digits+upperLetters, 20), name: name, reference: reference, comment: comment, private: private}
	ns := recordSet{Name: name, Type: "NS", TTL: ptr[int64](172800), Records: &recordValues{}}
	for _, server := range nameServers {
		ns.Records.Values = append(ns.Records.Values, recordValue{server + "."})
	}
	authority := nameServers[0] + ". awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
	soa := recordSet{Name: name, Type: "SOA", TTL: ptr[int64](900), Records: &recordValues{[]recordValue{{authority}}}}
	z.records = []recordSet{ns, soa}
	c.zones = append(c.zones, z)
	return z, nil
}

// nameServers are those of all zones; they do not exist.
var nameServers = []string{"ns-1.awsdns-00.test", "ns-2.awsdns-00.test"}

func (c *Cloud) deleteZone(id string) error {
	z, err := c.zone(id)
	if err != nil {
		return err
	}
	if len(z.records) > 2 {
		return wire.Errorf("HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets and so cannot be deleted.")
	}
	c.zones = slices.DeleteFunc(c.zones, func(other *hostedZone) bool { return other == z })
	return nil
}

// submit notes a change that was made.
func (c *Cloud) submit(comment string) dnsChange {
	change := dnsChange{"C" + c.id(digits+upperLetters, 20), comment, c.now()}
	c.dnsChanges = append(c.dnsChanges, change)
	return change
}

func (c *Cloud) dnsChange(id string) (dnsChange, error) {
	i := slices.IndexFunc(c.dnsChanges, func(change dnsChange) bool { return change.id == id })
	if i < 0 {
		return dnsChange{}, wire.Errorf("NoSuchChange", "A change with the specified change ID does not exist.")
	}
	return c.dnsChanges[i], nil
}

// status is INSYNC once all name servers have a change.
func (c *Cloud) status(change dnsChange) string {
	if c.now().Sub(change.submitted) < c.scaled(route53Sync) {
		return "PENDING"
	}
	return "INSYNC"
}

// canonicalName is a name as Route 53 gives it back: in lower case, with its last
// dot, and an asterisk by its octal code.
func canonicalName(name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "*", `\052`)
	return strings.TrimSuffix(name, ".") + "."
}

// compareNames orders names by their labels, the last one first.
func compareNames(a, b string) int {
	return slices.Compare(labels(a), labels(b))
}

func labels(name string) []string {
	all := strings.Split(strings.TrimSuffix(name, "."), ".")
	slices.Reverse(all)
	return all
}

func compareRecords(a, b recordSet) int {
	return cmp.Or(compareNames(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.SetIdentifier, b.SetIdentifier))
}
