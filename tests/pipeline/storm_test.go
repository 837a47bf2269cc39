package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/child"
	"drover/tests/stream/servers"
)

// stormServices are the stages, each of which runs twice.
var stormServices = []string{"forecaster", "planner", "executor"}

const (
	stormPrefix   = "storm."
	stormPatience = 90 * time.Second // without any progress
)

func setting(name string, standard int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return standard
}

// TestStorm runs the four programs (the stages twice each) on three brokers and
// Redis, kills, pauses and cuts off all of them at moments that the seed
// chooses, and demands that the graph, forecasts, evaluations, plans, steps,
// outcomes, the fleets' placements, the plans' ends and the dead letters are
// those of a run in memory that nothing disturbed.
func TestStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short starts no servers")
	}
	kills, seed := setting("DROVER_STORM_KILLS", 10), setting("DROVER_STORM_SEED", 7)
	minutes := max(40, 6*kills)
	s := write(t, uint64(seed), minutes)
	t.Logf("seed %d: %d decisions, %d plans that ended: %v", seed, s.ticks*len(stormFleets), len(s.want.ends), s.want.ends)

	w := &weather{rng: rand.New(rand.NewPCG(uint64(seed), 1)), services: map[string][]*child.Process{}}
	w.up, w.kafka, w.redis = servers.StartBehind(t, 3)
	conn := stormTopics(t, w.up.Brokers)
	address := startPrograms(t, w)
	watch := newWatch(t, conn)
	feed := newFeeder(address)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(35+2*kills)*time.Minute)
	defer cancel()
	if err := feed.send(ctx, s.moments[0]); err != nil {
		t.Fatal(err)
	}
	storm := storm{t: t, weather: w, kills: kills, poison: newPoison(t, conn, w.up.Brokers)}
	if kills > 0 {
		storm.fed = make(chan struct{}, len(s.moments))
	}
	sent := make(chan error, 1)
	go func() { sent <- feed.all(ctx, s.moments[1:], storm.fed) }()
	storm.rage(ctx)
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	compared := settle(ctx, t, conn, s.want, &storm)
	storm.report(seed, feed.again, watch.longest(feed), compared)
}

// stormTopics creates the topics on three brokers.
func stormTopics(t *testing.T, brokers []string) *stream.Connection {
	t.Helper()
	registry, err := stream.OpenFileRegistry("", stormPrefix)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := stream.Connect(t.Context(), stream.Settings{Brokers: brokers, Prefix: stormPrefix, Registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := stream.NewAdmin(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		_, err := admin.Apply(t.Context(), stream.Plan{Partitions: stream.Partitions{ByKey: 6, ByFleet: 3}, Replicas: 3, MinInSync: 2})
		if err == nil {
			return conn
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // the cluster is still finding its members
	}
}

// startPrograms starts ingest and the services, and returns where ingest listens.
func startPrograms(t *testing.T, w *weather) string {
	t.Helper()
	where := []string{"--brokers", w.up.Brokers[0] + "," + w.up.Brokers[1] + "," + w.up.Brokers[2], "--redis", w.up.Redis, "--prefix", stormPrefix}
	address := child.FreeAddress(t)
	w.ingest = start(t, "ingest", append([]string{"--listen", address, "--clock", "sender", "--producer", stormProducer,
		"--credentials", credentials(t, stormFleets), "--log-level", "warn"}, where...)...)
	for _, name := range stormServices {
		for i := range 2 {
			args := append([]string{"--listen", "127.0.0.1:0", "--instance", fmt.Sprintf("%s-%d", name, i)}, where...)
			w.services[name] = append(w.services[name], start(t, name, append(args, stormFlags()...)...))
		}
	}
	return address
}

// storm is one run of harms.
type storm struct {
	t       *testing.T
	weather *weather
	kills   int
	poison  *poison
	fed     chan struct{} // lets one more moment be sent
	log     []string
}

// rage harms until there were enough kills, and lets the feeder go on meanwhile.
func (s *storm) rage(ctx context.Context) {
	s.t.Helper()
	if s.kills == 0 {
		return
	}
	calm := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-calm:
				close(s.fed) // the rest at once
				return
			case <-time.After(1500 * time.Millisecond):
				select {
				case s.fed <- struct{}{}:
				default: // everything has been sent
				}
			}
		}
	})
	for n, killed := 0, 0; killed < s.kills; n++ {
		if n%4 == 0 {
			if err := s.poison.drop(ctx, n); err != nil {
				s.t.Fatal(err)
			}
		}
		time.Sleep(300*time.Millisecond + s.weather.upTo(3*time.Second))
		s.allLive()
		h := s.weather.next()
		s.t.Log(time.Now().Format("15:04:05.0"), h.what)
		s.log = append(s.log, h.what)
		if err := h.do(); err != nil {
			s.t.Fatalf("%s: %v", h.what, err)
		}
		if h.kill {
			killed++
		}
	}
	if err := s.weather.up.Up(); err != nil {
		s.t.Fatal(err)
	}
	close(calm)
	group.Wait()
}

