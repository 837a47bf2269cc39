package cli

import (
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Columns is how wide help is: what a plain terminal shows.
const Columns = 80

// Fit makes the help of a command, and of all below it, fit Columns: what flags
// mean and paragraphs are wrapped, and long examples are parted where a shell
// allows it. Words that are longer, synopses and what is set in stay as they are.
func Fit(c *cobra.Command) {
	if !c.HasParent() {
		c.SetUsageTemplate(strings.ReplaceAll(c.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 80 "))
	}
	c.Long, c.Example = paragraphs(c.Long), examples(c.Example)
	for _, sub := range c.Commands() {
		Fit(sub)
	}
}

// paragraphs wraps those paragraphs of a text that are too wide anywhere; lines
// that are set in are no part of one.
func paragraphs(text string) string {
	var out, paragraph []string
	wide := false
	end := func() {
		if wide {
			paragraph = []string{Wrap(strings.Join(paragraph, " "), Columns, 0)}
		}
		out, paragraph, wide = append(out, paragraph...), nil, false
	}
	for _, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == ' ' {
			end()
			out = append(out, line)
			continue
		}
		paragraph = append(paragraph, line)
		wide = wide || utf8.RuneCountInString(line) > Columns
	}
	end()
	return strings.Join(out, "\n")
}

// examples parts commands that are too wide before a flag or an operator, outside
// of quotes: what comes out does the same.
func examples(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = parted(line)
	}
	return strings.Join(lines, "\n")
}

func parted(line string) string {
	const mark = " \\"
	var out strings.Builder
	for utf8.RuneCountInString(line) > Columns {
		at := -1
		for i, r := range line {
			before := line[:i]
			if r != ' ' || strings.Count(before, "'")%2 > 0 || strings.Count(before, `"`)%2 > 0 || strings.TrimSpace(before) == "" {
				continue
			}
			if rest := line[i+1:]; !strings.HasPrefix(rest, "-") && !strings.HasPrefix(rest, "&&") && !strings.HasPrefix(rest, "|") {
				continue
			}
			if utf8.RuneCountInString(before)+len(mark) > Columns {
				break
			}
			at = i
		}
		if at < 0 {
			break
		}
		out.WriteString(line[:at] + mark + "\n")
		line = "      " + line[at+1:]
	}
	return out.String() + line
}
