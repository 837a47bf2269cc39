package solver

import (
	"fmt"
	"math/rand/v2"

	"drover/internal/model"
)

// GenerateOptions sizes a generated fleet.
type GenerateOptions struct {
	Bins, Items, Periods int
	Seed                 uint64
}

// generatedGroup is the mean number of replicas of a generated application.
const generatedGroup = 10

// Generate makes a fleet like those Drover plans for, for tests and
// measurements: servers of three sizes in 12 zones with power curves, prices
// and a tenth asleep; applications of 1 to 19 replicas kept apart and spread
// over zones, some depending on others or talking to them; demand of CPU,
// memory and network that follows one of three daily shapes over the periods;
// a start that respects capacity and conflict, packed at random to about 60 %
// of CPU and memory. The same options give the same problem.
func Generate(o GenerateOptions) (*model.Problem, error) {
	if o.Bins < 1 || o.Items < 1 || o.Periods < 1 || o.Bins > 1_000_000 || o.Items > 10_000_000 || o.Periods > 1000 {
		return nil, fmt.Errorf("generate: %d servers, %d replicas, %d periods: each must be at least 1", o.Bins, o.Items, o.Periods)
	}
	g := &generator{o: o, r: rand.New(rand.NewPCG(o.Seed, 0x6472)), p: &model.Problem{
		Name:    fmt.Sprintf("generated-%dx%d", o.Bins, o.Items),
		Periods: o.Periods,
		Resources: []model.PackedResource{
			{Name: "cpu", LoadWeight: 20}, {Name: "memory", Transient: true, LoadWeight: 2}, {Name: "network", LoadWeight: 5},
		},
		Weights: model.PartWeights{Power: 1, Money: 1, Wake: 1, Traffic: 1, ItemMove: 1, GroupMove: 50, BinMove: 20},
	}}
	g.zones()
	g.servers()
	g.applications()
	return g.p, nil
}

// generator holds what Generate works on.
type generator struct {
	o    GenerateOptions
	r    *rand.Rand
	p    *model.Problem
	free [][]int64 // by bin: capacity left, by period and resource
}

const generatedZones = 12

func (g *generator) zones() {
	g.p.Distance = make([][]int64, generatedZones)
	g.p.ZoneMoveDistance = make([][]int32, generatedZones)
	for a := range generatedZones {
		g.p.Distance[a], g.p.ZoneMoveDistance[a] = make([]int64, generatedZones), make([]int32, generatedZones)
		for b := range generatedZones {
			// Four zones make a region: near inside it, far between.
			near := int64(1)
			if a != b {
				near = 4
			}
			if a/4 != b/4 {
				near = 30
			}
			g.p.Distance[a][b] = near
			g.p.ZoneMoveDistance[a][b] = int32(near)
		}
	}
}

func (g *generator) servers() {
	sizes := [][3]int64{{16_000, 65_536, 1250}, {32_000, 131_072, 2500}, {64_000, 262_144, 3125}}
	n := len(g.p.Resources)
	for b := range g.o.Bins {
		k := g.r.IntN(len(sizes))
		size := sizes[k]
		zone := b % generatedZones
		watts := int64(60_000 << k)
		bin := model.Bin{
			Name: fmt.Sprintf("s%05d", b), Zone: zone, Location: zone, Neighbourhood: zone / 4,
			Capacity: size[:], Safety: []int64{size[0] * 8 / 10, size[1] * 9 / 10, size[2] * 7 / 10},
			Power: []model.PowerPoint{{UtilisationPPM: 0, PowerMilliwatts: watts}, {UtilisationPPM: 500_000, PowerMilliwatts: watts * 17 / 10},
				{UtilisationPPM: 1_000_000, PowerMilliwatts: watts * 2}},
			Money: 40_000 << k, WakeCost: 30_000, Asleep: g.r.IntN(10) == 0,
		}
		g.p.Bins = append(g.p.Bins, bin)
		free := make([]int64, n*g.o.Periods)
		for t := range free {
			free[t] = bin.Capacity[t%n]
		}
		g.free = append(g.free, free)
	}
}

func (g *generator) applications() {
	var capacity [3]float64
	for b := range g.p.Bins {
		for r, c := range g.p.Bins[b].Capacity {
			capacity[r] += float64(c)
		}
	}
	var mean [3]float64
	for r, fill := range [3]float64{0.6, 0.6, 0.4} {
		mean[r] = capacity[r] * fill / float64(g.o.Items)
	}
	for len(g.p.Items) < g.o.Items {
		k := len(g.p.Groups)
		replicas := min(1+g.r.IntN(2*generatedGroup-1), g.o.Items-len(g.p.Items), 1+g.o.Bins/4)
		group := model.Group{Name: fmt.Sprintf("app%05d", k), MaxPerBin: 1, MinSpread: min(3, (replicas+1)/2, generatedZones)}
		if k > 0 && g.r.IntN(4) == 0 {
			other := g.r.IntN(k)
			g.p.GroupFlows = append(g.p.GroupFlows, model.Flow{A: k, B: other, Rate: 1 + g.r.Int64N(20)})
		}
		g.p.Groups = append(g.p.Groups, group)
		g.replicas(k, replicas, g.demand(mean))
	}
}

// demand draws one replica's demand by period and resource.
func (g *generator) demand(mean [3]float64) []int64 {
	shape := g.r.IntN(3)
	scale := 0.2 + g.r.ExpFloat64()*0.8
	scale = min(scale, 5)
	var base [3]float64
	for r := range base {
		base[r] = mean[r] * scale * (0.5 + g.r.Float64())
	}
	var v []int64
	for t := range g.o.Periods {
		for r := range base {
			x := base[r]
			if r != 1 && t%3 == shape {
				x *= 1.4
			} else if r != 1 && g.o.Periods > 1 {
				x *= 0.8
			}
			v = append(v, int64(x))
		}
	}
	return v
}

// startTries is how many servers a replica's start is looked for on.
const startTries = 40

func (g *generator) replicas(group, n int, demand []int64) {
	used := map[int]bool{}
	for i := range n {
		item := model.Item{Name: fmt.Sprintf("app%05d/%d", group, i), Group: group, Demand: demand, Start: model.Unplaced, MoveCost: 20 + demand[1]/64}
		for range startTries {
			b := g.r.IntN(g.o.Bins)
			if used[b] || g.p.Bins[b].Asleep || !g.takes(b, demand) {
				continue
			}
			used[b] = true
			item.Start = b
			for k, q := range demand {
				g.free[b][k] -= q
			}
			break
		}
		g.p.Items = append(g.p.Items, item)
	}
}

func (g *generator) takes(b int, demand []int64) bool {
	for k, q := range demand {
		if q > g.free[b][k] {
			return false
		}
	}
	return true
}
