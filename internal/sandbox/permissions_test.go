// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// as makes a user with a policy of the given statements, and connects as it.
func (w *world) as(name, statements string) *world {
	w.Helper()
	key := "AKIA" + strings.ToUpper(name)
	status, body := w.control(http.MethodPut, "/_sandbox/principals/"+key, `{"name": "`+name+`", "secret_access_key": "x", "policy": {"Version": "2012-10-17", "Statement": [`+statements+`]}}`)
	var made struct{ ARN string }
	if err := json.Unmarshal([]byte(body), &made); status != http.StatusOK || err != nil || made.ARN != "arn:aws:iam::123456789012:user/"+name {
		w.Fatalf("%d %s", status, body)
	}
	return connect(w.T, w.sandbox, key, "x")
}

// control calls the sandbox's own endpoints.
func (w *world) control(method, path, body string) (int, string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.info.EndpointURL+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func allow(resource string, actions ...string) string {
	list, _ := json.Marshal(actions)
	return fmt.Sprintf(`{"Effect": "Allow", "Action": %s, "Resource": %q}`, list, resource)
}

func (w *world) forward(group string) []elbtypes.Action {
	return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &group}}
}

func TestDeniedByResource(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	group := func(name string) string {
		return *must[*elbv2.CreateTargetGroupOutput](w)(w.elb.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
			Name: &name, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &w.info.VPCID,
		})).TargetGroups[0].TargetGroupArn
	}
	mine, theirs := group("mine"), group("theirs")
	rule := *must[*elbv2.CreateRuleOutput](w)(w.elb.CreateRule(ctx, &elbv2.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(7), Actions: w.forward(mine),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), Values: []string{"a.com"}}},
	})).Rules[0].RuleArn
	u := w.as("deployer", strings.Join([]string{
		allow("*", "elasticloadbalancing:Describe*"),
		allow(mine, "elasticloadbalancing:ModifyTargetGroup*"),
		allow(w.info.ListenerARN, "elasticloadbalancing:CreateRule"),
		allow("arn:aws:elasticloadbalancing:*:*:targetgroup/new-*", "elasticloadbalancing:CreateTargetGroup"),
		allow("arn:aws:elasticbeanstalk:us-east-1:123456789012:application/checkout", "elasticbeanstalk:*"),
		allow("arn:aws:elasticbeanstalk:us-east-1:123456789012:environment/checkout/*", "elasticbeanstalk:*"),
		allow("arn:aws:cloudwatch:us-east-1:123456789012:alarm:checkout-*", "cloudwatch:*"),
		`{"Effect": "Deny", "Action": "elasticbeanstalk:TerminateEnvironment", "Resource": "*"}`,
	}, ","))
	denied := func(err error, action, resource string) {
		t.Helper()
		u.wantCode(err, "AccessDenied", "User: arn:aws:iam::123456789012:user/deployer is not authorized to perform: "+action+" on resource: "+resource+" because no identity-based policy allows the "+action+" action")
	}

	must[*elbv2.ModifyTargetGroupOutput](u)(u.elb.ModifyTargetGroup(ctx, &elbv2.ModifyTargetGroupInput{TargetGroupArn: &mine, HealthCheckPath: aws.String("/")}))
	_, err := u.elb.ModifyTargetGroup(ctx, &elbv2.ModifyTargetGroupInput{TargetGroupArn: &theirs, HealthCheckPath: aws.String("/")})
	denied(err, "elasticloadbalancing:ModifyTargetGroup", theirs)
	_, err = u.elb.ModifyRule(ctx, &elbv2.ModifyRuleInput{RuleArn: &rule, Actions: w.forward(theirs)})
	denied(err, "elasticloadbalancing:ModifyRule", rule)
	_, err = u.elb.SetRulePriorities(ctx, &elbv2.SetRulePrioritiesInput{RulePriorities: []elbtypes.RulePriorityPair{{RuleArn: &rule, Priority: aws.Int32(8)}}})
	denied(err, "elasticloadbalancing:SetRulePriorities", rule)
	create := &elbv2.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(9), Actions: w.forward(mine),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), Values: []string{"b.com"}}},
		Tags:       []elbtypes.Tag{{Key: aws.String("team"), Value: aws.String("x")}},
	}
	_, err = u.elb.CreateRule(ctx, create)
	u.wantCode(err, "AccessDenied", "elasticloadbalancing:AddTags on resource: arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/")
	create.Tags = nil
	must[*elbv2.CreateRuleOutput](u)(u.elb.CreateRule(ctx, create))
	must[*elbv2.CreateTargetGroupOutput](u)(u.elb.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("new-1"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &w.info.VPCID}))
	_, err = u.elb.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("old"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &w.info.VPCID})
	denied(err, "elasticloadbalancing:CreateTargetGroup", "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/old/*")

	must[*elasticbeanstalk.CreateApplicationOutput](u)(u.eb.CreateApplication(ctx, &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("checkout")}))
	_, err = u.eb.CreateApplication(ctx, &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("search")})
	denied(err, "elasticbeanstalk:CreateApplication", "arn:aws:elasticbeanstalk:us-east-1:123456789012:application/search")
	w.version("1.0.0")
	_, err = u.eb.CreateEnvironment(ctx, &elasticbeanstalk.CreateEnvironmentInput{
		ApplicationName: aws.String("checkout"), EnvironmentName: aws.String("checkout-0"), VersionLabel: aws.String("1.0.0"), PlatformArn: aws.String(platformARN),
		OptionSettings: w.settings("aws:elasticbeanstalk:environment", "ServiceRole", "eb-service"),
	})
	denied(err, "iam:PassRole", "arn:aws:iam::123456789012:role/eb-service")
	_, err = u.eb.CreateEnvironment(ctx, &elasticbeanstalk.CreateEnvironmentInput{
		ApplicationName: aws.String("checkout"), EnvironmentName: aws.String("checkout-0"), VersionLabel: aws.String("1.0.0"), PlatformArn: aws.String(platformARN),
		OptionSettings: w.settings("aws:autoscaling:launchconfiguration", "IamInstanceProfile", "arn:aws:iam::123456789012:instance-profile/eb-ec2"),
	})
	denied(err, "iam:PassRole", "arn:aws:iam::123456789012:role/eb-ec2")
	id := *u.create("checkout-1", "1.0.0").EnvironmentId
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	_, err = u.eb.TerminateEnvironment(ctx, &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &id})
	u.wantCode(err, "AccessDenied", "elasticbeanstalk:TerminateEnvironment on resource: arn:aws:elasticbeanstalk:us-east-1:123456789012:environment/checkout/checkout-1 with an explicit deny in an identity-based policy")
	scaling := w.resource(id, "AWSEBAutoScalingGroup")
	arn := *must[*autoscaling.DescribeAutoScalingGroupsOutput](w)(w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})).AutoScalingGroups[0].AutoScalingGroupARN
	_, err = u.asg.SetDesiredCapacity(ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: &scaling, DesiredCapacity: aws.Int32(3)})
	denied(err, "autoscaling:SetDesiredCapacity", arn)
	_, err = u.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
	u.wantCode(err, "AccessDenied", "is not authorized to perform: autoscaling:DescribeAutoScalingGroups because no")

	must[*cloudwatch.PutMetricAlarmOutput](u)(u.cw.PutMetricAlarm(ctx, alarmOn("x", func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmName = aws.String("checkout-x") })))
	_, err = u.cw.PutMetricAlarm(ctx, alarmOn("x", nil))
	denied(err, "cloudwatch:PutMetricAlarm", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:on-x")
	_, err = u.cw.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"checkout-x"}})
	denied(err, "cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:*")
	_, err = u.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/x"), RoleSessionName: aws.String("test")})
	denied(err, "sts:AssumeRole", "arn:aws:iam::123456789012:role/x")
	must[*sts.GetCallerIdentityOutput](u)(u.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
}

