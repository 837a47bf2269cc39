// Package watch judges a moved replica while it is watched: is it worse than it
// was before, or than it was forecast to be? It uses sequential tests, which may be
// looked at after every reading and still keep their false-alarm rate.
//
// Errors: Wald's sequential probability ratio (A. Wald, "Sequential Tests of
// Statistical Hypotheses", 1945) on the share of failed requests, the baseline's
// against one that is worse by what the application tolerates.
// Response time and saturation: the same test on whether a reading exceeds the
// baseline's limit, which a healthy replica does with a stated chance: the limit
// before the move, and that of the forecast. What the forecast foresees isn't worse
// than before: the limit before the move is never below the forecast's. The
// false-alarm rate is shared out among the tests, so that it holds for all of
// them together (Bonferroni).
//
// Missing data is no evidence: the verdict stays as it is, but too long without
// any is a failure.
package watch

import (
	"errors"
	"fmt"
	"math"
	"time"

	"drover/internal/model"
)

// Verdict is what the readings so far allow to say.
type Verdict string

// The verdicts. Healthy and Failed are final.
const (
	Open    Verdict = "open"
	Healthy Verdict = "healthy" // it was watched for as long as it had to be
	Failed  Verdict = "failed"
)

// Baseline is what the replica was like before the move.
type Baseline struct {
	ErrorPPM int64 // share of failed requests
	Limits
	// Forecast is what it was forecast to be like.
	Forecast Limits
}

// Limits are what a healthy reading stays below but for a chance of ExceedPPM; 0:
// that isn't judged.
type Limits struct{ ResponseMicros, SaturationPPM int64 }

// Config says how the judge decides; see DefaultConfig.
type Config struct {
	// FalseAlarmPPM is at most the chance of failing a healthy replica, over the
	// whole watch and all that is judged.
	FalseAlarmPPM int64
	// ErrorFactor and ErrorFloorPPM say what is too bad: the baseline's error
	// share times the factor, plus the floor.
	ErrorFactor   float64
	ErrorFloorPPM int64
	// ExceedPPM is how often a healthy reading exceeds the baseline's limits;
	// WorseExceedPPM how often one does that is too bad.
	ExceedPPM, WorseExceedPPM int64
	// Duration is how long to watch; Unknown how long data may be missing.
	Duration, Unknown time.Duration
}

// DefaultConfig fails one healthy move in a thousand.
func DefaultConfig() Config {
	return Config{
		FalseAlarmPPM: 1000, ErrorFactor: 3, ErrorFloorPPM: 10_000,
		ExceedPPM: 50_000, WorseExceedPPM: 500_000, Duration: 5 * time.Minute, Unknown: 90 * time.Second,
	}
}

// Reading is one look at the replica since the last one.
type Reading struct {
	At               model.Instant
	Requests, Errors int64
	ResponseMicros   int64 // mean; 0: unknown
	SaturationPPM    int64 // negative: unknown
}

// Judge is one watch under way.
type Judge struct {
	config        Config
	start, heard  model.Instant
	errors        ratio
	before, ahead against // what was before, what was forecast
	verdict       Verdict
	reason        string
}

// ratio is one sequential probability ratio test on yes-or-no observations.
type ratio struct {
	good, bad float64 // chance of a yes where healthy, where too bad
	sum       float64 // log of the likelihood ratio
}

// against is the tests of readings against limits.
type against struct {
	limits         Limits
	what           string // the end of the reason
	response, load ratio
}

// tests is among how many the false-alarm rate is shared out: errors, and response
// time and saturation against before and against the forecast.
const tests = 5

