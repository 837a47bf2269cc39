package netmap

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"drover/internal/model"
)

// watch gives a map one path a minute, over the routers that way(i) names, and
// returns at which ones the route changed.
func watch(m *Map, paths int, way func(i int) []string) (changes []int) {
	for i := range paths {
		if m.Observe(probe("a", "b", noon.Add(time.Duration(i)*time.Minute), 5000, way(i)...)) == RouteChanged {
			changes = append(changes, i)
		}
	}
	return changes
}

func TestPathChangesAreToldFromBalancingAndNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	pick := func(ways ...[]string) []string { return ways[r.IntN(len(ways))] }
	one, two := []string{"r1", "r2", "r3"}, []string{"r1", "x2", "r3"}
	for _, c := range []struct {
		name   string
		way    func(i int) []string
		want   int // changes
		routes int // usual ones at the end
	}{
		{"one way", func(int) []string { return one }, 0, 1},
		{"silent hops now and then", func(int) []string { return pick(one, []string{"r1", "", "r3"}, []string{"", "r2", "r3"}, one) }, 0, 1},
		{"two equal ways", func(int) []string { return pick(one, two) }, 0, 2},
		{"eight equal ways", func(int) []string { return []string{"r1", fmt.Sprint("m", r.IntN(8)), "r3"} }, 0, 8},
		{"a change", func(i int) []string { return [][]string{one, two}[i/50] }, 1, 1},
		{"there and back", func(i int) []string { return [][]string{one, two, one, one}[i/25] }, 2, 1},
		{"from two ways to two others", func(i int) []string {
			if i < 50 {
				return pick(one, two)
			}
			return pick([]string{"r1", "y2", "r3"}, []string{"r1", "z2", "r3"})
		}, 1, 2},
		{"one stray path", func(i int) []string {
			if i == 50 {
				return two
			}
			return one
		}, 0, 2},
		{"a longer way", func(i int) []string {
			if i < 50 {
				return one
			}
			return []string{"r1", "d1", "d2", "r3"}
		}, 1, 1},
	} {
		m := New(Config{})
		changes := watch(m, 100, c.way)
		way, ok := m.Way("f", "a", "b")
		if len(changes) != c.want || !ok || way.Changes != c.want || len(way.Routes) != c.routes {
			t.Errorf("%s: changes at %v, want %d; %d routes, want %d: %v", c.name, changes, c.want, len(way.Routes), c.routes, way.Routes)
		}
	}
}

func TestFalseAlarmsAreRare(t *testing.T) {
	alarms := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 9))
		ways := 2 + int(seed%15)
		m := New(Config{})
		alarms += len(watch(m, 100, func(int) []string { return []string{"r1", fmt.Sprint("m", r.IntN(ways)), "r3"} }))
	}
	if alarms > 4 {
		t.Errorf("%d changes told in 20,000 paths over 2 to 16 equal ways that never change, want at most 4", alarms)
	}
}

func TestAChangeForgetsOldRoundTrips(t *testing.T) {
	m := New(Config{})
	for i := range 40 {
		routers, micros := []string{"r1"}, int64(5000)
		if i >= 30 {
			routers, micros = []string{"r2"}, 9000
		}
		m.Observe(probe("a", "b", noon.Add(time.Duration(i)*time.Minute), micros, routers...))
	}
	if l, _ := m.Estimate("f", "a", "b"); l.RTTMicros != 9000 {
		t.Errorf("round trip %d after the change, want 9000", l.RTTMicros)
	}
}

func TestSeveralRoutersAtOneHop(t *testing.T) {
	m := New(Config{})
	p := probe("a", "b", noon, 5000, "r1", "r2")
	p.Hops = append(p.Hops, model.Hop{TTL: 2, Address: "r3", RTTMicros: []int64{2100}})
	m.Observe(p)
	m.Observe(probe("a", "b", noon.Add(time.Minute), 5000, "r1", "r3"))
	way, _ := m.Way("f", "a", "b")
	if got := fmt.Sprint(way.Routes); got != "[[[r1] [r2 r3]]]" {
		t.Errorf("routes %s", got)
	}
}

func TestWayOfUnknown(t *testing.T) {
	m := New(Config{})
	m.Observe(probe("a", "b", noon, 1))
	for _, ends := range [][2]string{{"b", "a"}, {"a", "x"}, {"x", "b"}} {
		if _, ok := m.Way("f", model.ServerID(ends[0]), ends[1]); ok {
			t.Errorf("%v has a way", ends)
		}
	}
	if _, ok := m.Way("g", "a", "b"); ok {
		t.Error("an unknown fleet has a way")
	}
}
