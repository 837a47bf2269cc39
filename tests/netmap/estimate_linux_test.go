package netmap

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/traceroute"
	"drover/internal/model"
	"drover/internal/netmap"
)

// trace runs and reads one traceroute.
func (n *network) trace(from, to server, at model.Instant) model.Path {
	var path model.Path
	traceroute.Parse(n.traceroute(from, to), format.Options{Fleet: "f", At: at, Producer: "test"}, format.NewOut(func(event any) {
		path = event.(model.Path)
	}))
	path.Fleet, path.From, path.To, path.At = "f", model.ServerID(from.name), to.name, at
	return path
}

// pair is what one traceroute goes over.
type pair struct{ from, to server }

// traceAll traces pairs, some at a time, and returns the paths in their order.
func (n *network) traceAll(pairs []pair) []model.Path {
	paths, next := make([]model.Path, len(pairs)), make(chan int)
	var workers sync.WaitGroup
	for range 6 {
		workers.Go(func() {
			for i := range next {
				paths[i] = n.trace(pairs[i].from, pairs[i].to, start.Add(time.Duration(i)*time.Second))
			}
		})
	}
	for i := range pairs {
		next <- i
	}
	close(next)
	workers.Wait()
	return paths
}

// roundTrip returns the median round trip of a path to its end, in microseconds.
func roundTrip(p model.Path) float64 {
	last := p.Hops[len(p.Hops)-1].RTTMicros
	slices.Sort(last)
	return float64(last[len(last)/2])
}

func TestHiddenPairsOfARealNetwork(t *testing.T) {
	needed(t)
	seeds := []uint64{7}
	if os.Getenv("DROVER_LONG") == "1" {
		seeds = []uint64{7, 11, 42}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { hiddenPairs(t, rand.New(rand.NewPCG(seed, seed))) })
	}
}

// hiddenPairs builds a network, traces half of its pairs, and holds the
// estimates of the others against their traces.
func hiddenPairs(t *testing.T, r *rand.Rand) {
	n := &network{t: t}
	servers := n.build(r)
	m := netmap.New(netmap.Config{})
	var measured, hidden []pair
	for i := range servers {
		for j := range i {
			if r.IntN(2) == 0 {
				hidden = append(hidden, pair{servers[i], servers[j]})
			} else {
				measured = append(measured, pair{servers[i], servers[j]}, pair{servers[j], servers[i]})
			}
		}
	}
	for i, path := range n.traceAll(measured) {
		if !path.Reached {
			t.Fatalf("%s does not reach %s: %+v", measured[i].from.name, measured[i].to.name, path)
		}
		m.Observe(path)
	}
	m.Changed(start.Add(time.Hour))
	var errors []float64
	within := 0
	for i, path := range n.traceAll(hidden) {
		p, truth := hidden[i], roundTrip(path)
		link, ok := m.Estimate("f", model.ServerID(p.from.name), model.ServerID(p.to.name))
		if !ok || link.Measured {
			t.Fatalf("%s to %s: %+v", p.from.name, p.to.name, link)
		}
		off := math.Abs(float64(link.RTTMicros) - truth)
		errors = append(errors, off/truth)
		if off <= float64(link.RTTErrorMicros) {
			within++
		}
	}
	slices.Sort(errors)
	median := errors[len(errors)/2]
	t.Logf("%d pairs traced, %d hidden: median relative error %.3f, 90 %% %.3f, within the stated error %.2f",
		len(measured), len(hidden), median, errors[len(errors)*9/10], float64(within)/float64(len(hidden)))
	if median > 0.2 {
		t.Errorf("median relative error %.3f, want at most 0.2", median)
	}
	racks := map[int]int{}
	for _, d := range m.Domains("f") {
		racks[len(d.Servers)]++
	}
	if racks[serversInRack] != zoneCount*racksInZone {
		t.Errorf("domains by size %v, want %d racks of %d servers", racks, zoneCount*racksInZone, serversInRack)
	}
}