func TestDeniedInS3(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	put := func(u *world, key string) error {
		_, err := u.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: &key, Body: strings.NewReader("x")})
		return err
	}
	get := func(u *world, key string) error {
		_, err := u.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &w.info.Bucket, Key: &key})
		return err
	}
	for _, key := range []string{"records/a", "trail/a", "trail/b", "trail/keep"} {
		if err := put(w, key); err != nil {
			t.Fatal(err)
		}
	}
	bucket := "arn:aws:s3:::" + w.info.Bucket
	u := w.as("journal", strings.Join([]string{
		allow(bucket+"/records/*", "s3:GetObject", "s3:PutObject"), allow(bucket+"/trail/?", "s3:DeleteObject"),
		`{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "` + bucket + `", "Condition": {"StringLike": {"s3:prefix": "trail/*"}}}`,
	}, ","))
	if err := put(u, "records/a"); err != nil {
		t.Error(err)
	}
	if err := get(u, "records/a"); err != nil {
		t.Error(err)
	}
	u.wantCode(put(u, "trail/a"), "AccessDenied", `User: arn:aws:iam::123456789012:user/journal is not authorized to perform: s3:PutObject on resource: "`+bucket+`/trail/a" because no identity-based policy allows the s3:PutObject action`)
	u.wantCode(get(u, "trail/a"), "AccessDenied", "s3:GetObject")

	// Without the permission to list, a missing object is forbidden, not missing.
	u.wantCode(get(u, "records/missing"), "AccessDenied", "s3:ListBucket")
	_, err := u.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &w.info.Bucket, Key: aws.String("records/missing")})
	u.wantCode(err, "Forbidden", "")
	calls := w.sandbox.Calls() // which tell what the answer to HEAD does not
	if last := calls[len(calls)-1]; last.Outcome != "403" || !strings.Contains(last.Message, "is not authorized to perform: s3:ListBucket on resource: \""+bucket+"\"") {
		t.Errorf("the log has %+v", last)
	}
	lister := w.as("lister", allow(bucket+"/*", "s3:GetObject")+","+allow(bucket, "s3:ListBucket"))
	lister.wantCode(get(lister, "records/missing"), "NoSuchKey", "")

	must[*s3.ListObjectsV2Output](u)(u.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.info.Bucket, Prefix: aws.String("trail/x")}))
	_, err = u.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.info.Bucket, Prefix: aws.String("records/")})
	u.wantCode(err, "AccessDenied", `s3:ListBucket on resource: "`+bucket+`"`)
	_, err = u.s3.ListBuckets(ctx, &s3.ListBucketsInput{})
	u.wantCode(err, "AccessDenied", "s3:ListAllMyBuckets because")
	_, err = u.s3.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &w.info.Bucket, Key: aws.String("records/c"), CopySource: aws.String(w.info.Bucket + "/trail/a")})
	u.wantCode(err, "AccessDenied", "s3:GetObject")
	_, err = u.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: aws.String("records/t"), Body: strings.NewReader("x"), Tagging: aws.String("a=b")})
	u.wantCode(err, "AccessDenied", "s3:PutObjectTagging")

	// The parts of an upload need what a whole object does; ending and listing
	// uploads are actions of their own.
	key := aws.String("records/big")
	upload := must[*s3.CreateMultipartUploadOutput](u)(u.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &w.info.Bucket, Key: key}))
	must[*s3.UploadPartOutput](u)(u.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: &w.info.Bucket, Key: key, UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")}))
	_, err = u.s3.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: &w.info.Bucket, Key: key, UploadId: upload.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String(w.info.Bucket + "/trail/a")})
	u.wantCode(err, "AccessDenied", "s3:GetObject")
	_, err = u.s3.ListParts(ctx, &s3.ListPartsInput{Bucket: &w.info.Bucket, Key: key, UploadId: upload.UploadId})
	u.wantCode(err, "AccessDenied", `s3:ListMultipartUploadParts on resource: "`+bucket+`/records/big"`)
	_, err = u.s3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &w.info.Bucket})
	u.wantCode(err, "AccessDenied", `s3:ListBucketMultipartUploads on resource: "`+bucket+`"`)
	_, err = u.s3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &w.info.Bucket, Key: key, UploadId: upload.UploadId})
	u.wantCode(err, "AccessDenied", "s3:AbortMultipartUpload")
	_, err = u.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &w.info.Bucket, Key: aws.String("trail/big")})
	u.wantCode(err, "AccessDenied", "s3:PutObject")
	_, err = u.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &w.info.Bucket, Key: aws.String("trail/big"), UploadId: upload.UploadId})
	u.wantCode(err, "AccessDenied", "s3:PutObject")

	// Of several objects those are deleted that may be.
	several := must[*s3.DeleteObjectsOutput](u)(u.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &w.info.Bucket, Delete: &s3types.Delete{
		Objects: []s3types.ObjectIdentifier{{Key: aws.String("trail/a")}, {Key: aws.String("trail/keep")}, {Key: aws.String("trail/b")}},
	}}))
	if len(several.Deleted) != 2 || len(several.Errors) != 1 || *several.Errors[0].Key != "trail/keep" || *several.Errors[0].Code != "AccessDenied" {
		t.Errorf("%+v", several)
	}
}

