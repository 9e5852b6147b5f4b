// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/command/trail"
)

// screen is watch on a terminal: a panel that is drawn again and again, and above it,
// in the terminal's own history, the lines of what has happened.
type screen struct {
	panel
	cells  atomic.Int64 // the width, for who prints above the panel
	now    func() time.Time
	fault  error
	drawn  chan struct{} // it is closed when the panel has its place on the terminal
	closed bool          // nothing is drawn any more but what stays
}

type (
	newsMessage struct{ news }
	tickMessage struct{}
	drawMessage struct{}
	endMessage  struct{}
)

// watchOnScreen watches until the rollout has ended or somebody closes it.
func watchOnScreen(cmd *cobra.Command, w *watcher) error {
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	out := terminal.New(cmd.OutOrStdout())
	s := &screen{
		panel: panel{Output: out, width: 80, height: 24}, now: w.loop.Clock.Now,
		drawn: make(chan struct{}),
	}
	s.cells.Store(int64(s.width))
	options := []tea.ProgramOption{tea.WithOutput(cmd.OutOrStdout()), tea.WithoutSignalHandler()}
	if !isTerminal(cmd.InOrStdin()) {
		options = append(options, tea.WithInput(nil)) // it is closed by an interrupt then
	}
	program := tea.NewProgram(s, options...)
	watched := make(chan error, 1)
	go func() {
		// A line that is to go above the panel before that is drawn goes to the top.
		select {
		case <-s.drawn:
		case <-ctx.Done():
		}
		err := w.watch(ctx, programViewer{program, &trail.Printer{Output: out, Prefixed: w.all}, &s.cells})
		watched <- err
		program.Send(endMessage{})
	}()
	_, err := program.Run()
	cancel()
	return errors.Join(err, <-watched)
}

// programViewer hands news to the screen.
type programViewer struct {
	*tea.Program
	printer *trail.Printer
	width   *atomic.Int64 // of the terminal
}

func (v programViewer) show(n news) error {
	for _, l := range n.lines {
		line := ansi.Wrap(v.printer.Word(l), int(v.width.Load()), "")
		v.Send(tea.Println(line)()) // in the order of what is sent, which the end comes after
	}
	v.Send(newsMessage{n})
	return nil
}

// drawnWithin is the time of some frames.
const drawnWithin = 100 * time.Millisecond

// Init starts the clock by which what is left of a bake is drawn.
func (s *screen) Init() tea.Cmd {
	return tea.Batch(tick(), tea.Tick(drawnWithin, func(time.Time) tea.Msg { return drawMessage{} }))
}

func tick() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return tickMessage{} })
}

// Update takes news, keys and time.
func (s *screen) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch m := message.(type) {
	case tea.WindowSizeMsg:
		s.width, s.height = m.Width, m.Height
		s.cells.Store(int64(max(m.Width, 1)))
	case tickMessage:
		return s, tick()
	case drawMessage:
		close(s.drawn)
	case tea.KeyPressMsg:
		if k := m.String(); k == "q" || k == "esc" || k == "ctrl+c" {
			s.closed = true
			return s, tea.Quit
		}
	case endMessage:
		s.closed = true
		return s, tea.Quit
	case newsMessage:
		s.sights, s.fault = m.sights, m.fault
	}
	return s, nil
}

// View draws the panel.
func (s *screen) View() tea.View {
	footer := "q closes this and stops nothing"
	switch {
	case s.closed:
		footer = ""
	case s.fault != nil:
		footer = s.fault.Error() + "; it is tried again"
	case len(s.sights) == 1 && s.sights[0].Rollout == nil && s.sights[0].Lease == nil:
		footer = "waits for the next rollout; q closes this"
	}
	text := s.draw(s.now(), footer)
	if !s.closed {
		// At the bottom of the terminal there is no room yet for an empty line below, and
		// where the panel begins would be mistaken by one.
		text = strings.TrimSuffix(text, "\n")
	}
	return tea.NewView(text)
}
