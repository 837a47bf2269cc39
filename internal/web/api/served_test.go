package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/stage"
	"drover/internal/web/access"
	"drover/internal/web/readmodel"
)

// morning is when the tests' fleet is looked at.
var morning = model.InstantOf(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))

// published keeps what the API sends, and folds it as the topics would.
type published struct {
	mu    sync.Mutex
	model *readmodel.Model
	list  []stage.Emission
	err   error
}

func (p *published) PublishAll(_ context.Context, emissions []stage.Emission) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	p.list = append(p.list, emissions...)
	for _, e := range emissions {
		p.model.Fold(e.Fleet, e.Event)
	}
	return nil
}

// dealt keeps which dead letters were dealt with, and folds what the topic would.
type dealt struct {
	model *readmodel.Model
	list  []string
	err   error
}

func (d *dealt) Replay(_ context.Context, fleet model.FleetID, ids []string) error {
	return d.deal("replay", fleet, ids)
}
func (d *dealt) Drop(_ context.Context, fleet model.FleetID, ids []string) error {
	return d.deal("drop", fleet, ids)
}

func (d *dealt) deal(action string, fleet model.FleetID, ids []string) error {
	if d.err != nil {
		return d.err
	}
	for _, id := range ids {
		d.list = append(d.list, action+" "+id)
		d.model.Fold(fleet, readmodel.LetterDone{ID: id})
	}
	return nil
}

// testServer is an API whose requests come from this machine.
type testServer struct {
	*Server
	t *testing.T
}

// served returns an API over a small fleet with everything in it.
func served(t *testing.T) (*testServer, *published) {
	t.Helper()
	return servedBy(t, nil)
}

func servedBy(t *testing.T, rules *access.Rules) (*testServer, *published) {
	t.Helper()
	m := readmodel.New(readmodel.DefaultLimits())
	fillModel(m)
	gate, err := access.NewGate(rules, func() time.Time { return morning.Time() })
	if err != nil {
		t.Fatal(err)
	}
	p := &published{model: m}
	clock := morning.Time()
	n := 0
	s, err := New(Config{Model: m, Publisher: p, Letters: &dealt{model: m}, Gate: gate, Planning: func(model.FleetID) scenario.Config { return scenario.DefaultConfig() }, Version: "test",
		Now: func() time.Time { clock = clock.Add(time.Second); return clock }, NewID: func() string { n++; return fmt.Sprintf("o-%d", n) }})
	if err != nil {
		t.Fatal(err)
	}
	s.cache.born = 1
	return &testServer{s, t}, p
}