// Elastic Beanstalk reads and removes source bundles in the caller's name.
func TestDeniedSourceBundle(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	w.version("1.0.0")
	object := "arn:aws:s3:::" + w.info.Bucket + "/1.0.0.zip"
	with := func(name string, more ...string) *world {
		return w.as(name, strings.Join(append(more, allow("arn:aws:elasticbeanstalk:us-east-1:123456789012:applicationversion/*", "elasticbeanstalk:*")), ","))
	}
	in := &elasticbeanstalk.CreateApplicationVersionInput{
		ApplicationName: aws.String("checkout"), VersionLabel: aws.String("again"),
		SourceBundle: &ebtypes.S3Location{S3Bucket: &w.info.Bucket, S3Key: aws.String("1.0.0.zip")},
	}
	u := with("versions")
	_, err := u.eb.CreateApplicationVersion(ctx, in)
	u.wantCode(err, "AccessDenied", "elasticbeanstalk:CreateApplicationVersion on resource: arn:aws:elasticbeanstalk:us-east-1:123456789012:application/checkout")
	application := allow("arn:aws:elasticbeanstalk:us-east-1:123456789012:application/checkout", "elasticbeanstalk:CreateApplicationVersion")
	u = with("bundles", application)
	_, err = u.eb.CreateApplicationVersion(ctx, in)
	u.wantCode(err, "AccessDenied", "s3:GetObject on resource: "+object)
	u = with("readers", application, allow(object, "s3:GetObject"))
	must[*elasticbeanstalk.CreateApplicationVersionOutput](u)(u.eb.CreateApplicationVersion(ctx, in))

	remove := &elasticbeanstalk.DeleteApplicationVersionInput{ApplicationName: aws.String("checkout"), VersionLabel: aws.String("1.0.0"), DeleteSourceBundle: aws.Bool(true)}
	_, err = u.eb.DeleteApplicationVersion(ctx, remove)
	u.wantCode(err, "AccessDenied", "s3:DeleteObject on resource: "+object)
	remove.DeleteSourceBundle = nil
	must[*elasticbeanstalk.DeleteApplicationVersionOutput](u)(u.eb.DeleteApplicationVersion(ctx, remove))
}

