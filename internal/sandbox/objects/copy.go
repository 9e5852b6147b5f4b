// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// copyObject copies within the store, with the source's description or, when
// the directives say REPLACE, with the request's.
func (s *Store) copyObject(c *call) error {
	condition, err := c.writeCondition()
	if err != nil {
		return err
	}
	before := s.current(c)
	source, err := s.copySource(c)
	if err != nil {
		return err
	}
	if err := condition.check(before, c.key); err != nil {
		return err
	}
	o, err := s.described(c)
	if err != nil {
		return err
	}
	replace, err := directive(c.r.Header, "X-Amz-Metadata-Directive")
	if err != nil {
		return err
	}
	if source == before && !replace && c.r.Header.Get(encryptionHeader) == "" && c.r.Header.Get("X-Amz-Storage-Class") == "" {
		return invalidRequest("This copy request is illegal because it is trying to copy an object to itself without " +
			"changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	if !replace {
		o.headers, o.metadata = source.headers, source.metadata
	}
	o.tags = source.tags
	if replace, err := directive(c.r.Header, "X-Amz-Tagging-Directive"); err != nil {
		return err
	} else if replace {
		if o.tags, err = parseTaggingHeader(c.r.Header.Get("X-Amz-Tagging")); err != nil {
			return err
		}
	}
	o.body, o.checksum = source.body, source.checksum
	if a := strings.ToUpper(c.r.Header.Get(checksumPrefix + "Algorithm")); algorithms[a] != nil {
		o.checksum = computeChecksum(a, o.body)
	} else if o.checksum.composite { // the copy is of one piece
		o.checksum = computeChecksum(o.checksum.algorithm, o.body)
	}
	if err := s.commit(c, condition, before, o); err != nil {
		return err
	}
	setAll(c.w.Header(), o.encrypted)
	return answerXML(c, struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyObjectResult"`
		LastModified string
		ETag         string
		ChecksumType string
		Checksum     element
	}{
		LastModified: timestamp(o.modified), ETag: o.etag, ChecksumType: o.checksum.kind(),
		Checksum: o.checksum.element(),
	})
}

// copySource finds what is to be copied and evaluates the conditions on it.
func (s *Store) copySource(c *call) (*object, error) {
	header := c.r.Header.Get("X-Amz-Copy-Source")
	path, version, _ := strings.Cut(header, "?versionId=")
	path, err := url.PathUnescape(strings.TrimPrefix(path, "/"))
	bucket, key, found := strings.Cut(path, "/")
	if err != nil || !found || key == "" || (version != "" && version != "null") {
		return nil, invalidArgument("x-amz-copy-source", header, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	if _, exists := s.BucketRegion(bucket); !exists {
		return nil, errNoBucket(bucket)
	}
	o := s.current(&call{bucket: bucket, key: key})
	if o == nil {
		return nil, errNoKey(key)
	}
	return o, readCondition(c.r.Header, "X-Amz-Copy-Source-", o)
}

// directive says whether a part of the object is to be replaced.
func directive(h http.Header, name string) (replace bool, err error) {
	switch v := h.Get(name); v {
	case "", "COPY":
		return false, nil
	case "REPLACE":
		return true, nil
	default:
		return false, invalidArgument(strings.ToLower(name), v, "Unknown directive.")
	}
}

// uploadPartCopy makes a part of an object that is there already, or of a range
// of its bytes.
func (s *Store) uploadPartCopy(c *call) error {
	number, err := c.partNumber()
	if err != nil {
		return err
	}
	source, err := s.copySource(c)
	if err != nil {
		return err
	}
	data := source.body
	if wanted := c.r.Header.Get("X-Amz-Copy-Source-Range"); wanted != "" {
		if data, err = copyRange(wanted, data); err != nil {
			return err
		}
	}
	u, err := s.upload(c)
	if err != nil {
		return err
	}
	p, err := s.putPart(c, number, data, u.sum(data))
	if err != nil {
		return err
	}
	setAll(c.w.Header(), u.object.encrypted)
	return answerXML(c, struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyPartResult"`
		LastModified string
		ETag         string
		Checksum     element
	}{LastModified: timestamp(p.modified), ETag: p.etag, Checksum: p.checksum.element()})
}

// copyRange takes bytes=first-last out of a source, both included.
func copyRange(wanted string, source []byte) ([]byte, error) {
	spec, isBytes := strings.CutPrefix(wanted, "bytes=")
	first, last, _ := strings.Cut(spec, "-")
	from, fromErr := strconv.Atoi(first)
	to, toErr := strconv.Atoi(last)
	switch {
	case !isBytes || fromErr != nil || toErr != nil || from < 0 || to < from:
		return nil, invalidArgument("x-amz-copy-source-range", wanted,
			"The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "+
				"zero-based offsets of the first and last bytes to copy")
	case to >= len(source):
		return nil, invalidArgument("x-amz-copy-source-range", wanted,
			"Range specified is not valid for source object of size: "+strconv.Itoa(len(source)))
	}
	return source[from : to+1], nil
}
