package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
)

// many joins numbered parts.
func many(n int, part string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, part, i)
	}
	return b.String()
}

// TestBoundsOfARecord reads records of as many parts as are allowed and refuses
// those with more.
func TestBoundsOfARecord(t *testing.T) {
	hops := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `{"from":"10.0.%d.%d","rtt":1},`, i>>8, i&255)
		}
		return `{"type":"traceroute","prb_id":1,"dst_addr":"192.0.2.9","result":[{"hop":1,"result":[` + strings.TrimSuffix(b.String(), ",") + `]}]}`
	}
	lines := func(n int) string {
		var b strings.Builder
		b.WriteString("traceroute to 192.0.2.9 (192.0.2.9), 30 hops max\n 1 ")
		for i := range n {
			fmt.Fprintf(&b, " 10.0.%d.%d  1 ms\n   ", i>>8, i&255)
		}
		return b.String()
	}
	points := func(n int) string {
		return `{"resourceMetrics":[{"resource":{"attributes":[` + many(n, `{"key":"k%d","value":{"stringValue":"v"}},`) +
			`{"key":"z","value":{"stringValue":"v"}}]},"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"1"}]}}]}]}]}`
	}
	spans := func(n int) string {
		return `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[` +
			many(n, `{"key":"k%d","value":{"stringValue":"v"}},`) + `{"key":"z","value":{"stringValue":"v"}}]}]}]}]}`
	}
	machines := func(n int) string {
		return `{"Events":[{"EventId":"e","EventType":"Reboot","Resources":[` + many(n, `"r%d",`) + `"z"],"NotBefore":"Mon, 19 Sep 2016 18:29:47 GMT"}]}`
	}
	long := strings.Repeat("x", format.LongestLine)
	for _, c := range []struct{ format, sound, over, says string }{
		{"prometheus", "a{b=\"x\"} 1\n", "a 1\nb{c=\"" + long + "\"} 1\n", "line 2: 1048585 bytes, a line may have 1048576"},
		{"openmetrics", "a{" + many(900, `l%d="",`) + "z=\"\"} 1\n# EOF\n", "a{b=\"" + long + "\"} 1\n# EOF\n", "line 1: 1048585 bytes"},
		{"metrics-csv", "time,entity,cpu" + many(900, ",c%d") + "\n", "time,entity,cpu\n1,server:" + long + ",1\n", "line 2: 1048587 bytes"},
		{"influx", "m" + many(256, ",t%d=1") + " f=1\n", "m" + many(257, ",t%d=1") + " f=1\n", "257 attributes, at most 256"},
		{"otlp-metrics", points(255), points(256), `metric "m": 257 attributes`},
		{"otlp-traces", spans(255), spans(256), "span eee19b7ec3c1b174: 257 attributes"},
		{"ripe-atlas", hops(1000), hops(1001), "more than 1000 addresses at one hop"},
		{"traceroute-text", lines(1000), lines(1001), "more than 1000 addresses at one hop"},
		{"maintenance-azure", machines(9_999), machines(10_000), "10001 machines, an event may name 10000"},
	} {
		parse, err := catalog.Find(c.format)
		if err != nil {
			t.Fatal(err)
		}
		out := format.NewOut(func(any) {})
		parse([]byte(c.sound), format.Options{}, out)
		if !out.OK() {
			t.Errorf("%s at the bound: %v", c.format, out.First)
		}
		out = format.NewOut(nil)
		parse([]byte(c.over), format.Options{}, out)
		if out.OK() || !strings.Contains(out.First.Error(), c.says) {
			t.Errorf("%s over the bound: %.200v, want %q", c.format, out.First, c.says)
		}
	}
}
