package pipeline

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/simfleet"
	"drover/internal/stage"
	"drover/internal/stream"
)

// playDemo plays the demo fleet for some minutes and returns what was decided
// and done, as JSON lines.
// With restart every task is replaced before each step as after a crash.
func playDemo(t *testing.T, widths Widths, minutes int, restart bool) []string {
	t.Helper()
	spec := simfleet.DemoSpec(1)
	spec.History = 48 * time.Hour // enough to decide on, quick to feed
	config := DefaultConfig()
	policy := scenario.DefaultConfig()
	policy.Budget.Evaluations = 20_000
	config.Planner.NewPolicy = Scenarios(policy)
	config.SimulateDemo(spec, false)
	fleet, err := simfleet.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	var play *Play
	memory, err := NewMemory(&config, widths, func(rec stage.Record) {
		play.Observe(rec.Event)
		switch e := rec.Event.(type) {
		case model.Plan:
			e.Inputs = nil // offsets depend on the number of partitions
			lines = append(lines, encode(t, e))
		case model.Evaluation:
			e.Inputs = nil
			lines = append(lines, encode(t, e))
		case model.Outcome:
			lines = append(lines, encode(t, e))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	play = NewPlay(fleet, ingest.NewFeed(simfleet.Producer, memory))
	ctx := context.Background()
	if err := play.History(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for range minutes {
		if restart {
			if err := memory.Restart(); err != nil {
				t.Fatal(err)
			}
		}
		if err := play.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if memory.Rejected() != 0 {
		t.Errorf("%d records rejected", memory.Rejected())
	}
	return lines
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheDemoFleetSeesAPlanSucceedAndOneRolledBack(t *testing.T) {
	ends := map[model.PlanState]int{}
	for _, line := range playDemo(t, Widths{ByEntity: 3, ByFleet: 2}, 40, false) {
		var o model.Outcome
		if json.Unmarshal([]byte(line), &o) == nil && o.Kind == model.OutcomePlan && o.State.Ended() {
			ends[o.State]++
		}
		t.Log(line[:min(len(line), 300)])
	}
	if ends[model.PlanSucceeded] == 0 || ends[model.PlanRolledBack] == 0 {
		t.Errorf("plans ended %v: want at least one succeeded and one rolled back", ends)
	}
}

func TestPartitionsDoNotChangeDecisions(t *testing.T) {
	same(t, playDemo(t, Widths{ByEntity: 1, ByFleet: 1}, 20, false), playDemo(t, Widths{ByEntity: 5, ByFleet: 3}, 20, false))
}

func TestCrashesDoNotChangeDecisions(t *testing.T) {
	widths := Widths{ByEntity: 2, ByFleet: 1}
	same(t, playDemo(t, widths, 20, false), playDemo(t, widths, 20, true))
}

// same demands that two plays decided and did the same, byte for byte.
func same(t *testing.T, a, b []string) {
	t.Helper()
	if len(a) == 0 || len(a) != len(b) {
		t.Fatalf("%d and %d decisions and outcomes", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("line %d differs:\n%s\n%s", i, a[i], b[i])
		}
	}
}

func TestEveryStageReadsAndWritesTopicsThatExist(t *testing.T) {
	config := DefaultConfig()
	for _, s := range config.Stages() {
		if len(s.Topics) == 0 {
			t.Errorf("stage %s reads nothing", s.Name)
		}
	}
	for _, topic := range ingest.Fed() {
		if topic == stream.Forecasts {
			t.Error("ingest feeds forecasts")
		}
	}
}
