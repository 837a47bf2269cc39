package readmodel

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"drover/internal/model"
)

var nine = model.InstantOf(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))

// fleet folds events and returns the fleet f.
func fleet(t *testing.T, limits Limits, events ...any) (*Model, *Fleet) {
	t.Helper()
	m := New(limits)
	for _, e := range events {
		m.Fold("f", e)
	}
	var out *Fleet
	if !m.View("f", func(f *Fleet) { out = f }) {
		t.Fatal("fleet f is not known")
	}
	return m, out
}

func cpu(entity model.EntityID, at model.Instant, value float64) model.Metric {
	return model.Metric{Fleet: "f", Entity: entity, At: at, Samples: []model.Sample{{Resource: model.CPU, Value: value}}}
}

func TestHistoryAveragesBinsAndKeepsGaps(t *testing.T) {
	var events []any
	for i := range 10 { // two samples a bin
		at := nine.Add(time.Duration(i) * 5 * time.Minute)
		if i != 4 {
			events = append(events, cpu("server:a", at.Add(-2*time.Minute), float64(i)), cpu("server:a", at, float64(i)+1))
		}
	}
	_, f := fleet(t, DefaultLimits(), events...)
	key := SeriesKey{"server:a", model.CPU}
	h := f.HistoryOf(key, nine.Add(-time.Minute), nine.Add(time.Hour))
	if len(h.Values) != 10 || h.Start != nine {
		t.Fatalf("%d bins from %v, want 10 from %v", len(h.Values), h.Start, nine)
	}
	for i, v := range h.Values {
		if i == 4 != math.IsNaN(float64(v)) || i != 4 && v != float32(i)+0.5 {
			t.Errorf("bin %d holds %v", i, v)
		}
	}
	if v := f.ValueAt(key, nine.Add(21*time.Minute)); v != 3.5 {
		t.Errorf("in the gap the value is %v, want the one before it", v)
	}
	if v := f.ValueAt(key, nine.Add(-time.Hour)); !math.IsNaN(v) {
		t.Errorf("before anything was measured the value is %v", v)
	}
}

func TestCountersBecomeRates(t *testing.T) {
	count := func(minute int, v float64) model.Metric {
		return model.Metric{Fleet: "f", Entity: "server:a", At: nine.Add(time.Duration(minute) * time.Minute), Samples: []model.Sample{{Resource: model.CPU, Kind: model.Counter, Value: v}}}
	}
	_, f := fleet(t, DefaultLimits(), count(0, 1000), count(5, 31_000), count(10, 500), count(15, 30_500))
	h := f.HistoryOf(SeriesKey{"server:a", model.CPU}, nine, nine.Add(time.Hour))
	if len(h.Values) != 3 || h.Values[0] != 100 || !math.IsNaN(float64(h.Values[1])) || h.Values[2] != 100 {
		t.Errorf("rates %v, want 100, nothing at the reset, 100", h.Values)
	}
}

func TestHistoriesStayWithinTheirBudget(t *testing.T) {
	limits := DefaultLimits()
	limits.HistoryBins, limits.HistoryFloats = 256, 1000
	m := New(limits)
	for i := range 2000 {
		for e := range 10 {
			m.Fold("f", cpu(model.EntityID(fmt.Sprintf("server:s%d", e)), nine.Add(time.Duration(i)*5*time.Minute), float64(i)))
		}
	}
	m.View("f", func(f *Fleet) {
		if f.floats > 1000+firstRing {
			t.Errorf("%d values kept, the budget is 1000", f.floats)
		}
		h := f.HistoryOf(SeriesKey{"server:s3", model.CPU}, nine, nine.Add(10_000*time.Minute))
		if n := len(h.Values); n < firstRing || h.Values[n-1] != 1999 {
			t.Errorf("%d values, the last %v: want the newest ones", n, h.Values[n-1])
		}
	})
}

