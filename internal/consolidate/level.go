package consolidate

import "math"

// meanCount is how many exponential means predict a VM's level.
const meanCount = 6

// levels predicts a VM's coming level. How long a memory serves best differs
// from VM to VM: some keep to a level all day, others leave it every hour. So
// several exponential means predict side by side, and each weighs by how well it
// has predicted so far (Bayesian model averaging, tempered: Hoeting et al.,
// Statistical Science 14(4), 1999).
type levels struct {
	sum, weight [meanCount]float64 // of samples
	miss        [meanCount]float64 // sums of squared errors of one-step predictions
}

// observe adds a sample x.
func (l *levels) observe(q decay, x float64) {
	for i := range l.sum {
		l.sum[i] = float64(l.sum[i]*q.mean[i]) + x
		l.weight[i] = float64(l.weight[i]*q.mean[i]) + 1
	}
}

// mean is the i-th prediction.
func (l *levels) mean(t *DemandTuning, i int) float64 {
	return (l.sum[i] + float64(t.PriorMean*t.PriorCount)) / (l.weight[i] + t.PriorCount)
}

// blame holds against every mean by how much it missed a sample x.
func (l *levels) blame(t *DemandTuning, q decay, x float64) {
	for i := range l.miss {
		e := x - l.mean(t, i)
		l.miss[i] = float64(l.miss[i]*q.miss) + float64(e*e)
	}
}

// predict averages the means, given the variance of errors that is usual.
func (l *levels) predict(t *DemandTuning, variance float64) float64 {
	least := math.Inf(1)
	for _, m := range l.miss {
		least = min(least, m)
	}
	var sum, total float64
	for i, m := range l.miss {
		w := t.MeanWeights[i] * math.Exp(-t.MissWeight*(m-least)/(2*variance))
		total += w
		sum += float64(w * l.mean(t, i))
	}
	return sum / total
}
