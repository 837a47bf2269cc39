package catalog_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
)

// TestRubbish gives every parser input that is cheap to make and dear to read.
// None may fail, and a document of nothing but faults is not read to its end.
func TestRubbish(t *testing.T) {
	const size = 60_000
	for _, unit := range []string{"a\n", "{\n", "[", "{}\n", `{"a":`, ",\n", "\"a\",\n", "1 1 ms\n", "# a\n", "---\na: b\n", "\x00", "\n\x00", " \n",
		"BEGIN:VCALENDAR\n", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n", "traceroute to a (1.1.1.1)\n", "[[[[]]]]\n", "a: &a [*a]\n"} {
		data := []byte(strings.Repeat(unit, size/len(unit)))
		for _, name := range catalog.Names() {
			parse, err := catalog.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			out := format.NewOut(func(any) {})
			parse(data, format.Options{}, out)
			if out.First != nil && strings.Contains(out.First.Error(), "the parser failed") {
				t.Errorf("%s: %.20q: %v", name, unit, out.First)
			}
		}
	}
}

// TestMemory reads a few megabytes of each kind and looks at the heap while
// events pass by: it must stay below 64 MB and four times the input.
func TestMemory(t *testing.T) {
	const size = 2 << 20
	for _, input := range samples(t) {
		name := formatOf(input)
		if !repeatable[name] {
			continue
		}
		sample, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		sample = append(bytes.TrimPrefix(sample, []byte("\xef\xbb\xbf")), '\n')
		data := bytes.Repeat(sample, size/len(sample))
		parse, err := catalog.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		n, peak := 0, uint64(0)
		parse(data, format.Options{}, format.NewOut(func(any) {
			if n++; n%20_000 == 0 {
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}))
		if limit := before.HeapAlloc + 64<<20 + 3*uint64(len(data)); peak > limit {
			t.Errorf("%s: heap of %d MB for %d MB", filepath.Base(input), peak>>20, len(data)>>20)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := catalog.Find("tea"); err == nil || !strings.Contains(err.Error(), "ripe-atlas") {
		t.Errorf("%v: want the names that are known", err)
	}
}
