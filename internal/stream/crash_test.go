package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
)

// mortal is a store whose user can be killed: from then on nothing is saved,
// however orderly the loop goes on.
type mortal struct {
	*states
	dead atomic.Bool
}

func (m *mortal) Save(ctx context.Context, group string, n int32, epoch int64, state []byte) error {
	if m.dead.Load() {
		return errFenced
	}
	return m.states.Save(ctx, group, n, epoch, state)
}

// ticking is an aligned task's inside: it tells what each tick was given.
type ticking struct {
	partition int32
	Total     int64
}

func newTicking(partition int32) stage.Task {
	return stage.NewAligner(stage.AlignerConfig{Partition: partition, Interval: 5 * time.Second, MaxAhead: 40,
		Inputs: []stage.Input{{Topic: Servers}, {Topic: Applications}}}, &ticking{partition: partition})
}

func (k *ticking) Tick(at model.Instant, records []stage.Record, inputs []model.InputOffset) ([]stage.Emission, error) {
	seen := ""
	for _, r := range records {
		k.Total++
		seen += fmt.Sprintf("%s@%d ", r.Topic, r.Offset)
	}
	fleet := model.FleetID(fmt.Sprintf("part-%d", k.partition))
	var out []stage.Emission
	for i := range 1 + k.Total%2 {
		out = append(out, stage.Emission{Topic: Scenarios, Fleet: fleet, Key: at.String(), Partition: stage.ByKey,
			Event: model.Evaluation{Fleet: fleet, Tick: at, Reason: seen, Decision: fmt.Sprint(k.Total, "/", i), Inputs: inputs}})
	}
	return out, nil
}

func (k *ticking) AppendSnapshot(b []byte) ([]byte, error) {
	s, err := json.Marshal(k)
	return append(b, s...), err
}

func (k *ticking) Restore(b []byte) error { return json.Unmarshal(b, k) }

// feedServers publishes servers and applications with heartbeats, a little at a time.
func feedServers(t testing.TB, p *Producer, from, to int64) {
	t.Helper()
	for at := from; at < to; at++ {
		var out []stage.Emission
		for i := range at%3 + 1 {
			id := fmt.Sprintf("s%d", i)
			fleet := model.FleetID(fmt.Sprintf("fleet%d", i))
			out = append(out,
				stage.Emission{Topic: Servers, Fleet: fleet, Key: id, Partition: stage.ByKey, Event: model.Server{Fleet: fleet, ID: model.ServerID(id), At: model.Instant(at * 1000)}},
				stage.Emission{Topic: Applications, Fleet: fleet, Key: id, Partition: stage.ByKey, Event: model.Application{Fleet: fleet, ID: model.ApplicationID(id), At: model.Instant(at * 1000)}})
		}
		beat := model.Heartbeat{Producer: "p", At: model.Instant(at * 1000)}
		out = append(out, stage.Emission{Topic: Servers, Fleet: "f", Partition: stage.EveryPartition, Event: beat})
		if at%4 != 0 {
			out = append(out, stage.Emission{Topic: Applications, Fleet: "f", Partition: stage.EveryPartition, Event: beat})
		}
		if err := p.PublishAll(t.Context(), out); err != nil {
			t.Fatal(err)
		}
	}
}

// evaluations returns what stands in the scenarios topic, by fleet.
func evaluations(t testing.TB, conn *Connection) map[model.FleetID][]model.Evaluation {
	t.Helper()
	out := map[model.FleetID][]model.Evaluation{}
	err := conn.ReadAll(t.Context(), func(e Entry) error {
		if e.Err != nil {
			return e.Err
		}
		out[e.Fleet] = append(out[e.Fleet], e.Event.(model.Evaluation))
		return nil
	}, Scenarios)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const ticksUpTo = 120 // seconds of events

// settled waits until the last tick of both parts has been published.
func settled(t testing.TB, conn *Connection) {
	t.Helper()
	last := map[model.FleetID]bool{}
	await(t, conn, 1, func(e Entry) bool {
		v, ok := e.Event.(model.Evaluation)
		if ok && v.Tick == model.Instant((ticksUpTo-5)*1000) {
			last[v.Fleet] = true
		}
		return len(last) == 2
	}, Scenarios)
}

func TestTransactionsSurviveCrashes(t *testing.T) {
	config := func(conn *Connection, store StateStore) Config {
		return Config{Connection: conn, Stage: Planner, Topics: []string{Servers, Applications}, NewTask: newTicking,
			Mode: Transaction, Store: store, Fenced: errFenced, SaveEvery: 20 * time.Millisecond, MaxPoll: 17}
	}
	calm := connect(t)
	start(t, config(calm, newStates()))
	feedServers(t, producer(t, calm), 1, ticksUpTo+1)
	settled(t, calm)
	want := evaluations(t, calm)

	rng := rand.New(rand.NewPCG(11, 1))
	for _, loseStates := range []bool{false, true} {
		conn := connect(t)
		p := producer(t, conn)
		kept := newStates()
		at := int64(1)
		for at <= ticksUpTo {
			store := &mortal{states: kept}
			stop := start(t, config(conn, store))
			to := min(at+5+rng.Int64N(25), ticksUpTo+1)
			feedServers(t, p, at, to)
			at = to
			time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond)
			store.dead.Store(true)
			time.Sleep(time.Duration(rng.IntN(30)) * time.Millisecond)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if loseStates {
				kept = newStates()
			}
		}
		start(t, config(conn, kept))
		settled(t, conn)
		if got := evaluations(t, conn); !reflect.DeepEqual(got, want) {
			for n := range want {
				for i := range min(len(got[n]), len(want[n])) {
					if !reflect.DeepEqual(got[n][i], want[n][i]) {
						t.Fatalf("lost states %v: fleet %s, evaluation %d of %d (%d wanted):\n got %+v\nwant %+v", loseStates, n, i, len(got[n]), len(want[n]), got[n][i], want[n][i])
					}
				}
				t.Errorf("lost states %v: fleet %s has %d evaluations, want %d", loseStates, n, len(got[n]), len(want[n]))
			}
		}
	}
}

