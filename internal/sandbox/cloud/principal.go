// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/iam"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// A principal is who calls: a user, or the session of a role.
type principal struct {
	account, arn, userID string
	policies             []bound // every one of which must allow a call; without any all is allowed
	session              bool
	token                string    // that a session's requests must have
	expires              time.Time // of a session
}

// A bound policy is a policy with what AWS calls its kind.
type bound struct {
	kind   string
	policy *iam.Policy
}

const (
	identityBased = "identity-based"
	sessionPolicy = "session"
)

// The key pairs that every sandbox has. They are no secrets.
const (
	AccessKeyID             = "AKIAIONROLLERSANDBOX"
	SecretAccessKey         = "ionroller/sandbox/secret/access/key/0001"
	ReadOnlyAccessKeyID     = "AKIAIONROLLERREADONLY"
	ReadOnlySecretAccessKey = "ionroller/sandbox/secret/access/key/0002"
)

// A Principal is a user with a key pair.
type Principal struct {
	AccessKeyID string `json:"access_key_id"`
	// SecretAccessKey is not checked: signatures are not verified.
	SecretAccessKey string `json:"secret_access_key"`
	// Name is the user's.
	Name string `json:"name"`
	// Account is the number of the user's account, the first one when empty.
	Account string `json:"account,omitempty"`
	// Policy is the JSON of a policy that says what the user may do; everything
	// when empty.
	Policy json.RawMessage `json:"policy,omitempty"`
}

// readOnly allows what neither changes anything nor gives other permissions.
const readOnly = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", "Action": [
	"autoscaling:Describe*", "cloudformation:Describe*", "cloudformation:List*", "cloudwatch:Describe*", "cloudwatch:Get*",
	"cloudwatch:List*", "ec2:Describe*", "ecr:Describe*", "elasticbeanstalk:Check*", "elasticbeanstalk:Describe*",
	"elasticbeanstalk:List*", "elasticloadbalancing:Describe*", "iam:Get*", "iam:Simulate*", "route53:Get*", "route53:List*",
	"s3:Get*", "s3:List*"]}}`

func builtIn(account string) []Principal {
	return []Principal{
		{AccessKeyID, SecretAccessKey, "sandbox", account, nil},
		{ReadOnlyAccessKeyID, ReadOnlySecretAccessKey, "read-only", account, json.RawMessage(readOnly)},
	}
}

// SetPrincipal adds a user or changes one.
func (c *Cloud) SetPrincipal(given Principal) error {
	_, err := c.partition.setPrincipal(given)
	return err
}

// setPrincipal adds a user or changes one.
func (p *partition) setPrincipal(given Principal) (principal, error) {
	account := given.Account
	if account == "" {
		account = p.config.Account
	}
	if given.AccessKeyID == "" || given.Name == "" || strings.ContainsAny(given.AccessKeyID, "/, ") {
		return principal{}, fmt.Errorf("principal %q: it must have an access key ID and a name", given.AccessKeyID)
	}
	policies, err := bind(identityBased, string(given.Policy))
	if err != nil {
		return principal{}, fmt.Errorf("principal %s: %w", given.Name, err)
	}
	if _, err := p.world(account); err != nil {
		return principal{}, fmt.Errorf("principal %s: %w", given.Name, err)
	}
	arn := "arn:aws:iam::" + account + ":user/" + given.Name
	user := principal{account: account, arn: arn, userID: uniqueID("AIDA", arn), policies: policies}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[given.AccessKeyID] = user
	return user, nil
}

// uniqueID makes the identifier that IAM gives to a user or a role for good.
func uniqueID(prefix, arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// principal finds the caller of an access key.
func (p *partition) principal(accessKey string) (principal, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok := p.keys[accessKey]
	return who, ok
}

// addSession makes the key pair of a session known.
func (p *partition) addSession(accessKey string, who principal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[accessKey] = who
}

// maxPrincipal bounds what the control endpoint reads.
const maxPrincipal = 64 << 10

// servePrincipal is the control endpoint of one key pair: PUT makes it a user's,
// with name, secret_access_key, account and policy in JSON, and DELETE takes it
// away.
func (p *partition) servePrincipal(w http.ResponseWriter, r *http.Request, accessKey string) {
	switch r.Method {
	case http.MethodPut:
		given, err := readPrincipal(io.LimitReader(r.Body, maxPrincipal), accessKey)
		var who principal
		if err == nil {
			who, err = p.setPrincipal(given)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		given.Account = who.account
		w.Header().Set("Content-Type", "application/json")
		// The client has gone when this fails; there is nobody to tell.
		_ = json.NewEncoder(w).Encode(struct {
			Principal
			ARN string `json:"arn"`
		}{given, who.arn})
	case http.MethodDelete:
		p.mu.Lock()
		delete(p.keys, accessKey)
		p.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "PUT, DELETE")
		http.Error(w, "PUT or DELETE", http.StatusMethodNotAllowed)
	}
}

func readPrincipal(body io.Reader, accessKey string) (Principal, error) {
	var given Principal
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(&given); err != nil {
		return given, fmt.Errorf("principal %s: %w", accessKey, err)
	}
	if given.AccessKeyID != "" && given.AccessKeyID != accessKey {
		return given, errors.New("the access key ID in the body is another than in the path")
	}
	given.AccessKeyID = accessKey
	if string(given.Policy) == "null" {
		given.Policy = nil
	}
	return given, nil
}

// scope is what a request's SigV4 credential says.
type scope struct{ accessKey, region, service, token string }

// readScope finds the credential scope in the Authorization header or in a
// presigned URL; ok is false for an unsigned request.
func readScope(r *http.Request) (s scope, ok bool) {
	credential, token := r.URL.Query().Get("X-Amz-Credential"), r.URL.Query().Get("X-Amz-Security-Token")
	if _, rest, found := strings.Cut(r.Header.Get("Authorization"), "Credential="); found {
		credential, _, _ = strings.Cut(rest, ",")
		token = r.Header.Get("X-Amz-Security-Token")
	}
	parts := strings.Split(strings.TrimSpace(credential), "/")
	switch len(parts) {
	case 5: // key/date/region/service/aws4_request
		return scope{parts[0], parts[2], parts[3], token}, true
	case 4: // SigV4a names no Region
		return scope{parts[0], "", parts[2], token}, true
	}
	return scope{}, false
}

// identify finds the caller and whether its credentials are good.
func (c *Cloud) identify(s scope) (principal, error) {
	who, ok := c.partition.principal(s.accessKey)
	switch {
	case !ok || who.token != s.token:
		return who, wire.Errorf("InvalidClientTokenId", "The security token included in the request is invalid.")
	case who.session && !c.clients().Before(who.expires):
		return who, wire.Errorf("ExpiredToken", "The security token included in the request is expired")
	}
	return who, nil
}

// worldOf is the world of the caller's account, the first one for strangers.
func (c *Cloud) worldOf(s scope) *Cloud {
	if who, ok := c.partition.principal(s.accessKey); ok {
		if world, err := c.partition.world(who.account); err == nil {
			return world
		}
	}
	return c
}

// changes tells whether an operation changes anything, by its name as AWS's
// own read-only policies do.
func changes(operation string) bool {
	for _, prefix := range []string{"Describe", "List", "Get", "Check", "Head", "AssumeRole", "Simulate", "Validate"} {
		if strings.HasPrefix(operation, prefix) {
			return false
		}
	}
	return true
}
