// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"errors"
	"net/http"
	"slices"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// What AWS answers a call that it does not carry out for who the caller is.
//
// Source: "Common Errors" in the API References of the services, "Error responses" in
// that of S3, and "Error codes" in that of EC2.
var (
	lacking = []string{
		"AccessDenied", "AccessDeniedException", "InsufficientPrivilegesException", "NotAuthorized", "UnauthorizedOperation",
		"Forbidden", // to a HEAD, whose answer has no room for a code
	}
	expired      = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
	unrecognized = []string{
		"AuthFailure", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken",
		"MissingAuthenticationToken", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UnrecognizedClientException",
	}
)

// denied says that AWS refused a call for the lack of a permission.
func denied(err error) bool { return answers(err, lacking) }

// renewal says what to do about credentials for which AWS refused a call; "" when it is
// not for them.
func renewal(err error) string {
	switch {
	case answers(err, expired):
		return "renew the credentials, as by aws sso login, and run ionroller doctor again"
	case answers(err, unrecognized):
		return "see that the access key is active and comes with its own secret and token, that this machine's clock is right, and that the account uses this Region"
	}
	return ""
}

// forbidden says that AWS refused a call, for whatever reason.
func forbidden(err error) bool {
	var response *awshttp.ResponseError
	return errors.As(err, &response) && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden}, response.HTTPStatusCode())
}

func answers(err error, codes []string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}
