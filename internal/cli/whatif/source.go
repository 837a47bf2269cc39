package whatif

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/planner"
	"drover/internal/scenario"
	"drover/internal/simfleet"
	"drover/internal/stage"
)

// loadView reads the saved view, or plays the simulated fleet until its first
// decision is due and takes the view that the planner would decide on.
func (o *options) loadView(ctx context.Context, progress io.Writer) (scenario.View, error) {
	var view scenario.View
	var err error
	if o.view != "" {
		view, err = readView(o.view)
	} else {
		view, err = o.playFleet(ctx, progress)
	}
	if err != nil || o.save == "" {
		return view, err
	}
	text, err := json.Marshal(view)
	if err != nil {
		return view, fmt.Errorf("save view: %w", err)
	}
	if err := os.WriteFile(o.save, append(text, '\n'), 0o644); err != nil {
		return view, fmt.Errorf("save view: %w", err)
	}
	return view, nil
}

func readView(path string) (scenario.View, error) {
	var view scenario.View
	text, err := os.ReadFile(path)
	if err != nil {
		return view, fmt.Errorf("view: %w", err)
	}
	if err := json.Unmarshal(text, &view); err != nil {
		return view, fmt.Errorf("view %s: %w; write one with --save-view", path, err)
	}
	for key, f := range view.Forecasts {
		if err := f.Quantiles.Validate(); err != nil {
			return view, fmt.Errorf("view %s: forecast of %s: %w", path, key.Entity, err)
		}
	}
	return view, nil
}

func (o *options) spec() (*simfleet.Spec, error) {
	if o.fleet == "" {
		return simfleet.DemoSpec(o.seed), nil
	}
	text, err := os.ReadFile(o.fleet)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	spec, err := simfleet.ParseSpec(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.fleet, err)
	}
	return spec, nil
}

// playFleet runs the pipeline in memory over the fleet's history.
func (o *options) playFleet(ctx context.Context, progress io.Writer) (scenario.View, error) {
	var taken taker
	spec, err := o.spec()
	if err != nil {
		return taken.view, err
	}
	spec.History = o.history
	fleet, err := simfleet.New(spec)
	if err != nil {
		return taken.view, err
	}
	config := pipeline.DefaultConfig()
	config.Planner.NewPolicy = func(model.FleetID) (planner.Policy, error) { return &taken, nil }
	memory, err := pipeline.NewMemory(&config, pipeline.Widths{ByEntity: 1, ByFleet: 1}, func(stage.Record) {})
	if err != nil {
		return taken.view, err
	}
	fmt.Fprintf(progress, "playing %v of history of fleet %s\n", o.history, spec.Fleet)
	play := pipeline.NewPlay(fleet, ingest.NewFeed(simfleet.Producer, memory))
	if err := play.History(ctx, nil); err != nil {
		return taken.view, fmt.Errorf("history: %w", err)
	}
	for range int(2*config.Planner.Interval/time.Minute) + 1 {
		if taken.seen {
			break
		}
		if err := play.Step(ctx); err != nil {
			return taken.view, err
		}
	}
	if !taken.seen {
		return taken.view, fmt.Errorf("fleet %s: no planning tick was reached", spec.Fleet)
	}
	return taken.view, nil
}

// taker is a policy that decides nothing and keeps the view.
type taker struct {
	view scenario.View
	seen bool
}

// Decide implements planner.Policy. The view's maps belong to the planner and
// change with it, so the copy goes through JSON.
func (t *taker) Decide(v scenario.View) (model.Evaluation, *model.Plan, error) {
	known := map[scenario.ForecastKey]model.Forecast{}
	for key, f := range v.Forecasts {
		f.MASE, f.Coverage80 = number(f.MASE), number(f.Coverage80)
		known[key] = f
	}
	v.Forecasts = known
	text, err := json.Marshal(v)
	if err == nil {
		t.view, t.seen = scenario.View{}, true
		err = json.Unmarshal(text, &t.view)
	}
	return model.Evaluation{Fleet: v.Fleet, Tick: v.Tick, Decision: scenario.DecisionHold, Reason: "only looking"}, nil, err
}

// number gives an unknown accuracy (not a number) the value that JSON can hold.
func number(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// AppendSnapshot implements planner.Policy.
func (t *taker) AppendSnapshot(b []byte) ([]byte, error) { return b, nil }

// Restore implements planner.Policy.
func (t *taker) Restore([]byte) error { return nil }
