package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"drover/internal/stage"
)

// owners notes who owns what, and when two own the same.
type owners struct {
	mu    sync.Mutex
	of    map[int32]string
	wrong []string
}

func (o *owners) hooks(name string) (func(Assignment), func(int32)) {
	return func(a Assignment) {
			o.mu.Lock()
			defer o.mu.Unlock()
			if other := o.of[a.Partition]; other != "" {
				o.wrong = append(o.wrong, fmt.Sprintf("%s got %d, which is %s's", name, a.Partition, other))
			}
			if a.Epoch <= 0 {
				o.wrong = append(o.wrong, fmt.Sprintf("%s got %d with epoch %d", name, a.Partition, a.Epoch))
			}
			o.of[a.Partition] = name
		}, func(n int32) {
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.of[n] != name {
				o.wrong = append(o.wrong, fmt.Sprintf("%s gave up %d, which is %s's", name, n, o.of[n]))
			}
			delete(o.of, n)
		}
}

// spread returns how many partitions each member has, sorted.
func (o *owners) spread() []int {
	o.mu.Lock()
	defer o.mu.Unlock()
	count := map[string]int{}
	for _, name := range o.of {
		count[name]++
	}
	var out []int
	for _, n := range count {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func (o *owners) await(t *testing.T, want ...int) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !slices.Equal(o.spread(), want) {
		if time.Now().After(deadline) {
			t.Fatalf("partitions a member %v, want %v", o.spread(), want)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestMembersShareAndHandOver(t *testing.T) {
	for _, classic := range []bool{false, true} {
		t.Run(fmt.Sprintf("classic=%v", classic), func(t *testing.T) {
			conn := connect(t)
			p := producer(t, conn)
			store, own := newStates(), &owners{of: map[int32]string{}}
			run := func(name string) func() error {
				assigned, revoked := own.hooks(name)
				return start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics, Paths, Calls}, NewTask: newCounting,
					Store: store, Fenced: errFenced, SaveEvery: 30 * time.Millisecond, Classic: classic, SessionTimeout: 6 * time.Second,
					OnAssigned: assigned, OnRevoked: revoked})
			}
			send := func(round int64) {
				t.Helper()
				var out []stage.Emission
				for i := range 8 {
					entity := fmt.Sprintf("server:%d", i)
					out = append(out, stage.Emission{Topic: Metrics, Fleet: "f", Key: entity, Partition: stage.ByKey, Event: metricOf(entity, round)})
				}
				if err := p.PublishAll(t.Context(), out); err != nil {
					t.Fatal(err)
				}
			}
			stopA := run("a")
			own.await(t, 4)
			send(1)
			stopB := run("b")
			own.await(t, 2, 2)
			send(2)
			stopC := run("c")
			own.await(t, 1, 1, 2)
			send(3)
			for _, stop := range []func() error{stopA, stopB} {
				if err := stop(); err != nil {
					t.Fatal(err)
				}
			}
			own.await(t, 4)
			send(4)
			await(t, conn, 1, lastCount(8, 4), Forecasts)
			if err := stopC(); err != nil {
				t.Fatal(err)
			}
			if len(own.wrong) > 0 {
				t.Errorf("%v", own.wrong)
			}
			// An orderly hand-over repeats nothing.
			n := 0
			if err := conn.ReadAll(t.Context(), func(Entry) error { n++; return nil }, Forecasts); err != nil {
				t.Fatal(err)
			}
			if n != 32 {
				t.Errorf("%d forecasts, want 32", n)
			}
		})
	}
}

// TestAnOlderOwnerChangesNothing gives a state a newer owner behind the loop's
// back, as when a paused process wakes up.
func TestAnOlderOwnerChangesNothing(t *testing.T) {
	conn := connect(t)
	p := producer(t, conn)
	store := newStates()
	revoked := make(chan int32, 8)
	start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics}, NewTask: newCounting, Store: store,
		Fenced: errFenced, SaveEvery: 20 * time.Millisecond, OnRevoked: func(n int32) { revoked <- n }})
	if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
		t.Fatal(err)
	}
	await(t, conn, 1, nil, Forecasts)
	n := Partition(Metrics, "f", "server:a", 4)
	if err := store.Claim(context.Background(), Forecaster, n, 1000, false); err != nil {
		t.Fatal(err)
	}
	before, _, err := store.Load(context.Background(), Forecaster, n)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 2)); err != nil {
		t.Fatal(err)
	}
	if got := <-revoked; got != n {
		t.Errorf("gave up %d, want %d", got, n)
	}
	after, _, err := store.Load(context.Background(), Forecaster, n)
	if err != nil || !slices.Equal(before, after) && len(before) > 0 {
		t.Errorf("the state changed (%v)", err)
	}
}

// TestAGroupThatCountsAnewIsLetIn: its epochs begin at 1 again, below what the
// store remembers, and Kafka's word decides.
func TestAGroupThatCountsAnewIsLetIn(t *testing.T) {
	conn := connect(t)
	store := newStates()
	for n := range int32(4) {
		if err := store.Claim(context.Background(), Forecaster, n, 1000, false); err != nil {
			t.Fatal(err)
		}
	}
	own := &owners{of: map[int32]string{}}
	assigned, revoked := own.hooks("a")
	start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics}, NewTask: newCounting, Store: store,
		Fenced: errFenced, OnAssigned: assigned, OnRevoked: revoked})
	own.await(t, 4)
}

func TestADeadStoreStopsProgressNotTheProcess(t *testing.T) {
	conn := connect(t)
	p := producer(t, conn)
	store := newStates()
	store.setDown(true)
	start(t, Config{Connection: conn, Stage: Planner, Topics: []string{Metrics}, NewTask: newCounting, Store: store,
		Fenced: errFenced, Mode: Transaction})
	if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	store.setDown(false)
	await(t, conn, 1, nil, Forecasts)
	store.setDown(true)
	if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 2)); err != nil {
		t.Fatal(err)
	}
	await(t, conn, 2, nil, Forecasts) // the transaction needs no store
	if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 3)); err != nil {
		t.Fatal(err)
	}
	store.setDown(false)
	await(t, conn, 3, nil, Forecasts)
}

func TestRunRefusesAConfigurationThatCannotWork(t *testing.T) {
	conn := connect(t)
	for name, config := range map[string]Config{
		"nothing":          {},
		"no topics":        {Connection: conn, NewTask: newCounting, Store: newStates(), Stage: "s"},
		"an unknown topic": {Connection: conn, NewTask: newCounting, Store: newStates(), Stage: "s", Topics: []string{"x"}},
	} {
		if err := Run(t.Context(), config); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
