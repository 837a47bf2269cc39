package stage

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// trace records what each tick was given.
type trace struct{ lines []string }

func (t *trace) Tick(at model.Instant, records []Record, inputs []model.InputOffset) ([]Emission, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:", at/1000)
	for _, r := range records {
		if _, beat := r.Event.(model.Heartbeat); !beat {
			fmt.Fprintf(&b, " %s@%d", r.Topic, r.Offset)
		}
	}
	for _, in := range inputs {
		fmt.Fprintf(&b, " %s<%d", in.Topic, in.Offset)
	}
	t.lines = append(t.lines, b.String())
	return []Emission{{Topic: "out", Event: at}}, nil
}

func (t *trace) AppendSnapshot(b []byte) ([]byte, error) {
	return append(b, strings.Join(t.lines, "\n")...), nil
}

func (t *trace) Restore(b []byte) error {
	t.lines = nil
	if len(b) > 0 {
		t.lines = strings.Split(string(b), "\n")
	}
	return nil
}

// randomLogs makes three logs with heartbeats between the records.
func randomLogs(rng *rand.Rand) map[string][]Record {
	logs := map[string][]Record{}
	for _, topic := range []string{"a", "b", "c"} {
		at, offset := model.Instant(1_000*(1+rng.Int64N(20))), rng.Int64N(5)
		for range 60 {
			var event any = model.Control{ID: topic, At: at}
			if rng.IntN(2) == 0 {
				at += model.Instant(rng.Int64N(9_000))
				event = model.Heartbeat{Producer: "p", At: at}
			}
			logs[topic] = append(logs[topic], Record{Topic: topic, Offset: offset, Event: event})
			offset += 1 + rng.Int64N(2) // compaction leaves holes
		}
	}
	return logs
}

func newTraced() (*Aligner, *trace) {
	handler := &trace{}
	return NewAligner(AlignerConfig{
		Interval: 5 * time.Second,
		Inputs:   []Input{{Topic: "a"}, {Topic: "b", Lag: 1}, {Topic: "c", AfterFirst: true}},
	}, handler), handler
}

// feed interleaves the logs at random, crashing and restoring on the way where
// crash is above zero, and returns what the ticks were given.
func feed(t *testing.T, logs map[string][]Record, rng *rand.Rand, crash float64) []string {
	t.Helper()
	a, handler := newTraced()
	snapshot, err := a.AppendSnapshot(nil)
	if err != nil {
		t.Fatal(err)
	}
	next := map[string]int{}
	for {
		var open []string
		for _, topic := range []string{"a", "b", "c"} {
			if next[topic] < len(logs[topic]) {
				open = append(open, topic)
			}
		}
		if len(open) == 0 {
			return handler.lines
		}
		topic := open[rng.IntN(len(open))]
		if _, err := a.Handle(logs[topic][next[topic]]); err != nil {
			t.Fatal(err)
		}
		next[topic]++
		switch {
		case rng.Float64() < crash:
			a, handler = newTraced()
			if err := a.Restore(snapshot); err != nil {
				t.Fatal(err)
			}
			next = resume(a, logs)
		case rng.IntN(4) == 0:
			if snapshot, err = a.AppendSnapshot(nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func resume(a *Aligner, logs map[string][]Record) map[string]int {
	next := map[string]int{}
	for topic, log := range logs {
		at, ok := a.Position(topic)
		for ok && next[topic] < len(log) && log[next[topic]].Offset < at {
			next[topic]++
		}
	}
	return next
}

func TestTicksDependOnTheLogsAlone(t *testing.T) {
	for seed := range uint64(60) {
		logs := randomLogs(rand.New(rand.NewPCG(seed, 1)))
		want := feed(t, logs, rand.New(rand.NewPCG(seed, 2)), 0)
		if len(want) < 5 {
			t.Fatalf("seed %d: only %d ticks", seed, len(want))
		}
		for other := range uint64(5) {
			got := feed(t, logs, rand.New(rand.NewPCG(seed, 3+other)), 0.004*float64(other))
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, interleaving %d:\n got %v\nwant %v", seed, other, got, want)
			}
		}
	}
}

func TestAlignerAsksToBePaused(t *testing.T) {
	a := NewAligner(AlignerConfig{Interval: time.Second, Inputs: []Input{{Topic: "a"}, {Topic: "b"}}, MaxAhead: 3}, &trace{})
	for i := range int64(3) {
		if a.Full("a") {
			t.Fatalf("full after %d records", i)
		}
		if _, err := a.Handle(Record{Topic: "a", Offset: i, Event: model.Control{}}); err != nil {
			t.Fatal(err)
		}
	}
	if !a.Full("a") || a.Full("b") {
		t.Errorf("full: a %v, b %v; want true, false", a.Full("a"), a.Full("b"))
	}
}

func TestAlignerRefusesAForeignTopic(t *testing.T) {
	a, _ := newTraced()
	if _, err := a.Handle(Record{Topic: "x"}); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("error %v does not name the topic", err)
	}
}

// markedLog interleaves the records of three sources at random: each source has
// an order of its own, the log's order is chance.
func markedLog(chance *rand.Rand) []Record {
	sources := map[string][]any{}
	for i, name := range []string{"s/a", "s/b", "s/c"} {
		rng := rand.New(rand.NewPCG(uint64(i), 9))
		for tick := model.Instant(10_000); tick <= 60_000; tick += 5_000 {
			for range rng.IntN(3) {
				sources[name] = append(sources[name], model.Control{ID: fmt.Sprintf("%s@%d", name, tick)})
			}
			sources[name] = append(sources[name], model.Marker{Source: name, Sources: 3, At: tick})
		}
	}
	var out []Record
	for len(sources) > 0 {
		var open []string
		for _, name := range []string{"s/a", "s/b", "s/c"} {
			if len(sources[name]) > 0 {
				open = append(open, name)
			} else {
				delete(sources, name)
			}
		}
		if len(open) == 0 {
			break
		}
		name := open[chance.IntN(len(open))]
		out = append(out, Record{Topic: "m", Source: name, Offset: int64(len(out)), Event: sources[name][0]})
		sources[name] = sources[name][1:]
	}
	return out
}

// marked records the identities that each tick was given.
type marked struct{ trace }

func (m *marked) Tick(at model.Instant, records []Record, _ []model.InputOffset) ([]Emission, error) {
	line := fmt.Sprint(int64(at))
	for _, r := range records {
		if c, ok := r.Event.(model.Control); ok {
			line += " " + c.ID
		}
	}
	m.lines = append(m.lines, line)
	return nil, nil
}

func TestTheOrderOfSourcesInALogIsNoMatter(t *testing.T) {
	config := AlignerConfig{Interval: 5 * time.Second, Inputs: []Input{{Topic: "m", BySource: true}}}
	var want []string
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 4))
		log := markedLog(rng)
		handler := &marked{}
		a := NewAligner(config, handler)
		for i := 0; i < len(log); i++ {
			if _, err := a.Handle(log[i]); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(10) > 0 {
				continue
			}
			snapshot, err := a.AppendSnapshot(nil)
			if err != nil {
				t.Fatal(err)
			}
			handler = &marked{}
			a = NewAligner(config, handler)
			if err := a.Restore(snapshot); err != nil {
				t.Fatal(err)
			}
			if at, ok := a.Position("m"); ok {
				i = int(at) - 1
			}
		}
		if want == nil {
			want = handler.lines
		}
		if len(want) != 11 || !reflect.DeepEqual(handler.lines, want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, handler.lines, want)
		}
	}
}
