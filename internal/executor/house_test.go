package executor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// house is a live executor on logs in memory: what it publishes is handled by
// the present owner's task, and what that decides goes to its performer.
type house struct {
	t      *testing.T
	config *Config

	mu       sync.Mutex
	logs     map[string][]stage.Record
	read     map[string]int
	owner    *Performer
	task     stage.Task
	out      []stage.Emission
	lost     bool // reports and beats of owners get lost on their way
	epoch    int64
	observed func(stage.Emission)
}

// liveConfig is quick.
func liveConfig() *Config {
	c := DefaultConfig()
	c.Live = true
	c.Beat, c.Interval = time.Second, time.Second
	c.Saga.Watch, c.Saga.BackOff, c.Saga.Grace = 0, time.Millisecond, 50*time.Millisecond
	c.Saga.DefaultDeadline, c.Saga.Deadlines = 10*time.Second, nil
	return &c
}

func newHouse(t *testing.T, config *Config, drivers Drivers) *house {
	h := &house{t: t, config: config, logs: map[string][]stage.Record{}, read: map[string]int{}}
	h.takeOver(drivers)
	return h
}

// takeOver makes a new owner from the state of the last one.
func (h *house) takeOver(drivers Drivers) *Performer {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	p := NewPerformer(PerformerConfig{Task: h.config, Drivers: drivers, Publish: h, Owner: "test",
		BeatEvery: 5 * time.Millisecond, ProbeEvery: 2 * time.Millisecond})
	task := p.NewTask(0)
	if h.task != nil {
		snapshot, err := h.task.AppendSnapshot(nil)
		if err == nil {
			err = task.Restore(snapshot)
		}
		if err != nil {
			h.t.Fatal(err)
		}
		for topic := range h.read {
			at, _ := task.Position(topic)
			h.read[topic] = int(at)
		}
	}
	h.epoch++
	h.task, h.owner = task, p
	p.Assigned(h.t.Context(), stream.Assignment{Partition: 0, Epoch: h.epoch, Task: task})
	h.t.Cleanup(func() { p.Revoked(0) })
	return p
}

// PublishAll implements Publisher.
func (h *house) PublishAll(ctx context.Context, emissions []stage.Emission) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost {
		return errors.New("lost")
	}
	for _, e := range emissions {
		h.append(e.Topic, e.Event)
	}
	h.pump()
	return nil
}

// feed appends plans and orders.
func (h *house) feed(topic string, events ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		h.append(topic, e)
	}
	h.pump()
}

func (h *house) append(topic string, event any) {
	h.logs[topic] = append(h.logs[topic], stage.Record{Topic: topic, Offset: int64(len(h.logs[topic])), Event: event})
}

// pump hands the task everything new. The caller holds mu, as the loop is one.
func (h *house) pump() {
	for _, topic := range h.config.Topics() {
		for ; h.read[topic] < len(h.logs[topic]); h.read[topic]++ {
			out, err := h.task.Handle(h.logs[topic][h.read[topic]])
			if err != nil {
				h.t.Error(err)
			}
			h.out = append(h.out, out...)
			for _, e := range out {
				if h.observed != nil {
					h.observed(e)
				}
			}
			h.owner.Committed(0, out)
		}
	}
}

// emissions returns what was decided so far.
func (h *house) emissions() []stage.Emission {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]stage.Emission(nil), h.out...)
}

// steps returns the step records of a phase so far.
func (h *house) steps(phase model.StepPhase) []model.Step {
	var steps []model.Step
	for _, e := range h.emissions() {
		if s, ok := e.Event.(model.Step); ok && s.Phase == phase {
			steps = append(steps, s)
		}
	}
	return steps
}

// end returns how a plan ended; "" while it hasn't.
func (h *house) end(id model.PlanID) (model.PlanState, []string) {
	for _, e := range h.emissions() {
		if o, ok := e.Event.(model.Outcome); ok && o.Kind == model.OutcomePlan && o.Plan == id && o.State.Ended() {
			return o.State, o.Left
		}
	}
	return "", nil
}

// records returns the records of a topic.
func (h *house) records(topic string) []stage.Record {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.logs[topic]
}

// await waits for a condition.
func (h *house) await(what string, ready func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	if err := actuator.Poll(ctx, time.Millisecond, func() (bool, error) { return ready(), nil }); err != nil {
		h.t.Fatalf("%s: never; steps %v", what, h.lines())
	}
}

func (h *house) awaitEnd(id model.PlanID, want model.PlanState) {
	h.t.Helper()
	h.await("end of plan "+string(id), func() bool { s, _ := h.end(id); return s != "" })
	if got, left := h.end(id); got != want {
		h.t.Fatalf("plan %s ended %q %v, want %q\n%v", id, got, left, want, h.lines())
	}
}

func (h *house) lines() []string {
	var lines []string
	for _, e := range h.emissions() {
		lines = append(lines, fmt.Sprintf("%s %+v\n", e.Topic, e.Event))
	}
	return lines
}

// fake is a driver that remembers what was asked of it.
type fake struct {
	mu       sync.Mutex
	caps     actuator.Capabilities
	asked    []string // "perform KEY", "status KEY"
	perform  func(ctx context.Context, c actuator.Command) error
	status   func(c actuator.Command) actuator.Status
	reading  func(c actuator.Command) (model.Reading, error)
	inFlight int
	most     int
}

func newFake() *fake {
	return &fake{caps: actuator.Capabilities{Name: "fake", Steps: append(actuator.MoveSteps(), model.StepUpdate), Fences: true}}
}

// Find implements Drivers.
func (f *fake) Find(*actuator.Command) (actuator.Driver, error) { return f, nil }

// Capabilities implements actuator.Driver.
func (f *fake) Capabilities() actuator.Capabilities {
	c := f.caps
	c.Probes = f.reading != nil
	return c
}

// Perform implements actuator.Driver.
func (f *fake) Perform(ctx context.Context, c actuator.Command) error {
	f.mu.Lock()
	f.asked = append(f.asked, "perform "+string(c.Step.ID))
	f.inFlight++
	f.most = max(f.most, f.inFlight)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.inFlight--
		f.mu.Unlock()
	}()
	if f.perform != nil {
		return f.perform(ctx, c)
	}
	return nil
}

// Status implements actuator.Driver.
func (f *fake) Status(_ context.Context, c actuator.Command) (actuator.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, "status "+string(c.Step.ID))
	if f.status != nil {
		return f.status(c), nil
	}
	return actuator.Status{State: actuator.Unknown}, nil
}

// Probe implements actuator.Prober.
func (f *fake) Probe(_ context.Context, c actuator.Command) (model.Reading, error) {
	return f.reading(c)
}

// count returns how often something was asked.
func (f *fake) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, a := range f.asked {
		if a == what {
			n++
		}
	}
	return n
}
