// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package release brings a version of an endpoint from a Terraform configuration to
// AWS: it changes the version where that is written, shows Terraform's plan, lets
// Terraform apply it, and tells what happens meanwhile as the journal has it. It
// decides nothing about a rollout; the provider does, which Terraform runs.
package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/command/trail"
	"github.com/ionroller/terraform-provider-ionroller/internal/configuration"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Mode is how far a release goes.
type Mode int

// The modes.
const (
	Apply    Mode = iota
	DryRun        // it shows the plan, and changes nothing
	EditOnly      // it changes the version, and nothing in AWS
)

// Config says what is released, and how.
type Config struct {
	Endpoint  string
	Version   string
	Dir       string   // of the configuration
	VarFiles  []string // of variable values, relative to Dir
	Terraform string   // the program; empty for what is on PATH
	Mode      Mode
	Out       io.Writer // the plan and what happens
	Err       io.Writer
	// Ask returns nil when somebody agrees to what it says.
	Ask func(question string) error
	// Loop reads the journal while Terraform applies; only Apply needs it.
	Loop *roller.Roller
	// Standing says where the endpoint's rollout is, and how it goes on; nothing where
	// none is in flight. Only Apply needs it.
	Standing func(ctx context.Context) ([]string, error)
}

// Refused says that the release is rejected, or the endpoint pinned, and that nothing
// was changed.
type Refused struct{ Endpoint, Why string }

func (r *Refused) Error() string {
	return fmt.Sprintf("endpoint %s: %s", r.Endpoint, r.Why)
}

// run is one release.
type run struct {
	Config
	place    *configuration.Place
	written  bool // the file has the new version, and had another before
	keep     bool // it shall have it when the run ends
	preview  *Preview
	before   *endpoint.Record // nil when there was none
	after    *endpoint.Record // when Terraform has applied
	result   Result           // of a release that was brought about
	tf       *terraform
	words    *words // of tf
	screen   *screen
	printer  *trail.Printer
	follower *trail.Follower
	events   []endpoint.Event // since the run began
	telling  sync.Mutex       // for follower and events
	folder   string           // of files that end with the run
}

// Run releases, and reports what became of it; nil when it could not begin. The file
// that says the version has the new one afterwards where that is live or on its way, and
// is as it was where it is not.
func Run(ctx context.Context, c Config) (*Report, error) {
	r := &run{Config: c}
	err := r.run(ctx)
	if r.place == nil {
		return nil, err
	}
	return r.report(), err
}

func (r *run) run(ctx context.Context) (err error) {
	path, err := findTerraform(r.Terraform)
	if err != nil {
		return err
	}
	r.screen = &screen{out: r.Out}
	r.printer = &trail.Printer{Output: terminal.New(r.Out)}
	r.words = &words{Writer: r.Err}
	if r.tf, err = newTerraform(path, r.Dir, r.screen, r.words); err != nil {
		return err
	}
	r.place, err = configuration.Find(configuration.Query{Dir: r.Dir, VarFiles: r.VarFiles, Environ: os.Environ(), Tofu: r.tf.tofu}, r.Endpoint)
	if err != nil {
		return err
	}
	if err := r.tf.sameWorkspace(ctx, r.screen); err != nil {
		return err
	}
	if r.folder, err = os.MkdirTemp("", "ionroller-release-"); err != nil {
		return err
	}
	// A plan has the configuration's secrets.
	defer func() { err = errors.Join(err, os.RemoveAll(r.folder)) }()
	defer func() { err = errors.Join(err, r.restore()) }()
	return r.release(ctx)
}

