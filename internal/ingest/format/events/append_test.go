package events

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// TestAppendWritesWhatEncodeWrites compares the two on random events with odd
// texts and numbers.
func TestAppendWritesWhatEncodeWrites(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	texts := []string{"", "a", "web/3", "ü", "<&>", "\"q\"", "a\\b", "\x00\x1f\x7f", "\u2028", "\xff\xfe", "日本"}
	numbers := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e-7, 1.5e-10, -2e-300, 1e15, 1e20, 1e21, 123456789012345678, 1.7e308, 5e-324, 2.5}
	text := func() string { return texts[r.IntN(len(texts))] }
	number := func() float64 {
		if r.IntN(2) == 0 {
			return numbers[r.IntN(len(numbers))]
		}
		return math.Float64frombits(r.Uint64())
	}
	at := func() model.Instant { return model.Instant(r.Int64N(4e12) - 1e12*int64(r.IntN(2))) }
	span := func() time.Duration { return time.Duration(r.IntN(3)-1) * 1_500_000 }
	for range 20_000 {
		point := &format.Point{Name: text(), Unit: text(), Value: number(), At: at(), Type: format.PointType(r.IntN(4))}
		for range r.IntN(4) {
			point.Labels = append(point.Labels, format.Label{Name: text(), Value: text()})
		}
		calendar := model.CalendarEvent{Fleet: model.FleetID(text()), ID: text(), Kind: text(), Name: text(), Start: at(), End: at(), At: at(),
			UpliftPPM: r.Int64N(3) - 1, Cancelled: r.IntN(2) == 0}
		metric := model.Metric{Fleet: model.FleetID(text()), Entity: model.EntityID(text()), At: at(), Producer: text(), Samples: []model.Sample{}}
		for range r.IntN(3) {
			metric.Samples = append(metric.Samples, model.Sample{Resource: model.Resource(r.IntN(int(model.ResourceCount))), Kind: model.SampleKind(r.IntN(2)), Value: number()})
		}
		server := model.Server{Fleet: model.FleetID(text()), ID: model.ServerID(text()), At: at(), Zone: text(), Rack: text(), AgentURL: text(),
			CostMicrosPerHour: r.Int64N(3) - 1, WakeDuration: span(), MTBF: span(), MTTR: span(), ZoneMTBF: span(), ZoneMTTR: span(),
			CoreSpeedMilli: r.Int64N(2), Unschedulable: r.IntN(2) == 0, Removed: r.IntN(2) == 0, DisruptionConcurrency: r.IntN(2)}
		for i := range model.ResourceCount {
			server.Capacity[i], server.SafetyPPM[i] = r.Int64N(4)-1, r.Int64N(2)
		}
		if r.IntN(4) == 0 {
			server.Labels = map[string]string{text(): text()}
		}
		for _, event := range []any{point, calendar, metric, server} {
			want, wantErr := Encode(event)
			got, err := Append(nil, event)
			if string(got) != string(want) || (err == nil) != (wantErr == nil) {
				t.Fatalf("%+v:\ngot  %s (%v)\nwant %s (%v)", event, got, err, want, wantErr)
			}
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	point := &format.Point{Name: "node_cpu_seconds_total", Value: 1.5, At: 1772359200000, Type: format.TypeCounter,
		Labels: format.Labels{{Name: "cpu", Value: "1"}, {Name: "mode", Value: "user"}}}
	b.ReportAllocs()
	var line []byte
	for b.Loop() {
		line, _ = Append(line[:0], point)
	}
}
