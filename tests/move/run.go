package move

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Scene is something to move under load.
type Scene interface {
	// Driver returns the driver as a newly started executor has it.
	Driver(trace actuator.Tracer) actuator.Driver
	KillTarget(m model.Move)
	Dial(ctx context.Context) (Session, error)
	Serving(ctx context.Context) (model.ServerID, error)
	// Lost counts the acknowledged writes that aren't there.
	Lost(ctx context.Context, acked [][]int) (int, error)
	Close() error
}

// Result is what moves under load came to.
type Result struct {
	Runs           int     `json:"runs"`
	Acked          int     `json:"acked"`
	Lost           int     `json:"lost"`
	FailedRequests int     `json:"failed_requests"`
	PauseMillis    float64 `json:"pause_ms_median"`
	WorstMillis    float64 `json:"pause_ms_worst"`
	RolledBack     int     `json:"rolled_back"`
	TakeOvers      int     `json:"take_overs"`
	pauses         []time.Duration
}

// Options says how to run.
type Options struct {
	Runs, Writers, Writes int // Writes: acknowledged ones to reach in a run
	Seed                  uint64
	Deadline              time.Duration // of a command; 0: five seconds
	// Faults are the kinds to choose from; empty: all.
	Faults []FaultKind
	// Say reports progress; nil: silence.
	Say func(format string, args ...any)
}

// planFor returns a plan that moves the replica.
func planFor(id string, from, to model.ServerID) model.Plan {
	return model.Plan{
		Fleet: "test", ID: model.PlanID(id),
		Moves: []model.Move{{Replica: "db/0", Application: "db", From: from, To: to, ReverseAfterPivot: true}},
	}
}

// other returns the server that isn't it.
func other(server model.ServerID) model.ServerID {
	if server == "a" {
		return "b"
	}
	return "a"
}

// Run moves scenes there and back, and then once more with a failure at a
// random step, under load all the time.
func Run(ctx context.Context, o Options, open func(context.Context) (Scene, error)) (Result, error) {
	r := Result{Runs: o.Runs}
	random := rand.New(rand.NewPCG(o.Seed, 1))
	for run := range o.Runs {
		scene, err := open(ctx)
		if err != nil {
			return r, err
		}
		err = r.one(ctx, scene, o, run, random)
		if wrong := scene.Close(); err == nil {
			err = wrong
		}
		if err != nil {
			return r, fmt.Errorf("run %d: %w", run+1, err)
		}
	}
	r.PauseMillis = Median(r.pauses)
	return r, nil
}

// one is one run on a fresh scene.
func (r *Result) one(ctx context.Context, scene Scene, o Options, run int, random *rand.Rand) error {
	load := &Load{Dial: scene.Dial}
	load.Start(ctx, o.Writers)
	defer load.Stop()
	await := func(writes int) error {
		return actuator.Poll(ctx, 5*time.Millisecond, func() (bool, error) { return load.Acked() >= writes, nil })
	}
	if err := await(o.Writes / 10); err != nil {
		return err
	}
	steps, kinds := actuator.MoveSteps()[:7], o.Faults
	if len(kinds) == 0 {
		kinds = FaultKinds()
	}
	fault := &Fault{Kind: kinds[random.IntN(len(kinds))], Step: steps[random.IntN(len(steps))], Point: random.IntN(4), KillTarget: scene.KillTarget}
	for n, f := range []*Fault{{Kind: FaultNone}, {Kind: FaultNone}, fault} {
		load.Pause()
		if err := r.move(ctx, scene, f, fmt.Sprintf("p%d-%d", run, n), o); err != nil {
			return err
		}
		if err := await(load.Acked() + o.Writes/20); err != nil {
			return err
		}
		pause := load.Pause()
		r.WorstMillis = max(r.WorstMillis, float64(pause.Microseconds())/1000)
		if f.Kind == FaultNone {
			r.pauses = append(r.pauses, pause)
		}
		o.say("run %d move %d: pause %v", run+1, n+1, pause)
	}
	if err := await(o.Writes); err != nil {
		return err
	}
	acked := load.Stop()
	lost, err := scene.Lost(ctx, acked)
	r.Acked += load.Acked()
	r.Lost += lost
	r.FailedRequests += load.failed
	return err
}

func (o *Options) say(format string, args ...any) {
	if o.Say != nil {
		o.Say(format, args...)
	}
}

// move performs one plan with a fault and checks where the replica is served.
func (r *Result) move(ctx context.Context, scene Scene, f *Fault, id string, o Options) error {
	from, err := scene.Serving(ctx)
	if err != nil {
		return err
	}
	config := QuickConfig()
	config.DefaultDeadline = 5 * time.Second
	if o.Deadline > 0 {
		config.DefaultDeadline = o.Deadline
	}
	e := NewExecutor(config, func() actuator.Driver { return f.Before(scene.Driver(f.At)) })
	f.Crash = e.Crash
	state, err := e.Run(ctx, planFor(id, from, other(from)))
	if err != nil {
		return err
	}
	o.say("plan %s from %s with %s at %s: %s", id, from, f.Kind, f.Step, state)
	want := from
	switch state {
	case model.PlanSucceeded:
		want = other(from)
	case model.PlanRolledBack:
		r.RolledBack++
	default:
		for _, step := range e.Log {
			o.say("%s %s %s", step.ID, step.Phase, step.Reason)
		}
		return fmt.Errorf("plan %s ended %s: %v", id, state, e.Outcomes[len(e.Outcomes)-1].Left)
	}
	r.TakeOvers += e.TakeOvers
	if served, err := scene.Serving(ctx); err != nil || served != want {
		return fmt.Errorf("plan %s is %s, and %q serves in place of %q: %w", id, state, served, want, err)
	}
	return nil
}
