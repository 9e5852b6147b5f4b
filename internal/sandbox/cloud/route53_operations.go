// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// route53Shapes gives the operations by method and path, in which * stands for an
// identifier.
var route53Shapes = map[string]string{
	"POST hostedzone":         "CreateHostedZone",
	"GET hostedzone":          "ListHostedZones",
	"GET hostedzonesbyname":   "ListHostedZonesByName",
	"GET hostedzone/*":        "GetHostedZone",
	"DELETE hostedzone/*":     "DeleteHostedZone",
	"GET hostedzone/*/rrset":  "ListResourceRecordSets",
	"POST hostedzone/*/rrset": "ChangeResourceRecordSets",
	"GET change/*":            "GetChange",
	"GET tags/hostedzone/*":   "ListTagsForResource",
}

// The parts of answers.
type (
	zoneElement struct {
		ID              string `xml:"Id"`
		Name            string
		CallerReference string
		Config          struct {
			Comment     string `xml:",omitempty"`
			PrivateZone bool
		}
		ResourceRecordSetCount int
	}
	changeElement struct {
		ID          string `xml:"Id"`
		Status      string
		SubmittedAt string
		Comment     string `xml:",omitempty"`
	}
	delegationElement struct {
		NameServers []string `xml:"NameServers>NameServer"`
	}
)

func (z *hostedZone) element() zoneElement {
	e := zoneElement{ID: "/hostedzone/" + z.id, Name: z.name, CallerReference: z.reference, ResourceRecordSetCount: len(z.records)}
	e.Config.Comment, e.Config.PrivateZone = z.comment, z.private
	return e
}

func (c *Cloud) changeElement(change dnsChange) changeElement {
	return changeElement{"/change/" + change.id, c.status(change), change.submitted.Format(time.RFC3339Nano), change.comment}
}

func (z *hostedZone) delegation() *delegationElement {
	if z.private {
		return nil
	}
	return &delegationElement{nameServers}
}

// route53 answers an operation. The caller holds the lock.
func (c *Cloud) route53(operation, id string, q url.Values, body []byte) (any, error) {
	switch operation {
	case "CreateHostedZone":
		return c.createHostedZone(body)
	case "ListHostedZones":
		return c.listHostedZones(q)
	case "ListHostedZonesByName":
		return c.listHostedZonesByName(q)
	case "GetChange":
		change, err := c.dnsChange(id)
		return struct{ ChangeInfo changeElement }{c.changeElement(change)}, err
	}
	z, err := c.zone(id)
	if err != nil {
		return nil, err
	}
	switch operation {
	case "GetHostedZone":
		return struct {
			HostedZone    zoneElement
			DelegationSet *delegationElement
		}{z.element(), z.delegation()}, nil
	case "DeleteHostedZone":
		if err := c.deleteZone(id); err != nil {
			return nil, err
		}
		return struct{ ChangeInfo changeElement }{c.changeElement(c.submit(""))}, nil
	case "ListResourceRecordSets":
		return z.list(q)
	case "ListTagsForResource":
		type tagSet struct {
			ResourceType string
			ResourceID   string   `xml:"ResourceId"`
			Tags         struct{} // none can be set
		}
		return struct{ ResourceTagSet tagSet }{tagSet{ResourceType: "hostedzone", ResourceID: id}}, nil
	}
	var request struct {
		Comment string         `xml:"ChangeBatch>Comment"`
		Changes []recordChange `xml:"ChangeBatch>Changes>Change"`
	}
	if len(body) == 0 {
		return nil, wire.Errorf("InvalidInput", "1 validation error detected: Value null at 'changeBatch' failed to satisfy constraint: Member must not be null")
	}
	if err := readRoute53(body, &request); err != nil {
		return nil, err
	}
	if err := c.changeRecords(z, request.Changes); err != nil {
		return nil, err
	}
	return struct{ ChangeInfo changeElement }{c.changeElement(c.submit(request.Comment))}, nil
}

func readRoute53(body []byte, into any) error {
	if err := xml.Unmarshal(body, into); err != nil {
		return wire.Errorf("MalformedInput", "The request body is not the XML that was expected: %v", err)
	}
	return nil
}

func (c *Cloud) createHostedZone(body []byte) (any, error) {
	var request struct {
		Name, CallerReference string
		Comment               string    `xml:"HostedZoneConfig>Comment"`
		VPC                   *struct{} `xml:"VPC"`
	}
	if err := readRoute53(body, &request); err != nil {
		return nil, err
	}
	z, err := c.createZone(request.Name, request.CallerReference, request.Comment, request.VPC != nil)
	if err != nil {
		return nil, err
	}
	return struct {
		HostedZone    zoneElement
		ChangeInfo    changeElement
		DelegationSet *delegationElement
	}{z.element(), c.changeElement(c.submit("")), z.delegation()}, nil
}

