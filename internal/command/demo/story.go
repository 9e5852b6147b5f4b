// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// The releases of the story, in the order they appear.
const (
	first = "1.0.0"
	next  = "1.1.0"
	bad   = "1.2.0"
)

var versions = []string{first, next, bad}

const (
	// rate is enough for a picture with half-second slots, and little for the
	// sandbox.
	rate        = 200
	pictureSlot = 500 * time.Millisecond
	// After each chapter the stream goes on for a moment, after the last one for
	// longer, to see that all stays as it is.
	breath     = 2 * time.Second
	afterwards = 6 * time.Second
)

// story is the demo as it goes on.
type story struct {
	aws       *sandbox.Sandbox
	terraform terraform
	screen    *screen
	palette   palette
	width     int

	marks   []mark
	results []load.Result // of the whole stream, once it has ended
	back    span          // the run of terraform that rolls back
}

// tell plays all chapters. The stream of requests runs from the end of the first
// deployment until destroy.
func (s *story) tell(ctx context.Context) error {
	s.screen.say("An AWS of its own: %s, load balancer on %s", s.aws.Info().EndpointURL, s.aws.Info().LoadBalancerURL)
	if _, err := s.terraform.run(ctx, "init"); err != nil {
		return err
	}
	s.chapter("Deploy %s", first)
	if err := s.apply(ctx, first); err != nil {
		return err
	}
	if err := s.underLoad(ctx); err != nil {
		return err
	}
	s.chapter("Destroy")
	_, err := s.command(ctx, "destroy", "-auto-approve", "-var", "release_version="+first)
	return err
}

// underLoad plays the chapters that users must not notice.
func (s *story) underLoad(ctx context.Context) error {
	stream, err := load.Start(ctx, load.Config{URL: s.aws.Info().LoadBalancerURL, Host: host, Rate: rate})
	if err != nil {
		return err
	}
	defer func() { s.results = stream.Stop() }()
	meter := &meter{screen: s.screen, palette: s.palette, stream: stream, start: time.Now(), width: s.width}
	shown, hide := context.WithCancel(ctx)
	hidden := make(chan struct{})
	go func() {
		defer close(hidden)
		meter.run(shown)
	}()
	defer func() {
		hide()
		<-hidden
	}()
	s.screen.say("\n%d requests a second from here on, half over kept-alive connections, half over fresh ones.", rate)

	for _, chapter := range []func(context.Context) error{s.rollOut, s.rollOutBad, s.rollBack} {
		if err := chapter(ctx); err != nil {
			return err
		}
		if err := pause(ctx, breath); err != nil {
			return err
		}
	}
	return pause(ctx, afterwards-breath)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (s *story) rollOut(ctx context.Context) error {
	s.chapter("Roll out %s", next)
	if err := s.preview(ctx, next); err != nil {
		return err
	}
	s.note(command, "apply "+next)
	return s.apply(ctx, next)
}

// rollOutBad expects terraform to fail, for the reason that the story has made.
func (s *story) rollOutBad(ctx context.Context) error {
	s.chapter("Roll out %s, which never becomes healthy", bad)
	s.note(command, "apply "+bad)
	err := s.apply(ctx, bad, "-var", `environment={"DEMO_UNHEALTHY":"true"}`)
	var failed *failedRun
	switch {
	case err == nil:
		return fmt.Errorf("terraform apply of %s succeeded, although it is never healthy", bad)
	case !errors.As(err, &failed):
		return err
	}
	s.note(trouble, bad+" failed")
	s.screen.quote(failed.words)
	s.screen.say("  It failed, as it should: %s got no traffic, and %s goes on serving.", bad, next)
	return nil
}

func (s *story) rollBack(ctx context.Context) error {
	s.chapter("Go back to %s", first)
	if err := s.preview(ctx, first); err != nil {
		return err
	}
	s.note(command, "apply "+first)
	began := time.Now()
	err := s.apply(ctx, first)
	s.back = span{began, time.Now()}
	return err
}

func (s *story) chapter(format string, args ...any) {
	s.screen.say("\n── "+format, args...)
}

func (s *story) note(kind markKind, text string) {
	s.marks = append(s.marks, mark{time.Now(), kind, text})
}

// preview shows what terraform plan says about the rollout.
func (s *story) preview(ctx context.Context, version string) error {
	out, err := s.command(ctx, "plan", "-var", "release_version="+version)
	if err != nil {
		return err
	}
	change := attribute(out, "rollout_plan")
	if change == "" {
		return fmt.Errorf("terraform plan of %s shows no rollout_plan:\n%s", version, out)
	}
	s.screen.quote(change)
	return nil
}

func (s *story) apply(ctx context.Context, version string, more ...string) error {
	began := time.Now()
	_, err := s.command(ctx, append([]string{"apply", "-auto-approve", "-var", "release_version=" + version}, more...)...)
	if err == nil {
		s.screen.say("  done in %s", seconds(time.Since(began)))
	}
	return err
}

func (s *story) command(ctx context.Context, args ...string) (string, error) {
	s.screen.say("  $ %s", commandLine(args))
	return s.terraform.run(ctx, args...)
}

// seconds writes a duration for people: 1.6 s.
func seconds(d time.Duration) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
}
