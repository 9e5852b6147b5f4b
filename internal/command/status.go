// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

func newStatus() *cobra.Command {
	var (
		a    account
		form output
	)
	cmd := &cobra.Command{
		Use:   "status [ENDPOINT...]",
		Short: "Show what is running",
		Long: `Shows the endpoints: what is live, their environments with roles, shares of traffic,
health and age, a rollout in flight, who holds the lease, pins, caps and rejections, and
whether a daemon looks after them. It changes nothing. Without names it shows all
endpoints of the owner. One that cannot be looked at is told on standard error, the
others are shown, and it ends with 1.

TRAFFIC is what the load balancer's rule says, HEALTHY how many instances pass their
health check of those that there are to be, EXPIRES when an environment that is kept is
removed. Where a terminal is too narrow, the columns that can best be spared are left
out.`,
		Example: "  ionroller status\n  ionroller status checkout -o json",
		RunE: func(cmd *cobra.Command, names []string) error {
			return showStatus(cmd, &a, names, form.json())
		},
	}
	a.flags(cmd)
	form.flags(cmd, formText, formJSON)
	a.complete(cmd, true, endpointNames)
	return cmd
}

func showStatus(cmd *cobra.Command, a *account, names []string, asJSON bool) error {
	ctx := cmd.Context()
	loop, err := a.connect(cmd)
	if err != nil {
		return err
	}
	names, all, err := chosen(ctx, loop, names)
	if err != nil {
		return err
	}
	daemons, err := loop.Journal.Daemons(ctx)
	if err != nil {
		return err
	}
	glimpses, err := loop.Journal.Glance(ctx)
	if err != nil {
		return err
	}
	reports := []report{}
	var untold error
	for _, name := range names {
		world, err := loop.Observe(ctx, name)
		var other *roller.OtherOwner
		switch {
		case all && errors.As(err, &other):
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			untold = errors.Join(untold, unseen(name, err))
		case world != nil:
			reports = append(reports, newReport(*world, glimpses, daemons))
		case !all:
			untold = errors.Join(untold, fmt.Errorf("there is no endpoint %s in the journal of bucket %s: without names, ionroller status lists those there are", name, a.bucket))
		}
	}
	if asJSON {
		err = printJSON(cmd.OutOrStdout(), reports)
	} else {
		err = printStatus(cmd.OutOrStdout(), reports)
	}
	if err != nil {
		return err
	}
	if all && len(reports) == 0 && untold == nil {
		a.none(cmd.ErrOrStderr())
	}
	return untold
}

// status is what is running, as --output json prints it.
type status struct {
	Endpoint     string               `json:"endpoint"`
	Owner        string               `json:"owner"`
	Status       rollout.Status       `json:"status"`
	Phase        endpoint.Phase       `json:"phase"`
	Version      string               `json:"version"` // live; "" when none is
	Desired      string               `json:"desired"`
	Time         time.Time            `json:"time"` // when it was looked at, by AWS's clock
	Rollout      *rolloutStatus       `json:"rollout"`
	LastRollout  *endpoint.Outcome    `json:"last_rollout"`
	Pin          *endpoint.Pin        `json:"pin"`
	Rejections   []endpoint.Rejection `json:"rejections"`
	Lease        *endpoint.Lease      `json:"lease"`
	Environments []environmentStatus  `json:"environments"`
	Takeover     *endpoint.Takeover   `json:"takeover"`   // under way
	OldWeight    int                  `json:"old_weight"` // percent, that its old groups have together
}

type rolloutStatus struct {
	Kind    endpoint.Kind `json:"kind"`
	From    string        `json:"from"` // "" when nothing serves
	To      string        `json:"to"`
	Started time.Time     `json:"started"`
	Step    int           `json:"step"` // from 1; 0 before the first
	Steps   int           `json:"steps"`
	Weight  int           `json:"weight"` // percent
	// Baked is when the step's bake is over; null before its weight was read back.
	Baked *time.Time `json:"baked"`
	// MaxWeight is the cap, in percent; 100 is none.
	MaxWeight int             `json:"max_weight"`
	Frozen    *endpoint.Stall `json:"frozen"`
	Paused    *endpoint.Stall `json:"paused"`
	// Back says why traffic goes back; "" while it goes forward.
	Back string `json:"back"`
}

// report is a status with what the journal tells beside the record.
type report struct {
	status
	Holder     *holderStatus `json:"holder"`      // of the lease
	OrderWaits bool          `json:"order_waits"` // one that nobody has carried out
	Daemon     *daemonStatus `json:"daemon"`      // that was heard of last; null when none was in a day
}

