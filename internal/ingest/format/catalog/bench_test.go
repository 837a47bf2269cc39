package catalog_test

import (
	"bytes"
	"os"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
)

// benchBytes is about the size of the documents that are read.
const benchBytes = 10 << 20

// repeatable are the formats of which a document repeated is a document.
var repeatable = map[string]bool{"prometheus": true, "influx": true, "ripe-atlas": true, "mtr": true, "scamper": true,
	"traceroute-text": true, "zipkin": true, "jaeger": true, "otlp-traces": true, "otlp-metrics": true, "icalendar": true,
	"events": true, "maintenance-aws": true, "maintenance-azure": true}

// BenchmarkRead reads 10 MB of each repeatable format's own samples.
func BenchmarkRead(b *testing.B) {
	for _, input := range samples(b) {
		if !repeatable[formatOf(input)] {
			continue
		}
		sample, err := os.ReadFile(input)
		if err != nil {
			b.Fatal(err)
		}
		sample = append(bytes.TrimPrefix(sample, []byte("\xef\xbb\xbf")), '\n')
		data := bytes.Repeat(sample, benchBytes/len(sample))
		parse, err := catalog.Find(formatOf(input))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(input[len("testdata/"):], func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				parse(data, format.Options{}, format.NewOut(nil))
			}
		})
	}
}
