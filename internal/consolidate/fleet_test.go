package consolidate

import (
	"math/rand/v2"
	"testing"
)

// testFleet is a small fleet of two host classes and four VM sizes.
func testFleet(hosts, vms int) Config {
	c := Config{StepSeconds: 300, PeriodTicks: 288, UnservedTarget: .001, Tuning: DefaultTuning()}
	for h := range hosts {
		if h%2 == 0 {
			c.Hosts = append(c.Hosts, Host{CapacityMIPS: 3720, Watts: []float64{86, 99, 117}})
		} else {
			c.Hosts = append(c.Hosts, Host{CapacityMIPS: 5320, Watts: []float64{94, 116, 135}})
		}
	}
	for v := range vms {
		size := []float64{2500, 2000, 1000, 500}[v*4/vms]
		c.VMs = append(c.VMs, VM{SizeMIPS: size, MigrationSeconds: 10 + float64(v%3)*9})
	}
	return c
}

// testDay is made-up demand: a level of each VM's own with white noise, rare
// bursts, and a shift of level half way for some.
func testDay(vms, ticks int, seed uint64) [][]float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	level := make([]float64, vms)
	for v := range level {
		level[v] = .02 + .25*r.Float64()*r.Float64()
	}
	day := make([][]float64, ticks)
	for k := range day {
		day[k] = make([]float64, vms)
		for v := range day[k] {
			x := level[v] * (1 + .5*r.NormFloat64())
			if r.IntN(40) == 0 {
				x += .5 * r.Float64()
			}
			if k > ticks/2 && v%7 == 0 {
				x *= 2
			}
			day[k][v] = min(max(x, 0), 1)
		}
	}
	return day
}

func mustNew(t testing.TB, c Config) *Policy {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run feeds ticks from..len(day) and returns the moves of each.
func run(t testing.TB, p *Policy, day [][]float64, from int) [][]Move {
	t.Helper()
	var out [][]Move
	for k := from; k < len(day); k++ {
		moves, err := p.Step(k, day[k])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, moves)
	}
	return out
}
