package graph

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"drover/internal/model"
)

// randomCalls returns calls of one tick between few applications of two fleets:
// some repeated, some late, of all origins.
func randomCalls(r *rand.Rand, n int, tick model.Instant) []model.Call {
	calls := make([]model.Call, n)
	for i := range calls {
		c := call(fmt.Sprint("a", r.IntN(6)), fmt.Sprint("b", r.IntN(6)), tick.Add(-time.Duration(r.Int64N(int64(90*time.Minute)))), r.Uint64N(50))
		c.Fleet = model.FleetID(fmt.Sprint("fleet", r.IntN(2)))
		c.Origin = model.EdgeOrigin(r.IntN(8))
		c.Errors = r.Uint64N(3)
		c.RequestBytes, c.ResponseBytes = r.Uint64N(1e6), r.Uint64N(1e7)
		for range r.IntN(4) {
			c.DurationMicros = append(c.DurationMicros, r.Uint64N(1<<r.UintN(40)))
		}
		if r.IntN(2) == 0 {
			c.SpanID = fmt.Sprint(r.IntN(500))
		}
		calls[i] = c
	}
	return calls
}

func TestSnapshotHasTheSameFuture(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		cfg := Config{HalfLife: 7 * time.Minute, GoneAfter: 3 * time.Hour, DeclaredGoneAfter: 4 * time.Hour, SpanMemory: 200}
		g := New(cfg)
		at := noon
		for step := range 40 {
			if step%5 == 3 {
				snapshot, _ := g.AppendBinary(nil)
				restored := New(cfg)
				if err := restored.UnmarshalBinary(snapshot); err != nil {
					t.Fatal(err)
				}
				again, _ := restored.AppendBinary(nil)
				if fresh := New(cfg); fresh.UnmarshalBinary(again) != nil {
					t.Fatal("a snapshot of a restored graph is not read")
				}
				compareFutures(t, g, restored, randomCalls(r, 100, at), at.Add(time.Duration(r.IntN(200))*time.Minute))
			}
			at = at.Add(20 * time.Minute)
			for _, c := range randomCalls(r, r.IntN(60), at) {
				g.Observe(c)
			}
			g.Changed(at)
		}
	}
}

// compareFutures gives the same calls and tick to both graphs.
func compareFutures(t *testing.T, a, b *Graph, calls []model.Call, at model.Instant) {
	t.Helper()
	for _, c := range calls {
		if x, y := a.Observe(c), b.Observe(c); x != y {
			t.Fatalf("outcomes %v and %v of %+v", x, y, c)
		}
	}
	if x, y := a.Edges(at), b.Edges(at); !reflect.DeepEqual(x, y) {
		t.Fatalf("edges differ:\n%+v\n%+v", x, y)
	}
	if x, y := a.Changed(at), b.Changed(at); !reflect.DeepEqual(x, y) {
		t.Fatalf("changes differ:\n%+v\n%+v", x, y)
	}
	if a.Counts("fleet0") != b.Counts("fleet0") || a.Refused() != b.Refused() {
		t.Fatal("counts differ")
	}
}

func TestOrderWithinATickDoesNotMatter(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		a, b := New(Config{HalfLife: time.Minute}), New(Config{HalfLife: time.Minute})
		calls := randomCalls(r, 500, noon)
		// Repeats of one span must be equal, as they are in truth, or which one is
		// dropped would matter.
		for i := range calls {
			calls[i].SpanID = fmt.Sprint(i)
		}
		calls = append(calls, calls[:50]...)
		for _, c := range calls {
			a.Observe(c)
		}
		for _, i := range r.Perm(len(calls)) {
			b.Observe(calls[i])
		}
		x, y := a.Changed(noon), b.Changed(noon)
		if len(x) != len(y) || a.Counts("fleet0") != b.Counts("fleet0") {
			t.Fatalf("%d and %d edges, counts %+v and %+v", len(x), len(y), a.Counts("fleet0"), b.Counts("fleet0"))
		}
		for i := range x {
			requireSameUpToRounding(t, x[i], y[i])
			requireSameBins(t, a.bins(x[i]), b.bins(x[i]))
		}
	}
}

func requireSameUpToRounding(t *testing.T, x, y model.Edge) {
	t.Helper()
	rates := func(e *model.Edge) [4]float64 {
		v := [4]float64{e.CallsPerSecond, e.ErrorsPerSecond, e.RequestBytesPerSecond, e.ResponseBytesPerSecond}
		e.CallsPerSecond, e.ErrorsPerSecond, e.RequestBytesPerSecond, e.ResponseBytesPerSecond = 0, 0, 0, 0
		return v
	}
	p, q := rates(&x), rates(&y)
	for i := range p {
		if math.Abs(p[i]-q[i]) > 1e-9*p[i] {
			t.Fatalf("rate %d of %s -> %s: %g and %g", i, x.Caller, x.Callee, p[i], q[i])
		}
	}
	// Rounding may take a quantile over the gap between two bins; the bins are
	// compared instead. The longest silence, hence the confidence, depends on the order.
	x.P50Micros, x.P95Micros, x.Confidence = y.P50Micros, y.P95Micros, y.Confidence
	if x != y {
		t.Fatalf("edges differ:\n%+v\n%+v", x, y)
	}
}

