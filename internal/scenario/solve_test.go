package scenario

import (
	"slices"

	"drover/internal/model"
)

// greedy is a small stand-in for the solver: it places what must move on the
// first bin with room, fullest first, and then tries to empty the least used
// bins. It respects capacity in every period (with the start kept while
// moving), closed bins, pins, allowed bins, conflicts, anti-affinity and quotas.
func greedy(p *model.Problem, _ Budget) (model.Answer, error) {
	g := newGreedy(p)
	for i, item := range p.Items {
		if b := item.Start; !item.Pinned && (p.Bins[b].Closed || g.over(b) || g.conflicts(i, b) || !g.allowed(i, b)) {
			g.rehome(i, func(int) bool { return true })
		}
	}
	g.spread()
	for _, b := range g.byUse() {
		g.empty(b)
	}
	return model.Answer{Assignment: g.at, Moved: g.moved, Violated: g.violated(), Violations: g.violations()}, nil
}

type greedySolver struct {
	p      *model.Problem
	at     []int
	use    [][]int64
	moved  int
	groups map[int]int
}

func newGreedy(p *model.Problem) *greedySolver {
	g := &greedySolver{p: p, at: make([]int, len(p.Items)), use: make([][]int64, len(p.Bins)), groups: map[int]int{}}
	for b := range g.use {
		g.use[b] = make([]int64, len(p.Bins[b].Capacity))
	}
	for i, item := range p.Items {
		g.at[i] = item.Start
		g.add(item.Start, i, 1)
	}
	return g
}

func (g *greedySolver) add(b, i int, sign int64) {
	for k, d := range g.p.Items[i].Demand {
		g.use[b][k] += sign * d
	}
}

func (g *greedySolver) over(b int) bool {
	for k, u := range g.use[b] {
		if u > g.p.Bins[b].Capacity[k] {
			return true
		}
	}
	return false
}

func (g *greedySolver) allowed(i, b int) bool {
	return len(g.p.Items[i].Allowed) == 0 || slices.Contains(g.p.Items[i].Allowed, b)
}

func (g *greedySolver) conflicts(i, b int) bool {
	group := g.p.Items[i].Group
	same := 0
	for o, at := range g.at {
		if at != b || o == i {
			continue
		}
		other := g.p.Items[o].Group
		if other == group {
			same++
		}
		if slices.Contains(g.p.Groups[group].AntiAffinity, other) || slices.Contains(g.p.Groups[other].AntiAffinity, group) {
			return true
		}
	}
	return g.p.Groups[group].MaxPerBin > 0 && same >= g.p.Groups[group].MaxPerBin
}

// rehome moves an item to the fullest bin that takes it.
func (g *greedySolver) rehome(i int, wanted func(int) bool) bool {
	p, item := g.p, g.p.Items[i]
	if p.MaxMoves > 0 && g.moved >= p.MaxMoves ||
		p.Groups[item.Group].MaxMoves > 0 && g.groups[item.Group] >= p.Groups[item.Group].MaxMoves {
		return false
	}
	from := g.at[i]
	g.add(from, i, -1)
	best := -1
	for b, bin := range p.Bins {
		if b == from || bin.Closed || bin.NoArrivals || !wanted(b) || !g.allowed(i, b) || g.conflicts(i, b) {
			continue
		}
		g.add(b, i, 1)
		if !g.over(b) && (best < 0 || g.use[b][0] > g.use[best][0]) {
			best = b
		}
		g.add(b, i, -1)
	}
	if best < 0 {
		g.add(from, i, 1)
		return false
	}
	g.add(best, i, 1)
	g.at[i] = best
	g.moved++
	g.groups[item.Group]++
	return true
}

// spread moves items of groups that stand in too few locations.
func (g *greedySolver) spread() {
	for group, want := range g.p.Groups {
		for tries := 0; tries < want.MinSpread; tries++ {
			there := map[int]bool{}
			for i, b := range g.at {
				if g.p.Items[i].Group == group {
					there[g.p.Bins[b].Location] = true
				}
			}
			if len(there) >= want.MinSpread {
				break
			}
			for i := range g.at {
				if g.p.Items[i].Group == group && !g.p.Items[i].Pinned &&
					g.rehome(i, func(b int) bool { return !there[g.p.Bins[b].Location] }) {
					break
				}
			}
		}
	}
}

func (g *greedySolver) byUse() []int {
	order := make([]int, len(g.p.Bins))
	for b := range order {
		order[b] = b
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(g.use[a][0] - g.use[b][0]) })
	return order
}

// empty tries to move all items of a bin onto other bins in use.
func (g *greedySolver) empty(b int) {
	before := slices.Clone(g.at)
	moved, groups := g.moved, map[int]int{}
	for k, v := range g.groups {
		groups[k] = v
	}
	for i, at := range before {
		if at != b {
			continue
		}
		if g.p.Items[i].Pinned || g.at[i] != g.p.Items[i].Start || g.p.Groups[g.p.Items[i].Group].MinSpread > 1 ||
			!g.rehome(i, func(to int) bool { return slices.Contains(before, to) }) {
			for o, old := range before {
				if g.at[o] != old {
					g.add(g.at[o], o, -1)
					g.add(old, o, 1)
					g.at[o] = old
				}
			}
			g.moved, g.groups = moved, groups
			return
		}
	}
}

func (g *greedySolver) violations() []model.Violation {
	var out []model.Violation
	for b, bin := range g.p.Bins {
		if g.over(b) {
			out = append(out, model.Violation{Kind: model.ViolationCapacity, Bin: b, Text: bin.Name + " is too full"})
		}
	}
	return out
}

func (g *greedySolver) violated() int { return len(g.violations()) }
