package live

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"drover/internal/actuator/build"
	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/move"
	"drover/tests/stream/servers"
)

// patience is for slow machines; nothing is measured by it.
const patience = 3 * time.Minute

// scene is something that executors move.
type scene interface {
	move.Scene
	Drivers() *build.Config
}

// stand is a scene under load, and the logs of its executors.
type stand struct {
	t        *testing.T
	scene    scene
	load     *move.Load
	conn     *stream.Connection
	producer *stream.Producer
	job      job

	mu       sync.Mutex
	ends     map[model.PlanID]model.PlanState
	left     []string
	steps    []model.Step
	outcomes []model.Outcome
	// orders counts those given; read is how many the executor has taken in.
	orders, read int64
}

// newStand makes the topics under a prefix and starts the load.
func newStand(t *testing.T, up *servers.Servers, prefix string, s scene) *stand {
	t.Helper()
	st := &stand{t: t, scene: s, ends: map[model.PlanID]model.PlanState{}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	registry, err := stream.OpenFileRegistry("", prefix)
	if err != nil {
		t.Fatal(err)
	}
	if st.conn, err = stream.Connect(ctx, stream.Settings{Brokers: up.Brokers, Prefix: prefix, Registry: registry}); err != nil {
		t.Fatal(err)
	}
	admin, err := stream.NewAdmin(st.conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for {
		if _, err = admin.Apply(ctx, stream.Plan{Partitions: stream.Partitions{ByKey: 1, ByFleet: 1}}); err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // the broker is still starting
	}
	if st.producer, err = stream.NewProducer(st.conn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.producer.Close)
	folder := t.TempDir()
	drivers := s.Drivers()
	drivers.Executor = build.Executor{Beat: build.Duration(200 * time.Millisecond), Probe: build.Duration(50 * time.Millisecond),
		Watch: build.Duration(150 * time.Millisecond), Deadline: build.Duration(15 * time.Second), BackOff: build.Duration(100 * time.Millisecond)}
	st.job = job{Brokers: up.Brokers, Redis: up.Redis, Prefix: prefix, Data: folder, Drivers: drivers, Log: filepath.Join(folder, "notes"), Signal: syscall.SIGKILL}
	go st.follow()
	st.load = &move.Load{Dial: s.Dial, Every: 3 * time.Millisecond}
	st.load.Start(t.Context(), 4)
	t.Cleanup(func() {
		st.load.Stop()
		if t.Failed() {
			said, _ := os.ReadFile(filepath.Join(folder, "said"))
			t.Logf("the executors said:\n%s", tail(said, 12_000))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// follow reads what the executors publish.
func (s *stand) follow() {
	err := s.conn.Tail(s.t.Context(), stream.FromStart, func(e stream.Entry) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch v := e.Event.(type) {
		case model.Step:
			s.steps = append(s.steps, v)
		case model.Beat:
			for _, r := range v.Reads {
				if r.Topic == stream.Control {
					s.read = max(s.read, r.Offset)
				}
			}
		case model.Outcome:
			s.outcomes = append(s.outcomes, v)
			if v.Kind == model.OutcomePlan && v.State.Ended() {
				s.ends[v.Plan], s.left = v.State, v.Left
			}
		}
		return nil
	}, stream.Steps, stream.Outcomes, stream.Reports)
	if err != nil && s.t.Context().Err() == nil {
		s.t.Errorf("follow: %v", err)
	}
}

// publish sends a plan or an order.
func (s *stand) publish(topic, key string, event any) {
	s.t.Helper()
	if err := s.producer.Publish(s.t.Context(), topic, "test", key, event); err != nil {
		s.t.Fatal(err)
	}
}

// submit has the replica moved to the other server, and returns the plan.
func (s *stand) submit(id string) model.Plan {
	s.t.Helper()
	from, err := s.scene.Serving(s.t.Context())
	if err != nil || from == "" {
		s.t.Fatalf("nobody serves (%v)", err)
	}
	p := move.Plan(id, from, move.Other(from))
	p.Tick = model.InstantOf(time.Now())
	s.publish(stream.Plans, id, p)
	return p
}

// await waits for something.
func (s *stand) await(what string, ready func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		s.mu.Lock()
		ok := ready()
		s.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s did not come", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// awaitEnd waits for a plan's end, and checks who serves then.
func (s *stand) awaitEnd(p model.Plan, want model.PlanState) {
	s.t.Helper()
	s.await("the end of plan "+string(p.ID), func() bool { return s.ends[p.ID] != "" })
	if got := s.ends[p.ID]; got != want {
		s.t.Fatalf("plan %s ended %s %v, want %s", p.ID, got, s.left, want)
	}
	serves := p.Moves[0].To
	if want != model.PlanSucceeded {
		serves = p.Moves[0].From
	}
	if got, err := s.scene.Serving(s.t.Context()); err != nil || got != serves {
		s.t.Fatalf("after plan %s %q serves (%v), want %q", p.ID, got, err, serves)
	}
}

// check demands that nothing was lost, and nothing done twice: but for what a new
// owner resumed, where the former one's memory was lost with it (apart).
func (s *stand) check(apart bool) {
	s.t.Helper()
	acked := s.load.Stop()
	lost, err := s.scene.Lost(s.t.Context(), acked)
	if err != nil || lost > 0 {
		s.t.Errorf("%d of %d acknowledged writes are lost (%v)", lost, s.load.Acked(), err)
	}
	notes, err := os.ReadFile(s.job.Log)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, settled, resumed := map[model.StepID]bool{}, map[model.StepID]bool{}, map[model.StepID]bool{}
	for _, step := range s.steps {
		switch step.Phase {
		case model.PhaseResume:
			resumed[step.ID] = true
		case model.PhaseIntent:
			if seen[step.ID] {
				s.t.Errorf("%s has two intents", step.ID)
			}
			seen[step.ID] = true
		case model.PhaseDone, model.PhaseFailed:
			if settled[step.ID] || !seen[step.ID] {
				s.t.Errorf("%s is settled twice, or before its intent", step.ID)
			}
			settled[step.ID] = true
		}
	}
	for _, key := range twice(string(notes)) {
		if !apart || !resumed[model.StepID(key)] {
			s.t.Errorf("%s was done and begun again", key)
		}
	}
	s.t.Logf("%d plans, %d commands, 0 of %d acknowledged writes lost", len(s.ends), len(seen), s.load.Acked())
}

// killEverywhere kills the executor's process at every point of a move in turn,
// and starts it again, until a move has fewer points than that.
func (s *stand) killEverywhere() (kills int) {
	s.t.Helper()
	j := s.job
	j.Instance = "one" // a static member: its restart moves no partition
	for at := 1; ; at++ {
		j.StrikeAt = at
		cmd := j.start(s.t)
		p := s.submit("k" + strconv.Itoa(at))
		died := make(chan struct{})
		go func() { _ = cmd.Wait(); close(died) }()
		struck := false
		s.await(fmt.Sprintf("the strike at point %d", at), func() bool {
			select {
			case <-died:
				struck = true
			default:
			}
			return struck || s.ends[p.ID] != ""
		})
		if !struck {
			s.awaitEnd(p, model.PlanSucceeded)
			_ = cmd.Process.Kill() // it may die at this moment
			<-died
			return at - 1
		}
		j.StrikeAt = 0
		again := j.start(s.t)
		s.awaitEnd(p, model.PlanSucceeded)
		if err := again.Process.Kill(); err != nil {
			s.t.Fatal(err)
		}
		_ = again.Wait() // killed
	}
}

// TestExecutors runs everything that has to do with executors on one broker, side
// by side: most of the time is spent waiting.
func TestExecutors(t *testing.T) {
	servers.Need(t, "haproxy", "redis-server")
	up := servers.Start(t, 1)
	for name, test := range map[string]func(*testing.T, *servers.Servers){
		"KilledAtEveryPoint": killedAtEveryPoint, "TakenOver": takenOver, "Ordered": ordersThroughTheService,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, up)
		})
	}
}

// killedAtEveryPoint kills executors everywhere and sees them go on.
func killedAtEveryPoint(t *testing.T, up *servers.Servers) {
	for name, open := range map[string]func() (scene, error){
		"redis":   func() (scene, error) { return move.NewRedisSite(t.Context()) },
		"process": func() (scene, error) { return move.NewHTTPSite(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := open()
			if err != nil {
				t.Fatal(err)
			}
			st := newStand(t, up, name+".", s)
			kills := st.killEverywhere()
			st.check(false)
			if kills < 15 {
				t.Errorf("only %d points", kills)
			}
			t.Logf("killed at %d points", kills)
		})
	}
}
