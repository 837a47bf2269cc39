package forecaster

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

const minute = 60_000

func testConfig() *Config {
	c := DefaultConfig()
	c.Horizon, c.AllowedSkew = 3, 90*time.Minute
	c.MetricPartitions, c.CallPartitions, c.PathPartitions = 1, 1, 1
	return &c
}

// log numbers records of one topic.
type log struct {
	topic string
	next  int64
}

func (l *log) record(event any) stage.Record {
	l.next++
	return stage.Record{Topic: l.topic, Offset: l.next - 1, Event: event}
}

func metric(entity model.EntityID, at model.Instant, kind model.SampleKind, value float64) model.Metric {
	return model.Metric{Fleet: "f", Entity: entity, At: at, Producer: "p",
		Samples: []model.Sample{{Resource: model.CPU, Kind: kind, Value: value}}}
}

// handle feeds events and returns all emissions.
func handle(t *testing.T, task *Task, l *log, events ...any) []stage.Emission {
	t.Helper()
	var out []stage.Emission
	for _, e := range events {
		emissions, err := task.Handle(l.record(e))
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		out = append(out, collect(t, emissions)...)
	}
	return out
}

// collect takes all that a record made due.
func collect(t testing.TB, emissions []stage.Emission) (out []stage.Emission) {
	t.Helper()
	err := stage.Each(emissions, func(_ int, piece []stage.Emission) error {
		for i := range piece {
			piece[i].Content()
		}
		out = append(out, piece...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func forecasts(emissions []stage.Emission) map[string]model.Forecast {
	out := map[string]model.Forecast{}
	for _, e := range emissions {
		if f, ok := e.Event.(model.Forecast); ok {
			out[fmt.Sprintf("%s@%d", f.Entity, f.Origin/minute)] = f
		}
	}
	return out
}

func TestATickSeesExactlyWhatEndedByIt(t *testing.T) {
	task, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
	base := model.Instant(1_000_000 * minute)
	got := forecasts(handle(t, task, l,
		model.Heartbeat{Producer: "p", At: base},
		metric("app:a", base+1*minute, model.Gauge, 10),
		metric("app:a", base+5*minute, model.Gauge, 20),
		metric("app:a", base+6*minute, model.Gauge, 400), // next bin already
		model.Heartbeat{Producer: "p", At: base + 6*minute},
		model.Heartbeat{Producer: "p", At: base + 10*minute},
	))
	first, second := got["app:a@1000005"], got["app:a@1000010"]
	if first.Observed != 15 || first.ObservedAt != base+5*minute {
		t.Errorf("first tick observed %v at %v, want 15 at the tick", first.Observed, first.ObservedAt)
	}
	if second.Observed != 400 {
		t.Errorf("second tick observed %v, want 400", second.Observed)
	}
	if err := first.Quantiles.Validate(); err != nil {
		t.Error(err)
	}
}

func TestCountersBecomeRatesAndRepeatsAreDropped(t *testing.T) {
	task, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
	base := model.Instant(1_000_000 * minute)
	got := forecasts(handle(t, task, l,
		model.Heartbeat{Producer: "p", At: base},
		metric("app:a", base+1*minute, model.Counter, 600),
		metric("app:a", base+2*minute, model.Counter, 1200),
		metric("app:a", base+2*minute, model.Counter, 1200),
		metric("app:a", base+3*minute, model.Counter, 60), // restarted
		model.Heartbeat{Producer: "p", At: base + 5*minute},
	))
	if f := got["app:a@1000005"]; f.Observed != 5.5 { // 10/s and 1/s
		t.Errorf("observed %v, want 5.5", f.Observed)
	}
	if c := task.loads.counts; c.Duplicates != 1 || c.Samples != 4 {
		t.Errorf("counts %+v, want 4 samples, 1 duplicate", c)
	}
}

func TestBadRecordsAreRejectedWhole(t *testing.T) {
	base := model.Instant(1_000_000 * minute)
	for name, bad := range map[string]any{
		"no fleet":     model.Metric{Entity: "app:a", At: base, Samples: []model.Sample{{}}},
		"entity":       metric("web", base, model.Gauge, 1),
		"NaN":          metric("app:a", base, model.Gauge, math.NaN()),
		"negative":     metric("app:a", base, model.Gauge, -1),
		"the future":   metric("app:a", base+200*minute, model.Gauge, 1),
		"no time":      metric("app:a", 0, model.Gauge, 1),
		"wrong place":  model.Plan{},
		"resource 200": model.Metric{Fleet: "f", Entity: "app:a", At: base, Samples: []model.Sample{{Resource: 200}}},
	} {
		t.Run(name, func(t *testing.T) {
			task, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
			handle(t, task, l, model.Heartbeat{Producer: "p", At: base})
			_, err := task.Handle(l.record(bad))
			var rejection *stage.Rejection
			if !errors.As(err, &rejection) || rejection.Class == "" {
				t.Fatalf("error %v is no rejection", err)
			}
			if task.loads.entities.count != 0 {
				t.Error("a series was made of it")
			}
			if at, _ := task.Position(stream.Metrics); at != 2 {
				t.Errorf("position %d, want 2: the stream goes on", at)
			}
		})
	}
}

func TestSeriesAreBounded(t *testing.T) {
	config := testConfig()
	config.MaxSeries = 2
	task, l := NewTask(config, 0), &log{topic: stream.Metrics}
	handle(t, task, l, metric("app:a", minute, model.Gauge, 1), metric("app:b", minute, model.Gauge, 1))
	_, err := task.Handle(l.record(metric("app:c", minute, model.Gauge, 1)))
	var rejection *stage.Rejection
	if !errors.As(err, &rejection) || rejection.Class != "limit" {
		t.Errorf("error %v, want a rejection for the limit", err)
	}
}

func TestSilentSeriesAreDistrustedAndForgotten(t *testing.T) {
	task, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
	base := model.Instant(1_000_000 * minute)
	out := handle(t, task, l, model.Heartbeat{Producer: "p", At: base}, metric("app:a", base+minute, model.Gauge, 1),
		model.Heartbeat{Producer: "p", At: base + 60*minute})
	if f := forecasts(out)["app:a@1000060"]; f.Trusted || f.Note == "" {
		t.Errorf("an hour of silence: trusted %v, note %q", f.Trusted, f.Note)
	}
	handle(t, task, l, model.Heartbeat{Producer: "p", At: base + 8*24*60*minute})
	if task.loads.entities.count != 0 {
		t.Error("a series without data for eight days is still kept")
	}
}

// randomLoad makes a log with gauges, counters, gaps, calendar events and
// heartbeats.
func randomLoad(rng *rand.Rand, n int) []any {
	var out []any
	at := model.Instant(1_000_000 * minute)
	for i := range n {
		at += model.Instant(rng.Int64N(90_000))
		entity := model.EntityID(fmt.Sprintf("app:a%d", rng.IntN(5)))
		switch rng.IntN(12) {
		case 0, 1:
			out = append(out, model.Heartbeat{Producer: "p", At: at})
		case 2:
			out = append(out, model.CalendarEvent{Fleet: "f", ID: fmt.Sprint(rng.IntN(3)), Kind: "campaign", Start: at, End: at + 30*minute,
				Cancelled: rng.IntN(3) == 0})
		case 3:
			out = append(out, metric(entity, at-model.Instant(rng.Int64N(600_000)), model.Gauge, rng.Float64())) // late
		case 4, 5:
			out = append(out, metric(entity+"c", at, model.Counter, float64(i*100%2000)))
		default:
			out = append(out, metric(entity, at, model.Gauge, 100+50*math.Sin(float64(at)/minute/60)+rng.Float64()))
		}
	}
	return out
}

func TestARestartFromAnySnapshotGivesTheSameBytes(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 7))
		events := randomLoad(rng, 600)
		whole, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
		cut := rng.IntN(len(events))
		handle(t, whole, l, events[:cut]...)
		snapshot, err := whole.AppendSnapshot(nil)
		if err != nil {
			t.Fatal(err)
		}
		restored := NewTask(testConfig(), 0)
		if err := restored.Restore(snapshot); err != nil {
			t.Fatal(err)
		}
		at := *l
		want := handle(t, whole, l, events[cut:]...)
		got := handle(t, restored, &at, events[cut:]...)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d, cut %d: emissions differ after a restart", seed, cut)
		}
		a, _ := whole.AppendSnapshot(nil)
		b, _ := restored.AppendSnapshot(nil)
		if !bytes.Equal(a, b) {
			t.Fatalf("seed %d, cut %d: states differ after a restart", seed, cut)
		}
	}
}

