package netmap

import (
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"drover/internal/model"
)

// benchPaths returns a path from each of 1,000 servers to each of 20 others.
func benchPaths() (topology, []model.Path) {
	r := rand.New(rand.NewPCG(1, 1))
	top := tree(r, 1000, 50, 5)
	var paths []model.Path
	for i := range top.servers {
		for range 20 {
			if j := r.IntN(1000); j != i {
				paths = append(paths, top.path(r, i, j, noon))
			}
		}
	}
	return top, paths
}

// timed runs a benchmark's loop and reports the CPU time of the process.
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

func BenchmarkMap(b *testing.B) {
	top, paths := benchPaths()
	heap := func() float64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return float64(s.HeapAlloc)
	}
	before := heap()
	m := New(Config{})
	for _, p := range paths {
		m.Observe(p)
	}
	perPair := (heap() - before) / float64(len(m.fleets[0].pairs))
	b.Run("observe", func(b *testing.B) {
		timed(b, func() {
			for i := range b.N {
				p := paths[i%len(paths)]
				p.At = noon.Add(time.Duration(i) * time.Millisecond)
				m.Observe(p)
			}
		})
		b.ReportMetric(perPair, "B/pair")
	})
	b.Run("changed", func(b *testing.B) {
		at := noon
		timed(b, func() {
			for range b.N {
				at = at.Add(time.Minute)
				m.Changed(at)
			}
		})
	})
	b.Run("estimate", func(b *testing.B) {
		timed(b, func() {
			for i := range b.N {
				m.Estimate("f", top.servers[i%1000], top.servers[(i*7+1)%1000])
			}
		})
	})
}
