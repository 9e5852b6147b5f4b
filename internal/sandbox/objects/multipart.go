// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const maxParts = 10000 // of one upload

// upload is a multipart upload in progress. The store's lock guards it.
type upload struct {
	id        string
	key       string
	object    *object // what it becomes: its description, without content
	algorithm string  // of its checksums; empty when the client left it to S3
	composite bool    // its checksum is one over those of its parts
	initiated time.Time
	parts     map[int]*part
}

// part is one part of an upload. Like an object it is only ever replaced.
type part struct {
	body     []byte
	etag     string // quoted
	checksum checksum
	modified time.Time
}

// checksumAlgorithm is that of the upload's checksums, S3's default included.
func (u *upload) checksumAlgorithm() string {
	if u.algorithm == "" {
		return defaultAlgorithm
	}
	return u.algorithm
}

func (u *upload) checksumType() string { return checksum{composite: u.composite}.kind() }

func (s *Store) createMultipartUpload(c *call) error {
	if _, err := readBody(c.r); err != nil { // there is none
		return err
	}
	o, err := s.described(c)
	if err != nil {
		return err
	}
	if o.tags, err = parseTaggingHeader(c.r.Header.Get("X-Amz-Tagging")); err != nil {
		return err
	}
	u := &upload{id: newID() + newID(), key: c.key, object: o, initiated: s.clock().UTC(), parts: map[int]*part{}}
	if err := u.chooseChecksum(c.r.Header); err != nil {
		return err
	}
	s.mu.Lock()
	b := s.buckets[c.bucket]
	if b == nil {
		s.mu.Unlock()
		return errNoBucket(c.bucket)
	}
	b.uploads[u.id] = u
	s.mu.Unlock()
	h := c.w.Header()
	setAll(h, o.encrypted)
	if u.algorithm != "" {
		h.Set(checksumPrefix+"Algorithm", u.algorithm)
		h.Set(checksumPrefix+"Type", u.checksumType())
	}
	return answerXML(c, struct {
		XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}{Bucket: c.bucket, Key: c.key, UploadID: u.id})
}

// chooseChecksum reads how the upload's checksums are to be made. CRC64NVME is
// always one over the whole object, and only CRCs can be.
func (u *upload) chooseChecksum(h http.Header) error {
	u.algorithm = strings.ToUpper(h.Get(checksumPrefix + "Algorithm"))
	if u.algorithm != "" && algorithms[u.algorithm] == nil {
		return invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: " +
			"[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	kind := h.Get(checksumPrefix + "Type")
	switch kind {
	case "":
		u.composite = u.checksumAlgorithm() != defaultAlgorithm
		return nil
	case fullObject, composite:
	default:
		return invalidRequest("Value for x-amz-checksum-type header is invalid.")
	}
	if u.algorithm == "" {
		return invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	}
	u.composite = kind == composite
	if crc := strings.HasPrefix(u.algorithm, "CRC"); u.composite && u.algorithm == defaultAlgorithm || !u.composite && !crc {
		return invalidRequest("The %s checksum type cannot be used with the %s checksum algorithm.", kind, strings.ToLower(u.algorithm))
	}
	return nil
}

func (s *Store) uploadPart(c *call) error {
	number, err := c.partNumber()
	if err != nil {
		return err
	}
	u, err := s.upload(c)
	if err != nil {
		return err
	}
	data, sum, err := readDeclared(c.r, maxObject)
	if err != nil {
		return err
	}
	if err := u.checkDeclared(sum); err != nil {
		return err
	}
	if sum.algorithm == "" {
		sum = u.sum(data)
	}
	p, err := s.putPart(c, number, data, sum)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Etag", p.etag)
	h.Set(p.checksum.header(), p.checksum.value)
	setAll(h, u.object.encrypted)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (c *call) partNumber() (int, error) {
	v := c.query.Get("partNumber")
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxParts {
		return 0, invalidArgument("partNumber", v, "Part number must be an integer between 1 and 10000, inclusive")
	}
	return n, nil
}

// upload finds the upload that a call is about.
func (s *Store) upload(c *call) (*upload, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.uploadLocked(c)
}

func (s *Store) uploadLocked(c *call) (*upload, error) {
	b := s.buckets[c.bucket]
	if b == nil {
		return nil, errNoBucket(c.bucket)
	}
	id := c.query.Get("uploadId")
	u := b.uploads[id]
	if u == nil || u.key != c.key {
		return nil, fail(http.StatusNotFound, "NoSuchUpload",
			"The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.").
			with("UploadId", id)
	}
	return u, nil
}

// sum is a part's checksum where the client need not give it.
func (u *upload) sum(data []byte) checksum { return computeChecksum(u.checksumAlgorithm(), data) }

// checkDeclared holds a part's checksum to the algorithm that the upload was
// created with, if there was one.
func (u *upload) checkDeclared(sum checksum) error {
	if u.algorithm == "" || sum.algorithm == u.algorithm || sum.algorithm == "" && !u.composite {
		return nil
	}
	return invalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
		strings.ToLower(u.algorithm), cmp.Or(strings.ToLower(sum.algorithm), "null"))
}

// putPart stores a part in place of one of the same number.
func (s *Store) putPart(c *call, number int, data []byte, sum checksum) (*part, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.uploadLocked(c) // it may have ended while the part came
	if err != nil {
		return nil, err
	}
	p := &part{body: data, checksum: sum, modified: s.clock().UTC().Truncate(time.Second)}
	p.etag = etagOf(&object{body: data, encrypted: u.object.encrypted})
	u.parts[number] = p
	return p, nil
}

func (s *Store) abortMultipartUpload(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.uploadLocked(c)
	if err != nil {
		return err
	}
	delete(s.buckets[c.bucket].uploads, u.id)
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
