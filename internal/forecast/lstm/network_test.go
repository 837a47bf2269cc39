package lstm

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestGradientMatchesDifferences checks backpropagation against central
// differences of the loss, weight by weight.
func TestGradientMatchesDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	s := shape{steps: 4, in: 3, hidden: 5, skip: 2, out: 3}
	n := newNetwork(s, rng)
	for i := range n.w {
		n.w[i] += 0.3 * rng.NormFloat64()
	}
	window, skip, target := make([]float64, s.steps*s.in), make([]float64, s.skip), make([]float64, s.out)
	for _, v := range [][]float64{window, skip, target} {
		for i := range v {
			v[i] = rng.NormFloat64()
		}
	}
	out, dOut, grad := make([]float64, s.out), make([]float64, s.out), make([]float64, len(n.w))
	loss := func() float64 {
		n.forward(window, skip, out)
		sum := 0.0
		for o, y := range target {
			sum += math.Sqrt((out[o]-y)*(out[o]-y) + 0.04)
		}
		return sum
	}
	loss()
	for o, y := range target {
		dOut[o] = slope(out[o] - y)
	}
	n.backward(window, skip, dOut, grad)
	for i := range n.w {
		const step = 1e-6
		keep := n.w[i]
		n.w[i] = keep + step
		up := loss()
		n.w[i] = keep - step
		down := loss()
		n.w[i] = keep
		if want := (up - down) / (2 * step); math.Abs(want-grad[i]) > 1e-6*(1+math.Abs(want)) {
			t.Fatalf("weight %d: gradient %.9f, by differences %.9f", i, grad[i], want)
		}
	}
}
