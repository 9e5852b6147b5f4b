// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Store) putObject(c *call) error {
	condition, err := c.writeCondition()
	if err != nil {
		return err
	}
	// What is there when the upload begins decides; should it change before
	// the upload is complete, that is a conflict.
	before := s.current(c)
	failed := condition.check(before, c.key)
	data, sum, err := readPayload(c.r, maxObject)
	if err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	o, err := s.described(c)
	if err != nil {
		return err
	}
	if o.tags, err = parseTaggingHeader(c.r.Header.Get("X-Amz-Tagging")); err != nil {
		return err
	}
	o.body, o.checksum = data, sum
	if err := s.commit(c, condition, before, o); err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Etag", o.etag)
	o.checksum.set(h)
	setAll(h, o.encrypted)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// writeCondition is what must hold for a write to take place.
type writeCondition struct {
	ifMatch     string // an ETag, or * for any
	ifNoneMatch bool   // no object of that key
}

func (c *call) writeCondition() (writeCondition, error) {
	ifMatch, ifNoneMatch := c.r.Header.Get("If-Match"), c.r.Header.Get("If-None-Match")
	if ifNoneMatch != "" && (ifNoneMatch != "*" || ifMatch != "" || c.r.Method == http.MethodDelete) {
		return writeCondition{}, notImplemented("If-None-Match")
	}
	return writeCondition{ifMatch: ifMatch, ifNoneMatch: ifNoneMatch == "*"}, nil
}

func (w writeCondition) check(o *object, key string) error {
	switch {
	case w.ifNoneMatch && o != nil:
		return preconditionFailed("If-None-Match")
	case w.ifMatch != "" && o == nil:
		return errNoKey(key)
	case w.ifMatch != "" && !sameETag(w.ifMatch, o.etag):
		return preconditionFailed("If-Match")
	}
	return nil
}

// sameETag compares an ETag, with or without its quotes, or a * with another.
func sameETag(wanted, etag string) bool {
	wanted = strings.TrimSpace(wanted)
	return wanted == "*" || strings.Trim(wanted, `"`) == strings.Trim(etag, `"`)
}

func (s *Store) current(c *call) *object {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if b := s.buckets[c.bucket]; b != nil {
		return b.objects[c.key]
	}
	return nil
}

// commit stores an object if the condition still holds, and nothing has come
// between since before was read.
func (s *Store) commit(c *call, condition writeCondition, before, o *object) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[c.bucket]
	if b == nil {
		return errNoBucket(c.bucket)
	}
	if condition != (writeCondition{}) && b.objects[c.key] != before {
		return errConflict(c.key)
	}
	o.modified = s.clock().UTC().Truncate(time.Second) // S3 keeps whole seconds
	o.etag = etagOf(o)
	b.put(c.key, o)
	return nil
}

// etagOf is the content's MD5, except that with KMS it is no digest of the
// content and differs between two uploads of the same.
func etagOf(o *object) string {
	data := o.body
	if strings.HasPrefix(o.encrypted[encryptionHeader], "aws:kms") {
		data = append(slices.Clip(data), newID()...)
	}
	sum := md5.Sum(data)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// The headers that are stored with an object and given back as they came.
var storedHeaders = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires",
}

const metadataPrefix = "X-Amz-Meta-"

// described makes an object without content from the request's headers.
func (s *Store) described(c *call) (*object, error) {
	o := &object{headers: map[string]string{}, metadata: map[string]string{}}
	for _, name := range storedHeaders {
		if v := c.r.Header.Get(name); v != "" {
			o.headers[name] = v
		}
	}
	// aws-chunked is about the way here, not about the content.
	var codings []string
	for coding := range strings.SplitSeq(o.headers["Content-Encoding"], ",") {
		if coding = strings.TrimSpace(coding); coding != "" && coding != "aws-chunked" {
			codings = append(codings, coding)
		}
	}
	delete(o.headers, "Content-Encoding")
	if len(codings) > 0 {
		o.headers["Content-Encoding"] = strings.Join(codings, ",")
	}
	if o.headers["Content-Type"] == "" {
		o.headers["Content-Type"] = "binary/octet-stream"
	}
	size := 0
	for name, values := range c.r.Header {
		if strings.HasPrefix(name, metadataPrefix) {
			value := strings.Join(values, ",")
			o.metadata[strings.ToLower(name)] = value
			size += len(name) - len(metadataPrefix) + len(value)
		}
	}
	if size > 2048 {
		return nil, fail(http.StatusBadRequest, "MetadataTooLarge",
			"Your metadata headers exceed the maximum allowed metadata size").
			with("Size", strconv.Itoa(size)).with("MaxSizeAllowed", "2048")
	}
	if acl := c.r.Header.Get("X-Amz-Acl"); acl != "" && acl != "private" && acl != "bucket-owner-full-control" {
		return nil, fail(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	var err error
	if o.class, err = storageClass(c.r.Header.Get("X-Amz-Storage-Class")); err != nil {
		return nil, err
	}
	o.encrypted, err = s.encryption(c)
	return o, err
}

func storageClass(class string) (string, error) {
	switch class {
	case "":
		return "STANDARD", nil
	case "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR":
		return class, nil
	case "GLACIER", "DEEP_ARCHIVE":
		return "", notImplemented("X-Amz-Storage-Class") // no object is ever restored here
	}
	return "", fail(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid").
		with("StorageClassRequested", class)
}

const (
	encryptionHeader = "X-Amz-Server-Side-Encryption"
	kmsKeyHeader     = encryptionHeader + "-Aws-Kms-Key-Id"
	bucketKeyHeader  = encryptionHeader + "-Bucket-Key-Enabled"
)

// encryption is how S3 says that it encrypts an object: with its own keys unless
// asked otherwise.
func (s *Store) encryption(c *call) (map[string]string, error) {
	method, key := c.r.Header.Get(encryptionHeader), c.r.Header.Get(kmsKeyHeader)
	switch method {
	case "", "AES256":
		if key != "" {
			return nil, invalidArgument(strings.ToLower(encryptionHeader), method,
				"Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
		}
		return map[string]string{encryptionHeader: "AES256"}, nil
	case "aws:kms", "aws:kms:dsse":
	default:
		return nil, invalidArgument(strings.ToLower(encryptionHeader), method,
			"The encryption method specified is not supported")
	}
	region, _ := s.BucketRegion(c.bucket)
	arn := "arn:aws:kms:" + region + ":" + s.account + ":"
	switch {
	case key == "":
		key = arn + "alias/aws/s3"
	case strings.HasPrefix(key, "alias/"):
		key = arn + key
	case !strings.HasPrefix(key, "arn:"):
		key = arn + "key/" + key
	}
	headers := map[string]string{encryptionHeader: method, kmsKeyHeader: key}
	if c.r.Header.Get(bucketKeyHeader) == "true" {
		headers[bucketKeyHeader] = "true"
	}
	return headers, nil
}

func setAll(h http.Header, headers map[string]string) {
	for name, value := range headers {
		h.Set(name, value)
	}
}
