// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// apiError is an error as S3 words it.
type apiError struct {
	status  int
	code    string
	message string
	details []detail          // further elements of the error document
	headers map[string]string // of the response
}

// detail is an element of an error document beyond those that all have.
type detail struct{ name, value string }

func (e *apiError) Error() string { return e.code + ": " + e.message }

// with adds an element to the error document.
func (e *apiError) with(name, value string) *apiError {
	e.details = append(e.details, detail{name, value})
	return e
}

func fail(status int, code, message string) *apiError {
	return &apiError{status: status, code: code, message: message}
}

func invalidArgument(name, value, message string) *apiError {
	return fail(http.StatusBadRequest, "InvalidArgument", message).
		with("ArgumentName", name).with("ArgumentValue", value)
}

func invalidRequest(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "InvalidRequest", fmt.Sprintf(format, args...))
}

// notImplemented is about a header of the request.
func notImplemented(header string) *apiError {
	return fail(http.StatusNotImplemented, "NotImplemented",
		"A header you provided implies functionality that is not implemented.").with("Header", header)
}

func preconditionFailed(condition string) *apiError {
	return fail(http.StatusPreconditionFailed, "PreconditionFailed",
		"At least one of the pre-conditions you specified did not hold").with("Condition", condition)
}

func errConflict(key string) *apiError {
	return fail(http.StatusConflict, "ConditionalRequestConflict",
		"The conditional request cannot succeed due to a conflicting operation against this resource.").with("Key", key)
}

func errNoKey(key string) *apiError {
	return fail(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.").with("Key", key)
}

func errNoBucket(name string) *apiError {
	return fail(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist").with("BucketName", name)
}

func errBucketOwned(name string) *apiError {
	return fail(http.StatusConflict, "BucketAlreadyOwnedByYou",
		"Your previous request to create the named bucket succeeded and you already own it.").with("BucketName", name)
}

func errBucketTaken(name string) *apiError {
	return fail(http.StatusConflict, "BucketAlreadyExists",
		"The requested bucket name is not available. The bucket namespace is shared by all users of the system. "+
			"Please select a different name and try again.").with("BucketName", name)
}

func errMalformedXML() *apiError {
	return fail(http.StatusBadRequest, "MalformedXML",
		"The XML you provided was not well-formed or did not validate against our published schema")
}

// WriteError answers a request with an error as S3 gives it. A HEAD request gets
// the status only.
func WriteError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	writeError(w, r, fail(status, code, message))
}

func writeError(w http.ResponseWriter, r *http.Request, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = fail(http.StatusInternalServerError, "InternalError",
			"We encountered an internal error. Please try again.").with("Cause", err.Error())
	}
	requestID, hostID := setIDs(w.Header())
	h := w.Header()
	for name, value := range e.headers {
		h.Set(name, value)
	}
	if e.status == http.StatusNotModified {
		w.WriteHeader(e.status)
		return
	}
	h.Set("Content-Type", "application/xml")
	w.WriteHeader(e.status)
	if r.Method == http.MethodHead {
		return
	}
	document := errorDocument{Code: e.code, Message: e.message, RequestID: requestID, HostID: hostID}
	for _, d := range e.details {
		document.Details = append(document.Details, element{XMLName: xml.Name{Local: d.name}, Value: d.value})
	}
	writeXML(w, document)
}

type errorDocument struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Details   []element
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
}

type element struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

// setIDs makes sure that a response names its request, as all of S3's do.
func setIDs(h http.Header) (requestID, hostID string) {
	if h.Get("X-Amz-Request-Id") == "" {
		h.Set("X-Amz-Request-Id", newID())
	}
	if h.Get("X-Amz-Id-2") == "" {
		h.Set("X-Amz-Id-2", newID()+newID()+newID())
	}
	return h.Get("X-Amz-Request-Id"), h.Get("X-Amz-Id-2")
}

// writeXML writes a document. An error would mean that the client has gone.
func writeXML(w http.ResponseWriter, document any) {
	_, _ = w.Write([]byte(xml.Header))
	_ = xml.NewEncoder(w).Encode(document)
}

// timestamp is a time as S3's documents give it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