// do sends a request of this machine's own user.
func (s *testServer) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:50000", "127.0.0.1:8080"
	if method != http.MethodGet {
		r.Header.Set(access.CSRFHeader, "1")
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// fillModel folds a fleet of three servers and three applications with a day of
// history, forecasts, a plan that was rolled back, one that is done, and one that
// waits for a person.
func fillModel(m *readmodel.Model) {
	fold := func(events ...any) {
		for _, e := range events {
			m.Fold("shop", e)
		}
	}
	capacity := model.Vector{model.CPU: 4000, model.Memory: 16 << 30, model.Receive: 1e9, model.Transmit: 1e9, model.Disk: 1e12}
	for i, zone := range []string{"a", "b", "b"} {
		fold(model.Server{Fleet: "shop", ID: model.ServerID(fmt.Sprintf("s%d", i+1)), At: morning, Zone: zone, Rack: zone + "1", Capacity: capacity})
	}
	request := model.Vector{model.CPU: 500, model.Memory: 1 << 30}
	fold(
		model.Application{Fleet: "shop", ID: "web", At: morning, Replicas: 2, Request: request, Placement: []model.ServerID{"s1", "s2"}, Labels: map[string]string{"namespace": "front"},
			SLO: model.SLO{ResponseQuantilePPM: 990_000, ResponseMicros: 300_000, AvailabilityPPM: 999_000}},
		model.Application{Fleet: "shop", ID: "api", At: morning, Replicas: 1, Request: request, Placement: []model.ServerID{"s1"}, DataBytes: 1 << 30},
		model.Application{Fleet: "shop", ID: "db", At: morning, Replicas: 1, Request: request, Placement: []model.ServerID{"s3"}, Stateful: true, DataBytes: 8 << 30},
		model.Edge{Fleet: "shop", Caller: "web", Callee: "api", Origins: model.Observed | model.Declared, CallsPerSecond: 120.5, ErrorsPerSecond: 0.1, P50Micros: 4000, P95Micros: 21_000, Confidence: 1, FirstSeen: morning.Add(-time.Hour), LastSeen: morning},
		model.Edge{Fleet: "shop", Caller: "api", Callee: "db", Origins: model.Declared, CallsPerSecond: 60, Confidence: 0.5, FirstSeen: morning.Add(-24 * time.Hour), LastSeen: morning},
		model.Link{Fleet: "shop", From: "s1", To: "s2", RTTMicros: 800, RTTErrorMicros: 100, LossPPM: 10, Measured: true, At: morning},
		model.CalendarEvent{Fleet: "shop", ID: "c1", Kind: "campaign", Name: "spring sale", Start: morning.Add(time.Hour), End: morning.Add(3 * time.Hour), At: morning.Add(-24 * time.Hour), Applications: []model.ApplicationID{"web"}, UpliftPPM: 600_000},
		model.Maintenance{Fleet: "shop", ID: "m1", Server: "s2", Start: morning.Add(2 * time.Hour), End: morning.Add(3 * time.Hour), At: morning, Reason: "firmware"},
	)
	fillSeries(fold)
	fillPlans(fold)
	fold(model.DeadLetter{Topic: "metrics", Partition: 2, Offset: 77, At: morning, Stage: "forecaster", Class: "value", Message: "entity is empty", Key: []byte("shop|x"), Value: []byte{0, 1, 2},
		Headers: map[string][]byte{"producer": []byte("p7"), "raw": {255}}},
		model.Audit{Fleet: "shop", At: morning, Actor: "alice (token)", Action: "pause", Object: "fleet/shop", Before: "paused=false", After: "{}"})
}

func fillSeries(fold func(...any)) {
	loads := map[model.EntityID]float64{"server:s1": 2600, "server:s2": 900, "server:s3": 1200, "replica:web/0": 1400, "replica:web/1": 800, "replica:api/0": 1100, "replica:db/0": 1000, "app:web": 2200}
	for _, entity := range sortedKeys(loads) {
		level := loads[entity]
		for at := morning.Add(-26 * time.Hour); at <= morning; at = at.Add(5 * time.Minute) {
			v := level * (1 + 0.1*math.Sin(float64(at)/4e6))
			fold(model.Metric{Fleet: "shop", Entity: entity, At: at, Producer: "p", Samples: []model.Sample{{Resource: model.CPU, Value: math.Round(v)}, {Resource: model.Memory, Value: 4 << 30}}})
		}
		for _, origin := range []model.Instant{morning.Add(-2 * time.Hour), morning.Add(-10 * time.Minute), morning} {
			fc := model.Forecast{Fleet: "shop", Entity: entity, Resource: model.CPU, Origin: origin, Step: 5 * time.Minute, Observed: level, ObservedAt: origin, Peak: 1.3 * level,
				Trusted: entity != "replica:db/0", Model: "ensemble", MASE: 0.8, Coverage80: 0.81, Samples: 300}
			fc.Quantiles.Levels = []float64{0.1, 0.5, 0.9, 0.95}
			for h := range 24 {
				v := level * (1 + 0.02*float64(h))
				fc.Quantiles.Mean = append(fc.Quantiles.Mean, v)
				fc.Quantiles.Values = append(fc.Quantiles.Values, []float64{0.9 * v, v, 1.1 * v, 1.2 * v})
			}
			fold(fc)
		}
	}
}

// planOfShop is a plan of one move.
func planOfShop(id model.PlanID, at model.Instant, approval bool) model.Plan {
	return model.Plan{Fleet: "shop", ID: id, Tick: at, State: model.PlanProposed, Waves: 1, Reason: "1 move in 1 wave", NeedsApproval: approval, ViolationsBefore: 4, CostBefore: 2_000_000,
		CostAfter: 1_500_000, ConfidencePPM: 930_000, Moves: []model.Move{{Index: 0, Replica: "api/0", Application: "api", From: "s1", To: "s2", Wave: 1, DataBytes: 1 << 30, ExpectDuration: 90 * time.Second, Reason: "capacity of s1"}}}
}

func fillPlans(fold func(...any)) {
	step := func(plan model.PlanID, n int, kind model.StepKind, phase model.StepPhase, at model.Instant, undo bool) model.Step {
		return model.Step{Fleet: "shop", Plan: plan, ID: model.NewStepID(plan, 0, model.LegForward, n, kind), Kind: kind, Phase: phase, Attempt: 1, At: at, Compensation: undo}
	}
	end := func(plan model.PlanID, kind model.OutcomeKind, state model.PlanState, on model.ServerID, at model.Instant, reason string) model.Outcome {
		o := model.Outcome{Fleet: "shop", Kind: kind, Plan: plan, State: state, OK: state == model.PlanSucceeded, At: at, Reason: reason, MoveIndex: -1}
		if kind == model.OutcomeMove {
			o.MoveIndex, o.Replica, o.Server = 0, "api/0", on
		}
		return o
	}
	at := morning.Add(-time.Hour)
	fold(planOfShop("p-back", at, false), end("p-back", model.OutcomePlan, model.PlanRunning, "", at, ""))
	fold(step("p-back", 1, model.StepCutOver, model.PhaseIntent, at, false), step("p-back", 1, model.StepCutOver, model.PhaseFailed, at.Add(time.Minute), false),
		step("p-back", 2, model.StepReverseCutOver, model.PhaseIntent, at.Add(time.Minute), true), step("p-back", 2, model.StepReverseCutOver, model.PhaseDone, at.Add(2*time.Minute), true),
		end("p-back", model.OutcomeMove, model.PlanRolledBack, "s1", at.Add(2*time.Minute), "cut-over: refused"),
		end("p-back", model.OutcomePlan, model.PlanRolledBack, "", at.Add(2*time.Minute), "move 0"))
	at = morning.Add(-30 * time.Minute)
	fold(planOfShop("p-done", at, false), end("p-done", model.OutcomePlan, model.PlanRunning, "", at, ""))
	for n, kind := range forward {
		fold(step("p-done", n+1, kind, model.PhaseIntent, at.Add(time.Duration(n)*time.Minute), false), step("p-done", n+1, kind, model.PhaseDone, at.Add(time.Duration(n+1)*time.Minute), false))
	}
	fold(end("p-done", model.OutcomeMove, model.PlanSucceeded, "s2", at.Add(8*time.Minute), ""), end("p-done", model.OutcomePlan, model.PlanSucceeded, "", at.Add(8*time.Minute), ""))
	fold(model.Evaluation{Fleet: "shop", Tick: morning, PlanID: "p-waits", Decision: "plan", Reason: "1 move", Code: "abc",
		Demands: []model.ServiceDemand{{Application: "web", Micros: 4512.3, ErrorMicros: 310, BaseMilli: 20.25, Samples: 288}}, Dropped: []string{"loss of s3: like loss of s2"},
		Inputs: []model.InputOffset{{Topic: "forecasts", Partition: 0, Offset: 12}},
		Updates: []model.ServerUpdate{
			{Roll: "o-roll", Maintenance: "o-roll/s2", Server: "s2", Hook: "kernel", State: model.UpdateFailed, Start: morning.Add(-time.Hour), End: morning.Add(5 * time.Hour), Reason: "exit status 1"},
			{Roll: "o-roll", Maintenance: "o-roll/s3", Server: "s3", Hook: "kernel", State: model.UpdateWaiting, Start: morning.Add(time.Hour), End: morning.Add(5 * time.Hour), Reason: "the update of s2 failed (exit status 1)"}},
		Stages: []model.Stage{{Period: 3, At: morning.Add(3 * time.Hour), Moves: []model.StagedMove{{Replica: "web/0", From: "s1", To: "s3", Reason: "cost: empties s1"}}, SavedMicros: 120_000, Reason: "1 move save 0.1200"}},
		Balances: []model.PlanBalance{{Plan: "p-done", State: model.PlanSucceeded, Moves: 1, Succeeded: 1, ExpectedEnd: morning.Add(-25 * time.Minute), Ended: morning.Add(-22 * time.Minute),
			PromisesBefore: 4, PromisesExpected: 1, PromisesHad: 2, CostBefore: 2_000_000, CostExpected: 1_500_000, CostHad: 1_600_000}},
		Scenarios: []model.ScenarioResult{{Name: "status quo", Kind: model.ScenarioStatusQuo, Weight: 1, ViolationsBefore: 4, ViolationsAfter: 1, CostBefore: 2_000_000, CostAfter: 1_500_000,
			Worst: []model.Margin{{Application: "web", Kind: model.SLOResponse, MarginPPM: 120_000, Value: 264_000, Limit: 300_000, Valid: true}, {Application: "db", Kind: model.SLOCapacity, Server: "s3", MarginPPM: -1_000_000}}}}})
	fold(planOfShop("p-waits", morning, true), end("p-waits", model.OutcomePlan, model.PlanProposed, "", morning, ""))
}
