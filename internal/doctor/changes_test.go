// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// start starts a sandbox to which the environment leads.
func start(t *testing.T, config sandbox.Config) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.Info().EndpointURL, "AWS_ACCESS_KEY_ID": s.Info().AccessKeyID, "AWS_SECRET_ACCESS_KEY": s.Info().SecretAccessKey,
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return s
}

// found are the findings of a check, a line each.
func found(t *testing.T, c Config, check string) string {
	t.Helper()
	var lines []string
	for _, f := range Examine(t.Context(), c) {
		if f.Check == check {
			lines = append(lines, string(f.Level)+": "+f.Message+" → "+f.Mend)
		}
	}
	return strings.Join(lines, "\n")
}

// The session of a role is judged by the role, whose path it does not have: IAM is asked
// for it, and without an answer nothing is made up.
func TestRoleWithAPath(t *testing.T) {
	const account, deploy = "123456789012", "arn:aws:iam::123456789012:role/teams/checkout/deploy"
	for name, c := range map[string]struct {
		path  string
		extra []string
		want  string
	}{
		"found by IAM": {"/teams/checkout/", []string{"iam:GetRole", "iam:SimulatePrincipalPolicy"},
			"ok: by IAM's simulation of " + deploy + " the other"},
		"not to be found": {"/teams/checkout/", []string{"iam:SimulatePrincipalPolicy"},
			"note: whether the caller may change anything was not checked: the caller's role has a path, which its session does not tell → allow the caller iam:GetRole on its own role"},
		"without a path": {"/", []string{"iam:SimulatePrincipalPolicy"},
			"ok: by IAM's simulation of arn:aws:iam::123456789012:role/deploy the other"},
		"not to be simulated": {"/teams/checkout/", []string{"iam:GetRole"},
			"note: whether the caller may change anything was not checked: iam:SimulatePrincipalPolicy is denied → allow the caller iam:SimulatePrincipalPolicy on " + deploy + ", or compare"},
		"nothing of both": {"/teams/checkout/", []string{"iam:ListRoles"},
			"note: whether the caller may change anything was not checked: iam:SimulatePrincipalPolicy is denied → allow the caller iam:SimulatePrincipalPolicy on the caller's role, or compare"},
	} {
		t.Run(name, func(t *testing.T) {
			policy := permission.For(permission.Command, permission.Scope{Bucket: "ionroller-sandbox"})
			policy.Statement = append(policy.Statement, permission.Statement{Effect: "Allow", Action: c.extra, Resource: []string{"*"}})
			text, err := json.Marshal(policy)
			if err != nil {
				t.Fatal(err)
			}
			s := start(t, sandbox.Config{Accounts: []cloud.Account{{ID: account, Roles: []cloud.Role{{Name: "deploy", Path: c.path, Policy: string(text)}}}}})
			config := Config{Task: permission.Command, Config: onaws.Config{Bucket: s.Info().Bucket, Owner: "acme", AWS: awsclient.Config{
				Region:     s.Info().Region,
				AssumeRole: []awsclient.AssumeRole{{RoleARN: "arn:aws:iam::" + account + ":role" + c.path + "deploy", SessionName: "test"}},
			}}}
			if got := found(t, config, "permissions"); !strings.Contains(got, c.want) || strings.Contains(got, "problem") {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestSubject(t *testing.T) {
	for caller, want := range map[string]string{
		"arn:aws:iam::123456789012:user/teams/ann":      "",
		"arn:aws:iam::123456789012:root":                "root user",
		"arn:aws:sts::123456789012:federated-user/fred": "federated-user",
		"nobody": "no ARN",
	} {
		e := &examination{clients: &awsclient.Clients{CallerARN: caller}}
		subject, err := e.subject(t.Context())
		if want == "" && (err != nil || subject.whose() != caller) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s is %+v, %v", caller, subject, err)
		}
	}
}

// Everything that a policy allows is tried or asked for, on well-formed resources of the
// kind that an action knows, with what its condition asks for.
func TestEverythingIsAsked(t *testing.T) {
	dns := endpoint.Record{Endpoint: "checkout"}
	dns.Desired.DNS = &endpoint.DNS{ZoneID: "Z1"}
	e := &examination{
		Config:  Config{Config: onaws.Config{Bucket: "b"}, Listeners: []string{"arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/lb/1/2"}},
		clients: &awsclient.Clients{Account: "1", Region: "eu-west-1", Partition: "aws"}, records: []endpoint.Record{dns},
	}
	for _, task := range permission.Tasks() {
		e.Task = task
		for _, s := range permission.For(task, permission.Scope{Bucket: "b", Account: "1", Region: "eu-west-1", Endpoints: []string{"checkout"}}).Statement {
			if s.Sid == looks && !slices.Equal(s.Action, sorted(permission.Looking(task))) {
				t.Errorf("%s: not all of %s is tried", task, looks)
			}
			if s.Sid == looks {
				continue
			}
			var asked []string
			for _, q := range e.asked(s) {
				asked = append(asked, q.actions...)
				if (q.told["s3:if-none-match"] == "*") != (s.Condition != nil) || q.guess || len(q.resources) == 0 {
					t.Errorf("%s of the policy for %s: it is asked %+v", s.Sid, task, q)
				}
				for _, resource := range q.resources {
					if strings.Contains(resource, "*") {
						t.Errorf("%s of the policy for %s: it is asked about %s", s.Sid, task, resource)
					}
				}
			}
			if slices.Sort(asked); !slices.Equal(slices.Compact(asked), s.Action) {
				t.Errorf("%s of the policy for %s: it is asked for %v, not %v", s.Sid, task, asked, s.Action)
			}
		}
	}
	for pattern, want := range map[string]string{
		"arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/*":      "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/lb/1/2",
		"arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/*": "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/lb/1/2/0123456789abcdef",
		"arn:aws:route53:::hostedzone/*":                               "arn:aws:route53:::hostedzone/Z1",
	} {
		if got := e.known(pattern); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %v", pattern, got)
		}
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// IAM says who does not allow something in one result an action, or in one a resource.
func TestVerdicts(t *testing.T) {
	deny, no := types.PolicyEvaluationDecisionTypeExplicitDeny, types.PolicyEvaluationDecisionTypeImplicitDeny
	q := &question{}
	for name, c := range map[string]struct {
		result      types.EvaluationResult
		cause, mend string
	}{
		"no policy":       {types.EvaluationResult{EvalDecision: no}, "no policy of the caller allows it", "allow"},
		"a deny":          {types.EvaluationResult{EvalDecision: deny}, "a policy denies it", "--policy-source-arn me"},
		"the boundary":    {types.EvaluationResult{EvalDecision: no, PermissionsBoundaryDecisionDetail: &types.PermissionsBoundaryDecisionDetail{}}, "permissions boundary", "boundary of me"},
		"a boundary's ok": {types.EvaluationResult{EvalDecision: no, PermissionsBoundaryDecisionDetail: &types.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: true}}, "no policy", "allow"},
		"the organization": {types.EvaluationResult{EvalDecision: deny, OrganizationsDecisionDetail: &types.OrganizationsDecisionDetail{}, ResourceSpecificResults: []types.ResourceSpecificResult{
			{EvalResourceName: aws.String("r"), EvalResourceDecision: deny},
		}}, "organization", "service control"},
		"an unknown condition": {types.EvaluationResult{EvalDecision: no, MissingContextValues: []string{"aws:SourceIp"}}, "aws:SourceIp", "condition"},
		"the boundary of all": {types.EvaluationResult{EvalDecision: no, PermissionsBoundaryDecisionDetail: &types.PermissionsBoundaryDecisionDetail{}, ResourceSpecificResults: []types.ResourceSpecificResult{
			{EvalResourceName: aws.String("r"), EvalResourceDecision: no},
		}}, "permissions boundary", "boundary of me"},
		"one resource's": {types.EvaluationResult{EvalDecision: deny, ResourceSpecificResults: []types.ResourceSpecificResult{
			{EvalResourceName: aws.String("r"), EvalResourceDecision: no, PermissionsBoundaryDecisionDetail: &types.PermissionsBoundaryDecisionDetail{}},
		}}, "permissions boundary", "boundary of me"},
	} {
		all := verdictsOf(c.result, q)
		if len(all) != 1 || all[0].allowed() || !strings.Contains(all[0].cause(), c.cause) || !strings.Contains(all[0].mend("allow", "me"), c.mend) {
			t.Errorf("%s: %+v, because %s, mended by: %s", name, all, all[0].cause(), all[0].mend("allow", "me"))
		}
	}
}

// Refusals are told together where the same is refused, and apart where it is not.
func TestGather(t *testing.T) {
	q, other := &question{patterns: map[string]string{"b1": "b/*"}}, &question{}
	no := func(q *question, action, resource string) verdict {
		return verdict{asked: q, action: action, resource: resource, decision: types.PolicyEvaluationDecisionTypeImplicitDeny}
	}
	var got []string
	for _, r := range gather([]verdict{no(q, "get", "b1"), no(q, "put", "b1"), no(q, "get", "b2"), no(q, "put", "b2"), no(q, "get", "b3"), no(other, "get", "b1")}) {
		got = append(got, strings.Join(r.actions, ",")+" on "+r.on())
	}
	if want := []string{"get,put on b/* and 1 more", "get on b3", "get on b1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Who was let into a bucket by its own policy is not told that nothing may be written
// there; what is denied is denied, and what hangs on a condition was perhaps not let in.
func TestBucketThatLetsIn(t *testing.T) {
	no, deny := types.PolicyEvaluationDecisionTypeImplicitDeny, types.PolicyEvaluationDecisionTypeExplicitDeny
	listing := verdict{asked: &question{}, action: "s3:ListBucket", resource: "arn:aws:s3:::b", decision: no}
	refused := func(listing verdict) []verdict {
		return []verdict{
			listing,
			{action: "s3:PutObject", resource: "arn:aws:s3:::b/k", decision: no},
			{action: "s3:DeleteObject", resource: "arn:aws:s3:::b/k", decision: deny},
			{action: "s3:PutObject", resource: "arn:aws:s3:::b2/k", decision: no},
		}
	}
	e := &examination{loop: &roller.Roller{}}
	if left := e.judged(refused(listing)); len(left) != 2 || left[0].decision != deny || left[1].resource != "arn:aws:s3:::b2/k" || len(e.findings) != 1 || e.findings[0].Level != Note {
		t.Errorf("left are %+v, and it is said %+v", left, e.findings)
	}
	conditional, governed := listing, listing
	conditional.missing, governed.governed = []string{"aws:SourceVpce"}, true
	for name, c := range map[string]struct {
		loop    *roller.Roller
		listing verdict
	}{
		"it could not be listed":   {nil, listing},
		"by a condition":           {&roller.Roller{}, conditional},
		"against the organization": {&roller.Roller{}, governed},
	} {
		e := &examination{loop: c.loop}
		if left := e.judged(refused(c.listing)); len(left) != 4 || len(e.findings) != 0 {
			t.Errorf("%s: left are %+v, and it is said %+v", name, left, e.findings)
		}
	}
}
