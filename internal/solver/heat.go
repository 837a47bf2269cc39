package solver

import "math"

// heatSamples is how many random shifts are priced to choose temperatures.
// Where a guard paces the search they also tell how fast it is: paceSamples times
// as many, since caches are cold at first.
const (
	heatSamples = 4000
	paceSamples = 8
)

// Temperatures and prices in units of a typical shift's cost, and where the
// scale between coarse and fine problems lies; found by sampling on the public
// instances (docs/solver.md). Coarse problems (few large items a bin) are
// started hot, with many ejections; fine ones (many small items a bin), and
// those whose budget is short, start closer to their start placement.
const (
	hotCoarse, hotFine   = 4.5, 1.0
	homeCoarse, homeFine = 2.0, 1.2
	homeMost             = 12.0
	homeMoves            = 8000.0 // moves an item below which it is dearer to be away
	homePower            = 0.8
	penaltyCoarse        = 6.0
	penaltyFine          = 10.0
	coarseItems          = 10.0  // items a bin
	fineFactor           = 20.0  // this times as many items a bin are fine
	ampleMoves           = 10000 // moves an item that a hot start needs
	coldCoarse, coldFine = 0.005, 0.0003
	leastPenalty         = 1000.0
	mostEjections        = 64.0 // of 256 moves, at coarseItems
)

// heat chooses temperatures and the price of broken soft constraints from the
// cost of typical moves, the grain of the problem, and the budget.
func (r *search) heat() schedule {
	l := r.lanes[0]
	s := l.s
	var sum float64
	var n int
	before, already := r.spent(), l.evaluations
	samples := heatSamples
	if r.o.Evaluations <= 0 {
		samples *= paceSamples
	}
	for range samples {
		if len(r.in.movable) == 0 || r.in.bins < 2 {
			break
		}
		i := r.in.movable[l.rng.below(len(r.in.movable))]
		b := int32(l.rng.below(r.in.bins))
		if s.at[i] < 0 || b == s.at[i] {
			continue
		}
		l.evaluations++
		if delta, _, ok := s.shift(i, b, s.leaveGain(i)); ok && delta > 0 {
			sum += float64(delta)
			n++
		}
	}
	typical := 1.0
	if n > 0 {
		typical = sum / float64(n)
	}
	budget := float64(r.o.Evaluations)
	if budget == 0 {
		// A guard paces the search: how far it came tells how much there will be.
		budget = float64(l.evaluations-already) / max(1e-9, r.spent()-before) * float64(len(r.lanes))
	}
	perBin := float64(len(r.in.movable)) / float64(max(1, r.in.bins))
	perItem := budget / float64(max(1, len(r.in.movable)))
	fine := max(grain(perBin/coarseItems), grain(ampleMoves/max(1, perItem)))
	c := schedule{
		typical: typical,
		perItem: perItem,
		hot:     max(2, typical*blend(hotCoarse, hotFine, fine)),
		cold:    max(1, typical*blend(coldCoarse, coldFine, fine)),
		penalty: max(leastPenalty, typical*blend(penaltyCoarse, penaltyFine, fine)),
		home:    homeFor(perBin, perItem),
		eject:   uint64(min(mostEjections, max(1, mostEjections*coarseItems/max(1, perBin)))),
	}
	c.chill(r.in)
	if r.o.Without&Homesickness != 0 {
		c.home = 0
	}
	return c
}

// Roomy fleets are cooled to coldRoomy of the mean fee, with homeRoomy at least.
const (
	homeRoomy = 10.0
	coldRoomy = 0.1
)

// chill ends a cooling at the scale of fees where these are what remains.
func (c *schedule) chill(in *instance) {
	if in.roomy {
		c.home, c.cold = max(c.home, homeRoomy), min(c.cold, max(1, in.meanFee*coldRoomy))
	}
}

// homeFor returns the price of being away, in temperatures: higher where a
// coarse fleet has little room, and where the budget is too short for what a
// random walk scattered to come home by itself.
func homeFor(perBin, perItem float64) float64 {
	home := blend(homeCoarse, homeFine, min(1, 2*grain(perBin/coarseItems)))
	return min(homeMost, home*math.Pow(max(1, homeMoves/max(1, perItem)), homePower))
}

// blend goes from coarse to fine by ratio.
func blend(coarse, fine, share float64) float64 {
	return coarse * math.Pow(fine/coarse, share)
}

// grain maps 1 or less to 0 and fineFactor or more to 1, by logarithm.
func grain(x float64) float64 {
	return min(1, max(0, math.Log(max(x, 1e-9))/math.Log(fineFactor)))
}

// spent asks the guard, if there is one.
func (r *search) spent() float64 {
	if r.o.Guard == nil {
		return 0
	}
	return r.o.Guard()
}
