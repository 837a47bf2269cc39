package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"drover/internal/actuator"
	"drover/internal/actuator/build"
	"drover/internal/actuator/process"
	"drover/internal/actuator/protocol"
	"drover/internal/config"
	"drover/internal/engine"
	"drover/internal/executor"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/saga"
	"drover/internal/saga/watch"
	"drover/internal/stage"
	"drover/internal/stream"
)

// reviveEvery is how often an executor looks for processes of its own host that
// have ended.
const reviveEvery = time.Second

// LoadDrivers makes the executor live by a file of drivers, and returns the file.
func LoadDrivers(c *config.Config, p *pipeline.Config) (*build.Config, error) {
	file, err := build.Read(c.Drivers)
	if err != nil {
		return nil, err
	}
	return &file, SetDrivers(&file, p)
}

// SetDrivers puts what a file of drivers says about the executor in its place.
func SetDrivers(file *build.Config, p *pipeline.Config) error {
	c, e := &p.Executor, &file.Executor
	c.Live, c.Simulate = true, nil
	set := func(to *time.Duration, from build.Duration) {
		if from > 0 {
			*to = time.Duration(from)
		}
	}
	set(&c.Saga.Watch, e.Watch)
	set(&c.Saga.DefaultDeadline, e.Deadline)
	set(&c.Saga.BackOff, e.BackOff)
	if e.Deadline > 0 {
		c.Saga.Deadlines = map[model.StepKind]time.Duration{}
	}
	for kind, d := range e.Deadlines {
		c.Saga.Deadlines[kind] = time.Duration(d)
	}
	limits := &c.Saga.Limits
	for _, l := range []struct {
		to   *int
		from int
	}{{&limits.PerFleet, e.Moves.Fleet}, {&limits.PerServer, e.Moves.Server}, {&limits.PerLink, e.Moves.Link}, {&limits.PerApplication, e.Moves.Application}} {
		if l.from > 0 {
			*l.to = l.from
		}
	}
	limits.BytesPerSecond = e.BytesPerSecond
	switch e.AfterPivot {
	case "", "reverse":
		c.Reverse = true
	case "park":
		c.Reverse = false
	default:
		return fmt.Errorf("drivers: executor: after_pivot %q: want reverse or park", e.AfterPivot)
	}
	var err error
	if c.Saga.Windows, err = saga.ParseWindows(e.Windows); err != nil {
		return fmt.Errorf("drivers: executor: %w", err)
	}
	c.Health.Watch = healthOf(c.Health.Watch, e.Health)
	c.Health.Applications = map[model.ApplicationID]watch.Config{}
	for app, h := range e.Applications {
		c.Health.Applications[app] = healthOf(c.Health.Watch, h)
	}
	return p.Validate()
}

// healthOf changes a test to what a file says.
func healthOf(w watch.Config, h *build.Health) watch.Config {
	if h == nil {
		return w
	}
	for _, v := range []struct {
		to   *int64
		from int64
	}{{&w.FalseAlarmPPM, h.FalseAlarmPPM}, {&w.ErrorFloorPPM, h.ErrorFloorPPM}, {&w.ExceedPPM, h.ExceedPPM}, {&w.WorseExceedPPM, h.WorsePPM}} {
		if v.from > 0 {
			*v.to = v.from
		}
	}
	if h.ErrorFactor > 0 {
		w.ErrorFactor = h.ErrorFactor
	}
	if h.Unknown > 0 {
		w.Unknown = time.Duration(h.Unknown)
	}
	return w
}

// Driving is how an executor performs: what tests and `up` may change.
type Driving struct {
	File  *build.Config
	Clock executor.Clock
	// Trace is called between two acts of the executor.
	Trace actuator.Tracer
	// Wrap, where set, changes the drivers.
	Wrap func(*actuator.Set)
}

// RunExecutor runs the executor's stage with real drivers until ctx ends.
func (r *Runtime) RunExecutor(ctx context.Context, p *pipeline.Config, d Driving) (err error) {
	d.File.Log = r.Log
	set, supervisor, err := build.Set(d.File)
	if err != nil {
		return err
	}
	r.describe(ctx, set)
	if d.Wrap != nil {
		d.Wrap(set)
	}
	folder := d.File.Journal
	if folder == "" && r.Config.Data != "" {
		folder = filepath.Join(r.Config.Data, "executor-journal")
	}
	forget, err := build.Remember(set, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	producer, err := stream.NewProducer(r.Connection)
	if err != nil {
		return err
	}
	defer producer.Close()
	s, err := Find(p, pipeline.Executor)
	if err != nil {
		return err
	}
	e := &d.File.Executor
	performer := executor.NewPerformer(executor.PerformerConfig{
		Task: &p.Executor, Drivers: set, Publish: producer, Owner: ownerName(), Clock: d.Clock, Log: r.Log, Trace: d.Trace,
		BeatEvery: time.Duration(e.Beat), ProbeEvery: time.Duration(e.Probe), BaselineFor: time.Duration(e.Baseline),
	})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.runLive(ctx, s, performer) })
	group.Go(func() error { r.keep(ctx, supervisor); return nil })
	return group.Wait()
}

// describePatience is how long a driver elsewhere may take to say what it can do.
const describePatience = 5 * time.Second

// describe asks the drivers that are elsewhere what they can do. One that doesn't
// answer is taken to promise nothing.
func (r *Runtime) describe(ctx context.Context, set *actuator.Set) {
	for _, name := range slices.Sorted(maps.Keys(set.Drivers)) {
		asked, ok := set.Drivers[name].(*protocol.Client)
		if !ok {
			continue
		}
		within, cancel := context.WithTimeout(ctx, describePatience)
		if _, err := asked.Describe(within); err != nil {
			r.Log.Warn("a driver doesn't say what it can do: nothing is taken to be promised", "driver", name, "error", err)
		}
		cancel()
	}
}

// keep revives processes of this host that have ended.
func (r *Runtime) keep(ctx context.Context, supervisor *process.Supervisor) {
	if supervisor.State == "" {
		return
	}
	supervisor.Keep(ctx, reviveEvery, func(err error) { r.Log.Warn("revive", "error", err) })
}

// runLive runs the loop with a performer.
func (r *Runtime) runLive(ctx context.Context, s engine.Stage, performer *executor.Performer) error {
	config := r.loop(s)
	config.NewTask = performer.NewTask
	config.OnAssigned = func(a stream.Assignment) { performer.Assigned(ctx, a) }
	config.OnRevoked = performer.Revoked
	config.OnCommitted = func(partition int32, emissions []stage.Emission) { performer.Committed(partition, emissions) }
	return stream.Run(ctx, config)
}

// ownerName names this process in beats.
func ownerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "executor"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}
