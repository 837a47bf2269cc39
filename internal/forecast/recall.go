package forecast

import (
	"math"

	"drover/internal/model"
)

const (
	// recallWeeks is how many of the last second seasons have to be known before
	// a fall is expected again; a rise is after one, since a load that is forecast
	// too low costs more than one that is forecast too high. Up to mostRecalled
	// seasons are asked.
	recallWeeks, mostRecalled = 2, 4
	// recallScales is how many mean absolute errors a step has to be worth,
	// recallOnceScales one that was seen once only.
	recallScales, recallOnceScales = 2, 4
	// recallReach is the part of the first season ahead for which steps count;
	// beyond it the fitted models know more.
	recallReach = 6
)

// recaller looks up steps of the last weeks: Monday's load begins at midnight,
// while smoothed profiles of a few slots a week only see a slope. A step is a
// change from one hour to the next that lasts: the two hours before and the two
// after lie apart, in each of the weeks, in the same direction. Noise and peaks
// of an hour don't look like that.
type recaller struct {
	s     *Series
	scale float64 // mean absolute error of a forecast
	week  int64   // in blocks
	block int64   // of the latest answer
	jump  float64 // from the origin to that block
}

// recall returns what looks steps up, nil where the history does not reach back.
func (s *Series) recall() *recaller {
	if s.history == nil || s.lay.week == 0 || s.lay.week%s.history.block != 0 {
		return nil
	}
	from := s.blockOf(s.last)
	r := &recaller{s: s, week: s.lay.week / s.history.block, block: from, scale: s.errorScale(&s.blocks[min(1, s.known())])}
	if math.IsNaN(s.history.at(from - r.week - 2)) {
		return nil
	}
	return r
}

// blockOf numbers the block of history that holds an instant, by the wall clock.
func (s *Series) blockOf(at model.Instant) int64 {
	block, _ := s.lay.perBlock.split(int64(s.lay.zone.Wall(at)))
	return block
}

// edge is the step into a block that all of the last weeks agree on, the least
// of them, or 0.
func (r *recaller) edge(block int64) float64 {
	var base [4]float64 // two blocks before, two after
	h := r.s.history
	for i := range base {
		b := block + int64(i) - 2
		base[i] = r.s.baseOn(model.Instant(b*h.block + (h.block-r.s.lay.bin)/2))
	}
	least, scales := 0.0, float64(recallScales)
	once := math.IsNaN(h.at(block - 2 - recallWeeks*r.week))
	if once {
		scales = recallOnceScales
	}
	for k := range int64(mostRecalled) {
		if k >= 1 && math.IsNaN(h.at(block-2-(k+1)*r.week)) {
			break
		}
		var away [4]float64
		for i := range away {
			away[i] = h.at(block+int64(i)-2-(k+1)*r.week) - base[i]
		}
		apart := max(min(away[2], away[3])-max(away[0], away[1]), min(away[0], away[1])-max(away[2], away[3]))
		jump := away[2] - away[1]
		if !(apart >= scales*r.scale) || k > 0 && jump*least < 0 || once && jump < 0 {
			return 0
		}
		if k == 0 || math.Abs(jump) < math.Abs(least) {
			least = jump
		}
	}
	return least
}

// step is what all steps from the origin's block to a target's come to.
// Targets are asked for in their order.
func (r *recaller) step(at model.Instant) float64 {
	for block := r.s.blockOf(at); r.block < block; {
		r.block++
		r.jump += r.edge(r.block)
	}
	return r.jump
}

// corrected draws a forecast to where steps lead that it falls short of.
func (r *recaller) corrected(point float64, at model.Instant, lead int) float64 {
	if r == nil || int64(at-r.s.last)*recallReach > r.s.lay.day {
		return point
	}
	jump := r.step(at)
	if jump == 0 {
		return point
	}
	if gap := r.s.smoothed(at, lead) + jump - point; gap*jump > 0 {
		return point + gap
	}
	return point
}

// meet moves the smoothed deviations at once where a step of the weeks before
// has come again, as far as the value confirms it. Smoothing alone would take an
// hour to believe it.
func (s *Series) meet(at, wall model.Instant, deviation float64) {
	if s.count == 0 || int64(at-s.last)*recallReach > s.lay.day {
		return
	}
	if block, _ := s.lay.perBlock.split(int64(wall)); block == s.blockOf(s.last) {
		return
	}
	r := s.recall()
	if r == nil {
		return
	}
	jump, seen := r.step(at), deviation-float64(s.fast)
	if seen*jump <= 0 {
		return
	}
	if math.Abs(seen) < math.Abs(jump) {
		jump = seen
	}
	s.fast += float32(jump)
	s.slow += float32(jump)
}
