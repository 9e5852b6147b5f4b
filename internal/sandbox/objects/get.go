// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// getObject answers GetObject and HeadObject.
func (s *Store) getObject(c *call) error {
	o := s.current(c)
	if o == nil {
		return errNoKey(c.key)
	}
	if err := readCondition(c.r.Header, "", o); err != nil {
		return err
	}
	from, to, ranged, err := byteRange(c.r.Header.Get("Range"), len(o.body))
	if err != nil {
		return err
	}
	h := c.w.Header()
	o.describe(h)
	for parameter, header := range overrides {
		if v := c.query.Get(parameter); v != "" {
			h.Set(header, v)
		}
	}
	body, status := o.body, http.StatusOK
	if ranged {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(body)))
		body, status = body[from:to], http.StatusPartialContent
	} else if strings.EqualFold(c.r.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		o.checksum.set(h)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(body)
	}
	return nil
}

// The query parameters with which a GET asks for other headers than stored.
var overrides = map[string]string{
	"response-cache-control":       "Cache-Control",
	"response-content-disposition": "Content-Disposition",
	"response-content-encoding":    "Content-Encoding",
	"response-content-language":    "Content-Language",
	"response-content-type":        "Content-Type",
	"response-expires":             "Expires",
}

// describe sets the headers that tell about an object.
func (o *object) describe(h http.Header) {
	setAll(h, o.headers)
	for name, value := range o.metadata {
		h[name] = []string{value} // clients take the name as it is written
	}
	setAll(h, o.encrypted)
	h.Set("Accept-Ranges", "bytes")
	h.Set("Etag", o.etag)
	h.Set("Last-Modified", o.lastModified())
	if o.class != "STANDARD" {
		h.Set("X-Amz-Storage-Class", o.class)
	}
	if len(o.tags) > 0 {
		h.Set("X-Amz-Tagging-Count", strconv.Itoa(len(o.tags)))
	}
}

func (o *object) lastModified() string { return o.modified.Format(http.TimeFormat) }

// readCondition evaluates the four conditions of a read, whose headers begin
// with prefix. A header of the stronger kind, by ETag, makes the one by date
// of the same sense count for nothing.
func readCondition(h http.Header, prefix string, o *object) error {
	since := func(name string) (changed, given bool) {
		t, err := http.ParseTime(h.Get(prefix + name))
		return o.modified.After(t), err == nil
	}
	if v := h.Get(prefix + "If-Match"); v != "" {
		if !sameETag(v, o.etag) {
			return preconditionFailed("If-Match")
		}
	} else if changed, given := since("If-Unmodified-Since"); given && changed {
		return preconditionFailed("If-Unmodified-Since")
	}
	if v := h.Get(prefix + "If-None-Match"); v != "" {
		if sameETag(v, o.etag) {
			return notModified(prefix, "If-None-Match", o)
		}
	} else if changed, given := since("If-Modified-Since"); given && !changed {
		return notModified(prefix, "If-Modified-Since", o)
	}
	return nil
}

// notModified is no failure of a GET, but it is one of a copy.
func notModified(prefix, name string, o *object) error {
	if prefix != "" {
		return preconditionFailed(prefix + name)
	}
	return &apiError{status: http.StatusNotModified, code: "NotModified", message: "Not Modified",
		headers: map[string]string{"Etag": o.etag, "Last-Modified": o.lastModified()}}
}

// byteRange reads a Range header over size bytes. Like S3 it takes one range
// only and ignores what it cannot read.
func byteRange(header string, size int) (from, to int, ranged bool, err error) {
	spec, isBytes := strings.CutPrefix(header, "bytes=")
	first, last, hasDash := strings.Cut(spec, "-")
	if !isBytes || !hasDash {
		return 0, 0, false, nil
	}
	from, fromErr := strconv.Atoi(first)
	to, toErr := strconv.Atoi(last)
	switch {
	case first == "" && toErr == nil && to >= 0: // the last so many
		from, to = max(0, size-to), size
	case fromErr == nil && from >= 0 && last == "":
		to = size
	case fromErr == nil && from >= 0 && toErr == nil && to >= from:
		to = min(to, size-1) + 1
	default:
		return 0, 0, false, nil
	}
	if from >= size || from >= to {
		e := fail(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable").
			with("RangeRequested", header).with("ActualObjectSize", strconv.Itoa(size))
		e.headers = map[string]string{"Content-Range": fmt.Sprintf("bytes */%d", size)}
		return 0, 0, false, e
	}
	return from, to, true, nil
}
