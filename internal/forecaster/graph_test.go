package forecaster

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"drover/internal/graph"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// owners is how many forecasters share a graph in these tests.
const owners = 3

// owned returns, for each owner, what it publishes of the graph while calls come
// in for an hour: edges, and a marker at each tick.
func owned(t *testing.T) [][]any {
	config := testConfig()
	config.CallPartitions = owners
	published := make([][]any, owners)
	for p := range owners {
		rng, l := rand.New(rand.NewPCG(uint64(p), 1)), &log{topic: stream.Calls}
		task := NewTask(config, int32(p))
		for m := range model.Instant(60) {
			for range rng.IntN(6) {
				call := model.Call{Fleet: "f", Caller: model.ApplicationID(fmt.Sprintf("a%d-%d", p, rng.IntN(4))),
					Callee: model.ApplicationID(fmt.Sprint("b", rng.IntN(5))), At: (10+m)*minute + 1, Origin: model.Observed, Calls: 1 + uint64(rng.IntN(9))}
				handle(t, task, l, call)
			}
			for _, e := range handle(t, task, l, model.Heartbeat{Producer: "p", At: (11 + m) * minute}) {
				if e.Topic == stream.Graph {
					published[p] = append(published[p], e.Event)
				}
			}
		}
	}
	// The network map goes into the same topic, and closes ticks too.
	l := &log{topic: stream.Paths}
	task, marks := NewTask(config, 0), []any{}
	for m := range model.Instant(60) {
		for _, e := range handle(t, task, l, model.Heartbeat{Producer: "p", At: (11 + m) * minute}) {
			marks = append(marks, e.Event)
		}
	}
	return append(published, marks)
}

// interleaved is one partition of the topic as chance makes it: each owner's
// records keep their order.
func interleaved(published [][]any, chance *rand.Rand) []stage.Record {
	var topic []stage.Record
	next := make([]int, len(published))
	for {
		var open []int
		for p := range published {
			if next[p] < len(published[p]) {
				open = append(open, p)
			}
		}
		if len(open) == 0 {
			return topic
		}
		p := open[chance.IntN(len(open))]
		topic = append(topic, stage.Record{Topic: stream.Graph, Offset: int64(len(topic)), Source: fmt.Sprint("forecaster/graph/", p), Event: published[p][next[p]]})
		next[p]++
	}
}

// graphReader keeps the version of the graph that it had at each tick.
type graphReader struct {
	view     *graph.View
	versions map[model.Instant][]model.Edge
}

func (r *graphReader) Tick(at model.Instant, records []stage.Record, _ []model.InputOffset) ([]stage.Emission, error) {
	var changes []model.Edge
	for _, rec := range records {
		if e, ok := rec.Event.(model.Edge); ok {
			changes = append(changes, e)
		}
	}
	r.view = r.view.Apply(changes)
	r.versions[at] = r.view.Edges()
	return nil, nil
}

func (r *graphReader) AppendSnapshot(b []byte) ([]byte, error) { return b, nil }
func (r *graphReader) Restore([]byte) error                    { return nil }

// wanted is the graph at each tick as one reads it off the owners' records.
func wanted(published [][]any) map[model.Instant][]model.Edge {
	want := map[model.Instant][]model.Edge{}
	ticks := map[model.Instant]int{}
	changes := map[model.Instant][]model.Edge{}
	for _, events := range published {
		var since []model.Edge
		for _, event := range events {
			switch e := event.(type) {
			case model.Edge:
				since = append(since, e)
			case model.Marker:
				changes[e.At] = append(changes[e.At], since...)
				ticks[e.At]++
				since = nil
			}
		}
	}
	view := graph.NewView("f", nil)
	for at := model.Instant(0); at <= 90*minute; at += minute {
		if ticks[at] == len(published) {
			view = view.Apply(changes[at])
			want[at] = view.Edges()
		}
	}
	return want
}

// TestAReaderNeverSeesHalfAChange lets three forecasters own a graph and mixes
// what they publish: whichever comes first, each version that a reader has is
// that of a tick, with what all of them said up to it and nothing that came
// later.
func TestAReaderNeverSeesHalfAChange(t *testing.T) {
	published := owned(t)
	want := wanted(published)
	if len(want) < 10 || len(want[60*minute]) < 12 {
		t.Fatalf("%d ticks, %d edges at one of them: too little to tell", len(want), len(want[60*minute]))
	}
	for seed := range uint64(30) {
		r := &graphReader{view: graph.NewView("f", nil), versions: map[model.Instant][]model.Edge{}}
		aligner := stage.NewAligner(stage.AlignerConfig{Interval: testConfig().Interval, Inputs: []stage.Input{{Topic: stream.Graph, BySource: true}}}, r)
		for _, record := range interleaved(published, rand.New(rand.NewPCG(seed, 2))) {
			if _, err := aligner.Handle(record); err != nil {
				t.Fatal(err)
			}
		}
		for at, edges := range r.versions {
			if whole, ok := want[at]; ok && !reflect.DeepEqual(edges, whole) {
				t.Fatalf("seed %d, tick %s: %d edges, want %d", seed, at, len(edges), len(whole))
			}
		}
		if len(r.versions) < len(want) {
			t.Fatalf("seed %d: %d versions, want at least %d", seed, len(r.versions), len(want))
		}
	}
}
