package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

const output = `goos: linux
BenchmarkGrowth/series=10000-2         	       1	85584495163 ns/op	      1980 B/series	      5828 cpu-ns/record
BenchmarkGrowth/series=100000-2        	       1	85584495163 ns/op	      1981.5 B/series	      6000 cpu-ns/record
BenchmarkOther-2 1 5 ns/op
BenchmarkConsumers/consumers=4-2 1 5 ns/op 12 cpu-ns/record
PASS
`

func TestCurvesAreReadAndDrawn(t *testing.T) {
	curves, err := read(strings.NewReader(output))
	if err != nil || len(curves) != 3 {
		t.Fatalf("%d curves, %v", len(curves), err)
	}
	c := curves[0]
	if c.file() != "growth-b-per-series.svg" || c.label != "series" || len(c.points) != 2 || c.points[1] != (point{100_000, 1981.5}) {
		t.Errorf("curve %+v in %s", c, c.file())
	}
	for _, c := range curves {
		picture := c.draw()
		decoder := xml.NewDecoder(strings.NewReader(picture))
		circles := 0
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", c.file(), err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
				circles++
			}
		}
		if circles != len(c.points) || strings.Contains(picture, "NaN") || strings.Contains(picture, "Inf") {
			t.Errorf("%s: %d circles for %d points\n%s", c.file(), circles, len(c.points), picture)
		}
	}
}

func TestNumbersAreShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 12.4: "12", 5828: "5828", 10_000: "10k", 99_100: "99.1k", 146_675: "147k", 1_000_000: "1M"} {
		if got := short(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(output)
	f.Fuzz(func(t *testing.T, text string) {
		curves, err := read(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, c := range curves {
			c.draw()
		}
	})
}
