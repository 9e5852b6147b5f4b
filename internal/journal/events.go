// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"encoding/json"
	"fmt"

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

func (j *Journal) event(ctx context.Context, key string) (endpoint.Event, error) {
	var e endpoint.Event
	out, err := j.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &j.Bucket, Key: &key})
	if err != nil {
		return e, err
	}
	defer out.Body.Close()
	return e, json.NewDecoder(out.Body).Decode(&e)
}
