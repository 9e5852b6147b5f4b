// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"net/http"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// A principal is who calls.
type principal struct {
	arn, userID string
	readOnly    bool
}

// The key pairs that every sandbox has. They are no secrets.
const (
	AccessKeyID             = "AKIAIONROLLERSANDBOX"
	SecretAccessKey         = "ionroller/sandbox/secret/access/key/0001"
	ReadOnlyAccessKeyID     = "AKIAIONROLLERREADONLY"
	ReadOnlySecretAccessKey = "ionroller/sandbox/secret/access/key/0002"
)

// scope is what a request's SigV4 credential says.
type scope struct{ accessKey, region, service string }

// readScope finds the credential scope in the Authorization header or in a
// presigned URL; ok is false for an unsigned request.
func readScope(r *http.Request) (s scope, ok bool) {
	credential := r.URL.Query().Get("X-Amz-Credential")
	if _, rest, found := strings.Cut(r.Header.Get("Authorization"), "Credential="); found {
		credential, _, _ = strings.Cut(rest, ",")
	}
	parts := strings.Split(strings.TrimSpace(credential), "/")
	switch len(parts) {
	case 5: // key/date/region/service/aws4_request
		return scope{parts[0], parts[2], parts[3]}, true
	case 4: // SigV4a names no Region
		return scope{parts[0], "", parts[2]}, true
	}
	return scope{}, false
}

// principalOf finds the caller of an access key.
func (c *Cloud) principalOf(accessKey string) (principal, bool) {
	user := func(name, id string, readOnly bool) (principal, bool) {
		return principal{"arn:aws:iam::" + c.config.Account + ":user/" + name, id, readOnly}, true
	}
	switch accessKey {
	case AccessKeyID:
		return user("sandbox", "AIDAIONROLLERSANDBOX", false)
	case ReadOnlyAccessKeyID:
		return user("read-only", "AIDAIONROLLERREADONLY", true)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.sessions[accessKey]
	return p, ok
}

// changes tells whether an operation changes anything, by its name as AWS's
// own read-only policies do.
func changes(operation string) bool {
	for _, prefix := range []string{"Describe", "List", "Get", "Check", "Head", "AssumeRole", "Validate"} {
		if strings.HasPrefix(operation, prefix) {
			return false
		}
	}
	return true
}

// permit refuses what the principal may not do.
func (p principal) permit(service, operation string) error {
	if !p.readOnly || !changes(operation) {
		return nil
	}
	if service == "monitoring" {
		service = "cloudwatch"
	}
	return wire.Errorf("AccessDenied",
		"User: %s is not authorized to perform: %s:%s because no identity-based policy allows the %s:%s action",
		p.arn, service, operation, service, operation)
}
