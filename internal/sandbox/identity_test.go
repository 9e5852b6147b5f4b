// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// simulate gives the decisions of one action on resources, in their order.
func (w *world) simulate(arn, action string, resources []string, context ...string) (string, iamtypes.EvaluationResult) {
	w.Helper()
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn, ActionNames: []string{action}, ResourceArns: resources}
	for i := 0; i < len(context); i += 2 {
		in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{
			ContextKeyName: &context[i], ContextKeyValues: context[i+1 : i+2], ContextKeyType: iamtypes.ContextKeyTypeEnumString,
		})
	}
	result := must[*iam.SimulatePrincipalPolicyOutput](w)(w.iam.SimulatePrincipalPolicy(w.Context(), in)).EvaluationResults[0]
	var each []string
	for _, r := range result.ResourceSpecificResults {
		each = append(each, string(r.EvalResourceDecision))
	}
	return strings.Join(each, " "), result
}

// TestSimulate: what is simulated is what would happen, as far as it is told.
func TestSimulate(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	const scribe, bucket = "arn:aws:iam::123456789012:user/scribe", "arn:aws:s3:::b"
	u := w.as("scribe", strings.Join([]string{
		allow(bucket+"/records/*", "s3:PutObject"), allow(scribe, "iam:SimulatePrincipalPolicy"),
		`{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "` + bucket + `/trail/*", "Condition": {"StringEquals": {"s3:if-none-match": "*"}}}`,
		`{"Effect": "Deny", "Action": "s3:*", "Resource": "` + bucket + `/records/closed.json"}`,
	}, ","))
	records := []string{bucket + "/records/a.json", bucket + "/trail/1", bucket + "/records/closed.json"}
	each, result := u.simulate(scribe, "s3:PutObject", records)
	if each != "allowed implicitDeny explicitDeny" || result.EvalDecision != "explicitDeny" || result.EvalResourceName != nil {
		t.Errorf("%s, together %s", each, result.EvalDecision)
	}
	if missing := result.ResourceSpecificResults[1].MissingContextValues; len(missing) != 1 || missing[0] != "s3:if-none-match" {
		t.Errorf("missing is %q", missing)
	}
	if each, _ = u.simulate(scribe, "s3:PutObject", records[:2], "S3:If-None-Match", "*"); each != "allowed allowed" {
		t.Errorf("with the condition's key: %s", each)
	}
	if _, result = u.simulate(scribe, "elasticbeanstalk:CreateEnvironment", nil); result.EvalDecision != "implicitDeny" || *result.EvalResourceName != "*" {
		t.Errorf("on no resource: %+v", result)
	}

	// Pages.
	pages := iam.NewSimulatePrincipalPolicyPaginator(w.iam, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(scribe), ActionNames: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, MaxItems: aws.Int32(2),
	})
	count := 0
	for pages.HasMorePages() {
		count += len(must[*iam.SimulatePrincipalPolicyOutput](w)(pages.NextPage(t.Context())).EvaluationResults)
	}
	if count != 3 {
		t.Errorf("%d results on all pages", count)
	}

	// Not of others, and only what is said well.
	for arn, refusal := range map[string][2]string{
		"arn:aws:iam::123456789012:user/sandbox":                 {"AccessDenied", "iam:SimulatePrincipalPolicy on resource: arn:aws:iam::123456789012:user/sandbox"},
		"arn:aws:iam::123456789012:user/nobody":                  {"AccessDenied", ""},
		"arn:aws:sts::123456789012:assumed-role/deploy/somebody": {"AccessDenied", ""},
	} {
		_, err := u.iam.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn, ActionNames: []string{"s3:GetObject"}})
		u.wantCode(err, refusal[0], refusal[1])
	}
	for arn, code := range map[string]string{
		"arn:aws:iam::123456789012:user/nobody":                  "NoSuchEntity",
		"arn:aws:iam::210987654321:role/deploy":                  "NoSuchEntity", // of another account
		"arn:aws:iam::123456789012:root":                         "InvalidInput",
		"arn:aws:sts::123456789012:assumed-role/deploy/somebody": "InvalidInput",
	} {
		_, err := w.iam.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn, ActionNames: []string{"s3:GetObject"}})
		w.wantCode(err, code, "")
	}
	_, err := w.iam.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(scribe), ActionNames: []string{"s3:*"}})
	w.wantCode(err, "InvalidInput", "s3:*")
}

// TestSimulateRole: a role is simulated by its whole ARN, which its sessions do not
// have, and without what they were narrowed to.
func TestSimulateRole(t *testing.T) {
	t.Parallel()
	const deploy = "arn:aws:iam::123456789012:role/teams/checkout/deploy"
	w := start(t, func(c *sandbox.Config) {
		c.Accounts = []cloud.Account{{ID: "123456789012", Roles: []cloud.Role{
			{Name: "deploy", Path: "/teams/checkout/", Policy: `{"Statement": [` + allow("*", "s3:*", "iam:*") + `]}`},
		}}}
	})
	out := must[*sts.AssumeRoleOutput](w)(w.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(deploy), RoleSessionName: aws.String("test"), Policy: aws.String(`{"Statement": [` + allow("*", "iam:*") + `]}`),
	}))
	u := connectSession(t, w.sandbox, credentialsOf(out.Credentials))
	if who := *u.who().Arn; who != "arn:aws:sts::123456789012:assumed-role/deploy/test" {
		t.Errorf("the session is %s", who)
	}
	role := must[*iam.GetRoleOutput](u)(u.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("deploy")})).Role
	if *role.Arn != deploy || *role.Path != "/teams/checkout/" {
		t.Errorf("the role is %s at %s", *role.Arn, *role.Path)
	}
	if each, _ := u.simulate(deploy, "s3:PutObject", []string{"arn:aws:s3:::b/k"}); each != "allowed" {
		t.Errorf("the role's right is %s", each)
	}
	_, err := u.iam.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::123456789012:role/deploy"), ActionNames: []string{"s3:GetObject"},
	})
	u.wantCode(err, "NoSuchEntity", "deploy")
	_, err = u.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("other")})
	u.wantCode(err, "NoSuchEntity", "other")
	_, err = w.assume("123456789012", "deploy", nil)
	w.wantCode(err, "AccessDenied", "sts:AssumeRole")
}
