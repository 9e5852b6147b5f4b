// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const minPart = 5 << 20 // bytes, of every part but the last

// completion is what CompleteMultipartUpload is sent.
type completion struct {
	XMLName xml.Name    `xml:"CompleteMultipartUpload"`
	Parts   []namedPart `xml:"Part"`
}

// namedPart is how a completion names a part.
type namedPart struct {
	PartNumber int
	ETag       string
	Checksums  []element `xml:",any"` // ChecksumCRC32 ...
}

// completeMultipartUpload makes an object of the parts that the request names;
// the upload's other parts are dropped.
func (s *Store) completeMultipartUpload(c *call) error {
	condition, err := c.writeCondition()
	if err != nil {
		return err
	}
	before := s.current(c)
	wanted, err := readCompletion(c.r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.uploadLocked(c)
	if err != nil {
		return err
	}
	if err := condition.check(before, c.key); err != nil {
		return err
	}
	parts, err := u.choose(wanted)
	if err != nil {
		return err
	}
	o, err := u.assemble(parts, c.r.Header)
	if err != nil {
		return err
	}
	b := s.buckets[c.bucket]
	if condition != (writeCondition{}) && b.objects[c.key] != before {
		return errConflict(c.key)
	}
	o.modified = s.clock().UTC().Truncate(time.Second)
	b.put(c.key, o)
	delete(b.uploads, u.id)
	setAll(c.w.Header(), o.encrypted)
	return answerXML(c, struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
		Location     string
		Bucket       string
		Key          string
		ETag         string
		ChecksumType string
		Checksum     element
	}{
		Location: "http://" + c.r.Host + c.r.URL.EscapedPath(), Bucket: c.bucket, Key: c.key, ETag: o.etag,
		ChecksumType: o.checksum.kind(), Checksum: o.checksum.element(),
	})
}

// readCompletion reads the list of parts. The request's checksum header is about
// the object, not about this document.
func readCompletion(r *http.Request) (completion, error) {
	var wanted completion
	data, _, err := readRaw(r, maxDocument)
	if err != nil {
		return wanted, err
	}
	if err := verifyDigests(r.Header, data); err != nil {
		return wanted, err
	}
	if xml.Unmarshal(data, &wanted) != nil || len(wanted.Parts) == 0 || len(wanted.Parts) > maxParts {
		return wanted, errMalformedXML()
	}
	return wanted, nil
}

// choose finds the parts that a completion names, and holds them to S3's rules
// on order, sizes and checksums.
func (u *upload) choose(wanted completion) ([]*part, error) {
	var parts []*part
	for i, w := range wanted.Parts {
		if i > 0 && w.PartNumber <= wanted.Parts[i-1].PartNumber {
			return nil, fail(http.StatusBadRequest, "InvalidPartOrder",
				"The list of parts was not in ascending order. Parts must be ordered by part number.").with("UploadId", u.id)
		}
		p := u.parts[w.PartNumber]
		if p == nil || strings.Trim(w.ETag, `"`) != strings.Trim(p.etag, `"`) {
			return nil, u.errInvalidPart(w)
		}
		given := ""
		for _, e := range w.Checksums {
			if e.XMLName.Local == p.checksum.element().XMLName.Local {
				given = e.Value
			}
		}
		if given == "" && u.composite {
			return nil, invalidRequest("The upload was created using a %s checksum. The complete request must include the "+
				"checksum for each part. It was missing for part %d in the request.", strings.ToLower(u.algorithm), w.PartNumber)
		}
		if given != "" && given != p.checksum.value {
			return nil, u.errInvalidPart(w)
		}
		parts = append(parts, p)
	}
	for i, p := range parts[:len(parts)-1] {
		if len(p.body) < minPart {
			return nil, fail(http.StatusBadRequest, "EntityTooSmall",
				"Your proposed upload is smaller than the minimum allowed size").
				with("ProposedSize", strconv.Itoa(len(p.body))).with("MinSizeAllowed", strconv.Itoa(minPart)).
				with("PartNumber", strconv.Itoa(wanted.Parts[i].PartNumber)).with("ETag", strings.Trim(p.etag, `"`))
		}
	}
	return parts, nil
}

func (u *upload) errInvalidPart(w namedPart) error {
	return fail(http.StatusBadRequest, "InvalidPart",
		"One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "+
			"entity tag may not match the part's entity tag.").
		with("UploadId", u.id).with("PartNumber", strconv.Itoa(w.PartNumber)).with("ETag", strings.Trim(w.ETag, `"`))
}

// assemble makes the object of its parts, and verifies what the request says
// about the whole. Its ETag is the MD5 of the parts' MD5s, with their number.
func (u *upload) assemble(parts []*part, h http.Header) (*object, error) {
	o := *u.object
	var etags, sums []byte
	for _, p := range parts {
		o.body = append(o.body, p.body...)
		etag, _ := hex.DecodeString(strings.Trim(p.etag, `"`))
		sum, _ := base64.StdEncoding.DecodeString(p.checksum.value)
		etags, sums = append(etags, etag...), append(sums, sum...)
	}
	if v := h.Get("X-Amz-Mp-Object-Size"); v != "" && v != strconv.Itoa(len(o.body)) {
		return nil, invalidRequest("The provided 'x-amz-mp-object-size' header value %s does not match what was computed: %d",
			v, len(o.body))
	}
	if v := h.Get(checksumPrefix + "Type"); v != "" && v != u.checksumType() {
		return nil, invalidRequest("The upload was created using the %s checksum mode. "+
			"The complete request must use the same checksum mode.", u.checksumType())
	}
	o.etag = fmt.Sprintf(`"%x-%d"`, md5.Sum(etags), len(parts))
	o.checksum = computeChecksum(u.checksumAlgorithm(), o.body)
	if u.composite {
		o.checksum = computeChecksum(u.algorithm, sums)
		o.checksum.composite = true
		o.checksum.value += "-" + strconv.Itoa(len(parts))
	}
	if v := h.Get(o.checksum.header()); v != "" && v != o.checksum.value {
		return nil, fail(http.StatusBadRequest, "BadDigest",
			"The "+strings.ToLower(o.checksum.algorithm)+" you specified did not match the calculated checksum.")
	}
	return &o, nil
}