// holderStatus says whether the run lives that holds the lease, by S3's clock alone.
type holderStatus struct {
	Silent int  `json:"silent_seconds"` // since it renewed the lease
	Dead   bool `json:"dead"`           // the next run takes the lease
}

type daemonStatus struct {
	Who     endpoint.Who `json:"who"`
	Since   time.Time    `json:"since"`
	Silent  int          `json:"silent_seconds"`
	Working bool         `json:"working"`
}

type environmentStatus struct {
	Name        string        `json:"name"`
	ID          string        `json:"id"`
	Version     string        `json:"version"`
	Fingerprint string        `json:"fingerprint"`
	Role        endpoint.Role `json:"role"`
	Weight      int           `json:"weight"` // percent
	Health      string        `json:"health"` // "healthy", "unhealthy" or "gone"
	Healthy     int           `json:"healthy"`
	Desired     int           `json:"desired"`
	Proven      bool          `json:"proven"`
	Created     time.Time     `json:"created"`
	Retired     *time.Time    `json:"retired"` // when it left traffic; null while it has some
	Expires     *time.Time    `json:"expires"`
	Failure     string        `json:"failure"` // why it was given up; ""
}

func newStatusOf(w rollout.World) status {
	r := &w.Record
	s := status{
		Endpoint: r.Endpoint, Owner: r.Owner, Status: rollout.StatusOf(w), Phase: r.Phase, Version: r.ActiveVersion(), Time: w.Now,
		Desired: r.Desired.Release.Version, LastRollout: r.LastRollout, Lease: r.Lease,
		Pin: r.Pin, Takeover: r.Takeover, OldWeight: w.Traffic.Percent(endpoint.OldGroups), Rejections: append([]endpoint.Rejection{}, r.Rejections...), Environments: []environmentStatus{},
	}
	if r.Rollout != nil {
		s.Rollout = newRolloutStatus(r)
	}
	for i := range r.Environments {
		e := &r.Environments[i]
		sight := w.Sights[e.Name]
		row := environmentStatus{
			Name: e.Name, ID: e.ID, Version: e.Release.Version, Fingerprint: e.Fingerprint, Role: r.Role(e), Weight: w.Percent(e.Name),
			Health: sight.Health(), Healthy: sight.Healthy, Desired: sight.Desired, Proven: e.Proven, Created: e.Created, Failure: e.Failure,
		}
		if !e.OutSince.IsZero() {
			row.Retired = &e.OutSince
		}
		if at, ok := r.Expires(e); ok {
			row.Expires = &at
		}
		s.Environments = append(s.Environments, row)
	}
	return s
}

func newReport(w rollout.World, glimpses []roller.Glimpse, daemons []roller.Daemon) report {
	r := report{status: newStatusOf(w), Daemon: daemonOf(daemons, w.Record.Endpoint)}
	i := slices.IndexFunc(glimpses, func(g roller.Glimpse) bool { return g.Endpoint == w.Record.Endpoint })
	if i < 0 { // it was made meanwhile
		return r
	}
	r.OrderWaits = glimpses[i].Ordered
	if r.Lease != nil {
		r.Holder = &holderStatus{Silent: int(glimpses[i].Silent.Seconds()), Dead: glimpses[i].Lapsed}
	}
	return r
}

func newRolloutStatus(r *endpoint.Record) *rolloutStatus {
	f := r.Rollout
	s := &rolloutStatus{
		Kind: f.Kind, To: r.Environment(f.To).Release.Version, Started: f.Started, Step: f.Step + 1, Steps: len(f.Steps),
		MaxWeight: f.Limit(), Frozen: f.Frozen, Paused: f.Paused,
	}
	if from := r.Environment(f.From); from != nil {
		s.From = from.Release.Version
	}
	if f.Step >= 0 {
		s.Weight = f.Share(f.Step)
		if !f.Since.IsZero() {
			baked := f.Since.Add(f.Steps[f.Step].Bake.Std())
			s.Baked = &baked
		}
	}
	if f.Back != nil {
		s.Back = f.Back.Reason
	}
	return s
}

// daemonOf is the daemon that looks after an endpoint: of those that do, the one that
// was heard of last.
func daemonOf(daemons []roller.Daemon, name string) *daemonStatus {
	for _, d := range daemons {
		if d.Covers(name) {
			return &daemonStatus{Who: d.Who, Since: d.Since, Silent: int(d.Silent.Seconds()), Working: d.AtWork()}
		}
	}
	return nil
}
