package consolidate

import "math"

// trend follows the fleet's total demand with its slope, by Brown's double
// exponential smoothing: single VMs are too noisy to show that the whole fleet
// rises through a day, and their averages lag behind it.
type trend struct {
	once, twice             float64 // smoothed total, and that smoothed again; not corrected for their start
	onceWeight, twiceWeight float64
	ticks                   float64
}

// trendMax bounds the correction by the trend, as a share of the demand.
const trendMax = 0.1

// observe adds a tick's total.
func (t *trend) observe(total, memoryTicks float64) {
	keep := math.Exp(-1 / memoryTicks)
	t.once = float64(keep*t.once) + total
	t.onceWeight = float64(keep*t.onceWeight) + 1
	t.twice = float64(keep*t.twice) + t.once/t.onceWeight
	t.twiceWeight = float64(keep*t.twiceWeight) + 1
	t.ticks++
}

// scale is the factor by which the VMs' own means, which sum up to sum, are to
// be corrected to be right for ahead ticks from now: the trend's view, taken
// the more seriously the longer it has been followed.
func (t *trend) scale(sum float64, tune *Tuning) float64 {
	if t.ticks == 0 || sum <= 0 {
		return 1
	}
	once, twice := t.once/t.onceWeight, t.twice/t.twiceWeight
	keep := math.Exp(-1 / tune.TrendTicks)
	level := once + (once - twice)
	slope := (1 - keep) / keep * (once - twice)
	trust := t.ticks / (t.ticks + float64(2*tune.TrendTicks))
	off := (level+float64(slope*tune.TrendAhead))/sum - 1
	return 1 + float64(trust*min(max(off, -trendMax), trendMax))
}
