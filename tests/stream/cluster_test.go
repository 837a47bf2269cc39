package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/embedded"
	"drover/tests/stream/servers"
)

// TestRedisCluster has the store on a Redis Cluster: first by itself, then below
// two stages while a master dies with what its replica had not heard of.
func TestRedisCluster(t *testing.T) {
	c := servers.StartCluster(t)
	states, err := store.Open(store.Config{Addresses: c.Addresses()[:2], Namespace: "t."})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = states.Close() })
	t.Run("states", func(t *testing.T) { clusterStates(t, states) })
	if n := c.Spread(); n != 3 {
		t.Errorf("the states lie on %d masters, want all 3", n)
	}
	t.Run("lost writes", func(t *testing.T) { lostWrites(t, c, states) })
	t.Run("forecasts", func(t *testing.T) { forecastsSurvive(t, c, states) })
}

// clusterStates saves, loads and fences states of many partitions, large ones
// too: each has its keys in one slot, or its script would be refused.
func clusterStates(t *testing.T, states *store.Store) {
	for n := range int32(24) {
		want := bytes.Repeat([]byte{byte(n)}, int(n%3)*(4<<20)+1)
		if err := states.Claim(t.Context(), "g", n, 5, false); err != nil {
			t.Fatal(err)
		}
		if err := states.Save(t.Context(), "g", n, 5, want); err != nil {
			t.Fatal(err)
		}
		got, found, err := states.Load(t.Context(), "g", n)
		if err != nil || !found || !bytes.Equal(got, want) {
			t.Fatalf("partition %d: %d bytes, found %v, %v; want %d", n, len(got), found, err, len(want))
		}
		if err := states.Save(t.Context(), "g", n, 4, nil); !errors.Is(err, store.ErrFenced) {
			t.Errorf("partition %d: an older owner: %v", n, err)
		}
		if n > 0 { // one stays per node, for Spread
			continue
		}
		if err := states.Drop(t.Context(), "g", n); err != nil {
			t.Error(err)
		}
	}
}

// lostWrites counts and checks across a fail-over.
func lostWrites(t *testing.T, c *servers.Cluster, states *store.Store) {
	broker := embedded.Broker(t)
	conn := apply(t, broker.Brokers(), stream.Plan{Partitions: stream.Partitions{ByKey: 4, ByFleet: 2}})
	p, err := stream.NewProducer(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	publish := func(from, to int64) {
		t.Helper()
		for at := from; at < to; at++ {
			for e := range 8 {
				m := model.Metric{Fleet: "f", Entity: model.EntityID(fmt.Sprint("server:", e)), At: model.Instant(at)}
				if err := p.Publish(t.Context(), stream.Metrics, "f", string(m.Entity), m); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	stop := runStages(t, conn, states)
	publish(0, 5)
	evaluations(t, conn, 40)
	partition := stream.Partition(stream.Forecasts, "f", "", 2)
	key := fmt.Sprintf("{drover:t.:%s:%d}", stream.Planner, partition)
	var before, after []byte
	c.FailOver(key, func() {
		publish(5, 10)
		evaluations(t, conn, 80)
		stop() // saves the last state, which the replica doesn't hear of
		before, _, err = states.Load(t.Context(), stream.Planner, partition)
	})
	if err != nil || len(before) == 0 {
		t.Fatalf("the state before: %d bytes, %v", len(before), err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) { // until the client has found the new master
		if after, _, err = states.Load(t.Context(), stream.Planner, partition); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if bytes.Equal(before, after) {
		t.Fatal("the fail-over has lost nothing: the test shows nothing")
	}
	stop = runStages(t, conn, states)
	defer stop()
	publish(10, 15)
	evaluations(t, conn, 120)
}

// runStages runs both stages in this process until stop, which waits for their
// orderly end.
func runStages(t *testing.T, conn *stream.Connection, states *store.Store) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for _, config := range []stream.Config{
		{Stage: stream.Forecaster, Topics: []string{stream.Metrics, stream.Paths, stream.Calls}, NewTask: newCounting},
		{Stage: stream.Planner, Topics: []string{stream.Forecasts}, NewTask: newChecking, Mode: stream.Transaction},
	} {
		config.Connection, config.Store, config.Fenced, config.SaveEvery = conn, states, store.ErrFenced, 100*time.Millisecond
		go func() { ended <- stream.Run(ctx, config) }()
	}
	return func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Errorf("a stage ended: %v", err)
			}
		}
	}
}
