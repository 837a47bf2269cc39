package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Config connects the driver with its cluster.
type Config struct {
	Client kubernetes.Interface
	// Namespaces are searched for applications whose name isn't
	// "namespace/name"; empty: all.
	Namespaces []string
	// HoldImage is what a placeholder runs; empty: registry.k8s.io/pause:3.10.
	HoldImage string
	// Poll is how often the cluster is looked at while something is awaited; 0:
	// 250 ms.
	Poll  time.Duration
	Trace actuator.Tracer
}

// Driver moves replicas of a cluster's workloads.
type Driver struct {
	Config
	calls calls
}

// The defaults of Config.
const (
	defaultPoll      = 250 * time.Millisecond
	defaultHoldImage = "registry.k8s.io/pause:3.10"
)

// New returns a driver.
func New(config Config) *Driver {
	if config.Poll <= 0 {
		config.Poll = defaultPoll
	}
	if config.HoldImage == "" {
		config.HoldImage = defaultHoldImage
	}
	return &Driver{Config: config}
}

// Capabilities says that commands are fenced and remembered in the cluster, and
// that no data are copied.
func (d *Driver) Capabilities() actuator.Capabilities {
	steps := []model.StepKind{
		model.StepAdmit, model.StepProvision, model.StepCutOver, model.StepWatch, model.StepRetire,
		model.StepReverseCutOver, model.StepDeprovision, model.StepReleaseAdmission,
	}
	return actuator.Capabilities{Name: "kubernetes", Steps: steps, Fences: true, Remembers: true}
}

// mover moves replicas of one kind of workload. Every method converges.
type mover interface {
	admit(ctx context.Context) error
	provision(ctx context.Context) error
	cutOver(ctx context.Context) error
	watch(ctx context.Context) error
	retire(ctx context.Context) error
	reverseCutOver(ctx context.Context) error
	deprovision(ctx context.Context) error
	release(ctx context.Context) error
	// healthy tells whether the moved replica is ready at the target.
	healthy(ctx context.Context) (bool, error)
}

// Perform performs one step.
func (d *Driver) Perform(ctx context.Context, c actuator.Command) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return d.calls.once(ctx, &c, func(ctx context.Context) error {
		w, err := d.find(ctx, c.Move.Application)
		if err != nil {
			return err
		}
		last, err := d.begin(ctx, w, &c)
		if err != nil {
			return err
		}
		if last != nil {
			return last.result()
		}
		d.Trace.At("begun")
		acted := d.act(ctx, w, &c)
		d.Trace.At("acted")
		return d.end(ctx, w, &c, acted)
	})
}

// act performs the step on the workload.
func (d *Driver) act(ctx context.Context, w *workload, c *actuator.Command) error {
	m, err := d.mover(w, c)
	if err != nil {
		return err
	}
	switch c.Step.Kind {
	case model.StepAdmit:
		err = m.admit(ctx)
	case model.StepProvision:
		err = m.provision(ctx)
	case model.StepCutOver:
		err = m.cutOver(ctx)
	case model.StepWatch:
		err = m.watch(ctx)
	case model.StepRetire:
		err = m.retire(ctx)
	case model.StepReverseCutOver:
		err = m.reverseCutOver(ctx)
	case model.StepDeprovision:
		err = m.deprovision(ctx)
	case model.StepReleaseAdmission:
		err = m.release(ctx)
	case model.StepReplicate, model.StepCatchUp, model.StepStopCatchUp, model.StepDiscardReplica:
	default:
		return fmt.Errorf("kubernetes: %w %q", actuator.ErrUnsupported, c.Step.Kind)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", w.ref(), err)
	}
	return nil
}

// Status tells what became of a command, from the cluster. Asking with a newer
// epoch makes the older ones be refused from then on.
func (d *Driver) Status(ctx context.Context, c actuator.Command) (actuator.Status, error) {
	if d.calls.running(&c) {
		return actuator.Status{State: actuator.Running}, nil
	}
	w, err := d.find(ctx, c.Move.Application)
	if err != nil {
		return actuator.Status{}, err
	}
	if err := d.fence(ctx, w, &c); err != nil {
		return actuator.Status{}, err
	}
	last, sequence := w.commands().of(&c), c.Step.Sequence()
	switch {
	case last.Sequence > sequence:
		return actuator.Status{State: actuator.Failed, Reason: "overtaken by a later command"}, nil
	case last.Sequence < sequence || last.State == actuator.Running:
		return actuator.Status{State: actuator.Unknown}, nil
	}
	return actuator.Status{State: last.State, Reason: last.Reason}, nil
}

// Probe reads the readiness of the moved replica: requests and response times
// are measured elsewhere.
func (d *Driver) Probe(ctx context.Context, c actuator.Command) (actuator.Reading, error) {
	reading := actuator.Reading{Requests: 1, SaturationPPM: -1}
	w, err := d.find(ctx, c.Move.Application)
	if err != nil {
		return reading, err
	}
	m, err := d.mover(w, &c)
	if err != nil {
		return reading, err
	}
	ready, err := m.healthy(ctx)
	if err == nil && !ready {
		reading.Errors = 1
	}
	return reading, err
}

// errNotYet is a reason to look again.
var errNotYet = errors.New("not yet")
