package queueing

import (
	"fmt"
	"math"
	"testing"
)

func TestGrowthOfKnownLaws(t *testing.T) {
	near(t, "exponential", exponential(2).Growth(0.1), 1/(1-0.1*2), 2e-3)
	near(t, "constant", Constant(3).Growth(0.5), math.Exp(1.5), 1e-12)
	near(t, "no time", Constant(0).Growth(7), 1, 0)
	near(t, "theta 0", exponential(2).Growth(0), 1, 1e-9)
	a, b := exponential(1), exponential(3)
	near(t, "a sum", a.Plus(b).Growth(0.1), a.Growth(0.1)*b.Growth(0.1), 5e-3)
	near(t, "two and a half times", a.Times(2.5).Growth(0.2), GrowthOfTimes(a.Growth(0.2), 2.5), 5e-3)
	near(t, "never", GrowthOfTimes(a.Growth(0.2), 0), 1, 0)
}

// The bound must lie above the tail whatever theta is, and close enough above it
// to be of use.
func TestGrowthBoundsTheTail(t *testing.T) {
	var shapes Shapes
	for _, cv := range []int64{0, 1000, 2000} {
		for _, cores := range []int{1, 4, 16} {
			for _, load := range []float64{0.1, 0.5, 0.85} {
				d, _ := shapes.Shared(1, cv, cores, load)
				sum := d.Plus(d.Times(1.5))
				best := math.Inf(1)
				for _, theta := range []float64{0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6} {
					bound := func(at float64) float64 {
						return d.Growth(theta) * GrowthOfTimes(d.Growth(theta), 1.5) * math.Exp(-theta*at)
					}
					for _, p := range []float64{0.5, 0.9, 0.99} {
						// A lattice moves a quantile by up to a step.
						if got := bound(sum.Quantile(p) - sum.Step); got < 1-p {
							t.Errorf("cv %d, %d cores, %v: bound %v of the tail at p%v", cv, cores, load, got, p*100)
						}
					}
					best = min(best, bound(3*sum.Quantile(0.99)))
				}
				if best > 0.01 {
					t.Errorf("cv %d, %d cores, %v: 3 times p99 is not shown to keep p99 (%v)", cv, cores, load, best)
				}
			}
		}
	}
}

// What is bounded by the busiest server needs laws that grow with utilisation
// and shrink with cores.
func TestGrowthRisesWithUtilisation(t *testing.T) {
	var shapes Shapes
	for _, cv := range []int64{0, 500, 1000, 2000} {
		for _, cores := range []int{1, 2, 8, 16, 32} {
			last := map[float64]float64{}
			for percent := 0; percent < 95; percent += 7 {
				for _, theta := range []float64{0.05, 0.3, 1} {
					d, _ := shapes.Shared(1, cv, cores, float64(percent)/100)
					fewer, _ := shapes.Shared(1, cv, max(1, cores/2), float64(percent)/100)
					name := fmt.Sprintf("cv %d, %d cores, %d %%, theta %v", cv, cores, percent, theta)
					got := d.Growth(theta)
					if got < last[theta]*(1-1e-3) {
						t.Errorf("%s: growth %v after %v", name, got, last[theta])
					}
					if half := fewer.Growth(theta); half < got*(1-1e-3) {
						t.Errorf("%s: growth %v, on half the cores %v", name, got, half)
					}
					last[theta] = got
				}
			}
		}
	}
}
