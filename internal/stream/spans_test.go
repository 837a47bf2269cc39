package stream

import (
	"encoding/hex"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/telemetry"
)

// recorded keeps spans by their ids.
type recorded struct {
	mu    sync.Mutex
	spans map[string]telemetry.Span
}

func (r *recorded) take(s telemetry.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spans[hex.EncodeToString(s.Context.Span[:])] = s
}

func (r *recorded) all() map[string]telemetry.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.spans)
}

// traced returns connect's connection with spans recorded.
func traced(t *testing.T, ppm int64) (*Connection, *recorded) {
	t.Helper()
	conn, r := connect(t), &recorded{spans: map[string]telemetry.Span{}}
	conn.settings.Spans, conn.settings.SampledPPM = r.take, ppm
	return conn, r
}

// pinned counts like its inside, and says that everything follows from the first
// record's trace, as the executor does of a plan.
type pinned struct {
	*counting
	trace string
}

func (p *pinned) Handle(rec stage.Record) ([]stage.Emission, error) {
	if p.trace == "" {
		p.trace = rec.Trace
	}
	out, err := p.counting.Handle(rec)
	for i := range out {
		out[i].Trace = p.trace
	}
	return out, err
}

// stages starts a forecaster and a planner that reads its forecasts.
func stages(t *testing.T, conn *Connection, forecaster func(int32) stage.Task) {
	t.Helper()
	start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics}, NewTask: forecaster, Store: newStates(), Fenced: errFenced})
	start(t, Config{Connection: conn, Stage: Planner, Topics: []string{Forecasts}, NewTask: newChecking, Mode: Transaction, Store: newStates(), Fenced: errFenced})
}

// path returns the names of a record's spans from the root on; each span's parent
// must have been recorded.
func path(t *testing.T, spans map[string]telemetry.Span, traceparent string) (out []string) {
	t.Helper()
	c, ok := telemetry.ParseContext(traceparent)
	if !ok {
		t.Fatalf("no trace: %q", traceparent)
	}
	for id := c.Span; id != [8]byte{}; {
		s, ok := spans[hex.EncodeToString(id[:])]
		if !ok || s.Trace != c.Trace || s.End.Before(s.Start) {
			t.Fatalf("span %x of %q: %+v; so far %v", id, traceparent, s, out)
		}
		out = append(out, s.Service+" "+s.Name)
		id = s.Parent
	}
	slices.Reverse(out)
	return out
}

func TestSpansHangTogether(t *testing.T) {
	conn, r := traced(t, 1_000_000)
	stages(t, conn, newCounting)
	p := producer(t, conn)
	if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
		t.Fatal(err)
	}
	e := await(t, conn, 1, nil, Scenarios)[0]
	want := []string{" publish metrics", "forecaster process metrics", "planner process forecasts"}
	if got := path(t, r.all(), e.Trace); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	// A heartbeat goes on with the trace of what was sent before it, once.
	for _, follows := range []bool{true, false} {
		if err := p.Heartbeat(t.Context(), Metrics, "f", model.Heartbeat{Producer: "p", At: 2}); err != nil {
			t.Fatal(err)
		}
		beats := await(t, conn, 1, func(e Entry) bool { _, ok := e.Event.(model.Heartbeat); return ok }, Metrics)
		_ = beats
		last := ""
		if err := conn.ReadAll(t.Context(), func(e Entry) error {
			if _, ok := e.Event.(model.Heartbeat); ok {
				last = e.Trace
			}
			return nil
		}, Metrics); err != nil {
			t.Fatal(err)
		}
		if same := last[3:35] == e.Trace[3:35]; same != follows {
			t.Errorf("a heartbeat is of trace %s, the metric before of %s; want the same: %v", last, e.Trace, follows)
		}
	}
}

func TestWhatFollowsFromAnotherRecordStaysInItsTrace(t *testing.T) {
	conn, r := traced(t, 0)
	stages(t, conn, func(n int32) stage.Task { return &pinned{counting: newCounting(n).(*counting)} })
	p := producer(t, conn)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for at := range int64(3) { // only the first is recorded
		ctx := t.Context()
		if at == 0 {
			ctx = WithTrace(ctx, parent)
		}
		if err := p.Publish(ctx, Metrics, "f", "server:a", metricOf("server:a", at+1)); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, e := range await(t, conn, 3, nil, Forecasts) {
		if e.Trace[:36] != parent[:36] || seen[e.Trace] {
			t.Errorf("trace %q of %q", e.Trace, parent)
		}
		seen[e.Trace] = true
		spans := r.all()
		// The sender's own span is not ours to record.
		spans[parent[36:52]] = telemetry.Span{Service: "sender", Name: "send"}
		c, _ := telemetry.ParseContext(parent)
		sender := spans[parent[36:52]]
		sender.Context = c
		spans[parent[36:52]] = sender
		got := path(t, spans, e.Trace)
		if want := []string{"sender send", " publish metrics", "forecaster publish forecasts"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

func TestNothingIsRecordedUnlessAskedFor(t *testing.T) {
	conn, r := traced(t, 0)
	stages(t, conn, newCounting)
	if err := producer(t, conn).Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
		t.Fatal(err)
	}
	e := await(t, conn, 1, nil, Scenarios)[0]
	if c, ok := telemetry.ParseContext(e.Trace); !ok || c.Sampled || len(r.all()) != 0 {
		t.Errorf("trace %q, %d spans", e.Trace, len(r.all()))
	}
}

// BenchmarkHeaders measures what a record costs that carries a trace: tracing that
// is off must cost nothing beside.
func BenchmarkHeaders(b *testing.B) {
	for name, trace := range map[string]string{"no trace": "", "trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var out []kgo.RecordHeader
			ids := newIssuer([]byte("forecaster/metrics/1"), 12345, trace)
			for i := range b.N {
				out = ids.headers(int64(i), "")
			}
			if len(out) < 3 {
				b.Fatal(out)
			}
		})
	}
}

// BenchmarkHandling measures what recording adds to the handling of a record.
func BenchmarkHandling(b *testing.B) {
	rec := &kgo.Record{Offset: 1, Headers: []kgo.RecordHeader{{Key: headerTrace, Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")}}}
	in := &input{topic: Metrics, name: "t.metrics", source: []byte("forecaster/metrics/1")}
	for name, spans := range map[string]func(telemetry.Span){"off": nil, "on": func(telemetry.Span) {}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			p := &part{loop: &loop{conn: &Connection{settings: Settings{Spans: spans}}, config: Config{Stage: Forecaster}}}
			for range b.N {
				h := p.handling(in, rec)
				h.ended(model.Metric{}, 0, nil)
			}
		})
	}
}
