package forecast

import (
	"math"
	"time"
)

// Accuracy is how forecasts did at one lead so far, newer ones counting for
// more (half of the weight lies in the last three first seasons).
type Accuracy struct {
	Lead time.Duration
	// Targets is how many values were compared.
	Targets int64
	// MASE is the mean absolute error over that of seasonal naive one season
	// ahead; NaN: not known yet. NaiveMASE is the same of seasonal naive itself at
	// this lead.
	MASE, NaiveMASE float64
	// WQL is twice the pinball loss, the mean over the levels .1, .25, .5, .75 and
	// .9, over the mean absolute value.
	WQL float64
	// Coverage80 and Below95 are the shares of values inside the 80 % interval and
	// below the 95 % quantile.
	Coverage80, Below95 float64
	// Bias is the mean of median less value over the mean absolute value.
	Bias float64
	// Models are each model's mean absolute error, the guide of the fitted ones
	// last where there was one.
	Models []ModelWeight
}

// Accuracy returns how forecasts did at every lead that was judged, the
// shortest first.
func (s *Series) Accuracy() []Accuracy {
	var out []Accuracy
	for i := range s.lay.blocks {
		b := &s.blocks[i]
		if b.seen == 0 {
			break
		}
		a := Accuracy{Lead: time.Duration(int64(s.lay.leads[i])*s.lay.bin) * time.Millisecond, Targets: int64(b.seen),
			MASE: math.NaN(), NaiveMASE: math.NaN(), WQL: math.NaN(), Bias: math.NaN(),
			Coverage80: float64(b.covered), Below95: float64(b.below)}
		if unit := float64(s.naiveScale); unit > 0 {
			a.MASE, a.NaiveMASE = float64(b.error[ensembleModel])/unit, float64(b.error[naiveModel])/unit
		}
		if level := math.Abs(float64(s.level)); level > 0 {
			a.WQL, a.Bias = float64(b.loss)/level, float64(b.bias)/level
		}
		for m, name := range modelNames {
			a.Models = append(a.Models, ModelWeight{Name: name, Error: float64(b.error[m])})
		}
		if s.guides != nil && s.guides.seen[i] > 0 {
			a.Models = append(a.Models, ModelWeight{Name: FittedModels, Error: float64(s.guides.error[i])})
		}
		out = append(out, a)
	}
	return out
}

// judge notes how a forecast with the present error quantiles did; u is its
// error in units of scale.
func (s *Series) judge(b *block, u, scale, gain float64) {
	const low, middle, high, next = 2, 4, 6, 7 // places of .1, .5, .9 and .95
	inside, below, loss := 0.0, 0.0, 0.0
	if u >= float64(b.zone[low]) && u <= float64(b.zone[high]) {
		inside = 1
	}
	if u <= float64(b.zone[next]) {
		below = 1
	}
	for l := low; l <= high; l++ {
		e, p := u-float64(b.zone[l]), zoneLevels[l]
		if e < 0 {
			p--
		}
		loss += p * e
	}
	move := func(mean *float32, v float64) { *mean += float32(gain * (v - float64(*mean))) }
	move(&b.covered, inside)
	move(&b.below, below)
	move(&b.loss, 2*loss/(high-low+1)*scale)
	move(&b.bias, (float64(b.zone[middle])-u)*scale)
}
