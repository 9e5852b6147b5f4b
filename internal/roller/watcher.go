// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"context"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Daemon is one that gave a sign of life.
type Daemon struct {
	endpoint.Heartbeat
	Silent time.Duration // since its last beat, by the journal's own clock
}

// AtWork says that it is not silent for longer than a daemon at work may be.
func (d Daemon) AtWork() bool { return d.Alive(d.Silent) }

// Watcher returns the daemon that looks after an endpoint: the one that was heard of
// last, at work or not, or nil. It writes nothing.
func (r *Roller) Watcher(ctx context.Context, name string) (*Daemon, error) {
	daemons, err := r.Journal.Daemons(ctx)
	if err != nil {
		return nil, err
	}
	for i := range daemons {
		if daemons[i].Covers(name) {
			return &daemons[i], nil
		}
	}
	return nil, nil
}
