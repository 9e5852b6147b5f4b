// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// errPath is why the role of a session is not found by what its ARN tells of it.
var errPath = errors.New("the caller's role has a path, which its session does not tell")

// subject is the user or the role that the caller is, whose policies IAM has.
type subject struct {
	arn  string
	sure bool
}

// whose is what somebody is to be allowed to ask about: no ARN that there may not be.
func (s subject) whose() string {
	if s.sure {
		return s.arn
	}
	return "the caller's role"
}

// subject finds it. What IAM has no policies of is an error.
//
// Source: "IAM identifiers" in the IAM User Guide for the ARNs, GetCallerIdentity in
// the STS API Reference for who has which.
func (e *examination) subject(ctx context.Context) (subject, error) {
	parts := strings.SplitN(e.clients.CallerARN, ":", 6)
	if len(parts) < 6 {
		return subject{}, fmt.Errorf("the caller %s has no ARN that IAM knows", e.clients.CallerARN)
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	switch kind {
	case "user":
		return subject{e.clients.CallerARN, true}, nil
	case "assumed-role":
		name, _, _ = strings.Cut(name, "/") // the rest is the session's
		role, sure, err := e.role(ctx, name)
		return subject{role, sure}, err
	case "root":
		return subject{}, errors.New("the caller is the root user, which has no policies")
	}
	return subject{}, fmt.Errorf("IAM simulates users and roles, and the caller is a %s", kind)
}

// role is the ARN of a role by its name; sure says that IAM told it. Where IAM is not to
// be asked, it is that of a role without a path: no other role can have the name.
//
// Source: "IAM and AWS STS quotas" in the IAM User Guide: names are unique in an account.
func (e *examination) role(ctx context.Context, name string) (arn string, sure bool, err error) {
	arn = fmt.Sprintf("arn:%s:iam::%s:role/%s", e.clients.Partition, e.clients.Account, name)
	out, err := e.clients.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	var none *types.NoSuchEntityException
	switch {
	case denied(err) || errors.As(err, &none):
		return arn, false, nil
	case err != nil:
		return arn, false, fmt.Errorf("asking IAM for role %s: %w", name, err)
	}
	return aws.ToString(out.Role.Arn), true, nil
}
