package catalog_test

import (
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
)

// TestOlderAndNewerNotations reads what other versions of producers write.
func TestOlderAndNewerNotations(t *testing.T) {
	const span = `{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"x","kind":3,"startTimeUnixNano":"1600000000000000000","endTimeUnixNano":"1600000001000000000"}`
	const resource = `"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]}`
	for _, c := range []struct {
		name, format, text string
		read               int
		fault              string
	}{
		{"OTLP before 1.0", "otlp-traces", `{"resourceSpans":[{` + resource + `,"instrumentationLibrarySpans":[{"spans":[` + span + `]}]}]}`, 1, ""},
		{"metrics before 1.0", "otlp-metrics", `{"resourceMetrics":[{` + resource + `,"instrumentationLibraryMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"1","asDouble":1}]}}]}]}]}`, 1, ""},
		{"Jaeger's answer in OTLP", "jaeger", `{"result":{"resourceSpans":[{` + resource + `,"scopeSpans":[{"spans":[` + span + `]}]}]}}`, 1, ""},
		{"Jaeger has no such trace", "jaeger", `{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}`, 0, "no such trace"},
		{"AWS without ids", "maintenance-aws", `{"InstanceStatuses":[{"InstanceId":"i-2","Events":[{"Code":"instance-stop","NotBefore":"2026-03-01T00:00:00.000Z"}]}]}`, 1, ""},
		{"AWS without ids or machine", "maintenance-aws", `[{"Code":"instance-stop","NotBefore":"2026-03-01T00:00:00.000Z"}]`, 0, "EventId is missing"},
	} {
		parse, err := catalog.Find(c.format)
		if err != nil {
			t.Fatal(err)
		}
		out := format.NewOut(nil)
		parse([]byte(c.text), format.Options{}, out)
		if out.Records != c.read || (c.fault == "") != out.OK() || c.fault != "" && !strings.Contains(out.First.Error(), c.fault) {
			t.Errorf("%s: %d read, %v; want %d, %q", c.name, out.Records, out.First, c.read, c.fault)
		}
	}
}
