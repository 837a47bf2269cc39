package pipeline

import (
	"context"
	"fmt"
	"testing"
	"time"

	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/simfleet"
	"drover/internal/stage"
)

// What the storm's programs and their undisturbed example both go by.
const (
	stormEvaluations = 20_000
	stormFailuresPPM = 250_000 // of a plan's steps: some plans roll back
	stormHistory     = 30 * time.Hour
)

// stormFleets hash to different partitions of three.
var stormFleets = []model.FleetID{"north", "east", "south"}

// stormFlags are the configuration as flags.
func stormFlags() []string {
	return []string{"--evaluations", fmt.Sprint(stormEvaluations), "--simulator-failures-ppm", fmt.Sprint(stormFailuresPPM), "--save-every", "1s", "--log-level", "warn"}
}

func stormConfig(t *testing.T) *pipeline.Config {
	t.Helper()
	c, err := config.Load(nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	c.Planning.Evaluations, c.Simulator.FailuresPPM = stormEvaluations, stormFailuresPPM
	p, err := service.Stages(c, service.Version())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// moment is what the fleets send at one instant, each its own events, and the
// heartbeat after it.
type moment struct {
	events [][]any // by fleet
	beat   model.Instant
	final  bool
}

// script is everything that is sent, and what an undisturbed run makes of it.
type script struct {
	moments []moment
	want    *ledger
	ticks   int
}

// recorder is a fleet's way into the pipeline in memory; it keeps what passes.
type recorder struct {
	feed   *ingest.Feed
	events []any
}

func (r *recorder) Publish(ctx context.Context, events []any) error {
	if len(events) == 0 {
		return nil
	}
	r.events = append(r.events, events...)
	return r.feed.Publish(ctx, events)
}

// Heartbeat does nothing: all fleets share one.
func (r *recorder) Heartbeat(context.Context, model.Instant, bool) error { return nil }

// write plays fleets in memory for so many minutes, each of which lives with what
// was decided for it, and keeps what they sent and what came of it.
func write(t *testing.T, seed uint64, minutes int) *script {
	t.Helper()
	s := &script{want: newLedger()}
	var plays []*pipeline.Play
	memory, err := pipeline.NewMemory(stormConfig(t), pipeline.Widths{ByEntity: 6, ByFleet: 3}, func(rec stage.Record) {
		for _, p := range plays {
			p.Observe(rec.Event)
		}
		s.want.add(rec.Topic, rec.Event)
	})
	if err != nil {
		t.Fatal(err)
	}
	feed := ingest.NewFeed(stormProducer, memory)
	var recorders []*recorder
	for i, id := range stormFleets {
		spec := simfleet.DemoSpec(seed + uint64(i))
		spec.Fleet, spec.History = id, stormHistory
		fleet, err := simfleet.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		r := &recorder{feed: feed}
		recorders, plays = append(recorders, r), append(plays, pipeline.NewPlay(fleet, r))
	}
	ctx := t.Context()
	step := func(final bool, play func(*pipeline.Play) error) {
		m := moment{final: final}
		for i, p := range plays {
			if err := play(p); err != nil {
				t.Fatal(err)
			}
			m.events, m.beat = append(m.events, recorders[i].events), p.Now()
			recorders[i].events = nil
		}
		if err := feed.Heartbeat(ctx, m.beat, final); err != nil {
			t.Fatal(err)
		}
		s.moments = append(s.moments, m)
	}
	step(false, func(p *pipeline.Play) error { return p.History(ctx, nil) })
	for i := range minutes {
		step(i == minutes-1, func(p *pipeline.Play) error { return p.Step(ctx) })
	}
	if memory.Rejected() > 0 {
		t.Fatalf("%d records of the example were refused", memory.Rejected())
	}
	s.ticks = len(s.want.ticks)
	return s
}
