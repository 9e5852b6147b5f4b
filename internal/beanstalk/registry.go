// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// checkRegistryAuth asks whether the object with a registry's credentials is where
// the instances will look for it. Its content is not read. Whoever may not know
// learns nothing: only the instances need to read it.
func (p *Platform) checkRegistryAuth(ctx context.Context, auth endpoint.RegistryAuth, f *findings) error {
	if auth.Key == "" {
		return nil
	}
	bucket := cmp.Or(auth.Bucket, p.Bucket)
	_, err := p.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &auth.Key})
	if err == nil {
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
		f.add("container.registry_auth", "there is no object s3://%s/%s: put the registry's credentials there first, in the form of Docker's config.json", bucket, auth.Key)
	default:
		return fmt.Errorf("looking for s3://%s/%s: %w", bucket, auth.Key, err)
	}
	return nil
}
