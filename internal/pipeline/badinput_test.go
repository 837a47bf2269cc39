package pipeline

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/simfleet"
	"drover/internal/stage"
)

func TestBadInputIsRefusedAndTheLoopGoesOn(t *testing.T) {
	spec := simfleet.DemoSpec(1)
	spec.History = 6 * time.Hour
	config := DefaultConfig()
	config.SimulateDemo(spec, false)
	fleet, err := simfleet.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	var decisions []model.Evaluation
	memory, err := NewMemory(&config, Widths{ByEntity: 2, ByFleet: 1}, func(rec stage.Record) {
		if e, ok := rec.Event.(model.Evaluation); ok {
			decisions = append(decisions, e)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	feed := ingest.NewFeed(simfleet.Producer, memory)
	play := NewPlay(fleet, feed)
	ctx := context.Background()
	if err := play.History(ctx, nil); err != nil {
		t.Fatal(err)
	}
	metric := func(at model.Instant, value float64) model.Metric {
		return model.Metric{Fleet: spec.Fleet, Entity: "server:s01", At: at, Producer: "x", Samples: []model.Sample{{Value: value}}}
	}
	var refused *ingest.Refused
	if err := feed.Publish(ctx, []any{metric(spec.Start, math.NaN())}); !errors.As(err, &refused) {
		t.Errorf("a NaN at the door: error %v, want a refusal", err)
	}
	before := memory.Rejected()
	if err := feed.Publish(ctx, []any{metric(spec.Start.Add(100*24*time.Hour), 1)}); err != nil {
		t.Fatal(err)
	}
	if memory.Rejected() != before+1 {
		t.Error("a metric from the future was taken by the forecaster")
	}
	lost := model.Application{Fleet: spec.Fleet, ID: "lost", At: spec.Start, Replicas: 1, Placement: []model.ServerID{"nowhere"}}
	if err := feed.Publish(ctx, []any{lost}); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		if err := play.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if len(decisions) < 3 {
		t.Fatalf("%d decisions after bad input, want the loop to go on", len(decisions))
	}
	said := false
	for _, d := range decisions {
		said = said || strings.Contains(d.Reason, "lost/0 on nowhere")
	}
	if !said {
		t.Errorf("no decision tells of the application on a server that is not there: %+v", decisions)
	}
}
