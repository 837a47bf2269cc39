package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
	"drover/tests/stream/servers"
)

const entities = 24

// weather is a storm: processes and servers that are killed while records flow.
type weather struct {
	t      testing.TB
	rng    *rand.Rand
	conn   *stream.Connection
	up     *servers.Servers
	jobs   []job
	procs  []*exec.Cmd
	log    []string
	mu     sync.Mutex
	newest time.Time // when the last new evaluation came
	stall  time.Duration
	seen   map[string]int // evaluations by decision
	wrong  []string
}

func setting(name string, standard int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return standard
}

// TestStorm kills, pauses and restarts consumers, brokers and Redis while a
// producer sends numbered records through two stages, one in each mode. At the
// end every record has had its effect exactly once.
func TestStorm(t *testing.T) {
	kills, seed := setting("DROVER_STORM_KILLS", 10), setting("DROVER_STORM_SEED", 7)
	up := servers.Start(t, 3)
	conn := apply(t, up.Brokers, stream.Plan{Partitions: stream.Partitions{ByKey: 4, ByFleet: 2}, Replicas: 3, MinInSync: 2})
	w := &weather{t: t, rng: rand.New(rand.NewPCG(uint64(seed), 1)), conn: conn, up: up, seen: map[string]int{}, newest: time.Now()}
	for i := range 2 {
		for _, name := range []string{stream.Forecaster, stream.Planner} {
			j := job{Brokers: up.Brokers, Redis: up.Redis, Stage: name, Instance: fmt.Sprintf("%s-%d", name, i)}
			w.jobs, w.procs = append(w.jobs, j), append(w.procs, j.start(t))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watched := make(chan error, 1)
	go func() { watched <- conn.Tail(ctx, stream.FromStart, w.note, stream.Scenarios) }()
	stop, sent := make(chan struct{}), make(chan int64, 1)
	go w.produce(ctx, stop, sent)
	w.await("the first evaluations", func() bool { return len(w.seen) > entities })
	for range kills {
		w.strike()
		time.Sleep(time.Duration(500+w.rng.IntN(2500)) * time.Millisecond)
	}
	if err := up.Up(); err != nil {
		t.Fatal(err)
	}
	close(stop)
	rounds := <-sent
	w.await("every record's evaluation", func() bool { return int64(len(w.seen)) >= rounds*entities })
	time.Sleep(time.Second) // for what might come twice
	cancel()
	if err := <-watched; err != nil {
		t.Error(err)
	}
	w.report(seed, kills, rounds)
}

// note keeps what a reader of the last topic sees.
func (w *weather) note(e stream.Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := e.Event.(model.Evaluation)
	if !ok {
		return fmt.Errorf("read %+v: %w", e, e.Err)
	}
	w.seen[v.Decision]++
	if v.Reason != "" {
		w.wrong = append(w.wrong, v.Reason)
	}
	now := time.Now()
	w.stall, w.newest = max(w.stall, now.Sub(w.newest)), now
	return nil
}

func (w *weather) await(what string, done func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(4 * time.Minute)
	for {
		w.mu.Lock()
		ok, n := done(), len(w.seen)
		w.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s did not come: %d so far, after\n%v", what, n, w.log)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// produce sends one record an entity, round after round, and tells how many
// rounds were acknowledged.
func (w *weather) produce(ctx context.Context, stop chan struct{}, sent chan int64) {
	p, err := stream.NewProducer(w.conn)
	if err != nil {
		w.t.Error(err)
		sent <- 0
		return
	}
	defer p.Close()
	for round := int64(1); ; round++ {
		var out []stage.Emission
		for i := range entities {
			fleet, entity := model.FleetID(fmt.Sprintf("f%d", i%3)), model.EntityID(fmt.Sprintf("server:%d", i))
			out = append(out, stage.Emission{Topic: stream.Metrics, Fleet: fleet, Key: string(entity), Partition: stage.ByKey,
				Event: model.Metric{Fleet: fleet, Entity: entity, At: model.Instant(round), Producer: "storm"}})
		}
		if err := p.PublishAll(ctx, out); err != nil && !errors.Is(err, context.Canceled) {
			w.t.Errorf("round %d: %v", round, err)
		}
		select {
		case <-stop:
			sent <- round
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// strike does one harm.
func (w *weather) strike() {
	w.t.Helper()
	what := ""
	var err error
	switch n := w.rng.IntN(10); {
	case n < 4:
		i := w.rng.IntN(len(w.jobs))
		what = "kill -9 " + w.jobs[i].Instance
		_ = w.procs[i].Process.Kill()
		_ = w.procs[i].Wait()
		w.procs[i] = w.jobs[i].start(w.t)
	case n < 6:
		i := w.rng.IntN(len(w.jobs))
		what = "pause " + w.jobs[i].Instance + " past its session"
		process := w.procs[i].Process
		err = process.Signal(syscall.SIGSTOP)
		time.Sleep(12 * time.Second)
		err = errors.Join(err, process.Signal(syscall.SIGCONT))
	case n < 8:
		i := 1 + w.rng.IntN(3)
		what = fmt.Sprintf("kill -9 broker %d", i)
		err = w.up.KillBroker(i)
		time.Sleep(time.Duration(w.rng.IntN(3000)) * time.Millisecond)
		err = errors.Join(err, w.up.Up())
	default:
		what = "kill -9 redis"
		err = w.up.KillRedis()
		time.Sleep(time.Duration(w.rng.IntN(2000)) * time.Millisecond)
		err = errors.Join(err, w.up.Up())
	}
	w.log = append(w.log, what)
	w.t.Log(what)
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// report compares with what an undisturbed run gives, and prints one JSON line.
func (w *weather) report(seed, kills int, rounds int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lost, twice := 0, 0
	for i := range entities {
		for round := int64(1); round <= rounds; round++ {
			switch n := w.seen[fmt.Sprintf("server:%d#%d", i, round)]; {
			case n == 0:
				lost++
			case n > 1:
				twice++
			}
		}
	}
	dead := 0
	if err := w.conn.ReadAll(w.t.Context(), func(stream.Entry) error { dead++; return nil }, stream.DeadLetters); err != nil {
		w.t.Error(err)
	}
	line, err := json.Marshal(map[string]any{"seed": seed, "kills": kills, "records": rounds * entities, "lost": lost, "duplicated": twice,
		"differences": len(w.wrong) + dead, "longest_stall_s": w.stall.Seconds()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Logf("%s", line)
	if lost+twice+len(w.wrong)+dead > 0 {
		w.t.Errorf("lost %d, twice %d, wrong %v, dead letters %d", lost, twice, w.wrong, dead)
	}
}
