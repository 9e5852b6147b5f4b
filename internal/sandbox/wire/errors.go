// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	smithy "github.com/aws/smithy-go"
)

// Errorf makes a client error with a code of AWS's, for errors that the SDK
// has no type for.
func Errorf(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// malformed is the error for a parameter that does not parse.
func malformed(path string, cause error) error {
	return Errorf("ValidationError", "%s: %s", path, cause)
}

// Code is the error code that a client is told; empty when err is nil.
func Code(err error) string {
	if err == nil {
		return ""
	}
	return describe(err).code
}

// Message is the text that a client is told; empty when err is nil.
func Message(err error) string {
	if err == nil {
		return ""
	}
	return describe(err).message
}

// Status is the HTTP status of an answer to a client.
func Status(err error) int { return describe(err).status }

// A failure is an error as the protocols write it.
type failure struct {
	code, message, fault string
	status               int
}

// describe finds code, message, fault and HTTP status of an error. An error
// that is not AWS's own is an internal failure.
func describe(err error) failure {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return failure{"InternalFailure", err.Error(), "Receiver", http.StatusInternalServerError}
	}
	f := failure{api.ErrorCode(), api.ErrorMessage(), "Sender", http.StatusBadRequest}
	var own interface{ HTTPStatus() int }
	if errors.As(err, &own) { // it brings its own
		if f.status = own.HTTPStatus(); f.status >= http.StatusInternalServerError {
			f.fault = "Receiver"
		}
		return f
	}
	switch f.code {
	case "AccessDenied", "AccessDeniedException", "ExpiredToken", "SignatureDoesNotMatch", "InvalidClientTokenId", "MissingAuthenticationToken",
		"OptInRequired", "InsufficientPrivilegesException":
		f.status = http.StatusForbidden
	case "NoSuchHostedZone", "NoSuchChange":
		f.status = http.StatusNotFound
	case "ResourceContention", "InternalFailure":
		f.fault, f.status = "Receiver", http.StatusInternalServerError
	case "ServiceUnavailable":
		f.fault, f.status = "Receiver", http.StatusServiceUnavailable
	}
	return f
}

// missingMembers is AWS's answer to a request without members that it must have.
func missingMembers(names []string) error {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "Value null at '%s' failed to satisfy constraint: Member must not be null", strings.ToLower(name[:1])+name[1:])
	}
	plural := ""
	if len(names) > 1 {
		plural = "s"
	}
	return Errorf("ValidationError", "%d validation error%s detected: %s", len(names), plural, b.String())
}
