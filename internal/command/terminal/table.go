// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package terminal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Column is one of a table's.
type Column struct {
	Title string
	// Spare says how well one can do without it: where a line is too short for all
	// columns, those that are spared first have the largest number. 0 always stays.
	Spare int
}

// Cell is words with their tone.
type Cell struct {
	Words string
	Tone  Tone
}

// gap is what separates columns.
const gap = 2

// Table writes rows below the columns' titles, after an indentation. The words of
// the last column are wrapped where they are too long.
func (o *Output) Table(indent int, columns []Column, rows [][]Cell) error {
	shown := o.fitting(indent, columns, rows)
	widths := make([]int, len(columns))
	begin := indent // of the last column
	for _, i := range shown[:len(shown)-1] {
		widths[i] = widest(columns, rows, i)
		begin += widths[i] + gap
	}
	titles := make([]Cell, len(columns))
	for i, c := range columns {
		titles[i] = Cell{c.Title, Soft}
	}
	for _, row := range append([][]Cell{titles}, rows...) {
		if err := o.row(indent, begin, row, shown, widths); err != nil {
			return err
		}
	}
	return nil
}

func (o *Output) row(indent, begin int, row []Cell, shown, widths []int) error {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", indent))
	for _, i := range shown[:len(shown)-1] {
		b.WriteString(o.Paint(row[i].Tone, row[i].Words))
		b.WriteString(strings.Repeat(" ", widths[i]-lipgloss.Width(row[i].Words)+gap))
	}
	last := row[shown[len(shown)-1]]
	for n, line := range o.wrap(last.Words, o.width-begin) {
		if n > 0 {
			b.WriteString("\n" + strings.Repeat(" ", begin))
		}
		b.WriteString(o.Paint(last.Tone, line))
	}
	_, err := fmt.Fprintln(o, strings.TrimRight(b.String(), " "))
	return err
}

// fitting chooses the columns that a line has room for.
func (o *Output) fitting(indent int, columns []Column, rows [][]Cell) []int {
	var shown []int
	for i := range columns {
		shown = append(shown, i)
	}
	if o.width == 0 {
		return shown
	}
	for {
		need, spared := indent, -1
		for n, i := range shown {
			if n == len(shown)-1 {
				need += min(widest(columns, rows, i), max(leastWrapped, o.width*2/5))
			} else {
				need += widest(columns, rows, i) + gap
			}
			if columns[i].Spare > 0 && (spared < 0 || columns[i].Spare > columns[spared].Spare) {
				spared = i
			}
		}
		if need <= o.width || spared < 0 {
			return shown
		}
		shown = slices.DeleteFunc(shown, func(i int) bool { return i == spared })
	}
}

// widest is the width of a column's widest words.
func widest(columns []Column, rows [][]Cell, i int) int {
	most := lipgloss.Width(columns[i].Title)
	for _, row := range rows {
		most = max(most, lipgloss.Width(row[i].Words))
	}
	return most
}
