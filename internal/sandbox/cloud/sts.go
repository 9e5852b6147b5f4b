// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"regexp"
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
	return &sts.GetCallerIdentityOutput{Account: &who.account, Arn: &who.arn, UserId: &who.userID}, nil
}

// AssumeRole gives credentials for a role of any account; see Role for which
// there are.
func (s tokenService) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	who := callerOf(ctx)
	account, name, err := parseRole(*in.RoleArn)
	if err != nil {
		return nil, err
	}
	role, ok := s.partition.role(account, name)
	if !ok || !role.is(account, *in.RoleArn) || role.ExternalID != "" && role.ExternalID != value(in.ExternalId) {
		return nil, wire.Errorf("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", who.arn, *in.RoleArn)
	}
	if who.session && value(in.DurationSeconds) > 3600 {
		return nil, wire.Errorf("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	if len(in.PolicyArns) > 0 {
		return nil, wire.Errorf("ValidationError", "The sandbox has no managed policies.")
	}
	session, err := s.assume(*in.RoleArn, account, role, *in.RoleSessionName, in.DurationSeconds, in.Policy)
	if err != nil {
		return nil, err
	}
	return &sts.AssumeRoleOutput{AssumedRoleUser: session.user, Credentials: session.credentials, SourceIdentity: in.SourceIdentity}, nil
}

// session is what assuming a role gives.
type session struct {
	user        *types.AssumedRoleUser
	credentials *types.Credentials
}

var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

// assume makes a session of a role. A policy given with the call can only take
// away from what the role may do.
func (s tokenService) assume(arn, account string, role Role, name string, duration *int32, policy *string) (session, error) {
	if !sessionName.MatchString(name) {
		return session{}, wire.Errorf("ValidationError", `1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`, name)
	}
	seconds := int32(3600)
	if duration != nil {
		seconds = *duration
	}
	if seconds < 900 || seconds > 43200 {
		return session{}, wire.Errorf("ValidationError", "The requested DurationSeconds %d is not between 900 and 43200", seconds)
	}
	policies, err := bind(identityBased, role.Policy)
	if err != nil {
		return session{}, err
	}
	narrower, err := bind(sessionPolicy, value(policy))
	if err != nil {
		return session{}, &types.MalformedPolicyDocumentException{Message: ptr(err.Error())}
	}
	if _, err := s.partition.world(account); err != nil {
		return session{}, wire.Errorf("ValidationError", "%s is invalid: %s", arn, err)
	}
	who := principal{
		account: account, arn: "arn:aws:sts::" + account + ":assumed-role/" + role.Name + "/" + name, userID: uniqueID("AROA", arn) + ":" + name,
		policies: append(policies, narrower...), session: true, token: s.id(lowerLetters+digits, 200),
		expires: s.clients().Truncate(time.Second).Add(time.Duration(seconds) * time.Second),
	}
	key := "ASIA" + s.id(upperLetters+digits, 16)
	s.partition.addSession(key, who)
	return session{
		&types.AssumedRoleUser{Arn: &who.arn, AssumedRoleId: &who.userID},
		&types.Credentials{AccessKeyId: &key, SecretAccessKey: ptr(s.id(lowerLetters+digits, 40)), SessionToken: &who.token, Expiration: &who.expires},
	}, nil
}

// parseRole takes account and name out of a role's ARN. Paths are no part of
// the name.
func parseRole(arn string) (account, name string, err error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && parts[2] == "iam" {
		if path, ok := strings.CutPrefix(parts[5], "role/"); ok && path != "" && !strings.HasSuffix(path, "/") {
			return parts[4], path[strings.LastIndex(path, "/")+1:], nil
		}
	}
	return "", "", wire.Errorf("ValidationError", "%s is invalid", arn)
}
