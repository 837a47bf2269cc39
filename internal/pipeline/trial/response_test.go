package trial

import (
	"math"
	"testing"

	"drover/internal/scenario/queueing"
)

// The judge's quantile of a chain must agree with the convolution of its laws.
func TestTheJudgesQuantileAgreesWithConvolution(t *testing.T) {
	shapes := &queueing.Shapes{}
	for _, percent := range []int{30, 70, 88} {
		l := newLaws()
		var chain queueing.Dist
		var sum moments
		for k, demand := range []float64{0.008, 0.005, 0.003} {
			law, ok := shapes.Shared(demand, 1000, 16, float64(percent)/100)
			if !ok {
				t.Fatal("no law")
			}
			unit := l.of(16, percent)
			if k == 0 {
				chain = law
			} else {
				chain = chain.Plus(law)
			}
			sum.mean += unit.mean * demand
			sum.variance += unit.variance * demand * demand
		}
		for _, p := range []float64{0.5, 0.9, 0.99} {
			got, want := sum.quantile(p), chain.Quantile(p)
			if math.Abs(got-want) > 0.08*want {
				t.Errorf("%d %%, p%g: %.4f s by moments, %.4f s by convolution", percent, 100*p, got, want)
			}
		}
	}
	if m := newLaws().of(16, 97); m.ok {
		t.Error("a server at 97 % has a law")
	}
	if (moments{mean: 2}).quantile(0.9) != 2 {
		t.Error("a time that does not vary has a quantile of its own")
	}
}
