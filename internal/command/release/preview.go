// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package release

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Rollout is what a plan shows of one endpoint.
type Rollout struct {
	Address         string           `json:"address"`
	Endpoint        string           `json:"endpoint"`
	Version         string           `json:"version"` // that is asked for
	Kind            rollout.PlanKind `json:"kind"`
	From            string           `json:"from"`
	Steps           []string         `json:"steps"`
	MinimumDuration string           `json:"minimum_duration"`
	PeakInstances   int              `json:"peak_instances"`
	Removed         bool             `json:"removed"` // the endpoint is destroyed
	// Status is the endpoint's where the plan changes nothing of it, or "".
	Status rollout.Status `json:"status"`
	Weight int            `json:"weight"` // percent, that the version has in a rollout in flight then
}

// Preview is what a plan of Terraform shows.
type Preview struct {
	Rollouts []Rollout `json:"rollouts"`
	Others   []string  `json:"others"` // what else it changes, in words
}

// ReadPreview reads what terraform show -json prints of a plan.
func ReadPreview(r io.Reader) (Preview, error) {
	var plan tfjson.Plan
	err := json.NewDecoder(r).Decode(&plan)
	if err == nil {
		err = plan.Validate()
	}
	if err != nil {
		return Preview{}, fmt.Errorf("unable to read the plan as terraform show -json prints it: %w", err)
	}
	return newPreview(&plan)
}

func newPreview(plan *tfjson.Plan) (Preview, error) {
	p := Preview{Rollouts: []Rollout{}, Others: []string{}}
	for _, c := range plan.ResourceChanges {
		if c.Mode != tfjson.ManagedResourceMode || c.Change == nil {
			continue
		}
		if c.Type != "ionroller_endpoint" {
			if what := doing(c.Change.Actions); what != "" {
				p.Others = append(p.Others, what+" "+c.Address)
			}
			continue
		}
		r, err := newRollout(c)
		if err != nil {
			return Preview{}, fmt.Errorf("%s: %w", c.Address, err)
		}
		p.Rollouts = append(p.Rollouts, r)
	}
	return p, nil
}

// doing words what a plan does to a resource; "" for nothing.
func doing(a tfjson.Actions) string {
	switch {
	case a.Replace():
		return "replace"
	case a.Create():
		return "create"
	case a.Update():
		return "change"
	case a.Delete():
		return "destroy"
	case a.Forget():
		return "forget"
	default:
		return ""
	}
}

// endpointValues are the attributes of an endpoint that matter here.
type endpointValues struct {
	Name         string         `json:"name"`
	Version      string         `json:"version"`
	Status       rollout.Status `json:"status"`
	Active       string         `json:"active_environment"`
	Environments []struct {
		Name    string        `json:"name"`
		Version string        `json:"version"`
		Role    endpoint.Role `json:"role"`
		Weight  int           `json:"weight"`
	} `json:"environments"`
	RolloutPlan *struct {
		Kind            rollout.PlanKind `json:"kind"`
		From            string           `json:"from"`
		Steps           []string         `json:"steps"`
		MinimumDuration string           `json:"minimum_duration"`
		PeakInstances   int              `json:"peak_instances"`
	} `json:"rollout_plan"`
}

func newRollout(c *tfjson.ResourceChange) (Rollout, error) {
	values, removed := c.Change.After, c.Change.Actions.Delete()
	if removed {
		values = c.Change.Before
	}
	text, err := json.Marshal(values)
	if err != nil {
		return Rollout{}, err
	}
	var v endpointValues
	if err := json.Unmarshal(text, &v); err != nil {
		return Rollout{}, err
	}
	r := Rollout{Address: c.Address, Endpoint: v.Name, Version: v.Version, Kind: rollout.PlanNothing, Steps: []string{}, Removed: removed}
	if r.Endpoint == "" {
		r.Endpoint = c.Address // its name is not known yet
	}
	if p := v.RolloutPlan; p != nil && !removed && !c.Change.Actions.NoOp() {
		r.Kind, r.From, r.Steps, r.MinimumDuration, r.PeakInstances = p.Kind, p.From, append(r.Steps, p.Steps...), p.MinimumDuration, p.PeakInstances
	}
	if r.Kind == rollout.PlanNothing && !removed {
		r.stands(v)
	}
	return r, nil
}

// stands takes from the endpoint's attributes how it is: that a plan changes nothing does
// not say that the version is live.
func (r *Rollout) stands(v endpointValues) {
	r.Status = v.Status
	if !r.inFlight() {
		return
	}
	for _, e := range v.Environments {
		switch {
		case e.Name == v.Active:
			r.From = e.Version
		case e.Role == endpoint.Candidate:
			r.Weight = e.Weight
		}
	}
}

// inFlight says that a rollout to the version is under way, and is left as it is.
func (r *Rollout) inFlight() bool {
	return r.Kind == rollout.PlanNothing && slices.Contains([]rollout.Status{rollout.StatusRollingOut, rollout.StatusCapped, rollout.StatusPaused}, r.Status)
}

// of returns what the plan shows of an endpoint, or nil.
func (p Preview) of(endpoint string) *Rollout {
	i := slices.IndexFunc(p.Rollouts, func(r Rollout) bool { return r.Endpoint == endpoint })
	if i < 0 {
		return nil
	}
	return &p.Rollouts[i]
}

