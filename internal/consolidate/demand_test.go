package consolidate

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDemandLearnsItsMoments(t *testing.T) {
	tune := DefaultDemandTuning()
	q := tune.decay()
	r := rand.New(rand.NewPCG(1, 1))
	var mean, variance, third float64
	const runs, ticks = 40, 280
	for range runs {
		var d demand
		for range ticks {
			d.observe(&tune, q, .05+.1*gammaSample(r, 2)) // mean .25, variance .02, third .004
		}
		m, v, s := d.moments(&tune)
		mean, variance, third = mean+m/runs, variance+v/runs, third+s/runs
	}
	// The variance holds the error of the mean too.
	if math.Abs(mean-.25) > .015 || variance < .017 || variance > .025 || third < .0015 || third > .006 {
		t.Errorf("mean %v, variance %v, third moment %v", mean, variance, third)
	}
}

func TestDemandBeforeMuchIsKnown(t *testing.T) {
	tune := DefaultDemandTuning()
	q := tune.decay()
	var none, low, high demand
	low.observe(&tune, q, 0)
	high.observe(&tune, q, .9)
	if _, v, _ := none.moments(&tune); !(v > 0) {
		t.Errorf("variance of an unknown VM: %v", v)
	}
	ml, vl, _ := low.moments(&tune)
	mh, vh, _ := high.moments(&tune)
	if ml <= 0 || mh >= .9 || mh < .6 {
		t.Errorf("one sample of 0 gives %v, of 0.9 gives %v; want them drawn towards the usual", ml, mh)
	}
	if vh <= vl {
		t.Errorf("variance %v of a busy VM known from one sample, %v of an idle one", vh, vl)
	}
	for range 20 {
		high.observe(&tune, q, .9)
	}
	if _, v, _ := high.moments(&tune); v >= vh/4 {
		t.Errorf("variance %v after 21 equal samples, %v after one", v, vh)
	}
}

func TestDemandFollowsALevel(t *testing.T) {
	tune := DefaultDemandTuning()
	q := tune.decay()
	var d demand
	for k := range 200 {
		x := .1
		if k >= 150 {
			x = .3
		}
		d.observe(&tune, q, x)
	}
	if m, _, _ := d.moments(&tune); m < .26 || m > .3 {
		t.Errorf("50 ticks after a step from 0.1 to 0.3 the mean is %v", m)
	}
}

func TestBetaSkewness(t *testing.T) {
	for _, c := range []struct{ mean, variance, want float64 }{
		{.5, .05, 0},
		{2. / 7, 10. / 49 / 8, 2 * 3 * math.Sqrt(8) / 9 / math.Sqrt(10)}, // beta(2, 5)
		{0, .1, 0}, {1, .1, 0}, {.3, 0, 0},
	} {
		if got := betaSkewness(c.mean, c.variance); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("mean %v, variance %v: %v, want %v", c.mean, c.variance, got, c.want)
		}
	}
	if a, b := betaSkewness(.1, .01), betaSkewness(.9, .01); math.Abs(a+b) > 1e-12 {
		t.Errorf("mirror images: %v and %v", a, b)
	}
	if got := betaSkewness(.5, 5); math.IsNaN(got) || math.IsInf(got, 0) {
		t.Errorf("a variance no utilisation can have: %v", got)
	}
}

func TestTrendSeesARise(t *testing.T) {
	tune := DefaultTuning()
	var rising, flat trend
	for k := range 150 {
		rising.observe(1000+2*float64(k), tune.TrendTicks)
		flat.observe(1000, tune.TrendTicks)
	}
	// The VMs' own averages lag: they sum up to what was some ticks ago.
	ahead := 1000 + 2*(149+tune.TrendAhead)
	sum := 1000 + 2*(149-12.0)
	trust := 150 / (150 + 2*tune.TrendTicks)
	want := 1 + trust*(ahead/sum-1)
	if got := rising.scale(sum, &tune); math.Abs(got-want) > .002 {
		t.Errorf("scale %v, want %v", got, want)
	}
	if got := flat.scale(1000, &tune); math.Abs(got-1) > 1e-9 {
		t.Errorf("scale of a flat total: %v", got)
	}
	if got := flat.scale(1, &tune); got > 1+trendMax {
		t.Errorf("scale %v is out of bounds", got)
	}
	var none trend
	if none.scale(5, &tune) != 1 || flat.scale(0, &tune) != 1 {
		t.Error("without anything to go by the scale must be 1")
	}
}
