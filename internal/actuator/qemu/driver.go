package qemu

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// Place is a guest's QEMU on one host.
type Place struct {
	// Spec starts QEMU with the guest's devices, the same ones on every host, and
	// with its monitor at QMP. What makes it wait for a guest is added here.
	Spec process.Spec
	// QMP is the monitor's address: "unix:/path" or "host:port".
	QMP string
	// Incoming is where the host takes guests from others: "tcp:10.0.0.2:4444".
	Incoming string
	// Health is a URL of the guest that answers 200; empty: QEMU's word is taken.
	Health string
	// Identity is a URL of the guest whose answer is the same as long as it is the
	// same guest, such as its boot id; empty: not asked.
	Identity string
}

// Config connects the driver with its world.
type Config struct {
	Locate     func(model.Move, model.ServerID) (Place, error)
	Supervisor *process.Supervisor
	// BandwidthBytesPerSecond limits migrations whose move says nothing; 0: none.
	BandwidthBytesPerSecond int64
	// Downtime is how long the guest may stand still at the switch-over; 0: 300 ms.
	Downtime time.Duration
	// Stuck is how long a migration may make no headway; 0: 30 s.
	Stuck time.Duration
	// Throttle lets QEMU slow the guest's processors down when its memory changes
	// faster than it can be copied.
	Throttle bool
	Trace    actuator.Tracer
}

// Driver migrates guests.
type Driver struct{ Config }

// The defaults of Config, and how often things are looked at.
const (
	defaultDowntime = 300 * time.Millisecond
	defaultStuck    = 30 * time.Second
	pollEvery       = 50 * time.Millisecond
	healthTimeout   = 5 * time.Second
)

// New returns a driver.
func New(config Config) *Driver {
	if config.Downtime <= 0 {
		config.Downtime = defaultDowntime
	}
	if config.Stuck <= 0 {
		config.Stuck = defaultStuck
	}
	return &Driver{config}
}

// Capabilities says that a guest's memory is handed over within a limit of
// bandwidth.
func (d *Driver) Capabilities() actuator.Capabilities {
	steps := []model.StepKind{
		model.StepAdmit, model.StepProvision, model.StepCutOver, model.StepWatch, model.StepRetire,
		model.StepReverseCutOver, model.StepDeprovision,
	}
	return actuator.Capabilities{Name: "qemu", Steps: steps, Writes: true, Bandwidth: true}
}

// Status knows nothing of earlier commands: performing them again converges.
func (d *Driver) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

// Perform performs one step.
func (d *Driver) Perform(ctx context.Context, c actuator.Command) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	from, err := d.Locate(c.Move, c.Move.From)
	if err != nil {
		return fmt.Errorf("guest %s on server %s: %w", c.Move.Replica, c.Move.From, err)
	}
	to, err := d.Locate(c.Move, c.Move.To)
	if err != nil {
		return fmt.Errorf("guest %s on server %s: %w", c.Move.Replica, c.Move.To, err)
	}
	d.Trace.At("begin")
	switch c.Step.Kind {
	case model.StepAdmit:
		err = d.admit(ctx, &from)
	case model.StepProvision:
		err = d.provide(ctx, &from, &to)
	case model.StepCutOver:
		err = d.migrate(ctx, &c, &from, &to)
	case model.StepWatch:
		err = d.watch(ctx, &to)
	case model.StepRetire:
		err = d.remove(ctx, &to, &from)
	case model.StepReverseCutOver:
		err = d.back(ctx, &c, &from, &to)
	case model.StepDeprovision:
		err = d.remove(ctx, &from, &to)
	case model.StepReplicate, model.StepCatchUp, model.StepStopCatchUp, model.StepDiscardReplica, model.StepReleaseAdmission:
	default:
		err = fmt.Errorf("%w %q", actuator.ErrUnsupported, c.Step.Kind)
	}
	d.Trace.At("end")
	if err != nil {
		return fmt.Errorf("guest %s: %w", c.Move.Replica, err)
	}
	return nil
}

