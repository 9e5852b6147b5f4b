// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
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
	case "NoSuchEntity", "NoSuchHostedZone", "NoSuchChange":
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
	var problems []string
	for _, name := range names {
		problems = append(problems, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", place(name)))
	}
	return invalid(problems)
}

// checkWord refuses a word that its enumeration does not have.
func checkWord(v reflect.Value, path string) error {
	all := v.MethodByName("Values")
	if !all.IsValid() || v.String() == "" {
		return nil
	}
	var words []string
	values := all.Call(nil)[0]
	for i := range values.Len() {
		words = append(words, values.Index(i).String())
	}
	if slices.Contains(words, v.String()) {
		return nil
	}
	return invalid([]string{fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
		v, place(path), strings.Join(words, ", "))})
}

// invalid is AWS's answer to parameters that its model does not allow.
func invalid(problems []string) error {
	plural := ""
	if len(problems) > 1 {
		plural = "s"
	}
	return Errorf("ValidationError", "%d validation error%s detected: %s", len(problems), plural, strings.Join(problems, "; "))
}

// place words a path as those answers do: Actions.member.1.Type is
// actions.1.member.type.
func place(path string) string {
	parts := strings.Split(listPlace.ReplaceAllString(path, ".$1.member"), ".")
	for i, part := range parts {
		parts[i] = strings.ToLower(part[:1]) + part[1:]
	}
	return strings.Join(parts, ".")
}

var listPlace = regexp.MustCompile(`\.member\.(\d+)`)
