package watch_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/saga/watch"
)

const start = model.Instant(1_000_000)

var baseline = watch.Baseline{ErrorPPM: 1000, Limits: limits, Forecast: limits}

var limits = watch.Limits{ResponseMicros: 50_000, SaturationPPM: 800_000}

// play watches a replica that errs and exceeds by chance, one reading every five
// seconds, and returns the verdict and when it came.
func play(t *testing.T, random *rand.Rand, errors, exceeds float64) (watch.Verdict, time.Duration) {
	t.Helper()
	j, err := watch.New(watch.DefaultConfig(), baseline, start)
	if err != nil {
		t.Fatal(err)
	}
	for at := start; ; at += 5000 {
		r := watch.Reading{At: at, Requests: 200, ResponseMicros: 20_000, SaturationPPM: 300_000}
		for range r.Requests {
			if random.Float64() < errors {
				r.Errors++
			}
		}
		if random.Float64() < exceeds {
			r.ResponseMicros = 90_000
		}
		if random.Float64() < exceeds {
			r.SaturationPPM = 900_000
		}
		if v := j.Observe(r); v != watch.Open {
			return v, at.Sub(start)
		}
	}
}

func TestFalseAlarmsStayBelowTheRate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	const watches = 4000
	alarms := 0
	for range watches {
		if v, _ := play(t, random, 0.001, 0.05); v == watch.Failed {
			alarms++
		}
	}
	t.Logf("%d false alarms in %d healthy watches", alarms, watches)
	// The rate promised is one in a thousand: 4 expected at most; 12 would be a
	// chance of one in ten thousand.
	if alarms > 12 {
		t.Errorf("%d false alarms in %d watches", alarms, watches)
	}
}

func TestWorseIsFoundSoon(t *testing.T) {
	for _, c := range []struct {
		name            string
		errors, exceeds float64
		within          time.Duration
	}{{"errors", 0.02, 0.05, time.Minute}, {"slow", 0.001, 0.7, time.Minute}, {"dead", 1, 1, time.Second}} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(2, 2))
			const watches = 200
			total, missed := time.Duration(0), 0
			for range watches {
				v, after := play(t, random, c.errors, c.exceeds)
				total += after
				if v != watch.Failed {
					missed++
				}
			}
			t.Logf("found after %v in the mean, %d of %d missed", total/watches, missed, watches)
			if missed > 0 || total/watches > c.within {
				t.Errorf("found after %v in the mean, %d missed", total/watches, missed)
			}
		})
	}
}

func TestMissingDataIsUnknownThenAFailure(t *testing.T) {
	j, err := watch.New(watch.DefaultConfig(), baseline, start)
	if err != nil {
		t.Fatal(err)
	}
	if v := j.Observe(watch.Reading{At: start + 1000, Requests: 10, SaturationPPM: -1}); v != watch.Open {
		t.Fatal(v)
	}
	if v := j.Observe(watch.Reading{At: start + 60_000, SaturationPPM: -1}); v != watch.Open {
		t.Fatalf("an empty reading: %s", v)
	}
	if v := j.Tick(start + 92_000); v != watch.Failed || !strings.Contains(j.Reason(), "1m31s") {
		t.Fatalf("silence: %s, %s", v, j.Reason())
	}
	if v := j.Observe(watch.Reading{At: start + 93_000, Requests: 10}); v != watch.Failed {
		t.Fatalf("a verdict is final, got %s", v)
	}
}

func TestHealthyAfterTheDuration(t *testing.T) {
	c := watch.DefaultConfig()
	c.Duration = 10 * time.Second
	j, err := watch.New(c, watch.Baseline{}, start)
	if err != nil {
		t.Fatal(err)
	}
	if v := j.Observe(watch.Reading{At: start + 9999, Requests: 5}); v != watch.Open {
		t.Fatal(v)
	}
	if v := j.Tick(start + 10_000); v != watch.Healthy || j.Reason() == "" {
		t.Fatal(v)
	}
}

func TestBadConfigurations(t *testing.T) {
	for name, change := range map[string]func(*watch.Config, *watch.Baseline){
		"no rate":      func(c *watch.Config, _ *watch.Baseline) { c.FalseAlarmPPM = 0 },
		"exceed order": func(c *watch.Config, _ *watch.Baseline) { c.WorseExceedPPM = c.ExceedPPM },
		"always wrong": func(_ *watch.Config, b *watch.Baseline) { b.ErrorPPM = 1_000_000 },
	} {
		c, b := watch.DefaultConfig(), baseline
		change(&c, &b)
		if _, err := watch.New(c, b, start); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// judged watches a replica whose every reading is the same, and returns the end.
func judged(t *testing.T, b watch.Baseline, r watch.Reading) (watch.Verdict, string) {
	t.Helper()
	j, err := watch.New(watch.DefaultConfig(), b, start)
	if err != nil {
		t.Fatal(err)
	}
	for at := start; ; at += 5000 {
		r.At = at
		if v := j.Observe(r); v != watch.Open {
			return v, j.Reason()
		}
	}
}

func TestBeforeAndTheForecastAreBothLimits(t *testing.T) {
	reading := watch.Reading{Requests: 100, ResponseMicros: 40_000, SaturationPPM: 700_000}
	for name, c := range map[string]struct {
		before, forecast watch.Limits
		want             watch.Verdict
		why              string
	}{
		"below both":                       {limits, limits, watch.Healthy, "nothing was worse"},
		"nothing known":                    {watch.Limits{}, watch.Limits{}, watch.Healthy, "nothing was worse"},
		"busier than before":               {watch.Limits{SaturationPPM: 500_000}, watch.Limits{}, watch.Failed, "saturation worse than before"},
		"busier than before, as forecast":  {watch.Limits{SaturationPPM: 500_000}, watch.Limits{SaturationPPM: 750_000}, watch.Healthy, "nothing was worse"},
		"busier than forecast, not before": {limits, watch.Limits{SaturationPPM: 500_000}, watch.Failed, "saturation worse than forecast"},
		"slower than forecast":             {watch.Limits{}, watch.Limits{ResponseMicros: 30_000}, watch.Failed, "response time worse than forecast"},
		"slower than before, as forecast":  {watch.Limits{ResponseMicros: 30_000}, watch.Limits{ResponseMicros: 45_000}, watch.Healthy, "nothing was worse"},
	} {
		v, why := judged(t, watch.Baseline{ErrorPPM: 1000, Limits: c.before, Forecast: c.forecast}, reading)
		if v != c.want || !strings.Contains(why, c.why) {
			t.Errorf("%s: %s, %s", name, v, why)
		}
	}
}
