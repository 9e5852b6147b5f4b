// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
)

// palette tells versions apart, in the order of the story: by colour, and where
// there is none by the texture of the bar.
type palette struct {
	versions []string
	colours  bool
	styles   []lipgloss.Style
	bad      lipgloss.Style
	soft     lipgloss.Style
}

var (
	versionColours  = []string{"33", "214", "169"} // of the 256: blue, amber, magenta, as in the picture
	versionTextures = []string{"█", "▒", "░"}
)

func newPalette(r *lipgloss.Renderer, versions []string) palette {
	p := palette{
		versions: versions,
		colours:  r.ColorProfile() != termenv.Ascii,
		bad:      r.NewStyle().Foreground(lipgloss.Color("203")).Bold(true),
		soft:     r.NewStyle().Faint(true),
	}
	for i := range versions {
		p.styles = append(p.styles, r.NewStyle().Foreground(lipgloss.Color(versionColours[i%len(versionColours)])))
	}
	return p
}

// liveLine is one line of at most width cells: the time, a bar of the shares, their
// numbers, the pace and the failures so far.
func (p palette) liveLine(at time.Duration, last load.Summary, failed, width int) string {
	var legend []string
	plain := 0 // cells of the legend without colours
	for i, version := range p.versions {
		if last.Versions[version] == 0 {
			continue
		}
		text := fmt.Sprintf("%s %.0f%%", version, 100*last.Share(version))
		if !p.colours {
			text = p.texture(i) + " " + text
		}
		plain += lipgloss.Width(text) + 2
		legend = append(legend, p.styles[i].Render(text))
	}
	rate := fmt.Sprintf("%3d/s", last.Requests)
	failures := fmt.Sprintf("%d failed", failed)
	before := fmt.Sprintf("%5s ", clock(at))

	bar := width - len(before) - plain - len(rate) - len(failures) - 7
	line := p.soft.Render(before)
	if bar >= 8 {
		line += p.bar(last, min(bar, 60)) + "  "
	}
	line += strings.Join(legend, "  ")
	if failed > 0 {
		failures = p.bad.Render(failures)
	} else {
		failures = p.soft.Render(failures)
	}
	if line += "  " + p.soft.Render(rate) + "  " + failures; lipgloss.Width(line) < width {
		return line
	}
	return fmt.Sprintf("%.*s", max(width-1, 0), before+failures)
}

// bar divides cells among the versions by their shares. A version that got any
// answer has at least one cell.
func (p palette) bar(s load.Summary, cells int) string {
	var b strings.Builder
	for i, n := range p.divide(s, cells) {
		b.WriteString(p.styles[i].Render(strings.Repeat(p.texture(i), n)))
	}
	if b.Len() == 0 {
		return p.soft.Render(strings.Repeat("·", cells))
	}
	return b.String()
}

// divide returns the number of cells of each version, which sum up to cells.
func (p palette) divide(s load.Summary, cells int) []int {
	parts, largest, sum := make([]int, len(p.versions)), 0, 0
	for i, version := range p.versions {
		share := s.Share(version)
		parts[i] = int(math.Round(share * float64(cells)))
		if share > 0 && parts[i] == 0 {
			parts[i] = 1
		}
		if parts[i] > parts[largest] {
			largest = i
		}
		sum += parts[i]
	}
	if sum > 0 {
		parts[largest] += cells - sum
	}
	return parts
}

func (p palette) texture(i int) string {
	if p.colours {
		return "█"
	}
	return versionTextures[i%len(versionTextures)]
}

// plainLine says the same as liveLine where nothing can be redrawn.
func (p palette) plainLine(at time.Duration, last load.Summary, failed int) string {
	var shares []string
	for _, version := range p.versions {
		if last.Versions[version] > 0 {
			shares = append(shares, fmt.Sprintf("%s %3.0f%%", version, 100*last.Share(version)))
		}
	}
	return fmt.Sprintf("%5s  %-26s %3d requests/s, %d failed", clock(at), strings.Join(shares, "  "), last.Requests, failed)
}
