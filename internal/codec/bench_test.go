package codec

import (
	"testing"

	"drover/internal/model"
)

func benchMetric() model.Metric {
	return model.Metric{Fleet: "fleet-1", Entity: "server:s1234", At: 1_790_000_000_000, Producer: "agent-7", Samples: []model.Sample{
		{Resource: model.CPU, Value: 1234.5}, {Resource: model.Memory, Value: 2.5e9},
		{Resource: model.Receive, Kind: model.Counter, Value: 1e12}, {Resource: model.Transmit, Kind: model.Counter, Value: 3e12}}}
}

func BenchmarkEncodeMetric(b *testing.B) {
	c, _ := newCodec(b)
	m := any(benchMetric())
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = c.Append(buf[:0], "metrics", "fleet-1", m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeMetric(b *testing.B) {
	c, _ := newCodec(b)
	payload, err := c.Encode("metrics", "fleet-1", benchMetric())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("drover", func(b *testing.B) {
		d := c.NewDecoder()
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := d.Decode("metrics", payload); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("goavro", func(b *testing.B) {
		other := plainCodec(b, "metrics")
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := other.NativeFromBinary(payload[headerSize:]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestDecodingAMetricAllocatesOnce(t *testing.T) {
	c, _ := newCodec(t)
	payload, err := c.Encode("metrics", "fleet-1", benchMetric())
	if err != nil {
		t.Fatal(err)
	}
	d := c.NewDecoder()
	n := testing.AllocsPerRun(1000, func() {
		if _, _, err := d.Decode("metrics", payload); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1.1 { // the samples' slab is a hundredth
		t.Errorf("%v allocations a record, want 1", n)
	}
}
