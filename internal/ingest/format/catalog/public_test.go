package catalog_test

import (
	"os"
	"path/filepath"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
)

// TestPublicSamples reads real producers' files, which are not part of the
// project.
func TestPublicSamples(t *testing.T) {
	dir := sharedData()
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("sample data are not here (%s): set DROVER_DATA", dir)
	}
	met := map[string]bool{}
	for _, c := range []struct {
		file, format string
		ok           bool
		events       int
	}{
		{"events/prometheus/node_exporter.txt", "prometheus", true, 3027},
		{"events/otlp/metrics.json", "otlp-metrics", true, 4},
		{"events/otlp/trace.json", "otlp-traces", true, 1},
		{"events/otlp/logs.json", "otlp-metrics", false, 0},
		{"events/otlp/events.json", "otlp-traces", false, 0},
		{"events/traceroute/ripe_atlas.jsonl", "ripe-atlas", true, 5},
		{"events/traceroute/mtr.json", "mtr", true, 1},
		{"events/traceroute/scamper_trace.jsonl", "scamper", true, 1},
		{"events/traceroute/scamper_tracelb.jsonl", "scamper", true, 1},
		{"events/traceroute/linux_text.txt", "traceroute-text", true, 1},
		{"events/deployment/otel_demo_compose.yaml", "compose", true, 20},
		{"events/deployment/boutique_manifests.yaml", "kubernetes", true, 12},
		{"events/deployment/aws_describe_instance_status_events.json", "maintenance-aws", true, 1},
		{"events/deployment/aws_imds_maintenance_scheduled.json", "maintenance-aws", true, 1},
		{"events/deployment/azure_scheduled_events.json", "maintenance-azure", true, 1},
		{"events/calendar/2022.ics", "icalendar", true, 12},
		{"events/calendar/2023.ics", "icalendar", true, 11},
		{"events/calendar/input1.ics", "icalendar", true, 1},
		{"events/calendar/input2.ics", "icalendar", true, 1},
		{"events/calendar/input3.ics", "icalendar", true, 0},
		{"events/calendar/input4.ics", "icalendar", true, 0},
		{"events/calendar/input5.ics", "icalendar", true, 0},
		{"events/calendar/input6.ics", "icalendar", true, 0},
		{"nezha/trace/03_53_trace.csv", "spans-csv", true, 23019},
		{"nezha/metric/adservice-5f6585d649-fnmft_metric.csv", "metrics-csv", true, 1209},
	} {
		met[filepath.Join(dir, c.file)] = true
		data, err := os.ReadFile(filepath.Join(dir, c.file))
		if err != nil {
			t.Error(err)
			continue
		}
		parse, err := catalog.Find(c.format)
		if err != nil {
			t.Fatal(err)
		}
		out := format.NewOut(nil)
		parse(data, format.Options{}, out)
		if out.OK() != c.ok || out.Records != c.events {
			t.Errorf("%s: ok %v, %d read (%v); want %v, %d", c.file, out.OK(), out.Records, out.First, c.ok, c.events)
		}
	}
	everyFileMet(t, filepath.Join(dir, "events"), met)
}

// everyFileMet walks the events: none may be left out. The cases of OpenMetrics
// have a test of their own, beside its parser.
func everyFileMet(t *testing.T, root string, met map[string]bool) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "openmetrics" {
			return filepath.SkipDir
		}
		if !entry.IsDir() && !met[path] {
			t.Errorf("%s is not read by this test", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
