// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/daemon"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// keepReconciling is the daemon.
func keepReconciling(cmd *cobra.Command, a *account, names []string, every time.Duration) error {
	loop, err := a.owned(cmd)
	if err != nil {
		return err
	}
	level := hclog.Info
	if a.verbose {
		level = hclog.Debug
	}
	log := hclog.New(&hclog.LoggerOptions{Name: "ionroller", Level: level, Output: cmd.ErrOrStderr()})
	loop.Log = log
	id := strings.ToLower(rand.Text()[:12])
	of := strings.Join(names, ", ")
	if of == "" {
		of = "all"
	}
	log.Info("the daemon begins", "owner", a.owner, "endpoints", of, "interval", every, "id", id)
	d := daemon.Daemon{
		Loop: loop, Clock: loop.Clock, Log: log, Endpoints: names, Interval: every,
		Pulse: loop.Journal.Pulse(endpoint.Heartbeat{
			ID: id, Endpoints: names, Who: loop.Who, Since: loop.Clock.Now().UTC(),
			Every: endpoint.Duration(daemon.BeatEvery), Interval: endpoint.Duration(every),
		}),
	}
	if err := d.Run(cmd.Context()); err != nil {
		return err
	}
	log.Info("the daemon has ended", "id", id)
	return nil
}
