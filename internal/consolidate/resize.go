package consolidate

import (
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

// evacuate empties the host for which that saves most, if any; it reports
// whether it did.
func (s *searcher) evacuate() bool {
	s.listOn()
	bestGain, bestHost := minGain, -1
	for _, h := range s.on {
		if gain := s.tryEvacuate(h, false); gain > bestGain {
			bestGain, bestHost = gain, h
		}
	}
	if bestHost < 0 {
		return false
	}
	s.tryEvacuate(bestHost, true)
	return true
}

// tryEvacuate moves a host's VMs one by one, the most volatile first, to where
// they cost least, and returns what that saves. Unless keep is set the
// placement is as before afterwards.
func (s *searcher) tryEvacuate(h int, keep bool) float64 {
	before := slices.Clone(s.members[h])
	list := slices.Clone(before)
	slices.SortStableFunc(list, func(a, b int) int {
		switch {
		case s.vms[a].variance > s.vms[b].variance:
			return -1
		case s.vms[a].variance < s.vms[b].variance:
			return 1
		}
		return 0
	})
	gain := s.cost[h]
	moved := 0
	for _, v := range list {
		to, added := s.bestHost(v, h)
		gain += s.feeFor(v, h) - added
		if to < 0 || gain <= minGain {
			gain = math.Inf(-1)
			break
		}
		s.put(v, to)
		moved++
	}
	if !keep {
		touched := map[int]bool{}
		for _, v := range list[:moved] {
			touched[s.at[v]] = true
			s.members[s.at[v]] = slices.DeleteFunc(s.members[s.at[v]], func(x int) bool { return x == v })
			s.at[v] = h
		}
		s.members[h] = before
		s.settle(h)
		for _, t := range s.on {
			if touched[t] {
				s.settle(t)
			}
		}
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
