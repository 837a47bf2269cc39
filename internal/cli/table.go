package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Table writes rows in columns. Narrow, it fits the width: the last column,
// which says most, is cut; wide, nothing is.
type Table struct {
	header []string
	rows   [][]string
	wide   bool
	width  int
	colour bool
}

const (
	defaultWidth = 80
	gap          = 2
)

// NewTable returns a table for a writer: as wide as the terminal says, without
// colours where nobody wants them.
func NewTable(w io.Writer, wide bool, header ...string) *Table {
	t := &Table{header: header, wide: wide, width: defaultWidth, colour: coloured(w)}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > defaultWidth && IsTerminal(w) {
		t.width = n
	}
	return t
}

// Add adds a row of as many cells as the table has columns.
func (t *Table) Add(cells ...string) {
	for i, c := range cells {
		cells[i] = Clean(c)
	}
	t.rows = append(t.rows, cells)
}

// Clean takes out what would steer the terminal: names and reasons come from
// anybody who may send something.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// Write writes the table.
func (t *Table) Write(w io.Writer) error {
	widths := make([]int, len(t.header))
	for _, row := range append([][]string{t.header}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	t.shrink(widths)
	for i, row := range append([][]string{t.header}, t.rows...) {
		var b strings.Builder
		for j, cell := range row {
			text := cell
			if !t.wide {
				text = Cut(cell, widths[j])
			}
			pad := widths[j] - utf8.RuneCountInString(text)
			if t.colour && i > 0 {
				text = paint(text)
			}
			b.WriteString(text)
			if j < len(row)-1 {
				b.WriteString(strings.Repeat(" ", max(0, pad)+gap))
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// shrink takes what is too much from the last column, then from the widest.
func (t *Table) shrink(widths []int) {
	if t.wide {
		return
	}
	over := gap * (len(widths) - 1)
	for _, n := range widths {
		over += n
	}
	for over -= t.width; over > 0; over-- {
		last := len(widths) - 1
		if widths[last] <= 12 {
			for i := range widths {
				if widths[i] > widths[last] {
					last = i
				}
			}
		}
		if widths[last] <= 4 {
			return
		}
		widths[last]--
	}
}

// Cut shortens a text to n runes.
func Cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:max(0, n-1)]) + "…"
}

// paint colours the words for how something stands.
func paint(text string) string {
	switch {
	case strings.HasPrefix(text, "succeeded"), text == "done", text == "yes":
		return "\x1b[32m" + text + "\x1b[0m"
	case strings.HasPrefix(text, "rolled"), strings.HasPrefix(text, "waits"), text == "undoing", strings.HasPrefix(text, "stopped"):
		return "\x1b[33m" + text + "\x1b[0m"
	case strings.HasPrefix(text, "parked"), text == "failed", text == "rejected":
		return "\x1b[31m" + text + "\x1b[0m"
	}
	return text
}

// IsTerminal tells whether somebody looks at a writer.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// coloured tells whether colours are wanted; see no-color.org.
func coloured(w io.Writer) bool { return IsTerminal(w) && os.Getenv("NO_COLOR") == "" }

// Bar draws how far something is.
func Bar(share float64, width int) string {
	n := int(share*float64(width) + 0.5)
	n = min(max(n, 0), width)
	return "[" + strings.Repeat("#", n) + strings.Repeat(".", width-n) + "]"
}
