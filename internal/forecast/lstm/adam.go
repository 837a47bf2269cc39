package lstm

import "math"

// adam is the optimiser's memory.
type adam struct {
	first, second []float64
	step          float64
}

const (
	decayFirst  = 0.9
	decaySecond = 0.99
	maxNorm     = 1.0 // gradients are scaled down to this length
)

// update moves the weights against a gradient.
func (a *adam) update(w, grad []float64, rate float64) {
	if a.first == nil {
		a.first, a.second = make([]float64, len(w)), make([]float64, len(w))
	}
	norm := math.Sqrt(dot(grad, grad))
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return
	}
	scale := 1.0
	if norm > maxNorm {
		scale = maxNorm / norm
	}
	a.step++
	rate *= math.Sqrt(1-math.Pow(decaySecond, a.step)) / (1 - math.Pow(decayFirst, a.step))
	for i, g := range grad {
		g *= scale
		a.first[i] += (1 - decayFirst) * (g - a.first[i])
		a.second[i] += (1 - decaySecond) * (g*g - a.second[i])
		w[i] -= rate * a.first[i] / (math.Sqrt(a.second[i]) + 1e-8)
	}
}
