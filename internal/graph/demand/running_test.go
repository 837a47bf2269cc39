package demand

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// rows makes samples of U = 30 + 4 X with noise; every fifth is grossly too high
// if dirty.
func rows(r *rand.Rand, n int, dirty bool) (list []Sample) {
	for i := range n {
		x := 50 + 40*math.Sin(float64(i)/20) + 5*r.NormFloat64()
		y := 30 + 4*x + 6*r.NormFloat64()
		if dirty && r.IntN(5) == 0 {
			y *= 3 + 5*r.Float64()
		}
		list = append(list, Sample{CallsPerSecond: []float64{x}, CPUMilli: y})
	}
	return list
}

func running(list []Sample, fade float64) *Running {
	r := &Running{}
	for _, s := range list {
		r.Add(s.CallsPerSecond[0], s.CPUMilli, fade)
	}
	return r
}

func TestRunningAgreesWithTheFitOfAllSamples(t *testing.T) {
	for seed := range uint64(20) {
		list := rows(rand.New(rand.NewPCG(seed, 1)), 400, false)
		want, err := Fit(list)
		if err != nil {
			t.Fatal(err)
		}
		got, err := running(list, 1).Demand(0)
		if err != nil || math.Abs(got.Micros[0]-want.Micros[0]) > .01*want.Micros[0] || math.Abs(got.BaseMilli-want.BaseMilli) > 3 {
			t.Errorf("seed %d: %+v (%v), all at once %+v", seed, got, err, want)
		}
		if got.ErrorMicros[0] < want.ErrorMicros[0]/2 || got.ErrorMicros[0] > want.ErrorMicros[0]*2 {
			t.Errorf("seed %d: error %v, all at once %v", seed, got.ErrorMicros, want.ErrorMicros)
		}
	}
}

func TestRunningStandsGrossErrors(t *testing.T) {
	for seed := range uint64(20) {
		got, err := running(rows(rand.New(rand.NewPCG(seed, 2)), 600, true), 1).Demand(0)
		if err != nil || math.Abs(got.Micros[0]-4000) > 1200 {
			t.Errorf("seed %d: %+v (%v), want about 4000 µs though a fifth is three to eight times too high", seed, got, err)
		}
	}
}

func TestRunningFollowsARelease(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	fit := &Running{}
	fade := math.Exp2(-1. / 288) // a day's half-life at five minutes
	for i := range 4 * 288 {
		x := 50 + 40*math.Sin(float64(i)/20) + r.NormFloat64()
		s := 4.0
		if i >= 288 {
			s = 6 // half as dear again
		}
		fit.Add(x, 30+s*x+3*r.NormFloat64(), fade)
	}
	if d, err := fit.Demand(0); err != nil || math.Abs(d.Micros[0]-6000) > 900 {
		t.Errorf("%+v (%v), want near 6000 µs three days after the release", d, err)
	}
}

func TestRunningKnowsWhatItCantTell(t *testing.T) {
	still := &Running{}
	for range 100 {
		still.Add(10, 50, 1)
	}
	if d, err := still.Demand(0); !errors.Is(err, ErrTooFew) {
		t.Errorf("a rate that never changes gave %+v (%v)", d, err)
	}
	falling := &Running{}
	for i := range 100 {
		falling.Add(float64(i), 200-float64(i), 1)
	}
	if d, err := falling.Demand(0); err != nil || d.Micros[0] != 0 || d.BaseMilli <= 0 {
		t.Errorf("usage that falls with the rate gave %+v (%v), want no demand", d, err)
	}
	independent, _ := running(rows(rand.New(rand.NewPCG(1, 1)), 100, false), 1).Demand(0)
	repeating, _ := running(rows(rand.New(rand.NewPCG(1, 1)), 100, false), 1).Demand(.9)
	if repeating.ErrorMicros[0] < 2*independent.ErrorMicros[0] {
		t.Errorf("samples that repeat each other: error %v, else %v", repeating.ErrorMicros, independent.ErrorMicros)
	}
}