func TestMarkersCloseEveryTickOfEveryInput(t *testing.T) {
	task := NewTask(testConfig(), 3)
	for _, topic := range Topics() {
		l := &log{topic: topic}
		out := handle(t, task, l, model.Heartbeat{Producer: "p", At: 10 * minute}, model.Heartbeat{Producer: "p", At: 21 * minute})
		var ticks []model.Instant
		for _, e := range out {
			m := e.Event.(model.Marker)
			if e.Partition != stage.EveryPartition || m.Source != "forecaster/"+topic+"/3" {
				t.Errorf("marker %+v to partition %d", m, e.Partition)
			}
			ticks = append(ticks, m.At/minute)
		}
		if want := []model.Instant{10, 15, 20}; !reflect.DeepEqual(ticks, want) {
			t.Errorf("%s: ticks %v, want %v", topic, ticks, want)
		}
	}
}

func TestTheGraphFollowsCalls(t *testing.T) {
	task, l := NewTask(testConfig(), 0), &log{topic: stream.Calls}
	call := model.Call{Fleet: "f", Caller: "web", Callee: "api", At: 11 * minute, Origin: model.Observed, Calls: 60}
	out := handle(t, task, l, model.Heartbeat{Producer: "p", At: 10 * minute}, call, model.Heartbeat{Producer: "p", At: 15 * minute})
	edge, ok := out[1].Event.(model.Edge)
	if !ok || edge.Caller != "web" || edge.Callee != "api" || edge.Calls != 60 || out[1].Topic != stream.Graph {
		t.Errorf("emitted %+v, want the edge web -> api", out[1])
	}
	if _, err := task.Handle(l.record(model.Call{Fleet: "f"})); err == nil {
		t.Error("a call without caller was taken")
	}
}

