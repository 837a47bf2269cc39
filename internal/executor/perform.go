package executor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// running is one command under way.
type running struct {
	command actuator.Command
	trace   string // the plan's traceparent; empty: not recorded
	cancel  context.CancelFunc
	bound   atomic.Int64 // bytes a second
	copied  copied

	mu     sync.Mutex
	tenure *tenure // that it reports to
}

// start performs a command beside the loop, or goes on with it.
func (t *tenure) start(step model.Step, trace string, task *Live) {
	plan, move, ok := task.Command(step)
	if !ok {
		return // settled before it was begun
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running[step.ID] != nil {
		return // this process has been at it since before
	}
	r := &running{tenure: t, trace: trace}
	r.bound.Store(step.BytesPerSecond)
	// Drivers and agents live by the machine's clock.
	clock := &t.performer.config.Clock
	step.At, step.Deadline = model.InstantOf(clock.Wall(step.At)), model.InstantOf(clock.Wall(step.Deadline))
	if step.Lost != model.NoInstant {
		step.Lost = model.InstantOf(clock.Wall(step.Lost))
	}
	r.command = actuator.Command{Step: step, Move: move, UpdateServer: plan.UpdateServer, UpdateHook: plan.UpdateHook,
		Copied: r.copied.tell, Bound: r.bound.Load}
	if step.BytesPerSecond > 0 { // what can't ask again goes by the bound of the beginning
		r.command.Move.BandwidthBytesPerSecond = step.BytesPerSecond
	}
	// Of the work, not of the tenure: the next one of this process goes on with it.
	ctx, cancel := context.WithDeadline(t.work, step.Deadline.Time())
	r.cancel = cancel
	t.running[step.ID] = r
	slot := t.slot(step.Fleet)
	t.busy.Go(func() {
		defer t.ended(r)
		select {
		case slot <- struct{}{}:
			defer func() { <-slot }()
			r.perform(ctx)
		case <-ctx.Done():
		}
	})
}

// slot returns what bounds a fleet's commands under way.
func (t *tenure) slot(fleet model.FleetID) chan struct{} {
	if t.slots[fleet] == nil {
		t.slots[fleet] = make(chan struct{}, t.performer.config.Workers)
	}
	return t.slots[fleet]
}

func (t *tenure) ended(r *running) {
	r.cancel()
	now := r.owner()
	now.mu.Lock()
	defer now.mu.Unlock()
	if now.running[r.command.Step.ID] == r {
		delete(now.running, r.command.Step.ID)
	}
}

// owner returns the tenure that the command belongs to now.
func (r *running) owner() *tenure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tenure
}

// perform sees a command through and reports.
func (r *running) perform(ctx context.Context) {
	p := r.owner().performer
	c := &r.command
	driver, err := p.config.Drivers.Find(c)
	if err == nil {
		capabilities := driver.Capabilities()
		switch {
		case !capabilities.Performs(c.Step.Kind):
		case c.Step.Kind == model.StepWatch:
			r.watch(ctx, driver)
			return
		default:
			err = r.withProgress(ctx, driver)
		}
	}
	p.config.Trace.At("performed")
	if errors.Is(ctx.Err(), context.Canceled) {
		return // settled without us, or another's now
	}
	r.end(err)
	p.config.Trace.At("reported")
}

// withProgress carries a command out and meanwhile reports how far it is and how
// the replica does.
func (r *running) withProgress(ctx context.Context, driver actuator.Driver) error {
	beside, stop := context.WithCancel(ctx)
	var besides sync.WaitGroup
	defer besides.Wait()
	defer stop()
	switch r.command.Step.Kind {
	case model.StepAdmit:
		besides.Go(func() { r.baseline(beside, driver) })
		defer func() {
			if r.owner().performer.config.BaselineFor > 0 {
				besides.Wait() // what it is like before is worth the wait
			}
		}()
	case model.StepReplicate, model.StepCatchUp:
		besides.Go(func() { r.look(beside, driver) })
		besides.Go(func() { r.tell(beside) })
	}
	if r.command.Step.Phase != model.PhaseResume {
		return driver.Perform(ctx, r.command)
	}
	return actuator.Resume(ctx, driver, r.command, r.command.Step.Lost.Time())
}

// end reports what became of the command.
func (r *running) end(err error) {
	report := model.Report{Kind: model.ReportDone}
	if err != nil {
		report.Kind, report.Reason = model.ReportFailed, err.Error()
		r.owner().performer.config.Log.Warn("command failed", "command", r.command.Step.ID, "error", err)
	}
	r.report(report)
}

