// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// eventsPerPage bounds what Events reads at a time.
const eventsPerPage = 100

// Events returns a page of an endpoint's trail: what follows the event of a number,
// the oldest first. It is empty when there is no more.
func (j *Journal) Events(ctx context.Context, name string, after int64) ([]endpoint.Event, error) {
	folder := j.key("trail", name) + "/"
	out, err := j.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: &j.Bucket, Prefix: &folder, StartAfter: aws.String(j.eventKey(name, after)), MaxKeys: aws.Int32(eventsPerPage),
	})
	if err != nil {
		return nil, fmt.Errorf("listing the trail in s3://%s/%s: %w", j.Bucket, folder, err)
	}
	var events []endpoint.Event
	for _, object := range out.Contents {
		e, err := j.event(ctx, aws.ToString(object.Key))
		if err != nil {
			return nil, fmt.Errorf("reading the event s3://%s/%s: %w", j.Bucket, aws.ToString(object.Key), err)
		}
		events = append(events, e)
	}
	return events, nil
}

// clocksDiffer is by how much, at most, the clocks of S3 and of the services are taken to
// differ by which events have their time.
const clocksDiffer = time.Minute

// Before returns the number of an event up to which all happened before a time: they
// were written since they happened, and S3 tells when that was without their being read.
func (j *Journal) Before(ctx context.Context, name string, at time.Time) (last int64, err error) {
	for object, err := range j.objects(ctx, "trail", name) {
		if err != nil {
			return 0, err
		}
		if !object.written.Before(at.Add(-clocksDiffer)) {
			break
		}
		if last, err = strconv.ParseInt(object.name, 10, 64); err != nil {
			return 0, fmt.Errorf("s3://%s/%s is no event of the trail: %w", j.Bucket, object.key, err)
		}
	}
	return last, nil
}

func (j *Journal) event(ctx context.Context, key string) (endpoint.Event, error) {
	var e endpoint.Event
	out, err := j.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &j.Bucket, Key: &key})
	if err != nil {
		return e, err
	}
	defer out.Body.Close()
	return e, json.NewDecoder(out.Body).Decode(&e)
}
