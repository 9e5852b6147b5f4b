// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
)

// deleteObject succeeds when there is nothing to delete, unless the request is
// conditional.
func (s *Store) deleteObject(c *call) error {
	condition, err := c.writeCondition()
	if err != nil {
		return err
	}
	if err := s.deleteIf(c.bucket, c.key, condition); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Store) deleteIf(bucket, key string, condition writeCondition) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return errNoBucket(bucket)
	}
	if err := condition.check(b.objects[key], key); err != nil {
		return err
	}
	b.remove(key)
	return nil
}

type permission struct{}

// WithPermission has DeleteObjects ask for each key why it may not be deleted;
// one for which the answer is empty may.
func WithPermission(ctx context.Context, refuse func(key string) string) context.Context {
	return context.WithValue(ctx, permission{}, refuse)
}

func mayDelete(ctx context.Context, key string) error {
	if refuse, ok := ctx.Value(permission{}).(func(string) string); ok {
		if why := refuse(key); why != "" {
			return fail(http.StatusForbidden, "AccessDenied", why)
		}
	}
	return nil
}

// deleteObjects deletes up to a thousand objects, each on its own.
func (s *Store) deleteObjects(c *call) error {
	if c.r.Header.Get("Content-Md5") == "" {
		if sum, err := declaredChecksum(c.r.Header, nil); err != nil {
			return err
		} else if sum.algorithm == "" && c.r.Header.Get("X-Amz-Trailer") == "" {
			return invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
		}
	}
	body, err := readBody(c.r)
	if err != nil {
		return err
	}
	var request struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Object  []struct {
			Key       string
			VersionID string `xml:"VersionId"`
			ETag      string
		}
	}
	if xml.Unmarshal(body, &request) != nil || len(request.Object) == 0 || len(request.Object) > 1000 {
		return errMalformedXML()
	}
	type deleted struct {
		Key string
	}
	type failure struct {
		Key, Code, Message string
	}
	var result struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
		Deleted []deleted
		Error   []failure
	}
	for _, o := range request.Object {
		var err error
		if o.VersionID != "" && o.VersionID != "null" {
			err = fail(http.StatusBadRequest, "NoSuchVersion", "The specified version does not exist.")
		} else {
			err = mayDelete(c.r.Context(), o.Key)
		}
		if err == nil {
			err = s.deleteIf(c.bucket, o.Key, writeCondition{ifMatch: o.ETag})
		}
		var e *apiError
		switch {
		case errors.As(err, &e):
			result.Error = append(result.Error, failure{o.Key, e.code, e.message})
		case !request.Quiet:
			result.Deleted = append(result.Deleted, deleted{o.Key})
		}
	}
	return answerXML(c, result)
}
