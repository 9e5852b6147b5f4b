// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"path"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// publish writes events to the trail. What is there already, because a run died
// between the trail and the next record, is left as it is.
func (j *Journal) publish(ctx context.Context, name string, events []endpoint.Event) error {
	for _, e := range events {
		if err := j.publishOne(ctx, name, e); err != nil {
			return fmt.Errorf("writing event %d of %s to the trail: %w", e.Sequence, name, err)
		}
	}
	return nil
}

func (j *Journal) publishOne(ctx context.Context, name string, e endpoint.Event) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	key := j.eventKey(name, e.Sequence)
	for {
		_, err = j.write(ctx, key, text, "")
		switch code(err) {
		case "PreconditionFailed":
			return j.same(ctx, key, e)
		case "ConditionalRequestConflict":
			if err := j.Clock.Sleep(ctx, conflictPause); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// same makes sure that the trail's event is this one.
func (j *Journal) same(ctx context.Context, key string, e endpoint.Event) error {
	out, err := j.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &j.Bucket, Key: aws.String(key)})
	if err != nil {
		return err
	}
	defer out.Body.Close()
	var there endpoint.Event
	if err := json.NewDecoder(out.Body).Decode(&there); err != nil || there.Hash() != e.Hash() {
		return fmt.Errorf("s3://%s/%s is another event: the trail was tampered with, or the endpoint's record was removed or set back by hand; "+
			"bring back the last version of the record, s3://%s/%s, if the bucket keeps versions; "+
			"to begin anew under the name, move the trail, s3://%s/%s/, elsewhere, and remove by hand what the endpoint still has in AWS",
			j.Bucket, key, j.Bucket, j.recordKey(e.Endpoint), j.Bucket, path.Dir(key))
	}
	return nil
}