// report publishes a report; the tenure's end gives up on it.
func (r *running) report(report model.Report) {
	t := r.owner()
	report.Fleet, report.Step, report.Epoch = r.command.Step.Fleet, r.command.Step.ID, t.epoch
	report.At = t.performer.config.Clock.Now()
	err := t.performer.config.Publish.PublishAll(stream.WithTrace(t.ctx, r.trace), []stage.Emission{{Topic: stream.Reports, Fleet: report.Fleet,
		Key: string(r.command.Step.Plan), Partition: stage.ByKey, Event: report}})
	if err != nil && t.ctx.Err() == nil {
		t.performer.config.Log.Error("a report could not be published: its command will be taken for lost", "command", report.Step, "error", err)
	}
}

// probe looks at a replica once.
func probe(ctx context.Context, driver actuator.Driver, c actuator.Command) (model.Reading, error) {
	if p, ok := driver.(actuator.Prober); ok && driver.Capabilities().Probes {
		return p.Probe(ctx, c)
	}
	return model.Reading{}, actuator.ErrUnsupported
}

// watch looks at the moved replica until the sagas have seen enough: they judge.
// A driver that can't measure is asked to perform its own check as often.
func (r *running) watch(ctx context.Context, driver actuator.Driver) {
	p := r.owner().performer
	for {
		reading, err := probe(ctx, driver, r.command)
		if errors.Is(err, actuator.ErrUnsupported) {
			began := time.Now()
			err = driver.Perform(ctx, r.command)
			reading = model.Reading{Requests: 1, ResponseMicros: time.Since(began).Microseconds(), SaturationPPM: -1}
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && reading.Requests == 0 {
			reading = model.Reading{Requests: 1, SaturationPPM: -1}
		}
		report := model.Report{Kind: model.ReportReading, Server: r.command.Move.To, Reading: reading}
		if err != nil {
			report.Reading.Errors, report.Reason = max(report.Reading.Errors, 1), err.Error()
		}
		r.report(report)
		p.config.Trace.At("looked")
		if actuator.Pause(ctx, p.config.ProbeEvery) != nil {
			return
		}
	}
}

// source returns the command that probes where the replica is now.
func (r *running) source() actuator.Command {
	c := r.command
	c.Move.From, c.Move.To = c.Move.To, c.Move.From
	return c
}

// baseline looks at the replica before it is moved.
func (r *running) baseline(ctx context.Context, driver actuator.Driver) {
	config := &r.owner().performer.config
	if config.BaselineFor <= 0 {
		return
	}
	within, cancel := context.WithTimeout(ctx, config.BaselineFor)
	defer cancel()
	r.look(within, driver)
}

// look reports on the source again and again.
func (r *running) look(ctx context.Context, driver actuator.Driver) {
	every := r.owner().performer.config.ProbeEvery
	for {
		reading, err := probe(ctx, driver, r.source())
		if errors.Is(err, actuator.ErrUnsupported) || ctx.Err() != nil {
			return
		}
		report := model.Report{Kind: model.ReportReading, Server: r.command.Move.From, Reading: reading}
		if err != nil {
			report.Reason = err.Error()
		}
		r.report(report)
		if actuator.Pause(ctx, every) != nil {
			return
		}
	}
}

// copied is how far a copy has come, as the driver told last.
type copied struct {
	mu          sync.Mutex
	done, total int64
	told        bool
}

func (c *copied) tell(done, total int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done, c.total, c.told = done, total, true
}

// tell reports how far the copy is, as often as the replica is looked at.
func (r *running) tell(ctx context.Context) {
	every := r.owner().performer.config.ProbeEvery
	last, at := int64(-1), time.Now()
	for actuator.Pause(ctx, every) == nil {
		r.copied.mu.Lock()
		done, total, told := r.copied.done, r.copied.total, r.copied.told
		r.copied.mu.Unlock()
		if !told || done == last {
			continue
		}
		progress := model.Progress{DoneBytes: done, TotalBytes: total}
		if now := time.Now(); last >= 0 && done > last {
			progress.BytesPerSecond = int64(float64(done-last) / now.Sub(at).Seconds())
		}
		last, at = done, time.Now()
		r.report(model.Report{Kind: model.ReportProgress, Progress: progress})
	}
}