func forecastAt(origin model.Instant, level float64, steps int) model.Forecast {
	fc := model.Forecast{Fleet: "f", Entity: "server:a", Resource: model.CPU, Origin: origin, Step: 5 * time.Minute, Observed: level, ObservedAt: origin, Trusted: true, MASE: level}
	fc.Quantiles.Levels = []float64{0.1, 0.5, 0.9}
	for h := range steps {
		v := level + float64(h)
		fc.Quantiles.Values = append(fc.Quantiles.Values, []float64{v - 1, v, v + 1})
		fc.Quantiles.Mean = append(fc.Quantiles.Mean, v)
	}
	return fc
}

func TestForecastsOfThePastAreKept(t *testing.T) {
	limits := DefaultLimits()
	limits.Pasts = 3
	var events []any
	for i := range 6 {
		events = append(events, forecastAt(nine.Add(time.Duration(i)*5*time.Minute), float64(100*i), 24))
	}
	_, f := fleet(t, limits, events...)
	key := SeriesKey{"server:a", model.CPU}
	now := f.ForecastOf(key)
	if now.At(0, 0.5) != 500 || now.At(2, 0.7) != 502.5 || now.Steps() != 24 || !math.IsNaN(now.At(24, 0.5)) {
		t.Errorf("now %v, %v", now.At(0, 0.5), now.At(2, 0.7))
	}
	if past := f.PastOf(key, nine.Add(17*time.Minute)); past == nil || past.Origin != nine.Add(15*time.Minute) || past.At(1, 0.5) != 301 || past.MASE != 300 {
		t.Errorf("past %+v", past)
	}
	if past := f.PastOf(key, nine.Add(6*time.Minute)); past != nil {
		t.Errorf("a forecast of %v is still there; three are to be kept", past.Origin)
	}
	told := 0
	f.Expected(key, time.Hour, func(at model.Instant, low, middle, high float64) {
		told++
		if high-low != 2 || at.Sub(nine) < time.Hour {
			t.Errorf("expected %v..%v for %v", low, high, at)
		}
	})
	if told != 3 {
		t.Errorf("%d forecasts told of an hour ahead, want 3", told)
	}
	whole := now.Unpacked()
	if err := whole.Quantiles.Validate(); err != nil || whole.Quantiles.At(3, 0.9) != 504 {
		t.Errorf("unpacked: %v, %v", err, whole.Quantiles.At(3, 0.9))
	}
}

func TestPlacementGoesBackInTime(t *testing.T) {
	move := func(minute int, to model.ServerID) model.Outcome {
		return model.Outcome{Fleet: "f", Kind: model.OutcomeMove, Replica: "web/0", Server: to, At: nine.Add(time.Duration(minute) * time.Minute), State: model.PlanSucceeded}
	}
	_, f := fleet(t, DefaultLimits(), model.Application{Fleet: "f", ID: "web", At: nine.Add(-time.Hour), Replicas: 1, Placement: []model.ServerID{"a"}}, move(1, "b"), move(2, "c"),
		model.Application{Fleet: "f", ID: "web", At: nine.Add(-time.Minute), Replicas: 1, Placement: []model.ServerID{"a"}}) // older than the moves
	for minute, want := range map[int]model.ServerID{0: "a", 1: "b", 2: "c", 9: "c"} {
		if got := f.PlacementAt(nine.Add(time.Duration(minute) * time.Minute))["web/0"]; got != want {
			t.Errorf("at minute %d on %s, want %s", minute, got, want)
		}
	}
	if f.Placement["web/0"] != "c" {
		t.Errorf("now on %s: old metadata has won over a move", f.Placement["web/0"])
	}
}

