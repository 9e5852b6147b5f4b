// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// safeguard is something that keeps the objects of a bucket from harm.
type safeguard struct {
	action string // by which it is looked at
	// look says what the bucket does; "" when it does not.
	look    func(ctx context.Context, client *s3.Client, bucket string) (string, error)
	without string // what it is like without
	mend    string // to be followed by the bucket's name
}

// everySafeguard is looked at, in this order. What S3 calls not found was taken away.
//
// Source: GetBucketVersioning, GetBucketEncryption and GetPublicAccessBlock in the
// Amazon S3 API Reference.
var everySafeguard = []safeguard{
	{
		"s3:GetBucketVersioning", keepsVersions,
		"keeps no versions: a record that somebody overwrites or removes by hand is lost",
		"turn versioning on: aws s3api put-bucket-versioning --versioning-configuration Status=Enabled --bucket ",
	},
	{
		"s3:GetEncryptionConfiguration", encrypts,
		"has no default encryption",
		`turn it on: aws s3api put-bucket-encryption --server-side-encryption-configuration '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}' --bucket `,
	},
	{
		"s3:GetBucketPublicAccessBlock", blocksPublic,
		"does not block public access: unless the account does, one careless policy opens records and bundles to everybody",
		"block it: aws s3api put-public-access-block --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true --bucket ",
	},
}

// safeguards looks at those of a bucket. ionroller needs none of them, nor the
// permissions to look: what the caller may not look at is a note.
func (e *examination) safeguards(ctx context.Context, check, bucket, region string) {
	var has, unseen []string
	for _, s := range everySafeguard {
		what, err := s.look(ctx, e.clients.S3In(region), bucket)
		switch {
		case denied(err):
			unseen = append(unseen, s.action)
		case err != nil:
			e.add(Note, check, "mend what S3 says, if doctor is to look", "%s of %s was not looked at: %v", s.action, bucket, err)
		case what == "":
			e.add(Warning, check, s.mend+bucket, "%s %s", bucket, s.without)
		default:
			has = append(has, what)
		}
	}
	if len(has) > 0 {
		e.ok(check, "%s %s", bucket, strings.Join(has, ", "))
	}
	if len(unseen) > 0 {
		e.add(Note, check, "allow the caller these actions on the bucket, if doctor is to look: nothing else needs them",
			"how %s is protected was not looked at, because it is denied: %s", bucket, strings.Join(unseen, ", "))
	}
}

func keepsVersions(ctx context.Context, client *s3.Client, bucket string) (string, error) {
	out, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
	if err != nil || out.Status != types.BucketVersioningStatusEnabled {
		return "", err
	}
	return "keeps versions", nil
}

func encrypts(ctx context.Context, client *s3.Client, bucket string) (string, error) {
	out, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &bucket})
	if err != nil {
		return "", present(err, "ServerSideEncryptionConfigurationNotFoundError")
	}
	if out.ServerSideEncryptionConfiguration == nil { // as others than S3 answer
		return "", nil
	}
	for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
		if by := rule.ApplyServerSideEncryptionByDefault; by != nil {
			return "encrypts by " + string(by.SSEAlgorithm), nil
		}
	}
	return "", nil
}

func blocksPublic(ctx context.Context, client *s3.Client, bucket string) (string, error) {
	out, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
	if err != nil {
		return "", present(err, "NoSuchPublicAccessBlockConfiguration")
	}
	b := cmp.Or(out.PublicAccessBlockConfiguration, &types.PublicAccessBlockConfiguration{})
	if aws.ToBool(b.BlockPublicAcls) && aws.ToBool(b.IgnorePublicAcls) && aws.ToBool(b.BlockPublicPolicy) && aws.ToBool(b.RestrictPublicBuckets) {
		return "blocks public access", nil
	}
	return "", nil
}

// present is an error, but for that which says that there is nothing.
func present(err error, none string) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == none {
		return nil
	}
	return err
}
