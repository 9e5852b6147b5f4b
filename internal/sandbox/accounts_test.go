// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

const otherAccount = "210987654321"

func credentialsOf(c *ststypes.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

// assume connects as the session of a role, which is called test.
func (w *world) assume(account, role string, change func(*sts.AssumeRoleInput)) (*world, error) {
	in := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + account + ":role/" + role), RoleSessionName: aws.String("test")}
	if change != nil {
		change(in)
	}
	out, err := w.sts.AssumeRole(w.Context(), in)
	if err != nil {
		return nil, err
	}
	return connectSession(w.T, w.sandbox, credentialsOf(out.Credentials)), nil
}

func (w *world) who() sts.GetCallerIdentityOutput {
	w.Helper()
	return *must[*sts.GetCallerIdentityOutput](w)(w.sts.GetCallerIdentity(w.Context(), &sts.GetCallerIdentityInput{}))
}

// TestAccounts: the role of another account leads into another world.
func TestAccounts(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	if n := len(w.sandbox.Info().Accounts); n != 1 {
		t.Errorf("%d accounts at the start", n)
	}
	w.version("1.0.0")
	there, err := w.assume(otherAccount, "path/deploy", nil)
	if err != nil {
		t.Fatal(err)
	}
	who := there.who()
	if *who.Account != otherAccount || *who.Arn != "arn:aws:sts::"+otherAccount+":assumed-role/deploy/test" || !strings.HasPrefix(*who.UserId, "AROA") || !strings.HasSuffix(*who.UserId, ":test") {
		t.Errorf("%s %s %s", *who.Account, *who.Arn, *who.UserId)
	}
	var info sandbox.Info
	w.fetch("/_sandbox/info", &info)
	here, other := info.Accounts[info.AccountID], info.Accounts[otherAccount]
	if here.ListenerARN != info.ListenerARN || here.LoadBalancerURL != info.LoadBalancerURL || here.Bucket != info.Bucket ||
		other.VPCID == here.VPCID || other.LoadBalancerURL == here.LoadBalancerURL || !strings.Contains(other.ListenerARN, otherAccount) || other.Bucket == here.Bucket ||
		info.Listeners[other.ListenerARN] != other.LoadBalancerURL {
		t.Errorf("here %+v\nthere %+v", here, other)
	}
	if apps := must[*elasticbeanstalk.DescribeApplicationsOutput](there)(there.eb.DescribeApplications(ctx, &elasticbeanstalk.DescribeApplicationsInput{})); len(apps.Applications) != 0 {
		t.Errorf("applications of the first account are seen from the other: %+v", apps.Applications)
	}
	must[*elbv2.DescribeRulesOutput](there)(there.elb.DescribeRules(ctx, &elbv2.DescribeRulesInput{ListenerArn: &other.ListenerARN}))
	_, err = there.elb.DescribeRules(ctx, &elbv2.DescribeRulesInput{ListenerArn: &here.ListenerARN})
	there.wantCode(err, "ListenerNotFound", "")

	// Names of buckets are shared, buckets are not.
	must[*s3.ListObjectsV2Output](there)(there.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &other.Bucket}))
	_, err = there.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &here.Bucket})
	there.wantCode(err, "AccessDenied", "")
	_, err = there.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &here.Bucket})
	there.wantCode(err, "BucketAlreadyExists", "")
	must[*s3.CreateBucketOutput](there)(there.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("short-lived")}))
	must[*s3.DeleteBucketOutput](there)(there.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String("short-lived")}))
	must[*s3.CreateBucketOutput](w)(w.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("short-lived")}))

	// The log is one, and says who called.
	calls := w.sandbox.Calls()
	if last := calls[len(calls)-1]; last.Operation != "CreateBucket" {
		t.Errorf("last call %+v", last)
	}
	found := false
	for _, c := range calls {
		found = found || c.Principal == *who.Arn && c.Operation == "DescribeRules"
	}
	if !found {
		t.Error("the calls of the other account are not in the log")
	}

	// Chaining: for an hour at most, and back again.
	back, err := there.assume(info.AccountID, "back", nil)
	if err != nil {
		t.Fatal(err)
	}
	if id := *back.who().Account; id != info.AccountID {
		t.Errorf("back in %s", id)
	}
	_, err = there.assume(info.AccountID, "back", func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) })
	there.wantCode(err, "ValidationError", "chaining")
	for account, role := range map[string]string{"1": "x", otherAccount: "", "21098765432x": "x"} {
		_, err = w.assume(account, role, nil)
		w.wantCode(err, "ValidationError", "is invalid")
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) {
		c.Accounts = []cloud.Account{{ID: otherAccount, Roles: []cloud.Role{
			{Name: "deploy", ExternalID: "secret-handshake"},
			{Name: "look", Policy: `{"Statement": {"Effect": "Allow", "Action": "elasticloadbalancing:Describe*", "Resource": "*"}}`},
		}}}
		c.Principals = []cloud.Principal{{AccessKeyID: "AKIACONFIGURED", Name: "configured", Policy: []byte(`{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}`)}}
	})
	ctx := t.Context()
	if _, ok := w.sandbox.Info().Accounts[otherAccount]; !ok {
		t.Error("a declared account is not there from the start")
	}
	_, err := w.assume(otherAccount, "nobody", nil)
	w.wantCode(err, "AccessDenied", "User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::"+otherAccount+":role/nobody")
	_, err = w.assume(otherAccount, "deploy", nil)
	w.wantCode(err, "AccessDenied", "role/deploy")
	if _, err = w.assume(otherAccount, "deploy", func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("secret-handshake") }); err != nil {
		t.Error(err)
	}
	look, err := w.assume(otherAccount, "look", nil)
	if err != nil {
		t.Fatal(err)
	}
	must[*elbv2.DescribeLoadBalancersOutput](look)(look.elb.DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{}))
	_, err = look.eb.DescribeApplications(ctx, &elasticbeanstalk.DescribeApplicationsInput{})
	look.wantCode(err, "AccessDenied", "User: arn:aws:sts::"+otherAccount+":assumed-role/look/test is not authorized to perform: elasticbeanstalk:DescribeApplications")

	// A session's own policy only takes away.
	less, err := w.assume(w.info.AccountID, "any", func(in *sts.AssumeRoleInput) {
		in.Policy = aws.String(`{"Statement": {"Effect": "Allow", "Action": "elasticbeanstalk:*", "Resource": "*"}}`)
	})
	if err != nil {
		t.Fatal(err)
	}
	must[*elasticbeanstalk.DescribeApplicationsOutput](less)(less.eb.DescribeApplications(ctx, &elasticbeanstalk.DescribeApplicationsInput{}))
	_, err = less.elb.DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{})
	less.wantCode(err, "AccessDenied", "because no session policy allows the elasticloadbalancing:DescribeLoadBalancers action")
	_, err = w.assume(w.info.AccountID, "any", func(in *sts.AssumeRoleInput) { in.Policy = aws.String("{}") })
	w.wantCode(err, "MalformedPolicyDocument", "Statement")

	configured := connect(t, w.sandbox, "AKIACONFIGURED", "x")
	must[*s3.ListBucketsOutput](configured)(configured.s3.ListBuckets(ctx, &s3.ListBucketsInput{}))
	_, err = configured.eb.DescribeApplications(ctx, &elasticbeanstalk.DescribeApplicationsInput{})
	configured.wantCode(err, "AccessDenied", "")
	for _, bad := range []sandbox.Config{
		{Accounts: []cloud.Account{{ID: "12"}}},
		{Accounts: []cloud.Account{{ID: otherAccount, Roles: []cloud.Role{{Name: "x", Policy: "{"}}}}},
		{Principals: []cloud.Principal{{AccessKeyID: "AKIAX", Name: "x", Policy: []byte("{}")}}},
	} {
		if s, err := sandbox.Start(ctx, bad); err == nil {
			s.Close()
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestWebIdentity(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	token := func(claims string) *string {
		t := "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".signature"
		return &t
	}
	anonymous := sts.New(sts.Options{Region: w.info.Region, BaseEndpoint: &w.info.EndpointURL, Credentials: aws.AnonymousCredentials{}})
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String("arn:aws:iam::" + otherAccount + ":role/ci"), RoleSessionName: aws.String("build-7")}
	in.WebIdentityToken = token(fmt.Sprintf(`{"iss": "https://ci.acme.com", "sub": "repo:acme/infra", "aud": ["sts.amazonaws.com"], "exp": %d}`, time.Now().Add(time.Minute).Unix()))
	out := must[*sts.AssumeRoleWithWebIdentityOutput](w)(anonymous.AssumeRoleWithWebIdentity(ctx, in))
	if *out.SubjectFromWebIdentityToken != "repo:acme/infra" || *out.Provider != "ci.acme.com" || *out.Audience != "sts.amazonaws.com" {
		t.Errorf("%+v", out)
	}
	if who := connectSession(t, w.sandbox, credentialsOf(out.Credentials)).who(); *who.Arn != "arn:aws:sts::"+otherAccount+":assumed-role/ci/build-7" {
		t.Errorf("%s", *who.Arn)
	}
	in.WebIdentityToken = token(`{"iss": "https://ci.acme.com", "sub": "repo:acme/infra", "exp": 1}`)
	_, err := anonymous.AssumeRoleWithWebIdentity(ctx, in)
	w.wantCode(err, "ExpiredTokenException", "Token expired")
	in.WebIdentityToken = aws.String("opaque")
	_, err = anonymous.AssumeRoleWithWebIdentity(ctx, in)
	w.wantCode(err, "InvalidIdentityToken", "JWT")
	_, err = anonymous.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.wantCode(err, "MissingAuthenticationToken", "")
}

// TestSessionToken: temporary credentials are worth nothing without their token.
func TestSessionToken(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	out := must[*sts.AssumeRoleOutput](w)(w.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/x"), RoleSessionName: aws.String("test")}))
	for _, token := range []string{"", "wrong"} {
		c := credentialsOf(out.Credentials)
		c.SessionToken = token
		x := connectSession(t, w.sandbox, c)
		_, err := x.eb.DescribeApplications(ctx, &elasticbeanstalk.DescribeApplicationsInput{})
		x.wantCode(err, "InvalidClientTokenId", "")
		_, err = x.s3.ListBuckets(ctx, &s3.ListBucketsInput{})
		x.wantCode(err, "InvalidToken", "")
	}
}