// pageOf is how many items an answer may have.
func pageOf(q url.Values, most int) (int, error) {
	text := q.Get("maxitems")
	if text == "" {
		return most, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, wire.Errorf("InvalidInput", "1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: Member must be a whole number above 0", text)
	}
	return min(n, most), nil
}

const (
	maxZones   = 100
	maxRecords = 300
)

func (c *Cloud) listHostedZones(q url.Values) (any, error) {
	n, err := pageOf(q, maxZones)
	if err != nil {
		return nil, err
	}
	marker := q.Get("marker")
	from := 0
	if marker != "" {
		if from = slices.IndexFunc(c.zones, func(z *hostedZone) bool { return z.id == marker }); from < 0 {
			return nil, wire.Errorf("NoSuchHostedZone", "No hosted zone found with ID: %s", marker)
		}
	}
	var out struct {
		HostedZones []zoneElement `xml:"HostedZones>HostedZone"`
		Marker      string        `xml:",omitempty"`
		IsTruncated bool
		NextMarker  string `xml:",omitempty"`
		MaxItems    int
	}
	out.Marker, out.MaxItems = marker, n
	for _, z := range c.zones[from:] {
		if len(out.HostedZones) == n {
			out.IsTruncated, out.NextMarker = true, z.id
			break
		}
		out.HostedZones = append(out.HostedZones, z.element())
	}
	return out, nil
}

func (c *Cloud) listHostedZonesByName(q url.Values) (any, error) {
	n, err := pageOf(q, maxZones)
	if err != nil {
		return nil, err
	}
	sorted := slices.SortedStableFunc(slices.Values(c.zones), func(a, b *hostedZone) int { return compareNames(a.name, b.name) })
	if name := q.Get("dnsname"); name != "" {
		sorted = slices.DeleteFunc(sorted, func(z *hostedZone) bool { return compareNames(z.name, canonicalName(name)) < 0 })
	}
	if id := strings.TrimPrefix(q.Get("hostedzoneid"), "/hostedzone/"); id != "" {
		if i := slices.IndexFunc(sorted, func(z *hostedZone) bool { return z.id == id }); i > 0 {
			sorted = sorted[i:]
		}
	}
	var out struct {
		HostedZones      []zoneElement `xml:"HostedZones>HostedZone"`
		DNSName          string        `xml:",omitempty"`
		HostedZoneID     string        `xml:"HostedZoneId,omitempty"`
		IsTruncated      bool
		NextDNSName      string `xml:",omitempty"`
		NextHostedZoneID string `xml:"NextHostedZoneId,omitempty"`
		MaxItems         int
	}
	out.DNSName, out.HostedZoneID, out.MaxItems = q.Get("dnsname"), q.Get("hostedzoneid"), n
	for _, z := range sorted {
		if len(out.HostedZones) == n {
			out.IsTruncated, out.NextDNSName, out.NextHostedZoneID = true, z.name, z.id
			break
		}
		out.HostedZones = append(out.HostedZones, z.element())
	}
	return out, nil
}

// list gives a page of records.
func (z *hostedZone) list(q url.Values) (any, error) {
	n, err := pageOf(q, maxRecords)
	if err != nil {
		return nil, err
	}
	if q.Get("type") != "" && q.Get("name") == "" {
		return nil, wire.Errorf("InvalidInput", "The input is not valid: a type was given, and no name")
	}
	from := 0
	if name := q.Get("name"); name != "" {
		start := recordSet{Name: canonicalName(name), Type: q.Get("type"), SetIdentifier: q.Get("identifier")}
		from, _ = slices.BinarySearchFunc(z.records, start, compareRecords)
	}
	end := min(from+n, len(z.records))
	var out struct {
		Sets           []recordSet `xml:"ResourceRecordSets>ResourceRecordSet"`
		IsTruncated    bool
		NextRecordName string `xml:",omitempty"`
		NextRecordType string `xml:",omitempty"`
		NextIdentifier string `xml:"NextRecordIdentifier,omitempty"`
		MaxItems       int
	}
	out.Sets, out.MaxItems = z.records[from:end], n
	if end < len(z.records) {
		next := z.records[end]
		out.IsTruncated, out.NextRecordName, out.NextRecordType, out.NextIdentifier = true, next.Name, next.Type, next.SetIdentifier
	}
	return out, nil
}