func TestSnapshotsSurviveCrashes(t *testing.T) {
	t.Run("counted at once", func(t *testing.T) { snapshotsSurvive(t, newCounting) })
	t.Run("counted piece by piece", func(t *testing.T) { snapshotsSurvive(t, newLater) })
}

func snapshotsSurvive(t *testing.T, newTask func(int32) stage.Task) {
	const entities, rounds = 12, 40
	conn := connect(t)
	p := producer(t, conn)
	rng := rand.New(rand.NewPCG(12, 1))
	config := func(store StateStore) Config {
		return Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics, Paths, Calls}, NewTask: newTask,
			Mode: Snapshot, Store: store, Fenced: errFenced, SaveEvery: 15 * time.Millisecond}
	}
	kept := newStates()
	for round := int64(1); round <= rounds; {
		store := &mortal{states: kept}
		stop := start(t, config(store))
		for last := min(round+rng.Int64N(12), rounds); round <= last; round++ {
			var out []stage.Emission
			for i := range entities {
				entity := fmt.Sprintf("server:%d", i)
				out = append(out, stage.Emission{Topic: Metrics, Fleet: "f", Key: entity, Partition: stage.ByKey, Event: metricOf(entity, round)})
			}
			if err := p.PublishAll(t.Context(), out); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Duration(rng.IntN(40)) * time.Millisecond)
		store.dead.Store(true)
		time.Sleep(time.Duration(rng.IntN(40)) * time.Millisecond)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if rng.IntN(4) == 0 {
			kept = newStates() // the store forgot everything
		}
	}
	start(t, config(kept))
	// A second stage reads the forecasts and must see each count once, in order.
	counts := newStates()
	start(t, Config{Connection: conn, Stage: Planner, Topics: []string{Forecasts}, NewTask: newChecking,
		Mode: Transaction, Store: counts, Fenced: errFenced, SaveEvery: 15 * time.Millisecond})
	done := 0
	for _, e := range await(t, conn, 1, func(e Entry) bool {
		if v, ok := e.Event.(model.Evaluation); ok && v.Decision == fmt.Sprint(rounds) {
			done++
		}
		return done == entities
	}, Scenarios) {
		_ = e
	}
	for n, list := range evaluations(t, conn) {
		for _, v := range list {
			if v.Reason != "" {
				t.Errorf("fleet %s: %s", n, v.Reason)
			}
		}
	}
}

// checking emits what it finds wrong in a sequence of counts.
type checking struct {
	stage.Positions
	Last map[model.EntityID]int64
}

func newChecking(int32) stage.Task {
	return &checking{Positions: stage.Positions{}, Last: map[model.EntityID]int64{}}
}

func (c *checking) Full(string) bool { return false }

func (c *checking) Handle(rec stage.Record) ([]stage.Emission, error) {
	f, ok := rec.Event.(model.Forecast)
	if !c.Fold(rec) || !ok {
		return nil, nil
	}
	v := model.Evaluation{Fleet: "f", Decision: fmt.Sprint(f.Samples)}
	if f.Samples != c.Last[f.Entity]+1 {
		v.Reason = fmt.Sprintf("%s: %d after %d", f.Entity, f.Samples, c.Last[f.Entity])
	}
	c.Last[f.Entity] = f.Samples
	return []stage.Emission{{Topic: Scenarios, Fleet: "f", Key: string(f.Entity), Partition: stage.ByKey, Event: v}}, nil
}

func (c *checking) AppendSnapshot(b []byte) ([]byte, error) {
	s, err := json.Marshal(c)
	return append(b, s...), err
}

func (c *checking) Restore(b []byte) error { return json.Unmarshal(b, c) }
