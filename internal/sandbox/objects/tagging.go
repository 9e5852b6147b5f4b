// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

type tag struct {
	Key   string
	Value string
}

type tagging struct {
	XMLName xml.Name `xml:"Tagging"`
	Tags    []tag    `xml:"TagSet>Tag"`
}

func (s *Store) getObjectTagging(c *call) error {
	o := s.current(c)
	if o == nil {
		return errNoKey(c.key)
	}
	// TagSet is there even when it is empty.
	type tagSet struct {
		Tag []tag
	}
	return answerXML(c, struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ Tagging"`
		TagSet  tagSet
	}{TagSet: tagSet{o.tags}})
}

func (s *Store) putObjectTagging(c *call) error {
	body, err := readBody(c.r)
	if err != nil {
		return err
	}
	var wanted tagging
	if xml.Unmarshal(body, &wanted) != nil {
		return errMalformedXML()
	}
	if err := checkTags(wanted.Tags); err != nil {
		return err
	}
	if err := s.setTags(c, wanted.Tags); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Store) deleteObjectTagging(c *call) error {
	if err := s.setTags(c, nil); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// setTags replaces the object's tags. Its content, ETag and time stay.
func (s *Store) setTags(c *call, tags []tag) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[c.bucket]
	if b == nil {
		return errNoBucket(c.bucket)
	}
	o := b.objects[c.key]
	if o == nil {
		return errNoKey(c.key)
	}
	tagged := *o
	tagged.tags = tags
	b.put(c.key, &tagged)
	return nil
}

// parseTaggingHeader reads tags written like a query string.
func parseTaggingHeader(header string) ([]tag, error) {
	values, err := url.ParseQuery(header)
	if err != nil {
		return nil, invalidArgument("x-amz-tagging", header,
			"The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	var tags []tag
	for key, list := range values {
		for _, value := range list {
			tags = append(tags, tag{key, value})
		}
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	return tags, checkTags(tags)
}

func checkTags(tags []tag) error {
	if len(tags) > 10 {
		return fail(http.StatusBadRequest, "BadRequest", "Object tags cannot be greater than 10")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128:
			return invalidTag("The TagKey you have provided is invalid", t)
		case utf8.RuneCountInString(t.Value) > 256:
			return invalidTag("The TagValue you have provided is invalid", t)
		case seen[t.Key]:
			return invalidTag("Cannot provide multiple Tags with the same key", t)
		}
		seen[t.Key] = true
	}
	return nil
}

func invalidTag(message string, t tag) error {
	return fail(http.StatusBadRequest, "InvalidTag", message).with("TagKey", t.Key)
}
