package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"drover/internal/model"
	"drover/internal/stream"
)

// ledger holds what a run has made: every record of every output topic, by its
// content. What may differ between runs without a difference in what was decided
// and done is left out: offsets and epochs.
type ledger struct {
	records   map[string]map[string]int // by topic: how often each content came
	graph     map[string]string         // the last word on each edge and link
	placement map[string]model.ServerID // where each replica stands after all outcomes
	ends      map[model.PlanID]model.PlanState
	ticks     map[model.Instant]map[model.FleetID]bool // that were decided
	beats     map[string]model.Instant                 // markers of each source, by topic and partition
	ids       map[string]string                        // content by topic, partition and id
	unlike    int                                      // repeats of an id with another content
}

func newLedger() *ledger {
	return &ledger{records: map[string]map[string]int{}, graph: map[string]string{}, placement: map[string]model.ServerID{},
		ends: map[model.PlanID]model.PlanState{}, ticks: map[model.Instant]map[model.FleetID]bool{},
		beats: map[string]model.Instant{}, ids: map[string]string{}}
}

// outputs are the topics that the stages write.
var outputs = []string{stream.Graph, stream.Forecasts, stream.Scenarios, stream.Plans, stream.Steps, stream.Outcomes}

// add takes a record in.
func (l *ledger) add(topic string, event any) {
	switch e := event.(type) {
	case model.Edge:
		l.graph[fmt.Sprint(e.Fleet, " ", e.Caller, ">", e.Callee)] = content(e)
	case model.Link:
		l.graph[fmt.Sprint(e.Fleet, " ", e.From, "~", e.To)] = content(e)
	case model.Forecast:
		l.count(topic, e)
	case model.Evaluation:
		e.Inputs = nil
		l.count(topic, e)
		if l.ticks[e.Tick] == nil {
			l.ticks[e.Tick] = map[model.FleetID]bool{}
		}
		l.ticks[e.Tick][e.Fleet] = true
	case model.Plan:
		e.Inputs = nil
		l.count(topic, e)
	case model.Step:
		e.Epoch = 0
		l.count(topic, e)
	case model.Outcome:
		l.count(topic, e)
		if e.Kind == model.OutcomeMove && e.Replica != "" {
			l.placement[fmt.Sprint(e.Fleet, " ", e.Replica)] = e.Server
		}
		if e.Kind == model.OutcomePlan && e.State.Ended() {
			l.ends[e.Plan] = e.State
		}
	}
}

// read takes in a record as it stands on Kafka. Stages that publish as it comes
// may repeat a record after a crash, with the same id and the same content; their
// readers drop the second. Transactions repeat nothing.
func (l *ledger) read(e stream.Entry) error {
	if bytes.Equal(e.Value, poisonValue) {
		return nil
	}
	if e.Err != nil {
		return fmt.Errorf("%s %d/%d: %w", e.Topic, e.Partition, e.Offset, e.Err)
	}
	if m, ok := e.Event.(model.Marker); ok {
		key := fmt.Sprint(e.Topic, "/", e.Partition, " ", m.Source)
		l.beats[key] = max(l.beats[key], m.At)
	}
	if id := e.ID(); id != "" && (e.Topic == stream.Graph || e.Topic == stream.Forecasts) {
		key, value := fmt.Sprint(e.Topic, "/", e.Partition, " ", id), string(e.Value)
		if before, seen := l.ids[key]; seen {
			if before != value {
				l.unlike++
			}
			return nil
		}
		l.ids[key] = value
	}
	l.add(e.Topic, e.Event)
	return nil
}

func (l *ledger) count(topic string, event any) {
	if l.records[topic] == nil {
		l.records[topic] = map[string]int{}
	}
	l.records[topic][content(event)]++
}

func content(event any) string {
	b, err := json.Marshal(event)
	if err != nil {
		return fmt.Sprintf("%+v: %v", event, err)
	}
	return string(b)
}

// comparison is how two runs differ.
type comparison struct {
	lost, duplicated, differences int
	examples                      []string
}

func (c *comparison) note(format string, args ...any) {
	if len(c.examples) < 12 {
		text := fmt.Sprintf(format, args...)
		c.examples = append(c.examples, text[:min(len(text), 600)])
	}
}

// against compares with what was wanted.
func (l *ledger) against(want *ledger) comparison {
	var c comparison
	c.differences = l.unlike
	for _, topic := range outputs {
		have, should := l.records[topic], want.records[topic]
		for _, text := range slices.Sorted(maps.Keys(should)) {
			switch n, m := have[text], should[text]; {
			case n < m:
				c.lost += m - n
				c.note("lost from %s: %s", topic, text)
			case n > m:
				c.duplicated += n - m
				c.note("%d times instead of %d in %s: %s", n, m, topic, text)
			}
		}
		for _, text := range slices.Sorted(maps.Keys(have)) {
			if should[text] == 0 {
				c.differences++
				c.note("not wanted in %s: %s", topic, text)
			}
		}
	}
	c.differences += unlike(&c, "graph", l.graph, want.graph)
	c.differences += unlike(&c, "placement", l.placement, want.placement)
	c.differences += unlike(&c, "end of plan", l.ends, want.ends)
	return c
}

// unlike counts the keys on which two maps differ.
func unlike[K ~string, V comparable](c *comparison, what string, have, want map[K]V) int {
	keys := map[K]bool{}
	for k := range have {
		keys[k] = true
	}
	for k := range want {
		keys[k] = true
	}
	n := 0
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if have[k] != want[k] {
			n++
			c.note("%s of %s: %v, want %v", what, k, have[k], want[k])
		}
	}
	return n
}
