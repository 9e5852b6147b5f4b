// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// checkRegistryAuth asks whether the object with a registry's credentials is where
// the instances will look for it. Only the instances need to read it: here its bucket
// is listed, and whoever may not do that learns nothing.
func (p *Platform) checkRegistryAuth(ctx context.Context, auth endpoint.RegistryAuth, f *findings) error {
	if auth.Key == "" {
		return nil
	}
	bucket := cmp.Or(auth.Bucket, p.Bucket)
	missing := func() {
		f.add("container.registry_auth", "there is no object s3://%s/%s: put the registry's credentials there first, in the form of Docker's config.json", bucket, auth.Key)
	}
	// Of the keys that begin so, the key itself is the first.
	out, err := p.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &auth.Key, MaxKeys: aws.Int32(1)})
	if err == nil {
		if len(out.Contents) == 0 || aws.ToString(out.Contents[0].Key) != auth.Key {
			missing()
		}
		return nil
	}
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil {
		return fmt.Errorf("looking for s3://%s/%s: %w", bucket, auth.Key, err)
	}
	region := response.Response.Header.Get("X-Amz-Bucket-Region")
	switch status := response.HTTPStatusCode(); {
	case region != "" && region != p.region:
		f.add("container.registry_auth", "bucket %s is in Region %s and the endpoint is in %s: Elastic Beanstalk reads a registry's credentials only from a bucket of its own Region", bucket, region, p.region)
	case status == http.StatusForbidden:
	case status == http.StatusNotFound:
		missing()
	default:
		return fmt.Errorf("looking for s3://%s/%s: %w", bucket, auth.Key, err)
	}
	return nil
}
