// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// panel draws what is seen of endpoints: a rollout in flight at length, and what is
// at rest, where there are several, in a line.
type panel struct {
	*terminal.Output
	width, height int // of the terminal, in cells
	sights        []sight
}

// draw returns lines that fit the terminal.
func (p *panel) draw(now time.Time, footer string) string {
	var lines []string
	for i := range p.sights {
		s := &p.sights[i]
		if len(p.sights) > 1 && s.Rollout == nil {
			lines = append(lines, p.title(s)...)
			continue
		}
		lines = append(append(lines, ""), p.title(s)...)
		lines = append(lines, p.steps(s, now)...)
		lines = append(lines, p.environments(s)...)
		lines = append(lines, p.details(s, now)...)
	}
	if len(p.sights) == 0 && footer != "" {
		lines = append(lines, p.Paint(terminal.Soft, "looking ..."))
	}
	// What is drawn again must not be longer than the terminal.
	if room := max(p.height-3, 1); len(lines) > room {
		hidden := len(lines) - room + 1
		lines = append(lines[:room-1], p.Paint(terminal.Soft, fmt.Sprintf("... and %d more lines", hidden)))
	}
	if footer != "" {
		lines = append(lines, p.Paint(terminal.Soft, footer))
	}
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, max(p.width-1, 1), "…")
	}
	return strings.Join(lines, "\n") + "\n"
}

// title says how an endpoint stands, in more than a line where that is long.
func (p *panel) title(s *sight) []string {
	tone := terminal.Plain
	switch s.Status {
	case rollout.StatusFrozen, rollout.StatusDrifted:
		tone = terminal.Bad
	case rollout.StatusPaused, rollout.StatusCapped:
		tone = terminal.Notable
	}
	var lines []string
	for i, line := range strings.Split(ansi.Wrap(s.Endpoint+"  "+s.state(), max(p.width-5, 20), ""), "\n") {
		if rest, ok := strings.CutPrefix(line, s.Endpoint); i == 0 && ok {
			lines = append(lines, p.Paint(terminal.Strong, s.Endpoint)+p.Paint(tone, rest))
			continue
		}
		lines = append(lines, "    "+p.Paint(tone, line))
	}
	return lines
}

// steps draws a line for each step, and what is left of the bake.
func (p *panel) steps(s *sight, now time.Time) []string {
	var lines []string
	for _, step := range s.Steps {
		text := fmt.Sprintf("%3d %%", step.Weight)
		if step.Bake != "0s" {
			text += " for " + step.Bake
		}
		text = fmt.Sprintf("%-16s", text)
		switch step.State {
		case stepDone:
			lines = append(lines, p.Paint(terminal.Good, "  ✓ ")+text)
		case stepNow:
			lines = append(lines, p.Paint(terminal.Strong, "  ▸ "+text)+"  "+p.bake(step, now))
		default:
			lines = append(lines, p.Paint(terminal.Soft, "    "+text))
		}
	}
	return lines
}

// bake draws how far the bake of a step is.
func (p *panel) bake(step sightStep, now time.Time) string {
	whole, err := endpoint.ParseDuration(step.Bake)
	switch {
	case step.BakeEnds == nil:
		return p.Paint(terminal.Soft, "traffic is being moved")
	case err != nil || whole == 0:
		return ""
	case !now.Before(*step.BakeEnds):
		return p.bar(100, terminal.Good) + " its bake is over"
	}
	left := step.BakeEnds.Sub(now)
	done := 100 - int(100*left/whole.Std())
	return p.bar(done, terminal.Good) + " " + left.Round(time.Second).String() + " left"
}

// bar draws a share of 0 to 100 percent.
func (p *panel) bar(percent int, tone terminal.Tone) string {
	cells := min(20, max(p.width/8, 5))
	full := min(max((percent*cells+50)/100, 0), cells)
	if percent > 0 && full == 0 {
		full = 1
	}
	return p.Paint(tone, strings.Repeat("█", full)) + p.Paint(terminal.Soft, strings.Repeat("░", cells-full))
}

// environments draws a line for each, the newest first, and one for the old groups of
// a takeover; what there is no room for is left out from the right.
func (p *panel) environments(s *sight) []string {
	if len(s.Environments) == 0 && s.Takeover == nil {
		return nil
	}
	lines := []string{""}
	version := 0
	for _, e := range s.Environments {
		version = max(version, lipgloss.Width(e.Version))
	}
	for i := len(s.Environments) - 1; i >= 0; i-- {
		e := s.Environments[i]
		role := map[endpoint.Role]terminal.Tone{
			endpoint.Active: terminal.Good, endpoint.Candidate: terminal.Strong, endpoint.Failed: terminal.Bad,
		}[e.Role]
		health := terminal.Plain
		if e.Weight > 0 && e.Healthy < e.Desired {
			health = terminal.Bad
		}
		line := "  " + fmt.Sprintf("%-*s", version, e.Version) + "  " + p.Paint(role, fmt.Sprintf("%-9s", e.Role)) + "  " +
			p.share(e.Weight) + p.Paint(health, fmt.Sprintf("%d/%d healthy", e.Healthy, e.Desired))
		if e.Expires != nil {
			line += "  until " + e.Expires.UTC().Format("15:04")
		}
		if e.ID != "" {
			line += "  " + p.Paint(terminal.Soft, e.ID)
		}
		lines = append(lines, line)
	}
	if s.Takeover != nil {
		all := fmt.Sprintf("  %-*s  ", version+len("  candidate"), "old groups") + p.share(s.OldWeight)
		for _, each := range s.Takeover.Shares(s.OldWeight) {
			lines = append(lines, all+each)
			all = strings.Repeat(" ", lipgloss.Width(all))
		}
	}
	return lines
}

// share draws a share of traffic.
func (p *panel) share(percent int) string {
	return p.bar(percent, terminal.Strong) + fmt.Sprintf(" %3d %%  ", percent)
}

// details say what the rollout waits for, what guards it, and who runs it.
func (p *panel) details(s *sight, now time.Time) []string {
	var lines []string
	if len(s.Alarms) > 0 {
		text := "  alarms    "
		for i, a := range s.Alarms {
			if i > 0 {
				text += ", "
			}
			tone := map[rollout.AlarmState]terminal.Tone{rollout.AlarmOK: terminal.Good, rollout.AlarmFiring: terminal.Bad}[a.State]
			text += a.Name + " " + p.Paint(tone, orUnknown(a.State))
		}
		lines = append(lines, text)
	}
	if s.WaitsFor != "" {
		text := "  waits for " + s.WaitsFor
		if s.Until != nil && s.Until.After(now) {
			text += ", until " + s.Until.UTC().Format("15:04:05 MST")
		}
		lines = append(lines, text)
	}
	switch {
	case s.Lease != nil:
		lines = append(lines, fmt.Sprintf("  run by    %s on %s since %s", s.Lease.Who.Run, s.Lease.Who.Host, s.Lease.Since.UTC().Format("15:04:05 MST")))
	case s.Status == rollout.StatusRollingOut || s.Status == rollout.StatusPaused:
		lines = append(lines, p.Paint(terminal.Notable, "  run by    nobody has the lease: apply again, or ionroller reconcile"))
	}
	if len(lines) > 0 {
		lines = append([]string{""}, lines...)
	}
	return lines
}
