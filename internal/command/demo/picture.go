// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// The picture's measures, in its own units (pixels at its natural size).
const (
	pictureWidth  = 960.0
	left, right   = 58.0, 936.0 // of both plots
	labelRow      = 17.0        // height of one row of marks
	labelsTop     = 106.0
	sharesHeight  = 230.0
	paceHeight    = 56.0
	shortestLabel = 64.0 // an area at least as wide as this is named inside
)

// style makes the picture follow the reader's light or dark theme. Areas are told
// apart by lightness too, not by hue alone.
const style = `
  svg { --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --grid: #d1d9e0; --v0: #2f6fdb; --v1: #f0a030; --v2: #c2408f; --bad: #cf222e; --good: #1a7f37; --on0: #ffffff; --on1: #1f2328; --on2: #ffffff; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --grid: #30363d; --v0: #3f7ae0; --v1: #e8a33d; --v2: #d65aa8; --bad: #ff7b72; --good: #56d364; --on0: #ffffff; --on1: #0d1117; --on2: #0d1117; }
  }
  .paper { fill: var(--paper); }
  text { font: 12px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: var(--soft); }
  .title { font-size: 18px; font-weight: 600; fill: var(--ink); }
  .name { font-size: 15px; font-weight: 600; text-anchor: middle; }
  .x { text-anchor: middle; } .y { text-anchor: end; }
  .grid { stroke: var(--grid); stroke-width: 1; }
  .mark { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 2 3; }
  .step { opacity: .45; }
  .flag { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; } .flag.bad { fill: var(--bad); font-weight: 600; } .flag.good { fill: var(--good); font-weight: 600; }
  .pace { fill: none; stroke: var(--ink); stroke-width: 1.5; } .failed { fill: var(--bad); }
  .v0 { fill: var(--v0); } .v1 { fill: var(--v1); } .v2 { fill: var(--v2); }
  .on0 { fill: var(--on0); } .on1 { fill: var(--on1); } .on2 { fill: var(--on2); }
`

// drawPicture writes an SVG: over time, the share of answers by version as stacked
// areas, the marks above them, and the pace of the requests below.
func drawPicture(w io.Writer, t timeline, marks []mark, subtitle string) error {
	p := picture{line: t, marks: inView(t, marks)}
	rows := p.layLabels()
	p.top = labelsTop + float64(rows)*labelRow
	height := p.top + sharesHeight + 44 + paceHeight + 42

	p.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img">`, pictureWidth, height)
	p.add(`<title>Share of answers by version</title><desc>%s</desc><style>%s</style>`, subtitle, verbatim(style))
	p.add(`<rect class="paper" width="100%%" height="100%%" rx="8"/>`)
	p.add(`<text class="title" x="%.0f" y="36">Share of answers by version</text>`, left)
	p.add(`<text x="%.0f" y="57">%s</text>`, left, subtitle)
	p.legend()
	p.shares()
	p.flags()
	p.pace(p.top + sharesHeight + 44)
	p.add(`</svg>`)
	_, err := io.WriteString(w, p.String())
	return err
}

type picture struct {
	strings.Builder
	line  timeline
	marks []mark
	rows  []int   // the row of each mark's label, 0 the lowest
	top   float64 // of the shares' plot
}

// verbatim is text that is markup already.
type verbatim string

// add writes one line; strings among the arguments are escaped.
func (p *picture) add(format string, args ...any) {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			var escaped strings.Builder
			_ = xml.EscapeText(&escaped, []byte(s)) // a Builder does not fail
			args[i] = escaped.String()
		}
	}
	fmt.Fprintf(p, format+"\n", args...)
}

func inView(t timeline, marks []mark) []mark {
	var seen []mark
	for _, m := range marks {
		if at := m.at.Sub(t.start); at >= 0 && at <= t.length() {
			seen = append(seen, m)
		}
	}
	return seen
}

func (p *picture) x(at time.Duration) float64 {
	if p.line.length() == 0 {
		return left
	}
	return left + (right-left)*float64(at)/float64(p.line.length())
}

func (p *picture) y(share float64) float64 { return p.top + sharesHeight*(1-share) }

// layLabels gives each label the lowest row in which it covers no other, and
// returns the number of rows.
func (p *picture) layLabels() int {
	var taken [][]stretch // in each row
	for _, m := range p.marks {
		at, row := p.labelled(m), 0
		for row < len(taken) && slices.ContainsFunc(taken[row], at.touches) {
			row++
		}
		if row == len(taken) {
			taken = append(taken, nil)
		}
		taken[row] = append(taken[row], at)
		p.rows = append(p.rows, row)
	}
	return len(taken)
}

// stretch is a part of a row, from left to right.
type stretch struct{ from, to float64 }

func (s stretch) touches(other stretch) bool { return s.from < other.to && other.from < s.to }

// labelled is the room of a mark's label: right of its line or, where the picture
// ends, left of it.
func (p *picture) labelled(m mark) stretch {
	x, width := p.x(m.at.Sub(p.line.start)), textWidth(m.text)+14
	if x+width > pictureWidth {
		return stretch{x - width, x}
	}
	return stretch{x, x + width}
}

// textWidth guesses the width of a label in the picture's small type.
func textWidth(s string) float64 { return 6.6 * float64(len([]rune(s))) }

