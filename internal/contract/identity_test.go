// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

var identityContracts = []contract{
	{"the caller is told account and ARN", callerTold},
	{"an assumed role's credentials call as its session", roleAssumed},
	{"a role of another account calls in that account, which has other things", otherAccount},
	{"a role is assumed by another role's session", rolesChained},
	{"an assumed role's credentials end when they say", roleEnds},
	{"an ARN that is not a role's cannot be assumed", noRole},
}

func callerTold(w *world) {
	out, err := w.sts.GetCallerIdentity(w.ctx, nil)
	w.ok(err)
	w.same("account", w.account, *out.Account)
	w.that(strings.HasPrefix(*out.Arn, "arn:aws:") && strings.Contains(*out.Arn, ":"+w.account+":"), "the caller's ARN is %s", *out.Arn)
	w.that(aws.ToString(out.UserId) != "", "the caller has no id")
}

// assume assumes a role of an account for 15 minutes.
func (w *world) assume(client *sts.Client, account, role string) *sts.AssumeRoleOutput {
	out, err := client.AssumeRole(w.ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + account + ":role/" + role), RoleSessionName: &w.name, DurationSeconds: aws.Int32(900),
	})
	w.ok(err)
	return out
}

// as is the configuration of clients that call with a session's credentials.
func (w *world) as(session *sts.AssumeRoleOutput) aws.Config {
	config, c := w.config, session.Credentials
	config.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	return config
}

// calls says as whom a configuration's clients call.
func (w *world) calls(config aws.Config, account, arn string) {
	who, err := sts.NewFromConfig(config).GetCallerIdentity(w.ctx, nil)
	w.ok(err)
	w.same("account", account, *who.Account)
	w.same("caller", arn, *who.Arn)
}

// deployer is the ARN of a session of that role.
func (w *world) deployer(account string) string {
	return "arn:aws:sts::" + account + ":assumed-role/deployer/" + w.name
}

func roleAssumed(w *world) {
	session := w.assume(w.sts, w.account, "deployer")
	w.same("session's ARN", w.deployer(w.account), *session.AssumedRoleUser.Arn)
	w.calls(w.as(session), w.account, w.deployer(w.account))
	_, err := elbv2.NewFromConfig(w.as(session)).DescribeListeners(w.ctx, &elbv2.DescribeListenersInput{ListenerArns: []string{w.listener()}})
	w.ok(err) // the session is of the same account, and sees what the user made
}

func otherAccount(w *world) {
	const account = "210987654321"
	config := w.as(w.assume(w.sts, account, "deployer"))
	w.calls(config, account, w.deployer(account))
	_, err := elbv2.NewFromConfig(config).DescribeListeners(w.ctx, &elbv2.DescribeListenersInput{ListenerArns: []string{w.listener()}})
	w.refused(err, "ListenerNotFound")
}

func rolesChained(w *world) {
	first := w.as(w.assume(w.sts, w.account, "hub"))
	second := w.as(w.assume(sts.NewFromConfig(first), w.account, "deployer"))
	w.calls(second, w.account, w.deployer(w.account))
}

func roleEnds(w *world) {
	left := time.Until(*w.assume(w.sts, w.account, "deployer").Credentials.Expiration)
	w.that(left > 14*time.Minute && left < 16*time.Minute, "credentials for 15 minutes end in %s", left)
}

func noRole(w *world) {
	_, err := w.sts.AssumeRole(w.ctx, &sts.AssumeRoleInput{RoleArn: aws.String("deployer"), RoleSessionName: &w.name})
	w.refused(err, "ValidationError")
}
