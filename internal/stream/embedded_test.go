package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
)

// connect starts a broker within the process, with all topics.
func connect(t testing.TB) *Connection {
	t.Helper()
	conn, _ := connectBroker(t)
	return conn
}

func connectBroker(t testing.TB) (*Connection, *Embedded) {
	t.Helper()
	broker, err := StartEmbedded("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	conn := dial(t, broker.Brokers()...)
	admin, err := NewAdmin(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.Apply(t.Context(), Plan{Partitions: Partitions{ByKey: 4, ByFleet: 2}}); err != nil {
		t.Fatal(err)
	}
	return conn, broker
}

func dial(t testing.TB, brokers ...string) *Connection {
	t.Helper()
	registry, err := OpenFileRegistry("", "t.")
	if err != nil {
		t.Fatal(err)
	}
	settings := Settings{Brokers: brokers, Prefix: "t.", Registry: registry}
	if os.Getenv("DROVER_TEST_LOG") != "" {
		settings.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	conn, err := Connect(context.Background(), settings)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func producer(t testing.TB, conn *Connection) *Producer {
	t.Helper()
	p, err := NewProducer(conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

var errFenced = errors.New("fenced")

// states is a StateStore in memory.
type states struct {
	mu     sync.Mutex
	epochs map[string]int64
	states map[string][]byte
	saves  int
	down   bool
}

func newStates() *states { return &states{epochs: map[string]int64{}, states: map[string][]byte{}} }

func (s *states) key(group string, n int32) string { return fmt.Sprint(group, "/", n) }

func (s *states) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *states) Claim(_ context.Context, group string, n int32, epoch int64, force bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errors.New("down")
	}
	if k := s.key(group, n); epoch >= s.epochs[k] || force {
		s.epochs[k] = epoch
		return nil
	}
	return errFenced
}

func (s *states) Save(_ context.Context, group string, n int32, epoch int64, state []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.key(group, n)
	switch {
	case s.down:
		return errors.New("down")
	case epoch < s.epochs[k]:
		return errFenced
	}
	s.epochs[k], s.states[k] = epoch, slices.Clone(state)
	s.saves++
	return nil
}

func (s *states) Load(_ context.Context, group string, n int32) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, false, errors.New("down")
	}
	state, ok := s.states[s.key(group, n)]
	return slices.Clone(state), ok, nil
}

// counting is a direct task: it counts what it reads of each entity and emits
// the count with every metric, as a forecast.
type counting struct {
	stage.Positions
	Counts map[string]int64
}

func newCounting(int32) stage.Task {
	return &counting{Positions: stage.Positions{}, Counts: map[string]int64{}}
}

func (c *counting) Full(string) bool { return false }

func (c *counting) Handle(rec stage.Record) ([]stage.Emission, error) {
	if !c.Fold(rec) {
		return nil, nil
	}
	m, ok := rec.Event.(model.Metric)
	if !ok {
		return nil, nil
	}
	if len(m.Samples) == 0 {
		return nil, stage.Reject("value", "no samples")
	}
	c.Counts[string(m.Entity)]++
	n := c.Counts[string(m.Entity)]
	return []stage.Emission{{Topic: Forecasts, Fleet: m.Fleet, Key: string(m.Entity), Partition: stage.ByKey,
		Event: model.Forecast{Fleet: m.Fleet, Entity: m.Entity, Samples: n}}}, nil
}

func (c *counting) AppendSnapshot(b []byte) ([]byte, error) {
	s, err := json.Marshal(c)
	return append(b, s...), err
}

func (c *counting) Restore(b []byte) error { return json.Unmarshal(b, c) }

// start runs a stage until the returned function is called, which returns Run's
// error.
func start(t testing.TB, config Config) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, config) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() {
			cancel()
			select {
			case err = <-done:
			case <-time.After(2 * time.Minute):
				err = errors.New("the loop does not end")
			}
		})
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func metricOf(entity string, at int64) model.Metric {
	return model.Metric{Fleet: "f", Entity: model.EntityID(entity), At: model.Instant(at), Producer: "test",
		Samples: []model.Sample{{Resource: model.CPU, Value: float64(at)}}}
}

// await reads topics until n entries pass the filter, and returns these.
func await(t testing.TB, conn *Connection, n int, keep func(Entry) bool, topics ...string) []Entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out []Entry
	enough := errors.New("enough")
	err := conn.Tail(ctx, FromStart, func(e Entry) error {
		if keep == nil || keep(e) {
			out = append(out, e)
		}
		if len(out) == n {
			return enough
		}
		return nil
	}, topics...)
	if !errors.Is(err, enough) {
		t.Fatalf("%d of %d records came on %v: %v", len(out), n, topics, err)
	}
	return out
}
