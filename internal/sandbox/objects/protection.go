// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"encoding/xml"
	"net/http"
)

// publicAccessBlock says what of a bucket's openness to the public is refused.
type publicAccessBlock struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ PublicAccessBlockConfiguration"`
	BlockPublicAcls       bool
	IgnorePublicAcls      bool
	BlockPublicPolicy     bool
	RestrictPublicBuckets bool
}

// blocksAll is what S3 gives every new bucket.
//
// Source: "Blocking public access to your Amazon S3 storage" in the Amazon S3 User Guide.
func blocksAll() *publicAccessBlock {
	return &publicAccessBlock{BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}
}

func (s *Store) getPublicAccessBlock(c *call) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[c.bucket]
	switch {
	case b == nil:
		return errNoBucket(c.bucket)
	case b.blocked == nil:
		return fail(http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found").
			with("BucketName", c.bucket)
	}
	return answerXML(c, b.blocked)
}

func (s *Store) putPublicAccessBlock(c *call) error {
	body, err := readBody(c.r)
	if err != nil {
		return err
	}
	wanted := &publicAccessBlock{}
	if xml.Unmarshal(body, wanted) != nil {
		return errMalformedXML()
	}
	return s.setBlocked(c, wanted, http.StatusOK)
}

func (s *Store) deletePublicAccessBlock(c *call) error {
	return s.setBlocked(c, nil, http.StatusNoContent)
}

func (s *Store) setBlocked(c *call, wanted *publicAccessBlock, status int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[c.bucket]
	if b == nil {
		return errNoBucket(c.bucket)
	}
	b.blocked = wanted
	c.w.WriteHeader(status)
	return nil
}

// getBucketEncryption answers what every bucket has unless it was told otherwise,
// which it cannot be here: S3's own keys.
//
// Source: "Setting default server-side encryption behavior for Amazon S3 buckets" in
// the Amazon S3 User Guide.
func (s *Store) getBucketEncryption(c *call) error {
	type rule struct {
		Algorithm string `xml:"ApplyServerSideEncryptionByDefault>SSEAlgorithm"`
		BucketKey bool   `xml:"BucketKeyEnabled"`
	}
	return answerXML(c, struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ServerSideEncryptionConfiguration"`
		Rule    rule
	}{Rule: rule{Algorithm: "AES256"}})
}
