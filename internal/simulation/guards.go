// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// requestsPerMinute is what the endpoint's users send.
const requestsPerMinute = 1000

// Measure is the requests of the rule as it is now, shared by weight.
func (m meter) Measure(ctx context.Context, group string, since time.Time, _ float64) (rollout.Measure, error) {
	w := m.h.w
	measure := rollout.Measure{From: since, To: w.Now}
	err := m.h.call(ctx, "Measure", func() error {
		e := w.Environments[nameOf(group)]
		if e == nil || w.Rule == nil {
			return nil
		}
		measure.Requests = w.Now.Sub(since).Minutes() * requestsPerMinute * float64(w.Rule.Weights[nameOf(group)]) / 100
		measure.Errors = measure.Requests * w.errors(nameOf(group)) / 100
		return nil
	})
	return measure, err
}

func (m meter) Alarms(ctx context.Context, names []string, since time.Time) (map[string]rollout.Alarm, error) {
	alarms := map[string]rollout.Alarm{}
	err := m.h.call(ctx, "Alarms", func() error {
		for _, name := range names {
			a, ok := m.h.w.Alarms[name]
			if since.IsZero() || a.Fired.Before(since) {
				a.Fired = time.Time{}
			}
			if ok {
				alarms[name] = a
			}
		}
		return nil
	})
	return alarms, err
}

// testRule is the ARN of the test route's rule.
const testRule = "test rule"

func (b balancer) Aim(ctx context.Context, _ *endpoint.Record, group string) (string, error) {
	return testRule, b.h.change(ctx, "Aim "+nameOf(group), func() error {
		b.h.w.TestTarget = nameOf(group)
		return nil
	})
}

func (b balancer) TestURL(context.Context, endpoint.Spec) (string, error) {
	return "http://test.model", nil
}

func (b balancer) Entrance(context.Context, endpoint.Routing) (string, error) {
	return "http://model", nil
}

type prober struct{ h *holder }

func (p prober) Probe(ctx context.Context, _ string, _ endpoint.Spec) (fault string, err error) {
	w := p.h.w
	err = p.h.call(ctx, "Probe", func() error {
		e := w.Environments[w.TestTarget]
		if e == nil || w.Healthy(w.TestTarget) == 0 || w.Smoking[e.Release.Version] {
			fault = "it answers 500"
		}
		return nil
	})
	return fault, err
}

// Events are those after one of a number.
func (j *journal) Events(ctx context.Context, _ string, after int64) ([]endpoint.Event, error) {
	var events []endpoint.Event
	err := j.h.call(ctx, "Events", func() error {
		events = slices.Clone(j.h.w.Trail[min(int(after), len(j.h.w.Trail)):])
		return nil
	})
	return events, err
}

// Before knows of none: in a life nobody asks.
func (j *journal) Before(context.Context, string, time.Time) (int64, error) { return 0, nil }

// Configuration finds nothing: in a life nobody asks for what was, and an invariant
// checks that all of it would be kept.
func (j *journal) Configuration(context.Context, string, string) (*endpoint.Spec, error) {
	return nil, nil
}

func (j *journal) Order(ctx context.Context, _ string, o endpoint.Order) error {
	return j.h.call(ctx, "Order", func() error {
		j.h.w.Orders = append(j.h.w.Orders, o)
		return nil
	})
}

func (s *session) Orders(ctx context.Context) ([]endpoint.Order, error) {
	var orders []endpoint.Order
	err := s.h.call(ctx, "Orders", func() error {
		orders = slices.Clone(s.h.w.Orders)
		return nil
	})
	return orders, err
}

func (s *session) Obeyed(ctx context.Context, id string) error {
	return s.h.call(ctx, "Obeyed", func() error {
		s.h.w.Orders = slices.DeleteFunc(s.h.w.Orders, func(o endpoint.Order) bool { return o.ID == id })
		return nil
	})
}
