// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// minChunk is the least size in bytes of every chunk but the last.
const minChunk = 8 << 10

// decodeChunked reads a body in the framing that S3 calls aws-chunked:
//
//	size in hex [;chunk-signature=...] CRLF data CRLF ... 0 [;...] CRLF
//	[trailer:value CRLF ...] CRLF
//
// Signatures of chunks and trailers are passed over. The trailers come back by
// their canonical names. The data must have the length given.
func decodeChunked(body io.Reader, length int64) ([]byte, map[string]string, error) {
	r := bufio.NewReaderSize(body, 64<<10)
	var data bytes.Buffer
	for last := false; ; {
		size, err := chunkSize(r)
		if err != nil {
			return nil, nil, err
		}
		if size == 0 {
			break
		}
		if last {
			return nil, nil, fail(http.StatusForbidden, "InvalidChunkSizeError",
				"Only the last chunk is allowed to have a size less than 8192 bytes")
		}
		last = size < minChunk
		if int64(data.Len())+size > length {
			return nil, nil, errIncomplete()
		}
		if _, err := io.CopyN(&data, r, size); err != nil {
			return nil, nil, errIncomplete()
		}
		if line, err := readLine(r); err != nil || line != "" {
			return nil, nil, errIncomplete()
		}
	}
	if int64(data.Len()) != length {
		return nil, nil, errIncomplete()
	}
	trailers, err := readTrailers(r)
	return data.Bytes(), trailers, err
}

func chunkSize(r *bufio.Reader) (int64, error) {
	line, err := readLine(r)
	if err != nil {
		return 0, err
	}
	size, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseInt(size, 16, 63)
	if err != nil || n < 0 {
		return 0, errIncomplete()
	}
	return n, nil
}

func readTrailers(r *bufio.Reader) (map[string]string, error) {
	trailers := map[string]string{}
	for {
		line, err := readLine(r)
		switch {
		case err != nil && len(trailers) > 0:
			return nil, errMalformedTrailer()
		case err != nil:
			return nil, err
		case line == "":
			return trailers, nil
		}
		name, value, found := strings.Cut(line, ":")
		if !found {
			return nil, errMalformedTrailer()
		}
		trailers[http.CanonicalHeaderKey(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
}

// readLine reads up to a CRLF.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", errMalformedTrailer()
	case err != nil:
		return "", errIncomplete()
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
}

func errMalformedTrailer() error {
	return fail(http.StatusBadRequest, "MalformedTrailerError",
		"The request contained trailing data that was not well-formed or did not conform to our published schema.")
}

func errIncomplete() error {
	return fail(http.StatusBadRequest, "IncompleteBody",
		"You did not provide the number of bytes specified by the Content-Length HTTP header")
}
