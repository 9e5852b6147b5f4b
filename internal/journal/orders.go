// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"encoding/json"
	"fmt"

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
	var orders []endpoint.Order
	for object, err := range s.j.objects(ctx, "orders", s.Record().Endpoint) {
		if err != nil {
			return nil, err
		}
		var o endpoint.Order
		switch there, err := s.j.read(ctx, object.key, &o); {
		case err != nil:
			return nil, fmt.Errorf("reading the order s3://%s/%s: %w", s.j.Bucket, object.key, err)
		case there:
			orders = append(orders, o)
		}
	}
	return orders, nil
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
