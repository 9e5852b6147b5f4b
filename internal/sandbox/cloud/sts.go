// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// tokenService is STS.
type tokenService struct{ *Cloud }

type caller struct {
	principal
	requestID string
}

type callerKey struct{}

func withCaller(ctx context.Context, p principal, requestID string) context.Context {
	return context.WithValue(ctx, callerKey{}, caller{p, requestID})
}

func callerOf(ctx context.Context) caller {
	who, _ := ctx.Value(callerKey{}).(caller)
	return who
}

func (s tokenService) GetCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	who := callerOf(ctx)
	return &sts.GetCallerIdentityOutput{Account: &s.config.Account, Arn: &who.arn, UserId: &who.userID}, nil
}

// AssumeRole gives credentials for any role of this account. A session of the
// read-only user stays read-only.
func (s tokenService) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	account, role, ok := parseRole(*in.RoleArn)
	if !ok {
		return nil, wire.Errorf("ValidationError", "%s is invalid", *in.RoleArn)
	}
	who := callerOf(ctx)
	if account != s.config.Account {
		return nil, wire.Errorf("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", who.arn, *in.RoleArn)
	}
	seconds := int32(3600)
	if in.DurationSeconds != nil {
		seconds = *in.DurationSeconds
	}
	if seconds < 900 || seconds > 43200 {
		return nil, wire.Errorf("ValidationError", "The requested DurationSeconds %d is not between 900 and 43200", seconds)
	}
	id := "AROA" + s.id(upperLetters, 16)
	arn := "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + *in.RoleSessionName
	key := "ASIA" + s.id(upperLetters+digits, 16)
	session := id + ":" + *in.RoleSessionName
	s.sessions[key] = principal{arn, session, who.readOnly}
	secret, token := s.id(lowerLetters+digits, 40), s.id(lowerLetters+digits, 200)
	expires := s.now().Add(time.Duration(seconds) * time.Second)
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: &types.AssumedRoleUser{Arn: &arn, AssumedRoleId: &session},
		Credentials:     &types.Credentials{AccessKeyId: &key, SecretAccessKey: &secret, SessionToken: &token, Expiration: &expires},
	}, nil
}

func parseRole(arn string) (account, role string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" {
		return "", "", false
	}
	path, isRole := strings.CutPrefix(parts[5], "role/")
	return parts[4], path[strings.LastIndex(path, "/")+1:], isRole
}
