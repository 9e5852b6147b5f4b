// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"cmp"
	"net/http"

	smithy "github.com/aws/smithy-go"
)

// Error is an error of AWS's that a fault answers with.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
	// Status is the HTTP status; by the code when zero, and 400 for most.
	Status int `json:"status,omitempty"`
}

func (e *Error) Error() string { return e.Code + ": " + e.ErrorMessage() }

// ErrorCode is the code as AWS writes it on the wire.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage says that a fault was set where the settings say nothing.
func (e *Error) ErrorMessage() string {
	return cmp.Or(e.Message, "A fault of the sandbox answers this call.")
}

// ErrorFault tells whose fault AWS would say it is.
func (e *Error) ErrorFault() smithy.ErrorFault {
	if e.HTTPStatus() >= http.StatusInternalServerError {
		return smithy.FaultServer
	}
	return smithy.FaultClient
}

// HTTPStatus is the status that goes with the code.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	switch e.Code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return http.StatusForbidden
	case "ConditionalRequestConflict":
		return http.StatusConflict
	case "PreconditionFailed":
		return http.StatusPreconditionFailed
	case "InternalFailure", "InternalError", "ResourceContention":
		return http.StatusInternalServerError
	case "ServiceUnavailable", "SlowDown", "RequestLimitExceeded":
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}