func (p *picture) legend() {
	x := left
	for i, version := range p.line.versions {
		text := fmt.Sprintf("%s: %s answers", version, thousands(p.line.total.Versions[version]))
		p.add(`<rect class="v%d" x="%.1f" y="74" width="12" height="12" rx="3"/>`, i, x)
		p.add(`<text x="%.1f" y="84">%s</text>`, x+18, text)
		x += textWidth(text) + 46
	}
}

func (p *picture) shares() {
	base := make([]float64, len(p.line.slots))
	for i, version := range p.line.versions {
		roof := make([]float64, len(base))
		for slot, s := range p.line.slots {
			roof[slot] = base[slot] + s.Share(version)
		}
		if p.line.total.Versions[version] > 0 {
			p.add(`<path class="v%d" d="%s"/>`, i, p.area(base, roof))
		}
		base = roof
	}
	for percent := 0; percent <= 100; percent += 25 {
		y := p.y(float64(percent) / 100)
		p.add(`<line class="grid" x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f" opacity=".5"/>`, left, right, y, y)
		p.add(`<text class="y" x="%.0f" y="%.1f">%d%%</text>`, left-8, y+4, percent)
	}
	p.names()
}

// area is the path between two lines through the middles of the slots, drawn out
// to both edges of the plot.
func (p *picture) area(base, roof []float64) string {
	var forth, back []string
	point := func(at time.Duration, share float64) string {
		return fmt.Sprintf("%.1f,%.1f", p.x(at), p.y(share))
	}
	for i := range roof {
		at := time.Duration(i)*p.line.slot + p.line.slot/2
		if i == 0 {
			at = 0
		} else if i == len(roof)-1 {
			at = p.line.length()
		}
		forth = append(forth, point(at, roof[i]))
		back = append([]string{point(at, base[i])}, back...)
	}
	return "M" + strings.Join(forth, " L") + " L" + strings.Join(back, " L") + " Z"
}

// names writes each version into the stretches in which it has most of the traffic.
func (p *picture) names() {
	for i, version := range p.line.versions {
		from := -1
		for slot := 0; slot <= len(p.line.slots); slot++ {
			most := slot < len(p.line.slots) && p.line.slots[slot].Share(version) >= 0.75
			if most && from < 0 {
				from = slot
			}
			if most || from < 0 {
				continue
			}
			x1, x2 := p.x(time.Duration(from)*p.line.slot), p.x(time.Duration(slot)*p.line.slot)
			if x2-x1 >= shortestLabel {
				p.add(`<text class="name on%d" x="%.1f" y="%.1f">%s</text>`, i, (x1+x2)/2, p.y(0.48), version)
			}
			from = -1
		}
	}
}

func (p *picture) flags() {
	const lift = 8 // of the lowest row above the plot
	classes := map[markKind]string{command: "flag", shift: "flag", trouble: "flag bad", recovery: "flag good"}
	baseline := func(i int) float64 { return p.top - lift - float64(p.rows[i])*labelRow }
	for i, m := range p.marks {
		line := "mark"
		if m.kind == shift {
			line = "mark step"
		}
		x := p.x(m.at.Sub(p.line.start))
		p.add(`<line class="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, line, x, x, baseline(i)-9, p.top+sharesHeight)
	}
	for i, m := range p.marks { // over all lines
		x, class := p.x(m.at.Sub(p.line.start))+4, classes[m.kind]
		if p.labelled(m).from < x-4 {
			x, class = x-8, class+" y"
		}
		p.add(`<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x, baseline(i), m.text)
	}
}

// pace draws the requests a second, failed ones as bars, and the axis of time.
func (p *picture) pace(top float64) {
	perSecond := func(n int) float64 { return float64(n) / p.line.slot.Seconds() }
	most := 10.0
	for _, s := range p.line.slots {
		most = math.Max(most, perSecond(s.Requests))
	}
	most = 50 * math.Ceil(most/50)
	bottom := top + paceHeight
	y := func(rate float64) float64 { return bottom - paceHeight*rate/most }

	p.add(`<text x="%.0f" y="%.1f">requests a second</text>`, left, top-10)
	for _, rate := range []float64{0, most} {
		p.add(`<line class="grid" x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f"/>`, left, right, y(rate), y(rate))
		p.add(`<text class="y" x="%.0f" y="%.1f">%.0f</text>`, left-8, y(rate)+4, rate)
	}
	var points []string
	for i, s := range p.line.slots {
		from := time.Duration(i) * p.line.slot
		points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(from+p.line.slot/2), y(perSecond(s.Requests))))
		if s.Failed > 0 {
			p.add(`<rect class="failed" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`,
				p.x(from), y(perSecond(s.Failed)), p.x(p.line.slot)-left, bottom-y(perSecond(s.Failed)))
		}
	}
	p.add(`<polyline class="pace" points="%s"/>`, strings.Join(points, " "))
	for at := time.Duration(0); at <= p.line.length(); at += 10 * time.Second {
		p.add(`<text class="x" x="%.1f" y="%.1f">%s</text>`, p.x(at), bottom+20, clock(at))
	}
}

// clock writes a duration as minutes and seconds: 1:05.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// thousands groups a count's digits: 6,120.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
