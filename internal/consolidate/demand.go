package consolidate

import "math"

// DemandTuning holds the constants of the demand estimator. Utilisations are
// shares of a VM's size; counts are in samples.
type DemandTuning struct {
	// MeanTicks are the memories of the exponential means that a VM's level is
	// predicted by, MeanWeights what each weighs before it has proved itself.
	MeanTicks, MeanWeights [meanCount]float64
	// MissTicks is how long a mean's errors count against it, MissWeight how
	// much: 1 would be right for errors that are normal and independent.
	MissTicks, MissWeight float64
	// SpreadTicks is the memory of the recent squared errors, SpreadWeight
	// their weight beside those of LongTicks.
	SpreadTicks, SpreadWeight, LongTicks float64
	// PriorMean is the utilisation expected before any sample, PriorCount how
	// many samples it weighs.
	PriorMean, PriorCount float64
	// PriorVariance is expected of a VM and weighs PriorVarianceCount samples.
	PriorVariance, PriorVarianceCount float64
	// PriorSkewnessCount is how many samples the skewness of a beta variable
	// weighs beside the observed one.
	PriorSkewnessCount float64
	// LevelShare is the uncertainty of a level known from one sample: a
	// variance, as a share of the squared mean.
	LevelShare float64
}

// DefaultDemandTuning returns what is usual for five-minute CPU traces.
func DefaultDemandTuning() DemandTuning {
	return DemandTuning{
		MeanTicks: [meanCount]float64{3, 6, 13.5, 30, 70, 2000}, MeanWeights: [meanCount]float64{.02, .08, .4, .2, .1, .2},
		MissTicks: 200, MissWeight: .5, SpreadTicks: 11.5, SpreadWeight: .37, LongTicks: 2000,
		PriorMean: .105, PriorCount: .3, PriorVariance: .0049, PriorVarianceCount: 3.5,
		PriorSkewnessCount: 60, LevelShare: .27}
}

// demand estimates the distribution of one VM's coming samples: mean, variance
// and third central moment. Exponentially weighted sums of samples and of the
// errors of its own one-step predictions are shrunk towards what is usual.
type demand struct {
	level                levels
	seen                 float64 // samples, the old ones counting less
	burst, burstWeight   float64 // sums of squared errors
	spread, spreadWeight float64
	third                float64 // sum of cubed errors, weighed as spread
	mean                 float64 // prediction of the next sample
}

// decay holds the factors by which old samples lose weight each tick.
type decay struct {
	mean               [meanCount]float64
	miss, spread, long float64
}

func (t *DemandTuning) decay() decay {
	d := decay{miss: math.Exp(-1 / t.MissTicks), spread: math.Exp(-1 / t.SpreadTicks), long: math.Exp(-1 / t.LongTicks)}
	for i, ticks := range t.MeanTicks {
		d.mean[i] = math.Exp(-1 / ticks)
	}
	return d
}

// observe adds a sample x.
func (d *demand) observe(t *DemandTuning, q decay, x float64) {
	if d.seen > 0 {
		d.level.blame(t, q, x)
		e := x - d.mean
		// The error of a young prediction is in part the prediction's.
		w := d.seen / (d.seen + t.PriorCount + 1)
		d.burst = float64(d.burst*q.spread) + float64(w*e*e)
		d.burstWeight = float64(d.burstWeight*q.spread) + w
		d.spread = float64(d.spread*q.long) + float64(w*e*e)
		d.third = float64(d.third*q.long) + float64(w*e*e*e)
		d.spreadWeight = float64(d.spreadWeight*q.long) + w
	}
	d.seen = float64(d.seen*q.long) + 1
	d.level.observe(q, x)
	usual := float64(t.PriorVariance * t.PriorVarianceCount)
	d.mean = d.level.predict(t, (d.spread+usual)/(d.spreadWeight+t.PriorVarianceCount))
}

// moments returns the mean, variance and third central moment of the coming
// samples, in shares of the VM's size.
func (d *demand) moments(t *DemandTuning) (mean, variance, third float64) {
	usual := t.PriorVariance + float64(d.mean*d.mean*t.LevelShare/(d.seen+t.PriorCount))
	prior := float64(usual * t.PriorVarianceCount)
	variance = float64(t.SpreadWeight*((d.burst+prior)/(d.burstWeight+t.PriorVarianceCount))) +
		float64((1-t.SpreadWeight)*((d.spread+prior)/(d.spreadWeight+t.PriorVarianceCount)))
	usualThird := float64(betaSkewness(d.mean, variance) * variance * math.Sqrt(variance))
	third = (d.third + float64(usualThird*t.PriorSkewnessCount)) / (d.spreadWeight + t.PriorSkewnessCount)
	return d.mean, variance, third
}

// betaSkewness is the skewness of a beta variable with the given mean and
// variance: a utilisation is confined to 0..1, so that a rarely used VM can
// only err upwards, a half used one either way.
func betaSkewness(mean, variance float64) float64 {
	top := float64(mean * (1 - mean))
	if top <= 0 || variance <= 0 {
		return 0
	}
	n := max(top/variance-1, 0.1)
	return float64(2 * (1 - float64(2*mean)) * math.Sqrt(n+1) / (float64((n + 2) * math.Sqrt(top))))
}
