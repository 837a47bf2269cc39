package solver

import (
	"fmt"

	"drover/internal/model"
)

// violation starts a violation with every index unset.
func violation(kind model.ViolationKind, amount int64, format string, args ...any) model.Violation {
	return model.Violation{Kind: kind, Item: -1, Group: -1, Bin: -1, Resource: -1, Period: -1,
		Amount: amount, Text: fmt.Sprintf(format, args...)}
}

func (e *evaluation) add(v model.Violation) { e.broken = append(e.broken, v) }

// label names a thing for people: its name, or kind and index.
func label(kind, name string, index int) string {
	if name != "" {
		return name
	}
	return fmt.Sprintf("%s %d", kind, index)
}

func binLabel(p *model.Problem, b int) string   { return label("bin", p.Bins[b].Name, b) }
func itemLabel(p *model.Problem, i int) string  { return label("item", p.Items[i].Name, i) }
func groupLabel(p *model.Problem, g int) string { return label("group", p.Groups[g].Name, g) }

func (e *evaluation) checkCapacity() {
	for b := range e.p.Bins {
		bin := &e.p.Bins[b]
		for t := range e.periods {
			for r := range e.n {
				k := (b*e.periods+t)*e.n + r
				limit := e.pick(bin.Capacity, t, r)
				kind, excess := model.ViolationCapacity, e.use[k]-limit
				what := "needs"
				if excess <= 0 && e.p.Resources[r].Transient {
					// A start that is over capacity may stay so while it empties.
					kind, excess = model.ViolationTransient, e.use[k]+e.away[k]-max(limit, e.startUse[k])
					what = "needs while moving"
				}
				if excess <= 0 {
					continue
				}
				v := violation(kind, excess, "%s %s %d more %s than its capacity of %d",
					binLabel(e.p, b), what, excess, label("resource", e.p.Resources[r].Name, r), limit)
				v.Bin, v.Resource, v.Period = b, r, t
				e.add(v)
			}
		}
	}
}

func (e *evaluation) checkItems() {
	for i, b := range e.at {
		item := &e.p.Items[i]
		if b < 0 {
			v := violation(model.ViolationUnplaced, 1, "%s has no place", itemLabel(e.p, i))
			v.Item, v.Group = i, item.Group
			e.add(v)
			continue
		}
		reason := e.forbidden(item, b)
		if reason == "" {
			continue
		}
		v := violation(model.ViolationForbidden, 1, "%s may not be on %s: %s", itemLabel(e.p, i), binLabel(e.p, b), reason)
		v.Item, v.Group, v.Bin = i, item.Group, b
		e.add(v)
	}
}

// forbidden says why an item may not be on bin b; empty where it may.
func (e *evaluation) forbidden(item *model.Item, b int) string {
	bin := &e.p.Bins[b]
	switch {
	case bin.Closed:
		return "the bin is closed"
	case bin.NoArrivals && item.Start != b:
		return "the bin takes nothing new"
	case item.Pinned && item.Start >= 0 && item.Start != b:
		return "the item is pinned to " + binLabel(e.p, item.Start)
	case len(item.Allowed) > 0 && !contains(item.Allowed, b):
		return "the bin is not among those allowed"
	case contains(item.Forbidden, b):
		return "the bin is forbidden to it"
	}
	return ""
}

func contains(list []int, v int) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// spots says how many items of each group stand on each bin, location or
// neighbourhood that has some, in order of the items.
func (e *evaluation) spots(of func(bin *model.Bin, b int) int) []map[int]int {
	spots := make([]map[int]int, len(e.p.Groups))
	for i, b := range e.at {
		if b < 0 {
			continue
		}
		g := e.p.Items[i].Group
		if spots[g] == nil {
			spots[g] = map[int]int{}
		}
		spots[g][of(&e.p.Bins[b], b)]++
	}
	return spots
}

func (e *evaluation) checkGroups() {
	p := e.p
	onBin := e.spots(func(_ *model.Bin, b int) int { return b })
	onLoc := e.spots(func(bin *model.Bin, _ int) int { return bin.Location })
	onNear := e.spots(func(bin *model.Bin, _ int) int { return bin.Neighbourhood })
	e.checkSpread(onLoc)
	for i, b := range e.at {
		if b < 0 {
			continue
		}
		g := p.Items[i].Group
		group := &p.Groups[g]
		add := func(kind model.ViolationKind, format string, args ...any) {
			v := violation(kind, 1, format, args...)
			v.Item, v.Group, v.Bin = i, g, b
			e.add(v)
		}
		if group.MaxPerBin > 0 && onBin[g][b] > group.MaxPerBin {
			add(model.ViolationConflict, "%s has %d items on %s, %d may be", groupLabel(p, g), onBin[g][b], binLabel(p, b), group.MaxPerBin)
		}
		for _, h := range group.DependsOn {
			if h != g && onNear[h][p.Bins[b].Neighbourhood] == 0 {
				add(model.ViolationDependency, "%s on %s has nothing of %s in neighbourhood %d", itemLabel(p, i), binLabel(p, b), groupLabel(p, h), p.Bins[b].Neighbourhood)
			}
		}
		for _, h := range group.Affinity {
			if h != g && onBin[h][b] == 0 {
				add(model.ViolationAffinity, "%s on %s has nothing of %s beside it", itemLabel(p, i), binLabel(p, b), groupLabel(p, h))
			}
		}
		for _, h := range group.AntiAffinity {
			if h != g && onBin[h][b] > 0 {
				add(model.ViolationAntiAffinity, "%s on %s shares it with %s", itemLabel(p, i), binLabel(p, b), groupLabel(p, h))
			}
		}
	}
}

func (e *evaluation) checkSpread(onLoc []map[int]int) {
	members := make([]int, len(e.p.Groups))
	for i := range e.p.Items {
		members[e.p.Items[i].Group]++
	}
	for g := range e.p.Groups {
		want, have := e.p.Groups[g].MinSpread, len(onLoc[g])
		if want < 2 || have >= want || members[g] == 0 {
			continue
		}
		v := violation(model.ViolationSpread, int64(want-have), "%s stands in %d locations, needs %d", groupLabel(e.p, g), have, want)
		v.Group = g
		e.add(v)
	}
}

func (e *evaluation) checkQuotas() {
	p := e.p
	arrivals, departures, byGroup := make([]int, len(p.Bins)), make([]int, len(p.Bins)), make([]int, len(p.Groups))
	moved := 0
	for i, b := range e.at {
		start := p.Items[i].Start
		if start < 0 || b < 0 || b == start {
			continue
		}
		moved++
		arrivals[b]++
		departures[start]++
		byGroup[p.Items[i].Group]++
	}
	over := func(have, limit, group, bin int, what string) {
		if limit == 0 || have <= limit {
			return
		}
		v := violation(model.ViolationMoves, int64(have-limit), "%d moves %s, %d are allowed", have, what, limit)
		v.Group, v.Bin = group, bin
		e.add(v)
	}
	over(moved, p.MaxMoves, -1, -1, "in all")
	for g, n := range byGroup {
		over(n, p.Groups[g].MaxMoves, g, -1, "of "+groupLabel(p, g))
	}
	for b := range p.Bins {
		over(arrivals[b], p.Bins[b].MaxArrivals, -1, b, "onto "+binLabel(p, b))
		over(departures[b], p.Bins[b].MaxDepartures, -1, b, "off "+binLabel(p, b))
	}
}
