package reference

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
)

// titleLine is the first line of a man page, with the month that it was made in.
var titleLine = regexp.MustCompile(`(?m)^(\.TH "[^"]*" "\d") "[^"]*"`)

func undated(page []byte) []byte { return titleLine.ReplaceAll(page, []byte(`$1 ""`)) }

// completion returns the completion scripts of drover, which is the first
// program, by the names that shells look for.
func completion(programs []*cobra.Command) (map[string][]byte, error) {
	root := programs[0]
	out := map[string][]byte{}
	for name, generate := range map[string]func(*bytes.Buffer) error{
		"drover.bash": func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) },
		"_drover":     func(b *bytes.Buffer) error { return root.GenZshCompletion(b) },
		"drover.fish": func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) },
	} {
		var b bytes.Buffer
		if err := generate(&b); err != nil {
			return nil, fmt.Errorf("docs: completion %s: %w", name, err)
		}
		out[name] = b.Bytes()
	}
	return out, nil
}