func FuzzRestore(f *testing.F) {
	task, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
	for _, e := range randomLoad(rand.New(rand.NewPCG(1, 1)), 100) {
		out, _ := task.Handle(l.record(e))
		collect(f, out)
	}
	good, err := task.AppendSnapshot(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{snapshotVersion})
	f.Fuzz(func(t *testing.T, b []byte) {
		fresh := NewTask(testConfig(), 0)
		if fresh.Restore(b) == nil {
			if _, err := fresh.AppendSnapshot(nil); err != nil {
				t.Errorf("a restored task can't be saved: %v", err)
			}
		}
	})
}

func BenchmarkMetric(b *testing.B) {
	task := NewTask(testConfig(), 0)
	at, n := model.Instant(1_000_000*minute), int64(0)
	entities := make([]model.EntityID, 1000)
	for i := range entities {
		entities[i] = model.EntityID(fmt.Sprintf("app:a%d", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		m := model.Metric{Fleet: "f", Entity: entities[n%1000], At: at + model.Instant(n/1000)*15_000, Producer: "p", Samples: []model.Sample{
			{Resource: model.CPU, Value: 1}, {Resource: model.Memory, Value: 2}, {Resource: model.Receive, Value: 3}, {Resource: model.Transmit, Value: 4}}}
		if _, err := task.Handle(stage.Record{Topic: stream.Metrics, Offset: n, Event: m}); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