// besides lists what the plan changes besides an endpoint.
func (p Preview) besides(endpoint string) []string {
	others := slices.Clone(p.Others)
	for _, r := range p.Rollouts {
		switch {
		case r.Endpoint == endpoint:
		case r.Removed:
			others = append(others, "destroy "+r.Address)
		case r.Kind != rollout.PlanNothing:
			others = append(others, "change "+r.Address)
		}
	}
	return others
}

// Markdown is the preview as a comment on a pull request.
func (p Preview) Markdown() string {
	var b strings.Builder
	var still []string
	for _, r := range p.Rollouts {
		if !r.Removed && r.Kind == rollout.PlanNothing && !r.inFlight() {
			still = append(still, fmt.Sprintf("%s stays at %s", code(r.Endpoint), code(r.Version)))
			continue
		}
		b.WriteString(r.markdown())
		b.WriteString("\n")
	}
	if b.Len() == 0 {
		b.WriteString("### No endpoint changes\n\n")
	}
	if len(still) > 0 {
		b.WriteString(strings.Join(still, ", ") + ".\n\n")
	}
	if len(p.Others) > 0 {
		fmt.Fprintf(&b, "<details><summary>Terraform also changes %s</summary>\n\n", counted(len(p.Others), "other resource"))
		for _, other := range p.Others {
			action, address, _ := strings.Cut(other, " ")
			fmt.Fprintf(&b, "- %s %s\n", action, code(address))
		}
		b.WriteString("\n</details>\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (r Rollout) markdown() string {
	if r.Removed {
		return fmt.Sprintf("### %s: the endpoint is removed\n\nRelease %s ends.\n", r.Endpoint, code(r.Version))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n", r.headline(), r.facts())
	if len(r.Steps) > 0 {
		b.WriteString("\n")
	}
	for i, step := range r.Steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, plain(step))
	}
	return b.String()
}

// headline says in a line what becomes of the endpoint.
func (r Rollout) headline() string {
	switch {
	case r.inFlight() && r.Status != rollout.StatusRollingOut:
		return fmt.Sprintf("%s: the rollout to %s is %s at %d %%", r.Endpoint, r.Version, r.Status, r.Weight)
	case r.inFlight():
		return fmt.Sprintf("%s: a rollout to %s is at %d %%", r.Endpoint, r.Version, r.Weight)
	case r.Kind == rollout.PlanRefused:
		return fmt.Sprintf("%s: an apply of %s is refused", r.Endpoint, r.Version)
	case r.Kind == rollout.PlanFrozen:
		return fmt.Sprintf("%s: the rollout to %s is frozen", r.Endpoint, r.Version)
	case r.From == "":
		return fmt.Sprintf("%s: first release, %s", r.Endpoint, r.Version)
	case r.From == r.Version:
		return fmt.Sprintf("%s: %s", r.Endpoint, r.Version)
	default:
		return fmt.Sprintf("%s: %s → %s", r.Endpoint, r.From, r.Version)
	}
}

// facts say how it goes, and what it takes.
func (r Rollout) facts() string {
	if r.inFlight() {
		return r.left()
	}
	how := map[rollout.PlanKind]string{
		rollout.PlanUpdate:        "A change in place: no new environment.",
		rollout.PlanRemoveExpired: "Environments whose time is over are removed.",
		rollout.PlanRepair:        "What others changed is put right.",
		rollout.PlanRefused:       "Nothing will happen.",
		rollout.PlanFrozen:        "Nothing will happen before somebody decides.",
		rollout.PlanResume:        "A rollout that was interrupted goes on.",
		rollout.PlanHot:           "Back to an environment that is kept hot, with one change of traffic.",
		rollout.PlanWarm:          "To an environment that is still there, step by step.",
		rollout.PlanNew:           "To a new environment.",
	}[r.Kind]
	if r.Kind == rollout.PlanRefused || r.Kind == rollout.PlanFrozen {
		return how
	}
	if r.MinimumDuration != "" && r.MinimumDuration != "0s" {
		how += fmt.Sprintf(" It takes at least **%s**", r.MinimumDuration)
		if r.Kind == rollout.PlanNew {
			how += ", and the time to launch"
		}
		how += "."
	}
	if r.PeakInstances > 0 {
		how += fmt.Sprintf(" At most **%s** at a time.", counted(r.PeakInstances, "instance"))
	}
	return how
}

// left says who goes on with a rollout in flight that the plan leaves as it is.
func (r Rollout) left() string {
	text := "This plan changes nothing of it"
	if r.From != "" {
		text += fmt.Sprintf(", and %s is live", r.From)
	}
	switch r.Status {
	case rollout.StatusCapped:
		return text + ": to go on, raise rollout.max_weight."
	case rollout.StatusPaused:
		return text + fmt.Sprintf(": it waits for somebody, and ionroller status %s says for what.", r.Endpoint)
	}
	return text + fmt.Sprintf(": the run or daemon at work goes on with it, or ionroller reconcile --once %s.", r.Endpoint)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func code(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" }

// plain keeps a text, into which alarms and people may have put anything, from being
// taken for Markdown or HTML.
func plain(s string) string {
	return strings.NewReplacer("\n", " ", `\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "<", "&lt;", "[", `\[`, "@", "&#64;", "#", `\#`, "|", `\|`).Replace(s)
}
