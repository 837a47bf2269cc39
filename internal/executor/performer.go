package executor

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// Drivers finds the driver that performs a command; actuator.Set does.
type Drivers interface {
	Find(c *actuator.Command) (actuator.Driver, error)
}

// Publisher makes records durable; stream.Producer does.
type Publisher interface {
	PublishAll(ctx context.Context, emissions []stage.Emission) error
}

// Clock connects the sagas' time with the machine's. The zero value is the
// machine's own.
type Clock struct {
	// Start and Began are one moment in both; Speed is how many seconds of the
	// sagas pass in one of the machine's, 0: they are the same clock.
	Start model.Instant
	Began time.Time
	Speed float64
}

// Now returns the sagas' time.
func (c *Clock) Now() model.Instant {
	if c.Speed <= 0 {
		return model.InstantOf(time.Now())
	}
	return c.Start.Add(time.Duration(float64(time.Since(c.Began)) * c.Speed))
}

// Wall returns when it is an instant by the machine's clock.
func (c *Clock) Wall(at model.Instant) time.Time {
	if c.Speed <= 0 {
		return at.Time()
	}
	return c.Began.Add(time.Duration(float64(at.Sub(c.Start)) / c.Speed))
}

// PerformerConfig says how commands are performed.
type PerformerConfig struct {
	Task    *Config
	Drivers Drivers
	Publish Publisher
	Owner   string // this process's name in beats
	Clock   Clock
	Log     *slog.Logger
	// BeatEvery is the time between two beats; ProbeEvery that between two looks at
	// a replica; BaselineFor how long one is looked at before it is moved.
	BeatEvery, ProbeEvery, BaselineFor time.Duration
	// Workers is how many commands of one fleet are performed at a time. The sagas'
	// limits are well below it: it bounds what a wrong configuration can do.
	Workers int
	// Trace is called between two acts; tests kill the process there.
	Trace actuator.Tracer
}

