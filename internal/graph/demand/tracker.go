package demand

import (
	"math"
	"time"

	"drover/internal/model"
)

// Track is what a Tracker keeps of an application. Its fields are exported so
// that it can be written as JSON with the rest of a reader's state.
type Track struct {
	Fit Running
	// UsageMilli is the decayed sum of the usage, Weight of ones, both as of At.
	UsageMilli, Weight float64
	At                 model.Instant
	// Step is the time between the last two ticks.
	Step time.Duration
}

// Tracker estimates the demand of every application of a fleet from what a
// reader of the topics has at each tick: the edges, whose rates are decayed
// averages, and the usage of each application. It decays the usage alike, so
// that U = base + X S holds between the averages too. Samples that follow each
// other overlap, which the standard errors allow for.
type Tracker struct {
	// HalfLife of the edges' rates (graph.Config.HalfLife).
	HalfLife time.Duration
	// Memory is the half-life of what the fit knows: demands change with releases.
	Memory       time.Duration
	Applications map[model.ApplicationID]*Track
}

// NewTracker returns a tracker for rates of a half-life, with a memory.
func NewTracker(halfLife, memory time.Duration) *Tracker {
	return &Tracker{HalfLife: halfLife, Memory: memory, Applications: map[model.ApplicationID]*Track{}}
}

// Tick takes the edges as of a tick and the millicores that each application,
// all its replicas together, used since the last one. Applications that nobody
// calls have no call rate to fit to and are left out; those without usage in
// this tick keep what they have. Ticks must come in order; a repeat is ignored.
func (t *Tracker) Tick(at model.Instant, edges []model.Edge, usageMilli map[model.ApplicationID]float64) {
	rates := map[model.ApplicationID]float64{}
	for _, e := range edges {
		if !e.Gone && e.Caller != e.Callee {
			rates[e.Callee] += e.CallsPerSecond
		}
	}
	for app, usage := range usageMilli {
		rate := rates[app]
		if !(usage >= 0) || !(rate > 0) {
			continue
		}
		track := t.Applications[app]
		if track == nil {
			track = &Track{At: at}
			t.Applications[app] = track
		} else if at <= track.At {
			continue
		}
		passed := at.Sub(track.At)
		track.Step = passed
		fade := faded(passed, t.HalfLife)
		track.UsageMilli = track.UsageMilli*fade + usage
		track.Weight = track.Weight*fade + 1
		track.At = at
		track.Fit.Add(rate, track.UsageMilli/track.Weight, faded(passed, t.Memory))
	}
}

// faded is what is left of a weight after a time.
func faded(passed, halfLife time.Duration) float64 {
	return math.Exp2(-passed.Seconds() / halfLife.Seconds())
}

// Demand returns the demand of a call to an application; ok is false while it is
// unknown, or known to no better than its own half.
func (t *Tracker) Demand(app model.ApplicationID) (d Demand, ok bool) {
	track := t.Applications[app]
	if track == nil {
		return Demand{}, false
	}
	d, err := track.Fit.Demand(faded(track.Step, t.HalfLife))
	return d, err == nil && d.Micros[0] > 0 && d.ErrorMicros[0] <= vague*d.Micros[0]
}

// Forget drops applications that are no longer there.
func (t *Tracker) Forget(gone func(model.ApplicationID) bool) {
	for app := range t.Applications {
		if gone(app) {
			delete(t.Applications, app)
		}
	}
}
