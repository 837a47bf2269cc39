package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Place is a stateless replica's process on one server.
type Place struct {
	Spec Spec
	// Health is a URL that answers 200 where the process is ready.
	Health string
	Route  actuator.Route
}

// Config connects the driver with its world.
type Config struct {
	Locate  func(model.Move, model.ServerID) (Place, error)
	Traffic actuator.Traffic
	// Runner is the host's Supervisor, or what runs containers in its place.
	Runner Runner
	// Ramp is the shares of traffic, in parts per million, that the target gets
	// one after the other; empty: 100,000, 500,000 and all.
	Ramp []int64
	// RampStep is how long each share lasts; 0: 200 ms.
	RampStep time.Duration
	// Drain is how long running sessions of the source may take to end before
	// they are cut; 0: ten seconds.
	Drain time.Duration
	Trace actuator.Tracer
	// Log is told where a replica runs without the limits it should have; nil:
	// nobody is.
	Log *slog.Logger
}

// Runner starts and stops what a host runs.
type Runner interface {
	// Start makes sure that it runs, now and after a crash of it. limited is false
	// where limits were asked for and couldn't be set.
	Start(ctx context.Context, spec Spec) (limited bool, err error)
	// Stop makes sure that it doesn't run; what isn't there is no error.
	Stop(ctx context.Context, name string) error
}

// Driver moves stateless services: the target is started beside the source,
// takes over the traffic, and the source is stopped when its sessions have ended.
type Driver struct {
	Config
	looks looks
}

// healthTimeout bounds one look at a process's health.
const healthTimeout = time.Second

// pollEvery is how often slow conditions are looked at.
const pollEvery = 20 * time.Millisecond

// New returns a driver.
func New(config Config) *Driver {
	if len(config.Ramp) == 0 {
		config.Ramp = []int64{100_000, 500_000, 1_000_000}
	}
	if config.RampStep <= 0 {
		config.RampStep = 200 * time.Millisecond
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Drain <= 0 {
		config.Drain = 10 * time.Second
	}
	return &Driver{Config: config}
}

// Capabilities says that nothing is copied and nothing can be lost.
func (d *Driver) Capabilities() actuator.Capabilities {
	steps := []model.StepKind{
		model.StepAdmit, model.StepProvision, model.StepCutOver, model.StepWatch, model.StepRetire,
		model.StepReverseCutOver, model.StepDeprovision,
	}
	return actuator.Capabilities{Name: "process", Steps: steps, Probes: true}
}

// Status knows nothing of earlier commands: performing them again converges.
func (d *Driver) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

// Perform performs one step.
func (d *Driver) Perform(ctx context.Context, c actuator.Command) error {
	from, err := d.Locate(c.Move, c.Move.From)
	if err != nil {
		return fmt.Errorf("process %s on server %s: %w", c.Move.Replica, c.Move.From, err)
	}
	to, err := d.Locate(c.Move, c.Move.To)
	if err != nil {
		return fmt.Errorf("process %s on server %s: %w", c.Move.Replica, c.Move.To, err)
	}
	d.Trace.At("begin")
	switch c.Step.Kind {
	case model.StepAdmit:
		err = d.admit(ctx, &from, &to)
	case model.StepProvision, model.StepWatch:
		err = d.provide(ctx, &to)
	case model.StepReplicate, model.StepCatchUp, model.StepStopCatchUp, model.StepDiscardReplica, model.StepReleaseAdmission:
	case model.StepCutOver:
		err = d.shift(ctx, &from, &to)
	case model.StepReverseCutOver:
		err = d.shift(ctx, &to, &from)
	case model.StepRetire:
		err = d.remove(ctx, &to, &from)
	case model.StepDeprovision:
		err = d.remove(ctx, &from, &to)
	default:
		err = fmt.Errorf("process: %w %q", actuator.ErrUnsupported, c.Step.Kind)
	}
	d.Trace.At("end")
	return err
}

// admit checks that the source serves and the target doesn't.
func (d *Driver) admit(ctx context.Context, from, to *Place) error {
	source, err := d.Traffic.State(ctx, from.Route)
	if err != nil {
		return err
	}
	target, err := d.Traffic.State(ctx, to.Route)
	switch {
	case err != nil:
		return err
	case source.Admission != actuator.Open:
		return fmt.Errorf("process: the proxy doesn't send clients to source %s", from.Spec.Name)
	case target.Admission == actuator.Open:
		return fmt.Errorf("process: the proxy sends clients to target %s already", to.Spec.Name)
	}
	return nil
}

// provide makes sure that a process runs and is healthy.
func (d *Driver) provide(ctx context.Context, p *Place) error {
	limited, err := d.Runner.Start(ctx, p.Spec)
	if err != nil {
		return err
	}
	if !limited {
		d.Log.Warn("cgroups can't be written: it runs without limits", "name", p.Spec.Name,
			"cpu_milli", p.Spec.CPUMilli, "memory_bytes", p.Spec.MemoryBytes)
	}
	d.Trace.At("started")
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		err := healthy(ctx, p.Health)
		return err == nil, err
	})
}