func (c *PerformerConfig) complete() {
	if c.BeatEvery <= 0 {
		c.BeatEvery = time.Second
	}
	if c.ProbeEvery <= 0 {
		c.ProbeEvery = time.Second
	}
	if c.Workers <= 0 {
		c.Workers = 1024
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Performer performs the commands of the partitions that this process owns. It
// begins one when its intent is durable, and makes of what the drivers and the
// clock say records of the reports topic; it decides nothing.
type Performer struct {
	config PerformerConfig

	mu      sync.Mutex
	tasks   map[int32]*Live
	tenures map[int32]*tenure
}

// NewPerformer returns a performer that owns nothing yet.
func NewPerformer(config PerformerConfig) *Performer {
	config.complete()
	return &Performer{config: config, tasks: map[int32]*Live{}, tenures: map[int32]*tenure{}}
}

// NewTask makes the task of a partition and keeps it in view: the loop makes one
// anew after a transaction that failed.
func (p *Performer) NewTask(partition int32) stage.Task {
	task := NewLive(p.config.Task, partition, func() { p.wake(partition) })
	p.mu.Lock()
	p.tasks[partition] = task
	p.mu.Unlock()
	return task
}

// wake makes a partition's owner beat at once.
func (p *Performer) wake(partition int32) {
	p.mu.Lock()
	t := p.tenures[partition]
	p.mu.Unlock()
	if t != nil {
		select {
		case t.woken <- struct{}{}:
		default: // it will beat anyway
		}
	}
}

// tenure is the time for which this process owns a partition.
type tenure struct {
	performer *Performer
	partition int32
	epoch     int64
	work      context.Context // the process's
	ctx       context.Context // until the partition goes
	end       context.CancelFunc
	woken     chan struct{}
	busy      sync.WaitGroup

	mu      sync.Mutex
	running map[model.StepID]*running
	slots   map[model.FleetID]chan struct{}
}

// Assigned begins to own a partition: its first beat is the take-over. The epoch
// is the group's, unless the task has seen a later one (the group was made anew,
// or this process has lost and regained the partition's task).
func (p *Performer) Assigned(ctx context.Context, a stream.Assignment) {
	p.mu.Lock()
	task, former := p.tasks[a.Partition], p.tenures[a.Partition]
	t := &tenure{performer: p, partition: a.Partition, epoch: max(a.Epoch, task.Epoch()+1), work: ctx, woken: make(chan struct{}, 1),
		running: map[model.StepID]*running{}, slots: map[model.FleetID]chan struct{}{}}
	t.ctx, t.end = context.WithCancel(ctx)
	if former != nil {
		former.hand(t)
	}
	p.tenures[a.Partition] = t
	p.mu.Unlock()
	p.config.Log.Info("partition taken over", "partition", a.Partition, "epoch", t.epoch)
	t.busy.Go(t.beat)
}

// hand gives what runs to the next tenure of this process: it is under way, and
// need not be asked about.
func (t *tenure) hand(next *tenure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next.running, t.running = t.running, map[model.StepID]*running{}
	for _, r := range next.running {
		r.mu.Lock()
		r.tenure = next
		r.mu.Unlock()
	}
	t.end()
}

// revokePatience is how long a partition that goes may wait for commands that
// are being ended.
const revokePatience = 3 * time.Second

// Revoked ends what is under way of a partition that is another's now: the next
// owner asks what became of it.
func (p *Performer) Revoked(partition int32) {
	p.mu.Lock()
	t := p.tenures[partition]
	delete(p.tenures, partition)
	p.mu.Unlock()
	if t == nil {
		return
	}
	t.end()
	t.mu.Lock()
	for _, r := range t.running {
		r.cancel()
	}
	t.mu.Unlock()
	ended := make(chan struct{})
	go func() { t.busy.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(revokePatience):
		p.config.Log.Warn("commands of a lost partition are still being ended", "partition", partition)
	}
}

// Committed takes what a task has made durable.
func (p *Performer) Committed(partition int32, emissions []stage.Emission) {
	p.mu.Lock()
	t, task := p.tenures[partition], p.tasks[partition]
	p.mu.Unlock()
	if t == nil {
		return
	}
	for _, e := range emissions {
		if step, ok := e.Event.(model.Step); ok {
			t.take(step, e.Trace, task)
		}
	}
}

// take does what a durable step record asks for.
func (t *tenure) take(step model.Step, trace string, task *Live) {
	switch step.Phase {
	case model.PhaseIntent, model.PhaseResume:
		if step.Epoch == t.epoch { // else the take-over will resume it
			t.start(step, trace, task)
		}
	case model.PhaseLimit:
		t.mu.Lock()
		if r := t.running[step.ID]; r != nil {
			r.bound.Store(step.BytesPerSecond)
		}
		t.mu.Unlock()
	default: // it is settled: whatever still runs of it has lost its purpose
		t.mu.Lock()
		if r := t.running[step.ID]; r != nil {
			r.cancel()
		}
		t.mu.Unlock()
	}
}

// beat publishes the clock until the tenure ends.
func (t *tenure) beat() {
	config := &t.performer.config
	ticker := time.NewTicker(config.BeatEvery)
	defer ticker.Stop()
	for {
		t.performer.mu.Lock()
		task := t.performer.tasks[t.partition]
		t.performer.mu.Unlock()
		b := model.Beat{Owner: config.Owner, Epoch: t.epoch, At: config.Clock.Now(), Reads: task.Reads()}
		err := config.Publish.PublishAll(t.ctx, []stage.Emission{{Topic: stream.Reports, Partition: t.partition, Event: b}})
		if err != nil && t.ctx.Err() == nil {
			config.Log.Warn("beat", "partition", t.partition, "error", err)
		}
		select {
		case <-t.ctx.Done():
			return
		case <-ticker.C:
		case <-t.woken:
		}
	}
}
