// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	maxObject   = 5 << 30  // bytes, of one PutObject
	maxDocument = 16 << 20 // bytes, of a request's XML document
)

// readPayload reads a request's body and verifies all that the request says
// about it: its length, digests and checksums. The checksum that comes back is
// the client's or, when it sent none, S3's default.
func readPayload(r *http.Request, maxSize int64) ([]byte, checksum, error) {
	data, declared, err := readDeclared(r, maxSize)
	if err == nil && declared.algorithm == "" {
		declared = computeChecksum(defaultAlgorithm, data)
	}
	return data, declared, err
}

// readDeclared is readPayload without the default: the checksum is empty when the
// client sent none.
func readDeclared(r *http.Request, maxSize int64) ([]byte, checksum, error) {
	data, trailers, err := readRaw(r, maxSize)
	if err != nil {
		return nil, checksum{}, err
	}
	if err := verifyDigests(r.Header, data); err != nil {
		return nil, checksum{}, err
	}
	declared, err := declaredChecksum(r.Header, trailers)
	if err != nil {
		return nil, checksum{}, err
	}
	if declared.algorithm != "" && computeChecksum(declared.algorithm, data) != declared {
		return nil, checksum{}, fail(http.StatusBadRequest, "BadDigest",
			"The "+declared.algorithm+" you specified did not match the calculated checksum.")
	}
	return data, declared, nil
}

// readBody is readPayload for requests whose body is a document.
func readBody(r *http.Request) ([]byte, error) {
	data, _, err := readPayload(r, maxDocument)
	return data, err
}

func readRaw(r *http.Request, maxSize int64) ([]byte, map[string]string, error) {
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return readStreaming(r, maxSize)
	}
	if r.ContentLength < 0 {
		return nil, nil, errNoLength()
	}
	if r.ContentLength > maxSize {
		return nil, nil, errTooLarge(r.ContentLength, maxSize)
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, errIncomplete()
	}
	return data, nil, nil
}

func readStreaming(r *http.Request, maxSize int64) ([]byte, map[string]string, error) {
	length, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || length < 0 {
		return nil, nil, errNoLength()
	}
	if length > maxSize {
		return nil, nil, errTooLarge(length, maxSize)
	}
	data, trailers, err := decodeChunked(r.Body, length)
	if err != nil {
		return nil, nil, err
	}
	for name := range strings.SplitSeq(r.Header.Get("X-Amz-Trailer"), ",") {
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		if _, sent := trailers[name]; name != "" && !sent {
			return nil, nil, errMalformedTrailer()
		}
	}
	return data, trailers, nil
}

func verifyDigests(h http.Header, data []byte) error {
	if v := h.Get("Content-Md5"); v != "" {
		want, err := base64.StdEncoding.DecodeString(v)
		if err != nil || len(want) != md5.Size {
			return fail(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.").
				with("Content-MD5", v)
		}
		if got := md5.Sum(data); string(got[:]) != string(want) {
			return fail(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.").
				with("ExpectedDigest", v).with("CalculatedDigest", base64.StdEncoding.EncodeToString(got[:]))
		}
	}
	v := h.Get("X-Amz-Content-Sha256")
	if v == "" || v == "UNSIGNED-PAYLOAD" || strings.HasPrefix(v, "STREAMING-") {
		return nil
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != v {
		return fail(http.StatusBadRequest, "XAmzContentSHA256Mismatch",
			"The provided 'x-amz-content-sha256' header does not match what was computed.").
			with("ClientComputedContentSHA256", v).with("S3ComputedContentSHA256", got)
	}
	return nil
}

func errNoLength() error {
	return fail(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
}

func errTooLarge(size, maxSize int64) error {
	return fail(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size").
		with("ProposedSize", strconv.FormatInt(size, 10)).
		with("MaxSizeAllowed", strconv.FormatInt(maxSize, 10))
}