func TestHalfLifeMayChangeOverASnapshot(t *testing.T) {
	g := New(Config{HalfLife: 30 * time.Minute})
	at := noon
	for range 1000 {
		at = at.Add(time.Minute)
		g.Observe(call("web", "db", at, 60))
	}
	snapshot, _ := g.AppendBinary(nil)
	h := New(Config{HalfLife: 2 * time.Hour})
	if err := h.UnmarshalBinary(snapshot); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		at = at.Add(time.Minute)
		h.Observe(call("web", "db", at, 60))
	}
	near(t, "calls/s under the new half-life", h.Edges(at)[0].CallsPerSecond, 1, 0.02)
}

func FuzzSnapshot(f *testing.F) {
	g := New(Config{SpanMemory: 5})
	for _, c := range randomCalls(rand.New(rand.NewPCG(3, 3)), 20, noon) {
		g.Observe(c)
	}
	whole, _ := g.AppendBinary(nil)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{snapshotVersion})
	f.Fuzz(func(t *testing.T, data []byte) {
		h := New(Config{SpanMemory: 5})
		before, _ := h.AppendBinary(nil)
		if err := h.UnmarshalBinary(data); err != nil {
			if after, _ := h.AppendBinary(nil); !bytes.Equal(before, after) {
				t.Fatal("a refused snapshot changed the graph")
			}
			return
		}
		h.Observe(call("web", "db", noon, 3))
		h.Changed(noon)
		h.Edges(noon.Add(time.Hour))
		again, _ := h.AppendBinary(nil)
		if err := New(Config{}).UnmarshalBinary(again); err != nil {
			t.Fatalf("its own snapshot is refused: %v", err)
		}
	})
}

// bins returns the latency bins of an edge, as of the edge's last call.
func (g *Graph) bins(of model.Edge) map[uint8]float64 {
	for i := range g.edges {
		e := &g.edges[i]
		if g.symbols.name(e.fleet) == string(of.Fleet) && g.symbols.name(e.caller) == string(of.Caller) && g.symbols.name(e.callee) == string(of.Callee) {
			bins := map[uint8]float64{}
			for _, b := range e.latency {
				bins[b.bucket] = float64(b.weight) / g.decay.weight(e.reference, of.LastSeen)
			}
			return bins
		}
	}
	return nil
}

func requireSameBins(t *testing.T, x, y map[uint8]float64) {
	t.Helper()
	for b := range latencyLast {
		// Bins below the negligible weight may be there or not.
		if p, q := x[uint8(b)], y[uint8(b)]; math.Abs(p-q) > 1e-5*p+1e-5 {
			t.Fatalf("bin %d weighs %g and %g", b, p, q)
		}
	}
}

// FuzzObserve folds calls made of arbitrary bytes between ticks: no panic,
// figures stay in their range, and the state survives a snapshot.
func FuzzObserve(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0, 128, 128, 128, 128})
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg := Config{HalfLife: time.Minute, GoneAfter: time.Hour, SpanMemory: 3}
		g, at := New(cfg), noon
		next := func() uint64 {
			if len(data) == 0 {
				return 0
			}
			v := data[0]
			data = data[1:]
			return uint64(v)
		}
		for len(data) > 0 {
			c := call(fmt.Sprint(next()&3), fmt.Sprint(next()&3), at.Add(time.Duration(int8(next()))*time.Hour), next()<<(next()&63))
			c.Errors, c.DurationMicros, c.Origin = next()<<(next()&63), []uint64{next() << (next() & 63)}, model.EdgeOrigin(next())
			if next()&1 == 0 {
				c.SpanID = fmt.Sprint(next() & 7)
			}
			g.Observe(c)
			if next()&3 != 0 {
				continue
			}
			at = at.Add(time.Duration(next()) * time.Minute)
			for _, e := range g.Changed(at) {
				rates := e.CallsPerSecond + e.ErrorsPerSecond
				if !(rates >= 0) || math.IsInf(rates, 0) || !(e.Confidence >= 0 && e.Confidence <= 1) || e.P50Micros > e.P95Micros {
					t.Fatalf("%+v", e)
				}
			}
		}
		snapshot, _ := g.AppendBinary(nil)
		restored := New(cfg)
		if err := restored.UnmarshalBinary(snapshot); err != nil {
			t.Fatalf("its own snapshot is refused: %v", err)
		}
		if x, y := g.Edges(at), restored.Edges(at); !reflect.DeepEqual(x, y) {
			t.Fatalf("edges differ:\n%+v\n%+v", x, y)
		}
	})
}
