package planetlab

import "math"

// LowerBoundJoules is the least energy from 0 to end seconds that serves the
// day's total demand if it were divisible among any number of hosts.
//
// The least power for a demand is convex on each segment of the power curves,
// so in some optimum at most one host is strictly between two points of its
// curve: a table holds the least power of hosts that are all at such points,
// and the last host takes the rest.
func LowerBoundJoules(day *Day, end float64) (joules float64) {
	watts := LowerBoundWatts(day, end)
	for k, w := range watts[1:] {
		dt := min(StepSeconds, end-float64(StepSeconds*float64(k)))
		joules += float64((watts[k] + w) / 2 * dt)
	}
	return joules
}

// LowerBoundWatts is that least power at every sample's time before end, and at end.
func LowerBoundWatts(day *Day, end float64) []float64 {
	var b boundTable
	n := len(day.Use)
	watts := func(t float64) float64 {
		demand := 0.0
		for v := range day.Use {
			demand += day.request(v, VMTypeOf(v, n).MIPS, t)
		}
		return b.watts(demand)
	}
	var out []float64
	for t := 0.0; t < end; t += StepSeconds {
		out = append(out, watts(t))
	}
	return append(out, watts(end))
}

// boundTable[i] is the least power for i capacity units with every host at a
// point of its curve (infinite where no such set of hosts exists).
type boundTable []float64

func (b *boundTable) grow(demand float64) {
	if len(*b) == 0 {
		*b = append(*b, 0)
	}
	for i := len(*b); float64(float64(i)*capacityUnitMIPS) <= demand; i++ {
		least := math.Inf(1)
		for _, t := range hostTypes {
			size := int(t.CapacityMIPS / powerSegments / capacityUnitMIPS)
			for point := 1; point <= powerSegments && point*size <= i; point++ {
				least = min(least, (*b)[i-point*size]+t.Watts[point])
			}
		}
		*b = append(*b, least)
	}
}

func (b *boundTable) watts(demand float64) float64 {
	if demand == 0 {
		return 0
	}
	b.grow(demand)
	best := math.Inf(1)
	for h := range hostTypes {
		t := &hostTypes[h]
		first := int(max(0, math.Ceil((demand-t.CapacityMIPS)/capacityUnitMIPS)))
		for i := first; float64(float64(i)*capacityUnitMIPS) < demand; i++ {
			best = min(best, (*b)[i]+t.Power(demand-float64(float64(i)*capacityUnitMIPS)))
		}
	}
	return best
}
