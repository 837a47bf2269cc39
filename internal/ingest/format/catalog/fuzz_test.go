package catalog_test

import (
	"os"
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/ingest/format/events"
)

// longestFuzzed bounds inputs, in bytes: longer ones teach nothing new. Whole
// samples are read by the catalog's other tests.
const longestFuzzed = 1 << 16

// fuzz feeds a parser from the samples of its format. A parser must not panic
// (the catalog's guard is told apart by its message), must not count what it
// has not read, and everything it emits must have a JSON form.
func fuzz(f *testing.F, name string) {
	for _, input := range samples(f) {
		if formatOf(input) != name {
			continue
		}
		data, err := os.ReadFile(input)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) <= longestFuzzed {
			f.Add(data)
		}
	}
	parse, err := catalog.Find(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > longestFuzzed {
			t.Skip("longer inputs teach nothing new")
		}
		before := string(data)
		emitted := 0
		out := format.NewOut(func(event any) {
			emitted++
			if emitted > 100 {
				return
			}
			if _, err := events.Encode(event); err != nil {
				t.Fatalf("%T: %v", event, err)
			}
		})
		parse(data, format.Options{Fleet: "f", Server: "s", At: 1}, out)
		if out.First != nil && strings.Contains(out.First.Error(), "the parser failed") {
			t.Fatal(out.First)
		}
		if out.OK() != (out.First == nil) {
			t.Fatalf("%d rejected, first reason %v", out.Rejected, out.First)
		}
		if string(data) != before {
			t.Fatal("the parser changed its input")
		}
		check := format.NewOut(nil)
		parse(data, format.Options{Fleet: "f", Server: "s", At: 1}, check)
		if out.First != nil && strings.Contains(out.First.Error(), "cost too much") {
			return // a bound of decoding alone
		}
		if check.Records != out.Records || check.Rejected != out.Rejected {
			t.Fatalf("checked: %d read, %d rejected; decoded: %d, %d", check.Records, check.Rejected, out.Records, out.Rejected)
		}
	})
}

func FuzzCampaigns(f *testing.F) { fuzz(f, "campaigns-csv") }

func FuzzCompose(f *testing.F) { fuzz(f, "compose") }

func FuzzEvents(f *testing.F) { fuzz(f, "events") }

func FuzzICalendar(f *testing.F) { fuzz(f, "icalendar") }

func FuzzInflux(f *testing.F) { fuzz(f, "influx") }

func FuzzInventory(f *testing.F) { fuzz(f, "inventory") }

func FuzzJaeger(f *testing.F) { fuzz(f, "jaeger") }

func FuzzKubernetes(f *testing.F) { fuzz(f, "kubernetes") }

func FuzzMaintenanceAWS(f *testing.F) { fuzz(f, "maintenance-aws") }

func FuzzMaintenanceAzure(f *testing.F) { fuzz(f, "maintenance-azure") }

func FuzzMetricsCSV(f *testing.F) { fuzz(f, "metrics-csv") }

func FuzzMTR(f *testing.F) { fuzz(f, "mtr") }

func FuzzOpenMetrics(f *testing.F) { fuzz(f, "openmetrics") }

func FuzzOTLPMetrics(f *testing.F) { fuzz(f, "otlp-metrics") }

func FuzzOTLPTraces(f *testing.F) { fuzz(f, "otlp-traces") }

func FuzzPrometheus(f *testing.F) { fuzz(f, "prometheus") }

func FuzzRemoteWrite(f *testing.F) { fuzz(f, "remote-write") }

func FuzzRIPEAtlas(f *testing.F) { fuzz(f, "ripe-atlas") }

func FuzzScamper(f *testing.F) { fuzz(f, "scamper") }

func FuzzSpansCSV(f *testing.F) { fuzz(f, "spans-csv") }

func FuzzTracerouteText(f *testing.F) { fuzz(f, "traceroute-text") }

func FuzzZipkin(f *testing.F) { fuzz(f, "zipkin") }
