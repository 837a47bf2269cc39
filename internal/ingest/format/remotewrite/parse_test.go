package remotewrite_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/remotewrite"
)

// read returns what a body decodes to, one line a sample.
func read(t *testing.T, data []byte) (string, *format.Out) {
	t.Helper()
	var b strings.Builder
	out := format.NewOut(func(e any) {
		p := e.(*format.Point)
		fmt.Fprintf(&b, "%s%v %s %q %v @%d\n", p.Name, p.Labels, p.Type, p.Unit, p.Value, p.At)
	})
	remotewrite.Parse(data, format.Options{}, out)
	return b.String(), out
}

func TestV1(t *testing.T) {
	request := prompb.WriteRequest{
		Timeseries: []prompb.TimeSeries{
			{Labels: []prompb.Label{{Name: "__name__", Value: "up"}, {Name: "instance", Value: "h1"}},
				Samples: []prompb.Sample{{Value: 1, Timestamp: 1000}, {Value: 0.5, Timestamp: -2000}}},
			{Labels: []prompb.Label{{Name: "z", Value: "1"}, {Name: "__name__", Value: "unsorted"}},
				Samples: []prompb.Sample{{Value: math.Inf(1), Timestamp: 5}}},
			{Labels: []prompb.Label{{Name: "instance", Value: "h1"}}, Samples: []prompb.Sample{{Value: 1}}},
			{Labels: []prompb.Label{{Name: "__name__", Value: "a"}, {Name: "__name__", Value: "b"}}, Samples: []prompb.Sample{{Value: 1}}},
			{Labels: []prompb.Label{{Name: "__name__", Value: "a"}, {Name: "x", Value: "1"}, {Name: "x", Value: "2"}}, Samples: []prompb.Sample{{Value: 1}}},
			{Labels: []prompb.Label{{Name: "__name__", Value: "a"}, {Name: "", Value: "1"}}, Samples: []prompb.Sample{{Value: 1}}},
		},
		Metadata: []prompb.MetricMetadata{{Type: prompb.MetricMetadata_GAUGE, MetricFamilyName: "up"}},
	}
	body, err := request.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, out := read(t, snappy.Encode(nil, body))
	want := "up[{instance h1}] gauge \"\" 1 @1000\nup[{instance h1}] gauge \"\" 0.5 @-2000\nunsorted[{z 1}] unknown \"\" +Inf @5\n"
	if got != want || out.Records != 3 || out.Rejected != 4 {
		t.Errorf("got %d read, %d rejected (%v)\n%s", out.Records, out.Rejected, out.First, got)
	}
}

func TestV2(t *testing.T) {
	symbols := []string{"", "__name__", "wait_seconds_total", "job", "shop", "seconds"}
	request := writev2.Request{Symbols: symbols, Timeseries: []writev2.TimeSeries{
		{LabelsRefs: []uint32{1, 2, 3, 4}, Samples: []writev2.Sample{{Value: 2, Timestamp: 7}},
			Metadata: writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_COUNTER, UnitRef: 5}},
		{LabelsRefs: []uint32{1, 99}, Samples: []writev2.Sample{{Value: 2}}},
		{LabelsRefs: []uint32{1, 2, 3}, Samples: []writev2.Sample{{Value: 2}}},
	}}
	body, err := request.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, out := read(t, snappy.Encode(nil, body))
	if want := "wait_seconds_total[{job shop}] counter \"seconds\" 2 @7\n"; got != want || out.Records != 1 || out.Rejected != 2 {
		t.Errorf("got %d read, %d rejected (%v)\n%s", out.Records, out.Rejected, out.First, got)
	}
}

func TestRefusedBodies(t *testing.T) {
	bomb := snappy.Encode(nil, make([]byte, remotewrite.MaxDecodedBytes+1))
	for name, data := range map[string][]byte{
		"empty":         nil,
		"not snappy":    []byte("hello"),
		"framed":        []byte("\xff\x06\x00\x00sNaPpYxxxx"),
		"not protobuf":  snappy.Encode(nil, []byte("hello")),
		"cut protobuf":  snappy.Encode(nil, []byte{0x0a, 0x7f, 0x01}),
		"wrong wire":    snappy.Encode(nil, []byte{0x08, 0x01}),
		"too large":     bomb,
		"first symbol":  snappy.Encode(nil, []byte{0x22, 0x01, 'x'}),
		"sample cut":    snappy.Encode(nil, []byte{0x0a, 0x03, 0x12, 0x01, 0x09}),
		"label no text": snappy.Encode(nil, []byte{0x0a, 0x04, 0x0a, 0x02, 0x08, 0x01}),
	} {
		if got, out := read(t, data); out.OK() || got != "" {
			t.Errorf("%s: ok, %q", name, got)
		}
	}
}
