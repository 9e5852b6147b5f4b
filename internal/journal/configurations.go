// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// keep writes the configurations that a record's new events name, before the record
// itself is written, so that no event names one that is not there. They are named by
// what is in them: one that is there already is the same.
func (s *session) keep(ctx context.Context, r *endpoint.Record) error {
	for digest, text := range r.Told() {
		if s.kept[digest] {
			continue
		}
		key := s.j.configurationKey(r.Endpoint, digest)
		for {
			_, err := s.j.write(ctx, key, text, "")
			if code(err) == "ConditionalRequestConflict" {
				if err := s.j.Clock.Sleep(ctx, conflictPause); err != nil {
					return err
				}
				continue
			}
			if err != nil && code(err) != "PreconditionFailed" {
				return fmt.Errorf("keeping a configuration of %s in s3://%s/%s: %w", r.Endpoint, s.j.Bucket, key, err)
			}
			break
		}
		if s.kept == nil {
			s.kept = map[string]bool{}
		}
		s.kept[digest] = true
	}
	return nil
}

// Configuration returns what an endpoint was configured with, by the digest that an
// event of its trail names; nil when it was removed.
func (j *Journal) Configuration(ctx context.Context, name, digest string) (*endpoint.Spec, error) {
	key := j.configurationKey(name, digest)
	spec, err := j.configuration(ctx, key, digest)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration s3://%s/%s: %w", j.Bucket, key, err)
	}
	return spec, nil
}

func (j *Journal) configuration(ctx context.Context, key, digest string) (*endpoint.Spec, error) {
	out, err := j.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &j.Bucket, Key: aws.String(key)})
	if code(err) == "NoSuchKey" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, err
	}
	spec, err := endpoint.ReadSpec(text, digest)
	if err != nil {
		return nil, err
	}
	return &spec, nil
}

func (j *Journal) configurationKey(name, digest string) string {
	return j.key("configurations", name, digest+".json")
}
