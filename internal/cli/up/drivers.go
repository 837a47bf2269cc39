package up

import (
	"context"
	"fmt"
	"time"

	"drover/internal/actuator/build"
	"drover/internal/cli/service"
	"drover/internal/executor"
	"drover/internal/model"
	"drover/internal/pipeline"
)

// loadDrivers makes the executor perform by real drivers. They take the time
// that they take: what commands may last is stretched as the fleet's time runs
// faster than the clock.
func (h *house) loadDrivers(speed float64) (*build.Config, error) {
	file, err := service.LoadDrivers(h.conf, h.stages)
	if err != nil {
		return nil, err
	}
	stretch := func(d *time.Duration) { *d = time.Duration(float64(*d) * max(speed, 1)) }
	s := &h.stages.Executor.Saga
	for kind, d := range s.Deadlines {
		stretch(&d)
		s.Deadlines[kind] = d
	}
	for _, d := range []*time.Duration{&s.DefaultDeadline, &s.Grace, &s.BackOff, &s.BackOffMax} {
		stretch(d)
	}
	// The silence of a replica is told by the clock, too.
	stretch(&h.stages.Executor.Health.Watch.Unknown)
	for app, w := range h.stages.Executor.Health.Applications {
		stretch(&w.Unknown)
		h.stages.Executor.Health.Applications[app] = w
	}
	return file, nil
}

// stage runs one stage: the executor's with real drivers once the fleet's time
// runs.
func (h *house) stage(ctx context.Context, name string, clock <-chan executor.Clock) error {
	if name == pipeline.Executor && h.drivers != nil {
		select {
		case c := <-clock:
			return h.runtime.RunExecutor(ctx, h.stages, service.Driving{File: h.drivers, Clock: c})
		case <-ctx.Done():
			return nil
		}
	}
	s, err := service.Find(h.stages, name)
	if err != nil {
		return fmt.Errorf("up: %w", err)
	}
	return h.runtime.RunStage(ctx, s)
}

// clockFrom returns the fleet's clock, which runs from now on.
func clockFrom(at model.Instant, speed float64) executor.Clock {
	return executor.Clock{Start: at, Began: time.Now(), Speed: speed}
}