// Who may only make objects does not replace any.
func TestDeniedToReplace(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	u := w.as("scribe", `{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*", "Condition": {"StringEquals": {"s3:if-none-match": "*"}}}`)
	in := func(condition *string) *s3.PutObjectInput {
		return &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: aws.String("trail/1"), Body: strings.NewReader("x"), IfNoneMatch: condition}
	}
	must[*s3.PutObjectOutput](u)(u.s3.PutObject(t.Context(), in(aws.String("*"))))
	_, err := u.s3.PutObject(t.Context(), in(nil))
	u.wantCode(err, "AccessDenied", "s3:PutObject")
	_, err = u.s3.PutObject(t.Context(), in(aws.String("*")))
	u.wantCode(err, "PreconditionFailed", "")
}

func TestDeniedInEC2(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.as("nobody", allow("*", "s3:*"))
	status, text := w.ec2("AKIANOBODY", "DescribeVpcs")
	if status != http.StatusForbidden || !strings.Contains(text, "<Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: ec2:DescribeVpcs because") {
		t.Errorf("%d %s", status, text)
	}
}

func TestPrincipalsEndpoint(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	for body, want := range map[string]string{
		`{"name": "x", "policy": {"Statement": {"Effect": "Allow", "Action": "*:Get*", "Resource": "*"}}}`: "*:Get*",
		`{"name": "x", "polcy": {}}`:             "polcy",
		`{"policy": null}`:                       "a name",
		`{"name": "x", "account": "1"}`:          "twelve digits",
		`{"name": "x", "access_key_id": "AKIB"}`: "another",
	} {
		if status, text := w.control(http.MethodPut, "/_sandbox/principals/AKIAX", body); status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if status, text := w.control(http.MethodPut, "/_sandbox/principals/AKIAX", `{"name": "x", "account": "210987654321", "policy": null}`); status != http.StatusOK || !strings.Contains(text, `"arn":"arn:aws:iam::210987654321:user/x"`) {
		t.Errorf("%d %s", status, text)
	}
	x := connect(t, w.sandbox, "AKIAX", "any")
	if who := must[*sts.GetCallerIdentityOutput](x)(x.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})); *who.Account != "210987654321" {
		t.Errorf("%+v", who)
	}
	if status, _ := w.control(http.MethodDelete, "/_sandbox/principals/AKIAX", ""); status != http.StatusNoContent {
		t.Errorf("status %d", status)
	}
	_, err := x.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	x.wantCode(err, "InvalidClientTokenId", "")
	if status, _ := w.control(http.MethodGet, "/_sandbox/principals/AKIAX", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("status %d", status)
	}
}
