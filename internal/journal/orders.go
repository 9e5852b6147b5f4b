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

// Order leaves an order for whoever holds the endpoint's lease, now or next. It
// needs no lease itself: an object of its own never meets the holder's writes.
func (j *Journal) Order(ctx context.Context, name string, o endpoint.Order) error {
	text, err := json.MarshalIndent(o, "", "  ")
	if err == nil {
		_, err = j.write(ctx, j.orderKey(name, o.ID), text, "")
	}
	if err != nil {
		return fmt.Errorf("leaving the order to %s for %s in bucket %s: %w", o.Kind, name, j.Bucket, err)
	}
	return nil
}

// Orders returns the orders that wait, the oldest first.
func (s *session) Orders(ctx context.Context) ([]endpoint.Order, error) {
	name := s.Record().Endpoint
	folder := s.j.key("orders", name) + "/"
	var orders []endpoint.Order
	pages := s3.NewListObjectsV2Paginator(s.j.s3, &s3.ListObjectsV2Input{Bucket: &s.j.Bucket, Prefix: &folder})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the orders in s3://%s/%s: %w", s.j.Bucket, folder, err)
		}
		for _, object := range page.Contents {
			o, err := s.j.order(ctx, aws.ToString(object.Key))
			if err != nil {
				return nil, fmt.Errorf("reading the order s3://%s/%s: %w", s.j.Bucket, aws.ToString(object.Key), err)
			}
			if o != nil {
				orders = append(orders, *o)
			}
		}
	}
	return orders, nil
}

// order reads one order; nil when it is gone meanwhile.
func (j *Journal) order(ctx context.Context, key string) (*endpoint.Order, error) {
	out, err := j.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &j.Bucket, Key: &key})
	if code(err) == "NoSuchKey" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	var o endpoint.Order
	if err := json.NewDecoder(out.Body).Decode(&o); err != nil {
		return nil, fmt.Errorf("it is not an order; remove it: %w", err)
	}
	return &o, nil
}

// Obeyed removes an order that was carried out.
func (s *session) Obeyed(ctx context.Context, id string) error {
	ctx, cancel := timely(ctx)
	defer cancel()
	key := s.j.orderKey(s.Record().Endpoint, id)
	if _, err := s.j.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.j.Bucket, Key: &key}); err != nil {
		return fmt.Errorf("removing the order s3://%s/%s: %w", s.j.Bucket, key, err)
	}
	return nil
}

func (j *Journal) orderKey(name, id string) string { return j.key("orders", name, id+".json") }
