// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"encoding/xml"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type owner struct {
	ID string
}

func (s *Store) createBucket(c *call) error {
	if err := checkBucketName(c.bucket); err != nil {
		return err
	}
	region, err := s.requestedLocation(c)
	if err != nil {
		return err
	}
	// In us-east-1, and only there, making one's bucket again is no error.
	if err := s.CreateBucket(c.bucket, region); err != nil {
		if home, _ := s.BucketRegion(c.bucket); home != usEast1 || region != usEast1 {
			return err
		}
	}
	c.w.Header().Set("Location", "/"+c.bucket)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

const usEast1 = "us-east-1"

// requestedLocation is where a new bucket goes: us-east-1 takes requests for
// every Region, any other one only for itself, and it must be named.
func (s *Store) requestedLocation(c *call) (string, error) {
	var wanted struct {
		LocationConstraint string
	}
	body, err := readBody(c.r)
	if err != nil {
		return "", err
	}
	if len(body) > 0 && xml.Unmarshal(body, &wanted) != nil {
		return "", errMalformedXML()
	}
	endpoint, err := c.region(s.region)
	if err != nil {
		return "", err
	}
	location := wanted.LocationConstraint
	switch {
	case location == "" && endpoint == usEast1:
		return usEast1, nil
	case location == "":
		return "", fail(http.StatusBadRequest, "IllegalLocationConstraintException",
			"The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	case location == usEast1:
		return "", fail(http.StatusBadRequest, "InvalidLocationConstraint",
			"The specified location-constraint is not valid").with("LocationConstraint", location)
	case endpoint != usEast1 && location != endpoint:
		return "", fail(http.StatusBadRequest, "IllegalLocationConstraintException",
			"The "+location+" location constraint is incompatible for the region specific endpoint this request was sent to.")
	}
	return location, nil
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func checkBucketName(name string) error {
	_, notAnAddress := netip.ParseAddr(name)
	if !bucketName.MatchString(name) || strings.Contains(name, "..") || notAnAddress == nil {
		return fail(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.").with("BucketName", name)
	}
	return nil
}

func (s *Store) headBucket(c *call) error {
	region, _ := s.BucketRegion(c.bucket)
	c.w.Header().Set("X-Amz-Bucket-Region", region)
	c.w.Header().Set("X-Amz-Access-Point-Alias", "false")
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Store) deleteBucket(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[c.bucket]
	switch {
	case b == nil:
		return errNoBucket(c.bucket)
	case len(b.keys) > 0:
		return fail(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty").
			with("BucketName", c.bucket)
	}
	delete(s.buckets, c.bucket)
	s.names.release(c.bucket)
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Store) getBucketLocation(c *call) error {
	region, _ := s.BucketRegion(c.bucket)
	if region == usEast1 {
		region = "" // S3's first Region has no constraint
	}
	return answerXML(c, struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
		Region  string   `xml:",chardata"`
	}{Region: region})
}

// getBucketVersioning answers that versioning has never been on.
func (s *Store) getBucketVersioning(c *call) error {
	return answerXML(c, struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ VersioningConfiguration"`
	}{})
}

func (s *Store) listBuckets(c *call) error {
	type entry struct {
		Name         string
		CreationDate string
		BucketRegion string
	}
	var result struct {
		XMLName           xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
		Owner             owner
		Buckets           []entry `xml:"Buckets>Bucket"`
		ContinuationToken string  `xml:",omitempty"`
		Prefix            string  `xml:",omitempty"`
	}
	limit := 10000
	if v := c.query.Get("max-buckets"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 10000 {
			return invalidArgument("max-buckets", v, "Argument max-buckets must be an integer between 1 and 10000")
		}
		limit = n
	}
	after, err := decodeToken(c.query.Get("continuation-token"))
	if err != nil {
		return err
	}
	result.Owner.ID = s.ownerID()
	result.Prefix = c.query.Get("prefix")

	region := c.query.Get("bucket-region")
	s.mu.RLock()
	for name, b := range s.buckets {
		if name > after && strings.HasPrefix(name, result.Prefix) && (region == "" || region == b.region) {
			result.Buckets = append(result.Buckets, entry{name, timestamp(b.created), b.region})
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(result.Buckets, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	if len(result.Buckets) > limit {
		result.Buckets = result.Buckets[:limit]
		result.ContinuationToken = encodeToken(result.Buckets[limit-1].Name)
	}
	return answerXML(c, result)
}

// answerXML gives a document as the answer to a call that went well.
func answerXML(c *call, document any) error {
	c.w.Header().Set("Content-Type", "application/xml")
	c.w.WriteHeader(http.StatusOK)
	writeXML(c.w, document)
	return nil
}
