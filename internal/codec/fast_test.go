package codec

import (
	"math/rand/v2"
	"testing"

	"drover/internal/model"
)

// FuzzFastMetric compares the fast way to read a metric with the general one:
// what the former takes, the latter reads as the same value.
func FuzzFastMetric(f *testing.F) {
	c, _ := newCodec(f)
	t := c.topics["metrics"]
	rng := rand.New(rand.NewPCG(4, 4))
	for range 30 {
		event, fleet := random(metricKind, rng)
		payload, err := c.Encode("metrics", fleet, event)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload[headerSize:])
	}
	f.Fuzz(func(tt *testing.T, body []byte) {
		fast, plain := &coder{names: newNames()}, &coder{names: newNames()}
		for range 2 { // the second time from what is remembered
			event, ok := t.fastMetric(fast, body)
			if !ok {
				return
			}
			want, err := t.read(plain, body)
			if err != nil || !equal(event, want) || fast.fleet != plain.fleet || fast.producer != plain.producer {
				tt.Fatalf("fast %#v of %q, plainly %#v of %q: %v", event, fast.fleet, want, plain.fleet, err)
			}
		}
	})
}

func TestTheUsualMetricIsReadFast(t *testing.T) {
	c, _ := newCodec(t)
	d := c.NewDecoder()
	for _, name := range []string{"a", "a", "b", "a"} {
		want := benchMetric()
		want.Producer, want.Fleet = name, model.FleetID("f-"+name)
		payload, err := c.Encode("metrics", want.Fleet, want)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := c.topics["metrics"].fastMetric(&d.coder, payload[headerSize:]); !ok {
			t.Error("a plain metric is left to the general way")
		}
		fleet, got, err := d.Decode("metrics", payload)
		if err != nil || fleet != want.Fleet || !equal(got, want) {
			t.Errorf("%#v of %q, want %#v: %v", got, fleet, want, err)
		}
	}
}
