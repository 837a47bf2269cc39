package executor

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"drover/internal/model"
	"drover/internal/saga/watch"
	"drover/internal/stage"
)

// Health says how replicas under way are judged.
type Health struct {
	// Watch is the sequential test of a moved replica; its duration is the saga's.
	Watch watch.Config
	// Applications have tests of their own.
	Applications map[model.ApplicationID]watch.Config
	// Margin widens the limits that readings before the move give, in parts per
	// million: a few readings know little about the slowest ones.
	MarginPPM int64
	// ForecastMarginPPM widens what was forecast, in parts per million of it.
	ForecastMarginPPM int64
	// HurtPPM is the saturation from which a server is taken to be hurt by the
	// copies on it.
	HurtPPM int64
	// LeastBytesPerSecond is what no copy is slowed down below.
	LeastBytesPerSecond int64
}

// DefaultHealth returns the watch's own defaults with half as much again of
// margin.
func DefaultHealth() Health {
	return Health{Watch: watch.DefaultConfig(), MarginPPM: 500_000, ForecastMarginPPM: 250_000, HurtPPM: 900_000, LeastBytesPerSecond: 1 << 20}
}

func (h *Health) validate() error {
	for _, c := range slices.AppendSeq([]watch.Config{h.Watch}, maps.Values(h.Applications)) {
		if _, err := watch.New(c, watch.Baseline{}, 0); err != nil {
			return fmt.Errorf("health: %w", err)
		}
	}
	return nil
}

// Bounds of what is kept of one move.
const (
	maxBefore = 128
	maxAfter  = 4096
)

// health is what is known of one move's replica: how it did before, and how it
// does since its cut-over. The judge follows from the rest.
type health struct {
	Before []model.Reading
	// Watch is the command that watches; Since when it began.
	Watch model.StepID
	Since model.Instant
	After []observation
	// Bound is how fast the copy may be, 0: not slowed down; Rate how fast it was.
	Bound, Rate int64
	Progress    model.Progress
	judge       *watch.Judge
}

// observation is a reading of a watch, or the word that a new owner goes on with
// it: what nobody could read in between says nothing against the replica.
type observation struct {
	At      model.Instant
	Reading model.Reading
	Resumed bool
}

// healthKey names a move in the map of health.
func healthKey(plan model.PlanID, move int) model.StepID {
	return model.NewStepID(plan, move, model.LegForward, 1, "")
}

// healthOf returns what is known of a step's move.
func (f *fleet) healthOf(step *model.Step) *health {
	key := healthKey(step.Plan, step.MoveIndex)
	h := f.health[key]
	if h == nil {
		h = &health{}
		f.health[key] = h
	}
	return h
}

// stamp makes a step the present owner's and begins what goes with it.
func (f *fleet) stamp(step *model.Step) {
	step.Epoch = f.epoch
	if step.MoveIndex == model.PlanMove {
		return
	}
	h := f.healthOf(step)
	switch {
	case step.Phase == model.PhaseIntent && step.Kind == model.StepWatch:
		h.Watch, h.Since, h.After = step.ID, step.At, nil
		h.judge = f.judge(h, step)
	case step.Phase == model.PhaseResume && step.Kind == model.StepWatch && h.judge != nil:
		h.observe(observation{At: step.At, Resumed: true})
	case step.Phase == model.PhaseIntent && step.Kind == model.StepAdmit:
		*h = health{} // a new leg
	case step.Phase == model.PhaseIntent && h.Bound > 0:
		step.BytesPerSecond = h.Bound
	}
}

// judge makes the judge of a watch from what was read before the move.
func (f *fleet) judge(h *health, step *model.Step) *watch.Judge {
	config := f.config.Health.Watch
	_, move, ok := f.saga.Command(*step)
	if ok {
		if own, there := f.config.Health.Applications[move.Application]; there {
			config = own
		}
	}
	config.Duration = f.config.Saga.Watch
	b := h.baseline(f.config.Health.MarginPPM)
	if step.Leg() == model.LegForward { // on the way back nothing was forecast
		wide := func(v int64) int64 { return v + v*f.config.Health.ForecastMarginPPM/1_000_000 }
		b.Forecast = watch.Limits{ResponseMicros: move.ExpectResponseMicros, SaturationPPM: wide(move.ExpectSaturationPPM)}
	}
	j, err := watch.New(config, b, h.Since)
	if err != nil { // so many errors before that nothing would be worse: judge by the rest
		b.ErrorPPM = 0
		j, _ = watch.New(config, b, h.Since) // the configuration was checked with it
	}
	return j
}

