// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// maxBody is more than any request of the services served needs.
const maxBody = 16 << 20

type protocol int

const (
	query protocol = iota
	rpcCBOR
	awsJSON
)

// An Exchange is one request and its answer. The steps are Read, Run and
// Write; between Read and Run the caller may set Err to refuse the call.
type Exchange struct {
	// RequestID is told to the client in headers and documents.
	RequestID string
	// Operation is the name of what was asked for, known or not.
	Operation string
	// Err is why the call failed, nil as long as it has not.
	Err error

	service  *Service
	protocol protocol
	call     func(context.Context, any) (any, error)
	input    reflect.Value
	answer   []byte
}

// Read reads a request whole. What is wrong with it is in the exchange's Err.
func (s *Service) Read(r *http.Request, requestID string) *Exchange {
	x := &Exchange{RequestID: requestID, service: s}
	body, err := readBody(r)
	if err != nil {
		x.Err = malformed("the request", err)
		return x
	}
	tree, err := x.parse(r, body)
	operation, known := s.operations[x.Operation]
	switch {
	case err != nil:
		x.Err = err
	case !known:
		x.Err = x.unknownOperation()
	default:
		x.call = operation.Call
		x.input = reflect.New(operation.Input)
		if x.Err = s.decode(tree, x.input.Elem(), ""); x.Err == nil {
			if absent := s.missing(x.Operation, x.input.Elem()); len(absent) > 0 {
				x.Err = missingMembers(absent)
			}
		}
	}
	return x
}

// readBody buffers the body, so that a connection that breaks in the middle
// never leads to half a call, and unpacks it.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil || r.Header.Get("Content-Encoding") != "gzip" {
		return body, err
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxBody))
}

// parse finds protocol and operation, and reads the body's tree.
func (x *Exchange) parse(r *http.Request, body []byte) (any, error) {
	if _, op, ok := strings.Cut(r.URL.Path, "/operation/"); ok {
		x.protocol, x.Operation = rpcCBOR, op
		return parseCBOR(body)
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, op, _ := strings.Cut(target, ".")
		x.protocol, x.Operation = awsJSON, op
		return parseJSON(body)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, malformed("the request", err)
	}
	for k, v := range r.URL.Query() {
		values[k] = v
	}
	x.Operation = values.Get("Action")
	if x.Operation == "" {
		return nil, Errorf("MissingAction", "The request must contain the parameter Action")
	}
	return parseForm(values)
}

func (x *Exchange) unknownOperation() error {
	if x.protocol == query {
		return Errorf("InvalidAction", "Could not find operation %s for version %s", x.Operation, x.service.Version)
	}
	return Errorf("UnknownOperationException", "The operation %s is not known", x.Operation)
}

// Parameters gives the request's input as JSON, for a log; "{}" when it could
// not be read.
func (x *Exchange) Parameters() json.RawMessage {
	if !x.input.IsValid() {
		return json.RawMessage("{}")
	}
	return marshalJSON(encode(x.input))
}

// Input is what the operation gets, nil when the request could not be read.
func (x *Exchange) Input() any {
	if !x.input.IsValid() {
		return nil
	}
	return x.input.Interface()
}

// Redirect has another service of the same operations answer the call.
func (x *Exchange) Redirect(s *Service) { x.call = s.operations[x.Operation].Call }

// Run calls the operation, unless the exchange has failed already, and writes
// down its answer. After Run nothing refers to what the operation returned, so
// that an operation may return parts of its own state when its lock is held
// until here.
func (x *Exchange) Run(ctx context.Context) {
	if x.Err != nil {
		return
	}
	out, err := x.call(ctx, x.input.Interface())
	if err != nil {
		x.Err = err
		return
	}
	v := reflect.ValueOf(out)
	if v.IsNil() {
		x.Err = fmt.Errorf("%s answered nothing", x.Operation)
		return
	}
	switch x.protocol {
	case query:
		x.answer = x.service.queryResult(x.Operation, x.RequestID, v.Elem())
	case rpcCBOR:
		x.answer = cbor.Encode(toCBOR(encode(v)))
	case awsJSON:
		x.answer = marshalJSON(encode(v))
	}
}

// Write sends the answer or the error.
func (x *Exchange) Write(w http.ResponseWriter) {
	status, body := http.StatusOK, x.answer
	h := w.Header()
	h.Set("X-Amzn-Requestid", x.RequestID)
	if x.Err != nil {
		f := describe(x.Err)
		status = f.status
		document := object{{"__type", f.code}, {"message", f.message}, {"Message", f.message}}
		switch x.protocol {
		case query:
			body = x.service.queryError(x.RequestID, f)
		case rpcCBOR:
			body = cbor.Encode(toCBOR(document))
			h.Set("X-Amzn-Query-Error", f.code+";"+f.fault)
		case awsJSON:
			body = marshalJSON(document)
			h.Set("X-Amzn-Query-Error", f.code+";"+f.fault)
		}
	}
	switch x.protocol {
	case query:
		h.Set("Content-Type", "text/xml")
	case rpcCBOR:
		h.Set("Content-Type", "application/cbor")
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
	case awsJSON:
		h.Set("Content-Type", "application/x-amz-json-1.0")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// The client has gone when this fails; there is nobody to tell.
	_, _ = w.Write(body)
}
