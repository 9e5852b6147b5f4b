// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// refuse marks an error that asking again will not change: the request was wrong
// or is not allowed. Throttling, credentials that ran out, operations under way
// and roles that IAM has not spread yet are none.
func refuse(err error) error {
	var response *awshttp.ResponseError
	var api smithy.APIError
	if !errors.As(err, &response) || !errors.As(err, &api) {
		return err
	}
	status := response.HTTPStatusCode()
	if status < http.StatusBadRequest || status >= http.StatusInternalServerError {
		return err
	}
	if passing(api) {
		return err
	}
	return &roller.Refusal{Err: err}
}

// passing says that the error goes away by itself or with new credentials.
func passing(err smithy.APIError) bool {
	c := err.ErrorCode()
	_, throttled := retry.DefaultThrottleErrorCodes[c]
	switch {
	case throttled, strings.HasPrefix(c, "Expired"), c == "RequestExpired", c == "InvalidClientTokenId",
		c == "OperationInProgressFailure", c == "OperationInProgressException":
		return true
	}
	return spreading.MatchString(err.ErrorMessage()) || exists.MatchString(err.ErrorMessage())
}

// exists matches what is said of something that reads do not show yet: an earlier
// call made it, whose answer was lost.
var exists = regexp.MustCompile(`(?i)already exists`)

// spreading matches what is said of a role or profile that was made moments ago
// and is not known everywhere.
var spreading = regexp.MustCompile(`(?i)(instance profile|service role|iam role).*(does not exist|not found|cannot be assumed|is not ready)`)

// code is the service's error code, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
