package main

import (
	"bytes"
	"math/rand/v2"
	"strconv"
)

// fleetShape is the shape of a generated instance of the machine reassignment
// challenge, within the ranges that its public and hidden instances have.
type fleetShape struct {
	machines, processes, resources, transient, locations, neighbourhoods int
	load                                                                 float64 // share of the capacity in use
}

// generateROADEF writes a model and a feasible assignment: machines of five
// classes, services of 1 to 20 processes spread over up to a third of as many
// locations, every tenth depending on another one.
func generateROADEF(s fleetShape, seed uint64) (modelText, initial []byte) {
	g := &roadefGenerator{s: s, rng: rand.New(rand.NewPCG(seed, 7)), at: make([]int, s.processes),
		free: make([][]int64, s.machines), class: make([]int64, s.machines)}
	g.text.Grow(4*s.machines*s.machines + 80*s.processes)
	g.line(int64(s.resources))
	for r := range s.resources {
		mark := int64(0)
		if r < s.transient {
			mark = 1
		}
		g.line(mark, 10)
	}
	g.machines()
	services := g.services()
	g.processes(services)
	g.line(1)
	g.line(0, int64(s.resources-1), 1)
	g.line(10)
	g.line(1, 10, 100)
	var out bytes.Buffer
	for _, m := range g.at {
		out.Write(strconv.AppendInt(nil, int64(m), 10))
		out.WriteByte(' ')
	}
	return g.text.Bytes(), out.Bytes()
}

type roadefGenerator struct {
	s     fleetShape
	rng   *rand.Rand
	text  bytes.Buffer
	at    []int // by process
	free  [][]int64
	class []int64 // by machine: its size
}

func (g *roadefGenerator) line(values ...int64) {
	for k, v := range values {
		if k > 0 {
			g.text.WriteByte(' ')
		}
		g.text.Write(strconv.AppendInt(g.text.AvailableBuffer(), v, 10))
	}
	g.text.WriteByte('\n')
}

// machines writes sizes of 1 to 3 times 100,000 units and safety at 60 to 80 %.
// Locations are numbered round robin, neighbourhoods hold whole locations.
func (g *roadefGenerator) machines() {
	s := &g.s
	g.line(int64(s.machines))
	row := make([]int64, 0, 2+2*s.resources+s.machines)
	for m := range s.machines {
		location := m % s.locations
		g.class[m] = 100_000 * int64(2+g.rng.IntN(5)) / 2
		row = append(row[:0], int64(location%s.neighbourhoods), int64(location))
		g.free[m] = make([]int64, s.resources)
		for r := range g.free[m] {
			g.free[m][r] = g.class[m]
			row = append(row, g.class[m])
		}
		for range s.resources {
			row = append(row, g.class[m]*int64(60+g.rng.IntN(21))/100)
		}
		for other := range s.machines {
			row = append(row, int64(min(9, (m^other)&15)))
		}
		g.line(row...)
	}
}

// services writes sizes, spreads and dependencies and returns the size of each.
func (g *roadefGenerator) services() []int {
	var sizes []int
	for left := g.s.processes; left > 0; {
		n := min(left, 1+g.rng.IntN(20))
		sizes = append(sizes, n)
		left -= n
	}
	g.line(int64(len(sizes)))
	for k, n := range sizes {
		// Every neighbourhood has a process of a service that is depended on.
		if k%10 == 9 && sizes[k-1] >= g.s.neighbourhoods {
			g.line(int64(max(1, n/3)), 1, int64(k-1))
		} else {
			g.line(int64(max(1, n/3)), 0)
		}
	}
	return sizes
}

// processes writes them and puts each on a machine with room: those of one
// service on machines one beside another, so in locations and neighbourhoods
// of their own.
func (g *roadefGenerator) processes(sizes []int) {
	s := &g.s
	g.line(int64(s.processes))
	var capacity int64
	for _, c := range g.class {
		capacity += c
	}
	mean := float64(capacity) * s.load / float64(s.processes)
	i, m := 0, 0
	row := make([]int64, 0, s.resources+2)
	for service, n := range sizes {
		for range n {
			demand := make([]int64, s.resources)
			for r := range demand {
				demand[r] = int64(mean * (0.2 + 1.6*g.rng.Float64()))
			}
			for m = (m + 1) % s.machines; !g.take(m, demand); m = (m + 1) % s.machines {
			}
			g.at[i] = m
			i++
			row = append(append(append(row[:0], int64(service)), demand...), int64(1+g.rng.IntN(100)))
			g.line(row...)
		}
	}
}

// take puts a process on a machine where it has room.
func (g *roadefGenerator) take(m int, demand []int64) bool {
	for r, q := range demand {
		if g.free[m][r] < q {
			return false
		}
	}
	for r, q := range demand {
		g.free[m][r] -= q
	}
	return true
}
