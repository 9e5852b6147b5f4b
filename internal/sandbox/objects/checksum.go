// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/xml"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

// checksum is an object's checksum, as S3 keeps it.
type checksum struct {
	algorithm string // such as CRC32
	value     string // base64
	composite bool   // over its parts' checksums, not over its content
}

// The types of checksums.
const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

func (c checksum) kind() string {
	if c.composite {
		return composite
	}
	return fullObject
}

// defaultAlgorithm is what S3 computes when the client sends no checksum.
const defaultAlgorithm = "CRC64NVME"

// The polynomial of CRC-64/NVME, bits reversed as package crc64 wants it.
var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

var algorithms = map[string]func() hash.Hash{
	"CRC32":     func() hash.Hash { return crc32.NewIEEE() },
	"CRC32C":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"CRC64NVME": func() hash.Hash { return crc64.New(crc64NVME) },
	"SHA1":      sha1.New,
	"SHA256":    sha256.New,
	"SHA512":    sha512.New,
	"MD5":       md5.New,
}

// checksumPrefix begins the names of the headers and trailers of checksums.
const checksumPrefix = "X-Amz-Checksum-"

func (c checksum) header() string { return http.CanonicalHeaderKey(checksumPrefix + c.algorithm) }

// set gives the checksum in a response.
func (c checksum) set(h http.Header) {
	h.Set(c.header(), c.value)
	h.Set(checksumPrefix+"Type", c.kind())
}

// element gives the checksum in a document.
func (c checksum) element() element {
	return element{XMLName: xml.Name{Local: "Checksum" + c.algorithm}, Value: c.value}
}

func computeChecksum(algorithm string, data []byte) checksum {
	h := algorithms[algorithm]()
	h.Write(data)
	return checksum{algorithm: algorithm, value: base64.StdEncoding.EncodeToString(h.Sum(nil))}
}

// declaredChecksum is what the client says the checksum is, in a header or in a
// trailer; its algorithm is empty when the client says nothing.
func declaredChecksum(h http.Header, trailers map[string]string) (checksum, error) {
	var found checksum
	add := func(name, value string) error {
		algorithm := strings.ToUpper(name[len(checksumPrefix):])
		switch {
		case algorithm == "TYPE" || algorithm == "MODE" || algorithm == "ALGORITHM":
			return nil
		case algorithms[algorithm] == nil:
			return notImplemented(name)
		case found.algorithm != "":
			return invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		found = checksum{algorithm: algorithm, value: value}
		return nil
	}
	for name := range h {
		if strings.HasPrefix(name, checksumPrefix) {
			if err := add(name, h.Get(name)); err != nil {
				return found, err
			}
		}
	}
	for name, value := range trailers {
		if strings.HasPrefix(name, checksumPrefix) {
			if err := add(name, value); err != nil {
				return found, err
			}
		}
	}
	if found.algorithm == "" {
		if h.Get("X-Amz-Sdk-Checksum-Algorithm") != "" {
			return found, invalidRequest("x-amz-sdk-checksum-algorithm specified, but no corresponding " +
				"x-amz-checksum-* or x-amz-trailer headers were found.")
		}
		return found, nil
	}
	raw, err := base64.StdEncoding.DecodeString(found.value)
	if err != nil || len(raw) != algorithms[found.algorithm]().Size() {
		return found, invalidRequest("Value for %s header is invalid.", strings.ToLower(found.header()))
	}
	return found, nil
}
