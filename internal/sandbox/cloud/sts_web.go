// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// AssumeRoleWithWebIdentity gives credentials for a role to whoever has a JSON
// Web Token, by any issuer: its claims are read, its signature is not verified.
func (s tokenService) AssumeRoleWithWebIdentity(_ context.Context, in *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	claims, err := readToken(*in.WebIdentityToken, s.now())
	if err != nil {
		return nil, err
	}
	account, name, err := parseRole(*in.RoleArn)
	if err != nil {
		return nil, err
	}
	role, ok := s.partition.role(account, name)
	if !ok || !role.is(account, *in.RoleArn) || role.ExternalID != "" { // a role for other accounts
		return nil, wire.Errorf("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	if len(in.PolicyArns) > 0 {
		return nil, wire.Errorf("ValidationError", "The sandbox has no managed policies.")
	}
	session, err := s.assume(*in.RoleArn, account, role, *in.RoleSessionName, in.DurationSeconds, in.Policy)
	if err != nil {
		return nil, err
	}
	return &sts.AssumeRoleWithWebIdentityOutput{
		AssumedRoleUser: session.user, Credentials: session.credentials, Provider: ptr(strings.TrimPrefix(claims.Issuer, "https://")),
		SubjectFromWebIdentityToken: &claims.Subject, Audience: ptr(claims.audience()),
	}, nil
}

type claims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience json.RawMessage `json:"aud"` // a string or a list of strings
	Expires  float64         `json:"exp"` // Unix seconds
}

func (c claims) audience() string {
	var one string
	var several []string
	if json.Unmarshal(c.Audience, &one) != nil && json.Unmarshal(c.Audience, &several) == nil && len(several) > 0 {
		one = several[0]
	}
	return one
}

func readToken(token string, now time.Time) (claims, error) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) == 3 {
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil && json.Unmarshal(payload, &c) == nil && c.Subject != "" && c.Issuer != "" {
			if c.Expires != 0 && !now.Before(time.Unix(int64(c.Expires), 0)) {
				return c, &types.ExpiredTokenException{Message: ptr("Token expired: current date/time " + now.Format(time.RFC3339) + " must be before the expiration date/time " + time.Unix(int64(c.Expires), 0).UTC().Format(time.RFC3339))}
			}
			return c, nil
		}
	}
	return c, &types.InvalidIdentityTokenException{Message: ptr("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")}
}