func TestRunsStandAsTheyStoodThen(t *testing.T) {
	plan := model.Plan{Fleet: "f", ID: "p", Tick: nine, Waves: 3, NeedsApproval: true, Moves: []model.Move{{Replica: "web/0"}}}
	state := func(minute int, s model.PlanState) model.Outcome {
		return model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p", MoveIndex: -1, State: s, At: nine.Add(time.Duration(minute) * time.Minute)}
	}
	order := func(minute int, kind model.ControlKind, wave int) model.Control {
		return model.Control{Fleet: "f", ID: fmt.Sprint(minute), Kind: kind, Plan: "p", Wave: wave, At: nine.Add(time.Duration(minute) * time.Minute)}
	}
	_, f := fleet(t, DefaultLimits(), order(0, model.ControlPause, 0), plan, state(0, model.PlanProposed), order(1, model.ControlApprove, 2), state(2, model.PlanRunning),
		order(3, model.ControlApprove, 1), order(4, model.ControlResume, 0), state(5, model.PlanSucceeded))
	for minute, want := range map[int]Status{
		0: {State: model.PlanProposed, Paused: true}, 1: {State: model.PlanProposed, Paused: true, ApprovedWaves: 2},
		3: {State: model.PlanRunning, Paused: true, ApprovedWaves: 2}, 4: {State: model.PlanRunning, ApprovedWaves: 2}, 9: {State: model.PlanSucceeded, ApprovedWaves: 2},
	} {
		got := f.Run("p").At(nine.Add(time.Duration(minute) * time.Minute))
		if got.State != want.State || got.Paused != want.Paused || got.ApprovedWaves != want.ApprovedWaves {
			t.Errorf("minute %d: %+v, want %+v", minute, got, want)
		}
	}
}

// Topics are read side by side: whatever order they come in, a run is the same.
func TestWhatBecameOfAPlanMayComeBeforeIt(t *testing.T) {
	plan := model.Plan{Fleet: "f", ID: "p", Tick: nine, Moves: []model.Move{{Replica: "web/0"}}}
	later := []any{
		model.Step{Fleet: "f", Plan: "p", ID: "p/0", At: nine},
		model.Outcome{Fleet: "f", Kind: model.OutcomeProgress, Plan: "p", At: nine, Progress: model.Progress{DoneBytes: 5, TotalBytes: 9}},
		model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p", MoveIndex: -1, State: model.PlanRunning, At: nine.Add(time.Minute)},
		model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p", MoveIndex: -1, State: model.PlanSucceeded, At: nine.Add(time.Hour)},
		model.Evaluation{Fleet: "f", Tick: nine.Add(2 * time.Hour), Balances: []model.PlanBalance{{Plan: "p"}}},
	}
	_, f := fleet(t, DefaultLimits(), append([]any{plan}, later...)...)
	want := f.Run("p")
	if s := want.At(0); s.State != model.PlanSucceeded || len(want.Steps) != 1 || want.Balance == nil || len(want.Copies) != 1 {
		t.Fatalf("in order: %+v, %+v", s, want)
	}
	for at := range later {
		events := slices.Insert(slices.Clone(later), at+1, any(plan))
		_, f := fleet(t, DefaultLimits(), events...)
		if got := f.Run("p"); !reflect.DeepEqual(got, want) {
			t.Errorf("after %d of them: %+v, want %+v", at+1, got, want)
		}
		if len(f.Plans) != 1 || len(f.early) != 0 {
			t.Errorf("after %d of them: %d plans, %d waited for", at+1, len(f.Plans), len(f.early))
		}
	}
	if _, f := fleet(t, DefaultLimits(), later...); f.Run("p") != nil || len(f.Plans) != 0 {
		t.Error("a plan that was never read is shown")
	}
}

func TestWhatIsToldAgainCountsOnce(t *testing.T) {
	letter := model.DeadLetter{Topic: "metrics", Partition: 1, Offset: 5, Value: make([]byte, 10_000)}
	e := model.Evaluation{Fleet: "f", Tick: nine, Decision: "hold"}
	m, f := fleet(t, DefaultLimits(), e, e, letter, letter)
	if len(f.Evaluations) != 1 || len(f.Letters) != 1 || len(f.Letters[0].Value) != 4096 || !f.Letters[0].Cut {
		t.Errorf("%d decisions, %d letters", len(f.Evaluations), len(f.Letters))
	}
	m.Fold("f", LetterDone{"metrics/1/5"})
	if len(f.Letters) != 0 {
		t.Error("a letter that was dealt with is still shown")
	}
}