// baseline returns what the readings before the move say is usual.
func (h *health) baseline(margin int64) watch.Baseline {
	var b watch.Baseline
	var requests, errors int64
	var responses, loads []int64
	for _, r := range h.Before {
		requests += r.Requests
		errors += min(r.Errors, r.Requests)
		if r.ResponseMicros > 0 {
			responses = append(responses, r.ResponseMicros)
		}
		if r.SaturationPPM > 0 {
			loads = append(loads, r.SaturationPPM)
		}
	}
	if requests > 0 {
		b.ErrorPPM = errors * 1_000_000 / requests
	}
	b.ResponseMicros, b.SaturationPPM = widened(responses, margin), widened(loads, margin)
	return b
}

// widened returns the 95th percentile with a margin; 0 for nothing.
func widened(values []int64, margin int64) int64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	v := values[(len(values)*95+99)/100-1]
	return v + v*margin/1_000_000
}

// observe takes an observation in.
func (h *health) observe(o observation) {
	if len(h.After) < maxAfter {
		h.After = append(h.After, o)
	}
	if h.judge == nil {
		return
	}
	if o.Resumed {
		h.judge.Resume(o.At)
		return
	}
	h.judge.Observe(watch.Reading{At: o.At, Requests: o.Reading.Requests, Errors: o.Reading.Errors,
		ResponseMicros: o.Reading.ResponseMicros, SaturationPPM: o.Reading.SaturationPPM})
}

// restoreJudges makes the judges again after a restart.
func (f *fleet) restoreJudges() {
	for _, step := range f.saga.Pending() {
		h := f.health[healthKey(step.Plan, step.MoveIndex)]
		if h == nil || step.Kind != model.StepWatch || h.Watch != step.ID {
			continue
		}
		h.judge = f.judge(h, &step)
		after := h.After
		h.After = nil
		for _, o := range after {
			h.observe(o)
		}
	}
}

// advance brings a fleet's time forward: watches end, timers fire.
func (f *fleet) advance(now model.Instant, out []stage.Emission) []stage.Emission {
	for _, step := range f.saga.Pending() {
		if step.Kind == model.StepWatch {
			out = f.verdict(step, now, out)
		}
	}
	return f.take(f.saga.Advance(now), out)
}

// verdict ends a watch about which the judge has made up its mind.
func (f *fleet) verdict(step model.Step, now model.Instant, out []stage.Emission) []stage.Emission {
	h := f.healthOf(&step)
	if h.judge == nil {
		return out
	}
	step.At = now
	switch h.judge.Tick(now) {
	case watch.Healthy:
		step.Phase = model.PhaseDone
	case watch.Failed:
		step.Phase, step.Reason = model.PhaseFailed, h.judge.Reason()
	default:
		return out
	}
	return f.take(f.saga.Outcome(step), out)
}

// pending returns the command without outcome that a report is about.
func (f *fleet) pending(id model.StepID) (model.Step, bool) {
	plan, move, _, _, _, err := id.Parse()
	if err != nil {
		return model.Step{}, false
	}
	return f.saga.Under(plan, move, id)
}

// report takes in what the outside world says about a command under way; what is
// over stays as it is.
func (f *fleet) report(r *model.Report, now model.Instant, out []stage.Emission) []stage.Emission {
	step, ok := f.pending(r.Step)
	if !ok {
		return out
	}
	step.At = now
	switch r.Kind {
	case model.ReportDone:
		step.Phase, step.Reason = model.PhaseDone, ""
		return f.take(f.saga.Outcome(step), out)
	case model.ReportFailed:
		step.Phase, step.Reason = model.PhaseFailed, r.Reason
		return f.take(f.saga.Outcome(step), out)
	case model.ReportProgress:
		return f.progress(step, r, out)
	case model.ReportReading:
		return f.reading(step, r, now, out)
	}
	return out
}

// reading takes a look at a replica's health in.
func (f *fleet) reading(step model.Step, r *model.Report, now model.Instant, out []stage.Emission) []stage.Emission {
	h := f.healthOf(&step)
	switch step.Kind {
	case model.StepWatch:
		h.observe(observation{At: now, Reading: r.Reading})
		return f.verdict(step, now, out)
	case model.StepReplicate, model.StepCatchUp:
		return f.pressure(step, h, r, now, out)
	}
	h.Before = append(h.Before, r.Reading)
	if over := len(h.Before) - maxBefore; over > 0 {
		h.Before = slices.Delete(h.Before, 0, over)
	}
	return out
}

// timeLeft returns how long the rest of a copy takes at a rate.
func timeLeft(done, total, rate int64) time.Duration {
	if rate <= 0 || done >= total {
		return 0
	}
	return (time.Duration(float64(total-done)/float64(rate)*1000) * time.Millisecond).Truncate(time.Millisecond)
}
