// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// olderProtocol is a transport to a server that speaks awsJson 1.0 for CloudWatch,
// where the SDK speaks RPC v2 CBOR. Requests of other services pass as they are.
type olderProtocol struct{ next http.RoundTripper }

const (
	newerPath   = "/service/GraniteServiceVersion20100801/operation/"
	olderTarget = "GraniteServiceVersion20100801."
)

func (p olderProtocol) RoundTrip(r *http.Request) (*http.Response, error) {
	operation, ok := strings.CutPrefix(r.URL.Path, newerPath)
	if !ok {
		return p.next.RoundTrip(r)
	}
	defer r.Body.Close()
	asked, err := read(r)
	if err != nil {
		return nil, fmt.Errorf("reading the request of %s: %w", operation, err)
	}
	text, err := json.Marshal(plain(asked))
	if err != nil {
		return nil, err
	}
	older := r.Clone(r.Context())
	older.URL.Path = "/"
	older.Header.Del("Smithy-Protocol")
	older.Header.Del("Content-Encoding")
	older.Header.Set("Content-Type", "application/x-amz-json-1.0")
	older.Header.Set("X-Amz-Target", olderTarget+operation)
	older.Body, older.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	answer, err := p.next.RoundTrip(older)
	if err != nil {
		return nil, err
	}
	return translated(answer)
}

// read decodes a request's body, which the SDK compresses when it has many numbers.
func read(r *http.Request) (cbor.Value, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			return nil, err
		}
	}
	all, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	return cbor.Decode(all)
}

// translated puts an answer in JSON into CBOR. One that is not JSON stays what it
// is, for the SDK to stumble over.
func translated(answer *http.Response) (*http.Response, error) {
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // 1 is an integer and 1.0 is not
	if d.Decode(&tree) == nil {
		body = cbor.Encode(packed("", tree))
		answer.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		answer.Header.Set("Content-Type", "application/cbor")
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return answer, nil
}

func plain(v cbor.Value) any {
	switch v := v.(type) {
	case cbor.Map:
		all := map[string]any{}
		for name, member := range v {
			all[name] = plain(member)
		}
		return all
	case cbor.List:
		all := []any{}
		for _, item := range v {
			all = append(all, plain(item))
		}
		return all
	case *cbor.Tag: // of a time, in seconds
		return plain(v.Value)
	case *cbor.Nil:
		return nil
	}
	return v // strings, numbers and booleans are JSON's own
}

// packed needs a member's name, because JSON does not tell a time from a number.
func packed(name string, tree any) cbor.Value {
	switch tree := tree.(type) {
	case map[string]any:
		all := cbor.Map{}
		for name, member := range tree {
			all[name] = packed(name, member)
		}
		return all
	case []any:
		all := cbor.List{}
		for _, item := range tree {
			all = append(all, packed(strings.TrimSuffix(name, "s"), item)) // Timestamps are of Timestamp
		}
		return all
	case string:
		return cbor.String(tree)
	case bool:
		return cbor.Bool(tree)
	case json.Number:
		return number(name, tree)
	}
	return &cbor.Nil{}
}

func number(name string, n json.Number) cbor.Value {
	whole, err := n.Int64()
	fraction, _ := n.Float64() // the decoder has seen that it is a number
	switch {
	case strings.HasSuffix(name, "Timestamp"):
		return &cbor.Tag{ID: 1, Value: cbor.Float64(fraction)}
	case err != nil:
		return cbor.Float64(fraction)
	case whole < 0:
		return cbor.NegInt(uint64(-whole))
	}
	return cbor.Uint(uint64(whole))
}
