// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// page is one page of a listing.
type page struct {
	Contents       []entry
	CommonPrefixes []commonPrefix
	IsTruncated    bool
	last           string // key or common prefix after which the next page begins
}

type entry struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              int
	Owner             *owner `xml:",omitempty"`
	StorageClass      string
}

type commonPrefix struct {
	Prefix string
}

// selection is what both versions of the listing ask for.
type selection struct {
	prefix, delimiter, after string
	limit                    int
	encoded                  bool // names in the answer are URL-encoded
	owned                    bool // entries name their owner
}

func (c *call) selection() (selection, error) {
	sel := selection{
		prefix:    c.query.Get("prefix"),
		delimiter: c.query.Get("delimiter"),
		limit:     1000,
		encoded:   c.query.Get("encoding-type") == "url",
	}
	if v := c.query.Get("encoding-type"); v != "" && v != "url" {
		return sel, invalidArgument("encoding-type", v, "Invalid Encoding Method specified in Request")
	}
	if v := c.query.Get("max-keys"); v != "" {
		n, err := strconv.ParseInt(v, 10, 32)
		switch {
		case err != nil:
			return sel, invalidArgument("max-keys", v, "Provided max-keys not an integer or within integer range")
		case n < 0:
			return sel, invalidArgument("max-keys", v, "Argument maxKeys must be an integer between 0 and 2147483647")
		}
		sel.limit = min(int(n), 1000)
	}
	return sel, nil
}

func (s *Store) listObjectsV2(c *call) error {
	sel, err := c.selection()
	if err != nil {
		return err
	}
	if v := c.query.Get("list-type"); v != "2" {
		return invalidArgument("list-type", v, "Invalid List Type specified in Request")
	}
	token, startAfter := c.query.Get("continuation-token"), c.query.Get("start-after")
	sel.after = startAfter
	if c.query.Has("continuation-token") {
		if sel.after, err = decodeToken(token); err != nil || token == "" {
			return invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
		}
	}
	sel.owned = c.query.Get("fetch-owner") == "true"
	p, err := s.page(c.bucket, sel)
	if err != nil {
		return err
	}
	result := struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		Name                  string
		Prefix                string
		StartAfter            string `xml:",omitempty"`
		ContinuationToken     string `xml:",omitempty"`
		NextContinuationToken string `xml:",omitempty"`
		KeyCount              int
		MaxKeys               int
		Delimiter             string `xml:",omitempty"`
		EncodingType          string `xml:",omitempty"`
		page
	}{
		Name: c.bucket, Prefix: sel.encode(sel.prefix), StartAfter: sel.encode(startAfter),
		ContinuationToken: token, KeyCount: len(p.Contents) + len(p.CommonPrefixes), MaxKeys: sel.limit,
		Delimiter: sel.encode(sel.delimiter), EncodingType: c.query.Get("encoding-type"), page: p,
	}
	if p.IsTruncated {
		result.NextContinuationToken = encodeToken(p.last)
	}
	s.setBucketRegion(c)
	return answerXML(c, result)
}

func (s *Store) listObjects(c *call) error {
	sel, err := c.selection()
	if err != nil {
		return err
	}
	sel.after, sel.owned = c.query.Get("marker"), true
	p, err := s.page(c.bucket, sel)
	if err != nil {
		return err
	}
	result := struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		Name         string
		Prefix       string
		Marker       string
		NextMarker   string `xml:",omitempty"`
		MaxKeys      int
		Delimiter    string `xml:",omitempty"`
		EncodingType string `xml:",omitempty"`
		page
	}{
		Name: c.bucket, Prefix: sel.encode(sel.prefix), Marker: sel.encode(sel.after), MaxKeys: sel.limit,
		Delimiter: sel.encode(sel.delimiter), EncodingType: c.query.Get("encoding-type"), page: p,
	}
	// Without a delimiter clients go on from the last key.
	if p.IsTruncated && sel.delimiter != "" {
		result.NextMarker = sel.encode(p.last)
	}
	s.setBucketRegion(c)
	return answerXML(c, result)
}

func (s *Store) setBucketRegion(c *call) {
	region, _ := s.BucketRegion(c.bucket)
	c.w.Header().Set("X-Amz-Bucket-Region", region)
}

// page walks the keys in the order of their UTF-8 bytes. Keys that share what
// comes up to the delimiter after the prefix count as one common prefix.
func (s *Store) page(name string, sel selection) (page, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[name]
	if b == nil {
		return page{}, errNoBucket(name)
	}
	var p page
	i, found := slices.BinarySearch(b.keys, max(sel.after, sel.prefix))
	if found && sel.after >= sel.prefix && sel.after != "" {
		i++
	}
	for ; i < len(b.keys) && strings.HasPrefix(b.keys[i], sel.prefix); i++ {
		item, isPrefix := sel.rollUp(b.keys[i])
		if isPrefix && (item == p.last || item == sel.after) {
			continue // counted already, on this page or the one before
		}
		if len(p.Contents)+len(p.CommonPrefixes) == sel.limit {
			p.IsTruncated = sel.limit > 0
			break
		}
		p.last = item
		if isPrefix {
			p.CommonPrefixes = append(p.CommonPrefixes, commonPrefix{sel.encode(item)})
			continue
		}
		p.Contents = append(p.Contents, s.entry(item, b.objects[item], sel))
	}
	return p, nil
}

// rollUp is the key or, if it has the delimiter beyond the prefix, all up to it.
func (sel selection) rollUp(key string) (item string, isPrefix bool) {
	if sel.delimiter == "" {
		return key, false
	}
	if at := strings.Index(key[len(sel.prefix):], sel.delimiter); at >= 0 {
		return key[:len(sel.prefix)+at+len(sel.delimiter)], true
	}
	return key, false
}

func (s *Store) entry(key string, o *object, sel selection) entry {
	e := entry{
		Key: sel.encode(key), LastModified: timestamp(o.modified), ETag: o.etag, Size: len(o.body),
		ChecksumAlgorithm: o.checksum.algorithm, ChecksumType: o.checksum.kind(), StorageClass: o.class,
	}
	if sel.owned {
		e.Owner = &owner{s.ownerID()}
	}
	return e
}

func (sel selection) encode(s string) string {
	if !sel.encoded {
		return s
	}
	// S3 leaves slashes as they are.
	return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/")
}

// A continuation token is opaque: it holds the item after which to go on.
func encodeToken(after string) string {
	return base64.URLEncoding.EncodeToString([]byte("1" + after))
}

func decodeToken(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil || len(raw) < 2 || raw[0] != '1' {
		return "", invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
	}
	return string(raw[1:]), nil
}