func TestEverythingIsBounded(t *testing.T) {
	limits := DefaultLimits()
	limits.Plans, limits.Evaluations, limits.Lines, limits.DeadLetters, limits.Orders, limits.Audits = 20, 20, 20, 20, 20, 20
	limits.Steps, limits.Outcomes = 20, 20
	m, f := fleet(t, limits, model.Server{Fleet: "f", ID: "a"})
	for i := range 500 {
		at, id := nine.Add(time.Duration(i)*time.Minute), model.PlanID(fmt.Sprintf("p%d", i/100))
		for _, e := range []any{model.Plan{Fleet: "f", ID: model.PlanID(fmt.Sprint(i)), Tick: at}, model.Plan{Fleet: "f", ID: id, Tick: at}, model.Evaluation{Fleet: "f", Tick: at},
			model.Step{Fleet: "f", Plan: id, At: at}, model.Outcome{Fleet: "f", Plan: id, Kind: model.OutcomeStep, At: at},
			model.Step{Fleet: "f", Plan: "never-read-" + model.PlanID(fmt.Sprint(i)), At: at}, model.Audit{Fleet: "f", At: at},
			model.Control{Fleet: "f", Kind: model.ControlPause, At: at}, model.DeadLetter{Topic: "t", Offset: int64(i)}} {
			m.Fold("f", e)
		}
	}
	for what, n := range map[string]int{"plans": len(f.Plans), "evaluations": len(f.Evaluations), "lines": len(f.Lines), "letters": len(f.Letters), "orders": len(f.Orders), "audits": len(f.Audits), "plans not read": len(f.early)} {
		if n == 0 || n > 20 {
			t.Errorf("%d %s kept, want at most 20", n, what)
		}
	}
	if len(f.byPlan) > 41 || len(f.evaluated) > 20 {
		t.Errorf("%d plans by name, %d ticks", len(f.byPlan), len(f.evaluated))
	}
}

func TestLinesTellWhatHappened(t *testing.T) {
	m, f := fleet(t, DefaultLimits(), forecastAt(nine, 1, 1))
	for want, e := range map[string]any{
		"p-2 rolled back: refused":                             model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p-2", State: model.PlanRolledBack, Reason: "refused"},
		"p-2 parked: needs a person":                           model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p-2", State: model.PlanParked},
		"p-2: cut-over of web/0 failed: boom":                  model.Outcome{Fleet: "f", Kind: model.OutcomeStep, Plan: "p-2", Replica: "web/0", Step: model.StepCutOver, Reason: "boom"},
		"stop p-2 by alice":                                    model.Control{Fleet: "f", Kind: model.ControlStop, Plan: "p-2", By: "alice"},
		"maintenance of s1 from 09:00 to 10:00":                model.Maintenance{Fleet: "f", ID: "m", Server: "s1", Start: nine, End: nine.Add(time.Hour)},
		`sale "spring" from 03-13 09:00 to 03-14 01:00, +40 %`: model.CalendarEvent{Fleet: "f", ID: "c", Kind: "sale", Name: "spring", Start: nine.Add(24 * time.Hour), End: nine.Add(40 * time.Hour), UpliftPPM: 400_000},
	} {
		if line, ok := m.Fold("f", e); !ok || line.Text != want || line.Seq != f.LineSeq() {
			t.Errorf("line %d %q, want %q", line.Seq, line.Text, want)
		}
	}
	if _, ok := m.Fold("f", model.Outcome{Fleet: "f", Kind: model.OutcomeStep, OK: true}); ok {
		t.Error("a step that went well is told of: people would drown")
	}
	if _, ok := m.Fold("", model.DeadLetter{}); ok {
		t.Error("a dead letter without fleet makes a fleet")
	}
}

func TestHeartbeatsMoveTheClock(t *testing.T) {
	m, f := fleet(t, DefaultLimits(), model.Server{Fleet: "f", ID: "a"})
	m.Fold("", model.Heartbeat{At: nine})
	if f.Now != nine {
		t.Errorf("now is %v, want the heartbeat's time", f.Now)
	}
}
