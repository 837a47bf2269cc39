package catalog_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/ingest/format/events"
	"drover/internal/ingest/mapping"
	"drover/internal/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

// samples returns the inputs of our own making; a file's name begins with its
// format.
func samples(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	var inputs []string
	for _, name := range all {
		if s, _ := os.Stat(name); !s.IsDir() && !strings.HasSuffix(name, ".golden") {
			inputs = append(inputs, name)
		}
	}
	return inputs
}

func formatOf(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}

// decode prints what a parser makes of data: events as JSON lines, then the counts.
func decode(t testing.TB, formatName string, data []byte) string {
	t.Helper()
	parse, err := catalog.Find(formatName)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := mapping.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	print := func(event any) {
		line, err := events.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	opt := format.Options{Fleet: "shop", Server: "h1", At: 1772359200000}
	mapper := mapping.NewMapper(rules, opt)
	out := format.NewOut(func(event any) {
		if p, ok := event.(*format.Point); ok && mapper.Add(p) {
			return
		}
		print(event)
	})
	parse(data, opt, out)
	mapper.Flush(true, func(m model.Metric) { print(m) })
	fmt.Fprintf(&b, "read %d, rejected %d: %v\n", out.Records, out.Rejected, out.First)
	return b.String()
}

func TestGolden(t *testing.T) {
	seen := map[string]bool{}
	for _, input := range samples(t) {
		seen[formatOf(input)] = true
		t.Run(filepath.Base(input), func(t *testing.T) {
			data, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			got := decode(t, formatOf(input), data)
			golden := input + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	for _, name := range catalog.Names() {
		// Remote write is binary: its tests make their own bodies.
		if !seen[name] && name != "remote-write" {
			t.Errorf("format %s has no sample in testdata", name)
		}
	}
}
