package remotewrite_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/prompb"
	"google.golang.org/protobuf/encoding/protowire"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/remotewrite"
)

// readWith returns what a body decodes to with what is known so far.
func readWith(body []byte, known *remotewrite.Known) string {
	var b strings.Builder
	out := format.NewOut(func(e any) {
		p := e.(*format.Point)
		if s := p.Series; s != nil && (s.Name != p.Name || s.Bytes != p.Labels.Size()) {
			fmt.Fprintf(&b, "series %v of point %v ", s, p)
		}
		fmt.Fprintf(&b, "%s%q %s %q %v @%d\n", p.Name, p.Labels, p.Type, p.Unit, p.Value, p.At)
	})
	stats, err := remotewrite.Read(body, remotewrite.V1, known, format.Options{}, out)
	fmt.Fprintf(&b, "%+v %d %d %v %v", stats, out.Records, out.Rejected, out.First, err)
	return b.String()
}

func all(string) bool { return true }

// field appends a length-delimited field.
func field(b []byte, num protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), value)
}

// oddBodies are bodies of one series each whose label bytes begin alike and mean
// different things.
func oddBodies() [][]byte {
	label := func(name, value string) []byte { return field(field(nil, 1, []byte(name)), 2, []byte(value)) }
	sample := protowire.AppendVarint(append(protowire.AppendFixed64([]byte{0x09}, 0x3ff0000000000000), 0x10), 1_790_000_000_000)
	named := field(nil, 1, label("__name__", "up"))
	host := field(nil, 1, label("host", "a"))
	odd := append([]byte{0x8a, 0x00}, host[1:]...) // the same field, its tag in two bytes
	unknown := field(nil, 7, []byte("x"))
	samples := field(nil, 2, sample)
	var out [][]byte
	for _, parts := range [][][]byte{{named, samples}, {named, host, samples}, {named, odd, samples}, {named, unknown, host, samples},
		{named, samples, host}, {named, samples, samples}, {named, unknown, samples}, {named, field(nil, 2, sample[9:])},
		{named, field(nil, 2, sample[:9])}, {named, field(nil, 2, nil)}, {named}, {samples}, {named, field(nil, 4, nil), samples},
		{named, host, field(nil, 2, append(sample, 0x10, 0x05))}, {named, named, samples}, {host, samples}, {named, samples[:3]}} {
		var series []byte
		for _, p := range parts {
			series = append(series, p...)
		}
		out = append(out, field(nil, 1, series))
	}
	return out
}

func TestWhatIsKnownChangesNothing(t *testing.T) {
	bodies := oddBodies()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		var request prompb.WriteRequest
		for range 20 {
			s := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: fmt.Sprint("m", rng.IntN(3))}}}
			for l := range rng.IntN(4) {
				s.Labels = append(s.Labels, prompb.Label{Name: fmt.Sprint("l", (l+rng.IntN(2))%4), Value: strings.Repeat("v", rng.IntN(3)*70)})
			}
			for i := range rng.IntN(3) {
				s.Samples = append(s.Samples, prompb.Sample{Value: float64(rng.IntN(3)), Timestamp: int64(rng.IntN(5)-1)*1000 + int64(i)})
			}
			request.Timeseries = append(request.Timeseries, s)
		}
		body, err := request.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	known := remotewrite.NewKnown(all)
	for range 3 {
		rng.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
		for _, body := range bodies {
			if got, want := readWith(body, known), readWith(body, nil); got != want {
				t.Fatalf("body %x:\n%s\nwant\n%s", body, got, want)
			}
		}
	}
}

func TestAKnownSeriesOutlivesItsBody(t *testing.T) {
	body, known := oddBodies()[1], remotewrite.NewKnown(all)
	want := readWith(body, known)
	first := append([]byte(nil), body...)
	for i := range body {
		body[i] = 'x'
	}
	if got := readWith(first, known); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestOnlySoManySeriesAreKnown(t *testing.T) {
	known := remotewrite.NewKnown(func(name string) bool { return name != "unwanted" })
	for i := range 120_000 {
		s := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "up"}, {Name: "host", Value: fmt.Sprint(i)}},
			Samples: []prompb.Sample{{Value: 1, Timestamp: 1}}}
		if i%2 == 1 {
			s.Labels[0].Value = "unwanted"
		}
		body, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{s}}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remotewrite.Read(body, remotewrite.V1, known, format.Options{}, format.NewOut(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if n := known.Len(); n < 50_000 || n > 100_000 {
		t.Errorf("%d series are known", n)
	}
}

func FuzzKnown(f *testing.F) {
	for _, body := range oddBodies() {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		known := remotewrite.NewKnown(all)
		for _, before := range oddBodies() {
			readWith(before, known)
		}
		want := readWith(body, nil)
		for range 2 {
			if got := readWith(body, known); got != want {
				t.Fatalf("%s\nwant\n%s", got, want)
			}
		}
	})
}
