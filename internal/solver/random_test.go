package solver

import (
	"math/rand/v2"

	"drover/internal/model"
)

// shape sizes a random problem.
type shape struct {
	items, bins, groups, resources, periods int
	features                                uint // bits of feature
	tight                                   float64
}

// The features a random problem may have.
const (
	withTransient uint = 1 << iota
	withBalance
	withSpread
	withDepends
	withApart
	withTogether
	withPower
	withTraffic
	withSets
	withQuotas
	withNew
	allFeatures = 1<<iota - 1
)

func (s shape) has(f uint) bool { return s.features&f != 0 }

// randomProblem makes a problem whose items that have a start respect capacity;
// other constraints may be broken at the start.
func randomProblem(r *rand.Rand, s shape) *model.Problem {
	p := &model.Problem{Periods: s.periods}
	for k := range s.resources {
		p.Resources = append(p.Resources, model.PackedResource{
			LoadWeight: r.Int64N(5), Transient: s.has(withTransient) && k%2 == 1,
		})
	}
	p.Weights = model.PartWeights{ItemMove: 1, GroupMove: r.Int64N(10), BinMove: r.Int64N(4)}
	randomBins(r, p, s)
	randomGroups(r, p, s)
	randomItems(r, p, s)
	if s.has(withBalance) && s.resources > 1 {
		p.Balances = append(p.Balances, model.Balance{A: 0, B: 1, Target: 1 + r.Int64N(3), Weight: r.Int64N(4)})
	}
	if s.has(withTraffic) {
		randomFlows(r, p)
	}
	if s.has(withQuotas) {
		p.MaxMoves = 1 + r.IntN(s.items)
	}
	return p
}

func randomBins(r *rand.Rand, p *model.Problem, s shape) {
	zones := 1 + r.IntN(3)
	for range s.bins {
		b := model.Bin{Location: r.IntN(min(4, s.bins)), Neighbourhood: r.IntN(2), Zone: r.IntN(zones)}
		for range s.resources {
			c := 50 + r.Int64N(100)
			b.Capacity = append(b.Capacity, c)
			b.Safety = append(b.Safety, c*(50+r.Int64N(50))/100)
		}
		if s.has(withPower) {
			b.Money, b.WakeCost, b.Asleep = r.Int64N(100), r.Int64N(50), r.IntN(2) == 0
			b.Power = []model.PowerPoint{{UtilisationPPM: 0, PowerMilliwatts: 50 + r.Int64N(50)},
				{UtilisationPPM: 500_000, PowerMilliwatts: 120 + r.Int64N(20)}, {UtilisationPPM: 1_000_000, PowerMilliwatts: 160}}
			p.Weights.Power, p.Weights.Money, p.Weights.Wake = 2, 1, 1
		}
		if s.has(withSets) {
			b.NoArrivals, b.Closed = r.IntN(12) == 0, r.IntN(15) == 0
		}
		if s.has(withQuotas) {
			b.MaxArrivals, b.MaxDepartures = r.IntN(4), r.IntN(4)
		}
		p.Bins = append(p.Bins, b)
	}
	for range s.bins {
		row := make([]int32, s.bins)
		for k := range row {
			row[k] = r.Int32N(3)
		}
		p.MoveDistance = append(p.MoveDistance, row)
	}
	if s.has(withTraffic) {
		p.Distance = make([][]int64, zones)
		for a := range zones {
			p.Distance[a] = make([]int64, zones)
			for b := range a + 1 {
				d := r.Int64N(20)
				p.Distance[a][b], p.Distance[b][a] = d, d
			}
		}
		p.Weights.Traffic = 1
	}
}

func randomGroups(r *rand.Rand, p *model.Problem, s shape) {
	other := func() []int {
		if r.IntN(3) > 0 {
			return nil
		}
		return []int{r.IntN(s.groups)}
	}
	for range s.groups {
		g := model.Group{MaxPerBin: r.IntN(3)}
		if s.has(withSpread) {
			g.MinSpread = r.IntN(3)
		}
		if s.has(withDepends) {
			g.DependsOn = other()
		}
		if s.has(withApart) {
			g.AntiAffinity = other()
		}
		if s.has(withTogether) {
			g.Affinity = other()
		}
		if s.has(withQuotas) {
			g.MaxMoves = r.IntN(5)
		}
		p.Groups = append(p.Groups, g)
	}
}

func randomItems(r *rand.Rand, p *model.Problem, s shape) {
	free := make([][]int64, s.bins)
	for b := range free {
		free[b] = append([]int64(nil), p.Bins[b].Capacity...)
	}
	each := s.tight * 100 * float64(s.bins) / float64(s.items)
	for range s.items {
		it := model.Item{Group: r.IntN(s.groups), MoveCost: r.Int64N(10), Start: model.Unplaced}
		peak := make([]int64, s.resources)
		for range s.periods {
			for k := range s.resources {
				q := int64(r.Float64() * 2 * each)
				peak[k] = max(peak[k], q)
				it.Demand = append(it.Demand, q)
			}
		}
		for _, b := range r.Perm(s.bins) {
			fits := true
			for k, q := range peak {
				fits = fits && q <= free[b][k]
			}
			if fits && !(s.has(withNew) && r.IntN(6) == 0) {
				it.Start = b
				for k, q := range peak {
					free[b][k] -= q
				}
				break
			}
		}
		if s.has(withSets) && r.IntN(5) == 0 {
			it.Forbidden = []int{r.IntN(s.bins)}
			it.Pinned = r.IntN(3) == 0
		}
		p.Items = append(p.Items, it)
	}
}

func randomFlows(r *rand.Rand, p *model.Problem) {
	for range len(p.Groups) {
		p.GroupFlows = append(p.GroupFlows, model.Flow{A: r.IntN(len(p.Groups)), B: r.IntN(len(p.Groups)), Rate: r.Int64N(5)})
		p.ItemFlows = append(p.ItemFlows, model.Flow{A: r.IntN(len(p.Items)), B: r.IntN(len(p.Items)), Rate: r.Int64N(5)})
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 99)) }

func asInts(at []int32) []int {
	out := make([]int, len(at))
	for i, b := range at {
		out[i] = int(b)
	}
	return out
}

// softKinds are the violations that the search may pass through.
func isSoft(k model.ViolationKind) bool {
	return k == model.ViolationSpread || k == model.ViolationDependency || k == model.ViolationAffinity
}
