// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/configuration"
	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

func newDiff() *cobra.Command {
	var (
		a    account
		form output
	)
	cmd := &cobra.Command{
		Use:   "diff ENDPOINT",
		Short: "Set what is desired of an endpoint beside what there is",
		Long: `Sets what is desired of an endpoint beside what there is in AWS, item by item: the
release, the listener rule with its weights, the test route, the environments with
their capacity and health, and DNS records; then the settings that are desired and were
not reached yet, and what the next run would do. It changes nothing.

What is desired is what the last apply asked for, as the journal has it, and not what
a Terraform configuration says that was not applied: for that there is terraform plan.

It ends with 0 when nothing differs and with 6 when something does.`,
		Example: "  ionroller diff checkout\n  ionroller diff checkout -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			loop, err := a.connect(cmd)
			if err != nil {
				return err
			}
			world, err := loop.Observe(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if world == nil {
				return missing(args[0])
			}
			d := newDifference(*world)
			if form.json() {
				err = printJSON(cmd.OutOrStdout(), d)
			} else {
				err = printDifference(cmd.OutOrStdout(), d)
			}
			if err == nil && !d.Same {
				err = &differs{d.Endpoint}
			}
			return err
		},
	}
	a.flags(cmd)
	form.flags(cmd, formText, formJSON)
	a.complete(cmd, false, endpointNames)
	return cmd
}

// differs says that what there is differs from what is desired.
type differs struct{ endpoint string }

func (d *differs) Error() string {
	return fmt.Sprintf("endpoint %s is not as desired: ionroller reconcile --once %s, or the next apply, does what is listed", d.endpoint, d.endpoint)
}

// difference is what is desired beside what there is, as --output json prints it.
type difference struct {
	Endpoint string                 `json:"endpoint"`
	Status   rollout.Status         `json:"status"`
	Same     bool                   `json:"same"`
	Items    []rollout.Item         `json:"items"`
	Settings []configuration.Change `json:"settings"` // desired and not reached: from what holds
	Next     next                   `json:"next"`
}

// next is what a run would do.
type next struct {
	Kind            rollout.PlanKind `json:"kind"`
	Steps           []string         `json:"steps"`
	MinimumDuration string           `json:"minimum_duration"`
}

func newDifference(w rollout.World) difference {
	plan := rollout.Preview(w)
	d := difference{
		Endpoint: w.Record.Endpoint, Status: rollout.StatusOf(w), Items: rollout.Compare(w), Settings: unreached(&w.Record),
		Next: next{plan.Kind, append([]string{}, plan.Steps...), endpoint.Duration(plan.MinimumDuration).String()},
	}
	d.Same = plan.Kind == rollout.PlanNothing && len(d.Settings) == 0
	for _, item := range d.Items {
		d.Same = d.Same && item.Same
	}
	return d
}

// unreached are the settings by which what is desired differs from what was reached.
func unreached(r *endpoint.Record) []configuration.Change {
	if r.Accepted == nil {
		return []configuration.Change{}
	}
	return configuration.Changes(*r.Accepted, r.Desired)
}

func printDifference(w io.Writer, d difference) error {
	out := terminal.New(w)
	fmt.Fprintf(out, "%s: %s\n", out.Paint(terminal.Strong, d.Endpoint), d.Status)
	var rows [][]terminal.Cell
	for _, i := range d.Items {
		mark, tone := "=", terminal.Soft
		if !i.Same {
			mark, tone = "≠", terminal.Bad
		}
		rows = append(rows, []terminal.Cell{{Words: mark, Tone: tone}, {Words: i.Item}, {Words: i.Desired}, {Words: i.Live, Tone: tone}})
	}
	if err := out.Table(2, []terminal.Column{{Title: ""}, {Title: "ITEM"}, {Title: "DESIRED"}, {Title: "LIVE"}}, rows); err != nil {
		return err
	}
	if len(d.Settings) > 0 {
		fmt.Fprintln(out, "  Desired, and not reached yet:")
	}
	for _, c := range d.Settings {
		if err := out.Wrapped(4, terminal.Plain, worded(c)); err != nil {
			return err
		}
	}
	if d.Next.Kind != rollout.PlanNothing {
		fmt.Fprintf(out, "  The next run does (%s):\n", d.Next.Kind)
	}
	for _, step := range d.Next.Steps {
		if err := out.Wrapped(4, terminal.Plain, step); err != nil {
			return err
		}
	}
	return nil
}
