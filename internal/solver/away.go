package solver

// What homesickness weighs (climate). In a tight fleet being away counts 1
// wherever an item stands, so that items change places freely among the bins
// that they were not at first. A roomy fleet can shed its load by few moves, and
// what remains of the cost is their fees: there being away counts awayShare, and
// the rest by the fee, so that a bin nearby is less far from home than others.

// awayShare is the part that doesn't depend on the fee in a roomy fleet;
// roomyUse is how much of the capacity below safety may be used there, in every
// dimension whose load is priced.
const (
	awayShare = 0.3
	roomyUse  = 0.97
)

// feeSample is how many items, and bins for each, tell the mean fee.
const feeSample = 256

// findAway measures the mean fee, tells whether the fleet is roomy, and sets the
// weights of being away.
func (in *instance) findAway() {
	if in.rising { // nobody asks for it otherwise
		in.meanFee = in.sampleFees()
	}
	in.roomy = in.meanFee > 0 && in.hasRoom()
	in.awayBase, in.awayByFee = 1, 0
	if in.roomy {
		in.awayBase, in.awayByFee = awayShare, (1-awayShare)/in.meanFee
	}
}

// sampleFees returns the mean fee of standing away from the start.
func (in *instance) sampleFees() float64 {
	var sum float64
	n := 0
	for i := 0; i < in.items; i += max(1, in.items/feeSample) {
		for b := 0; b < in.bins; b += max(1, in.bins/feeSample) {
			if home := in.start[i]; home >= 0 && home != int32(b) {
				sum += float64(in.moveFee(int32(i), int32(b)))
				n++
			}
		}
	}
	return sum / float64(max(1, n))
}

// hasRoom tells whether all load fits below safety with some to spare.
func (in *instance) hasRoom() bool {
	use, safe := make([]float64, in.dims), make([]float64, in.dims)
	for k, c := range in.capacity {
		safe[k%in.dims] += float64(c - in.margin[k])
	}
	for k, q := range in.demand {
		use[k%in.dims] += float64(q)
	}
	for d, w := range in.loadCost {
		if w > 0 && use[d] > roomyUse*safe[d] {
			return false
		}
	}
	return true
}

// away returns how far from home item i is on bin b, about 1 on average over the
// fleet; 0 at home, and where it has no start or no bin.
func (in *instance) away(i, b int32) float64 {
	home := in.start[i]
	if home < 0 || b < 0 || b == home {
		return 0
	}
	if in.awayByFee == 0 {
		return in.awayBase
	}
	return in.awayBase + float64(in.awayByFee*float64(in.moveFee(i, b)))
}

// awayChange returns the change of away when item i goes from a to b.
func (in *instance) awayChange(i, a, b int32) float64 { return in.away(i, b) - in.away(i, a) }

// feesMatter tells whether move fees are a good part of what the lane's best
// placement costs above the bound.
func (l *lane) feesMatter() bool {
	if l.in.near == nil {
		return false
	}
	var fees int64
	for i, b := range l.best {
		fees += l.in.moveFee(int32(i), b)
	}
	return float64(fees) > feesShare*float64(l.bestCost-l.in.floor)
}

// feesShare is that part.
const feesShare = 0.1
