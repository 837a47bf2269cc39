package solver

// softPasses is how often rows with broken soft constraints are gone through.
const softPasses = 4

// softScan is how many bins one item is offered while soft constraints are
// mended.
const softScan = 1024

// mendSoft shifts items so that broken spread, dependency and affinity are
// mended, cheapest shift first, without breaking others. What is left over is
// the annealing's to mend.
func (l *lane) mendSoft() {
	for range softPasses {
		before := l.s.soft
		if before == 0 {
			return
		}
		for _, row := range l.brokenRows() {
			for _, i := range l.in.rowItems[row] {
				if l.mayRepair() {
					l.mendItem(i)
				}
			}
		}
		if l.s.soft == before {
			return
		}
	}
}

// brokenRows lists rows that miss locations, dependencies or companions, and
// those whose items would be what is missing, each once and in order.
func (l *lane) brokenRows() []int32 {
	in, s := l.in, l.s
	listed := make([]bool, in.rows)
	for row := range int32(in.rows) {
		if s.distinct[row] < in.spread[row] {
			listed[row] = true
		}
		for n := range in.nearbys {
			if k := int(row)*in.nearbys + n; s.onNear[k] > 0 && s.lack[k] > 0 {
				listed[row] = true
				for _, x := range in.depends[row] {
					listed[x] = true
				}
			}
		}
		for _, x := range in.together[row] {
			for _, i := range in.rowItems[row] {
				if b := s.at[i]; b >= 0 && s.count(x, b) == 0 {
					listed[row], listed[x] = true, true
				}
			}
		}
	}
	var rows []int32
	for row, yes := range listed {
		if yes {
			rows = append(rows, int32(row))
		}
	}
	return rows
}

// mendItem makes the cheapest shift of an item that mends most, if any does.
func (l *lane) mendItem(i int32) {
	in, s := l.in, l.s
	a := s.at[i]
	if a == none || in.fixed[i] || s.soft == 0 {
		return
	}
	gain := s.leaveGain(i)
	from := l.rng.below(in.bins)
	to, change, mended := int32(none), int64(0), int32(0)
	for k := range min(in.bins, softScan) {
		b := int32((from + k) % in.bins)
		if b == a {
			continue
		}
		l.candidates++
		delta, soft, ok := s.shift(i, b, gain)
		if !ok {
			continue
		}
		l.evaluations++
		if soft < mended || soft == mended && mended < 0 && delta < change {
			to, change, mended = b, delta, soft
		}
	}
	if to != none {
		s.apply(i, to, change)
	}
}
