// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"strconv"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Glance tells of the endpoint whether its record was written, and whether an order
// waits.
func (j *journal) Glance(ctx context.Context) ([]roller.Glimpse, error) {
	w := j.h.w
	var seen []roller.Glimpse
	err := j.h.call(ctx, "Glance", func() error {
		if last, ok := w.writes[name]; ok {
			seen = append(seen, roller.Glimpse{Endpoint: name, Version: strconv.Itoa(last.version), Ordered: len(w.Orders) > 0})
		}
		return nil
	})
	return seen, err
}

// Pulse and Daemons: in the model no daemon gives a sign of life, and nobody looks for one
// but to word a message.
func (j *journal) Pulse(endpoint.Heartbeat) roller.Pulse            { return nil }
func (j *journal) Daemons(context.Context) ([]roller.Daemon, error) { return nil, nil }