func (r *run) release(ctx context.Context) error {
	if err := r.watch(ctx); err != nil {
		return err
	}
	file := filepath.Join(r.folder, "plan")
	changes, err := r.plan(ctx, file)
	if err != nil {
		return err
	}
	shown := r.preview.of(r.Endpoint)
	if err := r.check(shown); err != nil {
		return err
	}
	switch {
	case r.Mode == DryRun:
		r.result = Planned
		if shown.inFlight() {
			return r.say("%s. %s", shown.headline(), shown.facts())
		}
		return nil
	case r.Mode == EditOnly:
		if err := r.edit(); err != nil {
			return err
		}
		r.keep, r.result = true, Edited
		return nil
	case !changes:
		if err := r.edit(); err != nil {
			return err
		}
		r.keep = true
		return r.unchanged(ctx)
	}
	if err := r.Ask(r.question(*r.preview)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.edit(); err != nil {
		return err
	}
	return r.apply(ctx, shown.Address, file)
}

// unchanged says why there is nothing to apply: the version is live, or a rollout to it is
// in flight that an apply does not drive.
func (r *run) unchanged(ctx context.Context) error {
	standing, err := r.Standing(ctx)
	if err != nil {
		return err
	}
	if len(standing) == 0 {
		r.result = Unchanged
		return r.say("%s of endpoint %s is live already: there is nothing to do", r.Version, r.Endpoint)
	}
	r.result = InFlight
	for _, line := range standing {
		if err := r.say("%s", line); err != nil {
			return err
		}
	}
	return nil
}

// plan plans with the new version: where a variable has it by giving the variable its
// value, else by changing the file, which is restored unless the release goes on.
func (r *run) plan(ctx context.Context, file string) (changes bool, err error) {
	values := r.VarFiles
	switch {
	case r.place.Version == r.Version:
	case r.place.Variable != "":
		text, ending := r.place.ValueFile(r.Version)
		path, err := filepath.Abs(filepath.Join(r.folder, "version"+ending))
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			return false, err
		}
		values = append(append([]string{}, values...), path)
	default:
		if err := r.edit(); err != nil {
			return false, err
		}
	}
	if changes, err = r.tf.plan(ctx, file, r.Mode == Apply, values); err != nil {
		return false, err
	}
	shown, err := r.tf.show(ctx, r.screen, file)
	if err != nil {
		return false, err
	}
	preview, err := newPreview(shown)
	if err != nil {
		return false, err
	}
	r.preview = &preview
	return changes, nil
}

// check refuses a plan that does not bring the version to the endpoint.
func (r *run) check(shown *Rollout) error {
	switch {
	case shown == nil || shown.Removed:
		return fmt.Errorf("the plan does not have endpoint %s, although %s says its version: look at for_each, count and the workspace", r.Endpoint, r.place)
	case shown.Version != r.Version:
		return fmt.Errorf("the plan has version %q for endpoint %s, although %s was to say %s: something else gives it, look at the plan", shown.Version, r.Endpoint, r.place, r.Version)
	case shown.Kind == rollout.PlanRefused:
		return &Refused{r.Endpoint, strings.Join(shown.Steps, "; ")}
	case shown.Kind == rollout.PlanFrozen:
		return fmt.Errorf("endpoint %s: %s", r.Endpoint, strings.Join(shown.Steps, "; "))
	}
	return nil
}

// question says what a yes will do.
func (r *run) question(p Preview) string {
	shown := p.of(r.Endpoint)
	text := fmt.Sprintf("%s. %s", shown.headline(), strings.ReplaceAll(shown.facts(), "**", ""))
	if r.place.Version != r.Version {
		text += fmt.Sprintf("\n%s says %s and will say %s.", r.place, r.place.Version, r.Version)
	}
	if others := p.besides(r.Endpoint); len(others) > 0 {
		text += fmt.Sprintf("\nThe same plan will also %s.", strings.Join(others, ", "))
	}
	return text
}

// edit puts the new version into the file.
func (r *run) edit() error {
	if r.written || r.place.Version == r.Version {
		return nil
	}
	if err := r.place.Write(r.Version); err != nil {
		return fmt.Errorf("unable to change the version: %w", err)
	}
	r.written = true
	return r.say("%s: the version was %s and is %s", r.place, r.place.Version, r.Version)
}

// restore takes the edit back unless it shall stay.
func (r *run) restore() error {
	if !r.written || r.keep {
		return nil
	}
	if err := r.place.Restore(r.Version); err != nil {
		return fmt.Errorf("unable to set the version back to %s: %w", r.place.Version, err)
	}
	r.written = false
	return r.say("%s: the version is %s again", r.place, r.place.Version)
}

func (r *run) say(format string, args ...any) error {
	r.screen.Lock()
	defer r.screen.Unlock()
	return r.printer.Print(trail.Line{Level: trail.Info, Endpoint: r.Endpoint, Text: fmt.Sprintf(format, args...)})
}

// screen is where Terraform's lines and those of the journal meet, one at a time.
type screen struct {
	sync.Mutex
	out     io.Writer
	address string // of the endpoint, while it is applied
	tell    func() // prints what the journal has
}

// Write takes a line of Terraform. Those that say nothing which the journal does not
// tell better are left out, and what it has is told before Terraform says that it is
// done.
func (s *screen) Write(line []byte) (int, error) {
	s.Lock()
	address, tell := s.address, s.tell
	s.Unlock()
	if of, ok := strings.CutPrefix(string(line), address+": "); ok && address != "" {
		switch {
		case strings.HasPrefix(of, "Still "):
			return len(line), nil
		case strings.Contains(of, " complete after "):
			tell()
		}
	}
	s.Lock()
	defer s.Unlock()
	return s.out.Write(line)
}