// New begins a watch.
func New(config Config, baseline Baseline, start model.Instant) (*Judge, error) {
	switch {
	case config.FalseAlarmPPM <= 0 || config.FalseAlarmPPM >= 1e6:
		return nil, errors.New("watch: the rate of false alarms must lie between 0 and 1,000,000 ppm")
	case config.ExceedPPM <= 0 || config.WorseExceedPPM <= config.ExceedPPM || config.WorseExceedPPM >= 1e6:
		return nil, errors.New("watch: a bad reading must exceed the limits more often than a healthy one")
	}
	good := math.Max(float64(baseline.ErrorPPM)/1e6, 1e-6)
	bad := math.Min(good*math.Max(config.ErrorFactor, 1)+float64(config.ErrorFloorPPM)/1e6, 0.999)
	if bad <= good {
		return nil, fmt.Errorf("watch: with %d ppm of errors before the move, nothing would be worse", baseline.ErrorPPM)
	}
	exceed := ratio{good: float64(config.ExceedPPM) / 1e6, bad: float64(config.WorseExceedPPM) / 1e6}
	return &Judge{
		config: config, start: start, heard: start, verdict: Open,
		errors: ratio{good: good, bad: bad},
		before: against{limits: baseline.foreseen(), what: "before", response: exceed, load: exceed},
		ahead:  against{limits: baseline.Forecast, what: "forecast", response: exceed, load: exceed},
	}, nil
}

// foreseen returns the limits before the move, raised to what was forecast.
func (b *Baseline) foreseen() Limits {
	l := b.Limits
	if l.ResponseMicros > 0 {
		l.ResponseMicros = max(l.ResponseMicros, b.Forecast.ResponseMicros)
	}
	if l.SaturationPPM > 0 {
		l.SaturationPPM = max(l.SaturationPPM, b.Forecast.SaturationPPM)
	}
	return l
}

// Observe takes a reading in.
func (j *Judge) Observe(r Reading) Verdict {
	if j.verdict != Open {
		return j.verdict
	}
	known := false
	if r.Requests > 0 {
		known = true
		bad := min(max(r.Errors, 0), r.Requests)
		j.test(&j.errors, bad, r.Requests-bad, "errors worse than before")
	}
	for _, a := range []*against{&j.before, &j.ahead} {
		if limit := a.limits.ResponseMicros; limit > 0 && r.ResponseMicros > 0 {
			known = true
			j.exceeds(&a.response, r.ResponseMicros > limit, "response time worse than "+a.what)
		}
		if limit := a.limits.SaturationPPM; limit > 0 && r.SaturationPPM >= 0 {
			known = true
			j.exceeds(&a.load, r.SaturationPPM > limit, "saturation worse than "+a.what)
		}
	}
	if known {
		j.heard = max(j.heard, r.At)
	}
	return j.Tick(r.At)
}

// Tick says that the time is now, with or without a reading.
func (j *Judge) Tick(now model.Instant) Verdict {
	switch {
	case j.verdict != Open:
	case now.Sub(j.heard) > j.config.Unknown:
		j.verdict, j.reason = Failed, fmt.Sprintf("nothing was heard for %v", now.Sub(j.heard))
	case now.Sub(j.start) >= j.config.Duration:
		j.verdict, j.reason = Healthy, "nothing was worse than before or than forecast"
	}
	return j.verdict
}

// Resume says that nobody could look until now: the silence was the watcher's.
func (j *Judge) Resume(now model.Instant) { j.heard = max(j.heard, now) }

// Reason says why the verdict is what it is.
func (j *Judge) Reason() string { return j.reason }

func (j *Judge) exceeds(t *ratio, yes bool, what string) {
	if yes {
		j.test(t, 1, 0, what)
	} else {
		j.test(t, 0, 1, what)
	}
}

// test adds observations to a test and fails the watch where it decides against
// the replica. Nothing is ever reset, so by Ville's inequality (1939) a healthy
// replica reaches the bound with no more than the test's share of the chance,
// however often it is looked at.
func (j *Judge) test(t *ratio, yes, no int64, what string) {
	t.sum += float64(yes)*math.Log(t.bad/t.good) + float64(no)*math.Log((1-t.bad)/(1-t.good))
	alpha := float64(j.config.FalseAlarmPPM) / 1e6 / tests
	if t.sum >= math.Log(1/alpha) && j.verdict == Open {
		j.verdict, j.reason = Failed, what+", beyond chance"
	}
}