// healthy asks a process.
func healthy(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("health: %s answers %s", url, response.Status)
	}
	return nil
}

// shift sends the traffic from one process to another, by growing shares, and
// lets the running sessions of the first end.
func (d *Driver) shift(ctx context.Context, from, to *Place) error {
	if err := d.provide(ctx, to); err != nil {
		return err
	}
	source, err := d.Traffic.State(ctx, from.Route)
	if err != nil {
		return err
	}
	for _, share := range d.Ramp {
		if source.Admission != actuator.Open {
			share = 1_000_000 // nobody else serves: the whole at once
		}
		if err := d.Traffic.Weight(ctx, to.Route, share); err != nil {
			return err
		}
		if err := d.Traffic.Admit(ctx, to.Route, actuator.Open); err != nil {
			return err
		}
		d.Trace.At("share")
		if share == 1_000_000 {
			break
		}
		if err := actuator.Pause(ctx, d.RampStep); err != nil {
			return errors.Join(err, d.backOut(ctx, to))
		}
		if err := healthy(ctx, to.Health); err != nil {
			return errors.Join(err, d.backOut(ctx, to))
		}
	}
	if err := d.Traffic.Admit(ctx, from.Route, actuator.Draining); err != nil {
		return err
	}
	d.Trace.At("draining")
	return d.drain(ctx, from)
}

// backOut takes the share back from a target that has failed during the ramp.
func (d *Driver) backOut(ctx context.Context, to *Place) error {
	ctx, cancel := actuator.Rest(ctx, healthTimeout)
	defer cancel()
	return d.Traffic.Admit(ctx, to.Route, actuator.Closed)
}

// drain waits until a process has no sessions, and closes it.
func (d *Driver) drain(ctx context.Context, p *Place) error {
	within, cancel := context.WithTimeout(ctx, d.Drain)
	defer cancel()
	late := actuator.Poll(within, pollEvery, func() (bool, error) {
		state, err := d.Traffic.State(within, p.Route)
		return err == nil && state.Sessions == 0, err
	})
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := d.Traffic.Admit(ctx, p.Route, actuator.Closed); err != nil || late == nil {
		return err
	}
	return d.Traffic.Cut(ctx, p.Route)
}

// remove stops a process that nobody is sent to, once the other one serves.
func (d *Driver) remove(ctx context.Context, stays, goes *Place) error {
	gone, err := d.Traffic.State(ctx, goes.Route)
	if err != nil {
		return err
	}
	stay, err := d.Traffic.State(ctx, stays.Route)
	switch {
	case err != nil:
		return err
	case gone.Admission == actuator.Open:
		return fmt.Errorf("process: %s serves, it can't be stopped", goes.Spec.Name)
	case stay.Admission != actuator.Open:
		return fmt.Errorf("process: %s doesn't serve, so %s can't be stopped", stays.Spec.Name, goes.Spec.Name)
	}
	if err := d.provide(ctx, stays); err != nil {
		return err
	}
	return d.Runner.Stop(ctx, goes.Spec.Name)
}