// all sends moments as gate lets it; nil lets everything through.
func (f *feeder) all(ctx context.Context, moments []moment, gate <-chan struct{}) error {
	for _, m := range moments {
		if gate != nil {
			<-gate
		}
		if err := f.send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// settle reads everything, again and again until nothing is missing or patience
// ends, and once more a moment later for what might come twice.
func settle(ctx context.Context, t *testing.T, conn *stream.Connection, want *ledger, s *storm) comparison {
	t.Helper()
	deadline := time.Now().Add(stormPatience)
	var before comparison
	for calm := false; ; {
		got := newLedger()
		if err := conn.ReadAll(ctx, got.read, outputs...); err != nil {
			t.Fatal(err)
		}
		c := got.against(want)
		if err := s.poison.compare(ctx, &c); err != nil {
			t.Fatal(err)
		}
		done := c.lost == 0 && c.differences == 0
		if !done && (c.lost != before.lost || c.differences != before.differences) { // it moves
			before, deadline = c, time.Now().Add(stormPatience)
		}
		if calm || time.Now().After(deadline) {
			return c
		}
		s.allLive()
		calm = done
		time.Sleep(2 * time.Second)
	}
}

// allLive demands that no program has ended by itself.
func (s *storm) allLive() {
	s.t.Helper()
	for _, p := range s.weather.all() {
		if !p.Alive() {
			s.t.Fatalf("%s has ended: %v", p.Name, p.Err())
		}
	}
}

// report prints the one line that is asked for.
func (s *storm) report(seed, again int, stall time.Duration, c comparison) {
	s.t.Helper()
	line, err := json.Marshal(map[string]any{"seed": seed, "kills": s.kills, "harms": len(s.log), "sent_again": again, "poison": len(s.poison.want),
		"lost": c.lost, "duplicated": c.duplicated, "differences": c.differences, "longest_stall_s": float64(stall.Milliseconds()) / 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("%s", line)
	if c.lost+c.duplicated+c.differences > 0 {
		for _, e := range c.examples {
			s.t.Log(e)
		}
		s.t.Errorf("lost %d, duplicated %d, differences %d after %v", c.lost, c.duplicated, c.differences, s.log)
	}
}

// watch notes when each decision was first seen.
type watch struct {
	mu   sync.Mutex
	seen map[model.Instant]map[model.FleetID]time.Time
}

func newWatch(t *testing.T, conn *stream.Connection) *watch {
	w := &watch{seen: map[model.Instant]map[model.FleetID]time.Time{}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- conn.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
			if v, ok := e.Event.(model.Evaluation); ok {
				w.note(v)
			}
			return nil
		}, stream.Scenarios)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *watch) note(v model.Evaluation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[v.Tick] == nil {
		w.seen[v.Tick] = map[model.FleetID]time.Time{}
	}
	if _, seen := w.seen[v.Tick][v.Fleet]; !seen {
		w.seen[v.Tick][v.Fleet] = time.Now()
	}
}

// longest returns the longest time between the moment at which everything for a
// decision had been taken in, and the decision.
func (w *watch) longest(f *feeder) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	var most time.Duration
	for tick, fleets := range w.seen {
		for _, at := range fleets {
			if acked, ok := f.acked[tick]; ok {
				most = max(most, at.Sub(acked))
			}
		}
	}
	return most
}
