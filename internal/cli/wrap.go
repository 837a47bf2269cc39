package cli

import (
	"strings"
	"unicode/utf8"
)

// Wrap breaks a text between words into lines of at most width columns, all but
// the first set in by so many; the first is taken to begin there too. A longer word
// has a line of its own.
func Wrap(text string, width, indent int) string {
	var b strings.Builder
	column := indent
	for i, word := range strings.Fields(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+length > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += length
	}
	return b.String()
}
