package consolidate

import (
	"cmp"
	"math"
	"slices"
)

// bestHost is the host in use, other than not, on which v costs least to add.
func (s *searcher) bestHost(v, not int) (best int, added float64) {
	best, added = -1, math.Inf(1)
	for _, h := range s.on {
		if h == not {
			continue
		}
		if c := s.costWith(h, v) - s.cost[h] + s.feeFor(v, h); c < added {
			best, added = h, c
		}
	}
	return best, added
}

// evacuate empties the host for which that saves most, if any; it returns which
// host that was, or -1.
func (s *searcher) evacuate() int {
	s.listOn()
	bestGain, bestHost := minGain, -1
	for _, h := range s.on {
		if gain := s.tryEvacuate(h, bestGain, false); gain > bestGain {
			bestGain, bestHost = gain, h
		}
	}
	if bestHost >= 0 {
		s.tryEvacuate(bestHost, minGain, true)
	}
	return bestHost
}

// tryEvacuate moves a host's VMs one by one, the most volatile first, to where
// they cost least, and returns what that saves, if it is more than least.
// Unless keep is set the placement is as before afterwards.
func (s *searcher) tryEvacuate(h int, least float64, keep bool) float64 {
	before := slices.Clone(s.members[h])
	list := slices.Clone(before)
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(s.vms[b].variance, s.vms[a].variance) })
	gain, moved := s.cost[h], 0
	s.undo.reset()
	for _, v := range list {
		to, added := s.bestHost(v, h)
		gain += s.feeFor(v, h) - added
		if to < 0 || gain <= least {
			gain = math.Inf(-1)
			break
		}
		s.undo.note(s.placement, to)
		s.put(v, to)
		moved++
	}
	if !keep {
		for _, v := range list[:moved] {
			s.at[v] = h
		}
		s.members[h] = before
		s.settle(h)
		s.undo.revert(s)
	}
	return gain
}

// open takes one more host into use if that pays; it reports whether it did.
func (s *searcher) open(order []int) bool {
	fresh := -1
	for _, h := range order {
		if len(s.members[h]) == 0 {
			fresh = h
			break
		}
	}
	if fresh < 0 {
		return false
	}
	s.listOn()
	gain := -float64(s.hold * s.hosts[fresh].power(0))
	best, bestCount := minGain, 0
	var taken, from []int
	for range 60 {
		v, g := s.bestArrival(fresh)
		if v < 0 {
			break
		}
		gain += g
		taken, from = append(taken, v), append(from, s.at[v])
		s.put(v, fresh)
		if gain > best {
			best, bestCount = gain, len(taken)
		}
	}
	for i := len(taken) - 1; i >= bestCount; i-- {
		s.put(taken[i], from[i])
	}
	return bestCount > 0
}

// bestArrival is the VM whose move to host h gains most, idle power aside.
func (s *searcher) bestArrival(h int) (best int, gain float64) {
	best, gain = -1, minGain
	base := s.cost[h]
	if len(s.members[h]) == 0 {
		base = float64(s.hold * s.hosts[h].power(0))
	}
	for _, from := range s.on {
		if from == h || s.risk[from] <= gain {
			continue
		}
		for _, v := range s.members[from] {
			saved := s.cost[from] - s.costWithout(from, v) + s.feeFor(v, from) - s.feeFor(v, h)
			if saved <= gain {
				continue
			}
			if g := saved + base - s.costWith(h, v); g > gain {
				best, gain = v, g
			}
		}
	}
	return best, gain
}
