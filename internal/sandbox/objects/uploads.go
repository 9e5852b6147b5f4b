// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"cmp"
	"encoding/xml"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// partEntry is a part in a listing. It has a checksum if the upload was created
// with an algorithm.
type partEntry struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int
	Checksum     *element
}

func (s *Store) listParts(c *call) error {
	after, err := c.count("part-number-marker", 0)
	if err != nil {
		return err
	}
	limit, err := c.count("max-parts", 1000)
	if err != nil {
		return err
	}
	result := struct {
		XMLName              xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListPartsResult"`
		Bucket               string
		Key                  string
		UploadID             string `xml:"UploadId"`
		Initiator            owner
		Owner                owner
		StorageClass         string
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		ChecksumAlgorithm    string
		ChecksumType         string
		Part                 []partEntry
	}{
		Bucket: c.bucket, Key: c.key, UploadID: c.query.Get("uploadId"), Initiator: owner{s.ownerID()}, Owner: owner{s.ownerID()},
		PartNumberMarker: after, MaxParts: min(limit, 1000),
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	u, err := s.uploadLocked(c)
	if err != nil {
		return err
	}
	result.StorageClass = u.object.class
	result.ChecksumAlgorithm, result.ChecksumType = u.checksumAlgorithm(), u.checksumType()
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		if n <= after {
			continue
		}
		if len(result.Part) == result.MaxParts {
			result.IsTruncated = true
			break
		}
		p := u.parts[n]
		e := partEntry{PartNumber: n, LastModified: timestamp(p.modified), ETag: p.etag, Size: len(p.body)}
		if sum := p.checksum.element(); u.algorithm != "" {
			e.Checksum = &sum
		}
		result.Part = append(result.Part, e)
		result.NextPartNumberMarker = n
	}
	return answerXML(c, result)
}

// uploadEntry is an upload in a listing.
type uploadEntry struct {
	Key               string
	UploadID          string `xml:"UploadId"`
	Initiator         owner
	Owner             owner
	StorageClass      string
	Initiated         string
	ChecksumAlgorithm string
	ChecksumType      string
}

// uploadPage is one page of a listing of uploads.
type uploadPage struct {
	NextKeyMarker      string
	NextUploadIDMarker string `xml:"NextUploadIdMarker"`
	IsTruncated        bool
	Upload             []uploadEntry
	CommonPrefixes     []commonPrefix
}

func (s *Store) listMultipartUploads(c *call) error {
	sel, err := c.selection()
	if err != nil {
		return err
	}
	if sel.limit, err = c.count("max-uploads", 1000); err != nil {
		return err
	}
	sel.limit, sel.after = min(sel.limit, 1000), c.query.Get("key-marker")
	marker := c.query.Get("upload-id-marker")
	if sel.after == "" {
		marker = "" // S3 ignores it without a key
	}
	p, err := s.uploadPage(c.bucket, sel, marker)
	if err != nil {
		return err
	}
	return answerXML(c, struct {
		XMLName        xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListMultipartUploadsResult"`
		Bucket         string
		KeyMarker      string
		UploadIDMarker string `xml:"UploadIdMarker"`
		Delimiter      string `xml:",omitempty"`
		Prefix         string
		EncodingType   string `xml:",omitempty"`
		MaxUploads     int
		uploadPage
	}{
		Bucket: c.bucket, KeyMarker: sel.encode(sel.after), UploadIDMarker: marker, Delimiter: sel.encode(sel.delimiter),
		Prefix: sel.encode(sel.prefix), EncodingType: c.query.Get("encoding-type"), MaxUploads: sel.limit, uploadPage: p,
	})
}

// uploadPage walks the uploads after a key or, when marker is given, within it
// after that upload.
func (s *Store) uploadPage(bucket string, sel selection, marker string) (uploadPage, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[bucket]
	if b == nil {
		return uploadPage{}, errNoBucket(bucket)
	}
	var p uploadPage
	last := ""
	for _, u := range b.uploadsAfter(sel.after, marker) {
		if !strings.HasPrefix(u.key, sel.prefix) {
			continue
		}
		item, isPrefix := sel.rollUp(u.key)
		if isPrefix && (item == last || item == sel.after) {
			continue
		}
		if len(p.Upload)+len(p.CommonPrefixes) == sel.limit {
			p.IsTruncated = sel.limit > 0
			break
		}
		last = item
		p.NextKeyMarker, p.NextUploadIDMarker = sel.encode(item), ""
		if isPrefix {
			p.CommonPrefixes = append(p.CommonPrefixes, commonPrefix{sel.encode(item)})
			continue
		}
		p.NextUploadIDMarker = u.id
		p.Upload = append(p.Upload, uploadEntry{
			Key: sel.encode(u.key), UploadID: u.id, Initiator: owner{s.ownerID()}, Owner: owner{s.ownerID()},
			StorageClass: u.object.class, Initiated: timestamp(u.initiated),
			ChecksumAlgorithm: u.checksumAlgorithm(), ChecksumType: u.checksumType(),
		})
	}
	if !p.IsTruncated {
		p.NextKeyMarker, p.NextUploadIDMarker = "", ""
	}
	return p, nil
}

// uploadsAfter are the uploads by their keys and, of one key, by their beginnings.
func (b *bucket) uploadsAfter(key, marker string) []*upload {
	all := slices.SortedFunc(maps.Values(b.uploads), func(a, b *upload) int {
		return cmp.Or(strings.Compare(a.key, b.key), a.initiated.Compare(b.initiated), strings.Compare(a.id, b.id))
	})
	if n := slices.IndexFunc(all, func(u *upload) bool { return u.id == marker && u.key == key }); n >= 0 {
		return all[n+1:]
	}
	return slices.DeleteFunc(all, func(u *upload) bool { return u.key <= key })
}

// count reads a number of the query.
func (c *call) count(name string, unset int) (int, error) {
	v := c.query.Get(name)
	if v == "" {
		return unset, nil
	}
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		return 0, invalidArgument(name, v, "Argument "+name+" must be an integer between 0 and 2147483647")
	}
	return int(n), nil
}
