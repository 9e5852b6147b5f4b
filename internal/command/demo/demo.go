// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package demo tells the story of an endpoint in a minute: a first deployment, a
// gradual rollout, a release that never becomes healthy, and a hot rollback, by
// real runs of terraform against the sandbox, under a stream of measured requests.
// It shows what ionroller does and checks it as it goes; it has no part in doing it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// Config says where the demo is shown, and with what it is played.
type Config struct {
	Out        io.Writer
	Terminal   bool   // Out can be redrawn
	Width      int    // of the terminal in cells; 0 means 80
	SVG        string // file for a picture of the shares over time; empty for none
	Executable string // the provider's binary; empty means the running one
}

// Run plays the demo, and takes away all it made, also when ctx ends before the
// story does. It returns an error when a request failed or the story went
// otherwise than it should.
func Run(ctx context.Context, c Config) (err error) {
	path, err := findTerraform()
	if err != nil {
		return err
	}
	if c.Executable == "" {
		if c.Executable, err = os.Executable(); err != nil {
			return fmt.Errorf("finding the provider's binary: %w", err)
		}
	}
	if c.Width == 0 {
		c.Width = 80
	}

	// The sandbox outlives ctx: an interrupted terraform still has to reach it.
	aws, err := sandbox.Start(context.WithoutCancel(ctx), sandbox.Config{})
	if err != nil {
		return fmt.Errorf("starting the sandbox: %w", err)
	}
	defer func() { err = errors.Join(err, aws.Close()) }()
	folder, err := newWorkspace(c.Executable, aws.Info())
	if err != nil {
		return fmt.Errorf("preparing the workspace: %w", err)
	}
	defer func() { err = errors.Join(err, folder.remove()) }()

	s := &story{
		aws:       aws,
		terraform: newTerraform(path, folder, aws.Info()),
		screen:    &screen{out: c.Out, live: c.Terminal},
		palette:   newPalette(lipgloss.NewRenderer(c.Out), versions),
		width:     c.Width,
	}
	quiet := context.AfterFunc(ctx, func() {
		s.screen.say("\nInterrupted: stopping terraform, the requests and the sandbox.")
	})
	told := s.tell(ctx)
	if !quiet() {
		return context.Cause(ctx)
	}
	if len(s.results) == 0 {
		return told
	}
	o := outcome{s.results, aws.Calls(), s.marks, s.back}
	s.screen.say("\nSummary\n%s", o.summary(s.palette))
	told = errors.Join(told, o.check())
	if c.SVG != "" {
		told = errors.Join(told, o.draw(c.SVG))
		s.screen.say("  %-13s %s", "picture", c.SVG)
	}
	return told
}

// draw writes the picture.
func (o outcome) draw(path string) error {
	var picture strings.Builder
	line := newTimeline(o.results, versions, pictureSlot)
	if err := drawPicture(&picture, line, o.allMarks(), o.headline()); err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	return os.WriteFile(path, []byte(picture.String()), 0o644)
}
