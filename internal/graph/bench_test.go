package graph

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"drover/internal/model"
)

// benchEdges is the number of edges of the large benchmarks; DROVER_LONG=1 makes
// it a million.
func benchEdges() int {
	if os.Getenv("DROVER_LONG") != "" {
		return 1_000_000
	}
	return 100_000
}

// timed runs a benchmark's loop and reports the CPU time of the process: other
// work on the machine does not count.
func timed(b *testing.B, loop func()) {
	b.Helper()
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	b.ResetTimer()
	start := used()
	loop()
	b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op")
}

// largeCalls returns one call for each edge of a graph with ten edges to each
// application, each with a few response times.
func largeCalls(edges int) []model.Call {
	r := rand.New(rand.NewPCG(1, 1))
	calls := make([]model.Call, edges)
	for i := range calls {
		c := call(fmt.Sprintf("application-%06d", i/10), fmt.Sprintf("application-%06d", r.IntN(edges/10)), noon.Add(time.Duration(i%60_000)*time.Millisecond), 20)
		for range 12 {
			c.DurationMicros = append(c.DurationMicros, uint64(1000*(1+r.ExpFloat64())))
		}
		calls[i] = c
	}
	return calls
}

func largeGraph(calls []model.Call) *Graph {
	g := New(Config{})
	for _, c := range calls {
		g.Observe(c)
	}
	return g
}

// BenchmarkMemory reports the bytes that an edge takes, of the graph that folds
// and of the view that is queried.
func BenchmarkMemory(b *testing.B) {
	calls := largeCalls(benchEdges())
	heap := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for range b.N {
		start := heap()
		g := largeGraph(calls)
		folded := heap()
		edges := g.Edges(noon.Add(time.Minute))
		n := float64(len(edges))
		exported := heap()
		v := newView("f", edges)
		viewed := heap()
		b.ReportMetric((folded-start)/n, "graph-B/edge")
		b.ReportMetric((viewed-exported)/n+(exported-folded)/n, "view-B/edge")
		runtime.KeepAlive(g)
		runtime.KeepAlive(v)
	}
}

func BenchmarkObserve(b *testing.B) {
	calls := largeCalls(benchEdges())
	g := largeGraph(calls)
	for i := range calls {
		calls[i].DurationMicros = calls[i].DurationMicros[:1]
		calls[i].Calls = 1
	}
	b.ReportAllocs()
	timed(b, func() {
		for i := range b.N {
			c := calls[i*7919%len(calls)]
			c.At = noon.Add(time.Minute + time.Duration(i)*time.Microsecond*100)
			g.Observe(c)
		}
	})
}

func BenchmarkObserveSpan(b *testing.B) {
	g := New(Config{})
	calls := largeCalls(10_000)
	ids := make([]string, 1<<18)
	for i := range ids {
		ids[i] = fmt.Sprintf("%032x/%016x", i, i)
	}
	b.ReportAllocs()
	timed(b, func() {
		for i := range b.N {
			c := calls[i%len(calls)]
			c.SpanID = ids[i%len(ids)]
			g.Observe(c)
		}
	})
}

// BenchmarkChanged is a tick in which one edge in a hundred was called.
func BenchmarkChanged(b *testing.B) {
	calls := largeCalls(benchEdges())
	g := largeGraph(calls)
	at := noon.Add(time.Minute)
	g.Changed(at)
	timed(b, func() {
		for i := range b.N {
			at = at.Add(time.Second)
			for k := range len(calls) / 100 {
				c := calls[(k*101+i)%len(calls)]
				c.At = at
				g.Observe(c)
			}
			g.Changed(at)
		}
	})
}

func BenchmarkSnapshot(b *testing.B) {
	g := largeGraph(largeCalls(benchEdges()))
	var data []byte
	b.Run("append", func(b *testing.B) {
		timed(b, func() {
			for range b.N {
				data, _ = g.AppendBinary(data[:0])
			}
		})
		b.ReportMetric(float64(len(data))/float64(g.Len()), "B/edge")
	})
	b.Run("read", func(b *testing.B) {
		timed(b, func() {
			for range b.N {
				if err := New(Config{}).UnmarshalBinary(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

func BenchmarkView(b *testing.B) {
	edges := largeGraph(largeCalls(benchEdges())).Edges(noon.Add(time.Minute))
	v := NewView("f", edges)
	app := func(i int) model.ApplicationID { return v.apps[i*7919%len(v.apps)] }
	b.Run("build", func(b *testing.B) {
		timed(b, func() {
			for range b.N {
				NewView("f", edges)
			}
		})
	})
	b.Run("apply 1000 changes", func(b *testing.B) {
		timed(b, func() {
			for range b.N {
				v.Apply(edges[:1000])
			}
		})
	})
	b.Run("edge", func(b *testing.B) {
		timed(b, func() {
			for i := range b.N {
				v.Edge(edges[i%len(edges)].Caller, edges[i%len(edges)].Callee)
			}
		})
	})
	b.Run("neighbours", func(b *testing.B) {
		timed(b, func() {
			for i := range b.N {
				v.Callees(app(i))
				v.Callers(app(i))
			}
		})
	})
	b.Run("components", func(b *testing.B) {
		timed(b, func() {
			for range b.N {
				v.Components()
			}
		})
	})
	b.Run("critical paths", func(b *testing.B) {
		timed(b, func() {
			for range b.N {
				v.CriticalPaths(10)
			}
		})
	})
	b.Run("diff", func(b *testing.B) {
		timed(b, func() {
			for range b.N {
				Diff(v, v, 1.5)
			}
		})
	})
	b.Run("blast radius", func(b *testing.B) {
		timed(b, func() {
			for i := range b.N {
				v.BlastRadius(map[model.ApplicationID]float64{app(i): 1})
			}
		})
	})
}
