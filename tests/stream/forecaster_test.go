package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"drover/internal/forecaster"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/embedded"
	"drover/tests/stream/servers"
)

// realPartitions is how many partitions the forecaster of forecasting has.
const realPartitions = 2

// forecasting is the real forecaster on a log of its own, with its state in a group
// of its own.
type forecasting struct {
	t      *testing.T
	conn   *stream.Connection
	sender *stream.Producer
	states *store.Store
	config forecaster.Config
	group  string
	minute int64
}

func newForecasting(t *testing.T, states *store.Store, group string) *forecasting {
	t.Helper()
	f := &forecasting{t: t, states: states, config: forecaster.DefaultConfig(), group: group,
		conn: apply(t, embedded.Broker(t).Brokers(), stream.Plan{Partitions: stream.Partitions{ByKey: realPartitions, ByFleet: 1}})}
	f.config.MetricPartitions, f.config.CallPartitions, f.config.PathPartitions = realPartitions, realPartitions, realPartitions
	var err error
	if f.sender, err = stream.NewProducer(f.conn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.sender.Close)
	return f
}

// run runs the forecaster until stop, which waits for its orderly end.
func (f *forecasting) run() (stop func()) {
	ctx, cancel := context.WithCancel(f.t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- stream.Run(ctx, stream.Config{Connection: f.conn, Stage: stream.Forecaster, Group: f.group, Topics: forecaster.Topics(),
			Store: f.states, Fenced: store.ErrFenced, SaveEvery: 100 * time.Millisecond,
			NewTask: func(p int32) stage.Task { return forecaster.NewTask(&f.config, p) }})
	}()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			f.t.Errorf("the forecaster ended: %v", err)
		}
	}
}

// send sends so many minutes of eight servers, with a heartbeat after each.
func (f *forecasting) send(minutes int) {
	f.t.Helper()
	for range minutes {
		f.minute++
		at := model.Instant(1_790_000_100_000).Add(time.Duration(f.minute) * time.Minute)
		for s := range int64(8) {
			m := model.Metric{Fleet: "f", Entity: model.EntityID(fmt.Sprint("server:", s)), At: at, Producer: "p",
				Samples: []model.Sample{{Resource: model.CPU, Value: float64(100 + (f.minute*7+s*13)%50)}}}
			if err := f.sender.Publish(f.t.Context(), stream.Metrics, "f", string(m.Entity), m); err != nil {
				f.t.Fatal(err)
			}
		}
		if err := f.sender.Heartbeat(f.t.Context(), stream.Metrics, "", model.Heartbeat{Producer: "p", At: at}); err != nil {
			f.t.Fatal(err)
		}
	}
}

// made reads a topic from its start until fn has seen enough.
func (f *forecasting) made(topic string, fn func(stream.Entry) (enough bool)) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 2*time.Minute)
	defer cancel()
	done := errors.New("enough")
	err := f.conn.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		if fn(e) {
			return done
		}
		return nil
	}, topic)
	if !errors.Is(err, done) {
		f.t.Fatalf("%s: not all came: %v", topic, err)
	}
}

// due computes in memory what the log says is to be forecast, by id: the bytes.
func (f *forecasting) due() map[string][]byte {
	f.t.Helper()
	tasks, out := map[int32]stage.Task{}, map[string][]byte{}
	heartbeats := 0
	f.made(stream.Metrics, func(e stream.Entry) bool {
		task := tasks[e.Partition]
		if task == nil {
			task = forecaster.NewTask(&f.config, e.Partition)
			tasks[e.Partition] = task
		}
		emissions, err := task.Handle(stage.Record{Topic: e.Topic, Partition: e.Partition, Offset: e.Offset, Event: e.Event})
		if err != nil {
			f.t.Fatal(err)
		}
		err = stage.Each(emissions, func(first int, piece []stage.Emission) error {
			for i := range piece {
				made := &piece[i]
				value, err := f.conn.Codec().Encode(made.Topic, made.Fleet, made.Content())
				if _, marker := made.Event.(model.Marker); !marker {
					out[fmt.Sprintf("%s/%s/%d@%d#%d", stream.Forecaster, stream.Metrics, e.Partition, e.Offset, first+i)] = value
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			f.t.Fatal(err)
		}
		if _, ok := e.Event.(model.Heartbeat); ok {
			heartbeats++
		}
		return heartbeats == int(f.minute)*realPartitions
	})
	return out
}

// check waits until every forecast that is due has come, and compares its bytes.
func (f *forecasting) check() {
	f.t.Helper()
	due := f.due()
	left, repeats := len(due), 0
	seen := map[string]bool{}
	f.made(stream.Forecasts, func(e stream.Entry) bool {
		if _, ok := e.Event.(model.Forecast); !ok {
			return left == 0
		}
		id := idOf(e)
		want, ok := due[id]
		if !ok || !bytes.Equal(e.Value, want) {
			f.t.Fatalf("forecast %s of %s at offset %d is not what is due (due at all: %v)", id, e.Key, e.Offset, ok)
		}
		if seen[id] {
			repeats++
			return false
		}
		seen[id] = true
		left--
		return left == 0
	})
	f.t.Logf("%d forecasts, %d came twice", len(due), repeats)
}

// idOf names a record by what caused it.
func idOf(e stream.Entry) string {
	h := map[string]string{}
	for _, one := range e.Headers {
		h[one.Key] = string(one.Value)
	}
	return h["src"] + "@" + h["off"] + "#" + h["idx"]
}

// forecastsSurvive has a master die with the forecaster's last states. What is
// forecast afterwards has the bytes of an undisturbed run.
func forecastsSurvive(t *testing.T, c *servers.Cluster, states *store.Store) {
	number := stream.Partition(stream.Metrics, "f", "server:0", realPartitions)
	key := func(group string) string { return fmt.Sprintf("{drover:t.:%s:%d}", group, number) }
	group := "real"
	for !c.CanFailOver(key(group)) { // its master has died already
		group += "x"
	}
	f := newForecasting(t, states, group)
	stop := f.run()
	f.send(12)
	f.check()
	var before []byte
	c.FailOver(key(group), func() {
		f.send(10)
		f.check()
		stop() // saves the last state, which the replica doesn't hear of
		var err error
		if before, _, err = states.Load(t.Context(), group, number); err != nil {
			t.Error(err)
		}
	})
	var after []byte
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) { // until the client has found the new master
		var err error
		if after, _, err = states.Load(t.Context(), group, number); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if len(before) == 0 || bytes.Equal(before, after) {
		t.Fatalf("the fail-over has lost nothing of %d bytes: the test shows nothing", len(before))
	}
	defer f.run()()
	f.send(20)
	f.check()
}
