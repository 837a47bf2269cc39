package cli

import "testing"

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text          string
		width, indent int
		want          string
	}{
		{"", 10, 0, ""},
		{"  one   two ", 10, 0, "one two"},
		{"one two three", 7, 0, "one two\nthree"},
		{"one two three", 9, 2, "one two\n  three"},
		{"a somewhatlong b", 6, 1, "a\n somewhatlong\n b"},
		{"\u00e9\u00e9 \u00e9\u00e9", 5, 0, "\u00e9\u00e9 \u00e9\u00e9"},
	} {
		if got := Wrap(c.text, c.width, c.indent); got != c.want {
			t.Errorf("%q in %d columns, set in %d: %q, want %q", c.text, c.width, c.indent, got, c.want)
		}
	}
}