// admit checks that the guest runs at the source.
func (d *Driver) admit(ctx context.Context, from *Place) error {
	state, err := runState(ctx, from)
	if err == nil && state != runRunning {
		err = fmt.Errorf("it doesn't run at the source: %s", orGone(state))
	}
	return err
}

func orGone(state string) string {
	if state == runUnreachable {
		return "no QEMU answers"
	}
	return state
}

// provide makes sure that a QEMU waits for the guest at the target, or has it.
func (d *Driver) provide(ctx context.Context, from, to *Place) error {
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		state, err := runState(ctx, to)
		switch {
		case err != nil:
			return false, err
		case state == runWaiting || state == runRunning:
			return true, nil
		case state != runUnreachable:
			// What is left of an earlier try: it has no guest while the source runs it.
			if source, err := runState(ctx, from); err != nil || source != runRunning {
				return false, fmt.Errorf("the target's QEMU is %s, the source's %s: %w", state, orGone(source), err)
			}
			return false, d.Supervisor.Stop(ctx, to.Spec.Name)
		}
		spec := to.Spec
		spec.Argv = append(append([]string{}, spec.Argv...), "-incoming", "defer")
		if _, err := d.Supervisor.Start(ctx, spec); err != nil {
			return false, err
		}
		d.Trace.At("started")
		return false, errors.New("the target's QEMU is starting")
	})
}

// running waits until the guest runs at a place and answers.
func (d *Driver) running(ctx context.Context, p *Place) error {
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		state, err := runState(ctx, p)
		if err == nil && state != runRunning {
			err = fmt.Errorf("it is %s", orGone(state))
		}
		if err == nil {
			_, err = get(ctx, p.Health)
		}
		return err == nil, err
	})
}

// looks is how often a guest has to be missed before it counts as gone.
const looks = 3

// watch is running for a guest that has come: a QEMU that isn't there any more,
// or waits for a guest, won't have it by waiting.
func (d *Driver) watch(ctx context.Context, p *Place) error {
	var gone error
	missed := 0
	err := actuator.Poll(ctx, pollEvery, func() (bool, error) {
		state, err := runState(ctx, p)
		switch {
		case err != nil:
			return false, err
		case state == runUnreachable || state == runWaiting || state == runMigrated:
			missed++
			gone = fmt.Errorf("the guest isn't there any more: %s", orGone(state))
			return missed >= looks, gone
		}
		gone, missed = nil, 0
		return true, nil
	})
	if err != nil || gone != nil {
		return errors.Join(err, gone)
	}
	return d.running(ctx, p)
}

// remove ends the QEMU that hasn't the guest, once the other one has it.
func (d *Driver) remove(ctx context.Context, stays, goes *Place) error {
	state, err := runState(ctx, goes)
	if err != nil {
		return err
	}
	if state == runRunning || state == runSwitching || state == runPaused {
		return fmt.Errorf("%s has the guest (%s): it isn't stopped", goes.Spec.Name, state)
	}
	if other, err := runState(ctx, stays); err != nil || other != runRunning {
		return errors.Join(fmt.Errorf("%s hasn't the guest (%s), so %s isn't stopped", stays.Spec.Name, orGone(other), goes.Spec.Name), err)
	}
	return d.Supervisor.Stop(ctx, goes.Spec.Name)
}

// Probe looks at the guest's health.
func (d *Driver) Probe(ctx context.Context, c actuator.Command) (actuator.Reading, error) {
	reading := actuator.Reading{Requests: 1, SaturationPPM: -1}
	to, err := d.Locate(c.Move, c.Move.To)
	if err != nil {
		return reading, err
	}
	began := time.Now()
	if _, err := get(ctx, to.Health); err != nil {
		reading.Errors = 1
	}
	reading.ResponseMicros = time.Since(began).Microseconds()
	return reading, nil
}
