// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
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
		Long: `Shows the endpoints: what is live, their environments with roles, shares of traffic
and health, and a rollout in flight. It changes nothing. Without names it shows all
endpoints of the owner.`,
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
	statuses := []status{}
	var missing error
	var other *roller.OtherOwner
	for _, name := range names {
		world, err := loop.Observe(ctx, name)
		switch {
		case all && errors.As(err, &other):
		case err != nil:
			return err
		case world != nil:
			statuses = append(statuses, newStatusOf(*world))
		case !all:
			missing = errors.Join(missing, fmt.Errorf("there is no endpoint %s in the journal of bucket %s", name, a.bucket))
		}
	}
	if err := printStatus(cmd.OutOrStdout(), statuses, asJSON); err != nil {
		return err
	}
	return missing
}

// status is what is running, as --output json prints it.
type status struct {
	Endpoint     string               `json:"endpoint"`
	Owner        string               `json:"owner"`
	Status       rollout.Status       `json:"status"`
	Phase        endpoint.Phase       `json:"phase"`
	Version      string               `json:"version"` // live; "" when none is
	Desired      string               `json:"desired"`
	Rollout      *rolloutStatus       `json:"rollout"`
	LastRollout  *endpoint.Outcome    `json:"last_rollout"`
	Pin          *endpoint.Pin        `json:"pin"`
	Rejections   []endpoint.Rejection `json:"rejections"`
	Lease        *endpoint.Lease      `json:"lease"`
	Environments []environmentStatus  `json:"environments"`
	Takeover     *endpoint.Takeover   `json:"takeover"` // under way
}

type rolloutStatus struct {
	Kind   endpoint.Kind `json:"kind"`
	To     string        `json:"to"`
	Step   int           `json:"step"` // from 1; 0 before the first
	Steps  int           `json:"steps"`
	Weight int           `json:"weight"` // percent
	// MaxWeight is the cap, in percent; 100 is none.
	MaxWeight int             `json:"max_weight"`
	Frozen    *endpoint.Stall `json:"frozen"`
	Paused    *endpoint.Stall `json:"paused"`
}

type environmentStatus struct {
	Name    string        `json:"name"`
	ID      string        `json:"id"`
	Version string        `json:"version"`
	Role    endpoint.Role `json:"role"`
	Weight  int           `json:"weight"` // percent
	Healthy int           `json:"healthy"`
	Desired int           `json:"desired"`
	Proven  bool          `json:"proven"`
	Created time.Time     `json:"created"`
	Expires *time.Time    `json:"expires"`
}

func newStatusOf(w rollout.World) status {
	r := &w.Record
	s := status{
		Endpoint: r.Endpoint, Owner: r.Owner, Status: rollout.StatusOf(w), Phase: r.Phase, Version: r.ActiveVersion(),
		Desired: r.Desired.Release.Version, LastRollout: r.LastRollout, Lease: r.Lease,
		Pin: r.Pin, Takeover: r.Takeover, Rejections: append([]endpoint.Rejection{}, r.Rejections...), Environments: []environmentStatus{},
	}
	if f := r.Rollout; f != nil {
		s.Rollout = &rolloutStatus{
			Kind: f.Kind, To: r.Environment(f.To).Release.Version, Step: f.Step + 1, Steps: len(f.Steps),
			MaxWeight: f.Limit(), Frozen: f.Frozen, Paused: f.Paused,
		}
		if f.Step >= 0 {
			s.Rollout.Weight = f.Share(f.Step)
		}
	}
	for i := range r.Environments {
		e := &r.Environments[i]
		sight := w.Sights[e.Name]
		row := environmentStatus{
			Name: e.Name, ID: e.ID, Version: e.Release.Version, Role: r.Role(e), Weight: w.Traffic.Percent(e.Name),
			Healthy: sight.Healthy, Desired: sight.Desired, Proven: e.Proven, Created: e.Created,
		}
		if at, ok := r.Expires(e); ok {
			row.Expires = &at
		}
		s.Environments = append(s.Environments, row)
	}
	return s
}

func printStatus(w io.Writer, statuses []status, asJSON bool) error {
	if asJSON {
		return printJSON(w, statuses)
	}
	for i, s := range statuses {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, s.headline())
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  ENVIRONMENT\tID\tVERSION\tROLE\tTRAFFIC\tHEALTHY\tEXPIRES")
		for _, e := range s.Environments {
			expires := "-"
			if e.Expires != nil {
				expires = e.Expires.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%d %%\t%d/%d\t%s\n", e.Name, e.ID, e.Version, e.Role, e.Weight, e.Healthy, e.Desired, expires)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// headline says in a line how an endpoint stands.
func (s status) headline() string {
	live := "nothing is live"
	switch {
	case s.Version != "":
		live = s.Version + " is live"
	case s.Takeover != nil:
		live = "the old groups of listener rule " + s.Takeover.RuleARN + " are live"
	}
	if s.Pin != nil {
		live += ", pinned"
		if s.Pin.Reason != "" {
			live += " (" + s.Pin.Reason + ")"
		}
	}
	switch {
	case s.Phase == endpoint.Deleting:
		return fmt.Sprintf("%s: is being removed", s.Endpoint)
	case s.Rollout != nil && s.Rollout.Step == 0:
		return fmt.Sprintf("%s: %s; a rollout to %s has no traffic yet", s.Endpoint, live, s.Rollout.To)
	case s.Rollout != nil && s.Rollout.Frozen != nil:
		return fmt.Sprintf("%s: %s; the rollout to %s is frozen at %d %%: %s", s.Endpoint, live, s.Rollout.To, s.Rollout.Weight, s.Rollout.Frozen.Reason)
	case s.Status == rollout.StatusCapped || s.Status == rollout.StatusPaused:
		return fmt.Sprintf("%s: %s; the rollout to %s is %s at %d %%", s.Endpoint, live, s.Rollout.To, s.Status, s.Rollout.Weight)
	case s.Rollout != nil:
		return fmt.Sprintf("%s: %s; a rollout to %s is at step %d of %d, at %d %%", s.Endpoint, live, s.Rollout.To, s.Rollout.Step, s.Rollout.Steps, s.Rollout.Weight)
	case s.LastRollout != nil && s.LastRollout.Result == endpoint.RolledBack:
		return fmt.Sprintf("%s: %s; the last rollout, to %s, failed: %s", s.Endpoint, live, s.LastRollout.To, s.LastRollout.Reason)
	default:
		return fmt.Sprintf("%s: %s", s.Endpoint, live)
	}
}

// summary is the headline of a world.
func summary(w rollout.World) string {
	if w.Record.Phase == endpoint.Deleted {
		return w.Record.Endpoint + ": removed"
	}
	return newStatusOf(w).headline()
}
